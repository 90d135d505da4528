//! The long texts of `--help` and the man pages, each with an example; the short ones come from the operations' cards.

use crate::domain::Domain;
use crate::domain::examples::Examples;
use crate::domain::filter::FilterCard;
use crate::domain::mode::ModeCard;
use crate::domains;
use crate::ops::filters;

/// What mfm is.
pub(super) const ABOUT: &str =
    "Commit realistic faults on a test copy of a MOSAIQ database, and take them back exactly";

/// What a severity says.
pub(super) const SEVERITY: &str = "\
Severity says how far the data are from what they should be, from 0 (normal) to 3 (critical); it is no measure of harm \
to a patient.";

/// What mfm is, at length.
pub(super) const LONG_ABOUT: &str = "\
Commit realistic faults on a test copy of a MOSAIQ database, and take them back exactly.

No fault is ever made that is not first written down; every fault written down can be taken back; and anyone can check \
both later. Begin with `mfm demo`: it makes a lab, breaks it in every way, shows which quality check notices, and \
takes it all back.";

/// What stands below the options of `mfm --help`.
pub(super) const AFTER_HELP: &str = "\
Begin with:  mfm demo
Topics:      mfm help exit-codes, mfm help errors, mfm help environment";

/// `mfm demo`.
pub(super) const DEMO: &str = "\
Break a lab in every way, see what notices, and take it all back.

Makes a synthetic department in DIR, runs the quality checks on it, commits every variant of every mode, shows what \
sees each of them, reverts, proves that every table is what it was, and audits the journal. Lab and journal stay in \
DIR. Exits with 0 only if all of it held.

Example:
  mfm demo /tmp/mfm-demo";

/// `mfm lab`.
pub(super) const LAB: &str = "\
Make or import a lab: a database on which nobody is treated, marked and registered at once.

Example:
  mfm lab create sqlite:lab.db";

/// `mfm lab create`.
pub(super) const LAB_CREATE: &str = "\
Make a synthetic database: patients, prescriptions, fields, control points, deliveries and portal-image offsets.

The same request makes the same lab. It is marked as a test copy, registered, and its tables are digested for later \
comparison. A file that exists is never overwritten, nor a database on a server that holds anything.

Example:
  mfm lab create sqlite:lab.db --patients 30 --seed 1
  mfm lab create mssql://sa@dbtest:1433/Lab --name server-lab";

/// `mfm lab import`.
pub(super) const LAB_IMPORT: &str = "\
Make a lab of files in the format of a domain, such as the public PyMedPhys mock. What each domain reads:
{wanted}

Every cell is read back and held against the file; rows and columns that cannot be kept are named. The network is \
never asked. The public mock is known by its files. Anything else in its form is held to be somebody's data: signs \
of a live clinic are looked for, and --override overrides one by its word.

Example:
  mfm lab import pymedphys-0.41.0-py3-none-any.whl sqlite:mock.db";

/// `mfm target`.
pub(super) const TARGET: &str = "\
Register databases, and mark those that are test copies: no other database is ever written to.

Example:
  mfm target add sqlite:copy.db
  mfm target mark copy";

/// `mfm target add`.
pub(super) const TARGET_ADD: &str = "\
Register a database by name. Nothing is written to it; it can be read at once, and broken once it is marked.

Example:
  mfm target add sqlite:copy.db --name copy
  mfm target add 'mssql://mfm_apply@dbtest:1433/MOSAIQ_TEST?ca_file=ca.pem' --name test";

/// `mfm target list`.
pub(super) const TARGET_LIST: &str = "\
List the registered targets, and whether the guard lets each of them pass.

Example:
  mfm target list --format plain";

/// `mfm target show`.
pub(super) const TARGET_SHOW: &str = "\
Show one target, its marker and its tables.

Example:
  mfm target show lab";

/// `mfm target mark`.
pub(super) const TARGET_MARK: &str = "\
Say that a database is a test copy on which faults may be committed.

The database's own name, of a file the file's, has to be typed; scripts give it with --confirm. Signs of a live clinic \
have to be overridden one by one, and the journal keeps that. A copied or moved database is unmarked.

