//! `create_plausible_prescription`: a prescription, or one of its fields, orders something else than the rest of it.

use std::collections::BTreeMap;

use clap::Args;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Size};
use crate::domain::size::SizeRange;
use crate::domains::mosaiq::machines::is_treatment;
use crate::domains::mosaiq::modality::OrderedBeam;
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::rules::{FieldType, Rules};
use crate::model::seed::RecordRandom;
use crate::model::snapshot::key_form;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct PlausiblePrescription;

const PARAMETER: &str = "fault";
const SITES: &str = "Site";
const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";

const DOSE: &str = "dose_per_fraction";
const TOTAL: &str = "total_dose";
const BOTH: &str = "dose_and_total";
const FRACTIONS: &str = "fractions";
const ENERGY: &str = "energy";
const FIELD_ENERGY: &str = "field_energy";
const FIELD_MODALITY: &str = "field_modality";
const TECHNIQUE: &str = "technique";
const FIELD_DOSE: &str = "field_dose";
const FIELD_METERSET: &str = "field_meterset";
const FIELD_BOTH: &str = "field_dose_and_meterset";
const BOLUS: &str = "bolus";
const WEDGE: &str = "wedge";

/// Sizes of doses, cGy.
const CENTIGRAYS: SizeRange = SizeRange::in_unit("cGy", 1.0, 20.0, 200.0).or_relative().or_negative();

static CARD: ModeCard = ModeCard {
    id: "plausible_prescription",
    tool: "create_plausible_prescription",
    group: ModeGroup::Plausible,
    title: "A prescription that its fields do not carry out",
    description: "A prescription or one of its fields is changed to something that could have been ordered, and was \
        not: a dose a little higher, one fraction more, another energy, a field without its bolus. Transcription and \
        late changes make such errors; each number is possible by itself, and only the comparison of prescription, \
        fields and control points shows them. TG-275 ranks wrong doses and wrong energies among its most severe \
        failure modes.",
    record: FaultRecord { table: SITES, key: "SIT_ID", parameter: "sit_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: DOSE,
            severity: FaultSeverity::tenths::<26>(),
            about: "Dose_Tx is changed, the total dose is not",
            eligible: "a current prescription whose dose of a fraction times fractions is its total dose",
            size: Some(CENTIGRAYS),
        },
        Variant {
            word: TOTAL,
            severity: FaultSeverity::tenths::<24>(),
            about: "Dose_Ttl is changed, the dose of a fraction is not",
            eligible: "the same prescriptions",
            size: Some(SizeRange::in_unit("cGy", 10.0, 200.0, 2000.0).or_relative().or_negative()),
        },
        Variant {
            word: BOTH,
            severity: FaultSeverity::tenths::<26>(),
            about: "Dose_Tx and Dose_Ttl are changed together, the fields are not",
            eligible: "the same prescriptions, if their fields add up to the dose",
            size: Some(CENTIGRAYS),
        },
        Variant {
            word: FRACTIONS,
            severity: FaultSeverity::tenths::<24>(),
            about: "Fractions is changed, the total dose is not",
            eligible: "the same prescriptions",
            size: Some(SizeRange::in_unit("fractions", 1.0, 1.0, 10.0).with_decimals(0).by_equal_steps().or_negative()),
        },
        Variant {
            word: ENERGY,
            severity: FaultSeverity::tenths::<22>(),
            about: "Modality names another energy than the fields have",
            eligible: "a current prescription that names the energy of its fields",
            size: None,
        },
        Variant {
            word: FIELD_ENERGY,
            severity: FaultSeverity::tenths::<25>(),
            about: "all control points of one field have another energy than the prescription names",
            eligible: "the same prescriptions",
            size: None,
        },
        Variant {
            word: FIELD_MODALITY,
            severity: FaultSeverity::tenths::<25>(),
            about: "one field is of electrons where X-rays are ordered, or the other way round",
            eligible: "a current prescription that names its rays, and whose fields have them",
            size: None,
        },
        Variant {
            word: TECHNIQUE,
            severity: FaultSeverity::tenths::<16>(),
            about: "Technique is one that the types of the fields do not carry out",
            eligible: "a current prescription with a technique and fields",
            size: None,
        },
        Variant {
            word: FIELD_DOSE,
            severity: FaultSeverity::tenths::<25>(),
            about: "the dose (Cgray) of one field is changed",
            eligible: "a current prescription whose fields add up to its dose",
            size: Some(CENTIGRAYS),
        },
        Variant {
            word: FIELD_METERSET,
            severity: FaultSeverity::tenths::<26>(),
            about: "the monitor units of one field are changed, its dose is not",
            eligible: "the same prescriptions, with a field that has a dose per MU",
            size: Some(SizeRange::in_unit("%", 0.5, 10.0, 50.0).or_negative()),
        },
        Variant {
            word: FIELD_BOTH,
            severity: FaultSeverity::tenths::<26>(),
            about: "dose and monitor units of one field are changed together",
            eligible: "the same prescriptions",
            size: Some(SizeRange::in_unit("%", 0.5, 10.0, 50.0).or_negative()),
        },
        Variant {
            word: BOLUS,
            severity: FaultSeverity::tenths::<18>(),
            about: "one of several fields loses its bolus, or gets one",
            eligible: "a current prescription with several fields that agree in their bolus",
            size: None,
        },
        Variant {
            word: WEDGE,
            severity: FaultSeverity::tenths::<20>(),
            about: "one of several fields loses its wedge or gets one; one of electrons loses its applicator",
            eligible: "a current prescription with several fields that agree, or of electrons with an applicator",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<24>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &[
        "prescription_total",
        "prescription_field_doses",
        "prescription_energy",
        "prescription_modality",
        "prescription_technique",
        "field_bolus",
        "field_wedge",
        "meterset_dose",
    ],
    data_needed: &[
        "the prescription as the physician signed it",
        "DICOM RT Plan: dose, energy, accessories and meterset of each beam",
    ],
};

/// Parameters of `create_plausible_prescription`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Prescriptions to change, by Site.SIT_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    sit_id: Option<Ids>,
    /// What is changed: a dose, the fractions, energy, rays or technique of the prescription, or dose, monitor units,
    /// bolus or wedge of one of its fields, which the seed chooses.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    fault: Option<String>,
    /// By how much a number is changed, in its own unit (cGy, fractions) or relative, such as 5%; negative makes it
    /// smaller. The default is that of the variant.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: Option<Size>,
}

