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
        [("src/model/refusal.rs", "Refused"), ("src/targets/error.rs", "Target"), ("journal/src/error.rs", "Journal")]
    {
        let codes = codes(&code_of(&root().join(file)));
        assert!(!codes.is_empty(), "{file} has no codes");
        for code in codes.iter().filter(|code| *code != "target_url") {
            assert_eq!(listed[code], heading, "{code}");
        }
    }
}

#[test]
fn every_error_says_what_happened_and_what_to_do() {
    let page = read(&root().join("docs/errors.md"));
    let mut seen = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() >= 2 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        seen += 1;
    }
    assert!(seen > 80, "the test examined {seen} rows: it does not read what it should");
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
    let mut seen = 0;
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
            seen += 1;
        }
    }
    assert!(seen > 60, "the test looked at {seen} links: it does not read what it should");
}

#[test]
fn every_page_stands_in_the_index() {
    let index = read(&root().join("docs/README.md"));
    for page in files(&root().join("docs"), "md") {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || index.contains(&format!("]({name})")), "docs/README.md does not name {name}");
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

/// A fresh folder for a tour, with a home, the small mock and the example of a campaign beside each other.
fn tour_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mock = folder.path().join("mock");
    std::fs::create_dir(folder.path().join("home")).unwrap();
    std::fs::create_dir(&mock).unwrap();
    std::fs::copy(root().join("docs/campaign.toml"), folder.path().join("campaign.toml")).unwrap();
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
    for page in ["README.md", "docs/commands.md", "docs/tutorial.md"] {
        assert!(toured.contains(&PathBuf::from(page)), "the tour of {page} was not run: {toured:?}");
    }
}

/// The fenced blocks of a text in their order, each with what stands behind the fence.
fn blocks(text: &str) -> Vec<(String, String)> {
    let block = |part: &str| part.split_once('\n').map(|(word, rest)| (word.to_owned(), rest.to_owned()));
    text.split("```").skip(1).step_by(2).filter_map(block).collect()
}

#[test]
#[ignore = "needs python3"]
fn python_runs_the_check_of_the_tutorial() {
    let path = root().join("docs/tutorial.md");
    let page = tour(&read(&path));
    let folder = tour_folder();
    let python = || {
        let output = Command::new("python3").arg("own_check.py").current_dir(folder.path()).output().unwrap();
        (String::from_utf8([output.stdout, output.stderr].concat()).unwrap(), output.status.code())
    };
    let mut commands = shown(&page).into_iter();
    let (mut runs, blocks) = (0, blocks(&page));
    for (at, (fence, text)) in blocks.iter().enumerate() {
        match fence.as_str() {
            "console" => {
                let count = text.lines().filter(|line| line.starts_with("$ ")).count();
                commands.by_ref().take(count).for_each(|shown| run_shown(&path, folder.path(), &shown));
            }
            "python" => std::fs::write(folder.path().join("own_check.py"), text).unwrap(),
            "sh" if text == "python3 own_check.py\n" => {
                let said = blocks.get(at + 1).filter(|(fence, _)| fence == "text").map(|(_, text)| text.clone());
                let code = i32::from(said.is_some());
                assert_eq!(python(), (said.unwrap_or_default(), Some(code)));
                runs += 1;
            }
            _ => {}
        }
    }
    assert_eq!(runs, 3, "docs/tutorial.md runs its check otherwise");
}

/// The words of every command that does something, in the order of the help.
fn leaves(command: &clap::Command, words: &str, out: &mut Vec<String>) {
    // The tools of `plan` and `apply` are their arguments, and so are the queries of `query`.
    let ends = !command.has_subcommands() || ["plan", "apply", "query"].contains(&command.get_name());
    if ends {
        return out.push(words.to_owned());
    }
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    below.for_each(|below| leaves(below, &format!("{words} {}", below.get_name()), out));
}

#[test]
fn every_command_has_an_example_that_runs() {
    let page = read(&root().join("docs/commands.md"));
    let examples: Vec<String> = shown(&tour(&page)).into_iter().map(|shown| shown.words.join(" ") + " ").collect();
    let mut commands = Vec::new();
    leaves(&mfm::cli::command(), "mfm", &mut commands);
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        assert!(page.contains(&format!("\n### {command}\n")), "docs/commands.md has no section for {command}");
        let example = examples.iter().any(|example| example.starts_with(&format!("{command} ")));
        assert!(example, "docs/commands.md has no example of {command}");
    }
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
    let page = read(&root().join("docs/claims.md"));
    let unshown = page.split("\n## Sentences that no test can show\n").nth(1).unwrap();
    let unshown: Vec<String> = unshown.split("\n- ").skip(1).map(flat).collect();
    for sentence in &unshown {
        assert!(said.contains(sentence), "the README no longer says: {sentence}");
    }
    let known: Vec<String> = claims.iter().map(|claim| flat(&claim[0])).chain(unshown).collect();
    let prose = prose(&readme);
    assert!(prose.len() > 30, "the test looked at {} paragraphs: it does not read what it should", prose.len());
    for paragraph in prose {
        // What is left of a paragraph when every known sentence is taken out of it, longest first.
        let mut left = paragraph.clone();
        let mut known: Vec<&String> = known.iter().collect();
        known.sort_by_key(|sentence| std::cmp::Reverse(sentence.len()));
        known.iter().for_each(|sentence| left = left.replace(sentence.as_str(), " "));
        let words = left.chars().filter(|found| found.is_alphabetic()).count();
        assert!(words == 0 || link_only(&left), "docs/claims.md has no line for `{left}` in: {paragraph}");
    }
}

/// The paragraphs and list items of the README that say something: no code, no tables, no headings, no list of pages.
fn prose(readme: &str) -> Vec<String> {
    let (mut out, mut fenced) = (vec![String::new()], false);
    for line in readme.split("\n## More\n").next().unwrap().lines() {
        let line = line.trim();
        if line.starts_with("```") {
            fenced = !fenced;
        }
        let breaks = line.is_empty() || line.starts_with("- ") || line.starts_with("```");
        if breaks {
            out.push(String::new());
        }
        let silent = fenced || ["#", "|", "<!--", "```"].iter().any(|mark| line.starts_with(mark));
        if !silent && let Some(last) = out.last_mut() {
            last.push_str(line.strip_prefix("- ").unwrap_or(line));
            last.push(' ');
        }
    }
    out.into_iter().map(|paragraph| flat(&paragraph)).filter(|paragraph| !paragraph.is_empty()).collect()
}

/// Tells whether nothing but links to pages is left, and the values that a sentence's end lists.
fn link_only(text: &str) -> bool {
    let rest = text.split('[').map(|part| part.split_once(')').map_or(part, |(_, rest)| rest)).collect::<String>();
    !rest.chars().any(char::is_alphabetic)
}

#[test]
fn the_modes_that_there_are_stand_on_their_pages() {
    let page = read(&root().join("docs/modes.md"));
    let mut variants = 0;
    for mode in mfm::domains::mosaiq::modes::MODES {
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
    assert_eq!(mfm::domains::mosaiq::modes::MODES.len(), 16);
    let said = format!("all ten failure modes and six of plausible values, in {variants} variants");
    let readme = flat(&read(&root().join("README.md")));
    assert!(readme.contains(&said), "the README does not say `{said}`");
    let checks = format!("{} checks", mfm::domains::mosaiq::checks::CHECKS.len());
    assert!(readme.contains(&checks), "the README does not say `{checks}`");
}
