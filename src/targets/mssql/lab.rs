//! Creates a lab on a server. It never overwrites anything, and never leaves half a lab behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::Value;

use super::catalogue::{self, CatalogueFeatures, MssqlLayout};
use super::fault::ServerLocation;
use super::marks;
use super::open::{MssqlAccess, READ_WAIT_MS};
use super::sql::{self, lab as text};
use super::wire::{Wire, cell_integer};
use super::{codec, stage};
use crate::model::ports::Secrets;
use crate::model::{Refusal, Table};
use crate::targets::known;
use crate::targets::{DomainKeys, FilledLab, LabWriter, NewTable, TargetError};

/// How many rows are collected before they are sent.
const BATCH: usize = 4096;

/// A lab that is being filled. Dropped before it is finished, it removes what it has created.
struct MssqlLab {
    access: MssqlAccess,
    place: ServerLocation,
    wire: Option<Wire>,
    features: CatalogueFeatures,
    made_database: bool,
    tables: BTreeMap<String, FillingTable>,
    /// The statements that create the indexes.
    indexes: Vec<String>,
    finished: bool,
}

/// A table that is being filled, with the rows that are not sent yet.
struct FillingTable {
    layout: MssqlLayout,
    rows: Vec<Vec<Value>>,
}

/// Creates a database for a lab, or uses an empty one.
///
/// # Errors
/// [`Refusal::Exists`] where the database holds anything; else the server's error.
pub fn create_lab(url: &str, secrets: &dyn Secrets) -> Result<Box<dyn LabWriter>, TargetError> {
    let access = MssqlAccess::from_url(url, secrets)?;
    let place = access.location(READ_WAIT_MS);
    let made_database = make_database(&access, &place)?;
    let mut lab = MssqlLab {
        access,
        place,
        wire: None,
        features: CatalogueFeatures::default(),
        made_database,
        tables: BTreeMap::new(),
        indexes: Vec::new(),
        finished: false,
    };
    lab.enter_empty_database()?;
    Ok(Box::new(lab))
}

/// Creates the database where there is none, and returns whether it did.
fn make_database(access: &MssqlAccess, place: &ServerLocation) -> Result<bool, TargetError> {
    match access.connect(place, false) {
        Ok(_) => return Ok(false),
        Err(TargetError::Absent { .. }) => {}
        Err(other) => return Err(other),
    }
    let mut wire = access.with_database("master").connect(place, false)?;
    wire.run_batch(&text::create_database(&access.url.database)).map_err(place.explainer("make the database"))?;
    Ok(true)
}

impl MssqlLab {
    fn enter_empty_database(&mut self) -> Result<(), TargetError> {
        let mut wire = self.access.connect(&self.place, false)?;
        let failed = self.place.explainer("read the database");
        let objects = wire.query_rows(text::OBJECTS, Vec::new()).map_err(&failed)?;
        // A database that already holds anything is never used for a lab.
        if objects.first().and_then(|row| cell_integer(row.first())) != Some(0) {
            return Err(Refusal::Exists { path: self.place.url.clone() }.into());
        }
        let identity = marks::read_identity(&mut wire, &self.place)?;
        self.features = CatalogueFeatures::read(&mut wire, &self.place, identity.schema)?;
        self.wire = Some(wire);
        Ok(())
    }

    fn send_rows(&mut self, name: &str) -> Result<(), TargetError> {
        let Self { wire: Some(wire), place, tables, .. } = self else { return Err(self.closed_error()) };
        let Some(filling) = tables.get_mut(name).filter(|filling| !filling.rows.is_empty()) else { return Ok(()) };
        let layout = &filling.layout;
        let parts: Vec<stage::StagedColumn<'_>> =
            layout.fields.iter().map(|field| stage::StagedColumn { letter: "a", field }).collect();
        let mut rows = filling.rows.iter().map(|row| row.iter().collect());
        let staged = stage::stage_rows(wire, place, layout, &parts, &mut rows)?;
        let count = wire.execute_counted(&sql::writes::insert_rows(layout, &staged));
        let count =
            count.map_err(|fault| super::normalize::explain_write_fault(place, layout, "fill a lab's table", fault))?;
        if count != filling.rows.len() as u64 {
            let why = format!("{count} of {} rows arrived in {name}", filling.rows.len());
            return Err(place.failure("fill a lab's table", why));
        }
        stage::unstage_rows(wire, place, &staged)?;
        filling.rows.clear();
        Ok(())
    }

