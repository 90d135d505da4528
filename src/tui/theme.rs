//! The appearance: the style of every role, the glyph of every mark, the characters of borders.
//!
//! Two rules. Text keeps the terminal's own colours, so that it is as legible as its user made it. And no meaning rests
//! on colour alone: a mark, a letter, a word or a modifier repeats it, for colour-blind people, for paper, and for
//! terminals under `NO_COLOR`.
//!
//! The colours are from the fixed part of the 256 (16 and up), because terminals define the first sixteen as they like.
//! Opposites are blue and orange. Tests measure every colour against usual backgrounds, and pairs that must be told
//! apart as the two common kinds of colour blindness see them.

mod palette;

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::model::Severity;

/// Colours and characters of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appearance {
    /// The colour theme.
    pub theme: Theme,
    /// The set of characters.
    pub glyphs: Glyphs,
}

/// A colour theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// No colour: bold, dim, underline and reverse only, as `NO_COLOR` asks.
    Plain,
}

/// The set of characters to draw with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Lines, blocks and braille.
    #[default]
    Unicode,
    /// The printable ASCII characters only.
    Ascii,
}

/// The purpose of a piece of text or a border, which decides its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Secondary text: units, hints, unchanged values.
    Dim,
    /// The name of the program, a screen or a picture.
    Title,
    /// The heading of a column or a group.
    Heading,
    /// The selected row or word.
    Selected,
    /// A key to press.
    Key,
    /// A disabled command.
    Off,
    /// Something in order.
    Good,
    /// Information.
    Note,
    /// Something that may be wrong.
    Warning,
    /// Something wrong or dangerous.
    Danger,
    /// A value before a change.
    Before,
    /// A value after a change.
    After,
    /// A value that does not change.
    Same,
    /// A limit in a picture.
    Limit,
    /// The selected point of a picture.
    Cursor,
    /// A frame.
    Border,
    /// The frame of the part that has the keyboard focus.
    Focus,
    /// The bars at the top and the bottom.
    Bar,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 19] = [
        Self::Text,
        Self::Dim,
        Self::Title,
        Self::Heading,
        Self::Selected,
        Self::Key,
        Self::Off,
        Self::Good,
        Self::Note,
        Self::Warning,
        Self::Danger,
        Self::Before,
        Self::After,
        Self::Same,
        Self::Limit,
        Self::Cursor,
        Self::Border,
        Self::Focus,
        Self::Bar,
    ];
}

/// A sign one column wide, which repeats in shape what a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A fault in effect.
    Applied,
    /// A reverted fault.
    Reverted,
    /// A failed operation.
    Failed,
    /// A planned operation.
    Planned,
    /// In order.
    Good,
    /// Wrong.
    Bad,
    /// Unknown, or not run.
    Unknown,
    /// Severity critical.
    Critical,
    /// Severity high.
    High,
    /// Severity medium.
    Medium,
    /// Severity low.
    Low,
    /// From one value to another.
    Arrow,
    /// An item of a list.
    Bullet,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Something cut off.
    Ellipsis,
    /// A playing film.
    Play,
    /// A paused film.
    Pause,
    /// Before a change.
    Before,
    /// After a change.
    After,
    /// The thumb of a scroll bar.
    Scroll,
    /// The track of a scroll bar.
    Track,
    /// The selected line.
    Pointer,
    /// The filled part of a progress bar.
    Full,
    /// The empty part of a progress bar.
    Empty,
    /// Between two parts of a line.
    Divider,
    /// A horizontal line.
    Rule,
    /// A detail of the line above.
    Branch,
}

/// All marks with their Unicode and ASCII forms.
///
/// The Unicode forms are one column wide in every terminal: none has an emoji variant, which would take two.
const MARKS: [(Mark, &str, &str); 30] = [
    (Mark::Applied, "\u{25cf}", "*"),
    (Mark::Reverted, "\u{25cb}", "o"),
    (Mark::Failed, "\u{2717}", "x"),
    (Mark::Planned, "\u{25c7}", "+"),
    (Mark::Good, "\u{2713}", "v"),
    (Mark::Bad, "\u{2717}", "x"),
    (Mark::Unknown, "?", "?"),
    (Mark::Critical, "\u{2588}", "C"),
    (Mark::High, "\u{2586}", "H"),
    (Mark::Medium, "\u{2584}", "m"),
    (Mark::Low, "\u{2582}", "l"),
    (Mark::Arrow, "\u{2192}", ">"),
    (Mark::Bullet, "\u{2022}", "*"),
    (Mark::Up, "\u{2191}", "^"),
    (Mark::Down, "\u{2193}", "v"),
    (Mark::Left, "\u{2190}", "<"),
    (Mark::Right, "\u{2192}", ">"),
    (Mark::Ellipsis, "\u{2026}", "~"),
    (Mark::Play, "\u{25ba}", ">"),
    (Mark::Pause, "\u{2016}", "="),
    (Mark::Before, "-", "-"),
    (Mark::After, "+", "+"),
    (Mark::Scroll, "\u{2588}", "#"),
    (Mark::Track, "\u{2502}", "|"),
    (Mark::Pointer, "\u{203a}", ">"),
    (Mark::Full, "\u{2588}", "#"),
    (Mark::Empty, "\u{2591}", "."),
    (Mark::Divider, "\u{2502}", "|"),
    (Mark::Rule, "\u{2500}", "-"),
    (Mark::Branch, "\u{2514}", "`"),
];

/// Borders of printable ASCII characters.
const ASCII_BORDERS: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// The frames of the spinner.
const TURNS: [&str; 4] = ["\u{2596}", "\u{2598}", "\u{259d}", "\u{2597}"];
const ASCII_TURNS: [&str; 4] = ["-", "\\", "|", "/"];

