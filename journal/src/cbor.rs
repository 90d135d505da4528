//! Deterministic CBOR (RFC 8949, section 4.2.1), the only encoding that is hashed. No maps, no indefinite lengths.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Why bytes are not the CBOR this journal writes, or a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// The bytes end early or are not CBOR.
    #[error("the bytes are not well-formed CBOR: {0}")]
    Malformed(String),
    /// The next item is not the one expected here.
    #[error("expected {0}")]
    Unexpected(&'static str),
    /// The same value has a shorter or different encoding that the journal would have written.
    #[error("the encoding is not deterministic")]
    NotDeterministic,
    /// Bytes are left after the value.
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    /// NaN cannot be kept exactly.
    #[error("NaN cannot be journaled")]
    NotANumber,
}

impl From<minicbor::decode::Error> for CborError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Appends deterministic CBOR to a growing buffer.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// Calls an encoder method on the buffer. Writing into memory cannot fail: the error type is uninhabited.
macro_rules! put {
    ($self:ident . $($call:tt)*) => {{
        let result = Encoder::new(&mut $self.bytes).$($call)*.map(|_| ());
        debug_assert!(result.is_ok());
    }};
}

impl Writer {
    /// Returns an empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an empty writer with room for `bytes` bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// Returns the number of bytes written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns what was written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Empties the buffer and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Writes the head of an array; the next `count` items are its elements.
    pub fn write_array(&mut self, count: u64) {
        put!(self.array(count));
    }

    /// Writes a tag, which applies to the next item.
    pub fn write_tag(&mut self, tag: u64) {
        put!(self.tag(minicbor::data::Tag::new(tag)));
    }

    /// Writes null.
    pub fn write_null(&mut self) {
        put!(self.null());
    }

    /// Writes true or false.
    pub fn write_boolean(&mut self, flag: bool) {
        put!(self.bool(flag));
    }

    /// Writes an integer in its shortest form.
    pub fn write_integer(&mut self, number: i64) {
        put!(self.i64(number));
    }

    /// Writes an integer or null.
    pub fn write_optional_integer(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.write_integer(number),
            None => self.write_null(),
        }
    }

    /// Writes an integer of up to 127 bits: plain where 64 bits and a sign hold it, else a bignum (tags 2 and 3).
    pub fn write_wide_integer(&mut self, number: i128) {
        if let Ok(number) = minicbor::data::Int::try_from(number) {
            put!(self.int(number));
            return;
        }
        // Tag 3 holds -1 - n, which is the bitwise complement in two's complement.
        let (tag, magnitude) = if number < 0 { (3, !number) } else { (2, number) };
        let all = magnitude.to_be_bytes();
        // RFC 8949, section 3.4.3: a bignum has no leading zero bytes.
        let skip = all.iter().take_while(|byte| **byte == 0).count();
        self.write_tag(tag);
        self.write_bytes(&all[skip..]);
    }

    /// Writes a float in the shortest of 16, 32 or 64 bits that keeps it exactly.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for NaN.
    pub fn write_float(&mut self, number: f64) -> Result<(), CborError> {
        if number.is_nan() {
            return Err(CborError::NotANumber);
        }
        #[expect(clippy::cast_possible_truncation, reason = "compared with the original right below")]
        let single = number as f32;
        if f64::from(single).to_bits() != number.to_bits() {
            put!(self.f64(number));
            return Ok(());
        }
        // Bits are compared, not values: -0.0 equals 0.0 and is kept apart.
        let half = half::f16::from_f32(single);
        if half.to_f32().to_bits() == single.to_bits() {
            put!(self.f16(single));
        } else {
            put!(self.f32(single));
        }
        Ok(())
    }

    /// Writes text.
    pub fn write_text(&mut self, text: &str) {
        put!(self.str(text));
    }

    /// Writes bytes.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        put!(self.bytes(bytes));
    }

    /// Appends bytes that are deterministic CBOR already.
    pub fn write_raw(&mut self, cbor: &[u8]) {
        self.bytes.extend_from_slice(cbor);
    }
}

/// The kind of the next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Null.
    Null,
    /// True or false.
    Boolean,
    /// An integer of 64 bits.
    Integer,
    /// A float.
    Float,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Bytes,
    /// An array of known length.
    Array,
    /// A tag.
    Tag,
    /// Anything that this journal never writes, such as a map.
    Other,
}

