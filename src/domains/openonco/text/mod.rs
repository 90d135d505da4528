//! What the texts of a catalogue say: spelling, numbers, words about approval, names of vendors, citations.

pub mod citations;
pub mod folding;
pub mod numbers;
pub mod regulatory;
pub mod vendors;
