//! Draws the screen of records, and the selected one in detail.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pieces::{self, ListField, ListRow};
use crate::domain::picture::RecordPicture as Picture;
use crate::domain::record::RecordKind;
use crate::ops::browse::ListedRecord;
use crate::tui::screens::records::RecordView;
use crate::tui::state::TuiState;
use crate::tui::theme::{Mark, Role};
use crate::tui::words;

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let [left, right] = super::split_halves(area);
    draw_list(frame, left, state);
    draw_detail(frame, right, state);
}

fn render_title(state: &TuiState) -> String {
    let records = &state.records;
    let mut title = String::new();
    for within in &records.within {
        title += &format!("{} {} {} ", within.kind.word, within.id, state.look.mark(Mark::Pointer));
    }
    title += records.kind.plural;
    if !records.search.is_empty() {
        title += &format!(" with {}", records.search);
    }
    match records.total.filter(|_| records.selector.is_empty()) {
        Some(total) => title + &format!(": {}", words::render_thousands(total)),
        None => title,
    }
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, records) = (state.look, &state.records);
    let inner = pieces::draw_frame(frame, area, look, &render_title(state), true);
    let [kinds, inner] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(inner);
    let mut spans = Vec::new();
    for kind in records.domain.kinds() {
        let role = if *kind == records.kind { Role::Selected } else { Role::Dim };
        let pad = if kinds.width < 64 { "" } else { " " };
        spans.extend([Span::styled(format!("{pad}{}{pad}", kind.plural), look.style(role)), Span::raw(" ")]);
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), kinds);
    if let Some(trouble) = &records.trouble {
        pieces::draw_empty(frame, inner, look, Role::Danger, trouble);
        return;
    }
    if records.rows.is_empty() {
        let reading = state.lanes.running_in(crate::tui::job::JobLane::List).is_some();
        let text = if reading { "reading ..." } else { "There are none here. Backspace goes back." };
        pieces::draw_empty(frame, inner, look, Role::Dim, text);
        return;
    }
    let names: Vec<&str> = records.kind.column_names().collect();
    let visible_columns = shown_columns(records.kind, inner.width);
    let mut columns = Vec::new();
    for at in &visible_columns {
        if let Some(head) = names.get(*at) {
            // The first column, the id, is never cut.
            columns.push(ListField { head, right: is_numeric(&records.rows, *at), gives: u16::from(*at > 0) });
        }
    }
    // Up to a thousand records are kept: only the visible ones are turned into cells.
    let rows = usize::from(inner.height.saturating_sub(1));
    let first = records.place.first_visible(rows, records.rows.len());
    let visible_rows = first..(first + rows).min(records.rows.len());
    let mut items = Vec::new();
    for (at, row) in records.rows.iter().enumerate() {
        let mut cells = Vec::new();
        if visible_rows.contains(&at) {
            cells.extend(visible_columns.iter().filter_map(|at| row.cells.get(*at).cloned()));
        }
        items.push(ListRow { cells, styles: vec![look.style(Role::Text)] });
    }
    pieces::draw_list(frame, inner, look, &columns, &items, records.place);
}

/// Tells whether a column holds numbers, judged by its first twenty records.
fn is_numeric(rows: &[ListedRecord], at: usize) -> bool {
    let mut cells = rows.iter().take(20).filter_map(|row| row.cells.get(at)).filter(|cell| !cell.is_empty()).peekable();
    cells.peek().is_some() && cells.all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte)))
}

/// Returns the indexes of the shown columns: all, or in a narrow list those that identify a record.
fn shown_columns(kind: &RecordKind, width: u16) -> Vec<usize> {
    let narrow = width < kind.narrow_below;
    let columns = kind.columns.iter().enumerate().filter(|(_, column)| !narrow || column.names);
    columns.map(|(at, _)| at).collect()
}

fn draw_detail(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, records) = (state.look, &state.records);
    let Some(row) = records.in_hand() else {
        pieces::draw_frame(frame, area, look, "Record", false);
        return;
    };
    let title = format!("{} {}", records.kind.word, row.id);
    let whole = records.whole.as_ref().filter(|(kind, id, _)| *kind == records.kind && *id == row.id);
    let Some((_, _, whole)) = whole else {
        let inner = pieces::draw_frame(frame, area, look, &title, false);
        let reading = state.lanes.running_in(crate::tui::job::JobLane::Record).is_some();
        let text = if reading { "reading ..." } else { "it could not be read" };
        pieces::draw_empty(frame, inner, look, Role::Dim, text);
        return;
    };
    // A film of one control point without leaves shows nothing that the cells do not say better.
    let picture = whole.picture.as_ref().filter(|picture| match picture {
        Picture::Film(film, _) => film.stills.len() > 1 || film.stills.iter().any(|still| still.aperture.is_some()),
        _ => true,
    });
    if let Some(picture) = picture.filter(|_| records.view == RecordView::Picture) {
        let inner = pieces::draw_frame(frame, area, look, &format!("{title} (Tab: its cells)"), false);
        let marked = match picture {
            Picture::Series(series) => state.checks.chart_places(series.over),
            _ => Vec::new(),
        };
        super::film::draw_picture(frame, inner, look, picture, records.player, &marked);
        return;
    }
    let inner = pieces::draw_frame(frame, area, look, &title, false);
    let width = whole.cells.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, text) in &whole.cells {
        let role = if text == "NULL" { Role::Dim } else { Role::Text };
        lines.push((role, format!("{name:width$}  {}", pieces::cut_to_width(text, 200, look))));
    }
    state.scroll_end.set(pieces::draw_text(frame, inner, look, &lines, state.detail));
}