/// Reads the CBOR that [`Writer`] writes. It does not check that heads are the shortest: a caller with untrusted bytes
/// encodes the values again and compares.
#[derive(Debug)]
pub struct Reader<'b> {
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    /// Returns a reader at the first byte.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { decoder: Decoder::new(bytes) }
    }

    /// Returns the kind of the next item.
    ///
    /// # Errors
    /// [`CborError::Malformed`] at the end of the bytes.
    pub fn peek_kind(&self) -> Result<ItemKind, CborError> {
        Ok(match self.decoder.datatype()? {
            Type::Null => ItemKind::Null,
            Type::Bool => ItemKind::Boolean,
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                ItemKind::Integer
            }
            Type::F16 | Type::F32 | Type::F64 => ItemKind::Float,
            Type::String => ItemKind::Text,
            Type::Bytes => ItemKind::Bytes,
            Type::Array => ItemKind::Array,
            Type::Tag => ItemKind::Tag,
            _ => ItemKind::Other,
        })
    }

    /// Reads null.
    ///
    /// # Errors
    /// Any [`CborError`], as for every reading method here.
    pub fn read_null(&mut self) -> Result<(), CborError> {
        Ok(self.decoder.null()?)
    }

    /// Reads true or false.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_boolean(&mut self) -> Result<bool, CborError> {
        Ok(self.decoder.bool()?)
    }

    /// Reads an integer.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_integer(&mut self) -> Result<i64, CborError> {
        Ok(self.decoder.i64()?)
    }

    /// Reads an integer or null.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_optional_integer(&mut self) -> Result<Option<i64>, CborError> {
        if self.peek_kind()? == ItemKind::Null {
            self.read_null()?;
            return Ok(None);
        }
        self.read_integer().map(Some)
    }

    /// Reads an integer that may be a bignum.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_wide_integer(&mut self) -> Result<i128, CborError> {
        if self.peek_kind()? != ItemKind::Tag {
            return Ok(self.decoder.int()?.into());
        }
        let tag = self.read_tag()?;
        let bytes = self.read_bytes()?;
        // Below 8 bytes, and for 8 bytes with a leading zero, a plain integer is the shortest form.
        if bytes.len() > 16 || bytes.first().is_none_or(|first| *first == 0) || bytes.len() < 8 {
            return Err(CborError::NotDeterministic);
        }
        let mut all = [0u8; 16];
        all[16 - bytes.len()..].copy_from_slice(bytes);
        let magnitude = i128::from_be_bytes(all);
        match tag {
            _ if magnitude < 0 => Err(CborError::Unexpected("a bignum of 127 bits")),
            2 => Ok(magnitude),
            3 => Ok(!magnitude),
            _ => Err(CborError::Unexpected("a bignum")),
        }
    }

    /// Reads a float of any width.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_float(&mut self) -> Result<f64, CborError> {
        let number = self.decoder.f64()?;
        if number.is_nan() { Err(CborError::NotANumber) } else { Ok(number) }
    }

    /// Reads text.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_text(&mut self) -> Result<&'b str, CborError> {
        Ok(self.decoder.str()?)
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_bytes(&mut self) -> Result<&'b [u8], CborError> {
        Ok(self.decoder.bytes()?)
    }

    /// Reads a tag.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_tag(&mut self) -> Result<u64, CborError> {
        Ok(self.decoder.tag()?.as_u64())
    }

    /// Reads the head of an array and returns its length.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn read_array(&mut self) -> Result<u64, CborError> {
        self.decoder.array()?.ok_or(CborError::NotDeterministic)
    }

    /// Reads the head of an array of exactly `count` items.
    ///
    /// # Errors
    /// See [`Reader::read_null`].
    pub fn expect_array(&mut self, count: u64) -> Result<(), CborError> {
        if self.read_array()? == count { Ok(()) } else { Err(CborError::Unexpected("an array of another length")) }
    }

    /// Returns the offset of the next item.
    #[must_use]
    pub fn position(&self) -> usize {
        self.decoder.position()
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// [`CborError::Trailing`].
    pub fn expect_end(&self) -> Result<(), CborError> {
        match self.decoder.input().len() - self.decoder.position() {
            0 => Ok(()),
            left => Err(CborError::Trailing(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode_to_hex(put: impl FnOnce(&mut Writer)) -> String {
        let mut out = Writer::new();
        put(&mut out);
        crate::digest::encode_hex(out.as_bytes())
    }

    /// The examples of RFC 8949, appendix A, that this subset can write.
    #[test]
    fn examples_of_the_rfc() {
        for (number, hex) in [(0, "00"), (23, "17"), (24, "1818"), (1000, "1903e8"), (-1, "20"), (-1000, "3903e7")] {
            assert_eq!(encode_to_hex(|w| w.write_integer(number)), hex);
        }
        for (number, hex) in [
            (0.0, "f90000"),
            (-0.0, "f98000"),
            (1.1, "fb3ff199999999999a"),
            (65504.0, "f97bff"),
            (100_000.0, "fa47c35000"),
            (5.960_464_477_539_063e-8, "f90001"),
            (f64::INFINITY, "f97c00"),
        ] {
            assert_eq!(encode_to_hex(|w| w.write_float(number).unwrap()), hex);
        }
        assert_eq!(encode_to_hex(|w| w.write_wide_integer(18_446_744_073_709_551_615)), "1bffffffffffffffff");
        assert_eq!(encode_to_hex(|w| w.write_wide_integer(18_446_744_073_709_551_616)), "c249010000000000000000");
        assert_eq!(encode_to_hex(|w| w.write_wide_integer(-18_446_744_073_709_551_616)), "3bffffffffffffffff");
        assert_eq!(encode_to_hex(|w| w.write_wide_integer(-18_446_744_073_709_551_617)), "c349010000000000000000");
    }

    #[test]
    fn wide_integers_come_back() {
        for number in [0, -1, i128::from(u64::MAX) + 1, -i128::from(u64::MAX) - 2, 10i128.pow(38) - 1] {
            let mut out = Writer::new();
            out.write_wide_integer(number);
            let bytes = out.into_bytes();
            assert_eq!(Reader::new(&bytes).read_wide_integer().unwrap(), number);
        }
    }
}
