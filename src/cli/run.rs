//! From a parsed command to an operation and back: one arm a command; renders nothing itself.

use super::args::{Audit, Campaign, Command, Lab, Target};
use super::faults::{ApplyCall, PlanCall};
use super::ports::{SystemClock, SystemEntropy, holder};
use super::printer::Printer;
use super::report::{Report, count, emit, paged};
use super::secrets::Keyring;
use super::settings::Settings;
use super::signals::Signals;
use super::terminal::Terminal;
use super::{failures, files, json, render, topics};
use crate::model::ports::Reporter as _;
use crate::ops::agents::approve;
use crate::ops::cell::ChangeRow;
use crate::ops::checks::Form;
use crate::ops::{
    Context, Failure, Kind, agents, apply, audit, campaign, cell, checks, demo, drill, explain, export, find, lab, log,
    modes, plan, query, recover, replay, revert, show, status, targets,
};

/// How long to wait for other writers of a target, in milliseconds.
pub(super) const WAIT_MS: u64 = 5_000;

/// Carries out a command, shows its result, and returns the exit code.
///
/// # Errors
/// Whatever the operation says.
pub(super) fn dispatch(
    command: &Command,
    settings: &Settings,
    printer: &Printer,
    signals: &Signals,
) -> Result<u8, Failure> {
    match command {
        Command::Modes { mode, domain } => {
            let outcome = match domain {
                Some(id) => modes::of_domain(id)?,
                None => modes::run(mode.as_deref())?,
            };
            emit(settings, printer, command.name(), &outcome)?;
            Ok(0)
        }
        Command::Check(request) if request.print_rules => files::print_rules(request, settings.format, printer),
        Command::Completions { shell } => files::print_completions(*shell, printer),
        // It watches for signals itself: a call under way is answered first.
        #[cfg(feature = "mcp")]
        Command::Mcp(call) => super::mcp::run(call, settings, printer, signals),
        #[cfg(feature = "tui")]
        Command::Tui(call) => super::tui::run(call, settings, printer, signals),
        Command::Man { dir } => files::write_man(dir, printer),
        Command::Help { words } => topics::run(words, settings, printer),
        Command::Campaign(Campaign::Schema) => files::print_schema(&campaign::file::schema(), printer),
        _ => {
            signals.watch(command.writes());
            let terminal = Terminal::new(settings, printer, signals);
            let done = with_context(command, &Show { settings, printer, terminal: &terminal, name: command.name() });
            terminal.clear();
            done
        }
    }
}

/// Shows results of one command.
struct Show<'a> {
    settings: &'a Settings,
    printer: &'a Printer,
    terminal: &'a Terminal<'a>,
    name: &'static str,
}

impl Show<'_> {
    fn done<R: Report>(&self, report: &R) -> Result<u8, Failure> {
        self.with_code(report, false)
    }

    fn with_code<R: Report>(&self, report: &R, found: bool) -> Result<u8, Failure> {
        self.terminal.clear();
        emit(self.settings, self.printer, self.name, report)?;
        Ok(if found { Kind::Found.exit_code() } else { 0 })
    }
}

impl Show<'_> {
    fn all_changes<R: Report>(&self, report: &R, changes: &[ChangeRow]) -> Result<u8, Failure> {
        self.terminal.clear();
        render::changes::all(self.settings, self.printer, self.name, report, changes)?;
        Ok(0)
    }
}

fn with_context(command: &Command, show: &Show<'_>) -> Result<u8, Failure> {
    let settings = show.settings;
    let entropy = SystemEntropy::new()?;
    let note = |text: &str| {
        if settings.verbose {
            show.terminal.note(text);
        }
    };
    let secrets = Keyring::new(&settings.logins, show.terminal, &note);
    let context = Context {
        journal: settings.journal.clone(),
        target: named(command).or_else(|| settings.target.clone()),
        actor: settings.actor.clone(),
        face: mfm_journal::Face::Cli,
        holder: holder(&show.name.replace('-', " ")),
        wait_ms: WAIT_MS,
        clock: &SystemClock,
        entropy: &entropy,
        reporter: show.terminal,
        confirm: show.terminal,
        secrets: &secrets,
    };
    if settings.verbose {
        show.printer.note(&format!("journal {}, by {}", settings.journal.display(), settings.journal_from));
        show.printer.note(&format!("actor {}", settings.actor));
    }
    let code = operate(command, &context, show)?;
    // Whoever registers, marks or makes a database by its URL means that server.
    if let Some(url) = confirms(command) {
        settings.logins.servers.keep(url)?;
    }
    Ok(code)
}

