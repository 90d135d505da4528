//! `mfm target preflight`: a target's identity, its signs of a live clinic, and what can be changed and put back
//! exactly in each table; reads only.

use std::path::PathBuf;

use serde::Serialize;

use crate::engine::guard;
use crate::model::KeyStanding;
use crate::model::ports::Danger;
use crate::ops::{Card, Context, Failure, detect};
use crate::targets::{Preflight, TableTouch, Target, TargetBinding, TargetError};

/// The command's card.
pub const CARD: Card = Card {
    name: "target preflight",
    danger: Danger::Read,
    about: "Show what in a target can be changed and restored exactly",
};

/// The result of a preflight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The target's name.
    pub target: String,
    /// Its URL.
    pub url: String,
    /// The engine.
    pub engine: &'static str,
    /// The place and file that its identity is bound to.
    pub bound: TargetBinding,
    /// `passes`, or the code of the guard's refusal.
    pub guard: String,
    /// The message of the guard's refusal; null where it passes.
    pub problem: Option<String>,
    /// The signs of a live clinic.
    pub signs: Vec<SignLine>,
    /// The tables.
    pub tables: Vec<TableLine>,
    /// The journal read.
    pub journal: PathBuf,
}

/// A sign of a live clinic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignLine {
    /// The word that overrides it.
    pub word: &'static str,
    /// What was seen, in a sentence without its subject.
    pub what: String,
}

/// The verdicts on one table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableLine {
    /// Its name.
    pub table: String,
    /// Its key columns.
    pub key: Vec<String>,
    /// The name of the constraint that makes the key unique, `undeclared`, or what is missing.
    pub key_standing: String,
    /// The verdict on updating all columns but the key.
    pub update: VerdictLine,
    /// The verdict on inserting a row.
    pub insert: VerdictLine,
    /// The verdict on deleting a row.
    pub delete: VerdictLine,
}

/// The verdict on one kind of change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictLine {
    /// `exact`, or the code of the refusal.
    pub verdict: String,
    /// Why it is refused.
    pub why: Option<String>,
    /// What a revert could not put back.
    pub residue: Vec<String>,
    /// Remarks of the preflight.
    pub notes: Vec<String>,
}

/// Runs the preflight on every table.
///
/// # Errors
/// A refusal, or a target or journal error.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    let mut target = context.open_target(&chosen.url)?;
    detect::warn_of_mismatch(context, &journal, &chosen.name, target.as_mut());
    // A refusal of the guard is part of the report, and no failure of the preflight.
    let guard = guard::check_target(&journal, target.as_mut(), &chosen.name).map_err(Failure::from);
    let signs = super::signs::list_signs(context, target.as_mut())?;
    let names = target.list_tables()?;
    let mut tables = Vec::new();
    for (at, name) in names.iter().enumerate() {
        context.reporter.progress("judging the tables", at as u64, names.len() as u64);
        tables.extend(check_table(target.as_mut(), name)?);
    }
    Ok(Outcome {
        target: chosen.name,
        url: chosen.url,
        engine: target.engine(),
        bound: target.read_binding()?,
        guard: guard.as_ref().map_or_else(|failure| failure.code.clone(), |_| "passes".into()),
        problem: guard.err().map(|failure| failure.message),
        signs: signs.into_iter().map(|sign| SignLine { word: sign.word, what: sign.what }).collect(),
        tables,
        journal: context.journal.clone(),
    })
}

fn check_table(target: &mut dyn Target, name: &str) -> Result<Option<TableLine>, Failure> {
    let Some(table) = target.find_table(name)? else { return Ok(None) };
    let others = table.shape.columns.iter().filter(|column| !table.shape.key.contains(&column.name));
    let updated: Vec<String> = others.map(|column| column.name.clone()).collect();
    let touch = TableTouch { table: table.clone(), updated: Vec::new(), inserts: 0, deletes: 0 };
    let update = check_touch(target, TableTouch { updated, ..touch.clone() })?;
    let insert = check_touch(target, TableTouch { inserts: 1, ..touch.clone() })?;
    let delete = check_touch(target, TableTouch { deletes: 1, ..touch })?;
    let key_standing = match &table.key {
        KeyStanding::Declared(name) => name.clone(),
        KeyStanding::Undeclared => "undeclared".into(),
        KeyStanding::Missing(what) => format!("missing: {what}"),
    };
    Ok(Some(TableLine { table: name.to_owned(), key: table.shape.key.clone(), key_standing, update, insert, delete }))
}

fn check_touch(target: &mut dyn Target, touch: TableTouch) -> Result<VerdictLine, Failure> {
    match target.first_preflight(&[touch], false) {
        Ok(Preflight { residue, notes, .. }) => {
            let residue = residue.into_iter().map(|residue| residue.what).collect();
            Ok(VerdictLine { verdict: "exact".into(), why: None, residue, notes })
        }
        Err(TargetError::Refused(refusal)) => Ok(VerdictLine {
            verdict: refusal.code().into(),
            why: Some(refusal.to_string()),
            residue: Vec::new(),
            notes: Vec::new(),
        }),
        Err(error) => Err(error.into()),
    }
}
