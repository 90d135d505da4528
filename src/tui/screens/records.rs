//! The records of the target, of the kinds that its domain has, fetched as they are seen.

use super::{Player, moved};
use crate::domain::Domain;
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::mode::ModeCard;
use crate::domain::picture::RecordPicture as Picture;
use crate::domain::record::RecordKind;
use crate::domains;
use crate::model::Page;
use crate::ops::browse::{Outcome, Record, Request, Whole};
use crate::tui::dialog::{Choice, Menu, Overlay};
use crate::tui::job::Job;
use crate::tui::keys::Action;
use crate::tui::list::Place;
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
pub struct Within {
    /// Its kind.
    pub kind: &'static RecordKind,
    /// Its id.
    pub id: i64,
    /// The column by which others belong to it, and what stands there.
    pub only: (String, i64),
}

/// Which view of the record in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// A picture, where there is one, else its cells.
    #[default]
    Picture,
    /// Its cells.
    Cells,
}

/// What is known of the records.
#[derive(Debug)]
pub struct State {
    /// The domain of the target.
    pub domain: &'static dyn Domain,
    /// The kind that is listed.
    pub kind: &'static RecordKind,
    /// What they belong to, from the whole to the part.
    pub within: Vec<Within>,
    /// What narrows them.
    pub selector: FilterValues,
    /// What was typed to narrow them.
    pub search: String,
    /// Those that were fetched, by ascending id.
    pub rows: Vec<Record>,
    /// Whether there may be more before these.
    pub more_before: bool,
    /// Whether there may be more behind these.
    pub more_after: bool,
    /// Which is in hand.
    pub place: Place,
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
    pub whole: Option<(&'static RecordKind, i64, Whole)>,
    /// How it is seen.
    pub view: View,
    /// Which control point.
    pub player: Player,
    /// The mode that a record is looked for.
    pub mode: Option<&'static str>,
}

impl Default for State {
    fn default() -> Self {
        Self::of(domains::FIRST)
    }
}

/// The kind of a domain that lists none.
static NOTHING: RecordKind = RecordKind::new(["record", "records", ""], ("", ""), &[]);

impl State {
    /// Returns what is known of the records of a domain before any was fetched.
    #[must_use]
    pub fn of(domain: &'static dyn Domain) -> Self {
        Self {
            domain,
            kind: domain.kinds().first().copied().unwrap_or(&NOTHING),
            within: Vec::new(),
            selector: FilterValues::default(),
            search: String::new(),
            rows: Vec::new(),
            more_before: false,
            more_after: false,
            place: Place::default(),
            total: None,
            trouble: None,
            fetched: false,
            goal: None,
            owed: 0,
            whole: None,
            view: View::default(),
            player: Player::default(),
            mode: None,
        }
    }

    /// Returns the kind that faults are made on and that opens the one listed: a field of control points.
    fn parent(&self) -> Option<&'static RecordKind> {
        let kinds = self.domain.kinds().iter().copied();
        kinds.filter(|kind| kind.faultable).find(|kind| kind.opens == Some(self.kind.word))
    }

    /// Returns the first kind that faults are made on.
    fn first_faultable(&self) -> Option<&'static RecordKind> {
        self.domain.kinds().iter().copied().find(|kind| kind.faultable)
    }

    /// Returns the record in hand.
    #[must_use]
    pub fn in_hand(&self) -> Option<&Record> {
        self.rows.get(self.place.at)
    }

    /// Returns what the list is narrowed to.
    #[must_use]
    pub fn only(&self) -> Option<(String, i64)> {
        self.within.last().map(|within| within.only.clone())
    }

    /// Returns how many control points there are to play.
    #[must_use]
    pub fn stills(&self) -> usize {
        match self.whole.as_ref().and_then(|(.., whole)| whole.picture.as_ref()) {
            Some(Picture::Film(film, _)) => film.stills.len(),
            Some(Picture::Series(series)) => series.places().len(),
            _ => 0,
        }
    }

    fn request(&self, from: Option<i64>, backwards: bool) -> Request {
        let page = Page { only: self.only(), from, backwards, limit: PAGE };
        Request { kind: self.kind, selector: self.selector.clone(), page }
    }
}

/// Asks for what is missing.
pub fn enter(state: &mut state::State) -> Vec<Effect> {
    // Which kinds there are follows from the target.
    let known = state.status.is_some() || state.trouble.is_some();
    if state.records.fetched || !known { Vec::new() } else { fetch(state, None) }
}

