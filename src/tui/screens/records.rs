//! The records of the target, of the kinds that its domain has, fetched as they are seen.

use super::{Player, move_in_list};
use crate::domain::Domain;
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::mode::ModeCard;
use crate::domain::picture::RecordPicture as Picture;
use crate::domain::record::RecordKind;
use crate::domains;
use crate::model::KeyPage;
use crate::ops::browse::{ListedRecord, Outcome, Request, WholeRecord};
use crate::tui::dialog::{Menu, MenuChoice, Overlay};
use crate::tui::job::Job;
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::look::Role;
use crate::tui::message::Effect;
use crate::tui::state;

/// How many records are fetched in one go.
pub const PAGE: u32 = 200;
/// How many records are kept at most.
pub const KEPT: usize = 1000;
/// How near to an end of what was fetched more is asked for.
const NEAR: usize = 60;

/// What narrows the list: a record that the others belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclosingRecord {
    /// Its kind.
    pub kind: &'static RecordKind,
    /// Its id.
    pub id: i64,
    /// The column by which others belong to it, and what stands there.
    pub only: (String, i64),
}

/// Which view of the record in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordView {
    /// A picture, where there is one, else its cells.
    #[default]
    Picture,
    /// Its cells.
    Cells,
}

/// What is known of the records.
#[derive(Debug)]
pub struct RecordsScreen {
    /// The domain of the target.
    pub domain: &'static dyn Domain,
    /// The kind that is listed.
    pub kind: &'static RecordKind,
    /// What they belong to, from the whole to the part.
    pub within: Vec<EnclosingRecord>,
    /// What narrows them.
    pub selector: FilterValues,
    /// What was typed to narrow them.
    pub search: String,
    /// Those that were fetched, by ascending id.
    pub rows: Vec<ListedRecord>,
    /// Whether there may be more before these.
    pub more_before: bool,
    /// Whether there may be more behind these.
    pub more_after: bool,
    /// Which is in hand.
    pub place: ListPosition,
    /// How many there are.
    pub total: Option<u64>,
    /// What went wrong.
    pub trouble: Option<String>,
    /// Whether anything was fetched.
    pub fetched: bool,
    /// Where the list is to stand once it is there.
    pub goal: Option<i64>,
    /// How many lines were asked for beyond what was fetched.
    pub owed: usize,
    /// The record in hand, whole.
    pub whole: Option<(&'static RecordKind, i64, WholeRecord)>,
    /// How it is seen.
    pub view: RecordView,
    /// Which control point.
    pub player: Player,
    /// The mode that a record is looked for.
    pub mode: Option<&'static str>,
}

impl Default for RecordsScreen {
    fn default() -> Self {
        Self::from_domain(domains::FIRST)
    }
}

/// The kind of a domain that lists none.
static NOTHING: RecordKind = RecordKind::new(["record", "records", ""], ("", ""), &[]);

impl RecordsScreen {
    /// Returns what is known of the records of a domain before any was fetched.
    #[must_use]
    pub fn from_domain(domain: &'static dyn Domain) -> Self {
        Self {
            domain,
            kind: domain.kinds().first().copied().unwrap_or(&NOTHING),
            within: Vec::new(),
            selector: FilterValues::default(),
            search: String::new(),
            rows: Vec::new(),
            more_before: false,
            more_after: false,
            place: ListPosition::default(),
            total: None,
            trouble: None,
            fetched: false,
            goal: None,
            owed: 0,
            whole: None,
            view: RecordView::default(),
            player: Player::default(),
            mode: None,
        }
    }

    /// Returns the kind that faults are made on and that opens the one listed: a field of control points.
    fn parent_kind(&self) -> Option<&'static RecordKind> {
        let kinds = self.domain.kinds().iter().copied();
        kinds.filter(|kind| kind.faultable).find(|kind| kind.opens == Some(self.kind.word))
    }

    /// Returns the first kind that faults are made on.
    fn first_faultable(&self) -> Option<&'static RecordKind> {
        self.domain.kinds().iter().copied().find(|kind| kind.faultable)
    }

    /// Returns the record in hand.
    #[must_use]
    pub fn in_hand(&self) -> Option<&ListedRecord> {
        self.rows.get(self.place.at)
    }

    /// Returns what the list is narrowed to.
    #[must_use]
    pub fn column_filter(&self) -> Option<(String, i64)> {
        self.within.last().map(|within| within.only.clone())
    }

    /// Returns how many control points there are to play.
    #[must_use]
    pub fn still_count(&self) -> usize {
        match self.whole.as_ref().and_then(|(.., whole)| whole.picture.as_ref()) {
            Some(Picture::Film(film, _)) => film.stills.len(),
            Some(Picture::Series(series)) => series.point_positions().len(),
            _ => 0,
        }
    }

    fn build_request(&self, from: Option<i64>, backwards: bool) -> Request {
        let page = KeyPage { only: self.column_filter(), from, backwards, limit: PAGE };
        Request { kind: self.kind, selector: self.selector.clone(), page }
    }
}

