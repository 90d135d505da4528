//! The live server that the environment names, databases made and dropped there, and somebody else's plain connection.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use mfm::model::ports::{Account, Secrets};
use mfm::targets::mssql::MssqlTarget;
use mfm::targets::{DomainKeys, Marker, Target, TargetError};
use testutils::target::{AT_US, WAIT_MS};
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};
use url::Url;

/// What every database of these tests begins with; no other is made or dropped.
const PREFIX: &str = "mfm_test_";

/// A row as the driver gives it.
pub(crate) type Cells = Vec<ColumnData<'static>>;

/// Returns the URL of a database on the server, for the login that may do everything.
pub(crate) fn url_of(database: &str) -> Url {
    let mut url = Url::parse(&std::env::var("MFM_TEST_MSSQL_URL").expect("MFM_TEST_MSSQL_URL")).unwrap();
    url.set_path(database);
    url
}

/// Returns the password of that login.
pub(crate) fn password() -> String {
    std::env::var("MFM_TEST_MSSQL_PASSWORD").expect("MFM_TEST_MSSQL_PASSWORD")
}

/// Returns a name that no other run uses.
pub(crate) fn fresh(what: &str) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    format!("{PREFIX}{what}_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// The passwords of logins.
#[derive(Default)]
pub(crate) struct Passwords(pub(crate) BTreeMap<String, String>);

impl Secrets for Passwords {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        Ok(self.0.get(login.user).cloned().unwrap_or_else(password))
    }

    fn permit_login(&self, _: &str) -> Result<(), mfm::model::Refusal> {
        Ok(())
    }
}

/// Another program's connection, by the bare driver.
pub(crate) struct Somebody {
    runtime: Runtime,
    client: Client<Compat<TcpStream>>,
}

impl Somebody {
    /// Connects as a program of that name.
    pub(crate) fn called(program: &str, url: &Url, password: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut config = Config::new();
        config.host(url.host_str().unwrap());
        config.port(url.port().unwrap_or(1433));
        config.database(decoded(url.path().trim_start_matches('/')));
        config.application_name(program);
        config.encryption(EncryptionLevel::Required);
        config.authentication(AuthMethod::sql_server(url.username(), password));
        let setting =
            |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        match setting("ca_file") {
            Some(path) => config.trust_cert_ca_bundle(std::fs::read(path).unwrap()),
            None => config.trust_cert(),
        }
        let address = config.get_addr();
        let client = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.unwrap();
            Client::connect(config, stream.compat_write()).await.unwrap()
        });
        Self { runtime, client }
    }

    /// Connects as the login that may do everything.
    pub(crate) fn new(database: &str) -> Self {
        Self::called("sqlcmd", &url_of(database), &password())
    }

    /// Runs batches, divided by lines that say GO.
    pub(crate) fn tries(&mut self, text: &str) -> Result<(), String> {
        for batch in text.split("\nGO\n") {
            let Self { runtime, client } = self;
            let done = runtime.block_on(async { client.simple_query(batch).await?.into_results().await });
            done.map_err(|error| format!("{error}: {batch}"))?;
        }
        Ok(())
    }

    pub(crate) fn sql(&mut self, text: &str) {
        self.tries(text).unwrap();
    }

    pub(crate) fn rows(&mut self, text: &str) -> Vec<Cells> {
        let Self { runtime, client } = self;
        let rows = runtime.block_on(async { client.simple_query(text).await?.into_first_result().await });
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {text}"));
        rows.into_iter().map(|row| row.into_iter().collect()).collect()
    }

    /// Returns the first column as text.
    pub(crate) fn words(&mut self, text: &str) -> Vec<String> {
        self.rows(text).into_iter().map(|row| word(&row[0])).collect()
    }

    /// Everything in the database but mfm's own tables and rowversions, cell by cell as the driver gives it.
    pub(crate) fn dump(&mut self) -> String {
        let mut tables: BTreeMap<(String, String), Vec<(String, String)>> = BTreeMap::new();
        for row in self.rows(COLUMNS) {
            let [schema, table, column, kind] = [0, 1, 2, 3].map(|at| word(&row[at]));
            tables.entry((schema, table)).or_default().push((column, kind));
        }
        let mut out = String::new();
        for ((schema, table), columns) in tables {
            let cells: Vec<String> = columns.iter().map(|(name, kind)| read(name, kind)).collect();
            let mut lines: Vec<String> = self
                .rows(&format!("SELECT {} FROM {}.{}", cells.join(", "), quoted(&schema), quoted(&table)))
                .iter()
                .map(|row| format!("{row:?}"))
                .collect();
            lines.sort();
            out.push_str(&format!("== {schema}.{table}\n{}\n", lines.join("\n")));
        }
        out
    }
}

