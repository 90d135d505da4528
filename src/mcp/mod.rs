//! The MCP server: journaled operations for AI agents over stdin and stdout; knows no SQL and opens no journal itself.
//!
//! stdout carries the protocol and nothing else. Every write is planned, shown, and carried out only with a person's
//! consent: asked for where the client can ask, else given by handing back the plan's handle.

mod answers;
mod bounds;
mod caller;
mod carry;
mod catalogue;
mod consent;
mod envelope;
mod groups;
mod host;
mod install;
mod instructions;
mod lines;
mod modes;
mod next_step;
mod options;
mod process;
mod prompts;
mod queries;
mod reads;
mod remembered;
mod resources;
mod schema;
mod server;
mod shallow;
mod splice;
mod turns;
mod vocabulary;
mod writes;

pub use host::Host;
pub use install::{CLIENTS, Client, ConfigLocation, configuration, merge_configuration};
pub use lines::LineTransport;
pub use options::ServerOptions;
pub use process::{ServerEnd, serve};
pub use server::Server;
