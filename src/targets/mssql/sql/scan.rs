//! Queries of a scan: sorted by a column, joined with the rows that the table's rows refer to.

use super::super::catalogue::{LayoutField, MssqlLayout};
use super::super::types::Comparison;
use super::quote_name;
use super::rows::{TABLE, select_rows};

/// The alias of the table that rows refer to.
const PARENT: &str = "p";

/// The join of a scan: the referring column, and the table and column that it refers to.
pub(in super::super) struct LayoutJoin {
    pub(in super::super) field: LayoutField,
    pub(in super::super) parent: MssqlLayout,
    pub(in super::super) parent_field: LayoutField,
}

/// Reads the rows of a scan: the cells of the table, followed by those of the row that it refers to.
pub(in super::super) fn select_scan(
    layout: &MssqlLayout,
    order: Option<&LayoutField>,
    join: Option<&LayoutJoin>,
) -> String {
    let select = match join {
        Some(join) => select_join(layout, join),
        None => select_rows(layout),
    };
    match order {
        Some(field) => format!("{select} ORDER BY {}", column_expression(TABLE, field)),
        None => select,
    }
}

fn select_join(layout: &MssqlLayout, join: &LayoutJoin) -> String {
    let mut cells = Vec::with_capacity(layout.fields.len() + join.parent.fields.len());
    for (alias, fields) in [(TABLE, &layout.fields), (PARENT, &join.parent.fields)] {
        cells.extend(fields.iter().map(|field| field.kind.read_expression(&column_expression(alias, field))));
    }
    format!(
        "SELECT {} FROM {} AS {TABLE} JOIN {} AS {PARENT} ON {}",
        cells.join(", "),
        layout.qualified_name(),
        join.parent.qualified_name(),
        join_condition(&join.field, &join.parent_field)
    )
}

/// Returns the condition that a row refers to another one, written so that no value makes the query fail.
fn join_condition(field: &LayoutField, parent: &LayoutField) -> String {
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

fn column_expression(alias: &str, field: &LayoutField) -> String {
    format!("{alias}.{}", quote_name(&field.name))
}

#[cfg(test)]
mod tests {
    use super::super::super::types::{MssqlType, RawType};
    use super::*;

    fn sample_field(name: &str, kind: &str, collation: Option<&str>) -> LayoutField {
        let raw = RawType { name: kind.into(), max_length: 8, precision: 9, scale: 0, code_page: Some(1252) };
        let (kind, collation) = (MssqlType::from_catalogue(&raw).unwrap(), collation.map(str::to_owned));
        LayoutField { name: name.into(), at: 0, kind, collation, identity: false }
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