/// Asks for what is missing.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    // Which kinds there are follows from the target.
    let known = state.status.is_some() || state.trouble.is_some();
    if state.records.fetched || !known { Vec::new() } else { fetch_list(state, None) }
}

/// Shows records of a kind, of everything or of what they belong to.
pub fn show_kind(
    state: &mut state::TuiState,
    kind: &'static RecordKind,
    within: Option<EnclosingRecord>,
) -> Vec<Effect> {
    let records = &mut state.records;
    match within {
        Some(within) => records.within.push(within),
        None => records.within.clear(),
    }
    records.kind = kind;
    records.selector = FilterValues::default();
    records.search.clear();
    fetch_list(state, None)
}

/// Fetches the list anew, around an id or from its beginning.
pub fn fetch_list(state: &mut state::TuiState, goal: Option<i64>) -> Vec<Effect> {
    let records = &mut state.records;
    records.rows.clear();
    (records.place, records.total, records.trouble, records.whole) = (ListPosition::default(), None, None, None);
    (records.fetched, records.goal, records.owed) = (true, goal, 0);
    let request = records.build_request(goal.map(|goal| goal.saturating_sub(1)), false);
    records.more_before = goal.is_some();
    let mut effects = state.request_job(Job::Page(request));
    if state.records.selector.is_empty() {
        let (kind, only) = (state.records.kind, state.records.column_filter());
        effects.extend(state.request_job(Job::Count { kind, only }));
    }
    effects
}

/// Takes in a page.
pub fn receive_page(state: &mut state::TuiState, request: &Request, outcome: Outcome) -> Vec<Effect> {
    let records = &mut state.records;
    let mine = request.kind == records.kind
        && request.page.only == records.column_filter()
        && request.selector == records.selector;
    if !mine {
        return Vec::new();
    }
    records.trouble = None;
    let Outcome { records: mut found, more } = outcome;
    if request.page.backwards {
        found.reverse();
        let before = match request.page.from {
            None => true,
            Some(from) => records.rows.first().is_some_and(|row| row.id == from),
        };
        if request.page.from.is_none() {
            (records.rows, records.more_after) = (Vec::new(), false);
        } else if !before {
            return Vec::new();
        }
        records.more_before = more;
        let (added, last) = (found.len(), request.page.from.is_none());
        found.append(&mut records.rows);
        records.rows = found;
        let at = if last { added.saturating_sub(1) } else { records.place.at + added };
        records.place = ListPosition { at, top: if last { 0 } else { records.place.top + added } };
        if records.rows.len() > KEPT {
            records.rows.truncate(KEPT);
            records.more_after = true;
        }
    } else {
        let follows = records.rows.last().is_none_or(|row| request.page.from == Some(row.id));
        if !follows {
            return Vec::new();
        }
        records.more_after = more;
        records.rows.append(&mut found);
        let spare = records.rows.len().saturating_sub(KEPT);
        if spare > 0 {
            records.rows.drain(..spare);
            records.more_before = true;
            let place = records.place;
            records.place = ListPosition { at: place.at.saturating_sub(spare), top: place.top.saturating_sub(spare) };
        }
        let wanted = records.place.at + records.owed;
        records.place.move_to(wanted, records.rows.len());
        records.owed = if records.more_after { wanted - records.place.at } else { 0 };
    }
    if let Some(goal) = records.goal.take() {
        match records.rows.first().map(|row| row.id) {
            Some(first) if first == goal => {}
            other => {
                let word = records.kind.word;
                let next = other.map_or_else(String::new, |id| format!("; the next one is {id}"));
                state.show_note(Role::Warning, format!("there is no {word} {goal} here{next}"));
            }
        }
    }
    request_missing(state)
}

/// Asks for the record in hand, and for more of the list where its end is near.
fn request_missing(state: &mut state::TuiState) -> Vec<Effect> {
    let records = &state.records;
    let near_end = records.place.at + NEAR >= records.rows.len();
    let next = if records.more_after && near_end {
        records.rows.last().map(|row| records.build_request(Some(row.id), false))
    } else if records.more_before && records.place.at < NEAR {
        records.rows.first().map(|row| records.build_request(Some(row.id), true))
    } else {
        None
    };
    let wanted = records.in_hand().map(|row| (records.kind, row.id));
    let known = records.whole.as_ref().map(|(kind, id, _)| (*kind, *id));
    let mut effects = Vec::new();
    if let (Some(request), None) = (next, state.lanes.running_in(crate::tui::job::JobLane::List)) {
        effects.extend(state.request_job(Job::Page(request)));
    }
    if let Some((kind, id)) = wanted.filter(|wanted| known != Some(*wanted)) {
        effects.extend(state.request_job(Job::Record { kind, id }));
    }
    effects
}

