//! Shell completion: the scripts, and the answers to their requests. Reads the journal, writes nothing.
//!
//! A script only runs mfm with `MFM_COMPLETE` set and offers what it prints, so targets and operations that are made
//! later are completed too.

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
/// The variable in which a script says what separates the candidates.
pub(super) const SEPARATOR: &str = "_CLAP_IFS";

/// Returns the script of a shell.
///
/// # Errors
/// A sentence saying why there is none.
pub(super) fn render_script(shell: &str) -> Result<String, String> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(|| format!("no completion for the shell {shell}"))?;
    let mut bytes = Vec::new();
    completer.write_registration(VARIABLE, "mfm", "mfm", "mfm", &mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    // When zsh autoloads the file from `fpath`, running it is already the first completion: answer it.
    let first_call = "\n\nif [[ ${funcstack[1]} == _mfm ]]; then _clap_dynamic_completer_mfm \"$@\"; fi";
    Ok(text.trim().to_owned() + if shell == "zsh" { first_call } else { "" } + "\n")
}

/// Answers a completion request and returns the exit code; `None` for an ordinary command line.
///
/// A request that fails prints nothing: an error would land in the middle of the line being typed. A script puts `--`
/// in front of the words; without it the variable was only inherited.
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
    // A shell that gives no index asks about the last word.
    let index = around.get(INDEX).map_or(Some(last), |index| index.parse().ok())?;
    let (mut typed, index) = if shell == "bash" { join_bash_words(typed, index) } else { (typed, index) };
    // zsh leaves out an empty last word.
    if index == typed.len() {
        typed.push(OsString::new());
    }
    let current = typed.get(index)?.to_string_lossy().into_owned();
    let mut command = build_command(&typed, index, around);
    let mut candidates = engine::complete(&mut command, typed, index, Some(&around.folder)).ok()?;
    // Hidden options are offered only once a dash is typed.
    candidates.retain(|candidate| current.starts_with('-') || !(candidate.is_hide_set() && is_option(candidate)));
    let separator = around.get(SEPARATOR).filter(|_| shell != "fish").unwrap_or("\n");
    // A candidate with a line break or a bidi control would split the list, or reorder the line that it is put on.
    candidates.retain(|candidate| shown::is_safe(&candidate.get_value().to_string_lossy()));
    Some(
        candidates
            .iter()
            .map(|candidate| render_candidate(shell, &current, candidate))
            .collect::<Vec<_>>()
            .join(separator),
    )
}

fn is_option(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}

