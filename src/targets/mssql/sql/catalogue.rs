//! Queries of SQL Server's catalogue about one table, whose object id is the parameter `@P1`.

use super::marks::SEES;
use super::quote_name;

/// Lists everything that looks like a table: schema, name, kind, object id.
pub(in super::super) const OBJECTS: &str = "SELECT s.name, o.name, RTRIM(o.type), CONVERT(bigint, o.object_id) \
     FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
     WHERE o.type IN ('U', 'V', 'SN') AND o.is_ms_shipped = 0 ORDER BY s.name, o.name";

/// Reads everything about a table, one result each: columns, unique indexes, special features, triggers, CHECK
/// constraints, the foreign keys that it declares and those that refer to it. `has` returns whether a view of the
/// catalogue has a column, which older versions may lack.
pub(in super::super) fn select_table_facts(has: &dyn Fn(&str, &str) -> bool) -> String {
    let parts = [
        select_columns(has),
        UNIQUE.to_owned(),
        select_special_facts(has),
        TRIGGERS.to_owned(),
        CHECKS.to_owned(),
        foreign_keys(true),
        foreign_keys(false),
    ];
    parts.join("; ")
}

/// The columns of a table.
fn select_columns(has: &dyn Fn(&str, &str) -> bool) -> String {
    let [masked, encryption, graph] = [("is_masked", "0"), ("encryption_type", "NULL"), ("graph_type", "NULL")].map(
        |(column, otherwise)| match has("columns", column) {
            true => format!("CONVERT(bigint, c.{column})"),
            false => format!("CONVERT(bigint, {otherwise})"),
        },
    );
    format!(
        "SELECT c.name, ISNULL(b.name, y.name), CONVERT(bigint, c.max_length), CONVERT(bigint, c.precision), \
         CONVERT(bigint, c.scale), c.collation_name, \
         CONVERT(bigint, CONVERT(int, COLLATIONPROPERTY(c.collation_name, 'CodePage'))), \
         CONVERT(bigint, c.is_nullable), CONVERT(bigint, c.is_computed), CONVERT(bigint, c.is_identity), \
         CONVERT(bigint, c.is_column_set), {masked}, {encryption}, {graph} \
         FROM sys.columns AS c JOIN sys.types AS y ON y.user_type_id = c.user_type_id \
         LEFT JOIN sys.types AS b ON b.user_type_id = y.system_type_id AND y.is_user_defined = 1 \
         WHERE c.object_id = CONVERT(int, @P1) ORDER BY c.column_id"
    )
}

/// The columns of a table's enabled unique indexes, the primary key first: index, primary, filtered, column, nullable.
const UNIQUE: &str = "SELECT i.name, CONVERT(bigint, i.is_primary_key), \
     CONVERT(bigint, i.has_filter), c.name, CONVERT(bigint, c.is_nullable), CONVERT(bigint, i.index_id) \
     FROM sys.indexes AS i \
     JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.key_ordinal > 0 \
     JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id \
     WHERE i.object_id = CONVERT(int, @P1) AND i.is_unique = 1 AND i.is_disabled = 0 AND i.is_hypothetical = 0 \
     ORDER BY i.is_primary_key DESC, i.index_id, x.key_ordinal";

/// Reads the special features of a table as one row: NULL or 0 for a feature that it does not have.
fn select_special_facts(has: &dyn Fn(&str, &str) -> bool) -> String {
    let columns = ["temporal_type", "ledger_type", "is_memory_optimized", "is_external", "is_node", "is_edge"];
    let columns = columns.map(|column| match has("tables", column) {
        true => format!("CONVERT(bigint, t.{column})"),
        false => "CONVERT(bigint, 0)".to_owned(),
    });
    let newer = columns.join(", ");
    let durability = if has("databases", "delayed_durability") {
        "(SELECT CONVERT(bigint, d.delayed_durability) FROM sys.databases AS d WHERE d.database_id = DB_ID())"
    } else {
        "CONVERT(bigint, 0)"
    };
    let policies = if has("security_policies", "is_enabled") {
        "(SELECT MAX(p.name) FROM sys.security_policies AS p \
         JOIN sys.security_predicates AS q ON q.object_id = p.object_id \
         WHERE q.target_object_id = t.object_id AND p.is_enabled = 1)"
    } else {
        "CONVERT(nvarchar(128), NULL)"
    };
    let tracking = if has("change_tracking_tables", "is_track_columns_updated_on") {
        "(SELECT COUNT_BIG(*) FROM sys.change_tracking_tables AS k WHERE k.object_id = t.object_id)"
    } else {
        "CONVERT(bigint, 0)"
    };
    format!(
        "SELECT {newer}, CONVERT(bigint, t.is_filetable), CONVERT(bigint, t.is_replicated), \
         CONVERT(bigint, t.is_published), CONVERT(bigint, t.is_merge_published), \
         CONVERT(bigint, t.is_tracked_by_cdc), {tracking}, {policies}, {durability}, \
         CONVERT(bigint, HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'UNMASK')), {HIDDEN} \
         FROM sys.tables AS t WHERE t.object_id = CONVERT(int, @P1)"
    )
}

