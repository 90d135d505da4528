//! `create_plausible_versions`: the wrong version of a field or a prescription is current, or was delivered.

use std::collections::BTreeSet;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::deliveries::is_set;
use crate::domains::mosaiq::fault_places::{self, FAULT, FaultPlace};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::records::{self, unread_queries};
use crate::domains::mosaiq::versions::{SavedVersion, VersionHistory};
use crate::model::snapshot::key_form;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct PlausibleVersions;

const PARAMETER: &str = "record_id";
const TWO_CURRENT: &str = "two_current";
const NONE_CURRENT: &str = "none_current";
const OLD_CURRENT: &str = "old_current";
const OLD_FIELD: &str = "old_field_delivered";
const OLD_SITE: &str = "old_prescription_delivered";

const DELIVERIES: &str = "TrackTreatment";
const FIELDS: &str = "TxField";
const SITES: &str = "Site";
/// Column Version of the oldest version; the next has one less, the current one 0.
const OLDEST: i64 = 32_000;

static PLACES: [FaultPlace; 5] = [
    FaultPlace { word: TWO_CURRENT, tables: &[FIELDS, SITES] },
    FaultPlace { word: NONE_CURRENT, tables: &[FIELDS, SITES] },
    FaultPlace { word: OLD_CURRENT, tables: &[FIELDS, SITES] },
    FaultPlace { word: OLD_FIELD, tables: &[DELIVERIES] },
    FaultPlace { word: OLD_SITE, tables: &[DELIVERIES] },
];

static CARD: ModeCard = ModeCard {
    id: "plausible_versions",
    tool: "create_plausible_versions",
    group: ModeGroup::Plausible,
    title: "The wrong version of a plan",
    description: "An old version of a field or a prescription becomes current again or is delivered, two versions are \
        current at once, or none is, as after an edit that was saved half, an import over an open chart, or a plan \
        that was replaced while the patient was already called. Each row by itself is a sound one. Treatment by a plan \
        that had been replaced is one of the failure modes that AAPM TG-275 asks the weekly chart check to find.",
    record: FaultRecord { table: FIELDS, key: "FLD_ID", parameter: PARAMETER },
    others: &[
        FaultRecord { table: SITES, key: "SIT_ID", parameter: PARAMETER },
        FaultRecord { table: DELIVERIES, key: "TTX_ID", parameter: PARAMETER },
    ],
    table_parameter: Some(fault_places::TABLE),
    variants: &[
        Variant {
            word: TWO_CURRENT,
            severity: FaultSeverity::tenths::<22>(),
            about: "an old version becomes current beside the current one",
            eligible: "an old version of a field or prescription with a current one",
            size: None,
        },
        Variant {
            word: NONE_CURRENT,
            severity: FaultSeverity::tenths::<19>(),
            about: "the current version becomes an old one, and no other takes its place",
            eligible: "the only current version of a field or prescription",
            size: None,
        },
        Variant {
            word: OLD_CURRENT,
            severity: FaultSeverity::tenths::<24>(),
            about: "the version before the current one is current again, and the current one is an old one",
            eligible: "the only current version of a field or prescription that replaced another one",
            size: None,
        },
        Variant {
            word: OLD_FIELD,
            severity: FaultSeverity::tenths::<24>(),
            about: "a delivery names the version of its field that had been replaced before",
            eligible: "a delivery, not for quality assurance, of a field that had replaced another version",
            size: None,
        },
        Variant {
            word: OLD_SITE,
            severity: FaultSeverity::tenths::<20>(),
            about: "a delivery names the version of its prescription that had been replaced before",
            eligible: "a delivery, not for quality assurance, by a prescription that had replaced another version",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<23>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["site_versions", "field_versions", "delivered_field_version", "delivered_site_version"],
    data_needed: &[
        "the treatment plan with its approval, by version",
        "the machine's log, which names the version that was loaded",
    ],
};

/// Parameters of `create_plausible_versions`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Records to break, by the key of the table (FLD_ID, SIT_ID, TTX_ID): ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    record_id: Option<Ids>,
    /// Which fault.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    fault: Option<String>,
    /// The table of the records: TxField or Site, or TrackTreatment for what was delivered. Default: the first that
    /// the fault is made in.
    #[arg(long, value_name = "TABLE")]
    record_type: Option<String>,
}

impl FailureMode for PlausibleVersions {
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
        let kind = self.record(params);
        let first = unread_queries(snapshot, [Fetch::among(kind.table, kind.key, records::key_forms(records))]);
        if !first.is_empty() {
            return first;
        }
        let (versions, link) = find_versions(word, kind);
        let own: BTreeSet<Value> = records::read_cells(snapshot, kind.table, kind.key, records, link).collect();
        if kind.table != DELIVERIES {
            return unread_queries(snapshot, [Fetch::among(versions.table, versions.set, own)]);
        }
        let named = unread_queries(snapshot, [Fetch::among(versions.table, versions.key, own.clone())]);
        if !named.is_empty() {
            return named;
        }
        let Ok(rows) = snapshot.table(versions.table) else { return Vec::new() };
        let named = own.iter().flat_map(|id| rows.rows_with(versions.key, id));
        let sets: BTreeSet<Value> = named.filter_map(|row| filled(&row, versions.set)).collect();
        unread_queries(snapshot, [Fetch::among(versions.table, versions.set, sets)])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let word = params::variant_of_plan(self, params.fault.as_deref(), FAULT)?;
        let (versions, link) = find_versions(word, task.kind);
        let row = records::read_record(snapshot, task.kind.table, task.kind.key, task.record)?;
        let edits = match word {
            OLD_FIELD | OLD_SITE => vec![plan_delivery(&row, &versions, snapshot, task)?],
            _ => {
                let set = filled(&row, link).ok_or_else(|| task.ineligible(format!("its {link} is NULL")))?;
                row.table.column("Version")?;
                plan_version(word, &row, &snapshot.table(versions.table)?.rows_with(versions.set, &set), task)?
            }
        };
        Ok(PlannedFault::without_witness(word, edits))
    }
}

