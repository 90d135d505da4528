//! The text of a value in messages. JSON is built elsewhere.

use mfm_journal::Value;
use mfm_journal::digest::encode_hex;

/// Renders a value as in SQL: text in quotes, bytes as `0x00ff`, `NULL`.
#[must_use]
pub fn render_value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(flag) => i64::from(*flag).to_string(),
        Value::Integer(number) => number.to_string(),
        // Debug keeps the point of 1.0, so that a float does not look like an integer.
        Value::Real(number) => format!("{number:?}"),
        Value::Decimal(number) => number.to_string(),
        // A quote inside is doubled, so that the end of the text is never in doubt.
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::RawText(bytes) | Value::Bytes(bytes) => format!("0x{}", encode_hex(bytes)),
        Value::Moment(moment) => format!("{moment:?}"),
        Value::Uuid(bytes) => encode_hex(bytes),
    }
}

#[cfg(test)]
mod tests {
    use mfm_journal::Moment;

    use super::*;

    #[test]
    fn every_class_of_value_has_its_text_in_a_sentence() {
        let moment = Moment { days: Some(1), ticks: None, offset_minutes: None };
        for (value, class, text) in [
            (Value::Null, "null", "NULL"),
            (Value::Boolean(true), "boolean", "1"),
            (Value::Integer(-7), "integer", "-7"),
            (Value::Real(1.0), "real", "1.0"),
            (Value::Decimal("1.50".parse().unwrap()), "decimal", "1.50"),
            (Value::Text("it's".into()), "text", "'it''s'"),
            (Value::RawText(vec![0xff]), "raw_text", "0xff"),
            (Value::Bytes(vec![0, 0xab]), "bytes", "0x00ab"),
            (Value::Moment(moment), "moment", "Moment { days: Some(1), ticks: None, offset_minutes: None }"),
            (Value::Uuid([0x11; 16]), "uuid", "11111111111111111111111111111111"),
        ] {
            assert_eq!((value.class(), render_value(&value).as_str()), (class, text));
        }
    }
}
