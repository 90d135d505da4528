//! The screen of records, of the kinds that the domain lists. Pages are read as the list is scrolled.

use super::{Player, move_in_list};
use crate::domain::Domain;
use crate::domain::filter::FilterValues;
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
use crate::tui::message::Effect;
use crate::tui::state;
use crate::tui::theme::Role;

/// How many records a page has.
pub const PAGE: u32 = 200;
/// The most records kept. Beyond it those at the other end are dropped.
pub const KEPT: usize = 1000;
/// How near to an end of the read records the next page is requested.
const NEAR: usize = 60;

/// A record that the listed ones belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclosingRecord {
    /// The kind of that record.
    pub kind: &'static RecordKind,
    /// The id of that record.
    pub id: i64,
    /// The column of the listed records that refers to it, and the value there.
    pub only: (String, i64),
}

/// The view of the selected record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordView {
    /// A picture, if there is one, else its cells.
    #[default]
    Picture,
    /// All cells of the record.
    Cells,
}

/// The state of the screen.
#[derive(Debug)]
pub struct RecordsScreen {
    /// The domain of the target.
    pub domain: &'static dyn Domain,
    /// The listed kind.
    pub kind: &'static RecordKind,
    /// The records that they belong to, outermost first.
    pub within: Vec<EnclosingRecord>,
    /// The filter that the records match; empty lists all.
    pub selector: FilterValues,
    /// The text that the filter was typed as.
    pub search: String,
    /// The records read so far, by ascending id.
    pub rows: Vec<ListedRecord>,
    /// Whether there may be more before them.
    pub more_before: bool,
    /// Whether there may be more after them.
    pub more_after: bool,
    /// The selected record.
    pub place: ListPosition,
    /// The number of records in the target; `None` until counted, and never counted with a filter.
    pub total: Option<u64>,
    /// Why reading failed.
    pub trouble: Option<String>,
    /// Whether a page has been requested.
    pub fetched: bool,
    /// The id to select when the page arrives.
    pub goal: Option<i64>,
    /// Steps down beyond the last read record, made up for when the next page arrives.
    pub owed: usize,
    /// Kind, id and all columns of the record read last.
    pub whole: Option<(&'static RecordKind, i64, WholeRecord)>,
    /// How the record is shown.
    pub view: RecordView,
    /// The shown control point.
    pub player: Player,
    /// The mode for which a record is being chosen.
    pub mode: Option<&'static str>,
}

impl Default for RecordsScreen {
    fn default() -> Self {
        Self::from_domain(domains::FIRST)
    }
}

/// The kind of a domain that has no kinds.
static NOTHING: RecordKind = RecordKind::new("record", "records", "");

impl RecordsScreen {
    /// Returns the state for a domain before anything is read.
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

    /// Returns the faultable kind whose records contain those of the listed kind, such as the field of control points.
    fn parent_kind(&self) -> Option<&'static RecordKind> {
        let kinds = self.domain.kinds().iter().copied();
        kinds.filter(|kind| kind.faultable).find(|kind| kind.opens == Some(self.kind.word))
    }

