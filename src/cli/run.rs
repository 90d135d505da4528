//! Runs the operation of a parsed command and prints its outcome: one match arm per command.

use super::args::{AuditCommand, CampaignCommand, Command, LabCommand, TargetCommand};
use super::faults::{ApplyCall, PlanCall};
use super::ports::{SystemClock, SystemEntropy, build_holder};
use super::printer::Printer;
use super::report::{Report, print_report, render_count, render_report};
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
    Context, Failure, FailureKind, agents, apply, audit, campaign, cell, checks, coverage, demo, drill, explain,
    export, features, find, lab, log, modes, plan, query, recover, replay, revert, show, status, targets,
};

/// How long to wait for other writers of a target, in milliseconds.
pub(super) const WAIT_MS: u64 = 5_000;

/// Runs a command, prints its result, and returns the exit code.
///
/// # Errors
/// The failure of the operation.
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
            print_report(settings, printer, command.name(), &outcome)?;
            Ok(0)
        }
        Command::Check(request) if request.print_rules => files::print_rules(request, settings.format, printer),
        Command::Completions { shell } => files::print_completions(*shell, printer),
        // The server watches for signals itself: a call in progress is answered first.
        #[cfg(feature = "mcp")]
        Command::Mcp(call) => super::mcp::run(call, settings, printer, signals),
        #[cfg(feature = "tui")]
        Command::Tui(call) => super::tui::run(call, settings, printer, signals),
        Command::Man { dir } => files::write_man(dir, printer),
        Command::Help { words } => topics::run(words, settings, printer),
        Command::Campaign(CampaignCommand::Schema) => files::print_schema(&campaign::file::schema(), printer),
        _ => {
            signals.watch(command.can_write());
            let terminal = Terminal::new(settings, printer, signals);
            let result =
                with_context(command, &ResultPrinter { settings, printer, terminal: &terminal, name: command.name() });
            // After a failure the bar would still be there, in the way of the message.
            terminal.clear_progress();
            result
        }
    }
}

/// Prints the results of one command.
struct ResultPrinter<'a> {
    settings: &'a Settings,
    printer: &'a Printer,
    terminal: &'a Terminal<'a>,
    name: &'static str,
}

impl ResultPrinter<'_> {
    fn print<R: Report>(&self, report: &R) -> Result<u8, Failure> {
        self.print_with_code(report, false)
    }

    fn print_with_code<R: Report>(&self, report: &R, found: bool) -> Result<u8, Failure> {
        self.terminal.clear_progress();
        print_report(self.settings, self.printer, self.name, report)?;
        Ok(if found { FailureKind::Found.exit_code() } else { 0 })
    }

    fn print_changes<R: Report>(&self, report: &R, changes: &[ChangeRow]) -> Result<u8, Failure> {
        self.terminal.clear_progress();
        render::changes::print_all(self.settings, self.printer, self.name, report, changes)?;
        Ok(0)
    }
}

fn with_context(command: &Command, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
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
        // A positional name means the same as --target; clap refuses both together.
        target: named_target(command).or_else(|| settings.target.clone()),
        actor: settings.actor.clone(),
        face: mfm_journal::Face::Cli,
        holder: build_holder(&show.name.replace('-', " ")),
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
    let code = run_operation(command, &context, show)?;
    // To register, mark or make a database by its URL confirms the server: passwords may go there from now on.
    if let Some(url) = confirmed_url(command) {
        settings.logins.servers.remember(url)?;
    }
    Ok(code)
}

/// Returns the URL with which a command confirms its server.
fn confirmed_url(command: &Command) -> Option<&str> {
    match command {
        Command::Target(TargetCommand::Add(request)) => Some(&request.url),
        Command::Target(TargetCommand::Mark(request)) => Some(&request.target),
        Command::Lab(LabCommand::Create(request)) => Some(&request.url),
        Command::Lab(LabCommand::Import(request)) => Some(&request.url),
        _ => None,
    }
}

/// Returns the target that is named as a positional argument.
fn named_target(command: &Command) -> Option<String> {
    match command {
        Command::Target(
            TargetCommand::Show(named)
            | TargetCommand::Unmark(named)
            | TargetCommand::Remove(named)
            | TargetCommand::Preflight(named),
        ) => named.name.clone(),
        _ => None,
    }
}

