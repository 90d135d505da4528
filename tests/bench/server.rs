//! One operation on more than a hundred thousand control points of a SQL Server lab, beside the same T-SQL written by
//! hand; runs only where `MFM_TEST_MSSQL_URL` names a server, in a database that it makes and drops.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm::model::ports::{ConfirmAnswer, Entropy};
use mfm::ops::context::ChosenTarget;
use mfm::ops::{Context, lab, plan};
use mfm_journal::{Face, Journal, LockHolder};
use serde_json::json;
use testutils::ports::{OnePassword, SameAnswer, SilentReporter, StandingClock};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::Plan;
use super::table::{Table, median};
use super::yardstick::timed;

/// So many patients have more than a hundred thousand control points.
const PATIENTS: u32 = 760;
/// The database, made for the run.
const DATABASE: &str = "mfm_test_bench";

/// One nonce for all.
struct Fixed;

impl Entropy for Fixed {
    fn bytes(&self) -> [u8; 16] {
        *b"0123456789abcdef"
    }
}

fn password() -> String {
    variable("MFM_TEST_MSSQL_PASSWORD").unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told by its surroundings where the server is")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The server's URL with another database.
fn url_of(server: &url::Url, database: &str) -> url::Url {
    let mut url = server.clone();
    url.set_path(database);
    url
}

/// A connection of somebody who writes T-SQL by hand.
struct Hand {
    runtime: tokio::runtime::Runtime,
    client: Client<Compat<TcpStream>>,
}

impl Hand {
    fn new(server: &url::Url, database: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (host, port) = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(1433));
        let mut config = Config::new();
        config.host(&host);
        config.port(port);
        config.database(database);
        config.authentication(AuthMethod::sql_server(server.username(), password()));
        config.command_timeout(None);
        let setting =
            |name: &str| server.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        match (setting("ca_file"), setting("encrypt").as_deref()) {
            (_, Some("off")) => config.encryption(EncryptionLevel::NotSupported),
            (Some(path), _) => config.trust_cert_ca(path),
            (None, _) => config.trust_cert(),
        }
        let client = runtime.block_on(async {
            let stream = TcpStream::connect((host.as_str(), port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            Client::connect(config, stream.compat_write()).await.unwrap()
        });
        Self { runtime, client }
    }

    fn run(&mut self, text: &str) {
        let Self { runtime, client } = self;
        runtime.block_on(async {
            let stream = client.simple_query(text).await.unwrap();
            let _: Vec<_> = stream.try_collect().await.unwrap();
        });
    }
}

/// Changes every control point's gantry angle and keeps whole rows, compares under locks what is there afterwards with
/// what was kept, and looks again after the commit: what mfm's operation does, its journal within the database.
const WITH_CARE: &str = "BEGIN TRANSACTION; \
    SELECT t.* INTO dbo.kept_rows FROM TxFieldPoint AS t WITH (UPDLOCK, HOLDLOCK) WHERE t.Gantry_Ang IS NOT NULL; \
    UPDATE t SET Gantry_Ang = 400.0 FROM TxFieldPoint AS t JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID; \
    SELECT COUNT_BIG(*) FROM TxFieldPoint AS t JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID WHERE t.Gantry_Ang = 400.0 \
        AND NOT EXISTS (SELECT {t} EXCEPT SELECT {k}); \
    COMMIT TRANSACTION; \
    SELECT COUNT_BIG(*) FROM TxFieldPoint AS t JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID WHERE t.Gantry_Ang = 400.0 \
        AND NOT EXISTS (SELECT {t} EXCEPT SELECT {k})";
/// Puts the kept rows back with the same care.
const BACK_WITH_CARE: &str = "BEGIN TRANSACTION; \
    SELECT t.* INTO dbo.broken_rows FROM TxFieldPoint AS t WITH (UPDLOCK, HOLDLOCK) \
        JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID; \
    UPDATE t SET Gantry_Ang = k.Gantry_Ang FROM TxFieldPoint AS t JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID; \
    SELECT COUNT_BIG(*) FROM TxFieldPoint AS t JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID \
        WHERE t.Gantry_Ang = k.Gantry_Ang AND NOT EXISTS (SELECT {t} EXCEPT SELECT {k}); \
    COMMIT TRANSACTION; \
    SELECT COUNT_BIG(*) FROM TxFieldPoint AS t JOIN dbo.kept_rows AS k ON k.TFP_ID = t.TFP_ID \
        WHERE t.Gantry_Ang = k.Gantry_Ang AND NOT EXISTS (SELECT {t} EXCEPT SELECT {k})";

/// Fills a text's lists of columns: all that mfm compares but the one that changes.
fn with_columns(text: &str) -> String {
    let def = mfm::domains::mosaiq::schema::lab_tables().into_iter().find(|def| def.name == "TxFieldPoint").unwrap();
    let names =
        def.columns.iter().map(|(name, ..)| name).filter(|name| !["Gantry_Ang", "RowVers"].contains(&name.as_str()));
    let list = |alias: &str| names.clone().map(|name| format!("{alias}.[{name}]")).collect::<Vec<_>>().join(", ");
    text.replace("{t}", &list("t")).replace("{k}", &list("k"))
}

/// Changes every control point's gantry angle and keeps what was there, in one durable transaction.
const BY_HAND: &str = "BEGIN TRANSACTION; \
    SELECT TFP_ID, Gantry_Ang INTO #kept FROM TxFieldPoint WHERE Gantry_Ang IS NOT NULL; \
    UPDATE TxFieldPoint SET Gantry_Ang = 400.0 WHERE Gantry_Ang IS NOT NULL; COMMIT TRANSACTION";
/// Puts it back.
const BACK_BY_HAND: &str = "BEGIN TRANSACTION; \
    UPDATE t SET Gantry_Ang = k.Gantry_Ang FROM TxFieldPoint AS t JOIN #kept AS k ON k.TFP_ID = t.TFP_ID; \
    COMMIT TRANSACTION";
/// Keeps nothing.
const BARE: &str = "UPDATE TxFieldPoint SET Gantry_Ang = 400.0 WHERE Gantry_Ang IS NOT NULL";

#[derive(Default)]
struct Times {
    bare: Vec<f64>,
    hand: Vec<f64>,
    hand_back: Vec<f64>,
    care: Vec<f64>,
    care_back: Vec<f64>,
    plan: Vec<f64>,
    apply: Vec<f64>,
    judge: Vec<f64>,
    revert: Vec<f64>,
}

/// Applies and reverts once, and returns how many rows that were and how long each part took.
fn by_mfm(context: &Context<'_>, chosen: &ChosenTarget) -> (u64, [Duration; 4]) {
    let request = plan::Request {
        tool: "create_invalid_angles".to_owned(),
        parameters: serde_json::Map::new(),
        options: plan::Options {
            variant: Some("gantry".into()),
            all: true,
            max_rows: Some(1_000_000),
            seed: Some(1),
            ..plan::Options::default()
        },
        output: None,
    };
    let mut journal = Journal::open(&context.journal).unwrap();
    let mut target = context.open_target(&chosen.url).unwrap();
    let (made, planned) = timed(|| {
        let settled = plan::resolve_request(context, &request).unwrap();
        plan::build_plan(context, &mut journal, target.as_mut(), chosen, &settled).unwrap()
    });
    let mut engine = context.engine(&mut journal, target.as_mut(), &chosen.name);
    let (done, applied) = timed(|| engine.commit(&made.proposal, &made.prepared).unwrap());
    assert!(done.drift.is_empty());
    let options = RevertOptions::default();
    let (judged, judge) = timed(|| {
        let mut judged = engine.judge_reverts(&RevertSelection::Last, options).unwrap();
        engine.prepare_alone(&mut judged, options).unwrap();
        judged
    });
    let (back, reverted) = timed(|| engine.revert(&judged.planned[0], options).unwrap());
    assert!(back.rows == done.rows, "{back:?}");
    (done.rows, [planned, applied, judge, reverted])
}

pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let Some(server) = variable("MFM_TEST_MSSQL_URL") else {
        println!("server: left out, because MFM_TEST_MSSQL_URL names none");
        return;
    };
    let server = url::Url::parse(&server).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let context = Context {
        journal: folder.path().join("journal.db"),
        target: None,
        actor: "bench".into(),
        face: Face::Library,
        holder: LockHolder { pid: std::process::id(), host: "bench".into(), command: "bench".into() },
        wait_ms: 1000,
        clock: &StandingClock,
        entropy: &Fixed,
        reporter: &SilentReporter,
        confirm: &SameAnswer(ConfirmAnswer::Yes),
        secrets: &OnePassword(password()),
    };
    let url = url_of(&server, DATABASE).to_string();
    let request = lab::create::Request { url, patients: Some(PATIENTS), ..lab::create::Request::default() };
    let (made, filled) = timed(|| lab::create::run(&context, &request).unwrap().made);
    let chosen = ChosenTarget { name: made.target.clone(), url: made.url.clone() };
    let mut times = Times::default();
    let mut rows = 0;
    for _ in 0..plan.rounds {
        rows = round(&server, &context, &chosen, &mut times);
    }
    Hand::new(&server, "master").run(&format!("DROP DATABASE {DATABASE}"));
    report(table, rows, times, (made.rows, filled));
}

fn round(server: &url::Url, context: &Context<'_>, chosen: &ChosenTarget, times: &mut Times) -> u64 {
    let mut keep = |into: fn(&mut Times) -> &mut Vec<f64>, took: Duration| into(times).push(took.as_secs_f64());
    let mut hand = Hand::new(server, DATABASE);
    hand.run("SELECT COUNT_BIG(*) FROM TxFieldPoint WHERE Gantry_Ang < 0");
    keep(|times| &mut times.hand, timed(|| hand.run(BY_HAND)).1);
    keep(|times| &mut times.hand_back, timed(|| hand.run(BACK_BY_HAND)).1);
    keep(|times| &mut times.bare, timed(|| hand.run(BARE)).1);
    hand.run(BACK_BY_HAND);
    keep(|times| &mut times.care, timed(|| hand.run(&with_columns(WITH_CARE))).1);
    keep(|times| &mut times.care_back, timed(|| hand.run(&with_columns(BACK_WITH_CARE))).1);
    hand.run("DROP TABLE dbo.kept_rows; DROP TABLE dbo.broken_rows");
    drop(hand);
    let (rows, [planned, applied, judge, reverted]) = by_mfm(context, chosen);
    keep(|times| &mut times.plan, planned);
    keep(|times| &mut times.apply, applied);
    keep(|times| &mut times.judge, judge);
    keep(|times| &mut times.revert, reverted);
    rows
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn report(table: &mut Table, rows: u64, times: Times, (lab_rows, filled): (u64, Duration)) {
    let Times { bare, hand, hand_back, care, care_back, plan, apply, judge, revert } = times;
    let [bare, hand, hand_back, care, care_back] = [bare, hand, hand_back, care, care_back].map(median);
    let [plan, apply, judge, revert] = [plan, apply, judge, revert].map(median);
    let shown = |seconds: f64| format!("{:.0} ms, {:.0} k rows/s", seconds * 1e3, rows as f64 / seconds / 1e3);
    let mut ratio = |what: &str, ours: f64, name: &str, theirs: f64, least: Option<f64>| {
        let what = format!("SQL Server: {what}, {rows} control points");
        table.ratio(&what, shown(ours), format!("{name}: {}", shown(theirs)), theirs / ours, least);
    };
    ratio("apply, plan to seal", apply, "by hand with the same care", care, Some(0.33));
    ratio("apply, plan to seal", apply, "keep and UPDATE, by hand", hand, Some(0.33));
    ratio("apply, plan to seal", apply, "bare UPDATE", bare, None);
    ratio("revert, plan to seal", revert, "by hand with the same care", care_back, Some(0.33));
    ratio("revert, plan to seal", revert, "UPDATE back, by hand", hand_back, Some(0.33));
    ratio("plan an apply", plan, "keep and UPDATE, by hand", hand, None);
    ratio("judge a revert", judge, "UPDATE back, by hand", hand_back, None);
    let speed = lab_rows as f64 / filled.as_secs_f64();
    table.at_most("SQL Server: lab create", speed, "rows/s", json!(lab_rows).to_string() + " rows", None);
}
