//! Everything that the interface knows at a moment; draws nothing and runs nothing.

use super::dialog::Overlay;
use super::job::Job;
use super::keys::{Action, Binding};
use super::lanes::Lanes;
use super::look::{Appearance, Role};
use super::message::Effect;
use super::screens::{checks, journal, modes, operations, overview, plan, records};
use crate::domain::Domain;
use crate::domains;
use crate::ops::status;

/// A screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Screen {
    /// What is broken now.
    #[default]
    Overview,
    /// The catalogue of failure modes.
    Modes,
    /// The records of the target.
    Records,
    /// A fault that is planned.
    Plan,
    /// What was done.
    Operations,
    /// What the checks found.
    Checks,
    /// The entries of the journal.
    Journal,
}

impl Screen {
    /// Every screen, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Modes, Self::Records, Self::Plan, Self::Operations, Self::Checks, Self::Journal];

    /// Returns its name.
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

    /// Returns the screen of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|screen| screen.name().eq_ignore_ascii_case(name))
    }
}

/// What the interface is told once.
#[derive(Clone, Debug, Default)]
pub struct StartupFacts {
    /// Where the journal is.
    pub journal: String,
    /// Whether writing is out of the question.
    pub read_only: bool,
}

/// Something said at the foot of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusNote {
    /// How it is meant.
    pub role: Role,
    /// The words.
    pub text: String,
    /// Whether it was seen: the next key takes it away.
    pub seen: bool,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub struct TuiState {
    /// How things look.
    pub look: Appearance,
    /// What was told once.
    pub facts: StartupFacts,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The screen that is shown.
    pub screen: Screen,
    /// The target that was chosen here, by name.
    pub target: Option<String>,
    /// How journal and target stand.
    pub status: Option<status::Outcome>,
    /// Why that is not known.
    pub trouble: Option<String>,
    /// How far the text beside a list is scrolled.
    pub detail: usize,
    /// How far the text that was drawn last can be scrolled: only drawing tells how its lines wrap.
    pub scroll_end: std::cell::Cell<usize>,
    /// What stands in front of the screen.
    pub overlay: Option<Overlay>,
    /// What is under way.
    pub lanes: Lanes,
    /// What was said last.
    pub note: Option<StatusNote>,
    /// The ticks that went by.
    pub ticks: u64,
    /// Whether it ends as soon as nothing writes any more.
    pub ending: bool,
    /// The overview.
    pub overview: overview::OverviewScreen,
    /// The modes.
    pub modes: modes::ModesScreen,
    /// The records.
    pub records: records::RecordsScreen,
    /// The plan.
    pub plan: plan::PlanScreen,
    /// The operations.
    pub operations: operations::OperationsScreen,
    /// The checks.
    pub checks: checks::ChecksScreen,
    /// The journal.
    pub journal: journal::JournalScreen,
}

impl TuiState {
    /// Asks for a job.
    pub fn request_job(&mut self, job: Job) -> Vec<Effect> {
        self.lanes.request_job(job, self.target.as_deref())
    }

    /// Says something at the foot of the screen.
    pub fn show_note(&mut self, role: Role, text: impl Into<String>) {
        self.note = Some(StatusNote { role, text: text.into(), seen: false });
    }

    /// Returns how many rows the part between the bars has.
    #[must_use]
    pub const fn body_rows(&self) -> u16 {
        self.size.1.saturating_sub(3)
    }

    /// Returns the domain of the target in use, as far as that is known.
    #[must_use]
    pub fn domain(&self) -> &'static dyn Domain {
        self.records.domain
    }

    /// Tells whether an action makes sense on the data in use.
    #[must_use]
    pub fn is_offered(&self, binding: &Binding) -> bool {
        binding.action != Action::Ask || !self.domain().queries().is_empty()
    }

    /// Takes note of the domain of the target in use; what was known of another one's records is forgotten.
    pub fn follow_target(&mut self) {
        let name = self.target_name();
        let targets = self.status.iter().flat_map(|status| &status.targets);
        let mut mine = targets.filter(|target| Some(target.name.as_str()) == name);
        let Some(domain) = mine.next().and_then(|target| domains::find(&target.domain)) else { return };
        if domain.card().id != self.domain().card().id {
            self.records = records::RecordsScreen::from_domain(domain);
            (self.modes, self.plan, self.checks) = Default::default();
        }
    }

    /// Returns the name of the target in use.
    #[must_use]
    pub fn target_name(&self) -> Option<&str> {
        let of_status = self.status.as_ref().and_then(|status| status.target.as_ref());
        self.target.as_deref().or_else(|| of_status.map(|target| target.name.as_str()))
    }
}
