//! Fields in a few bytes each: what is looked up of them once their rows have gone by; judges none of them.

use std::collections::BTreeMap;

use super::lookup::{Lookup, LookupId};
use crate::model::{Key, Row, Value};

/// The table of fields.
pub(super) const FIELDS: &str = "TxField";
/// The column that names a field's machine.
pub(super) const MACHINE: &str = "Machine_ID_Staff_ID";
/// The column that the versions of a field share.
pub(super) const SET: &str = "FLD_SET_ID";

/// Every field that came by.
#[derive(Debug, Default)]
pub(super) struct Fields {
    all: Lookup<PackedField>,
    machines: Interner<LookupId>,
    numbers: Interner<Option<i64>>,
}

/// A field as it is kept; few machines, types, versions and numbers of control points occur, and each is kept once.
#[derive(Debug)]
struct PackedField {
    /// The row's key, where it is another than the id.
    key: Option<Box<Key>>,
    set: LookupId,
    /// Not a number where there is none: an option would take as much room again.
    meterset: f64,
    machine: u32,
    kind: u32,
    version: u32,
    promised: u32,
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Field<'f> {
    /// FLD_ID.
    pub(super) id: LookupId,
    key: Option<&'f Key>,
    /// Machine_ID_Staff_ID.
    pub(super) machine: &'f LookupId,
    /// FLD_SET_ID.
    pub(super) set: &'f LookupId,
    /// Type_Enum.
    pub(super) kind: Option<i64>,
    /// Version, 0 where there is none.
    pub(super) version: i64,
    /// ControlPoints.
    pub(super) promised: Option<i64>,
    /// Meterset.
    pub(super) meterset: Option<f64>,
}

impl Field<'_> {
    /// Returns the row's key.
    pub(super) fn key(&self) -> Key {
        self.key.cloned().unwrap_or_else(|| vec![self.id.to_value()])
    }
}

impl Fields {
    /// Takes in rows; of several with one FLD_ID the last one counts.
    pub(super) fn add_rows(&mut self, rows: &[Row<'_>]) {
        for row in rows {
            let id = LookupId::from_cell(row.cell("FLD_ID"));
            let key = row.key();
            let is_id = matches!((key.as_slice(), &id), ([Value::Integer(key)], LookupId::Number(id)) if key == id);
            let packed = PackedField {
                key: (!is_id).then(|| Box::new(key)),
                set: LookupId::from_cell(row.cell(SET)),
                meterset: row.float("Meterset").unwrap_or(f64::NAN),
                machine: self.machines.intern(LookupId::from_cell(row.cell(MACHINE))),
                kind: self.numbers.intern(row.integer("Type_Enum")),
                version: self.numbers.intern(row.integer("Version")),
                promised: self.numbers.intern(row.integer("ControlPoints")),
            };
            self.all.insert(id, packed);
        }
    }

    /// Puts the fields in order, as every look-up needs it.
    pub(super) fn seal(&mut self) {
        self.all.seal();
    }

    /// Returns a field.
    pub(super) fn get(&self, id: &LookupId) -> Option<Field<'_>> {
        self.all.get(id).map(|packed| self.unpack(id.clone(), packed))
    }

    /// Returns all fields, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.all.iter().map(|(id, packed)| self.unpack(id, packed))
    }

    fn unpack<'f>(&'f self, id: LookupId, packed: &'f PackedField) -> Field<'f> {
        let number = |number: u32| self.numbers.value(number).copied().flatten();
        Field {
            id,
            key: packed.key.as_deref(),
            machine: self.machines.value(packed.machine).unwrap_or(&LookupId::Null),
            set: &packed.set,
            kind: number(packed.kind),
            version: number(packed.version).unwrap_or_default(),
            promised: number(packed.promised),
            meterset: Some(packed.meterset).filter(|meterset| !meterset.is_nan()),
        }
    }
}

/// Things of which few occur, each told by a small number.
#[derive(Debug)]
struct Interner<T> {
    numbers: BTreeMap<T, u32>,
    all: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), all: Vec::new() }
    }
}

impl<T: Ord + Clone> Interner<T> {
    fn intern(&mut self, thing: T) -> u32 {
        if let Some(number) = self.numbers.get(&thing) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }

    fn value(&self, number: u32) -> Option<&T> {
        usize::try_from(number).ok().and_then(|at| self.all.get(at))
    }
}