    /// Returns the kind on which most modes make faults, the first of several.
    fn first_faultable(&self) -> Option<&'static RecordKind> {
        let kinds = self.domain.kinds().iter().copied().filter(|kind| kind.faultable);
        // Of several largest ones `max_by_key` returns the last.
        kinds.rev().max_by_key(|kind| modes_of(self.domain, kind).count())
    }

    /// Returns the selected record.
    #[must_use]
    pub fn in_hand(&self) -> Option<&ListedRecord> {
        self.rows.get(self.place.at)
    }

    /// Returns the column and value that the listed records must have, if they belong to another record.
    #[must_use]
    pub fn column_filter(&self) -> Option<(String, i64)> {
        self.within.last().map(|within| within.only.clone())
    }

    /// Returns the number of control points, or places of a series, to step through.
    #[must_use]
    pub fn still_count(&self) -> usize {
        match self.whole.as_ref().and_then(|(.., whole)| whole.picture.as_ref()) {
            Some(Picture::Film(film, _)) => film.stills.len(),
            Some(Picture::Series(series)) => series.point_positions().len(),
            _ => 0,
        }
    }

    /// Adds a page of records before `from`, or the last page of all. Returns false, and adds nothing, if the list does
    /// not begin with `from` any more.
    fn prepend_page(&mut self, from: Option<i64>, page: Outcome) -> bool {
        let Outcome { records: mut rows, more } = page;
        // A page that is read backwards comes with the highest id first.
        rows.reverse();
        let added = rows.len();
        match from {
            None => {
                (self.rows, self.more_after) = (Vec::new(), false);
                self.place = ListPosition { at: added.saturating_sub(1), top: 0 };
            }
            Some(from) if self.rows.first().is_some_and(|row| row.id == from) => {
                self.place = ListPosition { at: self.place.at + added, top: self.place.top + added };
            }
            Some(_) => return false,
        }
        self.more_before = more;
        rows.append(&mut self.rows);
        self.rows = rows;
        if self.rows.len() > KEPT {
            self.rows.truncate(KEPT);
            self.more_after = true;
        }
        true
    }

    /// Adds a page of records after `from`. Returns false, and adds nothing, if the list does not end with `from` any
    /// more.
    fn append_page(&mut self, from: Option<i64>, page: Outcome) -> bool {
        if self.rows.last().is_some_and(|row| from != Some(row.id)) {
            return false;
        }
        let Outcome { records: mut rows, more } = page;
        self.more_after = more;
        self.rows.append(&mut rows);
        let dropped = self.rows.len().saturating_sub(KEPT);
        if dropped > 0 {
            self.rows.drain(..dropped);
            self.more_before = true;
            let ListPosition { at, top } = self.place;
            self.place = ListPosition { at: at.saturating_sub(dropped), top: top.saturating_sub(dropped) };
        }
        // Steps that were made beyond the end while the page was read.
        let goal = self.place.at + self.owed;
        self.place.move_to(goal, self.rows.len());
        self.owed = if self.more_after { goal - self.place.at } else { 0 };
        true
    }

    fn build_request(&self, from: Option<i64>, backwards: bool) -> Request {
        let page = KeyPage { only: self.column_filter(), from, backwards, limit: PAGE };
        Request { kind: self.kind, selector: self.selector.clone(), page }
    }
}

/// Requests the first page, unless one has been requested.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    // The kinds follow from the target's domain, which the status reports.
    let is_domain_known = state.status.is_some() || state.trouble.is_some();
    if state.records.fetched || !is_domain_known { Vec::new() } else { fetch_list(state, None) }
}

/// Lists records of a kind: all of them, or those that belong to a record.
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

/// Reads the list again, from an id on or from its beginning.
pub fn fetch_list(state: &mut state::TuiState, goal: Option<i64>) -> Vec<Effect> {
    let records = &mut state.records;
    records.rows.clear();
    (records.place, records.total, records.trouble, records.whole) = (ListPosition::default(), None, None, None);
    (records.fetched, records.goal, records.owed) = (true, goal, 0);
    // Pages begin after an id, so the goal itself comes first.
    let request = records.build_request(goal.map(|goal| goal.saturating_sub(1)), false);
    records.more_before = goal.is_some();
    let mut effects = state.request_job(Job::Page(request));
    // A count knows no filter, only the enclosing record.
    if state.records.selector.is_empty() {
        let (kind, only) = (state.records.kind, state.records.column_filter());
        effects.extend(state.request_job(Job::Count { kind, only }));
    }
    effects
}

