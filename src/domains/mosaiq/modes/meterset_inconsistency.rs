//! `create_meterset_inconsistency`: a field's monitor units become impossible or contradict its dose; no point changes.

use std::collections::BTreeMap;

use clap::Args;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Number};
use crate::domains::mosaiq::limits::METERSET_EXTREME_MU;
use crate::domains::mosaiq::metersets::{self, Dose, Tolerance};
use crate::domains::mosaiq::numbers::{self, CellReading};
use crate::domains::mosaiq::records;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct MetersetInconsistency;

const TABLE: &str = "TxField";
const COLUMN: &str = "Meterset";
const PARAMETER: &str = "inconsistency_type";
const NEGATIVE: &str = "negative_meterset";
const EXTREME: &str = "extreme_value";
const MISMATCH: &str = "mismatch_with_cp";
/// The meterset that contradicts the control points or the dose, in MU: positive, so that no range check reports it.
const MISMATCH_MU: i64 = 1;

static CARD: ModeCard = ModeCard {
    id: "meterset_inconsistency",
    tool: "create_meterset_inconsistency",
    group: ModeGroup::Specified,
    title: "Impossible or contradictory monitor units",
    description: "The monitor units of a field become negative, absurdly large, or too few for the field's dose, as \
        after a unit change between planning system and record, a lost decimal point, or a plan revised on one side \
        only. A machine refuses an impossible number; a wrong but possible one is delivered.",
    record: FaultRecord { table: TABLE, key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: NEGATIVE,
            severity: FaultSeverity::tenths::<28>(),
            about: "Meterset is below zero",
            eligible: "a field whose Meterset is 0 or more",
            size: None,
        },
        Variant {
            word: EXTREME,
            severity: FaultSeverity::tenths::<26>(),
            about: "Meterset is 10000 MU or more",
            eligible: "a field whose Meterset is below 10000 MU, in a column that can store the value",
            size: None,
        },
        Variant {
            word: MISMATCH,
            severity: FaultSeverity::tenths::<15>(),
            about: "Meterset is 1 MU, which contradicts the control-point index or the dose per MU",
            eligible: "a field whose last index in MU or dose per MU agrees with its Meterset, but not with 1 MU",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<23>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["meterset_value", "meterset_index", "meterset_dose", "meterset_outlier"],
    data_needed: &["MU tolerances", "DICOM RT Plan: meterset of the beam and weights of its control points"],
};

/// Parameters of `create_meterset_inconsistency`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// How the meterset is changed: negative_meterset, extreme_value or mismatch_with_cp (1 MU, where the
    /// control-point index or the dose per MU differs).
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    inconsistency_type: Option<String>,
    /// The meterset to write, in MU. negative_meterset: below 0, default -100. extreme_value: 10000 or more, default
    /// 999999. mismatch_with_cp takes none.
    #[arg(long, value_name = "MU", allow_negative_numbers = true)]
    value: Option<Number>,
}

impl FailureMode for MetersetInconsistency {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.inconsistency_type.as_deref(), variant)?;
        let value = match word {
            NEGATIVE => Some(params.value.unwrap_or(Number(Decimal::from(-100)))),
            EXTREME => Some(params.value.unwrap_or(Number(Decimal::from(999_999)))),
            _ if params.value.is_some() => return Err(format!("value: {MISMATCH} does not take it; omit it")),
            _ => None,
        };
        Ok(Params { fld_id: None, inconsistency_type: Some(word.to_owned()), value })
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        // Only the contradiction compares the meterset with control points.
        if params.inconsistency_type.as_deref() == Some(MISMATCH) {
            return records::field_queries(records, snapshot);
        }
        records::unread_queries(snapshot, [Fetch::among(TABLE, "FLD_ID", records::key_forms(records))])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.inconsistency_type.as_deref(), PARAMETER)?;
        let field = records::read_record(snapshot, TABLE, "FLD_ID", task.record)?;
        records::settable_column(field.table, COLUMN)?;
        let Some(current) = CellReading::from_cell(&field, COLUMN).number() else {
            return Err(task.ineligible("it has no Meterset"));
        };
        let already = format!("its Meterset is {current} MU already");
        let value = match variant {
            MISMATCH if current.compare_integer(MISMATCH_MU).is_eq() => return Err(task.ineligible(already)),
            MISMATCH => {
                check_contradicted(&field, snapshot)?;
                Decimal::from(MISMATCH_MU)
            }
            _ => {
                let Number(value) = params::require_param(params.value, "value")?;
                let (shows, valid): (fn(numbers::CellNumber) -> bool, _) = if variant == NEGATIVE {
                    (metersets::is_negative, "0 MU or more".to_owned())
                } else {
                    (metersets::is_extreme, format!("below {METERSET_EXTREME_MU} MU"))
                };
                if !shows(numbers::CellNumber::Exact(value)) {
                    let (what, value) = (format!("meterset ({valid})"), value.normalise().to_string());
                    return Err(Refusal::ValueIsValid { what, value });
                }
                if shows(current) {
                    return Err(task.ineligible(already));
                }
                value
            }
        };
        let set = BTreeMap::from([(COLUMN.to_owned(), Datum::Decimal(value))]);
        let edit = Edit::Update { table: TABLE.into(), key: field.key(), set };
        Ok(PlannedFault::without_witness(variant, vec![edit]))
    }
}

/// Refuses a field unless its control-point index or its dose agrees with the meterset now, and would not with
/// [`MISMATCH_MU`]; otherwise no check could see the fault.
fn check_contradicted(field: &Row<'_>, snapshot: &Snapshot) -> Result<(), Refusal> {
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let wrong = MISMATCH_MU as f64;
    let Some(current) = field.float(COLUMN) else { return Ok(()) };
    let id = field.cell("FLD_ID").unwrap_or(&Value::Null);
    // A field without control points can still be contradicted by its dose.
    let points = records::read_points(snapshot, id).unwrap_or_default();
    let last = metersets::last_index(&points);
    let dose = Dose::from_field(field);
    let by_index = last.is_some_and(|last| {
        metersets::index_fits(last, current, Tolerance::USUAL) && !metersets::index_fits(last, wrong, Tolerance::USUAL)
    });
    // A meterset of 0 is consistent with every dose, so that it proves no agreement.
    let by_dose = dose.is_some_and(|dose| {
        current != 0.0
            && dose.is_consistent_with(current, Tolerance::USUAL)
            && !dose.is_consistent_with(wrong, Tolerance::USUAL)
    });
    if by_index || by_dose {
        return Ok(());
    }
    let reason = match (last, dose) {
        (None, None) => "it has neither several control points nor a dose per MU",
        (Some(_), None) => "its control-point index is in percent, and it has no dose per MU",
        (_, Some(_)) => "neither its control points nor its dose agree now with Meterset and would disagree afterwards",
    };
    Err(Refusal::NoIndependentMeterset { table: TABLE.into(), key: field.key(), reason: reason.into() })
}
