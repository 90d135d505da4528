//! The terminal interface. State, messages and update are pure; effects run the operations on worker threads. No SQL,
//! no journal, no target.

pub mod answers;
pub mod desk;
pub mod dialog;
pub mod job;
pub mod keys;
pub mod lanes;
pub mod list;
pub mod message;
pub mod next_step;
pub mod overlays;
pub mod pictures;
pub mod remembered;
pub mod screens;
pub mod state;
pub mod structured;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod views;
pub mod words;
pub mod workers;

pub use self::state::{Screen, StartupFacts, TuiState};
pub use self::terminal::{TerminalSettings, run};
pub use self::workers::TuiHost;
