//! SQL Server's types: the SQL expressions that read, stage and write a column of each without losing a bit.

use super::text::CodePage;

/// The longest `nvarchar(n)`, in characters; a longer text needs `nvarchar(max)`.
const NATIONAL_MAX: u32 = 4_000;
/// The longest `varbinary(n)`, in bytes; longer values need `varbinary(max)`.
const BYTES_MAX: u32 = 8_000;
/// The largest number of digits of a `decimal`.
const DIGITS_MAX: u8 = 38;

/// A column's type as the catalogue describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawType {
    /// The system type's name; an alias type's base.
    pub(super) name: String,
    /// The length in bytes; -1 for `max`.
    pub(super) max_length: i64,
    /// The number of digits.
    pub(super) precision: u8,
    /// The number of digits after the point.
    pub(super) scale: u8,
    /// The number of the code page of the column's collation.
    pub(super) code_page: Option<i64>,
}

/// How to compare the values of two columns so that no value makes the query fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Directly.
    Plain,
    /// Converted to `float`, because a value of one type may not fit the other.
    Float,
    /// Not at all: no value of one type equals a value of the other.
    Never,
}

/// A type whose values can all be kept exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MssqlType {
    /// `bit`.
    Bit,
    /// `tinyint`.
    TinyInt,
    /// `smallint`.
    SmallInt,
    /// `int`.
    Int,
    /// `bigint`.
    BigInt,
    /// `decimal(p,s)`, `numeric(p,s)`.
    Decimal { numeric: bool, precision: u8, scale: u8 },
    /// `money`, which the driver reads as a float.
    Money,
    /// `smallmoney`, which the driver reads as a float.
    SmallMoney,
    /// `real`.
    Real,
    /// `float`.
    Float,
    /// `datetime`.
    DateTime,
    /// `smalldatetime`.
    SmallDateTime,
    /// `datetime2(n)`.
    DateTime2 { scale: u8 },
    /// `date`.
    Date,
    /// `time(n)`.
    Time { scale: u8 },
    /// `datetimeoffset(n)`.
    DateTimeOffset { scale: u8 },
    /// `nchar(n)`, `nvarchar(n)`, `ntext`: text in UTF-16.
    National { fixed: bool, legacy: bool, length: Option<u32> },
    /// `char(n)`, `varchar(n)`, `text`: text in the code page of its collation.
    Paged { fixed: bool, legacy: bool, length: Option<u32>, page: CodePage },
    /// `binary(n)`, `varbinary(n)`, `image`.
    Bytes { fixed: bool, legacy: bool, length: Option<u32> },
    /// `uniqueidentifier`.
    Uuid,
    /// `xml`.
    Xml,
    /// `rowversion`, which cannot be set.
    RowVersion,
}

impl MssqlType {
    /// Returns the type that the catalogue describes; `None` for one whose values cannot be kept exactly.
    pub(super) fn from_catalogue(raw: &RawType) -> Option<Self> {
        let bytes = u32::try_from(raw.max_length).ok();
        // The catalogue counts bytes: two for each UTF-16 unit.
        let characters = bytes.map(|bytes| bytes / 2);
        let scale = raw.scale;
        let page = raw.code_page.and_then(CodePage::from_number);
        Some(match raw.name.to_ascii_lowercase().as_str() {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" => Self::Int,
            "bigint" => Self::BigInt,
            "decimal" => Self::Decimal { numeric: false, precision: raw.precision, scale },
            "numeric" => Self::Decimal { numeric: true, precision: raw.precision, scale },
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "real" => Self::Real,
            "float" => Self::Float,
            "datetime" => Self::DateTime,
            "smalldatetime" => Self::SmallDateTime,
            "datetime2" => Self::DateTime2 { scale },
            "date" => Self::Date,
            "time" => Self::Time { scale },
            "datetimeoffset" => Self::DateTimeOffset { scale },
            "nchar" => Self::National { fixed: true, legacy: false, length: characters },
            "nvarchar" | "sysname" => Self::National { fixed: false, legacy: false, length: characters },
            "ntext" => Self::National { fixed: false, legacy: true, length: None },
            "char" => Self::Paged { fixed: true, legacy: false, length: bytes, page: page? },
            "varchar" => Self::Paged { fixed: false, legacy: false, length: bytes, page: page? },
            "text" => Self::Paged { fixed: false, legacy: true, length: None, page: page? },
            "binary" => Self::Bytes { fixed: true, legacy: false, length: bytes },
            "varbinary" => Self::Bytes { fixed: false, legacy: false, length: bytes },
            "image" => Self::Bytes { fixed: false, legacy: true, length: None },
            "uniqueidentifier" => Self::Uuid,
            "xml" => Self::Xml,
            "timestamp" | "rowversion" => Self::RowVersion,
            _ => return None,
        })
    }

