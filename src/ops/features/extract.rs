//! Computes features, and writes them as lines of CSV.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;

use crate::domain::feature::{FeatureCounts, FeatureRequest, FeatureRow, FeatureSet, FeatureSetCard};
use crate::ops::Context;
use crate::ops::output::OutputStop;
use crate::ops::pump::ScanRunner;
use crate::targets::Target;

/// What was computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Number of rows written.
    pub rows: u64,
    /// What became of the records.
    pub counts: FeatureCounts,
}

/// Writes features as CSV: a line of heads, then one line a record, by ascending key. Numbers are the shortest text
/// that reads back as the same float; flags are 1 or 0.
///
/// # Errors
/// A target error, an interruption, or what the output says; everything before it was written.
pub fn extract(
    context: &Context<'_>,
    target: &mut dyn Target,
    set: &dyn FeatureSet,
    request: &FeatureRequest,
    out: &mut dyn Write,
) -> Result<Extracted, OutputStop> {
    let mut out = BufWriter::new(out);
    writeln!(out, "{}", render_head(set.card()))?;
    let (mut rows, mut failed, mut line) = (0, None, String::new());
    let mut sink = |row: &FeatureRow<'_>| {
        render_row(row, &mut line);
        match out.write_all(line.as_bytes()) {
            Ok(()) => rows += 1,
            Err(error) => failed = Some(error),
        }
        if failed.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let mut run = set.start(request, &mut sink);
    ScanRunner { context, target, cache: None, doing: "computing features" }.run(&mut *run)?;
    let counts = run.finish();
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    Ok(Extracted { rows, counts })
}

/// Returns the line of heads.
pub(super) fn render_head(card: &FeatureSetCard) -> String {
    card.column_names().collect::<Vec<_>>().join(",")
}

fn render_row(row: &FeatureRow<'_>, line: &mut String) {
    line.clear();
    // Writing to a string cannot fail.
    let _ = write!(line, "{}", row.key);
    for value in row.values {
        // Adding 0 turns a negative zero into a plain one.
        let _ = write!(line, ",{}", value + 0.0);
    }
    for flag in row.flags {
        line.push_str(if *flag { ",1" } else { ",0" });
    }
    line.push('\n');
}