impl FailureMode for PlausiblePrescription {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.fault.as_deref(), variant)?;
        let size = params::resolve_size(self, word, params.size)?;
        Ok(Params { sit_id: None, fault: Some(word.to_owned()), size })
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let own = Fetch::among(SITES, "SIT_ID", records::key_forms(records));
        let unread = records::unread_queries(snapshot, [own]);
        if !unread.is_empty() {
            return unread;
        }
        let sets: Vec<Value> = records::read_cells(snapshot, SITES, "SIT_ID", records, "SIT_SET_ID").collect();
        let unread = records::unread_queries(snapshot, [Fetch::among(FIELDS, "SIT_Set_ID", sets.clone())]);
        if !unread.is_empty() || ![Some(ENERGY), Some(FIELD_ENERGY)].contains(&params.fault.as_deref()) {
            return unread;
        }
        let fields = sets.iter().filter_map(|set| Some(snapshot.table(FIELDS).ok()?.rows_with("SIT_Set_ID", set)));
        let ids = fields.flatten().filter_map(|row| row.cell("FLD_ID").map(key_form));
        records::unread_queries(snapshot, [Fetch::among(POINTS, "FLD_ID", ids)])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.fault.as_deref(), PARAMETER)?;
        let site = records::read_record(snapshot, SITES, "SIT_ID", task.record)?;
        if site.integer("Version").is_some_and(|version| version != 0) {
            return Err(task.ineligible("it is not the current version of its prescription"));
        }
        let set = site.cell("SIT_SET_ID").cloned().unwrap_or(Value::Null);
        let mut fields = snapshot.table(FIELDS)?.rows_with("SIT_Set_ID", &set);
        fields.retain(|row| row.integer("Version").is_none_or(|version| version == 0));
        fields.retain(|row| is_treatment(row.integer("Type_Enum")));
        let plan = SitePlan { site, fields, snapshot, task };
        let edits = match variant {
            DOSE | TOTAL | BOTH | FRACTIONS => plan.change_numbers(variant, params::size_of_plan(params.size)?)?,
            FIELD_DOSE | FIELD_METERSET | FIELD_BOTH => {
                plan.change_field(variant, params::size_of_plan(params.size)?)?
            }
            ENERGY | FIELD_ENERGY => plan.change_energy(variant)?,
            FIELD_MODALITY => plan.change_modality()?,
            TECHNIQUE => plan.change_technique()?,
            BOLUS => plan.change_accessory("Bolus", "5 MM")?,
            _ => plan.change_accessory("Wdg_Appl", "WEDGE 30")?,
        };
        Ok(PlannedFault::without_witness(variant, edits))
    }
}

