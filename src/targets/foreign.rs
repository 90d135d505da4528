//! Foreign keys and which changes they would refuse or carry further, for every engine. Rows are looked up elsewhere
//! (`references`).

use super::TableTouch;
use crate::model::Refusal;

/// A foreign key that the database enforces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table that refers.
    pub child: String,
    /// The referring columns, in the order of `parent_columns`.
    pub child_columns: Vec<String>,
    /// The table that is referred to.
    pub parent: String,
    /// The columns that are referred to.
    pub parent_columns: Vec<String>,
    /// What a delete of a parent row does to its children: `CASCADE`, `SET NULL`, `SET DEFAULT`; `None` where the
    /// database refuses the delete.
    pub on_delete: Option<String>,
}

impl ForeignKey {
    /// Returns a name that says what the constraint connects: `child(columns) -> parent(columns)`.
    #[must_use]
    pub fn name(&self) -> String {
        let child = render_side(&self.child, &self.child_columns);
        let parent = render_side(&self.parent, &self.parent_columns);
        format!("{child} -> {parent}")
    }

    /// Builds the refusal of a change of `table` that this key forbids.
    pub(super) fn to_refusal(&self, table: &str, why: String) -> Refusal {
        Refusal::ForeignKey { table: table.to_owned(), constraint: self.name(), why }
    }
}

fn render_side(table: &str, columns: &[String]) -> String {
    match columns {
        [] => table.to_owned(),
        columns => format!("{table}({})", columns.join(", ")),
    }
}

/// Keeps the foreign keys whose names are not in `unenforced`.
pub(super) fn filter_enforced(keys: Vec<ForeignKey>, unenforced: &[String]) -> Vec<ForeignKey> {
    keys.into_iter().filter(|key| !unenforced.contains(&key.name())).collect()
}

/// Returns whether a touch, or taking it back, may change one of these columns of its table. A computed column counts
/// as changed by every update, because mfm does not know which columns it is computed from.
pub(super) fn affects_columns(touch: &TableTouch, columns: &[String]) -> bool {
    if touch.inserts > 0 || touch.deletes > 0 {
        return true;
    }
    let computed = touch.table.omitted.iter().map(|column| &column.image.name).filter(|_| !touch.updated.is_empty());
    touch.updated.iter().chain(computed).any(|name| contains_name(columns, name))
}

fn contains_name(columns: &[String], name: &str) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}

/// What a touch is judged with: the other touches of its operation, and which keys count.
pub(super) struct KeyRules<'r> {
    /// All touches of the operation.
    pub(super) touches: &'r [TableTouch],
    /// The foreign keys, by name, that the database does not enforce.
    pub(super) unenforced: &'r [String],
    /// Whether the operation takes another one back.
    pub(super) back: bool,
}

/// Refuses a touch that a foreign key would refuse, or carry further to other rows, now or when it is taken back.
///
/// A key that is not enforced refuses no update of its child. What it would carry further is refused all the same,
/// because another program may enforce it. Where the operation also deletes rows of the child, the rows themselves
/// are checked later.
pub(super) fn check_foreign_keys(
    touch: &TableTouch,
    parents: &[ForeignKey],
    children: &[ForeignKey],
    rules: &KeyRules<'_>,
) -> Result<(), Refusal> {
    let table = &touch.table.shape.name;
    for key in parents.iter().filter(|key| !rules.unenforced.contains(&key.name())) {
        if let Some(column) = touch.updated.iter().find(|name| contains_name(&key.child_columns, name)) {
            return Err(key.to_refusal(table, format!("{column} would be updated")));
        }
    }
    for key in children {
        if let Some(column) = touch.updated.iter().find(|name| contains_name(&key.parent_columns, name)) {
            return Err(key.to_refusal(table, format!("{column}, which it refers to, would be updated")));
        }
        let Some(action) = &key.on_delete else { continue };
        if touch.deletes > 0 && !deletes_from(rules.touches, &key.child) {
            return Err(key.to_refusal(table, format!("a delete would {action} further rows")));
        }
        // What a revert inserts was deleted by the operation that it takes back: such a delete was judged then.
        if touch.inserts > 0 && !rules.back {
            let why = format!("taking an insert back is a delete, which would {action} further rows");
            return Err(key.to_refusal(table, why));
        }
    }
    Ok(())
}

fn deletes_from(touches: &[TableTouch], table: &str) -> bool {
    touches.iter().any(|touch| touch.deletes > 0 && touch.table.shape.name.eq_ignore_ascii_case(table))
}
