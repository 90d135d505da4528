//! The pages on quality assurance: the blocks of `docs/qa.md` for SQLite and Python find what mfm's own checks find, on
//! a clean lab, on labs with every variant of each mode, and on the public mock; the table of `docs/coverage.md` is
//! true.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use mfm::ops::checks::Outcome;
use mfm::ops::coverage;
use mfm::ops::lab::import;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use testutils::quality::{
    Block, FURTHER_EDITS, FoundRecord, PRESENT, apply_variants, found_records, read_blocks, run_checks, specified_modes,
};
use testutils::{World, run_foreign_sql};

const PATIENTS: u32 = 12;

/// What a block found; `None` if a table is missing.
type Answer = Option<BTreeSet<FoundRecord>>;

fn blocks_in(language: &str) -> Vec<Block> {
    read_blocks().into_iter().filter(|block| block.language == language && !block.checks.is_empty()).collect()
}

/// Opens a lab for reading, with the logarithm that not every build of SQLite has.
fn open_for_reading(path: &Path) -> Connection {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("ln", 1, flags, |call| Ok(call.get::<f64>(0)?.ln())).unwrap();
    connection
        .create_scalar_function("pow", 2, flags, |call| Ok(call.get::<f64>(0)?.powf(call.get::<f64>(1)?)))
        .unwrap();
    connection
}

fn run_sqlite_block(path: &Path, block: &Block) -> Answer {
    let connection = open_for_reading(path);
    let present = format!("'{}'", PRESENT.replace('T', " "));
    let mut statement = match connection.prepare(&block.text.replace("datetime('now', 'localtime')", &present)) {
        Ok(statement) => statement,
        Err(error) if error.to_string().contains("no such table") => return None,
        Err(error) => panic!("{}: {error}", block.text),
    };
    assert!(statement.readonly(), "{} writes", block.text);
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    Some(rows.map(Result::unwrap).collect())
}

/// Runs all Python blocks in one process, in their order.
fn run_python_blocks(path: &Path) -> Vec<Answer> {
    let all: Vec<Block> = read_blocks().into_iter().filter(|block| block.language == "python").collect();
    let (helpers, blocks) = all.split_first().unwrap();
    let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
    let script = format!(
        "import inspect, json, sqlite3, sys\n{}\n\
         connection = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\n\
         for text in json.loads(sys.argv[3]):\n\
         \x20   known, names = set(globals()), dict(globals())\n\
         \x20   exec(text, names)\n\
         \x20   functions = [names[name] for name in names if name not in known and inspect.isfunction(names[name])]\n\
         \x20   def needs(function):\n\
         \x20       given = inspect.signature(function).parameters.values()\n\
         \x20       return [one.name for one in given if one.default is one.empty]\n\
         \x20   check, = [function for function in functions if needs(function) == ['connection']]\n\
         \x20   takes = inspect.signature(check).parameters\n\
         \x20   more = {{'present': as_time(sys.argv[2])}} if 'present' in takes else {{}}\n\
         \x20   try:\n\
         \x20       print(json.dumps(sorted(check(connection, **more))))\n\
         \x20   except sqlite3.OperationalError as error:\n\
         \x20       print(json.dumps(None if 'no such table' in str(error) else str(error)))\n",
        helpers.text
    );
    let arguments = [path.to_str().unwrap(), PRESENT, &serde_json::to_string(&texts).unwrap()];
    let output = Command::new("python3").args(["-c", &script]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Answer> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), blocks.len());
    answers
}

/// Compares the blocks of a language with the checks, and counts the findings of each check.
fn compare(path: &Path, outcome: &Outcome, blocks: &[Block], answers: &[Answer], seen: &mut BTreeMap<String, usize>) {
    assert_eq!(blocks.len(), answers.len());
    for (block, answer) in blocks.iter().zip(answers) {
        let expected = found_records(outcome, &block.checks);
        assert_eq!(*answer, expected, "{} of {} on {}", block.language, block.checks.join(", "), path.display());
        for (check, ..) in expected.into_iter().flatten() {
            *seen.entry(check).or_default() += 1;
        }
    }
}

/// Answers all blocks of a language.
type Ask = fn(&Path, &[Block]) -> Vec<Answer>;

fn ask_sqlite(path: &Path, blocks: &[Block]) -> Vec<Answer> {
    blocks.iter().map(|block| run_sqlite_block(path, block)).collect()
}

fn ask_python(path: &Path, _: &[Block]) -> Vec<Answer> {
    run_python_blocks(path)
}