/// A current prescription with its current treatment fields.
struct SitePlan<'s> {
    site: Row<'s>,
    fields: Vec<Row<'s>>,
    snapshot: &'s Snapshot,
    task: &'s Task<'s>,
}

/// Returns an update of cells of a row.
fn update(table: &str, row: &Row<'_>, cells: Vec<(&str, Datum)>) -> Result<Edit, Refusal> {
    for (column, _) in &cells {
        records::settable_column(row.table, column)?;
    }
    let set = cells.into_iter().map(|(column, datum)| (column.to_owned(), datum)).collect::<BTreeMap<_, _>>();
    Ok(Edit::Update { table: table.to_owned(), key: row.key(), set })
}

/// Returns a number with a count of decimals.
fn decimal_cell(number: f64, decimals: usize) -> Datum {
    Datum::Decimal(format!("{number:.decimals$}").parse().unwrap_or(Decimal::from(0)))
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= expected.abs() * 0.005 + 0.005
}

impl<'s> SitePlan<'s> {
    fn random(&self, variant: &str) -> RecordRandom {
        RecordRandom::new(self.task.seed, variant, std::slice::from_ref(self.task.record))
    }

    /// Returns Dose_Tx, Dose_Ttl and Fractions if they agree.
    fn read_doses(&self) -> Result<(f64, f64, f64), Refusal> {
        for column in ["Dose_Tx", "Dose_Ttl", "Fractions"] {
            self.site.table.column(column)?;
        }
        let [dose, total, fractions] = ["Dose_Tx", "Dose_Ttl", "Fractions"].map(|column| self.site.float(column));
        let doses = dose.zip(total).zip(fractions).map(|((dose, total), fractions)| (dose, total, fractions));
        let doses = doses.filter(|(dose, total, fractions)| *dose > 0.0 && *total > 0.0 && *fractions > 0.0);
        let (dose, total, fractions) = doses.ok_or_else(|| self.task.ineligible("it has no dose or no fractions"))?;
        if !is_near(total, dose * fractions) {
            return Err(self.task.ineligible("its dose of a fraction times fractions is not its total dose already"));
        }
        Ok((dose, total, fractions))
    }

    /// Refuses a prescription whose fields do not add up to its dose.
    fn check_fields_add_up(&self, dose: f64) -> Result<(), Refusal> {
        let sum: f64 = self.fields.iter().filter_map(|field| field.float("Cgray")).sum();
        if sum > 0.0 && is_near(sum, dose) {
            return Ok(());
        }
        Err(self.task.ineligible("the doses of its current fields do not add up to its dose"))
    }

