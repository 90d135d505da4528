//! The long texts of `--help` and the man pages, each with an example; the short ones come from the operations' cards.

use crate::domain::mode::ModeCard;
use crate::domains;

/// What mfm is.
pub(super) const ABOUT: &str =
    "Commit realistic faults on a test copy of a MOSAIQ database, and take them back exactly";

/// What a severity says.
pub(super) const SEVERITY: &str = "\
Severity is how far the data are from correct, from 0 (normal) to 3 (critical); it does not measure harm to a patient.";

/// What mfm is, at length.
pub(super) const LONG_ABOUT: &str = "\
Commit realistic faults on a test copy of a MOSAIQ database, and take them back exactly.

Every fault is journaled before it is made; every journaled fault can be taken back; and anyone can verify both later. \
Start with `mfm demo`: it makes a lab, commits every kind of fault, shows which quality check detects each, and takes \
them all back.";

/// What stands below the options of `mfm --help`.
pub(super) const AFTER_HELP: &str = "\
Start with:  mfm demo
Topics:      mfm help exit-codes, mfm help errors, mfm help environment";

/// `mfm demo`.
pub(super) const DEMO: &str = "\
Commit every kind of fault on a lab, show which checks detect them, and take them all back.

Makes a synthetic department in DIR, runs the quality checks, commits every variant of every mode, shows which checks \
detect each, reverts them, verifies that every table is unchanged, and audits the journal. Lab and journal stay in \
DIR. Exits with 0 only if every step succeeded.

Example:
  mfm demo /tmp/mfm-demo";

/// `mfm lab`.
pub(super) const LAB: &str = "\
Make or import a lab: a database that no patient is treated from, marked and registered at once.

Example:
  mfm lab create sqlite:lab.db";

/// `mfm lab create`.
pub(super) const LAB_CREATE: &str = "\
Make a synthetic database: patients, prescriptions, fields, control points, deliveries and portal-image offsets.

The same arguments make the same lab. It is marked as a test copy, registered, and its tables are digested for later \
comparison. An existing file is never overwritten, nor is a server database that is not empty.

Example:
  mfm lab create sqlite:lab.db --patients 30 --seed 1
  mfm lab create mssql://sa@dbtest:1433/Lab --name server-lab";

/// `mfm lab import`.
pub(super) const LAB_IMPORT: &str = "\
Make a lab from files in a domain's format, such as the public PyMedPhys mock. What each domain reads:
{wanted}

Every cell is read back and compared with the file; rows and columns that cannot be kept are listed. The network is \
not used. The public mock is recognised by its files. Anything else in that format is treated as real data: it is \
checked for signs of a live clinic, and --override WORD overrides one sign.

Example:
  mfm lab import pymedphys-0.41.0-py3-none-any.whl sqlite:mock.db";

/// `mfm lab export`.
pub(super) const LAB_EXPORT: &str = "\
Write a database as the folder of files that it was imported from, for domains whose data come as folders.

What no fault touches is the same byte for byte; after a revert so is the whole folder. The database is only read, and \
the folder must not exist yet, or be empty.

Example:
  mfm lab export sqlite:catalogue.db catalogue-now";

/// `mfm target`.
pub(super) const TARGET: &str = "\
Register databases, and mark the test copies: mfm never writes to any other database.

Example:
  mfm target add sqlite:copy.db
  mfm target mark copy";

/// `mfm target add`.
pub(super) const TARGET_ADD: &str = "\
Register a database by name. Nothing is written to it; it can be read at once, and faults can be committed once it is \
marked.

Example:
  mfm target add sqlite:copy.db --name copy
  mfm target add 'mssql://mfm_apply@dbtest:1433/MOSAIQ_TEST?ca_file=ca.pem' --name test";

/// `mfm target list`.
pub(super) const TARGET_LIST: &str = "\
List the registered targets, and whether the guard allows writing to each.

Example:
  mfm target list --format plain";

/// `mfm target show`.
pub(super) const TARGET_SHOW: &str = "\
Show one target, its marker and its tables.

Example:
  mfm target show lab";

/// `mfm target mark`.
pub(super) const TARGET_MARK: &str = "\
Mark a database as a test copy on which faults may be committed.

You must type the database's own name (for a file, the file name); scripts give it with --confirm. Signs of a live \
clinic must be overridden one by one, and the journal records that. A copied or moved database is unmarked.

Example:
  mfm target mark sqlite:copy.db --confirm copy.db --baseline
  mfm target mark test --confirm MOSAIQ_TEST";

