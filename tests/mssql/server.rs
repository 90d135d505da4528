//! The live server that `MFM_TEST_MSSQL_URL` names: databases made for a test and dropped after it, and plain
//! connections beside mfm's own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use testutils::ports::OnePassword;
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel, IntoSql, Query, Row};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};
use url::Url;

const URL: &str = "MFM_TEST_MSSQL_URL";
const PASSWORD: &str = "MFM_TEST_MSSQL_PASSWORD";

/// Databases made by this process so far.
static MADE: AtomicU64 = AtomicU64::new(0);

/// How long a database that is still in use is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the password that was set, as text.
pub(crate) fn password_text() -> String {
    setting(PASSWORD)
}

/// Returns the password that was set.
pub(crate) fn password() -> OnePassword {
    OnePassword(setting(PASSWORD))
}

fn setting(name: &str) -> String {
    std::env::var(name).ok().filter(|text| !text.is_empty()).unwrap_or_else(|| {
        panic!(
            "this test needs a SQL Server, and {name} is not set: {URL}=mssql://user@host:1433/master and {PASSWORD} \
             name one on which databases called mfm_test_* may be made and dropped"
        )
    })
}

/// Returns the server's URL with another database, and with settings beside those that were given.
fn url_of(database: &str) -> Url {
    let mut url: Url = setting(URL).parse().unwrap_or_else(|error| panic!("{URL} is no URL: {error}"));
    url.set_path(database);
    url
}

/// A database of one test. Dropped with it, whatever happens.
pub(crate) struct Database {
    pub(crate) name: String,
}

impl Database {
    /// A name that is free, for a lab that makes its own database.
    pub(crate) fn named() -> Self {
        let nth = MADE.fetch_add(1, Ordering::Relaxed);
        let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        Self { name: format!("mfm_test_{}_{nth}_{since}", std::process::id()) }
    }

    /// An empty database.
    pub(crate) fn new() -> Self {
        let made = Self::named();
        let mut master = Session::open("master", "mfm tests");
        // Not every server can make two at the same time.
        let text = format!("CREATE DATABASE {}", made.name);
        let again = |_: &u32| master.attempt(&text).is_err();
        if (0..20).take_while(again).inspect(|_| std::thread::sleep(Duration::from_millis(200))).count() == 20 {
            master.run(&text);
        }
        made.see_versions(&mut master);
        made
    }

    /// Lets readers see one state while somebody writes, as test copies should. Not every server has to be asked.
    pub(crate) fn see_versions(&self, master: &mut Session) {
        for setting in ["ALLOW_SNAPSHOT_ISOLATION ON", "READ_COMMITTED_SNAPSHOT ON"] {
            let _ = master.attempt(&format!("ALTER DATABASE {} SET {setting}", self.name));
        }
    }

    /// Returns the URL for mfm.
    pub(crate) fn url(&self) -> String {
        url_of(&self.name).to_string()
    }

    /// Connects as another program.
    pub(crate) fn connect(&self) -> Session {
        self.connect_as("mfm tests")
    }

    /// Connects as a program of this name.
    pub(crate) fn connect_as(&self, program: &str) -> Session {
        Session::open(&self.name, program)
    }

