//! Drawing steps: each from the seed, its own number and what the model holds, so that any step can be left out.

use crate::model::{
    Cell, Change, Column, Database, Ddl, Event, JOURNALS, Kind, Model, Options, Row, Selection, Table, Write,
};
use crate::rig::{Fault, How, Side};

/// A stream of choices.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64, step: u64) -> Self {
        let mut choices = Self(seed ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        choices.next();
        choices
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        let at = if items.is_empty() { return None } else { self.below(items.len() as u64) };
        items.get(usize::try_from(at).unwrap()).cloned()
    }
}

/// An apply.
#[derive(Clone, Debug)]
pub(crate) struct Apply {
    pub(crate) journal: usize,
    pub(crate) rows: Vec<Change>,
    pub(crate) disable_triggers: bool,
    pub(crate) beside: bool,
    /// What somebody does between plan and commit.
    pub(crate) between: Option<Box<Action>>,
    pub(crate) fault: Option<Fault>,
}

/// A revert.
#[derive(Clone, Debug)]
pub(crate) struct Revert {
    pub(crate) journal: usize,
    pub(crate) selection: Selection,
    pub(crate) options: Options,
    pub(crate) between: Option<Box<Action>>,
    pub(crate) fault: Option<Fault>,
}

/// A step.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Apply(Apply),
    Revert(Revert),
    Recover {
        journal: usize,
        fault: Option<Fault>,
    },
    /// Somebody writes.
    Write(Write),
    /// Somebody declares.
    Declare(Ddl),
    /// A copy is made of the target.
    Save,
    /// The copy is put in its place.
    Restore,
    /// A person says that what the target lost is gone.
    WriteOff {
        journal: usize,
    },
    /// Somebody begins a transaction.
    Hold,
    /// The transaction that is open ends.
    Release {
        commit: bool,
    },
    /// Everything is held against everything.
    Audit,
}

const KEYS: u64 = 7;
const TEXTS: [&str; 5] = ["", "x", "X", "x ", "y"];
const TABLES: [&str; 3] = ["t", "u", "w"];

fn base(server: bool) -> Vec<Column> {
    let column = |name: &str, kind| Column { name: name.into(), kind, required: false };
    vec![column("a", Kind::Int), column("b", Kind::Text), column("z", if server { Kind::Real } else { Kind::Any })]
}

/// What there is at the start.
pub(crate) fn database(seed: u64, server: bool) -> Database {
    let mut choices = Choices::new(seed, 0);
    let mut made = Database { server, ..Database::default() };
    for name in TABLES {
        let rows = rows(&mut choices, &base(server), 5);
        made.declare(&Ddl::CreateTable { table: name.into(), columns: base(server), rows });
    }
    made
}

fn rows(choices: &mut Choices, columns: &[Column], count: u64) -> Vec<Row> {
    (1..=count).map(|key| row(choices, columns, i64::try_from(key).unwrap())).collect()
}

fn row(choices: &mut Choices, columns: &[Column], key: i64) -> Row {
    let cells = columns.iter().map(|column| (column.name.clone(), cell(choices, column)));
    std::iter::once(("id".to_owned(), Cell::Int(key))).chain(cells).collect()
}

fn cell(choices: &mut Choices, column: &Column) -> Cell {
    let text = |choices: &mut Choices| Cell::Text(choices.pick(&TEXTS).unwrap().to_owned());
    let real = |number: f64| Cell::Real(number.to_bits());
    let some = [1.0, 0.5, -0.0];
    match column.kind {
        _ if !column.required && choices.percent(12) => Cell::Null,
        Kind::Int => Cell::Int(i64::try_from(choices.below(5)).unwrap()),
        Kind::Text => text(choices),
        Kind::Real => real(choices.pick(&some).unwrap()),
        Kind::Any => match choices.below(7) {
            0 => Cell::Int(1),
            1 => Cell::Int(0),
            2 => real(1.0),
            3 => real(0.5),
            4 => real(-0.0),
            5 => Cell::Text("1".into()),
            _ => text(choices),
        },
    }
}

fn another(choices: &mut Choices, column: &Column, old: &Cell) -> Cell {
    loop {
        let new = cell(choices, column);
        if new != *old {
            return new;
        }
    }
}

fn key(choices: &mut Choices) -> i64 {
    i64::try_from(choices.below(KEYS)).unwrap() + 1
}

fn table<'m>(choices: &mut Choices, model: &'m Model) -> Option<(&'m String, &'m Table)> {
    let all: Vec<_> = model.database.tables.iter().collect();
    choices.pick(&all)
}

/// Where a history takes place.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    /// Nobody else is there, and no copy is put back.
    pub(crate) quiet: bool,
    /// Somebody's transaction can be held open at any time.
    pub(crate) holds: bool,
}