/// `mfm target unmark`.
pub(super) const TARGET_UNMARK: &str = "\
Remove the marker and mfm's list of operations from a target. Refused while any operation is active or open.

Example:
  mfm target unmark copy --yes";

/// `mfm target remove`.
pub(super) const TARGET_REMOVE: &str = "\
Remove a target from the list. Neither the database nor the history changes.

Example:
  mfm target remove copy";

/// `mfm target preflight`.
pub(super) const TARGET_PREFLIGHT: &str = "\
Show, table by table, what can be changed and restored exactly, and any signs of a live clinic.

Example:
  mfm target preflight lab";

/// `mfm modes`.
pub(super) const MODES: &str = "\
List the failure modes, or explain one: its variants, their severity, its parameters, the checks that detect it, and \
the data that a better check would need. Opens no journal and no target.

Severity is how far the data are from correct, from 0 (normal) to 3 (critical); it does not measure harm to a patient.

Example:
  mfm modes {tool}";

/// `mfm coverage`.
pub(super) const COVERAGE: &str = "\
Show which of the failures that published reports ask reviews to find can be made with mfm, and what sees each: mfm's \
own checks, the detectors of the newest drill in the journal, or nobody. Opens no target.

Example:
  mfm coverage";

/// `mfm find`.
pub(super) const FIND: &str = "\
List the records that faults can be committed on: {records}. Writes nothing, and needs no marked target. Patient names \
are never shown.

{filters_about}The same selectors narrow --sample and --all of `mfm plan` and `mfm apply`.

With --eligible, only records that the tool can commit a fault on are listed, each with its possible variants. The \
search stops once the list is full; the total in JSON is then null.

Example:
{find}";

/// `mfm campaign`.
pub(super) const CAMPAIGN: &str = "\
Commit many faults from one TOML file, each as its own operation, and take them back together.

The file lists tools, variants, records (or how many), and a seed; it can fix the clock. The same file makes the same \
faults on the same data.

Example:
  mfm campaign apply autumn.toml";

/// `mfm campaign plan`.
pub(super) const CAMPAIGN_PLAN: &str = "\
Plan the faults of a campaign file that are not in effect yet, each on the current data, and write nothing.

Example:
  mfm campaign plan autumn.toml";

/// `mfm campaign apply`.
pub(super) const CAMPAIGN_APPLY: &str = "\
Commit the faults of a campaign file, in order. All are planned before the first is committed. An interrupted campaign \
continues where it stopped, as recorded in the journal.

Example:
  mfm campaign apply autumn.toml --yes";

/// `mfm campaign revert`.
pub(super) const CAMPAIGN_REVERT: &str = "\
Take back exactly the faults of a campaign file that are in effect, newest first. Other operations are left alone; one \
that changed the same rows later blocks the revert, and is named.

Example:
  mfm campaign revert autumn.toml";

/// `mfm campaign list`.
pub(super) const CAMPAIGN_LIST: &str = "\
List the faults of a campaign file, and which are in effect on the target or were left open by a crash.

Example:
  mfm campaign list autumn.toml --json";

/// `mfm campaign schema`.
pub(super) const CAMPAIGN_SCHEMA: &str = "\
Print the JSON Schema of a campaign file, for editors that complete and check TOML.

Example:
  mfm campaign schema > campaign.schema.json";

/// `mfm drill`.
pub(super) const DRILL: &str = "\
Measure what checks catch. For every variant of every mode, N times: commit a fault on a record chosen by the seed, \
run the checks, record their results, and take the fault back. At the end every table is compared with its original \
state.

The detectors under test are mfm's own checks and any commands given after `--` or with --detector. Each command gets \
the target's URL as MFM_TARGET_URL and {url}, a file's path as MFM_TARGET_PATH and {path}, and no information about \
the fault. It runs on the untouched data first: findings there do not count. The result says which faults nothing saw, \
which checks saw nothing, which check saw what, and which trials were missed, with 95 % intervals.

With --sweep, one fault is tried at sizes over its range: from which size on is it seen? With --jobs, the trials are \
shared out to copies of a SQLite target, which are removed at the end.

Exits with 1 if a fault was missed, an alarm was false or a run was inconclusive; with --baseline, if detection got \
worse. An interrupted drill takes its fault back. After a crash, the next drill or `mfm revert --all` does so, after \
`mfm recover` if the crash interrupted a write.

