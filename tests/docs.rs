//! The documentation says what is: codes, commands, output, tests named, links and promises are held to the project.
#![cfg(feature = "cli")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| format!("{}: {error}", path.display()))
}

/// The files of a folder and below it that have an ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let (mut out, mut todo) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = todo.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// Every page that belongs to the project.
fn pages() -> Vec<PathBuf> {
    let top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "journal/README.md"];
    top.iter().map(|name| root().join(name)).chain(files(&root().join("docs"), "md")).collect()
}

/// One space for every run of blanks and line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between backticks, outside fenced blocks.
fn quoted(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The code that a Rust file is, without its own tests.
fn code_of(path: &Path) -> String {
    read(path).split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

/// The text literal that something begins with.
fn literal(text: &str) -> Option<String> {
    let rest = text.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(word, _)| word.to_owned())
}

/// Every error code of a file: what `code()` returns, and what failures are made with.
fn codes(source: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for body in source.split("fn code(&self)").skip(1) {
        let body = body.split("\n    }\n").next().unwrap_or_default();
        out.extend(body.split("=>").skip(1).filter_map(literal));
    }
    out.extend(source.split("Failure::usage(").skip(1).filter_map(literal));
    for call in source.split("Failure::new(").skip(1) {
        out.extend(call.split_once(',').and_then(|(_, rest)| literal(rest)));
    }
    out
}

/// The codes of the page, each with the heading that it stands under.
fn listed() -> BTreeMap<String, String> {
    let page = read(&root().join("docs/errors.md"));
    let mut out = BTreeMap::new();
    for section in page.split("\n## ").skip(1).filter(|section| !section.starts_with("Kinds")) {
        let heading = section.split([':', '\n']).next().unwrap_or_default();
        for row in section.lines().filter_map(|line| line.strip_prefix("| `")) {
            let code = row.split('`').next().unwrap_or_default().to_owned();
            assert_eq!(out.insert(code.clone(), heading.to_owned()), None, "{code} stands twice in docs/errors.md");
        }
    }
    out
}

#[test]
fn every_error_code_is_on_its_page() {
    let listed = listed();
    let mut known = BTreeSet::new();
    for folder in ["src", "journal/src"] {
        for path in files(&root().join(folder), "rs") {
            let codes = codes(&code_of(&path));
            for code in &codes {
                assert!(listed.contains_key(code), "{} makes {code}, which docs/errors.md lacks", path.display());
            }
            known.extend(codes);
        }
    }
    for code in listed.keys() {
        assert!(known.contains(code), "docs/errors.md lists {code}, which nothing makes");
    }
    for (file, heading) in
        [("src/model/refusal.rs", "Refused"), ("src/target/error.rs", "Target"), ("journal/src/error.rs", "Journal")]
    {
        let codes = codes(&code_of(&root().join(file)));
        assert!(!codes.is_empty(), "{file} has no codes");
        for code in codes.iter().filter(|code| *code != "target_url") {
            assert_eq!(listed[code], heading, "{code}");
        }
    }
}

#[test]
fn every_test_named_exists() {
    let mut seen = 0;
    for page in pages() {
        for name in quoted(&read(&page)) {
            let Some((file, test)) = name.split_once(".rs::") else { continue };
            let source = read(&root().join(format!("{file}.rs")));
            assert!(source.contains(&format!("fn {test}(")), "{} names {name}, which is no test", page.display());
            seen += 1;
        }
    }
    assert!(seen > 60, "the test looked at {seen} names: it does not read what it should");
}

/// The anchors of a page's headings, as forges make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let slug = |heading: &str| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings.filter_map(|line| line.trim_start_matches('#').strip_prefix(' ')).map(slug).collect()
}

#[test]
fn every_link_resolves() {
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{} links to {link}, which is not there", page.display());
            let found = anchor.is_empty() || anchors(&read(&target)).contains(anchor);
            assert!(found, "{} links to {link}, which has no such heading", page.display());
        }
    }
}

/// A command of a fenced block, with what the page shows of its output.
#[derive(Debug)]
struct Shown {
    words: Vec<String>,
    output: Vec<String>,
    exit_code: i32,
}

/// The commands of the `console` blocks of a text; `<!-- exit N -->` before a block says how its last one ends.
fn shown(text: &str) -> Vec<Shown> {
    let (mut out, mut inside, mut exit_code): (Vec<Shown>, bool, i32) = (Vec::new(), false, 0);
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(number) = trimmed.strip_prefix("<!-- exit ").and_then(|rest| rest.strip_suffix(" -->")) {
            exit_code = number.parse().unwrap();
        } else if trimmed.starts_with("```") {
            if inside && let Some(last) = out.last_mut() {
                last.exit_code = std::mem::take(&mut exit_code);
            }
            inside = trimmed == "```console";
        } else if inside && let Some(command) = trimmed.strip_prefix("$ ") {
            let words = command.split_whitespace().map(str::to_owned).collect();
            out.push(Shown { words, output: Vec::new(), exit_code: 0 });
        } else if inside && let Some(last) = out.last_mut() {
            last.output.push(flat(trimmed));
        }
    }
    out
}

