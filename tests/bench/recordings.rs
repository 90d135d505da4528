//! The fifteen questions of recordings over `mfm mcp`, and the checks, beside the same in SQL typed by hand; a recording
//! has no index, and neither side makes one in the file.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::Plan;
use super::checks::{mfm, watched};
use super::table::{Table, median};
use super::yardstick::timed;

/// The states of a frame, or of a body in frames.
const STATES: &str = "SELECT b.body_id, c.x, c.y, c.z, v.x, v.y, v.z, q.w, q.x, q.y, q.z, r.x, r.y, r.z, r.w
    FROM AssetDynamicStateRecord b JOIN InertialStateRecord s ON s.id = b.kinematicState_id
    JOIN CoordinateRecord c ON c.id = s.position_id JOIN VelocityRecord v ON v.id = s.velocity_id
    JOIN QuaternionDRecord q ON q.id = s.orientation_id JOIN Vector4DRecord r ON r.id = s.quaternionRate_id WHERE ";
/// The points of a contact, with the vectors that they name.
const POINTS: &str = "SELECT u.*, n.x, n.y, n.z, t.x, t.y, t.z, w.x, w.y, w.z, a.x, a.y, a.z, b.x, b.y, b.z
    FROM UnifiedContactConstraintRecord u JOIN Vector3DRecord n ON n.id = u.normal_id
    JOIN Vector3DRecord t ON t.id = u.tangent1_id JOIN Vector3DRecord w ON w.id = u.tangent2_id
    JOIN Vector3DRecord a ON a.id = u.lever_arm_a_id JOIN Vector3DRecord b ON b.id = u.lever_arm_b_id WHERE ";
const COUNTS: &str = "SELECT (SELECT count(*) FROM SimulationFrameRecord), (SELECT max(id) FROM SimulationFrameRecord),
    (SELECT count(*) FROM AssetInertialStaticRecord)";

/// A question: the tool, its arguments, and what of the recording answers it.
struct Question {
    tool: &'static str,
    arguments: Json,
    sql: Vec<String>,
}

