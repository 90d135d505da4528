//! `mfm lab import`: placeholder while the reader is written.
use crate::model::ports::Danger;
use crate::ops::Card;

/// What it is.
pub const CARD: Card = Card { name: "lab import", danger: Danger::Write, about: "Import the public PyMedPhys mock" };