    /// Waits until the server has noticed that every connection of mfm's but so many is gone, and rolled back what was
    /// open there.
    pub(crate) fn settled(&self, beside: &mut Session, but: i64) {
        let question = format!(
            "SELECT CONVERT(bigint, COUNT(*)) FROM sys.dm_exec_sessions WHERE database_id = DB_ID(N'{}') \
             AND program_name = N'mfm'",
            self.name
        );
        let until = Instant::now() + PATIENCE;
        while beside.number(&question) > but {
            assert!(Instant::now() < until, "the server still has sessions of mfm's");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Database {
    #[expect(clippy::print_stderr, reason = "what stays on a server has to be said")]
    fn drop(&mut self) {
        let name = &self.name;
        let until = Instant::now() + PATIENCE;
        let mut why = String::new();
        while Instant::now() < until {
            let dropped = Session::attempt_open("master", "mfm tests").and_then(|mut master| {
                // Sessions that are still there would keep the database.
                let _ = master.attempt(&format!(
                    "IF DB_ID(N'{name}') IS NOT NULL ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"
                ));
                master.attempt(&format!("IF DB_ID(N'{name}') IS NOT NULL DROP DATABASE {name}"))
            });
            match dropped {
                Ok(()) => return,
                Err(error) => why = error.to_string(),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        eprintln!("the database {name} stays on the server: {why}");
    }
}

/// A plain connection.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client<Compat<TcpStream>>,
}

/// A parameter.
struct Parameter(ColumnData<'static>);

impl IntoSql<'static> for Parameter {
    fn into_sql(self) -> ColumnData<'static> {
        self.0
    }
}

fn config(database: &str, program: &str) -> Config {
    let url = url_of(database);
    let given = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert!(given("instance").is_none(), "{URL}: name the instance's port instead");
    let mut config = Config::new();
    config.host(url.host_str().unwrap_or_else(|| panic!("{URL} names no host")));
    config.port(url.port().unwrap_or(1433));
    config.database(database);
    config.application_name(program);
    config.authentication(AuthMethod::sql_server(url.username(), setting(PASSWORD)));
    match given("encrypt").as_deref() {
        Some("strict") => config.encryption(EncryptionLevel::Strict),
        Some("off" | "false") => config.encryption(EncryptionLevel::NotSupported),
        Some("login") => config.encryption(EncryptionLevel::Off),
        _ => config.encryption(EncryptionLevel::Required),
    }
    if let Some(path) = given("ca_file") {
        config.trust_cert_ca_bundle(std::fs::read(path).unwrap());
    } else if given("trust_server_certificate").is_some() {
        config.trust_cert();
    }
    config
}

impl Session {
    fn open(database: &str, program: &str) -> Self {
        Self::attempt_open(database, program).unwrap_or_else(|error| panic!("no connection to {database}: {error}"))
    }

    fn attempt_open(database: &str, program: &str) -> Result<Self, tiberius::error::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
        let config = config(database, program);
        let client = runtime.block_on(async {
            let stream = TcpStream::connect(config.get_addr()).await?;
            stream.set_nodelay(true)?;
            Client::connect(config, stream.compat_write()).await
        })?;
        Ok(Self { runtime, client })
    }

    /// Runs a batch, and says what the server said against it.
    pub(crate) fn attempt(&mut self, text: &str) -> Result<(), tiberius::error::Error> {
        let Self { runtime, client } = self;
        runtime.block_on(async { client.simple_query(text).await?.into_results().await.map(drop) })
    }

    /// Runs a batch.
    pub(crate) fn run(&mut self, text: &str) {
        self.attempt(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// Runs a statement with parameters, and returns how many rows it touched.
    pub(crate) fn execute(&mut self, text: &str, parameters: Vec<ColumnData<'static>>) -> u64 {
        let Self { runtime, client } = self;
        let mut query = Query::new(text.to_owned());
        parameters.into_iter().for_each(|one| query.bind(Parameter(one)));
        let done = runtime.block_on(async { query.execute(client).await });
        done.unwrap_or_else(|error| panic!("{text}: {error}")).total()
    }

    /// Asks several things at once, and returns the rows of each answer.
    pub(crate) fn answers(&mut self, text: &str) -> Vec<Vec<Vec<ColumnData<'static>>>> {
        let Self { runtime, client } = self;
        let asked = runtime.block_on(async { client.simple_query(text).await?.into_results().await });
        let answers = asked.unwrap_or_else(|error| panic!("{text}: {error}"));
        let cells = |row: Row| row.into_iter().collect();
        answers.into_iter().map(|rows| rows.into_iter().map(cells).collect()).collect()
    }

    /// Asks, and returns the rows.
    pub(crate) fn rows(&mut self, text: &str) -> Vec<Vec<ColumnData<'static>>> {
        self.answers(text).into_iter().flatten().collect()
    }

    /// Asks for one whole number.
    pub(crate) fn number(&mut self, text: &str) -> i64 {
        match self.rows(text).first().and_then(|row| row.first()) {
            Some(ColumnData::I64(Some(number))) => *number,
            Some(ColumnData::I32(Some(number))) => i64::from(*number),
            other => panic!("{text}: {other:?}"),
        }
    }

    /// Asks for whole numbers.
    pub(crate) fn numbers(&mut self, text: &str) -> Vec<i64> {
        let number = |row: &Vec<ColumnData<'static>>| match row.first() {
            Some(ColumnData::I64(Some(number))) => *number,
            Some(ColumnData::I32(Some(number))) => i64::from(*number),
            other => panic!("{text}: {other:?}"),
        };
        self.rows(text).iter().map(number).collect()
    }
}
