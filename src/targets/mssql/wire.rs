//! One connection to SQL Server: connecting, sending a statement, visiting rows. It is the only module that calls the
//! driver.

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
use crate::file;

/// The largest packet, bytes.
const PACKET_BYTES: u32 = 16_000;
/// The program name of mfm's sessions, by which the server's administrator recognises them.
const APPLICATION: &str = "mfm";

/// A connection, and the runtime on which the asynchronous driver runs.
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
    /// Connects and logs in; without a user, as the account that runs the program.
    pub(super) fn connect(url: &MssqlUrl, user: Option<&str>, password: Option<&str>) -> Result<Self, WireFault> {
        // The driver is asynchronous and mfm is not: each call runs to its end on this runtime of one thread.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| WireFault::Network(error.to_string()))?;
        let config = build_config(url, user, password)?;
        let limit = Duration::from_millis(url.connect_timeout_ms);
        let client = runtime.block_on(async {
            let all = async {
                let stream = dial_server(url, &config).await?;
                // A small request must not wait for more data to send.
                stream.set_nodelay(true).map_err(|error| WireFault::Network(error.to_string()))?;
                let login = Client::connect(config, stream.compat_write()).await;
                login.map_err(|error| WireFault::from_login(error, url.encrypt == Encryption::Strict))
            };
            // One limit for the connection, TLS and the login together.
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

    /// Runs a batch of statements without parameters, and ignores its results.
    pub(super) fn run_batch(&mut self, text: &str) -> Result<(), WireFault> {
        let Self { runtime, client, .. } = self;
        runtime
            .block_on(async { client.simple_query(text).await?.into_results().await.map(drop) })
            .map_err(WireFault::from_driver)
    }

    /// Runs a statement with parameters, without counting rows.
    pub(super) fn execute(&mut self, text: &str, parameters: Vec<ColumnData<'static>>) -> Result<(), WireFault> {
        let Self { runtime, client, .. } = self;
        let done = runtime.block_on(async { build_query(text, parameters).execute(client).await });
        done.map(drop).map_err(WireFault::from_driver)
    }

    /// Runs a statement, and returns how many rows it wrote.
    pub(super) fn execute_counted(&mut self, statement: &str) -> Result<u64, WireFault> {
        let answers = self.query_results(&session::count_written(statement), Vec::new())?;
        // The count is the last result: results of a trigger come before it.
        let count = answers.last().and_then(|rows| rows.first()).and_then(|row| cell_integer(row.first()));
        let count = count.and_then(|rows| u64::try_from(rows).ok());
        count.ok_or_else(|| WireFault::Protocol("the server did not say how many rows it wrote".to_owned()))
    }

    /// Runs a query, and visits the rows of all its results one at a time.
    pub(super) fn visit_rows<E: From<WireFault>>(
        &mut self,
        text: &str,
        parameters: Vec<ColumnData<'static>>,
        mut visit: impl FnMut(WireRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { runtime, client, .. } = self;
        runtime.block_on(async {
            let mut stream = build_query(text, parameters).query(client).await.map_err(WireFault::from_driver)?;
            let mut refused = None;
            while let Some(item) = stream.try_next().await.map_err(WireFault::from_driver)? {
                // After an error of the visitor the rest is still read, so that the connection can be used again.
                if let (QueryItem::Row(row), None) = (item, &refused) {
                    refused = visit(row.into_iter().collect()).err();
                }
            }
            refused.map_or(Ok(()), Err)
        })
    }

    /// Runs a query, and returns all its rows.
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

    /// Runs several queries with one round trip, and returns the rows of each result.
    pub(super) fn query_results(
        &mut self,
        text: &str,
        parameters: Vec<ColumnData<'static>>,
    ) -> Result<Vec<Vec<WireRow>>, WireFault> {
        let Self { runtime, client, .. } = self;
        let results =
            runtime.block_on(async { build_query(text, parameters).query(client).await?.into_results().await });
        let mut answers = Vec::new();
        for rows in results.map_err(WireFault::from_driver)? {
            answers.push(rows.into_iter().map(|row| row.into_iter().collect()).collect());
        }
        Ok(answers)
    }

    /// Inserts rows into a table with the bulk-load protocol. Every row has one cell for each of `columns`.
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
            // Also after an error in a row: a bulk load has to end before the connection can be used again.
            request.finalize().await.map_err(WireFault::from_driver)?;
            failed.map_or(Ok(()), Err)
        })
    }
}

fn token_row(cells: WireRow) -> TokenRow<'static> {
    let mut row = TokenRow::with_capacity(cells.len());
    for cell in cells {
        row.push(cell);
    }
    row
}

fn build_query(text: &str, parameters: Vec<ColumnData<'static>>) -> Query<'static> {
    let mut query = Query::new(text.to_owned());
    for parameter in parameters {
        query.bind(BoundParameter(parameter));
    }
    query
}

/// Returns a text as a parameter.
pub(super) fn text_parameter(text: impl Into<String>) -> ColumnData<'static> {
    ColumnData::String(Some(text.into().into()))
}

/// Returns an integer as a parameter.
pub(super) const fn number_parameter(number: i64) -> ColumnData<'static> {
    ColumnData::I64(Some(number))
}

/// Returns the text of a cell; `None` for NULL, another type or a missing cell.
pub(super) fn cell_text(cell: Option<&ColumnData<'static>>) -> Option<String> {
    match cell {
        Some(ColumnData::String(Some(text))) => Some(text.to_string()),
        _ => None,
    }
}

/// Returns the integer of a cell, of any width; `None` for NULL, another type or a missing cell.
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

/// Returns whether a cell holds an integer other than 0; NULL does not.
pub(super) fn cell_flag(cell: Option<&ColumnData<'static>>) -> bool {
    cell_integer(cell).is_some_and(|number| number != 0)
}

async fn dial_server(url: &MssqlUrl, config: &Config) -> Result<TcpStream, WireFault> {
    if let Some(instance) = &url.instance {
        // The driver asks the SQL Server Browser for the instance's port.
        return TcpStream::connect_named(config)
            .await
            .map_err(|error| WireFault::from_browser(&url.host, instance, error));
    }
    let stream = TcpStream::connect((url.host.as_str(), url.port_or_default())).await;
    stream.map_err(|error| WireFault::Network(error.to_string()))
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
        let bundle = file::read_bytes(path, file::TEXT_BYTES_MAX)
            .map_err(|error| WireFault::Tls(format!("the certificates in {} cannot be read: {error}", path.display())));
        config.trust_cert_ca_bundle(bundle?);
    }
    // Four times the default, and the largest size that every server accepts under TLS: reading rows takes half the
    // time.
    config.packet_size(PACKET_BYTES);
    // The limit in `connect` covers the handshake.
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
    let why = "the URL has no user, and this mfm was built without the feature `integrated`";
    Err(WireFault::Login(why.to_owned()))
}