    /// Returns the type as a column's declaration writes it.
    pub(super) fn declaration(self) -> String {
        match self {
            Self::Bit => "bit".into(),
            Self::TinyInt => "tinyint".into(),
            Self::SmallInt => "smallint".into(),
            Self::Int => "int".into(),
            Self::BigInt => "bigint".into(),
            Self::Decimal { numeric, precision, scale } => {
                format!("{}({precision},{scale})", if numeric { "numeric" } else { "decimal" })
            }
            Self::Money => "money".into(),
            Self::SmallMoney => "smallmoney".into(),
            Self::Real => "real".into(),
            Self::Float => "float".into(),
            Self::DateTime => "datetime".into(),
            Self::SmallDateTime => "smalldatetime".into(),
            Self::DateTime2 { scale } => format!("datetime2({scale})"),
            Self::Date => "date".into(),
            Self::Time { scale } => format!("time({scale})"),
            Self::DateTimeOffset { scale } => format!("datetimeoffset({scale})"),
            Self::National { legacy: true, .. } => "ntext".into(),
            Self::National { fixed, length, .. } => sized(if fixed { "nchar" } else { "nvarchar" }, length),
            Self::Paged { legacy: true, .. } => "text".into(),
            Self::Paged { fixed, length, .. } => sized(if fixed { "char" } else { "varchar" }, length),
            Self::Bytes { legacy: true, .. } => "image".into(),
            Self::Bytes { fixed, length, .. } => sized(if fixed { "binary" } else { "varbinary" }, length),
            Self::Uuid => "uniqueidentifier".into(),
            Self::Xml => "xml".into(),
            Self::RowVersion => "rowversion".into(),
        }
    }

    /// Returns the SQL expression that reads `column` in a form that the driver keeps exactly.
    pub(super) fn read_expression(self, column: &str) -> String {
        match self {
            Self::Money => format!("CONVERT(decimal(19,4), {column})"),
            Self::SmallMoney => format!("CONVERT(decimal(10,4), {column})"),
            // The driver decodes such text by the number of its collation, and fails on newer ones: so it gets bytes.
            Self::Paged { legacy: true, .. } => format!("CONVERT(varbinary(max), CONVERT(varchar(max), {column}))"),
            Self::Paged { length: None, .. } => format!("CONVERT(varbinary(max), {column})"),
            Self::Paged { length: Some(_), .. } => format!("CONVERT(varbinary({BYTES_MAX}), {column})"),
            Self::National { legacy: true, .. } | Self::Xml => format!("CONVERT(nvarchar(max), {column})"),
            Self::Bytes { legacy: true, .. } => format!("CONVERT(varbinary(max), {column})"),
            _ => column.to_owned(),
        }
    }

    /// Returns the type of the staging column that carries this type's values to the server. `collation` is the
    /// column's own, so that its text never passes through another code page.
    pub(super) fn staging_type(self, collation: Option<&str>) -> String {
        let collate = collation.map_or_else(String::new, |name| format!(" COLLATE {name}"));
        match self {
            Self::Money => "decimal(19,4)".into(),
            Self::SmallMoney => "decimal(10,4)".into(),
            Self::SmallDateTime => "datetime".into(),
            Self::Time { .. } | Self::DateTimeOffset { .. } => "nvarchar(40)".into(),
            Self::National { length, .. } | Self::Paged { length, .. } => match length {
                Some(length) if length <= NATIONAL_MAX => format!("nvarchar({length}){collate}"),
                _ => format!("nvarchar(max){collate}"),
            },
            Self::Bytes { length, .. } => match length {
                Some(length) if length <= BYTES_MAX => format!("varbinary({length})"),
                _ => "varbinary(max)".into(),
            },
            Self::Xml => "nvarchar(max)".into(),
            _ => self.declaration(),
        }
    }

