//! The screen of a planned fault: a form made from the mode's parameters, and a preview of the changes.

use serde_json::{Map, Value as Json};

use super::{Player, move_in_list};
use crate::domain::filter::FilterValues;
use crate::domain::mode::ModeCard;
use crate::domain::record::RecordKind;
use crate::domains;
use crate::ops::plan::{Options, Request};
use crate::ops::{Failure, find, modes};
use crate::tui::dialog::{DangerousAction, InputLine, InputPurpose, Overlay, QuestionDialog};
use crate::tui::job::{Job, Preview};
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};
use crate::tui::theme::Role;
use crate::tui::words;

/// What a field of the form accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldInput {
    /// One of these words; the first is empty and leaves the parameter out.
    Choice(Vec<String>),
    /// Any text.
    Text,
}

/// A field of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// The name of the parameter or option.
    pub name: String,
    /// The description, from the parameter's schema.
    pub about: String,
    /// What it accepts.
    pub kinds: FieldInput,
    /// Its value; empty leaves it out.
    pub value: String,
}

/// A view of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanView {
    /// A picture before and after, if there is one, else the changes.
    #[default]
    Picture,
    /// The changes, cell by cell.
    Changes,
    /// Bytes before and after.
    Bytes,
}

impl PlanView {
    /// Returns the view that is shown: without pictures, the changes take their place.
    #[must_use]
    pub const fn effective_view(self, has_pictures: bool) -> Self {
        match self {
            Self::Picture if !has_pictures => Self::Changes,
            view => view,
        }
    }

    /// Returns the next view.
    #[must_use]
    pub const fn next(self, has_pictures: bool) -> Self {
        match self.effective_view(has_pictures) {
            Self::Picture => Self::Changes,
            Self::Changes => Self::Bytes,
            Self::Bytes => Self::Picture.effective_view(has_pictures),
        }
    }
}

/// The state of the screen.
#[derive(Debug, Default)]
pub struct PlanScreen {
    /// The mode, once one is chosen.
    pub mode: Option<&'static ModeCard>,
    /// A field for each parameter and option; empty without a mode.
    pub form: Vec<FormField>,
    /// The selected field.
    pub place: ListPosition,
    /// The seed drawn for the first preview, kept so that the same form shows the same plan.
    pub seed: Option<u64>,
    /// The preview, once it is there.
    pub preview: Option<Preview>,
    /// Why there is no preview.
    pub failure: Option<Failure>,
    /// How the preview is shown.
    pub view: PlanView,
    /// The shown control point.
    pub player: Player,
}

impl PlanScreen {
    /// Returns the number of control points, or else changes, to step through.
    #[must_use]
    pub fn still_count(&self) -> usize {
        let shown = self.preview.as_ref();
        shown.map_or(0, |shown| super::count_steps(shown.plan.changes.len(), shown.pictures.as_ref()))
    }
}

/// Options of every plan: name and description. The form has them after the mode's own parameters.
const OPTIONS: [(&str, &str); 3] = [
    ("seed", "Seed of every choice, 0 to 2^53-1; random if empty"),
    ("now", "The target's wall clock, as YYYY-MM-DDTHH:MM:SS; read from the target if empty"),
    ("max_rows", "Refuse to change more rows than this; 10000 if empty"),
];

/// Starts a plan of a mode on a record, and shows the screen.
pub fn begin_plan(state: &mut state::TuiState, tool: &str, kind: &'static RecordKind, id: i64) -> Vec<Effect> {
    let Some(mode) = domains::find_mode(tool) else { return Vec::new() };
    let card = mode.card();
    // The variant, the second field, is what a person chooses first.
    let place = ListPosition { at: 1, top: 0 };
    state.plan = PlanScreen {
        mode: Some(card),
        form: build_form(card, kind, id),
        place,
        view: state.plan.view,
        ..PlanScreen::default()
    };
    let mut effects = crate::tui::update::show_screen(state, Screen::Plan);
    effects.extend(request_preview(state));
    effects
}

fn build_form(card: &'static ModeCard, kind: &'static RecordKind, id: i64) -> Vec<FormField> {
    let record = card.fault_records().find(|record| record.table == kind.table).unwrap_or(&card.record);
    let mut words = vec![String::new()];
    let parameters: Map<String, Json> =
        card.table_parameter.map(|name| (name.to_owned(), Json::from(record.table))).into_iter().collect();
    let mode = domains::find_mode(card.tool);
    // Only variants that are possible on this table.
    for variant in card.variants {
        if mode.is_none_or(|mode| mode.complete(&parameters, Some(variant.word)).is_ok()) {
            words.push(variant.word.to_owned());
        }
    }
    let first = words.get(1).cloned().unwrap_or_default();
    let about = "What goes wrong; empty parameters are proposed for it".to_owned();
    let mut form = vec![
        FormField {
            name: record.parameter.to_owned(),
            about: format!("The records, by {}.{}: ids and ranges such as 5-9,12", record.table, record.key),
            kinds: FieldInput::Text,
            value: id.to_string(),
        },
        FormField { name: "variant".to_owned(), about, kinds: FieldInput::Choice(words), value: first },
    ];
    form.extend(build_parameter_fields(card, record.table));
    for (name, about) in OPTIONS {
        let (name, about) = (name.to_owned(), about.to_owned());
        form.push(FormField { name, about, kinds: FieldInput::Text, value: String::new() });
    }
    form
}

