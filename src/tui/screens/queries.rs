//! Queries of the domain: choosing one, filling its form from the selected record, and its answer.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Map, Value as Json};

use super::plan::{self, FormField};
use crate::domain::query::Query;
use crate::ops::query;
use crate::tui::dialog::{Menu, MenuChoice, Overlay, QueryDialog, QueryState};
use crate::tui::job::Job;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::TuiState;
use crate::tui::structured;
use crate::tui::theme::Role;

/// The suffix of a required parameter's description.
const NEEDED: &str = " (needed)";
/// How many rows PageUp and PageDown scroll the answer.
const PAGE: usize = 10;
/// The parameter with the cursor of a page, and the field of an answer with that of the next page.
const PAGED: [&str; 2] = ["cursor", "next_cursor"];

/// Opens the menu of the domain's queries.
pub fn open_query_menu(state: &mut TuiState) {
    let domain = state.domain();
    let mut lines = Vec::new();
    for query in domain.queries() {
        let card = query.card();
        lines.push((MenuChoice::Query(card.name), card.name.to_owned(), card.title.to_owned()));
    }
    if lines.is_empty() {
        state.show_note(Role::Note, format!("{} has no queries; see its records and checks", domain.card().id));
        return;
    }
    let about = state.records.in_hand().map(|row| format!(" about {} {}", state.records.kind.word, row.id));
    let title = format!("Ask{}", about.unwrap_or_default());
    state.overlay = Some(Overlay::Menu(Menu { title, lines, place: ListPosition::default() }));
}

/// Opens the dialog of a query, with parameters taken from the selected record.
pub fn begin_query(state: &mut TuiState, name: &'static str, menu: Menu) {
    let Some(query) = state.domain().find_query(name) else { return };
    let (form, card) = (build_form(state, query), query.card());
    let place = ListPosition { at: form.iter().position(is_missing).unwrap_or(0), top: 0 };
    let answer = QueryState::NotAsked;
    let ask = QueryDialog { query: card.name, about: card.about, form, place, answer, top: 0, menu };
    state.overlay = Some(Overlay::Ask(Box::new(ask)));
}

fn build_form(state: &TuiState, query: &dyn Query) -> Vec<FormField> {
    let schema = query.params_schema().to_value();
    let none = Map::new();
    let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&none);
    let names = schema.get("required").and_then(Json::as_array).into_iter().flatten();
    let required: Vec<&str> = names.filter_map(Json::as_str).collect();
    let (mut form, mut optional) = (Vec::new(), Vec::new());
    for (name, property) in properties {
        let is_required = required.contains(&name.as_str());
        let records = &state.records;
        let at = records.kind.column_for_param(name, is_required);
        let cell = at.and_then(|at| records.in_hand()?.cells.get(at));
        let mut field = plan::build_field(name, property, cell.map(String::as_str));
        if is_required {
            field.about += NEEDED;
            form.push(field);
        } else {
            optional.push(field);
        }
    }
    // Required parameters come first.
    form.append(&mut optional);
    form
}

fn is_missing(field: &FormField) -> bool {
    field.about.ends_with(NEEDED) && field.value.trim().is_empty()
}

/// Handles a key in the dialog of a query.
pub fn press_key(state: &mut TuiState, mut ask: Box<QueryDialog>, key: &KeyEvent) -> Vec<Effect> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let last = state.scroll_end.get();
    match key.code {
        KeyCode::Esc => {
            state.overlay = Some(Overlay::Menu(ask.menu));
            return Vec::new();
        }
        KeyCode::Enter => return submit_query(state, ask),
        KeyCode::Tab => return next_page(state, ask),
        KeyCode::Up => ask.place.move_by(-1, ask.form.len()),
        KeyCode::Down => ask.place.move_by(1, ask.form.len()),
        KeyCode::PageUp => ask.top = ask.top.saturating_sub(PAGE),
        KeyCode::PageDown => ask.top = (ask.top + PAGE).min(last),
        KeyCode::Home => ask.top = 0,
        KeyCode::End => ask.top = last,
        code => {
            if let Some(field) = ask.form.get_mut(ask.place.at) {
                edit_value(&mut field.value, code, control);
            }
        }
    }
    state.overlay = Some(Overlay::Ask(ask));
    Vec::new()
}

