//! Draws pictures of records and of changes: which picture, where, and what is said beside it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pieces;
use crate::domain::picture::RecordPicture as Picture;
use crate::domain::picture::{ChartSeries, Film, FilmFrame};
use crate::ops::browse::BeforeAfter;
use crate::ops::cell::ChangeRow;
use crate::tui::look::{Appearance, Mark, Role};
use crate::tui::pictures::{AperturePicture, ChartPicture, DayPicture, HexPicture};
use crate::tui::screens::Player;

/// The least rows that leaves and angles share.
const BOTH_ROWS: u16 = 26;

/// The least rows and columns that a chart of several is read in.
const CHART_LEAST: (u16, u16) = (8, 36);

/// Draws what a record looks like; where something was found is marked.
pub fn draw_picture(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Appearance,
    picture: &Picture,
    player: Player,
    found: &[f64],
) {
    match picture {
        Picture::Series(series) => self::draw_series(frame, area, look, series, (player.at, found)),
        Picture::Film(film, _) => draw_still(frame, area, look, (None, film), player),
        Picture::Limits(chart, bars) => {
            frame.render_widget(&ChartPicture::new(look, chart).limits(bars), area);
        }
        Picture::Day(day, hand) => frame.render_widget(&DayPicture::new(look, day).selected_delivery(*hand), area),
    }
}

/// Draws charts one above the other, or side by side where there is no room for that; the first ones where there is
/// none for all.
fn draw_series(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Appearance,
    series: &ChartSeries,
    (at, found): (usize, &[f64]),
) {
    let all = u16::try_from(series.charts.len()).unwrap_or(1).max(1);
    let (above, beside) = (area.height / CHART_LEAST.0, area.width / CHART_LEAST.1);
    let areas = if above >= all || above >= beside {
        Layout::vertical(vec![Constraint::Fill(1); usize::from(above.clamp(1, all))]).split(area)
    } else {
        Layout::horizontal(vec![Constraint::Fill(1); usize::from(beside.clamp(1, all))]).split(area)
    };
    let places = series.point_positions();
    let here = places.get(at.min(places.len().saturating_sub(1))).copied();
    for (chart, area) in series.charts.iter().zip(areas.iter()) {
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(*area);
        frame.render_widget(Paragraph::new(Line::styled(chart.title.clone(), look.style(Role::Heading))), head);
        let picture = ChartPicture::new(look, chart).marked_places(found);
        let cursor = here.and_then(|here| picture.places().iter().position(|place| *place == here));
        frame.render_widget(&picture.cursor(cursor), body);
    }
}

/// Draws a field before and after changes.
pub fn draw_before_after(frame: &mut Frame<'_>, area: Rect, look: Appearance, pictures: &BeforeAfter, player: Player) {
    match (&pictures.before, &pictures.after) {
        (before, Some(after)) => draw_still(frame, area, look, (before.as_ref(), after), player),
        (Some(before), None) => {
            let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
            pieces::draw_text(frame, head, look, &[(Role::Danger, "deleted; what it was:".to_owned())], 0);
            draw_still(frame, body, look, (None, before), player);
        }
        (None, None) => {
            pieces::draw_empty(frame, area, look, Role::Note, "It has no control points to draw: Tab for the changes.");
        }
    }
}

/// Draws a control point, and its place among the others.
fn draw_still(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Appearance,
    (before, film): (Option<&Film>, &Film),
    player: Player,
) {
    let at = player.at.min(film.stills.len().saturating_sub(1));
    let Some(now) = film.stills.get(at) else { return };
    let was = before.and_then(|before| before.stills.iter().find(|still| still.key == now.key));
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(Paragraph::new(render_caption(look, film, now, was, before, (at, player.plays))), head);
    let several = film.stills.len() > 1;
    let [leaves, below] = match (&now.aperture, several && body.height >= BOTH_ROWS) {
        (Some(_), true) => Layout::vertical([Constraint::Percentage(62), Constraint::Min(0)]).areas(body),
        (Some(_), false) => [body, Rect::default()],
        (None, _) => [Rect::default(), body],
    };
    if let Some(aperture) = &now.aperture {
        let was = was.and_then(|was| was.aperture.as_ref()).filter(|was| *was != aperture);
        let picture = AperturePicture::new(look, aperture)
            .before(was)
            .jaws(now.jaws)
            .pair_edges(&film.widths.edges)
            .centred_on(film.open_pairs());
        frame.render_widget(&picture.visible_range(film.leaf_extent()), leaves);
    }
    draw_charts(frame, below, look, (before, film), at);
}

