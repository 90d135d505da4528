//! Completion scripts and man pages, rendered from the tree of commands; never edited by hand.

use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use super::completion;
use super::json;
use super::printer::Printer;
use super::settings::Format;
use crate::file::{self, FileAccess};
use crate::ops::rules::ChosenRules;
use crate::ops::{Failure, FailureKind, checks};

/// The shells, with the files that their scripts are kept in.
const SHELLS: [(Shell, &str); 5] = [
    (Shell::Bash, "mfm.bash"),
    (Shell::Zsh, "_mfm"),
    (Shell::Fish, "mfm.fish"),
    (Shell::PowerShell, "_mfm.ps1"),
    (Shell::Elvish, "mfm.elv"),
];

/// Returns every script and page as (path, text).
///
/// # Errors
/// A sentence saying what could not be rendered.
pub(super) fn render_all() -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for (shell, name) in SHELLS {
        files.push((format!("completions/{name}"), render_script(shell)?));
    }
    files.extend(render_pages()?.into_iter().map(|(name, text)| (format!("man/{name}"), text)));
    Ok(files)
}

/// Prints the script of a shell.
///
/// # Errors
/// The script is no text, which is a mistake of the program.
pub(super) fn print_completions(shell: Shell, printer: &Printer) -> Result<u8, Failure> {
    printer.data(&render_script(shell).map_err(|why| folder_failure("write the completions", &why))?);
    Ok(0)
}

/// Prints a JSON Schema.
///
/// # Errors
/// The schema is no JSON, which is a mistake of the program.
pub(super) fn print_schema(schema: &serde_json::Value, printer: &Printer) -> Result<u8, Failure> {
    let text =
        serde_json::to_string_pretty(schema).map_err(|error| folder_failure("write the schema", &error.to_string()))?;
    printer.data(&(text + "\n"));
    Ok(0)
}

/// Writes the man pages into a folder.
///
/// # Errors
/// What the file system says.
pub(super) fn write_man(dir: &Path, printer: &Printer) -> Result<u8, Failure> {
    let wrong = |why: String| folder_failure(&format!("write man pages into {}", dir.display()), &why);
    let pages = render_pages().map_err(wrong)?;
    file::make_folder(dir, FileAccess::Shared).map_err(|error| wrong(error.to_string()))?;
    for (name, _) in &pages {
        let path = dir.join(name);
        if path.symlink_metadata().is_ok_and(|found| !found.is_file() || !is_page(&path)) {
            return Err(wrong(format!("{name} there is no man page of mfm, and is not overwritten")));
        }
    }
    for (name, text) in &pages {
        let written = file::replace_file(&dir.join(name), text, FileAccess::Shared, is_page);
        written.map_err(|error| wrong(format!("{name}: {error}")))?;
    }
    printer.note(&format!("{} man pages in {}", pages.len(), dir.display()));
    Ok(0)
}

/// Prints the rules of checks: a file that can be read back, or a JSON object.
///
/// # Errors
/// What the rules say.
pub(super) fn print_rules(request: &checks::Request, format: Format, printer: &Printer) -> Result<u8, Failure> {
    let rules = ChosenRules::load(crate::domains::FIRST, request.rules.as_deref())?;
    printer.data(&if format == Format::Json { json::encode_line("rules", &rules)? } else { rules.to_toml() });
    Ok(0)
}

/// More than the beginning of a man page that holds its title.
const BEGINNING_BYTES: u64 = 1024;

/// Tells whether a file is a man page of mfm, of this version or another.
fn is_page(path: &Path) -> bool {
    let beginning = file::read_beginning(path, BEGINNING_BYTES).unwrap_or_default();
    String::from_utf8_lossy(&beginning).lines().any(|line| line.starts_with(".TH mfm"))
}

fn folder_failure(what: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Usage,
        "folder",
        format!("could not {what}: {why}"),
        "choose a folder that can be written",
    )
}

fn render_script(shell: Shell) -> Result<String, String> {
    completion::render_script(&shell.to_string())
}

fn render_pages() -> Result<Vec<(String, String)>, String> {
    let mut command = unhide_options(super::command());
    command.build();
    let mut pages = Vec::new();
    collect_pages(&command, &mut pages)?;
    pages.sort();
    Ok(pages)
}

/// Brings back what only the short help leaves out: a man page has room.
fn unhide_options(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_short_help(false)).mut_subcommands(unhide_options)
}

fn collect_pages(command: &Command, pages: &mut Vec<(String, String)>) -> Result<(), String> {
    let man = Man::new(command.clone());
    let mut bytes = Vec::new();
    man.render(&mut bytes).map_err(|error| error.to_string())?;
    pages.push((man.get_filename(), String::from_utf8(bytes).map_err(|error| error.to_string())?));
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| collect_pages(command, pages))
}
