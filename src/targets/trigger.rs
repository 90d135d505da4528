//! Triggers and what would fire them, whatever the engine; reads no declaration and runs nothing.

use super::TableTouch;

/// An enabled trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What it waits for.
    pub event: TriggerEvent,
}

/// What a trigger waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// A row that comes.
    Insert,
    /// A row that goes.
    Delete,
    /// An update of these columns; of any where none is named.
    Update(Vec<String>),
    /// Nobody knows, so anything may wake it.
    Any,
}

impl Trigger {
    /// Tells whether a touch, or taking it back, would fire the trigger.
    #[must_use]
    pub fn fires_on(&self, touch: &TableTouch) -> bool {
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
