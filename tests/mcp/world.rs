//! A lab, a server on it, and a client of either era with a person who says yes, no, or cannot be asked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mfm::mcp::{Host, LineTransport, Server, ServerOptions};
use mfm::model::ports::{Entropy, NoSecrets};
use mfm_journal::{Digest, LockHolder};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    Implementation, ProgressNotificationParam, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt as _, NotificationContext, RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt as _};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use testutils::piped::Piped;
use testutils::ports::TickingClock;
use testutils::program::{build_command, expect_success, parse_stdout};

/// An era of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// With `initialize`.
    Session,
    /// Without.
    Stateless,
}

pub(crate) const ERAS: [Era; 2] = [Era::Session, Era::Stateless];

/// A person behind a client.
#[derive(Clone, Default)]
pub(crate) struct Person {
    /// What they say; `None` where they cannot be asked.
    pub(crate) says: Option<bool>,
    /// What they were asked.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    /// Progress they were shown: the number, and the words.
    pub(crate) progress: Arc<Mutex<Vec<(f64, String)>>>,
    /// The client's name.
    pub(crate) name: &'static str,
}

impl Person {
    pub(crate) fn who(says: Option<bool>) -> Self {
        Self { says, name: "tester", ..Self::default() }
    }
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut can = ClientCapabilities::default();
        if self.says.is_some() {
            can = serde_json::from_value(json!({"elicitation": {"form": {}}})).unwrap();
        }
        ClientConfig::new(can, Implementation::new(self.name, "1.0"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else { panic!("no form") };
        self.asked.lock().unwrap().push(message);
        Ok(match self.says {
            Some(true) => ElicitResult::new(ElicitationAction::Accept).with_content(json!({"confirm": true})),
            _ => ElicitResult::new(ElicitationAction::Decline),
        })
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.lock().unwrap().push((params.progress, params.message.unwrap_or_default()));
    }
}

pub(crate) type Connected = RunningService<RoleClient, Person>;

/// What a tool answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) is_error: bool,
    pub(crate) json: Json,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn ok(self) -> Json {
        assert!(!self.is_error, "{}", self.json);
        self.json
    }

    pub(crate) fn code(self) -> String {
        assert!(self.is_error, "{}", self.json);
        self.json["code"].as_str().unwrap().to_owned()
    }
}

struct TestEntropy(AtomicU64, u64);

impl Entropy for TestEntropy {
    fn bytes(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let digest = Digest::sha256(format!("{} {number}", self.1).as_bytes());
        digest.as_bytes()[..16].try_into().unwrap()
    }
}

