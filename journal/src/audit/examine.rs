//! Audit of one chunk of changes: a pure function of its bytes, so that chunks can be examined in parallel.
//!
//! Each item is read, and written again as the journal would have written it: once into the chunk's items, once into
//! the leaf of its change. No value is kept. A chunk is canonical if its bytes come out the same.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::cbor::{CborError, ItemKind, Reader, Writer};
use crate::chunk::{is_full, read_head, write_head};
use crate::digest::Digest;
use crate::image::{RowHasher, TableShape, WORDS};
use crate::tree::{Frontier, leaf_hash};
use crate::value::Value;

/// Totals of one chunk, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Examined {
    pub(crate) rows: u64,
    pub(crate) kept: u64,
    pub(crate) tables: BTreeSet<String>,
    /// The leaf hash of each change, in order.
    pub(crate) leaves: Vec<Digest>,
    /// The tree over these leaves alone.
    pub(crate) tree: Frontier,
    /// Whether it is full. Every chunk of an operation but the last has to be.
    pub(crate) closed: bool,
    /// Finding codes with their messages.
    pub(crate) wrong: Vec<(&'static str, String)>,
}

/// Examines a chunk whose address is `digest`.
pub(crate) fn examine_chunk(bytes: &[u8], digest: Digest) -> Examined {
    let mut out = Examined::default();
    if Digest::sha256(bytes) != digest {
        out.wrong.push(("chunk_digest", "its bytes have a different digest".to_owned()));
    }
    match out.read_chunk(bytes) {
        Err(error) => out.wrong.push(("chunk_unreadable", error.to_string())),
        Ok(RepackedChunk { again, closed }) => {
            out.closed = closed;
            if again != bytes {
                let message = "its changes, packed again, give different bytes".to_owned();
                out.wrong.push(("chunk_not_canonical", message));
            }
        }
    }
    out
}

/// The bytes that packing a chunk's changes again makes.
struct RepackedChunk {
    again: Vec<u8>,
    /// Whether it closed because it was full.
    closed: bool,
}

impl Examined {
    fn read_chunk(&mut self, bytes: &[u8]) -> Result<RepackedChunk, CborError> {
        let mut input = Reader::new(bytes);
        let (tables, count) = read_head(&mut input)?;
        let mut copy = ChangeCopier::new(&tables);
        let mut closed = false;
        for _ in 0..count {
            if closed {
                return Err(CborError::Unexpected("no change after the one that fills the chunk"));
            }
            let table = copy.copy_change(&mut input)?;
            self.count_change(&copy, &tables[table].name);
            closed = is_full(self.leaves.len() as u64, copy.items.len());
        }
        input.expect_end()?;
        // Tables are written again in the order in which changes first named them. So a table that no change names, or
        // one out of order, makes other bytes and shows as not canonical.
        let mut again = Writer::with_capacity(bytes.len());
        write_head(&copy.first_named(), count, &mut again);
        again.write_raw(copy.items.as_bytes());
        self.wrong.append(&mut copy.wrong);
        // Nothing is packed into a chunk without changes, so one that exists is never canonical.
        Ok(RepackedChunk { again: if count == 0 { Vec::new() } else { again.into_bytes() }, closed })
    }

    fn count_change(&mut self, copy: &ChangeCopier<'_>, table: &str) {
        *(if copy.writes { &mut self.rows } else { &mut self.kept }) += 1;
        if !self.tables.contains(table) {
            self.tables.insert(table.to_owned());
        }
        let hash = leaf_hash(copy.leaf.as_bytes());
        self.leaves.push(hash);
        self.tree.push_hash(hash);
    }
}

/// Copies changes item by item, into the chunk's items and into the leaf of each change.
struct ChangeCopier<'t> {
    tables: &'t [Arc<TableShape>],
    /// Positions of the tables in the order in which changes first named them.
    named: Vec<usize>,
    hashers: Vec<RowHasher>,
    /// Encoded beginnings of leaves, by table and change code: array head, tag, table name, word.
    heads: Vec<[Vec<u8>; 4]>,
    items: Writer,
    leaf: Writer,
    /// The byte ranges of the last array of values, in the leaf.
    cells: Vec<Range<usize>>,
    writes: bool,
    seen: u64,
    wrong: Vec<(&'static str, String)>,
}

fn encode_leaf_prefix(table: &TableShape, word: &str) -> Vec<u8> {
    let mut out = Writer::new();
    out.write_array(9);
    out.write_text("mfm/change/1");
    out.write_text(&table.name);
    out.write_text(word);
    out.into_bytes()
}

impl<'t> ChangeCopier<'t> {
    fn new(tables: &'t [Arc<TableShape>]) -> Self {
        Self {
            tables,
            named: Vec::new(),
            hashers: tables.iter().map(|table| RowHasher::new(table)).collect(),
            heads: tables.iter().map(|table| WORDS.map(|word| encode_leaf_prefix(table, word))).collect(),
            items: Writer::new(),
            leaf: Writer::new(),
            cells: Vec::new(),
            writes: true,
            seen: 0,
            wrong: Vec::new(),
        }
    }

    fn first_named(&self) -> Vec<Arc<TableShape>> {
        self.named.iter().map(|at| Arc::clone(&self.tables[*at])).collect()
    }

