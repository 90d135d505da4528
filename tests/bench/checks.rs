//! All checks on a clinic's worth of rows, beside the same in SQL typed by hand and a plain loop over the leaf sets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mfm::domains::mosaiq::checks::CHECKS;
use rusqlite::Connection;

use super::Plan;
use super::table::{Table, median};
use super::yardstick::timed;

/// What the checks ask of the database, as somebody would type it who knows both; each counts violations.
const SQL: &[&str] = &[
    "SELECT count(*) FROM TxFieldPoint WHERE Gantry_Ang NOT BETWEEN 0 AND 360 OR Coll_Ang NOT BETWEEN -180 AND 360",
    "SELECT count(*) FROM (SELECT abs(Gantry_Ang - lag(Gantry_Ang) OVER w) g, abs(Coll_Ang - lag(Coll_Ang) OVER w) c
        FROM TxFieldPoint JOIN TxField USING (FLD_ID) WHERE Type_Enum IN (1, 2, 8, 13, 14)
        WINDOW w AS (PARTITION BY FLD_ID ORDER BY Point)) WHERE min(g, 360 - g) > 90 OR min(c, 360 - c) > 90",
    "SELECT count(*) FROM (SELECT FLD_ID, sum(max(min(g, 360 - g) / 6.0, min(c, 360 - c) / 12.0)) s FROM
        (SELECT FLD_ID, abs(Gantry_Ang - lag(Gantry_Ang) OVER w) g, abs(Coll_Ang - lag(Coll_Ang) OVER w) c
        FROM TxFieldPoint WINDOW w AS (PARTITION BY FLD_ID ORDER BY Point)) GROUP BY FLD_ID) JOIN
        (SELECT FLD_ID, min((julianday(Edit_DtTm) - julianday(Create_DtTm)) * 86400) d FROM TrackTreatment
        WHERE WasBeamOn AND WasBeamComplete AND NOT WasCanceled AND NOT WasQAMode GROUP BY FLD_ID) USING (FLD_ID)
        WHERE s > d + 1",
    "SELECT count(*) FROM (SELECT julianday(Create_DtTm) t, julianday(Edit_DtTm) e, lag(julianday(Create_DtTm)) OVER w p,
        max(julianday(Edit_DtTm)) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) l FROM TrackTreatment
        WHERE WasBeamOn AND WasBeamComplete AND NOT WasCanceled
        WINDOW w AS (PARTITION BY Pat_ID1, Machine_ID_Staff_ID ORDER BY Create_DtTm))
        WHERE (t - p) * 86400 <= 10 OR l > t",
    "SELECT count(*) FROM (SELECT julianday(Create_DtTm) t, lag(Pat_ID1) OVER w q, Pat_ID1 p,
        max(julianday(Edit_DtTm)) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) l FROM TrackTreatment
        WHERE WasBeamOn AND WasBeamComplete AND NOT WasCanceled
        WINDOW w AS (PARTITION BY Machine_ID_Staff_ID ORDER BY Create_DtTm)) WHERE l > t AND p <> q",
    "SELECT count(*) FROM (SELECT julianday(Create_DtTm) t, FLD_ID f, lag(julianday(Create_DtTm)) OVER w p,
        lag(FLD_ID) OVER w g FROM TrackTreatment WHERE WasBeamOn AND WasBeamComplete AND NOT WasCanceled
        WINDOW w AS (PARTITION BY Pat_ID1 ORDER BY Create_DtTm)) WHERE (t - p) * 86400 <= 5 AND f <> g",
    "SELECT count(*) FROM TxField f LEFT JOIN (SELECT FLD_ID, count(*) n, count(DISTINCT Point) d, min(Point) a,
        max(Point) z FROM TxFieldPoint GROUP BY FLD_ID) p USING (FLD_ID)
        WHERE ifnull(n, 0) <> ControlPoints OR d <> n OR a <> 0 OR z <> n - 1 OR (Type_Enum = 13 AND n < 10)",
    "SELECT count(*) FROM TrackTreatment WHERE Pat_ID1 IS NULL OR FLD_ID IS NULL OR SIT_ID IS NULL
        OR Create_DtTm IS NULL OR Edit_DtTm IS NULL OR Machine_ID_Staff_ID IS NULL",
    "SELECT count(*) FROM TxField WHERE Pat_ID1 IS NULL OR SIT_Set_ID IS NULL OR Meterset IS NULL
        OR Type_Enum IS NULL OR Machine_ID_Staff_ID IS NULL OR FLD_SET_ID IS NULL",
    "SELECT count(*) FROM TxFieldPoint WHERE FLD_ID IS NULL OR Point IS NULL OR \"Index\" IS NULL
        OR Gantry_Ang IS NULL OR Coll_Ang IS NULL",
    "SELECT count(*) FROM Offset WHERE SIT_SET_ID IS NULL OR Study_DtTm IS NULL OR Offset_Type IS NULL
        OR Offset_State IS NULL",
    "SELECT (SELECT count(*) FROM Ident WHERE Pat_Id1 IS NULL) + (SELECT count(*) FROM Site WHERE Pat_ID1 IS NULL
        OR SIT_SET_ID IS NULL) + (SELECT count(*) FROM Dose_Hst WHERE Pat_ID1 IS NULL OR SIT_ID IS NULL
        OR FLD_ID IS NULL OR Tx_DtTm IS NULL)",
    "SELECT count(*) FROM TrackTreatment WHERE julianday(Edit_DtTm) < julianday(Create_DtTm)",
    "SELECT count(*) FROM TrackTreatment WHERE julianday(Edit_DtTm) > julianday('2024-06-29 12:00')
        OR julianday(Create_DtTm) > julianday('2024-06-29 12:00')",
    "SELECT count(*) FROM (SELECT (julianday(t.Edit_DtTm) - julianday(t.Create_DtTm)) * 86400 d, Type_Enum k
        FROM TrackTreatment t JOIN TxField USING (FLD_ID)
        WHERE WasBeamOn AND WasBeamComplete AND NOT WasCanceled AND NOT WasQAMode)
        WHERE d NOT BETWEEN 9.999 AND 1800 OR (k IN (3, 4) AND d > 60) OR (k = 13 AND d NOT BETWEEN 30 AND 600)
        OR (k = 1 AND d > 600) OR (k IN (2, 14) AND d NOT BETWEEN 15 AND 900)",
    "SELECT count(*) FROM TrackTreatment t JOIN Dose_Hst d USING (DHS_ID)
        WHERE abs(julianday(Tx_DtTm) - julianday(t.Create_DtTm)) * 86400 > 300",
    "SELECT count(*) FROM TrackTreatment WHERE Pat_ID1 NOT IN (SELECT Pat_ID1 FROM Patient)
        OR FLD_ID NOT IN (SELECT FLD_ID FROM TxField) OR SIT_ID NOT IN (SELECT SIT_ID FROM Site)
        OR Pat_ID1 NOT IN (SELECT Pat_Id1 FROM Ident) OR DHS_ID NOT IN (SELECT DHS_ID FROM Dose_Hst)",
    "SELECT (SELECT count(*) FROM TxFieldPoint WHERE FLD_ID NOT IN (SELECT FLD_ID FROM TxField))
        + (SELECT count(*) FROM TxField WHERE Pat_ID1 NOT IN (SELECT Pat_ID1 FROM Patient)
        OR SIT_Set_ID NOT IN (SELECT SIT_SET_ID FROM Site))
        + (SELECT count(*) FROM Offset WHERE SIT_SET_ID NOT IN (SELECT SIT_SET_ID FROM Site))
        + (SELECT count(*) FROM Dose_Hst WHERE Pat_ID1 NOT IN (SELECT Pat_ID1 FROM Patient)
        OR FLD_ID NOT IN (SELECT FLD_ID FROM TxField) OR SIT_ID NOT IN (SELECT SIT_ID FROM Site))
        + (SELECT count(*) FROM Ident WHERE Pat_Id1 NOT IN (SELECT Pat_ID1 FROM Patient))",
    "SELECT count(*) FROM Offset WHERE max(abs(Superior_Offset), abs(Anterior_Offset), abs(Lateral_Offset)) > 10
        OR Offset_Type NOT IN (2, 3, 4) OR Offset_State NOT IN (1, 2)
        OR julianday(Study_DtTm) > julianday('2024-06-29 12:00')",
    "CREATE TEMP TABLE started AS SELECT SIT_SET_ID s, julianday(t.Create_DtTm) t FROM TrackTreatment t
        JOIN Site USING (SIT_ID) WHERE WasBeamOn AND NOT WasQAMode; CREATE INDEX temp.by ON started(s, t)",
    "SELECT count(*) FROM Offset WHERE NOT EXISTS (SELECT 1 FROM started WHERE s = SIT_SET_ID
        AND t BETWEEN julianday(Study_DtTm) - 0.020834 AND julianday(Study_DtTm) + 0.083334)",
    "SELECT count(*) FROM Offset o JOIN Site s ON s.SIT_SET_ID = o.SIT_SET_ID AND s.Version = 0
        WHERE max(abs(Superior_Offset), abs(Anterior_Offset), abs(Lateral_Offset)) > CASE
        WHEN Site_Name LIKE '%prostate%' THEN 1.0 WHEN Site_Name LIKE '%lung%' AND Technique LIKE '%SBRT%' THEN 1.0
        WHEN Site_Name LIKE '%brain%' AND Technique LIKE '%SRS%' THEN 0.3 ELSE 99 END",
    "SELECT count(*) FROM TxField WHERE Meterset < 0 OR Meterset >= 10000
        OR (Cgray <> 0 AND cGrayPerMeterset <> 0 AND Meterset <> 0
        AND abs(cGrayPerMeterset * Meterset - Cgray) > 0.02 * Cgray) OR (Type_Enum = 1 AND Meterset > 1000)",
    "SELECT count(*) FROM (SELECT FLD_ID, max(\"Index\") i, count(*) n FROM TxFieldPoint GROUP BY FLD_ID)
        JOIN TxField USING (FLD_ID) WHERE n > 1 AND abs(i - 100) > 0.5 AND abs(i - Meterset) > 0.02 * Meterset",
    "WITH u AS (SELECT Type_Enum k, Meterset * 1.0 / Cgray x FROM TxField WHERE Meterset > 0 AND Cgray > 0)
        SELECT count(*) FROM u JOIN (SELECT k, avg(x) m, avg(x * x) q FROM u GROUP BY k) USING (k)
        WHERE (x - m) * (x - m) > 9 * max(q - m * m, 0.04)",
];

