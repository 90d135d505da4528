//! What the operator allows agents: modes, severities, writes, identifying data, and how many calls.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use crate::domain::Domain;
use crate::domains;
use crate::model::FaultSeverity;
use crate::ops::agents::{Consent, Limits};
use crate::ops::modes::find_mode;
use crate::ops::{Context, Failure, FailureKind, detect, synthetic};

/// The group of queries that is always offered.
const SPECIFICATION: &str = "specification";

/// What the operator allows agents.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerOptions {
    /// Register no tool that writes to a target
    #[arg(long)]
    pub read_only: bool,
    /// Only these modes, by tool or id, separated by commas [default: all]
    #[arg(long, value_name = "MODE", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Refuse faults of a higher severity, 0 to 3 [default: 3]
    #[arg(long, value_name = "N")]
    pub max_severity: Option<String>,
    /// Show agents columns that identify people, and free text
    #[arg(long)]
    pub include_phi: bool,
    /// Whose consent a write needs [default: a person's; the client's on what `mfm lab create` made and on the public
    /// mock]
    #[arg(long, value_name = "WHOSE", value_enum)]
    pub consent: Option<Consent>,
    /// Offer the tools of this domain; may be repeated [default: the target's domain, else the first]
    #[arg(long, value_name = "ID")]
    pub domain: Vec<String>,
    /// Let queries read recordings in this folder; may be repeated [default: the domain's usual folders]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub recordings: Vec<PathBuf>,
    /// Offer an additional group of tools, such as analysis; may be repeated
    #[arg(long, value_name = "GROUP")]
    pub tools: Vec<String>,
    /// Answer queries as the system does that their specification describes, its faults included
    #[arg(long)]
    pub strict: bool,
    /// Judge the checks by the rules of this file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub rules: Option<PathBuf>,
    /// Calls of one client in an hour; all together twice as many [default: 2000]
    #[arg(long, value_name = "N")]
    pub calls_per_hour: Option<u64>,
    /// Writes of one client in an hour; all together twice as many [default: 60]
    #[arg(long, value_name = "N")]
    pub writes_per_hour: Option<u64>,
    /// Minimum time between two writes of a tool, in milliseconds [default: 1000]
    #[arg(long, value_name = "MS")]
    pub cooldown_ms: Option<u64>,
}

/// The options after they were checked.
#[derive(Clone, Debug)]
pub(super) struct AgentPermissions {
    pub(super) read_only: bool,
    pub(super) identifying: bool,
    pub(super) consent: Option<Consent>,
    /// Whether queries answer as the system does that their specification describes.
    pub(super) strict: bool,
    pub(super) rules: Option<PathBuf>,
    /// The domains whose tools are offered.
    pub(super) domains: Vec<&'static dyn Domain>,
    /// The folders whose files may be queried; empty for the domain's usual ones.
    pub(super) folders: Vec<PathBuf>,
    groups: BTreeSet<String>,
    tools: BTreeSet<&'static str>,
    max_severity: Option<FaultSeverity>,
}

impl ServerOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// Usage: an unknown mode, domain or group, or a severity that is not a number from 0 to 3.
    pub(super) fn resolve_permissions(&self) -> Result<AgentPermissions, Failure> {
        let tools = if self.allow.is_empty() {
            domains::modes().map(|mode| mode.card().tool).collect()
        } else {
            let modes = self.allow.iter().map(|word| find_mode(word.trim()).map(|mode| mode.card().tool));
            modes.collect::<Result<_, _>>()?
        };
        let max_severity = self.max_severity.as_deref().map(parse_severity).transpose()?;
        let rules = self.rules.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        let (read_only, identifying, consent) = (self.read_only, self.include_phi, self.consent);
        let domains = self.domain.iter().map(|id| detect::resolve_domain(id)).collect::<Result<_, _>>()?;
        let folders = self.recordings.clone();
        let groups = self.check_groups()?;
        let strict = self.strict;
        Ok(AgentPermissions {
            read_only,
            identifying,
            consent,
            strict,
            rules,
            domains,
            folders,
            groups,
            tools,
            max_severity,
        })
    }

    /// Checks the names of the further groups of tools.
    fn check_groups(&self) -> Result<BTreeSet<String>, Failure> {
        let queries = domains::all().iter().flat_map(|domain| domain.queries());
        let mut groups: Vec<&str> = queries.map(|query| query.card().group).collect();
        groups.retain(|group| *group != SPECIFICATION);
        groups.sort_unstable();
        groups.dedup();
        match self.tools.iter().find(|group| !groups.contains(&group.as_str())) {
            None => Ok(self.tools.iter().cloned().collect()),
            Some(group) => {
                let message = format!("there is no group of tools `{group}`");
                Err(Failure::usage("unknown_group", message, format!("the groups are {}", groups.join(", "))))
            }
        }
    }

    /// Returns the limits, defaults filled in.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            calls_per_hour: self.calls_per_hour.unwrap_or(usual.calls_per_hour),
            writes_per_hour: self.writes_per_hour.unwrap_or(usual.writes_per_hour),
            cooldown_ms: self.cooldown_ms.unwrap_or(usual.cooldown_ms),
            ..usual
        }
    }
}

