//! Comparison of two cells that engines store differently. Pure.

use mfm_journal::{ColumnShape as ColumnImage, Decimal, Value};

use super::Likeness;
use crate::model::{Column, Kind, Role, Storage, time};

/// Compares two cells under their columns; `None` where they differ in meaning.
#[must_use]
pub fn compare_values(
    one: &Value,
    one_column: &ColumnImage,
    other: &Value,
    other_column: &ColumnImage,
) -> Option<Likeness> {
    if one == other {
        return Some(Likeness::Equal);
    }
    let fixed = is_fixed(one_column) || is_fixed(other_column);
    let alike = to_common_form(one, fixed) == to_common_form(other, fixed)
        || same_uuid(one, other)
        || same_moment(one, one_column, other, other_column);
    alike.then_some(Likeness::Equivalent)
}

/// Returns the form of a cell that is the same on every engine: integral numbers as integers, other numbers as
/// decimals, and values of a column of fixed length (`fixed`) without padding.
///
/// A negative zero stays different from zero: no other type of number has one, so it cannot stem from one.
#[must_use]
pub fn to_common_form(value: &Value, fixed: bool) -> Value {
    match value {
        Value::Boolean(flag) => Value::Integer(i64::from(*flag)),
        Value::Decimal(decimal) => normal_number(*decimal),
        Value::Real(real) if real.to_bits() != (-0.0_f64).to_bits() => {
            Decimal::from_f64(*real).map_or_else(|| value.clone(), normal_number)
        }
        Value::Text(text) if fixed => Value::Text(text.trim_end_matches(' ').to_owned()),
        Value::Bytes(bytes) if fixed => {
            let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Value::Bytes(bytes.get(..length).unwrap_or_default().to_vec())
        }
        other => other.clone(),
    }
}

fn normal_number(number: Decimal) -> Value {
    let whole = number.to_i64_exact().map(Value::Integer);
    whole.unwrap_or_else(|| Value::Decimal(number.normalise()))
}

/// Tells whether a column pads its values to one length: `char(n)`, `nchar(n)`, `binary(n)`.
#[must_use]
pub fn is_fixed(column: &ColumnImage) -> bool {
    let name = column.declared.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["char", "nchar", "binary"].contains(&name.as_str())
}

/// Tells whether one is a UUID, and the other the text in which an engine without that type stores it.
fn same_uuid(one: &Value, other: &Value) -> bool {
    let ((Value::Uuid(bytes), Value::Text(text)) | (Value::Text(text), Value::Uuid(bytes))) = (one, other) else {
        return false;
    };
    // Programs write UUIDs with and without braces and hyphens, in either case.
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    inner.replace('-', "").to_ascii_lowercase() == mfm_journal::digest::encode_hex(bytes)
}

/// Compares dates and times, stored as ticks or as text. The finer one is rounded to the tick of the other.
fn same_moment(one: &Value, one_column: &ColumnImage, other: &Value, other_column: &ColumnImage) -> bool {
    let (one_column, other_column) = (column_of_image(one_column), column_of_image(other_column));
    if one_column.kind != Kind::DateTime && other_column.kind != Kind::DateTime {
        return false;
    }
    let (Some(at), Some(also)) = (time::read_time(one, &one_column), time::read_time(other, &other_column)) else {
        return false;
    };
    if at.offset_minutes != also.offset_minutes {
        return false;
    }
    match (one, other) {
        (Value::Text(_), Value::Text(_)) => at == also,
        // Which of the two is finer is not known here, so both directions are tried.
        _ => {
            let as_other = matches!(other, Value::Moment(_))
                && time::replace_time(at, other, &other_column).as_ref() == Some(other);
            let as_one =
                matches!(one, Value::Moment(_)) && time::replace_time(also, one, &one_column).as_ref() == Some(one);
            as_other || as_one
        }
    }
}

fn column_of_image(image: &ColumnImage) -> Column {
    let kind = Kind::parse(&image.declared);
    Column { image: image.clone(), kind, storage: Storage::Native, nullable: true, role: Role::Plain }
}

#[cfg(test)]
mod tests {
    use mfm_journal::Moment;

    use super::*;

    fn sample_column(declared: &str) -> ColumnImage {
        let scale = declared.split_once('(').and_then(|(_, rest)| rest.trim_end_matches(')').parse().ok());
        let scale = if declared.starts_with("datetime2") { scale } else { None };
        let (name, declared) = ("c".to_owned(), declared.to_owned());
        ColumnImage { name, declared, precision: None, scale, length: None, collation: None }
    }

    fn compare_both_ways(one: &Value, declared: &str, other: &Value, also: &str) -> Option<Likeness> {
        let there = compare_values(one, &sample_column(declared), other, &sample_column(also));
        let back = compare_values(other, &sample_column(also), one, &sample_column(declared));
        assert_eq!(there, back, "{one:?} {declared}, {other:?} {also}: not the same both ways");
        there
    }

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn moment(days: i32, ticks: i64) -> Value {
        Value::Moment(Moment { days: Some(days), ticks: Some(ticks), offset_minutes: None })
    }

    #[test]
    fn what_is_equal_by_type_and_bit_is_equal() {
        for value in [Value::Null, Value::Integer(1), Value::Real(-0.0), text("a "), Value::Bytes(vec![0])] {
            assert_eq!(compare_both_ways(&value, "int", &value, "int"), Some(Likeness::Equal), "{value:?}");
        }
    }

