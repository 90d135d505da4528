//! Every error code there is, with its kind and its hint: what `mfm help errors` lists, and a test holds to the source.

use serde::{Serialize, Serializer};

use crate::ops::FailureKind;

/// One code.
#[derive(Debug, Serialize)]
pub(super) struct ErrorCode {
    /// The stable code.
    pub(super) code: &'static str,
    /// Its kind.
    pub(super) kind: FailureKind,
    /// The exit code.
    #[serde(serialize_with = "exit_code", rename = "exit_code")]
    pub(super) exit: FailureKind,
    /// What to do.
    pub(super) hint: &'static str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn exit_code<S: Serializer>(kind: &FailureKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(kind.exit_code())
}

const fn error(kind: FailureKind, code: &'static str, hint: &'static str) -> ErrorCode {
    ErrorCode { code, kind, exit: kind, hint }
}

const fn usage(code: &'static str, hint: &'static str) -> ErrorCode {
    error(FailureKind::Usage, code, hint)
}

const fn refused(code: &'static str, hint: &'static str) -> ErrorCode {
    error(FailureKind::Refused, code, hint)
}

const fn target(code: &'static str, hint: &'static str) -> ErrorCode {
    error(FailureKind::Target, code, hint)
}

const fn journal(code: &'static str, hint: &'static str) -> ErrorCode {
    error(FailureKind::Journal, code, hint)
}

/// What a mistake of the program wants.
const REPORT: &str = "report it: this is a mistake of the program, and nothing was written";