/// The sum of all counts.
fn typed(connection: &Connection) -> i64 {
    let count = |sql: &&str| match sql.starts_with("CREATE") {
        true => connection.execute_batch(sql).map(|()| 0).unwrap(),
        false => connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(),
    };
    SQL.iter().map(count).sum()
}

/// What is known of a machine.
#[derive(Default)]
struct Machine {
    absolute: usize,
    outward: usize,
    counts: BTreeMap<i64, usize>,
}

/// Decodes every leaf set in one loop: lengths, limits, gaps under both conventions, numbers of leaves.
fn decoded(connection: &Connection) -> usize {
    let sql = "SELECT FLD_ID, Machine_ID_Staff_ID, MLC_Leaves, A_Leaf_Set, B_Leaf_Set
        FROM TxFieldPoint JOIN TxField USING (FLD_ID) WHERE MLC_Leaves > 0";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let (mut wrong, mut machines, mut fields) = (0, BTreeMap::<i64, Machine>::new(), BTreeMap::<i64, i64>::new());
    while let Some(row) = rows.next().unwrap() {
        let (field, machine, leaves): (i64, i64, i64) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        let [a, b] = [3, 4].map(|at| row.get_ref(at).unwrap().as_blob().unwrap());
        let used = usize::try_from(leaves).unwrap() * 2;
        wrong += usize::from(a.len() % 2 != 0 || b.len() % 2 != 0 || a.len() < used || b.len() < used);
        let machine = machines.entry(machine).or_default();
        for (a, b) in a[..used].chunks_exact(2).zip(b[..used].chunks_exact(2)) {
            let [a, b] = [a, b].map(|leaf| i16::from_le_bytes([leaf[0], leaf[1]]));
            wrong += usize::from(a.unsigned_abs() > 2000) + usize::from(b.unsigned_abs() > 2000);
            machine.absolute += usize::from(a > b);
            machine.outward += usize::from(i32::from(a) + i32::from(b) < 0);
        }
        let known = *fields.entry(field).or_insert_with(|| {
            *machine.counts.entry(leaves).or_default() += 1;
            leaves
        });
        wrong += usize::from(known != leaves);
    }
    let odd = |machine: &Machine| machine.absolute.min(machine.outward) + machine.counts.len() - 1;
    wrong + machines.values().map(odd).sum::<usize>()
}

