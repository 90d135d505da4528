//! The clap command tree. The options of an operation come from its `Request` struct.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

use super::faults::{ApplyCall, PlanCall};
use super::placeholders;
use super::query::QueryCall;
use super::settings::{Color, Format};
use super::texts;
use crate::model::ports::Danger;
use crate::ops::agents::approve;
use crate::ops::{
    self, audit, campaign, checks, demo, drill, explain, export, features, find, lab, log, recover, replay, revert,
    show, status, targets,
};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "mfm", version, about = texts::ABOUT, long_about = texts::LONG_ABOUT, after_help = texts::AFTER_HELP)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(super) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(super) globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
// The ids have a prefix, because operations have arguments of the same names and clap wants ids to be unique.
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    /// The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db, else the user's]
    #[arg(long, id = "global_journal", value_name = "FILE", global = true)]
    pub(super) journal: Option<PathBuf>,
    /// The target, by name or URL [env: MFM_TARGET] [default: the only one]
    #[arg(long, id = "global_target", value_name = "NAME|URL", global = true)]
    pub(super) target: Option<String>,
    /// How results are written [env: MFM_FORMAT] [default: table]
    #[arg(
        long = "format",
        id = "global_format",
        value_name = "FORMAT",
        value_enum,
        global = true,
        hide_short_help = true
    )]
    pub(super) format_word: Option<Format>,
    /// Write results as JSON: the same as --format json
    #[arg(long, id = "global_json", global = true, conflicts_with = "global_format")]
    pub(super) json: bool,
    /// The actor's name in the journal [env: MFM_ACTOR] [default: the user's name]
    #[arg(long, id = "global_actor", value_name = "NAME", global = true, hide_short_help = true)]
    pub(super) actor: Option<String>,
    /// A file with the password of a server's login, `-` for standard input [env: MFM_MSSQL_PASSWORD] [default: asked]
    #[arg(long, id = "global_password_file", value_name = "FILE", global = true, hide_short_help = true)]
    pub(super) password_file: Option<PathBuf>,
    /// The same for the login that only reads [env: MFM_MSSQL_READ_PASSWORD] [default: asked]
    #[arg(long, id = "global_read_password_file", value_name = "FILE", global = true, hide_short_help = true)]
    pub(super) read_password_file: Option<PathBuf>,
    /// A host that a login may be sent to unencrypted; needed in addition to encrypt=off in the URL
    #[arg(long, id = "global_unencrypted_login", value_name = "HOST", global = true, hide_short_help = true)]
    pub(super) unencrypted_login: Vec<String>,
    /// Answer yes to every question, except those that need a name typed
    #[arg(long, short, id = "global_yes", global = true)]
    pub(super) yes: bool,
    /// Never ask; refuse whatever needs an answer
    #[arg(long, id = "global_no_input", global = true, hide_short_help = true)]
    pub(super) no_input: bool,
    /// Leave out notes and progress
    #[arg(long, short, id = "global_quiet", action = ArgAction::SetTrue, global = true, hide_short_help = true)]
    pub(super) quiet: bool,
    /// Print where each setting comes from
    #[arg(long, short, id = "global_verbose", global = true, conflicts_with = "global_quiet", hide_short_help = true)]
    pub(super) verbose: bool,
    /// When to use colour [env: NO_COLOR] [default: auto]
    #[arg(long, id = "global_color", value_name = "WHEN", value_enum, global = true, hide_short_help = true)]
    pub(super) color: Option<Color>,
}

