//! The pictures of the terminal interface as people see them: in Unicode and in ASCII, large and small.
#![cfg(feature = "tui")]

use mfm::domain::picture::{Aperture, Chart, ChartLine, ChartPoint, LeafPair};
use mfm::domain::picture::{DayChart, DayLane, DeliverySpan, DeliveryStatus, Jaws, LimitLine};
use mfm::model::Value;
use mfm::tui::pictures::{AperturePicture, ChartPicture, DayPicture, HexPicture};
use mfm::tui::theme::{Appearance, Glyphs, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

const UNICODE: Appearance = Appearance { theme: Theme::Dark, glyphs: Glyphs::Unicode };
const ASCII: Appearance = Appearance { theme: Theme::Plain, glyphs: Glyphs::Ascii };

fn buffer(picture: impl Widget, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    picture.render(buffer.area, &mut buffer);
    buffer
}

/// What a person sees, without the styles.
fn seen(picture: impl Widget, width: u16, height: u16) -> String {
    let buffer = buffer(picture, width, height);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect::<Vec<_>>().join("\n")
}

/// A round opening of forty pairs, 1 cm each.
fn leaves() -> Aperture {
    let ends = [(-250, 300), (-420, 410), (-500, 490), (-560, 540), (-590, 600), (-600, 580), (-570, 570), (-510, 500)];
    let ends = ends.into_iter().chain([(-430, 400), (-260, 280)]);
    let closed = || std::iter::repeat_n((-810, -800), 15);
    let pair = |(a, b)| LeafPair { a: Some(a), b: Some(b), crossed: a > b, beyond: false };
    let pairs = closed().chain(ends).chain(closed()).map(pair).collect();
    Aperture { title: "leaves".into(), counting: "both banks in one coordinate, from the rules".into(), pairs }
}

/// The same with one leaf drawn back, one pair crossed, one leaf out of reach and one missing.
fn faulty() -> Aperture {
    let mut faulty = leaves();
    let pairs = &mut faulty.pairs;
    pairs[17].a = Some(-300);
    pairs[19].b = Some(450);
    pairs[20] = LeafPair { a: Some(580), b: Some(-600), crossed: true, beyond: false };
    pairs[22] = LeafPair { b: Some(10_500), beyond: true, ..pairs[22] };
    pairs[24].b = None;
    faulty
}

const JAWS: Jaws = Jaws { x: Some((-650, 650)), y: Some((-550, 550)) };

fn edges() -> Vec<i32> {
    (-20..=20).map(|edge| edge * 100).collect()
}

#[test]
fn leaves_before_and_after() {
    let (before, after, edges) = (leaves(), faulty(), edges());
    let of = |look| AperturePicture::new(look, &after).before(Some(&before)).jaws(JAWS).pair_edges(&edges);
    insta::assert_snapshot!(seen(&of(UNICODE), 78, 20), @r#"
      35 ██▐██████│█████████████████████████████████████████████████████████│██
         ██▐██████│█████████████████████████████████████████████████████████│██
         ██▐██████│█████████████████████████████████████████████████████████│██
      30 ██▐██████│█████████████████████████████████████████████████████████│██
         ██▐██████│█████████████████████████████████████████████████████████│██
      25 ──▟──────┼─────────────────▀▀▀▀▀▀▀▀▀▀▀???????????????????????????????? +✗
      23 █████████│█████▛▀▀▀▘                  ┊                 ▝▀▀▀▀▄▄▄▄▄▄▄▄► +✗
      21 █████████│█╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳██│██ +✗
      20 █████████│██▄▖                        ┊                    ▀▀▀▀▀▀▘█│██ +
      18 █████████│██████▀▀▀▛▀▀▀▀▀             ┊                  ▄▄▄▟██████│██ +
      15 ██▜██████│█████████████████▙▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄███████████████│██
         ──▐──────┼─────────────────────────────────────────────────────────┼──
         ██▐██████│█████████████████████████████████████████████████████████│██
      10 ██▐██████│█████████████████████████████████████████████████████████│██
         ██▐██████│█████████████████████████████████████████████████████████│██
       5 ██▐██████│█████████████████████████████████████████████████████████│██
                        -5                     0                      5 cm
    ✗ crossed: pair 21; beyond reach: pair 23; missing a leaf: pair 25
    + differs: pairs 18, 20 to 21, 23, 25
    pairs 5 to 36 of 40  █ leaf  █ leaf before  █ leaf after  ╳ crossed  ? missin…
    "#);
    insta::assert_snapshot!(seen(&of(ASCII).visible_range((-900, 900)).selected_pair(Some(19)), 46, 12), @r#"
         #####|##########################|#####
      25 -----+--------"""""??????????????????? +x
      23 #####|##""         :       """-------> +x
      21 #####|XXXXXXXXXXXXXXXXXXXXXXXXX#|##### +x
    > 20 #####|#            :        ++++|##### +
      18 #####|##+++++      :        _###|##### +
      15 #####|########___________#######|#####
         -----+--------------------------+-----
                -5          0         5 cm
    pair 20  A -5.90, B 4.50, gap 10.40 cm  befor~
    x crossed: pair 21; beyond reach: pair 23; mi~
    + differs: pairs 18, 20 to 21, 23, 25
    "#);
    assert_eq!(of(UNICODE).visible_pairs(Rect::new(0, 0, 46, 12)), 12..28);
}

#[test]
fn leaves_that_are_as_they_should_be() {
    let leaves = leaves();
    insta::assert_snapshot!(seen(&AperturePicture::new(UNICODE, &leaves), 40, 9), @r#"
      25 █▟██████████▛▀▀▀▀▀▀▀▀▀▀▀████████
         ███████▛▀         ┊       ▝▀▀███
         █████▛            ┊           ▐█
      20 █████▙▖           ┊          ▗▄█
         ███████▙▄▖        ┊        ▄▟███
      15 █▜███████████▄▄▄▄▄▄▄▄▄▄▄▟███████
                           0 cm
    pairs 15 to 26 of 40  █ leaf
    A left, B right; both banks in one coor…
    "#);
}

#[test]
fn what_differs_has_the_styles_of_before_and_after() {
    let (before, after) = (leaves(), faulty());
    let drawn = buffer(&AperturePicture::new(UNICODE, &after).before(Some(&before)), 78, 24);
    let has = |role| {
        let colour = UNICODE.style(role).fg.unwrap();
        drawn.content().iter().filter(|cell| cell.fg == colour || cell.bg == colour).count()
    };
    assert!(has(Role::Before) > 3 && has(Role::After) > 3 && has(Role::Border) > 100);
}

fn angles(bent: bool) -> Chart {
    let dots = |of: &dyn Fn(i32) -> f64| {
        let dot = |x| ChartPoint { x: f64::from(x), y: of(x), wrong: of(x) > 360.0 };
        (0..40).map(dot).collect::<Vec<_>>()
    };
    let gantry = |x| if bent && x == 12 { 400.0 } else { f64::from((181 + x * 9) % 360) };
    let lines = vec![
        ChartLine { name: "gantry", dots: dots(&gantry) },
        ChartLine { name: "collimator", dots: dots(&|_| 30.0) },
    ];
    Chart { title: "angles".into(), across: "control point".into(), up: "degrees", lines }
}

#[test]
fn angles_over_control_points() {
    let (before, after) = (angles(false), angles(true));
    let of = |look| ChartPicture::new(look, &after).before(Some(&before)).angles().cursor(Some(12));
    insta::assert_snapshot!(seen(&of(UNICODE), 78, 16), @r#"
    degrees  ● gantry  ◆ collimator  - before  ✗ wrong
     450│                      │
        │                      ✗
     360│                     ⢀⠇⡇          ⢀⣀
        │                     ⡸│⢸   ⣀●⠤⠔⠒⠊⠉⠁
        │                   ⢀⣠⠣⠠⠐⠓⠉⠉
     270│            ⣀⣀⠤⠤⠒⠊●⠁  │
        │    ⢀⣀⡠⠤⠔●⠊⠉          │
     180│●⠒⠒⠉⠁                 │
        │                      │                                           ⣀⣀⠤⠤⠒⠊⠉
        │                      │                                   ⢀⣀⡠⠤⠔⠒⠉●
      90│                      │                            ⣀⣀⠤⠤⠒●⠉⠁
        │                      │                     ⣀⡠●⠔⠒⠊⠉
       0│⠉⠉⠉◆⠉⠉⠉⠉⠉⠉⠉⠉⠉◆⠉⠉⠉⠉⠉⠉⠉⠉◆⠉⠉⠉⠉⠉⠉⠉⠉◆⠉⠉⠉⠉⠉●⠭⠭⠛◆⠉⠉⠉⠉⠉⠉⠉⠉◆⠉⠉⠉⠉⠉⠉⠉⠉◆⠉⠉⠉⠉⠉⠉⠉⠉⠉◆⠉⠉⠉
         0        5       10        15       20       25        30   control point
    control point 12  gantry 400 wrong (before 289)  collimator 30
    "#);
    insta::assert_snapshot!(seen(&of(ASCII), 46, 12), @r#"
    degrees  o gantry  + collimator  - before  X ~
     540|            |
        |            |
        |            X
     360|            ..oooooo
        |       ooooo.o
     180|ooooooo     |                           o
        |            |                    ooooooo
        |            |            oooooooo
       0|++++++++++++++++++++.++++++++++++++++++++
         0        10         20      control point
    control point 12  gantry 400 wrong (before 28~
    "#);
}

#[test]
fn shifts_over_fractions_with_limits() {
    let line = |name, tenths: [i32; 8]| {
        let dot = |(x, y): (i32, i32)| ChartPoint { x: f64::from(x), y: f64::from(y) / 10.0, wrong: y > 10 };
        ChartLine { name, dots: (1..).zip(tenths).map(dot).collect() }
    };
    let lines = vec![line("superior", [2, 4, 1, -3, 0, 12, 2, 1]), line("lateral", [-1, -2, 0, 3, 2, 1, -4, -1])];
    let chart = Chart { title: "shifts".into(), across: "shift (2024-06-02 to 2024-06-13)".into(), up: "cm", lines };
    let bar = |name: &str, y| LimitLine { name: name.into(), y };
    let limits = [bar("action limit", 1.0), bar("action limit", -1.0), bar("unusual", 10.0), bar("unusual", -10.0)];
    let of = |look| ChartPicture::new(look, &chart).limits(&limits);
    insta::assert_snapshot!(seen(&of(UNICODE), 78, 14), @r#"
    cm  ● superior  ◆ lateral  ✗ wrong  limits: action limit 1.0, unusual 10.0
      1.5│
         │                                                  ⢀✗
      1.0│╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⢀⠔⠁╌⠑⠢⡀╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
         │                                               ⡠⠊     ⠈⠢⣀
      0.5│                                             ⡠⠊          ⠑⢄
         │  ⣀⣀⣀⠤⠤⠤⠔⠒●⠢⠤⢄⣀⡀             ⢀◆⣀⣀⣀⣀⣀       ⢠⠊              ⠑⠢⡀
         │●⠉             ⠈⠉⠑⠒⠢●⢄⣀⡠⠤⠔⠒⠊⠉⠁      ⠉⠉⠉⠉⠉◆⠝⠑⠒⠒⠒⠒⠢⠤⠤◆⣀        ●⠉⠉⠒⠒⠒⠒⠒⠤⠤●
      0.0│◆⠤⢄⣀⣀⣀⣀⡀   ⢀⣀⣀⠤⠤⠤⠒⠒⠊◆⠁⠈⠉⠒⠤⢄⡀       ⣀⣀⠤⠔⠒⠊●           ⠉⠒⠤⣀            ⣀⣀◆
         │       ⠈⠉⠉◆⠁               ⠈⠉⠒●⠔⠒⠊⠉                      ⠉⠒⠤⣀ ⢀⣀⠤⠤⠒⠊⠉
     -0.5│                                                             ◆⠁
         │
     -1.0│╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
          1         2         3         4         shift (2024-06-02 to 2024-06-13)
    "#);
    insta::assert_snapshot!(seen(&of(ASCII).cursor(Some(5)), 46, 10), @r#"
    cm  o superior  + lateral  X wrong  limits: a~
      2|                             |
       |                             |
      1|----------------------------.X.-----------
       |   ...o..      ...+..    ... | ...
      0|+.....+.....+..      ..+.....+..  .o.....+
       |               ...o..        |  ...+..
     -1|-----------------------------|------------
              2           4          6       shift
    shift 6  superior 1.2 wrong  lateral 0.1
    "#);
}

fn day() -> DayChart {
    let span = |key, (start, minutes): (i64, i64), standing| DeliverySpan {
        key: vec![Value::Integer(key)],
        start: start * 60,
        end: (start + minutes) * 60,
        name: format!("patient {}, field 1", key % 10),
        standing,
        clashes: false,
    };
    let complete = |key, start, minutes| span(key, (start, minutes), DeliveryStatus::Complete);
    let mut clashing = [complete(15, 600, 9), DeliverySpan { key: vec![Value::Integer(16)], ..complete(15, 601, 9) }];
    clashing.iter_mut().for_each(|span| span.clashes = true);
    let first = [complete(11, 490, 12), complete(12, 505, 20), span(13, (540, 6), DeliveryStatus::Cancelled)];
    let first = first.into_iter().chain(clashing).chain([complete(17, 640, 15)]).collect();
    let second = vec![span(21, (500, 3), DeliveryStatus::Partial), complete(22, 510, 25), complete(23, 560, -20)];
    let lane = |name: &str, spans| DayLane { name: name.into(), spans };
    DayChart { title: "day".into(), lanes: vec![lane("LINAC 1", first), lane("LINAC 2 (SRS)", second)] }
}

#[test]
fn the_deliveries_of_a_day() {
    let day = day();
    insta::assert_snapshot!(seen(&DayPicture::new(UNICODE, &day), 78, 8), @r"
    LINAC 1        │   ▐████▐███████    ░░░                  !!!!          ▐█████
                   │                                         !!!!
    LINAC 2 (SRS)  │      ▒▒  ▐████████        !
                  08:00     08:30     09:00      09:30     10:00     10:30
    9 deliveries in 2 lanes  ✗ 3 impossible
    █ complete  ▒ not complete  ░ cancelled  ! impossible
    ");
    insta::assert_snapshot!(seen(&DayPicture::new(ASCII, &day).selected_delivery(Some((0, 4))), 46, 8), @r"
    LINAC 1       | [==[===  xx        !!!    [===
                  |                    !!!
    LINAC 2 (SRS) |   ~ [====   !
                 08:00     09:00     10:00
    delivery 16  10:01:00 to 10:10:00 (9 min 0 s)~
    9 deliveries in 2 lanes  x 3 impossible
    ");
    let hour =
        DayPicture::new(ASCII, &day).visible_range(Some((9 * 3600, 10 * 3600 + 1800))).selected_delivery(Some((1, 2)));
    insta::assert_snapshot!(seen(&hour, 78, 8), @r"
    LINAC 1        |xxxxx                                    !!!!!!!
                   |                                          !!!!!!!
    LINAC 2 (SRS)  |             !
                  09:00     09:15     09:30      09:45     10:00     10:15
    delivery 23  09:20:00 to 09:00:00 (-20 min 0 s), patient 3, field 1, complete~
    9 deliveries in 2 lanes  x 3 impossible
    ");
}

#[test]
fn bytes_side_by_side() {
    let before: Vec<u8> = (0..20_i16).flat_map(|leaf| (leaf * 30 - 300).to_le_bytes()).collect();
    let mut after = before.clone();
    after[20..22].copy_from_slice(&10_000_i16.to_le_bytes());
    after.push(1);
    let of = |look| HexPicture::new(look, Some(&before), Some(&after)).leaves(true);
    insta::assert_snapshot!(seen(&of(UNICODE), 78, 7), @r#"
         - before, 40 bytes       + after, 41 bytes        leaves that differ, cm
    0000  d4 fe f2 fe 10 ff 2e ff  d4 fe f2 fe 10 ff 2e ff
    0008  4c ff 6a ff 88 ff a6 ff  4c ff 6a ff 88 ff a6 ff
    0010  c4 ff e2 ff-00-00 1e 00  c4 ff e2 ff+10+27 1e 00 #11 0.00→100.00
    0018  3c 00 5a 00 78 00 96 00  3c 00 5a 00 78 00 96 00
    0020  b4 00 d2 00 f0 00 0e 01  b4 00 d2 00 f0 00 0e 01
    0028                          +01
    "#);
    insta::assert_snapshot!(seen(&of(ASCII).first_row(5), 50, 7), @r#"
         - 40 bytes   + 41 bytes   leaves, cm
    0014 -00-00 1e 00 +10+27 1e 00 #11 0.00>100.00
    0018  3c 00 5a 00  3c 00 5a 00
    001c  78 00 96 00  78 00 96 00
    0020  b4 00 d2 00  b4 00 d2 00
    0024  f0 00 0e 01  f0 00 0e 01
    0028              +01
    "#);
    insta::assert_snapshot!(seen(&HexPicture::new(ASCII, Some(&before), None), 106, 4), @r#"
         - before, 40 bytes                               + after, NULL
    0000 -d4-fe-f2-fe-10-ff-2e-ff-4c-ff-6a-ff-88-ff-a6-ff
    0010 -c4-ff-e2-ff-00-00-1e-00-3c-00-5a-00-78-00-96-00
    0020 -b4-00-d2-00-f0-00-0e-01
    "#);
    let picture = of(UNICODE);
    assert_eq!(
        (picture.row_count(78), picture.next_difference(0, 78), picture.next_difference(3, 78)),
        (6, Some(2), Some(5))
    );
    assert_eq!(picture.next_difference(6, 78), None);
}
