//! Reports of commands under test: read as strictly as their format is meant, for a broken one must not pass for a
//! report that found nothing; runs nothing, opens nothing.

mod junit;
mod lines;
mod sarif;
mod strict;

use super::said::{CommandAnswer, Judge, NoVerdict};

/// Reads a report in the form that was agreed.
///
/// # Errors
/// Why nothing can be told from it.
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
