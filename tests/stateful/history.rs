//! Histories: played, told, and shortened where they fail.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::draw::{Action, Choices, Revert, Surroundings, database, step};
use crate::model::{Database, Model, Options, Selection};
use crate::play::{audit, play, same_target};
use crate::rig::{Crash, Rig, Store};

thread_local! {
    /// What the last panic of this thread said.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether a history is being played, whose failure is told once it is shortened.
    static PLAYING: Cell<bool> = const { Cell::new(false) };
}

/// How often everything is audited, in steps.
const AUDIT_EVERY: u64 = 100;

/// How long a failure is shortened, in seconds, unless `MFM_TEST_SHORTEN_S` says otherwise.
const SHORTEN_S: u64 = 60;

/// The steps of a seed that are played.
#[derive(Clone, Debug)]
pub(crate) struct History {
    seed: u64,
    steps: BTreeSet<u64>,
}

/// A number from outside.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A history that failed: what was said, and what happened up to there.
struct Failed {
    why: String,
    told: Vec<String>,
    at: u64,
}

impl History {
    pub(crate) fn whole(seed: u64, steps: u64) -> Self {
        Self { seed, steps: (1..=steps).collect() }
    }

    /// Reads a seed and the steps: `300` for the first so many, or `3,17,44`.
    pub(crate) fn parse(seed: &str, steps: &str) -> Self {
        let seed = seed.parse().unwrap();
        match steps.split(',').map(|step| step.parse().unwrap()).collect::<Vec<u64>>().as_slice() {
            [all] => Self::whole(seed, *all),
            some => Self { seed, steps: some.iter().copied().collect() },
        }
    }

    fn text(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        format!("{} {}", self.seed, steps.join(","))
    }
}

/// How often each thing happened.
pub(crate) type Tally = BTreeMap<&'static str, u64>;

/// Plays a history; where it fails, finds a shorter one that fails too, and tells it.
pub(crate) fn run<S: Store>(history: &History) -> Tally {
    listen();
    let failed = match attempt::<S>(history) {
        Ok(tally) => return tally,
        Err(failed) => failed,
    };
    let first = format!("seed {} failed at step {}:\n{}", history.seed, failed.at, failed.why);
    let (shortest, failed) = shorten::<S>(history, failed);
    let told = failed.told.join("\n");
    panic!("{first}\nthe shortest that fails, `{}`:\n{}\n{told}\n", shortest.text(), failed.why);
}

/// Leaves out one step after the other, in ever smaller parts, as long as what is left fails.
fn shorten<S: Store>(history: &History, mut failed: Failed) -> (History, Failed) {
    let mut shortest = History { steps: history.steps.range(..=failed.at).copied().collect(), ..history.clone() };
    let until = Instant::now() + Duration::from_secs(number("MFM_TEST_SHORTEN_S", SHORTEN_S));
    let mut size = shortest.steps.len() / 2;
    while size > 0 {
        let all: Vec<u64> = shortest.steps.iter().copied().collect();
        for part in all.chunks(size) {
            if Instant::now() >= until {
                return (shortest, failed);
            }
            let steps = shortest.steps.iter().filter(|step| !part.contains(step)).copied().collect();
            let shorter = History { steps, ..shortest.clone() };
            if let Err(again) = attempt::<S>(&shorter) {
                (shortest, failed) = (shorter, again);
            }
        }
        size /= 2;
    }
    (shortest, failed)
}

/// Takes note of what panics say; crashes are meant.
fn listen() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().is::<Crash>() {
                return;
            }
            if PLAYING.get() {
                SAID.with(|said| *said.borrow_mut() = info.to_string());
            } else {
                default(info);
            }
        }));
    });
}

/// Tells whether nobody else but one journal's operations touch the target in a seed's history.
const fn quiet(seed: u64) -> bool {
    seed.is_multiple_of(4)
}

/// Takes everything back: whatever happened, the database is what it was.
fn comes_back<S: Store>(rig: &Rig<S>, model: &mut Model, before: &Database) {
    let options = Options { cascade: true, ..Options::default() };
    let (selection, between, fault) = (Selection::All, None, None);
    let steps = [
        model.held.as_ref().map(|_| Action::Release { commit: false }),
        Some(Action::Recover { journal: 0, fault: None }),
        Some(Action::Revert(Revert { journal: 0, selection, options, between, fault })),
    ];
    steps.iter().flatten().for_each(|action| drop(play(rig, model, action)));
    audit(rig, model);
    let now = rig.store.rows();
    let then = before.tables.iter().map(|(name, table)| (name.clone(), table.rows.clone())).collect();
    assert_eq!(now, then, "not everything came back");
    model.note("everything came back");
}

fn attempt<S: Store>(history: &History) -> Result<Tally, Failed> {
    let mut told = Vec::new();
    let mut at = 0;
    let tells = number("MFM_TEST_TELL", 0) > 0;
    PLAYING.set(true);
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut model = Model::new(database(history.seed, S::SERVER));
        let rig: Rig<S> = Rig::new(history.seed, &model.database);
        same_target(&rig, &model);
        for number in &history.steps {
            at = *number;
            let world = Surroundings { quiet: quiet(history.seed), holds: S::HOLDS };
            let action = step(&mut Choices::new(history.seed, at), &model, world);
            told.push(format!("{at}: {action:?}"));
            let end = play(&rig, &mut model, &action);
            told.last_mut().unwrap().push_str(&format!("\n    -> {end}"));
            if tells {
                println!("{}", told.last().unwrap());
            }
            same_target(&rig, &model);
            if at.is_multiple_of(AUDIT_EVERY) && model.held.is_none() {
                audit(&rig, &model);
            }
        }
        if quiet(history.seed) {
            comes_back(&rig, &mut model, &database(history.seed, S::SERVER));
        }
        model.tally
    }));
    PLAYING.set(false);
    played.map_err(|_| Failed { why: SAID.with(|said| said.borrow().clone()), told, at })
}
