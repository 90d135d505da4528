//! Finds the domain of a database's data: by the names of its tables, or as the user says; reads no row.

use mfm_journal::Journal;

use super::context::Context;
use super::failure::{Failure, FailureKind};
use crate::domain::Domain;
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{Flag, give, leave_out};
use crate::targets::Target;

/// Returns the domain of this id, or where none is given the one whose distinctive tables a database has.
///
/// # Errors
/// Usage, `domain`: there is none of that id. Refused, `unknown_domain` or `ambiguous_domain`: the tables are
/// those of no domain, or of several.
pub fn detect_domain(target: &mut dyn Target, id: Option<&str>) -> Result<&'static dyn Domain, Failure> {
    if let Some(id) = id {
        return resolve_domain(id);
    }
    let tables = target.list_tables()?;
    let matching: Vec<&'static dyn Domain> =
        domains::all().iter().copied().filter(|domain| has_any(*domain, &tables)).collect();
    match matching.as_slice() {
        [one] => Ok(*one),
        [] => Err(no_domain(target)),
        several => Err(ambiguous_domain(target, several)),
    }
}

/// Returns the domain of an id.
///
/// # Errors
/// Usage: there is none.
pub fn resolve_domain(id: &str) -> Result<&'static dyn Domain, Failure> {
    domains::find(id).ok_or_else(|| {
        let known: Vec<&str> = domains::all().iter().map(|domain| domain.card().id).collect();
        let message = format!("there is no domain `{id}`");
        Failure::usage("domain", message, format!("the domains are {}", known.join(", ")))
    })
}

/// Returns the domain that a target is registered with; the first one where none is, as in journals of the first
/// release.
///
/// # Errors
/// Refused: this version does not know the registered domain.
pub fn registered_domain(journal: &Journal, target: &str) -> Result<&'static dyn Domain, Failure> {
    let Some(id) = journal.state().targets.get(target).and_then(|known| known.domain.as_deref()) else {
        return Ok(domains::FIRST);
    };
    domains::find(id).ok_or_else(|| {
        let message =
            format!("the journal registers `{target}` with the domain `{id}`, which this version of mfm does not know");
        Failure::new(
            FailureKind::Refused,
            "unknown_domain",
            message,
            "use the version of mfm that registered it, or a newer one",
        )
    })
}

/// Returns the domain of a database that is to be registered or marked.
///
/// The domain registered already counts. A target registered without one is of the first domain, unless its tables are
/// those of another.
///
/// # Errors
/// As [`detect_domain`]; refused, `domain_mismatch`: it is registered with another domain than `id`.
pub fn resolve_for_marking(
    journal: &Journal,
    name: &str,
    target: &mut dyn Target,
    id: Option<&str>,
) -> Result<&'static dyn Domain, Failure> {
    let Some(known) = journal.state().targets.get(name) else { return detect_domain(target, id) };
    if known.domain.is_none() {
        return match detect_domain(target, id) {
            // Journals of the first release register no domain: there was only one.
            Err(failure) if id.is_none() && failure.code == "unknown_domain" => Ok(domains::FIRST),
            result => result,
        };
    }
    check_domain(journal, name, target)?;
    let registered = registered_domain(journal, name)?;
    match id.map(resolve_domain).transpose()? {
        Some(other) if other.card().id != registered.card().id => {
            let own = registered.card().id;
            let message = format!("`{name}` is registered as {own}, not as {}", other.card().id);
            let next = NextSteps::from(leave_out(Flag::Domain)).and("or remove the target and add it again");
            Err(Failure::new(FailureKind::Refused, "domain_mismatch", message, next))
        }
        _ => Ok(registered),
    }
}

/// Refuses a mode's tool where the target is of another domain.
///
/// # Errors
/// Refused: `other_domain`.
pub fn check_tool(journal: &Journal, target: &str, tool: &str) -> Result<(), Failure> {
    let own = registered_domain(journal, target)?;
    if own.find_mode(tool).is_some() {
        return Ok(());
    }
    let other = domains::of_mode(tool).map_or("another domain", |domain| domain.card().id);
    let message = format!("{tool} is for data of {other}, but `{target}` has data of {}", own.card().id);
    let next = NextSteps::from(give(Flag::Target, "")).and("or choose a tool of its domain");
    Err(Failure::new(FailureKind::Refused, "other_domain", message, next))
}

