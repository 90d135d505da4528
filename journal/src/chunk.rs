//! Chunks: the blobs that hold an operation's changes or chosen keys, packed in plan order.

use std::sync::Arc;

use crate::cbor::{CborError, Reader, Writer};
use crate::digest::Digest;
use crate::image::{Change, ColumnShape, RowAction, RowHasher, TableShape, read_values, write_values};
use crate::operation::ChosenKeys;

/// A chunk closes with the change or key that brings its count to this number.
pub const CHUNK_ITEMS_MAX: u64 = 4096;
/// A chunk closes with the change or key that brings its items to this many bytes or more.
pub const CHUNK_BYTES_MIN: usize = 4 << 20;

const CHANGES: &str = "mfm/chunk/1";
const KEYS: &str = "mfm/keys/1";

/// Packs changes into chunks.
#[derive(Debug, Default)]
pub(crate) struct ChangePacker {
    tables: Vec<Arc<TableShape>>,
    items: Writer,
    count: u64,
}

impl ChangePacker {
    /// Adds a change and returns the chunk that it completes, if any.
    pub(crate) fn push(&mut self, change: &Change) -> Result<Option<Vec<u8>>, CborError> {
        let table = self.table_index(&change.table);
        change.write(table as u64, &mut self.items)?;
        self.count += 1;
        Ok(if is_full(self.count, self.items.len()) { self.finish_chunk() } else { None })
    }

    /// Returns the changes since the last chunk as a chunk; `None` if there are none.
    pub(crate) fn finish_chunk(&mut self) -> Option<Vec<u8>> {
        if self.count == 0 {
            return None;
        }
        // The table list is short, but it comes first: the items are copied behind it once.
        let mut out = Writer::with_capacity(self.items.len() + 1024);
        write_head(&self.tables, self.count, &mut out);
        out.write_raw(self.items.as_bytes());
        self.tables.clear();
        self.items.clear();
        self.count = 0;
        Some(out.into_bytes())
    }

    fn table_index(&mut self, shape: &Arc<TableShape>) -> usize {
        // Plans list the changes of one table together, so the search starts with the table added last. Comparing the
        // pointers first saves comparing the columns for almost every change.
        if let Some(at) = self.tables.iter().rposition(|known| Arc::ptr_eq(known, shape) || known == shape) {
            return at;
        }
        self.tables.push(Arc::clone(shape));
        self.tables.len() - 1
    }
}

/// Writes what precedes a chunk's changes: its tables, in the order in which the changes name them, and the number of
/// changes.
pub(crate) fn write_head(tables: &[Arc<TableShape>], count: u64, out: &mut Writer) {
    out.write_array(3);
    out.write_text(CHANGES);
    out.write_array(tables.len() as u64);
    for table in tables {
        write_shape(table, out);
    }
    out.write_array(count);
}

/// Reads what precedes a chunk's changes: its tables and the number of changes.
pub(crate) fn read_head(input: &mut Reader<'_>) -> Result<(Vec<Arc<TableShape>>, u64), CborError> {
    input.expect_array(3)?;
    if input.read_text()? != CHANGES {
        return Err(CborError::Unexpected("a chunk of changes"));
    }
    let count = input.read_array()?;
    let tables = (0..count).map(|_| read_shape(input).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    Ok((tables, input.read_array()?))
}

/// Packs chosen keys into chunks. No keys make one chunk with an empty list, which still names the columns.
pub(crate) fn pack_keys(chosen: &ChosenKeys) -> Result<Vec<Vec<u8>>, CborError> {
    let mut chunks = Vec::new();
    let (mut items, mut count) = (Writer::new(), 0);
    for key in &chosen.keys {
        write_values(key, &mut items)?;
        count += 1;
        if is_full(count, items.len()) {
            chunks.push(keys_chunk(chosen, count, &items));
            items.clear();
            count = 0;
        }
    }
    if count > 0 || chunks.is_empty() {
        chunks.push(keys_chunk(chosen, count, &items));
    }
    Ok(chunks)
}

fn keys_chunk(chosen: &ChosenKeys, count: u64, items: &Writer) -> Vec<u8> {
    let mut out = Writer::with_capacity(items.len() + 256);
    write_keys_head(KEYS, chosen, count, &mut out);
    out.write_raw(items.as_bytes());
    out.into_bytes()
}

/// Returns SHA-256 of `["mfm/chosen/1", table, column names, [key, ...]]`, the digest in the intent's body.
pub(crate) fn chosen_digest(chosen: &ChosenKeys) -> Result<Digest, CborError> {
    let mut out = Writer::new();
    write_keys_head("mfm/chosen/1", chosen, chosen.keys.len() as u64, &mut out);
    for key in &chosen.keys {
        write_values(key, &mut out)?;
    }
    Ok(Digest::sha256(out.as_bytes()))
}

fn write_keys_head(tag: &str, chosen: &ChosenKeys, count: u64, out: &mut Writer) {
    out.write_array(4);
    out.write_text(tag);
    out.write_text(&chosen.table);
    write_names(&chosen.columns, out);
    out.write_array(count);
}

/// Tells whether a chunk with `count` changes or keys, whose items have `bytes` bytes, is full.
pub(crate) const fn is_full(count: u64, bytes: usize) -> bool {
    count >= CHUNK_ITEMS_MAX || bytes >= CHUNK_BYTES_MIN
}

/// Reads the changes of a chunk one by one.
#[derive(Debug)]
pub(crate) struct ChangeReader<'b> {
    tables: Vec<Arc<TableShape>>,
    input: Reader<'b>,
    left: u64,
    /// The hasher for the rows of the table of the last change, which most often is that of the next one.
    hasher: Option<(Arc<TableShape>, RowHasher)>,
}

