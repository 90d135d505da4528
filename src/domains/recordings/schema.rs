//! The generation of the recorder that made a file. No recording states it, so it is inferred from tables and columns.

use schemars::JsonSchema;
use serde::Serialize;

pub use super::tables::*;

/// A generation of recordings, oldest first. Those with one shared counter of body ids and with two counters have the
/// same tables, and are distinguished by ids alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// States are not linked to bodies or frames.
    LooseStates,
    /// Bodies have states in frames; no solver constraint is recorded.
    NoConstraints,
    /// Contact constraints, and friction constraints without tangential impulses.
    NormalImpulses,
    /// Contact constraints and friction constraints.
    TwoConstraints,
    /// One constraint per contact point, friction included.
    UnifiedConstraints,
}

/// The tables and columns that a file declares.
pub trait Declared {
    /// Returns whether the file has a table.
    fn has_table(&self, table: &str) -> bool;
    /// Returns whether the file has a table with such a column.
    fn has_column(&self, table: &str, column: &str) -> bool;
}

impl Generation {
    /// Returns the generation of a file; `None` where it has none of the tables that only recordings have.
    #[must_use]
    pub fn detect(declared: &dyn Declared) -> Option<Self> {
        // Tables such as MeshRecord are in asset databases too.
        if !TABLES.iter().any(|table| table.distinctive && declared.has_table(table.name)) {
            return None;
        }
        let has_friction = declared.has_table(FRICTION.name);
        // The newest first: each generation kept the tables of the one before, or replaced them.
        Some(if declared.has_table(UNIFIED.name) {
            Self::UnifiedConstraints
        } else if has_friction && declared.has_column(FRICTION.name, "tangent1_lambda") {
            Self::TwoConstraints
        } else if has_friction || declared.has_table(CONTACT.name) {
            Self::NormalImpulses
        } else if declared.has_table(BODY_STATE.name) {
            Self::NoConstraints
        } else {
            Self::LooseStates
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct DeclaredTables<'t>(&'t [(&'static str, &'static [&'static str])]);

    impl Declared for DeclaredTables<'_> {
        fn has_table(&self, table: &str) -> bool {
            self.0.iter().any(|(name, _)| *name == table)
        }

        fn has_column(&self, table: &str, column: &str) -> bool {
            self.0.iter().any(|(name, columns)| *name == table && columns.contains(&column))
        }
    }

    #[test]
    fn generations_are_told_by_tables_and_columns() {
        let detect = |tables: &[(&'static str, &'static [&'static str])]| Generation::detect(&DeclaredTables(tables));
        let state = ("AssetDynamicStateRecord", &[] as &[_]);
        assert_eq!(detect(&[("ObjectRecord", &[]), ("MeshRecord", &[])]), None, "an asset database");
        assert_eq!(detect(&[("InertialStateRecord", &[])]), Some(Generation::LooseStates));
        assert_eq!(detect(&[state]), Some(Generation::NoConstraints));
        assert_eq!(detect(&[state, ("FrictionConstraintRecord", &[])]), Some(Generation::NormalImpulses));
        let friction = ("FrictionConstraintRecord", &["tangent1_lambda"] as &[_]);
        assert_eq!(detect(&[state, friction]), Some(Generation::TwoConstraints));
        assert_eq!(detect(&[state, ("UnifiedContactConstraintRecord", &[])]), Some(Generation::UnifiedConstraints));
    }

    #[test]
    fn every_table_but_the_junctions_has_an_id_first() {
        for table in TABLES {
            let first = table.columns.first().map(|(name, _)| *name);
            assert_eq!(table.key.is_empty(), first != Some("id"), "{}", table.name);
            let mut names: Vec<_> = table.columns.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
    }
}
