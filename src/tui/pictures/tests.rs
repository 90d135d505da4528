//! Property tests: with any data and any area, pictures draw inside their area, in the characters and colours of the
//! appearance.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::widgets::Widget;

use super::{AperturePicture, ChartPicture, DayPicture, HexPicture};
use crate::domain::picture::{Aperture, Chart, ChartLine, ChartPoint, LeafPair};
use crate::domain::picture::{DayChart, DayLane, DeliverySpan, DeliveryStatus, Jaws, LimitLine};
use crate::model::Value;
use crate::tui::theme::{Appearance, Glyphs, Theme};

fn any_appearance() -> impl Strategy<Value = Appearance> {
    let theme = prop_oneof![Just(Theme::Dark), Just(Theme::Light), Just(Theme::Plain)];
    let glyphs = prop_oneof![Just(Glyphs::Unicode), Just(Glyphs::Ascii)];
    (theme, glyphs).prop_map(|(theme, glyphs)| Appearance { theme, glyphs })
}

/// An area, and a buffer that contains it, overlaps it, or misses it.
fn any_area() -> impl Strategy<Value = (Rect, Rect)> {
    let size = || (0..200_u16, 0..60_u16);
    (size(), 0..4_u16, 0..4_u16, size())
        .prop_map(|((width, height), x, y, (wide, high))| (Rect::new(x, y, width, height), Rect::new(1, 1, wide, high)))
}

/// Draws a picture, and fails if it draws outside its area, or characters or colours that it may not use.
fn check_drawing(picture: impl Widget, look: Appearance, place: (Rect, Rect)) -> Result<(), TestCaseError> {
    let (area, whole) = place;
    // A snowman, which no picture draws, shows the cells that were left alone.
    let mut buffer = Buffer::filled(whole, ratatui::buffer::Cell::new("\u{2603}"));
    picture.render(area, &mut buffer);
    for position in whole.positions() {
        let cell = &buffer[position];
        let drawn = cell.symbol() != "\u{2603}";
        prop_assert!(!drawn || area.contains(position), "{position} is outside");
        prop_assert!(!drawn || look.glyphs == Glyphs::Unicode || cell.symbol().is_ascii(), "{:?}", cell.symbol());
        let coloured = cell.fg != Color::Reset || cell.bg != Color::Reset;
        prop_assert!(look.theme != Theme::Plain || !coloured, "{position} has a colour");
    }
    Ok(())
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -30.0..400.0_f64,
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::MIN),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
    ]
}

fn any_leaf() -> impl Strategy<Value = Option<i32>> {
    prop_oneof![(-2500..2500).prop_map(Some), any::<i32>().prop_map(Some), Just(None)]
}

fn any_aperture() -> impl Strategy<Value = Aperture> {
    let pair = (any_leaf(), any_leaf(), any::<bool>(), any::<bool>());
    let pair = pair.prop_map(|(a, b, crossed, beyond)| LeafPair { a, b, crossed, beyond });
    prop::collection::vec(pair, 0..90).prop_map(|pairs| Aperture { title: "t".into(), counting: "c".into(), pairs })
}

fn any_chart() -> impl Strategy<Value = Chart> {
    let dot = (any_number(), any_number(), any::<bool>()).prop_map(|(x, y, wrong)| ChartPoint { x, y, wrong });
    let line = prop::collection::vec(dot, 0..12).prop_map(|dots| ChartLine { name: "line", dots });
    prop::collection::vec(line, 0..5).prop_map(|lines| Chart {
        title: "t".into(),
        across: "point".into(),
        up: "cm",
        lines,
    })
}

fn any_day() -> impl Strategy<Value = DayChart> {
    let standing =
        prop_oneof![Just(DeliveryStatus::Complete), Just(DeliveryStatus::Partial), Just(DeliveryStatus::Cancelled)];
    let second = || prop_oneof![0..90_000_i64, any::<i64>()];
    let span = (second(), second(), standing, any::<bool>()).prop_map(|(start, end, standing, clashes)| DeliverySpan {
        key: vec![Value::Integer(start)],
        start,
        end,
        name: "patient 9".into(),
        standing,
        clashes,
    });
    let lane = (".{0,40}", prop::collection::vec(span, 0..9)).prop_map(|(name, spans)| DayLane { name, spans });
    prop::collection::vec(lane, 0..5).prop_map(|lanes| DayChart { title: "t".into(), lanes })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn leaves_stay_inside(
        look in any_appearance(),
        place in any_area(),
        after in any_aperture(),
        before in prop::option::of(any_aperture()),
        jaws in (any::<Option<(i32, i32)>>(), prop::option::of((-3000..3000, -3000..3000))),
        edges in prop::collection::vec(any::<i32>(), 0..91),
        stretch in any::<Option<(i32, i32)>>(),
        first in any::<Option<usize>>(),
        around in any::<Option<(usize, usize)>>(),
        hand in prop::option::of(0..90_usize),
    ) {
        let picture = AperturePicture::new(look, &after).before(before.as_ref());
        let picture = picture.jaws(Jaws { x: jaws.0, y: jaws.1 }).pair_edges(&edges).first_pair(first);
        let picture = picture.centred_on(around).selected_pair(hand);
        let picture = stretch.map_or_else(|| picture.clone(), |stretch| picture.clone().visible_range(stretch));
        check_drawing(&picture, look, place)?;
    }

    #[test]
    fn charts_stay_inside(
        look in any_appearance(),
        place in any_area(),
        chart in any_chart(),
        before in prop::option::of(any_chart()),
        limits in prop::collection::vec(any_number(), 0..4),
        cursor in any::<Option<usize>>(),
        angles in any::<bool>(),
    ) {
        let limits: Vec<LimitLine> = limits.into_iter().map(|y| LimitLine { name: "limit".into(), y }).collect();
        let picture = ChartPicture::new(look, &chart).before(before.as_ref()).limits(&limits).cursor(cursor);
        check_drawing(&if angles { picture.angles() } else { picture }, look, place)?;
    }

    #[test]
    fn days_stay_inside(
        look in any_appearance(),
        place in any_area(),
        day in any_day(),
        stretch in any::<Option<(i64, i64)>>(),
        first in 0..9_usize,
        hand in prop::option::of((0..5_usize, 0..9_usize)),
    ) {
        let picture = DayPicture::new(look, &day).visible_range(stretch).first_lane(first).selected_delivery(hand);
        check_drawing(&picture, look, place)?;
    }

    #[test]
    fn bytes_stay_inside(
        look in any_appearance(),
        place in any_area(),
        before in any::<Option<Vec<u8>>>(),
        after in any::<Option<Vec<u8>>>(),
        first in any::<usize>(),
        leaves in any::<bool>(),
    ) {
        let picture = HexPicture::new(look, before.as_deref(), after.as_deref()).first_row(first).leaves(leaves);
        check_drawing(&picture, look, place)?;
    }
}
