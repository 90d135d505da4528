//! Deliveries against their orders: on the planned machine, after field and prescription were made, and approved.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};

use super::prescription_doses::explain_nothing;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, DELIVERIES, GatheredFact, RowBatch,
    require_columns,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::deliveries::is_set;
use crate::domains::mosaiq::fields::MACHINE;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::orders::SITES;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Key, Row, Severity};

pub(super) struct DeliveryMachine;
pub(super) struct DeliveryBeforeField;
pub(super) struct DeliveryApproval;

static MACHINES: CheckCard = CheckCard {
    id: "delivery_machine",
    group: "orders",
    mode: "plausible_delivery",
    severity: Severity::High,
    about: "A delivery is on the machine of its field, unless that machine gives nothing on the whole day. Not judged \
        for quality assurance. Where many deliveries of a database do not keep this, none is reported.",
    remedy: "Find out from the machines' logs where the patient was treated, and whether the plan was made for it.",
};

static BEFORE: CheckCard = CheckCard {
    id: "delivery_before_field",
    group: "orders",
    mode: "plausible_delivery",
    severity: Severity::High,
    about: "No delivery begins before its field and its prescription were made (Create_DtTm). Where many deliveries of \
        a database do not keep this, none is reported.",
    remedy: "Find out from the machine's log what was given, and correct the record that is wrong.",
};

static APPROVAL: CheckCard = CheckCard {
    id: "delivery_approval",
    group: "orders",
    mode: "plausible_delivery",
    severity: Severity::Critical,
    about: "Field and prescription of a delivery were approved (Sanct_DtTm) before it began, and the prescription has \
        the status that approved ones have. Not judged for quality assurance. Where many are not approved in a \
        database, none is reported.",
    remedy: "Treat no further fraction until field and prescription are approved.",
};

/// A delivery to a patient, given or begun.
struct OrderedDelivery {
    key: CompactKey,
    field: LookupId,
    site: LookupId,
    machine: LookupId,
    start: DateTime,
}

impl OrderedDelivery {
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let start = row.time("Create_DtTm")?.wall;
        (is_set(row, "WasBeamOn") && !is_set(row, "WasQAMode") && !is_set(row, "WasCanceled")).then(|| Self {
            key: row.key().into(),
            field: LookupId::from_cell(row.cell("FLD_ID")),
            site: LookupId::from_cell(row.cell("SIT_ID")),
            machine: LookupId::from_cell(row.cell(MACHINE)),
            start,
        })
    }
}

fn delivery_columns() -> impl Iterator<Item = CheckedColumn> {
    let required = require_columns(
        DELIVERIES,
        [("Create_DtTm", CellForm::Time), ("FLD_ID", CellForm::Whole), ("WasBeamOn", CellForm::Flag)],
    );
    let flags =
        ["WasCanceled", "WasQAMode"].map(|flag| CheckedColumn::optional(DELIVERIES, flag, CellForm::FlagOrNull));
    required.chain(flags)
}

