//! The bars: screens and target at the top, status line and keys at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr as _;

use super::pieces::replace_unsafe;
use crate::tui::dialog::{DangerousAction, Overlay};
use crate::tui::keys::{self, Action, Binding};
use crate::tui::lanes::RunningJob;
use crate::tui::state::{Screen, TuiState};
use crate::tui::theme::{Mark, Role, Theme};

/// A word of a bar, with the screen or action behind it.
struct BarWord<T> {
    what: T,
    spans: Vec<(Role, String)>,
}

impl<T> BarWord<T> {
    fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }
}

fn build_tabs(state: &TuiState) -> Vec<BarWord<Option<Screen>>> {
    // All seven names must fit: below 96 columns without padding, below 80 shortened.
    let narrow = state.size.0 < 80;
    let pad = if state.size.0 < 96 { "" } else { " " };
    let mut words = vec![BarWord { what: None, spans: vec![(Role::Title, " mfm ".to_owned())] }];
    for (number, screen) in (1..).zip(Screen::ALL) {
        let here = screen == state.screen;
        let name = if narrow && !here { screen.name().chars().take(4).collect() } else { screen.name().to_owned() };
        let role = if here { Role::Selected } else { Role::Bar };
        words.push(BarWord { what: Some(screen), spans: vec![(role, format!("{pad}{number} {name} "))] });
    }
    words
}

/// Draws the top bar: the names of the screens, and the target.
pub fn draw_top_bar(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let bar = state.look.style(Role::Bar);
    let tabs = build_tabs(state);
    let used: usize = tabs.iter().map(BarWord::width).sum();
    let mut spans: Vec<Span<'_>> = build_spans(state, &tabs);
    let mut right = state.target_name().map_or_else(|| "no target ".to_owned(), |name| format!("{name} "));
    if state.facts.read_only {
        right = format!("READ ONLY  {right}");
    }
    let room = usize::from(area.width).saturating_sub(used);
    let right = super::pieces::cut_to_width(&right, room, state.look);
    spans.push(Span::styled(" ".repeat(room.saturating_sub(right.width())), bar));
    spans.push(Span::styled(right, bar));
    frame.render_widget(Paragraph::new(Line::from(spans)).style(bar), area);
}

fn build_spans<'s, T>(state: &TuiState, words: &[BarWord<T>]) -> Vec<Span<'s>> {
    let bar = state.look.style(Role::Bar);
    let mut spans = Vec::new();
    for (role, text) in words.iter().flat_map(|word| &word.spans) {
        let style = match (role, state.look.theme) {
            (Role::Bar, _) => bar,
            // Without colours the bar is reversed, so the selected word is not.
            (Role::Selected, Theme::Plain) => {
                Style::new().add_modifier(Modifier::BOLD).remove_modifier(Modifier::REVERSED)
            }
            _ => bar.patch(state.look.style(*role)),
        };
        spans.push(Span::styled(text.clone(), style));
    }
    spans
}

/// Returns the screen whose name is at a column of the top bar.
#[must_use]
pub fn tab_at(state: &TuiState, column: u16) -> Option<Screen> {
    find_word_at(&build_tabs(state), column).and_then(|word| word.what)
}

fn find_word_at<T>(words: &[BarWord<T>], column: u16) -> Option<&BarWord<T>> {
    let mut end = 0;
    for word in words {
        end += word.width();
        if usize::from(column) < end {
            return Some(word);
        }
    }
    None
}

/// Returns the rows of the status line: 1, or up to 4 for a long note.
#[must_use]
pub fn note_rows(state: &TuiState) -> u16 {
    let text = state.note.as_ref().filter(|_| find_shown_job(state).is_none()).map_or(0, |note| note.text.width() + 1);
    let rows = text.div_ceil(usize::from(state.size.0.max(1)));
    u16::try_from(rows.clamp(1, 4)).unwrap_or(1)
}

/// Returns the job that the status line shows. One that waits for the person's answer gives way to a note, such as that
/// another name was typed.
fn find_shown_job(state: &TuiState) -> Option<&RunningJob> {
    let question = match &state.overlay {
        Some(Overlay::Question(question)) => Some(&question.danger),
        _ => None,
    };
    let waits = matches!(question, Some(DangerousAction::Asked(_)));
    state.lanes.foreground_job().filter(|_| !waits || state.note.is_none())
}

