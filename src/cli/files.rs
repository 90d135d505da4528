//! Completion scripts and man pages, rendered from the command tree.

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

/// Each shell with the name of its script below `completions/`.
const SHELLS: [(Shell, &str); 5] = [
    (Shell::Bash, "mfm.bash"),
    (Shell::Zsh, "_mfm"),
    (Shell::Fish, "mfm.fish"),
    (Shell::PowerShell, "_mfm.ps1"),
    (Shell::Elvish, "mfm.elv"),
];

/// Renders every script and man page as (path in the repository, text).
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

/// Prints the completion script of a shell.
///
/// # Errors
/// The script is not UTF-8, which would be a bug.
pub(super) fn print_completions(shell: Shell, printer: &Printer) -> Result<u8, Failure> {
    printer.data(&render_script(shell).map_err(|why| folder_failure("write the completions", &why))?);
    Ok(0)
}

/// Prints a JSON Schema.
///
/// # Errors
/// The schema cannot be serialised, which would be a bug.
pub(super) fn print_schema(schema: &serde_json::Value, printer: &Printer) -> Result<u8, Failure> {
    let text =
        serde_json::to_string_pretty(schema).map_err(|error| folder_failure("write the schema", &error.to_string()))?;
    printer.data(&(text + "\n"));
    Ok(0)
}

/// Writes the man pages into a folder.
///
/// # Errors
/// The folder cannot be written, or holds a file of such a name that is not a man page of mfm.
pub(super) fn write_man(dir: &Path, printer: &Printer) -> Result<u8, Failure> {
    let pages = render_pages().map_err(|why| man_failure(dir, &why))?;
    file::make_folder(dir, FileAccess::Shared).map_err(|error| man_failure(dir, &error.to_string()))?;
    // Every file is checked before the first is written, so that a refusal leaves the folder as it was.
    for (name, _) in &pages {
        let path = dir.join(name);
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file() || !is_page(&path)) {
            return Err(man_failure(
                dir,
                &format!("{name} in that folder is not a man page of mfm, and is not overwritten"),
            ));
        }
    }
    for (name, text) in &pages {
        let result = file::replace_file(&dir.join(name), text, FileAccess::Shared, is_page);
        result.map_err(|error| man_failure(dir, &format!("{name}: {error}")))?;
    }
    printer.note(&format!("{} man pages in {}", pages.len(), dir.display()));
    Ok(0)
}

/// Prints the rules of the checks, as a file that `--rules` reads back or as a JSON object.
///
/// # Errors
/// The rules file cannot be read or parsed.
pub(super) fn print_rules(request: &checks::Request, format: Format, printer: &Printer) -> Result<u8, Failure> {
    let rules = ChosenRules::load(crate::domains::FIRST, request.rules.as_deref())?;
    printer.data(&if format == Format::Json { json::encode_line("rules", &rules)? } else { rules.to_toml() });
    Ok(0)
}

/// How much of a file is searched for a man page's title, in bytes.
const BEGINNING_BYTES: u64 = 1024;

/// Tells whether a file is a man page of mfm, of this version or another.
fn is_page(path: &Path) -> bool {
    let beginning = file::read_beginning(path, BEGINNING_BYTES).unwrap_or_default();
    String::from_utf8_lossy(&beginning).lines().any(|line| line.starts_with(".TH mfm"))
}

fn man_failure(dir: &Path, why: &str) -> Failure {
    folder_failure(&format!("write man pages into {}", dir.display()), why)
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
    // Otherwise the pages of subcommands would lack the global and the generated options.
    command.build();
    let mut pages = Vec::new();
    collect_pages(&command, &mut pages)?;
    pages.sort();
    Ok(pages)
}

/// Shows the options that only the short help hides: a man page has room for them.
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