Example:
  mfm target mark sqlite:copy.db --confirm copy.db --baseline
  mfm target mark test --confirm MOSAIQ_TEST";

/// `mfm target unmark`.
pub(super) const TARGET_UNMARK: &str = "\
Take the marker, and mfm's list of operations, out of a target. Refused while anything is active or open.

Example:
  mfm target unmark copy --yes";

/// `mfm target remove`.
pub(super) const TARGET_REMOVE: &str = "\
Forget a registered target. Neither the database nor the history changes.

Example:
  mfm target remove copy";

/// `mfm target preflight`.
pub(super) const TARGET_PREFLIGHT: &str = "\
Show what in a target can be changed and put back exactly, table by table, and which signs of a live clinic it shows.

Example:
  mfm target preflight lab";

/// `mfm modes`.
pub(super) const MODES: &str = "\
List the failure modes, or explain one: its variants, their severity, its parameters, the checks that see it, and what \
a fuller check would need. Opens no journal and no target.

Severity says how far the data are from what they should be, from 0 (normal) to 3 (critical); it is no measure of harm \
to a patient.

Example:
  mfm modes {tool}";

/// `mfm find`.
pub(super) const FIND: &str = "\
List the records that can be broken: {records}. Writes nothing, and needs no marked target. Names of patients are \
never shown.

{filters_about}The same selectors narrow --sample and --all of `mfm plan` and `mfm apply`.

With --eligible, only records on which that tool can commit a fault are listed, each with the variants that it can \
show. The search then ends with the list: where it did, JSON says a total of null.

Example:
{find}";

/// `mfm campaign`.
pub(super) const CAMPAIGN: &str = "\
Commit many faults from one TOML file, each as an operation of its own, and take them back together.

The file names tools, variants, records or how many of them, and a seed; it may pin the clock. The same file makes the \
same faults on the same data.

Example:
  mfm campaign apply autumn.toml";

/// `mfm campaign plan`.
pub(super) const CAMPAIGN_PLAN: &str = "\
Plan the faults of a campaign file that do not stand yet, each on the data as they are now, and write nothing.

Example:
  mfm campaign plan autumn.toml";

/// `mfm campaign apply`.
pub(super) const CAMPAIGN_APPLY: &str = "\
Commit the faults of a campaign file, in its order. All are planned before the first is committed. A campaign that was \
cut off goes on where it stopped: the journal knows which of its faults stand.

Example:
  mfm campaign apply autumn.toml --yes";

/// `mfm campaign revert`.
pub(super) const CAMPAIGN_REVERT: &str = "\
Take back exactly what a campaign file committed and still stands, newest first. Other operations are left alone; one \
that changed the same rows later is in the way, and named.

Example:
  mfm campaign revert autumn.toml";

/// `mfm campaign list`.
pub(super) const CAMPAIGN_LIST: &str = "\
List the faults of a campaign file, and which of them stand on the target, or were left open by a crash.

Example:
  mfm campaign list autumn.toml --json";

/// `mfm campaign schema`.
pub(super) const CAMPAIGN_SCHEMA: &str = "\
Print the JSON Schema of a campaign file, for editors that complete and check TOML.

Example:
  mfm campaign schema > campaign.schema.json";

/// `mfm drill`.
pub(super) const DRILL: &str = "\
Measure what checks catch. For every variant of every mode, N times: commit a fault on a seeded record, let the checks \
look, note what they say, and take the fault back; at the end every table is compared with what it was.

Under test are mfm's own checks and, behind `--` or in --detector, any commands. Each gets the target's URL in \
MFM_TARGET_URL and for {url}, a file's path in MFM_TARGET_PATH and for {path}, and nothing about the fault. It first \
looks at the untouched data: what it finds there does not count. The result is a matrix with Wilson 95 % intervals.

Exits with 1 where a fault was missed, an alarm was false or a look told nothing; with --baseline, where detection got \
worse. An interrupted drill takes its fault back; what a crash leaves, the next drill or `mfm revert --all` \
takes back, after `mfm recover` where it was cut off in the middle of a write.

Example:
  mfm drill --modes {tool},{other} --sample 5 --seed 1 --yes
  mfm drill --judge junit --report out.xml --yes -- pytest qa/ --junit-xml=out.xml
  mfm drill --command-only --detector old='python3 old.py {path}' --detector new='python3 new.py {path}' --yes";

