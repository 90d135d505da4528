//! `mfm lab`: makes, marks and registers synthetic and imported databases.

pub mod create;
pub mod export;
mod folder;
pub mod import;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mfm_journal::Digest;
use serde::Serialize;
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, FailureKind};
use super::protected::ProtectedFiles;
use super::targets::{
    Marking, append_entry, default_name, free_name, journal_baseline, new_marker, nothing_active, put_marker, signs,
};
use crate::domain::Domain;
use crate::domain::table::TableDef;
use crate::model::{Datum, Refusal, Table};
use crate::targets::{self, FilledLab, LabWriter, NewTable, Target, TargetError, canonical_url};

/// A lab that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MadeLab {
    /// Its registered name.
    pub target: String,
    /// Its URL, in canonical form.
    pub url: String,
    /// Its identity, by its marker.
    pub identity: Digest,
    /// Number of rows, by table.
    pub tables: BTreeMap<String, u64>,
    /// Number of rows in all tables.
    pub rows: u64,
    /// The journal.
    pub journal: PathBuf,
}

/// Writes tables and rows to a new lab, converting each value to its column's type.
pub(super) struct LabSink {
    writer: Box<dyn LabWriter>,
    tables: BTreeMap<String, FilledTable>,
}

/// A table being filled.
struct FilledTable {
    table: Arc<Table>,
    /// The position of each of its columns in the given rows; columns that cannot be set are left out of the table.
    places: Vec<usize>,
}

impl LabSink {
    /// Creates a table.
    ///
    /// # Errors
    /// A target error.
    pub(super) fn create_table(&mut self, def: &TableDef) -> Result<Arc<Table>, TargetError> {
        let TableDef { name, key, columns, indexes, references } = def.clone();
        let new = NewTable { name, key, columns, indexes, references };
        let table = self.writer.create_table(&new)?;
        let places = column_positions(&table, def);
        self.tables.insert(def.name.clone(), FilledTable { table: table.clone(), places });
        Ok(table)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// A value that does not fit its column, or a target error.
    pub(super) fn write_row(&mut self, name: &str, cells: &[Datum]) -> Result<(), TargetError> {
        let Some(FilledTable { table, places }) = self.tables.get(name) else {
            return Err(Refusal::MissingTable { table: name.to_owned() }.into());
        };
        let mut values = Vec::with_capacity(places.len());
        for (column, at) in table.columns.iter().zip(places) {
            values.push(column.store_datum(name, cells.get(*at).unwrap_or(&Datum::Null))?);
        }
        self.writer.insert_row(name, &values)
    }
}

/// Returns the position of each column of a table in its definition.
fn column_positions(table: &Table, def: &TableDef) -> Vec<usize> {
    let mut places = Vec::new();
    for column in &table.columns {
        places.extend(def.columns.iter().position(|(name, ..)| name.eq_ignore_ascii_case(&column.image.name)));
    }
    places
}

/// Refuses a path at which the lab or the journal would be mistaken for a file that SQLite keeps with the other.
fn check_apart(context: &Context<'_>, url: &str) -> Result<(), Failure> {
    let Some(path) = url.strip_prefix("sqlite:").map(Path::new) else { return Ok(()) };
    ProtectedFiles::from_journal(&context.journal, None).refuse_beside(path)?;
    let mut lab = ProtectedFiles::default();
    lab.add_target(url, url);
    lab.refuse_beside(&context.journal)
}

/// The origin of a lab's rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// Invented: made by mfm, or published as synthetic.
    Invented,
    /// Possibly of real people; with the signs of a live clinic that the user overrides.
    Somebodys(&'a [String]),
}

impl Origin<'_> {
    /// Opens a new lab and checks it for signs of a live clinic; removes it where one is not overridden, and returns
    /// those that are.
    fn open_checked(
        self,
        context: &Context<'_>,
        filled: Box<dyn FilledLab>,
        url: &str,
    ) -> Result<(Box<dyn Target>, Vec<String>), Failure> {
        let mut target = context.open_target(url)?;
        let Self::Somebodys(overrides) = self else { return Ok((target, Vec::new())) };
        match signs::check_signs(context, target.as_mut(), url, overrides) {
            Ok(overridden) => Ok((target, overridden)),
            Err(refused) => {
                drop(target);
                if let Err(error) = filled.remove() {
                    context.reporter.warn(&format!("the refused import is still there, in {url}: {error}"));
                }
                Err(refused)
            }
        }
    }
}

