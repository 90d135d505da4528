//! `create_plausible_delivery`: a delivery that could have happened, and contradicts its field, its prescription, its
//! machine or the deliveries beside it.

use std::collections::BTreeMap;

use clap::Args;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Size};
use crate::domain::size::SizeRange;
use crate::domains::mosaiq::deliveries::is_set;
use crate::domains::mosaiq::machines::{MACHINE, is_treatment};
use crate::domains::mosaiq::records;
use crate::model::seed::RecordRandom;
use crate::model::snapshot::key_form;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Kind, Refusal, Role, Row, Snapshot, Value, time};

pub(super) struct PlausibleDelivery;

const PARAMETER: &str = "fault";
const TABLE: &str = "TrackTreatment";
const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const DOSES: &str = "Dose_Hst";
const STAFF: &str = "Staff";

const OTHER_MACHINE: &str = "other_machine";
const BEFORE_FIELD: &str = "before_field_existed";
const LATE_APPROVAL: &str = "before_approval";
const UNAPPROVED: &str = "field_unapproved";
const AFTER_COURSE: &str = "after_course_ended";
const TWICE: &str = "twice_on_a_day";
const CANCELLED: &str = "complete_and_cancelled";
const WITHOUT_BEAM: &str = "complete_without_beam";
const LEFT_OUT: &str = "field_left_out";
const ODD_HOURS: &str = "outside_working_hours";
const TOO_FAST: &str = "faster_than_machine";
const TOO_LONG: &str = "too_long";
const DOSE_GIVEN: &str = "dose_given";
const LONG_BREAK: &str = "after_a_long_break";

