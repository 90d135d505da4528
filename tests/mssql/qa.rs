//! The blocks of `docs/qa.md` for SQL Server find on the server what mfm's own checks find there.

use std::collections::BTreeSet;

use testutils::quality::{
    Block, FURTHER_EDITS, FoundRecord, PRESENT, apply_variants, found_records, read_blocks, run_checks, specified_modes,
};
use tiberius::ColumnData;

use super::live::Live;
use super::server::Session;

const PATIENTS: u32 = 8;

fn server_blocks() -> Vec<Block> {
    read_blocks().into_iter().filter(|block| block.language == "sql server").collect()
}

fn read_text(cell: &ColumnData<'static>) -> String {
    match cell {
        ColumnData::String(Some(text)) => text.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

fn run_block(session: &mut Session, block: &Block) -> BTreeSet<FoundRecord> {
    let text = block.text.replace("CURRENT_TIMESTAMP", &format!("CAST('{PRESENT}' AS datetime)"));
    let rows = session.rows(&text);
    let key = |cell: &ColumnData<'static>| match cell {
        ColumnData::I32(Some(number)) => i64::from(*number),
        ColumnData::I64(Some(number)) => *number,
        other => panic!("no whole number: {other:?}"),
    };
    rows.iter().map(|row| (read_text(&row[0]), read_text(&row[1]), key(&row[2]))).collect()
}

/// Compares blocks with the checks, and returns the checks that found anything.
fn compare(live: &Live, session: &mut Session, blocks: &[Block]) -> BTreeSet<String> {
    let outcome = run_checks(&live.world.context());
    let mut seen = BTreeSet::new();
    for block in blocks {
        let found = run_block(session, block);
        assert_eq!(Some(&found), found_records(&outcome, &block.checks).as_ref(), "{}", block.checks.join(", "));
        seen.extend(found.into_iter().map(|(check, ..)| check));
    }
    seen
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn the_queries_find_what_the_checks_find() {
    let live = Live::with_lab(PATIENTS);
    let (blocks, mut session) = (server_blocks(), live.database.connect());
    assert_eq!(compare(&live, &mut session, &blocks), BTreeSet::new(), "a clean lab has no finding");
    let mut seen = BTreeSet::new();
    for mode in specified_modes() {
        apply_variants(&live.world.context(), mode, 3);
        let own: Vec<Block> = blocks.iter().filter(|block| block.mode == mode.card().id).cloned().collect();
        let found = compare(&live, &mut session, &own);
        assert!(!found.is_empty(), "{} has findings", mode.card().id);
        seen.extend(found);
        let request = mfm::ops::revert::Request { all: true, ..Default::default() };
        mfm::ops::revert::run(&live.world.context(), &request).unwrap();
    }
    FURTHER_EDITS.iter().for_each(|edit| live.meddle(edit));
    seen.extend(compare(&live, &mut session, &blocks));
    let idle = blocks.iter().flat_map(|block| &block.checks).find(|check| !seen.contains(*check));
    assert_eq!(idle, None, "a check of the page that found nothing anywhere");
}
