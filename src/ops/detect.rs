//! Which domain the data of a database are of: by the names of its tables alone, or as somebody says; reads no row.

use mfm_journal::Journal;

use super::context::Context;
use super::failure::{Failure, FailureKind};
use crate::domain::Domain;
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{Flag, give, leave_out};
use crate::targets::Target;

/// Returns the domain that somebody says, or the one whose distinctive tables a database has.
///
/// # Errors
/// Usage, `domain`: there is none of that id. Refused, `unknown_domain` or `ambiguous_domain`: the tables are
/// those of no domain, or of several.
pub fn detect_domain(target: &mut dyn Target, said: Option<&str>) -> Result<&'static dyn Domain, Failure> {
    if let Some(id) = said {
        return resolve_domain(id);
    }
    let tables = target.list_tables()?;
    let found: Vec<&'static dyn Domain> =
        domains::all().iter().copied().filter(|domain| has_any(*domain, &tables)).collect();
    match found.as_slice() {
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

/// Returns the domain that a journal says a target is of; the first one where it says nothing, as in journals of the
/// first release.
///
/// # Errors
/// Refused: it says a domain that this program does not know.
pub fn registered_domain(journal: &Journal, target: &str) -> Result<&'static dyn Domain, Failure> {
    let Some(id) = journal.state().targets.get(target).and_then(|known| known.domain.as_deref()) else {
        return Ok(domains::FIRST);
    };
    domains::find(id).ok_or_else(|| {
        let message = format!("the journal says that `{target}` is of the domain `{id}`, which this mfm does not know");
        Failure::new(FailureKind::Refused, "unknown_domain", message, "use the mfm that registered it, or a newer one")
    })
}

/// Returns the domain of a database that is to be registered or marked: what the journal says of it already counts, and
/// a target of a journal that says nothing is of the first domain unless its tables tell otherwise.
///
/// # Errors
/// As [`detect_domain`]; refused, `domain_mismatch`: it is registered as another domain than the one said.
pub fn resolve_for_marking(
    journal: &Journal,
    name: &str,
    target: &mut dyn Target,
    said: Option<&str>,
) -> Result<&'static dyn Domain, Failure> {
    let Some(known) = journal.state().targets.get(name) else { return detect_domain(target, said) };
    if known.domain.is_none() {
        let old = |failure: Failure| if failure.code == "unknown_domain" { Ok(domains::FIRST) } else { Err(failure) };
        return if said.is_some() { detect_domain(target, said) } else { detect_domain(target, None).or_else(old) };
    }
    check_domain(journal, name, target)?;
    let registered = registered_domain(journal, name)?;
    match said.map(resolve_domain).transpose()? {
        Some(other) if other.card().id != registered.card().id => {
            let own = registered.card().id;
            let message = format!("`{name}` is registered as {own}, not as {}", other.card().id);
            let next = NextSteps::from(leave_out(Flag::Domain)).and("or remove the target and add it again");
            Err(Failure::new(FailureKind::Refused, "domain_mismatch", message, next))
        }
        _ => Ok(registered),
    }
}

/// Refuses a tool of another domain than a target's.
///
/// # Errors
/// Refused: `other_domain`.
pub fn check_tool(journal: &Journal, target: &str, tool: &str) -> Result<(), Failure> {
    let own = registered_domain(journal, target)?;
    if own.find_mode(tool).is_some() {
        return Ok(());
    }
    let other = domains::of_mode(tool).map_or("another domain", |domain| domain.card().id);
    let message = format!("{tool} breaks data of {other}, and `{target}` holds data of {}", own.card().id);
    let next = NextSteps::from(give(Flag::Target, "")).and("or choose a tool of its domain");
    Err(Failure::new(FailureKind::Refused, "other_domain", message, next))
}

/// How a target differs from the domain that its journal says.
struct DomainMismatch {
    /// In a sentence.
    said: String,
    /// Whether it shows another domain, and not only none.
    is_another: bool,
}

/// Returns how a target differs from the domain that its journal says; `None` where it does not, or the journal says
/// none.
///
/// # Errors
/// Refused: the journal says a domain that this program does not know. Or what the target says.
fn find_mismatch(journal: &Journal, name: &str, target: &mut dyn Target) -> Result<Option<DomainMismatch>, Failure> {
    if journal.state().targets.get(name).is_none_or(|known| known.domain.is_none()) {
        return Ok(None);
    }
    let (own, tables) = (registered_domain(journal, name)?, target.list_tables()?);
    if has_any(own, &tables) {
        return Ok(None);
    }
    let others = domains::all().iter().filter(|domain| has_any(**domain, &tables)).map(|domain| domain.card().id);
    let others: Vec<&str> = others.collect();
    let own = own.card().id;
    let said = match others.as_slice() {
        [] => format!("`{name}` is registered as {own}, and has none of the tables that tell so"),
        others => format!("`{name}` is registered as {own}, and has the tables of {}", others.join(", ")),
    };
    Ok(Some(DomainMismatch { said, is_another: !others.is_empty() }))
}

/// Warns, before a target is read, where it is not of the domain that its journal says.
pub fn warn_of_mismatch(context: &Context<'_>, journal: &Journal, name: &str, target: &mut dyn Target) {
    // What cannot be told is told by the reading itself.
    if let Ok(Some(DomainMismatch { said, .. })) = find_mismatch(journal, name, target) {
        context.reporter.warn(&format!("{said} [domain_mismatch]"));
    }
}

/// Refuses, before a target is written, one that has another domain's tables and none of its own. One that shows no
/// domain at all is what somebody said that it is.
///
/// # Errors
/// Refused, `domain_mismatch`, or what the target says.
pub fn check_domain(journal: &Journal, name: &str, target: &mut dyn Target) -> Result<(), Failure> {
    let hint = "put its tables back, or remove the target and add it again as what it is now";
    match find_mismatch(journal, name, target)? {
        Some(DomainMismatch { said, is_another: true }) => {
            Err(Failure::new(FailureKind::Refused, "domain_mismatch", said, hint))
        }
        _ => Ok(()),
    }
}

fn has_any(domain: &dyn Domain, tables: &[String]) -> bool {
    let mut distinctive = domain.tables().iter().filter(|card| card.distinctive);
    distinctive.any(|card| tables.iter().any(|name| name.eq_ignore_ascii_case(card.name)))
}

fn render_distinctive(domain: &dyn Domain) -> String {
    let names: Vec<&str> = domain.tables().iter().filter(|card| card.distinctive).map(|card| card.name).collect();
    format!("{}: {}", domain.card().id, names.join(", "))
}

fn no_domain(target: &dyn Target) -> Failure {
    let looked: Vec<String> = domains::all().iter().map(|domain| render_distinctive(*domain)).collect();
    let message = format!("{} has the tables of no domain; looked for {}", target.url(), looked.join("; "));
    Failure::new(
        FailureKind::Refused,
        "unknown_domain",
        message,
        give(Flag::Domain, "").when("if you know what its data are"),
    )
}

fn ambiguous_domain(target: &dyn Target, several: &[&'static dyn Domain]) -> Failure {
    let found: Vec<&str> = several.iter().map(|domain| domain.card().id).collect();
    let message = format!("{} has tables of several domains: {}", target.url(), found.join(", "));
    Failure::new(FailureKind::Refused, "ambiguous_domain", message, give(Flag::Domain, "says which one"))
}