/// Whether the table's properties report triggers, or foreign keys that refer to it, none of which this login can see.
const HIDDEN: &str = "CASE WHEN ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasInsertTrigger'), 0) + \
     ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasUpdateTrigger'), 0) + \
     ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasDeleteTrigger'), 0) > 0 \
     AND NOT EXISTS (SELECT 1 FROM sys.triggers AS g WHERE g.parent_id = t.object_id) THEN 1 \
     WHEN ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasForeignRef'), 0) > 0 \
     AND NOT EXISTS (SELECT 1 FROM sys.foreign_keys AS f WHERE f.referenced_object_id = t.object_id) THEN 1 ELSE 0 END";

/// The enabled triggers on a table and their events.
const TRIGGERS: &str = "SELECT g.name, e.type_desc FROM sys.triggers AS g \
     LEFT JOIN sys.trigger_events AS e ON e.object_id = g.object_id \
     WHERE g.parent_id = CONVERT(int, @P1) AND g.is_disabled = 0 ORDER BY g.name, e.type_desc";

/// The enabled CHECK constraints of a table.
const CHECKS: &str = "SELECT k.name, k.definition FROM sys.check_constraints AS k \
     WHERE k.parent_object_id = CONVERT(int, @P1) AND k.is_disabled = 0 ORDER BY k.name";

/// Reads the default of a column, as an expression of SQL.
pub(in super::super) const DEFAULT: &str = "SELECT d.definition FROM sys.default_constraints AS d \
     JOIN sys.columns AS c ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id \
     WHERE d.parent_object_id = CONVERT(int, @P1) AND c.name = @P2";

/// Reads the enforced foreign keys that a table declares (`declared`) or that refer to it: name; schema, table and
/// column of the child; schema, table and column of the parent; what a delete of a parent row does.
fn foreign_keys(declared: bool) -> String {
    let side = if declared { "parent_object_id" } else { "referenced_object_id" };
    format!(
        "SELECT f.name, cs.name, ct.name, cc.name, ps.name, pt.name, pc.name, \
         f.delete_referential_action_desc, f.update_referential_action_desc FROM sys.foreign_keys AS f \
         JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id \
         JOIN sys.tables AS ct ON ct.object_id = f.parent_object_id \
         JOIN sys.schemas AS cs ON cs.schema_id = ct.schema_id \
         JOIN sys.columns AS cc ON cc.object_id = k.parent_object_id AND cc.column_id = k.parent_column_id \
         JOIN sys.tables AS pt ON pt.object_id = f.referenced_object_id \
         JOIN sys.schemas AS ps ON ps.schema_id = pt.schema_id \
         JOIN sys.columns AS pc ON pc.object_id = k.referenced_object_id AND pc.column_id = k.referenced_column_id \
         WHERE f.{side} = CONVERT(int, @P1) AND f.is_disabled = 0 ORDER BY f.name, k.constraint_column_id"
    )
}

/// Reads whether the login may SELECT, INSERT, UPDATE, DELETE and ALTER the table `@P1` of the schema `@P2`.
pub(in super::super) fn select_permissions() -> String {
    let all = ["SELECT", "INSERT", "UPDATE", "DELETE", "ALTER"].map(|what| permission_expression("@P1", "@P2", what));
    format!("SELECT {}", all.join(", "))
}

/// Reads whether the login may SELECT mfm's marker, and SELECT and INSERT its operations; yes where it sees no marker.
pub(in super::super) fn own_permissions() -> String {
    let own = |table: &str, what: &str| {
        let may = permission_expression(&format!("N'[dbo].[{table}]'"), "N'[dbo]'", what);
        format!(
            "CASE WHEN OBJECT_ID(N'dbo.{table}', N'U') IS NOT NULL THEN {may} \
             WHEN OBJECT_ID(N'dbo.mfm_marker', N'U') IS NULL THEN 1 ELSE CONVERT(bigint, {SEES}) END"
        )
    };
    let (marker, operation) = ("mfm_marker", "mfm_operation");
    let all = [own(marker, "SELECT"), own(operation, "SELECT"), own(operation, "INSERT")];
    format!("SELECT {}", all.join(", "))
}

/// Returns the expression for a permission on a table. Where the server answers NULL for the table, its schema decides,
/// then whether the login owns the database.
fn permission_expression(table: &str, schema: &str, what: &str) -> String {
    format!(
        "CONVERT(bigint, COALESCE(HAS_PERMS_BY_NAME({table}, N'OBJECT', N'{what}'), \
         NULLIF(HAS_PERMS_BY_NAME({schema}, N'SCHEMA', N'{what}'), 0), \
         CASE WHEN USER_NAME() = N'dbo' THEN 1 END, IS_MEMBER(N'db_owner'), 0))"
    )
}

/// Returns a collation's name if it can stand in SQL as it is: names of collations cannot be quoted.
pub(in super::super) fn collation_name(name: &str) -> Option<&str> {
    let word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    word.then_some(name)
}

/// Enables or disables a trigger.
pub(in super::super) fn switch_trigger(table: &str, trigger: &str, on: bool) -> String {
    let word = if on { "ENABLE" } else { "DISABLE" };
    format!("ALTER TABLE {table} {word} TRIGGER {}", quote_name(trigger))
}
