//! `plan TOOL` and `apply TOOL`: one subcommand per mode, built from the registry of modes.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, ValueEnum};
use serde_json::Map;

use super::texts;
use crate::domain::mode::Mode;
use crate::domains;
use crate::ops::filters;
use crate::ops::plan::{Options, Request};

/// Which changes to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListedChanges {
    /// Every one; as JSON one line each
    All,
}

/// Options of `mfm plan`.
#[derive(Args, Clone, Debug)]
struct PlanFlags {
    /// Write a plan file, for `mfm apply --plan FILE`
    #[arg(long, short, value_name = "FILE", global = true)]
    output: Option<PathBuf>,
    /// List every change instead of the first ones
    #[arg(long, value_name = "WHICH", value_enum, global = true)]
    changes: Option<ListedChanges>,
}

/// Options of `mfm apply`.
#[derive(Args, Clone, Debug)]
struct ApplyFlags {
    /// Carry out a plan file once, if it still makes the same changes
    #[arg(long = "plan", value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Show what would be done, and write nothing
    #[arg(long, global = true)]
    dry_run: bool,
    /// List every change instead of the first ones
    #[arg(long, value_name = "WHICH", value_enum, global = true)]
    changes: Option<ListedChanges>,
}

/// A call of `mfm plan`.
#[derive(Clone, Debug)]
pub(super) struct PlanCall {
    pub(super) request: Request,
    pub(super) all_changes: bool,
}

/// A call of `mfm apply`.
#[derive(Clone, Debug)]
pub(super) struct ApplyCall {
    /// The fault to apply; `None` when a plan file is named instead.
    pub(super) request: Option<Request>,
    pub(super) plan: Option<PathBuf>,
    pub(super) dry_run: bool,
    pub(super) all_changes: bool,
}

impl Args for PlanCall {
    fn augment_args(command: Command) -> Command {
        add_tools("plan", PlanFlags::augment_args(command)).subcommand_required(true).arg_required_else_help(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PlanCall {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let flags = PlanFlags::from_arg_matches(matches)?;
        let Some(mut request) = parse_tool_request(matches)? else {
            return Err(Error::raw(ErrorKind::MissingSubcommand, "which fault? `mfm modes` lists the tools\n"));
        };
        request.output = flags.output;
        Ok(Self { request, all_changes: flags.changes.is_some() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ApplyCall {
    fn augment_args(command: Command) -> Command {
        add_tools("apply", ApplyFlags::augment_args(command)).arg_required_else_help(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ApplyCall {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let flags = ApplyFlags::from_arg_matches(matches)?;
        let request = parse_tool_request(matches)?;
        match (&request, &flags.plan) {
            (Some(_), Some(_)) => {
                let text = "give either a plan file or a tool, not both\n";
                return Err(Error::raw(ErrorKind::ArgumentConflict, text));
            }
            (None, None) => {
                let text = "which fault? name a tool of `mfm modes`, or a plan file with --plan FILE\n";
                return Err(Error::raw(ErrorKind::MissingSubcommand, text));
            }
            _ => {}
        }
        Ok(Self { request, plan: flags.plan, dry_run: flags.dry_run, all_changes: flags.changes.is_some() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Adds one subcommand per mode.
fn add_tools(verb: &'static str, command: Command) -> Command {
    let command = command.subcommand_value_name("TOOL").subcommand_help_heading("Tools");
    domains::modes().fold(command, |command, mode| command.subcommand(tool_command(verb, mode)))
}

fn tool_command(verb: &str, mode: &dyn Mode) -> Command {
    let card = mode.card();
    let command = mode.add_arguments(Command::new(card.tool).next_help_heading("Parameters"));
    let command = Options::augment_args(command.next_help_heading("Selection"));
    let domain = domains::of_mode(card.id).unwrap_or(domains::FIRST);
    // `Options` has the filters of all domains; those of others would only be noise in this help.
    filters::hide_foreign(command, domain)
        // Tools have the snake-case names that agents use; at a shell kebab case is accepted too.
        .alias(card.tool.replace('_', "-"))
        .about(card.title)
        .long_about(texts::render_tool(verb, card))
}

/// Parses the request of a tool's subcommand; `None` if no tool was named.
fn parse_tool_request(matches: &ArgMatches) -> Result<Option<Request>, Error> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(None) };
    let Some(mode) = domains::find_mode(name) else {
        return Err(Error::raw(ErrorKind::InvalidSubcommand, format!("there is no tool `{name}`\n")));
    };
    let parameters: Map<_, _> = mode.parse_matches(matches)?;
    let options = Options::from_arg_matches(matches)?;
    Ok(Some(Request { tool: mode.card().tool.to_owned(), parameters, options, output: None }))
}
