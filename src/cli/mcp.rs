//! `mfm mcp`: starts the MCP server with this process's settings, and prints or writes the configurations of clients.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum as _};

use super::ports::{SystemClock, SystemEntropy, build_holder};
use super::printer::{Printer, clean};
use super::secrets::{Keyring, Logins, NoPrompt, PasswordSource};
use super::settings::{Format, Settings};
use super::signals::Signals;
use super::terminal::Terminal;
use super::texts;
use crate::file::{self, FileAccess, FileError};
use crate::mcp::{self, Client, ConfigLocation, Host, ServerEnd, ServerOptions};
use crate::model::ports::{Account, Confirm as _, ConfirmAnswer, ConfirmQuestion, Danger, Secrets};
use crate::model::{Refusal, password, shown};
use crate::ops::protected::ProtectedFiles;
use crate::ops::{self, Failure};

/// `mfm mcp`.
#[derive(Args, Clone, Debug)]
pub(super) struct McpCall {
    /// What agents may do.
    #[command(flatten)]
    options: ServerOptions,
    /// What else to do.
    #[command(subcommand)]
    command: Option<McpCommand>,
}

/// What else to do.
#[derive(Clone, Debug, Subcommand)]
enum McpCommand {
    #[command(about = "Print the configuration of a client", long_about = texts::MCP_INSTALL)]
    Install {
        /// The client; all clients if omitted
        #[arg(value_enum)]
        client: Option<Client>,
        /// Write it into the client's own configuration file, after asking
        #[arg(long, requires = "client")]
        write: bool,
    },
}

/// Runs the server, or prints or writes a client's configuration.
pub(super) fn run(call: &McpCall, settings: &Settings, printer: &Printer, signals: &Signals) -> Result<u8, Failure> {
    match &call.command {
        None => serve(settings, &call.options),
        Some(McpCommand::Install { client: Some(client), write: true }) => {
            write_configuration(*client, &call.options, settings, &Terminal::new(settings, printer, signals), printer)
        }
        Some(McpCommand::Install { client, .. }) => {
            let clients = client.map_or_else(|| mcp::CLIENTS.to_vec(), |client| vec![client]);
            clients.iter().try_for_each(|client| print_configuration(*client, &call.options, settings, printer))?;
            Ok(0)
        }
    }
}

fn serve(settings: &Settings, options: &ServerOptions) -> Result<u8, Failure> {
    if [&settings.logins.whole, &settings.logins.reads]
        .iter()
        .any(|sources| sources.file == Some(PasswordSource::Stdin))
    {
        let message = "standard input carries the protocol, so the password cannot be read from it";
        return Err(Failure::usage("usage", message, "give the password in a file or a variable"));
    }
    let host = Host {
        journal: to_absolute(&settings.journal),
        target: settings.target.clone(),
        operator: settings.actor.clone(),
        holder: build_holder("mcp"),
        wait_ms: super::run::WAIT_MS,
        clock: Box::new(SystemClock),
        entropy: Box::new(SystemEntropy::new()?),
        secrets: Box::new(ServerPasswords(settings.logins.clone())),
    };
    Ok(match mcp::serve(host, options)? {
        ServerEnd::Closed => 0,
        ServerEnd::Signal(number) => 128 + number,
    })
}

fn to_absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Passwords from files and variables only: standard input carries the protocol.
struct ServerPasswords(Logins);

impl Secrets for ServerPasswords {
    fn password(&self, login: &Account<'_>) -> Result<String, String> {
        Keyring::new(&self.0, &NoPrompt, &|_| ()).password(login)
    }

    fn permit_login(&self, url: &str) -> Result<(), Refusal> {
        self.0.servers.permit(url)
    }
}

