//! What a terminal shows as a picture file: a buffer becomes SVG that needs no font of its own and no network.
//!
//! Letters are text, stretched to their columns whatever font there is; lines, blocks and braille are shapes, because
//! in most fonts they leave gaps. The same buffer always becomes the same bytes.

mod palette;
mod shapes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;

use self::palette::Paint;
pub(crate) use self::palette::Palette;
use mfm::model::shown::is_unsafe;

/// The width of a column, pixels.
const WIDE: u32 = 10;
/// The height of a row, pixels.
const HIGH: u32 = 20;
/// What is left free around the screen, pixels.
const MARGIN: u32 = 12;

/// A run of letters that look alike.
struct Run {
    x: u32,
    y: u32,
    columns: u32,
    text: String,
    paint: Paint,
    modifier: Modifier,
}

/// What was found in a buffer: each kind is drawn over the one before.
#[derive(Default)]
struct Layers {
    backgrounds: String,
    /// Shapes by how they are filled.
    shapes: BTreeMap<Paint, String>,
    runs: Vec<Run>,
}

/// Returns a buffer as an SVG picture, with a title and a description for those who do not see it.
#[must_use]
pub(crate) fn svg(buffer: &Buffer, palette: Palette, title: &str, description: &str) -> String {
    let (width, height) = (u32::from(buffer.area.width) * WIDE, u32::from(buffer.area.height) * HIGH);
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let mut layers = Layers::default();
    for y in 0..buffer.area.height {
        layers.row(buffer, y, palette);
    }
    let (title, description) = (escaped(title), escaped(description));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\"\nrole=\"img\" aria-labelledby=\"title description\">\n"
    );
    let _ = writeln!(out, "<title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>");
    let (back, frame) = (palette.background(), palette.frame());
    let _ = writeln!(
        out,
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{back}\" stroke=\"{frame}\"/>",
        width - 1,
        height - 1
    );
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {MARGIN})\" shape-rendering=\"crispEdges\">");
    out += &layers.backgrounds;
    for (paint, path) in &layers.shapes {
        let _ = writeln!(out, "<path {paint} d=\"{path}\"/>");
    }
    out += "</g>\n";
    let _ = writeln!(
        out,
        "<g transform=\"translate({MARGIN} {MARGIN})\"\nfont-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, \
         Consolas, 'Liberation Mono', monospace\"\nfont-size=\"16\" style=\"white-space:pre\">"
    );
    layers.runs.iter().for_each(|run| run.write(&mut out));
    out += "</g>\n</svg>\n";
    out
}

impl Layers {
    fn row(&mut self, buffer: &Buffer, y: u16, palette: Palette) {
        let mut back: Option<(u32, u32, String)> = None;
        let mut skip = 0_u16;
        for x in 0..buffer.area.width {
            let Some(cell) = buffer.cell((buffer.area.x + x, buffer.area.y + y)) else { continue };
            let (front, behind) = palette.paints(cell);
            let (left, top) = (u32::from(x) * WIDE, u32::from(y) * HIGH);
            match (&mut back, behind) {
                (Some((_, end, colour)), Some(behind)) if *colour == behind => *end = left + WIDE,
                (back, behind) => {
                    self.background(back.take(), top);
                    *back = behind.map(|behind| (left, left + WIDE, behind));
                }
            }
            // The second column of a wide character holds nothing of its own.
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let wide = u16::try_from(ratatui::text::Span::raw(cell.symbol()).width()).unwrap_or(1);
            skip = wide.saturating_sub(1);
            self.cell(cell, (left, top), u32::from(wide.max(1)), front);
        }
        self.background(back, u32::from(y) * HIGH);
    }

    fn background(&mut self, run: Option<(u32, u32, String)>, top: u32) {
        if let Some((left, end, colour)) = run {
            let wide = end - left;
            let _ = writeln!(
                self.backgrounds,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{HIGH}\" fill=\"{colour}\"/>"
            );
        }
    }

    fn cell(&mut self, cell: &Cell, (left, top): (u32, u32), columns: u32, front: Paint) {
        if cell.modifier.contains(Modifier::HIDDEN) {
            return;
        }
        for (line, from_top) in [(Modifier::UNDERLINED, 17), (Modifier::CROSSED_OUT, 10)] {
            if cell.modifier.contains(line) {
                let path = self.shapes.entry(front.clone()).or_default();
                let _ = write!(path, "M{left} {}h{}v1h-{}z", top + from_top, columns * WIDE, columns * WIDE);
            }
        }
        let symbol = cell.symbol();
        if symbol.trim().is_empty() {
            return;
        }
        let mut letters = symbol.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && let Some(shape) = shapes::shape(letter)
        {
            shape.write(self.shapes.entry(front.faded(shape.part)).or_default(), (left, top));
            return;
        }
        let modifier = cell.modifier & (Modifier::BOLD | Modifier::ITALIC);
        match self.runs.last_mut() {
            Some(run) if run.goes_on((left, top), &front, modifier) => run.add(symbol, left, columns),
            _ => self.runs.push(Run { x: left, y: top, columns, text: symbol.to_owned(), paint: front, modifier }),
        }
    }
}

