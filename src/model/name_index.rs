//! Where the columns of a table are, by name: checks look up millions of cells, and comparing every name with every
//! column would take most of their time.

use std::sync::OnceLock;

use super::column::Column;

/// Number of places; a table of hundreds of columns shares some of them.
const PLACES: usize = 256;
const EMPTY: u16 = u16::MAX;

/// Built at the first look-up. All indexes are equal, because they follow from the columns.
#[derive(Debug, Default)]
pub struct NameIndex(OnceLock<Vec<u16>>);

impl Clone for NameIndex {
    fn clone(&self) -> Self {
        // A copy of a table is mostly made to change its columns.
        Self::default()
    }
}

impl PartialEq for NameIndex {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NameIndex {}

/// Whether a column of a name exists.
pub(super) enum NamePlace {
    /// None of this name, in any case.
    Absent,
    /// A column whose name may be this one.
    Candidate(usize),
}

impl NameIndex {
    /// Returns the first column at the place of a name.
    pub(super) fn find(&self, columns: &[Column], name: &str) -> NamePlace {
        let places = self.0.get_or_init(|| Self::build(columns));
        match places.get(place_of(name.as_bytes())) {
            Some(&EMPTY) | None => NamePlace::Absent,
            Some(at) => NamePlace::Candidate(usize::from(*at)),
        }
    }

    fn build(columns: &[Column]) -> Vec<u16> {
        let mut places = vec![EMPTY; PLACES];
        for (at, column) in columns.iter().enumerate() {
            if let Some(place) = places.get_mut(place_of(column.image.name.as_bytes())).filter(|at| **at == EMPTY) {
                // Beyond so many columns, the place of the last one leads to a comparison of all names.
                *place = u16::try_from(at).unwrap_or(EMPTY - 1);
            }
        }
        places
    }
}

/// Returns the place of a name, the same whatever its case.
fn place_of(name: &[u8]) -> usize {
    let byte = |at: usize| usize::from(name.get(at).map_or(0, u8::to_ascii_lowercase));
    let count = name.len();
    (count * 97 + byte(0) * 31 + byte(count / 2) * 13 + byte(count / 3) * 7 + byte(count.wrapping_sub(1))) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::column::{KeyStanding, Kind, Role, Storage, Table};
    use std::sync::Arc;

    fn table_of(names: &[String]) -> Table {
        let images: Vec<_> = names.iter().map(|name| mfm_journal::ColumnShape::new(name, "int")).collect();
        let columns = images
            .iter()
            .map(|image| Column {
                image: image.clone(),
                kind: Kind::parse("int"),
                storage: Storage::Integer,
                nullable: true,
                role: Role::Plain,
            })
            .collect();
        let shape = mfm_journal::TableShape { name: "t".into(), key: Vec::new(), columns: images, omitted: Vec::new() };
        Table {
            shape: Arc::new(shape),
            columns,
            omitted: Vec::new(),
            key: KeyStanding::Undeclared,
            names: NameIndex::default(),
        }
    }

    #[test]
    fn every_column_is_found_as_by_comparing_all_names() {
        // More columns than places, names that differ in case only, and names of one place.
        let mut names: Vec<String> = (0..400).map(|at| format!("Column_{at}")).collect();
        names.extend(["FLD_ID", "fld_id", "Fld_Id", "ab", "ba", ""].map(str::to_owned));
        let table = table_of(&names);
        let others = ["COLUMN_7", "fLD_ID", "column_400", "AB", "BA", "c", "Column_"].map(str::to_owned);
        for name in names.iter().chain(&others) {
            let exact = names.iter().position(|known| known == name);
            let expected = exact.or_else(|| names.iter().position(|known| known.eq_ignore_ascii_case(name)));
            assert_eq!(table.position(name), expected, "{name}");
        }
    }
}
