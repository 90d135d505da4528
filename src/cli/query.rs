//! `mfm query TOOL`: one subcommand per query, built from the lists of the domains.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint};
use serde_json::{Map, Value as Json};

use crate::domain::query::QueryCard;
use crate::domains;
use crate::ops::files;
use crate::ops::query::{Request, find_query};

/// Options of `mfm query`.
#[derive(Args, Clone, Debug)]
struct QueryFlags {
    /// Query this file instead of a registered target; opened read-only, and no other file is created
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    recording: Option<PathBuf>,
    /// Look for files below this folder; may be repeated
    #[arg(long = "recordings", value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    folders: Vec<PathBuf>,
    /// Answer as the system does that the specification of the tools describes, its faults included
    #[arg(long, global = true)]
    strict: bool,
}

/// A call of `mfm query`.
#[derive(Clone, Debug)]
pub(super) struct QueryCall(pub(super) Request);

impl Args for QueryCall {
    fn augment_args(command: Command) -> Command {
        let mut command = QueryFlags::augment_args(command);
        command = command.subcommand_value_name("QUERY").subcommand_help_heading("Queries");
        for domain in domains::all() {
            if let Some(card) = domain.files() {
                for about in files::query_cards(*domain) {
                    command = command.subcommand(build_file_command(&about, list_positionals(card, about.name)));
                }
            }
            for query in domain.queries() {
                let card = query.card();
                let own = Command::new(card.name).next_help_heading("Parameters");
                command = command.subcommand(describe_command(query.add_arguments(own), card));
            }
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Returns the positional arguments of a query of files, as (name, required).
fn list_positionals(card: &'static crate::domain::files::FileCard, name: &str) -> &'static [(&'static str, bool)] {
    match name {
        name if name == card.list => &[("directory", false)],
        name if name == card.load => &[("path", true)],
        _ => &[("before", true), ("after", true)],
    }
}

fn build_file_command(card: &QueryCard, positions: &'static [(&'static str, bool)]) -> Command {
    let mut command = Command::new(card.name);
    for (name, needed) in positions {
        let arg = Arg::new(*name).value_name(name.to_uppercase()).required(*needed).help("A file, or a folder to list");
        command = command.arg(arg.value_parser(ValueParser::path_buf()).value_hint(ValueHint::AnyPath));
    }
    describe_command(command, card)
}

fn describe_command(command: Command, card: &QueryCard) -> Command {
    let example = format!("{}\n\nExample:\n  mfm query {} {}", card.about, card.name, card.example);
    // Queries have the snake-case names that agents use; at a shell kebab case is accepted too.
    let kebab = card.name.replace('_', "-");
    let command = if kebab == card.name { command } else { command.alias(kebab) };
    command.about(capitalise(card.title)).long_about(example.trim_end().to_owned())
}

/// Capitalises the first letter, as the help of other commands has it.
fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl FromArgMatches for QueryCall {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let QueryFlags { recording: file, folders, strict } = QueryFlags::from_arg_matches(matches)?;
        let Some((name, inner)) = matches.subcommand() else {
            return Ok(Self(Request { file, folders, strict, ..Request::default() }));
        };
        // The queries of files are not in the domains' lists; their parameters are paths.
        let params = match find_query(name) {
            Some((_, query)) => query.parse_matches(inner)?,
            None => collect_paths(inner),
        };
        Ok(Self(Request { query: Some(name.to_owned()), params, file, folders, strict }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Collects the positional paths of a query of files as its parameters.
fn collect_paths(matches: &ArgMatches) -> Map<String, Json> {
    let mut paths = Map::new();
    for name in ["directory", "path", "before", "after"] {
        // Each of these queries declares only some of the arguments, and `get_one` panics on the others.
        if let Some(path) = matches.try_get_one::<PathBuf>(name).ok().flatten() {
            paths.insert(name.to_owned(), Json::String(path.display().to_string()));
        }
    }
    paths
}
