//! Draws the records, and the one in hand.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pieces::{self, ListField, ListRow};
use crate::domain::picture::RecordPicture as Picture;
use crate::domain::record::{ListColumn, RecordKind};
use crate::tui::look::{Mark, Role};
use crate::tui::screens::records::RecordView;
use crate::tui::state::TuiState;
use crate::tui::words;

/// Draws it.
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
    let kind = |kind: &'static RecordKind| {
        let role = if kind == records.kind { Role::Selected } else { Role::Dim };
        let pad = if kinds.width < 64 { "" } else { " " };
        [Span::styled(format!("{pad}{}{pad}", kind.plural), look.style(role)), Span::raw(" ")]
    };
    let spans: Vec<Span<'_>> = records.domain.kinds().iter().copied().flat_map(kind).collect();
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
    let all: Vec<&str> = records.kind.column_names().collect();
    let columns_seen = shown_columns(records.kind, inner.width);
    let number = |at: usize| {
        let cells = records.rows.iter().take(20).filter_map(|row| row.cells.get(at)).filter(|cell| !cell.is_empty());
        let numeric = |cell: &String| cell.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
        cells.clone().next().is_some() && cells.clone().all(numeric)
    };
    let columns: Vec<ListField> = columns_seen
        .iter()
        .filter_map(|at| Some(ListField { head: all.get(*at)?, right: number(*at), gives: u16::from(*at > 0) }))
        .collect();
    // Only what is seen is made into lines: a thousand records are kept.
    let rows = usize::from(inner.height.saturating_sub(1));
    let first = records.place.first_visible(rows, records.rows.len());
    let seen = first..(first + rows).min(records.rows.len());
    let item = |(at, row): (usize, &crate::ops::browse::ListedRecord)| {
        let cells =
            columns_seen.iter().filter(|_| seen.contains(&at)).filter_map(|at| row.cells.get(*at).cloned()).collect();
        ListRow { cells, styles: vec![look.style(Role::Text)] }
    };
    let items: Vec<ListRow> = records.rows.iter().enumerate().map(item).collect();
    pieces::draw_list(frame, inner, look, &columns, &items, records.place);
}

/// Returns which columns are shown: where there is little room, those by which a record is known.
fn shown_columns(kind: &RecordKind, width: u16) -> Vec<usize> {
    let narrow = width < kind.narrow_below;
    let seen = |(at, column): (usize, &ListColumn)| (!narrow || column.names).then_some(at);
    kind.columns.iter().enumerate().filter_map(seen).collect()
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
    // A single control point without leaves is read sooner than it is looked at.
    let seen = |picture: &&Picture| match picture {
        Picture::Film(film, _) => film.stills.len() > 1 || film.stills.iter().any(|still| still.aperture.is_some()),
        _ => true,
    };
    if let Some(picture) = whole.picture.as_ref().filter(seen).filter(|_| records.view == RecordView::Picture) {
        let inner = pieces::draw_frame(frame, area, look, &format!("{title} (Tab: its cells)"), false);
        let found = match picture {
            Picture::Series(series) => state.checks.chart_places(series.over),
            _ => Vec::new(),
        };
        super::film::draw_picture(frame, inner, look, picture, records.player, &found);
        return;
    }
    let inner = pieces::draw_frame(frame, area, look, &title, false);
    let width = whole.cells.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, text): &(String, String)| {
        let role = if text == "NULL" { Role::Dim } else { Role::Text };
        (role, format!("{name:width$}  {}", pieces::cut_to_width(text, 200, look)))
    };
    let lines: Vec<(Role, String)> = whole.cells.iter().map(line).collect();
    state.scroll_end.set(pieces::draw_text(frame, inner, look, &lines, state.detail));
}
