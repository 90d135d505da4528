//! A reading session: its connection, made anew where it broke, one state at a time, the tables it knows; writes
//! nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::catalogue::{self, CatalogueFeatures, MssqlLayout, SheetField};
use super::fault::ServerLocation;
use super::marks::{self, DatabaseIdentity};
use super::open::{MssqlAccess, ParkedWire};
use super::sql::session;
use super::wire::Wire;
use crate::model::Table;
use crate::targets::known;
use crate::targets::{DomainKeys, TargetError};

/// How often a reading step is tried again that lost a deadlock, or a connection that had broken meanwhile.
const RETRIES: u32 = 3;

/// What a reading session needs.
pub(super) struct ReadSession {
    pub(super) access: MssqlAccess,
    pub(super) place: ServerLocation,
    pub(super) keys: DomainKeys,
    pub(super) identity: DatabaseIdentity,
    pub(super) offers: CatalogueFeatures,
    parked: ParkedWire,
    /// The tables looked at, valid for as long as this session: what is written is judged by the writing side anew.
    sheets: BTreeMap<String, Option<Arc<MssqlLayout>>>,
}

/// A step of reading, all of it in one state.
pub(super) struct ReadStep<'s> {
    pub(super) wire: &'s mut Wire,
    pub(super) place: &'s ServerLocation,
    pub(super) keys: &'s DomainKeys,
    pub(super) offers: &'s CatalogueFeatures,
    sheets: &'s mut BTreeMap<String, Option<Arc<MssqlLayout>>>,
}

impl ReadSession {
    /// Logs in, and asks the database who it is.
    pub(super) fn open(access: MssqlAccess, place: ServerLocation, keys: DomainKeys) -> Result<Self, TargetError> {
        let (identity, offers, wire) = with_retries(|| {
            let mut wire = access.connect(&place, true)?;
            let identity = marks::read_identity(&mut wire, &place)?;
            let offers = CatalogueFeatures::read(&mut wire, &place, identity.schema.clone())?;
            Ok((identity, offers, wire))
        })?;
        let parked = Arc::new(Mutex::new(Some(wire)));
        Ok(Self { access, place, keys, identity, offers, parked, sheets: BTreeMap::new() })
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
        let parked = self.parked.lock().ok().and_then(|mut parked| parked.take());
        let mut wire = match parked {
            Some(wire) => wire,
            None => self.access.connect(&self.place, true)?,
        };
        let begin = session::begin_read(self.identity.snapshots, self.place.wait_ms);
        wire.run_batch(&begin).map_err(self.place.explainer("begin reading"))?;
        let Self { place, keys, offers, sheets, .. } = self;
        let result = step(&mut ReadStep { wire: &mut wire, place, keys, offers, sheets });
        // A connection that cannot end its transaction ends with it.
        if wire.run_batch(session::ROLLBACK).is_ok()
            && let Ok(mut parked) = self.parked.lock()
        {
            *parked = Some(wire);
        }
        result
    }

    /// Returns where this session's connection waits between two steps, where the login that reads writes as well.
    pub(super) fn share_wire(&self) -> Option<ParkedWire> {
        (!self.access.reads_apart()).then(|| Arc::clone(&self.parked))
    }

    /// Forgets the tables that were looked at.
    pub(super) fn forget_layouts(&mut self) {
        self.sheets.clear();
    }

    /// Forgets a table: whoever asks for it anew wants it as it is now.
    pub(super) fn forget_one(&mut self, name: &str) {
        self.sheets.remove(name);
    }
}

/// Tries a step again that may well succeed then.
fn with_retries<T>(mut step: impl FnMut() -> Result<T, TargetError>) -> Result<T, TargetError> {
    let mut retries = 0;
    loop {
        match step() {
            Err(error) if retries < RETRIES && may_pass(&error) => retries += 1,
            result => return result,
        }
    }
}

/// Tells whether a step may well succeed when it is tried again; a lock was waited for already, a server that took too
/// long may do so again, and an untrusted certificate stays one.
const fn may_pass(error: &TargetError) -> bool {
    matches!(error, TargetError::Deadlock { .. } | TargetError::Network { .. })
}

impl ReadStep<'_> {
    /// Returns a table, `None` where there is none of that name.
    pub(super) fn find_layout(&mut self, name: &str) -> Result<Option<Arc<MssqlLayout>>, TargetError> {
        if let Some(sheet) = self.sheets.get(name) {
            return Ok(sheet.clone());
        }
        let sheet = catalogue::read_layout(self.wire, self.place, self.offers, self.keys, name)?.map(Arc::new);
        self.sheets.insert(name.to_owned(), sheet.clone());
        Ok(sheet)
    }

    /// Returns the table that was looked at before, which has to be as it was.
    pub(super) fn require_layout(&mut self, table: &Table) -> Result<Arc<MssqlLayout>, TargetError> {
        Ok(known::require_unchanged(self.find_layout(&table.shape.name)?, table, |sheet| &sheet.table)?)
    }

    /// Returns the table that was looked at before with the columns only that are wanted of it.
    pub(super) fn require_columns(&mut self, table: &Arc<Table>) -> Result<MssqlLayout, TargetError> {
        let sheet =
            known::require_columns_unchanged(self.find_layout(&table.shape.name)?, table, |sheet| &sheet.table)?;
        let wanted = |field: &&SheetField| table.shape.column_position(&field.name).is_some();
        let fields = sheet.fields.iter().filter(wanted).cloned().collect();
        Ok(MssqlLayout { table: Arc::clone(table), fields, ..(*sheet).clone() })
    }
}
