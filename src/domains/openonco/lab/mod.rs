//! Synthetic catalogues: invented tests of invented companies, in the irregular shape of real files.
//!
//! Keys come and go from record to record, in changing orders; figures are consistent with each other and with their
//! notes; absence is written in all four ways that occur: no key, null, an empty list, an empty text.

mod record;
#[cfg(test)]
mod tests;
mod words;

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use super::categories::{Category, ECD, MRD, TDS, TRM};
use super::import::{file_row, record_rows};
use super::schema::{FILES, SOURCES, TESTS, table_definitions};
use crate::domain::lab::{Lab, LabRequest, LabSize, RowSink};
use crate::domain::table::TableDef;

/// The default number of tests: as many as in the first published catalogue.
const DEFAULT_COUNT: u32 = 102;
/// The most tests.
const COUNT_MAX: u32 = 1_000_000;

/// The categories with their shares of all tests, in hundredths.
static SHARES: [(&Category, u64); 4] = [(&MRD, 27), (&ECD, 24), (&TRM, 12), (&TDS, 39)];

/// The lab of this domain.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueLab;

impl Lab for CatalogueLab {
    fn size(&self) -> LabSize {
        LabSize { option: "tests", default: Some(DEFAULT_COUNT), most: COUNT_MAX }
    }

    fn tables(&self) -> Vec<TableDef> {
        table_definitions()
    }

    fn generate(&self, request: &LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()> {
        let count = u64::from(request.size.unwrap_or(DEFAULT_COUNT));
        let (mut record, mut file) = (0_i64, 0_i64);
        for (category, records) in share_out(count) {
            file += 1;
            let mut digest = Sha256::new();
            let opening = "[".to_owned();
            digest.update(&opening);
            for nth in 0..records {
                record += 1;
                let lead = if nth == 0 { "\n  " } else { ",\n  " };
                let text = record::build_text(category, record, nth + 1, request.seed);
                digest.update(lead);
                digest.update(&text);
                let [test, source] = record_rows(record, category.id, lead.to_owned(), text);
                sink(TESTS, test)?;
                sink(SOURCES, source)?;
            }
            let closing = if records == 0 { "]" } else { "\n]" }.to_owned();
            digest.update(&closing);
            let digest = mfm_journal::digest::encode_hex(&digest.finalize());
            let mut row =
                file_row(file, &category.file(), Some(category.id), [opening, closing], records, &digest, None);
            if let Some(origin) = row.get_mut(7) {
                *origin = crate::model::Datum::Text("synthetic, made by mfm".to_owned());
            }
            sink(FILES, row)?;
        }
        ControlFlow::Continue(())
    }
}

/// Shares the tests out among the categories; what is left over goes to the last one.
fn share_out(count: u64) -> Vec<(&'static Category, u64)> {
    let all: u64 = SHARES.iter().map(|(_, share)| share).sum();
    let mut out: Vec<(&Category, u64)> =
        SHARES.iter().map(|(category, share)| (*category, count * share / all)).collect();
    let given: u64 = out.iter().map(|(_, records)| records).sum();
    if let Some((_, records)) = out.last_mut() {
        *records += count - given;
    }
    out
}
