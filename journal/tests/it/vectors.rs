//! The golden vectors: what the format's bytes are, kept in files that other programs can be tested with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mfm_journal::body::to_canonical_json;
use mfm_journal::cbor::Writer;
use mfm_journal::digest::encode_hex;
use mfm_journal::tree::Frontier;
use mfm_journal::{
    Change, Decimal, Digest, Document, Entry, Intent, Journal, JournalState, Moment, RowAction, TableShape, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::common::*;

/// Made by the first release, and never again.
const FIRST: &str = "journal.json";

fn moment(days: Option<i32>, ticks: Option<i64>, offset_minutes: Option<i16>) -> Value {
    Value::Moment(Moment { days, ticks, offset_minutes })
}

/// A value as the vectors name it: its kind, then text that loses nothing.
fn described(value: &Value) -> Json {
    match value {
        Value::Null => json!(["null"]),
        Value::Boolean(flag) => json!(["boolean", flag.to_string()]),
        Value::Integer(number) => json!(["integer", number.to_string()]),
        Value::Real(number) => json!(["real", format!("{number:?}"), format!("{:016x}", number.to_bits())]),
        Value::Decimal(number) => json!(["decimal", number.to_string()]),
        Value::Text(text) => json!(["text", text]),
        Value::RawText(bytes) => json!(["raw_text", encode_hex(bytes)]),
        Value::Bytes(bytes) => json!(["bytes", encode_hex(bytes)]),
        Value::Moment(m) => json!(["moment", m.days, m.ticks, m.offset_minutes]),
        Value::Uuid(bytes) => json!(["uuid", encode_hex(bytes)]),
    }
}

fn all_described(values: &[Value]) -> Json {
    values.iter().map(described).collect()
}

fn encoded(put: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::new();
    put(&mut out);
    out.into_bytes()
}

fn value_samples() -> Vec<Value> {
    let integers = [0, 1, 23, 24, 255, 256, 65_535, 65_536, -1, -24, -25, 1 << 32, i64::MAX, i64::MIN];
    let reals = [0.0, -0.0, 1.0, 1.5, 65_504.0, 65_505.0, 100_000.0, 0.1, 1e300, 5e-324, f64::INFINITY, -f64::INFINITY];
    let decimals = ["0", "1.0", "1.00", "-12.340", "9223372036854775808", "-99999999999999999999999999999999999999"];
    let mut out = vec![Value::Null, Value::Boolean(false), Value::Boolean(true)];
    out.extend(integers.map(Value::Integer));
    out.extend(reals.map(Value::Real));
    out.extend(decimals.map(|text| Value::Decimal(text.parse().unwrap())));
    out.push(Value::Decimal(Decimal::new(1, 38).unwrap()));
    out.extend(["", "a", "Zoë ", "\u{0}", "x".repeat(24).as_str()].map(|text| Value::Text(text.into())));
    out.extend([vec![0xff], vec![0x41, 0x00, 0xd8]].map(Value::RawText));
    out.extend([vec![], vec![0, 1, 2]].map(Value::Bytes));
    out.push(moment(Some(45_000), None, None));
    out.push(moment(None, Some(863_999_999_999), None));
    out.push(moment(Some(-53_690), Some(25_919_999), None));
    out.push(moment(Some(45_000), Some(0), Some(-480)));
    out.push(Value::Uuid(std::array::from_fn(|n| u8::try_from(n).unwrap())));
    out
}

fn values() -> Json {
    let one =
        |value: &Value| json!({"value": described(value), "cbor": encode_hex(&encoded(|w| value.write(w).unwrap()))});
    value_samples().iter().map(one).collect()
}

fn describe_shape(shape: &TableShape) -> Json {
    let columns: Vec<Json> = shape
        .columns
        .iter()
        .map(|c| json!([c.name, c.declared, c.precision, c.scale, c.length, c.collation]))
        .collect();
    json!([shape.name, shape.key, columns, shape.omitted])
}

fn rows() -> Json {
    let wide = TableShape {
        columns: vec![column("b", "REAL"), column("é", "BLOB"), column("a", "TEXT")],
        ..(*shape()).clone()
    };
    let cells = vec![Value::Real(-0.0), Value::Null, Value::Text("x".into())];
    [(&*shape(), row(1, "A1")), (&wide, cells)]
        .into_iter()
        .map(|(shape, row)| {
            json!({"table": describe_shape(shape), "row": all_described(&row), "digest": shape.row_digest(&row).unwrap()})
        })
        .collect()
}

fn change_samples(shape: &Arc<TableShape>) -> Vec<Change> {
    vec![insert(shape, 1), update(shape, 2), delete(shape, 3), kept(shape, 4), kept(shape, 5)]
}

fn describe_change(change: &Change) -> Json {
    let positions = match &change.action {
        RowAction::Update { columns, .. } => Some(columns),
        _ => None,
    };
    json!({
        "action": change.action.as_str(),
        "table": change.table.name,
        "key": all_described(&change.key),
        "columns": positions,
        "before": change.cells_before().map(all_described),
        "after": change.cells_after().map(all_described),
        "before_digest": change.before_digest(),
        "after_digest": change.after_digest(),
    })
}

fn changes() -> Json {
    let mut tree = Frontier::new();
    let one = |change: Change| {
        let leaf = encoded(|w| change.write_leaf(w).unwrap());
        tree.push_leaf(&leaf);
        json!({
            "change": describe_change(&change),
            "cbor": encode_hex(&encoded(|w| change.write(0, w).unwrap())),
            "leaf": encode_hex(&leaf),
            "leaf_hash": mfm_journal::tree::leaf_hash(&leaf),
            "rows_root_up_to_here": tree.root(),
        })
    };
    change_samples(&shape()).into_iter().map(one).collect()
}

/// Chunks and entries of a journal with one operation, as its file holds them.
fn journal() -> Json {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let other = Arc::new(TableShape { name: "Site".into(), ..(*shape()).clone() });
    let mut all = change_samples(&shape());
    all.push(update(&other, 2));
    let wish = Intent { keys: Some(chosen(3)), plan_id: Some("plan-1".into()), ..intent() };
    apply(&mut journal, &lock, &wish, &all);
    drop((journal, lock));
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    let chunk = |row: &rusqlite::Row<'_>| {
        let (digest, bytes): ([u8; 32], Vec<u8>) = (row.get(0)?, row.get(1)?);
        Ok(json!({"digest": encode_hex(&digest), "cbor": encode_hex(&bytes)}))
    };
    let entry = |row: &rusqlite::Row<'_>| {
        let (prev, digest): ([u8; 32], [u8; 32]) = (row.get(7)?, row.get(8)?);
        let (seq, kind, op): (u64, String, Option<u64>) = (row.get::<_, u32>(0)?.into(), row.get(1)?, opt(row.get(2)?));
        let (at, actor, face): (i64, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let body: String = row.get(6)?;
        Ok(json!({"seq": seq, "kind": kind, "op": op, "at": at, "actor": actor, "face": face, "body": body,
            "prev": encode_hex(&prev), "digest": encode_hex(&digest)}))
    };
    let opened = Journal::open_read(&folder.path()).unwrap();
    json!({
        "tables": [describe_shape(&shape()), describe_shape(&other)],
        "changes": all.iter().map(describe_change).collect::<Vec<_>>(),
        "keys": chosen(3).keys.iter().map(|key| all_described(key)).collect::<Vec<_>>(),
        "chunks": listed(&conn, "SELECT digest, bytes FROM chunk ORDER BY id", chunk),
        "entries": listed(&conn, "SELECT seq, kind, op, at, actor, face, body, prev, digest FROM entry", entry),
        "journal_id": opened.id(),
        "root": opened.root(),
        "state": opened.state(),
        "projection": conn.query_row("SELECT fold, seq, head, frontier, state, digest FROM projection", [], |row| {
            let (fold, seq, head): (i64, i64, [u8; 32]) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (frontier, state, digest): (Vec<u8>, String, [u8; 32]) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok(json!({"fold": fold, "seq": seq, "head": encode_hex(&head), "frontier": encode_hex(&frontier), "state": state,
                "digest": encode_hex(&digest)}))
        }).unwrap(),
    })
}

