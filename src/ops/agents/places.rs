//! Resolves a host name and a database name to a registered target, from the journal alone.

use crate::model::NextSteps;
use crate::model::next_step::{View, look};
use crate::ops::{Context, Failure, FailureKind};

/// A database as an agent names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// The registered name.
    pub target: Option<String>,
    /// The server's host; `localhost` for a file.
    pub hostname: Option<String>,
    /// The database's name; for a file, the file's name with or without its ending.
    pub database: Option<String>,
}

/// Returns the registered name of the one target that an address means; `None` where the address is empty.
///
/// # Errors
/// Usage, `no_target`, `which_target`, or a journal error.
pub fn resolve_target(context: &Context<'_>, place: &DatabaseAddress) -> Result<Option<String>, Failure> {
    let (hostname, database) = match (&place.hostname, &place.database) {
        (None, None) => return place.target.as_deref().map(|name| check_registered(context, name)).transpose(),
        (Some(hostname), Some(database)) => (hostname, database),
        _ => {
            let hint = "give both, or the registered name as target; no database is assumed";
            return Err(Failure::usage("place", "hostname and database go together", hint));
        }
    };
    let journal = context.open_journal()?;
    let targets = &journal.state().targets;
    // Only marked targets: an agent must not reach a database that no person called a test copy.
    let marked = targets.iter().filter(|(_, target)| target.identity.is_some());
    let matching = marked.filter(|(_, target)| is_at(&target.url, hostname, database));
    let names: Vec<&String> = matching.map(|(name, _)| name).collect();
    let name = match names.as_slice() {
        [name] => (*name).clone(),
        [] => {
            let message = "no registered and marked target has this hostname and database";
            return Err(Failure::new(
                FailureKind::Refused,
                "no_target",
                message,
                NextSteps::from(look(View::Targets, "lists the targets")).and("use a name"),
            ));
        }
        _ => {
            let message = "several targets have this hostname and database";
            return Err(Failure::new(
                FailureKind::Refused,
                "which_target",
                message,
                "use the registered name as target",
            ));
        }
    };
    match &place.target {
        Some(other) if *other != name => {
            let message = format!("hostname and database mean the target {name}, but target names another one");
            Err(Failure::new(FailureKind::Refused, "which_target", message, "give one of the two"))
        }
        _ => Ok(Some(name)),
    }
}

/// Returns a name that is registered; a URL or a path is refused.
fn check_registered(context: &Context<'_>, name: &str) -> Result<String, Failure> {
    if context.open_journal()?.state().targets.contains_key(name) {
        return Ok(name.to_owned());
    }
    let message = "no target of this name is registered";
    Err(Failure::new(
        FailureKind::Refused,
        "no_target",
        message,
        NextSteps::from(look(View::Targets, "lists the targets")).and("the operator registers them"),
    ))
}

/// Returns whether a target's URL means this host and this database.
fn is_at(url: &str, hostname: &str, database: &str) -> bool {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        return hostname.eq_ignore_ascii_case("localhost") && [file, stem].contains(&database);
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (place, _) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, name) = place.split_once('/').unwrap_or((place, ""));
    let server = server.rsplit_once('@').map_or(server, |(_, server)| server);
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    // The host may be given with or without its port.
    let is_host = hostname.eq_ignore_ascii_case(server) || hostname.eq_ignore_ascii_case(host);
    is_host && !name.is_empty() && name.eq_ignore_ascii_case(database)
}

#[cfg(test)]
mod tests {
    use super::is_at;

    #[test]
    fn a_place_is_a_host_and_a_database() {
        let server = "mssql://mfm@dbtest:1433/MOSAIQ_TEST?ca_file=ca.pem";
        for (url, hostname, database) in [
            (server, "dbtest", "MOSAIQ_TEST"),
            (server, "DBTEST:1433", "mosaiq_test"),
            ("sqlite:/data/lab.db", "localhost", "lab"),
            ("sqlite:/data/lab.db", "localhost", "lab.db"),
        ] {
            assert!(is_at(url, hostname, database), "{url} {hostname} {database}");
        }
        for (url, hostname, database) in [
            (server, "dbtest", ""),
            (server, "", "MOSAIQ_TEST"),
            (server, "mfm@dbtest", "MOSAIQ_TEST"),
            (server, "dbtest:1434", "MOSAIQ_TEST"),
            (server, "dbtest", "MOSAIQ"),
            ("sqlite:/data/lab.db", "localhost", "/data/lab.db"),
            ("sqlite:/data/lab.db", "data", "lab"),
        ] {
            assert!(!is_at(url, hostname, database), "{url} {hostname} {database}");
        }
    }
}