/// `mfm query`.
pub(super) const QUERY: &str = "\
Ask a named, read-only question of a domain's data. Without a question, list all that there are.

The question goes to the registered target, or with --recording to a file that need not be registered: it is opened \
for reading only, and nothing is left beside it, also where a program is writing it just then.

Answers hold at most 500 items; where there are more, they say how many, and --cursor goes on with next_cursor. What \
a file does not hold is named as not recorded, which is not the same as nothing found. --json gives the whole answer, \
with units in the names or in `mfm help query`.

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

Exits with 1 where anything is found that counts: that --baseline does not hold, and that is at least as bad as \
--fail-on says. A check whose table or column is missing, or whose tables are empty, says `not run`, which is no \
pass. Where no check could run, the exit code is 1; where some could not, --fail-on-not-run makes it 1. What is \
missing or unreadable while \
something else can still be judged is a remark: the check runs, and says what it did not judge.

What counts as wrong is said by rules: ranges, speeds and leaf pairs by machine, durations and metersets by type \
of field, action limits by site, and which checks run. --print-rules prints the default file, with a comment on every \
key; a file of your own, given with --rules, needs to say only what is different.

With --format plain there is one line a finding: check, group, mode, status, severity, looked_at, table, key, related, \
message. A check without findings has one line whose table, key and related are empty; where it could not run, the \
message says why. So has one with findings and remarks, with the status `remark`. JSON holds the first 1000 findings, \
worst first; plain holds all.

A baseline is a file of known findings, one a line, each with a reason that a person may fill in. --write-baseline \
makes one and ends with 0; it writes over no file but that of --baseline. A finding is known by check, table, key and \
values: with another value it is new.

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

A plan file holds the request and the digest, and no data: `mfm apply --plan FILE` plans again, and refuses unless it \
gets the same changes.

Records are named by id, or chosen with --sample N or --all among those that {flags} \
leave. A plan file keeps the chosen ids, and never what they were chosen by.

Example:
  mfm plan {tool} --variant {variant} --sample 1 -o fault.json
  mfm apply --plan fault.json";

/// `mfm apply`.
pub(super) const APPLY: &str = "\
Commit a fault on a test copy. The journal has it before the target does; `mfm revert` takes it back.

Name the records and the parameters, or let --variant propose parameters and --sample choose records, of all or of \
those that {flags} leave. Asks before it writes; scripts say --yes.

Example:
  mfm apply {tool} {arguments} --yes
  mfm apply {tool} --variant {variant} --sample 3 --seed 7 --dry-run
  mfm apply {tool} --variant {variant} --all {filters} --yes";

/// `mfm revert`.
pub(super) const REVERT: &str = "\
Take operations back, exactly or not at all.

Every row is judged before the first is written. Rows that somebody else changed are in conflict, and refuse the whole \
operation unless --skip-conflicts leaves them or --force overwrites them. A revert is an operation too, and can itself \
be reverted. Exits with 1 where rows were left in conflict.

Example:
  mfm revert 3
  mfm revert --all";

/// `mfm recover`.
pub(super) const RECOVER: &str = "\
Close what a crash left open, by asking the target whether it was committed, and never by a guess.

Exits with 1 where an operation stays open, with 4 where the target is absent or replaced. Where the target cannot \
say, a person can: --op N --as applied or abandoned, journaled as that person's word; --as gone writes off what a \
restored or deleted target lost.

Example:
  mfm recover
  mfm recover --as gone --target lab --confirm lab";

/// `mfm approve`.
pub(super) const APPROVE: &str = "\
Say yes to what an agent asked for. Where nobody's yes counts but a person's, an agent gets a code, and waits.

Without a code, what waits is listed. With one, the plan is made anew and shown, and who asks; then the target's name \
has to be typed at a terminal, here or in `mfm tui`. No option types it: whoever gives an agent this shell has given it \
this word. The agent carries it out once, within ten minutes of asking, and the journal names who approved.

Example:
  mfm approve
  mfm approve 3f9a01c7";

