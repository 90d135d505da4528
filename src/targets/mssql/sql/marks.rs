//! Statements about the two tables that mfm leaves in a target, `dbo.mfm_marker` and `dbo.mfm_operation`.

/// Whether this login would see every table of the schema `dbo`: 0 where it sees only what it was granted by name.
pub(super) const SEES: &str = "ISNULL(HAS_PERMS_BY_NAME(N'dbo', N'SCHEMA', N'SELECT'), 0) + \
     ISNULL(HAS_PERMS_BY_NAME(N'dbo', N'SCHEMA', N'VIEW DEFINITION'), 0) + \
     ISNULL(HAS_PERMS_BY_NAME(N'dbo', N'SCHEMA', N'ALTER'), 0) + \
     CASE WHEN USER_NAME() = N'dbo' THEN 1 ELSE 0 END + ISNULL(IS_MEMBER(N'db_owner'), 0)";

/// Reads the marker; or, where its table is not seen, one column that tells whether this login would see it.
pub(in super::super) fn select_marker() -> String {
    format!(
        "IF OBJECT_ID(N'dbo.mfm_marker', N'U') IS NOT NULL \
         SELECT TOP (2) marker_id, bound, at_us, actor FROM dbo.mfm_marker ELSE SELECT CONVERT(bigint, {SEES})"
    )
}
/// Counts the tables of operations: 0 or 1.
pub(in super::super) const HAS_OPERATIONS: &str =
    "SELECT CONVERT(bigint, COUNT(*)) FROM sys.tables WHERE object_id = OBJECT_ID(N'dbo.mfm_operation', N'U')";
/// Counts how many of the two tables exist.
pub(in super::super) const HAS_BOTH: &str = "SELECT CONVERT(bigint, COUNT(*)) FROM sys.tables \
     WHERE object_id IN (OBJECT_ID(N'dbo.mfm_marker', N'U'), OBJECT_ID(N'dbo.mfm_operation', N'U'))";

const IF_ANY: &str = "IF OBJECT_ID(N'dbo.mfm_operation', N'U') IS NOT NULL ";

/// Finds the row of a uid.
pub(in super::super) fn select_operation() -> String {
    format!("{IF_ANY}SELECT uid, journal_id, op, state FROM dbo.mfm_operation WHERE uid = CONVERT(char(64), @P1)")
}

/// Finds the row of a journal's operation by its number.
pub(in super::super) fn operation_at() -> String {
    format!(
        "{IF_ANY}SELECT uid, journal_id, op, state FROM dbo.mfm_operation \
         WHERE journal_id = CONVERT(char(64), @P1) AND op = @P2"
    )
}

/// Finds the newest row of a journal.
pub(in super::super) fn select_newest_operation() -> String {
    format!(
        "{IF_ANY}SELECT TOP (1) uid, journal_id, op, state FROM dbo.mfm_operation \
         WHERE journal_id = CONVERT(char(64), @P1) ORDER BY op DESC"
    )
}

/// Lists all rows of a journal.
pub(in super::super) fn select_operations() -> String {
    format!(
        "{IF_ANY}SELECT uid, journal_id, op, state FROM dbo.mfm_operation \
         WHERE journal_id = CONVERT(char(64), @P1) ORDER BY op"
    )
}

/// Lists the journals.
pub(in super::super) fn select_journals() -> String {
    format!("{IF_ANY}SELECT DISTINCT journal_id FROM dbo.mfm_operation ORDER BY journal_id")
}

/// Inserts an operation's row.
pub(in super::super) const INSERT_OPERATION: &str = "INSERT INTO dbo.mfm_operation (uid, journal_id, op, state, at_us) \
     VALUES (CONVERT(char(64), @P1), CONVERT(char(64), @P2), @P3, CONVERT(varchar(9), @P4), @P5)";
/// Creates the marker's table, where it does not exist.
pub(in super::super) const CREATE_MARKER: &str = "IF OBJECT_ID(N'dbo.mfm_marker', N'U') IS NULL \
     CREATE TABLE dbo.mfm_marker (marker_id char(32) NOT NULL CONSTRAINT mfm_marker_id PRIMARY KEY, \
     bound nvarchar(max) NOT NULL, at_us bigint NOT NULL, actor nvarchar(max) NOT NULL)";
/// Creates the table of operations, where it does not exist.
pub(in super::super) const CREATE_OPERATIONS: &str = "IF OBJECT_ID(N'dbo.mfm_operation', N'U') IS NULL \
     CREATE TABLE dbo.mfm_operation (uid char(64) NOT NULL CONSTRAINT mfm_operation_uid PRIMARY KEY, \
     journal_id char(64) NOT NULL, op bigint NOT NULL, state varchar(9) NOT NULL \
     CONSTRAINT mfm_operation_state CHECK (state IN ('committed', 'abandoned')), at_us bigint NOT NULL, \
     CONSTRAINT mfm_operation_number UNIQUE (journal_id, op))";
/// Deletes the marker.
pub(in super::super) const DELETE_MARKER: &str = "DELETE FROM dbo.mfm_marker";
/// Inserts a marker.
pub(in super::super) const INSERT_MARKER: &str =
    "INSERT INTO dbo.mfm_marker (marker_id, bound, at_us, actor) VALUES (CONVERT(char(32), @P1), @P2, @P3, @P4)";
/// Drops both tables.
pub(in super::super) const DROP_MARKS: [&str; 2] = [
    "IF OBJECT_ID(N'dbo.mfm_marker', N'U') IS NOT NULL DROP TABLE dbo.mfm_marker",
    "IF OBJECT_ID(N'dbo.mfm_operation', N'U') IS NOT NULL DROP TABLE dbo.mfm_operation",
];