static CARD: ModeCard = ModeCard {
    id: "plausible_delivery",
    tool: "create_plausible_delivery",
    group: ModeGroup::Plausible,
    title: "A delivery that contradicts what was ordered",
    description: "A delivery is recorded as it could have happened, and should not have: on another machine than \
        planned, without approval, once more than prescribed, twice on one day, or faster than the machine can give \
        it. Treatments at a wrong machine, of a wrong number or without a signed plan are among the incidents that \
        clinics report; each record looks like thousands of others, and only the comparison with field, prescription \
        and the other deliveries shows it.",
    record: FaultRecord { table: TABLE, key: "TTX_ID", parameter: "ttx_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: OTHER_MACHINE,
            severity: FaultSeverity::tenths::<22>(),
            about: "the delivery is on another machine than its field",
            eligible: "a complete treatment of a patient who has another delivery on the planned machine that day",
            size: None,
        },
        Variant {
            word: BEFORE_FIELD,
            severity: FaultSeverity::tenths::<15>(),
            about: "the field was made after the delivery",
            eligible: "a complete treatment whose field was made before it",
            size: Some(SizeRange::in_unit("hours", 0.1, 24.0, 240.0)),
        },
        Variant {
            word: LATE_APPROVAL,
            severity: FaultSeverity::tenths::<19>(),
            about: "the field was approved after the delivery",
            eligible: "a complete treatment whose field was approved before it",
            size: Some(SizeRange::in_unit("hours", 0.1, 24.0, 240.0)),
        },
        Variant {
            word: UNAPPROVED,
            severity: FaultSeverity::tenths::<22>(),
            about: "the field is not approved",
            eligible: "a complete treatment whose field was approved before it",
            size: None,
        },
        Variant {
            word: AFTER_COURSE,
            severity: FaultSeverity::tenths::<24>(),
            about: "a fraction more than prescribed is given after the course",
            eligible: "the last fraction of a field that was given in all prescribed fractions",
            size: Some(SizeRange::in_unit("days", 1.0, 7.0, 60.0).with_decimals(0)),
        },
        Variant {
            word: LONG_BREAK,
            severity: FaultSeverity::tenths::<15>(),
            about: "a fraction is given after a break of weeks",
            eligible: "the last fraction of a field, with fractions left",
            size: Some(SizeRange::in_unit("days", 3.0, 21.0, 60.0).with_decimals(0)),
        },
        Variant {
            word: TWICE,
            severity: FaultSeverity::tenths::<24>(),
            about: "the field is given again some hours later",
            eligible: "a complete treatment, the only one of its field on that day",
            size: Some(SizeRange::in_unit("hours", 0.5, 3.0, 8.0)),
        },
        Variant {
            word: CANCELLED,
            severity: FaultSeverity::tenths::<12>(),
            about: "the delivery is complete and cancelled at once",
            eligible: "a complete treatment that was not cancelled",
            size: None,
        },
        Variant {
            word: WITHOUT_BEAM,
            severity: FaultSeverity::tenths::<15>(),
            about: "the delivery is complete, and its beam was never on",
            eligible: "a complete treatment",
            size: None,
        },
        Variant {
            word: LEFT_OUT,
            severity: FaultSeverity::tenths::<20>(),
            about: "one field of a fraction is never completed",
            eligible: "a complete treatment on a day on which all of the prescription's several fields were given once",
            size: None,
        },
        Variant {
            word: ODD_HOURS,
            severity: FaultSeverity::tenths::<8>(),
            about: "the delivery and its dose move to three o'clock at night",
            eligible: "a complete treatment between 6 and 20 o'clock",
            size: None,
        },
        Variant {
            word: TOO_FAST,
            severity: FaultSeverity::tenths::<14>(),
            about: "the delivery is shorter than its monitor units take at the dose rate",
            eligible: "a complete treatment of a field with monitor units and a dose rate, without interruption, that \
                take 20 s or more",
            size: Some(SizeRange::in_unit("%", 1.0, 50.0, 70.0).by_equal_steps()),
        },
        Variant {
            word: TOO_LONG,
            severity: FaultSeverity::tenths::<8>(),
            about: "the delivery lasts longer than all others of its field",
            eligible: "a complete treatment of a field with three more, without interruption",
            size: Some(SizeRange::in_unit("s", 10.0, 400.0, 1200.0).with_decimals(0)),
        },
        Variant {
            word: DOSE_GIVEN,
            severity: FaultSeverity::tenths::<24>(),
            about: "the dose history says another dose than the field gives",
            eligible: "a complete treatment whose dose history agrees with its field",
            size: Some(SizeRange::in_unit("%", 0.5, 10.0, 50.0).or_negative()),
        },
    ],
    severity: FaultSeverity::tenths::<18>(),
    uses_now: false,
    uses_ordinal: true,
    checks: &[
        "delivery_machine",
        "delivery_before_field",
        "delivery_approval",
        "fractions_given",
        "fraction_twice",
        "fraction_break",
        "fraction_incomplete",
        "delivery_flags",
        "delivery_hours",
        "beam_rate",
        "beam_time_usual",
        "dose_given",
    ],
    data_needed: &[
        "the machine's log: which beam was given when, and for how long",
        "the appointments of patients and the hours of the department",
    ],
};

/// Parameters of `create_plausible_delivery`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Deliveries to change or to add to, by TrackTreatment.TTX_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    ttx_id: Option<Ids>,
    /// What is wrong with the delivery: its machine, its order and approval, its day or hour, its flags, its duration
    /// or its dose.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    fault: Option<String>,
    /// By how much: hours or days later, seconds longer, percent shorter or more. The default is that of the variant.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: Option<Size>,
}

