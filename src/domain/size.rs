//! The size of a numeric fault: a number in the unit of its column, or a percentage of the value that was there.
//!
//! A card documents the range of sizes of a variant. Sweeps draw sizes from that range.

use std::fmt;
use std::str::FromStr;

use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::mode::Mode;
use crate::model::Refusal;

/// How sizes are spread over their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeScale {
    /// By equal ratios.
    Logarithmic,
    /// By equal steps.
    Linear,
}

/// The sizes that a variant can take, as its card documents them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SizeRange {
    /// The unit, as the column has it: `cm`, `cGy`, `MU`, `degrees`. With `%`, every size is relative.
    pub unit: &'static str,
    /// The smallest size that a sweep draws.
    pub least: f64,
    /// The largest size that a sweep draws.
    pub most: f64,
    /// The size where none is given.
    pub default: f64,
    /// Number of decimals that the column can hold; sizes that mfm draws have no more.
    pub decimals: u8,
    /// How a sweep spreads sizes over the range.
    pub scale: SizeScale,
    /// Whether a size may also be given relative to the value that was there, as `5%`.
    pub relative: bool,
    /// Whether a negative size is allowed: it makes the value smaller.
    pub signed: bool,
}

impl SizeRange {
    /// Returns a range of positive sizes with one decimal, drawn by equal ratios.
    #[must_use]
    pub const fn in_unit(unit: &'static str, least: f64, default: f64, most: f64) -> Self {
        let scale = SizeScale::Logarithmic;
        Self { unit, least, most, default, decimals: 1, scale, relative: false, signed: false }
    }

    /// Returns the range for a column with another number of decimals.
    #[must_use]
    pub const fn with_decimals(self, decimals: u8) -> Self {
        Self { decimals, ..self }
    }

    /// Returns the range with sizes drawn by equal steps.
    #[must_use]
    pub const fn by_equal_steps(self) -> Self {
        Self { scale: SizeScale::Linear, ..self }
    }

    /// Returns the range where a size may be relative, too.
    #[must_use]
    pub const fn or_relative(self) -> Self {
        Self { relative: true, ..self }
    }

    /// Returns the range where a size may be negative.
    #[must_use]
    pub const fn or_negative(self) -> Self {
        Self { signed: true, ..self }
    }

    /// Returns whether every size is relative.
    #[must_use]
    pub fn is_percentage(&self) -> bool {
        self.unit == "%"
    }

    /// Returns the size where none is given.
    #[must_use]
    pub fn default_size(&self) -> Size {
        self.round_size(self.default)
    }

    /// Returns at most `count` different sizes from the least to the most, ascending.
    #[must_use]
    pub fn spread_sizes(&self, count: usize) -> Vec<Size> {
        let mut sizes: Vec<Size> = Vec::with_capacity(count);
        for index in 0..count {
            let share = if count < 2 { 0.5 } else { index as f64 / (count - 1) as f64 };
            let size = self.round_size(self.interpolate(share));
            // Rounding may make two neighbours equal, or the first of them nothing.
            if !size.is_zero() && sizes.last() != Some(&size) {
                sizes.push(size);
            }
        }
        sizes
    }

    /// Returns the size in the middle of two others; `None` where the column holds none between them, or they are as
    /// close as 3 %.
    #[must_use]
    pub fn halve_sizes(&self, low: f64, high: f64) -> Option<Size> {
        if low <= 0.0 || high / low <= 1.03 {
            return None;
        }
        let middle = if self.is_logarithmic() { (low * high).sqrt() } else { f64::midpoint(low, high) };
        let size = self.round_size(middle);
        (size.number() > low && size.number() < high).then_some(size)
    }

