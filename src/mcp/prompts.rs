//! Prompts: the three workflows of the specification, and how a drill is read; text only.

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value as Json;

use super::schema::Object;

/// A prompt.
struct Card {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    text: &'static str,
}

/// What stands behind every workflow.
const END: &str = "\
Write nothing without my yes: show me each plan before you carry it out. At the end take everything back with revert, \
run audit_verify with depth live, and tell me in a short table which fault was seen by which check, and which was not.";

/// Every prompt.
const PROMPTS: [Card; 4] = [
    Card {
        name: "test_mlc_validation",
        title: "Test MLC validation",
        about: "Break leaf positions in every way, and see which check notices",
        text: "Test the MLC validation of our quality checks on {target}. Run check once for what is found already. \
            Then for each variant of corrupt_mlc_data, and for intra_field of mlc_leaf_count_mismatch: find one \
            eligible field, plan the fault, commit it after my yes, run check with only mlc and leaf_counts, \
            note the new findings, and revert it before the next.",
    },
    Card {
        name: "develop_duplicate_detection",
        title: "Develop duplicate detection",
        about: "Make duplicate deliveries of rising difficulty for a detector that is being written",
        text: "Help me develop a detector of duplicate deliveries on {target}. Commit create_duplicate_treatment on \
            eligible deliveries, one after the other: the same field 5 s later, the same field 0 s later, 9 s \
            earlier, another field of the patient. After each, tell me keys and times of original and copy, and \
            what check with only duplicates finds; wait while I run my own detector. Name cases that a rule on \
            time alone would miss.",
    },
    Card {
        name: "test_offset_validation",
        title: "Test offset validation",
        about: "Break patient shifts in every way, and see which check notices",
        text: "Test the validation of patient shifts on {target}. Run check with only offsets first. Then for each \
            variant of corrupt_offset_data: find one eligible offset, plan, commit after my yes, run the same \
            check again, note the new findings, and revert. Say at which size a shift is first noticed: try \
            20.1, 50 and 999.9 cm.",
    },
    Card {
        name: "read_drill",
        title: "Read a drill",
        about: "Say what a drill shows: what was caught, what was missed, and what it does not show",
        text: "Read what was tried on {target}: drill_result if I name a drill, else log for the operations, show \
            with diff for each fault, check for what is found now. Say for each fault its severity, whether a \
            check caught it, and which. Then say what was missed, worst first; which checks could not run, which \
            is no pass; and what this does not show: a fault that was not tried, data of another clinic. Write \
            nothing.",
    },
];

/// Tells whether there is a prompt.
pub(super) fn has(name: &str) -> bool {
    PROMPTS.iter().any(|card| card.name == name)
}

/// Returns every prompt.
pub(super) fn all() -> Vec<Prompt> {
    let target = PromptArgument::new("target").with_description("The registered test copy or lab").with_required(false);
    let prompt = |card: &Card| {
        let mut prompt = Prompt::new(card.name, Some(card.about), Some(vec![target.clone()]));
        prompt.title = Some(card.title.to_owned());
        prompt
    };
    PROMPTS.iter().map(prompt).collect()
}

/// Returns a prompt with its arguments put in.
pub(super) fn get(name: &str, arguments: &Object) -> Result<GetPromptResult, ErrorData> {
    let Some(card) = PROMPTS.iter().find(|card| card.name == name) else {
        return Err(ErrorData::invalid_params("there is no such prompt: prompts/list names them", None));
    };
    let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let target = match arguments.get("target").and_then(Json::as_str) {
        None | Some("") => "the target that status names".to_owned(),
        Some(name) if name.len() <= 100 && name.chars().all(named) => format!("the target {name}"),
        Some(_) => return Err(ErrorData::invalid_params("target is no registered name", None)),
    };
    let end = if card.name == "read_drill" { "" } else { END };
    let text = format!("{} {end}", card.text.replace("{target}", &target));
    let message = PromptMessage::new_text(Role::User, text.trim().to_owned());
    Ok(GetPromptResult::new(vec![message]).with_description(card.about))
}
