//! The whole state of the interface.

use super::dialog::Overlay;
use super::job::Job;
use super::keys::{Action, Binding};
use super::lanes::Lanes;
use super::message::Effect;
use super::screens::{approvals, checks, journal, modes, operations, overview, plan, records};
use super::theme::{Appearance, Role};
use crate::domain::Domain;
use crate::domains;
use crate::ops::status;

/// A screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Screen {
    /// The faults in effect, and the state of journal and target.
    #[default]
    Overview,
    /// The catalogue of failure modes.
    Modes,
    /// The records of the target.
    Records,
    /// The form of a fault, and its preview.
    Plan,
    /// The operations, newest first.
    Operations,
    /// The findings of the quality checks.
    Checks,
    /// The entries of the journal.
    Journal,
}

impl Screen {
    /// Every screen, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Modes, Self::Records, Self::Plan, Self::Operations, Self::Checks, Self::Journal];

    /// Returns the screen's name, as the top bar shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Modes => "Modes",
            Self::Records => "Records",
            Self::Plan => "Plan",
            Self::Operations => "Operations",
            Self::Checks => "Checks",
            Self::Journal => "Journal",
        }
    }

    /// Returns the screen with a name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|screen| screen.name().eq_ignore_ascii_case(name))
    }
}

/// Facts that do not change while the interface runs.
#[derive(Clone, Debug, Default)]
pub struct StartupFacts {
    /// The journal's path, for display.
    pub journal: String,
    /// Whether the interface was started read-only.
    pub read_only: bool,
}

/// A note in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusNote {
    /// The role that decides its style.
    pub role: Role,
    /// The text, on one line.
    pub text: String,
    /// Whether a key has been pressed since it appeared. The next one removes it.
    pub seen: bool,
}

/// The state: what has been read, what is shown, and what runs.
#[derive(Debug, Default)]
pub struct TuiState {
    /// Colours and characters.
    pub look: Appearance,
    /// Facts from the start.
    pub facts: StartupFacts,
    /// The terminal's size: columns, rows.
    pub size: (u16, u16),
    /// The current screen.
    pub screen: Screen,
    /// The name of the target chosen in the interface.
    pub target: Option<String>,
    /// The last status of journal and targets.
    pub status: Option<status::Outcome>,
    /// Why reading the status failed.
    pub trouble: Option<String>,
    /// The number of rows that the text next to a list is scrolled past.
    pub detail: usize,
    /// How far the text drawn last can be scrolled. Drawing sets it, because only then is it known how the lines wrap.
    pub scroll_end: std::cell::Cell<usize>,
    /// The open dialog.
    pub overlay: Option<Overlay>,
    /// The jobs that run and wait.
    pub lanes: Lanes,
    /// The last note.
    pub note: Option<StatusNote>,
    /// Ticks of a tenth of a second since the start.
    pub ticks: u64,
    /// Whether the interface quits as soon as nothing is being written.
    pub ending: bool,
    /// The state of the overview.
    pub overview: overview::OverviewScreen,
    /// The state of the screen of failure modes.
    pub modes: modes::ModesScreen,
    /// The state of the screen of records, with the current domain.
    pub records: records::RecordsScreen,
    /// The state of the screen of the planned fault.
    pub plan: plan::PlanScreen,
    /// The state of the screen of operations.
    pub operations: operations::OperationsScreen,
    /// The state of the screen of quality checks.
    pub checks: checks::ChecksScreen,
    /// The state of the screen of entries.
    pub journal: journal::JournalScreen,
    /// The questions of agents, in their dialog.
    pub approvals: approvals::AgentQuestions,
}

impl TuiState {
    /// Requests a job for the chosen target.
    pub fn request_job(&mut self, job: Job) -> Vec<Effect> {
        self.lanes.request_job(job, self.target.as_deref())
    }

    /// Requests the status, and what agents ask.
    pub fn request_status(&mut self) -> Vec<Effect> {
        let mut effects = self.request_job(Job::Status);
        effects.extend(self.request_job(Job::Approvals));
        effects
    }

    /// Shows a note in the status line.
    pub fn show_note(&mut self, role: Role, text: impl Into<String>) {
        self.note = Some(StatusNote { role, text: text.into(), seen: false });
    }

    /// Returns the number of rows between the bars.
    #[must_use]
    pub const fn body_rows(&self) -> u16 {
        self.size.1.saturating_sub(3)
    }

    /// Returns the domain of the current target; before it is known, the first one.
    #[must_use]
    pub fn domain(&self) -> &'static dyn Domain {
        self.records.domain
    }

    /// Tells whether an action is offered for the current domain: `Ask` needs queries.
    #[must_use]
    pub fn is_offered(&self, binding: &Binding) -> bool {
        binding.action != Action::Ask || !self.domain().queries().is_empty()
    }

    /// Switches to the domain of the current target. What was read in another domain is dropped.
    pub fn follow_target(&mut self) {
        let name = self.target_name();
        let targets = self.status.iter().flat_map(|status| &status.targets);
        let mut mine = targets.filter(|target| Some(target.name.as_str()) == name);
        let Some(domain) = mine.next().and_then(|target| domains::find(&target.domain)) else { return };
        if domain.card().id != self.domain().card().id {
            self.records = records::RecordsScreen::from_domain(domain);
            // These hold modes and findings of the other domain.
            (self.modes, self.plan, self.checks) = Default::default();
        }
    }

    /// Returns the name of the current target: the chosen one, else the one that the status reports.
    #[must_use]
    pub fn target_name(&self) -> Option<&str> {
        let reported = self.status.as_ref().and_then(|status| status.target.as_ref());
        self.target.as_deref().or_else(|| reported.map(|target| target.name.as_str()))
    }
}
