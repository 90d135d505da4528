//! `create_plausible_geometry`: a field that any machine could treat, from another side, through another opening or
//! with the couch elsewhere. Writes the named columns of one field and its control points.

mod angles;
mod lengths;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Size};
use crate::domain::size::SizeRange;
use crate::domains::mosaiq::records;
use crate::model::snapshot::key_form;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct PlausibleGeometry;

const PARAMETER: &str = "fault";
const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const SITE: &str = "SIT_Set_ID";
const COUCH_OFF: &str = "couch_off";
const COUCH_TURNED: &str = "couch_turned";
const JAW_BEYOND: &str = "jaw_beyond_machine";
const JAW_CLOSED: &str = "jaw_over_leaves";
const FIELD_SIZE: &str = "field_size";
const BANK_SHIFTED: &str = "bank_shifted";
const LEAVES_SHIFTED: &str = "leaves_shifted";
const DIRECTION: &str = "gantry_direction";
const OPPOSITE: &str = "opposite_side";
const COLLIMATOR: &str = "collimator_turned";
const SKIN: &str = "skin_distance";
const RATE: &str = "dose_rate";
const INDEX: &str = "index_order";

static CARD: ModeCard = ModeCard {
    id: "plausible_geometry",
    tool: "create_plausible_geometry",
    group: ModeGroup::Plausible,
    title: "A beam that could be right, and is not this field's",
    description: "Couch, jaws, leaves or an angle of a field change to values that the machine can reach, as after a \
        manual entry, a plan imported for another machine's scale, or a second plan of the patient. The machine \
        treats such a field without a question, and the dose goes elsewhere: wrong isocentres, wrong beam geometry \
        and wrong shifts are among the failure modes with the highest risk in the initial review of plans (TG-275), \
        and geometry is among the commonest contents of reported incidents.",
    record: FaultRecord { table: FIELDS, key: "FLD_ID", parameter: "fld_id" },
    variants: &[
        Variant {
            word: COUCH_OFF,
            severity: FaultSeverity::tenths::<27>(),
            about: "Couch_Lng of all control points is off by the size",
            eligible: "a field with a couch position, like that of the prescription's other fields on the machine",
            size: Some(SizeRange::in_unit("cm", 0.5, 20.0, 80.0).or_relative().or_negative()),
        },
        Variant {
            word: COUCH_TURNED,
            severity: FaultSeverity::tenths::<22>(),
            about: "Couch_Ang of all control points is turned by the size",
            eligible: "a treatment field whose prescription has two others that agree on the couch angle, and is not \
                one whose beams come from many sides",
            size: Some(SizeRange::in_unit("degrees", 1.0, 25.0, 180.0)),
        },
        Variant {
            word: JAW_BEYOND,
            severity: FaultSeverity::tenths::<18>(),
            about: "Coll_X2 of all control points is beyond 20 cm by the size, and Field_X grows with it",
            eligible: "a field whose X2 jaw is within 20 cm",
            size: Some(SizeRange::in_unit("cm", 0.1, 2.0, 20.0)),
        },
        Variant {
            word: JAW_CLOSED,
            severity: FaultSeverity::tenths::<24>(),
            about: "Coll_X2 of all control points closes by the size over open leaves, and Field_X shrinks with it",
            eligible: "a field with leaves, still open after that, and open leaves behind the jaw",
            size: Some(SizeRange::in_unit("cm", 0.2, 4.0, 10.0)),
        },
        Variant {
            word: FIELD_SIZE,
            severity: FaultSeverity::tenths::<16>(),
            about: "Field_X of all control points is off by the size, and its jaws are not",
            eligible: "a field whose jaws are as far apart as Field_X says",
            size: Some(SizeRange::in_unit("cm", 0.2, 2.0, 10.0).or_relative().or_negative()),
        },
        Variant {
            word: BANK_SHIFTED,
            severity: FaultSeverity::tenths::<24>(),
            about: "bank A of all control points opens by the size",
            eligible: "a treatment field with leaves, closed pairs among them that tell how it counts them, and no \
                crossed one",
            size: Some(SizeRange::in_unit("cm", 0.05, 0.5, 3.0).with_decimals(2)),
        },
        Variant {
            word: LEAVES_SHIFTED,
            severity: FaultSeverity::tenths::<25>(),
            about: "the whole aperture of all control points moves by the size to the side of X2",
            eligible: "a treatment field with leaves and no crossed pair, and open leaves beyond the jaw afterwards, \
                not before",
            size: Some(SizeRange::in_unit("cm", 0.2, 4.0, 10.0).with_decimals(2)),
        },
        Variant {
            word: DIRECTION,
            severity: FaultSeverity::tenths::<12>(),
            about: "Gantry_Dir_Enum of all control points says the other way",
            eligible: "a field whose gantry turns one way, with a direction",
            size: None,
        },
        Variant {
            word: OPPOSITE,
            severity: FaultSeverity::tenths::<28>(),
            about: "a standing beam comes from the opposite side",
            eligible: "a field of one gantry angle, which its name says",
            size: None,
        },
        Variant {
            word: COLLIMATOR,
            severity: FaultSeverity::tenths::<23>(),
            about: "Coll_Ang of all control points is turned by the size",
            eligible: "a modulated arc whose collimator is turned by less than 45 degrees",
            size: Some(SizeRange::in_unit("degrees", 2.0, 90.0, 180.0)),
        },
        Variant {
            word: SKIN,
            severity: FaultSeverity::tenths::<14>(),
            about: "Ssd is off by the size",
            eligible: "a field with an Ssd, and another of the prescription from the same side",
            size: Some(SizeRange::in_unit("cm", 0.5, 10.0, 20.0).or_relative().or_negative()),
        },
        Variant {
            word: RATE,
            severity: FaultSeverity::tenths::<10>(),
            about: "Meterset_Rate of all control points is higher by the size",
            eligible: "a treatment field whose prescription has two others with its energy, which agree on its dose \
                rate",
            size: Some(SizeRange::in_unit("%", 5.0, 50.0, 300.0)),
        },
        Variant {
            word: INDEX,
            severity: FaultSeverity::tenths::<20>(),
            about: "the cumulative meterset of one control point falls below the one before by the size, percent of \
                the last",
            eligible: "a field of three control points or more, and a point that can fall so far",
            size: Some(SizeRange::in_unit("%", 0.1, 2.0, 20.0)),
        },
    ],
    severity: FaultSeverity::tenths::<24>(),
    checks: &[
        "couch_position",
        "couch_angle",
        "jaw_range",
        "jaw_width",
        "jaw_cover",
        "leaf_bank",
        "gantry_motion",
        "gantry_name",
        "beam_side",
        "collimator_usual",
        "skin_distance",
        "dose_rate",
        "index_order",
    ],
    data_needed: &[
        "the treatment plan (DICOM RT Plan), with all control points",
        "the isocentre and the couch values of the first fraction",
        "the limits of jaws, leaves and couch of each machine",
    ],
    ..ModeCard::PLAIN
};

