//! Parses the reports of commands under test, strictly: a broken report must not pass for one without findings.

mod junit;
mod lines;
mod sarif;
mod strict;

use super::said::{CommandAnswer, Judge, NoVerdict};

/// Parses a report in the form that `judge` names.
///
/// # Errors
/// Why the report gives no verdict.
pub fn parse_report(judge: Judge, text: &str) -> Result<CommandAnswer, NoVerdict> {
    match judge {
        Judge::ExitCode => Err(NoVerdict::new("an exit code stands in no report")),
        Judge::Junit => junit::parse_junit(text).map(CommandAnswer::Named),
        Judge::Sarif => sarif::parse_sarif(text).map(CommandAnswer::Named),
        Judge::Json => lines::parse_lines(text),
    }
}

#[cfg(test)]
mod tests;
