//! The two targets of a replay: the source of the operations, and the copy that gets them; opens neither.

use mfm_journal::Journal;

use crate::engine::EngineError;
use crate::model::NextStep;
use crate::model::next_step::{Deed, Flag, Marking, act, give};
use crate::model::password;
use crate::ops::context::ChosenTarget;
use crate::ops::{Context, Failure, FailureKind};
use crate::plan::alike::EqualityLevel;
use crate::targets::canonical_url;

/// The two targets of a replay.
#[derive(Clone, Debug)]
pub struct ReplayEnds {
    /// The target of the journaled operations.
    pub source: ChosenTarget,
    /// The copy on which they are replayed.
    pub onto: ChosenTarget,
}

impl ReplayEnds {
    /// Finds both: the copy by name or URL, the source by `--target`, or as the only other target.
    pub(super) fn resolve(context: &Context<'_>, journal: &Journal, named: &str) -> Result<Self, Failure> {
        let targets = &journal.state().targets;
        let url = canonical_url(named).unwrap_or_else(|_| named.to_owned());
        let copy = targets.get_key_value(named).or_else(|| targets.iter().find(|(_, known)| known.url == url));
        let Some((name, known)) = copy else {
            // A malformed URL may still hold a password, which must not be repeated.
            let shown = password::hide_password(named);
            let message = format!("{shown} is not registered");
            return Err(Failure::new(FailureKind::Refused, "no_target", message, how_to_make(&shown)));
        };
        let onto = ChosenTarget { name: name.clone(), url: known.url.clone() };
        let source = resolve_source(context, journal, name)?;
        if source.name == onto.name {
            let message = format!("{} is both the source and the destination", onto.name);
            let next = [give(Flag::Onto, "names another copy"), give(Flag::Target, "names the source")];
            return Err(Failure::usage("onto", message, next));
        }
        Ok(Self { source, onto })
    }

    /// Returns how rows are compared: bit by bit between two databases of one engine, else by meaning.
    pub(super) fn choose_measure(&self, engine: &str) -> EqualityLevel {
        let scheme = self.source.url.split(':').next().unwrap_or_default();
        if scheme == engine { EqualityLevel::Bits } else { EqualityLevel::Meaning }
    }

    /// Returns the failure for a copy that the guard refuses, with how to make one.
    pub(super) fn not_ready(&self, error: EngineError) -> Failure {
        let failure = Failure::from(error);
        match failure.code.as_str() {
            "unmarked" | "marked_elsewhere" => failure.with_next(how_to_make(&self.onto.url)),
            _ => failure,
        }
    }
}

/// Returns the target that `--target` names, or the only one other than the copy.
fn resolve_source(context: &Context<'_>, journal: &Journal, onto: &str) -> Result<ChosenTarget, Failure> {
    let others: Vec<_> = journal.state().targets.iter().filter(|(name, _)| *name != onto).collect();
    match (&context.target, others.as_slice()) {
        (None, [(name, known)]) => Ok(ChosenTarget { name: (*name).clone(), url: known.url.clone() }),
        (None, [_, _, ..]) => {
            let names: Vec<&str> = others.into_iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("several targets could be replayed: {}", names.join(", "));
            Err(Failure::new(FailureKind::Refused, "which_target", message, give(Flag::Target, "")))
        }
        _ => context.resolve_target(journal),
    }
}

fn how_to_make(url: &str) -> NextStep {
    let first = "make a fresh copy of the baseline, then mark it as a test copy";
    act(Deed::mark(url, Marking::TestCopy), "").when(first)
}
