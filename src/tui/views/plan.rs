//! Draws the screen of a planned fault: the form and the preview.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::pieces::{self, ListField, ListRow};
use super::{film, split_halves};
use crate::ops::browse::BeforeAfter;
use crate::ops::cell::ChangeRow;
use crate::tui::next_step;
use crate::tui::screens::Player;
use crate::tui::screens::plan::{FieldInput, FormField, PlanView};
use crate::tui::state::TuiState;
use crate::tui::theme::{Appearance, Mark, Role};
use crate::tui::words;

const COLUMNS: [ListField; 2] =
    [ListField { head: "parameter", right: false, gives: 1 }, ListField { head: "value", right: false, gives: 1 }];

/// Draws the screen into the body of the frame.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let look = state.look;
    let Some(card) = state.plan.mode else {
        let inner = pieces::draw_frame(frame, area, look, "Plan", true);
        let text = "Nothing is planned. 3 shows the records: select one and press b. Or press 2 to choose a mode \
            first.";
        pieces::draw_empty(frame, inner, look, Role::Note, text);
        return;
    };
    let [left, right] = split_halves(area);
    let inner = pieces::draw_frame(frame, left, look, &format!("Plan: {}", card.tool), true);
    let help_rows = if left.height > 14 { 4 } else { 2 };
    let [form, help] = Layout::vertical([Constraint::Min(3), Constraint::Length(help_rows)]).areas(inner);
    let items: Vec<ListRow> = state.plan.form.iter().map(|field| build_item(look, field)).collect();
    pieces::draw_list(frame, form, look, &COLUMNS, &items, state.plan.place);
    if let Some(field) = state.plan.form.get(state.plan.place.at) {
        let about = variant_about(card, field).unwrap_or_else(|| field.about.clone());
        pieces::draw_text(frame, help, look, &[(Role::Dim, about)], 0);
    }
    draw_preview(frame, right, state);
}

fn variant_about(card: &crate::domain::mode::ModeCard, field: &FormField) -> Option<String> {
    let variant = card.variants.iter().find(|variant| field.name == "variant" && variant.word == field.value)?;
    let size = variant.size.map(|size| format!("; size {size}")).unwrap_or_default();
    Some(format!("{}; on {}{size}", variant.about, variant.eligible))
}

fn build_item(look: Appearance, field: &FormField) -> ListRow {
    let value = match (&field.kinds, field.value.as_str()) {
        (FieldInput::Choice(_), "") => format!("{} (left out) {}", look.mark(Mark::Left), look.mark(Mark::Right)),
        (FieldInput::Choice(_), value) => format!("{} {value} {}", look.mark(Mark::Left), look.mark(Mark::Right)),
        (FieldInput::Text, "") => "(empty)".to_owned(),
        (FieldInput::Text, value) => value.to_owned(),
    };
    let role = if field.value.is_empty() { Role::Dim } else { Role::Text };
    ListRow { cells: vec![field.name.clone(), value], styles: vec![look.style(Role::Text), look.style(role)] }
}

