//! Queries of SQL Server's catalogue about the two tables that mfm leaves in a target.

const OURS: &str = "(OBJECT_ID(N'dbo.mfm_marker'), OBJECT_ID(N'dbo.mfm_operation'))";

/// Reads everything about both tables, one result each: objects with their names, columns, indexes, triggers, features
/// that the tables' own properties report, foreign keys, CHECK constraints, and triggers on declarations.
///
/// The properties are asked as well because a login may not see the triggers and keys themselves.
pub(in super::super) fn select_own_facts() -> String {
    let parts = [
        "SELECT o.name, RTRIM(o.type) FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
         WHERE s.name = N'dbo' AND o.name IN (N'mfm_marker', N'mfm_operation') ORDER BY o.name"
            .to_owned(),
        format!(
            "SELECT OBJECT_NAME(c.object_id), c.name, ISNULL(b.name, y.name), CONVERT(bigint, c.max_length), \
             CONVERT(bigint, c.is_nullable), CONVERT(bigint, c.is_computed), CONVERT(bigint, c.is_identity) \
             FROM sys.columns AS c JOIN sys.types AS y ON y.user_type_id = c.user_type_id \
             LEFT JOIN sys.types AS b ON b.user_type_id = y.system_type_id AND y.is_user_defined = 1 \
             WHERE c.object_id IN {OURS} ORDER BY c.object_id, c.column_id"
        ),
        format!(
            "SELECT OBJECT_NAME(i.object_id), CONVERT(bigint, i.index_id), CONVERT(bigint, i.is_primary_key), \
             CONVERT(bigint, i.is_unique), CONVERT(bigint, i.is_disabled), CONVERT(bigint, i.has_filter), c.name \
             FROM sys.indexes AS i \
             JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id \
             JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id \
             WHERE i.object_id IN {OURS} ORDER BY i.object_id, i.index_id, x.key_ordinal"
        ),
        format!(
            "SELECT OBJECT_NAME(g.parent_id), g.name FROM sys.triggers AS g WHERE g.parent_id IN {OURS} ORDER BY g.name"
        ),
        format!(
            "SELECT t.name, CONVERT(bigint, ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasInsertTrigger'), 0) + \
             ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasUpdateTrigger'), 0) + \
             ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasDeleteTrigger'), 0)), \
             CONVERT(bigint, ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasForeignRef'), 0) + \
             ISNULL(OBJECTPROPERTY(t.object_id, 'TableHasForeignKey'), 0)), \
             CONVERT(bigint, t.is_replicated) + CONVERT(bigint, t.is_published) + \
             CONVERT(bigint, t.is_merge_published) + CONVERT(bigint, t.is_tracked_by_cdc) + \
             ISNULL(CONVERT(bigint, OBJECTPROPERTY(t.object_id, 'TableTemporalType')), 0) \
             FROM sys.tables AS t WHERE t.object_id IN {OURS} ORDER BY t.name"
        ),
        format!(
            "SELECT f.name, OBJECT_NAME(f.parent_object_id), OBJECT_NAME(f.referenced_object_id) \
             FROM sys.foreign_keys AS f \
             WHERE f.parent_object_id IN {OURS} OR f.referenced_object_id IN {OURS} ORDER BY f.name"
        ),
        format!(
            "SELECT OBJECT_NAME(k.parent_object_id), k.name FROM sys.check_constraints AS k \
             WHERE k.parent_object_id IN {OURS} ORDER BY k.name"
        ),
        "SELECT g.name FROM sys.triggers AS g WHERE g.parent_class = 0 AND g.is_disabled = 0 ORDER BY g.name"
            .to_owned(),
    ];
    parts.join("; ")
}