const COLUMNS: &str = "SELECT s.name, t.name, c.name, y.name FROM sys.tables AS t \
     JOIN sys.schemas AS s ON s.schema_id = t.schema_id JOIN sys.columns AS c ON c.object_id = t.object_id \
     JOIN sys.types AS y ON y.user_type_id = c.user_type_id \
     WHERE t.name NOT LIKE 'mfm[_]%' AND y.name <> 'timestamp' ORDER BY s.name, t.name, c.name";

/// What reads a column without the driver's own roundings.
fn read(name: &str, kind: &str) -> String {
    let name = quoted(name);
    match kind {
        "money" | "smallmoney" => format!("CONVERT(decimal(19,4), {name})"),
        "char" | "varchar" | "text" => format!("CONVERT(varbinary(max), CONVERT(varchar(max), {name}))"),
        "xml" | "ntext" | "sql_variant" => format!("CONVERT(nvarchar(max), {name})"),
        _ => name,
    }
}

fn decoded(path: &str) -> String {
    let query = format!("_={}", path.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Returns a name as SQL writes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

fn word(cell: &ColumnData<'static>) -> String {
    match cell {
        ColumnData::String(Some(text)) => text.to_string(),
        ColumnData::Bit(Some(flag)) => u8::from(*flag).to_string(),
        ColumnData::U8(Some(number)) => number.to_string(),
        ColumnData::I16(Some(number)) => number.to_string(),
        ColumnData::I32(Some(number)) => number.to_string(),
        ColumnData::I64(Some(number)) => number.to_string(),
        ColumnData::String(None) | ColumnData::I32(None) | ColumnData::I64(None) | ColumnData::U8(None) => {
            "NULL".into()
        }
        other => format!("{other:?}"),
    }
}

/// A database of a test's own, dropped with it.
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) keys: DomainKeys,
}

impl Database {
    /// An empty one, without marker.
    pub(crate) fn bare() -> Self {
        Self::named(&fresh("db"))
    }

    /// None yet: somebody else is going to make it.
    pub(crate) fn unmade() -> Self {
        // Without a server nothing is to be dropped: the test has to end before there is such a value.
        drop(Somebody::new("master"));
        Self { name: fresh("db"), keys: DomainKeys::new() }
    }

    /// An empty one of that name.
    pub(crate) fn named(name: &str) -> Self {
        Somebody::new("master").sql(&format!("CREATE DATABASE {}", quoted(name)));
        Self { name: name.to_owned(), keys: DomainKeys::new() }
    }

    /// One made by some SQL, and marked.
    pub(crate) fn new(sql: &str) -> Self {
        let database = Self::bare();
        database.sql(sql);
        database.mark();
        database
    }

    pub(crate) fn keyed(mut self, table: &str, columns: &[&str]) -> Self {
        self.keys.insert(table.into(), columns.iter().map(|column| (*column).into()).collect());
        self
    }

    pub(crate) fn url(&self) -> String {
        url_of(&self.name).into()
    }

    pub(crate) fn target(&self) -> MssqlTarget {
        self.opened(&self.url(), &Passwords::default()).unwrap()
    }

    pub(crate) fn opened(&self, url: &str, secrets: &dyn Secrets) -> Result<MssqlTarget, TargetError> {
        MssqlTarget::open(url, self.keys.clone(), secrets)
    }

    pub(crate) fn mark(&self) -> Marker {
        let mut target = self.target();
        let bound = target.read_binding().unwrap();
        let marker = Marker { marker_id: "00".repeat(16), bound, at_us: AT_US, actor: "tester".into() };
        target.open_writer(WAIT_MS).unwrap().mark(&marker).unwrap();
        marker
    }

    pub(crate) fn somebody(&self) -> Somebody {
        Somebody::new(&self.name)
    }

    /// What somebody else does.
    pub(crate) fn sql(&self, text: &str) {
        self.somebody().sql(text);
    }

    /// One column, as somebody else reads it.
    pub(crate) fn words(&self, text: &str) -> Vec<String> {
        self.somebody().words(text)
    }

    pub(crate) fn dump(&self) -> String {
        self.somebody().dump()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut master = Somebody::new("master");
        let name = quoted(&self.name);
        if master
            .words(&format!("SELECT name FROM sys.databases WHERE name = N'{}'", self.name.replace('\'', "''")))
            .is_empty()
        {
            return;
        }
        // A server that cannot do this drops the database all the same, once its sessions are gone.
        let _ = master.tries(&format!("ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"));
        for attempt in 0.. {
            match master.tries(&format!("DROP DATABASE {name}")) {
                Ok(()) => break,
                Err(_) if attempt < 20 => std::thread::sleep(std::time::Duration::from_millis(100)),
                Err(error) => {
                    if !std::thread::panicking() {
                        panic!("{error}");
                    }
                    break;
                }
            }
        }
    }
}
