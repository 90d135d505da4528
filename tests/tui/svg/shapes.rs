//! Lines, blocks and braille as shapes of one cell; every other character is a letter.

use std::fmt::Write as _;

/// Rectangles in tenths of a column and twentieths of a row: left, top, width, height.
type Rectangle = (f64, f64, f64, f64);

/// A character as shapes.
pub(super) struct Shape {
    rectangles: Vec<Rectangle>,
    /// A path of its own, from the upper left corner of the cell on.
    path: Option<fn(u32, u32) -> String>,
    /// How much of what is behind it covers, percent.
    pub(super) part: u8,
}

impl Shape {
    fn of(rectangles: Vec<Rectangle>) -> Self {
        Self { rectangles, path: None, part: 100 }
    }

    const fn curved(path: fn(u32, u32) -> String) -> Self {
        Self { rectangles: Vec::new(), path: Some(path), part: 100 }
    }

    /// Adds the shape to a path.
    pub(super) fn write(&self, out: &mut String, (left, top): (u32, u32)) {
        for (x, y, wide, high) in &self.rectangles {
            let (x, y) = (f64::from(left) + x, f64::from(top) + y);
            let _ = write!(out, "M{x} {y}h{wide}v{high}h-{wide}z");
        }
        if let Some(path) = self.path {
            *out += &path(left, top);
        }
    }
}

/// Returns a character as shapes; `None` for a letter.
pub(super) fn shape(letter: char) -> Option<Shape> {
    let code = u32::from(letter);
    match code {
        0x2800..=0x28ff => Some(Shape::of(braille(code - 0x2800))),
        0x2580..=0x259f => block(code),
        0x2500..=0x257f => line(letter),
        _ => None,
    }
}

fn braille(bits: u32) -> Vec<Rectangle> {
    let dots = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let set = dots.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.map(|(_, (x, y))| (f64::from(x) * 5.0 + 1.0, f64::from(y) * 5.0 + 1.0, 3.0, 3.0)).collect()
}

fn block(code: u32) -> Option<Shape> {
    let eighths = |count: u32| f64::from(count) / 8.0;
    let quarters = |bits: u8| {
        let all = [(1, 0.0, 0.0), (2, 5.0, 0.0), (4, 0.0, 10.0), (8, 5.0, 10.0)];
        let set = all.into_iter().filter(|(bit, ..)| bits & bit != 0);
        Shape::of(set.map(|(_, x, y)| (x, y, 5.0, 10.0)).collect())
    };
    let shade = |part| Shape { part, ..Shape::of(vec![(0.0, 0.0, 10.0, 20.0)]) };
    Some(match code {
        0x2580 => quarters(3),
        0x2581..=0x2588 => {
            let high = 20.0 * eighths(code - 0x2580);
            Shape::of(vec![(0.0, 20.0 - high, 10.0, high)])
        }
        0x2589..=0x258f => Shape::of(vec![(0.0, 0.0, 10.0 * eighths(0x2590 - code), 20.0)]),
        0x2590 => quarters(10),
        0x2591 => shade(30),
        0x2592 => shade(50),
        0x2593 => shade(75),
        0x2594 => Shape::of(vec![(0.0, 0.0, 10.0, 2.5)]),
        0x2595 => Shape::of(vec![(8.75, 0.0, 1.25, 20.0)]),
        0x2596 => quarters(4),
        0x2597 => quarters(8),
        0x2598 => quarters(1),
        0x2599 => quarters(13),
        0x259a => quarters(9),
        0x259b => quarters(7),
        0x259c => quarters(11),
        0x259d => quarters(2),
        0x259e => quarters(6),
        0x259f => quarters(14),
        _ => return None,
    })
}

fn line(letter: char) -> Option<Shape> {
    Some(match letter {
        '\u{256d}' => Shape::curved(|x, y| corner((x, y), (10, 9), (4, 20))),
        '\u{256e}' => Shape::curved(|x, y| corner((x, y), (0, 9), (4, 20))),
        '\u{256f}' => Shape::curved(|x, y| corner((x, y), (0, 9), (4, 0))),
        '\u{2570}' => Shape::curved(|x, y| corner((x, y), (10, 9), (4, 0))),
        '\u{2573}' => Shape::curved(|x, y| format!("M{x} {y}h2l8 20h-2zM{} {y}h-2l-8 20h2z", x + 10)),
        // Dashed lines: two or three pieces a cell.
        '\u{254c}' => Shape::of(vec![(1.0, 9.0, 3.0, 2.0), (6.0, 9.0, 3.0, 2.0)]),
        '\u{2504}' => Shape::of(vec![(0.5, 9.0, 2.0, 2.0), (4.0, 9.0, 2.0, 2.0), (7.5, 9.0, 2.0, 2.0)]),
        '\u{254e}' => Shape::of(vec![(4.0, 2.0, 2.0, 6.0), (4.0, 12.0, 2.0, 6.0)]),
        '\u{2506}' => Shape::of([1.0, 8.0, 15.0].map(|top| (4.0, top, 2.0, 4.0)).into()),
        '\u{250a}' => Shape::of([1.0, 6.0, 11.0, 16.0].map(|top| (4.0, top, 2.0, 3.0)).into()),
        _ => Shape::of(arms(letter)?),
    })
}

