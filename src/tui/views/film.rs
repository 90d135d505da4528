//! Draws the pictures of records and of changes, with their captions.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pieces;
use crate::domain::picture::RecordPicture as Picture;
use crate::domain::picture::{ChartSeries, Film, FilmFrame};
use crate::ops::browse::BeforeAfter;
use crate::ops::cell::ChangeRow;
use crate::tui::pictures::{AperturePicture, ChartPicture, DayPicture, HexPicture};
use crate::tui::screens::Player;
use crate::tui::theme::{Appearance, Mark, Role};

/// The least rows for leaves and charts together.
const BOTH_ROWS: u16 = 26;

/// The least rows and columns of one chart among several.
const CHART_LEAST: (u16, u16) = (8, 36);

/// Draws the picture of a record; `found` are the x values with findings, to be marked.
pub fn draw_picture(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Appearance,
    picture: &Picture,
    player: Player,
    found: &[f64],
) {
    match picture {
        Picture::Series(series) => draw_series(frame, area, look, series, player.at, found),
        Picture::Film(film, _) => draw_still(frame, area, look, None, film, player),
        Picture::Limits(chart, bars) => {
            frame.render_widget(&ChartPicture::new(look, chart).limits(bars), area);
        }
        Picture::Day(day, hand) => frame.render_widget(&DayPicture::new(look, day).selected_delivery(*hand), area),
    }
}

/// Draws charts one above the other, or side by side if more fit that way; without room for all, the first ones.
fn draw_series(frame: &mut Frame<'_>, area: Rect, look: Appearance, series: &ChartSeries, at: usize, found: &[f64]) {
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
        (before, Some(after)) => draw_still(frame, area, look, before.as_ref(), after, player),
        (Some(before), None) => {
            let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
            pieces::draw_text(frame, head, look, &[(Role::Danger, "deleted; its former state:".to_owned())], 0);
            draw_still(frame, body, look, None, before, player);
        }
        (None, None) => {
            pieces::draw_empty(frame, area, look, Role::Note, "No control points to draw; Tab shows the changes.");
        }
    }
}

/// Draws a control point with its caption, and charts over all control points if there is room.
fn draw_still(frame: &mut Frame<'_>, area: Rect, look: Appearance, before: Option<&Film>, film: &Film, player: Player) {
    let at = player.at.min(film.stills.len().saturating_sub(1));
    let Some(now) = film.stills.get(at) else { return };
    // By key, not by position: the change may have added or removed control points.
    let was = before.and_then(|before| before.stills.iter().find(|still| still.key == now.key));
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let mut spans = caption_place(look, film, at, player.plays);
    spans.extend(caption_values(look, now, was));
    if before.is_some() && was.is_none() {
        spans.push(Span::styled("new".to_owned(), look.style(Role::After)));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), head);
    let several = film.stills.len() > 1;
    // A single control point needs no chart over control points.
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
    draw_charts(frame, below, look, before, film, at);
}

fn caption_place<'l>(look: Appearance, film: &Film, at: usize, plays: bool) -> Vec<Span<'l>> {
    let play = look.mark(if plays { Mark::Play } else { Mark::Pause });
    let number = film.stills.get(at).and_then(|still| still.number);
    let number = number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let text = format!("{play} point {number}, {} of {}  ", at + 1, film.stills.len());
    vec![Span::styled(text, look.style(Role::Heading))]
}

/// Returns the values of a control point, with those before the change where they differ.
fn caption_values<'l>(look: Appearance, now: &FilmFrame, was: Option<&FilmFrame>) -> Vec<Span<'l>> {
    let mut spans = Vec::new();
    for (name, now, was) in [
        ("gantry", now.gantry, was.map(|was| was.gantry)),
        ("collimator", now.collimator, was.map(|was| was.collimator)),
        ("index", now.index, was.map(|was| was.index)),
    ] {
        match was.filter(|was| *was != now) {
            Some(was) => {
                spans.push(Span::raw(format!("{name} ")));
                spans.push(Span::styled(render_optional(was), look.style(Role::Before)));
                spans.push(Span::raw(format!(" {} ", look.mark(Mark::Arrow))));
                spans.push(Span::styled(render_optional(now) + "  ", look.style(Role::After)));
            }
            None => spans.push(Span::raw(format!("{name} {}  ", render_optional(now)))),
        }
    }
    spans
}

fn render_optional(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

/// Draws angles and meterset over the control points, side by side if there is room.
fn draw_charts(frame: &mut Frame<'_>, area: Rect, look: Appearance, before: Option<&Film>, film: &Film, at: usize) {
    if area.height < 5 {
        return;
    }
    let [left, right] = if area.width >= 60 {
        Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area)
    } else {
        Layout::vertical([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area)
    };
    let (angles, metersets) = (film.angles(), film.metersets());
    // An equal chart behind the other would only add a legend entry.
    let angles_before = before.map(Film::angles).filter(|before| *before != angles);
    let metersets_before = before.map(Film::metersets).filter(|before| *before != metersets);
    let angles = ChartPicture::new(look, &angles).before(angles_before.as_ref()).angles().cursor(Some(at));
    frame.render_widget(&angles, left);
    let metersets = ChartPicture::new(look, &metersets).before(metersets_before.as_ref()).cursor(Some(at));
    frame.render_widget(&metersets, right);
}

/// Draws one changed cell of bytes, before and after; `at` chooses which, wrapping around.
pub fn draw_bytes(frame: &mut Frame<'_>, area: Rect, look: Appearance, changes: &[ChangeRow], at: usize) {
    let cells = changes.iter().flat_map(changed_byte_cells).collect::<Vec<_>>();
    let Some((name, before, after)) = cells.get(at % cells.len().max(1)) else {
        pieces::draw_empty(frame, area, look, Role::Note, "No bytes change; Tab shows the changes, cell by cell.");
        return;
    };
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let more = if cells.len() > 1 { format!("  (1 of {}; ] for the next)", cells.len()) } else { String::new() };
    let place = format!("{name}{}", more.replacen("(1 ", &format!("({} ", at % cells.len() + 1), 1));
    pieces::draw_text(frame, head, look, &[(Role::Heading, place)], 0);
    let picture = HexPicture::new(look, before.as_deref(), after.as_deref()).leaves(name.contains("Leaf_Set"));
    let first = picture.next_difference(0, body.width).unwrap_or(0).saturating_sub(2);
    // Two rows of context before the first difference, but no scrolling if everything fits.
    let first = if picture.row_count(body.width) <= usize::from(body.height) { 0 } else { first };
    frame.render_widget(&picture.first_row(first), body);
}

/// A cell of bytes: its table, key and column, the bytes before, the bytes after.
type ByteCell = (String, Option<Vec<u8>>, Option<Vec<u8>>);

fn changed_byte_cells(change: &ChangeRow) -> Vec<ByteCell> {
    let names = change.after.as_object().or(change.before.as_object()).into_iter().flat_map(|cells| cells.keys());
    let key = crate::tui::words::render_values(&change.key);
    let mut cells = Vec::new();
    for name in names {
        let (before, after) = (cell_bytes(&change.before, name), cell_bytes(&change.after, name));
        if before != after {
            cells.push((format!("{} {key} {name}", change.table), before, after));
        }
    }
    cells
}

/// Returns the bytes of a cell; `None` if it holds none.
fn cell_bytes(cells: &serde_json::Value, name: &str) -> Option<Vec<u8>> {
    mfm_journal::digest::decode_hex(cells.get(name)?.get("$hex")?.as_str()?)
}
