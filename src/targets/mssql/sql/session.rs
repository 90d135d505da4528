//! Statements about the session itself: settings, transactions, the database's identity.

/// Sets every option of a session that results and writes depend on, whatever the defaults of server, database, driver
/// and login.
///
/// LANGUAGE comes before DATEFORMAT and DATEFIRST, because it sets both as well.
pub(in super::super) const SETTINGS: &str = "SET IMPLICIT_TRANSACTIONS OFF; SET XACT_ABORT ON; SET NOCOUNT ON; \
     SET ROWCOUNT 0; SET TEXTSIZE 2147483647; SET LANGUAGE us_english; SET DATEFORMAT ymd; SET DATEFIRST 7; \
     SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ANSI_NULL_DFLT_ON ON; SET ARITHABORT ON; \
     SET ARITHIGNORE OFF; SET CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF; SET QUOTED_IDENTIFIER ON; \
     SET CURSOR_CLOSE_ON_COMMIT OFF; SET FORCEPLAN OFF; SET DEADLOCK_PRIORITY NORMAL; \
     SET TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Prepares a session for writing: sets how long it waits for the locks of other programs, and that it reads committed
/// rows only.
pub(in super::super) fn begin_session(wait_ms: u64) -> String {
    format!("SET LOCK_TIMEOUT {wait_ms}; SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
}

/// Returns a batch that runs a statement and answers how many rows it wrote. The count is a result of its own, because
/// settings of the session and triggers change the counts that the server reports by itself.
pub(in super::super) fn count_written(statement: &str) -> String {
    format!("{statement}; SELECT CONVERT(bigint, ROWCOUNT_BIG())")
}

/// Asks, in `master`, about another database: its id, whether this login sees all databases, its state, who may enter.
pub(in super::super) const DATABASE: &str = "SELECT CONVERT(bigint, DB_ID(@P1)), \
     CONVERT(bigint, HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DATABASE')), \
     CONVERT(nvarchar(128), DATABASEPROPERTYEX(@P1, 'Status')), \
     CONVERT(nvarchar(128), DATABASEPROPERTYEX(@P1, 'UserAccess'))";

/// Begins a transaction that sees one state: with row versions, which block no writer, or else with locks.
pub(in super::super) fn begin_read(snapshots: bool, wait_ms: u64) -> String {
    let level = if snapshots { "SNAPSHOT" } else { "SERIALIZABLE" };
    format!("SET LOCK_TIMEOUT {wait_ms}; SET TRANSACTION ISOLATION LEVEL {level}; BEGIN TRANSACTION")
}

/// Begins a transaction that writes. It locks what it reads by hints in the queries.
pub(in super::super) fn begin_write(wait_ms: u64) -> String {
    format!("SET LOCK_TIMEOUT {wait_ms}; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION")
}

/// Commits. Delayed durability is neither forced by the database nor asked for, so the commit is on disk when the
/// server answers.
pub(in super::super) const COMMIT: &str = "COMMIT TRANSACTION";
/// Begins a rehearsal.
pub(in super::super) const SAVE: &str = "SAVE TRANSACTION mfm_rehearsal";
/// Rolls a rehearsal back.
pub(in super::super) const ROLLBACK_TO_SAVE: &str = "ROLLBACK TRANSACTION mfm_rehearsal";
/// Rolls back the transaction, if one is open.
pub(in super::super) const ROLLBACK: &str = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION";

/// Reads the database's identity: server, name, id, creation date, broker guid, whether it allows snapshot isolation,
/// the default schema, whether it is read-only, the name of the login's user.
pub(in super::super) const IDENTITY: &str = "SELECT CONVERT(nvarchar(256), SERVERPROPERTY('ServerName')), DB_NAME(), \
     CONVERT(bigint, DB_ID()), CONVERT(nvarchar(40), d.create_date, 126), \
     CONVERT(nvarchar(40), d.service_broker_guid), CONVERT(bigint, d.snapshot_isolation_state), SCHEMA_NAME(), \
     CONVERT(bigint, d.is_read_only), USER_NAME() \
     FROM sys.databases AS d WHERE d.database_id = DB_ID()";

/// Columns that some versions of the catalogue lack.
pub(in super::super) const OPTIONAL: &str = "SELECT OBJECT_NAME(c.object_id), c.name FROM sys.all_columns AS c \
     WHERE c.object_id IN (OBJECT_ID('sys.databases'), OBJECT_ID('sys.tables'), OBJECT_ID('sys.columns'), \
     OBJECT_ID('sys.security_policies'), OBJECT_ID('sys.change_tracking_tables')) \
     AND c.name IN ('delayed_durability', 'temporal_type', 'ledger_type', 'is_node', 'is_edge', 'is_external', \
     'is_memory_optimized', 'is_masked', 'encryption_type', 'graph_type', 'is_enabled', 'is_track_columns_updated_on')";

/// Whether this login may see other sessions.
pub(in super::super) const MAY_SEE_SESSIONS: &str = "SELECT CONVERT(bigint, \
     ISNULL(HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE'), 0) + \
     ISNULL(HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER PERFORMANCE STATE'), 0))";
/// The other programs connected to this database.
pub(in super::super) const SESSIONS: &str = "SELECT DISTINCT CONVERT(nvarchar(256), s.program_name), \
     CONVERT(nvarchar(256), s.host_name) FROM sys.dm_exec_sessions AS s \
     WHERE s.database_id = DB_ID() AND s.session_id <> @@SPID";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k10_a_session_says_every_option_that_a_server_may_set_by_itself() {
        // The bits of `sp_configure 'user options'`, and what drivers, logins and languages set.
        for option in [
            "IMPLICIT_TRANSACTIONS OFF",
            "CURSOR_CLOSE_ON_COMMIT OFF",
            "ANSI_WARNINGS ON",
            "ANSI_PADDING ON",
            "ANSI_NULLS ON",
            "ARITHABORT ON",
            "ARITHIGNORE OFF",
            "QUOTED_IDENTIFIER ON",
            "NOCOUNT ON",
            "ANSI_NULL_DFLT_ON ON",
            "CONCAT_NULL_YIELDS_NULL ON",
            "NUMERIC_ROUNDABORT OFF",
            "XACT_ABORT ON",
            "ROWCOUNT 0",
            "TEXTSIZE 2147483647",
            "LANGUAGE us_english",
            "DATEFORMAT ymd",
            "DATEFIRST 7",
            "DEADLOCK_PRIORITY NORMAL",
            "TRANSACTION ISOLATION LEVEL READ COMMITTED",
        ] {
            assert!(SETTINGS.split("; ").any(|said| said == format!("SET {option}")), "{option}");
        }
        let at = |word: &str| SETTINGS.find(word).unwrap();
        assert!(at("LANGUAGE") < at("DATEFORMAT") && at("LANGUAGE") < at("DATEFIRST"), "a language sets both");
        assert!(begin_read(true, 1).contains("LOCK_TIMEOUT 1") && begin_write(2).contains("LOCK_TIMEOUT 2"));
    }

    #[test]
    fn k10_rows_are_counted_in_the_statement_s_own_batch() {
        assert_eq!(count_written("DELETE t"), "DELETE t; SELECT CONVERT(bigint, ROWCOUNT_BIG())");
    }
}
