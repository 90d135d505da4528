//! Completion of commands, options and values: the scripts of the shells, and the answers to them; writes no store.
//!
//! A script is a few lines that ask the program, which sees its environment say so, what may follow.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, Command};
use clap_complete::engine::{self, ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;

use super::args::Globals;
use super::failures;
use super::printer::{Printer, clean};
use super::settings::{Environment, Settings};
use super::topics;
use crate::domain::mode::Mode;
use crate::domains;
use crate::model::shown;
use crate::ops::candidates::{self, CandidateKind};

/// The variable in which a script names its shell.
pub(super) const VARIABLE: &str = "MFM_COMPLETE";
/// The variable in which a script says which word is to be completed.
pub(super) const INDEX: &str = "_CLAP_COMPLETE_INDEX";
/// The variable in which a script says what stands between answers.
pub(super) const SEPARATOR: &str = "_CLAP_IFS";

/// Returns the script of a shell.
///
/// # Errors
/// A sentence saying why there is none.
pub(super) fn render_script(shell: &str) -> Result<String, String> {
    let known = Shells::builtins();
    let completer = known.completer(shell).ok_or_else(|| format!("no completion for the shell {shell}"))?;
    let mut bytes = Vec::new();
    completer.write_registration(VARIABLE, "mfm", "mfm", "mfm", &mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    // As a file of `fpath` the script is first run when it is already asked to complete.
    let asked = "\n\nif [[ ${funcstack[1]} == _mfm ]]; then _clap_dynamic_completer_mfm \"$@\"; fi";
    Ok(text.trim().to_owned() + if shell == "zsh" { asked } else { "" } + "\n")
}

/// Answers a completion script, where one asks; a question without an answer stays without one, and nobody is told.
///
/// A script puts `--` in front of the line under way; with anything else there, the variable was left over.
pub(super) fn answer_request(words: &[OsString], around: &Environment) -> Option<u8> {
    let shell = Path::new(around.get(VARIABLE)?).file_stem()?.to_str()?;
    let shell = Shells::builtins().completer(shell)?.name();
    let typed = match words.get(1) {
        None => Vec::new(),
        Some(dashes) if dashes == "--" => words.iter().skip(2).cloned().collect(),
        Some(_) => return None,
    };
    let text = render_candidates(shell, typed, around);
    Printer::new(anstream::ColorChoice::Never, true).data(&text.unwrap_or_default());
    Some(0)
}

fn render_candidates(shell: &str, typed: Vec<OsString>, around: &Environment) -> Option<String> {
    if typed.is_empty() {
        return render_script(shell).ok();
    }
    let last = typed.len() - 1;
    let index = around.get(INDEX).map_or(Some(last), |index| index.parse().ok())?;
    let (mut typed, index) = if shell == "bash" { join_bash_words(typed, index) } else { (typed, index) };
    // zsh leaves out an empty last word.
    if index == typed.len() {
        typed.push(OsString::new());
    }
    let current = typed.get(index)?.to_string_lossy().into_owned();
    let mut command = build_command(&typed, index, around);
    let mut found = engine::complete(&mut command, typed, index, Some(&around.folder)).ok()?;
    found.retain(|found| current.starts_with('-') || !(found.is_hide_set() && is_option(found)));
    let separator = around.get(SEPARATOR).filter(|_| shell != "fish").unwrap_or("\n");
    // No answer breaks the list of answers, or turns the line that it is put on.
    found.retain(|found| shown::is_safe(&found.get_value().to_string_lossy()));
    Some(found.iter().map(|found| render_candidate(shell, &current, found)).collect::<Vec<_>>().join(separator))
}

fn is_option(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}

/// Returns a candidate as the script of a shell reads it, with its description where the shell shows one.
fn render_candidate(shell: &str, current: &str, candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let help = clean(help.lines().next().unwrap_or_default());
    match shell {
        "bash" => quote_for_bash(&value, current),
        "elvish" => value.into_owned(),
        "zsh" => {
            let value = value.replace('\\', "\\\\").replace(':', "\\:");
            if help.is_empty() { value } else { format!("{value}:{}", help.replace('\\', "\\\\")) }
        }
        "powershell" => {
            let value = value.into_owned();
            let plain = value.chars().all(is_plain) && !value.starts_with('@');
            let value = if plain { value } else { format!("'{}'", value.replace('\'', "''")) };
            if help.is_empty() { value } else { format!("{value}\t{help}") }
        }
        _ if help.is_empty() => value.into_owned(),
        _ => format!("{value}\t{help}"),
    }
}

/// Tells whether a character means nothing but itself to any shell.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "-_./:@%+=,".contains(c)
}

/// Returns a word as bash has to find it on its line, which it takes from here letter by letter: a file's name may hold
/// what a shell would run. A word that was begun in quotes gets none.
fn quote_for_bash(value: &str, current: &str) -> String {
    if current.starts_with(['\'', '"']) {
        return if value.chars().all(|c| is_plain(c) || c == ' ') { value.to_owned() } else { String::new() };
    }
    let home = value.starts_with("~/");
    let letter = |(at, c): (usize, char)| match c {
        '~' if at == 0 && home => c.to_string(),
        c if is_plain(c) => c.to_string(),
        c => format!("\\{c}"),
    };
    value.chars().enumerate().map(letter).collect()
}

/// Undoes what bash does to words: it breaks them at `=`, `:` and `@`.
fn join_bash_words(words: Vec<OsString>, index: usize) -> (Vec<OsString>, usize) {
    let (mut out, mut moved, mut open): (Vec<OsString>, usize, bool) = (Vec::new(), index, false);
    for (at, word) in words.into_iter().enumerate() {
        let before = out.last().map(|last| last.to_string_lossy());
        let url = before.is_some_and(|before| before.contains("://"));
        let glue = word == ":" || word == "@" || word == "=" && url;
        let option = out.last().is_some_and(|last| last.to_string_lossy().starts_with("--"));
        let assigns = word == "=" && option && at != index;
        let continues = open || (glue && at != index);
        open = glue;
        match out.last_mut() {
            Some(last) if continues => last.push(&word),
            Some(_) if assigns => {}
            _ => {
                out.push(word);
                continue;
            }
        }
        if at <= index {
            moved = moved.saturating_sub(1);
        }
    }
    (out, moved)
}

/// What is known of the command line under way.
struct TypedLine {
    /// The journal in effect.
    journal: Option<PathBuf>,
    /// The words but for the one under way.
    words: BTreeSet<OsString>,
    /// The tool that `--eligible` names.
    eligible: Option<String>,
    /// Whether an option is being typed.
    dash: bool,
}

/// Returns the tree of commands, which knows what to offer for each value.
fn build_command(words: &[OsString], index: usize, around: &Environment) -> Command {
    let current = words.get(index).map(OsString::as_os_str).unwrap_or_default();
    let others = || words.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, word)| word.clone());
    let globals = Globals {
        journal: failures::value_of(words, "--journal").map(|path| at_home(&path, around)),
        ..Globals::default()
    };
    let typed = Arc::new(TypedLine {
        journal: Settings::resolve(&globals, around).ok().map(|settings| settings.journal),
        words: others().collect(),
        eligible: failures::value_of(words, "--eligible"),
        dash: current.to_string_lossy().starts_with('-'),
    });
    let mut command = super::command();
    // Only then are all options there, --help among them.
    command.build();
    add_candidates(command, &typed)
}