/// Draws a step.
pub(crate) fn step(choices: &mut Choices, model: &Model, place: Surroundings) -> Action {
    let action = noisy(choices, model, place.holds);
    if place.quiet { quiet(choices, model, action) } else { action }
}

/// Makes a step one of the first journal's own.
fn quiet(choices: &mut Choices, model: &Model, action: Action) -> Action {
    match action {
        Action::Apply(step) => Action::Apply(Apply { journal: 0, between: None, ..step }),
        Action::Revert(step) => Action::Revert(Revert { journal: 0, between: None, ..step }),
        Action::Recover { fault, .. } => Action::Recover { journal: 0, fault },
        Action::Release { .. } | Action::Audit => action,
        _ => quiet_apply(choices, model),
    }
}

fn quiet_apply(choices: &mut Choices, model: &Model) -> Action {
    match apply(choices, model, true) {
        Action::Apply(step) => Action::Apply(Apply { journal: 0, between: None, ..step }),
        other => other,
    }
}

fn noisy(choices: &mut Choices, model: &Model, holds: bool) -> Action {
    if let Some(held) = &model.held {
        return match choices.below(10) {
            0..4 => Action::Release { commit: held.may_commit && choices.percent(50) },
            4..6 => Action::Recover { journal: journal(choices), fault: None },
            // Rows are locked one by one there: what others can do depends on which, and is not drawn.
            _ if model.database.server => Action::Recover { journal: held.of.unwrap().0, fault: None },
            6..8 => apply(choices, model, false),
            _ => revert(choices, model, false),
        };
    }
    let open = (0..JOURNALS).find(|at| model.ledger(*at).open().is_some());
    if let Some(journal) = open.filter(|_| choices.percent(60)) {
        let fault = if choices.percent(25) { Some(fault(choices, 5)) } else { None };
        return Action::Recover { journal, fault };
    }
    let lost = (0..JOURNALS).find(|at| model.pass(*at).is_err());
    if let Some(journal) = lost.filter(|_| choices.percent(50)) {
        return Action::WriteOff { journal };
    }
    match choices.below(1000) {
        0..370 => apply(choices, model, true),
        370..720 => revert(choices, model, true),
        720..880 => write(choices, model),
        880..960 => declare(choices, model),
        960..970 => Action::Recover { journal: journal(choices), fault: None },
        970..980 if holds => Action::Hold,
        980..990 => Action::Save,
        992..996 if model.saved.is_some() => Action::Restore,
        990..992 => Action::Audit,
        _ => write(choices, model),
    }
}

fn journal(choices: &mut Choices) -> usize {
    usize::from(choices.percent(20))
}

fn fault(choices: &mut Choices, steps: u64) -> Fault {
    let side = if choices.percent(45) { Side::Journal } else { Side::Target };
    let how = match choices.below(20) {
        0..6 => How::Crash,
        6..10 => How::CrashHolding,
        10..15 => How::Error,
        15..18 => How::LoseAnswer,
        _ => How::NoRoom,
    };
    let how = match how {
        How::CrashHolding | How::LoseAnswer if side == Side::Journal => How::Crash,
        how => how,
    };
    Fault { side, step: choices.below(steps) + 1, how }
}

/// Draws who and what disturbs an operation: a fault, or somebody in between.
fn disturbed(choices: &mut Choices, model: &Model, free: bool) -> (Option<Box<Action>>, Option<Fault>) {
    if !free {
        return (None, None);
    }
    match choices.below(100) {
        0..18 => (None, Some(fault(choices, 14))),
        18..20 => (None, Some(fault(choices, 60))),
        20..32 => {
            let between = match choices.below(10) {
                0..4 => write(choices, model),
                4..6 => declare(choices, model),
                6..8 => apply(choices, model, false),
                _ => revert(choices, model, false),
            };
            let recreated = matches!(between, Action::Declare(Ddl::CreateTable { .. }));
            (if recreated { None } else { Some(Box::new(between)) }, None)
        }
        _ => (None, None),
    }
}

fn apply(choices: &mut Choices, model: &Model, free: bool) -> Action {
    let mut rows: Vec<Change> = Vec::new();
    let one = if choices.percent(60) { table(choices, model) } else { None };
    for _ in 0..=choices.below(4) {
        let Some((name, table)) = one.or_else(|| table(choices, model)) else { break };
        let change = change(choices, name, table);
        if !rows.iter().any(|row| row.place() == change.place()) {
            rows.push(change);
        }
    }
    if rows.is_empty() {
        return Action::Audit;
    }
    let (between, fault) = disturbed(choices, model, free);
    let (disable_triggers, beside) = (choices.percent(25), choices.percent(75));
    Action::Apply(Apply { journal: journal(choices), rows, disable_triggers, beside, between, fault })
}

