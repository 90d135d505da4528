//! Catalogues in memory for tests.

use std::ops::ControlFlow;

use serde_json::{Map, Value as Json};

use super::import::CatalogueFolder;
use super::lab::CatalogueLab;
use crate::domain::Domain;
use crate::domain::folder::FolderFormat as _;
use crate::domain::import::ImportReport;
use crate::domain::lab::{Lab, LabRequest};
use crate::domain::query::QueryError;
pub(super) use crate::domain::testing::Database;

/// Returns a synthetic catalogue.
pub(super) fn catalogue(tests: u32, seed: u64) -> Database {
    let mut database = Database::default();
    CatalogueLab.tables().iter().for_each(|def| database.create_table(def));
    let request = LabRequest { size: Some(tests), seed, until: None, scenario: None };
    let flow = CatalogueLab.generate(&request, &mut |table, cells| {
        database.insert_row(table, &cells).unwrap();
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    database
}

/// Returns the catalogue of some files, read in pieces of a few bytes, and the report on each.
pub(super) fn import_files(files: &[(&str, &str)]) -> Result<(Database, Vec<ImportReport>), String> {
    let mut database = Database::default();
    CatalogueFolder.tables().iter().for_each(|def| database.create_table(def));
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut reader = CatalogueFolder.start_reader();
    let mut reports = Vec::new();
    let mut sink = |table: &'static str, cells: Vec<crate::model::Datum>| {
        database.insert_row(table, &cells).unwrap();
        ControlFlow::Continue(())
    };
    for name in CatalogueFolder.choose_files(&names) {
        let text = files.iter().find(|(known, _)| *known == name).unwrap().1;
        reader.begin_file(&name);
        for bytes in text.as_bytes().chunks(911) {
            let flow = reader.take_bytes(bytes, &mut sink)?;
            assert!(flow.is_continue());
        }
        reports.push(reader.end_file("digest", &mut sink)?);
    }
    Ok((database, reports))
}

/// Returns the files of a catalogue as they are written.
pub(super) fn export_files(database: &Database) -> Vec<(String, String)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut sink = |name: &str, bytes: &[u8]| {
        match files.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.extend_from_slice(bytes),
            None => files.push((name.to_owned(), bytes.to_vec())),
        }
        ControlFlow::Continue(())
    };
    let mut writer = CatalogueFolder.start_writer(&mut sink);
    database.run_scans(writer.as_mut());
    writer.finish().unwrap();
    files.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

/// Asks a question of a catalogue, in one manner or the other.
pub(super) fn ask(
    database: &Database,
    query: &str,
    params: &Json,
    strict: bool,
) -> Result<Map<String, Json>, QueryError> {
    let domain: &dyn Domain = &super::OpenOnco;
    let query = domain.find_query(query).unwrap();
    let params = params.as_object().unwrap();
    let mut run = if strict { query.start_strictly(params)? } else { query.parse_and_start(params)? };
    database.run_scans(run.as_mut());
    Ok(run.finish()?.data)
}
