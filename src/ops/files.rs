//! Databases that come as files in folders, such as recordings: lists, opens and compares them.
//!
//! Files are opened without leaving anything beside them, and none outside the folders that the operator named.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::context::Context;
use super::detect;
use super::failure::{Failure, FailureKind};
use super::query::{self, Outcome, Request};
use crate::domain::Domain;
use crate::domain::files::FileCard;
use crate::domain::query::QueryCard;
use crate::domains;
use crate::model::Fetch;
use crate::model::NextStep;
use crate::model::next_step::{View, look};
use crate::targets::sqlite::{RunIndex, SqliteTarget};
use crate::targets::{Target, TargetError};

/// Maximum depth of folders that are searched.
const DEPTH_MAX: usize = 8;
/// Maximum number of folder entries that are examined.
const ENTRIES_MAX: usize = 20_000;
/// Maximum number of files in a list.
const FILES_MAX: usize = 500;

/// A file of a domain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileLine {
    /// Its path.
    pub path: String,
    /// Its path below the searched folder, without the ending.
    pub name: String,
    /// Its size, bytes.
    pub size_bytes: u64,
    /// Whether it is complete, that is, no program is writing it.
    pub complete: bool,
    /// The row counts that its domain names, and its last key.
    #[serde(flatten)]
    pub counts: Map<String, Json>,
}

/// A file that holds no data of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherLine {
    /// Its path.
    pub path: String,
    /// What it holds instead.
    pub why: String,
}

/// Returns the cards of the queries on a domain's files as such: list, load and compare.
#[must_use]
pub fn query_cards(domain: &dyn Domain) -> Vec<QueryCard> {
    let Some(card) = domain.files() else { return Vec::new() };
    let mut all = vec![
        QueryCard {
            name: card.list,
            group: "specification",
            title: "list the files",
            about: "Files in the folders, with the counts of each; other files are listed separately.",
            example: "",
        },
        QueryCard {
            name: card.load,
            group: "specification",
            title: "choose a file for the following queries",
            about: "Opens a file, counts its contents, and uses it for the following queries.",
            example: "FILE",
        },
    ];
    if let Some((name, _)) = card.compare {
        all.push(QueryCard {
            name,
            group: "analysis",
            title: "compare two files",
            about: "Key numbers of two files, before and after, and their differences.",
            example: "BEFORE AFTER",
        });
    }
    all
}

/// Returns the folders to search for a domain's files: those named, or its default ones.
#[must_use]
pub fn choose_folders(card: &FileCard, named: &[PathBuf]) -> Vec<PathBuf> {
    if named.is_empty() { card.folders.iter().map(PathBuf::from).collect() } else { named.to_vec() }
}

/// Opens a file for reading, without leaving anything beside it; returns also whether a program is writing it.
///
/// # Errors
/// A target error; refused, `other_domain`: it holds none of the domain's tables.
pub fn open_file(
    path: &Path,
    domain: &dyn Domain,
    runs: Option<&RunIndex>,
) -> Result<(Box<dyn Target>, bool), Failure> {
    let (mut target, live) = SqliteTarget::open_aside(path, domains::key_columns())?;
    // Of a file that is being written, the positions of its rows change; the shared index would be wrong.
    if let Some(runs) = runs.filter(|_| !live) {
        target.share_runs(runs);
    }
    match what_is(&mut target, domain)? {
        None => Ok((Box::new(target), live)),
        Some(why) => {
            let word = domain.files().map_or("database", |card| card.word);
            let message = format!("{} is not a {word}: {why}", path.display());
            Err(Failure::new(FailureKind::Refused, "other_domain", message, "name another file"))
        }
    }
}

/// Returns what a database holds that has no distinctive table of a domain; `None` where it has one.
fn what_is(target: &mut SqliteTarget, domain: &dyn Domain) -> Result<Option<String>, TargetError> {
    let tables = target.list_tables()?;
    if detect::has_any(domain, &tables) {
        return Ok(None);
    }
    let shared = tables.iter().filter(|table| domain.tables().iter().any(|card| card.name.eq_ignore_ascii_case(table)));
    let shared: Vec<&str> = shared.map(String::as_str).collect();
    let other = domains::all().iter().find(|other| detect::has_any(**other, &tables));
    Ok(Some(match (other, shared.as_slice(), tables.len()) {
        (Some(other), ..) => format!("it is a database of {}", other.card().title),
        (None, [], 0) => "it has no tables".to_owned(),
        (None, [], _) => "it is a database of something else".to_owned(),
        (None, shared, _) => format!("it only has {}, which other kinds of database have too", shared.join(", ")),
    }))
}