fn draw_preview(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let (look, plan) = (state.look, &state.plan);
    let Some(preview) = &plan.preview else {
        let inner = pieces::draw_frame(frame, area, look, "What it would do", false);
        let lines = match &plan.failure {
            Some(failure) => vec![
                (Role::Danger, format!("{} {} [{}]", look.mark(Mark::Bad), failure.message, failure.code)),
                (Role::Note, "f takes the first record that can show this variant.".to_owned()),
            ]
            .into_iter()
            .chain((failure.code != "ineligible").then(|| (Role::Dim, next_step::render_hint(&failure.next))))
            .collect(),
            None => vec![(Role::Dim, "planning ...".to_owned())],
        };
        pieces::draw_text(frame, inner, look, &lines, 0);
        return;
    };
    let has_pictures = preview.pictures.is_some();
    let title = match plan.view.effective_view(has_pictures) {
        PlanView::Picture => "Before and after (Tab: changes)",
        PlanView::Changes => "Changes (Tab: bytes)",
        PlanView::Bytes if has_pictures => "Bytes (Tab: picture)",
        PlanView::Bytes => "Bytes (Tab: changes)",
    };
    let inner = pieces::draw_frame(frame, area, look, title, false);
    let [head, body] = Layout::vertical([Constraint::Length(2), Constraint::Min(0)]).areas(inner);
    let severity = words::parse_severity(&preview.plan.label.severity);
    let summary = format!(
        "{} {}  {}, {}, severity {} ({})",
        look.severity_mark(severity),
        preview.plan.label.variant,
        words::render_count(preview.plan.records, "record"),
        words::render_count(preview.plan.rows, "row"),
        preview.plan.label.severity,
        severity.word()
    );
    let mut params = Vec::new();
    for (name, value) in &preview.plan.params {
        // The ids of the records are in the form already.
        if !plan.mode.is_some_and(|card| card.fault_records().any(|record| record.parameter == name)) {
            params.push(format!("{name}={}", render_plain(value)));
        }
    }
    params.push(format!("seed={}", preview.plan.seed));
    let lines = [(words::severity_role(severity), summary), (Role::Dim, params.join("  "))];
    pieces::draw_text(frame, head, look, &lines, 0);
    let shown = ShownChanges { changes: &preview.plan.changes, pictures: preview.pictures.as_ref() };
    state.scroll_end.set(draw_view(frame, body, look, plan.view, shown, plan.player, state.detail));
}

fn render_plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The changes that a view shows.
#[derive(Clone, Copy)]
pub struct ShownChanges<'a> {
    /// The changed rows.
    pub changes: &'a [ChangeRow],
    /// Pictures before and after; `None` where there is nothing to draw.
    pub pictures: Option<&'a BeforeAfter>,
}

/// Draws a view of changes, as text scrolled past `top` rows; returns how far it can be scrolled.
pub fn draw_view(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Appearance,
    view: PlanView,
    shown: ShownChanges<'_>,
    player: Player,
    top: usize,
) -> usize {
    match (view, shown.pictures) {
        (PlanView::Picture, Some(pictures)) => {
            film::draw_before_after(frame, area, look, pictures, player);
            0
        }
        (PlanView::Bytes, _) => {
            film::draw_bytes(frame, area, look, shown.changes, player.at);
            0
        }
        // The changes also take the place of a missing picture.
        _ => pieces::draw_text(frame, area, look, &render_diff(shown.changes), top),
    }
}

/// Renders changes as lines, with the values before and after.
#[must_use]
pub fn render_diff(changes: &[ChangeRow]) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    for change in changes {
        let key = words::render_values(&change.key);
        lines.push((Role::Heading, format!("{} {} {key}", change.kind, change.table)));
        let (before, after) = (change.before.as_object(), change.after.as_object());
        let names = after.or(before).into_iter().flat_map(|cells| cells.keys());
        for name in names {
            match (before.and_then(|side| side.get(name)), after.and_then(|side| side.get(name))) {
                (Some(before), Some(after)) => {
                    if let Some(difference) = crate::ops::bytes::compare_cells(before, after) {
                        lines.push((Role::After, format!("  {name}: {difference}")));
                    } else {
                        lines.push((Role::Before, format!("- {name}: {}", render_value(before))));
                        lines.push((Role::After, format!("+ {name}: {}", render_value(after))));
                    }
                }
                (Some(before), None) => lines.push((Role::Before, format!("- {name}: {}", render_value(before)))),
                (None, Some(after)) => lines.push((Role::After, format!("+ {name}: {}", render_value(after)))),
                (None, None) => {}
            }
        }
    }
    lines
}

fn render_value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(tagged) if tagged.len() == 1 => {
            let text = tagged.values().next().map(render_plain).unwrap_or_default();
            // Two digits a byte; long binary values have a view of their own.
            if text.len() > 40 {
                format!("{}.. ({} bytes)", text.get(..40).unwrap_or_default(), text.len() / 2)
            } else {
                text
            }
        }
        value => value.to_string(),
    }
}