/// Returns the fields of the mode's own parameters, from their JSON schema, without the record ids.
fn build_parameter_fields(card: &'static ModeCard, table: &str) -> Vec<FormField> {
    let Ok(outcome) = modes::run(Some(card.tool)) else { return Vec::new() };
    let Some(entry) = outcome.modes.into_iter().next() else { return Vec::new() };
    let schema = Json::from(entry.parameters);
    let Some(properties) = schema.get("properties").and_then(Json::as_object) else { return Vec::new() };
    let ids: Vec<&str> = card.fault_records().map(|record| record.parameter).collect();
    let mut fields = Vec::new();
    for (name, property) in properties.iter().filter(|(name, _)| !ids.contains(&name.as_str())) {
        // The parameter that names the table follows from the record.
        let is_table = card.table_parameter == Some(name.as_str());
        fields.push(build_field(name, property, is_table.then_some(table)));
    }
    fields
}

/// Returns the field of a parameter from its JSON schema, with its first value.
pub(super) fn build_field(name: &str, property: &Json, value: Option<&str>) -> FormField {
    let about = property.get("description").and_then(Json::as_str).unwrap_or_default();
    let words = property.get("enum").and_then(Json::as_array).map(|words| {
        let words = words.iter().filter_map(Json::as_str).map(str::to_owned);
        std::iter::once(String::new()).chain(words).collect::<Vec<_>>()
    });
    // The type of an optional flag is a list with "null".
    let is_flag = property.get("type").is_some_and(|of_type| of_type.to_string().contains("boolean"));
    let kinds = match words {
        Some(words) => FieldInput::Choice(words),
        None if is_flag => FieldInput::Choice(["", "true", "false"].map(str::to_owned).to_vec()),
        None => FieldInput::Text,
    };
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    FormField { name: name.to_owned(), about, kinds, value: value.unwrap_or_default().to_owned() }
}

/// Returns the request that the form describes; `None` without a mode.
#[must_use]
pub fn build_request(plan: &PlanScreen) -> Option<Request> {
    let card = plan.mode?;
    let mut request =
        Request { tool: card.tool.to_owned(), parameters: Map::new(), options: Options::default(), output: None };
    // A seed typed into the form replaces this one below.
    request.options.seed = plan.seed;
    for field in plan.form.iter().filter(|field| !field.value.is_empty()) {
        let value = field.value.as_str();
        match field.name.as_str() {
            "variant" => request.options.variant = Some(value.to_owned()),
            "seed" => request.options.seed = value.parse().ok(),
            "now" => request.options.now = Some(value.to_owned()),
            "max_rows" => request.options.max_rows = value.parse().ok(),
            name => {
                let json = match value {
                    "true" | "false" => Json::from(value == "true"),
                    text => Json::from(text),
                };
                request.parameters.insert(name.to_owned(), json);
            }
        }
    }
    Some(request)
}

/// Requests a preview of the form.
pub fn request_preview(state: &mut state::TuiState) -> Vec<Effect> {
    (state.plan.preview, state.plan.failure) = (None, None);
    let Some(request) = build_request(&state.plan) else { return Vec::new() };
    state.request_job(Job::Preview(Box::new(request)))
}

/// Applies a preview.
pub fn receive_preview(state: &mut state::TuiState, preview: Preview) {
    let at = preview.pictures.as_ref().map_or(0, crate::ops::browse::BeforeAfter::first_changed);
    state.plan.player = Player { at, plays: false };
    state.plan.failure = None;
    state.plan.seed = preview.request.options.seed;
    state.plan.preview = Some(preview);
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let length = state.plan.form.len();
    if move_in_list(&mut state.plan.place, action, length.max(1), length) {
        return Vec::new();
    }
    let stills = state.plan.still_count();
    if state.plan.player.perform_action(action, stills) {
        return Vec::new();
    }
    match action {
        Action::Left => cycle_choice(state, -1),
        Action::Right => cycle_choice(state, 1),
        Action::Open => edit_field(state),
        Action::View => {
            let has_pictures = state.plan.preview.as_ref().is_none_or(|preview| preview.pictures.is_some());
            state.plan.view = state.plan.view.next(has_pictures);
            Vec::new()
        }
        Action::Find => find_record(state),
        Action::Apply => {
            open_commit_question(state);
            Vec::new()
        }
        Action::Back => crate::tui::update::show_screen(state, Screen::Records),
        _ => Vec::new(),
    }
}

