//! Unknown is not absent: what the checks cannot look at, read or tell apart is no pass, on data that people bring.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::world::{World, text};

const NOW: [&str; 2] = ["--now", "2024-06-29T12:00:00"];

fn check(world: &World, target: &str, words: &[&str]) -> (i32, Json) {
    let done = world.run(&[&["--target", target, "check", "--json"], &NOW[..], words].concat());
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    (done.status.code().unwrap(), serde_json::from_str(if out.is_empty() { &err } else { &out }).unwrap())
}

/// A lab of three patients, copied without mfm's own tables as `name.db`, changed by SQL and registered.
fn copied(name: &str, sql: &str) -> World {
    let world = World::empty();
    world.mfm(&["lab", "create", "sqlite:lab.db", "--patients", "3", "--seed", "1"]).assert().success();
    std::fs::copy(world.path().join("lab.db"), world.path().join(format!("{name}.db"))).unwrap();
    let copy = Connection::open(world.path().join(format!("{name}.db"))).unwrap();
    copy.execute_batch("DROP TABLE mfm_marker; DROP TABLE mfm_operation;").unwrap();
    copy.execute_batch(sql).unwrap();
    world.mfm(&["target", "mark", &format!("sqlite:{name}.db"), "--confirm", &format!("{name}.db")]).assert().success();
    world
}

