//! The double of a SQL Server, and what a real client makes of it.

#![cfg(test)]

mod framing;
mod messages;
#[path = "../tds/mod.rs"]
mod tds;
mod words;
