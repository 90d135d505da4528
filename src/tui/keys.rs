//! The table of all actions with their keys and texts. The key bar, the help and the palette are made from it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::Screen;

/// What a key or a command of the palette does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Move up a line.
    Up,
    /// Move down a line.
    Down,
    /// Move up a page.
    PageUp,
    /// Move down a page.
    PageDown,
    /// Move to the beginning.
    Home,
    /// Move to the end.
    End,
    /// The previous choice, or kind of record.
    Left,
    /// The next choice, or kind of record.
    Right,
    /// Open the selected line.
    Open,
    /// Go back.
    Back,
    /// Show the next view of the selected line.
    View,
    /// Show a screen.
    Show(Screen),
    /// Search.
    Search,
    /// Plan a fault on the selected record.
    Break,
    /// Choose a query of the domain.
    Ask,
    /// Find a record that is eligible for the planned fault.
    Find,
    /// Commit the planned fault.
    Apply,
    /// Revert the selected operation.
    Revert,
    /// Revert the newest fault.
    Undo,
    /// Revert the newest revert.
    Redo,
    /// Close operations that a crash left open.
    Recover,
    /// Run the quality checks.
    Check,
    /// Run a drill.
    Drill,
    /// Audit journal and target.
    Verify,
    /// Choose the target.
    Target,
    /// List what agents ask for.
    Agents,
    /// Play the control points, or pause.
    Play,
    /// Show the previous control point.
    StepBack,
    /// Show the next control point.
    StepOn,
    /// Copy the selected row or digest to the clipboard.
    Copy,
    /// Write the page to a file.
    Export,
    /// Show the page in the pager.
    Pager,
    /// Read everything again, and redraw.
    Refresh,
    /// Scroll down in the text next to the list.
    More,
    /// Scroll up in it.
    Less,
    /// Stop the running jobs; without any, quit.
    Cancel,
    /// Open the palette.
    Palette,
    /// Show the keys of the screen.
    Help,
    /// Suspend the process, as Ctrl-Z does elsewhere.
    Suspend,
    /// Quit.
    Quit,
}

/// The screens on which an action is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingScope {
    /// On every screen.
    Always,
    /// On these screens only.
    On(&'static [Screen]),
}

/// One row of the table: an action with its keys and texts.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What the keys do.
    pub action: Action,
    /// The names of its keys; the bar shows the first one. `C-` is Ctrl.
    pub keys: &'static [&'static str],
    /// One or two words for the bar.
    pub label: &'static str,
    /// A sentence for help and palette.
    pub about: &'static str,
    /// Whether it writes to a target; a read-only interface greys it.
    pub writes: bool,
    /// Where it is available.
    pub scope: BindingScope,
    /// Its position in the bar, from 1; 0 keeps it out.
    pub bar: u8,
}

impl Binding {
    /// Tells whether the action is available on a screen.
    #[must_use]
    pub fn is_available_on(&self, screen: Screen) -> bool {
        match self.scope {
            BindingScope::Always => true,
            BindingScope::On(screens) => screens.contains(&screen),
        }
    }
}

const fn bind(
    action: Action,
    keys: &'static [&'static str],
    label: &'static str,
    about: &'static str,
    bar: u8,
) -> Binding {
    Binding { action, keys, label, about, writes: false, scope: BindingScope::Always, bar }
}

const fn on_screens(mut binding: Binding, screens: &'static [Screen]) -> Binding {
    binding.scope = BindingScope::On(screens);
    binding
}

const fn mark_writing(mut binding: Binding) -> Binding {
    binding.writes = true;
    binding
}

use Screen::{Checks, Journal, Modes, Operations, Overview, Plan, Records};