/// Makes every table anew with these columns' types, as a program does that copies data and not declarations.
fn retyped(world: &World, name: &str, declared: impl Fn(&str, &str, &str) -> String, text_cells: bool) {
    let copy = Connection::open(world.path().join(format!("{name}.db"))).unwrap();
    let names = |sql: &str| -> Vec<(String, String)> {
        let mut statement = copy.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for (table, _) in names("SELECT name, '' FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mfm%'") {
        let columns = names(&format!("SELECT name, type FROM pragma_table_info('{table}')"));
        let listed: Vec<String> =
            columns.iter().map(|(column, kind)| format!("\"{column}\" {}", declared(&table, column, kind))).collect();
        let cell = |column: &String| {
            if text_cells { format!("CAST(coalesce(\"{column}\", '') AS TEXT)") } else { format!("\"{column}\"") }
        };
        let cells: Vec<String> = columns.iter().map(|(column, _)| cell(column)).collect();
        copy.execute_batch(&format!(
            "ALTER TABLE \"{table}\" RENAME TO old; CREATE TABLE \"{table}\"({}); INSERT INTO \"{table}\" SELECT {} FROM \
             old; DROP TABLE old;",
            listed.join(", "),
            cells.join(", ")
        ))
        .unwrap();
    }
}

#[test]
fn w06_empty_tables_are_no_pass() {
    let world = copied("empty", "");
    let copy = Connection::open(world.path().join("empty.db")).unwrap();
    for table in ["TrackTreatment", "TxFieldPoint", "TxField", "Offset", "Site", "Ident", "Patient", "Dose_Hst"] {
        copy.execute(&format!("DELETE FROM \"{table}\""), []).unwrap();
    }
    let (code, json) = check(&world, "empty", &[]);
    let checks = json["checks"].as_array().unwrap();
    assert_eq!((code, &json["not_run"], &json["failed"]), (1, &json!(checks.len()), &json!(true)));
    assert!(checks.iter().all(|check| check["status"] == "not_run"), "{json}");
    let told = text(&world.run(&[&["--target", "empty", "check"], &NOW[..]].concat()).stdout);
    assert!(told.starts_with("nothing was checked on empty: no check could run"), "{told}");
    let junit = text(&world.run(&[&["--target", "empty", "check", "--as", "junit"], &NOW[..]].concat()).stdout);
    assert!(junit.contains(&format!("errors=\"0\" skipped=\"{}\"", checks.len())), "{junit}");
    assert_eq!(check(&world, "empty", &["--write-baseline", "known.json"]).0, 1, "a baseline of nothing is no success");
    assert_eq!(check(&world, "empty", &["--fail-on", "never"]).0, 0, "asked for by name");
    // The lab beside it, in which every table has rows, passes.
    assert_eq!(check(&world, "lab", &[]).0, 0);
}

#[test]
fn w06_a_check_that_must_run_fails_where_it_cannot() {
    let world = copied("few", "DELETE FROM \"Offset\"");
    let (code, json) = check(&world, "few", &[]);
    assert_eq!((code, json["violations"].as_u64()), (0, Some(0)), "some ran and found nothing: {json}");
    assert!(json["not_run"].as_u64().unwrap() > 0);
    assert_eq!(check(&world, "few", &["--fail-on-not-run"]).0, 1);
    assert_eq!(check(&world, "few", &["--fail-on-not-run=offset_size"]).0, 1);
    assert_eq!(check(&world, "few", &["--fail-on-not-run=angles,meterset_value"]).0, 0);
    assert_eq!(check(&world, "few", &["--only", "angles", "--fail-on-not-run=offset_size"]).0, 2);
    assert_eq!(check(&world, "few", &["--fail-on-not-run=nonsense"]).0, 2);
    let words = ["--target", "few", "check", "--only", "offsets", "--as", "junit", "--fail-on-not-run=offset_size"];
    let done = world.run(&[&words[..], &NOW].concat());
    assert_eq!(done.status.code(), Some(1));
    let junit = text(&done.stdout);
    assert!(junit.contains("<error type=\"not_run\" message=\"Offset is empty\"/>"), "{junit}");
    assert!(junit.contains("errors=\"1\" skipped="), "{junit}");
    assert_eq!(check(&world, "lab", &["--fail-on-not-run"]).0, 0, "on a whole lab everything runs");
}

#[test]
fn w11_a_copy_that_holds_numbers_as_text_is_not_judged_and_not_broken() {
    let world = copied("imp", "");
    retyped(&world, "imp", |_, _, _| "TEXT".to_owned(), true);
    let (_, json) = check(&world, "imp", &[]);
    assert_eq!((json["violations"].as_u64(), &json["findings"]), (Some(0), &json!([])), "sound data");
    let not_run = |id: &str| {
        let check = json["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap();
        (check["status"] == "not_run").then(|| check["why"].as_str().unwrap().to_owned())
    };
    for (id, why) in [
        ("control_point_sequence", "no cell of TxField.FLD_ID contains a whole number"),
        ("orphan_dose", "no cell of Patient.Pat_ID1 contains a whole number"),
        ("mlc_leaf_set", "no cell of TxFieldPoint.A_Leaf_Set contains bytes"),
        ("offset_codes", "no cell of Offset.Offset_Type contains a whole number"),
        ("null_field", "no cell of TxField.Pat_ID1 contains a whole number"),
    ] {
        assert!(not_run(id).unwrap().starts_with(why), "{id}: {:?}", not_run(id));
    }
    // `find` and the tools agree on what can be named.
    let refused = |words: &[&str]| {
        let done = world.run(&[&["--target", "imp"], words, &["--json"]].concat());
        let error: Json = serde_json::from_str(text(&done.stderr).lines().last().unwrap()).unwrap();
        (done.status.code().unwrap(), error["code"].as_str().unwrap().to_owned())
    };
    let mistyped = (3, "mistyped_column".to_owned());
    assert_eq!(refused(&["find", "field"]), mistyped);
    assert_eq!(refused(&["find", "delivery", "--date", "2024-06-03"]), mistyped);
    let null = ["plan", "nullify_required_fields", "--table", "TxField", "--field-to-nullify", "Meterset"];
    assert_eq!(refused(&[&null[..], &["--record-id", "5001"]].concat()), mistyped);
    assert_eq!(refused(&[&null[..], &["--record-id", "5001-5003"]].concat()), mistyped);
    assert_eq!(
        refused(&["plan", "create_meterset_inconsistency", "--variant", "negative_meterset", "--sample", "1"]),
        mistyped
    );
}

/// One table typed and its neighbour not: the references between them are unread, not broken.
#[test]
fn w11_ids_of_two_types_are_no_orphans() {
    let world = copied("half", "");
    let only = |table: &str, _: &str, kind: &str| if table == "Patient" { "TEXT".to_owned() } else { kind.to_owned() };
    retyped(&world, "half", only, false);
    let (_, json) = check(&world, "half", &["--only", "references"]);
    assert_eq!(json["violations"], 0, "{json}");
    let delivery = json["checks"].as_array().unwrap().iter().find(|check| check["id"] == "orphan_delivery").unwrap();
    let remark = "no cell of Patient.Pat_ID1 contains a whole number, and TrackTreatment.Pat_ID1 was not judged";
    assert_eq!((&delivery["status"], &delivery["remarks"]), (&json!("pass"), &json!([remark])));
    // What can be read is judged all the same.
    let copy = Connection::open(world.path().join("half.db")).unwrap();
    copy.execute(
        "UPDATE TrackTreatment SET FLD_ID = 99999 WHERE TTX_ID = (SELECT min(TTX_ID) FROM TrackTreatment)",
        [],
    )
    .unwrap();
    assert_eq!(check(&world, "half", &["--only", "orphan_delivery"]).1["violations"], 1);
}

#[test]
fn w12_an_id_is_written_in_the_form_of_its_column() {
    let world = copied("real", "");
    let float = |table: &str, column: &str, kind: &str| match (table, column) {
        ("TrackTreatment", "FLD_ID") => "FLOAT".to_owned(),
        ("TrackTreatment", "TTX_ID") | ("TxField", "FLD_ID") => "INTEGER PRIMARY KEY NOT NULL".to_owned(),
        _ => kind.to_owned(),
    };
    retyped(&world, "real", float, false);
    assert_eq!(check(&world, "real", &["--only", "references,duplicates"]).0, 0);
    let words = ["--target", "real", "apply", "create_duplicate_treatment", "--variant", "different_field"];
    let done = world.run(&[&words[..], &["--sample", "1", "--seed", "1", "--yes"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let copy = Connection::open(world.path().join("real.db")).unwrap();
    let kinds: String = copy
        .query_row("SELECT group_concat(DISTINCT typeof(FLD_ID)) FROM TrackTreatment", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kinds, "real");
    assert_eq!(check(&world, "real", &["--only", "delivery_two_fields,duplicate_delivery"]).0, 1);
    world.mfm(&["--target", "real", "revert", "1"]).assert().success();
    assert_eq!(check(&world, "real", &["--only", "delivery_two_fields,duplicate_delivery"]).0, 0);
}

/// Findings that nothing tells apart are counted: an accepted one hides no other.
#[test]
fn w13_a_baseline_hides_no_finding_of_a_table_without_a_key() {
    let without_key = "CREATE TABLE i AS SELECT Pat_Id1, IDA FROM Ident; DROP TABLE Ident; ALTER TABLE i RENAME TO \
        Ident; UPDATE Ident SET Pat_Id1 = NULL WHERE rowid = 1";
    hides_nothing(("nokey", "null_identity"), without_key, "UPDATE Ident SET Pat_Id1 = NULL WHERE rowid = 2");
    let null_key = "CREATE TABLE p AS SELECT * FROM TxFieldPoint; DROP TABLE TxFieldPoint; ALTER TABLE p RENAME TO \
        TxFieldPoint; UPDATE TxFieldPoint SET TFP_ID = NULL, Gantry_Ang = 400 WHERE rowid = 5";
    let more = "UPDATE TxFieldPoint SET TFP_ID = NULL, Gantry_Ang = 400 WHERE rowid = 50";
    hides_nothing(("nullkey", "angle_range"), null_key, more);
    let same_key = null_key.replace("TFP_ID = NULL", "TFP_ID = 7");
    hides_nothing(("samekey", "angle_range"), &same_key, &more.replace("TFP_ID = NULL", "TFP_ID = 7"));
}

fn hides_nothing((name, id): (&str, &str), first: &str, second: &str) {
    let world = copied(name, first);
    let only = ["--only", id];
    check(&world, name, &[&only[..], &["--write-baseline", "known.json"]].concat());
    let known = [&only[..], &["--baseline", "known.json"]].concat();
    let numbers =
        |(code, json): (i32, Json)| (code, ["violations", "known"].map(|number| json[number].as_u64().unwrap()));
    assert_eq!(numbers(check(&world, name, &known)), (0, [0, 1]), "{name}");
    Connection::open(world.path().join(format!("{name}.db"))).unwrap().execute_batch(second).unwrap();
    assert_eq!(numbers(check(&world, name, &known)), (1, [1, 1]), "{name}");
    let sarif = world.run(&[&["--target", name, "check", "--as", "sarif"], &only[..], &NOW].concat());
    let sarif: Json = serde_json::from_slice(&sarif.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let prints: std::collections::BTreeSet<String> =
        results.iter().map(|result| result["partialFingerprints"]["mfmFinding/v1"].to_string()).collect();
    assert_eq!((results.len(), prints.len()), (2, 2), "{name}");
    // Accepted too, both are known, and one of them gone is gone.
    let update = [&known[..], &["--write-baseline", "known.json"]].concat();
    check(&world, name, &update);
    assert_eq!(numbers(check(&world, name, &known)), (0, [0, 2]), "{name}");
}