/// Returns the URL with which a command confirms its server.
fn confirms(command: &Command) -> Option<&str> {
    match command {
        Command::Target(Target::Add(request)) => Some(&request.url),
        Command::Target(Target::Mark(request)) => Some(&request.target),
        Command::Lab(Lab::Create(request)) => Some(&request.url),
        Command::Lab(Lab::Import(request)) => Some(&request.url),
        _ => None,
    }
}

/// Returns the target named behind a command.
fn named(command: &Command) -> Option<String> {
    match command {
        Command::Target(
            Target::Show(named) | Target::Unmark(named) | Target::Remove(named) | Target::Preflight(named),
        ) => named.name.clone(),
        _ => None,
    }
}

fn operate(command: &Command, context: &Context<'_>, show: &Show<'_>) -> Result<u8, Failure> {
    match command {
        Command::Demo(request) => {
            let outcome = demo::run(context, request)?;
            show.with_code(&outcome, !outcome.held)
        }
        Command::Lab(Lab::Create(request)) => show.done(&lab::create::run(context, request)?),
        Command::Lab(Lab::Import(request)) => show.done(&lab::import::run(context, request)?),
        Command::Target(command) => targets(command, context, show),
        Command::Find(request) => show.done(&find::run(context, request)?),
        Command::Query(call) => show.done(&query::run(context, &call.0)?),
        Command::Check(request) => {
            let outcome = checks::run(context, request)?;
            checked(&outcome, &request.options, show)
        }
        Command::Drill(request) if request.list => show.done(&drill::past::list(context)?),
        Command::Drill(request) => {
            drilled(request, &agents::after_others(context, || drill::run(context, request))?, show)
        }
        Command::Campaign(command) => campaigned(command, context, show),
        Command::Plan(call) => plan_fault(call, context, show),
        Command::Apply(call) => apply_fault(call, context, show),
        Command::Revert(request) => {
            let outcome = agents::after_others(context, || revert::run(context, request))?;
            show.with_code(&outcome, outcome.left_something())
        }
        Command::Recover(request) => recovered(&recover::run(context, request)?, show),
        Command::Approve(request) => show.done(&approve::run(context, request)?),
        Command::Replay(request) => {
            let outcome = agents::after_others(context, || replay::run(context, request))?;
            show.with_code(&outcome, !outcome.ok)
        }
        Command::Status { exit_code } => {
            let outcome = status::run(context)?;
            show.with_code(&outcome, *exit_code && outcome.disturbed())
        }
        Command::Log(request) => show.done(&log::run(context, request)?),
        Command::Show(request) => show.done(&show::run(context, request)?),
        Command::Explain(request) => {
            let outcome = explain::run(context, request)?;
            show.with_code(&outcome, !outcome.ok)
        }
        Command::Audit(Audit::Verify(request)) => {
            let outcome = audit::run(context, request).map_err(found_by_audit)?;
            show.with_code(&outcome, !outcome.ok)
        }
        Command::Audit(Audit::Export(request)) => exported(request, context, show),
        #[cfg(feature = "mcp")]
        Command::Mcp(_) => Ok(0),
        #[cfg(feature = "tui")]
        Command::Tui(_) => Ok(0),
        Command::Modes { .. } | Command::Completions { .. } | Command::Man { .. } | Command::Help { .. } => Ok(0),
    }
}

fn campaigned(command: &Campaign, context: &Context<'_>, show: &Show<'_>) -> Result<u8, Failure> {
    match command {
        Campaign::Plan(request) => show.done(&campaign::plan(context, request)?),
        Campaign::Apply(request) => show.done(&campaign::apply(context, request)?),
        Campaign::List(request) => show.done(&campaign::list(context, request)?),
        Campaign::Revert(request) => {
            let outcome = campaign::revert(context, request)?;
            show.with_code(&outcome, outcome.revert.left_something())
        }
        Campaign::Schema => Ok(0),
    }
}

