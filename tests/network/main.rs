//! The operations on a SQL Server whose connections break: on tapes always, on a live server by hand.

#![cfg(all(test, feature = "mssql"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, has settings of its own, and counts what it met"
)]

#[expect(dead_code, reason = "this binary uses a part of it")]
#[path = "../wire/client.rs"]
mod client;
mod cuts;
mod errors;
mod live;
#[path = "../tds/mod.rs"]
mod tds;
mod world;