Example:
  mfm drill --modes {tool},{other} --sample 5 --seed 1 --yes
  mfm drill --judge junit --report out.xml --yes -- pytest qa/ --junit-xml=out.xml
  mfm drill --jobs 4 --judge junit --report out-{job}.xml --yes -- pytest qa/ --junit-xml=out-{job}.xml
  mfm drill --command-only --detector old='python3 old.py {path}' --detector new='python3 new.py {path}' --yes";

/// `mfm query`.
pub(super) const QUERY: &str = "\
Run a named, read-only query on a domain's data. Without a query, list them all.

The query reads the registered target or, with --recording, a file that need not be registered. The file is opened \
read-only and no other file is created, even while another program is writing it.

An answer has at most 500 items; if there are more, it says how many, and --cursor with next_cursor continues. Data \
that the file lacks are listed as not recorded, which differs from nothing found. --json gives the whole answer, with \
units in the names or in `mfm help query`.

Example:
  mfm query
  mfm query find-energy-anomalies --recording run.db --threshold 0.05";

/// `mfm features`.
pub(super) const FEATURES: &str = "\
Write the features of a domain's records, one line a record, for detectors of faults. Reads only, so that the database \
need be neither marked nor registered: --target takes its URL.

The first line names the columns: the record's key, the features, then flags that are 1 or 0 and say what there was to \
compute from. A group of features without its flag is all zeros. Lines come by ascending key, and numbers are the \
shortest text that reads back as the same float. --list shows every feature with its unit, formula and sentinel.

What comes after --now lies in the future. --strict-reference computes as the published definitions do, mistakes \
included; records on which these fail are left out and counted.

Example:
  mfm features --target sqlite:copy.db -o features.csv
  mfm features --since 2024-06-01 --now 2024-06-29T12:00:00
  mfm features --list";

/// `mfm check`.
pub(super) const CHECK: &str = "\
Run the quality checks on a target, marked or not. Reads whole tables and writes nothing.

Exits with 1 if there is a finding that is not in --baseline and is at least as severe as --fail-on. A check whose \
table or column is missing, or whose tables are empty, is `not run`, which does not count as passed. If no check could \
run, the exit code is 1; if only some could not, --fail-on-not-run makes it 1. If part of the data is missing or \
unreadable, the check runs on the rest, and a remark says what it did not judge.

Rules define what counts as wrong: ranges, speeds and leaf pairs per machine, durations and metersets per field type, \
action limits per site, and which checks run. --print-rules prints the default file, with a comment on every key; your \
own file, given with --rules, only needs the differences.

--format plain prints one line per finding: check, group, mode, status, severity, looked_at, table, key, related, \
message. A check without findings has one line with empty table, key and related; if it could not run, the message \
says why. A check with findings and remarks has an additional line with the status `remark`. JSON has the first 1000 \
findings, worst first; plain has all.

A baseline is a file of known findings, one per line, each with a reason that you can fill in. --write-baseline makes \
one and exits with 0; it overwrites no file except the one of --baseline. A finding is identified by check, table, key \
and values: with another value it is new.

--as sarif, junit and html write the result for code scanning, for continuous integration and for a browser.

Example:
  mfm check
  mfm check --baseline known.json --fail-on high --as junit --output checks.xml
  mfm check --as html --output report.html
  mfm check --only angles,duplicate_delivery --now 2024-06-29T12:00:00
  mfm check --print-rules > rules.toml
  mfm check --rules rules.toml
  mfm check --format plain | cut -f 1,4 | sort | uniq -c";

/// `mfm plan`.
pub(super) const PLAN: &str = "\
Show the changes that a fault would make, cell by cell, with their digest. Writes nothing to the target.

A plan file contains the request and the digest, but no data: `mfm apply --plan FILE` plans again, and refuses unless \
the changes are the same.

Name records by id, or choose them with --sample N or --all from those that match {flags}. A plan file stores the \
chosen ids, never the filters.

Example:
  mfm plan {tool} --variant {variant} --sample 1 -o fault.json
  mfm apply --plan fault.json";

/// `mfm apply`.
pub(super) const APPLY: &str = "\
Commit a fault on a test copy. It is journaled before the target is changed; `mfm revert` takes it back.

Give the records and the parameters, or let --variant propose parameters and --sample choose records, from all or from \
those that match {flags}. Asks before writing; scripts use --yes.

Example:
  mfm apply {tool} {arguments} --yes
  mfm apply {tool} --variant {variant} --sample 3 --seed 7 --dry-run
  mfm apply {tool} --variant {variant} --all {filters} --yes";

/// `mfm revert`.
pub(super) const REVERT: &str = "\
Take operations back, exactly or not at all.

