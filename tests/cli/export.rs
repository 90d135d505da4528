//! Exports of the journal: what they hold, what they redact, how they end, and that they stream.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mfm_journal::cbor::Writer;
use mfm_journal::{
    Change, ChosenKeys, ColumnShape, Digest, Face, FaultLabel, Images, Intent, Journal, LockHolder, OperationAction,
    OperationVerdict, RowAction, Stamp, TableShape, TargetRef, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::world::{World, text};

const APPLY: [&str; 9] =
    ["apply", "create_invalid_angles", "--variant", "both", "--sample", "2", "--seed", "1", "--yes"];

fn lines(out: &[u8]) -> Vec<Json> {
    text(out).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of<'l>(lines: &'l [Json], what: &str) -> Vec<&'l Json> {
    lines.iter().filter(|line| line["line"] == what).collect()
}

/// The digest of an entry, from nothing but its line.
fn recomputed(entry: &Json) -> String {
    let body = serde_json::to_string(&entry["body"]).unwrap();
    let mut out = Writer::new();
    out.write_array(9);
    out.write_text("mfm/entry/1");
    out.write_integer(entry["seq"].as_i64().unwrap());
    out.write_text(entry["kind"].as_str().unwrap());
    out.write_optional_integer(entry["op"].as_i64());
    out.write_integer(entry["at_us"].as_i64().unwrap());
    out.write_text(entry["actor"].as_str().unwrap());
    out.write_text(entry["face"].as_str().unwrap());
    out.write_text(&body);
    let prev: Digest = serde_json::from_value(entry["prev"].clone()).unwrap();
    out.write_bytes(prev.as_bytes());
    Digest::sha256(out.as_bytes()).to_string()
}

