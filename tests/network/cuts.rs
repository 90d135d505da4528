//! A connection that breaks at every message of an apply and of a revert: journal and target agree afterwards, or the
//! operation is open, is said to be, and a recover closes it rightly.

use mfm::engine::EngineError;
use mfm_journal::OperationVerdict;
use mfm_journal::testing::test_scale;

use crate::tds::book::Book;
use crate::tds::cut::{self, Cut};
use crate::world::{Rows, World};

/// How one message is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Before,
    After,
    Amid,
}

impl Way {
    /// The way of those messages that are lost in one way only.
    fn at(message: usize) -> Self {
        [Self::Before, Self::After, Self::Amid][message % 3]
    }
}

/// What is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Apply,
    Revert,
}

/// Where, how, and whether the server can be reached again at once.
#[derive(Clone, Copy, Debug)]
struct Break {
    message: usize,
    way: Way,
    gone: bool,
}

impl Break {
    /// All ways to break at a message.
    fn all(message: usize) -> impl Iterator<Item = Self> {
        let ways = [Way::Before, Way::After, Way::Amid].into_iter();
        ways.flat_map(move |way| [false, true].map(|gone| Self { message, way, gone }))
    }

    fn plan(self, world: &World) {
        let at = cut::number(self.message);
        world.server.plan(match self.way {
            Way::Before => Cut::before(at),
            Way::After => Cut::after(at),
            Way::Amid => Cut::amid(at),
        });
        if self.gone {
            let later = move |message: &crate::tds::message::Message| message.number > self.message;
            world.server.plan(Cut::before(later).times(usize::MAX));
        }
    }
}

/// What a run that nothing disturbs does, and what it leaves.
pub(crate) struct Calm {
    first: usize,
    count: usize,
    /// The first message of the transaction that writes, and its last.
    pub(crate) writer: usize,
    commit: usize,
    pub(crate) before: Rows,
    pub(crate) after: Rows,
}

impl Calm {
    /// Tells whether a break brings the databases into a state that no break before it does: a recording needs no more,
    /// and a short run none of these less.
    fn tells(&self, at: Break) -> bool {
        let lost = at.way == Way::Before && [self.writer, self.writer + 2].contains(&at.message);
        lost || (at.message == self.commit && at.way != Way::Amid)
    }
}

/// Brings a world to where a step begins.
fn ready(book: &Book, database: &str, step: Step) -> World {
    let world = World::marked(book, database, "");
    if step == Step::Revert {
        world.apply().unwrap();
    }
    world
}

fn carry_out(world: &World, step: Step) -> Result<(), EngineError> {
    match step {
        Step::Apply => world.apply().map(drop),
        Step::Revert => world.revert(),
    }
}

pub(crate) fn calm(book: &mut Book, database: &str, step: Step) -> Calm {
    let world = ready(book, database, step);
    let before = world.rows();
    world.audits("before the step");
    world.end(book);
    let world = ready(book, database, step);
    let first = world.next_number();
    carry_out(&world, step).unwrap();
    let messages = world.messages_from(first);
    let commit = messages.iter().rfind(|message| message.sql_starts("COMMIT")).unwrap();
    let begins = |message: &&crate::tds::message::Message| message.sql_holds("READ COMMITTED; BEGIN TRANSACTION");
    let writer = messages.iter().rfind(begins).unwrap().number;
    let calm = Calm { first, count: messages.len(), writer, commit: commit.number, before, after: world.rows() };
    assert_ne!(calm.before, calm.after);
    world.end(book);
    calm
}

/// Tells how many operations a journal holds that are in effect, the step's own among them or not.
fn took_effect(world: &World, step: Step) -> bool {
    world.status().active.is_empty() == (step == Step::Revert)
}

/// Breaks one message, and returns whether the operation was left open.
fn disturb(book: &mut Book, database: &str, step: Step, calm: &Calm, at: Break) -> bool {
    let what = format!("{step:?}, {at:?}");
    let world = ready(book, database, step);
    at.plan(&world);
    let result = carry_out(&world, step);
    assert!(world.server.cuts() > 0, "{what}");
    world.server.heal();
    let open = !world.status().open.is_empty();
    assert_eq!(open, matches!(result, Err(EngineError::LeftOpen { .. })), "{what}: {result:?}");
    if !open {
        assert_eq!(result.is_ok(), took_effect(&world, step), "{what}: {result:?}");
        agree(&world, step, calm, &what);
    }
    if at.message == calm.commit {
        // What the server processed is in effect, and what it never got is not: nobody guesses.
        assert_eq!((open, result.is_ok()), (at.gone, at.way != Way::Before && !at.gone), "{what}");
    }
    let recovered = world.recover();
    assert!(!recovered.left_open() && recovered.failure.is_none(), "{what}: {recovered:?}");
    agree(&world, step, calm, &what);
    if at.message == calm.commit {
        assert_eq!(took_effect(&world, step), at.way != Way::Before, "{what}");
    }
    sealed(&world, open, &what);
    world.audits(&what);
    if !world.status().active.is_empty() {
        world.revert().unwrap();
        assert!(world.status().active.is_empty());
        world.audits(&what);
    }
    world.end(book);
    open
}

/// The rows are as the journal says.
fn agree(world: &World, step: Step, calm: &Calm, what: &str) {
    assert!(world.status().open.is_empty(), "{what}");
    let wanted = if took_effect(world, step) { &calm.after } else { &calm.before };
    assert_eq!(world.rows(), *wanted, "{what}");
}

/// Every operation has a verdict, and one that had to be asked for after the fact is no `failed`.
fn sealed(world: &World, was_open: bool, what: &str) {
    let operations = world.journal().read_operations(None, 10).unwrap();
    assert!(operations.iter().all(|operation| operation.verdict.is_some()), "{what}");
    if was_open {
        let newest = operations.iter().max_by_key(|operation| operation.op).unwrap();
        assert_ne!(newest.verdict, Some(OperationVerdict::Failed), "{what}");
    }
}

fn at_every_message(tape: &str, database: &str, step: Step) {
    let mut book = Book::open(tape);
    if book.records() {
        // Makes the tables that stay, and is not recorded itself.
        drop(World::marked(&book, database, ""));
    }
    let calm = calm(&mut book, database, step);
    let all = (calm.first..calm.first + calm.count).flat_map(Break::all);
    // Where nothing was written yet, a server that stays away differs from one that comes back by one message at most.
    let all = all.filter(|at| at.message >= calm.writer || (!at.gone && at.way == Way::at(at.message)));
    let records = book.records();
    // A short run breaks every fifth way, which takes all six ways at neighbouring messages in turn.
    let every = if test_scale() == 1 { 5 } else { 1 };
    let mut open = 0;
    for (at, _) in all.zip(0..).filter(|(at, number)| calm.tells(*at) || (!records && number % every == 0)) {
        open += usize::from(disturb(&mut book, database, step, &calm, at));
    }
    let least = if records { 2 } else { 30 / every };
    assert!(open > least, "of {} messages only {open} left an operation open", calm.count);
    let differing = book.close();
    assert!(differing.is_empty(), "the server answered the same each time: {differing:#?}");
}

#[test]
fn an_apply_that_breaks_at_any_message() {
    at_every_message("apply.tape", "mfm_wire_apply", Step::Apply);
}

#[test]
fn a_revert_that_breaks_at_any_message() {
    at_every_message("revert.tape", "mfm_wire_revert", Step::Revert);
}
