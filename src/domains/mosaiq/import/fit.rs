//! Chooses column types that hold the imported data without loss.

use crate::domains::mosaiq::schema;
use crate::model::{Datum, Kind};

/// A bare `decimal` becomes at least this wide: SQL Server's own reading, (18,0), would drop every fraction.
const PRECISION_LEAST: usize = 18;
const SCALE_LEAST: usize = 4;

/// Returns the type to declare for a column that the mock's map calls `mapped`.
pub(super) fn choose_type<'d>(
    table: &str,
    column: &str,
    mapped: &str,
    data: impl Iterator<Item = &'d Datum>,
) -> String {
    match Kind::parse(mapped) {
        Kind::Decimal { .. } => choose_decimal_type(table, column, data),
        // Fixed-length binary would pad what a fault shortens or lengthens.
        Kind::Bytes { .. } => "varbinary(max)".to_owned(),
        // Without a length SQL Server takes one character, and the map does not say how long the column was.
        Kind::Text { length: None } if !mapped.contains('(') => match mapped.to_ascii_lowercase().as_str() {
            "char" | "varchar" => "varchar(max)".to_owned(),
            "nchar" | "nvarchar" => "nvarchar(max)".to_owned(),
            _ => mapped.to_owned(),
        },
        _ => mapped.to_owned(),
    }
}

/// Returns the lab's own decimal type if the data fit it, else one as wide as they need.
fn choose_decimal_type<'d>(table: &str, column: &str, data: impl Iterator<Item = &'d Datum>) -> String {
    let (mut whole, mut scale) = (0, 0);
    for datum in data {
        if let Datum::Decimal(number) = datum {
            whole = whole.max(number.integer_digits());
            scale = scale.max(usize::from(number.normalise().scale()));
        }
    }
    let known = schema::find_table(table).and_then(|known| known.columns.iter().find(|(name, _)| *name == column));
    if let Some((_, declared)) = known
        && let Kind::Decimal { precision, scale: digits } = Kind::parse(declared)
        && scale <= usize::from(digits)
        && whole <= usize::from(precision - digits)
    {
        return (*declared).to_owned();
    }
    let scale = scale.max(SCALE_LEAST);
    format!("decimal({},{scale})", (whole + scale).max(PRECISION_LEAST))
}
