//! The command line: parses, asks and renders; knows no SQL, opens no journal and no target.
//!
//! stdout carries data only, stderr the rest. Every word goes through one `Printer`.

mod args;
mod completion;
mod errors;
mod failures;
mod faults;
mod files;
mod json;
#[cfg(feature = "mcp")]
mod mcp;
mod next_step;
mod placeholders;
mod ports;
mod printer;
mod query;
mod render;
mod report;
mod run;
mod secrets;
mod settings;
mod signals;
mod terminal;
mod texts;
mod topics;
#[cfg(feature = "tui")]
mod tui;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use self::args::Cli;
use self::printer::Printer;
use self::settings::{Environment, Settings};
use crate::ops::Failure;

/// Runs the command line of this process, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(run(&words, &Environment::from_process()))
}

/// Returns the clap command tree, from which help, completions and man pages are rendered.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Renders every completion script and man page as (path, text), as the repository keeps them.
///
/// # Errors
/// A sentence saying what could not be rendered.
pub fn generate_files() -> Result<Vec<(String, String)>, String> {
    files::render_all()
}

/// Returns every error code that `mfm help errors` lists.
#[must_use]
pub fn error_codes() -> Vec<&'static str> {
    errors::ERRORS.iter().map(|error| error.code).collect()
}

fn run(words: &[OsString], around: &Environment) -> u8 {
    // First of all: the words of a completion request are not a command line that clap could parse.
    if let Some(code) = completion::answer_request(words, around) {
        return code;
    }
    let parsed = command().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return failures::print_clap_error(error, words, around),
    };
    let settings = match Settings::resolve(&cli.globals, around) {
        Ok(settings) => settings,
        Err(failure) => {
            // The failure is in the settings themselves, so only flags and defaults are left to report it with.
            let format = cli.globals.format().unwrap_or_default();
            return failures::print_failure(&Printer::new(anstream::ColorChoice::Auto, false), format, &failure);
        }
    };
    let printer = Printer::new(settings.color.to_choice(), settings.quiet);
    let signals = signals::Signals::default();
    let result = run::dispatch(&cli.command, &settings, &printer, &signals);
    let code = result.unwrap_or_else(|failure| failures::print_failure(&printer, settings.format, &failure));
    // A signal decides the exit code, whatever the command made of the interruption.
    signals.exit_code().unwrap_or_else(|| report_print_failure(&printer, &settings).unwrap_or(code))
}

/// Reports that the result could not be written, and returns that exit code; a closed pipe is no failure.
fn report_print_failure(printer: &Printer, settings: &Settings) -> Option<u8> {
    let error = printer.take_failure()?;
    let message = format!("could not write the result: {error}");
    let failure = Failure::new(
        crate::ops::FailureKind::Found,
        "output",
        message,
        "`mfm log` and `mfm status` show what was done",
    );
    Some(failures::print_failure(printer, settings.format, &failure))
}