fn run_operation(command: &Command, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    match command {
        Command::Demo(request) => {
            let outcome = demo::run(context, request)?;
            show.print_with_code(&outcome, !outcome.held)
        }
        Command::Lab(LabCommand::Create(request)) => show.print(&lab::create::run(context, request)?),
        Command::Lab(LabCommand::Import(request)) => show.print(&lab::import::run(context, request)?),
        Command::Lab(LabCommand::Export(request)) => show.print(&lab::export::run(context, request)?),
        Command::Target(command) => run_target(command, context, show),
        Command::Find(request) => show.print(&find::run(context, request)?),
        Command::Query(call) => show.print(&query::run(context, &call.0)?),
        Command::Features(request) => run_features(request, context, show),
        Command::Check(request) => {
            let outcome = checks::run(context, request)?;
            print_check(&outcome, &request.options, show)
        }
        Command::Coverage(request) => show.print(&coverage::run(context, request)?),
        Command::Drill(request) if request.list => show.print(&drill::past::list_drills(context)?),
        Command::Drill(request) => {
            print_drill(request, &agents::after_others(context, || drill::run(context, request))?, show)
        }
        Command::Campaign(command) => run_campaign(command, context, show),
        Command::Plan(call) => plan_fault(call, context, show),
        Command::Apply(call) => apply_fault(call, context, show),
        Command::Revert(request) => {
            let outcome = agents::after_others(context, || revert::run(context, request))?;
            show.print_with_code(&outcome, outcome.left_something())
        }
        Command::Recover(request) => print_recovery(&recover::run(context, request)?, show),
        Command::Approve(request) => show.print(&approve::run(context, request)?),
        Command::Replay(request) => {
            let outcome = agents::after_others(context, || replay::run(context, request))?;
            show.print_with_code(&outcome, !outcome.ok)
        }
        Command::Status { exit_code } => {
            let outcome = status::run(context)?;
            show.print_with_code(&outcome, *exit_code && outcome.is_disturbed())
        }
        Command::Log(request) => show.print(&log::run(context, request)?),
        Command::Show(request) => show.print(&show::run(context, request)?),
        Command::Explain(request) => {
            let outcome = explain::run(context, request)?;
            show.print_with_code(&outcome, !outcome.ok)
        }
        Command::Audit(AuditCommand::Verify(request)) => {
            let outcome = audit::run(context, request).map_err(make_audit_finding)?;
            show.print_with_code(&outcome, !outcome.ok)
        }
        Command::Audit(AuditCommand::Export(request)) => run_export(request, context, show),
        #[cfg(feature = "mcp")]
        Command::Mcp(_) => Ok(0),
        #[cfg(feature = "tui")]
        Command::Tui(_) => Ok(0),
        // `dispatch` carries these out without a context.
        Command::Modes { .. } | Command::Completions { .. } | Command::Man { .. } | Command::Help { .. } => Ok(0),
    }
}

fn run_campaign(command: &CampaignCommand, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    match command {
        CampaignCommand::Plan(request) => show.print(&campaign::plan(context, request)?),
        CampaignCommand::Apply(request) => show.print(&campaign::apply(context, request)?),
        CampaignCommand::List(request) => show.print(&campaign::list(context, request)?),
        CampaignCommand::Revert(request) => {
            let outcome = campaign::revert(context, request)?;
            show.print_with_code(&outcome, outcome.revert.left_something())
        }
        CampaignCommand::Schema => Ok(0),
    }
}

fn run_target(command: &TargetCommand, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    match command {
        TargetCommand::Add(request) => show.print(&targets::add::run(context, request)?),
        TargetCommand::List => show.print(&targets::list::run(context)?),
        TargetCommand::Show(_) => show.print(&targets::show::run(context)?),
        TargetCommand::Mark(request) => show.print(&targets::mark::run(context, request)?),
        TargetCommand::Unmark(_) => show.print(&targets::unmark::run(context)?),
        TargetCommand::Remove(_) => show.print(&targets::remove::run(context)?),
        TargetCommand::Preflight(_) => show.print(&targets::preflight::run(context)?),
    }
}

fn plan_fault(call: &PlanCall, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let (mut outcome, made) = agents::after_others(context, || plan::run(context, &call.request))?;
    if !call.all_changes {
        return show.print(&outcome);
    }
    // The outcome has only the first changes; all of them are printed behind it instead.
    outcome.changes.clear();
    let changes: Vec<ChangeRow> = made.prepared.changes().iter().map(cell::to_change_row).collect();
    show.print_changes(&outcome, &changes)
}

