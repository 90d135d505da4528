//! What the help says, and how it says it.

use clap::Command;
use insta::assert_snapshot;

use crate::world::World;

#[test]
fn the_main_help() {
    assert_snapshot!(World::empty().shown(&["-h"]), @"
    exit code: 0
    ----- stdout -----
    Commit realistic faults on a test copy of a MOSAIQ database, and take them back exactly

    Usage: mfm [OPTIONS] <COMMAND>

    Commands:
      demo         Commit every kind of fault on a lab, see what detects it, take it all back
      lab          Make or import a lab
      target       Register and mark test copies
      modes        List the failure modes, or explain one
      find         List records to commit faults on
      plan         Show the changes that a fault would make, and their digest
      apply        Commit a fault on a test copy
      revert       Take operations back
      recover      Close operations that a crash left open
      approve      Approve a request of an agent, or list pending requests
      replay       Re-run the journal on another marked copy
      status       Show what is broken now
      log          List the operations, newest first
      show         Show one operation
      explain      Explain one operation: its revert, what blocks it, its proof
      query        Run a named query on a database
      features     Write the features of a target's records as CSV
      check        Run the quality checks on a target
      drill        Measure what checks catch, fault by fault
      coverage     Show which published failures can be made, and what sees them
      campaign     Commit many faults from one file
      audit        Gather evidence
      mcp          Serve AI agents over stdin and stdout
      tui          Browse the data, commit faults and take them back, in a full-screen interface
      completions  Write the completion script of a shell to stdout
      man          Write the man pages into a folder
      help         Explain a command or a topic

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --journal <FILE>     The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db,
                               else the user's]
          --target <NAME|URL>  The target, by name or URL [env: MFM_TARGET] [default: the only one]
          --json               Write results as JSON: the same as --format json
      -y, --yes                Answer yes to every question, except those that need a name typed

    Start with:  mfm demo
    Topics:      mfm help exit-codes, mfm help errors, mfm help environment
    ----- stderr -----
    ");
}

#[test]
fn the_help_of_a_tool() {
    assert_snapshot!(World::empty().shown(&["apply", "create_invalid_angles", "-h"]), @r"
    exit code: 0
    ----- stdout -----
    Impossible gantry or collimator angle

    Usage: mfm apply create_invalid_angles [OPTIONS]

    Options:
          --dry-run          Show what would be done, and write nothing
          --changes <WHICH>  List every change instead of the first ones [possible values: all]
      -h, --help             Print help (see more with '--help')

    Parameters:
          --fld-id <IDS>             Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such
                                     as 5-9,12
          --angle-type <WORD>        Which angle to make impossible: gantry, collimator, or both to the
                                     same value [possible values: gantry, collimator, both]
          --invalid-value <DEGREES>  The angle to write, in degrees, with at most one decimal; outside 0
                                     to 360 for the gantry, outside -180 to 360 for the collimator and
                                     for both. Default with a variant: 400

    Selection:
          --variant <WORD>               Propose parameters that make this variant, instead of giving
                                         them
          --sample <N>                   Choose this many eligible records by the seed
          --all                          Choose every eligible record
          --patient <IDA>                Only records of this patient, by the hospital's number,
                                         Ident.IDA, in any case
          --machine <MACHINE>            Only records of this machine, by its name, Staff.Last_Name, in
                                         any case, or by its Staff_ID
          --type <TYPE>                  Only records of fields of this type, such as vmat,
                                         step-and-shoot or kv_setup, or by its number,
                                         TxField.Type_Enum; electron fields are static ones
          --date <DATE>                  Only records of this day, as YYYY-MM-DD: deliveries started,
                                         fields and points delivered, offsets measured
          --seed <S>                     Seed of every choice, 0 to 2^53-1; drawn and printed if omitted
          --now <TIME>                   The target's wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS;
                                         read and printed if omitted
          --max-rows <N>                 Refuse to change more rows than this [default: 10000]
          --disable-triggers             Switch triggers off for this transaction
          --beside-journal <JOURNAL_ID>  Write although the target holds operations of this other
                                         journal

    Global options:
          --journal <FILE>     The journal [env: MFM_JOURNAL] [default: the nearest .mfm/journal.db,
                               else the user's]
          --target <NAME|URL>  The target, by name or URL [env: MFM_TARGET] [default: the only one]
          --json               Write results as JSON: the same as --format json
      -y, --yes                Answer yes to every question, except those that need a name typed
    ----- stderr -----
    ");
}

#[test]
fn exit_codes() {
    assert_snapshot!(World::empty().shown(&["help", "exit-codes"]), @r"
    exit code: 0
    ----- stdout -----
    CODE  MEANING
    0     done
    1     something was found: a violation, tampering, rows left in conflict, an
          operation left open
    2     usage: the arguments are wrong
    3     refused: unmarked, stale, in conflict, over a limit, nothing to change,
          no consent, recover first
    4     the target: absent, unreachable, busy, full, replaced, or failing
    5     the journal: absent, busy, full, behind, or broken
    129   ended by SIGHUP, as when a terminal closes; the current operation is
          sealed, or reported as left open
    130   interrupted by SIGINT; the same
    143   ended by SIGTERM; the same
    ----- stderr -----
    ");
}

#[test]
fn help_of_a_command_is_its_long_help() {
    let world = World::empty();
    let by_word = world.run(&["help", "target", "mark"]);
    let by_flag = world.run(&["target", "mark", "--help"]);
    assert!(by_word.status.success() && by_flag.status.success());
    assert_eq!(by_word.stdout, by_flag.stdout);
}

fn walk(command: &Command, path: &str, look: &mut dyn FnMut(&Command, &str)) {
    let path = format!("{path} {}", command.get_name());
    look(command, path.trim());
    command.get_subcommands().for_each(|command| walk(command, &path, look));
}

#[test]
fn every_command_says_what_it_does_and_gives_an_example() {
    let mut seen = 0;
    walk(&mfm::cli::command(), "", &mut |command, path| {
        seen += 1;
        let about = command.get_about().unwrap_or_else(|| panic!("{path} has no help")).to_string();
        assert!(!about.ends_with('.'), "{path}: `{about}` ends with a full stop");
        assert!(about.starts_with(|c: char| c.is_uppercase()), "{path}: `{about}`");
        if path == "mfm" {
            return;
        }
        let long = command.get_long_about().unwrap_or_else(|| panic!("{path} has no long help")).to_string();
        let own = long.lines().any(|line| line.starts_with(&format!("  {path}")));
        let below = command.has_subcommands() && long.lines().any(|line| line.starts_with(&format!("  {path} ")));
        assert!(long.contains("Example:\n") && (own || below), "{path} has no example of itself:\n{long}");
    });
    assert!(seen > 25, "{seen}");
}

#[test]
fn every_option_is_explained() {
    walk(&mfm::cli::command(), "", &mut |command, path| {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
        }
    });
}

#[test]
fn the_tree_of_commands_is_sound() {
    mfm::cli::command().debug_assert();
}

/// Every text between quotes that stands where an error's code does.
fn codes(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    let after = |line: &str, start: &str| -> Option<String> {
        let rest = line.split_once(start)?.1.trim_start().strip_prefix('"')?;
        let code = rest.split('"').next()?.to_owned();
        code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(code)
    };
    let flat = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut inside = false;
    for line in flat.lines() {
        inside |= line.contains("fn code(");
        if inside {
            codes.extend(after(line, "=> "));
        }
        inside &= !line.starts_with("    }");
    }
    let joined = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    for start in ["Failure::usage(", "Self::usage("] {
        codes.extend(joined.split(start).skip(1).filter_map(|rest| after(&format!("{start}{rest}"), start)));
    }
    for kind in ["Found", "Usage", "Refused", "Target", "Journal"] {
        let start = format!("Kind::{kind}, ");
        codes.extend(joined.split(&start).skip(1).filter_map(|rest| after(&format!("{start}{rest}"), &start)));
    }
    codes
}

#[test]
fn every_error_code_of_the_source_is_listed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut todo = vec![root.join("src"), root.join("journal/src")];
    let mut found = std::collections::BTreeSet::new();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("cli/errors.rs") {
            found.extend(codes(&std::fs::read_to_string(path).unwrap()));
        }
    }
    let listed: std::collections::BTreeSet<String> = mfm::cli::error_codes().into_iter().map(str::to_owned).collect();
    assert_eq!(listed.len(), mfm::cli::error_codes().len(), "a code is listed twice");
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "`mfm help errors` lacks {missing:?}");
    // `usage` is what clap's own mistakes are called, in a call that names it too.
    let unknown: Vec<_> = listed.difference(&found).collect();
    assert!(unknown.is_empty(), "`mfm help errors` lists {unknown:?}, which nothing says");
}
