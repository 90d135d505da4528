//! Reading the rows of a scan, in the order of a column, beside those that they refer to; a plain scan reads whole
//! rows.

use super::super::catalogue::{Sheet, SheetField};
use super::super::types::Comparison;
use super::quoted;
use super::rows::{TABLE, rows};

/// What a statement calls the table that rows refer to.
const PARENT: &str = "p";

/// What rows refer to: the referring column, the other table, its column.
pub(in super::super) struct Join {
    pub(in super::super) field: SheetField,
    pub(in super::super) parent: Sheet,
    pub(in super::super) parent_field: SheetField,
}

/// Reads the rows of a scan: the cells of the table, behind them those of the other one.
pub(in super::super) fn scan(sheet: &Sheet, order: Option<&SheetField>, beside: Option<&Join>) -> String {
    let read = beside.map_or_else(|| rows(sheet), |beside| joined(sheet, beside));
    match order {
        Some(field) => format!("{read} ORDER BY {}", cell(TABLE, field)),
        None => read,
    }
}

fn joined(sheet: &Sheet, beside: &Join) -> String {
    let one = |alias: &'static str| move |field: &SheetField| field.kind.read(&cell(alias, field));
    let cells = sheet.fields.iter().map(one(TABLE)).chain(beside.parent.fields.iter().map(one(PARENT)));
    format!(
        "SELECT {} FROM {} AS {TABLE} JOIN {} AS {PARENT} ON {}",
        cells.collect::<Vec<_>>().join(", "),
        sheet.qualified(),
        beside.parent.qualified(),
        refers(&beside.field, &beside.parent_field)
    )
}

/// Returns the condition that a row refers to another one, which no value makes fail.
fn refers(field: &SheetField, parent: &SheetField) -> String {
    let (one, other) = (cell(TABLE, field), cell(PARENT, parent));
    match (field.kind.comparison(parent.kind), &parent.collation) {
        (Comparison::Plain, Some(collation)) if field.collation != parent.collation => {
            format!("{one} COLLATE {collation} = {other}")
        }
        (Comparison::Plain, _) => format!("{one} = {other}"),
        (Comparison::Float, _) => format!("CONVERT(float, {one}) = CONVERT(float, {other})"),
        (Comparison::Never, _) => "1 = 0".to_owned(),
    }
}

fn cell(alias: &str, field: &SheetField) -> String {
    format!("{alias}.{}", quoted(&field.name))
}

#[cfg(test)]
mod tests {
    use super::super::super::types::{RawType, Type};
    use super::*;

    fn field(name: &str, kind: &str, collation: Option<&str>) -> SheetField {
        let raw = RawType { name: kind.into(), max_length: 8, precision: 9, scale: 0, code_page: Some(1252) };
        let (kind, collation) = (Type::of(&raw).unwrap(), collation.map(str::to_owned));
        SheetField { name: name.into(), at: 0, kind, collation, identity: false }
    }

    #[test]
    fn what_refers_is_compared_as_both_columns_can() {
        let id = field("FLD_ID", "int", None);
        assert_eq!(refers(&id, &field("FLD_ID", "bigint", None)), "t.[FLD_ID] = p.[FLD_ID]");
        assert_eq!(refers(&id, &field("m]", "money", None)), "CONVERT(float, t.[FLD_ID]) = CONVERT(float, p.[m]]])");
        let (one, other) =
            (field("a", "varchar", Some("French_CI_AS")), field("b", "nchar", Some("Latin1_General_BIN2")));
        assert_eq!(refers(&id, &one), "1 = 0");
        assert_eq!(refers(&one, &other), "t.[a] COLLATE Latin1_General_BIN2 = p.[b]");
        assert_eq!(refers(&one, &one), "t.[a] = p.[a]");
    }
}