/// Every action, in the order in which help and palette list them.
pub const BINDINGS: &[Binding] = &[
    on_screens(bind(Action::Open, &["enter"], "use it", "Use this mode: choose a record for it", 1), &[Modes]),
    on_screens(bind(Action::Open, &["enter"], "open", "Open the record: its parts, or its picture", 1), &[Records]),
    on_screens(bind(Action::Open, &["enter"], "change", "Edit the selected line of the form", 2), &[Plan]),
    on_screens(bind(Action::Open, &["enter"], "to record", "Go to the record of the finding", 1), &[Checks]),
    on_screens(bind(Action::Open, &["enter"], "open", "Open the selected item", 1), &[Overview, Operations]),
    on_screens(
        mark_writing(bind(Action::Break, &["b"], "break", "Choose a failure mode for the selected record", 2)),
        &[Records],
    ),
    on_screens(bind(Action::Ask, &["a"], "ask", "Run a query about the selected record", 3), &[Records]),
    on_screens(mark_writing(bind(Action::Apply, &["a"], "apply", "Commit the planned fault", 1)), &[Plan]),
    on_screens(bind(Action::Find, &["f"], "find", "Take the first record that can show the variant", 4), &[Plan]),
    on_screens(
        mark_writing(bind(Action::Revert, &["x"], "take back", "Take the selected operation back", 2)),
        &[Operations],
    ),
    on_screens(
        bind(Action::Check, &["c"], "check", "Run the quality checks on the target", 3),
        &[Overview, Modes, Records, Plan, Operations, Checks, Journal],
    ),
    on_screens(
        bind(Action::Verify, &["v"], "verify", "Audit: verify journal, images and target against each other", 4),
        &[Overview, Operations, Journal, Checks, Records, Modes, Plan],
    ),
    on_screens(
        mark_writing(bind(
            Action::Drill,
            &["d"],
            "drill",
            "Measure what the checks catch: commit faults, run the checks, take the faults back",
            5,
        )),
        &[Overview, Checks],
    ),
    mark_writing(bind(Action::Undo, &["u"], "undo", "Undo: take the newest fault back", 6)),
    mark_writing(bind(Action::Redo, &["U", "C-r"], "redo", "Redo: commit again what was last taken back", 0)),
    on_screens(
        mark_writing(bind(Action::Recover, &["R"], "recover", "Close operations left open by a crash", 7)),
        &[Overview, Operations],
    ),
    on_screens(bind(Action::Target, &["t"], "target", "Choose another target", 8), &[Overview]),
    bind(Action::Agents, &["A"], "agents", "What agents ask of a person: look at it, say yes to it", 0),
    on_screens(
        bind(Action::View, &["tab", "backtab"], "view", "The next view of the selected item", 3),
        &[Records, Plan, Operations, Checks],
    ),
    on_screens(
        bind(Action::Play, &["p"], "play", "Play the control points of the field, or stop", 5),
        &[Records, Plan, Operations],
    ),
    on_screens(bind(Action::StepBack, &["["], "point back", "One control point back", 0), &[Records, Plan, Operations]),
    on_screens(bind(Action::StepOn, &["]"], "point on", "One control point on", 0), &[Records, Plan, Operations]),
    on_screens(bind(Action::Left, &["left", "h"], "kind", "The previous kind or choice", 0), &[Records, Plan]),
    on_screens(bind(Action::Right, &["right", "l"], "kind", "The next kind or choice", 4), &[Records]),
    on_screens(bind(Action::Right, &["right", "l"], "choose", "The next choice of this line", 3), &[Plan]),
    on_screens(
        bind(Action::Search, &["/"], "search", "Search the list", 6),
        &[Modes, Records, Operations, Checks, Journal],
    ),
    bind(Action::Up, &["up", "k"], "up", "Up a line", 0),
    bind(Action::Down, &["down", "j"], "down", "Down a line", 0),
    bind(Action::PageUp, &["pgup", "C-b", "C-u"], "page up", "Up a page", 0),
    bind(Action::PageDown, &["pgdn", "C-f", "C-d"], "page down", "Down a page", 0),
    bind(Action::Home, &["home", "g"], "first", "To the start", 0),
    bind(Action::End, &["end", "G"], "last", "To the end", 0),
    bind(Action::More, &["J", " "], "more", "Scroll the text next to the list down", 0),
    bind(Action::Less, &["K"], "less", "Scroll the text next to the list up", 0),
    bind(Action::Back, &["esc", "backspace"], "back", "Go back; clears a search", 0),
    bind(Action::Show(Overview), &["1"], "overview", "Overview: faults in effect, target and journal", 0),
    bind(Action::Show(Modes), &["2"], "modes", "The failure modes", 0),
    bind(Action::Show(Records), &["3"], "records", "The records of the target", 0),
    bind(Action::Show(Plan), &["4"], "plan", "The planned fault", 0),
    bind(Action::Show(Operations), &["5"], "operations", "The operations, newest first", 0),
    bind(Action::Show(Checks), &["6"], "checks", "What the quality checks found", 0),
    bind(Action::Show(Journal), &["7"], "journal", "The entries of the journal", 0),
    bind(Action::Copy, &["y"], "copy", "Copy the selected row or digest", 0),
    bind(Action::Export, &["e"], "export", "Save this view to a file", 0),
    bind(Action::Pager, &["o"], "pager", "Show this view in the pager", 0),
    bind(Action::Refresh, &["f5", "C-l"], "refresh", "Reload everything", 0),
    bind(Action::Cancel, &["C-c"], "stop", "Stop the running job between its steps; otherwise quit", 0),
    bind(Action::Palette, &[":", "C-p"], "actions", "All actions, by name", 9),
    bind(Action::Help, &["?", "f1"], "help", "The keys of this screen", 10),
    bind(Action::Suspend, &["C-z"], "suspend", "Suspend to the shell; `fg` returns", 0),
    bind(Action::Quit, &["q"], "quit", "Quit; nothing is left half done", 11),
];

