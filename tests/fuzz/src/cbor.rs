//! CBOR: every reading method on any bytes; and values, which come out as they went in.

use mfm_journal::cbor::{CborError, Reader, Writer};
use mfm_journal::{Change, Value, fuzzing};

use super::sample;

/// Reads bytes by every method, as a value, and as a change.
pub fn law(bytes: &[u8]) {
    items(bytes);
    values(bytes);
    if let Ok(change) = Change::read(&[sample::shape()], &mut Reader::new(bytes)) {
        let mut out = Writer::new();
        change.check().unwrap();
        change.write(0, &mut out).unwrap();
        assert_eq!(Change::read(&[sample::shape()], &mut Reader::new(out.as_bytes())), Ok(change));
    }
}

fn items(bytes: &[u8]) {
    type Read = fn(&mut Reader<'_>) -> Result<(), CborError>;
    let all: [Read; 11] = [
        |input| input.peek_kind().map(drop),
        |input| input.read_null(),
        |input| input.read_boolean().map(drop),
        |input| input.read_optional_integer().map(drop),
        |input| input.read_wide_integer().map(drop),
        |input| input.read_float().map(drop),
        |input| input.read_text().map(drop),
        |input| input.read_bytes().map(drop),
        |input| input.read_tag().map(drop),
        |input| input.read_array().map(drop),
        |input| input.expect_array(3),
    ];
    for read in all {
        let mut input = Reader::new(bytes);
        let _ = read(&mut input);
        assert!(input.position() <= bytes.len());
        let _ = (input.expect_end(), input.peek_kind());
    }
    if let Ok(number) = Reader::new(bytes).read_wide_integer() {
        let mut out = Writer::new();
        out.write_wide_integer(number);
        assert_eq!(Reader::new(out.as_bytes()).read_wide_integer(), Ok(number));
    }
}

fn values(bytes: &[u8]) {
    let (mut input, mut copied) = (Reader::new(bytes), Reader::new(bytes));
    // One after another, as far as they go.
    loop {
        let mut copy = Writer::new();
        let (read, copying) = (Value::read(&mut input), fuzzing::copy_value(&mut copied, &mut copy));
        assert_eq!(read.as_ref().map(drop), copying.as_ref().copied(), "reading and copying differ");
        let Ok(value) = read else { break };
        assert_eq!(input.position(), copied.position());
        let mut out = Writer::new();
        value.write(&mut out).unwrap();
        assert_eq!(out.as_bytes(), copy.as_bytes(), "reading and copying make other bytes");
        let mut again = Reader::new(out.as_bytes());
        assert_eq!(Value::read(&mut again), Ok(value), "a value comes back as another");
        assert_eq!(again.expect_end(), Ok(()));
    }
}