#[test]
fn every_command_shown_parses() {
    let mut seen = 0;
    for page in pages() {
        for shown in shown(&read(&page)).iter().filter(|shown| shown.words[0] == "mfm") {
            let parsed = mfm::cli::command().try_get_matches_from(&shown.words);
            let error = parsed.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(error, "", "{}: {}", page.display(), shown.words.join(" "));
            seen += 1;
        }
    }
    assert!(seen > 20, "the test looked at {seen} commands: it does not read what it should");
}

/// Tells whether a line of a page is what a program wrote; `...` stands for anything.
fn alike(page: &str, line: &str) -> bool {
    let mut parts = page.split("...");
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || (page.contains("...") && last.is_empty())
}

/// What a page shows between `<!-- tour -->` and `<!-- end of tour -->`, however often; nothing where it has no tour.
fn tour(page: &str) -> String {
    let parts = page.split("<!-- tour -->").skip(1);
    parts.map(|part| part.split_once("<!-- end of tour -->").unwrap().0).collect()
}

/// A fresh folder for a tour, with a home and the small mock beside each other.
fn tour_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mock = folder.path().join("mock");
    std::fs::create_dir(folder.path().join("home")).unwrap();
    std::fs::create_dir(&mock).unwrap();
    for entry in std::fs::read_dir(root().join("tests/data/mock")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), mock.join(entry.file_name())).unwrap();
    }
    folder
}

/// Runs one command of a tour, and holds its exit code and each line shown to what it wrote.
fn run_shown(page: &Path, folder: &Path, shown: &Shown) {
    let name = format!("{}: {}", page.display(), shown.words.join(" "));
    if let [program, from, to] = shown.words.as_slice()
        && program == "cp"
    {
        let copied = std::fs::copy(folder.join(from), folder.join(to));
        assert!(copied.is_ok(), "{name}: {copied:?}");
        return;
    }
    assert_eq!(shown.words[0], "mfm", "{name}: a tour runs `mfm` and `cp FROM TO` only");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mfm"));
    command.args(&shown.words[1..]).current_dir(folder);
    command.env_clear().env("HOME", folder.join("home")).env("USER", "physicist").env("COLUMNS", "100");
    let done = command.output().unwrap();
    let output = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    assert_eq!(done.status.code(), Some(shown.exit_code), "{name}\n{output}");
    let lines: Vec<String> = output.lines().map(flat).collect();
    for line in shown.output.iter().filter(|line| !line.is_empty() && *line != "...") {
        assert!(lines.iter().any(|found| alike(line, found)), "{name}: no line is `{line}`\n{output}");
    }
}

#[test]
fn the_tours_run_as_the_pages_show_them() {
    let mut toured = Vec::new();
    for page in pages() {
        let commands = shown(&tour(&read(&page)));
        let folder = tour_folder();
        commands.iter().for_each(|shown| run_shown(&page, folder.path(), shown));
        if commands.len() > 2 {
            toured.push(page.strip_prefix(root()).unwrap().to_owned());
        }
    }
    assert!(toured.contains(&PathBuf::from("README.md")), "the README's tour was not run: {toured:?}");
}

/// The rows of a page's tables, cell by cell, without heads and rules.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    let rows: Vec<Vec<String>> = page.lines().filter(|line| line.starts_with("| ")).map(cells).collect();
    rows.into_iter().skip(1).collect()
}

#[test]
fn every_promise_has_its_test() {
    let readme = read(&root().join("README.md"));
    let claims = rows(&read(&root().join("docs/claims.md")));
    assert!(claims.len() > 10, "the test looked at {} claims: it does not read what it should", claims.len());
    let said = flat(&readme);
    for claim in &claims {
        assert!(said.contains(&flat(&claim[0])), "the README no longer says: {}", claim[0]);
        assert!(claim[1].contains(".rs::"), "no test shows: {}", claim[0]);
    }
    let promises = readme.split("\n## The promise\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for promise in promises.split("\n- ").skip(1) {
        let promise = flat(promise.split("\n\n").next().unwrap());
        assert!(claims.iter().any(|claim| flat(&claim[0]) == promise), "docs/claims.md has no line for: {promise}");
    }
}

#[test]
fn the_modes_that_there_are_stand_on_their_pages() {
    let page = read(&root().join("docs/modes.md"));
    let mut variants = 0;
    for mode in mfm::mosaiq::modes::MODES {
        let card = mode.card();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", card.id)));
        let row = row.unwrap_or_else(|| panic!("docs/modes.md has no line for {}", card.id));
        assert!(page.contains(&format!("\n## {}\n", card.id)), "docs/modes.md has no section for {}", card.id);
        for word in card.checks.iter().chain([&card.tool]) {
            assert!(row.contains(&format!("`{word}`")), "{row}: no {word}");
        }
        for variant in card.variants {
            assert!(row.contains(&format!("{} {}", variant.word, variant.severity)), "{row}: not {}", variant.word);
            variants += 1;
        }
    }
    assert_eq!(mfm::mosaiq::modes::MODES.len(), 10);
    let said = format!("all ten failure modes, in {variants} variants");
    let readme = flat(&read(&root().join("README.md")));
    assert!(readme.contains(&said), "the README does not say `{said}`");
    let checks = format!("{} checks", mfm::mosaiq::checks::CHECKS.len());
    assert!(readme.contains(&checks), "the README does not say `{checks}`");
}
