//! `mfm help`: the help of a command, or a topic that belongs to none.

use serde::Serialize;

use super::errors::{ERRORS, ErrorCode};
use super::printer::Printer;
use super::report::{Report, ReportPage, ReportTable, print_report};
use super::settings::Settings;
use crate::ops::{Failure, FailureKind};

/// The topics that are not commands.
pub(super) const NAMES: [&str; 3] = ["exit-codes", "errors", "environment"];

/// What each exit code means.
const EXIT_CODES: [(u8, &str); 9] = [
    (0, "done"),
    (1, "something was found: a violation, tampering, rows left in conflict, an operation left open"),
    (2, "usage: the arguments are wrong"),
    (3, "refused: unmarked, stale, in conflict, over a limit, nothing to change, no consent, recover first"),
    (4, "the target: absent, unreachable, busy, full, replaced, or failing"),
    (5, "the journal: absent, busy, full, behind, or broken"),
    (129, "ended by SIGHUP, as when a terminal closes; the current operation is sealed, or reported as left open"),
    (130, "interrupted by SIGINT; the same"),
    (143, "ended by SIGTERM; the same"),
];

/// What each variable does.
const VARIABLES: [(&str, &str); 15] = [
    ("MFM_JOURNAL", "the journal, unless --journal is given"),
    ("MFM_TARGET", "the target, unless --target is given"),
    ("MFM_FORMAT", "table, json or plain, unless --format is given"),
    ("MFM_ACTOR", "the actor's name, unless --actor is given"),
    ("MFM_MSSQL_PASSWORD", "the password of a server's login, unless --password-file is given"),
    ("MFM_MSSQL_READ_PASSWORD", "the password of the read-only login, unless --read-password-file is given"),
    ("NO_COLOR", "no colour, unless --color is given"),
    ("COLUMNS", "the maximum width of tables"),
    ("PAGER", "the pager for long text in `mfm tui`; less if unset"),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "whether `mfm tui` draws with more than ASCII: if the first one that is set names UTF-8",
    ),
    ("TERM", "the same: the Linux console lacks the characters"),
    ("COLORFGBG", "whether the background is light, for `mfm tui`, unless --theme is given"),
    ("XDG_CONFIG_HOME", "where mfm/config.toml is read from, after the nearest mfm.toml"),
    ("XDG_STATE_HOME", "where mfm/journal.db is kept, if nothing else names a journal, and mfm/servers"),
    ("SUDO_UID", "the user whose files are also trusted when mfm runs as root"),
];

/// Explains a topic or a command.
///
/// # Errors
/// Usage: there is no such topic.
pub(super) fn run(words: &[String], settings: &Settings, printer: &Printer) -> Result<u8, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exit-codes"] => print_report(settings, printer, "help", &exit_codes_topic())?,
        ["errors"] => print_report(settings, printer, "help", &ErrorTopic { errors: ERRORS })?,
        ["environment"] => print_report(settings, printer, "help", &environment())?,
        words => printer.out(&render_command_help(words)?),
    }
    Ok(0)
}

fn render_command_help(words: &[&str]) -> Result<String, Failure> {
    let mut root = super::command();
    // Gives the subcommands their full names for the usage line.
    root.build();
    let mut command = &mut root;
    for word in words {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            let message = format!("there is no command and no topic `{}`", words.join(" "));
            Failure::usage("unknown_topic", message, "the topics are exit-codes, errors and environment")
        })?;
    }
    Ok(command.render_long_help().ansi().to_string())
}

/// A topic that lists words with their meanings.
#[derive(Serialize)]
struct Glossary {
    topic: &'static str,
    #[serde(skip)]
    head: [&'static str; 2],
    entries: Vec<TopicWord>,
}

#[derive(Serialize)]
struct TopicWord {
    word: String,
    meaning: &'static str,
}

fn exit_codes_topic() -> Glossary {
    let entries = EXIT_CODES.into_iter().map(|(code, meaning)| TopicWord { word: code.to_string(), meaning }).collect();
    Glossary { topic: "exit-codes", head: ["code", "meaning"], entries }
}

fn environment() -> Glossary {
    let entries = VARIABLES.into_iter().map(|(name, meaning)| TopicWord { word: name.to_owned(), meaning }).collect();
    Glossary { topic: "environment", head: ["variable", "meaning"], entries }
}

impl Report for Glossary {
    fn render_page(&self, page: &mut ReportPage) {
        page.table(&self.to_table());
        if self.topic == "environment" {
            page.blank();
            page.paragraph(
                0,
                "Flags override the environment, the environment the nearest mfm.toml, and that mfm/config.toml. Keys: \
                 journal, target, format, actor, color; in mfm/config.toml also trusted_folders.",
            );
        }
    }

    fn to_table(&self) -> ReportTable {
        ReportTable::new(&self.head)
            .with_rows(self.entries.iter().map(|entry| vec![entry.word.clone(), entry.meaning.to_owned()]))
    }
}

/// The topic `errors`.
#[derive(Serialize)]
struct ErrorTopic {
    errors: &'static [ErrorCode],
}

impl Report for ErrorTopic {
    fn render_page(&self, page: &mut ReportPage) {
        page.line("Every error has a stable code; --json shows it. This is the complete list.");
        for kind in [
            FailureKind::Usage,
            FailureKind::Refused,
            FailureKind::Target,
            FailureKind::Journal,
            FailureKind::Interrupted,
            FailureKind::Found,
        ] {
            let mut table = ReportTable::new(&["code", "what to do"]);
            let of_kind = self.errors.iter().filter(|error| error.kind == kind);
            of_kind.for_each(|error| table.push_row(vec![error.code.to_owned(), error.hint.to_owned()]));
            page.heading(&format!("{}: exit code {}", kind_word(kind), kind.exit_code()));
            page.table(&table);
        }
    }

    fn to_table(&self) -> ReportTable {
        ReportTable::new(&["code", "kind", "exit_code", "hint"]).with_rows(self.errors.iter().map(|error| {
            let exit_code = error.kind.exit_code().to_string();
            vec![error.code.to_owned(), kind_word(error.kind).to_owned(), exit_code, error.hint.to_owned()]
        }))
    }
}

const fn kind_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Found => "found",
        FailureKind::Usage => "usage",
        FailureKind::Refused => "refused",
        FailureKind::Target => "target",
        FailureKind::Journal => "journal",
        FailureKind::Interrupted => "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use super::VARIABLES;
    use crate::ops::drill::command::WITHHELD;

    #[test]
    fn a_command_under_test_gets_none_of_our_variables() {
        let own = VARIABLES.iter().map(|(name, _)| *name).filter(|name| name.starts_with("MFM_"));
        assert_eq!(own.collect::<Vec<_>>(), WITHHELD);
    }
}
