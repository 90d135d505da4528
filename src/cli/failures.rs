//! Failures on stderr: a sentence and a hint for people, one object on the last line for programs.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::printer::{DIM, ERROR, HINT, Printer, clean, paint};
use super::settings::{self, Color, Environment, Format};
use super::{json, next_step};
use crate::model::password::{hidden_in, hide_password};
use crate::model::refusal::Conflict;
use crate::ops::{Failure, FailureKind};

/// How many rows in conflict people are shown.
const CONFLICTS_MAX: usize = 20;

/// Shows a failure and returns its exit code.
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
        text += &format!("  {}\n", clean(&conflict_line(conflict)));
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

/// Returns a row in conflict as a line.
pub(super) fn conflict_line(conflict: &Conflict) -> String {
    let Conflict { table, key, columns, why, operation, .. } = conflict;
    let columns = if columns.is_empty() { String::new() } else { format!(" {}", columns.join(", ")) };
    let by =
        operation.map(|op| format!(" (operation {op})")).filter(|by| !why.contains(by.trim_matches([' ', '(', ')'])));
    format!("{table} {key}{columns}: {why}{}", by.unwrap_or_default())
}

/// Shows what clap says of the arguments: help on stdout, mistakes on stderr; returns the exit code.
pub(super) fn of_clap(mut error: clap::Error, words: &[OsString], around: &Environment) -> u8 {
    suggest_once(&mut error);
    hide_passwords(&mut error);
    let printer = Printer::new(resolve_color(words, around).to_choice(), false);
    let text = hidden_in(&reword_number_errors(&error.render().ansi().to_string()));
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            printer.out(&text);
            0
        }
        _ if resolve_format(words, around) == Format::Json => {
            let text = reword_number_errors(&error.render().to_string());
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

/// Says in plain words what the standard library says of numbers.
fn reword_number_errors(text: &str) -> String {
    let text = text.replace("invalid digit found in string", "write a whole number");
    let text = text.replace("number too large to fit in target type", "the number is too large");
    text.replace("cannot parse integer from empty string", "write a whole number")
}

/// Leaves out suggestions in kebab case that are the same tools as those in snake case.
fn suggest_once(error: &mut clap::Error) {
    let Some(ContextValue::Strings(words)) = error.get(ContextKind::SuggestedSubcommand) else { return };
    let known = |snake: &String| words.contains(snake);
    let twice = |word: &&String| word.contains('-') && known(&word.replace('-', "_"));
    let once = words.iter().filter(|word| !twice(word)).cloned().collect();
    error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(once));
}

/// Takes passwords and what drives a terminal out of the values that clap repeats.
fn hide_passwords(error: &mut clap::Error) {
    let safe = |text: &String| clean(&hide_password(text));
    let values: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(safe(text)))),
            ContextValue::Strings(all) => Some((kind, ContextValue::Strings(all.iter().map(safe).collect()))),
            _ => None,
        })
        .collect();
    for (kind, value) in values {
        error.insert(kind, value);
    }
}

/// Returns the failure of a command that wants another word, whose help clap gives instead of an error.
fn failure_from_help(help: &str) -> Failure {
    let names = help.split("\nCommands:\n").nth(1).unwrap_or_default().lines().map_while(|line| {
        let name = line.strip_prefix("  ")?.split_whitespace().next()?;
        Some(name.to_owned())
    });
    let names: Vec<String> = names.filter(|name| name != "help").collect();
    let message = "the command is not complete: it wants a subcommand or arguments";
    let hint =
        if names.is_empty() { "--help lists the arguments".to_owned() } else { format!("one of {}", names.join(", ")) };
    Failure::usage("usage", message, hint)
}

/// Returns clap's text as a failure: the first paragraph is the message, a tip the hint.
fn failure_from_message(text: &str) -> Failure {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let tip = paragraphs.find_map(|part| part.trim().strip_prefix("tip: ").map(str::to_owned));
    Failure::usage("usage", message, tip.unwrap_or_else(|| "--help lists the arguments".to_owned()))
}

/// Returns the format that the words ask for, which could not be parsed as a whole.
fn resolve_format(words: &[OsString], around: &Environment) -> Format {
    let asked = value_of(words, "--format").and_then(|word| clap::ValueEnum::from_str(&word, true).ok());
    let json = words_before_dashes(words).any(|word| word == "--json");
    let asked = if json { Some(Format::Json) } else { asked };
    asked.or_else(|| settings::read_format(around).ok().flatten()).unwrap_or_default()
}

fn resolve_color(words: &[OsString], around: &Environment) -> Color {
    let asked = value_of(words, "--color").and_then(|word| clap::ValueEnum::from_str(&word, true).ok());
    let none = around.variables.get("NO_COLOR").map(|_| Color::Never);
    asked.or(none).unwrap_or_default()
}

fn words_before_dashes(words: &[OsString]) -> impl Iterator<Item = &str> {
    words.iter().skip(1).take_while(|word| *word != "--").filter_map(|word| word.to_str())
}

/// Returns the value that an option has on a line, which need not parse as a whole.
pub(super) fn value_of(words: &[OsString], option: &str) -> Option<String> {
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
