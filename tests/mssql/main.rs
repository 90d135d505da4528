//! The laws on a live SQL Server, in databases that are made for them and dropped again; `MFM_TEST_MSSQL_URL` names it.

#![cfg(all(test, feature = "mssql"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

#[cfg(all(feature = "mcp", feature = "cli"))]
mod agents;
mod checks;
mod crash;
mod dump;
mod laws;
mod live;
mod locks;
mod qa;
mod replay;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod server;