    fn change_numbers(&self, variant: &str, size: Size) -> Result<Vec<Edit>, Refusal> {
        let (dose, total, fractions) = self.read_doses()?;
        let sum_is_right = self.check_fields_add_up(dose);
        let cells = match variant {
            DOSE => vec![("Dose_Tx", decimal_cell(self.changed(dose, size)?, 2))],
            TOTAL => vec![("Dose_Ttl", decimal_cell(self.changed(total, size)?, 2))],
            FRACTIONS => vec![("Fractions", decimal_cell(self.changed(fractions, size)?, 0))],
            _ => {
                sum_is_right?;
                let dose = self.changed(dose, size)?;
                vec![("Dose_Tx", decimal_cell(dose, 2)), ("Dose_Ttl", decimal_cell(dose * fractions, 2))]
            }
        };
        Ok(vec![update(SITES, &self.site, cells)?])
    }

    /// Returns a number changed by a size; refuses one that would not stay above 0.
    fn changed(&self, number: f64, size: Size) -> Result<f64, Refusal> {
        let new = number + size.change_of(number);
        if new > 0.0 { Ok(new) } else { Err(self.task.ineligible(format!("{number} would become {new}"))) }
    }

    fn change_field(&self, variant: &str, size: Size) -> Result<Vec<Edit>, Refusal> {
        let dose = self.site.float("Dose_Tx").filter(|dose| *dose > 0.0);
        self.check_fields_add_up(dose.ok_or_else(|| self.task.ineligible("it has no dose"))?)?;
        let mut fields = self.fields.clone();
        fields.retain(|field| {
            let [dose, meterset, rate] =
                ["Cgray", "Meterset", "cGrayPerMeterset"].map(|column| field.float(column).unwrap_or_default());
            let agrees = rate > 0.0 && (rate * meterset - dose).abs() <= dose * 0.02;
            dose > 0.0 && meterset > 0.0 && (agrees || variant == FIELD_DOSE)
        });
        let with_dose = self.fields.iter().filter(|field| field.float("Cgray").is_some_and(|dose| dose > 0.0)).count();
        if variant == FIELD_METERSET && fields.len() < with_dose {
            return Err(self.task.ineligible("a current field has other monitor units than its dose needs already"));
        }
        let field = self.random(variant).pick(&fields).copied();
        let field =
            field.ok_or_else(|| self.task.ineligible("no current field has a dose and monitor units for it"))?;
        let [dose, meterset] = ["Cgray", "Meterset"].map(|column| field.float(column).unwrap_or_default());
        let cells = match variant {
            FIELD_DOSE => vec![("Cgray", decimal_cell(self.changed(dose, size)?, 2))],
            FIELD_METERSET => vec![("Meterset", decimal_cell(self.changed(meterset, size)?, 1))],
            _ => vec![
                ("Cgray", decimal_cell(self.changed(dose, size)?, 2)),
                ("Meterset", decimal_cell(self.changed(meterset, size)?, 1)),
            ],
        };
        Ok(vec![update(FIELDS, &field, cells)?])
    }

