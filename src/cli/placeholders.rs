//! Fills the placeholders of help texts from the examples that the domains bring.

use crate::domain::Domain;
use crate::domain::examples::Examples;
use crate::domain::filter::FilterCard;
use crate::domains;
use crate::ops::filters;

/// Fills the placeholders of a text from the domains' examples; an example command is repeated for each domain.
pub(super) fn fill_examples(text: &str) -> String {
    let mut example_sets: Vec<(&dyn Domain, &Examples)> = Vec::new();
    for domain in domains::all() {
        example_sets.extend(domain.examples().map(|examples| (*domain, examples)));
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        if !line.starts_with("  ") && !line.starts_with("{find}") {
            lines.push(fill_sentence(line, &example_sets));
            continue;
        }
        let mut commands: Vec<String> =
            example_sets.iter().map(|(domain, examples)| fill_placeholders(line, *domain, examples)).collect();
        // A command without placeholders is the same for every domain.
        commands.dedup();
        if commands.is_empty() {
            commands.push(line.to_owned());
        }
        lines.append(&mut commands);
    }
    lines.join("\n")
}

/// Fills the placeholders of a sentence with the values of all domains, joined.
fn fill_sentence(line: &str, example_sets: &[(&dyn Domain, &Examples)]) -> String {
    let records: Vec<&str> = example_sets.iter().map(|(_, examples)| examples.records).collect();
    let filters_about: String = example_sets.iter().map(|(_, examples)| examples.filters_about).collect();
    line.replace("{records}", &records.join("; "))
        .replace("{filters_about}", &filters_about)
        .replace("{flags}", &render_flags(filters::list_filters()))
}

/// Renders the flags of filters, such as `--patient, --machine and --date`.
fn render_flags<'f>(cards: impl IntoIterator<Item = &'f FilterCard>) -> String {
    filters::in_a_sentence(cards.into_iter().map(|card| format!("--{}", card.flag)).collect())
}

/// Fills the placeholders of a command from the examples of the first domain.
pub(super) fn fill_first(text: &str) -> String {
    let domain = domains::FIRST;
    domain.examples().map_or_else(|| text.to_owned(), |examples| fill_placeholders(text, domain, examples))
}

fn fill_placeholders(text: &str, domain: &dyn Domain, examples: &Examples) -> String {
    let (other_mode, other_variant) = examples.other;
    let find: Vec<String> = examples.find.iter().map(|arguments| format!("  mfm find {arguments}")).collect();
    let places = [
        ("{tool}", examples.tool.to_owned()),
        ("{mode}", examples.mode.to_owned()),
        ("{variant}", examples.variant.to_owned()),
        ("{arguments}", examples.arguments.to_owned()),
        ("{other}", format!("{other_mode}:{other_variant}")),
        ("{other_mode}", other_mode.to_owned()),
        ("{filters}", examples.filters.to_owned()),
        ("{kind}", examples.kind.to_owned()),
        ("{filter}", examples.filter.to_owned()),
        ("{find}", find.join("\n")),
        ("{flags}", render_flags(domain.filters())),
    ];
    places.iter().fold(text.to_owned(), |text, (place, example)| text.replace(place, example))
}