    /// Returns the SQL expression that converts a staged value to this type.
    pub(super) fn unstage_expression(self, staged: &str) -> String {
        match self {
            Self::Xml => format!("CONVERT(xml, {staged}, 1)"),
            Self::Time { .. } => format!("CONVERT({}, {staged}, 114)", self.declaration()),
            Self::DateTimeOffset { .. } => format!("CONVERT({}, {staged}, 127)", self.declaration()),
            Self::Paged { legacy: true, .. } => format!("CONVERT(varchar(max), {staged})"),
            Self::Money
            | Self::SmallMoney
            | Self::SmallDateTime
            | Self::Paged { .. }
            | Self::National { fixed: true, .. }
            | Self::Bytes { fixed: true, .. } => format!("CONVERT({}, {staged})", self.declaration()),
            _ => staged.to_owned(),
        }
    }

    /// Returns whether the server may store something else than it is sent: it parses and rewrites XML, and it parses
    /// times that are sent as text.
    pub(super) const fn is_remade(self) -> bool {
        matches!(self, Self::Xml | Self::Time { .. } | Self::DateTimeOffset { .. })
    }

    /// Returns whether SQL has an `=` for values of the type.
    pub(super) const fn is_comparable(self) -> bool {
        !matches!(
            self,
            Self::Xml
                | Self::National { legacy: true, .. }
                | Self::Paged { legacy: true, .. }
                | Self::Bytes { legacy: true, .. }
        )
    }

    /// Returns the digits before and after the point of an exact number; `None` for `money`, floats and all other
    /// types.
    const fn digits(self) -> Option<(u8, u8)> {
        match self {
            Self::Bit => Some((1, 0)),
            Self::TinyInt => Some((3, 0)),
            Self::SmallInt => Some((5, 0)),
            Self::Int => Some((10, 0)),
            Self::BigInt => Some((19, 0)),
            Self::Decimal { precision, scale, .. } => Some((precision.saturating_sub(scale), scale)),
            _ => None,
        }
    }

    const fn is_number(self) -> bool {
        self.digits().is_some() || matches!(self, Self::Money | Self::SmallMoney | Self::Real | Self::Float)
    }

    const fn is_text(self) -> bool {
        matches!(self, Self::National { .. } | Self::Paged { .. })
    }

    /// Returns how to compare values of this type with those of another; SQL has an `=` for both. A text never equals a
    /// number: SQL Server would convert the text, and fail on one that is none.
    pub(super) fn comparison_with(self, other: Self) -> Comparison {
        match (self.digits(), other.digits()) {
            // SQL Server compares two exact numbers in a type with enough digits for both, if there is one.
            (Some((before, after)), Some((other_before, other_after)))
                if before.max(other_before) + after.max(other_after) <= DIGITS_MAX =>
            {
                Comparison::Plain
            }
            (None, _) if std::mem::discriminant(&self) == std::mem::discriminant(&other) => Comparison::Plain,
            _ if self.is_text() && other.is_text() => Comparison::Plain,
            _ if self.is_number() && other.is_number() => Comparison::Float,
            _ => Comparison::Never,
        }
    }
}

