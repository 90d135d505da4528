//! Rate limits for agents: hourly budgets, cool-downs, a circuit breaker per target, and the size of arguments.

use serde::Serialize;
use serde_json::Value as Json;

use super::Agents;
use super::state::{ServersState, Window};
use crate::ops::{Failure, FailureKind};

/// An hour, in microseconds.
pub(super) const HOUR_US: i64 = 3_600_000_000;
/// Number of calls that a process reserves at once from the shared budget.
const LEASE: u64 = 50;
/// Maximum number of agents counted by name; further ones share one count, so that new names gain nothing.
const CLIENTS_MAX: usize = 200;
/// All agents together get this many times the budget of one.
const TOGETHER: u64 = 2;
/// Maximum size of a call's arguments in bytes, estimated from keys and texts.
const BYTES_MAX: usize = 64 * 1024;
/// Maximum nesting depth of the arguments.
const DEPTH_MAX: usize = 8;
/// Maximum number of values in the arguments.
const VALUES_MAX: usize = 2_000;
/// Maximum length of one text, bytes.
const TEXT_MAX: usize = 4 * 1024;

/// The limits that agents are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Calls of one agent in an hour; all agents together may make twice as many.
    pub calls_per_hour: u64,
    /// Writes of one agent in an hour; all agents together may make twice as many.
    pub writes_per_hour: u64,
    /// Minimum time between two writes of one command, milliseconds.
    pub cooldown_ms: u64,
    /// Consecutive failures of a target that open its circuit breaker.
    pub breaker_failures: u32,
    /// How long the breaker stays open, seconds.
    pub breaker_s: u64,
    /// Lifetime of a handle, seconds.
    pub handle_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_per_hour: 2_000,
            writes_per_hour: 60,
            cooldown_ms: 1_000,
            breaker_failures: 5,
            breaker_s: 60,
            handle_s: 600,
        }
    }
}

impl Agents {
    /// Counts a call, and refuses it where the hour's budget is used up.
    ///
    /// # Errors
    /// `agent_calls`, or an error of the agents' folder.
    pub fn admit_call(&self, client: &str, now_us: i64) -> Result<(), Failure> {
        // A poisoned lock still holds valid counts: a panic elsewhere must not lift the limit.
        let mut leases = self.leased.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(remaining) = leases.get_mut(client).filter(|remaining| **remaining > 0) {
            *remaining -= 1;
            return Ok(());
        }
        let limit = self.limits.calls_per_hour;
        let lease =
            self.update_state(|state| take_share(&mut state.calls, client, now_us, limit, WriteShare::UpTo(LEASE)))?;
        let lease = lease.map_err(|wait_us| {
            Failure::new(FailureKind::Refused, "agent_calls", used_up("calls", limit), render_wait(wait_us))
        })?;
        // Clearing forfeits what was reserved: it bounds the map, and costs an agent at most one lease.
        if leases.len() >= CLIENTS_MAX {
            leases.clear();
        }
        leases.insert(client.to_owned(), lease.saturating_sub(1));
        Ok(())
    }

    /// Counts a write by its operations, and refuses it during the cool-down or where the hour's budget is too small.
    ///
    /// # Errors
    /// `agent_cooldown`, `agent_writes`, or an error of the agents' folder.
    pub fn admit_write(&self, client: &str, tool: &str, operations: u64, now_us: i64) -> Result<(), Failure> {
        let limits = self.limits;
        self.update_state(|state| {
            let rest_us = i64::try_from(limits.cooldown_ms).unwrap_or(i64::MAX).saturating_mul(1000);
            // A time in the future means that the clock was set back; it must not block writes until then.
            let last_us = state.wrote_us.get(tool).copied().filter(|last| *last <= now_us);
            let wait_us = last_us.map_or(0, |last| last.saturating_add(rest_us).saturating_sub(now_us));
            if wait_us > 0 {
                let message = format!("{tool} wrote just now; it must wait {} ms between writes", limits.cooldown_ms);
                return Err(Failure::new(FailureKind::Refused, "agent_cooldown", message, render_wait(wait_us)));
            }
            // Even a write that turns out to change nothing counts as one.
            let needed = operations.max(1);
            let limit = limits.writes_per_hour;
            let share = take_share(&mut state.writes, client, now_us, limit, WriteShare::All(needed));
            share.map_err(|wait_us| too_many_writes(needed, limit, wait_us))?;
            state.wrote_us.insert(tool.to_owned(), now_us);
            Ok(())
        })?
    }

