//! The engine and the operations on a real SQLite file and a real journal, without a command line.

mod conflicts;
mod laws;
mod places;
mod refusals;
mod world;