    /// Copies one change and returns the position of its table in the chunk's list.
    fn copy_change(&mut self, input: &mut Reader<'_>) -> Result<usize, CborError> {
        let count = input.read_array()?;
        let table = usize::try_from(input.read_integer()?).ok().filter(|at| *at < self.tables.len());
        let table = table.ok_or(CborError::Unexpected("a table of the chunk"))?;
        let shape = &self.tables[table];
        let code = input.read_integer()?;
        // Two equal tables count as one here, as they would when packed: listing a table twice is not canonical.
        let known = self.named.iter().position(|named| *named == table || self.tables[*named] == *shape);
        let place = known.unwrap_or_else(|| {
            self.named.push(table);
            self.named.len() - 1
        });
        let head = usize::try_from(code).ok().and_then(|code| self.heads[table].get(code));
        let head = head.ok_or(CborError::Unexpected("a change of kind 0 to 3"))?;
        self.items.write_array(count);
        self.items.write_integer(i64::try_from(place).map_err(|_| CborError::Unexpected("a table index"))?);
        self.items.write_integer(code);
        self.leaf.clear();
        self.leaf.write_raw(head);
        let key = self.copy_values(input)?;
        if key != shape.key.len() {
            return Err(CborError::Unexpected("a key as wide as the table's"));
        }
        self.writes = code != 3;
        self.seen += 1;
        match (code, count) {
            (0 | 2, 5) => self.whole_row(table, code == 0, input)?,
            (1, 8) => self.copy_update(shape, input)?,
            (3, 4) => self.copy_kept(input)?,
            _ => return Err(CborError::Unexpected("a change of kind 0 to 3")),
        }
        Ok(table)
    }

    /// Copies an insert or a delete. Its row digest can be computed from its cells, and is compared.
    fn whole_row(&mut self, table: usize, insert: bool, input: &mut Reader<'_>) -> Result<(), CborError> {
        let columns = &self.tables[table].columns;
        self.leaf.write_array(columns.len() as u64);
        for column in columns {
            self.leaf.write_text(&column.name);
        }
        self.write_null_if(insert);
        if self.copy_values(input)? != columns.len() {
            return Err(CborError::Unexpected("a row as wide as its table"));
        }
        self.write_null_if(!insert);
        let (leaf, cells) = (self.leaf.as_bytes(), &self.cells);
        let computed = self.hashers[table].digest_by(|at, out| {
            out.write_raw(cells.get(at).and_then(|range| leaf.get(range.clone())).unwrap_or_default());
            Ok::<_, CborError>(())
        })?;
        self.write_null_if(insert);
        if self.copy_digest(input)? != computed {
            let message = format!("the row digest of change {} does not match its cells", self.seen);
            self.wrong.push(("row_digest", message));
        }
        self.write_null_if(!insert);
        Ok(())
    }

    fn copy_update(&mut self, shape: &TableShape, input: &mut Reader<'_>) -> Result<(), CborError> {
        let count = input.read_array()?;
        self.leaf.write_array(count);
        self.items.write_array(count);
        let mut last = None;
        for _ in 0..count {
            let at = usize::try_from(input.read_integer()?).ok().filter(|at| *at < shape.columns.len());
            let at = at.ok_or(CborError::Unexpected("a column of the table"))?;
            if last.replace(at).is_some_and(|last| last >= at) {
                return Err(CborError::Unexpected("as many cells as changed columns, in ascending order"));
            }
            self.items.write_integer(i64::try_from(at).map_err(|_| CborError::Unexpected("a column index"))?);
            self.leaf.write_text(&shape.columns[at].name);
        }
        for _ in ["before", "after"] {
            if self.copy_values(input)? as u64 != count {
                return Err(CborError::Unexpected("as many cells as changed columns, in ascending order"));
            }
        }
        self.copy_digest(input)?;
        self.copy_digest(input).map(drop)
    }

    /// Copies a kept row. The leaf holds its digest twice, as the digest before and after.
    fn copy_kept(&mut self, input: &mut Reader<'_>) -> Result<(), CborError> {
        self.leaf.write_array(0);
        self.leaf.write_null();
        self.leaf.write_null();
        let start = self.leaf.len();
        if input.peek_kind()? == ItemKind::Null {
            input.read_null()?;
            self.items.write_null();
            self.leaf.write_null();
        } else {
            self.copy_digest(input)?;
        }
        let digest = self.leaf.as_bytes()[start..].to_vec();
        self.leaf.write_raw(&digest);
        Ok(())
    }

    /// Writes null into the leaf for a side that the change does not have.
    fn write_null_if(&mut self, absent: bool) {
        if absent {
            self.leaf.write_null();
        }
    }

    /// Copies an array of values into the leaf and into the chunk's items, and returns their number.
    fn copy_values(&mut self, input: &mut Reader<'_>) -> Result<usize, CborError> {
        let start = self.leaf.len();
        let count = input.read_array()?;
        self.leaf.write_array(count);
        self.cells.clear();
        for _ in 0..count {
            let cell = self.leaf.len();
            Value::copy(input, &mut self.leaf)?;
            self.cells.push(cell..self.leaf.len());
        }
        self.items.write_raw(&self.leaf.as_bytes()[start..]);
        Ok(self.cells.len())
    }

    fn copy_digest(&mut self, input: &mut Reader<'_>) -> Result<Digest, CborError> {
        let digest =
            Digest::try_from(input.read_bytes()?).map_err(|_| CborError::Unexpected("a digest of 32 bytes"))?;
        self.items.write_bytes(digest.as_bytes());
        self.leaf.write_bytes(digest.as_bytes());
        Ok(digest)
    }
}
