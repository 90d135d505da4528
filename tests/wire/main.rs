//! The double of a SQL Server, and what a real client makes of it.

#![cfg(test)]

mod client;
mod framing;
mod handshake;
mod messages;
mod taped;
#[path = "../tds/mod.rs"]
mod tds;
mod words;
