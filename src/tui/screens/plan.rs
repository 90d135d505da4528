//! A fault that is planned: a form made from the mode's own parameters, and what it would do, before anything is
//! written.

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
use crate::tui::look::Role;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};
use crate::tui::words;

/// What a line of the form takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldInput {
    /// One of these words, the first of which leaves it out.
    Choice(Vec<String>),
    /// Text.
    Text,
}

/// A line of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// The parameter or option.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What it takes.
    pub kinds: FieldInput,
    /// What stands there; empty leaves it out.
    pub value: String,
}

/// Which view of the preview.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanView {
    /// A picture before and after, where there is one, else the changes.
    #[default]
    Picture,
    /// The changes, cell by cell.
    Changes,
    /// Bytes before and after.
    Bytes,
}

impl PlanView {
    /// Returns the view that is seen: where nobody draws pictures, the changes stand for them.
    #[must_use]
    pub const fn effective_view(self, drawn: bool) -> Self {
        match self {
            Self::Picture if !drawn => Self::Changes,
            view => view,
        }
    }

    /// Returns the next view.
    #[must_use]
    pub const fn next(self, drawn: bool) -> Self {
        match self.effective_view(drawn) {
            Self::Picture => Self::Changes,
            Self::Changes => Self::Bytes,
            Self::Bytes => Self::Picture.effective_view(drawn),
        }
    }
}

/// What is planned.
#[derive(Debug, Default)]
pub struct PlanScreen {
    /// The mode.
    pub mode: Option<&'static ModeCard>,
    /// The form.
    pub form: Vec<FormField>,
    /// Which line is in hand.
    pub place: ListPosition,
    /// The seed that was drawn: the same choice shows the same plan.
    pub seed: Option<u64>,
    /// What it would do.
    pub preview: Option<Preview>,
    /// Why that is not known.
    pub failure: Option<Failure>,
    /// How it is seen.
    pub view: PlanView,
    /// Which control point.
    pub player: Player,
}

impl PlanScreen {
    /// Returns how many control points, or else changes, there are to step through.
    #[must_use]
    pub fn still_count(&self) -> usize {
        let shown = self.preview.as_ref();
        shown.map_or(0, |shown| super::count_steps(shown.plan.changes.len(), shown.pictures.as_ref()))
    }
}

/// The options of every plan that the form offers behind the mode's own parameters.
const OPTIONS: [(&str, &str); 3] = [
    ("seed", "The seed of every choice, 0 to 2^53-1; drawn if empty"),
    ("now", "The target's wall clock, as YYYY-MM-DDTHH:MM:SS; read if empty"),
    ("max_rows", "Refuse to change more rows than this; 10000 if empty"),
];

/// Begins a plan of a mode on a record.
pub fn begin_plan(state: &mut state::TuiState, tool: &str, kind: &'static RecordKind, id: i64) -> Vec<Effect> {
    let Some(mode) = domains::find_mode(tool) else { return Vec::new() };
    let card = mode.card();
    // The variant is what a person chooses first.
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
    let given: Map<String, Json> =
        card.table_parameter.map(|name| (name.to_owned(), Json::from(record.table))).into_iter().collect();
    let mode = domains::find_mode(card.tool);
    let can = |word: &str| mode.is_none_or(|mode| mode.complete(&given, Some(word)).is_ok());
    words.extend(card.variants.iter().map(|variant| variant.word).filter(|word| can(word)).map(str::to_owned));
    let first = words.get(1).cloned().unwrap_or_default();
    let about = "What goes wrong; the parameters left empty are proposed for it".to_owned();
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
    let option = |(name, about): (&str, &str)| FormField {
        name: name.to_owned(),
        about: about.to_owned(),
        kinds: FieldInput::Text,
        value: String::new(),
    };
    form.extend(OPTIONS.map(option));
    form
}

/// Returns the lines of the mode's own parameters, from their schema.
fn build_parameter_fields(card: &'static ModeCard, table: &str) -> Vec<FormField> {
    let Ok(outcome) = modes::run(Some(card.tool)) else { return Vec::new() };
    let Some(entry) = outcome.modes.into_iter().next() else { return Vec::new() };
    let schema = Json::from(entry.parameters);
    let Some(properties) = schema.get("properties").and_then(Json::as_object) else { return Vec::new() };
    let ids: Vec<&str> = card.fault_records().map(|record| record.parameter).collect();
    let own = properties.iter().filter(|(name, _)| !ids.contains(&name.as_str()));
    own.map(|(name, property)| {
        build_field(name, property, card.table_parameter.filter(|own| own == name).map(|_| table))
    })
    .collect()
}