/// The shell has not expanded the tilde of a word that it asks about.
fn at_home(path: &str, around: &Environment) -> PathBuf {
    match (path.strip_prefix("~/"), around.get("HOME")) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Adds to every argument what it may be; options stay behind until a dash asks for them.
fn add_candidates(command: Command, typed: &Arc<TypedLine>) -> Command {
    let name = command.get_name().to_owned();
    let has_words = command.has_subcommands() || command.get_positionals().next().is_some();
    let command = command.mut_args(|arg| {
        let behind = !arg.is_positional() && (has_words || arg.is_global_set());
        let arg = if behind && !typed.dash { arg.hide(true) } else { arg };
        match find_source(&name, &arg) {
            Some(source) => arg.add(ArgValueCandidates::new(candidates_of(source, typed))),
            None => arg,
        }
    });
    command.mut_subcommands(|command| add_candidates(command, typed))
}

/// Where the values of an argument come from.
#[derive(Clone)]
enum ValueSource {
    Journal(CandidateKind),
    Tools,
    Variants(Option<String>),
    Checks,
    Topics,
}

fn find_source(command: &str, arg: &Arg) -> Option<ValueSource> {
    let tool = domains::find_mode(command).map(Mode::card);
    let id = arg.get_id().as_str();
    Some(match id {
        "global_target" => ValueSource::Journal(CandidateKind::Targets),
        "name" | "target" if arg.is_positional() => ValueSource::Journal(CandidateKind::Targets),
        "op" if command == "recover" => ValueSource::Journal(CandidateKind::Open),
        "onto" => ValueSource::Journal(CandidateKind::Targets),
        "until" if command == "replay" => ValueSource::Journal(CandidateKind::Operations),
        "op" | "before" => ValueSource::Journal(CandidateKind::Operations),
        "operations" => ValueSource::Journal(CandidateKind::Active),
        "mode" | "eligible" => ValueSource::Tools,
        "variant" => ValueSource::Variants(tool.map(|card| card.tool.to_owned())),
        "only" => ValueSource::Checks,
        "words" => ValueSource::Topics,
        _ => return None,
    })
}

fn candidates_of(
    source: ValueSource,
    typed: &Arc<TypedLine>,
) -> impl Fn() -> Vec<CompletionCandidate> + Send + Sync + 'static {
    let typed = Arc::clone(typed);
    move || {
        let pairs: Vec<(String, String)> = match &source {
            ValueSource::Journal(wanted) => of_journal(&typed, *wanted),
            ValueSource::Tools => {
                domains::modes().map(|mode| owned_pair(mode.card().tool, mode.card().title)).collect()
            }
            ValueSource::Variants(tool) => list_variants(tool.as_ref().or(typed.eligible.as_ref())),
            ValueSource::Checks => domains::checks().map(|card| owned_pair(card.id, card.about)).collect(),
            ValueSource::Topics => help_topics(),
        };
        let order = |(at, (word, about)): (usize, (String, String))| {
            CompletionCandidate::new(word).help(Some(about.into())).display_order(Some(at))
        };
        pairs.into_iter().enumerate().map(order).collect()
    }
}