/// Writes a type with its length, `max` where there is none.
fn sized(name: &str, length: Option<u32>) -> String {
    match length {
        Some(length) => format!("{name}({length})"),
        None => format!("{name}(max)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_type(name: &str, max_length: i64, precision: u8, scale: u8, code_page: Option<i64>) -> Option<MssqlType> {
        MssqlType::from_catalogue(&RawType { name: name.into(), max_length, precision, scale, code_page })
    }

    #[test]
    fn types_are_declared_as_the_catalogue_describes_them() {
        let page = Some(1252);
        for (name, max_length, precision, scale, declared) in [
            ("int", 4, 10, 0, "int"),
            ("decimal", 5, 4, 1, "decimal(4,1)"),
            ("numeric", 17, 38, 38, "numeric(38,38)"),
            ("varchar", 20, 0, 0, "varchar(20)"),
            ("varchar", -1, 0, 0, "varchar(max)"),
            ("char", 40, 0, 0, "char(40)"),
            ("nvarchar", 40, 0, 0, "nvarchar(20)"),
            ("nvarchar", -1, 0, 0, "nvarchar(max)"),
            ("nchar", 20, 0, 0, "nchar(10)"),
            ("varbinary", 200, 0, 0, "varbinary(200)"),
            ("image", 16, 0, 0, "image"),
            ("ntext", 16, 0, 0, "ntext"),
            ("text", 16, 0, 0, "text"),
            ("datetime2", 8, 27, 7, "datetime2(7)"),
            ("time", 5, 16, 0, "time(0)"),
            ("timestamp", 8, 0, 0, "rowversion"),
        ] {
            assert_eq!(sample_type(name, max_length, precision, scale, page).unwrap().declaration(), declared);
        }
        for unkept in ["sql_variant", "hierarchyid", "geography", "geometry", "vector", "json"] {
            assert_eq!(sample_type(unkept, 0, 0, 0, page), None, "{unkept}");
        }
        assert_eq!(sample_type("varchar", 20, 0, 0, Some(437)), None, "a code page that cannot be decoded exactly");
    }

    #[test]
    fn no_comparison_converts_what_may_not_convert() {
        use Comparison::{Float, Never, Plain};
        let decimal = |precision, scale| sample_type("decimal", 9, precision, scale, None).unwrap();
        let kind = |name: &str| sample_type(name, 8, 0, 3, Some(1252)).unwrap();
        for (one, other, expected) in [
            (kind("int"), kind("bigint"), Plain),
            (kind("bit"), decimal(5, 1), Plain),
            (kind("bigint"), decimal(38, 20), Float),
            (decimal(38, 0), decimal(38, 38), Float),
            (kind("int"), kind("smallmoney"), Float),
            (kind("float"), kind("real"), Float),
            (kind("float"), kind("float"), Plain),
            (kind("varchar"), kind("nchar"), Plain),
            (kind("int"), kind("varchar"), Never),
            (kind("int"), kind("datetime"), Never),
            (kind("datetime"), kind("datetime2"), Never),
            (kind("datetime2"), sample_type("datetime2", 8, 0, 7, None).unwrap(), Plain),
            (kind("uniqueidentifier"), kind("char"), Never),
            (kind("binary"), kind("varbinary"), Plain),
        ] {
            assert_eq!(one.comparison_with(other), expected, "{one:?} and {other:?}");
            assert_eq!(other.comparison_with(one), expected, "{other:?} and {one:?}");
        }
    }

    #[test]
    fn what_the_driver_would_spoil_takes_another_way() {
        let money = sample_type("money", 8, 19, 4, None).unwrap();
        assert_eq!(money.read_expression("[m]"), "CONVERT(decimal(19,4), [m])");
        assert_eq!(money.staging_type(None), "decimal(19,4)");
        assert_eq!(money.unstage_expression("w.[m]"), "CONVERT(money, w.[m])");
        let name = sample_type("char", 40, 0, 0, Some(1252)).unwrap();
        assert_eq!(name.read_expression("[n]"), "CONVERT(varbinary(8000), [n])");
        assert_eq!(name.staging_type(Some("Latin1_General_CI_AS")), "nvarchar(40) COLLATE Latin1_General_CI_AS");
        let long = sample_type("varchar", 8000, 0, 0, Some(1252)).unwrap();
        assert_eq!(long.staging_type(None), "nvarchar(max)");
        assert!(!sample_type("text", 16, 0, 0, Some(1252)).unwrap().is_comparable());
    }
}
