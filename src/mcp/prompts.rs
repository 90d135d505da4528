//! Prompts: the workflows of the domains, and how to read a drill.

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value as Json;

use super::schema::Object;
use crate::domain::Domain;
use crate::domain::examples::PromptCard;
use crate::domain::resource::ArgumentCard;

/// Appended to every workflow.
const END: &str = "\
Write nothing without my yes: show me each plan before you carry it out. At the end take everything back with revert, \
run audit_verify with depth live, and show me in a short table which check detected which fault, and which faults were \
missed.";

/// The prompts for every domain.
static OWN: [PromptCard; 1] = [PromptCard {
    name: "read_drill",
    title: "Read a drill",
    about: "Explain a drill: what was caught, what was missed, and what it does not show",
    text: "Read what was tried on {target}: drill_result if I name a drill, else log for the operations, show with \
            diff for each fault, check for current findings. For each fault give its severity and which check caught \
            it, if any. Then list what was missed, worst first; which checks could not run (not the same as passed); \
            and what this does not show: faults that were not tried, data of another clinic. Write nothing.",
}];

/// Lists the prompts of some domains, and then those for all of them.
fn cards(domains: &[&'static dyn Domain]) -> impl Iterator<Item = &'static PromptCard> {
    domains.iter().flat_map(|domain| domain.prompts()).chain(&OWN)
}

pub(super) fn has_prompt(domains: &[&'static dyn Domain], name: &str) -> bool {
    cards(domains).any(|card| card.name == name)
}

pub(super) fn list_prompts(domains: &[&'static dyn Domain]) -> Vec<Prompt> {
    let target = PromptArgument::new("target").with_description("The registered test copy or lab").with_required(false);
    let mut prompts = Vec::new();
    for card in cards(domains) {
        let mut arguments = vec![target.clone()];
        for own in own_arguments(domains, card.name) {
            arguments.push(PromptArgument::new(own.name).with_description(own.about).with_required(false));
        }
        let mut prompt = Prompt::new(card.name, Some(card.about), Some(arguments));
        prompt.title = Some(card.title.to_owned());
        prompts.push(prompt);
    }
    prompts
}

/// Renders a prompt with its arguments filled in.
pub(super) fn render_prompt(
    domains: &[&'static dyn Domain],
    name: &str,
    arguments: &Object,
) -> Result<GetPromptResult, ErrorData> {
    let Some(card) = cards(domains).find(|card| card.name == name) else {
        return Err(ErrorData::invalid_params("there is no such prompt: prompts/list names them", None));
    };
    let target = match arguments.get("target").and_then(Json::as_str) {
        None | Some("") => "the target that status names".to_owned(),
        // The name becomes part of an instruction, so nothing but a plain name gets in.
        Some(name) if name.len() <= 100 && name.chars().all(is_name_letter) => format!("the target {name}"),
        Some(_) => return Err(ErrorData::invalid_params("target is not a registered name", None)),
    };
    let mut text = card.text.replace("{target}", &target);
    for own in own_arguments(domains, name) {
        let given = arguments.get(own.name).and_then(Json::as_str).map(str::trim).filter(|given| !given.is_empty());
        let value = match given {
            None => own.absent.to_owned(),
            // It becomes part of an instruction, so nothing gets in that could be more than a name.
            Some(given) if given.len() <= 100 && given.chars().all(is_word_letter) => format!("`{given}`"),
            Some(_) => {
                let message = format!("{} is not a name of at most 100 letters", own.name);
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        text = text.replace(&format!("{{{}}}", own.name), &value);
    }
    // Some prompts only read, so there is nothing to agree to or to take back.
    let only_reads = card.name == "read_drill" || own_arguments(domains, name).next().is_some();
    let end = if only_reads { "" } else { END };
    let text = format!("{text} {end}");
    let message = PromptMessage::new_text(Role::User, text.trim().to_owned());
    Ok(GetPromptResult::new(vec![message]).with_description(card.about))
}

/// Lists the arguments of a prompt beside the target.
fn own_arguments(domains: &[&'static dyn Domain], prompt: &str) -> impl Iterator<Item = &'static ArgumentCard> {
    domains.iter().flat_map(move |domain| domain.prompt_arguments(prompt))
}

fn is_word_letter(c: char) -> bool {
    c.is_alphanumeric() || " -_.,/()+&".contains(c)
}

fn is_name_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}
