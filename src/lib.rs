//! `mfm`: a reversible fault laboratory for test copies of radiation-oncology databases.
//!
//! The library is a stack of floors; each uses only those below it, and a test reads every `use` to see to it:
//!
//! | floor | module | what it is |
//! |---|---|---|
//! | 6 | `cli` | the face for people: parses, asks, renders |
//! | 6 | `tui` | the face for people who look: screens, pictures, keys |
//! | 6 | `mcp` | the face for agents: the same operations over stdin and stdout |
//! | 5 | [`ops`] | one file an operation of the user |
//! | 4 | [`engine`] | plan, journal, target, seal; revert; recover |
//! | 3 | [`plan`], [`targets`] | exact changes and their digest; the port to a database |
//! | 2 | [`domains`] | kinds of data, each a folder of its own: MOSAIQ, recordings |
//! | 2 | [`domain`] | the port that every domain fills |
//! | 1 | [`model`] | values, rows, edits, findings, ports |
//! | 1 | [`mod@file`] | files that are read and written beside databases |
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
