//! The terminal: progress bars, notes and questions.

use std::cell::RefCell;
use std::io::{IsTerminal as _, stderr, stdin};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printer::{BOLD, Printer, WARN, clean, clean_lines, paint};
use super::secrets::PasswordPrompt;
use super::settings::Settings;
use super::signals::Signals;
use crate::model::ports::{Confirm, ConfirmAnswer, ConfirmQuestion, Danger, Reporter};

/// How long a step may take before a progress bar appears.
const SILENCE: Duration = Duration::from_secs(1);

/// How often a long operation says in a line how far it is, where there is no terminal for a bar.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// The terminal, or its absence.
pub(super) struct Terminal<'a> {
    printer: &'a Printer,
    signals: &'a Signals,
    shows: bool,
    quiet: bool,
    can_ask: bool,
    yes: bool,
    bar: RefCell<ProgressState>,
}

/// The progress bar, and since when there has been none.
struct ProgressState {
    began: Instant,
    /// When a line of progress was last printed, where there is no terminal for a bar.
    told: Instant,
    shown: Option<(String, ProgressBar)>,
}

impl<'a> Terminal<'a> {
    /// Shows progress only if stderr is a terminal, and asks only if stdin is one too.
    pub(super) fn new(settings: &Settings, printer: &'a Printer, signals: &'a Signals) -> Self {
        let bar = ProgressState { began: Instant::now(), told: Instant::now(), shown: None };
        Self {
            printer,
            signals,
            shows: stderr().is_terminal() && !settings.quiet,
            quiet: settings.quiet,
            can_ask: stdin().is_terminal() && stderr().is_terminal() && !settings.no_input,
            yes: settings.yes,
            bar: RefCell::new(bar),
        }
    }

    /// Removes the progress bar from the screen.
    pub(super) fn clear_progress(&self) {
        let mut bar = self.bar.borrow_mut();
        if let Some((_, shown)) = bar.shown.take() {
            shown.finish_and_clear();
        }
        bar.began = Instant::now();
    }

    fn read_line(&self, prompt: &str) -> Option<String> {
        self.clear_progress();
        self.printer.err(prompt);
        let mut line = String::new();
        let result = self.signals.end_on_signal(|| stdin().read_line(&mut line));
        // The time that the person took is not the step's.
        self.bar.borrow_mut().began = Instant::now();
        match result {
            // End of input leaves the cursor behind the prompt.
            Ok(0) | Err(_) => {
                self.printer.err("\n");
                None
            }
            Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }
}

impl PasswordPrompt for Terminal<'_> {
    fn ask_hidden(&self, prompt: &str) -> Option<Result<String, String>> {
        if !self.can_ask {
            return None;
        }
        if self.signals.has_signal() {
            return Some(Err("interrupted".to_owned()));
        }
        self.clear_progress();
        let result = self.signals.defer_signals(|| rpassword::prompt_password(clean(prompt)));
        self.bar.borrow_mut().began = Instant::now();
        Some(result.map_err(|error| error.to_string()))
    }
}

impl Reporter for Terminal<'_> {
    fn progress(&self, step: &str, done: u64, total: u64) {
        let mut bar = self.bar.borrow_mut();
        // A bar that flashes up for a short step says nothing.
        if !self.shows || bar.began.elapsed() < SILENCE {
            return;
        }
        if bar.shown.as_ref().is_none_or(|(shown, _)| shown != step) {
            if let Some((_, old)) = bar.shown.take() {
                old.finish_and_clear();
            }
            bar.shown = Some((step.to_owned(), build_bar(step, total)));
        }
        if let Some((_, shown)) = &bar.shown {
            // Totals are estimates, which the work may exceed.
            shown.set_length(total.max(done));
            shown.set_position(done);
        }
    }

    fn overall_progress(&self, step: &str, done: u64, total: u64) {
        self.progress(step, done, total);
        if self.shows || self.quiet || self.bar.borrow().told.elapsed() < LINE_EVERY {
            return;
        }
        self.bar.borrow_mut().told = Instant::now();
        self.printer.note(&format!("{done} of {total} done: {step}"));
    }

    fn note(&self, text: &str) {
        match &self.bar.borrow().shown {
            // The bar leaves its line while the note is printed.
            Some((_, bar)) => bar.suspend(|| self.printer.note(text)),
            None => self.printer.note(text),
        }
    }

    fn warn(&self, text: &str) {
        self.note(&format!("warning: {text}"));
    }

    fn is_interrupted(&self) -> bool {
        self.signals.has_signal()
    }
}

fn build_bar(step: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = if total == 0 { "{msg}: {pos}" } else { "{msg} [{bar:24}] {pos} of {len}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(clean(step));
    bar
}

impl Confirm for Terminal<'_> {
    fn agreed_before(&self) -> bool {
        self.yes
    }

    fn ask(&self, question: &ConfirmQuestion) -> ConfirmAnswer {
        let text = clean_lines(&question.text);
        let text = if question.danger == Danger::Destroy { paint(WARN, &text) } else { text };
        match &question.type_name {
            // `--yes` answers plain questions only; a name has to be typed all the same.
            None if self.yes => ConfirmAnswer::Yes,
            _ if !self.can_ask => ConfirmAnswer::Nobody,
            None => {
                let line = self.read_line(&format!("{text} [y/N] ")).unwrap_or_default();
                let yes = ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str());
                if yes { ConfirmAnswer::Yes } else { ConfirmAnswer::No }
            }
            Some(name) => {
                let line = self.read_line(&format!("{text}\nType {} to confirm: ", paint(BOLD, &clean(name))));
                if line.as_deref() == Some(name.as_str()) { ConfirmAnswer::Yes } else { ConfirmAnswer::No }
            }
        }
    }
}