/// Applies a page of records, if it still belongs to what is listed.
pub fn receive_page(state: &mut state::TuiState, request: &Request, outcome: Outcome) -> Vec<Effect> {
    let records = &mut state.records;
    let is_current = request.kind == records.kind
        && request.page.only == records.column_filter()
        && request.selector == records.selector;
    if !is_current {
        return Vec::new();
    }
    records.trouble = None;
    let is_adjacent = if request.page.backwards {
        records.prepend_page(request.page.from, outcome)
    } else {
        records.append_page(request.page.from, outcome)
    };
    if !is_adjacent {
        return Vec::new();
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

/// Requests the selected record, and another page if an end of the read records is near.
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
    let selected = records.in_hand().map(|row| (records.kind, row.id));
    let known = records.whole.as_ref().map(|(kind, id, _)| (*kind, *id));
    let mut effects = Vec::new();
    // Not while a page is being read: its answer asks again if the end is still near.
    if let (Some(request), None) = (next, state.lanes.running_in(crate::tui::job::JobLane::List)) {
        effects.extend(state.request_job(Job::Page(request)));
    }
    if let Some((kind, id)) = selected.filter(|selected| known != Some(*selected)) {
        effects.extend(state.request_job(Job::Record { kind, id }));
    }
    effects
}

/// Applies the columns and the picture of the selected record.
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

/// Returns the number of visible rows of the list; follows the layout of `views::halves`.
#[must_use]
pub fn rows_seen(state: &state::TuiState) -> usize {
    let body = usize::from(state.body_rows());
    if crate::tui::views::is_wide(state.size.0) { body.saturating_sub(4) } else { (body * 45 / 100).saturating_sub(4) }
        .max(1)
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let rows = rows_seen(state);
    // The ends of the list may not be read yet: they are read, instead of moving to the last known record.
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

/// Counts steps beyond the last read record, so that a held key loses none while the next page is read.
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

/// Lists the next or previous kind, within the same enclosing record if its kind refers to the new one.
fn cycle_kind(state: &mut state::TuiState, by: isize) -> Vec<Effect> {
    let kinds = state.records.domain.kinds();
    let at = kinds.iter().position(|kind| *kind == state.records.kind).unwrap_or(0);
    let length = isize::try_from(kinds.len()).unwrap_or(1).max(1);
    let next = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(length);
    let Some(kind) = usize::try_from(next).ok().and_then(|at| kinds.get(at)).copied() else { return Vec::new() };
    let records = &mut state.records;
    records.kind = kind;
    // Enclosing records are dropped until one is left that the new kind belongs to as well.
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

/// Searches for typed text: an id, or filters of the domain such as `flag=value`.
pub fn search_records(state: &mut state::TuiState, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if let Ok(id) = text.parse::<i64>() {
        return fetch_list(state, Some(id));
    }
    let mut selector = FilterValues::default();
    for word in text.split_whitespace() {
        let filter = word.split_once(['=', ':']).and_then(|(flag, value)| {
            let mut cards = state.records.domain.filters().iter();
            Some((cards.find(|card| card.flag == flag || card.aliases.contains(&flag))?, value))
        });
        let Some((card, value)) = filter else {
            let hint = describe_search(state.records.domain);
            state.show_note(Role::Warning, format!("cannot search for `{word}` here: {hint}"));
            return Vec::new();
        };
        selector.set(card.flag, value);
    }
    // A part is found with what it belongs to.
    let parent = state.records.parent_kind().filter(|_| state.records.kind.opens.is_none());
    if let (Some(parent), false) = (parent, selector.is_empty()) {
        let (word, plural) = (parent.word, state.records.kind.plural);
        state.show_note(Role::Warning, format!("find the {word} and open it to see its {plural}"));
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

/// Returns what can be typed to search records of a domain, with examples.
#[must_use]
pub fn describe_search(domain: &dyn Domain) -> String {
    let examples: Vec<String> = domain.filters().iter().map(|card| format!("{}={}", card.flag, card.example)).collect();
    if examples.is_empty() { "an id".to_owned() } else { format!("an id, or {}", examples.join(" ")) }
}

fn choose_mode(state: &mut state::TuiState) -> Vec<Effect> {
    let Some(id) = state.records.in_hand().map(|row| row.id) else { return Vec::new() };
    let (domain, kind) = (state.records.domain, state.records.kind);
    // A mode chosen before is used at once, if it fits this kind.
    if let Some(tool) = state.records.mode.filter(|tool| modes_of(domain, kind).any(|card| card.tool == *tool)) {
        return super::plan::begin_plan(state, tool, kind, id);
    }
    let mut lines = list_mode_choices(domain, kind, id);
    // Many faults of a part are made on the record that contains it, so its modes are offered too.
    if let Some((parent, id)) =
        state.records.parent_kind().and_then(|parent| Some((parent, containing_id(state, parent)?)))
    {
        lines.extend(list_mode_choices(domain, parent, id));
    }
    if lines.is_empty() {
        let other = state.records.first_faultable().map_or("record", |kind| kind.word);
        state.show_note(
            Role::Note,
            format!("no failure mode applies to a {}: open it, and choose a {other}", kind.word),
        );
        return Vec::new();
    }
    let title = format!("Commit a fault on {} {id} with", kind.word);
    state.overlay = Some(Overlay::Menu(Menu { title, lines, place: ListPosition::default() }));
    Vec::new()
}

/// Returns the id of the record that contains the selected one: both kinds list it under the same column name.
fn containing_id(state: &state::TuiState, parent: &RecordKind) -> Option<i64> {
    let id = parent.column_names().next()?;
    let at = state.records.kind.column_names().position(|name| name == id)?;
    state.records.in_hand()?.cells.get(at)?.parse().ok()
}

/// Returns the modes of a domain that can be applied to records of a kind.
fn modes_of(domain: &dyn Domain, kind: &'static RecordKind) -> impl Iterator<Item = &'static ModeCard> {
    let cards = domain.modes().iter().map(|mode| mode.card());
    cards.filter(|card| card.fault_records().any(|record| record.table == kind.table))
}

fn list_mode_choices(domain: &dyn Domain, kind: &'static RecordKind, id: i64) -> Vec<(MenuChoice, String, String)> {
    let mut lines = Vec::new();
    for card in modes_of(domain, kind) {
        let choice = MenuChoice::Mode { tool: card.tool, kind, id };
        lines.push((choice, card.tool.to_owned(), format!("{}, on {} {id}", card.title, kind.word)));
    }
    lines
}
