//! The two ends of a replay: whose operations, and where they are made again; opens neither.

use mfm_journal::Journal;

use crate::engine::EngineError;
use crate::model::NextStep;
use crate::model::next_step::{Deed, Flag, Marking, act, give};
use crate::model::password;
use crate::ops::context::Chosen;
use crate::ops::{Context, Failure, Kind};
use crate::plan::alike::Measure;
use crate::targets::canonical_url;

/// The two ends of a replay.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Where the journaled operations were made.
    pub source: Chosen,
    /// Where they are to be made again.
    pub onto: Chosen,
}

impl Ends {
    /// Finds both: the copy as it is named, the source as `--target` says, or the only other target.
    pub(super) fn find(context: &Context<'_>, journal: &Journal, named: &str) -> Result<Self, Failure> {
        let targets = &journal.state().targets;
        let url = canonical_url(named).unwrap_or_else(|_| named.to_owned());
        let found = targets.get_key_value(named).or_else(|| targets.iter().find(|(_, known)| known.url == url));
        let Some((name, known)) = found else {
            // What is no URL was typed by somebody, and may hold a password.
            let shown = password::hidden(named);
            let message = format!("{shown} is not registered");
            return Err(Failure::new(Kind::Refused, "no_target", message, how_to_make(&shown)));
        };
        let onto = Chosen { name: name.clone(), url: known.url.clone() };
        let source = source(context, journal, name)?;
        if source.name == onto.name {
            let message = format!("{} is both what is to be replayed and where", onto.name);
            let next = [give(Flag::Onto, "names another copy"), give(Flag::Target, "names the source")];
            return Err(Failure::usage("onto", message, next));
        }
        Ok(Self { source, onto })
    }

    /// Says what counts as the same: every bit, where both ends are of one engine.
    pub(super) fn measure(&self, engine: &str) -> Measure {
        let scheme = self.source.url.split(':').next().unwrap_or_default();
        if scheme == engine { Measure::Bits } else { Measure::Meaning }
    }

    /// Says of a copy that the guard stops how one is made.
    pub(super) fn not_ready(&self, error: EngineError) -> Failure {
        let failure = Failure::from(error);
        match failure.code.as_str() {
            "unmarked" | "marked_elsewhere" => failure.with_next(how_to_make(&self.onto.url)),
            _ => failure,
        }
    }
}

/// Returns the target that `--target` names, or the only one beside the copy.
fn source(context: &Context<'_>, journal: &Journal, onto: &str) -> Result<Chosen, Failure> {
    let others: Vec<_> = journal.state().targets.iter().filter(|(name, _)| *name != onto).collect();
    match (&context.target, others.as_slice()) {
        (None, [(name, known)]) => Ok(Chosen { name: (*name).clone(), url: known.url.clone() }),
        (None, [_, _, ..]) => {
            let names: Vec<&str> = others.into_iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("several targets could be replayed: {}", names.join(", "));
            Err(Failure::new(Kind::Refused, "which_target", message, give(Flag::Target, "")))
        }
        _ => context.chosen(journal),
    }
}

fn how_to_make(url: &str) -> NextStep {
    let first = "make a fresh copy of the baseline there, then mark it as a test copy of its own";
    act(Deed::mark(url, Marking::TestCopy), "").when(first)
}