    fn change_energy(&self, variant: &str) -> Result<Vec<Edit>, Refusal> {
        self.site.table.column("Modality")?;
        let text = self.site.text("Modality").unwrap_or_default();
        let Some(ordered) = OrderedBeam::from_text(text).energy else {
            return Err(self.task.ineligible("its Modality names no energy"));
        };
        let mut planned = Vec::new();
        for field in &self.fields {
            let points = records::read_points(self.snapshot, field.cell("FLD_ID").unwrap_or(&Value::Null))?;
            if !points.is_empty() && points.iter().all(|point| point.float("Energy") == Some(ordered.into())) {
                planned.push(points);
            }
        }
        if planned.len() != self.fields.len() || planned.is_empty() {
            return Err(self.task.ineligible("its fields do not have the energy that it names"));
        }
        let mut random = self.random(variant);
        let others: Vec<u32> = [6, 9, 10, 12, 15, 18].into_iter().filter(|other| *other != ordered).collect();
        let other = random.pick(&others).copied().unwrap_or(15);
        if variant == ENERGY {
            let digits = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit);
            let old: String = digits.collect();
            let new = text.replacen(&old, &format!("{other:0width$}", width = old.len()), 1);
            return Ok(vec![update(SITES, &self.site, vec![("Modality", Datum::Text(new))])?]);
        }
        let points = random.pick(&planned).cloned().unwrap_or_default();
        points.iter().map(|point| update(POINTS, point, vec![("Energy", Datum::Integer(other.into()))])).collect()
    }

    fn change_modality(&self) -> Result<Vec<Edit>, Refusal> {
        self.site.table.column("Modality")?;
        let ordered = OrderedBeam::from_text(self.site.text("Modality").unwrap_or_default()).particle;
        let Some(ordered) = ordered else { return Err(self.task.ineligible("its Modality names no rays")) };
        let number = |row: &Row<'_>| row.integer("Modality_Enum").filter(|number| [1, 2].contains(number));
        let mut fields = self.fields.clone();
        fields.retain(|field| {
            number(field).map(crate::domains::mosaiq::modality::Particle::from_number) == Some(ordered)
        });
        if fields.is_empty() || fields.len() != self.fields.len() {
            return Err(self.task.ineligible("its fields do not have the rays that it names"));
        }
        let Some(field) = self.random(FIELD_MODALITY).pick(&fields).copied() else { return Ok(Vec::new()) };
        let other = if number(&field) == Some(1) { 2 } else { 1 };
        Ok(vec![update(FIELDS, &field, vec![("Modality_Enum", Datum::Integer(other))])?])
    }

    fn change_technique(&self) -> Result<Vec<Edit>, Refusal> {
        self.site.table.column("Technique")?;
        let text = self.site.text("Technique").unwrap_or_default().trim().to_uppercase();
        if text.is_empty() || self.fields.is_empty() {
            return Err(self.task.ineligible("it has no technique or no current field"));
        }
        if self.contradicts(&text) {
            return Err(self.task.ineligible("its technique is not that of its fields already"));
        }
        let others: Vec<&str> =
            ["VMAT", "4 FIELD BOX", "ELECTRONS"].into_iter().filter(|other| self.contradicts(other)).collect();
        let other = self.random(TECHNIQUE).pick(&others).copied();
        let other = other.ok_or_else(|| self.task.ineligible("its fields could be of any technique"))?;
        Ok(vec![update(SITES, &self.site, vec![("Technique", Datum::Text(other.to_owned()))])?])
    }

    /// Tells whether a technique means none of the fields by the standard rules.
    fn contradicts(&self, technique: &str) -> bool {
        let rules = Rules::standard();
        let means: Vec<_> = rules.techniques.values().filter(|rule| rule.names(technique)).collect();
        let is_meant = |field: &Row<'_>| {
            let kind = field.integer("Type_Enum").and_then(FieldType::from_number);
            let electrons = field.integer("Modality_Enum") == Some(2);
            means.iter().any(|rule| rule.electrons == electrons && kind.is_none_or(|kind| rule.types.contains(&kind)))
        };
        !means.is_empty() && !self.fields.iter().all(is_meant)
    }

    fn change_accessory(&self, column: &str, new: &str) -> Result<Vec<Edit>, Refusal> {
        let is_bare = |row: &Row<'_>| row.text(column).is_none_or(|text| text.trim_matches(['\0', ' ']).is_empty());
        for field in &self.fields {
            field.table.column(column)?;
        }
        let electrons = |row: &Row<'_>| row.integer("Modality_Enum") == Some(2);
        let Some(first) = self.fields.first() else { return Err(self.task.ineligible("it has no current field")) };
        let alone = self.fields.len() < 2 && !(column == "Wdg_Appl" && electrons(first));
        let differs = self.fields.iter().any(|field| is_bare(field) != is_bare(first));
        if alone || differs || self.fields.iter().any(|field| electrons(field) != electrons(first)) {
            return Err(self.task.ineligible("it has one field only, or its fields differ already"));
        }
        if column == "Wdg_Appl" && electrons(first) && is_bare(first) {
            return Err(self.task.ineligible("its field of electrons has no applicator already"));
        }
        let Some(field) = self.random(column).pick(&self.fields).copied() else { return Ok(Vec::new()) };
        let datum = if is_bare(&field) { Datum::Text(new.to_owned()) } else { Datum::Null };
        Ok(vec![update(FIELDS, &field, vec![(column, datum)])?])
    }
}
