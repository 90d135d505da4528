//! Draws the form of a plan, and what it would do.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::pieces::{self, Item, ListField};
use super::{film, halves};
use crate::ops::cell::ChangeRow;
use crate::tui::look::{Look, Mark, Role};
use crate::tui::next_step;
use crate::tui::screens::plan::{Field, Kinds, View};
use crate::tui::state::State;
use crate::tui::words;

const COLUMNS: [ListField; 2] =
    [ListField { head: "parameter", right: false, gives: 1 }, ListField { head: "value", right: false, gives: 1 }];

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = state.look;
    let Some(card) = state.plan.mode else {
        let inner = pieces::frame(frame, area, look, "Plan", true);
        let text = "Nothing is planned. 3 shows the records: take one in hand, and press b. Or 2: choose a mode first.";
        pieces::empty(frame, inner, look, Role::Note, text);
        return;
    };
    let [left, right] = halves(area);
    let inner = pieces::frame(frame, left, look, &format!("Plan: {}", card.tool), true);
    let help_rows = if left.height > 14 { 4 } else { 2 };
    let [form, help] = Layout::vertical([Constraint::Min(3), Constraint::Length(help_rows)]).areas(inner);
    let items: Vec<Item> = state.plan.form.iter().map(|field| item(look, field)).collect();
    pieces::list(frame, form, look, &COLUMNS, &items, state.plan.place);
    if let Some(field) = state.plan.form.get(state.plan.place.at) {
        let about = variant_about(card, field).unwrap_or_else(|| field.about.clone());
        pieces::text(frame, help, look, &[(Role::Dim, about)], 0);
    }
    preview(frame, right, state);
}

fn variant_about(card: &crate::domain::mode::ModeCard, field: &Field) -> Option<String> {
    let variant = card.variants.iter().find(|variant| field.name == "variant" && variant.word == field.value)?;
    Some(format!("{}; on {}", variant.about, variant.eligible))
}

fn item(look: Look, field: &Field) -> Item {
    let value = match (&field.kinds, field.value.as_str()) {
        (Kinds::Choice(_), "") => format!("{} (left out) {}", look.mark(Mark::Left), look.mark(Mark::Right)),
        (Kinds::Choice(_), value) => format!("{} {value} {}", look.mark(Mark::Left), look.mark(Mark::Right)),
        (Kinds::Text, "") => "(empty)".to_owned(),
        (Kinds::Text, value) => value.to_owned(),
    };
    let role = if field.value.is_empty() { Role::Dim } else { Role::Text };
    Item { cells: vec![field.name.clone(), value], styles: vec![look.style(Role::Text), look.style(role)] }
}

fn preview(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (look, plan) = (state.look, &state.plan);
    let Some(preview) = &plan.preview else {
        let inner = pieces::frame(frame, area, look, "What it would do", false);
        let lines = match &plan.failure {
            Some(failure) => vec![
                (Role::Danger, format!("{} {} [{}]", look.mark(Mark::Bad), failure.message, failure.code)),
                (Role::Note, "f takes the first record that can show this variant.".to_owned()),
            ]
            .into_iter()
            .chain((failure.code != "ineligible").then(|| (Role::Dim, next_step::hint(&failure.next))))
            .collect(),
            None => vec![(Role::Dim, "planning ...".to_owned())],
        };
        pieces::text(frame, inner, look, &lines, 0);
        return;
    };
    let drawn = preview.pictures.is_some();
    let title = match plan.view.seen(drawn) {
        View::Picture => "Before and after (Tab: changes)",
        View::Changes => "Changes (Tab: bytes)",
        View::Bytes if drawn => "Bytes (Tab: picture)",
        View::Bytes => "Bytes (Tab: changes)",
    };
    let inner = pieces::frame(frame, area, look, title, false);
    let [head, body] = Layout::vertical([Constraint::Length(2), Constraint::Min(0)]).areas(inner);
    let severity = words::severity(&preview.plan.severity);
    let summary = format!(
        "{} {}  {}, {}, severity {} ({})",
        look.severity_mark(severity),
        preview.plan.variant,
        words::count(preview.plan.records, "record"),
        words::count(preview.plan.rows, "row"),
        preview.plan.severity,
        severity.word()
    );
    let is_id = |name: &str| plan.mode.is_some_and(|card| card.records().any(|record| record.parameter == name));
    let given = preview.plan.params.iter().filter(|(name, _)| !is_id(name));
    let seed = format!("seed={}", preview.plan.seed);
    let given = given.map(|(name, value)| format!("{name}={}", plain(value)));
    let given: Vec<String> = given.chain([seed]).collect();
    let lines = [(words::role(severity), summary), (Role::Dim, given.join("  "))];
    pieces::text(frame, head, look, &lines, 0);
    let end = views(
        frame,
        body,
        look,
        plan.view,
        (&preview.plan.changes, preview.pictures.as_ref()),
        (plan.player, state.detail),
    );
    state.scroll_end.set(end);
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Draws one of the views of changes; returns how far it can be scrolled.
pub fn views(
    frame: &mut Frame<'_>,
    area: Rect,
    look: Look,
    view: View,
    (changes, pictures): (&[ChangeRow], Option<&crate::ops::browse::BeforeAfter>),
    (player, top): (crate::tui::screens::Player, usize),
) -> usize {
    match (view, pictures) {
        (View::Picture, Some(pictures)) => {
            film::before_after(frame, area, look, pictures, player);
            0
        }
        (View::Bytes, _) => {
            film::bytes(frame, area, look, changes, player.at);
            0
        }
        _ => pieces::text(frame, area, look, &diff(changes), top),
    }
}

/// Returns changes as lines: what was, and what is.
#[must_use]
pub fn diff(changes: &[ChangeRow]) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    for change in changes {
        let key = words::values(&change.key);
        lines.push((Role::Heading, format!("{} {} {key}", change.kind, change.table)));
        let (before, after) = (change.before.as_object(), change.after.as_object());
        let names = after.or(before).into_iter().flat_map(|cells| cells.keys());
        for name in names {
            match (before.and_then(|side| side.get(name)), after.and_then(|side| side.get(name))) {
                (Some(before), Some(after)) => {
                    if let Some(difference) = crate::ops::bytes::difference(before, after) {
                        lines.push((Role::After, format!("  {name}: {difference}")));
                    } else {
                        lines.push((Role::Before, format!("- {name}: {}", shown(before))));
                        lines.push((Role::After, format!("+ {name}: {}", shown(after))));
                    }
                }
                (Some(before), None) => lines.push((Role::Before, format!("- {name}: {}", shown(before)))),
                (None, Some(after)) => lines.push((Role::After, format!("+ {name}: {}", shown(after)))),
                (None, None) => {}
            }
        }
    }
    lines
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(tagged) if tagged.len() == 1 => {
            let text = tagged.values().next().map(plain).unwrap_or_default();
            if text.len() > 40 {
                format!("{}.. ({} bytes)", text.get(..40).unwrap_or_default(), text.len() / 2)
            } else {
                text
            }
        }
        value => value.to_string(),
    }
}
