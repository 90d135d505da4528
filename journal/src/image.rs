//! Images: a row before and after a change, with digests of the whole row.

use std::sync::Arc;

use crate::cbor::{CborError, Reader, Writer};
use crate::digest::Digest;
use crate::value::Value;

/// A column as the database declares it, so that an image can be read without the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnShape {
    /// The name, in the database's own spelling.
    pub name: String,
    /// The declared type, verbatim.
    pub declared: String,
    /// Digits of a decimal or numeric.
    pub precision: Option<u8>,
    /// Digits behind the point, or of a fraction of a second.
    pub scale: Option<u8>,
    /// Characters or bytes; `None` where the type has no length or no limit.
    pub length: Option<u32>,
    /// The collation, where one is declared.
    pub collation: Option<String>,
}

impl ColumnShape {
    /// Returns a column of a plain type: without digits, length or collation.
    #[must_use]
    pub fn new(name: &str, declared: &str) -> Self {
        let (name, declared) = (name.to_owned(), declared.to_owned());
        Self { name, declared, precision: None, scale: None, length: None, collation: None }
    }
}

/// The shape of the images of one table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableShape {
    /// The table's name, in the database's own spelling.
    pub name: String,
    /// The names of the key's columns, in key order.
    pub key: Vec<String>,
    /// The columns that images and digests cover, in table order.
    pub columns: Vec<ColumnShape>,
    /// The columns left out of images and digests, because the database sets them: residue and computed ones.
    pub omitted: Vec<String>,
}

impl TableShape {
    /// Returns the position of a column in `columns`.
    #[must_use]
    pub fn column_position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// Returns the positions of all columns sorted by name, the order in which digests cover them.
    #[must_use]
    pub fn name_order(&self) -> Vec<usize> {
        // By name, so that a digest does not depend on the order in which a database lists its columns.
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by(|a, b| self.columns[*a].name.cmp(&self.columns[*b].name));
        order
    }

    /// Returns the digest of a whole row, whose values are in the order of `columns`.
    ///
    /// The digest is SHA-256 of `["mfm/row/1", [name, value, name, value, ...]]`, names sorted bytewise.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for NaN.
    pub fn row_digest(&self, row: &[Value]) -> Result<Digest, CborError> {
        RowHasher::new(self).digest_row(row)
    }
}

/// Hashes many rows of one table without allocating for each.
#[derive(Debug)]
pub struct RowHasher {
    names: Vec<(usize, Vec<u8>)>,
    out: Writer,
}

impl RowHasher {
    /// Returns a hasher for rows of this shape.
    #[must_use]
    pub fn new(shape: &TableShape) -> Self {
        let mut names = Vec::new();
        for at in shape.name_order() {
            let mut name = Writer::new();
            name.write_text(&shape.columns[at].name);
            names.push((at, name.into_bytes()));
        }
        Self { names, out: Writer::new() }
    }

    /// Returns the digest of one row; see [`TableShape::row_digest`].
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for NaN, [`CborError::Unexpected`] for a row of another width.
    pub fn digest_row(&mut self, row: &[Value]) -> Result<Digest, CborError> {
        if row.len() != self.names.len() {
            return Err(CborError::Unexpected("a row as wide as its table"));
        }
        self.digest_by(|at, out| row[at].write(out))
    }

    /// Returns the digest of a row whose cells the caller encodes: `write` is called with each cell's position in the
    /// shape, in the order of the column names.
    ///
    /// # Errors
    /// The error of `write`.
    pub fn digest_by<E>(&mut self, mut write: impl FnMut(usize, &mut Writer) -> Result<(), E>) -> Result<Digest, E> {
        self.out.clear();
        self.out.write_array(2);
        self.out.write_text("mfm/row/1");
        self.out.write_array(self.names.len() as u64 * 2);
        for (at, name) in &self.names {
            self.out.write_raw(name);
            write(*at, &mut self.out)?;
        }
        Ok(Digest::sha256(self.out.as_bytes()))
    }
}

/// One row's change within an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The table's shape; shared by all changes of the table.
    pub table: Arc<TableShape>,
    /// The row's key, in key order.
    pub key: Vec<Value>,
    /// What happens to the row.
    pub action: RowAction,
}

/// What happens to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowAction {
    /// The row comes into being.
    Insert {
        /// The whole row, in the order of the shape's columns.
        after: Vec<Value>,
        /// The digest of the whole row.
        after_digest: Digest,
    },
    /// Some columns change; the key stays.
    Update {
        /// Positions of the changed columns in the shape, ascending.
        columns: Vec<usize>,
        /// The changed columns as they were.
        before: Vec<Value>,
        /// The changed columns as they become.
        after: Vec<Value>,
        /// The digest of the whole row as it was.
        before_digest: Digest,
        /// The digest of the whole row as it becomes.
        after_digest: Digest,
    },
    /// The row goes.
    Delete {
        /// The whole row, in the order of the shape's columns.
        before: Vec<Value>,
        /// The digest of the whole row.
        before_digest: Digest,
    },
    /// A revert found the row in the wanted state, and writes nothing.
    Kept {
        /// The digest of the whole row; `None` for a row that is absent and is wanted absent.
        digest: Option<Digest>,
    },
}