/// Takes in the record in hand.
pub fn receive_record(state: &mut state::TuiState, whole: WholeRecord) {
    let Some(id) = state.records.in_hand().map(|row| row.id) else { return };
    match &whole.picture {
        Some(Picture::Film(_, at)) => state.records.player = Player { at: *at, plays: false },
        Some(Picture::Series(series)) => {
            state.records.player = Player { at: series.place_in_hand(), plays: false };
        }
        _ => {}
    }
    state.records.whole = Some((state.records.kind, id, whole));
}

/// Returns how many rows of the list are seen.
#[must_use]
pub fn rows_seen(state: &state::TuiState) -> usize {
    let body = usize::from(state.body_rows());
    if crate::tui::views::is_wide(state.size.0) { body.saturating_sub(4) } else { (body * 45 / 100).saturating_sub(4) }
        .max(1)
}

/// Does what a key says.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let rows = rows_seen(state);
    if action == Action::End && state.records.more_after {
        let request = state.records.build_request(None, true);
        return state.request_job(Job::Page(request));
    }
    if action == Action::Home && state.records.more_before {
        return fetch_list(state, None);
    }
    let length = state.records.rows.len();
    record_owed_steps(&mut state.records, action, rows);
    if move_in_list(&mut state.records.place, action, rows, length) {
        state.records.player = Player::default();
        return request_missing(state);
    }
    let stills = state.records.still_count();
    if state.records.player.perform_action(action, stills) {
        return Vec::new();
    }
    match action {
        Action::Left => cycle_kind(state, -1),
        Action::Right => cycle_kind(state, 1),
        Action::View => {
            let view = &mut state.records.view;
            *view = if *view == RecordView::Picture { RecordView::Cells } else { RecordView::Picture };
            Vec::new()
        }
        Action::Open => open_record(state),
        Action::Back => go_back(state),
        Action::Break => choose_mode(state),
        Action::Ask => {
            super::queries::open_query_menu(state);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Remembers steps beyond the last line that was fetched, so that a key that is held never loses any.
fn record_owed_steps(records: &mut RecordsScreen, action: Action, rows: usize) {
    let step = match action {
        Action::Down => 1,
        Action::PageDown => rows.saturating_sub(1).max(1),
        _ => 0,
    };
    let beyond = (records.place.at + step).saturating_sub(records.rows.len().saturating_sub(1));
    let pending = records.more_after && step > 0;
    records.owed = if pending { records.owed + beyond } else { 0 };
}

/// Turns to another kind, of the same patient or field where that leads to it.
fn cycle_kind(state: &mut state::TuiState, by: isize) -> Vec<Effect> {
    let kinds = state.records.domain.kinds();
    let at = kinds.iter().position(|kind| *kind == state.records.kind).unwrap_or(0);
    let length = isize::try_from(kinds.len()).unwrap_or(1).max(1);
    let next = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(length);
    let Some(kind) = usize::try_from(next).ok().and_then(|at| kinds.get(at)).copied() else { return Vec::new() };
    let records = &mut state.records;
    records.kind = kind;
    while let Some(within) = records.within.last_mut() {
        if let Some(column) = within.kind.leads_to(kind) {
            column.clone_into(&mut within.only.0);
            break;
        }
        records.within.pop();
    }
    records.selector = FilterValues::default();
    records.search.clear();
    fetch_list(state, None)
}

fn open_record(state: &mut state::TuiState) -> Vec<Effect> {
    let records = &state.records;
    let Some(row) = records.in_hand() else { return Vec::new() };
    let inside = records
        .kind
        .opens
        .and_then(|word| records.domain.find_kind(word))
        .and_then(|inside| Some((inside, records.kind.leads_to(inside)?)));
    let Some(((inside, column), link)) = inside.zip(row.link) else {
        state.records.view =
            if state.records.view == RecordView::Picture { RecordView::Cells } else { RecordView::Picture };
        return Vec::new();
    };
    let within = EnclosingRecord { kind: records.kind, id: row.id, only: (column.to_owned(), link) };
    show_kind(state, inside, Some(within))
}

fn go_back(state: &mut state::TuiState) -> Vec<Effect> {
    if !state.records.search.is_empty() {
        state.records.search.clear();
        state.records.selector = FilterValues::default();
        return fetch_list(state, None);
    }
    let Some(within) = state.records.within.pop() else {
        state.records.mode = None;
        return Vec::new();
    };
    state.records.kind = within.kind;
    if let Some(outer) = state.records.within.last_mut()
        && let Some(column) = outer.kind.leads_to(within.kind)
    {
        column.clone_into(&mut outer.only.0);
    }
    fetch_list(state, Some(within.id))
}

/// Takes what was typed to look for: an id, or what is known of the records.
pub fn search_records(state: &mut state::TuiState, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if let Ok(id) = text.parse::<i64>() {
        return fetch_list(state, Some(id));
    }
    let mut selector = FilterValues::default();
    for word in text.split_whitespace() {
        let card = word.split_once(['=', ':']).and_then(|(flag, value)| {
            let named = |card: &&FilterCard| card.flag == flag || card.aliases.contains(&flag);
            Some((state.records.domain.filters().iter().find(named)?, value))
        });
        let Some((card, value)) = card else {
            let known = describe_search(state.records.domain);
            state.show_note(Role::Warning, format!("`{word}` is not what can be looked for here: {known}"));
            return Vec::new();
        };
        selector.set(card.flag, value);
    }
    if let (Some(parent), false) = (state.records.parent_kind(), selector.is_empty()) {
        let (word, plural) = (parent.word, state.records.kind.plural);
        state.show_note(Role::Warning, format!("look for the {word}, and open it: its {plural} are inside"));
        return Vec::new();
    }
    if !selector.is_empty() {
        state.records.within.clear();
        if let (false, Some(kind)) = (state.records.kind.faultable, state.records.first_faultable()) {
            state.records.kind = kind;
        }
    }
    state.records.selector = selector;
    text.clone_into(&mut state.records.search);
    fetch_list(state, None)
}

/// Says what can be typed to look for records of a domain.
#[must_use]
pub fn describe_search(domain: &dyn Domain) -> String {
    let examples: Vec<String> = domain.filters().iter().map(|card| format!("{}={}", card.flag, card.example)).collect();
    if examples.is_empty() { "an id".to_owned() } else { format!("an id, or {}", examples.join(" ")) }
}

fn choose_mode(state: &mut state::TuiState) -> Vec<Effect> {
    let Some(id) = state.records.in_hand().map(|row| row.id) else { return Vec::new() };
    let (domain, kind) = (state.records.domain, state.records.kind);
    let takes = |tool: &str| modes_of(domain, kind).any(|card| card.tool == tool);
    if let Some(tool) = state.records.mode.filter(|tool| takes(tool)) {
        return super::plan::begin_plan(state, tool, kind, id);
    }
    let mut lines = modes_for(domain, kind, id);
    // Much of what goes wrong with a part is done to the whole that it belongs to.
    if let Some((parent, id)) = state.records.parent_kind().and_then(|parent| Some((parent, whole_of(state, parent)?)))
    {
        lines.extend(modes_for(domain, parent, id));
    }
    if lines.is_empty() {
        let other = state.records.first_faultable().map_or("record", |kind| kind.word);
        state.show_note(Role::Note, format!("no failure mode breaks a {}: open it, and choose a {other}", kind.word));
        return Vec::new();
    }
    let title = format!("Break {} {id} with", kind.word);
    state.overlay = Some(Overlay::Menu(Menu { title, lines, place: ListPosition::default() }));
    Vec::new()
}

/// Returns the id of the record of another kind that the one in hand belongs to: its list says it under the same name.
fn whole_of(state: &state::TuiState, parent: &RecordKind) -> Option<i64> {
    let id = parent.column_names().next()?;
    let at = state.records.kind.column_names().position(|name| name == id)?;
    state.records.in_hand()?.cells.get(at)?.parse().ok()
}

/// Returns the modes of a domain that break records of a kind.
fn modes_of(domain: &dyn Domain, kind: &'static RecordKind) -> impl Iterator<Item = &'static ModeCard> {
    let cards = domain.modes().iter().map(|mode| mode.card());
    cards.filter(|card| card.fault_records().any(|record| record.table == kind.table))
}

fn modes_for(domain: &dyn Domain, kind: &'static RecordKind, id: i64) -> Vec<(MenuChoice, String, String)> {
    let line = |card: &'static ModeCard| {
        let choice = MenuChoice::Mode { tool: card.tool, kind, id };
        (choice, card.tool.to_owned(), format!("{}, on {} {id}", card.title, kind.word))
    };
    modes_of(domain, kind).map(line).collect()
}
