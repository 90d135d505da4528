//! Fractions of a day: every treatment field of a prescription is given as often as the others.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::prescription_doses::explain_nothing;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, DELIVERIES, GatheredFact, RowBatch,
    given_columns, require_columns,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::deliveries::is_set;
use crate::domains::mosaiq::fractions::GivenBeam;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::orders::{Orders, SITES};
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Row, Severity};

pub(super) struct FractionIncomplete;

static CARD: CheckCard = CheckCard {
    id: "fraction_incomplete",
    group: "fractions",
    mode: "plausible_delivery",
    severity: Severity::High,
    about: "On a day on which a prescription is treated, each of its treatment fields is complete as often as the \
        others. Where many days of a database do not keep this, none is reported.",
    remedy: "Find out from the machine's log whether the field was given, and whether its dose must be made up for.",
};

impl Check for FractionIncomplete {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("SIT_Set_ID", CellForm::Whole), ("FLD_SET_ID", CellForm::Whole)];
        let aids = [(FIELDS, "Version"), (FIELDS, "Type_Enum")];
        let aids = aids.map(|(table, column)| CheckedColumn::optional(table, column, CellForm::Whole));
        given_columns().chain(require_columns(FIELDS, fields)).chain(aids).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(DayVisitor {
            rules: criteria.rules,
            day: None,
            sites: BTreeMap::new(),
            convention: Convention::default(),
        })
    }
}

/// What a prescription's fields got on a day, by FLD_SET_ID.
#[derive(Debug, Default)]
struct SiteDay {
    given: BTreeMap<LookupId, u32>,
    last_start: BTreeMap<LookupId, jiff::civil::DateTime>,
    deliveries: Vec<CompactKey>,
}

// Holds one day.
struct DayVisitor<'a> {
    rules: &'a Rules,
    day: Option<Date>,
    /// By SIT_SET_ID.
    sites: BTreeMap<LookupId, SiteDay>,
    convention: Convention,
}

impl DayVisitor<'_> {
    fn add_row(&mut self, row: &Row<'_>, known: &CheckFacts<'_>) {
        let Some(start) = row.time("Create_DtTm").map(|time| time.wall) else { return };
        if self.day != Some(start.date()) {
            self.end_day(&known.orders);
            self.day = Some(start.date());
        }
        let Some(field) = known.orders.field(&LookupId::from_cell(row.cell("FLD_ID"))) else { return };
        if !field.is_treatment() || field.site.is_null() || is_set(row, "WasQAMode") {
            return;
        }
        let day = self.sites.entry(field.site.clone()).or_default();
        // Attempts are named too: one of them is the beam that is missing.
        day.deliveries.push(row.key().into());
        if let Some(beam) = GivenBeam::from_row(row) {
            // A second record of one beam is the matter of the checks of duplicates.
            let window = jiff::SignedDuration::from_secs(crate::domains::mosaiq::limits::DUPLICATE_WINDOW_SECONDS);
            let known_start = day.last_start.insert(field.set.clone(), beam.start);
            if known_start.is_none_or(|earlier| beam.start.duration_since(earlier) > window) {
                *day.given.entry(field.set.clone()).or_default() += 1;
            }
        }
    }

    fn end_day(&mut self, orders: &Orders) {
        let Some(date) = self.day else { return };
        for (site, day) in std::mem::take(&mut self.sites) {
            let most = day.given.values().copied().max().unwrap_or_default();
            let planned: Vec<&LookupId> = orders.fields_of(&site).map(|(_, field)| &field.set).collect();
            if most == 0 || planned.is_empty() {
                continue;
            }
            let missing: Vec<String> = planned
                .iter()
                .filter(|set| day.given.get(**set).copied().unwrap_or_default() < most)
                .map(|set| format!("{:?}", set.to_value()))
                .collect();
            if missing.is_empty() {
                self.convention.keep();
                continue;
            }
            self.convention.add_breach(build_finding(
                date,
                &day,
                orders.current(&site),
                (missing.len(), planned.len()),
            ));
        }
    }
}

fn build_finding(
    date: Date,
    day: &SiteDay,
    order: Option<&crate::domains::mosaiq::orders::Order>,
    (missing, planned): (usize, usize),
) -> Finding {
    let mut keys = day.deliveries.iter().map(CompactKey::to_key);
    let key = keys.next().unwrap_or_default();
    let related = order.map(|order| (SITES, order.key.clone())).into_iter().chain(keys.map(|key| (DELIVERIES, key)));
    Finding {
        check: CARD.id,
        severity: CARD.severity,
        table: DELIVERIES,
        key,
        related: related.collect(),
        what: format!("day={date} missing={missing}"),
        message: format!(
            "belongs to a fraction ({date}) in which {missing} of the prescription's {planned} treatment fields was \
                given less often than the others"
        ),
    }
}

impl CheckVisitor for DayVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table == DELIVERIES {
            part.rows.iter().for_each(|row| self.add_row(row, known));
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        self.end_day(&known.orders);
        let agreement = self.rules.prescriptions.agreement;
        let what = "days of a prescription lack one of its fields";
        let verdict = std::mem::take(&mut self.convention).into_verdict(agreement, what);
        explain_nothing(verdict, "no day has a complete delivery of a current treatment field")
    }
}
