//! The house rules that no compiler knows: floors, sizes, forgotten files, words that do not belong.
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The floors of `src/`, lowest first; modules of one floor may use each other only where `SIDE_DOORS` says so.
const FLOORS: &[&[&str]] = &[
    &["file", "model"],
    &["domain"],
    &["domains"],
    &["plan", "targets"],
    &["engine"],
    &["ops"],
    &["cli", "tui", "mcp"],
];

/// Uses within a floor that are meant: the plan says what happens to which table in the port's words; the command line
/// starts the server for agents.
const SIDE_DOORS: &[(&str, &str)] = &[("plan", "targets"), ("cli", "mcp"), ("cli", "tui")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // What a build made: at the root, and beside the fuzzing crate.
            if path.is_dir() && path.ends_with("target") && path.parent().unwrap().join("Cargo.toml").exists() {
                continue;
            }
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Every `crate::NAME` in a text, outside comments.
fn crate_uses(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names =
        code.flat_map(|line| line.split("crate::").skip(1).map(|rest| word(rest).to_owned()).collect::<Vec<_>>());
    names.filter(|name| !name.is_empty()).collect()
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

#[test]
fn a_floor_uses_only_the_floors_below_it() {
    let mut seen = 0;
    for path in rust_files(&root().join("src")) {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let Some(own) = floor(&module) else {
            assert!(["lib.rs", "main.rs"].contains(&module.as_str()), "{module} is on no floor");
            continue;
        };
        for used in crate_uses(&std::fs::read_to_string(&path).unwrap()) {
            if used == module || used == "{" || used == "self" {
                continue;
            }
            let Some(other) = floor(&used) else { panic!("{}: crate::{used} is on no floor", path.display()) };
            let side = other == own && SIDE_DOORS.contains(&(module.as_str(), used.as_str()));
            assert!(other < own || side, "{}: {module} uses {used}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "the test looked at {seen} uses: it does not read what it should");
}

#[test]
fn nobody_reaches_upward_through_super() {
    // `super::super::super` from a nested module could leave the floor unseen.
    for path in rust_files(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let depth = relative.components().count() - usize::from(!relative.ends_with("mod.rs"));
        let deepest = (1..8).rev().find(|n| text.contains(&"super::".repeat(*n))).unwrap_or(0);
        assert!(deepest <= depth.max(1), "{} climbs {deepest} floors", path.display());
    }
}

/// Tells whether a name is a domain's own, and no plain word: it has an underscore, or a capital behind a small letter.
fn is_own_name(name: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    name.contains('_') || letters.windows(2).any(|pair| pair[0].is_lowercase() && pair[1].is_uppercase())
}

#[test]
fn a_domain_is_named_only_in_its_own_folder() {
    let mut names = BTreeSet::new();
    for domain in mfm::domains::all() {
        for table in domain.tables() {
            names.insert(table.name);
            names.extend(table.columns.iter().map(|(column, _)| *column).chain(table.key.iter().copied()));
        }
        names.extend(domain.modes().iter().flat_map(|mode| [mode.card().tool, mode.card().id]));
        names.extend(domain.queries().iter().map(|query| query.card().name));
    }
    names.retain(|name| is_own_name(name));
    assert!(names.len() > 100, "{} names", names.len());
    let domains = root().join("src/domains");
    let folders = ["src", "journal/src"].map(|folder| rust_files(&root().join(folder))).concat();
    for path in folders.iter().filter(|path| !path.starts_with(&domains)) {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if name.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let found: Vec<_> = names.iter().filter(|name| words.contains(**name)).collect();
        assert!(found.is_empty(), "{name} names {found:?}");
        for domain in mfm::domains::all() {
            let module = format!("domains::{}::", domain.card().id);
            assert!(!text.contains(&module), "{name} uses {module}");
        }
    }
}

#[test]
fn checks_know_no_lab() {
    // A check that knew how labs are made would judge them well, and nothing else.
    let mut read = 0;
    let checks = rust_files(&root().join("src/domains")).into_iter();
    for path in checks.filter(|path| path.components().any(|part| part.as_os_str() == "checks")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named: Vec<&str> = code.filter(|line| line.contains("lab::")).collect();
        assert!(named.is_empty(), "{}: {named:?}", path.display());
        read += 1;
    }
    assert!(read > 10, "{read} files of checks");
}

#[test]
fn files_and_lines_keep_their_size() {
    let mut lengths = Vec::new();
    for path in rust_files(&root().join("src")).into_iter().chain(rust_files(&root().join("journal/src"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
        assert!(text.is_ascii() || path.ends_with("render.rs"), "{} is not ASCII", path.display());
        for (number, line) in text.lines().enumerate() {
            assert!(line.chars().count() <= 120, "{}:{} is too long", path.display(), number + 1);
        }
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 220, "the median file has {median} lines");
}

#[test]
fn no_function_hides_something() {
    for path in rust_files(&root().join("src")).into_iter().chain(rust_files(&root().join("journal/src"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut open: Option<(usize, usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let start = line.trim_start();
            let is_fn = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn ", "pub const fn ", "const fn "]
                .iter()
                .any(|opening| start.starts_with(opening));
            if is_fn && open.is_none() {
                open = Some((number, indent, start.to_owned()));
            }
            let closes = |at: usize| line.starts_with(&format!("{}}}", " ".repeat(at)));
            if let Some((from, at, name)) = open.clone() {
                let one_line = number == from && (start.ends_with('}') || start.ends_with(';'));
                let declared = !one_line
                    && number > from
                    && line.starts_with(&" ".repeat(at))
                    && start.ends_with(';')
                    && indent == at;
                if one_line || declared || (number > from && closes(at) && indent == at) {
                    let lines = number - from + 1;
                    assert!(lines <= 70, "{}: {name} has {lines} lines", path.display());
                    open = None;
                }
            }
        }
    }
}

#[test]
fn words_that_do_not_belong() {
    let shared = ["..", "/shared"].concat();
    let mut files = rust_files(&root().join("src"));
    files.extend(rust_files(&root().join("journal")));
    files.extend(rust_files(&root().join("tests")));
    for folder in [".", "docs", "journal"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        files.extend(
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "md")),
        );
    }
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for banned in
            [shared.as_str(), &["DESIGN", ".md"].concat(), &["todo", "!("].concat(), &["unimplemented", "!("].concat()]
        {
            assert!(!text.contains(banned), "{} says `{banned}`", path.display());
        }
    }
}

/// What stands at the top level of the repository: what git tracks there, or everything where there is no git.
fn tracked() -> BTreeSet<String> {
    let listed =
        std::process::Command::new("git").args(["ls-tree", "--name-only", "HEAD"]).current_dir(root()).output();
    match listed {
        Ok(listed) if listed.status.success() => {
            String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
        }
        _ => std::fs::read_dir(root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "mfm-demo")
            .collect(),
    }
}

#[test]
fn the_top_level_is_what_it_should_be() {
    let allowed = [
        ".cargo",
        ".ci",
        ".config",
        ".git",
        ".gitattributes",
        ".github",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
        "clippy.toml",
        "completions",
        "deny.toml",
        "docs",
        "journal",
        "man",
        "rustfmt.toml",
        "src",
        "target",
        "tests",
    ];
    for name in tracked() {
        assert!(allowed.contains(&name.as_str()), "{name} has no place at the top level");
    }
}

/// The one folder that may know a network: the engine of a database server.
const NETWORK: &str = "src/targets/mssql";

/// The crates that open connections for it; the runtime alone serves the agents' face too, over stdin and stdout.
const NETWORK_CRATES: [&str; 3] = ["tiberius", "tokio", "tokio-util"];

/// The one other folder that may know the runtime, and nothing in it that reaches out.
const RUNTIME: &str = "src/mcp";

#[test]
fn nothing_reaches_for_a_network() {
    let words = ["std::net", "TcpStream", "UdpSocket", "UnixStream", "tokio", "tiberius", "reqwest", "hyper::"];
    let files = ["src", "journal/src"].map(|folder| rust_files(&root().join(folder))).concat();
    for path in files.iter().filter(|path| !path.starts_with(root().join(NETWORK))) {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let served = path.starts_with(root().join(RUNTIME));
        let found = code.flat_map(|line| {
            let net = line.contains("tokio::net") || line.contains("process::Command");
            words.iter().filter(move |word| line.contains(**word) && !(served && **word == "tokio" && !net))
        });
        let found = found.into_iter().next();
        assert_eq!(found, None, "{} reaches for a network", path.display());
    }
    assert!(files.len() > 200, "the test looked at {} files: it does not read what it should", files.len());
}

/// The folder is compiled, and its crates are there, only with the feature.
#[test]
fn without_the_feature_nothing_could_open_a_connection() {
    let port = std::fs::read_to_string(root().join("src/targets/mod.rs")).unwrap();
    let gated = ["pub mod mssql;", "mod mssql;"].map(|module| format!("#[cfg(feature = \"mssql\")]\n{module}\n"));
    assert!(gated.iter().any(|gated| port.contains(gated)), "src/targets/mssql is not behind the feature");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    for name in NETWORK_CRATES {
        assert_eq!(manifest["dependencies"][name]["optional"].as_bool(), Some(true), "{name}");
    }
    for (feature, brings) in manifest["features"].as_table().unwrap() {
        let brings: Vec<&str> = brings.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let network =
            brings.iter().any(|one| NETWORK_CRATES.iter().any(|name| one.trim_start_matches("dep:") == *name));
        let runtime = feature == "mcp" && !brings.contains(&"dep:tiberius") && !brings.contains(&"tokio/net");
        assert!(!network || feature == "mssql" || runtime, "the feature {feature} brings a network");
        let through = brings.contains(&"mssql");
        assert!(!through || ["default", "integrated"].contains(&feature.as_str()), "{feature} brings mssql");
    }
}

/// Where files are opened, made or removed outside of `src/file/`, and why.
const FILE_DOORS: &[(&str, &str, &str)] = &[
    ("journal/src/open.rs", "DirBuilder::new", "the journal knows nothing above it"),
    ("journal/src/open.rs", "fs::remove_file", "its own draft"),
    ("journal/src/open.rs", "fs::hard_link", "the draft gets its name"),
    ("journal/src/open.rs", "fs::rename", "the draft gets its name"),
    ("journal/src/open.rs", "File::open", "a folder, to sync it"),
    ("journal/src/open.rs", "OpenOptions::new", "a new journal; whether a regular file can be written"),
    ("journal/src/lock.rs", "OpenOptions::new", "the lock"),
    ("journal/src/store.rs", "fs::remove_file", "its own draft"),
    ("src/cli/ports.rs", "fs::read_to_string", "the machine's name, in files of the system"),
    ("src/cli/secrets.rs", "File::open", "what the shell has opened already, as with `<(...)`"),
    ("src/ops/agents/handles.rs", "fs::remove_file", "plans of handles, in the agents' own folder"),
    ("src/ops/drill/command.rs", "fs::remove_file", "the report of the look before"),
    ("src/ops/files.rs", "fs::read_dir", "folders are listed; their files are opened as targets alone"),
    ("src/targets/sqlite/backup.rs", "OpenOptions::new", "a copy of a database, where nothing stands"),
    ("src/targets/sqlite/backup.rs", "fs::remove_file", "its own copy that came to nothing"),
    ("src/targets/sqlite/aside.rs", "OpenOptions::new", "a private copy of a file and its log, in a folder of its own"),
    ("src/targets/sqlite/aside.rs", "File::open", "the file that is copied, and its header"),
    ("src/ops/lab/import.rs", "fs::read_dir", "a folder is listed; its files are read by the module"),
    ("src/ops/lab/export.rs", "fs::read_dir", "a folder is listed, to see that it is empty"),
    ("src/targets/folder/read.rs", "fs::read_dir", "a folder is listed; its files are read by the module"),
];

#[test]
fn files_are_opened_and_made_in_one_module() {
    let doors = ["fs::read", "fs::write", "fs::remove", "fs::rename", "fs::copy", "fs::create", "fs::hard_link"];
    let doors = [&doors[..], &["File::open", "File::create", "OpenOptions::new", "DirBuilder::new"]].concat();
    let mut used = BTreeSet::new();
    for path in rust_files(&root().join("src")).into_iter().chain(rust_files(&root().join("journal/src"))) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        if name.starts_with("src/file/") || name.ends_with("/tests.rs") || name == "src/domains/mosaiq/laws.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for door in doors.iter().filter(|door| line.contains(**door)) {
                let known = FILE_DOORS.iter().find(|(file, call, _)| *file == name && call.starts_with(door));
                let known =
                    known.unwrap_or_else(|| panic!("{name}: `{door}` belongs into src/file/, or needs a reason"));
                used.insert((known.0, known.1));
            }
        }
    }
    assert_eq!(used.len(), FILE_DOORS.len(), "a reason is left over: {used:?}");
}

/// Where words of the command line stand outside of `src/cli/`, and why.
const COMMAND_WORDS: &[(&str, &str, &str)] = &[
    ("src/domains/mosaiq/examples.rs", "--", "examples that only the help of the command line shows"),
    ("src/domains/recordings/examples.rs", "--", "examples that only the help of the command line shows"),
    ("src/domains/openonco/examples.rs", "--", "examples that only the help of the command line shows"),
    ("src/domains/openonco/queries/", "example: \"--", "examples that only the help of the command line shows"),
    ("src/domains/recordings/queries/", "example: \"--", "examples that only the help of the command line shows"),
    ("src/domains/mosaiq/import/mod.rs", "pip download --no-deps", "another program's flag"),
    ("src/ops/campaign/file.rs", "title = \"mfm campaign\"", "the name of a kind of file"),
    ("src/ops/checks/report/mod.rs", "mfm check ", "the maker that a report names"),
    ("src/mcp/consent.rs", "mfm approve {code}", "the one command that an agent has to show a person"),
];

/// Tells whether a line of code names a flag or a command of the command line.
fn names_a_command(line: &str, commands: &[String]) -> bool {
    let flag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '{');
    let command = |rest: &str| commands.iter().any(|name| word(rest) == name);
    line.split("--").skip(1).any(flag) || line.contains("`mfm ") || line.split("mfm ").skip(1).any(command)
}

#[test]
fn only_the_command_line_knows_its_flags_and_commands() {
    let commands: Vec<String> = mfm::cli::command().get_subcommands().map(|one| one.get_name().to_owned()).collect();
    assert!(commands.len() > 15 && names_a_command("\"run `mfm recover`\"", &commands), "{commands:?}");
    let (mut used, mut unknown) = (BTreeSet::new(), Vec::new());
    for path in rust_files(&root().join("src")).into_iter().chain(rust_files(&root().join("journal/src"))) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        // Tests may type a command; what is written here is about what people and agents read.
        let tests = name.ends_with("/tests.rs") || name.starts_with("src/domains/mosaiq/cases/");
        if tests || name == "src/main.rs" || name.starts_with("src/cli/") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        // What stands above a field of a request is its help, which is made for the command line.
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|line| names_a_command(line, &commands)) {
            match COMMAND_WORDS.iter().find(|(at, words, _)| name.starts_with(at) && line.contains(words)) {
                Some((at, words, _)) => drop(used.insert((at, words))),
                None => unknown.push(format!("{name}: {}", line.trim())),
            }
        }
    }
    assert!(unknown.is_empty(), "a next step has to say this, or a reason is wanted:\n{}", unknown.join("\n"));
    assert_eq!(used.len(), COMMAND_WORDS.len(), "a reason is left over: {used:?}");
}