/// Builds the arguments with which a client starts the server.
///
/// # Errors
/// Usage: an argument could hold a password, which must not be written to a client's file.
fn build_arguments(options: &ServerOptions, settings: &Settings) -> Result<Vec<String>, Failure> {
    // A client starts the server in a folder of its own choice, so every path is absolute.
    let mut words = vec!["--journal".to_owned(), to_absolute(&settings.journal).display().to_string()];
    if let Some(target) = &settings.target {
        words.extend(["--target".to_owned(), spell_target(target)?]);
    }
    words.extend(settings.unencrypted_logins.iter().flat_map(|host| ["--unencrypted-login".to_owned(), host.clone()]));
    words.push("mcp".to_owned());
    words.extend(
        [(options.read_only, "--read-only"), (options.include_phi, "--include-phi"), (options.strict, "--strict")]
            .iter()
            .filter(|(given, _)| *given)
            .map(|(_, flag)| (*flag).to_owned()),
    );
    let consent = options.consent.and_then(|consent| consent.to_possible_value());
    let consent = consent.map(|consent| consent.get_name().to_owned());
    for id in &options.domain {
        words.extend(["--domain".to_owned(), id.clone()]);
    }
    for folder in &options.recordings {
        words.extend(["--recordings".to_owned(), to_absolute(folder).display().to_string()]);
    }
    for group in &options.tools {
        words.extend(["--tools".to_owned(), group.clone()]);
    }
    let allow = Some(options.allow.join(",")).filter(|allow| !allow.is_empty());
    for (flag, value) in [
        ("--allow", allow),
        ("--consent", consent),
        ("--rules", options.rules.as_deref().map(|path| to_absolute(path).display().to_string())),
        ("--max-severity", options.max_severity.clone()),
        ("--calls-per-hour", options.calls_per_hour.map(|number| number.to_string())),
        ("--writes-per-hour", options.writes_per_hour.map(|number| number.to_string())),
        ("--cooldown-ms", options.cooldown_ms.map(|number| number.to_string())),
    ] {
        words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    match words.iter().find(|word| password::is_in(word)) {
        None => Ok(words),
        Some(word) => {
            let message = format!(
                "`{}` could contain a password, so it is not written to the configuration",
                password::hide_password(word)
            );
            Err(Failure::usage(
                "client_file",
                message,
                "express it without a password, or write the configuration yourself",
            ))
        }
    }
}

/// Spells a target as a client's file may hold it: a registered name, or a URL without a possible password.
fn spell_target(target: &str) -> Result<String, Failure> {
    match ops::targets::normalize_target(target) {
        Some(spelt) => Ok(spelt),
        None => {
            let message =
                format!("`{}` cannot be written to the configuration as a target", password::hide_password(target));
            Err(Failure::usage("target_url", message, "give a registered name, or a URL without a password"))
        }
    }
}

fn build_client_configuration(
    client: Client,
    options: &ServerOptions,
    settings: &Settings,
) -> Result<serde_json::Value, Failure> {
    // A client may not have the PATH of the user's shell.
    let program = std::env::current_exe().map_or_else(|_| "mfm".to_owned(), |path| path.display().to_string());
    Ok(mcp::configuration(client, &program, &build_arguments(options, settings)?))
}

/// Returns the client's configuration file; `None` if the folder that it is in is unknown.
fn find_client_file(client: Client, settings: &Settings) -> Option<PathBuf> {
    Some(match client.config_location() {
        ConfigLocation::Configuration(name) => settings.configuration.as_ref()?.join(name),
        ConfigLocation::Home(name) => settings.home.as_ref()?.join(name),
        ConfigLocation::Here(name) => PathBuf::from(name),
    })
}

fn print_configuration(
    client: Client,
    options: &ServerOptions,
    settings: &Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    let place = find_client_file(client, settings).map(|path| path.display().to_string());
    let ours = build_client_configuration(client, options, settings)?;
    if settings.format == Format::Json {
        let line = serde_json::json!({"client": client.name(), "file": place, "configuration": ours});
        printer.out(&super::json::encode_line("mcp-install", &line)?);
        return Ok(());
    }
    let place = place.unwrap_or_else(|| "its configuration".to_owned());
    let text = serde_json::to_string_pretty(&ours).unwrap_or_default();
    printer.out(&format!("{}, in {}:\n{}\n", client.name(), clean(&place), shown::escape_json(&text)));
    Ok(())
}

/// Replaces a file as a whole if it still holds `before`. Its permissions stay, and so does a symbolic link to it.
fn replace_text(path: &Path, before: &str, text: &str) -> Result<(), FileError> {
    path.parent().map_or(Ok(()), |folder| file::make_folder(folder, FileAccess::Shared))?;
    // Renaming over a symbolic link would replace the link and leave the file that it points to.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut draft = file::begin_draft(&real, FileAccess::Private, |path: &Path| {
        file::read_text(path, file::TEXT_BYTES_MAX).is_ok_and(|now| now == before)
    })?;
    if real.exists() {
        draft.keep_rights_of(&real)?;
    }
    draft.write_all(text.as_bytes())?;
    draft.finish()
}

fn write_configuration(
    client: Client,
    options: &ServerOptions,
    settings: &Settings,
    terminal: &Terminal<'_>,
    printer: &Printer,
) -> Result<u8, Failure> {
    let path =
        find_client_file(client, settings).ok_or_else(|| unwritten_failure(client, "its folder is not known"))?;
    // Through a link, a client's file could be the journal or a target.
    ProtectedFiles::from_journal(&settings.journal, settings.target.as_deref()).refuse(&path)?;
    let before = match file::read_text(&path, file::TEXT_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.is_missing() => String::new(),
        Err(error) => return Err(unwritten_failure(client, &error.to_string())),
    };
    let own = build_client_configuration(client, options, settings)?;
    let after = mcp::merge_configuration(client, &before, &own).map_err(|why| unwritten_failure(client, &why))?;
    let text = format!("Write the server mfm into {}?", path.display());
    match terminal.ask(&ConfirmQuestion { text, danger: Danger::Write, type_name: None }) {
        ConfirmAnswer::Yes => {}
        answer => return Err(Refusal::NoConsent { asked: answer == ConfirmAnswer::No }.into()),
    }
    replace_text(&path, &before, &after).map_err(|error| unwritten_failure(client, &error.to_string()))?;
    printer.note(&format!("wrote {}; restart {}", path.display(), client.name()));
    Ok(0)
}

fn unwritten_failure(client: Client, why: &str) -> Failure {
    let message = format!("could not write the configuration of {}: {why}", client.name());
    let hint = "omit --write, and add the configuration to the file yourself";
    Failure::usage("client_file", message, hint)
}