fn change(choices: &mut Choices, name: &str, table: &Table) -> Change {
    let key = key(choices);
    let before = table.rows.get(&key).cloned();
    let after = match &before {
        None => Some(row(choices, &table.columns, key)),
        Some(_) if choices.percent(22) => None,
        Some(before) => {
            let mut after = before.clone();
            for _ in 0..=choices.below(2) {
                let column = choices.pick(&table.columns).unwrap();
                let cell = another(choices, &column, &before[&column.name]);
                after.insert(column.name, cell);
            }
            Some(after)
        }
    };
    Change { table: name.into(), key, shape: table.shape(), before, after }
}

fn revert(choices: &mut Choices, model: &Model, free: bool) -> Action {
    let journal = journal(choices);
    let ledger = model.ledger(journal);
    let active: Vec<u64> = ledger.active().keys().copied().collect();
    let any = |choices: &mut Choices| match choices.below(10) {
        0..6 if !active.is_empty() => choices.pick(&active).unwrap(),
        _ => choices.below(ledger.count() + 1) + 1,
    };
    let selection = match choices.below(20) {
        0..3 => Selection::Last,
        3..6 => Selection::All,
        6..8 => Selection::Numbers(vec![any(choices), any(choices)]),
        _ => Selection::Numbers(vec![any(choices)]),
    };
    let options = Options {
        cascade: choices.percent(35),
        skip_conflicts: choices.percent(35),
        force: choices.percent(30),
        disable_triggers: choices.percent(30),
    };
    let (between, fault) = disturbed(choices, model, free);
    Action::Revert(Revert { journal, selection, options, between, fault })
}

fn write(choices: &mut Choices, model: &Model) -> Action {
    let Some((name, table)) = table(choices, model) else { return Action::Audit };
    let name = name.clone();
    let key = key(choices);
    Action::Write(match table.rows.get(&key) {
        None => Write::Insert { table: name, row: row(choices, &table.columns, key) },
        Some(_) if choices.percent(22) => Write::Delete { table: name, key },
        Some(row) => {
            let column = choices.pick(&table.columns).unwrap();
            let cell = another(choices, &column, &row[&column.name]);
            Write::Set { table: name, key, column: column.name, cell }
        }
    })
}

fn declare(choices: &mut Choices, model: &Model) -> Action {
    let missing: Vec<&str> = TABLES.into_iter().filter(|name| !model.database.tables.contains_key(*name)).collect();
    if let Some(name) = choices.pick(&missing) {
        let mut columns = base(model.database.server);
        columns.rotate_left(usize::try_from(choices.below(3)).unwrap());
        let count = choices.below(4);
        let rows = rows(choices, &columns, count);
        return Action::Declare(Ddl::CreateTable { table: name.into(), columns, rows });
    }
    let (name, table) = table(choices, model).unwrap();
    let name = name.clone();
    let lost: Vec<Column> =
        base(model.database.server).into_iter().filter(|column| table.column(&column.name).is_none()).collect();
    let column = choices.pick(&table.columns).unwrap().name;
    Action::Declare(match choices.below(24) {
        0..9 if table.trigger.is_some() => Ddl::DropTrigger { table: name },
        9..16 if table.unique.is_some() => Ddl::DropUnique { table: name },
        0..9 if !lost.is_empty() => Ddl::AddColumn { table: name, column: choices.pick(&lost).unwrap() },
        10..14 => Ddl::CreateTrigger { table: name, event: event(choices, column, model.database.server) },
        14..17 => Ddl::CreateUnique { table: name, column },
        17 => Ddl::DropTable { table: name },
        18..20 => Ddl::DropColumn { table: name, column },
        20 => {
            // A name stands for one kind, so that what an image holds fits the column of its name.
            let to = match table.column(&column).unwrap().kind {
                Kind::Int => "n_int",
                Kind::Text => "n_text",
                Kind::Real => "n_real",
                Kind::Any => "n_any",
            };
            Ddl::RenameColumn { table: name, from: column, to: to.into() }
        }
        _ => {
            let new = choices.pick(&["x", "y"]).unwrap().to_owned();
            Ddl::AddColumn {
                table: name,
                column: Column { name: new, kind: Kind::Text, required: choices.percent(20) },
            }
        }
    })
}

fn event(choices: &mut Choices, column: String, server: bool) -> Event {
    match choices.below(4) {
        0 => Event::Insert,
        1 => Event::Delete,
        2 => Event::Update(Vec::new()),
        _ if server => Event::Update(Vec::new()),
        _ => Event::Update(vec![column]),
    }
}
