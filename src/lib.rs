//! `mfm`: a reversible fault laboratory for test copies of medical databases.
//!
//! The library is a stack of floors. Each uses only those below it, and a test reads every `use` to enforce that:
//!
//! | floor | module | what it is |
//! |---|---|---|
//! | 6 | `cli` | command line: parses arguments, asks for consent, renders results |
//! | 6 | `tui` | terminal interface: screens, pictures, key bindings |
//! | 6 | `mcp` | MCP server for agents: the same operations over stdin and stdout |
//! | 5 | [`ops`] | the operations of the user, one file each |
//! | 4 | [`engine`] | plan, journal, target, seal; revert; recover |
//! | 3 | [`plan`], [`targets`] | exact changes and their digest; the port to a database |
//! | 2 | [`domains`] | the domains, one folder each: MOSAIQ, recordings |
//! | 2 | [`domain`] | the port that every domain implements |
//! | 1 | [`model`] | values, rows, edits, findings, ports |
//! | 1 | [`mod@file`] | reading and writing files other than databases |
//! | 0 | `mfm_journal` | the append-only, hash-chained journal |

#[cfg(feature = "cli")]
pub mod cli;
pub mod domain;
pub mod domains;
pub mod engine;
pub mod file;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod model;
pub mod ops;
pub mod plan;
pub mod targets;
#[cfg(feature = "tui")]
pub mod tui;