/// Scrolls the answer by some rows, at most to row `last`.
pub fn scroll_answer(ask: &mut QueryDialog, by: isize, last: usize) {
    ask.top = ask.top.saturating_add_signed(by).min(last);
}

fn edit_value(value: &mut String, code: KeyCode, control: bool) {
    match code {
        KeyCode::Char('u') if control => value.clear(),
        KeyCode::Char(letter) if !control => value.push(letter),
        KeyCode::Backspace => drop(value.pop()),
        _ => {}
    }
}

/// Runs the query, unless a required parameter is empty.
fn submit_query(state: &mut TuiState, mut ask: Box<QueryDialog>) -> Vec<Effect> {
    let Some(query) = state.domain().find_query(ask.query) else { return Vec::new() };
    if let Some(at) = ask.form.iter().position(is_missing) {
        ask.place = ListPosition { at, top: 0 };
        let name = ask.form.get(at).map(|field| field.name.clone()).unwrap_or_default();
        ask.answer = QueryState::Failed(format!("{name} is needed: type it, and press Enter"));
        state.overlay = Some(Overlay::Ask(ask));
        return Vec::new();
    }
    let params = build_params(query, &ask.form);
    (ask.answer, ask.top) = (QueryState::Asking, 0);
    let job = Job::Ask { query: ask.query, params };
    state.overlay = Some(Overlay::Ask(ask));
    state.request_job(job)
}

/// Runs the query again for the next page, if the answer has one.
fn next_page(state: &mut TuiState, mut ask: Box<QueryDialog>) -> Vec<Effect> {
    let next = match &ask.answer {
        QueryState::Said { next, .. } => next.clone(),
        _ => None,
    };
    let field = ask.form.iter_mut().find(|field| field.name == PAGED[0]);
    if let Some((field, next)) = field.zip(next) {
        field.value = next;
        return submit_query(state, ask);
    }
    state.overlay = Some(Overlay::Ask(ask));
    Vec::new()
}

/// Returns the parameters of a form, each with the type that the query's schema names.
fn build_params(query: &dyn Query, form: &[FormField]) -> Map<String, Json> {
    let schema = query.params_schema().to_value();
    let mut params = Map::new();
    for field in form.iter().filter(|field| !field.value.trim().is_empty()) {
        let property = schema.get("properties").and_then(|all| all.get(&field.name));
        // As text, because an optional parameter's type is a list with "null".
        let kind = property.and_then(|property| property.get("type")).map(Json::to_string).unwrap_or_default();
        params.insert(field.name.clone(), parse_value(field.value.trim(), &kind));
    }
    params
}

/// Parses typed text as the schema's type. Text that does not parse is passed on as text: the query then refuses it
/// with a message of its own.
fn parse_value(text: &str, kind: &str) -> Json {
    let whole = text.parse::<i64>().ok().map(Json::from);
    let json = match kind {
        kind if kind.contains("array") => {
            let items = text.split(',').map(str::trim);
            Some(items.map(|item| item.parse::<i64>().map_or_else(|_| Json::from(item), Json::from)).collect())
        }
        kind if kind.contains("integer") => whole,
        kind if kind.contains("number") => whole.or_else(|| text.parse::<f64>().ok().map(Json::from)),
        kind if kind.contains("boolean") => text.parse::<bool>().ok().map(Json::from),
        _ => None,
    };
    json.unwrap_or_else(|| Json::from(text))
}

/// Shows an answer, if the dialog of its query is still open.
pub fn receive_answer(state: &mut TuiState, outcome: query::Outcome) {
    let Some(Overlay::Ask(ask)) = &mut state.overlay else { return };
    // The person may have opened another query meanwhile.
    if outcome.query.as_deref() == Some(ask.query) {
        let data = outcome.answer.unwrap_or_default();
        let next = data.get(PAGED[1]).filter(|next| !next.is_null());
        let next = next.map(|next| next.as_str().map_or_else(|| next.to_string(), str::to_owned));
        ask.answer = QueryState::Said { lines: structured::render_lines(&data), next };
    }
}

/// Shows why there is no answer.
pub fn receive_failure(state: &mut TuiState, text: String) {
    if let Some(Overlay::Ask(ask)) = &mut state.overlay {
        ask.answer = QueryState::Failed(text);
    }
}