Every row is checked before the first is written. Rows that somebody else changed are in conflict; the whole revert is \
then refused, unless --skip-conflicts leaves them or --force overwrites them. A revert is itself an operation and can \
be reverted. Exits with 1 if rows were left in conflict.

Example:
  mfm revert 3
  mfm revert --all";

/// `mfm recover`.
pub(super) const RECOVER: &str = "\
Close operations that a crash left open, by asking the target whether they were committed, never by guessing.

Exits with 1 if an operation stays open, with 4 if the target is absent or replaced. If the target cannot tell, a \
person can decide: --op N --as applied or abandoned, journaled as that person's statement; --as gone writes off the \
operations that a restored or deleted target lost.

Example:
  mfm recover
  mfm recover --as gone --target lab --confirm lab";

/// `mfm approve`.
pub(super) const APPROVE: &str = "\
Approve a request of an agent. If a person must approve, the agent gets a code and waits.

Without a code, pending requests are listed. With a code, the plan is made again and shown with the name of the \
client; then you type the target's name at a terminal, here or in `mfm tui`. No option can type it, but an agent with \
access to this shell could. The agent can carry it out once, within ten minutes of asking, and the journal records who \
approved.

Example:
  mfm approve
  mfm approve 3f9a01c7";

/// `mfm replay`.
pub(super) const REPLAY: &str = "\
Re-run the journal of one target on another marked copy, as ordinary operations with the journaled keys, parameters, \
seed and clock. The same database must give the same plan digests and the same images.

The copy must be in the state of the source before its first operation, registered, and marked. Reverts are replayed \
as reverts of the same rows. Failed, abandoned and gone operations are skipped and listed; an open one stops the replay.

Each operation is planned on the copy and compared with the journal before it is written. At the first difference the \
replay stops, reports operation, table, key, column and both values, writes nothing of that operation, and exits with \
1. Operations replayed before stay on the copy and in the journal; an interrupted replay continues when run again.

Example:
  mfm replay --target lab --onto copy
  mfm revert --all --target copy";

/// `mfm status`.
pub(super) const STATUS: &str = "\
Show the faults in effect, the open operations, and which targets the guard allows writing to.

Example:
  mfm status --exit-code";

/// `mfm log`.
pub(super) const LOG: &str = "\
List the operations, newest first.

Example:
  mfm log --limit 10";

/// `mfm show`.
pub(super) const SHOW: &str = "\
Show one operation: parameters, digests, what reverted it, and with --diff its changes cell by cell.

Example:
  mfm show 3 --diff";

/// `mfm explain`.
pub(super) const EXPLAIN: &str = "\
Explain one operation: what it did, what a revert would do now, what blocks it, and how to verify it.

Every row is checked as `mfm revert` would check it, and nothing is written. Later operations and changes by others \
are listed row by row, with the commands that would take the operation back anyway. The digests are recomputed from \
the images, and the uid is looked up in the target. If the target cannot be read, its state is unknown and only the \
journal's part is shown. Exits with 1 only if journal and target disagree.

Example:
  mfm explain 3";

/// `mfm audit`.
pub(super) const AUDIT: &str = "\
Gather evidence: verify that journal and targets agree, and export the journal.

Example:
  mfm audit verify --depth live --full
  mfm audit export --as csv -o audit.csv";

/// `mfm audit verify`.
pub(super) const AUDIT_VERIFY: &str = "\
Check journal, images and target against each other, and list the discrepancies. Exits with 1 if there are any.

Depth structure reads the chain; data also reads every image and every body; live also compares every row ever touched \
with the target and, with --full, every table with the newest baseline.

Example:
  mfm audit verify --depth live --full";

/// `mfm audit export`.
pub(super) const AUDIT_EXPORT: &str = "\
Write the journal for scripts: entry by entry, each operation's changes after its intent.

As jsonl, the first line describes the export, and each further line is an entry, a chosen key or a change; the \
digests of the entries can be recomputed from the export alone. As csv, each line is one changed cell. Cells are \
written as in the JSON of every other command, so that NULL, the empty text, 1, 1.0 and '1' remain distinct.

Columns that identify patients or staff, free text, and columns unknown to mfm are redacted unless --include-phi is \
given. Treatment dates and internal numbers are kept: a redacted export is not anonymous. Digests of rows with \
redacted columns are omitted.

Without -o the export goes to stdout. If the journal is damaged, everything before the damage is written, and the exit \
code is 5.