fn render_caption<'l>(
    look: Appearance,
    film: &Film,
    now: &FilmFrame,
    was: Option<&FilmFrame>,
    before: Option<&Film>,
    (at, plays): (usize, bool),
) -> Line<'l> {
    let play = look.mark(if plays { Mark::Play } else { Mark::Pause });
    let number = now.number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let mut spans = vec![Span::styled(
        format!("{play} point {number}, {} of {}  ", at + 1, film.stills.len()),
        look.style(Role::Heading),
    )];
    let mut say = |name: &str, now: Option<f64>, was: Option<Option<f64>>, unit: &str| {
        let text = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |number| format!("{number}{unit}"));
        match was.filter(|was| *was != now) {
            Some(was) => {
                spans.push(Span::raw(format!("{name} ")));
                spans.push(Span::styled(text(was), look.style(Role::Before)));
                spans.push(Span::raw(format!(" {} ", look.mark(Mark::Arrow))));
                spans.push(Span::styled(text(now) + "  ", look.style(Role::After)));
            }
            None => spans.push(Span::raw(format!("{name} {}  ", text(now)))),
        }
    };
    say("gantry", now.gantry, was.map(|was| was.gantry), "");
    say("collimator", now.collimator, was.map(|was| was.collimator), "");
    say("index", now.index, was.map(|was| was.index), "");
    if before.is_some() && was.is_none() {
        spans.push(Span::styled("new".to_owned(), look.style(Role::After)));
    }
    Line::from(spans)
}

/// Draws angles and meterset over the control points, side by side where there is room.
fn draw_charts(frame: &mut Frame<'_>, area: Rect, look: Appearance, (before, film): (Option<&Film>, &Film), at: usize) {
    if area.height < 5 {
        return;
    }
    let [left, right] = if area.width >= 60 {
        Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area)
    } else {
        Layout::vertical([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area)
    };
    let (angles, metersets) = (film.angles(), film.metersets());
    let was = before.map(|before| (before.angles(), before.metersets()));
    let (angles_were, metersets_were) = was.map_or((None, None), |(angles, metersets)| (Some(angles), Some(metersets)));
    let differs = |was: &Option<crate::domain::picture::Chart>, now| was.clone().filter(|was| was != now);
    let (angles_were, metersets_were) = (differs(&angles_were, &angles), differs(&metersets_were, &metersets));
    let angles = ChartPicture::new(look, &angles).before(angles_were.as_ref()).angles().cursor(Some(at));
    frame.render_widget(&angles, left);
    let metersets = ChartPicture::new(look, &metersets).before(metersets_were.as_ref()).cursor(Some(at));
    frame.render_widget(&metersets, right);
}

/// Draws the first bytes that changes are about, before and after.
pub fn draw_bytes(frame: &mut Frame<'_>, area: Rect, look: Appearance, changes: &[ChangeRow], at: usize) {
    let cells = changes.iter().flat_map(of_change).collect::<Vec<_>>();
    let Some((name, before, after)) = cells.get(at % cells.len().max(1)) else {
        pieces::draw_empty(frame, area, look, Role::Note, "No bytes change: Tab for the changes, cell by cell.");
        return;
    };
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let more = if cells.len() > 1 { format!("  (1 of {}; ] for the next)", cells.len()) } else { String::new() };
    let place = format!("{name}{}", more.replacen("(1 ", &format!("({} ", at % cells.len() + 1), 1));
    pieces::draw_text(frame, head, look, &[(Role::Heading, place)], 0);
    let picture = HexPicture::new(look, before.as_deref(), after.as_deref()).leaves(name.contains("Leaf_Set"));
    let first = picture.next_difference(0, body.width).unwrap_or(0).saturating_sub(2);
    let first = if picture.row_count(body.width) <= usize::from(body.height) { 0 } else { first };
    frame.render_widget(&picture.first_row(first), body);
}

/// One cell of bytes: where it stands, what it was, what it is.
type ByteCell = (String, Option<Vec<u8>>, Option<Vec<u8>>);

fn of_change(change: &ChangeRow) -> Vec<ByteCell> {
    let (before, after) = (change.before.as_object(), change.after.as_object());
    let names = after.or(before).into_iter().flat_map(|cells| cells.keys());
    let side = |cells: Option<&serde_json::Map<String, serde_json::Value>>, name: &String| {
        mfm_journal::digest::decode_hex(cells?.get(name)?.get("$hex")?.as_str()?)
    };
    let key = crate::tui::words::render_values(&change.key);
    let one = |name: &String| {
        let (before, after) = (side(before, name), side(after, name));
        let place = format!("{} {key} {name}", change.table);
        (before != after).then_some((place, before, after))
    };
    names.filter_map(one).collect()
}
