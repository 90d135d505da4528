//! The failure modes of recordings.

use crate::domain::mode::Mode;
use crate::domain::repair::{Extent, Repair};

/// Every mode.
pub static MODES: &[&dyn Mode] = &[];

/// Returns whether, and from where, what a fault overwrote could be had without the journal.
pub(super) const fn repair(_mode: &str, _variant: &str, _place: Option<(&str, &str)>) -> Repair {
    Repair { extent: Extent::Not, source: "outside", why: "a recording holds each number once" }
}