/// Returns a rounded corner from the middle of a side edge to the middle of the top or bottom edge.
fn corner((x, y): (u32, u32), (side, level): (u32, u32), (upright, end): (u32, u32)) -> String {
    let (side_x, top) = (x + side, y + level);
    let (left, end) = (x + upright, y + end);
    // The outer edge of the curve, then the inner one back.
    let (near, far) = if side == 0 { (left, left + 2) } else { (left + 2, left) };
    let (inner, outer) = if end > top { (top + 2, top) } else { (top, top + 2) };
    format!("M{side_x} {outer}Q{far} {outer} {far} {end}H{near}Q{near} {inner} {side_x} {inner}z")
}

/// Returns the arms of lines from the middle of a cell: left, right, up, down; 2 thin, 4 thick.
fn arms(letter: char) -> Option<Vec<Rectangle>> {
    let (left, right, up, down) = match letter {
        '\u{2500}' => (2, 2, 0, 0),
        '\u{2501}' => (4, 4, 0, 0),
        '\u{2502}' => (0, 0, 2, 2),
        '\u{2503}' => (0, 0, 4, 4),
        '\u{250c}' => (0, 2, 0, 2),
        '\u{250f}' => (0, 4, 0, 4),
        '\u{2510}' => (2, 0, 0, 2),
        '\u{2513}' => (4, 0, 0, 4),
        '\u{2514}' => (0, 2, 2, 0),
        '\u{2517}' => (0, 4, 4, 0),
        '\u{2518}' => (2, 0, 2, 0),
        '\u{251b}' => (4, 0, 4, 0),
        '\u{251c}' => (0, 2, 2, 2),
        '\u{2523}' => (0, 4, 4, 4),
        '\u{2524}' => (2, 0, 2, 2),
        '\u{252b}' => (4, 0, 4, 4),
        '\u{252c}' => (2, 2, 0, 2),
        '\u{2533}' => (4, 4, 0, 4),
        '\u{2534}' => (2, 2, 2, 0),
        '\u{253b}' => (4, 4, 4, 0),
        '\u{253c}' => (2, 2, 2, 2),
        '\u{254b}' => (4, 4, 4, 4),
        '\u{2574}' => (2, 0, 0, 0),
        '\u{2575}' => (0, 0, 2, 0),
        '\u{2576}' => (0, 2, 0, 0),
        '\u{2577}' => (0, 0, 0, 2),
        '\u{2578}' => (4, 0, 0, 0),
        '\u{2579}' => (0, 0, 4, 0),
        '\u{257a}' => (0, 4, 0, 0),
        '\u{257b}' => (0, 0, 0, 4),
        _ => return None,
    };
    // Each arm reaches over the middle by half of the others, so that corners close.
    let half = f64::from([left, right, up, down].into_iter().max().unwrap_or(0)) / 2.0;
    let level = |thick: i32, x: f64| (x, 10.0 - f64::from(thick) / 2.0, 5.0 + half, f64::from(thick));
    let upright = |thick: i32, y: f64| (5.0 - f64::from(thick) / 2.0, y, f64::from(thick), 10.0 + half);
    let all = [
        (left, level(left, 0.0)),
        (right, level(right, 5.0 - half)),
        (up, upright(up, 0.0)),
        (down, upright(down, 10.0 - half)),
    ];
    Some(all.into_iter().filter(|(thick, _)| *thick > 0).map(|(_, arm)| arm).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_pictures_are_drawn_with_is_a_shape() {
        let drawn = "\u{2500}\u{2502}\u{253c}\u{254c}\u{250a}\u{256d}\u{256e}\u{256f}\u{2570}\u{2501}\u{2503}\u{250f}\
            \u{2513}\u{2517}\u{251b}\u{2573}\u{2580}\u{2584}\u{2588}\u{2590}\u{2591}\u{2592}\u{2593}\u{2596}\u{259f}\
            \u{28ff}";
        for letter in drawn.chars() {
            let mut path = String::new();
            shape(letter).unwrap_or_else(|| panic!("{letter}")).write(&mut path, (10, 20));
            assert!(path.starts_with('M') && path.ends_with('z'), "{letter}: {path}");
        }
        assert!(['a', ' ', '\u{2192}', '\u{25cf}'].into_iter().all(|letter| shape(letter).is_none()));
    }

    #[test]
    fn blocks_fill_what_they_say() {
        let area = |letter: char| shape(letter).unwrap().rectangles.iter().map(|(.., w, h)| w * h).sum::<f64>();
        let found = ['\u{2588}', '\u{2584}', '\u{2598}', '\u{259f}', '\u{258c}', '\u{2581}', '\u{28ff}'].map(area);
        assert_eq!(found, [200.0, 100.0, 50.0, 150.0, 100.0, 25.0, 72.0]);
    }
}