/// Every error code, by kind.
pub(super) const ERRORS: &[ErrorCode] = &[
    usage("usage", "--help lists the arguments"),
    usage("config", "correct the variable or the file: the keys are journal, target, format, actor and color"),
    usage("unknown_mode", "`mfm modes` lists the modes and their tools"),
    usage("unknown_variant", "`mfm modes MODE` lists the variants"),
    usage("unknown_topic", "the topics are exit-codes, errors and environment"),
    usage("query_parameters", "`mfm query QUERY --help` shows the parameters"),
    usage("unknown_query", "`mfm query` lists the queries"),
    usage("unknown_group", "the hint lists the groups of tools"),
    usage("no_folder", "name a folder that is there"),
    usage("parameters", "`mfm modes MODE` shows the parameters"),
    usage("records", "say which records: by id, --sample N or --all"),
    usage("ids", "write ids and ranges such as 5-9,12"),
    usage("selector", "the hint lists the filters of the domain, each with its form"),
    usage("kind", "`mfm find --help` lists the kinds of record; they are the domain's"),
    usage("domain", "the hint lists the domains"),
    usage("eligible", "choose a tool that breaks this kind of record; `mfm modes TOOL` says which it takes"),
    usage("unknown_check", "the hint lists the groups and their checks"),
    usage("rules", "`mfm check --print-rules` prints a complete file"),
    usage("sample", "ask for at least one record"),
    usage("seed", "choose a seed of at most 2^53-1"),
    usage("now", "write it as 2024-06-28T12:00:00"),
    usage("patients", "choose from 1 to 100000"),
    usage("frames", "leave --frames out, or make a lab of a domain that has frames"),
    usage("scenario", "the hint lists the scenarios of the domain"),
    usage("no_lab", "make a lab of another domain, or register a copy"),
    usage("no_import", "register the database itself"),
    usage("until", "write it as YYYY-MM-DD, 1950-01-01 to 2100-12-31"),
    usage("name", "name targets with letters, digits and -_."),
    usage("onto", "name another copy with --onto, or the source with --target"),
    usage("operations", "give numbers, --last or --all"),
    usage("recover", "say --op N --as applied or abandoned, or --as gone for a whole target"),
    usage("override", "the hint lists the words that --override takes"),
    usage("full", "add --depth live"),
    usage("export_range", "--from takes the smaller number"),
    usage("export_file", "choose a path that can be written; only an earlier export is replaced"),
    usage("baseline_file", "make a baseline with `mfm check --write-baseline FILE`"),
    usage("baseline_exists", "choose another path, or give the same file to --baseline too"),
    usage("report_file", "choose a path that can be written; only an earlier report is replaced"),
    usage("plan_file", "make a plan file with `mfm plan TOOL ARGS -o FILE`"),
    usage("campaign", "`mfm campaign schema` prints what such a file may hold"),
    usage("drill", "`mfm drill --help` shows what goes with what; an earlier result is saved with --json"),
    usage("folder", "choose a folder that can be written"),
    usage("import_source", "give a wheel of PyMedPhys, or a folder with its CSV files and types_map.toml"),
    usage("place", "give hostname and database, or the registered name as target"),
    usage("arguments", "send what the tool's input schema says"),
    usage("severity", "write it as 1.8, from 0 to 3"),
    usage("client_file", "leave --write out, and put the configuration where it belongs yourself"),
    usage("terminal", "use the other commands: they do without a terminal"),
    usage("not_moved", "leave --moved out"),
    usage("servers_file", "say --target URL each time, or mend the file that the message names"),
    usage("target_url", "write sqlite:PATH or mssql://USER@HOST:PORT/DATABASE, or the name of a registered target"),
    refused("unknown_domain", "say --domain ID with `mfm target add` or `mfm target mark`"),
    refused("ambiguous_domain", "say --domain ID with `mfm target add` or `mfm target mark`"),
    refused("domain_mismatch", "leave --domain out"),
    refused("other_domain", "say --target NAME, or choose a tool of its domain"),
    refused("unknown_item", "the message names the nearest ones that there are"),
    refused("not_recorded", "ask for something that the recording holds"),
    refused("outside", "name a file below the folders that the operator chose"),
    refused("no_file", "choose a recording first, or name one in the call"),
    refused("too_long", "ask for fewer frames, or give a smaller limit"),
    refused("missing_table", "choose another mode, or a target that has the table"),
    refused("missing_column", "choose another mode, or a target that has the column"),
    refused("missing_record", "name an id that exists, or let --sample N choose"),
    refused("no_match", "`mfm find field` shows the patients and machines that there are"),
    refused("nothing_left", "leave a selector out; the hint says what there is"),
    refused("ineligible", "let --sample N choose eligible records"),
    refused("none_eligible", "`mfm modes TOOL` says what a record needs"),
    refused("too_few_eligible", "ask for fewer records"),
    refused("undetectable", "break fewer records of the group in one operation"),
    refused("value_is_valid", "give a value that is none of the valid ones"),
    refused("not_a_duplicate", "choose a shorter offset"),
    refused("no_independent_meterset", "choose a field with an index in MU or a dose per MU"),
    refused("does_not_fit", "give a value that the column holds without rounding"),
    refused("broken_index", "REINDEX on the copy"),
    refused("mistyped_column", "make the copy with typed columns; a CSV import without types keeps numbers as text"),
    refused("fixed_length_column", "choose another variant, or a copy with varbinary"),
    refused("not_null", "the database itself prevents this fault"),
    refused("mixed_variants", "make one operation for each variant"),
    refused("changed_twice", "split the selection into two operations"),
    refused("cell_too_large", "choose another record"),
    refused("nothing_to_change", "the records already are as asked"),
    refused("no_key", "declare a primary key or a unique index over NOT NULL columns on the copy"),
    refused("not_a_table", "only base tables are changed"),
    refused("special_table", "use a copy in which it is an ordinary table"),
    refused("not_permitted", "have the permission in the hint granted to the login"),
    refused("trigger", "--disable-triggers switches triggers off for mfm's own transaction"),
    refused("foreign_key", "use a copy that does not enforce this foreign key"),
    refused("unique_index", "the database itself prevents this fault"),
    refused("constraint", "the database itself prevents this fault"),
    refused("no_way_back", "choose other records: what is there could not be put back"),
    refused("unsupported", "use a target whose schema and values can be kept exactly"),
    refused("limit", "--max-rows N allows more rows"),
    refused("unmarked", "`mfm target mark URL`, if it is a test copy"),
    refused("marked_elsewhere", "`mfm target mark URL` for a copy, --moved for a moved database"),
    refused("contradicted", "`mfm recover` without --as asks the target"),
    refused("url_taken", "say --target with the name that it has"),
    refused("looks_moved", "`mfm target mark --moved URL` keeps its operations"),
    refused("marked_beside", "work from the other journal, or --override foreign-operations for a copy"),
    refused("copy_exists", "mark that copy, or remove it first; --in-place marks the file itself"),
    refused("own_tables", "take away what was added to mfm's own tables"),
    refused("hard_linked", "take the other names of the file away"),
    refused("live_clinic", "--override SIGN, if you know better"),
    refused("wrong_name", "type the database's own name"),
    refused("name_taken", "choose another name"),
    refused("stale", "plan again"),
    refused("plan_used", "make a new plan to commit the fault again"),
    refused("conflict", "--cascade, --skip-conflicts or --force, as the message says"),
    refused("no_consent", "--yes consents in scripts; the hint says how to look first"),
    refused("recover_first", "run `mfm recover`"),
    refused("foreign_operation", "work from the other journal, or say --beside-journal ID"),
    refused("not_fresh", "`mfm revert --all --target COPY` takes back what the copy carries"),
    refused("records_lost", "`mfm target mark NAME --records-lost` puts the record back; then revert"),
    refused("still_active", "`mfm revert --all` takes operations back; `mfm recover` closes open ones"),
    refused("campaign_other", "revert by the file as it was, or by the operations that the hint names"),
    refused("campaign_gap", "`mfm campaign revert FILE` takes it all back; then apply it anew"),
    refused("protected_file", "choose another path: it is the journal's, a target's or beside one"),
    refused("detector", "look at what the command prints by itself; --judge junit, sarif or json tells findings apart"),
    refused("no_drill", "`mfm drill --list` lists the drills of the journal"),
    refused("no_operation", "`mfm log` lists the operations"),
    refused("not_applied", "`mfm status` lists what is active and open"),
    refused("not_open", "`mfm status` lists what is active and open"),
    refused("server_unconfirmed", "`mfm target add URL` confirms the server, --target URL says it for once"),
    refused("login_unencrypted", "leave encrypt=off out, or say --unencrypted-login HOST beside the URL"),
    refused("folder_untrusted", "name the journal with --journal, or list the folder in your own trusted_folders"),
    refused("no_target", "`mfm target list` lists targets; `mfm target add URL` registers one"),
    refused("which_target", "say --target NAME"),
    refused("other_target", "say --target NAME"),
    refused("agent_calls", "wait as long as the hint says; --calls-per-hour allows more"),
    refused("agent_writes", "wait as long as the hint says; --writes-per-hour allows more"),
    refused("agent_cooldown", "wait as long as the hint says; --cooldown-ms shortens it"),
    refused("agent_breaker", "look at the target; the server tries it again after the time in the hint"),
    refused("agent_arguments", "send what the tool's input schema names, and nothing else"),
    refused("agent_handle", "call the tool again for a new handle"),
    refused("agent_question", "call the tool again"),
    refused("agent_approval", "`mfm approve` lists what waits for a person; `mfm approve CODE` says yes at a terminal"),
    refused("agent_person", "do it yourself at the command line: it needs a typed name"),
    refused("agent_busy", "wait for the answers that are due, then call again"),
    refused("agent_mode", "start the server with --allow for this mode"),
    refused("agent_severity", "start the server with a higher --max-severity"),
    refused("exists", "choose another path or database: labs overwrite nothing"),
    target("target_absent", "check the path, or the database's name; `mfm lab create` makes a lab"),
    target("target_barred", "bring the database online, or have a user made in it for this login"),
    target("target_open", "check that the file is a database and that you may read it"),
    target("target_network", "check host, port and instance, and that the server runs; then `mfm recover`"),
    target("target_tls", "?ca_file=PATH in the URL names the authority that signed the server's certificate"),
    target("target_login", "check user, password and database; --password-file, MFM_MSSQL_PASSWORD or a prompt"),
    target("target_permission", "have the permission granted: docs/sqlserver.md lists each"),
    target("target_timeout", "?connect_timeout_ms or ?statement_timeout_ms in the URL; then `mfm recover`"),
    target("target_deadlock", "try again when the other program is done"),
    target("target_needs_recovery", "run `mfm recover`, which lets the database roll back"),
    target("target_replaced", "`mfm recover --as gone`, if it was replaced on purpose; then mark it anew"),
    target("target_busy", "try again when the other program is done"),
    target("target_full", "make room; then `mfm recover`"),
    target("target_sort_full", "make room where the database sorts: SQLITE_TMPDIR, TMPDIR, or a server's tempdb"),
    target("target_read_only", "give yourself write permission on the file and its folder"),
    target("target_failed", "`mfm recover` says what became of an operation that was under way"),
    target("target_inexact", "use a target whose values can be kept exactly"),
    target("target_mismatch", "plan again when no other program writes"),
    target("import_differs", "do not use this lab, and report it: a cell did not come back as the file has it"),
    target("left_open", "run `mfm recover` when the cause is gone; exit code 5 where the journal was the cause"),
    target("abandoned", "nothing was changed; run the command again when the cause is gone"),
    target("panic", "`mfm recover` closes what was left open; please report it"),
    target("entropy", "the operating system has to offer a source of chance"),
    journal("journal_missing", "name an existing journal; `mfm lab create` and `mfm target add` make one"),
    journal("journal_exists", "choose another path"),
    journal("not_a_journal", "name the journal file itself"),
    journal("journal_newer", "use the version of the program that wrote it, or a later one"),
    journal("journal_busy", "wait until the other process has finished"),
    journal("copy_the_wal", "copy the journal and the file ending in -wal to a folder that can be written"),
    journal(
        "journal_broken",
        "keep the file, it is evidence; `mfm audit verify`, which exits with 1, lists what is wrong",
    ),
    journal("journal_full", "free space where the journal lies"),
    journal("journal_behind", "find the journal's newest copy and work from it; no flag overrides this"),
    journal("journal_database", "audit the journal if this happens again"),
    journal(
        "agents_folder",
        "look at the folder beside the journal that ends in .agents; without it no agent is served",
    ),
    journal("agent_bug", "report it: this is a mistake of the program; `mfm status` says whether anything is open"),
    journal("journal_io", "look at the path and its permissions"),
    journal("journal_moved", "put the journal back with its -wal file, then `mfm status` and `mfm recover`"),
    journal("illegal_order", "look at the operation's entries: its verdict may have been given already"),
    journal("image_not_exact", "a value that has no exact form cannot be journaled, so it must not be changed"),
    journal("body_not_canonical", REPORT),
    journal("journal_read_only", REPORT),
    journal("journal_wrong_lock", REPORT),
    journal("bad_intent", REPORT),
    journal("bad_entry", REPORT),
    journal("entry_kind_reserved", REPORT),
    journal("injected", REPORT),
    error(FailureKind::Interrupted, "interrupted", "nothing was changed; run the command again"),
    error(FailureKind::Found, "fault_stands", "`mfm revert OP` with --skip-conflicts or --force, as the message says"),
    error(
        FailureKind::Found,
        "fault_taken_back",
        "try out what writes neither to the target nor to the journal; drill again",
    ),
    error(FailureKind::Found, "agent_server", "start it again; `mfm status` says whether anything is open"),
    error(
        FailureKind::Found,
        "output",
        "the result could not be written; `mfm log` and `mfm status` say what was done",
    ),
];
