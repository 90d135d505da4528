//! `create_plausible_identity`: a record of the wrong person that looks like any other. Every value written is that of
//! another record, or one that could be right.

mod births;
mod links;
mod numbers;
mod people;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::fault_places::{self, FAULT, FaultPlace};
use crate::model::{FaultSeverity, Fetch, Ids, Refusal, Snapshot, Value};

pub(super) struct PlausibleIdentity;

const PARAMETER: &str = "record_id";
const DELIVERY_PATIENT: &str = "delivery_of_another_patient";
const DELIVERY_FIELD: &str = "delivery_of_another_patients_field";
const DELIVERY_SITE: &str = "delivery_of_another_prescription";
const DELIVERY_DOSE: &str = "delivery_with_another_patients_dose";
const FIELD_PATIENT: &str = "field_of_another_patient";
const DOSE_PATIENT: &str = "dose_of_another_patient";
const SITE_PATIENT: &str = "prescription_of_another_patient";
const SHIFT_PATIENT: &str = "shift_of_another_patient";
const SHARED_NUMBER: &str = "shared_hospital_number";
const OLD_NUMBER: &str = "superseded_hospital_number";
const NO_NUMBER: &str = "missing_hospital_number";
const BIRTH_CENTURY: &str = "birth_date_in_another_century";
const BIRTH_LATE: &str = "birth_date_after_delivery";
const SECOND_CHART: &str = "second_chart";

const DELIVERIES: &str = "TrackTreatment";
const FIELDS: &str = "TxField";
const SITES: &str = "Site";
const DOSES: &str = "Dose_Hst";
const OFFSETS: &str = "Offset";
const NUMBERS: &str = "Ident";
const PATIENTS: &str = "Patient";