impl Run {
    /// Tells whether a letter belongs to the run: it looks the same and comes next, at most one space away.
    fn goes_on(&self, (left, top): (u32, u32), front: &Paint, modifier: Modifier) -> bool {
        let end = self.x + self.columns * WIDE;
        self.y == top && (left == end || left == end + WIDE) && self.paint == *front && self.modifier == modifier
    }

    fn add(&mut self, symbol: &str, left: u32, columns: u32) {
        if left > self.x + self.columns * WIDE {
            self.text.push(' ');
            self.columns += 1;
        }
        self.text.push_str(symbol);
        self.columns += columns;
    }

    fn write(&self, out: &mut String) {
        let weight = if self.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
        let slant = if self.modifier.contains(Modifier::ITALIC) { " font-style=\"italic\"" } else { "" };
        let (x, y, long, text) = (self.x, self.y + 15, self.columns * WIDE, escaped(&self.text));
        let _ = write!(out, "<text x=\"{x}\" y=\"{y}\" textLength=\"{long}\" lengthAdjust=\"spacingAndGlyphs\"");
        let _ = writeln!(out, " {}{weight}{slant}>{text}</text>", self.paint);
    }
}

/// Writes text as XML does, without the characters that XML does not have.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(' '),
            letter if is_unsafe(letter) || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    fn drawn(lines: &[(&str, Style)]) -> Buffer {
        let width = lines.iter().map(|(text, _)| ratatui::text::Span::raw(*text).width()).max().unwrap();
        let mut buffer =
            Buffer::empty(Rect::new(3, 2, u16::try_from(width).unwrap(), u16::try_from(lines.len()).unwrap()));
        for (y, (text, style)) in (2..).zip(lines) {
            buffer.set_string(3, y, text, *style);
        }
        buffer
    }

    #[test]
    fn letters_are_text_and_lines_are_shapes() {
        let blue = Style::new().fg(Color::Indexed(25)).bg(Color::Indexed(231));
        let buffer = drawn(&[("\u{2500}\u{2588}", blue), ("a <b", Style::new())]);
        let picture = svg(&buffer, Palette::Dark, "a & b", "what is \"seen\"");
        insta::assert_snapshot!(picture, @r##"
        <svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64"
        role="img" aria-labelledby="title description">
        <title id="title">a &amp; b</title>
        <desc id="description">what is &quot;seen&quot;</desc>
        <rect x="0.5" y="0.5" width="63" height="63" rx="8" fill="#15181e" stroke="#3b4252"/>
        <g transform="translate(12 12)" shape-rendering="crispEdges">
        <rect x="0" y="0" width="20" height="20" fill="#ffffff"/>
        <path fill="#005faf" d="M0 9h6v2h-6zM4 9h6v2h-6zM10 0h10v20h-10z"/>
        </g>
        <g transform="translate(12 12)"
        font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
        font-size="16" style="white-space:pre">
        <text x="0" y="35" textLength="40" lengthAdjust="spacingAndGlyphs" fill="#dfe3ea">a &lt;b</text>
        </g>
        </svg>
        "##);
        assert_eq!(picture, svg(&buffer, Palette::Dark, "a & b", "what is \"seen\""));
    }

    #[test]
    fn every_picture_is_sound_xml_of_its_size() {
        let wild = "\u{0}\u{1b}[31m\u{fffe}<&\"'>\u{6f22}e\u{301}\u{28ff}\u{2593}\u{256d}";
        let styles = [Style::new().reversed(), Style::new().dim().underlined(), Style::new().crossed_out().hidden()];
        for palette in [Palette::Dark, Palette::Light] {
            for style in styles {
                let mut buffer = Buffer::empty(Rect::new(0, 0, 9, 1));
                for (x, letter) in (0_u16..).zip(wild.chars()).take(9) {
                    buffer[(x, 0)].set_char(letter).set_style(style);
                }
                let picture = svg(&buffer, palette, wild, wild);
                let document = roxmltree::Document::parse(&picture).unwrap();
                assert_eq!(document.root_element().attribute("width"), Some("114"));
                assert_eq!(document.root_element().attribute("height"), Some("44"));
            }
        }
        assert!(svg(&Buffer::empty(Rect::ZERO), Palette::Light, "", "").contains("width=\"24\""));
    }
}