Example:
  mfm audit export --as csv -o audit.csv
  mfm audit export --op 3 | jq -c 'select(.line == \"change\") | [.key, .before, .after]'";

/// `mfm tui`.
#[cfg(feature = "tui")]
pub(super) const TUI: &str = "\
Browse the data, commit faults and take them back, in a full-screen interface: patients, fields and control points with
their leaves drawn, the failure modes with a preview before anything is written, the operations and how to undo them,
the findings of the checks, the journal. ? shows the keys of each screen, : lists every action by name.

Everything done here is journaled as on the command line. q quits; an operation in progress is sealed first.

Example:
  mfm tui
  mfm tui --read-only --screen records
  mfm tui --theme light";

/// `mfm mcp`.
#[cfg(feature = "mcp")]
pub(super) const MCP: &str = "\
Serve AI agents over stdin and stdout with the Model Context Protocol: the failure modes and the journaled operations \
as tools. A client starts it; `mfm mcp install` prints how.

Every write is planned first and carried out only with consent: a person's, asked by the client or given with `mfm \
approve`; on a lab made by mfm, the client may also consent by returning the plan's handle. A handle works once and \
expires. --consent changes whose consent is needed. Without --target and with several targets, each call must name \
one. Passwords never pass through a call.

Limits apply to all servers of a journal together. Names and free text from the database are redacted, except in labs \
made by mfm, unless --include-phi is given. Journal entries name the client and the person who runs the server.

Example:
  mfm mcp --read-only
  mfm mcp --allow {mode},{other_mode} --max-severity 1.8";

/// `mfm mcp install`.
#[cfg(feature = "mcp")]
pub(super) const MCP_INSTALL: &str = "\
Print the configuration with which a client starts the server, and the file it belongs in. With --write it is written \
there, after asking; the rest of the file is kept.

Options before `install` are passed to the server.

Example:
  mfm mcp install cursor
  mfm mcp --read-only install claude-desktop --write";

/// `mfm completions`.
pub(super) const COMPLETIONS: &str = "\
Write the completion script of a shell to stdout: bash, zsh, fish, elvish or powershell.

The script calls mfm while you type, so it also completes operations, targets, tools, variants and checks, from the \
journal that the command would use. mfm only reads then. Write the script again when you install another version.

Example:
  mfm completions bash > ~/.local/share/bash-completion/completions/mfm
  mfm completions zsh > ~/.zfunc/_mfm
  mfm completions fish > ~/.config/fish/completions/mfm.fish";

/// `mfm man`.
pub(super) const MAN: &str = "\
Write the man pages into a folder, one per command.

Example:
  mfm man ~/.local/share/man/man1";

/// `mfm help`.
pub(super) const HELP: &str = "\
Explain a command or a topic. The topics are exit-codes, errors and environment.

Example:
  mfm help errors
  mfm help target mark";

/// Renders the long help of a tool.
pub(super) fn render_tool(verb: &str, card: &ModeCard) -> String {
    let mut text = format!("{}.\n\n{}\n\nVariants, with their severity from 0 to 3:\n", card.title, card.description);
    for variant in card.variants {
        text += &format!("  {} ({}): {}\n", variant.word, variant.severity, variant.about);
    }
    let records: Vec<String> = card.fault_records().map(|record| format!("{}.{}", record.table, record.key)).collect();
    if let (Some(parameter), [_, _, ..]) = (card.table_parameter, records.as_slice()) {
        let flag = parameter.replace('_', "-");
        text += &format!("\nRecords (--{flag} names the table): {}.\n", records.join(", "));
    }
    let first = card.variants.first().map(|variant| variant.word).unwrap_or_default();
    let parameter = card.record.parameter.replace('_', "-");
    text += &format!("\n{SEVERITY}\n");
    text += &format!(
        "\nGive --{parameter} and the parameters, or let --variant propose them and --sample choose the records.\n\n\
         Example:\n  mfm {verb} {} --variant {first} --sample 1 --seed 7",
        card.tool
    );
    text
}

/// Renders the help of `mfm lab import`, with the sources of each domain that can import.
pub(super) fn render_imports() -> String {
    let mut sources = Vec::new();
    for domain in domains::all() {
        if let Some(import) = domain.importer() {
            sources.push(format!("  {}: {}", domain.card().id, import.source().wanted));
        }
        if let Some(format) = domain.folder_format() {
            sources.push(format!("  {}: {}", domain.card().id, format.wanted()));
        }
    }
    LAB_IMPORT.replace("{wanted}", &sources.join("\n"))
}
