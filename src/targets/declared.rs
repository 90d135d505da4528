//! Describes a column from its declared type, for every engine.

use mfm_journal::ColumnShape as ColumnImage;

use crate::model::{Column, Kind, Role, Storage};

/// Builds the description of a column; the collation is `None` where text compares by its bytes.
pub(super) fn build_column(
    name: &str,
    declared: &str,
    collation: Option<String>,
    nullable: bool,
    storage: Storage,
    role: Role,
) -> Column {
    let kind = Kind::parse(declared);
    // What stands first in the brackets of a time type is its number of decimals.
    let decimals = parse_type_arguments(declared).first().and_then(|number| u8::try_from(*number).ok());
    let (precision, scale, length) = match kind {
        Kind::Decimal { precision, scale } => (Some(precision), Some(scale), None),
        Kind::Text { length } | Kind::Bytes { length, .. } => (None, None, length),
        Kind::DateTime => (None, decimals, None),
        Kind::Other if ["time(", "datetimeoffset("].iter().any(|name| declared.starts_with(name)) => {
            (None, decimals, None)
        }
        _ => (None, None, None),
    };
    let (name, declared) = (name.to_owned(), declared.to_owned());
    Column { image: ColumnImage { name, declared, precision, scale, length, collation }, kind, storage, nullable, role }
}

/// Returns the numbers in the brackets of a declared type: `[4, 1]` of `decimal(4,1)`. `max` is no number.
fn parse_type_arguments(declared: &str) -> Vec<u32> {
    let inside = declared.split_once('(').map_or("", |(_, rest)| rest);
    inside.trim_end_matches(')').split(',').filter_map(|part| part.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_type_find_their_place() {
        for (declared, precision, scale, length) in [
            ("decimal(4,1)", Some(4), Some(1), None),
            ("money", Some(19), Some(4), None),
            ("varchar(20)", None, None, Some(20)),
            ("nvarchar(max)", None, None, None),
            ("varbinary(8)", None, None, Some(8)),
            ("datetime2(3)", None, Some(3), None),
            ("datetime", None, None, None),
            ("datetimeoffset(3)", None, Some(3), None),
            ("time(0)", None, Some(0), None),
            ("int", None, None, None),
        ] {
            let image = build_column("c", declared, None, true, Storage::Native, Role::Plain).image;
            assert_eq!((image.precision, image.scale, image.length), (precision, scale, length), "{declared}");
        }
    }
}