/// `mfm replay`.
pub(super) const REPLAY: &str = "\
Re-run the journal of one target on another marked copy, as ordinary operations there: with the journaled keys, \
parameters, seed and clock. The same database must give the same plan digests and the same images.

The copy has to be as the source was before its first operation, registered, and marked. Reverts are replayed as \
reverts of the same rows. Operations that failed, were abandoned or are gone are passed over and listed; an open one \
stops the replay.

Each operation is planned on the copy and held against the journal before it is written. At the first difference the \
replay stops, names operation, table, key, column and both values, writes nothing of that operation, and exits with 1. \
What was replayed before stays on the copy and in the journal; an interrupted replay goes on when it is run again.

Example:
  mfm replay --target lab --onto copy
  mfm revert --all --target copy";

/// `mfm status`.
pub(super) const STATUS: &str = "\
Show what is broken now, what is undecided, and which targets the guard lets pass.

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
Explain one operation: what it did, what a revert of it would do now, what stands in the way, and what proves it.

Every row is judged as `mfm revert` would judge it, and nothing is written. Later operations and changes of others are \
named row by row, with the commands that would take the operation back all the same. The digests are computed again \
from the images, and the target is asked for the uid. A target that cannot be read is said to be unknown, and the \
journal's part is shown; exits with 1 only where journal and target disagree.

Example:
  mfm explain 3";

/// `mfm audit`.
pub(super) const AUDIT: &str = "\
Gather evidence: that journal and targets agree, and what the journal holds.

Example:
  mfm audit verify --depth live --full
  mfm audit export --as csv -o audit.csv";

/// `mfm audit verify`.
pub(super) const AUDIT_VERIFY: &str = "\
Check journal, images and target against each other, and list what does not hold. Exits with 1 where anything was \
found.

Depth structure reads the chain; data reads every image and every body as well; live holds every row that was ever \
touched against the target, and with --full every table against the newest baseline.

Example:
  mfm audit verify --depth live --full";

/// `mfm audit export`.
pub(super) const AUDIT_EXPORT: &str = "\
Write the journal for scripts: entry by entry, each operation's changes behind its intent.

As jsonl, the first line says what the export is, and every further line is an entry, a chosen key or a change; the \
digests of the entries can be computed again from the export alone. As csv, one line is one changed cell. Cells are \
written as in the JSON of every other command, so that NULL, the empty text, 1, 1.0 and '1' stay apart.

Columns that identify a patient or a member of staff, free text, and columns that mfm does not know are redacted, \
unless --include-phi is given. Treatment dates and internal numbers stay: a redacted export is not anonymous. Digests \
of rows with such columns are left out.

Without -o the export goes to stdout. Where the journal is broken, what came before is written, and the exit code is 5.

Example:
  mfm audit export --as csv -o audit.csv
  mfm audit export --op 3 | jq -c 'select(.line == \"change\") | [.key, .before, .after]'";

/// `mfm tui`.
#[cfg(feature = "tui")]
pub(super) const TUI: &str = "\
See the data, break it, and take it back, on the whole terminal: patients, fields and control points with their leaves
drawn, the failure modes with a preview before anything is written, what was done and how to undo it, the findings of
the checks, the journal. ? shows the keys of each screen, : lists every action by name.

Everything done here is journaled as from the command line. q ends; what is being written is sealed first.

Example:
  mfm tui
  mfm tui --read-only --screen records
  mfm tui --theme light";

/// `mfm mcp`.
#[cfg(feature = "mcp")]
pub(super) const MCP: &str = "\
Serve AI agents over stdin and stdout, as the Model Context Protocol has it: the failure modes as tools, and the \
journaled operations. A client starts it; `mfm mcp install` prints how.

Every write is planned first and carried out only with consent: a person's where the client can ask them, or, by `mfm \
approve`, where it cannot; on a lab that mfm made, also the client's, by handing back the plan's handle. A handle is \
used once and expires. --consent says otherwise whose yes counts. Without --target and with several targets, \
each call has to name one. Passwords never pass through a call.

Limits hold for all servers of a journal together. Names and free text of the database are redacted, but \
for labs that mfm made, unless --include-phi is given. Entries name the client and the person who runs the server.

Example:
  mfm mcp --read-only
  mfm mcp --allow {mode},{other_mode} --max-severity 1.8";