    /// Refuses a target whose circuit breaker is open.
    ///
    /// # Errors
    /// `agent_breaker`, or an error of the agents' folder.
    pub fn admit_target(&self, target: &str, now_us: i64) -> Result<(), Failure> {
        let state = self.read_state()?;
        let Some(breaker) = state.breakers.get(target) else { return Ok(()) };
        let open_us = i64::try_from(self.limits.breaker_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let wait_us = breaker.at_us.saturating_add(open_us).saturating_sub(now_us);
        if breaker.failures < self.limits.breaker_failures || wait_us <= 0 {
            return Ok(());
        }
        let message = format!("the target {target} failed {} times in a row and is paused", breaker.failures);
        Err(Failure::new(FailureKind::Refused, "agent_breaker", message, render_wait(wait_us)))
    }

    /// Records a target's success or failure for its circuit breaker.
    ///
    /// # Errors
    /// An error of the agents' folder.
    pub fn note_target(&self, target: &str, failed: bool, now_us: i64) -> Result<(), Failure> {
        // The common case, success without earlier failures, needs no lock.
        if !failed && !self.read_state()?.breakers.contains_key(target) {
            return Ok(());
        }
        self.update_state(|state: &mut ServersState| {
            if failed {
                let breaker = state.breakers.entry(target.to_owned()).or_default();
                breaker.failures = breaker.failures.saturating_add(1);
                breaker.at_us = now_us;
            } else {
                state.breakers.remove(target);
            }
        })
    }
}

/// How much of an hour's budget is requested.
#[derive(Clone, Copy)]
enum WriteShare {
    /// As much as is available, up to this number.
    UpTo(u64),
    /// All of it, or nothing.
    All(u64),
}

/// Takes a share of an hour's remaining budget and returns its size, or returns the microseconds until the next hour.
fn take_share(window: &mut Window, client: &str, now_us: i64, limit: u64, share: WriteShare) -> Result<u64, i64> {
    if now_us >= window.since_us.saturating_add(HOUR_US) {
        *window = Window { since_us: now_us, ..Window::default() };
    }
    // A clock that was set back would otherwise stretch the hour.
    window.since_us = window.since_us.min(now_us);
    let known = window.clients.contains_key(client) || window.clients.len() < CLIENTS_MAX;
    let client = if known { client } else { "" };
    let used = window.clients.get(client).copied().unwrap_or_default();
    let together = limit.saturating_mul(TOGETHER).saturating_sub(window.total);
    let remaining = limit.saturating_sub(used).min(together);
    let granted = match share {
        WriteShare::UpTo(most) => most.min(remaining),
        WriteShare::All(all) if all <= remaining => all,
        WriteShare::All(_) => 0,
    };
    if granted == 0 {
        return Err(window.since_us.saturating_add(HOUR_US).saturating_sub(now_us));
    }
    window.total += granted;
    *window.clients.entry(client.to_owned()).or_default() += granted;
    Ok(granted)
}

fn too_many_writes(needed: u64, limit: u64, wait_us: i64) -> Failure {
    // No waiting helps a request that is larger than a whole hour's budget.
    if needed > limit {
        let message = format!("this makes {needed} operations, but a client may make only {limit} per hour");
        let hint = "ask for less at once: fewer modes, records or operations";
        return Failure::new(FailureKind::Refused, "agent_writes", message, hint);
    }
    let message = if needed == 1 {
        used_up("writes", limit)
    } else {
        format!("this makes {needed} operations, more than remain of {}", used_up("writes", limit))
    };
    Failure::new(FailureKind::Refused, "agent_writes", message, render_wait(wait_us))
}

fn used_up(what: &str, limit: u64) -> String {
    format!("the hourly limit of {limit} {what} per client, or twice as many for all, is used up")
}

fn render_wait(wait_us: i64) -> String {
    format!("do not repeat the call; wait {} s", wait_us.saturating_add(999_999) / 1_000_000)
}

/// Refuses arguments that are larger, deeper or more numerous than any command needs.
///
/// # Errors
/// `agent_arguments`.
pub fn check_arguments(arguments: &serde_json::Map<String, Json>) -> Result<(), Failure> {
    // An explicit stack in place of recursion: the depth is the caller's choice.
    let mut todo: Vec<(&Json, usize)> = arguments.values().map(|value| (value, 1)).collect();
    let (mut values, mut bytes) = (0usize, arguments.keys().map(String::len).sum::<usize>());
    while let Some((value, depth)) = todo.pop() {
        values += 1;
        bytes += match value {
            Json::String(text) if text.len() > TEXT_MAX => {
                return Err(wrong_arguments(&format!("contain a string of more than {TEXT_MAX} bytes")));
            }
            Json::String(text) => text.len(),
            Json::Object(map) => map.keys().map(String::len).sum(),
            _ => 8,
        };
        if depth > DEPTH_MAX {
            return Err(wrong_arguments(&format!("are nested more than {DEPTH_MAX} deep")));
        }
        if values > VALUES_MAX || bytes > BYTES_MAX {
            let limits = format!("contain more than {VALUES_MAX} values or {BYTES_MAX} bytes");
            return Err(wrong_arguments(&limits));
        }
        // One value more than the limit is enough to be refused by the next round; the rest is not queued.
        match value {
            Json::Array(list) => todo.extend(list.iter().take(VALUES_MAX + 1).map(|value| (value, depth + 1))),
            Json::Object(map) => todo.extend(map.values().take(VALUES_MAX + 1).map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

fn wrong_arguments(what: &str) -> Failure {
    let hint = "send only arguments of the tool's input schema";
    Failure::new(FailureKind::Refused, "agent_arguments", format!("the arguments {what}"), hint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn agents(limits: Limits) -> (tempfile::TempDir, Agents) {
        let folder = tempfile::tempdir().unwrap();
        let agents = Agents::for_journal(&folder.path().join("journal.db"), limits);
        (folder, agents)
    }

    #[test]
    fn an_hour_is_shared_by_all_servers_of_a_journal() {
        let limits = Limits { writes_per_hour: 2, cooldown_ms: 0, ..Limits::default() };
        let (folder, first) = agents(limits);
        let second = Agents::for_journal(&folder.path().join("journal.db"), limits);
        for agents in [&first, &second] {
            agents.admit_write("a", "revert", 1, 1).unwrap();
        }
        assert_eq!(first.admit_write("a", "revert", 1, 2).unwrap_err().code, "agent_writes");
        assert_eq!(second.admit_write("a", "apply", 1, 2).unwrap_err().code, "agent_writes");
        // Another name does not help for long: all clients together have twice as much.
        second.admit_write("b", "revert", 1, 3).unwrap();
        second.admit_write("c", "revert", 1, 4).unwrap();
        assert_eq!(second.admit_write("d", "revert", 1, 5).unwrap_err().code, "agent_writes");
        first.admit_write("a", "revert", 1, 2 + HOUR_US).unwrap();
    }

    #[test]
    fn k8_a_write_counts_by_its_operations_all_of_them_or_none() {
        let (_folder, agents) = agents(Limits { writes_per_hour: 10, cooldown_ms: 0, ..Limits::default() });
        let writes = |operations: u64| {
            agents
                .admit_write("a", "drill", operations, 1)
                .map_err(|failure| (failure.code, failure.next.as_slice()[0].text.clone()))
        };
        assert!(writes(11).is_err_and(|(code, hint)| code == "agent_writes" && hint.contains("less at once")));
        writes(6).unwrap();
        assert!(writes(5).is_err_and(|(code, hint)| code == "agent_writes" && hint.contains("wait")));
        writes(4).unwrap();
        assert!(writes(0).is_err());
    }

    #[test]
    fn k8_a_lost_or_emptied_state_is_no_fresh_one() {
        for lost in [None, Some(""), Some("{}"), Some("null")] {
            let (folder, agents) = agents(Limits::default());
            let state = folder.path().join("journal.db.agents/state.json");
            agents.admit_write("a", "revert", 1, 1).unwrap();
            match lost {
                None => std::fs::remove_file(&state).unwrap(),
                Some(text) => std::fs::write(&state, text).unwrap(),
            }
            // This server, and one that starts now.
            let next = Agents::for_journal(&folder.path().join("journal.db"), Limits::default());
            for agents in [&agents, &next] {
                assert_eq!(
                    agents.admit_write("a", "apply", 1, 2_000_000).unwrap_err().code,
                    "agents_folder",
                    "{lost:?}"
                );
            }
        }
        // The whole folder: the server that saw it knows.
        let (folder, agents) = agents(Limits::default());
        agents.admit_write("a", "revert", 1, 1).unwrap();
        std::fs::remove_dir_all(folder.path().join("journal.db.agents")).unwrap();
        assert_eq!(agents.admit_write("a", "apply", 1, 2_000_000).unwrap_err().code, "agents_folder");
    }

    #[test]
    fn calls_are_counted_through_leases() {
        let (folder, first) = agents(Limits { calls_per_hour: 60, ..Limits::default() });
        let second = Agents::for_journal(&folder.path().join("journal.db"), *first.limits());
        let admitted = |agents: &Agents| (0..200).filter(|at| agents.admit_call("a", *at).is_ok()).count();
        assert_eq!(admitted(&first) + admitted(&second), 60);
    }

    #[test]
    fn a_tool_rests_between_writes() {
        let (_folder, agents) = agents(Limits { cooldown_ms: 10, ..Limits::default() });
        agents.admit_write("a", "revert", 1, 1_000_000).unwrap();
        let refused = agents.admit_write("b", "revert", 1, 1_009_999).unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.next.as_slice()[0].text.contains("wait 1 s")),
            ("agent_cooldown", true)
        );
        agents.admit_write("b", "apply", 1, 1_009_999).unwrap();
        agents.admit_write("b", "revert", 1, 1_010_000).unwrap();
    }

    #[test]
    fn the_breaker_opens_closes_and_forgets() {
        let (_folder, agents) = agents(Limits { breaker_failures: 2, breaker_s: 1, ..Limits::default() });
        agents.note_target("lab", true, 1).unwrap();
        agents.admit_target("lab", 2).unwrap();
        agents.note_target("lab", true, 3).unwrap();
        assert_eq!(agents.admit_target("lab", 4).unwrap_err().code, "agent_breaker");
        agents.admit_target("other", 4).unwrap();
        agents.admit_target("lab", 1_000_003).unwrap();
        agents.note_target("lab", false, 1_000_004).unwrap();
        agents.admit_target("lab", 5).unwrap();
    }

    #[test]
    fn arguments_have_a_measure() {
        let measured = |json: Json| check_arguments(json.as_object().unwrap()).map_err(|failure| failure.code);
        assert_eq!(measured(json!({"fld_id": [1, 2, 3], "angle_type": "gantry"})), Ok(()));
        let mut deep = json!(1);
        (0..1000).for_each(|_| deep = json!([deep]));
        let long: Vec<u32> = (0..5000).collect();
        for bad in [json!({"a": deep}), json!({"a": long}), json!({"a": "x".repeat(5000)})] {
            assert_eq!(measured(bad), Err("agent_arguments".to_owned()));
        }
    }

    #[test]
    fn a_broken_state_serves_nobody() {
        let (folder, agents) = agents(Limits::default());
        agents.admit_write("a", "revert", 1, 1).unwrap();
        std::fs::write(folder.path().join("journal.db.agents/state.json"), "{").unwrap();
        assert_eq!(agents.admit_write("a", "revert", 1, 2_000_000).unwrap_err().code, "agents_folder");
    }
}