impl Globals {
    /// Returns the format of `--json` or `--format`; `None` if neither was given.
    pub(super) const fn format(&self) -> Option<Format> {
        if self.json { Some(Format::Json) } else { self.format_word }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    #[command(about = demo::CARD.about, long_about = texts::DEMO)]
    Demo(demo::Request),
    #[command(about = "Make or import a lab", long_about = texts::LAB, subcommand)]
    Lab(LabCommand),
    #[command(about = "Register and mark test copies", long_about = texts::TARGET, subcommand)]
    Target(TargetCommand),
    #[command(about = ops::modes::CARD.about, long_about = placeholders::fill_examples(texts::MODES))]
    Modes {
        /// A mode's id, or the name of its tool
        #[arg(value_name = "MODE")]
        mode: Option<String>,
        /// The domain whose modes to list, by id [default: mosaiq]
        #[arg(long, value_name = "ID", conflicts_with = "mode")]
        domain: Option<String>,
    },
    #[command(about = find::CARD.about, long_about = placeholders::fill_examples(texts::FIND))]
    Find(find::Request),
    #[command(about = ops::plan::CARD.about, long_about = placeholders::fill_examples(texts::PLAN))]
    Plan(PlanCall),
    #[command(about = ops::apply::CARD.about, long_about = placeholders::fill_examples(texts::APPLY))]
    Apply(ApplyCall),
    #[command(about = revert::CARD.about, long_about = texts::REVERT)]
    Revert(revert::Request),
    #[command(about = recover::CARD.about, long_about = texts::RECOVER)]
    Recover(recover::Request),
    #[command(about = approve::CARD.about, long_about = texts::APPROVE)]
    Approve(approve::Request),
    #[command(about = replay::CARD.about, long_about = texts::REPLAY)]
    Replay(replay::Request),
    #[command(about = status::CARD.about, long_about = texts::STATUS)]
    Status {
        /// Exit with 1 if a fault is in effect or an operation is open
        #[arg(long)]
        exit_code: bool,
    },
    #[command(about = log::CARD.about, long_about = texts::LOG)]
    Log(log::Request),
    #[command(about = show::CARD.about, long_about = texts::SHOW)]
    Show(show::Request),
    #[command(about = explain::CARD.about, long_about = texts::EXPLAIN)]
    Explain(explain::Request),
    #[command(about = ops::query::CARD.about, long_about = texts::QUERY)]
    Query(QueryCall),
    #[command(about = features::CARD.about, long_about = texts::FEATURES)]
    Features(features::Request),
    #[command(about = checks::CARD.about, long_about = texts::CHECK)]
    Check(checks::Request),
    #[command(about = drill::CARD.about, long_about = placeholders::fill_examples(texts::DRILL))]
    // Boxed because it is by far the largest request.
    Drill(Box<drill::Request>),
    #[command(about = ops::coverage::CARD.about, long_about = texts::COVERAGE)]
    Coverage(ops::coverage::Request),
    #[command(about = "Commit many faults from one file", long_about = texts::CAMPAIGN, subcommand)]
    Campaign(CampaignCommand),
    #[command(about = "Gather evidence", long_about = texts::AUDIT, subcommand)]
    Audit(AuditCommand),
    #[cfg(feature = "mcp")]
    #[command(about = "Serve AI agents over stdin and stdout", long_about = placeholders::fill_examples(texts::MCP))]
    Mcp(super::mcp::McpCall),
    #[cfg(feature = "tui")]
    #[command(about = "Browse the data, commit faults and take them back, in a full-screen \
        interface", long_about = texts::TUI)]
    Tui(super::tui::TuiCall),
    #[command(about = "Write the completion script of a shell to stdout", long_about = texts::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    #[command(about = "Write the man pages into a folder", long_about = texts::MAN)]
    Man {
        /// The folder; created if it does not exist
        dir: PathBuf,
    },
    #[command(about = "Explain a command or a topic", long_about = texts::HELP)]
    Help {
        /// A command, or one of the topics exit-codes, errors, environment
        #[arg(value_name = "TOPIC")]
        words: Vec<String>,
    },
}

/// `mfm lab`.
#[derive(Debug, Subcommand)]
pub(super) enum LabCommand {
    #[command(about = lab::create::CARD.about, long_about = texts::LAB_CREATE)]
    Create(lab::create::Request),
    #[command(about = lab::import::CARD.about, long_about = texts::render_imports())]
    Import(lab::import::Request),
    #[command(about = lab::export::CARD.about, long_about = texts::LAB_EXPORT)]
    Export(lab::export::Request),
}

/// `mfm target`.
#[derive(Debug, Subcommand)]
pub(super) enum TargetCommand {
    #[command(about = targets::add::CARD.about, long_about = texts::TARGET_ADD)]
    Add(targets::add::Request),
    #[command(about = targets::list::CARD.about, long_about = texts::TARGET_LIST)]
    List,
    #[command(about = targets::show::CARD.about, long_about = texts::TARGET_SHOW)]
    Show(TargetName),
    #[command(about = targets::mark::CARD.about, long_about = texts::TARGET_MARK)]
    Mark(targets::mark::Request),
    #[command(about = targets::unmark::CARD.about, long_about = texts::TARGET_UNMARK)]
    Unmark(TargetName),
    #[command(about = targets::remove::CARD.about, long_about = texts::TARGET_REMOVE)]
    Remove(TargetName),
    #[command(about = targets::preflight::CARD.about, long_about = texts::TARGET_PREFLIGHT, alias = "census")]
    Preflight(TargetName),
}

/// A target named behind the command, which is the same as `--target`.
#[derive(Args, Clone, Debug)]
pub(super) struct TargetName {
    /// The target, by name or URL; the same as --target
    #[arg(value_name = "NAME", conflicts_with = "global_target")]
    pub(super) name: Option<String>,
}

/// `mfm campaign`.
#[derive(Debug, Subcommand)]
pub(super) enum CampaignCommand {
    #[command(about = campaign::PLAN.about, long_about = texts::CAMPAIGN_PLAN)]
    Plan(campaign::Request),
    #[command(about = campaign::APPLY.about, long_about = texts::CAMPAIGN_APPLY)]
    Apply(campaign::Request),
    #[command(about = campaign::REVERT.about, long_about = texts::CAMPAIGN_REVERT)]
    Revert(campaign::Request),
    #[command(about = campaign::LIST.about, long_about = texts::CAMPAIGN_LIST)]
    List(campaign::Request),
    #[command(about = "Print the JSON Schema of a campaign file", long_about = texts::CAMPAIGN_SCHEMA)]
    Schema,
}

/// `mfm audit`.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    #[command(about = audit::CARD.about, long_about = texts::AUDIT_VERIFY)]
    Verify(audit::Request),
    #[command(about = export::CARD.about, long_about = texts::AUDIT_EXPORT)]
    Export(export::Request),
}

