//! Reading the rows of a scan, in the order of a column, beside those that they refer to; a plain scan reads whole
//! rows.

use super::super::catalogue::{MssqlLayout, SheetField};
use super::super::types::Comparison;
use super::quote_name;
use super::rows::{TABLE, select_rows};

/// What a statement calls the table that rows refer to.
const PARENT: &str = "p";

/// What rows refer to: the referring column, the other table, its column.
pub(in super::super) struct LayoutJoin {
    pub(in super::super) field: SheetField,
    pub(in super::super) parent: MssqlLayout,
    pub(in super::super) parent_field: SheetField,
}

/// Reads the rows of a scan: the cells of the table, behind them those of the other one.
pub(in super::super) fn select_scan(
    sheet: &MssqlLayout,
    order: Option<&SheetField>,
    beside: Option<&LayoutJoin>,
) -> String {
    let read = beside.map_or_else(|| select_rows(sheet), |beside| select_join(sheet, beside));
    match order {
        Some(field) => format!("{read} ORDER BY {}", column_expression(TABLE, field)),
        None => read,
    }
}

fn select_join(sheet: &MssqlLayout, beside: &LayoutJoin) -> String {
    let one =
        |alias: &'static str| move |field: &SheetField| field.kind.read_expression(&column_expression(alias, field));
    let cells = sheet.fields.iter().map(one(TABLE)).chain(beside.parent.fields.iter().map(one(PARENT)));
    format!(
        "SELECT {} FROM {} AS {TABLE} JOIN {} AS {PARENT} ON {}",
        cells.collect::<Vec<_>>().join(", "),
        sheet.qualified_name(),
        beside.parent.qualified_name(),
        join_condition(&beside.field, &beside.parent_field)
    )
}

/// Returns the condition that a row refers to another one, which no value makes fail.
fn join_condition(field: &SheetField, parent: &SheetField) -> String {
    let (one, other) = (column_expression(TABLE, field), column_expression(PARENT, parent));
    match (field.kind.comparison_with(parent.kind), &parent.collation) {
        (Comparison::Plain, Some(collation)) if field.collation != parent.collation => {
            format!("{one} COLLATE {collation} = {other}")
        }
        (Comparison::Plain, _) => format!("{one} = {other}"),
        (Comparison::Float, _) => format!("CONVERT(float, {one}) = CONVERT(float, {other})"),
        (Comparison::Never, _) => "1 = 0".to_owned(),
    }
}

fn column_expression(alias: &str, field: &SheetField) -> String {
    format!("{alias}.{}", quote_name(&field.name))
}

#[cfg(test)]
mod tests {
    use super::super::super::types::{MssqlType, RawType};
    use super::*;

    fn sample_field(name: &str, kind: &str, collation: Option<&str>) -> SheetField {
        let raw = RawType { name: kind.into(), max_length: 8, precision: 9, scale: 0, code_page: Some(1252) };
        let (kind, collation) = (MssqlType::from_catalogue(&raw).unwrap(), collation.map(str::to_owned));
        SheetField { name: name.into(), at: 0, kind, collation, identity: false }
    }

    #[test]
    fn what_refers_is_compared_as_both_columns_can() {
        let id = sample_field("FLD_ID", "int", None);
        assert_eq!(join_condition(&id, &sample_field("FLD_ID", "bigint", None)), "t.[FLD_ID] = p.[FLD_ID]");
        assert_eq!(
            join_condition(&id, &sample_field("m]", "money", None)),
            "CONVERT(float, t.[FLD_ID]) = CONVERT(float, p.[m]]])"
        );
        let (one, other) = (
            sample_field("a", "varchar", Some("French_CI_AS")),
            sample_field("b", "nchar", Some("Latin1_General_BIN2")),
        );
        assert_eq!(join_condition(&id, &one), "1 = 0");
        assert_eq!(join_condition(&one, &other), "t.[a] COLLATE Latin1_General_BIN2 = p.[b]");
        assert_eq!(join_condition(&one, &one), "t.[a] = p.[a]");
    }
}
