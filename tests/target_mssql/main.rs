//! The target on a live SQL Server: its types, catalogue, guard, permissions and labs, held against a plain client.

#![cfg(all(test, feature = "mssql", feature = "cli"))]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and the environment names the server"
)]

mod guard;
mod imported;
mod logins;
mod property;
mod tables;
mod types;
mod world;
