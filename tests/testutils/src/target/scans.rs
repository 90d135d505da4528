//! What a pass over a table hands out, whatever engine holds the rows: in order, beside others, both.

use std::sync::Arc;

use mfm::model::{Datum, Scan, Table, Value};
use mfm::targets::{NewTable, Target, TargetError};

use super::{refusal, table, text};

const FIELD: [(&str, &str, bool); 4] = [
    ("FLD_ID", "int", false),
    ("Machine", "int", true),
    ("Label", "varchar(20)", true),
    ("Size", "decimal(6,1)", true),
];
const POINT: [(&str, &str, bool); 5] = [
    ("PNT_ID", "int", false),
    ("FLD_ID", "int", true),
    ("Made", "datetime", true),
    ("Level", "int", true),
    ("Note", "ntext", true),
];

/// The tables to be made, by the names that [`rows`] knows.
pub fn tables() -> [NewTable; 2] {
    let columns = |all: &[(&str, &str, bool)]| {
        all.iter().map(|(name, declared, null)| ((*name).into(), (*declared).into(), *null)).collect()
    };
    [
        NewTable {
            name: "Field".into(),
            key: Some("FLD_ID".into()),
            columns: columns(&FIELD),
            indexes: vec![],
            references: vec![],
        },
        NewTable {
            name: "Point".into(),
            key: Some("PNT_ID".into()),
            columns: columns(&POINT),
            indexes: vec!["FLD_ID".into()],
            references: vec![],
        },
    ]
}

fn number(number: Option<i64>) -> Datum {
    number.map_or(Datum::Null, Datum::Integer)
}

/// The rows of a table that was made, as its engine holds them.
pub fn rows(table: &Table) -> Vec<Vec<Value>> {
    let words = |word: Option<&str>| word.map_or(Datum::Null, |word| Datum::Text(word.into()));
    let field = |id, machine, label, size: &str| {
        vec![number(Some(id)), number(machine), words(label), Datum::Decimal(size.parse().unwrap())]
    };
    let point = |id, field, made: Option<&str>, level| {
        let made = made.map_or(Datum::Null, |made| Datum::DateTime(made.parse().unwrap()));
        vec![number(Some(id)), number(field), made, number(level), words(Some("n"))]
    };
    let data = if table.position("Made").is_none() {
        vec![
            field(10, Some(7), Some("A"), "99.0"),
            field(11, Some(7), Some("B"), "10.5"),
            field(12, None, Some("7"), "11.0"),
            field(13, Some(8), None, "10.0"),
        ]
    } else {
        vec![
            point(1, Some(11), Some("2026-03-02T10:00:00"), Some(5)),
            point(2, Some(10), Some("2025-12-31T23:59:59"), None),
            point(3, None, None, Some(-3)),
            point(4, Some(99), Some("2026-03-02T09:59:59"), Some(12)),
            point(5, Some(7), Some("1999-01-01T00:00:00"), Some(0)),
            point(6, Some(10), None, Some(2)),
        ]
    };
    let stored = |row: Vec<Datum>| -> Vec<Value> {
        table.columns.iter().zip(row).map(|(column, cell)| column.store_datum("t", &cell).unwrap()).collect()
    };
    data.into_iter().map(stored).collect()
}

fn scan(target: &mut dyn Target, pass: &Scan) -> Result<Vec<Vec<Value>>, TargetError> {
    let mut rows = Vec::new();
    target.scan(pass, &mut |row| {
        rows.push(row.to_vec());
        Ok(())
    })?;
    Ok(rows)
}

/// The cells of some places, as integers; what is none is -1.
fn numbers<const N: usize>(rows: &[Vec<Value>], places: [usize; N]) -> Vec<[i64; N]> {
    let one = |cell: &Value| match mfm::model::snapshot::key_form(cell) {
        Value::Integer(number) => number,
        _ => -1,
    };
    rows.iter().map(|row| places.map(|at| one(&row[at]))).collect()
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

/// A target that holds the tables and their rows.
pub struct Rig<'t> {
    target: &'t mut dyn Target,
    point: Arc<Table>,
    field: Arc<Table>,
}

impl<'t> Rig<'t> {
    /// Takes the tables by other spellings of their names.
    pub fn new(target: &'t mut dyn Target) -> Self {
        let (point, field) = (table(target, "pOINT"), table(target, "fIELD"));
        Self { target, point, field }
    }

    fn scan(&mut self, pass: &Scan) -> Vec<Vec<Value>> {
        scan(self.target, pass).unwrap()
    }

