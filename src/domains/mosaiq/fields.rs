//! The columns of all fields that checks look up later, packed into a few bytes a field: a clinic has hundreds of
//! thousands, and all stay in memory for the length of a run.

use std::collections::BTreeMap;

use super::lookup::{Lookup, LookupId};
use crate::model::{Key, Row, Value};

pub(super) const FIELDS: &str = "TxField";
/// The machine of a field or a delivery.
pub(super) const MACHINE: &str = "Machine_ID_Staff_ID";
/// The same value in all versions of a field.
pub(super) const SET: &str = "FLD_SET_ID";

#[derive(Debug, Default)]
pub(super) struct Fields {
    all: Lookup<PackedField>,
    machines: Interner<LookupId>,
    numbers: Interner<Option<i64>>,
}

/// A field as stored. Machines, types, versions and control-point counts repeat, and are stored as indices into tables
/// of distinct values.
#[derive(Debug)]
struct PackedField {
    /// The row's key if it differs from the id. Boxed, because nearly all keys are the id.
    key: Option<Box<Key>>,
    set: LookupId,
    /// NaN if there is none: an `Option<f64>` takes twice the room.
    meterset: f64,
    machine: u32,
    kind: u32,
    version: u32,
    promised: u32,
}

/// A field as unpacked for reading.
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
    /// Version; 0, the current one, if missing.
    pub(super) version: i64,
    /// ControlPoints.
    pub(super) promised: Option<i64>,
    /// Meterset, MU.
    pub(super) meterset: Option<f64>,
}

impl Field<'_> {
    pub(super) fn key(&self) -> Key {
        self.key.cloned().unwrap_or_else(|| vec![self.id.to_value()])
    }
}

impl Fields {
    /// Adds rows; of several with one FLD_ID the last counts.
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

    /// Sorts the fields. Must precede every look-up.
    pub(super) fn seal(&mut self) {
        self.all.seal();
    }

    pub(super) fn get(&self, id: &LookupId) -> Option<Field<'_>> {
        self.all.get(id).map(|packed| self.unpack(id.clone(), packed))
    }

    /// Iterates in the order of the ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.all.iter().map(|(id, packed)| self.unpack(id, packed))
    }

    fn unpack<'f>(&'f self, id: LookupId, packed: &'f PackedField) -> Field<'f> {
        let [kind, version, promised] =
            [packed.kind, packed.version, packed.promised].map(|index| self.numbers.value(index).copied().flatten());
        Field {
            id,
            key: packed.key.as_deref(),
            machine: self.machines.value(packed.machine).unwrap_or(&LookupId::Null),
            set: &packed.set,
            kind,
            version: version.unwrap_or_default(),
            promised,
            meterset: Some(packed.meterset).filter(|meterset| !meterset.is_nan()),
        }
    }
}

/// Stores each distinct value once, under a small index.
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
        // So many distinct values would not fit in memory in the first place.
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }

    fn value(&self, number: u32) -> Option<&T> {
        usize::try_from(number).ok().and_then(|at| self.all.get(at))
    }
}
