//! What a session asks and says of itself: settings, transactions, the database's identity; touches no table.

/// Settings that results and writes depend on; the rest of a session is the server's default.
pub(in super::super) const SETTINGS: &str = "SET XACT_ABORT ON; SET ANSI_NULLS ON; SET ANSI_PADDING ON; \
     SET ANSI_WARNINGS ON; SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF; \
     SET QUOTED_IDENTIFIER ON; SET DATEFORMAT ymd; SET IMPLICIT_TRANSACTIONS OFF";

/// Waits so long for somebody else's locks from now on.
pub(in super::super) fn lock_timeout(wait_ms: u64) -> String {
    format!("SET LOCK_TIMEOUT {wait_ms}")
}

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

/// The database's identity and ways: server, name, id, creation, broker, collation, snapshots, default schema, read-only,
/// the login's name.
pub(in super::super) const IDENTITY: &str = "SELECT CONVERT(nvarchar(256), SERVERPROPERTY('ServerName')), DB_NAME(), \
     CONVERT(bigint, DB_ID()), CONVERT(nvarchar(40), d.create_date, 126), \
     CONVERT(nvarchar(40), d.service_broker_guid), CONVERT(bigint, d.snapshot_isolation_state), SCHEMA_NAME(), \
     CONVERT(bigint, d.is_read_only), SUSER_SNAME() \
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