/// A command, and the most memory that it had, in KiB, as far as the system tells while it runs.
pub(crate) fn watched(command: &mut Command) -> (Output, u64) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (status, mut peak) = (PathBuf::from(format!("/proc/{}/status", child.id())), 0);
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(super::memory::peak_kib(&status).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(2));
    }
    (child.wait_with_output().unwrap(), peak)
}

/// Runs `mfm check`, a process of its own; returns its peak memory in KiB.
fn checked(folder: &Path) -> u64 {
    let mut mfm = mfm(folder);
    let (output, peak) = watched(mfm.args(["check", "--now", "2024-06-29T12:00:00", "--json"]));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["violations"], &said["not_run"]), (&0.into(), &0.into()), "a clean lab");
    peak
}

pub(crate) fn mfm(folder: &Path) -> Command {
    let mut mfm = Command::new(env!("CARGO_BIN_EXE_mfm"));
    mfm.current_dir(folder).env("MFM_JOURNAL", folder.join("j.db"));
    mfm
}

/// Makes a lab of so many patients.
fn lab(folder: &Path, patients: u64) {
    let words = ["lab", "create", "sqlite:lab.db", "--patients", &patients.to_string(), "--seed", "5"];
    assert!(mfm(folder).args(words).output().unwrap().status.success());
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes")]
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let patients = plan.rows / 1000;
    for (patients, rounds) in [(patients, plan.rounds), (patients * 7, 1)] {
        let folder = tempfile::tempdir().unwrap();
        lab(folder.path(), patients);
        let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            let by_hand = || {
                let connection = Connection::open(folder.path().join("lab.db")).unwrap();
                (typed(&connection), decoded(&connection))
            };
            let (found, took) = timed(by_hand);
            assert_eq!(found, (0, 0), "a clean lab");
            theirs.push(took.as_secs_f64());
            let (most, took) = timed(|| checked(folder.path()));
            peak = peak.max(most);
            ours.push(took.as_secs_f64());
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let what = format!("all {} checks, a lab of {patients} patients", CHECKS.len());
        let beside = format!("typed SQL and a decode loop: {theirs:.2} s");
        table.ratio(&what, format!("{ours:.2} s"), beside, theirs / ours, Some(0.5));
        let peak = peak as f64 / 1024.0;
        table.at_most(&format!("peak memory, {what}"), peak, "MiB", String::new(), Some(64.0));
    }
}