    /// Returns the sizes around another one, the nearest first: so many steps of 3 % to each side, as far as the column
    /// holds them.
    #[must_use]
    pub fn list_sizes_around(&self, middle: f64, steps: u8) -> Vec<Size> {
        let ratios = (0..=i32::from(steps)).flat_map(|step| [1.03_f64.powi(-step), 1.03_f64.powi(step)]);
        let mut sizes: Vec<Size> = Vec::new();
        for size in ratios.map(|ratio| self.round_size(middle * ratio)) {
            if !size.is_zero() && !sizes.contains(&size) {
                sizes.push(size);
            }
        }
        sizes
    }

    /// Returns whether sizes are spread by equal ratios.
    #[must_use]
    pub fn is_logarithmic(&self) -> bool {
        self.scale == SizeScale::Logarithmic
    }

    /// Returns the number at a share of the way from the least to the most, 0 to 1.
    fn interpolate(&self, share: f64) -> f64 {
        if self.scale == SizeScale::Logarithmic && self.least > 0.0 {
            return self.least * (self.most / self.least).powf(share);
        }
        share.mul_add(self.most - self.least, self.least)
    }

    fn round_size(&self, number: f64) -> Size {
        let text = format!("{number:.*}", usize::from(self.decimals));
        let amount = text.parse().unwrap_or(Decimal::from(0));
        Size { amount, relative: self.is_percentage() }
    }

    /// Returns a size as the range takes it.
    ///
    /// # Errors
    /// A sentence saying why the range has no such size.
    pub fn accept_size(&self, size: Size) -> Result<Size, String> {
        let size = Size { relative: size.relative || self.is_percentage(), ..size };
        if size.is_zero() {
            return Err("size: 0 changes nothing".to_owned());
        }
        if size.relative && !self.relative && !self.is_percentage() {
            return Err(format!("size: {size} is relative, and this variant takes a size in {}", self.unit));
        }
        if size.is_negative() && !self.signed {
            return Err(format!("size: {size} is negative, and this variant takes positive sizes only"));
        }
        Ok(size)
    }
}

impl fmt::Display for SizeRange {
    /// Prints `0.5 to 40 cm, 5 by default`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unit, least, most, default, .. } = self;
        write!(out, "{least} to {most} {unit}, {default} by default")?;
        out.write_str(if self.relative { "; or relative, such as 5%" } else { "" })?;
        out.write_str(if self.signed { "; negative makes it smaller" } else { "" })
    }
}

/// The size of a fault: a number in the unit of its column, or a percentage of the value that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "SizeForm")]
pub struct Size {
    amount: Decimal,
    relative: bool,
}

impl Size {
    /// Returns the number: in the column's unit, or in percent.
    #[must_use]
    pub fn number(self) -> f64 {
        // Through the text, because `Decimal` converts only what a float holds exactly.
        self.amount.to_string().parse().unwrap_or(0.0)
    }

    /// Returns whether the number is a percentage.
    #[must_use]
    pub const fn is_relative(self) -> bool {
        self.relative
    }

    /// Returns the same number as a percentage, or in the column's unit.
    #[must_use]
    pub const fn made_relative(self, relative: bool) -> Self {
        Self { relative, ..self }
    }

    /// Returns by how much a value changes, in its own unit.
    #[must_use]
    pub fn change_of(self, value: f64) -> f64 {
        if self.relative { value.abs() * self.number() / 100.0 } else { self.number() }
    }

    fn is_zero(self) -> bool {
        self.amount.unscaled() == 0
    }

    fn is_negative(self) -> bool {
        self.amount.unscaled() < 0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.amount.normalise(), if self.relative { "%" } else { "" })
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let digits = trimmed.strip_suffix('%');
        let amount = digits.unwrap_or(trimmed).trim_end().parse();
        let amount = amount.map_err(|_| format!("`{text}` is no size: write a number, such as 2.5, or 5%"))?;
        Ok(Self { amount, relative: digits.is_some() })
    }
}