/// Shows records of a kind, of everything or of what they belong to.
pub fn go(state: &mut state::State, kind: &'static RecordKind, within: Option<Within>) -> Vec<Effect> {
    let records = &mut state.records;
    match within {
        Some(within) => records.within.push(within),
        None => records.within.clear(),
    }
    records.kind = kind;
    records.selector = FilterValues::default();
    records.search.clear();
    fetch(state, None)
}

/// Fetches the list anew, around an id or from its beginning.
pub fn fetch(state: &mut state::State, goal: Option<i64>) -> Vec<Effect> {
    let records = &mut state.records;
    records.rows.clear();
    (records.place, records.total, records.trouble, records.whole) = (Place::default(), None, None, None);
    (records.fetched, records.goal, records.owed) = (true, goal, 0);
    let request = records.request(goal.map(|goal| goal.saturating_sub(1)), false);
    records.more_before = goal.is_some();
    let mut effects = state.ask(Job::Page(request));
    if state.records.selector.is_empty() {
        let (kind, only) = (state.records.kind, state.records.only());
        effects.extend(state.ask(Job::Count { kind, only }));
    }
    effects
}

/// Takes in a page.
pub fn take(state: &mut state::State, request: &Request, outcome: Outcome) -> Vec<Effect> {
    let records = &mut state.records;
    let mine =
        request.kind == records.kind && request.page.only == records.only() && request.selector == records.selector;
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
        records.place = Place { at, top: if last { 0 } else { records.place.top + added } };
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
            records.place = Place { at: place.at.saturating_sub(spare), top: place.top.saturating_sub(spare) };
        }
        let wanted = records.place.at + records.owed;
        records.place.go(wanted, records.rows.len());
        records.owed = if records.more_after { wanted - records.place.at } else { 0 };
    }
    if let Some(goal) = records.goal.take() {
        match records.rows.first().map(|row| row.id) {
            Some(first) if first == goal => {}
            other => {
                let word = records.kind.word;
                let next = other.map_or_else(String::new, |id| format!("; the next one is {id}"));
                state.say(Role::Warning, format!("there is no {word} {goal} here{next}"));
            }
        }
    }
    look(state)
}

/// Asks for the record in hand, and for more of the list where its end is near.
fn look(state: &mut state::State) -> Vec<Effect> {
    let records = &state.records;
    let near_end = records.place.at + NEAR >= records.rows.len();
    let next = if records.more_after && near_end {
        records.rows.last().map(|row| records.request(Some(row.id), false))
    } else if records.more_before && records.place.at < NEAR {
        records.rows.first().map(|row| records.request(Some(row.id), true))
    } else {
        None
    };
    let wanted = records.in_hand().map(|row| (records.kind, row.id));
    let known = records.whole.as_ref().map(|(kind, id, _)| (*kind, *id));
    let mut effects = Vec::new();
    if let (Some(request), None) = (next, state.lanes.of(crate::tui::job::Lane::List)) {
        effects.extend(state.ask(Job::Page(request)));
    }
    if let Some((kind, id)) = wanted.filter(|wanted| known != Some(*wanted)) {
        effects.extend(state.ask(Job::Record { kind, id }));
    }
    effects
}