/// Makes every fault of every mode, mode by mode on a lab of its own, and compares after each.
fn compare_on_labs(language: &str, ask: Ask) {
    let (blocks, mut seen) = (blocks_in(language), BTreeMap::new());
    let clean = World::with_lab(PATIENTS);
    let path = clean.path("lab.db");
    compare(&path, &run_checks(&clean.context()), &blocks, &ask(&path, &blocks), &mut seen);
    assert_eq!(seen, BTreeMap::new(), "a clean lab has no finding");
    for mode in specified_modes() {
        let world = World::with_lab(PATIENTS);
        apply_variants(&world.context(), mode, 3);
        let (path, before) = (world.path("lab.db"), seen.clone());
        compare(&path, &run_checks(&world.context()), &blocks, &ask(&path, &blocks), &mut seen);
        assert_ne!(seen, before, "{} has findings", mode.card().id);
    }
    FURTHER_EDITS.iter().for_each(|edit| run_foreign_sql(&clean, edit));
    compare(&path, &run_checks(&clean.context()), &blocks, &ask(&path, &blocks), &mut seen);
    let idle: Vec<&String> =
        blocks.iter().flat_map(|block| &block.checks).filter(|id| !seen.contains_key(*id)).collect();
    assert_eq!(idle, [] as [&String; 0], "checks of the page that found nothing anywhere");
}

fn compare_on_mock(language: &str, ask: Ask) {
    let world = World::new();
    let source = PathBuf::from(std::env::var_os("MFM_TEST_MOCK").unwrap());
    let request = import::Request { source, url: world.url("lab.db"), domain: None, name: None, overrides: Vec::new() };
    import::run(&world.context(), &request).unwrap();
    let (blocks, path, mut seen) = (blocks_in(language), world.path("lab.db"), BTreeMap::new());
    let mut answers = ask(&path, &blocks);
    // The page says of these two: they were queued together, which only the check looks at.
    let queued = |(check, _, key): &FoundRecord| check.contains("deliver") && [455, 473].contains(key);
    let all = answers.iter().flatten().flatten().filter(|found| queued(found)).count();
    assert_eq!(all, 4, "the page takes both for duplicates: {answers:?}");
    answers.iter_mut().flatten().for_each(|answer| answer.retain(|found| !queued(found)));
    compare(&path, &run_checks(&world.context()), &blocks, &answers, &mut seen);
    assert!(seen.values().sum::<usize>() > 5, "the mock has findings: {seen:?}");
}

#[test]
fn every_mode_has_its_section_and_every_language_its_checks() {
    let blocks = read_blocks();
    for mode in specified_modes() {
        for language in ["sql server", "sql sqlite", "python"] {
            let own = blocks.iter().filter(|block| block.mode == mode.card().id && block.language == language);
            let checks: BTreeSet<&str> = own.flat_map(|block| &block.checks).map(String::as_str).collect();
            let expected: BTreeSet<&str> = mode.card().checks.iter().copied().collect();
            assert_eq!(checks, expected, "{} in {language}", mode.card().id);
        }
    }
    let modes: BTreeSet<&str> =
        blocks.iter().map(|block| block.mode.as_str()).filter(|mode| !mode.is_empty()).collect();
    assert_eq!(modes.len(), specified_modes().count());
}

#[test]
fn sqlite_finds_what_the_checks_find() {
    compare_on_labs("sql sqlite", ask_sqlite);
}

#[test]
#[ignore = "needs python3"]
fn python_finds_what_the_checks_find() {
    compare_on_labs("python", ask_python);
}

#[test]
#[ignore = "needs python3, and the folder of PyMedPhys's CSV files in MFM_TEST_MOCK"]
fn both_languages_find_what_the_checks_find_on_the_mock() {
    compare_on_mock("sql sqlite", ask_sqlite);
    compare_on_mock("python", ask_python);
}

/// Renders the table of `docs/coverage.md`, before any drill.
fn render_coverage() -> String {
    let outcome = coverage::of_domain(mfm::domains::FIRST, None).unwrap();
    let mut table = "| number | review | what goes wrong | faults | seen by | outside the database |\n".to_owned();
    table.push_str("|---|---|---|---|---|---|\n");
    for line in outcome.failures {
        let faults: Vec<String> = line.faults.iter().map(|fault| format!("`{fault}`")).collect();
        let cells = [
            line.number,
            line.review.word(),
            line.name,
            &faults.join(", "),
            line.seen_by.words(),
            line.outside.unwrap_or(""),
        ];
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

#[test]
fn the_generated_table_of_coverage_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- generated: MFM_BLESS=1 rewrites it -->\n", "<!-- end -->");
    let (before, rest) = page.split_once(start).unwrap();
    let (kept, after) = rest.split_once(end).unwrap();
    let table = render_coverage();
    if std::env::var_os("MFM_BLESS").is_some() {
        std::fs::write(&path, [before, start, &table, end, after].concat()).unwrap();
    }
    assert_eq!(kept, table, "docs/coverage.md is stale: MFM_BLESS=1 cargo test --test qa generated");
}
