//! Reads what the features of a page of deliveries need: one scan a table, and control points some fields at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use super::CARD;
use super::fields::{FIELD_COLUMNS, FieldFacts, FieldFeatures, FieldPoints, MachineTallies, POINT_COLUMNS};
use super::offsets::OffsetFacts;
use super::row::{DeliveryFacts, DeliveryRow};
use super::times::{self, DOSE_S, read_time};
use crate::domain::feature::{FeatureCounts, FeatureRequest, FeatureRow, FeatureRun, FeatureSink, RecordPages};
use crate::domain::scan::{JoinRequest, ScanReader, ScanRequest};
use crate::domains::mosaiq::fields::{FIELDS, MACHINE};
use crate::domains::mosaiq::leaves::POINTS;
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::time::Time;
use crate::model::{Filter, Row, Value};

/// Number of fields whose control points are read together: an engine may hold all of these rows.
const FIELDS_READ: usize = 128;
/// Number of fields whose features are kept for later pages: a field is delivered again the next day.
const FIELDS_KEPT: usize = 16_384;

/// A scan, or a part of one, that a page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PageStep {
    /// The control points of every treatment field, for the leaf conventions of the machines; once a run.
    Machines,
    /// The deliveries themselves.
    Deliveries,
    Patients,
    Sites,
    /// After [`PageStep::Sites`], which say whose offsets.
    Offsets,
    /// The rows of fields that no earlier page had.
    Fields(BTreeSet<Value>),
    /// The control points of such fields, after their rows.
    Points(BTreeSet<Value>),
    /// The doses that deliveries name.
    Doses,
    /// The doses of some fields, among which the reference looks for one.
    DosesOfFields(BTreeSet<Value>),
}

/// What a page of deliveries refers to.
#[derive(Debug, Default)]
struct PageFacts {
    deliveries: Vec<DeliveryFacts>,
    patients: BTreeSet<LookupId>,
    /// SIT_SET_ID by SIT_ID.
    sites: BTreeMap<LookupId, LookupId>,
    /// The latest offset by SIT_SET_ID.
    offsets: BTreeMap<LookupId, OffsetFacts>,
    /// The rows and the points of fields whose features are not computed yet.
    fields: BTreeMap<LookupId, FieldFacts>,
    points: BTreeMap<LookupId, FieldPoints>,
    /// Tx_DtTm by DHS_ID.
    doses: BTreeMap<LookupId, Time>,
    /// Positions of deliveries by patient and field, for the reference's way to a dose.
    by_patient: BTreeMap<(LookupId, LookupId), Vec<usize>>,
    /// The dose that this finds, by the position of the delivery: its DHS_ID and time.
    near: BTreeMap<usize, (LookupId, Time)>,
}

/// A run over all deliveries.
pub(super) struct DeliveryRun<'s> {
    request: FeatureRequest,
    sink: &'s mut FeatureSink<'s>,
    pages: RecordPages,
    step: PageStep,
    waiting: VecDeque<PageStep>,
    /// Whether the scans of the current page are planned.
    is_planned: bool,
    is_stopped: bool,
    page: PageFacts,
    machines: MachineTallies,
    /// The features of fields, those of earlier pages among them.
    fields: BTreeMap<LookupId, FieldFeatures>,
}

/// Returns the ids as a filter takes them, without NULL.
fn filter_values<'i>(ids: impl Iterator<Item = &'i LookupId>) -> BTreeSet<Value> {
    ids.filter(|id| !id.is_null()).map(LookupId::to_value).collect()
}

/// Asks for the rows whose column holds one of some values; `None` without any.
fn scan_among(table: &str, column: &str, columns: &[&str], values: BTreeSet<Value>) -> Option<ScanRequest> {
    let filter = Filter::In { column: column.to_owned(), values };
    let any = matches!(&filter, Filter::In { values, .. } if !values.is_empty());
    any.then(|| ScanRequest::every_row(table, columns).filter(filter))
}

/// Asks for all control points that have leaves, each with its field.
fn scan_machines() -> ScanRequest {
    let columns = ["FLD_ID", "MLC_Leaves", "A_Leaf_Set", "B_Leaf_Set"];
    let join = JoinRequest {
        column: "FLD_ID".to_owned(),
        parent: FIELDS.to_owned(),
        columns: ["FLD_ID", MACHINE, "Type_Enum"].map(str::to_owned).into(),
        parent_column: "FLD_ID".to_owned(),
    };
    ScanRequest { join: Some(join), ..ScanRequest::every_row(POINTS, &columns) }
}