#[test]
fn the_chain_can_be_recomputed_from_the_export_alone() {
    let world = World::with_lab();
    world.json(&APPLY);
    world.json(&["revert", "1"]);
    let output = world.run(&["audit", "export"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(text(&output.stdout).starts_with("{\"schema\":\"mfm/audit-export/1\","));
    let lines = lines(&output.stdout);
    let mut prev = json!("00".repeat(32));
    let entries = of(&lines, "entry");
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!((&entry["seq"], &entry["prev"]), (&json!(at + 1), &prev));
        assert_eq!(entry["digest"], recomputed(entry), "entry {}", at + 1);
        prev = entry["digest"].clone();
    }
    assert_eq!(lines[0]["head"], json!({"seq": entries.len(), "digest": prev}));
    assert_eq!(lines[0]["journal_id"], entries[0]["digest"]);
    assert_eq!((&lines[0]["redaction"], &lines[0]["entries"]), (&json!("identifying"), &json!([1, entries.len()])));
    assert!(lines[0]["identifying"]["Ident"].as_array().unwrap().contains(&json!("IDA")));
    let shown = world.json(&["show", "1", "--diff"]);
    let changes: Vec<&Json> = of(&lines, "change").into_iter().filter(|change| change["op"] == 1).collect();
    assert_eq!(shown["changes_total"], changes.len());
    for (change, shown) in changes.iter().zip(shown["changes"].as_array().unwrap()) {
        for field in ["table", "key", "kind", "before", "after"] {
            assert_eq!(change[field], shown[field]);
        }
        assert!(change["before_digest"].is_string() && change["before_digest"] != change["after_digest"], "{change}");
    }
    let chosen: Vec<&Json> = of(&lines, "chosen").into_iter().map(|line| &line["key"]["FLD_ID"]).collect();
    assert_eq!(shown["keys"].as_array().unwrap().iter().collect::<Vec<_>>(), chosen);
    let behind = lines.iter().position(|line| line["kind"] == "intended").unwrap();
    assert!(lines[behind + 1]["line"] == "chosen" && lines[behind + 3]["line"] == "change", "{:?}", lines[behind + 1]);
}

#[test]
fn a_part_is_an_operation_or_a_range() {
    let world = World::with_lab();
    world.json(&APPLY);
    world.json(&["revert", "1"]);
    let kinds = |words: &[&str]| -> Vec<String> {
        let lines = lines(&world.run(&[&["audit", "export"], words].concat()).stdout);
        of(&lines, "entry").iter().map(|entry| format!("{} {}", entry["kind"], entry["op"])).collect()
    };
    assert_eq!(kinds(&["--op", "1"]), ["\"intended\" 1", "\"applied\" 1"]);
    assert_eq!(kinds(&["--op", "2", "--as", "jsonl"]), ["\"intended\" 2", "\"applied\" 2"]);
    assert_eq!(kinds(&["--from", "1", "--to", "1"]), ["\"opened\" null"]);
    assert_eq!(kinds(&["--from", "7"]), ["\"intended\" 2", "\"applied\" 2"]);
    assert_eq!(kinds(&["--from", "99"]), [""; 0]);
    for (words, code, exit) in
        [(vec!["--op", "9"], "no_operation", 3), (vec!["--from", "3", "--to", "2"], "export_range", 2)]
    {
        let output = world.run(&[&["audit", "export", "--json"], words.as_slice()].concat());
        let error: Json = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!((error["code"].as_str(), output.status.code()), (Some(code), Some(exit)));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn csv_has_a_line_a_changed_cell() {
    let world = World::with_lab();
    world.json(&APPLY);
    let output = text(&world.run(&["audit", "export", "--as", "csv"]).stdout);
    assert!(output.ends_with("\r\n") && output.lines().count() == output.matches("\r\n").count());
    let mut reader = csv::Reader::from_reader(output.as_bytes());
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/export.md")).unwrap();
    let listed: Vec<&str> =
        page.split("\n## CSV\n").nth(1).unwrap().split("\n\n").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
    assert_eq!(reader.headers().unwrap(), listed, "docs/export.md lists other columns");
    let shown = world.json(&["show", "1", "--diff"]);
    let cells: usize =
        shown["changes"].as_array().unwrap().iter().map(|change| change["after"].as_object().unwrap().len()).sum();
    let rows: Vec<std::collections::BTreeMap<String, String>> = reader.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), cells);
    let (row, change) = (&rows[0], &shown["changes"][0]);
    assert_eq!(
        (row["op"].as_str(), row["tool"].as_str(), row["action"].as_str()),
        ("1", "create_invalid_angles", "apply")
    );
    assert_eq!(row["uid"], shown["uid"].as_str().unwrap());
    assert_eq!((row["verdict"].as_str(), row["before_class"].as_str()), ("applied", "integer"));
    assert_eq!(row["key"], change["key"].to_string());
    assert_eq!(row["after"], change["after"][&row["column"]].to_string());
    assert!(!row["verdict_digest"].is_empty() && row["verdict_digest"] != row["uid"]);
}

fn column(name: &str) -> ColumnShape {
    ColumnShape::new(name, "text")
}

fn shape(table: &str, key: &str, others: &[&str]) -> Arc<TableShape> {
    let columns = [key].iter().chain(others).map(|name| column(name)).collect();
    Arc::new(TableShape { name: table.into(), key: vec![key.into()], columns, omitted: vec![] })
}

fn update(shape: &Arc<TableShape>, key: Value, before: Value, after: Value) -> Change {
    let digest = |cell: &Value| {
        let mut row = vec![Value::Null; shape.columns.len()];
        (row[0], row[1]) = (key.clone(), cell.clone());
        shape.row_digest(&row).unwrap()
    };
    let (before_digest, after_digest) = (digest(&before), digest(&after));
    let (before, after) = (vec![before], vec![after]);
    let action = RowAction::Update { columns: vec![1], before, after, before_digest, after_digest };
    Change { table: shape.clone(), key: vec![key], action }
}

/// Writes a journal of one operation with these changes; modes of today write no column that identifies.
fn journal(path: &Path, keys: Option<ChosenKeys>, changes: &mut dyn Iterator<Item = Change>) {
    let stamp = Stamp { at_us: 1_700_000_000_000_000, actor: "Zo\u{eb}".into(), face: Face::Library };
    let mut journal = Journal::create(path, [7; 16], &stamp).unwrap();
    let holder = LockHolder { pid: 1, host: "here".into(), command: "test".into() };
    let lock = journal.lock(&holder).unwrap();
    let target = TargetRef { name: "lab".into(), identity: Digest::sha256(b"target"), marker_id: "m".into() };
    let intent = Intent {
        action: OperationAction::Apply,
        label: FaultLabel {
            tool: "tool, with \"quotes\"".into(),
            mode: "mode".into(),
            variant: "variant".into(),
            severity: "1.0".into(),
        },
        plan_digest: Digest::sha256(b"plan"),
        plan_id: None,
        target,
        reverts: None,
        residue: vec![],
        keys,
        detail: Map::from_iter([("note".to_owned(), json!("\u{e9}\u{7f}\u{1}\u{2028}\"\\/"))]),
    };
    let changes: Vec<Change> = changes.collect();
    let token = journal.intend(&lock, &stamp, &intent, &Images::from_changes(&changes).unwrap()).unwrap();
    journal.seal(&lock, &stamp, token.op(), OperationVerdict::Applied, Map::new()).unwrap();
    journal.checkpoint();
}

fn told(world: &World) {
    let ident = shape("Ident", "IDENT_ID", &["IDA"]);
    let point = shape("TxFieldPoint", "TFP_ID", &["Gantry_Ang"]);
    let odd = shape("Odd", "id", &["amount"]);
    let mrn = shape("Ident", "IDA", &["IDB"]);
    let integer = Value::Integer;
    let words = |word: &str| Value::Text(word.to_owned());
    let changes = [
        update(&ident, integer(1), words("MR1"), words("a much longer number")),
        update(&ident, integer(2), words(""), Value::Null),
        update(&point, integer(3), Value::Real(1.0), words("1")),
        update(&odd, integer(4), integer(123_456), Value::Bytes(vec![1])),
        update(&mrn, words("MR5"), Value::Null, words("MR6")),
    ];
    let keys = vec![vec![words("MR5")], vec![words("MR6")]];
    let chosen = ChosenKeys { table: "Ident".into(), columns: vec!["IDA".into()], keys };
    journal(&world.path().join("journal.db"), Some(chosen), &mut changes.into_iter());
}

#[test]
fn what_identifies_and_what_is_unknown_is_redacted() {
    let world = World::empty();
    told(&world);
    let output = world.run(&["audit", "export"]);
    let all = text(&output.stdout);
    assert!(text(&output.stderr).contains("10 cells redacted; --include-phi shows them"), "{}", text(&output.stderr));
    assert!(!all.contains("MR") && !all.contains("longer") && !all.contains("123456"), "{all}");
    let lines = lines(&output.stdout);
    let changes: Vec<String> = of(&lines, "change")
        .iter()
        .map(|line| format!("{} {} -> {}", line["key"], line["before"], line["after"]).replace('"', ""))
        .collect();
    assert_eq!(
        changes,
        [
            "{IDENT_ID:1} {IDA:{$redacted:text}} -> {IDA:{$redacted:text}}",
            "{IDENT_ID:2} {IDA:{$redacted:text}} -> {IDA:null}",
            "{TFP_ID:3} {Gantry_Ang:1.0} -> {Gantry_Ang:1}",
            "{id:{$redacted:integer}} {amount:{$redacted:integer}} -> {amount:{$redacted:bytes}}",
            "{IDA:{$redacted:text}} {IDB:null} -> {IDB:{$redacted:text}}",
        ]
    );
    let digests: Vec<bool> = of(&lines, "change").iter().map(|line| line["after_digest"].is_string()).collect();
    assert_eq!(digests, [false, false, true, false, false], "a digest covers what is redacted");
    assert_eq!(of(&lines, "chosen")[0]["key"], json!({"IDA": {"$redacted": "text"}}));
    for entry in of(&lines, "entry") {
        assert_eq!(entry["digest"], recomputed(entry), "a redacted export keeps its chain");
    }
}

#[test]
fn nothing_is_redacted_where_that_was_asked_for() {
    let world = World::empty();
    told(&world);
    let output = world.run(&["audit", "export", "--include-phi"]);
    assert!(text(&output.stderr).contains("may identify patients"));
    let lines = lines(&output.stdout);
    assert_eq!(lines[0]["redaction"], "none");
    assert_eq!(of(&lines, "change")[0]["after"], json!({"IDA": "a much longer number"}));
    assert!(of(&lines, "change").iter().all(|line| line["before_digest"].is_string()));
    assert_eq!(of(&lines, "chosen")[1]["key"], json!({"IDA": "MR6"}));
    assert!(!text(&output.stdout).contains("$redacted"));
}

#[test]
fn look_alikes_stay_apart_in_csv() {
    let world = World::empty();
    let point = shape("TxFieldPoint", "TFP_ID", &["Gantry_Ang"]);
    let words = |word: &str| Value::Text(word.to_owned());
    let values = [
        Value::Null,
        words(""),
        words("1"),
        Value::Integer(1),
        Value::Real(1.0),
        words("=1+1, \"two\"\r\nlines"),
        words("null"),
        words("{\"$redacted\":\"text\"}"),
        Value::Null,
    ];
    let pairs = values.windows(2).zip(1..);
    let changes = pairs.map(|(pair, key)| update(&point, Value::Integer(key), pair[0].clone(), pair[1].clone()));
    journal(&world.path().join("journal.db"), None, &mut changes.collect::<Vec<_>>().into_iter());
    let output = text(&world.run(&["audit", "export", "--as", "csv"]).stdout);
    let mut reader = csv::Reader::from_reader(output.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    let after: Vec<(&str, &str)> = rows.iter().map(|row| (&row[15], &row[16])).collect();
    assert_eq!(
        after,
        [
            ("\"\"", "text"),
            ("\"1\"", "text"),
            ("1", "integer"),
            ("1.0", "real"),
            ("\"=1+1, \\\"two\\\"\\r\\nlines\"", "text"),
            ("\"null\"", "text"),
            ("\"{\\\"$redacted\\\":\\\"text\\\"}\"", "text"),
            ("null", "null"),
        ]
    );
    assert_eq!(&rows[0][6], "tool, with \"quotes\"");
}

#[test]
fn a_broken_journal_ends_the_export_where_it_breaks() {
    let world = World::with_lab();
    world.json(&APPLY);
    let conn = rusqlite::Connection::open(world.path().join("journal.db")).unwrap();
    // The trigger is put back: a journal with another schema is not read at all.
    let sql = "SELECT sql FROM sqlite_schema WHERE name = 'entry_update'";
    let trigger: String = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    let edit = "UPDATE entry SET actor = 'nobody' WHERE seq = 3";
    conn.execute_batch(&format!("DROP TRIGGER entry_update; {edit}; {trigger};")).unwrap();
    drop(conn);
    let output = world.run(&["audit", "export"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("entry 3"), "{}", text(&output.stderr));
    let seen: Vec<Json> = of(&lines(&output.stdout), "entry").iter().map(|entry| entry["seq"].clone()).collect();
    assert_eq!(seen, [1, 2]);
    assert_eq!(world.run(&["audit", "export", "-o", "audit.jsonl"]).status.code(), Some(5));
    let left: Vec<String> = std::fs::read_dir(world.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().display().to_string())
        .filter(|name| name.starts_with("audit"))
        .collect();
    assert_eq!(left, [""; 0], "neither a file nor a draft");
}

#[test]
fn a_file_replaces_only_an_earlier_export() {
    let world = World::with_lab();
    world.json(&APPLY);
    for form in ["csv", "jsonl"] {
        let printed = world.run(&["audit", "export", "--as", form]).stdout;
        for _ in 0..2 {
            let written = world.json(&["audit", "export", "--as", form, "-o", "audit.out"]);
            assert_eq!(written["schema"], "mfm/audit-export/1");
            assert_eq!((&written["file"], &written["as"]), (&json!("audit.out"), &json!(form)));
            assert_eq!((&written["redacted"], &written["cut"]), (&json!(0), &json!(false)));
        }
        assert_eq!(std::fs::read(world.path().join("audit.out")).unwrap(), printed);
    }
    std::fs::write(world.path().join("notes.txt"), "mine").unwrap();
    for (path, code, exit) in [
        ("notes.txt", "export_file", 2),
        ("lab.db", "protected_file", 3),
        ("journal.db", "protected_file", 3),
        ("no/such/folder", "export_file", 2),
        (".", "export_file", 2),
    ] {
        let output = world.run(&["audit", "export", "-o", path, "--json"]);
        let error: Json = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!((error["code"].as_str(), output.status.code()), (Some(code), Some(exit)), "{path}");
    }
    assert_eq!(std::fs::read_to_string(world.path().join("notes.txt")).unwrap(), "mine");
    let page = text(&world.run(&["audit", "export", "-o", "audit.out"]).stdout);
    assert!(page.starts_with("exported 6 entries and "), "{page}");
    assert!(world.run(&["audit", "verify"]).status.success());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::with_lab();
    world.json(&APPLY);
    for form in ["jsonl", "csv"] {
        let mut command = world.process(&["audit", "export", "--as", form]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{form}");
    }
}

/// Returns the peak memory of an export in KiB, read while it waits for its last lines to be taken.
#[cfg(target_os = "linux")]
fn peak_kib(world: &World, changes: i64, form: &str) -> u64 {
    let path = world.path().join(format!("{changes}.db"));
    if !path.exists() {
        let point = shape("TxFieldPoint", "TFP_ID", &["Gantry_Ang"]);
        let one = |key| update(&point, Value::Integer(key), Value::Real(1.5), Value::Real(400.0));
        journal(&path, None, &mut (1..=changes).map(one));
    }
    let mut command = world.process(&["audit", "export", "--as", form]);
    let mut child = command.env("MFM_JOURNAL", &path).stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // A pipe holds 64 KiB: with more than that left unread, the export has not ended.
    for _ in 0..changes - 1000 {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0);
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let rest = reader.lines().count();
    assert!(child.wait().unwrap().success() && rest >= 1000, "{rest}");
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_operation() {
    let world = World::empty();
    for form in ["jsonl", "csv"] {
        let (small, large) = (peak_kib(&world, 5_000, form), peak_kib(&world, 50_000, form));
        assert!(large < small + 4096, "{form}: {large} KiB for 50000 changes, {small} KiB for 5000");
    }
}

#[test]
#[ignore = "needs python3"]
fn python_checks_the_chain_of_an_export() {
    let world = World::empty();
    told(&world);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/export.md")).unwrap();
    let script = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let python = |path: &str| {
        let output = Command::new("python3").args(["-c", script, path]).current_dir(world.path()).output().unwrap();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let written = world.json(&["audit", "export", "-o", "audit.jsonl"]);
    let expected = format!("3 entries, head {}\n", written["head"]["digest"].as_str().unwrap());
    assert_eq!(python("audit.jsonl"), (true, expected));
    let whole = std::fs::read_to_string(world.path().join("audit.jsonl")).unwrap();
    let forged = whole.replacen("\"variant\":\"variant\"", "\"variant\":\"other\"", 1);
    std::fs::write(world.path().join("forged.jsonl"), forged).unwrap();
    assert_eq!(python("forged.jsonl"), (false, "entry 2 does not hold\n".to_owned()));
}

#[test]
fn k11_an_export_is_an_object_a_line_or_one_object_of_its_file() {
    let world = World::with_lab();
    let lines = text(&world.run(&["audit", "export", "--json"]).stdout);
    let schemas: Vec<Json> =
        lines.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()["schema"].clone()).collect();
    assert_eq!(schemas[0], "mfm/audit-export/1");
    assert!(schemas.len() > 1 && schemas[1..].iter().all(Json::is_null), "{lines}");
    let of_file = world.json(&["audit", "export", "-o", "export.jsonl"]);
    assert_eq!((&of_file["schema"], &of_file["as"]), (&"mfm/audit-export/1".into(), &"jsonl".into()));
}
