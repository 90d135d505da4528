//! Cell values, compared by type and bit, and their deterministic CBOR.

use std::cmp::Ordering;

use crate::cbor::{CborError, Reader, Writer};
use crate::decimal::Decimal;

/// The CBOR tag of text that is not UTF-8: the ASCII letters `MFM` as a number, since CBOR defines no tag for it.
pub const TAG_RAW_TEXT: u64 = 0x4D_464D;
/// The CBOR tag of a decimal fraction (RFC 8949, section 3.4.4).
pub const TAG_DECIMAL: u64 = 4;
/// The CBOR tag of a UUID in its 16 network-order bytes.
pub const TAG_UUID: u64 = 37;

/// One cell as the database holds it.
///
/// Two values are equal only when type and bits are: `Integer(1)`, `Real(1.0)`, `Text("1")`, `-0.0` and `0.0`,
/// `Null` and the empty text all differ.
#[derive(Clone, Debug)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// SQL Server `bit`.
    Boolean(bool),
    /// Any integer type.
    Integer(i64),
    /// Any binary float. NaN cannot be written.
    Real(f64),
    /// `decimal`, `numeric`, `money`: at the column's scale.
    Decimal(Decimal),
    /// Text in UTF-8, padding kept.
    Text(String),
    /// Text whose bytes are not UTF-8.
    RawText(Vec<u8>),
    /// Binary.
    Bytes(Vec<u8>),
    /// A date, a time, or both, in the type's own unit.
    Moment(Moment),
    /// `uniqueidentifier`.
    Uuid([u8; 16]),
}

/// A temporal value of a database that has such types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Days since 1900-01-01 in the proleptic Gregorian calendar; `None` for a time of day.
    pub days: Option<i32>,
    /// Ticks since midnight, in the unit of the column's type; `None` for a date.
    pub ticks: Option<i64>,
    /// Minutes east of UTC, for types that carry an offset.
    pub offset_minutes: Option<i16>,
}

impl Value {
    const fn type_rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Boolean(_) => 1,
            Self::Integer(_) => 2,
            Self::Real(_) => 3,
            Self::Decimal(_) => 4,
            Self::Text(_) => 5,
            Self::RawText(_) => 6,
            Self::Bytes(_) => 7,
            Self::Moment(_) => 8,
            Self::Uuid(_) => 9,
        }
    }

    /// Returns the word for the value's type, as JSON output uses it.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "text",
            Self::RawText(_) => "raw_text",
            Self::Bytes(_) => "bytes",
            Self::Moment(_) => "moment",
            Self::Uuid(_) => "uuid",
        }
    }

    /// Tells whether the cell is NULL.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Writes the value's deterministic CBOR.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for NaN, which has many bit patterns and no equality.
    pub fn write(&self, out: &mut Writer) -> Result<(), CborError> {
        match self {
            Self::Null => out.write_null(),
            Self::Boolean(flag) => out.write_boolean(*flag),
            Self::Integer(number) => out.write_integer(*number),
            Self::Real(number) => return out.write_float(*number),
            Self::Decimal(number) => {
                out.write_tag(TAG_DECIMAL);
                out.write_array(2);
                out.write_integer(-i64::from(number.scale()));
                out.write_wide_integer(number.unscaled());
            }
            Self::Text(text) => out.write_text(text),
            Self::RawText(bytes) => {
                out.write_tag(TAG_RAW_TEXT);
                out.write_bytes(bytes);
            }
            Self::Bytes(bytes) => out.write_bytes(bytes),
            Self::Moment(moment) => moment.write(out),
            Self::Uuid(bytes) => {
                out.write_tag(TAG_UUID);
                out.write_bytes(bytes);
            }
        }
        Ok(())
    }

    /// Reads one value.
    ///
    /// # Errors
    /// Any [`CborError`]. A form that this module never writes is not read either.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, CborError> {
        use crate::cbor::ItemKind;
        Ok(match input.peek_kind()? {
            ItemKind::Null => {
                input.read_null()?;
                Self::Null
            }
            ItemKind::Boolean => Self::Boolean(input.read_boolean()?),
            ItemKind::Integer => Self::Integer(input.read_integer()?),
            ItemKind::Float => Self::Real(input.read_float()?),
            ItemKind::Text => Self::Text(input.read_text()?.to_owned()),
            ItemKind::Bytes => Self::Bytes(input.read_bytes()?.to_vec()),
            ItemKind::Array => Self::Moment(Moment::read(input)?),
            ItemKind::Tag => return Self::read_tagged(input),
            ItemKind::Other => return Err(CborError::Unexpected("a cell value")),
        })
    }

    /// Copies one value from CBOR to CBOR, like [`Value::read`] and [`Value::write`], but without allocating for text
    /// and bytes.
    pub(crate) fn copy(input: &mut Reader<'_>, out: &mut Writer) -> Result<(), CborError> {
        use crate::cbor::ItemKind;
        match input.peek_kind()? {
            ItemKind::Text => out.write_text(input.read_text()?),
            ItemKind::Bytes => out.write_bytes(input.read_bytes()?),
            _ => Self::read(input)?.write(out)?,
        }
        Ok(())
    }

    fn read_tagged(input: &mut Reader<'_>) -> Result<Self, CborError> {
        match input.read_tag()? {
            TAG_DECIMAL => {
                input.expect_array(2)?;
                let scale = input.read_integer()?.checked_neg().and_then(|scale| u8::try_from(scale).ok());
                let scale = scale.ok_or(CborError::Unexpected("a decimal scale"))?;
                let unscaled = input.read_wide_integer()?;
                let number = Decimal::new(unscaled, scale).ok_or(CborError::Unexpected("a decimal of 38 digits"))?;
                Ok(Self::Decimal(number))
            }
            TAG_RAW_TEXT => {
                let bytes = input.read_bytes()?;
                // Such text has a shorter form, without the tag: the same value would have two encodings.
                if std::str::from_utf8(bytes).is_ok() {
                    return Err(CborError::NotDeterministic);
                }
                Ok(Self::RawText(bytes.to_vec()))
            }
            TAG_UUID => {
                let bytes = input.read_bytes()?.try_into().map_err(|_| CborError::Unexpected("16 bytes of a UUID"))?;
                Ok(Self::Uuid(bytes))
            }
            _ => Err(CborError::Unexpected("a known tag")),
        }
    }
}