/// Makes a lab, fills it, registers and marks it, and journals its baseline.
///
/// # Errors
/// Usage, a refusal, or what target and journal say; a half-made lab is removed.
pub(super) fn make_lab(
    context: &Context<'_>,
    url: &str,
    name: Option<&str>,
    domain: &'static dyn Domain,
    origin: Origin<'_>,
    fill: &mut dyn FnMut(&mut LabSink) -> Result<(), Failure>,
) -> Result<(MadeLab, Box<dyn Target>), Failure> {
    let url = canonical_url(url)?;
    check_apart(context, &url)?;
    let mut journal = context.writing_or_new()?;
    let writer = targets::create_lab(&url, context.secrets)?;
    let mut sink = LabSink { writer, tables: BTreeMap::new() };
    fill(&mut sink)?;
    let filled = sink.writer.finish()?;
    // Again, now that the file exists: links in its path can be resolved only from here on.
    let url = canonical_url(&url)?;
    let (mut target, overrides) = origin.open_checked(context, filled, &url)?;
    // The name was checked before, but making a lab may take minutes: checked again under the lock.
    let lock = journal.lock(&context.holder)?;
    let name = name.map_or_else(|| unused_name(&journal, target.as_ref(), &url), str::to_owned);
    free_name(&journal, &name, &url)?;
    nothing_active(&journal, &name)?;
    append_entry(
        context,
        &mut journal,
        &lock,
        "target_added",
        json!({"name": name, "url": url, "domain": domain.card().id}),
    )?;
    let marker = new_marker(context, target.as_mut())?;
    let marking = Marking {
        name: &name,
        url: &url,
        domain: domain.card().id,
        marker: &marker,
        overrides: &overrides,
        lab: true,
        synthetic: matches!(origin, Origin::Invented),
        moved_from: None,
        adopted: false,
        records: &[],
    };
    put_marker(context, &mut journal, &lock, target.as_mut(), &marking)?;
    drop(lock);
    let tables = journal_baseline(context, &mut journal, target.as_mut(), &name)?;
    let tables: BTreeMap<String, u64> = tables.into_iter().map(|table| (table.table, table.rows)).collect();
    let lab = MadeLab {
        target: name,
        url,
        identity: marker.identity(),
        rows: tables.values().sum(),
        tables,
        journal: context.journal.clone(),
    };
    Ok((lab, target))
}

/// Returns the name of the file or database, with a number appended where another target has that name.
fn unused_name(journal: &mfm_journal::Journal, target: &dyn Target, url: &str) -> String {
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url);
    if let Some((name, _)) = registered {
        return name.clone();
    }
    let base = default_name(target);
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    names.find(|name| journal.state().targets.get(name).is_none_or(|known| known.url == url)).unwrap_or(base)
}

/// Checks before a lab is made that its name can be used.
///
/// # Errors
/// A refusal.
pub(super) fn early_name(context: &Context<'_>, url: &str, name: Option<&str>) -> Result<(), Failure> {
    let url = canonical_url(url)?;
    match context.open_journal() {
        Ok(journal) => {
            let registered = journal.state().targets.iter().find(|(_, known)| known.url == url);
            match name.or(registered.map(|(name, _)| name.as_str())) {
                Some(name) => free_name(&journal, name, &url).and_then(|()| nothing_active(&journal, name)),
                None => Ok(()),
            }
        }
        // A missing journal will be created; a broken one fails when it is opened for writing.
        Err(failure) if failure.kind == FailureKind::Journal => Ok(()),
        Err(failure) => Err(failure),
    }
}