/// `mfm mcp install`.
#[cfg(feature = "mcp")]
pub(super) const MCP_INSTALL: &str = "\
Print the configuration with which a client starts the server, and where it belongs. With --write it is written \
there, after a question; what else stands in the file stays.

What stands before `install` is what the server is started with.

Example:
  mfm mcp install cursor
  mfm mcp --read-only install claude-desktop --write";

/// `mfm completions`.
pub(super) const COMPLETIONS: &str = "\
Write the completion script of a shell to stdout: bash, zsh, fish, elvish or powershell.

The script asks mfm while you type. So not only commands and options are completed, but also operations, targets, \
tools, variants and checks, from the journal that the command would use. mfm only reads then. Write the script anew \
when you install another version.

Example:
  mfm completions bash > ~/.local/share/bash-completion/completions/mfm
  mfm completions zsh > ~/.zfunc/_mfm
  mfm completions fish > ~/.config/fish/completions/mfm.fish";

/// `mfm man`.
pub(super) const MAN: &str = "\
Write the man pages into a folder, one a command.

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
        text += &format!("\nRecords, of which --{flag} names the table: {}.\n", records.join(", "));
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
    }
    LAB_IMPORT.replace("{wanted}", &sources.join("\n"))
}

/// Fills the placeholders of a text from the domains' examples; an example command is repeated for each domain.
pub(super) fn fill_examples(text: &str) -> String {
    let mut example_sets: Vec<(&dyn Domain, &Examples)> = Vec::new();
    for domain in domains::all() {
        example_sets.extend(domain.examples().map(|examples| (*domain, examples)));
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        if !line.starts_with("  ") && !line.starts_with("{find}") {
            lines.push(fill_sentence(line, &example_sets));
            continue;
        }
        let mut commands: Vec<String> =
            example_sets.iter().map(|(domain, examples)| fill_placeholders(line, *domain, examples)).collect();
        // A command without placeholders is the same for every domain.
        commands.dedup();
        if commands.is_empty() {
            commands.push(line.to_owned());
        }
        lines.append(&mut commands);
    }
    lines.join("\n")
}

/// Fills the placeholders of a sentence with the values of all domains, joined.
fn fill_sentence(line: &str, example_sets: &[(&dyn Domain, &Examples)]) -> String {
    let records: Vec<&str> = example_sets.iter().map(|(_, examples)| examples.records).collect();
    let filters_about: String = example_sets.iter().map(|(_, examples)| examples.filters_about).collect();
    line.replace("{records}", &records.join("; "))
        .replace("{filters_about}", &filters_about)
        .replace("{flags}", &render_flags(filters::list_filters()))
}

/// Renders the flags of filters, such as `--patient, --machine and --date`.
fn render_flags<'f>(cards: impl IntoIterator<Item = &'f FilterCard>) -> String {
    filters::in_a_sentence(cards.into_iter().map(|card| format!("--{}", card.flag)).collect())
}

/// Fills the placeholders of a command from the examples of the first domain.
pub(super) fn fill_first(text: &str) -> String {
    let domain = domains::FIRST;
    domain.examples().map_or_else(|| text.to_owned(), |examples| fill_placeholders(text, domain, examples))
}

fn fill_placeholders(text: &str, domain: &dyn Domain, examples: &Examples) -> String {
    let (other_mode, other_variant) = examples.other;
    let find: Vec<String> = examples.find.iter().map(|arguments| format!("  mfm find {arguments}")).collect();
    let places = [
        ("{tool}", examples.tool.to_owned()),
        ("{mode}", examples.mode.to_owned()),
        ("{variant}", examples.variant.to_owned()),
        ("{arguments}", examples.arguments.to_owned()),
        ("{other}", format!("{other_mode}:{other_variant}")),
        ("{other_mode}", other_mode.to_owned()),
        ("{filters}", examples.filters.to_owned()),
        ("{kind}", examples.kind.to_owned()),
        ("{filter}", examples.filter.to_owned()),
        ("{find}", find.join("\n")),
        ("{flags}", render_flags(domain.filters())),
    ];
    places.iter().fold(text.to_owned(), |text, (place, example)| text.replace(place, example))
}