/// A folder with a lab.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) clock: TickingClock,
    pub(crate) servers: AtomicU64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(8)
    }

    /// A lab of so many patients.
    pub(crate) fn of(patients: u32) -> Self {
        let clock = TickingClock::by_milliseconds(1_700_000_000_000_000);
        let world = Self { dir: TempDir::new().unwrap(), clock, servers: AtomicU64::new(0) };
        let made = world.mfm(&["lab", "create", "sqlite:lab.db", "--patients", &patients.to_string()]);
        expect_success(&made);
        world
    }

    /// A lab that was made elsewhere, and marked here as a copy of somebody's data.
    pub(crate) fn somebodys() -> Self {
        let clock = TickingClock::by_milliseconds(1_700_000_000_000_000);
        let world = Self { dir: TempDir::new().unwrap(), clock, servers: AtomicU64::new(0) };
        let made = world.command(&["lab", "create", "sqlite:lab.db", "--patients", "8"]);
        let made = { made }.env("MFM_JOURNAL", "elsewhere.db").output().unwrap();
        expect_success(&made);
        let lab = rusqlite::Connection::open(world.path().join("lab.db")).unwrap();
        lab.execute_batch("DROP TABLE mfm_marker; DROP TABLE mfm_operation;").unwrap();
        drop(lab);
        let marked = world.mfm(&["target", "mark", "sqlite:lab.db", "--confirm", "lab.db", "--baseline"]);
        expect_success(&marked);
        world
    }

    /// Returns chance of its own.
    pub(crate) fn entropy(&self) -> impl Entropy {
        TestEntropy(AtomicU64::new(0), self.servers.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("journal.db")
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = build_command(env!("CARGO_BIN_EXE_mfm"), self.path(), words);
        command.env("MFM_ACTOR", "operator");
        command
    }

    pub(crate) fn mfm(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn fed(&self, words: &[&str], text: &str) -> Output {
        use std::io::Write as _;
        let mut command = self.command(words);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub(crate) fn json(&self, words: &[&str]) -> Json {
        let output = self.mfm(&[words, &["--json"]].concat());
        parse_stdout(&output)
    }

    /// Makes a marked copy of the lab as it is now, called `copy`.
    pub(crate) fn copy(&self) {
        std::fs::copy(self.path().join("lab.db"), self.path().join("copy.db")).unwrap();
        let marked = self.mfm(&["target", "mark", "sqlite:copy.db", "--confirm", "copy.db"]);
        expect_success(&marked);
    }

    /// Starts the server as a client does.
    pub(crate) fn piped(&self, words: &[&str]) -> Piped {
        Piped::start(self.command(&[&["mcp"], words].concat()))
    }

    /// Starts the server, and greets it under a name.
    pub(crate) fn greeted(&self, name: &str, words: &[&str]) -> Piped {
        Piped::greeted(self.command(&[&["mcp"], words].concat()), name)
    }

    /// Demands that nothing is open, and that journal and lab agree in every row and table.
    pub(crate) fn sound(&self) {
        assert_eq!(self.json(&["status"])["open"], json!([]));
        let audit = self.mfm(&["audit", "verify", "--depth", "live", "--full"]);
        assert_eq!(audit.status.code(), Some(0), "{}", String::from_utf8_lossy(&audit.stdout));
    }

    /// Returns the bytes of the lab, to be compared.
    pub(crate) fn lab(&self) -> Digest {
        Digest::sha256(&std::fs::read(self.path().join("lab.db")).unwrap())
    }

    pub(crate) fn options() -> ServerOptions {
        ServerOptions {
            cooldown_ms: Some(0),
            writes_per_hour: Some(10_000),
            calls_per_hour: Some(1_000_000),
            ..ServerOptions::default()
        }
    }

    pub(crate) fn server(&self, options: &ServerOptions) -> Server {
        let number = self.servers.fetch_add(1, Ordering::SeqCst);
        let host = Host {
            journal: self.journal(),
            target: None,
            operator: "operator".into(),
            holder: LockHolder { pid: 1, host: "here".into(), command: "mfm mcp".into() },
            wait_ms: 1_000,
            clock: Box::new(self.clock.clone()),
            entropy: Box::new(TestEntropy(AtomicU64::new(0), number)),
            secrets: Box::new(NoSecrets),
        };
        Server::new(host, options).unwrap()
    }

    pub(crate) async fn client(&self, options: &ServerOptions, era: Era, person: Person) -> Connected {
        let (here, there) = tokio::io::duplex(256 * 1024);
        let server = self.server(options);
        tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(there);
            if let Ok(running) = server.serve(LineTransport::new(reader, writer)).await {
                let _ = running.waiting().await;
            }
        });
        let mode = match era {
            Era::Session => ClientLifecycleMode::Initialize,
            Era::Stateless => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
        };
        person.serve_with_lifecycle(here, mode).await.unwrap()
    }
}

/// Calls a tool.
pub(crate) async fn call(client: &Connected, tool: &str, arguments: Json) -> Answered {
    let Json::Object(arguments) = arguments else { panic!("arguments are an object") };
    let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
    let result = client.call_tool(params).await.unwrap();
    let whole = serde_json::to_value(&result).unwrap();
    Answered {
        is_error: result.is_error.unwrap_or_default(),
        json: result.structured_content.unwrap_or_default(),
        text: whole["content"][0]["text"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Returns the tool and the arguments that commit a listed mode's fault on one record of the lab.
pub(crate) fn fault_of(mode: &Json, variant: &str) -> (String, Json) {
    let mut fault = json!({"target": "lab", "variant": variant, "sample": 1, "seed": 1});
    if mode["group"] == "plausible" {
        fault["mode"] = mode["id"].clone();
    }
    (mode["call"].as_str().unwrap().to_owned(), fault)
}

/// Runs something in a runtime.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Returns the id of a field that can show impossible angles.
pub(crate) async fn field(client: &Connected) -> i64 {
    let wanted = json!({"kind": "field", "eligible": "create_invalid_angles", "variant": "gantry", "limit": 1});
    call(client, "find", wanted).await.ok()["records"][0]["fld_id"].as_i64().unwrap()
}