/// The words of the actions; the index is the action's code in a chunk.
pub(crate) const WORDS: [&str; 4] = ["insert", "update", "delete", "kept"];

impl RowAction {
    /// Returns the word that reports and documents use.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        let [insert, update, delete, kept] = WORDS;
        match self {
            Self::Insert { .. } => insert,
            Self::Update { .. } => update,
            Self::Delete { .. } => delete,
            Self::Kept { .. } => kept,
        }
    }

    const fn code(&self) -> i64 {
        match self {
            Self::Insert { .. } => 0,
            Self::Update { .. } => 1,
            Self::Delete { .. } => 2,
            Self::Kept { .. } => 3,
        }
    }
}

impl Change {
    /// Tells whether the change writes to the target.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        !matches!(self.action, RowAction::Kept { .. })
    }

    /// Returns the digest of the row before the change; `None` where it is absent.
    #[must_use]
    pub const fn before_digest(&self) -> Option<Digest> {
        match &self.action {
            RowAction::Insert { .. } => None,
            RowAction::Update { before_digest, .. } | RowAction::Delete { before_digest, .. } => Some(*before_digest),
            RowAction::Kept { digest } => *digest,
        }
    }

    /// Returns the digest of the row after the change; `None` where it is absent.
    #[must_use]
    pub const fn after_digest(&self) -> Option<Digest> {
        match &self.action {
            RowAction::Delete { .. } => None,
            RowAction::Insert { after_digest, .. } | RowAction::Update { after_digest, .. } => Some(*after_digest),
            RowAction::Kept { digest } => *digest,
        }
    }

    /// Returns the names of the columns that the change sets: all of them for an insert or a delete.
    #[must_use]
    pub fn column_names(&self) -> Vec<&str> {
        let all = &self.table.columns;
        match &self.action {
            RowAction::Insert { .. } | RowAction::Delete { .. } => all.iter().map(|c| c.name.as_str()).collect(),
            RowAction::Update { columns, .. } => columns.iter().map(|at| all[*at].name.as_str()).collect(),
            RowAction::Kept { .. } => Vec::new(),
        }
    }

    /// Returns the cells before the change: the changed columns of an update, the whole row of a delete.
    #[must_use]
    pub fn cells_before(&self) -> Option<&[Value]> {
        match &self.action {
            RowAction::Update { before, .. } | RowAction::Delete { before, .. } => Some(before),
            RowAction::Insert { .. } | RowAction::Kept { .. } => None,
        }
    }

    /// Returns the cells after the change: the changed columns of an update, the whole row of an insert.
    #[must_use]
    pub fn cells_after(&self) -> Option<&[Value]> {
        match &self.action {
            RowAction::Update { after, .. } | RowAction::Insert { after, .. } => Some(after),
            RowAction::Delete { .. } | RowAction::Kept { .. } => None,
        }
    }

    /// Checks that key, columns and cells fit the shape; otherwise the image could not be read back.
    ///
    /// # Errors
    /// [`CborError::Unexpected`] says what does not fit.
    pub fn check(&self) -> Result<(), CborError> {
        let width = self.table.columns.len();
        let fits = match &self.action {
            RowAction::Insert { after: row, .. } | RowAction::Delete { before: row, .. } => row.len() == width,
            RowAction::Update { columns, before, after, .. } => {
                // Ascending columns give each change one encoding only.
                let ascending = columns.iter().zip(columns.iter().skip(1)).all(|(a, b)| a < b);
                let within = columns.last().is_none_or(|last| *last < width);
                ascending && within && before.len() == columns.len() && after.len() == columns.len()
            }
            RowAction::Kept { .. } => true,
        };
        if fits && self.key.len() == self.table.key.len() {
            return Ok(());
        }
        Err(CborError::Unexpected("a change that fits its table's key and columns"))
    }

    /// Writes the change as chunks hold it: `[table, code, key, ...]`, where `table` is its position
    /// in the chunk's list.
    ///
    /// insert `[t, 0, key, after, after digest]`; update `[t, 1, key, columns, before, after, before digest, after
    /// digest]`; delete `[t, 2, key, before, before digest]`; kept `[t, 3, key, digest or null]`.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for NaN.
    pub fn write(&self, table: u64, out: &mut Writer) -> Result<(), CborError> {
        out.write_array(match &self.action {
            RowAction::Insert { .. } | RowAction::Delete { .. } => 5,
            RowAction::Update { .. } => 8,
            RowAction::Kept { .. } => 4,
        });
        out.write_integer(i64::try_from(table).map_err(|_| CborError::Unexpected("a table index"))?);
        out.write_integer(self.action.code());
        write_values(&self.key, out)?;
        match &self.action {
            RowAction::Insert { after: row, after_digest: digest }
            | RowAction::Delete { before: row, before_digest: digest } => {
                write_values(row, out)?;
                out.write_bytes(digest.as_bytes());
            }
            RowAction::Update { columns, before, after, before_digest, after_digest } => {
                out.write_array(columns.len() as u64);
                for at in columns {
                    out.write_integer(i64::try_from(*at).map_err(|_| CborError::Unexpected("a column index"))?);
                }
                write_values(before, out)?;
                write_values(after, out)?;
                out.write_bytes(before_digest.as_bytes());
                out.write_bytes(after_digest.as_bytes());
            }
            RowAction::Kept { digest } => write_digest(*digest, out),
        }
        Ok(())
    }

    /// Reads a change of a chunk whose tables are `tables`.
    ///
    /// # Errors
    /// Any [`CborError`].
    pub fn read(tables: &[Arc<TableShape>], input: &mut Reader<'_>) -> Result<Self, CborError> {
        let count = input.read_array()?;
        let at = usize::try_from(input.read_integer()?).map_err(|_| CborError::Unexpected("a table index"))?;
        let table = tables.get(at).ok_or(CborError::Unexpected("a table of the chunk"))?.clone();
        let code = input.read_integer()?;
        let key = read_values(input)?;
        if key.len() != table.key.len() {
            return Err(CborError::Unexpected("a key as wide as the table's"));
        }
        // The length follows from the code: any other one is not what `write` writes.
        let action = match (code, count) {
            (0, 5) => RowAction::Insert { after: read_row(&table, input)?, after_digest: read_digest(input)? },
            (1, 8) => read_update(&table, input)?,
            (2, 5) => RowAction::Delete { before: read_row(&table, input)?, before_digest: read_digest(input)? },
            (3, 4) => RowAction::Kept { digest: read_optional_digest(input)? },
            _ => return Err(CborError::Unexpected("a change of kind 0 to 3")),
        };
        Ok(Self { table, key, action })
    }

    /// Writes the data of the change's leaf in the operation's RFC 6962 tree (`rows_root`).
    ///
    /// A leaf can be checked without its chunk: `["mfm/change/1", table, word, key, column names, before, after, before
    /// digest, after digest]`, the cells in the order of the names, absent parts null.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for NaN.
    pub fn write_leaf(&self, out: &mut Writer) -> Result<(), CborError> {
        out.write_array(9);
        out.write_text("mfm/change/1");
        out.write_text(&self.table.name);
        out.write_text(self.action.as_str());
        write_values(&self.key, out)?;
        let names = self.column_names();
        out.write_array(names.len() as u64);
        for name in names {
            out.write_text(name);
        }
        // An absent side is null, so that it differs from one without cells.
        for cells in [self.cells_before(), self.cells_after()] {
            match cells {
                Some(cells) => write_values(cells, out)?,
                None => out.write_null(),
            }
        }
        write_digest(self.before_digest(), out);
        write_digest(self.after_digest(), out);
        Ok(())
    }
}