/// Returns the counts that a domain's card names; null for a table that is missing.
fn count_rows(target: &mut dyn Target, card: &FileCard) -> Result<Map<String, Json>, TargetError> {
    let mut out = Map::new();
    for (name, table) in card.counts {
        let count = match target.find_table(table)? {
            Some(table) => Json::from(target.count_rows(&table, None)?),
            None => Json::Null,
        };
        out.insert((*name).to_owned(), count);
    }
    if let Some((name, table)) = card.last {
        let last = target.read(&Fetch::maximum(table, "id"))?.maximum;
        out.insert(name.to_owned(), json!(last));
    }
    Ok(out)
}

/// Lists the files of a domain below folders, and apart from them those that hold other data.
///
/// # Errors
/// Usage: there is no such folder.
pub fn list_files(domain: &dyn Domain, card: &FileCard, folders: &[PathBuf]) -> Result<Map<String, Json>, Failure> {
    let (mut files, mut others, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    let mut whole = true;
    for folder in folders {
        let Ok(root) = folder.canonicalize() else {
            missing.push(folder.display().to_string());
            continue;
        };
        let (paths, all) = list_paths(&root, card.ending);
        whole &= all;
        for path in paths {
            match describe_file(domain, card, &root, &path) {
                Ok(line) => files.push(line),
                Err(why) => others.push(OtherLine { path: path.display().to_string(), why }),
            }
        }
    }
    if missing.len() == folders.len() {
        let message = format!("there is no folder {}", missing.join(", nor "));
        return Err(Failure::usage("no_folder", message, "name an existing folder"));
    }
    // Folders may lie in each other, and then list the same files twice.
    files.sort_by(|one: &FileLine, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    others.sort_by(|one, other| one.path.cmp(&other.path));
    others.dedup();
    let total = files.len();
    whole &= total <= FILES_MAX;
    files.truncate(FILES_MAX);
    let word = if total == 1 { card.word } else { card.plural };
    let mut summary = format!("{total} {word}, {} other file(s)", others.len());
    summary += if whole { "." } else { "; the list is truncated." };
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let mut out = Map::new();
    out.insert("directory".to_owned(), json!(folders.join(", ")));
    out.insert(card.plural.to_owned(), json!(files));
    out.insert("others".to_owned(), json!(others));
    out.insert("missing_folders".to_owned(), json!(missing));
    out.insert("total".to_owned(), json!(total));
    out.insert("summary".to_owned(), json!(summary));
    Ok(out)
}

fn describe_file(domain: &dyn Domain, card: &FileCard, root: &Path, path: &Path) -> Result<FileLine, String> {
    let (mut target, live) = open_file(path, domain, None).map_err(|failure| failure.message)?;
    let counts = count_rows(target.as_mut(), card).map_err(|error| error.to_string())?;
    let below = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let size_bytes = std::fs::metadata(path).map(|facts| facts.len()).unwrap_or_default();
    let (path, name) = (path.display().to_string(), below.display().to_string());
    Ok(FileLine { path, name, size_bytes, complete: !live, counts })
}

/// Returns the sorted files below a folder with an ending, and whether these are all; follows no symbolic links.
fn list_paths(root: &Path, ending: &str) -> (Vec<PathBuf>, bool) {
    let (mut files, mut seen, mut whole) = (Vec::new(), 0, true);
    // A stack in place of recursion, so that depth and number of entries are bounded in one place.
    let mut todo = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = todo.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            seen += 1;
            if seen > ENTRIES_MAX {
                return (files, false);
            }
            let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
            if kind.is_dir() && depth < DEPTH_MAX {
                todo.push((path, depth + 1));
            } else if kind.is_dir() {
                whole = false;
            } else if kind.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case(ending)) {
                files.push(path);
            }
        }
    }
    files.sort();
    (files, whole)
}

/// Opens a file, and returns its counts with a summary.
///
/// # Errors
/// As [`open_file`].
pub fn load_file(domain: &dyn Domain, card: &FileCard, path: &Path) -> Result<Map<String, Json>, Failure> {
    let (mut target, live) = open_file(path, domain, None)?;
    let mut out = count_rows(target.as_mut(), card)?;
    let counted: Vec<String> = card
        .counts
        .iter()
        .filter_map(|(name, _)| Some(format!("{} {}", out.get(*name)?, name.replace('_', " "))))
        .collect();
    let live_text = if live { "; it is being written" } else { "" };
    let summary = format!("Loaded {}: {}{live_text}.", path.display(), counted.join(", "));
    out.insert("loaded".to_owned(), json!(true));
    out.insert("path".to_owned(), json!(path.display().to_string()));
    out.insert("complete".to_owned(), json!(!live));
    out.insert("summary".to_owned(), json!(summary));
    Ok(out)
}

fn suggest_list(card: &FileCard) -> NextStep {
    look(View::Files { query: card.list.to_owned() }, "lists what there is")
}