    /// Drops the database, if this run created it, or else the tables that it created there.
    fn remove_created(&mut self) -> Result<(), TargetError> {
        // A database cannot be dropped while a session, this one included, uses it.
        drop(self.wire.take());
        let failed = self.place.explainer("remove a lab");
        if self.made_database {
            let mut master = self.access.with_database("master").connect(&self.place, false)?;
            return master.run_batch(&text::drop_database(&self.access.url.database)).map_err(failed);
        }
        let mut wire = self.access.connect(&self.place, false)?;
        // A table that cannot be dropped keeps none of the others.
        let dropped = self.tables.keys().map(|name| wire.run_batch(&text::drop_table(name)));
        dropped.fold(Ok(()), Result::and).map_err(failed)
    }

    fn closed_error(&self) -> TargetError {
        self.place.failure("fill a lab", "it is closed")
    }
}

impl LabWriter for MssqlLab {
    fn create_table(&mut self, table: &NewTable) -> Result<Arc<Table>, TargetError> {
        known::refuse_odd_types(table)?;
        if let Some((column, parent, _)) = table.references.first() {
            let what =
                format!("the declared reference of {}.{column} to {parent}, which a server would enforce,", table.name);
            return Err(Refusal::Unsupported { what }.into());
        }
        let Self { wire: Some(wire), place, features, .. } = self else { return Err(self.closed_error()) };
        let text = text::create_table(&table.name, &table.columns, table.key.as_deref());
        wire.run_batch(&text).map_err(place.explainer("make a lab's table"))?;
        let keys: DomainKeys = table.key.iter().map(|key| (table.name.clone(), vec![key.clone()])).collect();
        let Some(layout) = catalogue::read_layout(wire, place, features, &keys, &table.name)? else {
            return Err(Refusal::MissingTable { table: table.name.clone() }.into());
        };
        let declared = Arc::clone(&layout.table);
        self.tables.insert(table.name.clone(), FillingTable { layout, rows: Vec::new() });
        self.indexes.extend(table.indexes.iter().map(|column| text::create_index(&table.name, column)));
        Ok(declared)
    }

    fn insert_row(&mut self, table: &str, values: &[Value]) -> Result<(), TargetError> {
        let Some(filling) = self.tables.get_mut(table) else {
            return Err(Refusal::MissingTable { table: table.to_owned() }.into());
        };
        if filling.layout.fields.len() != values.len() {
            return Err(self.place.failure("fill a lab's table", format!("a row of {table} has another width")));
        }
        // Encoded here only to name a value that does not fit at once, and not after thousands of other rows.
        for (field, value) in filling.layout.fields.iter().zip(values) {
            codec::encode(value, field.kind).ok_or_else(|| stage::does_not_fit(&filling.layout, field, value))?;
        }
        filling.rows.push(values.to_vec());
        if filling.rows.len() >= BATCH { self.send_rows(table) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Box<dyn FilledLab>, TargetError> {
        let names: Vec<String> = self.tables.keys().cloned().collect();
        names.iter().try_for_each(|name| self.send_rows(name))?;
        let Self { wire: Some(wire), place, indexes, .. } = &mut *self else { return Err(self.closed_error()) };
        for text in indexes.iter() {
            wire.run_batch(text).map_err(place.explainer("index a lab's table"))?;
        }
        self.wire = None;
        self.finished = true;
        Ok(self)
    }
}

impl FilledLab for MssqlLab {
    fn remove(mut self: Box<Self>) -> Result<(), TargetError> {
        self.remove_created()
    }
}

impl Drop for MssqlLab {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // A destructor cannot report what could not be removed.
        let _ = self.remove_created();
    }
}