impl<'b> ChangeReader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Result<Self, CborError> {
        let mut input = Reader::new(bytes);
        let (tables, left) = read_head(&mut input)?;
        Ok(Self { tables, input, left, hasher: None })
    }

    /// Returns the next change; `None` at the end.
    ///
    /// # Errors
    /// Also where bytes follow the last change, or a whole row does not match its digest.
    pub(crate) fn next_change(&mut self) -> Result<Option<Change>, CborError> {
        if self.left == 0 {
            self.input.expect_end()?;
            return Ok(None);
        }
        self.left -= 1;
        let change = Change::read(&self.tables, &mut self.input)?;
        self.check_row(&change)?;
        Ok(Some(change))
    }

    /// Refuses an insert or a delete whose cells do not match its row digest: a revert would write them to a database.
    fn check_row(&mut self, change: &Change) -> Result<(), CborError> {
        let (row, claimed) = match &change.action {
            RowAction::Insert { after, after_digest } => (after, after_digest),
            RowAction::Delete { before, before_digest } => (before, before_digest),
            RowAction::Update { .. } | RowAction::Kept { .. } => return Ok(()),
        };
        let known = self.hasher.as_ref().is_some_and(|(table, _)| Arc::ptr_eq(table, &change.table));
        if !known {
            self.hasher = Some((Arc::clone(&change.table), RowHasher::new(&change.table)));
        }
        let computed = self.hasher.as_mut().map(|(_, hasher)| hasher.digest_row(row)).transpose()?;
        if computed == Some(*claimed) {
            Ok(())
        } else {
            Err(CborError::Unexpected("cells that match their row digest"))
        }
    }
}

/// Reads a chunk of chosen keys.
pub(crate) fn read_keys(bytes: &[u8]) -> Result<ChosenKeys, CborError> {
    let mut input = Reader::new(bytes);
    input.expect_array(4)?;
    if input.read_text()? != KEYS {
        return Err(CborError::Unexpected("a chunk of keys"));
    }
    let table = input.read_text()?.to_owned();
    let columns = read_names(&mut input)?;
    let count = input.read_array()?;
    let keys = (0..count).map(|_| read_values(&mut input)).collect::<Result<Vec<_>, _>>()?;
    input.expect_end()?;
    Ok(ChosenKeys { table, columns, keys })
}

fn write_shape(shape: &TableShape, out: &mut Writer) {
    out.write_array(4);
    out.write_text(&shape.name);
    write_names(&shape.key, out);
    out.write_array(shape.columns.len() as u64);
    for column in &shape.columns {
        write_column(column, out);
    }
    write_names(&shape.omitted, out);
}

fn write_column(column: &ColumnShape, out: &mut Writer) {
    out.write_array(6);
    out.write_text(&column.name);
    out.write_text(&column.declared);
    out.write_optional_integer(column.precision.map(i64::from));
    out.write_optional_integer(column.scale.map(i64::from));
    out.write_optional_integer(column.length.map(i64::from));
    match &column.collation {
        Some(collation) => out.write_text(collation),
        None => out.write_null(),
    }
}

fn write_names(names: &[String], out: &mut Writer) {
    out.write_array(names.len() as u64);
    for name in names {
        out.write_text(name);
    }
}

fn read_shape(input: &mut Reader<'_>) -> Result<TableShape, CborError> {
    input.expect_array(4)?;
    let name = input.read_text()?.to_owned();
    let key = read_names(input)?;
    let count = input.read_array()?;
    let columns = (0..count).map(|_| read_column(input)).collect::<Result<Vec<_>, _>>()?;
    Ok(TableShape { name, key, columns, omitted: read_names(input)? })
}

fn read_column(input: &mut Reader<'_>) -> Result<ColumnShape, CborError> {
    input.expect_array(6)?;
    let (name, declared) = (input.read_text()?.to_owned(), input.read_text()?.to_owned());
    Ok(ColumnShape {
        name,
        declared,
        precision: read_small(input)?,
        scale: read_small(input)?,
        length: read_small(input)?,
        collation: if input.peek_kind()? == crate::cbor::ItemKind::Null {
            input.read_null()?;
            None
        } else {
            Some(input.read_text()?.to_owned())
        },
    })
}

fn read_small<T: TryFrom<i64>>(input: &mut Reader<'_>) -> Result<Option<T>, CborError> {
    let number = input.read_optional_integer()?;
    number.map(T::try_from).transpose().map_err(|_| CborError::Unexpected("a small number"))
}

fn read_names(input: &mut Reader<'_>) -> Result<Vec<String>, CborError> {
    let count = input.read_array()?;
    (0..count).map(|_| input.read_text().map(str::to_owned)).collect()
}
