//! The MCP server from outside: both eras of the protocol, with and without a person to ask, hostile clients.
#![cfg(all(test, feature = "mcp", feature = "cli"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

mod consent;
mod fuzz;
mod guards;
mod install;
mod latency;
mod long;
mod openonco;
mod python;
mod recordings;
mod replayed;
mod robust;
mod secret;
mod session;
mod shapes;
mod together;
mod wire;
mod world;