impl FailureMode for PlausibleDelivery {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.fault.as_deref(), variant)?;
        let size = params::resolve_size(self, word, params.size)?;
        Ok(Params { ttx_id: None, fault: Some(word.to_owned()), size })
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let own = Fetch::among(TABLE, "TTX_ID", records::key_forms(records));
        let unread = records::unread_queries(snapshot, [own]);
        if !unread.is_empty() {
            return unread;
        }
        let cells = |column| records::read_cells(snapshot, TABLE, "TTX_ID", records, column);
        let mut wanted = vec![
            Fetch::among(TABLE, "Pat_ID1", cells("Pat_ID1")),
            Fetch::among(FIELDS, "Pat_ID1", cells("Pat_ID1")),
            Fetch::among(FIELDS, "FLD_ID", cells("FLD_ID")),
        ];
        match params.fault.as_deref() {
            Some(OTHER_MACHINE) => wanted.push(Fetch::all(STAFF)),
            Some(AFTER_COURSE | LONG_BREAK) => {
                wanted.push(Fetch::among("Site", "Pat_ID1", cells("Pat_ID1")));
                wanted.push(Fetch::maximum(TABLE, "TTX_ID"));
            }
            Some(TWICE) => wanted.push(Fetch::maximum(TABLE, "TTX_ID")),
            Some(ODD_HOURS | DOSE_GIVEN) => wanted.push(Fetch::among(DOSES, "DHS_ID", cells("DHS_ID"))),
            Some(TOO_FAST) => wanted.push(Fetch::among(POINTS, "FLD_ID", cells("FLD_ID"))),
            _ => {}
        }
        records::unread_queries(snapshot, wanted)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.fault.as_deref(), PARAMETER)?;
        let row = records::read_record(snapshot, TABLE, "TTX_ID", task.record)?;
        let plan = DeliveryPlan::new(snapshot, task, row)?;
        let edits = match variant {
            OTHER_MACHINE => plan.move_machine()?,
            BEFORE_FIELD => plan.date_field("Create_DtTm", params::size_of_plan(params.size)?)?,
            LATE_APPROVAL => plan.date_field("Sanct_DtTm", params::size_of_plan(params.size)?)?,
            UNAPPROVED => plan.withdraw_approval()?,
            AFTER_COURSE | LONG_BREAK => plan.add_fraction(variant, params::size_of_plan(params.size)?)?,
            TWICE => plan.repeat_on_day(params::size_of_plan(params.size)?)?,
            CANCELLED => plan.set_flag("WasCanceled", true)?,
            WITHOUT_BEAM => plan.set_flag("WasBeamOn", false)?,
            LEFT_OUT => plan.leave_out()?,
            ODD_HOURS => plan.move_to_night()?,
            TOO_FAST => plan.shorten(params::size_of_plan(params.size)?)?,
            TOO_LONG => plan.lengthen(params::size_of_plan(params.size)?)?,
            _ => plan.change_dose(params::size_of_plan(params.size)?)?,
        };
        Ok(PlannedFault::without_witness(variant, edits))
    }
}

/// A complete treatment with its field.
struct DeliveryPlan<'s> {
    snapshot: &'s Snapshot,
    task: &'s Task<'s>,
    row: Row<'s>,
    field: Row<'s>,
    start: DateTime,
    end: DateTime,
}

/// Tells whether a row is a complete delivery to a patient.
fn is_given(row: &Row<'_>) -> bool {
    is_set(row, "WasBeamOn")
        && is_set(row, "WasBeamComplete")
        && !is_set(row, "WasCanceled")
        && !is_set(row, "WasQAMode")
}

fn wall(row: &Row<'_>, column: &str) -> Option<DateTime> {
    row.time(column).map(|time| time.wall)
}

fn same_cell(one: &Row<'_>, other: &Row<'_>, column: &str) -> bool {
    let cell = |row: &Row<'_>| row.cell(column).filter(|cell| !cell.is_null()).map(key_form);
    cell(one).is_some() && cell(one) == cell(other)
}

/// Returns an update of cells of a row.
fn update(table: &str, row: &Row<'_>, cells: Vec<(&str, Datum)>) -> Result<Edit, Refusal> {
    for (column, _) in &cells {
        records::settable_column(row.table, column)?;
    }
    let set = cells.into_iter().map(|(column, datum)| (column.to_owned(), datum)).collect::<BTreeMap<_, _>>();
    Ok(Edit::Update { table: table.to_owned(), key: row.key(), set })
}

fn whole(number: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "sizes are small")]
    let whole = number.round() as i64;
    whole
}

