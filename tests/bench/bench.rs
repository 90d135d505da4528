//! `cargo bench`: what mfm promises of its speed, each figure beside a yardstick from the same run; tests nothing.
//!
//! `cargo bench -- --rows 100000 --rounds 3` runs smaller; `--only apply,journal` runs parts. Set `TMPDIR` to choose
//! the disk. With `MFM_TEST_MSSQL_URL` and `MFM_TEST_MSSQL_PASSWORD`, SQL Server is measured as well. With
//! `--features session` the yardstick is SQLite's session extension, else triggers that write an undo log.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail by panic, and prints its table")]

mod checks;
mod entries;
mod memory;
mod process;
mod recordings;
mod rows;
#[cfg(feature = "mssql")]
mod server;
mod table;
mod world;
mod yardstick;

use table::Table;

/// What to run.
struct Plan {
    rows: u64,
    rounds: usize,
    only: Vec<String>,
}

impl Plan {
    fn from_arguments() -> Self {
        let mut plan = Self { rows: 1_000_000, rounds: 5, only: Vec::new() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_default();
            match word.as_str() {
                "--rows" => plan.rows = value().parse().unwrap(),
                "--rounds" => plan.rounds = value().parse().unwrap(),
                "--only" => plan.only = value().split(',').map(str::to_owned).collect(),
                _ => {}
            }
        }
        plan
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// A part of the whole: measures, and adds its figures.
type Part = fn(&Plan, &mut Table);

fn main() {
    if memory::was_child() {
        return;
    }
    let plan = Plan::from_arguments();
    let mut table = Table::default();
    let parts: &[(&str, Part)] = &[
        ("rows", rows::run),
        ("memory", memory::run),
        ("entries", entries::run),
        ("process", process::run),
        ("checks", checks::run),
        ("recordings", recordings::run),
        #[cfg(feature = "mssql")]
        ("server", server::run),
    ];
    for (_, run) in parts.iter().filter(|(name, _)| plan.wants(name)) {
        run(&plan, &mut table);
    }
    println!("{table}");
}
