//! What was ordered: prescriptions and the fields planned for them, gathered once for all checks that compare
//! deliveries and doses with them. Reads no database.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::fields::{FIELDS, MACHINE, SET};
use super::lookup::{Lookup, LookupId};
use super::machines::is_treatment;
use crate::model::{Key, Row};

pub(super) const SITES: &str = "Site";

/// The columns from which orders are gathered, by table.
pub(super) const ORDER_COLUMNS: [(&str, &[&str]); 2] = [
    (
        SITES,
        &[
            "SIT_ID",
            "SIT_SET_ID",
            "Version",
            "Create_DtTm",
            "Sanct_DtTm",
            "Status_Enum",
            "Dose_Tx",
            "Dose_Ttl",
            "Fractions",
            "Frac_Pattern",
        ],
    ),
    (
        FIELDS,
        &[
            "FLD_ID",
            SET,
            "SIT_Set_ID",
            "Version",
            "Create_DtTm",
            "Sanct_DtTm",
            "Type_Enum",
            "Modality_Enum",
            "Cgray",
            "Meterset",
            "Fractions_Tx",
            MACHINE,
        ],
    ),
];

/// How often the text of a prescription says that the patient comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FractionPattern {
    /// It says nothing, or nothing that is understood.
    Unknown,
    Daily,
    TwiceDaily,
    /// Not on consecutive days.
    Spaced,
}

impl FractionPattern {
    /// Reads Site.Frac_Pattern.
    pub(super) fn from_text(text: &str) -> Self {
        let text = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["bid", "b.i.d", "twice", "2x/d", "2/day", "two a day", "2 x d", "2x d"]) {
            Self::TwiceDaily
        } else if has(&["other", "altern", "qod", "3x", "2x/w", "1x/w", "weekly"]) {
            Self::Spaced
        } else if has(&["daily", "qd", "5x", "every day", "1x/d"]) {
            Self::Daily
        } else {
            Self::Unknown
        }
    }
}

/// A version of a prescription.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) key: Key,
    /// SIT_SET_ID.
    pub(super) set: LookupId,
    is_current: bool,
    /// Dose_Tx, cGy a fraction, if above 0.
    pub(super) dose_cgy: Option<f64>,
    /// Fractions, if above 0.
    pub(super) fractions: Option<i64>,
    /// Whether Fractions says that there are none.
    pub(super) has_no_fractions: bool,
    pub(super) pattern: FractionPattern,
    pub(super) created: Option<DateTime>,
    pub(super) approved: Option<DateTime>,
    /// Status_Enum.
    pub(super) status: Option<i64>,
}

/// A version of a field.
#[derive(Clone, Debug)]
pub(super) struct PlannedField {
    /// FLD_SET_ID, or the FLD_ID where there is none.
    pub(super) set: LookupId,
    /// SIT_SET_ID of its prescription.
    pub(super) site: LookupId,
    pub(super) machine: LookupId,
    /// Type_Enum.
    pub(super) kind: Option<i64>,
    /// Modality_Enum: 1 X-rays, 2 electrons.
    pub(super) modality: Option<i64>,
    pub(super) is_current: bool,
    /// Cgray, cGy a fraction.
    pub(super) dose_cgy: Option<f64>,
    /// MU.
    pub(super) meterset: Option<f64>,
    /// Fractions_Tx: fractions given so far.
    pub(super) given: Option<i64>,
    pub(super) created: Option<DateTime>,
    pub(super) approved: Option<DateTime>,
}

impl PlannedField {
    /// Tells whether it treats: by its type, and unless its dose is 0.
    pub(super) fn is_treatment(&self) -> bool {
        is_treatment(self.kind) && self.dose_cgy != Some(0.0)
    }
}

/// All prescriptions and fields.
#[derive(Debug, Default)]
pub(super) struct Orders {
    sites: Lookup<Order>,
    /// The current version of every prescription: SIT_ID by SIT_SET_ID.
    current: BTreeMap<LookupId, LookupId>,
    fields: Lookup<PlannedField>,
    /// FLD_ID of the current treatment fields of a prescription, by SIT_SET_ID.
    by_site: BTreeMap<LookupId, Vec<LookupId>>,
}