impl<'s> DeliveryRun<'s> {
    pub(super) fn new(request: &FeatureRequest, sink: &'s mut FeatureSink<'s>) -> Self {
        // The reference knows one convention for every machine.
        let waiting = if request.strict_reference { VecDeque::new() } else { VecDeque::from([PageStep::Machines]) };
        Self {
            request: request.clone(),
            sink,
            pages: RecordPages::new(&CARD, &DeliveryFacts::COLUMNS, request),
            step: PageStep::Deliveries,
            waiting,
            is_planned: false,
            is_stopped: false,
            page: PageFacts::default(),
            machines: MachineTallies::default(),
            fields: BTreeMap::new(),
        }
    }

    /// Plans the scans of a page whose deliveries are read.
    fn plan_page(&mut self) {
        let named: BTreeSet<LookupId> = self.page.deliveries.iter().map(|delivery| delivery.field.clone()).collect();
        if self.fields.len() > FIELDS_KEPT {
            self.fields.retain(|id, _| named.contains(id));
        }
        let unknown = filter_values(named.iter().filter(|id| !self.fields.contains_key(id)));
        self.waiting.extend([PageStep::Patients, PageStep::Sites, PageStep::Offsets]);
        for part in split_values(&unknown) {
            self.waiting.extend([PageStep::Fields(part.clone()), PageStep::Points(part)]);
        }
        if !self.request.strict_reference {
            self.waiting.push_back(PageStep::Doses);
            return;
        }
        self.waiting.extend(split_values(&filter_values(named.iter())).into_iter().map(PageStep::DosesOfFields));
        for (at, delivery) in self.page.deliveries.iter().enumerate() {
            if !delivery.patient.is_null() {
                let key = (delivery.patient.clone(), delivery.field.clone());
                self.page.by_patient.entry(key).or_default().push(at);
            }
        }
    }

    /// Returns the scan of a step; `None` where it has nothing to read.
    fn request_step(&self) -> Option<ScanRequest> {
        let deliveries = &self.page.deliveries;
        match &self.step {
            PageStep::Machines => Some(scan_machines()),
            PageStep::Deliveries => self.pages.next_scan(),
            PageStep::Patients => {
                let ids = filter_values(deliveries.iter().map(|delivery| &delivery.patient));
                scan_among("Patient", "Pat_ID1", &["Pat_ID1"], ids)
            }
            PageStep::Sites => {
                let ids = filter_values(deliveries.iter().map(|delivery| &delivery.site));
                scan_among("Site", "SIT_ID", &["SIT_ID", "SIT_SET_ID"], ids)
            }
            PageStep::Offsets => {
                scan_among("Offset", "SIT_SET_ID", &OFFSET_COLUMNS, filter_values(self.page.sites.values()))
            }
            PageStep::Fields(ids) => scan_among(FIELDS, "FLD_ID", &FIELD_COLUMNS, ids.clone()),
            PageStep::Points(ids) => scan_among(POINTS, "FLD_ID", &POINT_COLUMNS, ids.clone()),
            PageStep::Doses => {
                let ids = filter_values(deliveries.iter().map(|delivery| &delivery.dose));
                scan_among("Dose_Hst", "DHS_ID", &DOSE_COLUMNS, ids)
            }
            PageStep::DosesOfFields(ids) => scan_among("Dose_Hst", "FLD_ID", &DOSE_COLUMNS, ids.clone()),
        }
    }

    /// Keeps what the features need of a row of the current step.
    fn keep_row(&mut self, row: &Row<'_>) {
        let id = |column: &str| LookupId::from_cell(row.cell(column));
        match &self.step {
            PageStep::Machines => self.machines.add_point(row),
            PageStep::Deliveries => {
                if let Some(key) = self.pages.take_record(row) {
                    self.page.deliveries.push(DeliveryFacts::from_row(key, row));
                }
            }
            PageStep::Patients => drop(self.page.patients.insert(id("Pat_ID1"))),
            PageStep::Sites => drop(self.page.sites.insert(id("SIT_ID"), id("SIT_SET_ID"))),
            PageStep::Offsets => {
                let offset = OffsetFacts::from_row(row);
                let known = self.page.offsets.entry(id("SIT_SET_ID")).or_insert(offset);
                if offset.is_later_than(known) {
                    *known = offset;
                }
            }
            PageStep::Fields(_) => drop(self.page.fields.insert(id("FLD_ID"), FieldFacts::from_row(row))),
            PageStep::Points(_) => {
                let points = self.page.points.entry(id("FLD_ID")).or_default();
                points.add_row(row, self.request.strict_reference);
            }
            PageStep::Doses => {
                if let Some(time) = read_time(row, "Tx_DtTm") {
                    self.page.doses.insert(id("DHS_ID"), time);
                }
            }
            PageStep::DosesOfFields(_) => self.page.keep_near_dose(row),
        }
    }

