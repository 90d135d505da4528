//! Times with offsets from UTC on a real file: checked in the order of their instants, whatever order they come in.

use mfm::ops::checks;
use testutils::World;

/// What two checks of a lab's deliveries say, changed by some SQL: how many violations, and how many remarks.
fn said(sql: &str) -> Vec<(u64, usize)> {
    let world = World::with_lab(3);
    world.open_foreign().execute_batch(sql).unwrap();
    let only = vec!["duplicate_delivery".to_owned(), "overlapping_delivery".to_owned()];
    let now = Some("2024-07-01T09:00:00".to_owned());
    let outcome = checks::run(&world.context(), &checks::Request { only, now, ..Default::default() }).unwrap();
    outcome.checks.iter().map(|check| (check.violations, check.remarks.len())).collect()
}

const ZONED: &str =
    "UPDATE TrackTreatment SET Create_DtTm = Create_DtTm || '+02:00', Edit_DtTm = Edit_DtTm || '+02:00';";
/// A second record of a delivery in the middle, by another clock.
const TWICE: &str = "CREATE TEMP TABLE twice AS SELECT * FROM TrackTreatment WHERE TTX_ID = (SELECT TTX_ID FROM \
    TrackTreatment WHERE WasBeamOn AND WasBeamComplete AND NOT WasCanceled ORDER BY Create_DtTm LIMIT 1 OFFSET 200);
    UPDATE twice SET TTX_ID = 9999999, Create_DtTm = strftime('%Y-%m-%d %H:%M:%f', Create_DtTm, '-2 hours') || 'Z', \
    Edit_DtTm = strftime('%Y-%m-%d %H:%M:%f', Edit_DtTm, '-2 hours') || 'Z';";
const INSERT: &str = "INSERT INTO TrackTreatment SELECT * FROM twice;";

#[test]
fn w04_deliveries_are_compared_by_instant_whatever_the_database_sorts_by() {
    assert_eq!(said(""), [(0, 0), (0, 0)]);
    assert_eq!(said(ZONED), [(0, 0), (0, 0)]);
    assert_eq!(said(&format!("{TWICE} {ZONED} {INSERT}")), [(1, 0), (0, 0)], "the same instant on two clocks");
    assert_eq!(said(&format!("{TWICE} {INSERT}")), [(0, 1), (0, 1)], "only one of the clocks says which it is");
}