/// Returns the action of a key on a screen; `None` if the key does nothing there.
#[must_use]
pub fn find_action(key: &KeyEvent, screen: Screen) -> Option<Action> {
    let name = key_name(key)?;
    let binding =
        BINDINGS.iter().find(|binding| binding.is_available_on(screen) && binding.keys.contains(&name.as_str()));
    binding.map(|binding| binding.action)
}

/// Returns the binding of an action on a screen; `None` if it is not available there.
#[must_use]
pub fn find_binding(action: Action, screen: Screen) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.action == action && binding.is_available_on(screen))
}

/// Returns the bindings that a screen's bar shows, in order.
#[must_use]
pub fn list_bar_bindings(screen: Screen) -> Vec<&'static Binding> {
    let mut bindings: Vec<&Binding> =
        BINDINGS.iter().filter(|binding| binding.bar > 0 && binding.is_available_on(screen)).collect();
    // A stable sort: the table decides between equal positions.
    bindings.sort_by_key(|binding| binding.bar);
    bindings
}

/// Returns the name of a key as the table spells it; `None` for keys that no binding uses.
fn key_name(key: &KeyEvent) -> Option<String> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        // Terminals report Ctrl with either case, depending on Shift and their protocol.
        KeyCode::Char(letter) if control => format!("C-{}", letter.to_ascii_lowercase()),
        KeyCode::Char(letter) => letter.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "backtab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::F(number) => format!("f{number}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_one_thing_on_a_screen() {
        for screen in Screen::ALL {
            let mut keys: Vec<&str> = BINDINGS
                .iter()
                .filter(|binding| binding.is_available_on(screen))
                .flat_map(|binding| binding.keys)
                .copied()
                .collect();
            keys.sort_unstable();
            let all = keys.len();
            keys.dedup();
            assert_eq!(keys.len(), all, "{screen:?}: a key stands twice");
        }
    }

    #[test]
    fn every_action_can_be_reached_from_some_screen() {
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty() && !binding.about.is_empty(), "{binding:?}");
            assert!(Screen::ALL.iter().any(|screen| binding.is_available_on(*screen)), "{binding:?}");
        }
    }
}