/// Takes in the record in hand.
pub fn take_whole(state: &mut state::State, whole: Whole) {
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
pub fn rows_seen(state: &state::State) -> usize {
    let body = usize::from(state.body_rows());
    if crate::tui::views::is_wide(state.size.0) { body.saturating_sub(4) } else { (body * 45 / 100).saturating_sub(4) }
        .max(1)
}

/// Does what a key says.
pub fn act(state: &mut state::State, action: Action) -> Vec<Effect> {
    let rows = rows_seen(state);
    if action == Action::End && state.records.more_after {
        let request = state.records.request(None, true);
        return state.ask(Job::Page(request));
    }
    if action == Action::Home && state.records.more_before {
        return fetch(state, None);
    }
    let length = state.records.rows.len();
    owe(&mut state.records, action, rows);
    if moved(&mut state.records.place, action, rows, length) {
        state.records.player = Player::default();
        return look(state);
    }
    let stills = state.records.stills();
    if state.records.player.acted(action, stills) {
        return Vec::new();
    }
    match action {
        Action::Left => turn(state, -1),
        Action::Right => turn(state, 1),
        Action::View => {
            let view = &mut state.records.view;
            *view = if *view == View::Picture { View::Cells } else { View::Picture };
            Vec::new()
        }
        Action::Open => open(state),
        Action::Back => back(state),
        Action::Break => choose_mode(state),
        Action::Ask => {
            super::queries::choose(state);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Remembers steps beyond the last line that was fetched, so that a key that is held never loses any.
fn owe(records: &mut State, action: Action, rows: usize) {
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
fn turn(state: &mut state::State, by: isize) -> Vec<Effect> {
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
    fetch(state, None)
}

fn open(state: &mut state::State) -> Vec<Effect> {
    let records = &state.records;
    let Some(row) = records.in_hand() else { return Vec::new() };
    let inside = records
        .kind
        .opens
        .and_then(|word| records.domain.kind(word))
        .and_then(|inside| Some((inside, records.kind.leads_to(inside)?)));
    let Some(((inside, column), link)) = inside.zip(row.link) else {
        state.records.view = if state.records.view == View::Picture { View::Cells } else { View::Picture };
        return Vec::new();
    };
    let within = Within { kind: records.kind, id: row.id, only: (column.to_owned(), link) };
    go(state, inside, Some(within))
}

fn back(state: &mut state::State) -> Vec<Effect> {
    if !state.records.search.is_empty() {
        state.records.search.clear();
        state.records.selector = FilterValues::default();
        return fetch(state, None);
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
    fetch(state, Some(within.id))
}

/// Takes what was typed to look for: an id, or what is known of the records.
pub fn search(state: &mut state::State, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if let Ok(id) = text.parse::<i64>() {
        return fetch(state, Some(id));
    }
    let mut selector = FilterValues::default();
    for word in text.split_whitespace() {
        let card = word.split_once(['=', ':']).and_then(|(flag, value)| {
            let named = |card: &&FilterCard| card.flag == flag || card.aliases.contains(&flag);
            Some((state.records.domain.filters().iter().find(named)?, value))
        });
        let Some((card, value)) = card else {
            let known = searchable(state.records.domain);
            state.say(Role::Warning, format!("`{word}` is not what can be looked for here: {known}"));
            return Vec::new();
        };
        selector.set(card.flag, value);
    }
    if let (Some(parent), false) = (state.records.parent(), selector.is_empty()) {
        let (word, plural) = (parent.word, state.records.kind.plural);
        state.say(Role::Warning, format!("look for the {word}, and open it: its {plural} are inside"));
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
    fetch(state, None)
}

/// Says what can be typed to look for records of a domain.
#[must_use]
pub fn searchable(domain: &dyn Domain) -> String {
    let examples: Vec<String> = domain.filters().iter().map(|card| format!("{}={}", card.flag, card.example)).collect();
    if examples.is_empty() { "an id".to_owned() } else { format!("an id, or {}", examples.join(" ")) }
}

fn choose_mode(state: &mut state::State) -> Vec<Effect> {
    let Some(id) = state.records.in_hand().map(|row| row.id) else { return Vec::new() };
    let (domain, kind) = (state.records.domain, state.records.kind);
    let takes = |tool: &str| modes_of(domain, kind).any(|card| card.tool == tool);
    if let Some(tool) = state.records.mode.filter(|tool| takes(tool)) {
        return super::plan::begin(state, tool, kind, id);
    }
    let mut lines = modes_for(domain, kind, id);
    // Much of what goes wrong with a part is done to the whole that it belongs to.
    if let Some((parent, id)) = state.records.parent().and_then(|parent| Some((parent, whole_of(state, parent)?))) {
        lines.extend(modes_for(domain, parent, id));
    }
    if lines.is_empty() {
        let other = state.records.first_faultable().map_or("record", |kind| kind.word);
        state.say(Role::Note, format!("no failure mode breaks a {}: open it, and choose a {other}", kind.word));
        return Vec::new();
    }
    let title = format!("Break {} {id} with", kind.word);
    state.overlay = Some(Overlay::Menu(Menu { title, lines, place: Place::default() }));
    Vec::new()
}

/// Returns the id of the record of another kind that the one in hand belongs to: its list says it under the same name.
fn whole_of(state: &state::State, parent: &RecordKind) -> Option<i64> {
    let id = parent.names().next()?;
    let at = state.records.kind.names().position(|name| name == id)?;
    state.records.in_hand()?.cells.get(at)?.parse().ok()
}

/// Returns the modes of a domain that break records of a kind.
fn modes_of(domain: &dyn Domain, kind: &'static RecordKind) -> impl Iterator<Item = &'static ModeCard> {
    let cards = domain.modes().iter().map(|mode| mode.card());
    cards.filter(|card| card.records().any(|record| record.table == kind.table))
}

fn modes_for(domain: &dyn Domain, kind: &'static RecordKind, id: i64) -> Vec<(Choice, String, String)> {
    let line = |card: &'static ModeCard| {
        let choice = Choice::Mode { tool: card.tool, kind, id };
        (choice, card.tool.to_owned(), format!("{}, on {} {id}", card.title, kind.word))
    };
    modes_of(domain, kind).map(line).collect()
}