/// Returns the line of a parameter, from its schema, with what stands there.
pub(super) fn build_field(name: &str, property: &Json, value: Option<&str>) -> FormField {
    let about = property.get("description").and_then(Json::as_str).unwrap_or_default();
    let words = property.get("enum").and_then(Json::as_array).map(|words| {
        let words = words.iter().filter_map(Json::as_str).map(str::to_owned);
        std::iter::once(String::new()).chain(words).collect::<Vec<_>>()
    });
    let is_flag = property.get("type").is_some_and(|of_type| of_type.to_string().contains("boolean"));
    let kinds = match words {
        Some(words) => FieldInput::Choice(words),
        None if is_flag => FieldInput::Choice(["", "true", "false"].map(str::to_owned).to_vec()),
        None => FieldInput::Text,
    };
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    FormField { name: name.to_owned(), about, kinds, value: value.unwrap_or_default().to_owned() }
}

/// Returns the request that the form makes.
#[must_use]
pub fn build_request(plan: &PlanScreen) -> Option<Request> {
    let card = plan.mode?;
    let mut request =
        Request { tool: card.tool.to_owned(), parameters: Map::new(), options: Options::default(), output: None };
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

/// Asks what the form would do.
pub fn request_preview(state: &mut state::TuiState) -> Vec<Effect> {
    (state.plan.preview, state.plan.failure) = (None, None);
    let Some(request) = build_request(&state.plan) else { return Vec::new() };
    state.request_job(Job::Preview(Box::new(request)))
}

/// Takes in what it would do.
pub fn receive_preview(state: &mut state::TuiState, preview: Preview) {
    let at = preview.pictures.as_ref().map_or(0, crate::ops::browse::BeforeAfter::first_changed);
    state.plan.player = Player { at, plays: false };
    state.plan.failure = None;
    state.plan.seed = preview.request.options.seed;
    state.plan.preview = Some(preview);
}

/// Does what a key says.
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
            let drawn = state.plan.preview.as_ref().is_none_or(|preview| preview.pictures.is_some());
            state.plan.view = state.plan.view.next(drawn);
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

/// Asks for a record that can show the variant.
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

/// Takes the record that was found into the form.
pub fn receive_found_record(state: &mut state::TuiState, outcome: &find::Outcome) -> Vec<Effect> {
    let id = outcome.records.first().and_then(|record| record.cells.first()).map(|(_, id)| id.to_string());
    match (id, state.plan.form.first_mut()) {
        (Some(id), Some(field)) => field.value = id,
        _ => {
            let why = outcome.why_none.clone().unwrap_or_else(|| "no record can show it".to_owned());
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

/// Takes what was typed into a line of the form.
pub fn fill_field(state: &mut state::TuiState, at: usize, text: &str) -> Vec<Effect> {
    let number = |name: &str| ["seed", "max_rows"].contains(&name);
    let Some(field) = state.plan.form.get_mut(at) else { return Vec::new() };
    if number(&field.name) && !text.trim().is_empty() && text.trim().parse::<u64>().is_err() {
        let said = format!("{}: `{text}` is no whole number", field.name);
        state.show_note(Role::Warning, said);
        return Vec::new();
    }
    text.trim().clone_into(&mut field.value);
    request_preview(state)
}

/// Asks whether to commit what was previewed.
fn open_commit_question(state: &mut state::TuiState) {
    let Some(preview) = &state.plan.preview else {
        let text = match (&state.plan.mode, &state.plan.failure) {
            (None, _) => "nothing is planned: choose a record, and press b",
            (_, Some(_)) => "this plan cannot be committed, for the reason shown",
            (_, None) => "the preview is still under way: what is committed is what was seen",
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
    lines.extend(plan.residue.iter().map(|residue| (Role::Warning, format!("cannot be put back: {residue:?}"))));
    lines.push((Role::Dim, "It is journaled first, and can be taken back.".to_owned()));
    let critical = severity == crate::model::Severity::Critical;
    state.overlay = Some(Overlay::Question(QuestionDialog {
        title: "Commit the fault".to_owned(),
        lines,
        typed: critical.then(|| (name, String::new())),
        danger: DangerousAction::Apply { request: Box::new(preview.request.clone()), digest: plan.plan_digest },
    }));
}