impl Command {
    /// Returns the command's words joined by `-`, as in the schema `mfm/NAME/1` of its result.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Lab(LabCommand::Create(_)) => "lab-create",
            Self::Lab(LabCommand::Import(_)) => "lab-import",
            Self::Lab(LabCommand::Export(_)) => "lab-export",
            Self::Target(TargetCommand::Add(_)) => "target-add",
            Self::Target(TargetCommand::List) => "target-list",
            Self::Target(TargetCommand::Show(_)) => "target-show",
            Self::Target(TargetCommand::Mark(_)) => "target-mark",
            Self::Target(TargetCommand::Unmark(_)) => "target-unmark",
            Self::Target(TargetCommand::Remove(_)) => "target-remove",
            Self::Target(TargetCommand::Preflight(_)) => "target-preflight",
            Self::Modes { .. } => "modes",
            Self::Find(_) => "find",
            Self::Plan(_) => "plan",
            Self::Apply(_) => "apply",
            Self::Revert(_) => "revert",
            Self::Recover(_) => "recover",
            Self::Approve(_) => "approve",
            Self::Replay(_) => "replay",
            Self::Status { .. } => "status",
            Self::Log(_) => "log",
            Self::Show(_) => "show",
            Self::Explain(_) => "explain",
            Self::Query(_) => "query",
            Self::Features(_) => "features",
            Self::Check(_) => "check",
            Self::Drill(_) => "drill",
            Self::Coverage(_) => "coverage",
            Self::Campaign(CampaignCommand::Plan(_)) => "campaign-plan",
            Self::Campaign(CampaignCommand::Apply(_)) => "campaign-apply",
            Self::Campaign(CampaignCommand::Revert(_)) => "campaign-revert",
            Self::Campaign(CampaignCommand::List(_)) => "campaign-list",
            Self::Campaign(CampaignCommand::Schema) => "campaign-schema",
            Self::Audit(AuditCommand::Verify(_)) => "audit-verify",
            Self::Audit(AuditCommand::Export(_)) => "audit-export",
            #[cfg(feature = "mcp")]
            Self::Mcp(_) => "mcp",
            #[cfg(feature = "tui")]
            Self::Tui(_) => "tui",
            Self::Completions { .. } => "completions",
            Self::Man { .. } => "man",
            Self::Help { .. } => "help",
        }
    }

    /// Tells whether the command can write a target, a journal or a file, so that a signal has to wait for a safe
    /// point.
    pub(super) fn can_write(&self) -> bool {
        // An export that is interrupted removes its draft file, so it must not be killed on the spot.
        if let Self::Audit(AuditCommand::Export(request)) = self {
            return request.output.is_some();
        }
        if let Self::Features(request) = self {
            return request.output.is_some();
        }
        // The cards spell commands as they are typed, with spaces.
        let name = self.name().replace('-', " ");
        ops::OPERATIONS.iter().any(|card| card.name == name && card.danger != Danger::Read)
    }
}