impl Appearance {
    /// Returns the style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let (foreground, background) = match self.theme {
            Theme::Dark => palette::dark_colours(role),
            Theme::Light => palette::light_colours(role),
            Theme::Plain => return palette::plain_style(role),
        };
        // Only indexed colours: RGB is not supported by every terminal.
        let style = Style { fg: foreground.map(Color::Indexed), bg: background.map(Color::Indexed), ..Style::new() };
        style.add_modifier(palette::emphasis(role))
    }

    /// Returns the style of a severity.
    #[must_use]
    pub fn severity_style(self, severity: Severity) -> Style {
        match severity {
            Severity::Critical => self.style(Role::Danger).add_modifier(Modifier::REVERSED),
            Severity::High => self.style(Role::Danger),
            Severity::Medium => self.style(Role::Warning),
            Severity::Low => self.style(Role::Note),
        }
    }

    /// Returns the mark of a severity.
    #[must_use]
    pub fn severity_mark(self, severity: Severity) -> &'static str {
        self.mark(match severity {
            Severity::Critical => Mark::Critical,
            Severity::High => Mark::High,
            Severity::Medium => Mark::Medium,
            Severity::Low => Mark::Low,
        })
    }

    /// Returns the characters of a frame.
    #[must_use]
    pub const fn borders(self) -> border::Set<'static> {
        match self.glyphs {
            Glyphs::Unicode => border::ROUNDED,
            Glyphs::Ascii => ASCII_BORDERS,
        }
    }

    /// Returns the characters of a frame with the keyboard focus, which differ from others without any colour.
    #[must_use]
    pub const fn focus_borders(self) -> border::Set<'static> {
        match self.glyphs {
            Glyphs::Unicode => border::THICK,
            Glyphs::Ascii => border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII_BORDERS },
        }
    }

    /// Returns the glyph of a mark, one column wide.
    #[must_use]
    pub fn mark(self, mark: Mark) -> &'static str {
        let forms = MARKS.iter().find(|(other, ..)| *other == mark);
        match self.glyphs {
            Glyphs::Unicode => forms.map_or("?", |(_, unicode, _)| unicode),
            Glyphs::Ascii => forms.map_or("?", |(.., ascii)| ascii),
        }
    }

    /// Returns a frame of the spinner; `step` counts up without end.
    #[must_use]
    pub fn spinner_frame(self, step: usize) -> &'static str {
        let turns = if self.glyphs == Glyphs::Unicode { TURNS } else { ASCII_TURNS };
        turns.get(step % turns.len()).copied().unwrap_or(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKS: [Appearance; 6] = {
        const fn build_appearance(theme: Theme, glyphs: Glyphs) -> Appearance {
            Appearance { theme, glyphs }
        }
        [
            build_appearance(Theme::Dark, Glyphs::Unicode),
            build_appearance(Theme::Light, Glyphs::Unicode),
            build_appearance(Theme::Plain, Glyphs::Unicode),
            build_appearance(Theme::Dark, Glyphs::Ascii),
            build_appearance(Theme::Light, Glyphs::Ascii),
            build_appearance(Theme::Plain, Glyphs::Ascii),
        ]
    };
    #[test]
    fn what_carries_meaning_differs_from_text_without_colour() {
        let look = Appearance { theme: Theme::Plain, glyphs: Glyphs::Ascii };
        let text = look.style(Role::Text);
        for role in Role::ALL {
            let style = look.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?} has a colour");
            let marked = match role {
                Role::Text | Role::Same => continue,
                Role::Good => look.mark(Mark::Good) != look.mark(Mark::Bad),
                _ => false,
            };
            assert!(style != text || marked, "{role:?} looks like text");
        }
        let severities = Severity::WORST_FIRST.map(|severity| look.severity_style(severity));
        for (at, style) in severities.iter().enumerate() {
            assert!(*style != text, "{at}");
        }
        assert_ne!(look.style(Role::Before), look.style(Role::After));
        assert_ne!(look.borders(), look.focus_borders());
    }

    #[test]
    fn marks_are_one_column_wide_and_ascii_where_asked() {
        for look in LOOKS {
            let mut all: Vec<&str> = MARKS.iter().map(|(mark, ..)| look.mark(*mark)).collect();
            all.extend((0..9).map(|step| look.spinner_frame(step)));
            for set in [look.borders(), look.focus_borders()] {
                all.extend([set.top_left, set.top_right, set.bottom_left, set.bottom_right]);
                all.extend([set.vertical_left, set.vertical_right, set.horizontal_top, set.horizontal_bottom]);
            }
            for glyph in all {
                assert_eq!(ratatui::text::Span::raw(glyph).width(), 1, "{glyph:?}");
                assert!(look.glyphs == Glyphs::Unicode || glyph.is_ascii(), "{glyph:?}");
            }
        }
    }

    #[test]
    fn states_and_severities_have_marks_of_their_own() {
        for look in LOOKS {
            let all_differ = |marks: &[Mark]| {
                let glyphs: std::collections::BTreeSet<&str> = marks.iter().map(|mark| look.mark(*mark)).collect();
                assert_eq!(glyphs.len(), marks.len(), "{look:?} {marks:?}");
            };
            all_differ(&[Mark::Applied, Mark::Reverted, Mark::Failed, Mark::Planned]);
            all_differ(&[Mark::Good, Mark::Bad, Mark::Unknown]);
            all_differ(&[Mark::Critical, Mark::High, Mark::Medium, Mark::Low]);
            all_differ(&[Mark::Before, Mark::After]);
        }
    }
}