/// Parameters of `create_plausible_geometry`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// What is wrong with the field.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    fault: Option<String>,
    /// How wrong it is: a number in the unit of the fault, or 5% where the fault takes a relative size.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: Option<Size>,
}

impl FailureMode for PlausibleGeometry {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.fault.as_deref(), variant)?;
        let size = params::resolve_size(self, word, params.size)?;
        Ok(Params { fld_id: None, fault: Some(word.to_owned()), size })
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let fields = records::field_queries(records, snapshot);
        if !fields.is_empty() || !matches!(params.fault.as_deref(), Some(COUCH_OFF | COUCH_TURNED | SKIN | RATE)) {
            return fields;
        }
        let sites: BTreeSet<Value> = records::read_cells(snapshot, FIELDS, "FLD_ID", records, SITE).collect();
        let mut beside = records::unread_queries(snapshot, [Fetch::among(FIELDS, SITE, sites.clone())]);
        if params.fault.as_deref() == Some(COUCH_TURNED) {
            let prescriptions = Fetch::among("Site", "SIT_SET_ID", sites.iter().map(key_form));
            beside.extend(records::unread_queries(snapshot, [prescriptions]));
        }
        if sites.is_empty() || !beside.is_empty() {
            return beside;
        }
        let rows = sites.iter().filter_map(|site| Some(snapshot.table(FIELDS).ok()?.rows_with(SITE, site))).flatten();
        let ids: Vec<Value> = rows.filter_map(|row| row.cell("FLD_ID").cloned()).collect();
        records::unread_queries(snapshot, [Fetch::among(POINTS, "FLD_ID", records::key_forms(&ids))])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.fault.as_deref(), PARAMETER)?;
        let field = records::read_record(snapshot, FIELDS, "FLD_ID", task.record)?;
        let mut points = records::read_points(snapshot, task.record)?;
        points.sort_by_key(|row| row.integer("Point"));
        let beam = Beam { field, points, snapshot };
        let size = || params::size_of_plan(params.size);
        let edits = match variant {
            COUCH_OFF => lengths::move_couch(&beam, task, size()?)?,
            COUCH_TURNED => angles::turn_couch(&beam, task, size()?)?,
            JAW_BEYOND => lengths::open_jaw(&beam, task, size()?)?,
            JAW_CLOSED => lengths::close_jaw(&beam, task, size()?)?,
            FIELD_SIZE => lengths::change_width(&beam, task, size()?)?,
            BANK_SHIFTED => shapes::shift_bank(&beam, task, size()?)?,
            LEAVES_SHIFTED => shapes::shift_leaves(&beam, task, size()?)?,
            DIRECTION => angles::reverse_direction(&beam, task)?,
            OPPOSITE => angles::oppose_beam(&beam, task)?,
            COLLIMATOR => angles::turn_collimator(&beam, task, size()?)?,
            SKIN => lengths::change_skin(&beam, task, size()?)?,
            RATE => lengths::change_rate(&beam, task, size()?)?,
            _ => lengths::lower_index(&beam, task, size()?)?,
        };
        Ok(PlannedFault::without_witness(variant, edits))
    }
}