    /// Computes the features of the fields whose points are read.
    fn finish_fields(&mut self, ids: &BTreeSet<Value>) {
        let strict = self.request.strict_reference;
        for id in ids.iter().map(|id| LookupId::from_cell(Some(id))) {
            // The reference takes an id of 0 for none, and looks for no points.
            let points = self.page.points.remove(&id).filter(|_| !strict || id != LookupId::Number(0));
            let field = self.page.fields.remove(&id);
            self.fields.insert(id, FieldFeatures::compute(field.as_ref(), points, &self.machines, strict));
        }
    }

    /// Hands on the features of every delivery of the page, and begins the next one.
    fn emit_page(&mut self) {
        let page = std::mem::take(&mut self.page);
        let nothing = FieldFeatures::default();
        for (at, delivery) in page.deliveries.iter().enumerate() {
            let field = self.fields.get(&delivery.field).unwrap_or(&nothing);
            let offset = page.sites.get(&delivery.site).and_then(|set| page.offsets.get(set));
            let row = DeliveryRow {
                delivery,
                field,
                dose: page.doses.get(&delivery.dose).or_else(|| Some(&page.near.get(&at)?.1)).copied(),
                offset,
                patient_exists: page.patients.contains(&delivery.patient),
                site_exists: page.sites.contains_key(&delivery.site),
            };
            if self.request.strict_reference && row.is_refused() {
                self.pages.leave_out();
                continue;
            }
            let (values, flags) = row.compute(&self.request);
            if (self.sink)(&FeatureRow { key: delivery.key, values: &values, flags: &flags }).is_break() {
                self.is_stopped = true;
                break;
            }
        }
        self.pages.next_page();
        self.is_planned = false;
    }
}

const OFFSET_COLUMNS: [&str; 8] = [
    "OFF_ID",
    "SIT_SET_ID",
    "Study_DtTm",
    "Superior_Offset",
    "Anterior_Offset",
    "Lateral_Offset",
    "Offset_Type",
    "Offset_State",
];
const DOSE_COLUMNS: [&str; 4] = ["DHS_ID", "Pat_ID1", "FLD_ID", "Tx_DtTm"];

/// Splits values into sets of at most [`FIELDS_READ`].
fn split_values(values: &BTreeSet<Value>) -> Vec<BTreeSet<Value>> {
    let values: Vec<&Value> = values.iter().collect();
    values.chunks(FIELDS_READ).map(|part| part.iter().copied().cloned().collect()).collect()
}

impl PageFacts {
    /// Keeps a dose for the deliveries of its patient and field that start near it; of several the first by id.
    fn keep_near_dose(&mut self, row: &Row<'_>) {
        let id = |column: &str| LookupId::from_cell(row.cell(column));
        let Some(time) = read_time(row, "Tx_DtTm") else { return };
        let (dose, key) = (id("DHS_ID"), (id("Pat_ID1"), id("FLD_ID")));
        for at in self.by_patient.get(&key).into_iter().flatten() {
            let create = self.deliveries.get(*at).and_then(|delivery| delivery.create);
            let apart = create.and_then(|create| times::seconds_between(create, time));
            if apart.is_none_or(|seconds| seconds.abs() >= DOSE_S) {
                continue;
            }
            let known = self.near.entry(*at).or_insert_with(|| (dose.clone(), time));
            if dose < known.0 {
                *known = (dose.clone(), time);
            }
        }
    }
}

impl ScanReader for DeliveryRun<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        while !self.is_stopped {
            if let Some(step) = self.waiting.pop_front() {
                self.step = step;
                if let Some(scan) = self.request_step() {
                    return Some(scan);
                }
                continue;
            }
            if self.is_planned {
                self.emit_page();
                continue;
            }
            self.step = PageStep::Deliveries;
            if let Some(scan) = self.request_step() {
                return Some(scan);
            }
            if self.page.deliveries.is_empty() {
                return None;
            }
            self.plan_page();
            self.is_planned = true;
        }
        None
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        rows.iter().for_each(|row| self.keep_row(row));
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        match self.step.clone() {
            PageStep::Deliveries => self.pages.end_scan(),
            PageStep::Points(ids) => self.finish_fields(&ids),
            _ => {}
        }
    }

    fn progress(&self) -> (u64, u64) {
        (self.pages.counts().read, 0)
    }
}

impl FeatureRun for DeliveryRun<'_> {
    fn finish(self: Box<Self>) -> FeatureCounts {
        self.pages.counts()
    }
}
