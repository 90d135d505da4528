//! Peak memory of an apply and its revert, each in a process of its own; Linux only, where the kernel tells it.

use std::path::Path;
use std::process::Command;

use super::Plan;
use super::rows::{apply, revert};
use super::table::Table;
use super::world::World;

/// The word by which this program knows that it is the process to be measured.
const CHILD: &str = "MFM_BENCH_CHILD";

#[expect(clippy::disallowed_methods, reason = "the parent tells the child what to do")]
fn order() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Does what the parent asked for, if there is one, and prints its own peak; tells whether there was.
pub(crate) fn was_child() -> bool {
    let Some(order) = order() else { return false };
    let mut words = order.splitn(3, ' ');
    let (what, rows) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
    let folder = Path::new(words.next().unwrap());
    let world = World::at(folder);
    match what {
        "create" => drop(World::create(folder, rows)),
        "apply" => drop(apply(&world, rows)),
        _ => drop(revert(&world)),
    }
    println!("{}", own_peak_kib().unwrap_or_default());
    true
}

fn own_peak_kib() -> Option<u64> {
    peak_kib(Path::new("/proc/self/status"))
}

/// Returns the most memory that a process had, by its status file.
pub(crate) fn peak_kib(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn measured(what: &str, rows: u64, folder: &Path) -> u64 {
    let order = format!("{what} {rows} {}", folder.display());
    let output = Command::new(std::env::current_exe().unwrap()).env(CHILD, order).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes")]
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if own_peak_kib().is_none() {
        println!("peak memory: this system does not tell");
        return;
    }
    for rows in [plan.rows / 10, plan.rows] {
        let folder = tempfile::tempdir().unwrap();
        drop(World::create(folder.path(), rows));
        for what in ["apply", "revert"] {
            let name = format!("peak memory, {what} of {} of {rows} rows", rows / super::rows::EACH);
            let peak = measured(what, rows, folder.path()) as f64 / 1024.0;
            table.at_most(&name, peak, "MiB", String::new(), Some(300.0));
        }
    }
}
