//! A reading session: its connection, opened again where it broke; its transactions, each of which sees one state; and
//! the tables that it has read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::catalogue::{self, CatalogueFeatures, MssqlLayout};
use super::fault::ServerLocation;
use super::marks::{self, DatabaseIdentity};
use super::open::{MssqlAccess, ParkedWire};
use super::sql::session;
use super::wire::Wire;
use crate::model::Table;
use crate::targets::known;
use crate::targets::{DomainKeys, TargetError};

/// How often a reading step is repeated after a deadlock, or after the connection broke.
const RETRIES: u32 = 3;

/// A login to one database for reading.
pub(super) struct ReadSession {
    pub(super) access: MssqlAccess,
    pub(super) place: ServerLocation,
    pub(super) keys: DomainKeys,
    pub(super) identity: DatabaseIdentity,
    pub(super) features: CatalogueFeatures,
    parked: ParkedWire,
    /// The layouts read so far. They may be out of date: the writing side reads and judges its tables again.
    layouts: BTreeMap<String, Option<Arc<MssqlLayout>>>,
}

/// The inside of one reading transaction, which sees one state.
pub(super) struct ReadStep<'s> {
    pub(super) wire: &'s mut Wire,
    pub(super) place: &'s ServerLocation,
    pub(super) keys: &'s DomainKeys,
    pub(super) features: &'s CatalogueFeatures,
    layouts: &'s mut BTreeMap<String, Option<Arc<MssqlLayout>>>,
}

impl ReadSession {
    /// Logs in, and reads the identity of the database.
    pub(super) fn open(access: MssqlAccess, place: ServerLocation, keys: DomainKeys) -> Result<Self, TargetError> {
        let (identity, features, wire) = with_retries(|| {
            let mut wire = access.connect(&place, true)?;
            let identity = marks::read_identity(&mut wire, &place)?;
            let features = CatalogueFeatures::read(&mut wire, &place, identity.schema.clone())?;
            Ok((identity, features, wire))
        })?;
        let parked = Arc::new(Mutex::new(Some(wire)));
        Ok(Self { access, place, keys, identity, features, parked, layouts: BTreeMap::new() })
    }

    /// Runs a reading step in a transaction of its own, so that all of it sees the same state.
    pub(super) fn in_one_state<T>(
        &mut self,
        step: &mut dyn FnMut(&mut ReadStep<'_>) -> Result<T, TargetError>,
    ) -> Result<T, TargetError> {
        with_retries(|| self.run_step_once(step))
    }

    fn run_step_once<T>(
        &mut self,
        step: &mut dyn FnMut(&mut ReadStep<'_>) -> Result<T, TargetError>,
    ) -> Result<T, TargetError> {
        // A poisoned lock costs no more than a new connection.
        let parked = self.parked.lock().ok().and_then(|mut parked| parked.take());
        let mut wire = match parked {
            Some(wire) => wire,
            None => self.access.connect(&self.place, true)?,
        };
        let begin = session::begin_read(self.identity.snapshots, self.place.wait_ms);
        wire.run_batch(&begin).map_err(self.place.explainer("start reading"))?;
        let Self { place, keys, features, layouts, .. } = self;
        let result = step(&mut ReadStep { wire: &mut wire, place, keys, features, layouts });
        // A connection that cannot roll back is dropped, which also ends its transaction.
        if wire.run_batch(session::ROLLBACK).is_ok()
            && let Ok(mut parked) = self.parked.lock()
        {
            *parked = Some(wire);
        }
        result
    }

    /// Shares the slot of this session's connection with a writer; `None` where a login of its own reads.
    pub(super) fn share_wire(&self) -> Option<ParkedWire> {
        (!self.access.reads_apart()).then(|| Arc::clone(&self.parked))
    }

    /// Forgets all layouts read so far.
    pub(super) fn forget_layouts(&mut self) {
        self.layouts.clear();
    }

    /// Forgets one layout, so that the next request reads it again.
    pub(super) fn forget_one(&mut self, name: &str) {
        self.layouts.remove(name);
    }
}

/// Runs a step, and repeats it after an error that may pass.
fn with_retries<T>(mut step: impl FnMut() -> Result<T, TargetError>) -> Result<T, TargetError> {
    let mut retries = 0;
    loop {
        match step() {
            Err(error) if retries < RETRIES && may_pass(&error) => retries += 1,
            result => return result,
        }
    }
}

/// Returns whether a step may succeed when it is repeated. Not so for a lock, which was waited for already; for a
/// server that took too long; or for an untrusted certificate.
const fn may_pass(error: &TargetError) -> bool {
    matches!(error, TargetError::Deadlock { .. } | TargetError::Network { .. })
}

impl ReadStep<'_> {
    /// Returns a table's layout; `None` where there is no table of that name.
    pub(super) fn find_layout(&mut self, name: &str) -> Result<Option<Arc<MssqlLayout>>, TargetError> {
        if let Some(layout) = self.layouts.get(name) {
            return Ok(layout.clone());
        }
        let layout = catalogue::read_layout(self.wire, self.place, self.features, self.keys, name)?.map(Arc::new);
        self.layouts.insert(name.to_owned(), layout.clone());
        Ok(layout)
    }

    /// Returns the layout of a table that was read before, refusing where its declaration changed.
    pub(super) fn require_layout(&mut self, table: &Table) -> Result<Arc<MssqlLayout>, TargetError> {
        Ok(known::require_unchanged(self.find_layout(&table.shape.name)?, table, |layout| &layout.table)?)
    }

    /// Returns the layout of a table that was read before, reduced to the columns of `table`.
    pub(super) fn require_columns(&mut self, table: &Arc<Table>) -> Result<MssqlLayout, TargetError> {
        let layout =
            known::require_columns_unchanged(self.find_layout(&table.shape.name)?, table, |layout| &layout.table)?;
        let fields =
            layout.fields.iter().filter(|field| table.shape.column_position(&field.name).is_some()).cloned().collect();
        Ok(MssqlLayout { table: Arc::clone(table), fields, ..(*layout).clone() })
    }
}