/// Renders a candidate as the shell's script parses it, with its description where the shell shows one.
fn render_candidate(shell: &str, current: &str, candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let help = clean(help.lines().next().unwrap_or_default());
    match shell {
        "bash" => quote_for_bash(&value, current),
        "elvish" => value.into_owned(),
        "zsh" => {
            // The script splits each line at the first colon that is not escaped.
            let value = value.replace('\\', "\\\\").replace(':', "\\:");
            if help.is_empty() { value } else { format!("{value}:{}", help.replace('\\', "\\\\")) }
        }
        "powershell" => {
            let value = value.into_owned();
            // A leading `@` would be splatting, and other special characters need quotes.
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

/// Escapes a value for bash, which puts it on the line as it is: a file's name may contain what a shell would run. A
/// word that was begun in quotes gets no candidate that would need escapes.
fn quote_for_bash(value: &str, current: &str) -> String {
    if current.starts_with(['\'', '"']) {
        return if value.chars().all(|c| is_plain(c) || c == ' ') { value.to_owned() } else { String::new() };
    }
    let mut word = String::new();
    for (at, c) in value.chars().enumerate() {
        // A tilde in front is left for the shell to expand.
        let is_home = at == 0 && value.starts_with("~/");
        if !is_home && !is_plain(c) {
            word.push('\\');
        }
        word.push(c);
    }
    word
}

/// Joins words that bash split at `=`, `:` and `@`, and moves the index of the word being typed with them.
fn join_bash_words(words: Vec<OsString>, index: usize) -> (Vec<OsString>, usize) {
    let (mut out, mut moved, mut open): (Vec<OsString>, usize, bool) = (Vec::new(), index, false);
    for (at, word) in words.into_iter().enumerate() {
        let before = out.last().map(|last| last.to_string_lossy());
        // A `=` belongs to the word only in the parameters of a URL; elsewhere it is between an option and its value.
        let url = before.is_some_and(|before| before.contains("://"));
        let glue = word == ":" || word == "@" || word == "=" && url;
        let option = out.last().is_some_and(|last| last.to_string_lossy().starts_with("--"));
        let assigns = word == "=" && option && at != index;
        let continues = open || (glue && at != index);
        // The word behind a glued separator continues the same word.
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

/// What is known of the command line being completed.
struct TypedLine {
    /// The journal in effect.
    journal: Option<PathBuf>,
    /// The words except the one being typed.
    words: BTreeSet<OsString>,
    /// The tool that `--eligible` names.
    eligible: Option<String>,
    /// Whether an option is being typed.
    dash: bool,
}

/// Builds the command tree with a source of candidates at each argument.
fn build_command(words: &[OsString], index: usize, around: &Environment) -> Command {
    let current = words.get(index).map(OsString::as_os_str).unwrap_or_default();
    let others = words.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, word)| word.clone());
    let globals = Globals {
        journal: failures::find_value(words, "--journal").map(|path| expand_home(&path, around)),
        ..Globals::default()
    };
    let typed = Arc::new(TypedLine {
        journal: Settings::resolve(&globals, around).ok().map(|settings| settings.journal),
        words: others.collect(),
        eligible: failures::find_value(words, "--eligible"),
        dash: current.to_string_lossy().starts_with('-'),
    });
    let mut command = super::command();
    // `build` adds the generated options, such as --help, which are hidden like the others.
    command.build();
    add_candidates(command, &typed)
}

/// Expands a leading `~/`, which the shell has not done yet in the words that it asks about.
fn expand_home(path: &str, around: &Environment) -> PathBuf {
    match (path.strip_prefix("~/"), around.get("HOME")) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Adds candidates to every argument, and hides options until a dash is typed.
fn add_candidates(command: Command, typed: &Arc<TypedLine>) -> Command {
    let name = command.get_name().to_owned();
    let has_words = command.has_subcommands() || command.get_positionals().next().is_some();
    let command = command.mut_args(|arg| {
        // The own options of a command without anything else are all that it has to offer.
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
            ValueSource::Journal(wanted) => list_from_journal(&typed, *wanted),
            ValueSource::Tools => {
                domains::modes().map(|mode| owned_pair(mode.card().tool, mode.card().title)).collect()
            }
            ValueSource::Variants(tool) => list_variants(tool.as_ref().or(typed.eligible.as_ref())),
            ValueSource::Checks => domains::checks().map(|card| owned_pair(card.id, card.about)).collect(),
            ValueSource::Topics => list_topics(),
        };
        let mut candidates = Vec::new();
        for (at, (word, about)) in pairs.into_iter().enumerate() {
            candidates.push(CompletionCandidate::new(word).help(Some(about.into())).display_order(Some(at)));
        }
        candidates
    }
}

fn owned_pair(word: &str, about: &str) -> (String, String) {
    (word.to_owned(), about.to_owned())
}

/// Lists candidates from the journal, without words that are on the line already, cleaned of control characters.
fn list_from_journal(typed: &TypedLine, kind: CandidateKind) -> Vec<(String, String)> {
    let candidates =
        typed.journal.as_deref().map(|journal| candidates::list_candidates(journal, kind)).unwrap_or_default();
    let fresh = candidates.into_iter().filter(|candidate| !typed.words.contains(OsStr::new(&candidate.word)));
    fresh.map(|candidate| (clean(&candidate.word), clean(&candidate.about))).collect()
}

fn list_variants(tool: Option<&String>) -> Vec<(String, String)> {
    let mode = tool.and_then(|tool| domains::find_mode(tool));
    mode.iter().flat_map(|mode| mode.card().variants).map(|variant| owned_pair(variant.word, variant.about)).collect()
}

fn list_topics() -> Vec<(String, String)> {
    let mut topics = Vec::new();
    for command in super::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        topics.push((command.get_name().to_owned(), about));
    }
    topics.extend(topics::NAMES.map(|name| owned_pair(name, "a topic")));
    topics
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
