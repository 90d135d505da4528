//! Enforced foreign keys and what would touch them, whatever the engine; looks nothing up itself.

use super::TableTouch;
use crate::model::Refusal;

/// A foreign key that the database enforces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table that refers.
    pub child: String,
    /// Its columns.
    pub child_columns: Vec<String>,
    /// The table that is referred to.
    pub parent: String,
    /// Its columns.
    pub parent_columns: Vec<String>,
    /// What a delete of a parent does further, in SQL's words; `None` where it is refused.
    pub on_delete: Option<String>,
}

impl ForeignKey {
    /// Names the constraint by what it says: `child(columns) -> parent(columns)`.
    #[must_use]
    pub fn name(&self) -> String {
        let side = |table: &str, columns: &[String]| match columns {
            [] => table.to_owned(),
            columns => format!("{table}({})", columns.join(", ")),
        };
        format!("{} -> {}", side(&self.child, &self.child_columns), side(&self.parent, &self.parent_columns))
    }

    /// Refuses, by the constraint's name.
    pub(super) fn to_refusal(&self, table: &str, why: String) -> Refusal {
        Refusal::ForeignKey { table: table.to_owned(), constraint: self.name(), why }
    }
}

/// Returns the foreign keys that are enforced.
pub(super) fn filter_enforced(keys: Vec<ForeignKey>, unenforced: &[String]) -> Vec<ForeignKey> {
    keys.into_iter().filter(|key| !unenforced.contains(&key.name())).collect()
}

/// Tells whether a touch, or taking it back, concerns these columns of its table. A column that the database computes
/// may change with any other: what it is computed from is not looked at.
pub(super) fn affects_columns(touch: &TableTouch, columns: &[String]) -> bool {
    let among = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let computed = || touch.table.omitted.iter().any(|column| among(&column.image.name));
    touch.inserts > 0
        || touch.deletes > 0
        || touch.updated.iter().any(among)
        || (!touch.updated.is_empty() && computed())
}

/// Judges a touch beside the others of its operation: what a foreign key would refuse, or carry further, now or when
/// the touch is taken back; `back` where it is itself what takes an operation back.
///
/// A key that is not enforced refuses no update of its child. What it would carry further is refused all the same:
/// another program may enforce it. Where the operation deletes rows of the child as well, the rows decide.
pub(super) fn check_foreign_keys(
    touch: &TableTouch,
    all: &[TableTouch],
    parents: &[ForeignKey],
    children: &[ForeignKey],
    (unenforced, back): (&[String], bool),
) -> Result<(), Refusal> {
    let table = &touch.table.shape.name;
    let updated = |columns: &[String]| {
        touch.updated.iter().find(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
    };
    for key in parents.iter().filter(|key| !unenforced.contains(&key.name())) {
        if let Some(column) = updated(&key.child_columns) {
            return Err(key.to_refusal(table, format!("{column} would be updated")));
        }
    }
    for key in children {
        if let Some(column) = updated(&key.parent_columns) {
            return Err(key.to_refusal(table, format!("{column}, which it refers to, would be updated")));
        }
        let Some(action) = &key.on_delete else { continue };
        if touch.deletes > 0 && !deletes_from(all, &key.child) {
            return Err(key.to_refusal(table, format!("a delete would {action} further rows")));
        }
        if touch.inserts > 0 && !back {
            let why = format!("taking an insert back is a delete, which would {action} further rows");
            return Err(key.to_refusal(table, why));
        }
    }
    Ok(())
}

fn deletes_from(touches: &[TableTouch], table: &str) -> bool {
    touches.iter().any(|touch| touch.deletes > 0 && touch.table.shape.name.eq_ignore_ascii_case(table))
}