fn questions(frames: u64) -> Vec<Question> {
    let (middle, environment) = (frames / 2, 2_147_483_650_u64);
    let of = |tool, arguments, sql: &[&str]| {
        let sql = sql.iter().map(|text| text.replace("$F", &middle.to_string())).collect();
        Question { tool, arguments, sql }
    };
    let states = |terms: &str| format!("{STATES}{terms}");
    let points = |terms: &str| format!("{POINTS}{terms}");
    let frame = json!({"frame_id": middle});
    let pair = "u.body_a_id IN (3, 2147483650) AND u.body_b_id IN (3, 2147483650) ORDER BY u.frame_id LIMIT 500";
    vec![
        of("list_recordings", json!({}), &[COUNTS]),
        of("load_recording", json!({"path": "run.db"}), &[COUNTS]),
        of(
            "get_metadata",
            json!({}),
            &[
                "SELECT * FROM AssetInertialStaticRecord",
                "SELECT id, simulation_time FROM SimulationFrameRecord",
                "SELECT DISTINCT body_b_id FROM CollisionResultRecord WHERE body_b_id > 2147483647",
            ],
        ),
        of(
            "get_frame",
            frame.clone(),
            &[
                states("b.frame_id = $F").as_str(),
                points("u.frame_id = $F").as_str(),
                "SELECT * FROM SystemEnergyRecord WHERE frame_id = $F",
                "SELECT * FROM SolverDiagnosticRecord WHERE frame_id = $F",
                "SELECT r.*, p.* FROM CollisionResultRecord r
                    JOIN CollisionResultRecord_ContactPointRecord j ON j.CollisionResultRecord_id = r.id
                    JOIN ContactPointRecord p ON p.id = j.ContactPointRecord_id WHERE r.frame_id = $F",
            ],
        ),
        of(
            "get_body_state",
            json!({"body_id": 3, "frame_id": middle}),
            &[states("b.frame_id = $F AND b.body_id = 3").as_str()],
        ),
        of(
            "get_contacts_for_body",
            json!({"body_id": 3, "frame_id": middle}),
            &[points("u.frame_id = $F AND 3 IN (u.body_a_id, u.body_b_id)").as_str()],
        ),
        of(
            "get_body_energy",
            json!({"body_id": 3}),
            &["SELECT e.*, f.simulation_time FROM EnergyRecord e JOIN SimulationFrameRecord f ON f.id = e.frame_id
                WHERE body_id = 3 ORDER BY frame_id LIMIT 500", "SELECT count(*) FROM EnergyRecord WHERE body_id = 3"],
        ),
        of(
            "get_system_energy",
            json!({}),
            &["SELECT e.*, f.simulation_time FROM SystemEnergyRecord e
                JOIN SimulationFrameRecord f ON f.id = e.frame_id ORDER BY frame_id LIMIT 500",
                "SELECT count(*) FROM SystemEnergyRecord"],
        ),
        of(
            "find_energy_anomalies",
            json!({"threshold": 0.5}),
            &["SELECT e.*, f.simulation_time FROM SystemEnergyRecord e JOIN SimulationFrameRecord f ON f.id = e.frame_id
                WHERE abs(delta_e) > 0.5 ORDER BY frame_id"],
        ),
        of(
            "compare_body_across_frames",
            json!({"body_id": 3, "frame_a": 2, "frame_b": middle}),
            &[states("b.frame_id IN (2, $F) AND b.body_id = 3").as_str()],
        ),
        of(
            "get_contact_history",
            json!({"body_a_id": 3, "body_b_id": environment, "start_frame": 1, "end_frame": frames}),
            &[points(pair).as_str()],
        ),
        of(
            "get_solver_diagnostics",
            json!({}),
            &["SELECT d.*, f.simulation_time FROM SolverDiagnosticRecord d
                JOIN SimulationFrameRecord f ON f.id = d.frame_id ORDER BY frame_id LIMIT 500",
                "SELECT count(*), sum(converged) FROM SolverDiagnosticRecord"],
        ),
        of("check_friction_cone", frame.clone(), &[points("u.frame_id = $F").as_str()]),
        of("check_penetration", frame.clone(), &["SELECT * FROM CollisionResultRecord WHERE frame_id = $F"]),
        of(
            "check_resting_contact",
            frame,
            &["SELECT DISTINCT body_a_id, body_b_id FROM CollisionResultRecord WHERE frame_id = $F",
                states("b.frame_id = $F").as_str()],
        ),
    ]
}

/// Reads every row of some statements.
fn typed(connection: &Connection, statements: &[String]) -> usize {
    let all = |text: &String| {
        let mut statement = connection.prepare(text).unwrap();
        let (width, mut rows, mut cells) = (statement.column_count(), statement.query([]).unwrap(), 0);
        while let Some(row) = rows.next().unwrap() {
            cells += (0..width).filter(|at| row.get_ref(*at).is_ok()).count();
        }
        cells
    };
    statements.iter().map(all).sum()
}

/// A server that is asked.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let words = ["mcp", "--domain", "recordings", "--recordings", ".", "--read-only"];
        let mut child = mfm(folder).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, input, output, last: 0 };
        let client = json!({"name": "bench", "version": "1"});
        server.ask("initialize", json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}));
        server.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn say(&mut self, message: &Json) {
        writeln!(self.input, "{message}").unwrap();
        self.input.flush().unwrap();
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, method: &str, params: Json) -> Json {
        self.last += 1;
        let id = self.last;
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server ended");
            let message: Json = serde_json::from_str(&line).unwrap();
            if message["id"] == id {
                return message["result"].clone();
            }
        }
    }

    fn call(&mut self, tool: &str, arguments: &Json) {
        let result = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        assert_ne!(result["isError"], true, "{tool}: {result}");
    }

    fn stop(mut self) {
        drop(self.input);
        self.child.wait().unwrap();
    }
}