fn apply_fault(call: &ApplyCall, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let source = match (&call.request, &call.plan) {
        (Some(request), _) => apply::Source::Request(request.clone()),
        (None, Some(path)) => apply::Source::File(path.clone()),
        (None, None) => return Err(Failure::usage("usage", "which fault?", "name a tool, or a plan file")),
    };
    let mut changes = Vec::new();
    // A plan may have very many changes, so they are kept only to be printed.
    let mut keep = |change| {
        if call.all_changes {
            changes.push(change);
        }
    };
    let mut outcome = agents::after_others(context, || apply::run(context, &source, call.dry_run, &mut keep))?;
    if !call.all_changes {
        return show.print(&outcome);
    }
    outcome.plan.changes.clear();
    show.print_changes(&outcome, &changes)
}

/// Prints the outcome of `check`. With a file for the report, the page goes to stdout as well.
fn print_check(outcome: &checks::Outcome, options: &checks::Options, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let code = if outcome.failed { FailureKind::Found.exit_code() } else { 0 };
    let Some(form) = options.form else { return show.print_with_code(outcome, outcome.failed) };
    show.terminal.clear_progress();
    let text = match checks::report::render_report(outcome, form)? {
        Some(text) => text,
        None if form == Form::Json => json::encode_line(show.name, outcome)?,
        None if options.output.is_none() => {
            show.printer.out(&render_report(show.settings, outcome));
            return Ok(code);
        }
        // A file gets the page without its escape codes.
        None => anstream::adapter::strip_str(&render_report(show.settings, outcome)).to_string(),
    };
    if form == Form::Sarif {
        checks::report::too_many(outcome).iter().for_each(|text| show.printer.note(text));
    }
    let Some(path) = &options.output else {
        show.printer.data(&text);
        return Ok(code);
    };
    checks::report::write_report(path, &text)?;
    show.printer.note(&format!("the report is in {}", path.display()));
    show.print_with_code(outcome, outcome.failed)
}

/// Prints the outcome of `drill`, as a page or in the form asked for.
fn print_drill(request: &drill::Request, outcome: &drill::Outcome, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let Some(form) = request.form else { return show.print_with_code(outcome, !outcome.ok) };
    show.terminal.clear_progress();
    show.printer.data(&render::drill::render_form(outcome, form)?);
    Ok(if outcome.ok { 0 } else { FailureKind::Found.exit_code() })
}

/// Runs an export. One to stdout is its own result, and nothing else is printed there.
fn run_export(request: &export::Request, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let outcome = show.printer.with_stdout(|out| export::run(context, request, out))?;
    if request.include_phi {
        context.reporter.note("nothing is redacted: this export may identify patients and staff");
    } else if outcome.redacted > 0 {
        context
            .reporter
            .note(&format!("{} redacted; --include-phi shows them", render_count(outcome.redacted, "cell")));
    }
    if outcome.file.is_some() { show.print(&outcome) } else { Ok(0) }
}

/// Computes features. Those to stdout are their own result, and nothing else is printed there.
fn run_features(request: &features::Request, context: &Context<'_>, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let outcome = show.printer.with_stdout(|out| features::run(context, request, out))?;
    let Some(written) = &outcome.written else { return show.print(&outcome) };
    show.terminal.clear_progress();
    for remark in written.list_remarks() {
        context.reporter.note(&remark);
    }
    if written.file.is_some() { show.print(&outcome) } else { Ok(0) }
}

/// Prints the outcome of `recover`, and then the failure that left something open.
fn print_recovery(outcome: &recover::Outcome, show: &ResultPrinter<'_>) -> Result<u8, Failure> {
    let code = show.print_with_code(outcome, outcome.left_open())?;
    Ok(outcome
        .failure
        .as_ref()
        .map_or(code, |failure| failures::print_failure(show.printer, show.settings.format, failure)))
}

/// Makes a broken journal a finding with exit code 1: it is what an audit looks for.
fn make_audit_finding(mut failure: Failure) -> Failure {
    if failure.code == "journal_broken" {
        failure.kind = FailureKind::Found;
    }
    failure
}