/// Writes values as one array.
///
/// # Errors
/// [`CborError::NotANumber`] for NaN.
pub fn write_values(values: &[Value], out: &mut Writer) -> Result<(), CborError> {
    out.write_array(values.len() as u64);
    values.iter().try_for_each(|value| value.write(out))
}

/// Reads an array of values.
///
/// # Errors
/// Any [`CborError`].
pub fn read_values(input: &mut Reader<'_>) -> Result<Vec<Value>, CborError> {
    let count = input.read_array()?;
    (0..count).map(|_| Value::read(input)).collect()
}

fn write_digest(digest: Option<Digest>, out: &mut Writer) {
    match digest {
        Some(digest) => out.write_bytes(digest.as_bytes()),
        None => out.write_null(),
    }
}

fn read_digest(input: &mut Reader<'_>) -> Result<Digest, CborError> {
    Digest::try_from(input.read_bytes()?).map_err(|_| CborError::Unexpected("a digest of 32 bytes"))
}

fn read_optional_digest(input: &mut Reader<'_>) -> Result<Option<Digest>, CborError> {
    if input.peek_kind()? == crate::cbor::ItemKind::Null {
        input.read_null()?;
        return Ok(None);
    }
    read_digest(input).map(Some)
}

fn read_row(table: &TableShape, input: &mut Reader<'_>) -> Result<Vec<Value>, CborError> {
    let row = read_values(input)?;
    if row.len() == table.columns.len() { Ok(row) } else { Err(CborError::Unexpected("a row as wide as its table")) }
}

fn read_update(table: &TableShape, input: &mut Reader<'_>) -> Result<RowAction, CborError> {
    let count = input.read_array()?;
    let mut columns = Vec::new();
    for _ in 0..count {
        let at = usize::try_from(input.read_integer()?).ok().filter(|at| *at < table.columns.len());
        columns.push(at.ok_or(CborError::Unexpected("a column of the table"))?);
    }
    let (before, after) = (read_values(input)?, read_values(input)?);
    let ascending = columns.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || before.len() != columns.len() || after.len() != columns.len() {
        return Err(CborError::Unexpected("as many cells as changed columns, in ascending order"));
    }
    Ok(RowAction::Update {
        columns,
        before,
        after,
        before_digest: read_digest(input)?,
        after_digest: read_digest(input)?,
    })
}