    #[test]
    fn numbers_of_any_type_are_equivalent() {
        for (one, other) in [
            (Value::Integer(400), decimal("400.0")),
            (Value::Integer(400), Value::Real(400.0)),
            (Value::Real(12.5), decimal("12.500")),
            (Value::Real(0.1), decimal("0.1")),
            (Value::Boolean(true), Value::Integer(1)),
            (Value::Boolean(false), decimal("0.00")),
            (decimal("1.0"), decimal("1.00")),
            (Value::Integer(-7), decimal("-7.0000")),
            (Value::Integer(0), Value::Real(0.0)),
            (Value::Integer(i64::MAX), decimal("9223372036854775807")),
            (decimal("0.3333"), Value::Real(0.3333)),
            (Value::Real(1e15), Value::Integer(1_000_000_000_000_000)),
        ] {
            assert_eq!(
                compare_both_ways(&one, "decimal(9,4)", &other, "float"),
                Some(Likeness::Equivalent),
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn other_numbers_differ() {
        for (one, other) in [
            (Value::Integer(400), decimal("400.1")),
            (Value::Real(0.1), decimal("0.10000001")),
            (Value::Real(-0.0), Value::Integer(0)),
            (Value::Real(-0.0), Value::Real(0.0)),
            (Value::Real(f64::INFINITY), Value::Integer(i64::MAX)),
            (Value::Integer(1), text("1")),
            (decimal("1.0"), text("1.0")),
            (Value::Null, Value::Integer(0)),
            (Value::Boolean(false), Value::Null),
            (Value::Integer(1), Value::Bytes(vec![1])),
        ] {
            assert_eq!(compare_both_ways(&one, "decimal(9,4)", &other, "float"), None, "{one:?} {other:?}");
        }
    }

    #[test]
    fn padding_counts_only_where_no_column_pads() {
        for (one, declared, other, also, verdict) in [
            ("MR1   ", "char(6)", "MR1", "varchar(6)", Some(Likeness::Equivalent)),
            ("MR1   ", "nchar(6)", "MR1", "char(6)", Some(Likeness::Equivalent)),
            ("      ", "CHAR(6)", "", "char(6)", Some(Likeness::Equivalent)),
            ("MR1   ", "varchar(6)", "MR1", "varchar(6)", None),
            (" MR1", "char(4)", "MR1", "char(4)", None),
            ("MR1\t", "char(4)", "MR1", "char(4)", None),
            ("mr1", "char(3)", "MR1", "char(3)", None),
        ] {
            assert_eq!(compare_both_ways(&text(one), declared, &text(other), also), verdict, "{one:?} {other:?}");
        }
        let (padded, short) = (Value::Bytes(vec![7, 0, 0]), Value::Bytes(vec![7]));
        assert_eq!(compare_both_ways(&padded, "binary(3)", &short, "binary(3)"), Some(Likeness::Equivalent));
        assert_eq!(compare_both_ways(&padded, "varbinary(3)", &short, "varbinary(3)"), None);
        assert_eq!(compare_both_ways(&Value::Bytes(vec![0, 7]), "binary(3)", &short, "binary(3)"), None);
        assert_eq!(compare_both_ways(&Value::Null, "char(3)", &text("   "), "char(3)"), None);
    }

    #[test]
    fn ticks_and_text_are_one_moment() {
        // 2024-06-28 is day 45469; 12:00:00 is tick 12960000 of 1/300 s.
        for (ticks, shown) in [
            (12_960_000, "2024-06-28 12:00:00"),
            (12_960_000, "2024-06-28T12:00:00.000"),
            (12_960_001, "2024-06-28 12:00:00.003"),
            (12_960_002, "2024-06-28 12:00:00.007"),
            (0, "2024-06-28"),
        ] {
            let verdict = compare_both_ways(&moment(45_469, ticks), "datetime", &text(shown), "datetime");
            assert_eq!(verdict, Some(Likeness::Equivalent), "{shown}");
        }
        for shown in ["2024-06-28 12:00:00.010", "2024-06-28 12:00:01", "2024-06-29 12:00:00", "noon", ""] {
            assert_eq!(
                compare_both_ways(&moment(45_469, 12_960_000), "datetime", &text(shown), "datetime"),
                None,
                "{shown}"
            );
        }
    }

    #[test]
    fn moments_of_two_units_meet_at_the_coarser_tick() {
        let (datetime, finer) = (moment(45_469, 12_960_001), moment(45_469, 432_000_033_333));
        assert_eq!(compare_both_ways(&datetime, "datetime", &finer, "datetime2(7)"), Some(Likeness::Equivalent));
        let other = moment(45_469, 432_000_100_000);
        assert_eq!(compare_both_ways(&datetime, "datetime", &other, "datetime2(7)"), None);
        let offset = Value::Moment(Moment { days: Some(1), ticks: Some(0), offset_minutes: Some(60) });
        assert_eq!(compare_both_ways(&moment(1, 0), "datetime", &offset, "datetimeoffset(7)"), None);
    }

    #[test]
    fn text_of_a_date_and_time_may_be_laid_out_in_two_ways_only_where_it_is_one() {
        let (one, other) = (text("2024-06-28 12:00:00"), text("2024-06-28T12:00:00.000"));
        assert_eq!(compare_both_ways(&one, "datetime", &other, "datetime"), Some(Likeness::Equivalent));
        assert_eq!(compare_both_ways(&one, "varchar(30)", &other, "varchar(30)"), None);
    }

    #[test]
    fn a_uuid_and_its_text_are_equivalent() {
        let uuid = Value::Uuid([0xab, 0xcd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        for shown in ["abcd0000-0000-0000-0000-000000000001", "{ABCD0000-0000-0000-0000-000000000001}"] {
            assert_eq!(
                compare_both_ways(&uuid, "uniqueidentifier", &text(shown), "char(38)"),
                Some(Likeness::Equivalent)
            );
        }
        assert_eq!(compare_both_ways(&uuid, "uniqueidentifier", &text("abcd"), "char(38)"), None);
    }
}
