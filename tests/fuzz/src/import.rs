//! Cells of the public mock: a value that is read and stored is what the text says.

use mfm::domains::mosaiq::import::{self, DeclaredTypes, is_same_value};
use mfm::model::{Column, Kind, Role, Storage, Value};
use mfm_journal::ColumnShape as ColumnImage;

/// One column of each kind, and how SQLite and another engine hold it.
const DECLARED: [(&str, Storage); 9] = [
    ("int", Storage::Integer),
    ("smallint", Storage::Integer),
    ("bit", Storage::Numeric),
    ("decimal", Storage::Numeric),
    ("float", Storage::Real),
    ("varchar", Storage::Text),
    ("binary", Storage::Blob),
    ("datetime", Storage::Text),
    ("decimal", Storage::Native),
];

/// Reads bytes as the rows of a CSV file whose header is known.
pub fn law(bytes: &[u8]) {
    let names: Vec<String> = (0..DECLARED.len()).map(|at| format!("c{at}")).collect();
    let types = names.iter().zip(DECLARED).map(|(name, (declared, _))| (name.clone(), declared.to_owned()));
    let types = DeclaredTypes::from([("T".to_owned(), types.collect())]);
    let file = [names.join(",").as_bytes(), b"\n", bytes].concat();
    let Ok(read) = import::parse_table("T", &types, &file) else { return };
    assert_eq!(read.report.rows_read, read.rows.len() as u64);
    let columns: Vec<Column> = read.table.columns.iter().zip(DECLARED).map(column).collect();
    for row in &read.rows {
        assert_eq!((row.texts.len(), row.values.len()), (columns.len(), columns.len()));
        for (column, (text, datum)) in columns.iter().zip(row.texts.iter().zip(&row.values)) {
            // What does not fit is refused.
            let Ok(stored) = column.store_datum("T", datum) else { continue };
            assert!(is_same_value(text, &stored, column), "{text} became {stored:?} in {column:?}");
            assert_eq!(text.is_empty(), stored == Value::Null);
        }
    }
}

fn column(((name, declared, nullable), (_, storage)): (&(String, String, bool), (&str, Storage))) -> Column {
    let kind = Kind::parse(declared);
    let image = ColumnImage::new(name, declared);
    Column { image, kind, storage, nullable: *nullable, role: Role::Plain }
}