fn owned_pair(word: &str, about: &str) -> (String, String) {
    (word.to_owned(), about.to_owned())
}

/// What the journal holds, without what stands on the line already, and without what could drive a terminal.
fn of_journal(typed: &TypedLine, wanted: CandidateKind) -> Vec<(String, String)> {
    let found =
        typed.journal.as_deref().map(|journal| candidates::list_candidates(journal, wanted)).unwrap_or_default();
    let fresh = found.into_iter().filter(|found| !typed.words.contains(OsStr::new(&found.word)));
    fresh.map(|found| (clean(&found.word), clean(&found.about))).collect()
}

fn list_variants(tool: Option<&String>) -> Vec<(String, String)> {
    let mode = tool.and_then(|tool| domains::find_mode(tool));
    mode.iter().flat_map(|mode| mode.card().variants).map(|variant| owned_pair(variant.word, variant.about)).collect()
}

fn help_topics() -> Vec<(String, String)> {
    let commands = super::command();
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let commands = commands.get_subcommands().map(|command| (command.get_name().to_owned(), about(command)));
    commands.chain(topics::NAMES.map(|name| owned_pair(name, "a topic"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bash_broke_is_whole_again() {
        let words = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        for (line, index, whole, moved) in [
            ("mfm --target = la", 3, "mfm --target la", 2),
            ("mfm --target = lab show 1", 5, "mfm --target lab show 1", 4),
            ("mfm show 1 --target = lab", 2, "mfm show 1 --target lab", 2),
            ("mfm --target sqlite : lab.db show x", 6, "mfm --target sqlite:lab.db show x", 4),
            ("mfm --target mssql : //sa @ h : 1433/D?a = b log", 11, "mfm --target mssql://sa@h:1433/D?a=b log", 3),
            ("mfm --now 12 : 30 : 00 log", 7, "mfm --now 12:30:00 log", 3),
            ("mfm show =", 2, "mfm show =", 2),
        ] {
            let (out, at) = join_bash_words(words(line), index);
            assert_eq!((out, at), (words(whole), moved), "{line}");
        }
    }
}