impl Moment {
    fn write(self, out: &mut Writer) {
        // Trailing parts are left out, so that each value has one encoding.
        let count = if self.ticks.is_none() { 1 } else { 2 + u64::from(self.offset_minutes.is_some()) };
        out.write_array(count);
        out.write_optional_integer(self.days.map(i64::from));
        if self.ticks.is_some() {
            out.write_optional_integer(self.ticks);
            if let Some(minutes) = self.offset_minutes {
                out.write_integer(i64::from(minutes));
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, CborError> {
        let error = CborError::Unexpected("[days, ticks, offset minutes]");
        let count = input.read_array()?;
        let days = input.read_optional_integer()?.map(i32::try_from).transpose().map_err(|_| error.clone())?;
        let ticks = if count > 1 { Some(input.read_integer()?) } else { None };
        let offset_minutes =
            if count > 2 { Some(i16::try_from(input.read_integer()?).map_err(|_| error.clone())?) } else { None };
        if count == 0 || count > 3 || (days.is_none() && ticks.is_none()) {
            return Err(error);
        }
        Ok(Self { days, ticks, offset_minutes })
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    /// Orders by type, then by content; floats by IEEE 754 total order, so equality is equality of bits.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            // `total_cmp` tells -0.0 from 0.0, which the journal has to keep apart.
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::RawText(a), Self::RawText(b)) | (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Moment(a), Self::Moment(b)) => a.cmp(b),
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            _ => self.type_rank().cmp(&other.type_rank()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_small() {
        assert!(size_of::<Value>() <= 32, "{} bytes", size_of::<Value>());
    }

    fn round_trip(value: &Value) -> Value {
        let mut out = Writer::new();
        value.write(&mut out).unwrap();
        let bytes = out.into_bytes();
        let mut input = Reader::new(&bytes);
        let back = Value::read(&mut input).unwrap();
        input.expect_end().unwrap();
        back
    }

    #[test]
    fn look_alikes_differ() {
        let all = [
            Value::Null,
            Value::Text(String::new()),
            Value::Text("null".into()),
            Value::Bytes(vec![]),
            Value::Integer(1),
            Value::Real(1.0),
            Value::Text("1".into()),
            Value::Boolean(true),
            Value::Real(0.0),
            Value::Real(-0.0),
            Value::Text("abc".into()),
            Value::Text("ABC ".into()),
            Value::Decimal("1.0".parse().unwrap()),
            Value::Decimal("1.00".parse().unwrap()),
        ];
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                assert_eq!(a == b, i == j, "{a:?} {b:?}");
            }
            assert_eq!(&round_trip(a), a);
        }
    }

    #[test]
    fn every_kind_survives() {
        for value in [
            Value::Integer(i64::MIN),
            Value::Integer(i64::MAX),
            Value::Real(f64::MIN_POSITIVE),
            Value::Real(f64::NEG_INFINITY),
            Value::Real(0.1),
            Value::RawText(vec![0xff, 0x00]),
            Value::Decimal(Decimal::new(-(10i128.pow(38) - 1), 38).unwrap()),
            Value::Moment(Moment { days: Some(-5), ticks: Some(25_919_999), offset_minutes: None }),
            Value::Moment(Moment { days: None, ticks: Some(0), offset_minutes: None }),
            Value::Moment(Moment { days: Some(40_000), ticks: None, offset_minutes: None }),
            Value::Moment(Moment { days: Some(1), ticks: Some(1), offset_minutes: Some(-480) }),
            Value::Uuid([7; 16]),
        ] {
            assert_eq!(round_trip(&value), value);
        }
        assert!(Value::Real(f64::NAN).write(&mut Writer::new()).is_err());
    }

    #[test]
    fn an_impossible_scale_is_an_error() {
        let mut out = Writer::new();
        out.write_tag(TAG_DECIMAL);
        out.write_array(2);
        out.write_integer(i64::MIN);
        out.write_integer(1);
        assert!(Value::read(&mut Reader::new(out.as_bytes())).is_err());
    }
}