    fn code(&mut self, pass: &Scan) -> &'static str {
        refusal(scan(self.target, pass)).code()
    }

    /// Holds the target to all that a pass promises.
    pub fn holds(&mut self) {
        self.in_order();
        self.beside();
        self.in_order_and_beside();
        self.of_other_types();
        self.refused();
    }

    fn in_order(&mut self) {
        let point = Arc::clone(&self.point);
        let plain = self.scan(&Scan::every_row(point.clone()));
        assert_eq!(sorted(plain.clone()), sorted(rows(&point)));
        // The order's NULLs may stand anywhere.
        for (column, order) in [("Level", [3, 5, 6, 1, 4].as_slice()), ("mADE", &[5, 2, 4, 1])] {
            let found = self.scan(&Scan::every_row(point.clone()).order_by(column));
            assert_eq!(sorted(found.clone()), sorted(plain.clone()), "{column}: whole rows, each once");
            let mut ids = numbers(&found, [0]);
            ids.retain(|[id]| order.contains(id));
            assert_eq!(ids.concat(), order, "{column}");
            let part = Arc::new(point.select_columns(&["Note"]));
            let found = self.scan(&Scan::every_row(part).order_by(column));
            assert!(found.iter().all(|row| row.len() == 2 && row[1] == text("n")), "{column}: {found:?}");
            let mut ids = numbers(&found, [0]);
            ids.retain(|[id]| order.contains(id));
            assert_eq!(ids.concat(), order, "{column} is not one of those that come by");
        }
    }

    fn beside(&mut self) {
        let (point, field) = (Arc::clone(&self.point), Arc::clone(&self.field));
        let found = self.scan(&Scan::every_row(point.clone()).join("fld_id", field.clone(), "fld_id"));
        assert_eq!(sorted(numbers(&found, [0, 1, 5, 6])), [[1, 11, 11, 7], [2, 10, 10, 7], [6, 10, 10, 7]]);
        assert!(found.iter().all(|row| rows(&point).contains(&row[..5].to_vec())), "{found:?}");
        assert!(found.iter().all(|row| rows(&field).contains(&row[5..].to_vec())), "{found:?}");
        let several = Scan::every_row(point.clone()).join("FLD_ID", field.clone(), "Machine");
        assert_eq!(sorted(numbers(&self.scan(&several), [0, 5])), [[5, 10], [5, 11]]);
        let (few, fewer) = (Arc::new(point.select_columns(&["Level"])), Arc::new(field.select_columns(&["Label"])));
        let found = self.scan(&Scan::every_row(few).join("FLD_ID", fewer, "Machine"));
        assert!(found.iter().all(|row| row.len() == 4), "{found:?}");
        assert_eq!(sorted(numbers(&found, [0, 1, 2])), [[5, 0, 10], [5, 0, 11]]);
        assert_eq!(sorted(found.into_iter().map(|row| row[3].clone()).collect()), [text("A"), text("B")]);
        let itself = Scan::every_row(point.clone()).join("Level", point, "PNT_ID");
        assert_eq!(sorted(numbers(&self.scan(&itself), [0, 5])), [[1, 5], [6, 2]]);
    }

    fn in_order_and_beside(&mut self) {
        let few = Arc::new(self.point.select_columns(&["Note"]));
        let fewer = Arc::new(self.field.select_columns(&[]));
        let pass = Scan::every_row(few).join("FLD_ID", fewer, "FLD_ID").order_by("Level");
        let mut found = numbers(&self.scan(&pass), [0, 2]);
        assert_eq!(found.len(), 3);
        found.retain(|[id, _]| *id != 2);
        assert_eq!(found, [[6, 10], [1, 11]], "row 2 has no level");
    }

    /// A number is a number whatever type holds it, and no text is one.
    fn of_other_types(&mut self) {
        let beside =
            |rig: &Self, column: &str| Scan::every_row(rig.point.clone()).join("FLD_ID", rig.field.clone(), column);
        let pass = beside(self, "Size");
        assert_eq!(sorted(numbers(&self.scan(&pass), [0, 5])), [[1, 12], [2, 13], [4, 10], [6, 13]]);
        let pass = beside(self, "Label");
        assert_eq!(self.scan(&pass), Vec::<Vec<Value>>::new());
        let back = Scan::every_row(self.field.clone()).join("Label", self.point.clone(), "FLD_ID");
        assert_eq!(self.scan(&back), Vec::<Vec<Value>>::new());
    }

    fn refused(&mut self) {
        let (point, field) = (Arc::clone(&self.point), Arc::clone(&self.field));
        let plain = || Scan::every_row(point.clone());
        assert_eq!(self.code(&plain().order_by("Nothing")), "missing_column");
        assert_eq!(self.code(&plain().join("Nothing", field.clone(), "FLD_ID")), "missing_column");
        assert_eq!(self.code(&plain().join("FLD_ID", field.clone(), "Nothing")), "missing_column");
        let mut gone = (*field).clone();
        Arc::make_mut(&mut gone.shape).name = "Gone".into();
        assert_eq!(self.code(&plain().join("FLD_ID", Arc::new(gone), "FLD_ID")), "stale");
        // Whoever has seen enough says so, and the target goes on.
        let (mut taken, enough) = (0, || TargetError::Absent { url: "enough".into() });
        let pass = plain().order_by("Made").join("FLD_ID", field, "FLD_ID");
        let stopped = self.target.scan(&pass, &mut |_| {
            taken += 1;
            if taken == 2 { Err(enough()) } else { Ok(()) }
        });
        assert_eq!((stopped.unwrap_err().to_string(), taken), (enough().to_string(), 2));
        assert_eq!(self.scan(&plain()).len(), 6);
        assert_eq!(numbers(&self.scan(&pass), [0]).len(), 3);
    }
}

/// A column by which a real server puts nothing in order.
pub fn notes_are_refused(target: &mut dyn Target) {
    let (point, field) = (table(target, "Point"), table(target, "Field"));
    let by = refusal(scan(target, &Scan::every_row(point.clone()).order_by("Note")));
    assert_eq!(by.code(), "unsupported");
    let what = "by Note, of type ntext, which nothing compares, cannot be kept exactly";
    assert!(by.to_string().to_lowercase().ends_with(&what.to_lowercase()), "{by}");
    let beside = refusal(scan(target, &Scan::every_row(point).join("Note", field, "Label")));
    assert_eq!(beside, by);
}