fn targets(command: &Target, context: &Context<'_>, show: &Show<'_>) -> Result<u8, Failure> {
    match command {
        Target::Add(request) => show.done(&targets::add::run(context, request)?),
        Target::List => show.done(&targets::list::run(context)?),
        Target::Show(_) => show.done(&targets::show::run(context)?),
        Target::Mark(request) => show.done(&targets::mark::run(context, request)?),
        Target::Unmark(_) => show.done(&targets::unmark::run(context)?),
        Target::Remove(_) => show.done(&targets::remove::run(context)?),
        Target::Preflight(_) => show.done(&targets::preflight::run(context)?),
    }
}

fn plan_fault(call: &PlanCall, context: &Context<'_>, show: &Show<'_>) -> Result<u8, Failure> {
    let (mut outcome, made) = agents::after_others(context, || plan::run(context, &call.request))?;
    if !call.all_changes {
        return show.done(&outcome);
    }
    outcome.changes.clear();
    let changes: Vec<ChangeRow> = made.prepared.changes().iter().map(cell::change).collect();
    show.all_changes(&outcome, &changes)
}

fn apply_fault(call: &ApplyCall, context: &Context<'_>, show: &Show<'_>) -> Result<u8, Failure> {
    let source = match (&call.request, &call.plan) {
        (Some(request), _) => apply::Source::Request(request.clone()),
        (None, Some(path)) => apply::Source::File(path.clone()),
        (None, None) => return Err(Failure::usage("usage", "which fault?", "name a tool, or a plan file")),
    };
    let mut changes = Vec::new();
    let mut keep = |change| {
        if call.all_changes {
            changes.push(change);
        }
    };
    let mut outcome = agents::after_others(context, || apply::run(context, &source, call.dry_run, &mut keep))?;
    if !call.all_changes {
        return show.done(&outcome);
    }
    outcome.plan.changes.clear();
    show.all_changes(&outcome, &changes)
}

/// A report in a file leaves the page on stdout.
fn checked(outcome: &checks::Outcome, options: &checks::Options, show: &Show<'_>) -> Result<u8, Failure> {
    let code = if outcome.failed { Kind::Found.exit_code() } else { 0 };
    let Some(form) = options.form else { return show.with_code(outcome, outcome.failed) };
    show.terminal.clear();
    let styled = || paged(show.settings, outcome);
    let text = match checks::report::text(outcome, form)? {
        Some(text) => text,
        None if form == Form::Json => json::line(show.name, outcome)?,
        None if options.output.is_none() => {
            show.printer.out(&styled());
            return Ok(code);
        }
        None => anstream::adapter::strip_str(&styled()).to_string(),
    };
    if form == Form::Sarif {
        checks::report::too_many(outcome).iter().for_each(|text| show.printer.note(text));
    }
    let Some(path) = &options.output else {
        show.printer.data(&text);
        return Ok(code);
    };
    checks::report::write(path, &text)?;
    show.printer.note(&format!("the report is in {}", path.display()));
    show.with_code(outcome, outcome.failed)
}

/// A drill can be written in other forms, whose names the operation knows and whose looks the face.
fn drilled(request: &drill::Request, outcome: &drill::Outcome, show: &Show<'_>) -> Result<u8, Failure> {
    let Some(form) = request.form else { return show.with_code(outcome, !outcome.ok) };
    show.terminal.clear();
    show.printer.data(&render::drill::form(outcome, form)?);
    Ok(if outcome.ok { 0 } else { Kind::Found.exit_code() })
}

/// An export to stdout is its own result.
fn exported(request: &export::Request, context: &Context<'_>, show: &Show<'_>) -> Result<u8, Failure> {
    let outcome = show.printer.stream(|out| export::run(context, request, out))?;
    if request.include_phi {
        context.reporter.note("nothing is redacted: this export may identify patients and staff");
    } else if outcome.redacted > 0 {
        context.reporter.note(&format!("{} redacted; --include-phi shows them", count(outcome.redacted, "cell")));
    }
    if outcome.file.is_some() { show.done(&outcome) } else { Ok(0) }
}

/// A recover that left something open says so after its result.
fn recovered(outcome: &recover::Outcome, show: &Show<'_>) -> Result<u8, Failure> {
    let code = show.with_code(outcome, outcome.left_open())?;
    Ok(outcome.failure.as_ref().map_or(code, |failure| failures::show(show.printer, show.settings.format, failure)))
}

/// What breaks a journal is, for an audit, what it was looking for.
fn found_by_audit(mut failure: Failure) -> Failure {
    if failure.code == "journal_broken" {
        failure.kind = Kind::Found;
    }
    failure
}
