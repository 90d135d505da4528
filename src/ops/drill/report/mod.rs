//! Reports of commands under test: read as strictly as their format is meant, for a broken one must not pass for a
//! report that found nothing; runs nothing, opens nothing.

mod junit;
mod lines;
mod sarif;
mod strict;

use super::said::{Judge, Said, Untold};

/// Reads a report in the form that was agreed.
///
/// # Errors
/// Why nothing can be told from it.
pub fn read(judge: Judge, text: &str) -> Result<Said, Untold> {
    match judge {
        Judge::ExitCode => Err(Untold::new("an exit code stands in no report")),
        Judge::Junit => junit::read(text).map(Said::Named),
        Judge::Sarif => sarif::read(text).map(Said::Named),
        Judge::Json => lines::read(text),
    }
}

#[cfg(test)]
mod tests;