/// The identities that the checks hold, as somebody would type them who knows the recorder; each counts violations.
const IDENTITIES: &[&str] = &[
    "SELECT count(*) FROM SystemEnergyRecord WHERE abs(total_system_e - total_linear_ke - total_rotational_ke
        - total_potential_e) > 1e-9 * (1 + abs(total_linear_ke) + abs(total_potential_e))",
    "SELECT count(*) FROM (SELECT delta_e - total_system_e + lag(total_system_e, 1, 0) OVER (ORDER BY frame_id) d
        FROM SystemEnergyRecord) WHERE abs(d) > 1e-6",
    "SELECT count(*) FROM SystemEnergyRecord s JOIN (SELECT frame_id, sum(total_e) t FROM EnergyRecord GROUP BY frame_id)
        USING (frame_id) WHERE abs(t - total_system_e) > 1e-6",
    "SELECT count(*) FROM AssetDynamicStateRecord b JOIN InertialStateRecord s ON s.id = b.kinematicState_id
        JOIN CoordinateRecord c ON c.id = s.position_id JOIN VelocityRecord v ON v.id = s.velocity_id
        JOIN QuaternionDRecord q ON q.id = s.orientation_id JOIN Vector4DRecord r ON r.id = s.quaternionRate_id
        WHERE abs(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z - 1) > 1e-6 OR c.x + c.y + c.z IS NULL
        OR v.x + v.y + v.z IS NULL OR r.w IS NULL",
    "SELECT count(*) FROM UnifiedContactConstraintRecord u JOIN Vector3DRecord n ON n.id = u.normal_id
        JOIN Vector3DRecord t ON t.id = u.tangent1_id JOIN Vector3DRecord w ON w.id = u.tangent2_id
        WHERE normal_lambda < 0 OR tangent1_lambda * tangent1_lambda + tangent2_lambda * tangent2_lambda
        > 1.03 * friction_coefficient * friction_coefficient * normal_lambda * normal_lambda + 1e-12
        OR abs(n.x * n.x + n.y * n.y + n.z * n.z - 1) > 1e-6 OR abs(t.x * t.x + t.y * t.y + t.z * t.z - 1) > 1e-6
        OR abs(w.x * w.x + w.y * w.y + w.z * w.z - 1) > 1e-6",
    "SELECT (SELECT count(*) FROM AccelerationRecord WHERE x + y + z IS NULL)
        + (SELECT count(*) FROM AngularAccelerationRecord WHERE pitch + roll + yaw IS NULL)
        + (SELECT count(*) FROM ContactPointRecord WHERE depth IS NULL)
        + (SELECT count(*) FROM CollisionResultRecord WHERE frame_id NOT IN (SELECT id FROM SimulationFrameRecord))",
];

/// Makes a recording of so many frames with eight bodies.
fn record(folder: &Path, frames: u64) {
    let frames = frames.to_string();
    let words = ["lab", "create", "sqlite:run.db", "--domain", "recordings", "--scenario", "grid", "--frames", &frames];
    assert!(mfm(folder).args(words).output().unwrap().status.success());
}

/// Asks every question, the first of them on a file that nobody looked at yet.
fn ask_all(folder: &Path, frames: u64, rounds: usize, table: &mut Table) {
    let connection = Connection::open(folder.join("run.db")).unwrap();
    let mut server = Server::start(folder);
    server.call("load_recording", &json!({"path": "run.db"}));
    let first = json!({"frame_id": frames / 2});
    let (_, took) = timed(|| server.call("get_frame", &first));
    let what = format!("the first answer on {frames} frames");
    table.at_most(&what, took.as_secs_f64() * 1e3, "ms", "after load_recording".to_owned(), Some(300.0));
    for question in questions(frames) {
        let Question { tool, arguments, sql } = &question;
        server.call(tool, arguments);
        let ours = (0..rounds).map(|_| timed(|| server.call(tool, arguments)).1.as_secs_f64() * 1e3).collect();
        let theirs = (0..rounds).map(|_| timed(|| typed(&connection, sql)).1.as_secs_f64() * 1e3).collect();
        let (ours, theirs): (Vec<f64>, Vec<f64>) = (ours, theirs);
        table.at_most(tool, median(ours), "ms", format!("SQL: {:.1} ms", median(theirs)), Some(100.0));
    }
    server.stop();
}

/// Checks a recording, in a process of its own.
#[expect(clippy::cast_precision_loss, reason = "kibibytes")]
fn check(folder: &Path, frames: u64, rounds: usize, table: &mut Table, most: Option<f64>) {
    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let connection = Connection::open(folder.join("run.db")).unwrap();
        let count = |sql: &&str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let (found, took) = timed(|| IDENTITIES.iter().map(count).sum::<i64>());
        assert_eq!(found, 0, "a clean recording");
        theirs.push(took.as_secs_f64());
        let ((output, kib), took) = timed(|| watched(mfm(folder).args(["check", "--json"])));
        let said: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["violations"], 0, "a clean recording");
        ours.push(took.as_secs_f64());
        peak = peak.max(kib);
    }
    let what = format!("all checks, {frames} frames of 8 bodies");
    let beside = format!("SQL: {:.2} s", median(theirs));
    table.at_most(&what, median(ours), "s", beside, most);
    table.at_most(&format!("peak memory, {what}"), peak as f64 / 1024.0, "MiB", String::new(), Some(64.0));
}

pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let frames = (plan.rows / 100).max(100);
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), frames);
    ask_all(folder.path(), frames, plan.rounds, table);
    check(folder.path(), frames, plan.rounds, table, Some(2.0));
    let longer = tempfile::tempdir().unwrap();
    record(longer.path(), 4 * frames);
    check(longer.path(), 4 * frames, 1, table, None);
}
