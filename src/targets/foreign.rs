//! Enforced foreign keys and what would touch them, whatever the engine; looks nothing up itself.

use mfm_journal::Value;

use super::{TargetError, Touch};
use crate::model::{Refusal, Table};

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

/// Looks up whether a row holds a foreign key's values.
pub(super) type Lookup<'l> = dyn FnMut(&ForeignKey, &[Value]) -> Result<bool, TargetError> + 'l;

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
    pub(super) fn refusal(&self, table: &str, why: String) -> Refusal {
        Refusal::ForeignKey { table: table.to_owned(), constraint: self.name(), why }
    }
}

/// Returns the foreign keys that are enforced.
pub(super) fn enforced(keys: Vec<ForeignKey>, unenforced: &[String]) -> Vec<ForeignKey> {
    keys.into_iter().filter(|key| !unenforced.contains(&key.name())).collect()
}

/// Tells whether a touch, or taking it back, concerns these columns of its table. A column that the database computes
/// may change with any other: what it is computed from is not looked at.
pub(super) fn concerns(touch: &Touch, columns: &[String]) -> bool {
    let among = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let computed = || touch.table.omitted.iter().any(|column| among(&column.image.name));
    touch.inserts > 0
        || touch.deletes > 0
        || touch.updated.iter().any(among)
        || (!touch.updated.is_empty() && computed())
}

/// Judges a touch: what a foreign key would refuse, or carry further, now or when the touch is taken back.
///
/// A key that is not enforced refuses no update of its child. What it would carry further is refused all the same:
/// another program may enforce it.
pub(super) fn judge(
    touch: &Touch,
    parents: &[ForeignKey],
    children: &[ForeignKey],
    unenforced: &[String],
) -> Result<(), Refusal> {
    let table = &touch.table.shape.name;
    let updated = |columns: &[String]| {
        touch.updated.iter().find(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
    };
    for key in parents.iter().filter(|key| !unenforced.contains(&key.name())) {
        if let Some(column) = updated(&key.child_columns) {
            return Err(key.refusal(table, format!("{column} would be updated")));
        }
    }
    for key in children {
        if let Some(column) = updated(&key.parent_columns) {
            return Err(key.refusal(table, format!("{column}, which it refers to, would be updated")));
        }
        let Some(action) = &key.on_delete else { continue };
        if touch.deletes > 0 {
            return Err(key.refusal(table, format!("a delete would {action} further rows")));
        }
        if touch.inserts > 0 {
            let why = format!("taking an insert back is a delete, which would {action} further rows");
            return Err(key.refusal(table, why));
        }
    }
    Ok(())
}

/// Checks that inserted rows find their parents, among themselves if need be.
pub(super) fn parents_of(
    table: &Table,
    keys: &[ForeignKey],
    inserted: &[Vec<Value>],
    parent: &mut Lookup<'_>,
) -> Result<(), TargetError> {
    for key in keys {
        let own = key.parent.eq_ignore_ascii_case(&table.shape.name);
        let siblings = if own { inserted } else { &[] };
        for values in inserted.iter().filter_map(|row| values(table, &key.child_columns, row)) {
            let among = |row: &Vec<Value>| self::values(table, &key.parent_columns, row).as_ref() == Some(&values);
            if !siblings.iter().any(among) && !parent(key, &values)? {
                let why = "an inserted row would have no parent".to_owned();
                return Err(key.refusal(&table.shape.name, why).into());
            }
        }
    }
    Ok(())
}

/// Checks that deleted rows leave no children behind. Whether others than itself refer to a row that refers to itself,
/// the database says when the row goes.
pub(super) fn children_of(
    table: &Table,
    keys: &[ForeignKey],
    deleted: &[Vec<Value>],
    child: &mut Lookup<'_>,
) -> Result<(), TargetError> {
    for key in keys {
        let own = key.child.eq_ignore_ascii_case(&table.shape.name);
        for row in deleted {
            let Some(values) = self::values(table, &key.parent_columns, row) else { continue };
            let refers_to_itself = own && self::values(table, &key.child_columns, row).as_ref() == Some(&values);
            if !refers_to_itself && child(key, &values)? {
                let why = "a row that would be deleted is referred to".to_owned();
                return Err(key.refusal(&table.shape.name, why).into());
            }
        }
    }
    Ok(())
}

/// Returns a row's values in some columns, `None` where one is NULL: such a row refers to nothing.
fn values(table: &Table, columns: &[String], row: &[Value]) -> Option<Vec<Value>> {
    let cell = |name: &String| table.position(name).and_then(|at| row.get(at)).filter(|cell| !cell.is_null());
    columns.iter().map(|name| cell(name).cloned()).collect()
}