impl Orders {
    /// Adds rows of either table; other tables are ignored.
    pub(super) fn add_rows(&mut self, table: &str, rows: &[Row<'_>]) {
        match table {
            SITES => rows.iter().for_each(|row| self.add_site(row)),
            FIELDS => rows.iter().for_each(|row| self.add_field(row)),
            _ => {}
        }
    }

    fn add_site(&mut self, row: &Row<'_>) {
        let id = LookupId::from_cell(row.cell("SIT_ID"));
        let order = Order {
            key: row.key(),
            set: LookupId::from_cell(row.cell("SIT_SET_ID")),
            is_current: is_current(row),
            dose_cgy: row.float("Dose_Tx").filter(|dose| *dose > 0.0),
            fractions: row.integer("Fractions").filter(|count| *count > 0),
            has_no_fractions: row.integer("Fractions").is_some_and(|count| count <= 0),
            pattern: FractionPattern::from_text(row.text("Frac_Pattern").unwrap_or_default()),
            created: read_wall(row, "Create_DtTm"),
            approved: read_wall(row, "Sanct_DtTm"),
            status: row.integer("Status_Enum"),
        };
        if order.is_current && !order.set.is_null() {
            self.current.insert(order.set.clone(), id.clone());
        }
        self.sites.insert(id, order);
    }

    fn add_field(&mut self, row: &Row<'_>) {
        let id = LookupId::from_cell(row.cell("FLD_ID"));
        let set = LookupId::from_cell(row.cell(SET));
        let field = PlannedField {
            set: if set.is_null() { id.clone() } else { set },
            site: LookupId::from_cell(row.cell("SIT_Set_ID")),
            machine: LookupId::from_cell(row.cell(MACHINE)),
            kind: row.integer("Type_Enum"),
            modality: row.integer("Modality_Enum"),
            is_current: is_current(row),
            dose_cgy: row.float("Cgray"),
            meterset: row.float("Meterset"),
            given: row.integer("Fractions_Tx"),
            created: read_wall(row, "Create_DtTm"),
            approved: read_wall(row, "Sanct_DtTm"),
        };
        if field.is_current && field.is_treatment() && !field.site.is_null() {
            self.by_site.entry(field.site.clone()).or_default().push(id.clone());
        }
        self.fields.insert(id, field);
    }

    /// Must be called after the last row of a table, before anything is looked up.
    pub(super) fn seal(&mut self) {
        self.sites.seal();
        self.fields.seal();
    }

    /// Returns a version of a prescription by SIT_ID.
    pub(super) fn site(&self, id: &LookupId) -> Option<&Order> {
        self.sites.get(id)
    }

    /// Returns the current version of a prescription by SIT_SET_ID.
    pub(super) fn current(&self, set: &LookupId) -> Option<&Order> {
        self.sites.get(self.current.get(set)?)
    }

    /// Returns the current versions of all prescriptions, in the order of their sets.
    pub(super) fn current_orders(&self) -> impl Iterator<Item = &Order> {
        self.current.values().filter_map(|id| self.sites.get(id))
    }

    /// Returns a field by FLD_ID.
    pub(super) fn field(&self, id: &LookupId) -> Option<&PlannedField> {
        self.fields.get(id)
    }

    /// Returns all fields in the order of their ids.
    pub(super) fn fields(&self) -> impl Iterator<Item = (LookupId, &PlannedField)> {
        self.fields.iter()
    }

    /// Returns the current treatment fields of a prescription by SIT_SET_ID.
    pub(super) fn fields_of(&self, set: &LookupId) -> impl Iterator<Item = (&LookupId, &PlannedField)> {
        let ids = self.by_site.get(set).into_iter().flatten();
        ids.filter_map(|id| Some((id, self.fields.get(id)?)))
    }
}

/// Tells whether a row is the current version: Version is 0, or there is no such column.
fn is_current(row: &Row<'_>) -> bool {
    row.integer("Version").is_none_or(|version| version == 0)
}

/// Returns what the clock showed.
fn read_wall(row: &Row<'_>, column: &str) -> Option<DateTime> {
    row.time(column).map(|time| time.wall)
}

#[cfg(test)]
mod tests {
    use super::FractionPattern as Pattern;

    #[test]
    fn patterns_are_read_in_many_spellings() {
        for (text, pattern) in [
            ("Daily", Pattern::Daily),
            ("All fields daily, IMRT", Pattern::Daily),
            ("5x/week", Pattern::Daily),
            ("BID", Pattern::TwiceDaily),
            ("twice daily, 6 h apart", Pattern::TwiceDaily),
            ("2x/day", Pattern::TwiceDaily),
            ("Every other day", Pattern::Spaced),
            ("alternate days", Pattern::Spaced),
            ("3x/week", Pattern::Spaced),
            ("", Pattern::Unknown),
            ("see notes", Pattern::Unknown),
        ] {
            assert_eq!(Pattern::from_text(text), pattern, "{text}");
        }
    }
}