/// Returns the file of this path, or of this name in a list, provided that it lies below one of the folders.
///
/// # Errors
/// Refused, `outside`: it lies elsewhere. Target: there is no such file.
pub fn resolve_path(card: &FileCard, folders: &[PathBuf], name: &str) -> Result<PathBuf, Failure> {
    let roots: Vec<PathBuf> = folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
    let with_ending = format!("{name}.{}", card.ending);
    let below_roots = roots.iter().flat_map(|root| [root.join(name), root.join(&with_ending)]);
    let path = std::iter::once(PathBuf::from(name)).chain(below_roots).find_map(|path| path.canonicalize().ok());
    let Some(path) = path else {
        let message = format!("there is no {} {name}", card.word);
        let list = suggest_list(card);
        return Err(Failure::new(FailureKind::Target, "target_absent", message, list));
    };
    // Compared after links are resolved: `..` or a link must not lead out of the folders.
    if roots.iter().any(|root| path.starts_with(root)) {
        return Ok(path);
    }
    let known: Vec<String> = roots.iter().map(|root| root.display().to_string()).collect();
    let message = format!("{} is outside the folders {}", path.display(), known.join(", "));
    let list = suggest_list(card);
    Err(Failure::new(FailureKind::Refused, "outside", message, list))
}

/// Answers a query on files as such; `None` where the word is another query.
///
/// # Errors
/// Usage, or what the files say.
pub fn answer_query(context: &Context<'_>, word: &str, request: &Request) -> Result<Option<Outcome>, Failure> {
    let snake = word.replace('-', "_");
    for domain in domains::all() {
        let Some(card) = domain.files() else { continue };
        let answer = if snake == card.list {
            let directory: Vec<PathBuf> =
                param_texts(&request.params, "directory").into_iter().map(PathBuf::from).collect();
            let named = if directory.is_empty() { request.folders.clone() } else { directory };
            list_files(*domain, card, &choose_folders(card, &named))?
        } else if snake == card.load {
            load_file(*domain, card, &required_path(request, "path")?)?
        } else if let Some((_, of)) = card.compare.filter(|(name, _)| *name == snake) {
            let [before, after] = ["before", "after"].map(|name| required_path(request, name));
            compare_files(context, *domain, of, &before?, &after?)?
        } else {
            continue;
        };
        return Ok(Some(Outcome { query: Some(snake), answer: Some(answer), ..Outcome::default() }));
    }
    Ok(None)
}

fn param_texts(params: &Map<String, Json>, name: &str) -> Vec<String> {
    params.get(name).and_then(Json::as_str).map(str::to_owned).into_iter().collect()
}

fn required_path(request: &Request, name: &str) -> Result<PathBuf, Failure> {
    let path = param_texts(&request.params, name).first().map(PathBuf::from).or_else(|| request.file.clone());
    path.ok_or_else(|| Failure::usage("parameters", format!("{name} is missing: which file"), "name a file"))
}

/// Compares the answers that two files give to one query, number by number.
///
/// # Errors
/// As [`open_file`], and what the query says.
pub fn compare_files(
    context: &Context<'_>,
    domain: &'static dyn Domain,
    of: &str,
    before: &Path,
    after: &Path,
) -> Result<Map<String, Json>, Failure> {
    let Some(query) = domain.find_query(of) else { return Ok(Map::new()) };
    let one = query::ask_file(context, domain, query, &Map::new(), before, None)?.answer.unwrap_or_default();
    let other = query::ask_file(context, domain, query, &Map::new(), after, None)?.answer.unwrap_or_default();
    let mut changes = Vec::new();
    for (name, was) in one.iter().filter(|(name, _)| *name != "summary") {
        let is = other.get(name).cloned().unwrap_or(Json::Null);
        if *was == is {
            continue;
        }
        // Only numbers have a difference; for other values the change is null.
        let change = was.as_f64().zip(is.as_f64()).map(|(was, is)| is - was);
        changes.push(json!({"name": name, "before": was, "after": is, "change": change}));
    }
    let names: Vec<&str> = changes.iter().filter_map(|change| change.get("name")?.as_str()).collect();
    let summary = match names.as_slice() {
        [] => "The key numbers of both are the same.".to_owned(),
        names => {
            format!("{} of {} key numbers differ: {}.", names.len(), one.len().saturating_sub(1), names.join(", "))
        }
    };
    let mut out = Map::new();
    out.insert("before".to_owned(), json!({"path": before.display().to_string(), "numbers": one}));
    out.insert("after".to_owned(), json!({"path": after.display().to_string(), "numbers": other}));
    out.insert("changes".to_owned(), json!(changes));
    out.insert("summary".to_owned(), json!(summary));
    Ok(out)
}