const fn place(word: &'static str, tables: &'static [&'static str]) -> FaultPlace {
    FaultPlace { word, tables }
}

static PLACES: [FaultPlace; 14] = [
    place(DELIVERY_PATIENT, &[DELIVERIES]),
    place(DELIVERY_FIELD, &[DELIVERIES]),
    place(DELIVERY_SITE, &[DELIVERIES]),
    place(DELIVERY_DOSE, &[DELIVERIES]),
    place(FIELD_PATIENT, &[FIELDS]),
    place(DOSE_PATIENT, &[DOSES]),
    place(SITE_PATIENT, &[SITES]),
    place(SHIFT_PATIENT, &[OFFSETS]),
    place(SHARED_NUMBER, &[NUMBERS]),
    place(OLD_NUMBER, &[NUMBERS]),
    place(NO_NUMBER, &[NUMBERS]),
    place(BIRTH_CENTURY, &[PATIENTS]),
    place(BIRTH_LATE, &[PATIENTS]),
    place(SECOND_CHART, &[PATIENTS]),
];

const fn variant<const TENTHS: u8>(word: &'static str, about: &'static str, eligible: &'static str) -> Variant {
    Variant { word, severity: FaultSeverity::tenths::<TENTHS>(), about, eligible, size: None }
}

static CARD: ModeCard = ModeCard {
    id: "plausible_identity",
    tool: "create_plausible_identity",
    group: ModeGroup::Plausible,
    title: "A record of the wrong person",
    description: "A delivery, field, prescription, dose or shift is booked on another patient, or two people share a \
        number, as after a chart left open from the patient before, two registrations of one person merged the wrong \
        way, or a message filed by name. Every value is one that the database holds elsewhere, so no range check sees \
        it. Wrong patient and wrong site stand among the worst-ranked failure modes of the initial chart review in \
        AAPM TG-275; treatment of the wrong patient is among the events that most authorities require to be reported.",
    record: FaultRecord { table: DELIVERIES, key: "TTX_ID", parameter: PARAMETER },
    others: &[
        FaultRecord { table: FIELDS, key: "FLD_ID", parameter: PARAMETER },
        FaultRecord { table: DOSES, key: "DHS_ID", parameter: PARAMETER },
        FaultRecord { table: SITES, key: "SIT_ID", parameter: PARAMETER },
        FaultRecord { table: OFFSETS, key: "OFF_ID", parameter: PARAMETER },
        FaultRecord { table: NUMBERS, key: "IDENT_ID", parameter: PARAMETER },
        FaultRecord { table: PATIENTS, key: "Pat_ID1", parameter: PARAMETER },
    ],
    table_parameter: Some(fault_places::TABLE),
    variants: &[
        variant::<29>(
            DELIVERY_PATIENT,
            "a delivery is booked on another patient of that day",
            "a delivery of the patient of its field and prescription, on a day with another patient",
        ),
        variant::<29>(
            DELIVERY_FIELD,
            "a delivery names the field of another patient of that day",
            "the same deliveries",
        ),
        variant::<24>(
            DELIVERY_SITE,
            "a delivery names another prescription of its patient, or that of another patient of that day",
            "a delivery of a field of its prescription, where there is another prescription to name",
        ),
        variant::<24>(
            DELIVERY_DOSE,
            "a delivery refers to the dose history entry of another patient of that day",
            "a delivery with a dose history entry of its own patient and field",
        ),
        variant::<29>(
            FIELD_PATIENT,
            "a field is booked on the patient registered next",
            "a field of the patient of its prescription",
        ),
        variant::<27>(
            DOSE_PATIENT,
            "a dose history entry is booked on another patient of that day",
            "an entry of the patient of its field",
        ),
        variant::<29>(
            SITE_PATIENT,
            "a prescription is booked on the patient registered next",
            "a current prescription with a field of its patient, or one of several versions",
        ),
        variant::<26>(
            SHIFT_PATIENT,
            "a shift names the prescription of another patient of that day",
            "a shift measured during a visit of its patient",
        ),
        variant::<26>(
            SHARED_NUMBER,
            "a patient gets the hospital number of a patient registered nearby",
            "a hospital number that is like no other nearby",
        ),
        variant::<20>(
            OLD_NUMBER,
            "the current hospital number is a superseded one, and the one before it, if any, is current again",
            "a hospital number that is the newest and the only current one of its patient",
        ),
        variant::<18>(NO_NUMBER, "the hospital number is gone", "the only hospital number of a patient with a field"),
        variant::<18>(
            BIRTH_CENTURY,
            "the birth date is a hundred years earlier",
            "a treated patient, born at least twenty years before the first delivery",
        ),
        variant::<18>(
            BIRTH_LATE,
            "the birth date is the day after the first delivery",
            "a treated patient, born before the first delivery",
        ),
        variant::<9>(
            SECOND_CHART,
            "a second chart of one person, its birth date with day and month exchanged where that is a date",
            "a patient with a field, names and birth date, and no namesake yet",
        ),
    ],
    severity: FaultSeverity::tenths::<28>(),
    uses_now: false,
    uses_ordinal: true,
    checks: &[
        "delivery_field_patient",
        "delivery_site_patient",
        "delivery_field_site",
        "field_site_patient",
        "dose_field_patient",
        "dose_site_patient",
        "dose_field_site",
        "delivery_dose_patient",
        "delivery_dose_field",
        "delivery_dose_site",
        "dose_shared",
        "offset_visit",
        "offset_time",
        "hospital_number_missing",
        "hospital_number_shared",
        "hospital_number_versions",
        "birth_date",
        "namesake",
        "site_versions",
        "field_versions",
    ],
    data_needed: &[
        "the machine's log, which names the patient whose plan was loaded",
        "the hospital's patient index, with numbers, merges and birth dates",
        "images with the patient's number in their headers",
    ],
};

/// Parameters of `create_plausible_identity`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by the key of the fault's table, such as TTX_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record_id: Option<Ids>,
    /// Which fault.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    fault: Option<String>,
    /// The table of the records. Each fault has one, which is the default.
    #[arg(long, value_name = "TABLE")]
    record_type: Option<String>,
}

impl FailureMode for PlausibleIdentity {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let given = (params.fault.as_deref(), params.record_type.as_deref());
        let (word, record) = fault_places::resolve_place(self, &PLACES, given, variant)?;
        Ok(Params { record_id: None, fault: Some(word.to_owned()), record_type: Some(record.table.to_owned()) })
    }

    fn record(&self, params: &Params) -> &'static FaultRecord {
        CARD.find_record(params.record_type.as_deref())
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let Ok(word) = params::variant_of_plan(self, params.fault.as_deref(), FAULT) else { return Vec::new() };
        let chosen = people::Chosen { kind: self.record(params), records, snapshot };
        match word {
            SHARED_NUMBER | OLD_NUMBER | NO_NUMBER => numbers::needs(word, &chosen),
            BIRTH_CENTURY | BIRTH_LATE | SECOND_CHART => births::needs(word, &chosen),
            _ => links::needs(word, &chosen),
        }
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.fault.as_deref(), FAULT)?;
        let mut fault = match word {
            SHARED_NUMBER | OLD_NUMBER | NO_NUMBER => numbers::plan(word, snapshot, task),
            BIRTH_CENTURY | BIRTH_LATE | SECOND_CHART => births::plan(word, snapshot, task),
            _ => links::plan(word, snapshot, task),
        }?;
        fault.variant = word;
        Ok(fault)
    }
}
