//! Whatever bytes are read, the answer is a value or an error; whatever value is written comes back.

use mfm_journal::cbor::{Reader, Writer};
use mfm_journal::{Change, Decimal, Journal, Moment, Value, WriterLock};
use proptest::prelude::*;

use crate::common::*;

fn value() -> impl Strategy<Value = Value> {
    let number = -(10i128.pow(38) - 1)..10i128.pow(38);
    let moment = (any::<Option<i32>>(), any::<i64>(), any::<Option<i16>>());
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_filter("NaN is refused", |number| !number.is_nan()).prop_map(Value::Real),
        (number, 0..=38u8).prop_map(|(unscaled, scale)| Value::Decimal(Decimal::new(unscaled, scale).unwrap())),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(|mut bytes| {
            bytes.push(0xff);
            Value::RawText(bytes)
        }),
        any::<Vec<u8>>().prop_map(Value::Bytes),
        any::<i32>().prop_map(|days| Value::Moment(Moment { days: Some(days), ticks: None, offset_minutes: None })),
        moment.prop_map(|(days, ticks, offset_minutes)| Value::Moment(Moment {
            days,
            ticks: Some(ticks),
            offset_minutes
        })),
        any::<[u8; 16]>().prop_map(Value::Uuid),
    ]
}

proptest! {
    #[test]
    fn every_value_comes_back(value in value()) {
        let mut out = Writer::new();
        value.write(&mut out).unwrap();
        let mut input = Reader::new(out.as_bytes());
        prop_assert_eq!(Value::read(&mut input).unwrap(), value);
        prop_assert!(input.expect_end().is_ok());
    }

    #[test]
    fn unlike_values_have_unlike_bytes(a in value(), b in value()) {
        let bytes = |value: &Value| {
            let mut out = Writer::new();
            value.write(&mut out).unwrap();
            out.into_bytes()
        };
        prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = Value::read(&mut Reader::new(&bytes));
        let _ = Change::read(&[shape()], &mut Reader::new(&bytes));
    }

    #[test]
    fn no_damage_to_a_change_makes_a_reader_panic(at in 0..90usize, byte in any::<u8>(), which in 0..4usize) {
        let shape = shape();
        let change = [insert(&shape, 1), update(&shape, 2), delete(&shape, 3), kept(&shape, 4)][which].clone();
        let mut out = Writer::new();
        change.write(0, &mut out).unwrap();
        let mut bytes = out.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = Change::read(&[shape], &mut Reader::new(&bytes));
    }
}

#[test]
fn a_journal_and_its_lock_move_between_threads() {
    fn moves<T: Send>() {}
    moves::<Journal>();
    moves::<WriterLock>();
}