/// Requests a record that is eligible for the variant.
fn find_record(state: &mut state::TuiState) -> Vec<Effect> {
    let (Some(card), Some(request)) = (state.plan.mode, build_request(&state.plan)) else { return Vec::new() };
    let parameter = state.plan.form.first().map(|field| field.name.clone()).unwrap_or_default();
    let record = card.fault_records().find(|record| record.parameter == parameter).unwrap_or(&card.record);
    let Some(domain) = domains::of_mode(card.id) else { return Vec::new() };
    let Some(kind) = domain.kind_of_table(record.table) else { return Vec::new() };
    let kind = kind.word.to_owned();
    let variant = request.options.variant;
    let selector = FilterValues::default();
    let request = find::Request { kind, selector, eligible: Some(card.tool.to_owned()), variant, limit: 1 };
    (state.plan.preview, state.plan.failure) = (None, None);
    state.request_job(Job::Find(Box::new(request)))
}

/// Puts an eligible record into the form, or says why there is none.
pub fn receive_found_record(state: &mut state::TuiState, outcome: &find::Outcome) -> Vec<Effect> {
    let id = outcome.records.first().and_then(|record| record.cells.first()).map(|(_, id)| id.to_string());
    match (id, state.plan.form.first_mut()) {
        (Some(id), Some(field)) => field.value = id,
        _ => {
            let why = outcome.why_none.clone().unwrap_or_else(|| "no record is eligible".to_owned());
            let hint = crate::tui::next_step::render_hint(&outcome.next);
            state.show_note(Role::Warning, if hint.is_empty() { why } else { format!("{why}: {hint}") });
        }
    }
    request_preview(state)
}

fn cycle_choice(state: &mut state::TuiState, by: isize) -> Vec<Effect> {
    let Some(field) = state.plan.form.get_mut(state.plan.place.at) else { return Vec::new() };
    let FieldInput::Choice(words) = &field.kinds else { return Vec::new() };
    let at = words.iter().position(|word| *word == field.value).unwrap_or(0);
    let length = isize::try_from(words.len()).unwrap_or(1).max(1);
    let next = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(length);
    field.value = usize::try_from(next).ok().and_then(|at| words.get(at)).cloned().unwrap_or_default();
    request_preview(state)
}

fn edit_field(state: &mut state::TuiState) -> Vec<Effect> {
    let at = state.plan.place.at;
    let Some(field) = state.plan.form.get(at) else {
        return crate::tui::update::show_screen(state, Screen::Modes);
    };
    if matches!(field.kinds, FieldInput::Choice(_)) {
        return cycle_choice(state, 1);
    }
    state.overlay = Some(Overlay::Input(InputLine {
        title: field.name.clone(),
        hint: field.about.clone(),
        text: field.value.clone(),
        purpose: InputPurpose::Field(at),
    }));
    Vec::new()
}

/// Puts typed text into a field of the form, and requests a new preview.
pub fn fill_field(state: &mut state::TuiState, at: usize, text: &str) -> Vec<Effect> {
    let Some(field) = state.plan.form.get_mut(at) else { return Vec::new() };
    let is_number = ["seed", "max_rows"].contains(&field.name.as_str());
    if is_number && !text.trim().is_empty() && text.trim().parse::<u64>().is_err() {
        let warning = format!("{}: `{text}` is not a whole number", field.name);
        state.show_note(Role::Warning, warning);
        return Vec::new();
    }
    text.trim().clone_into(&mut field.value);
    request_preview(state)
}

/// Asks whether to commit the previewed fault. For a critical one the target's name has to be typed.
fn open_commit_question(state: &mut state::TuiState) {
    let Some(preview) = &state.plan.preview else {
        let text = match (&state.plan.mode, &state.plan.failure) {
            (None, _) => "nothing is planned: choose a record and press b",
            (_, Some(_)) => "this plan cannot be committed, for the reason shown",
            (_, None) => "the preview is still being made: only what was previewed can be committed",
        };
        state.show_note(Role::Warning, text);
        return;
    };
    let plan = &preview.plan;
    let severity = words::parse_severity(&plan.label.severity);
    let name = plan.target.clone();
    let mut lines = vec![
        (Role::Text, format!("Commit {} ({}) on the target {name}:", plan.label.tool, plan.label.variant)),
        (
            Role::Text,
            format!(
                "{}, {}",
                words::render_count(plan.records, "record"),
                words::render_count(plan.rows, "row to change")
            ),
        ),
        (words::severity_role(severity), format!("severity {} ({})", plan.label.severity, severity.word())),
    ];
    lines.extend(plan.residue.iter().map(|residue| (Role::Warning, format!("cannot be restored: {residue:?}"))));
    lines.push((Role::Dim, "It is journaled first, and can be taken back.".to_owned()));
    let critical = severity == crate::model::Severity::Critical;
    state.overlay = Some(Overlay::Question(QuestionDialog {
        title: "Commit the fault".to_owned(),
        lines,
        typed: critical.then(|| (name, String::new())),
        danger: DangerousAction::Apply { request: Box::new(preview.request.clone()), digest: plan.plan_digest },
        top: 0,
    }));
}
