//! The colours of a picture file: what a terminal's own colours are there, dark and light.

use std::fmt;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What a picture file takes for the terminal's own colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Palette {
    /// Light letters on a dark background.
    Dark,
    /// Dark letters on a light background.
    Light,
}

/// The first sixteen colours: on dark, on light.
const SIXTEEN: [(u32, u32); 16] = [
    (0x3b_4252, 0x1f_2328),
    (0xe0_6c75, 0xa4_0e26),
    (0x98_c379, 0x11_6329),
    (0xe5_c07b, 0x8a_5a00),
    (0x61_afef, 0x09_50ae),
    (0xc6_78dd, 0x7a_3e9d),
    (0x56_b6c2, 0x1b_6c7a),
    (0xc8_ccd4, 0x57_606a),
    (0x8a_919e, 0x6e_7781),
    (0xff_8b92, 0xcf_222e),
    (0xb5_e890, 0x1a_7f37),
    (0xff_d68a, 0x9a_6700),
    (0x8c_c8ff, 0x21_8bff),
    (0xe2_9bf5, 0x82_50df),
    (0x7f_dbe6, 0x31_92aa),
    (0xff_ffff, 0x24_292f),
];

/// How something is filled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Paint {
    colour: String,
    /// How much of it covers what is behind, percent.
    percent: u8,
}

impl Paint {
    /// Returns the paint of a shape that covers only a part, in percent.
    pub(super) fn faded(&self, percent: u8) -> Self {
        Self { colour: self.colour.clone(), percent: self.percent.min(percent) }
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fill=\"{}\"", self.colour)?;
        if self.percent < 100 {
            write!(f, " fill-opacity=\"0.{:02}\"", self.percent)?;
        }
        Ok(())
    }
}

impl Palette {
    /// Returns the background.
    pub(super) const fn background(self) -> &'static str {
        match self {
            Self::Dark => "#15181e",
            Self::Light => "#ffffff",
        }
    }

    /// Returns the line around the picture.
    pub(super) const fn frame(self) -> &'static str {
        match self {
            Self::Dark => "#3b4252",
            Self::Light => "#d0d7de",
        }
    }

    const fn foreground(self) -> &'static str {
        match self {
            Self::Dark => "#dfe3ea",
            Self::Light => "#1f2328",
        }
    }

    /// Returns how the letters of a cell are painted, and its background where it has one.
    pub(super) fn paints(self, cell: &Cell) -> (Paint, Option<String>) {
        let (front, back) = (self.colour(cell.fg), self.colour(cell.bg));
        let (front, back) = if cell.modifier.contains(Modifier::REVERSED) {
            let front = front.unwrap_or_else(|| self.foreground().to_owned());
            (back.unwrap_or_else(|| self.background().to_owned()), Some(front))
        } else {
            (front.unwrap_or_else(|| self.foreground().to_owned()), back)
        };
        let percent = if cell.modifier.contains(Modifier::DIM) { 65 } else { 100 };
        (Paint { colour: front, percent }, back)
    }

    /// Returns a colour; `None` for the terminal's own.
    fn colour(self, colour: Color) -> Option<String> {
        let named = match colour {
            Color::Reset => return None,
            Color::Rgb(red, green, blue) => return Some(format!("#{red:02x}{green:02x}{blue:02x}")),
            Color::Indexed(index) if index >= 16 => return Some(fixed(index)),
            Color::Indexed(index) => index,
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
        };
        let (dark, light) = SIXTEEN.get(usize::from(named)).copied().unwrap_or_default();
        Some(format!("#{:06x}", if self == Self::Dark { dark } else { light }))
    }
}

/// Returns one of the colours from 16 up, which are the same in every terminal.
fn fixed(index: u8) -> String {
    if index >= 232 {
        let grey = 8 + u16::from(index - 232) * 10;
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let at = u16::from(index - 16);
    let part = |step: u16| if step == 0 { 0 } else { 55 + 40 * step };
    let (red, green, blue) = (part(at / 36), part(at / 6 % 6), part(at % 6));
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_terminals() {
        let of = |colour| Palette::Light.colour(colour);
        let found = [Color::Indexed(16), Color::Indexed(231), Color::Indexed(209), Color::Indexed(245)].map(of);
        assert_eq!(found.map(Option::unwrap), ["#000000", "#ffffff", "#ff875f", "#8a8a8a"]);
        assert_eq!((of(Color::Reset), of(Color::Rgb(1, 2, 3))), (None, Some("#010203".to_owned())));
        assert_eq!(of(Color::Red), of(Color::Indexed(1)));
        let mut cell = Cell::default();
        cell.modifier = Modifier::REVERSED | Modifier::DIM;
        let (front, back) = Palette::Dark.paints(&cell);
        assert_eq!(
            (front.to_string().as_str(), back.as_deref()),
            ("fill=\"#15181e\" fill-opacity=\"0.65\"", Some("#dfe3ea"))
        );
    }
}