/// What JSON may hold for a size.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "it is not a size: write a number, such as 2.5, or \"5%\"")]
enum SizeForm {
    /// A number in the column's unit.
    Real(f64),
    /// The same as text, or a percentage.
    Text(String),
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match SizeForm::deserialize(deserializer)? {
            SizeForm::Real(number) => number.to_string(),
            SizeForm::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Returns the size of a variant's fault: as given, else the default of its card; `None` for a variant without sizes.
///
/// # Errors
/// A sentence saying what is wrong with the size.
pub fn resolve_size(mode: &dyn Mode, variant: &str, given: Option<Size>) -> Result<Option<Size>, String> {
    let card = mode.card();
    let range = card.variants.iter().find(|one| one.word == variant).and_then(|one| one.size);
    match (range, given) {
        (Some(range), Some(size)) => range.accept_size(size).map(Some),
        (Some(range), None) => Ok(Some(range.default_size())),
        (None, Some(_)) => Err(format!("size: {} {variant} has no sizes: leave it out", card.tool)),
        (None, None) => Ok(None),
    }
}

/// Returns the size in a completed plan of a variant that has sizes.
///
/// # Errors
/// [`Refusal::Stale`], for a plan file without it.
pub fn size_of_plan(size: Option<Size>) -> Result<Size, Refusal> {
    super::params::require_param(size, "size")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Size {
        text.parse().unwrap()
    }

    #[test]
    fn a_size_is_a_number_or_a_percentage() {
        for (json, text) in
            [("2.50", "2.5"), ("\"12.5\"", "12.5"), ("\"5%\"", "5%"), ("\"-3.0 %\"", "-3%"), ("20", "20")]
        {
            let size: Size = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_value(size).unwrap(), serde_json::Value::from(text));
        }
        for wrong in ["\"\"", "\"%\"", "\"5%%\"", "\"NaN\"", "true", "[1]"] {
            assert!(serde_json::from_str::<Size>(wrong).is_err(), "{wrong}");
        }
        assert_eq!((parse("5%").change_of(-200.0), parse("5").change_of(-200.0)), (10.0, 5.0));
    }

    #[test]
    fn sizes_are_spread_over_their_range() {
        let list = |range: SizeRange, count| {
            range.spread_sizes(count).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let range = SizeRange::in_unit("cm", 1.0, 5.0, 16.0);
        assert_eq!(list(range, 5), "1 2 4 8 16");
        assert_eq!(list(range.by_equal_steps(), 4), "1 6 11 16");
        assert_eq!(list(SizeRange::in_unit("%", 1.0, 5.0, 4.0).with_decimals(0), 3), "1% 2% 4%");
        // What rounding makes equal is one size.
        assert_eq!(list(SizeRange::in_unit("cm", 0.1, 0.2, 0.2), 9), "0.1 0.2");
        assert_eq!(list(range, 1), "4");
        let around: Vec<String> = range.list_sizes_around(2.0, 4).iter().map(ToString::to_string).collect();
        assert_eq!(around.join(" "), "2 1.9 2.1 1.8 2.2 2.3", "as far as the column holds them");
    }

    #[test]
    fn a_range_refuses_what_it_does_not_document() {
        let range = SizeRange::in_unit("cm", 0.5, 5.0, 40.0);
        assert_eq!(range.accept_size(parse("2")), Ok(parse("2")));
        assert!(range.accept_size(parse("0")).unwrap_err().contains("changes nothing"));
        assert!(range.accept_size(parse("-2")).unwrap_err().contains("negative"));
        assert!(range.accept_size(parse("5%")).unwrap_err().contains("in cm"));
        assert_eq!(range.or_relative().accept_size(parse("5%")), Ok(parse("5%")));
        assert_eq!(range.or_negative().accept_size(parse("-2")), Ok(parse("-2")));
        assert_eq!(SizeRange::in_unit("%", 1.0, 5.0, 50.0).accept_size(parse("7")), Ok(parse("7%")));
        assert_eq!(range.to_string(), "0.5 to 40 cm, 5 by default");
    }
}
