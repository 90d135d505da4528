//! The MCP server: journaled operations for AI agents over stdin and stdout; knows no SQL and opens no journal itself.
//!
//! stdout carries the protocol and nothing else. Every write is planned, shown, and carried out only with a person's
//! consent: asked for where the client can ask, else given by handing back the plan's handle.

mod answers;
mod caller;
mod carry;
mod catalogue;
mod consent;
mod host;
mod install;
mod modes;
mod options;
mod ordered;
mod process;
mod prompts;
mod reads;
mod remembered;
mod resources;
mod schema;
mod server;
mod shallow;
mod writes;

pub use host::Host;
pub use install::{CLIENTS, Client, Place, configuration, merged};
pub use options::Options;
pub use process::{Ended, serve};
pub use server::Server;
pub use shallow::Shallow;