fn parse_severity(text: &str) -> Result<FaultSeverity, Failure> {
    text.parse().map_err(|_| {
        let message = format!("the highest severity is {text}, which is not a number from 0 to 3");
        Failure::usage("severity", message, "write it as 1.8")
    })
}

/// Tells whether a severity is above a limit, as everything counts that is not a severity.
fn is_above(severity: &str, limit: &FaultSeverity) -> bool {
    severity.parse::<FaultSeverity>().map_or(true, |severity| severity > *limit)
}

impl AgentPermissions {
    /// Tells whether a group of tools is offered.
    pub(super) fn has_group(&self, group: &str) -> bool {
        group == SPECIFICATION || self.groups.contains(group)
    }

    /// Offers further groups of tools.
    pub(super) fn add_groups(&mut self, groups: Vec<&'static str>) {
        self.groups.extend(groups.into_iter().map(str::to_owned));
    }

    /// Tells whether a mode is allowed.
    pub(super) fn has_tool(&self, tool: &str) -> bool {
        self.tools.contains(tool)
    }

    /// Tells whether identifying data of a target may be shown: always if its rows are synthetic.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn can_show(&self, context: &Context<'_>, target: &str) -> Result<bool, Failure> {
        Ok(self.identifying || synthetic::is_synthetic(&context.open_journal()?, target)?)
    }

    /// Tells whether a write to a target needs a person's own yes, and not only the client's word.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn needs_person(&self, context: &Context<'_>, target: &str) -> Result<bool, Failure> {
        match self.consent {
            Some(consent) => Ok(consent == Consent::Person),
            None => Ok(!synthetic::is_synthetic(&context.open_journal()?, target)?),
        }
    }

    /// Returns the same permissions, which show identifying data only if `identifying` allows it too.
    pub(super) fn with_identifying(&self, identifying: bool) -> Self {
        Self { identifying: self.identifying && identifying, ..self.clone() }
    }

    /// Tells whether every mode of every severity may be committed.
    pub(super) fn is_everything(&self) -> bool {
        self.tools.len() == domains::modes().count() && self.max_severity.is_none()
    }

    /// Refuses a fault that the operator does not allow agents.
    ///
    /// # Errors
    /// `agent_mode`, `agent_severity`.
    pub(super) fn permit(&self, tool: &str, severity: &str) -> Result<(), Failure> {
        let hint = "the operator must start the server with other limits; do not try to work around this";
        if !self.has_tool(tool) {
            let message = format!("agents may not use {tool} here");
            return Err(Failure::new(FailureKind::Refused, "agent_mode", message, hint));
        }
        match &self.max_severity {
            Some(limit) if is_above(severity, limit) => {
                let message = format!("{tool} has the severity {severity}, above the {limit} allowed");
                Err(Failure::new(FailureKind::Refused, "agent_severity", message, hint))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_allowed_is_permitted() {
        let options = ServerOptions {
            allow: vec!["create_invalid_angles".into(), "invalid-offset-data".into()],
            max_severity: Some("0.70".into()),
            ..ServerOptions::default()
        };
        let allowed = options.resolve_permissions().unwrap();
        let code = |tool: &str, severity: &str| allowed.permit(tool, severity).map_err(|failure| failure.code);
        assert_eq!(code("create_invalid_angles", "0.7"), Ok(()));
        assert_eq!(code("create_invalid_angles", "0.8"), Err("agent_severity".into()));
        assert_eq!(code("corrupt_offset_data", "none"), Err("agent_severity".into()));
        assert_eq!(code("delete_control_points", "0.1"), Err("agent_mode".into()));
        for bad in ["3.1", "-1", "NaN", "high", ""] {
            let options = ServerOptions { max_severity: Some(bad.into()), ..ServerOptions::default() };
            assert_eq!(options.resolve_permissions().unwrap_err().code, "severity", "{bad}");
        }
        let options = ServerOptions { allow: vec!["everything".into()], ..ServerOptions::default() };
        assert_eq!(options.resolve_permissions().unwrap_err().code, "unknown_mode");
    }
}