/// One fault of several deliveries: the first one stands for all.
#[derive(Debug)]
struct SharedFault {
    first: CompactKey,
    /// At most [`RELATED_MAX`] of the others.
    others: Vec<CompactKey>,
    count: usize,
    what: String,
    message: String,
    order: Option<(&'static str, Key)>,
}

/// Deliveries that a finding names beside the first.
const RELATED_MAX: usize = 20;

impl SharedFault {
    const fn new(first: CompactKey, what: String, message: String, order: Option<(&'static str, Key)>) -> Self {
        Self { first, others: Vec::new(), count: 1, what, message, order }
    }

    fn add(&mut self, delivery: &CompactKey) {
        self.count += 1;
        if self.others.len() < RELATED_MAX {
            self.others.push(delivery.clone());
        }
    }

    fn into_finding(self, card: &'static CheckCard) -> Finding {
        let others = self.others.iter().map(|key| (DELIVERIES, key.to_key()));
        let more = if self.count > 1 { format!("; so are {} more deliveries", self.count - 1) } else { String::new() };
        Finding {
            check: card.id,
            severity: card.severity,
            table: DELIVERIES,
            key: self.first.to_key(),
            related: self.order.into_iter().chain(others).collect(),
            what: self.what,
            message: format!("{}{more}", self.message),
        }
    }
}

/// Faults by what they concern, and the number of deliveries judged.
#[derive(Debug, Default)]
struct FaultBook {
    judged: u64,
    faults: BTreeMap<(u8, LookupId, LookupId), SharedFault>,
}

impl FaultBook {
    fn add(
        &mut self,
        place: (u8, LookupId, LookupId),
        delivery: &CompactKey,
        build: impl FnOnce() -> (String, String, Option<(&'static str, Key)>),
    ) {
        match self.faults.get_mut(&place) {
            Some(fault) => fault.add(delivery),
            None => {
                let (what, message, order) = build();
                self.faults.insert(place, SharedFault::new(delivery.clone(), what, message, order));
            }
        }
    }

    /// A fault of several deliveries breaks the convention as often: one field on a wrong machine is one finding, and
    /// no reason to believe that the database keeps nothing.
    fn into_verdict(self, card: &'static CheckCard, rules: &Rules, what: &str) -> CheckVerdict {
        let mut convention = Convention::default();
        let faults = self.faults.len() as u64;
        for _ in faults..self.judged.max(faults) {
            convention.keep();
        }
        for fault in self.faults.into_values() {
            convention.add_breach(fault.into_finding(card));
        }
        let verdict = convention.into_verdict(rules.prescriptions.agreement, what);
        explain_nothing(verdict, "no delivery names a field that is there")
    }
}

fn show(id: &LookupId) -> String {
    match id {
        LookupId::Number(number) => number.to_string(),
        LookupId::Null => "none".to_owned(),
        LookupId::Other(value) => format!("{value:?}"),
    }
}

impl Check for DeliveryMachine {
    fn card(&self) -> &'static CheckCard {
        &MACHINES
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), (MACHINE, CellForm::Whole)];
        delivery_columns()
            .chain(require_columns(FIELDS, fields))
            .chain(require_columns(DELIVERIES, [(MACHINE, CellForm::Whole)]))
            .collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(MachineVisitor {
            rules: criteria.rules,
            day: None,
            running: BTreeSet::new(),
            moved: Vec::new(),
            book: FaultBook::default(),
        })
    }
}

// Holds one day: whether a machine gave nothing is known at its end.
struct MachineVisitor<'a> {
    rules: &'a Rules,
    day: Option<Date>,
    running: BTreeSet<LookupId>,
    /// Deliveries of the day on another machine, with the planned one.
    moved: Vec<(OrderedDelivery, LookupId)>,
    book: FaultBook,
}

impl MachineVisitor<'_> {
    fn end_day(&mut self, known: &CheckFacts<'_>) {
        for (delivery, planned) in std::mem::take(&mut self.moved) {
            if !self.running.contains(&planned) {
                continue;
            }
            let (is, should) = (show(&delivery.machine), show(&planned));
            let place = (0, delivery.field.clone(), delivery.machine.clone());
            self.book.add(place, &delivery.key, || {
                let field = known.find_field(&delivery.field).map(|field| (FIELDS, field.key()));
                let message = format!(
                    "is on machine {is}, and its field ({}) is planned for machine {should}, which was treating that \
                        day",
                    show(&delivery.field)
                );
                (format!("{MACHINE}={is} planned={should}"), message, field)
            });
        }
        self.running.clear();
    }
}

impl CheckVisitor for MachineVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        for delivery in part.rows.iter().filter(|_| part.table == DELIVERIES).filter_map(OrderedDelivery::from_row) {
            let day = delivery.start.date();
            if self.day != Some(day) {
                self.end_day(known);
                self.day = Some(day);
            }
            let planned = known.orders.field(&delivery.field).map(|field| field.machine.clone());
            self.running.insert(delivery.machine.clone());
            let Some(planned) = planned.filter(|planned| !planned.is_null() && !delivery.machine.is_null()) else {
                continue;
            };
            self.book.judged += 1;
            if planned != delivery.machine {
                self.moved.push((delivery, planned));
            }
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        self.end_day(known);
        let what = "deliveries are on another machine than their field";
        std::mem::take(&mut self.book).into_verdict(&MACHINES, self.rules, what)
    }
}

impl Check for DeliveryBeforeField {
    fn card(&self) -> &'static CheckCard {
        &BEFORE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("Create_DtTm", CellForm::Time)];
        let sites = [("SIT_ID", CellForm::Whole), ("Create_DtTm", CellForm::Time)];
        delivery_columns()
            .chain(require_columns(DELIVERIES, [("SIT_ID", CellForm::Whole)]))
            .chain(require_columns(FIELDS, fields))
            .chain(require_columns(SITES, sites))
            .collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(BeforeVisitor { rules: criteria.rules, book: FaultBook::default() })
    }
}

struct BeforeVisitor<'a> {
    rules: &'a Rules,
    book: FaultBook,
}

