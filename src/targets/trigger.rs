//! Triggers and which changes would fire them, for every engine.

use super::TableTouch;

/// An enabled trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name, without its table.
    pub name: String,
    /// What fires it.
    pub event: TriggerEvent,
}

/// What fires a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// An inserted row.
    Insert,
    /// A deleted row.
    Delete,
    /// An update of one of these columns; of any column where the list is empty.
    Update(Vec<String>),
    /// The declaration could not be read, so any change counts as firing it.
    Any,
}

impl Trigger {
    /// Returns whether a touch, or taking it back, would fire the trigger.
    #[must_use]
    pub fn fires_on(&self, touch: &TableTouch) -> bool {
        // Taking an insert back is a delete, and the other way round: each of them fires both kinds of trigger.
        let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
        match &self.event {
            TriggerEvent::Insert | TriggerEvent::Delete => comes_or_goes,
            TriggerEvent::Update(columns) if columns.is_empty() => !touch.updated.is_empty(),
            TriggerEvent::Update(columns) => {
                touch.updated.iter().any(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
            }
            TriggerEvent::Any => comes_or_goes || !touch.updated.is_empty(),
        }
    }
}