/// A table of versions, its key, and the column that all versions share.
struct VersionTable {
    table: &'static str,
    key: &'static str,
    set: &'static str,
}

/// Returns the table of versions that a fault is about, and the column of the broken record that leads to them.
fn find_versions(word: &str, kind: &FaultRecord) -> (VersionTable, &'static str) {
    let of_site = word == OLD_SITE || kind.table == SITES;
    let versions = if of_site {
        VersionTable { table: SITES, key: "SIT_ID", set: "SIT_SET_ID" }
    } else {
        VersionTable { table: FIELDS, key: "FLD_ID", set: "FLD_SET_ID" }
    };
    let link = if kind.table == DELIVERIES { versions.key } else { versions.set };
    (versions, link)
}

fn filled(row: &Row<'_>, column: &str) -> Option<Value> {
    row.cell(column).map(key_form).filter(|value| !value.is_null())
}

fn plan_version(word: &str, row: &Row<'_>, versions: &[Row<'_>], task: &Task<'_>) -> Result<Vec<Edit>, Refusal> {
    let currents: Vec<&Row<'_>> = versions.iter().filter(|one| one.integer("Version") == Some(0)).collect();
    let [current] = currents.as_slice() else {
        return Err(task.ineligible("its set has not exactly one current version already"));
    };
    let is_current = current.key() == row.key();
    let older = versions.iter().filter(|one| one.key() < row.key()).max_by_key(|one| one.key());
    match word {
        TWO_CURRENT if is_current => Err(task.ineligible("it is the current version")),
        TWO_CURRENT => Ok(vec![set_version(row, 0, task)?]),
        _ if !is_current => Err(task.ineligible("it is not the current version")),
        NONE_CURRENT => Ok(vec![set_version(row, next_old_number(versions), task)?]),
        _ => match older {
            _ if versions.iter().any(|one| one.key() > row.key()) => {
                Err(task.ineligible("an old version is current already"))
            }
            None => Err(task.ineligible("it replaced no other version")),
            Some(older) => {
                let number = older.integer("Version").unwrap_or(OLDEST);
                Ok(vec![set_version(row, number, task)?, set_version(older, 0, task)?])
            }
        },
    }
}

/// Returns the number that the next version to be replaced gets.
fn next_old_number(versions: &[Row<'_>]) -> i64 {
    let mut old: Vec<i64> = versions.iter().filter_map(|one| one.integer("Version")).collect();
    old.retain(|number| *number != 0);
    match (old.iter().min(), old.iter().max()) {
        // Some databases count up from 1, and 0 is the current version.
        (Some(least), Some(most)) => {
            if *least == 1 {
                most + 1
            } else {
                least - 1
            }
        }
        _ => OLDEST,
    }
}

fn set_version(row: &Row<'_>, number: i64, task: &Task<'_>) -> Result<Edit, Refusal> {
    let column = records::settable_column(row.table, "Version")?;
    let set = [(column.image.name.clone(), Datum::Integer(number))].into();
    Ok(Edit::Update { table: task.kind.table.to_owned(), key: row.key(), set })
}

/// Returns the edit by which a delivery names the version before the one that it names.
fn plan_delivery(
    row: &Row<'_>,
    versions: &VersionTable,
    snapshot: &Snapshot,
    task: &Task<'_>,
) -> Result<Edit, Refusal> {
    let column = records::settable_column(row.table, versions.key)?;
    let id = filled(row, versions.key).ok_or_else(|| task.ineligible(format!("its {} is NULL", versions.key)))?;
    let start = row.time("Create_DtTm").filter(|start| !start.is_zoned());
    let start = start.ok_or_else(|| task.ineligible("its start cannot be read"))?.wall;
    if is_set(row, "WasQAMode") {
        return Err(task.ineligible("it is for quality assurance"));
    }
    let all = snapshot.table(versions.table)?;
    for column in [versions.set, "Version", "Edit_DtTm"] {
        all.table.column(column)?;
    }
    let set = all.rows_with(versions.key, &id).first().and_then(|named| filled(named, versions.set));
    let set = set.ok_or_else(|| task.ineligible(format!("its {} refers to no version", versions.key)))?;
    let saved = all.rows_with(versions.set, &set);
    let saved = saved.iter().filter_map(|version| SavedVersion::from_row(version, versions.key)).collect();
    let history = VersionHistory::from_versions(saved);
    let history = history.ok_or_else(|| task.ineligible("its versions were not saved in their order"))?;
    let at = history.versions().iter().position(|version| version.id == LookupId::from(id.clone()));
    let pair = at.and_then(|at| Some((history.versions().get(at.checked_sub(1)?)?, history.versions().get(at)?)));
    let (older, named) = pair.ok_or_else(|| task.ineligible("the version that it names replaced no other one"))?;
    if named.saved >= start {
        return Err(task.ineligible("the version that it names was saved after it began"));
    }
    if history.versions().iter().skip_while(|version| version.id != named.id).skip(1).any(|later| later.saved < start) {
        return Err(task.ineligible("it names a version that had been replaced already"));
    }
    let set = [(column.image.name.clone(), Datum::of_cell(&older.id.to_value()))].into();
    Ok(Edit::Update { table: task.kind.table.to_owned(), key: row.key(), set })
}
