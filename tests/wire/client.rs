//! A small TDS client for tests: the driver as a target uses it, on a runtime of one thread.

use std::time::Duration;

use tiberius::{AuthMethod, Client, Config, EncryptionLevel, Query, error::Error};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

/// How long a client waits for an answer that comes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Session {
    runtime: Runtime,
    client: Client<Compat<TcpStream>>,
}

/// How a client comes in.
pub(crate) struct Entry {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
    pub(crate) encryption: EncryptionLevel,
    pub(crate) patience: Duration,
}

impl Entry {
    pub(crate) fn to(port: u16) -> Self {
        Self {
            port,
            user: "tester".into(),
            password: "secret".into(),
            database: "Lab".into(),
            encryption: EncryptionLevel::NotSupported,
            patience: PATIENCE,
        }
    }

    pub(crate) fn open(&self) -> Result<Session, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
        let mut config = Config::new();
        config.host("127.0.0.1");
        config.port(self.port);
        config.database(&self.database);
        config.application_name("mfm");
        config.encryption(self.encryption);
        config.trust_cert();
        config.command_timeout(Some(self.patience));
        config.handshake_timeout(Some(self.patience));
        config.authentication(AuthMethod::sql_server(&self.user, &self.password));
        let client = runtime.block_on(async {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
            Client::connect(config, stream.compat_write()).await
        })?;
        Ok(Session { runtime, client })
    }
}

impl Session {
    /// Runs a batch, and returns the first column of its rows as numbers.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<Vec<i32>, Error> {
        let Self { runtime, client } = self;
        let rows = runtime.block_on(async { client.simple_query(sql).await?.into_results().await })?;
        Ok(rows.into_iter().flatten().filter_map(|row| row.get(0)).collect())
    }

    /// Runs a statement with parameters, and returns the first column of its rows as numbers.
    pub(crate) fn query(&mut self, sql: &str, number: i32, text: &str) -> Result<Vec<i32>, Error> {
        let Self { runtime, client } = self;
        let mut query = Query::new(sql);
        query.bind(number);
        query.bind(text.to_owned());
        let rows = runtime.block_on(async { query.query(client).await?.into_first_result().await })?;
        Ok(rows.into_iter().filter_map(|row| row.get(0)).collect())
    }

    /// Loads rows of a number and a text.
    pub(crate) fn bulk(&mut self, table: &str, rows: &[(i32, String)]) -> Result<u64, Error> {
        let Self { runtime, client } = self;
        runtime.block_on(async {
            let mut request = client.bulk_insert_columns(table, &["k", "v"]).await?;
            for (number, text) in rows {
                request.send(tiberius::IntoRow::into_row((*number, text.clone()))).await?;
            }
            Ok(request.finalize().await?.total())
        })
    }
}
