//! `mfm modes`: the catalogue of failure modes; opens no journal and no target.

use schemars::Schema;
use serde::Serialize;

use super::Card;
use super::detect;
use super::failure::Failure;
use crate::domain::Domain;
use crate::domain::mode::{FaultRecord, Mode, ModeGroup};
use crate::domain::size::SizeRange;
use crate::domains;
use crate::model::FaultSeverity;
use crate::model::NextSteps;
use crate::model::next_step::{Flag, View, give_value, look};
use crate::model::ports::Danger;

/// The command's card.
pub const CARD: Card = Card { name: "modes", danger: Danger::Read, about: "List the failure modes, or explain one" };

/// The catalogue of modes.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The modes, in the order of the specification.
    pub modes: Vec<ModeEntry>,
}

/// A mode in the catalogue.
#[derive(Clone, Debug, Serialize)]
pub struct ModeEntry {
    /// The mode's id.
    pub id: &'static str,
    /// The name of the tool that commits it.
    pub tool: &'static str,
    /// The URI of its documentation.
    pub resource: String,
    /// What kind of fault it makes: one of the specification, or a plausible one.
    pub group: ModeGroup,
    /// A title of a few words.
    pub title: &'static str,
    /// What goes wrong, in sentences.
    pub description: &'static str,
    /// The record that one fault is made on, as `Table.Key`; the first of several kinds.
    pub record: String,
    /// Every kind of record that one fault may be made on, as `Table.Key`.
    pub records: Vec<String>,
    /// The severity of the mode as a whole.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_fault")]
    pub severity: FaultSeverity,
    /// The variants.
    pub variants: Vec<VariantEntry>,
    /// The JSON Schema of the parameters.
    pub parameters: Schema,
    /// The checks that see it.
    pub checks: &'static [&'static str],
    /// What a fuller check would need.
    pub data_needed: &'static [&'static str],
}

/// A variant of a mode.
#[derive(Clone, Debug, Serialize)]
pub struct VariantEntry {
    /// Its name, in snake case.
    pub word: &'static str,
    /// The severity.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_fault")]
    pub severity: FaultSeverity,
    /// What it changes.
    pub about: &'static str,
    /// The records that can show it.
    pub eligible: &'static str,
    /// How large its fault can be made; null where it has no size.
    pub size: Option<SizeRange>,
}

/// Returns the modes of a domain.
///
/// # Errors
/// Usage: there is no such domain.
pub fn of_domain(id: &str) -> Result<Outcome, Failure> {
    Ok(of_domains(&[detect::resolve_domain(id)?]))
}

/// Returns the modes of several domains.
#[must_use]
pub fn of_domains(domains: &[&'static dyn Domain]) -> Outcome {
    Outcome { modes: domains.iter().flat_map(|domain| domain.modes()).map(|mode| describe_mode(*mode)).collect() }
}

/// Returns one mode of any domain, or all of the first domain.
///
/// # Errors
/// Usage: there is no such mode.
pub fn run(word: Option<&str>) -> Result<Outcome, Failure> {
    match word {
        None => Ok(of_domains(&[domains::FIRST])),
        Some(word) => Ok(Outcome { modes: vec![describe_mode(find_mode(word)?)] }),
    }
}

/// Returns the mode of a tool.
///
/// # Errors
/// Usage: there is none.
pub fn find_mode(tool: &str) -> Result<&'static dyn Mode, Failure> {
    domains::find_mode(tool).ok_or_else(|| {
        Failure::usage("unknown_mode", format!("there is no mode or tool `{tool}`"), look(View::Modes, "lists them"))
    })
}

/// Returns a variant of a mode by its name in snake or kebab case.
///
/// # Errors
/// Usage: it has no such variant.
pub fn known_variant(mode: &dyn Mode, word: &str) -> Result<&'static str, Failure> {
    let variants = mode.card().variants;
    if let Some(variant) = variants.iter().find(|variant| variant.word == word.replace('-', "_")) {
        return Ok(variant.word);
    }
    let words: Vec<&str> = variants.iter().map(|variant| variant.word).collect();
    let message = format!("{} has no variant `{word}`", mode.card().tool);
    Err(Failure::usage("unknown_variant", message, format!("its variants: {}", words.join(", "))))
}

/// Returns the failure for parameters that are wrong or missing.
#[must_use]
pub fn wrong_parameters(mode: &dyn Mode, why: String, variant: Option<&str>) -> Failure {
    let card = mode.card();
    let shows = look(View::mode(card.tool), "shows the parameters");
    let next: NextSteps = match card.variants.first() {
        Some(first) if variant.is_none() => {
            [give_value(Flag::Variant, first.word, "proposes the missing ones"), shows].into()
        }
        _ => shows.into(),
    };
    Failure::usage("parameters", why, next)
}

fn describe_mode(mode: &dyn Mode) -> ModeEntry {
    let card = mode.card();
    let variants = card.variants.iter();
    ModeEntry {
        id: card.id,
        tool: card.tool,
        resource: format!(
            "failure-mode://{}/{}",
            domains::of_mode(card.id).unwrap_or(domains::FIRST).card().id,
            card.id
        ),
        group: card.group,
        title: card.title,
        description: card.description,
        record: render_record(&card.record),
        records: card.fault_records().map(render_record).collect(),
        severity: card.severity,
        variants: variants
            .map(|v| VariantEntry {
                word: v.word,
                severity: v.severity,
                about: v.about,
                eligible: v.eligible,
                size: v.size,
            })
            .collect(),
        parameters: mode.params_schema(),
        checks: card.checks,
        data_needed: card.data_needed,
    }
}

fn render_record(record: &FaultRecord) -> String {
    format!("{}.{}", record.table, record.key)
}
