//! Synthetic departments: believable rows, the same for the same request; opens no database and asks no clock.
//!
//! One file makes one group of tables; all of them walk the same courses of treatment, so that memory stays flat and
//! every foreign key meets its row. Chance comes from streams named by purpose and patient: a new table disturbs none
//! of the others.

mod calendar;
mod course;
mod deliveries;
mod fields;
mod offsets;
mod people;
mod points;

use jiff::civil;
use mfm_journal::{Decimal, Value};

use super::schema;
use crate::model::Datum;
use crate::model::seed::RecordRandom;

/// The last day of a lab that names none: in the past for good, so that no lab is mistaken for a live clinic.
pub const UNTIL: civil::Date = civil::date(2024, 6, 28);

/// What a lab is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabRequest {
    /// How many patients.
    pub patients: u32,
    /// Every choice follows from it.
    pub seed: u64,
    /// No delivery lies after this day.
    pub until: civil::Date,
}

/// Hands all rows to `sink`, table by table in the order of [`schema::lab_tables`], values in the order of its columns.
///
/// # Errors
/// Whatever `sink` returns; nothing else fails.
pub fn generate<E>(
    request: &LabRequest,
    sink: &mut dyn FnMut(&'static str, Vec<Datum>) -> Result<(), E>,
) -> Result<(), E> {
    people::staff(request, sink)?;
    people::patients(request, sink)?;
    people::identities(request, sink)?;
    fields::sites(request, sink)?;
    fields::fields(request, sink)?;
    points::points(request, sink)?;
    deliveries::treatments(request, sink)?;
    deliveries::doses(request, sink)?;
    offsets::offsets(request, sink)
}

/// Where rows go.
type Sink<'a, E> = &'a mut dyn FnMut(&'static str, Vec<Datum>) -> Result<(), E>;

/// A row under construction: columns not set are NULL.
struct NewRow {
    table: &'static str,
    columns: &'static [(&'static str, &'static str)],
    cells: Vec<Datum>,
}

impl NewRow {
    fn new(table: &'static str) -> Self {
        let columns = schema::known(table).map_or(&[] as &[_], |known| known.columns);
        Self { table, columns, cells: vec![Datum::Null; columns.len()] }
    }

    fn set(mut self, column: &str, datum: Datum) -> Self {
        let at = self.columns.iter().position(|(name, _)| *name == column);
        debug_assert!(at.is_some(), "{} has no column {column}", self.table);
        if let Some(cell) = at.and_then(|at| self.cells.get_mut(at)) {
            *cell = datum;
        }
        self
    }

    fn integer(self, column: &str, number: i64) -> Self {
        self.set(column, Datum::Integer(number))
    }

    fn flag(self, column: &str, flag: bool) -> Self {
        self.set(column, Datum::Integer(i64::from(flag)))
    }

    fn text(self, column: &str, text: impl Into<String>) -> Self {
        self.set(column, Datum::Text(text.into()))
    }

    fn time(self, column: &str, moment: civil::DateTime) -> Self {
        self.set(column, Datum::DateTime(moment))
    }

    /// Sets `unscaled * 10^-scale`.
    fn decimal(self, column: &str, unscaled: i64, scale: u8) -> Self {
        let number = Decimal::new(i128::from(unscaled), scale);
        self.set(column, number.map_or(Datum::Null, Datum::Decimal))
    }

    fn send<E>(self, sink: Sink<'_, E>) -> Result<(), E> {
        sink(self.table, self.cells)
    }
}

/// Returns the stream of chance of a purpose and what it concerns.
fn stream(request: &LabRequest, purpose: &str, about: &[i64]) -> RecordRandom {
    let key: Vec<Value> = about.iter().map(|number| Value::Integer(*number)).collect();
    RecordRandom::new(request.seed, purpose, &key)
}

/// Returns a number from `least` to `most`, both included.
fn between(random: &mut RecordRandom, least: i64, most: i64) -> i64 {
    let width = u64::try_from(most - least + 1).unwrap_or(1);
    least + i64::try_from(random.below(width)).unwrap_or(0)
}

/// Returns one of the items; they are never none.
fn one<T: Copy + Default>(random: &mut RecordRandom, items: &[T]) -> T {
    random.pick(items).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::mosaiq::testing::Database;

    #[test]
    fn the_same_request_makes_the_same_rows() {
        assert_eq!(Database::lab(9, 5), Database::lab(9, 5));
        assert_ne!(Database::lab(9, 5), Database::lab(9, 6));
    }

    #[test]
    fn every_column_is_known_and_every_reference_meets_its_row() {
        let lab = Database::lab(20, 3);
        for (child, column, parent) in [
            ("Ident", "Pat_Id1", "Patient"),
            ("Site", "Pat_ID1", "Patient"),
            ("TxField", "Pat_ID1", "Patient"),
            ("TxField", "SIT_Set_ID", "Site"),
            ("TxField", "Machine_ID_Staff_ID", "Staff"),
            ("TxFieldPoint", "FLD_ID", "TxField"),
            ("TrackTreatment", "Pat_ID1", "Patient"),
            ("TrackTreatment", "FLD_ID", "TxField"),
            ("TrackTreatment", "SIT_ID", "Site"),
            ("TrackTreatment", "Machine_ID_Staff_ID", "Staff"),
            ("TrackTreatment", "Staff_ID", "Staff"),
            ("TrackTreatment", "DHS_ID", "Dose_Hst"),
            ("Offset", "SIT_SET_ID", "Site"),
        ] {
            let snapshot = lab.read([crate::model::Query::all(child), crate::model::Query::all(parent)]);
            let parents = snapshot.table(parent).unwrap();
            for row in snapshot.table(child).unwrap().rows() {
                let cell = row.cell(column).unwrap().clone();
                let allowed = cell.is_null() && column == "DHS_ID";
                assert!(allowed || parents.row(&[cell]).is_some(), "{child}.{column}");
            }
        }
    }

    #[test]
    fn doses_index_and_times_agree() {
        let lab = Database::lab(20, 3);
        let snapshot = lab.read(["TxField", "TxFieldPoint", "TrackTreatment"].map(crate::model::Query::all));
        let mut last = BTreeMap::new();
        for point in snapshot.table("TxFieldPoint").unwrap().rows() {
            last.insert(point.integer("FLD_ID").unwrap(), point.decimal("Index").unwrap().to_i64_exact());
        }
        for field in snapshot.table("TxField").unwrap().rows() {
            let number = |column: &str| field.decimal(column).unwrap().to_f64_exact().unwrap();
            let (dose, product) = (number("Cgray"), number("cGrayPerMeterset") * number("Meterset"));
            assert!((dose - product).abs() <= 0.02 * dose, "{dose} {product}");
            let expected = if field.integer("ControlPoints").unwrap() > 1 { 100 } else { 0 };
            assert_eq!(last[&field.integer("FLD_ID").unwrap()], Some(expected));
        }
        let end = UNTIL.to_datetime(civil::Time::MAX);
        for delivery in snapshot.table("TrackTreatment").unwrap().rows() {
            let (start, stop) = (delivery.datetime("Create_DtTm").unwrap(), delivery.datetime("Edit_DtTm").unwrap());
            assert!(start < stop && stop < end);
        }
    }

    #[test]
    fn machines_never_treat_two_patients_at_once() {
        let lab = Database::lab(250, 3);
        let snapshot = lab.read([crate::model::Query::all("TrackTreatment")]);
        let mut times = BTreeMap::<i64, Vec<_>>::new();
        for row in snapshot.table("TrackTreatment").unwrap().rows() {
            let times = times.entry(row.integer("Machine_ID_Staff_ID").unwrap()).or_default();
            times.push((row.datetime("Create_DtTm").unwrap(), row.datetime("Edit_DtTm").unwrap()));
        }
        for mut times in times.into_values() {
            times.sort();
            assert!(times.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }
}
