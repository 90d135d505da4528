//! One connection to SQL Server: connects, sends a statement, hands out rows; knows no table and no operation.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use tiberius::{
    AuthMethod, Client, ColumnData, Config, EncryptionLevel, IntoSql, Query, QueryItem, SqlBrowser as _, TokenRow,
};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::fault::WireFault;
use super::sql::session;
use super::url::{Encryption, MssqlLogin, MssqlUrl};
use crate::file::{self, FileError};

/// How long a packet may be.
const PACKET_BYTES: u32 = 16_000;
/// What sessions are called on the server, so that its administrator sees who is there.
const APPLICATION: &str = "mfm";

/// A connection, and the runtime that moves its bytes.
pub(super) struct Wire {
    runtime: Runtime,
    client: Client<Compat<TcpStream>>,
    stages: u64,
}

/// A row as the driver gives it.
pub(super) type WireRow = Vec<ColumnData<'static>>;

/// A bound parameter.
struct BoundParameter(ColumnData<'static>);

impl IntoSql<'static> for BoundParameter {
    fn into_sql(self) -> ColumnData<'static> {
        self.0
    }
}

impl Wire {
    /// Connects and logs in; `password` is the login's.
    pub(super) fn connect(url: &MssqlUrl, user: Option<&str>, password: Option<&str>) -> Result<Self, WireFault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| WireFault::Network(error.to_string()))?;
        let config = build_config(url, user, password)?;
        let limit = Duration::from_millis(url.connect_timeout_ms);
        let client = runtime.block_on(async {
            let all = async {
                let stream = dial_server(url, &config).await?;
                stream.set_nodelay(true).map_err(|error| WireFault::Network(error.to_string()))?;
                let login = Client::connect(config, stream.compat_write()).await;
                login.map_err(|error| WireFault::of_login(error, url.encrypt == Encryption::Strict))
            };
            let late = WireFault::Timeout { after_ms: url.connect_timeout_ms };
            let late = if url.encrypt == Encryption::Strict { late.at_login(true) } else { late };
            tokio::time::timeout(limit, all).await.unwrap_or(Err(late))
        })?;
        Ok(Self { runtime, client, stages: 0 })
    }

    /// Returns a name for a staging table that this session has not used.
    pub(super) fn next_stage(&mut self) -> String {
        self.stages += 1;
        format!("#mfm_{}", self.stages)
    }

    /// Runs a batch that answers nothing.
    pub(super) fn run_batch(&mut self, text: &str) -> Result<(), WireFault> {
        let Self { runtime, client, .. } = self;
        runtime
            .block_on(async { client.simple_query(text).await?.into_results().await.map(drop) })
            .map_err(WireFault::from_driver)
    }

    /// Runs a statement with parameters; how many rows it touched, the server need not say.
    pub(super) fn execute(&mut self, text: &str, parameters: Vec<ColumnData<'static>>) -> Result<(), WireFault> {
        let Self { runtime, client, .. } = self;
        let done = runtime.block_on(async { build_query(text, parameters).execute(client).await });
        done.map(drop).map_err(WireFault::from_driver)
    }

    /// Runs a statement, and returns how many rows it wrote.
    pub(super) fn execute_counted(&mut self, statement: &str) -> Result<u64, WireFault> {
        let answers = self.query_results(&session::count_written(statement), Vec::new())?;
        // What a trigger answers comes before.
        let counted = answers.last().and_then(|rows| rows.first()).and_then(|row| cell_integer(row.first()));
        let counted = counted.and_then(|rows| u64::try_from(rows).ok());
        counted.ok_or_else(|| WireFault::Protocol("the server did not say how many rows it wrote".to_owned()))
    }

    /// Asks, and hands out the rows of all results one after the other.
    pub(super) fn visit_rows<E: From<WireFault>>(
        &mut self,
        text: &str,
        parameters: Vec<ColumnData<'static>>,
        mut take: impl FnMut(WireRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { runtime, client, .. } = self;
        runtime.block_on(async {
            let mut stream = build_query(text, parameters).query(client).await.map_err(WireFault::from_driver)?;
            let mut refused = None;
            while let Some(item) = stream.try_next().await.map_err(WireFault::from_driver)? {
                // What is refused is read to its end all the same, so that the connection can be used again.
                if let (QueryItem::Row(row), None) = (item, &refused) {
                    refused = take(row.into_iter().collect()).err();
                }
            }
            refused.map_or(Ok(()), Err)
        })
    }

    /// Asks, and returns all rows.
    pub(super) fn query_rows(
        &mut self,
        text: &str,
        parameters: Vec<ColumnData<'static>>,
    ) -> Result<Vec<WireRow>, WireFault> {
        let mut rows = Vec::new();
        self.visit_rows(text, parameters, |row| {
            rows.push(row);
            Ok::<(), WireFault>(())
        })?;
        Ok(rows)
    }

    /// Asks several things at once, and returns the rows of each answer.
    pub(super) fn query_results(
        &mut self,
        text: &str,
        parameters: Vec<ColumnData<'static>>,
    ) -> Result<Vec<Vec<WireRow>>, WireFault> {
        let Self { runtime, client, .. } = self;
        let results =
            runtime.block_on(async { build_query(text, parameters).query(client).await?.into_results().await });
        let cells = |rows: Vec<tiberius::Row>| rows.into_iter().map(|row| row.into_iter().collect()).collect();
        Ok(results.map_err(WireFault::from_driver)?.into_iter().map(cells).collect())
    }

    /// Sends rows into a table in bulk; every row has the width of the columns.
    pub(super) fn bulk_insert<E: From<WireFault>>(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &mut dyn Iterator<Item = Result<WireRow, E>>,
    ) -> Result<(), E> {
        let Self { runtime, client, .. } = self;
        runtime.block_on(async {
            let mut request = client.bulk_insert_columns(table, columns).await.map_err(WireFault::from_driver)?;
            let mut failed = None;
            for row in rows {
                match row {
                    Ok(row) => request.send(token_row(row)).await.map_err(WireFault::from_driver)?,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            request.finalize().await.map_err(WireFault::from_driver)?;
            failed.map_or(Ok(()), Err)
        })
    }
}

fn token_row(cells: WireRow) -> TokenRow<'static> {
    let mut row = TokenRow::with_capacity(cells.len());
    cells.into_iter().for_each(|cell| row.push(cell));
    row
}

fn build_query(text: &str, parameters: Vec<ColumnData<'static>>) -> Query<'static> {
    let mut query = Query::new(text.to_owned());
    parameters.into_iter().for_each(|one| query.bind(BoundParameter(one)));
    query
}

/// Returns a parameter of text.
pub(super) fn text_parameter(text: impl Into<String>) -> ColumnData<'static> {
    ColumnData::String(Some(text.into().into()))
}

/// Returns a parameter of a whole number.
pub(super) const fn number_parameter(number: i64) -> ColumnData<'static> {
    ColumnData::I64(Some(number))
}