/// A target whose tables are not those of its registered domain.
struct DomainMismatch {
    /// A description in one sentence.
    said: String,
    /// Whether it has the tables of another domain, rather than of none.
    is_another: bool,
}

/// Returns how a target's tables differ from its registered domain; `None` where they fit, or none is registered.
///
/// # Errors
/// Refused: this version does not know the registered domain. Or a target error.
fn find_mismatch(journal: &Journal, name: &str, target: &mut dyn Target) -> Result<Option<DomainMismatch>, Failure> {
    if journal.state().targets.get(name).is_none_or(|known| known.domain.is_none()) {
        return Ok(None);
    }
    let (own, tables) = (registered_domain(journal, name)?, target.list_tables()?);
    if has_any(own, &tables) {
        return Ok(None);
    }
    let others = domains::all().iter().filter(|domain| has_any(**domain, &tables));
    let others: Vec<&str> = others.map(|domain| domain.card().id).collect();
    let own = own.card().id;
    let said = match others.as_slice() {
        [] => format!("`{name}` is registered as {own}, but has none of its tables"),
        others => format!("`{name}` is registered as {own}, but has the tables of {}", others.join(", ")),
    };
    Ok(Some(DomainMismatch { said, is_another: !others.is_empty() }))
}

/// Warns before a target is read that its tables are not those of its registered domain.
pub fn warn_of_mismatch(context: &Context<'_>, journal: &Journal, name: &str, target: &mut dyn Target) {
    // An error here will come up again when the target is read, where it can be returned.
    if let Ok(Some(DomainMismatch { said, .. })) = find_mismatch(journal, name, target) {
        context.reporter.warn(&format!("{said} [domain_mismatch]"));
    }
}

/// Refuses to write to a target that has another domain's tables and none of its own.
///
/// A target with the tables of no domain passes: the user has said what it is.
///
/// # Errors
/// Refused, `domain_mismatch`, or a target error.
pub fn check_domain(journal: &Journal, name: &str, target: &mut dyn Target) -> Result<(), Failure> {
    let hint = "restore its tables, or remove the target and add it again as what it is now";
    match find_mismatch(journal, name, target)? {
        Some(DomainMismatch { said, is_another: true }) => {
            Err(Failure::new(FailureKind::Refused, "domain_mismatch", said, hint))
        }
        _ => Ok(()),
    }
}

/// Returns whether one of these table names is distinctive for a domain.
pub(super) fn has_any(domain: &dyn Domain, tables: &[String]) -> bool {
    let mut distinctive = domain.tables().iter().filter(|card| card.distinctive);
    distinctive.any(|card| tables.iter().any(|name| name.eq_ignore_ascii_case(card.name)))
}

fn render_distinctive(domain: &dyn Domain) -> String {
    let names: Vec<&str> = domain.tables().iter().filter(|card| card.distinctive).map(|card| card.name).collect();
    format!("{}: {}", domain.card().id, names.join(", "))
}

fn no_domain(target: &dyn Target) -> Failure {
    let tables: Vec<String> = domains::all().iter().map(|domain| render_distinctive(*domain)).collect();
    let message = format!("{} has the tables of no known domain; looked for {}", target.url(), tables.join("; "));
    Failure::new(
        FailureKind::Refused,
        "unknown_domain",
        message,
        give(Flag::Domain, "").when("if you know what kind of data it holds"),
    )
}

fn ambiguous_domain(target: &dyn Target, several: &[&'static dyn Domain]) -> Failure {
    let ids: Vec<&str> = several.iter().map(|domain| domain.card().id).collect();
    let message = format!("{} has tables of several domains: {}", target.url(), ids.join(", "));
    Failure::new(FailureKind::Refused, "ambiguous_domain", message, give(Flag::Domain, "selects one"))
}
