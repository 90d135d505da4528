//! `mfm lab`: synthetic and imported databases that mfm makes, marks and registers; a folder, no operation itself.

pub mod create;
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
use crate::file;
use crate::model::{Datum, Refusal, Table};
use crate::targets::{self, LabWriter, Marker, NewTable, Target, TargetError, canonical_url};

/// A lab that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MadeLab {
    /// The name it is registered under.
    pub target: String,
    /// Its URL.
    pub url: String,
    /// Its identity.
    pub identity: Digest,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    /// All rows.
    pub rows: u64,
    /// The journal.
    pub journal: PathBuf,
}

/// Where the rows of a lab go: each value becomes what its column holds.
pub(super) struct LabSink {
    writer: Box<dyn LabWriter>,
    tables: BTreeMap<String, FilledTable>,
}

/// A table being filled, and where each of its columns stands in the given rows: what nobody can set is left out.
struct FilledTable {
    table: Arc<Table>,
    places: Vec<usize>,
}

impl LabSink {
    /// Makes a table.
    ///
    /// # Errors
    /// What the target says.
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
    /// A value that does not fit its column, or what the target says.
    pub(super) fn write_row(&mut self, name: &str, cells: &[Datum]) -> Result<(), TargetError> {
        let missing = || Refusal::MissingTable { table: name.to_owned() };
        let FilledTable { table, places } = self.tables.get(name).ok_or_else(missing)?;
        let given = places.iter().map(|at| cells.get(*at).unwrap_or(&Datum::Null));
        let store = |(column, datum): (&crate::model::Column, &Datum)| column.store_datum(name, datum);
        let values = table.columns.iter().zip(given).map(store).collect::<Result<Vec<_>, _>>()?;
        self.writer.insert_row(name, &values)
    }
}

/// Returns where each column of a table stands in its definition.
fn column_positions(table: &Table, def: &TableDef) -> Vec<usize> {
    let place = |column: &crate::model::Column| {
        def.columns.iter().position(|(name, ..)| name.eq_ignore_ascii_case(&column.image.name))
    };
    table.columns.iter().filter_map(place).collect()
}

/// Refuses a file for a lab that another database takes for a part of itself, or that would take the journal for one.
fn check_apart(context: &Context<'_>, url: &str) -> Result<(), Failure> {
    let Some(path) = url.strip_prefix("sqlite:").map(Path::new) else { return Ok(()) };
    ProtectedFiles::from_journal(&context.journal, None).refuse_beside(path)?;
    let mut lab = ProtectedFiles::default();
    lab.add_target(url, url);
    lab.refuse_beside(&context.journal)
}

/// Where the rows of a lab come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// They are nobody's: mfm made them, or they were published as such.
    Invented,
    /// They are, or may be, somebody's; the signs of a live clinic that were overridden.
    Somebodys(&'a [String]),
}

impl Origin<'_> {
    /// Asks a new lab of somebody's data for the signs of a live clinic; it goes again where one is not overridden.
    fn check_signs(self, context: &Context<'_>, target: &mut dyn Target, url: &str) -> Result<Vec<String>, Failure> {
        let Self::Somebodys(overrides) = self else { return Ok(Vec::new()) };
        let path = url.strip_prefix("sqlite:").map(Path::new);
        let made = path.map(|path| (path, file::identity_of(path)));
        signs::check_signs(context, target, url, overrides).inspect_err(|_| {
            if let Some((path, made)) = made {
                // Nothing is to be done about a file that will not go; it is neither marked nor registered.
                let _ = file::remove_own(path, made);
            }
        })
    }
}

/// Makes a lab, fills it with rows that are invented or somebody's, marks and registers it, and journals its baseline.
///
/// # Errors
/// Usage, a refusal, or what target and journal say; a half-made lab is removed.
pub(super) fn make_lab(
    context: &Context<'_>,
    url: &str,
    name: Option<&str>,
    (domain, origin): (&'static dyn Domain, Origin<'_>),
    fill: &mut dyn FnMut(&mut LabSink) -> Result<(), Failure>,
) -> Result<(MadeLab, Box<dyn Target>), Failure> {
    let url = canonical_url(url)?;
    check_apart(context, &url)?;
    let mut journal = context.writing_or_new()?;
    let writer = targets::create_lab(&url, context.secrets)?;
    let mut sink = LabSink { writer, tables: BTreeMap::new() };
    fill(&mut sink)?;
    sink.writer.finish()?;
    let url = canonical_url(&url)?;
    let mut target = context.open_target(&url)?;
    let overrides = origin.check_signs(context, target.as_mut(), &url)?;
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
    let synthetic = matches!(origin, Origin::Invented);
    let marking = Marking { overrides: &overrides, ..build_marking((&name, &url), domain, &marker, synthetic) };
    put_marker(context, &mut journal, &lock, target.as_mut(), &marking)?;
    drop(lock);
    let tables = journal_baseline(context, &mut journal, target.as_mut(), &name)?;
    let tables: BTreeMap<String, u64> = tables.into_iter().map(|table| (table.table, table.rows)).collect();
    let made = MadeLab {
        target: name,
        url,
        identity: marker.identity(),
        rows: tables.values().sum(),
        tables,
        journal: context.journal.clone(),
    };
    Ok((made, target))
}

fn build_marking<'a>(
    (name, url): (&'a str, &'a str),
    domain: &dyn Domain,
    marker: &'a Marker,
    synthetic: bool,
) -> Marking<'a> {
    Marking {
        name,
        url,
        domain: domain.card().id,
        marker,
        overrides: &[],
        lab: true,
        synthetic,
        moved_from: None,
        adopted: false,
        records: &[],
    }
}

/// Returns the file's or the database's name, or with a number behind it where another target carries that.
fn unused_name(journal: &mfm_journal::Journal, target: &dyn Target, url: &str) -> String {
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url);
    if let Some((name, _)) = registered {
        return name.clone();
    }
    let base = default_name(target);
    let taken = |name: &str| journal.state().targets.get(name).is_some_and(|known| known.url != url);
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base)
}

/// Checks before anything is made that a name given can be used.
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
        Err(failure) if failure.kind == FailureKind::Journal => Ok(()),
        Err(failure) => Err(failure),
    }
}
