//! What a session asks and says of itself: settings, transactions, the database's identity; touches no table.

/// Every setting of a session that results and writes depend on, whatever server, database, driver and login default
/// to.
///
/// The language comes before the order of dates and the first day of a week, which it sets too.
pub(in super::super) const SETTINGS: &str = "SET IMPLICIT_TRANSACTIONS OFF; SET XACT_ABORT ON; SET NOCOUNT ON; \
     SET ROWCOUNT 0; SET TEXTSIZE 2147483647; SET LANGUAGE us_english; SET DATEFORMAT ymd; SET DATEFIRST 7; \
     SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ANSI_NULL_DFLT_ON ON; SET ARITHABORT ON; \
     SET ARITHIGNORE OFF; SET CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF; SET QUOTED_IDENTIFIER ON; \
     SET CURSOR_CLOSE_ON_COMMIT OFF; SET FORCEPLAN OFF; SET DEADLOCK_PRIORITY NORMAL; \
     SET TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Prepares a session for writing: waits so long for somebody else's locks from now on, and reads what is committed.
pub(in super::super) fn begin_session(wait_ms: u64) -> String {
    format!("SET LOCK_TIMEOUT {wait_ms}; SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
}

/// Returns a statement that answers how many rows it wrote: counted in its own batch, because a session's settings and
/// triggers decide what the server reports of itself.
pub(in super::super) fn count_written(statement: &str) -> String {
    format!("{statement}; SELECT CONVERT(bigint, ROWCOUNT_BIG())")
}

/// Asks in `master` of another database: its number, whether this login sees all there are, its state, who may enter.
pub(in super::super) const DATABASE: &str = "SELECT CONVERT(bigint, DB_ID(@P1)), \
     CONVERT(bigint, HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DATABASE')), \
     CONVERT(nvarchar(128), DATABASEPROPERTYEX(@P1, 'Status')), \
     CONVERT(nvarchar(128), DATABASEPROPERTYEX(@P1, 'UserAccess'))";

/// Begins a transaction that sees one state: by versions of rows, which keeps nobody from writing, or else by locks.
pub(in super::super) fn begin_read(snapshots: bool, wait_ms: u64) -> String {
    let level = if snapshots { "SNAPSHOT" } else { "SERIALIZABLE" };
    format!("SET LOCK_TIMEOUT {wait_ms}; SET TRANSACTION ISOLATION LEVEL {level}; BEGIN TRANSACTION")
}

/// Begins a transaction that writes; what it reads it locks by hints.
pub(in super::super) fn begin_write(wait_ms: u64) -> String {
    format!("SET LOCK_TIMEOUT {wait_ms}; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION")
}

/// Makes it durable: with delayed durability neither forced nor asked for, the commit is on disk when it is answered.
pub(in super::super) const COMMIT: &str = "COMMIT TRANSACTION";
/// Where a rehearsal begins.
pub(in super::super) const SAVE: &str = "SAVE TRANSACTION mfm_rehearsal";
/// Takes a rehearsal back.
pub(in super::super) const ROLLBACK_TO_SAVE: &str = "ROLLBACK TRANSACTION mfm_rehearsal";
/// Takes back whatever is open.
pub(in super::super) const ROLLBACK: &str = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION";

/// The database's identity and ways: server, name, id, creation, broker, collation, snapshots, default schema,
/// read-only, the name of the login's user.
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
