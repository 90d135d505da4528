//! The kinds of record of a catalogue: tests, which can be broken, and the files that they come from.

use crate::domain::record::{ListColumn, RecordKind};

static TEST: RecordKind = RecordKind::new("test", "tests", "tests of the catalogue")
    .in_table("OncologyTest", "record")
    .with_columns(&[
        ListColumn::new("record"),
        ListColumn::new("id"),
        ListColumn::new("name"),
        ListColumn::new("vendor").wide(),
        ListColumn::new("category"),
        ListColumn::new("regulatory_class").with_heading("class").wide(),
        ListColumn::new("sensitivity").with_heading("sens. %").wide(),
        ListColumn::new("specificity").with_heading("spec. %").wide(),
    ])
    .faultable();

static FILE: RecordKind =
    RecordKind::new("file", "files", "files of the catalogue").in_table("OncologyTestFile", "number").with_columns(&[
        ListColumn::new("number"),
        ListColumn::new("file"),
        ListColumn::new("category"),
        ListColumn::new("records"),
    ]);

/// All kinds, in the order in which lists of kinds show them.
pub static KINDS: &[&RecordKind] = &[&TEST, &FILE];