impl CheckVisitor for BeforeVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        for delivery in part.rows.iter().filter(|_| part.table == DELIVERIES).filter_map(OrderedDelivery::from_row) {
            let field = known.orders.field(&delivery.field).and_then(|field| field.created);
            let site = known.orders.site(&delivery.site).and_then(|order| Some((order.created?, &order.key)));
            self.book.judged += u64::from(field.is_some());
            if let Some(created) = field.filter(|created| delivery.start < *created) {
                self.book.add((0, delivery.field.clone(), LookupId::Null), &delivery.key, || {
                    let row = known.find_field(&delivery.field).map(|field| (FIELDS, field.key()));
                    let message = format!("begins at {}, before its field was made ({created})", delivery.start);
                    (format!("TxField.Create_DtTm={created}"), message, row)
                });
            }
            if let Some((created, key)) = site.filter(|(created, _)| delivery.start < *created) {
                self.book.add((1, delivery.site.clone(), LookupId::Null), &delivery.key, || {
                    let message = format!("begins at {}, before its prescription was made ({created})", delivery.start);
                    (format!("Site.Create_DtTm={created}"), message, Some((SITES, key.clone())))
                });
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let what = "deliveries begin before their field or prescription was made";
        std::mem::take(&mut self.book).into_verdict(&BEFORE, self.rules, what)
    }
}

impl Check for DeliveryApproval {
    fn card(&self) -> &'static CheckCard {
        &APPROVAL
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("Sanct_DtTm", CellForm::Time)];
        let sites = [("SIT_ID", CellForm::Whole), ("Sanct_DtTm", CellForm::Time)];
        delivery_columns()
            .chain(require_columns(DELIVERIES, [("SIT_ID", CellForm::Whole)]))
            .chain(require_columns(FIELDS, fields))
            .chain(require_columns(SITES, sites))
            .chain([CheckedColumn::optional(SITES, "Status_Enum", CellForm::Whole)])
            .collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(ApprovalVisitor {
            rules: criteria.rules,
            treated: [BTreeMap::new(), BTreeMap::new()],
            late: FaultBook::default(),
        })
    }
}

/// The first delivery of a field or a prescription, and their number.
type FirstDelivery = (CompactKey, DateTime, u64);

// Keeps the first delivery of every field and prescription: what was approved before it was approved before all.
struct ApprovalVisitor<'a> {
    rules: &'a Rules,
    treated: [BTreeMap<LookupId, FirstDelivery>; 2],
    late: FaultBook,
}

impl CheckVisitor for ApprovalVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        for delivery in part.rows.iter().filter(|_| part.table == DELIVERIES).filter_map(OrderedDelivery::from_row) {
            let OrderedDelivery { key, field, site, start, .. } = delivery;
            for (treated, id) in self.treated.iter_mut().zip([field, site]) {
                treated.entry(id).or_insert_with(|| (key.clone(), start, 0)).2 += 1;
            }
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        let status = self.usual_status(known);
        let [fields, sites] = std::mem::take(&mut self.treated);
        for (id, (key, start, _)) in fields {
            let Some(field) = known.orders.field(&id) else { continue };
            self.late.judged += 1;
            if let Some((what, message)) = judge_approval("field", field.approved, start) {
                let row = known.find_field(&id).map(|field| (FIELDS, field.key()));
                self.late.add((0, id, LookupId::Null), &key, || (format!("TxField.{what}"), message, row));
            }
        }
        for (id, (key, start, _)) in sites {
            let Some(order) = known.orders.site(&id) else { continue };
            self.late.judged += 1;
            let row = Some((SITES, order.key.clone()));
            if let Some((what, message)) = judge_approval("prescription", order.approved, start) {
                self.late.add((1, id, LookupId::Null), &key, || (format!("Site.{what}"), message, row));
            } else if let Some((usual, found)) = status.zip(order.status).filter(|(usual, found)| usual != found) {
                let message =
                    format!("is given by a prescription of status {found}; those that are treated have {usual}");
                self.late.add((2, id, LookupId::Null), &key, || {
                    (format!("Site.Status_Enum={found} usual={usual}"), message, row)
                });
            }
        }
        let what = "fields and prescriptions were not approved before they were given";
        std::mem::take(&mut self.late).into_verdict(&APPROVAL, self.rules, what)
    }
}

impl ApprovalVisitor<'_> {
    /// Returns the status that nearly all prescriptions have that were treated and approved.
    fn usual_status(&self, known: &CheckFacts<'_>) -> Option<i64> {
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        let [_, sites] = &self.treated;
        for order in sites.keys().filter_map(|id| known.orders.site(id)).filter(|order| order.approved.is_some()) {
            *counts.entry(order.status?).or_default() += 1;
        }
        let all: u64 = counts.values().sum();
        let (status, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        (most + 1 >= all || most * 10 >= all * 9).then_some(status).filter(|_| all > 2)
    }
}

fn judge_approval(noun: &str, approved: Option<DateTime>, start: DateTime) -> Option<(String, String)> {
    match approved {
        None => {
            let message = format!("is given at {start}, and its {noun} was never approved");
            Some(("Sanct_DtTm=NULL".to_owned(), message))
        }
        Some(approved) if approved > start => {
            let message = format!("is given at {start}, before its {noun} was approved ({approved})");
            Some((format!("Sanct_DtTm={approved}"), message))
        }
        Some(_) => None,
    }
}