fn read_vector(name: &str) -> Json {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

/// The first release's own vector: its images are packed today as they were, its entries hash and fold as they did.
#[test]
fn the_journal_of_the_first_release_still_means_the_same() {
    let (first, today) = (read_vector(FIRST), journal());
    for part in ["tables", "changes", "keys", "chunks"] {
        assert_eq!(first[part], today[part], "{part}");
    }
    let (mut state, mut tree) = (JournalState::default(), Frontier::new());
    for entry in first["entries"].as_array().unwrap() {
        let text = |key: &str| entry[key].as_str().unwrap();
        let made = encoded(|out| {
            out.write_array(9);
            out.write_text("mfm/entry/1");
            out.write_integer(entry["seq"].as_i64().unwrap());
            out.write_text(text("kind"));
            out.write_optional_integer(entry["op"].as_i64());
            out.write_integer(entry["at"].as_i64().unwrap());
            ["actor", "face", "body"].iter().for_each(|key| out.write_text(text(key)));
            out.write_bytes(text("prev").parse::<Digest>().unwrap().as_bytes());
        });
        let digest = Digest::sha256(&made);
        assert_eq!(digest.to_string(), text("digest"));
        tree.push_leaf(digest.as_bytes());
        let entry = Entry {
            seq: entry["seq"].as_u64().unwrap(),
            kind: text("kind").to_owned(),
            op: entry["op"].as_u64(),
            at_us: entry["at"].as_i64().unwrap(),
            actor: text("actor").to_owned(),
            face: text("face").to_owned(),
            body: serde_json::from_str(text("body")).unwrap(),
            prev: text("prev").parse().unwrap(),
            digest,
        };
        state.fold_entry(&entry).unwrap();
    }
    assert_eq!(json!({"state": state, "root": tree.root()}), json!({"state": first["state"], "root": first["root"]}));
}

fn opt(op: Option<u32>) -> Option<u64> {
    op.map(u64::from)
}

fn listed(
    conn: &rusqlite::Connection,
    sql: &str,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<Json>,
) -> Vec<Json> {
    conn.prepare(sql).unwrap().query_map([], read).unwrap().map(Result::unwrap).collect()
}

/// Leaf n is SHA-256 of the byte n, as an entry's digest would be.
fn trees() -> Json {
    let mut tree = Frontier::new();
    let mut out = Vec::new();
    for size in 0..10u8 {
        out.push(json!({"size": size, "root": tree.root(), "frontier": tree.peaks()}));
        tree.push_leaf(Digest::sha256(&[size]).as_bytes());
    }
    json!({"leaf": "SHA-256 of the one byte n, for n = 0, 1, 2, ...", "trees": out})
}

fn bodies() -> Json {
    let good = [
        json!({}),
        json!({"b": 1, "a": [true, null, -9_007_199_254_740_991_i64], "B": {"": "é\u{1}\n\"\\/\u{7f}"}, "_": "\u{1f600}"}),
        json!({"10": 1, "9": 2, "a b": "\u{2028}"}),
    ];
    let good = good.iter().map(|body| json!({"body": body, "canonical": to_canonical_json(body).unwrap()}));
    let bad = ["{\"a\":0.5}", "{\"a\":1e3}", "{\"a\":9007199254740992}", "{\"é\":1}", "[]", "1", "{\"a\":-0}"];
    for text in bad {
        assert!(serde_json::from_str(text).is_ok_and(|body| to_canonical_json(&body).is_err()), "{text}");
    }
    json!({"accepted": good.collect::<Vec<_>>(), "refused": bad})
}

fn documents() -> Json {
    let samples = [("application/json", b"{}".to_vec()), ("text/plain", Vec::new()), ("image/svg+xml", vec![0x61; 24])];
    let one = |(media_type, bytes): (&str, Vec<u8>)| {
        let document = Document { media_type: media_type.to_owned(), bytes };
        json!({"media_type": media_type, "bytes": encode_hex(&document.bytes), "cbor": encode_hex(&document.to_chunk().unwrap()),
            "digest": document.digest().unwrap()})
    };
    samples.into_iter().map(one).collect()
}

fn vectors() -> BTreeMap<&'static str, Json> {
    BTreeMap::from([
        ("values.json", values()),
        ("rows.json", rows()),
        ("changes.json", changes()),
        ("folded.json", journal()),
        ("documents.json", documents()),
        ("trees.json", trees()),
        ("bodies.json", bodies()),
    ])
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

#[test]
fn the_bytes_are_those_of_the_vectors() {
    let mut kept: Vec<_> =
        std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    kept.sort();
    let listed: std::collections::BTreeSet<_> = vectors().into_keys().chain([FIRST]).collect();
    assert_eq!(kept, listed.into_iter().collect::<Vec<_>>());
    for (name, computed) in vectors() {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        let kept: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(computed, kept, "{name}");
    }
}

#[test]
#[ignore = "writes the vectors; the format is frozen, so look twice at what changes"]
fn bless_vectors() {
    std::fs::create_dir_all(folder()).unwrap();
    for (name, json) in vectors() {
        let text = serde_json::to_string_pretty(&json).unwrap();
        std::fs::write(folder().join(name), text + "\n").unwrap();
    }
}

/// What [`Map`] is for: the vectors do not depend on the order in which a program meets their keys.
#[test]
fn bodies_are_sorted_whatever_order_they_were_made_in() {
    let forward: Map<String, Json> = ["a", "b", "c"].into_iter().map(|key| (key.to_owned(), json!(1))).collect();
    let backward: Map<String, Json> = ["c", "b", "a"].into_iter().map(|key| (key.to_owned(), json!(1))).collect();
    assert_eq!(to_canonical_json(&Json::Object(forward)), to_canonical_json(&Json::Object(backward)));
}
