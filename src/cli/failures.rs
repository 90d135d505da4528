//! Failures on stderr: a sentence and a hint for people, one object on the last line for programs.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::printer::{DIM, ERROR, HINT, Printer, clean, paint};
use super::settings::{self, Color, Environment, Format};
use super::{json, next_step};
use crate::model::password::{hidden_in, hide_password};
use crate::model::refusal::Conflict;
use crate::ops::{Failure, FailureKind};

/// Most rows in conflict that are listed for people; `--json` lists all.
const CONFLICTS_MAX: usize = 20;

/// Prints a failure to stderr and returns its exit code.
pub(super) fn print_failure(printer: &Printer, format: Format, failure: &Failure) -> u8 {
    if format == Format::Json {
        printer.err(&json::encode_error(failure));
    } else {
        printer.err(&render_failure(failure));
    }
    failure.kind.exit_code()
}

fn render_failure(failure: &Failure) -> String {
    let mut text = format!("{}: {}\n", paint(ERROR, "error"), clean(&failure.message));
    if !failure.conflicts.is_empty() {
        text.push('\n');
    }
    for conflict in failure.conflicts.iter().take(CONFLICTS_MAX) {
        text += &format!("  {}\n", clean(&render_conflict(conflict)));
    }
    if failure.conflicts.len() > CONFLICTS_MAX {
        let more = format!("  and {} more; --json lists them", failure.conflicts.len() - CONFLICTS_MAX);
        text += &format!("{}\n", paint(DIM, &more));
    }
    if !failure.next.is_empty() {
        text += &format!("\n{}: {}\n", paint(HINT, "hint"), clean(&next_step::render_hint(&failure.next)));
    }
    text
}

/// Renders a row in conflict: table, key, columns, reason, and the later operation unless the reason names it.
pub(super) fn render_conflict(conflict: &Conflict) -> String {
    let Conflict { table, key, columns, why, operation, .. } = conflict;
    let columns = if columns.is_empty() { String::new() } else { format!(" {}", columns.join(", ")) };
    let by =
        operation.map(|op| format!(" (operation {op})")).filter(|by| !why.contains(by.trim_matches([' ', '(', ')'])));
    format!("{table} {key}{columns}: {why}{}", by.unwrap_or_default())
}

/// Prints clap's help to stdout or its error to stderr, and returns the exit code.
pub(super) fn print_clap_error(mut error: clap::Error, words: &[OsString], around: &Environment) -> u8 {
    drop_twin_suggestions(&mut error);
    hide_passwords(&mut error);
    let printer = Printer::new(resolve_color(words, around).to_choice(), false);
    // There are no settings without a parsed command line: colour and format are found in the raw words.
    let text = hidden_in(&reword_number_errors(&error.render().ansi().to_string()));
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            printer.out(&text);
            0
        }
        _ if resolve_format(words, around) == Format::Json => {
            let text = reword_number_errors(&error.render().to_string());
            // clap's text is the help then, and no error message.
            let bare = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            print_failure(
                &printer,
                Format::Json,
                &if bare { failure_from_help(&text) } else { failure_from_message(&text) },
            )
        }
        _ => {
            printer.err(&text);
            FailureKind::Usage.exit_code()
        }
    }
}

/// Replaces the standard library's wording of number errors.
fn reword_number_errors(text: &str) -> String {
    let text = text.replace("invalid digit found in string", "write a whole number");
    let text = text.replace("number too large to fit in target type", "the number is too large");
    text.replace("cannot parse integer from empty string", "write a whole number")
}

/// Drops suggestions in kebab case whose twin in snake case is there too: a tool answers to both names.
fn drop_twin_suggestions(error: &mut clap::Error) {
    let Some(ContextValue::Strings(words)) = error.get(ContextKind::SuggestedSubcommand) else { return };
    let mut once = words.clone();
    once.retain(|word| !word.contains('-') || !words.contains(&word.replace('-', "_")));
    error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(once));
}

/// Redacts passwords and control characters in the argument values that clap quotes.
fn hide_passwords(error: &mut clap::Error) {
    // The context is borrowed while it is read, so it is changed afterwards.
    let values: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(clean(&hide_password(text))))),
            ContextValue::Strings(all) => {
                Some((kind, ContextValue::Strings(all.iter().map(|text| clean(&hide_password(text))).collect())))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in values {
        error.insert(kind, value);
    }
}

/// Builds the failure of a command without its subcommand, for which clap renders help instead of an error.
fn failure_from_help(help: &str) -> Failure {
    let names = help.split("\nCommands:\n").nth(1).unwrap_or_default().lines().map_while(|line| {
        let name = line.strip_prefix("  ")?.split_whitespace().next()?;
        Some(name.to_owned())
    });
    let names: Vec<String> = names.filter(|name| name != "help").collect();
    let message = "the command is incomplete: it needs a subcommand or arguments";
    let hint =
        if names.is_empty() { "--help lists the arguments".to_owned() } else { format!("one of {}", names.join(", ")) };
    Failure::usage("usage", message, hint)
}

/// Builds a failure from clap's text: the first paragraph is the message, a tip the hint.
fn failure_from_message(text: &str) -> Failure {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let tip = paragraphs.find_map(|part| part.trim().strip_prefix("tip: ").map(str::to_owned));
    Failure::usage("usage", message, tip.unwrap_or_else(|| "--help lists the arguments".to_owned()))
}

/// Finds the format on a command line that clap rejected: programs get their errors as JSON all the same.
fn resolve_format(words: &[OsString], around: &Environment) -> Format {
    let flag = find_value(words, "--format").and_then(|word| clap::ValueEnum::from_str(&word, true).ok());
    let json = words_before_dashes(words).any(|word| word == "--json");
    let flag = if json { Some(Format::Json) } else { flag };
    flag.or_else(|| settings::read_format(around).ok().flatten()).unwrap_or_default()
}

fn resolve_color(words: &[OsString], around: &Environment) -> Color {
    let flag = find_value(words, "--color").and_then(|word| clap::ValueEnum::from_str(&word, true).ok());
    let none = around.variables.get("NO_COLOR").map(|_| Color::Never);
    flag.or(none).unwrap_or_default()
}

fn words_before_dashes(words: &[OsString]) -> impl Iterator<Item = &str> {
    // Words after `--` belong to another program's command line.
    words.iter().skip(1).take_while(|word| *word != "--").filter_map(|word| word.to_str())
}

/// Finds the value of an option, as `--option VALUE` or `--option=VALUE`, on a command line that need not parse.
pub(super) fn find_value(words: &[OsString], option: &str) -> Option<String> {
    let mut words = words_before_dashes(words);
    while let Some(word) = words.next() {
        if word == option {
            return words.next().map(str::to_owned);
        }
        if let Some(value) = word.strip_prefix(option).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}