/// Draws the status line: the running job, else the last note.
pub fn draw_note(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let look = state.look;
    let line = match (find_shown_job(state), &state.note) {
        (Some(running), _) => {
            let turn = look.spinner_frame(usize::try_from(state.ticks).unwrap_or(0));
            let step = match &running.progress {
                Some((step, done, total)) if *total > 0 => format!(": {step}, {done} of {total}"),
                Some((step, done, _)) => format!(": {step}, {done}"),
                None => String::new(),
            };
            let progress = match running.whole {
                Some((done, total)) => format!(", fault {} of {total}{step}", done + 1),
                None => step,
            };
            let stop = if running.cancelled { "  (stopping)" } else { "  (C-c stops it)" };
            Line::styled(replace_unsafe(&format!(" {turn} {}{progress}{stop}", running.words)), look.style(Role::Note))
        }
        (None, Some(note)) => {
            super::pieces::draw_text(frame, area, look, &[(note.role, format!(" {}", note.text))], 0);
            return;
        }
        (None, None) => Line::default(),
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn is_disabled(state: &TuiState, binding: &Binding) -> bool {
    binding.writes && state.facts.read_only
}

fn build_keys(state: &TuiState) -> Vec<BarWord<Action>> {
    let mut words = Vec::new();
    for binding in keys::list_bar_bindings(state.screen).into_iter().filter(|binding| state.is_offered(binding)) {
        let key = render_key_name(binding.keys.first().copied().unwrap_or_default());
        let (role, text) = if is_disabled(state, binding) { (Role::Off, Role::Off) } else { (Role::Key, Role::Bar) };
        let spans = vec![(role, format!(" {key}")), (text, format!(" {} ", binding.label))];
        words.push(BarWord { what: binding.action, spans });
    }
    let warnings: usize = build_warnings(state).iter().map(|(_, text)| text.width()).sum();
    let room = usize::from(state.size.0).saturating_sub(warnings);
    // The last three, palette, help and quit, stay: they lead to all others.
    while words.iter().map(BarWord::width).sum::<usize>() > room && words.len() > 3 {
        words.remove(words.len() - 4);
    }
    words
}

/// Renders the name of a key for people.
#[must_use]
pub fn render_key_name(key: &str) -> String {
    match key {
        "enter" => "Enter".to_owned(),
        "tab" => "Tab".to_owned(),
        " " => "Space".to_owned(),
        "backtab" => "Shift-Tab".to_owned(),
        "esc" => "Esc".to_owned(),
        "backspace" => "Backspace".to_owned(),
        "pgup" => "PageUp".to_owned(),
        "pgdn" => "PageDown".to_owned(),
        "f1" => "F1".to_owned(),
        "f5" => "F5".to_owned(),
        "up" | "down" | "left" | "right" | "home" | "end" => {
            let mut letters = key.chars();
            letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        }
        key => key.strip_prefix("C-").map_or_else(|| key.to_owned(), |letter| format!("C-{letter}")),
    }
}

/// Returns what waits for the person, for the right end of the bottom bar.
fn build_warnings(state: &TuiState) -> Vec<(Role, String)> {
    let mut warnings = Vec::new();
    if let Some(waiting) = super::approvals::count_waiting(state) {
        warnings.push((Role::Warning, format!("{} {waiting}: A ", state.look.mark(Mark::Unknown))));
    }
    if state.status.as_ref().is_some_and(|status| !status.open.is_empty()) {
        warnings.push((Role::Danger, format!("{} open: R ", state.look.mark(Mark::Bad))));
    }
    warnings
}

/// Draws the bottom bar: the keys, and warnings if agents ask or operations are open.
pub fn draw_key_bar(frame: &mut Frame<'_>, area: Rect, state: &TuiState) {
    let bar = state.look.style(Role::Bar);
    let spans = build_spans(state, &build_keys(state));
    frame.render_widget(Paragraph::new(Line::from(spans)).style(bar), area);
    let mut x = area.right();
    for (role, text) in build_warnings(state).into_iter().rev() {
        x = x.saturating_sub(u16::try_from(text.width()).unwrap_or(0));
        frame.buffer_mut().set_string(x, area.y, text, bar.patch(state.look.style(role)));
    }
}

/// Returns the action whose key is at a column of the bottom bar.
#[must_use]
pub fn key_at(state: &TuiState, column: u16) -> Option<Action> {
    find_word_at(&build_keys(state), column).map(|word| word.what)
}