/// Returns a cell of text as the catalogue gives it; empty where there is none.
pub(super) fn cell_text(cell: Option<&ColumnData<'static>>) -> Option<String> {
    match cell {
        Some(ColumnData::String(Some(text))) => Some(text.to_string()),
        _ => None,
    }
}

/// Returns a whole number of any width.
pub(super) fn cell_integer(cell: Option<&ColumnData<'static>>) -> Option<i64> {
    match cell? {
        ColumnData::Bit(flag) => flag.map(i64::from),
        ColumnData::U8(number) => number.map(i64::from),
        ColumnData::I16(number) => number.map(i64::from),
        ColumnData::I32(number) => number.map(i64::from),
        ColumnData::I64(number) => *number,
        _ => None,
    }
}

/// Returns whether a bit of the catalogue is set; NULL is not.
pub(super) fn cell_flag(cell: Option<&ColumnData<'static>>) -> bool {
    cell_integer(cell).is_some_and(|number| number != 0)
}

async fn dial_server(url: &MssqlUrl, config: &Config) -> Result<TcpStream, WireFault> {
    let refused = |error: std::io::Error| WireFault::Network(error.to_string());
    if let Some(instance) = &url.instance {
        // The browser service tells the instance's port.
        return TcpStream::connect_named(config)
            .await
            .map_err(|error| WireFault::of_browser(&url.host, instance, error));
    }
    TcpStream::connect((url.host.as_str(), url.port_or_default())).await.map_err(refused)
}

fn build_config(url: &MssqlUrl, user: Option<&str>, password: Option<&str>) -> Result<Config, WireFault> {
    let mut config = Config::new();
    config.host(&url.host);
    match (&url.instance, url.port) {
        (Some(instance), _) => config.instance_name(instance),
        (None, _) => config.port(url.port_or_default()),
    }
    config.database(&url.database);
    config.application_name(APPLICATION);
    config.encryption(match url.encrypt {
        Encryption::Strict => EncryptionLevel::Strict,
        Encryption::On => EncryptionLevel::Required,
        Encryption::Login => EncryptionLevel::Off,
        Encryption::Off => EncryptionLevel::NotSupported,
    });
    if url.trust_server_certificate {
        config.trust_cert();
    } else if let Some(path) = &url.ca_file {
        let bundle = file::read_bytes(path, file::TEXT_BYTES_MAX);
        let unread = |error: FileError| {
            WireFault::Tls(format!("the certificates in {} cannot be read: {error}", path.display()))
        };
        config.trust_cert_ca_bundle(bundle.map_err(unread)?);
    }
    // Four times the usual, and the most that every server takes under TLS: half the work for whoever reads rows.
    config.packet_size(PACKET_BYTES);
    config.handshake_timeout(None);
    config.command_timeout(Some(Duration::from_millis(url.statement_timeout_ms)));
    config.authentication(match (&url.login, user) {
        (MssqlLogin::Sql { .. }, Some(user)) => AuthMethod::sql_server(user, password.unwrap_or_default()),
        _ => integrated_auth()?,
    });
    Ok(config)
}

#[cfg(all(feature = "integrated", any(unix, windows)))]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn integrated_auth() -> Result<AuthMethod, WireFault> {
    Ok(AuthMethod::Integrated)
}

#[cfg(not(all(feature = "integrated", any(unix, windows))))]
fn integrated_auth() -> Result<AuthMethod, WireFault> {
    let why = "the URL names no user, and this mfm was built without the feature `integrated`";
    Err(WireFault::Login(why.to_owned()))
}