impl<'s> DeliveryPlan<'s> {
    fn new(snapshot: &'s Snapshot, task: &'s Task<'s>, row: Row<'s>) -> Result<Self, Refusal> {
        let fields = snapshot.table(FIELDS)?;
        for column in ["WasBeamOn", "WasBeamComplete", "Create_DtTm", "Edit_DtTm", "FLD_ID", "Pat_ID1"] {
            row.table.column(column)?;
        }
        if !is_given(&row) {
            return Err(task.ineligible("it is not a complete delivery to a patient"));
        }
        let id = row.cell("FLD_ID").unwrap_or(&Value::Null);
        let field = fields.rows_with("FLD_ID", id).into_iter().next();
        let field = field.filter(|field| is_treatment(field.integer("Type_Enum")));
        let field = field.ok_or_else(|| task.ineligible("its field is none that treats"))?;
        let times = wall(&row, "Create_DtTm").zip(wall(&row, "Edit_DtTm")).filter(|(start, end)| start < end);
        let (start, end) = times.ok_or_else(|| task.ineligible("its times cannot be read, or do not ascend"))?;
        Ok(Self { snapshot, task, row, field, start, end })
    }

    /// Returns the other deliveries of the patient.
    fn others(&self) -> Result<Vec<Row<'s>>, Refusal> {
        let mut rows =
            self.snapshot.table(TABLE)?.rows_with("Pat_ID1", self.row.cell("Pat_ID1").unwrap_or(&Value::Null));
        rows.retain(|row| row.key() != self.row.key());
        Ok(rows)
    }

    /// Returns the field of another delivery of the patient.
    fn field_of(&self, row: &Row<'_>) -> Option<Row<'s>> {
        let fields = self.snapshot.table(FIELDS).ok()?;
        fields.rows_with("FLD_ID", row.cell("FLD_ID")?).into_iter().next()
    }

    /// Returns the other complete deliveries of the same field, in any of its versions.
    fn same_field(&self) -> Result<Vec<Row<'s>>, Refusal> {
        self.field.table.column("FLD_SET_ID")?;
        let mut rows = self.others()?;
        rows.retain(|row| {
            is_given(row) && self.field_of(row).is_some_and(|field| same_cell(&field, &self.field, "FLD_SET_ID"))
        });
        Ok(rows)
    }

    fn later(&self, seconds: f64) -> Result<DateTime, Refusal> {
        let moved = self.start.checked_add(SignedDuration::from_secs(whole(seconds)));
        moved.map_err(|_| self.task.ineligible("its times cannot be moved so far"))
    }

    fn move_machine(&self) -> Result<Vec<Edit>, Refusal> {
        self.row.table.column(MACHINE)?;
        self.field.table.column(MACHINE)?;
        if !same_cell(&self.row, &self.field, MACHINE) {
            return Err(self.task.ineligible("it is on another machine than its field already"));
        }
        let stays = self.others()?.iter().any(|row| {
            is_set(row, "WasBeamOn")
                && !is_set(row, "WasQAMode")
                && !is_set(row, "WasCanceled")
                && same_cell(row, &self.field, MACHINE)
                && wall(row, "Create_DtTm").is_some_and(|start| start.date() == self.start.date())
        });
        if !stays {
            return Err(self.task.ineligible("its patient has no other delivery on the planned machine that day"));
        }
        let staff = self.snapshot.table(STAFF)?;
        staff.table.column("Machine_Type")?;
        let machines = staff.rows().filter(|row| row.integer("Machine_Type").is_some_and(|kind| kind > 0));
        let own = self.row.cell(MACHINE).map(key_form);
        let machines: Vec<Value> = machines
            .filter_map(|row| row.cell("Staff_ID").map(key_form))
            .filter(|id| Some(id) != own.as_ref())
            .collect();
        let mut random = RecordRandom::new(self.task.seed, OTHER_MACHINE, std::slice::from_ref(self.task.record));
        let other = random.pick(&machines).ok_or_else(|| self.task.ineligible("there is no other machine"))?;
        Ok(vec![update(TABLE, &self.row, vec![(MACHINE, Datum::of_cell(other))])?])
    }

    /// Moves a date of the field to some hours after the delivery.
    fn date_field(&self, column: &'static str, size: Size) -> Result<Vec<Edit>, Refusal> {
        self.field.table.column(column)?;
        let date = wall(&self.field, column).filter(|date| *date <= self.start);
        if date.is_none() {
            return Err(self.task.ineligible(format!("the {column} of its field is missing, or after it already")));
        }
        let later = self.later(size.number() * 3600.0)?;
        Ok(vec![update(FIELDS, &self.field, vec![(column, Datum::DateTime(later))])?])
    }

    fn withdraw_approval(&self) -> Result<Vec<Edit>, Refusal> {
        self.field.table.column("Sanct_DtTm")?;
        if wall(&self.field, "Sanct_DtTm").is_none_or(|approved| approved > self.start) {
            return Err(self.task.ineligible("its field was not approved before it"));
        }
        let mut cells = vec![("Sanct_DtTm", Datum::Null)];
        if self.field.has_value("Sanct_ID") {
            cells.push(("Sanct_ID", Datum::Null));
        }
        Ok(vec![update(FIELDS, &self.field, cells)?])
    }

    /// Adds a fraction some days after the last one.
    fn add_fraction(&self, variant: &str, size: Size) -> Result<Vec<Edit>, Refusal> {
        let others = self.same_field()?;
        if others.iter().any(|row| wall(row, "Create_DtTm").is_some_and(|start| start > self.start)) {
            return Err(self.task.ineligible("it is not the last fraction of its field"));
        }
        let sites = self.snapshot.table("Site")?;
        for column in ["SIT_SET_ID", "Fractions"] {
            sites.table.column(column)?;
        }
        let set = self.field.cell("SIT_Set_ID").unwrap_or(&Value::Null);
        let order =
            sites.rows_with("Pat_ID1", self.row.cell("Pat_ID1").unwrap_or(&Value::Null)).into_iter().find(|row| {
                row.cell("SIT_SET_ID").map(key_form) == Some(key_form(set)) && row.integer("Version").unwrap_or(0) == 0
            });
        let fractions = order.and_then(|order| order.integer("Fractions")).filter(|fractions| *fractions > 0);
        let fractions = fractions.ok_or_else(|| self.task.ineligible("its prescription has no fractions"))?;
        let given = i64::try_from(others.len()).unwrap_or(i64::MAX).saturating_add(1);
        match variant {
            AFTER_COURSE if given < fractions => {
                return Err(self.task.ineligible(format!("{given} of {fractions} fractions were given")));
            }
            LONG_BREAK if given >= fractions => return Err(self.task.ineligible("its course is complete")),
            _ => {}
        }
        self.copy_later(size.number() * 86_400.0)
    }

    fn repeat_on_day(&self, size: Size) -> Result<Vec<Edit>, Refusal> {
        let day = self.start.date();
        if self.same_field()?.iter().any(|row| wall(row, "Create_DtTm").is_some_and(|start| start.date() == day)) {
            return Err(self.task.ineligible("its field was given twice on that day already"));
        }
        let seconds = size.number() * 3600.0;
        if self.later(seconds)?.date() != day || self.later(seconds)? <= self.end {
            return Err(self.task.ineligible("the second delivery would not begin on the same day after the first"));
        }
        self.copy_later(seconds)
    }

    /// Inserts a copy of the delivery with its times moved, and without a dose of its own.
    fn copy_later(&self, seconds: f64) -> Result<Vec<Edit>, Refusal> {
        let mut copy = BTreeMap::new();
        for (column, cell) in self.row.table.columns.iter().zip(self.row.cells) {
            let name = column.image.name.as_str();
            // The database fills these columns itself and rejects values for them.
            if column.kind == Kind::RowVersion || column.role != Role::Plain {
                continue;
            }
            let is_time = ["Create_DtTm", "Edit_DtTm", "Sent_DtTm"].iter().any(|one| one.eq_ignore_ascii_case(name));
            let moved = if is_time && !cell.is_null() {
                let moved = time::shift_time(cell, column, whole(seconds));
                Datum::Raw(moved.ok_or_else(|| self.task.ineligible("its times cannot be moved so far"))?)
            } else if name.eq_ignore_ascii_case("DHS_ID") {
                Datum::Null
            } else {
                Datum::Raw(cell.clone())
            };
            copy.insert(name.to_owned(), moved);
        }
        let largest = self.snapshot.maximum(TABLE, "TTX_ID")?.unwrap_or(0);
        // All copies of an operation are planned from the same maximum; the ordinal keeps their ids apart.
        let ordinal = i64::try_from(self.task.ordinal).unwrap_or(i64::MAX);
        let (_, column) = self.row.table.column("TTX_ID")?;
        copy.insert(column.image.name.clone(), Datum::Integer(largest.saturating_add(1).saturating_add(ordinal)));
        Ok(vec![Edit::Insert { table: TABLE.to_owned(), row: copy }])
    }

    fn set_flag(&self, column: &'static str, value: bool) -> Result<Vec<Edit>, Refusal> {
        self.row.table.column(column)?;
        Ok(vec![update(TABLE, &self.row, vec![(column, Datum::Integer(i64::from(value)))])?])
    }

    fn leave_out(&self) -> Result<Vec<Edit>, Refusal> {
        let set = self.field.cell("SIT_Set_ID").unwrap_or(&Value::Null);
        let patient = self.row.cell("Pat_ID1").unwrap_or(&Value::Null);
        for column in ["SIT_Set_ID", "FLD_SET_ID"] {
            self.field.table.column(column)?;
        }
        let mut planned = self.snapshot.table(FIELDS)?.rows_with("Pat_ID1", patient);
        planned.retain(|row| {
            row.cell("SIT_Set_ID").map(key_form) == Some(key_form(set))
                && row.integer("Version").is_none_or(|version| version == 0)
                && is_treatment(row.integer("Type_Enum"))
                && row.float("Cgray").is_none_or(|dose| dose > 0.0)
        });
        let day = self.start.date();
        let mut given = self.others()?;
        given.retain(|row| is_given(row) && wall(row, "Create_DtTm").is_some_and(|start| start.date() == day));
        let is_own = planned.iter().any(|field| same_cell(field, &self.field, "FLD_SET_ID"));
        let all_given = planned.iter().filter(|field| !same_cell(field, &self.field, "FLD_SET_ID")).all(|field| {
            let same = |row: &&Row<'_>| self.field_of(row).is_some_and(|other| same_cell(&other, field, "FLD_SET_ID"));
            given.iter().filter(same).count() == 1
        });
        let again = given
            .iter()
            .any(|row| self.field_of(row).is_some_and(|field| same_cell(&field, &self.field, "FLD_SET_ID")));
        if planned.len() < 2 || !is_own || !all_given || again {
            return Err(self.task.ineligible("its prescription was not given once with several fields on that day"));
        }
        self.set_flag("WasBeamComplete", false)
    }

    fn move_to_night(&self) -> Result<Vec<Edit>, Refusal> {
        let hour = i64::from(self.start.time().hour());
        if !(6..20).contains(&hour) {
            return Err(self.task.ineligible("it does not begin between 6 and 20 o'clock"));
        }
        let seconds = (3 - hour) * 3600;
        let mut edits =
            vec![self.shift_times(TABLE, &self.row, &["Create_DtTm", "Edit_DtTm", "Sent_DtTm"], seconds)?];
        let dose = self.row.cell("DHS_ID").filter(|dose| !dose.is_null());
        let doses = dose.and_then(|dose| Some(self.snapshot.table(DOSES).ok()?.rows_with("DHS_ID", dose)));
        for dose in doses.unwrap_or_default().iter().filter(|dose| dose.has_value("Tx_DtTm")) {
            edits.push(self.shift_times(DOSES, dose, &["Tx_DtTm"], seconds)?);
        }
        Ok(edits)
    }

    fn shift_times(&self, table: &str, row: &Row<'_>, columns: &[&'static str], seconds: i64) -> Result<Edit, Refusal> {
        let mut cells = Vec::new();
        for name in columns.iter().filter(|name| row.has_value(name)) {
            let (at, column) = row.table.column(name)?;
            let moved = row.cells.get(at).and_then(|cell| time::shift_time(cell, column, seconds));
            cells.push((*name, Datum::Raw(moved.ok_or_else(|| self.task.ineligible("its times cannot be moved"))?)));
        }
        update(table, row, cells)
    }

    /// Refuses a delivery that follows an interrupted one of its field on the same day.
    fn check_uninterrupted(&self) -> Result<(), Refusal> {
        let was_interrupted = self.others()?.iter().any(|row| {
            is_set(row, "WasBeamOn")
                && !is_set(row, "WasBeamComplete")
                && same_cell(row, &self.row, "FLD_ID")
                && wall(row, "Create_DtTm").is_some_and(|start| start.date() == self.start.date())
        });
        if was_interrupted { Err(self.task.ineligible("its beam was interrupted on that day")) } else { Ok(()) }
    }

    fn shorten(&self, size: Size) -> Result<Vec<Edit>, Refusal> {
        self.check_uninterrupted()?;
        self.field.table.column("Meterset")?;
        let points = records::read_points(self.snapshot, self.field.cell("FLD_ID").unwrap_or(&Value::Null))?;
        self.snapshot.table(POINTS)?.table.column("Meterset_Rate")?;
        let rate = points.iter().filter_map(|point| point.float("Meterset_Rate")).fold(0.0, f64::max);
        let meterset = self.field.float("Meterset").unwrap_or_default();
        let needed = if rate > 0.0 { meterset * 60.0 / rate } else { 0.0 };
        if needed < 20.0 {
            return Err(self.task.ineligible("its field has no dose rate, or takes less than 20 s"));
        }
        let lasted = self.end.duration_since(self.start).as_secs_f64();
        let seconds = needed * (1.0 - size.number() / 100.0);
        if seconds < 1.0 || lasted < needed * 0.95 - 1.0 {
            return Err(self.task.ineligible("it is faster than the machine already, or would take no time"));
        }
        let end = self.later(seconds)?;
        Ok(vec![update(TABLE, &self.row, vec![("Edit_DtTm", Datum::DateTime(end))])?])
    }

    fn lengthen(&self, size: Size) -> Result<Vec<Edit>, Refusal> {
        self.check_uninterrupted()?;
        let lasted =
            |row: &Row<'_>| Some(wall(row, "Edit_DtTm")?.duration_since(wall(row, "Create_DtTm")?).as_secs_f64());
        let mut others = self.others()?;
        others.retain(|row| is_given(row) && same_cell(row, &self.row, "FLD_ID"));
        let own = self.end.duration_since(self.start).as_secs_f64();
        let longest = others.iter().filter_map(lasted).fold(0.0, f64::max);
        if others.len() < 3 || own > longest * 1.9 || longest > 200.0 {
            return Err(self.task.ineligible("its field has too few other deliveries, or long ones"));
        }
        let end = self.later(own + size.number())?;
        Ok(vec![update(TABLE, &self.row, vec![("Edit_DtTm", Datum::DateTime(end))])?])
    }

    fn change_dose(&self, size: Size) -> Result<Vec<Edit>, Refusal> {
        let doses = self.snapshot.table(DOSES)?;
        doses.table.column("Dose_Tx_Act")?;
        self.field.table.column("Cgray")?;
        let id = self.row.cell("DHS_ID").filter(|id| !id.is_null());
        let dose = id.and_then(|id| doses.rows_with("DHS_ID", id).into_iter().next());
        let dose = dose.ok_or_else(|| self.task.ineligible("it has no dose history"))?;
        let (given, planned) = (dose.float("Dose_Tx_Act"), self.field.float("Cgray").filter(|dose| *dose > 0.0));
        let agreed = given.zip(planned).filter(|(given, planned)| (given - planned).abs() <= planned * 0.02);
        let Some((given, _)) = agreed else {
            return Err(self.task.ineligible("its dose is not that of its field already"));
        };
        let changed: Decimal = format!("{:.2}", given + size.change_of(given)).parse().unwrap_or(Decimal::from(0));
        Ok(vec![update(DOSES, &dose, vec![("Dose_Tx_Act", Datum::Decimal(changed))])?])
    }
}