/// A field with its control points in order.
struct Beam<'s> {
    field: Row<'s>,
    points: Vec<Row<'s>>,
    snapshot: &'s Snapshot,
}

impl<'s> Beam<'s> {
    /// Returns the other fields of the prescription on the same machine, with their first control points.
    fn beams_beside(&self) -> Vec<(Row<'s>, Row<'s>)> {
        let Some(site) = self.field.cell(SITE).filter(|site| !site.is_null()) else { return Vec::new() };
        let rows = self.snapshot.table(FIELDS).map(|fields| fields.rows_with(SITE, site)).unwrap_or_default();
        let machine = "Machine_ID_Staff_ID";
        let others = rows
            .into_iter()
            .filter(|row| row.key() != self.field.key() && row.cell(machine) == self.field.cell(machine));
        let mut beams = Vec::new();
        for row in others {
            let id = row.cell("FLD_ID").cloned().unwrap_or(Value::Null);
            let points = records::read_points(self.snapshot, &id).unwrap_or_default();
            beams.extend(points.into_iter().min_by_key(|point| point.integer("Point")).map(|point| (row, point)));
        }
        beams
    }

    /// Returns the number in a column of the first control point.
    ///
    /// # Errors
    /// The record is ineligible without it.
    fn first_number(&self, column: &str, task: &Task<'_>) -> Result<f64, Refusal> {
        let number = self.points.first().and_then(|row| row.float(column));
        number.ok_or_else(|| task.ineligible(format!("its first control point has no {column}")))
    }

    /// Returns edits that set columns of every control point.
    ///
    /// # Errors
    /// The record is ineligible without control points, or if one of them lacks one of the columns.
    fn edit_points<const N: usize>(
        &self,
        task: &Task<'_>,
        columns: [&str; N],
        change: impl Fn([f64; N]) -> [f64; N],
    ) -> Result<Vec<Edit>, Refusal> {
        if self.points.is_empty() {
            return Err(task.ineligible("it has no control points"));
        }
        let mut edits = Vec::new();
        for row in &self.points {
            let mut old = [0.0; N];
            for (number, column) in old.iter_mut().zip(columns) {
                row.table.column(column)?;
                let lacks = || task.ineligible(format!("one of its control points has no {column}"));
                *number = row.float(column).ok_or_else(lacks)?;
            }
            let set = columns.iter().zip(change(old)).map(|(column, number)| ((*column).to_owned(), to_datum(number)));
            edits.push(Edit::Update { table: POINTS.into(), key: row.key(), set: set.collect() });
        }
        Ok(edits)
    }

    /// Returns the edit that sets a column of the field.
    fn edit_field(&self, column: &str, number: f64) -> Vec<Edit> {
        let set = BTreeMap::from([(column.to_owned(), to_datum(number))]);
        vec![Edit::Update { table: FIELDS.into(), key: self.field.key(), set }]
    }
}

/// Returns a number with the four decimals that the columns have at most.
fn to_datum(number: f64) -> Datum {
    let rounded = (number * 10_000.0).round() / 10_000.0;
    Decimal::from_f64(rounded).map_or(Datum::Raw(Value::Real(rounded)), Datum::Decimal)
}
