//! The query for the contents of a recording: its bodies, frames and generation.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count};
use crate::domain::query::QueryCard;
use crate::domain::scan::ScanRequest;
use crate::domain::table::TableCard;
use crate::domains::recordings::bodies::{self, Bodies, is_environment, spawn_number};
use crate::domains::recordings::frames::{self, Frames};
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, ScanSheet, Stop};
use crate::domains::recordings::schema::{self, Declared, Generation};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GetMetadata {}

/// The contents of a recording.
#[derive(Serialize, JsonSchema)]
pub struct Metadata {
    /// The moving bodies, in order of spawning.
    bodies: Option<Vec<BodyFacts>>,
    /// The bodies of the environment that occur in contacts.
    environment_bodies: Vec<EnvironmentBody>,
    /// Number of frames.
    total_frames: u64,
    /// The first frame.
    first_frame: Option<i64>,
    /// The last frame.
    last_frame: Option<i64>,
    /// The time of the last frame, s.
    simulation_time: Measure,
    /// The usual length of a step, s.
    time_step: Measure,
    /// Frames with a different step length, at most 20.
    odd_steps: Vec<OddStep>,
    /// Missing frame ids: the last before a gap and the first after it, at most 20.
    gaps: Vec<(i64, i64)>,
    /// Which generation of the recorder made it.
    generation: Option<Generation>,
    /// Whether all frames are complete; false if it is still being written, or was cut short.
    complete: bool,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A moving body.
#[derive(Serialize, JsonSchema)]
pub struct BodyFacts {
    /// The body.
    body_id: i64,
    /// Its mass, kg.
    mass: Measure,
    /// Its coefficient of restitution.
    restitution: Measure,
    /// Its coefficient of friction.
    friction: Measure,
    /// Its asset's id.
    asset_id: Option<i64>,
    /// The name of its asset.
    asset_name: Option<String>,
    /// Whether it is recorded as part of the environment.
    is_environment: bool,
}

/// A body of the environment.
#[derive(Serialize, JsonSchema)]
pub struct EnvironmentBody {
    /// Its id in contacts: bit 31 is set.
    body_id: i64,
    /// Its number among all spawned bodies.
    spawn_number: i64,
}

/// A step of unusual length.
#[derive(Serialize, JsonSchema)]
pub struct OddStep {
    /// The frame.
    frame_id: i64,
    /// The length of its step, s.
    time_step: Measure,
}

static CARD: QueryCard = QueryCard {
    name: "get_metadata",
    group: "specification",
    title: "the contents of a recording",
    about: "Bodies with mass (kg) and material, environment bodies, number of frames, time step (s), gaps, and what is \
            not recorded.",
    example: "",
};

/// Two steps count as equally long up to this share.
const STEP_TOLERANCE: f64 = 1e-6;
/// The most odd steps and gaps that an answer lists.
const NAMED_MAX: usize = 20;

impl NamedQuestion for GetMetadata {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for GetMetadata {
    type Answer = Metadata;

    fn answer(&self, reading: &Reading) -> Result<Metadata, Stop> {
        let (frames, bodies) = (Frames::read(reading)?, Bodies::read(reading)?);
        let mut missing = Missing::default();
        if !frames.is_recorded() {
            missing.add_name(frames::TABLE);
        }
        if !bodies.is_recorded() {
            missing.add_name(schema::BODY.name);
        }
        let generation = detect_generation(reading, &mut missing)?;
        let facts = read_body_facts(reading, &bodies, &mut missing)?;
        let touched = bodies::read_contact_bodies(reading)?;
        let environment = touched.into_iter().filter(|id| is_environment(*id));
        let environment: Vec<EnvironmentBody> =
            environment.map(|body_id| EnvironmentBody { body_id, spawn_number: spawn_number(body_id) }).collect();
        let complete = is_complete(reading, &frames)?;
        let summary = render_summary(&frames, &bodies, environment.len(), complete) + &missing.render_remark();
        Ok(Metadata {
            bodies: bodies.is_recorded().then_some(facts),
            environment_bodies: environment,
            total_frames: frames.len() as u64,
            first_frame: frames.first(),
            last_frame: frames.last(),
            simulation_time: frames.last().and_then(|last| frames.time(last)).into(),
            time_step: frames.usual_step().into(),
            odd_steps: odd_steps(&frames),
            gaps: frames.gaps().into_iter().take(NAMED_MAX).collect(),
            generation,
            complete,
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

fn render_summary(frames: &Frames, bodies: &Bodies, environment: usize, complete: bool) -> String {
    let mut text = format!(
        "{} and {} of the environment in {}",
        render_count(bodies.list().len(), "moving body"),
        environment,
        render_count(frames.len(), "frame")
    );
    if let Some(time) = frames.last().and_then(|last| frames.time(last)) {
        text += &format!(", {} s of simulated time", render_number(time));
    }
    let gaps = frames.gaps().len();
    if gaps > 0 {
        text += &format!(", {} in the frame ids", render_count(gaps, "gap"));
    }
    if complete { text + "." } else { text + "; its last frame is incomplete: it is being written, or was cut short." }
}

fn odd_steps(frames: &Frames) -> Vec<OddStep> {
    let Some(usual) = frames.usual_step() else { return Vec::new() };
    let odd = frames.ids().iter().filter_map(|id| Some((*id, frames.step(*id)?)));
    let odd = odd.filter(|(_, step)| (step - usual).abs() > STEP_TOLERANCE * usual.abs());
    odd.take(NAMED_MAX).map(|(frame_id, step)| OddStep { frame_id, time_step: step.into() }).collect()
}

fn read_body_facts(reading: &Reading, bodies: &Bodies, missing: &mut Missing) -> Result<Vec<BodyFacts>, Stop> {
    let columns = ["body_id", "asset_id", "is_environment"];
    let sheet = reading.scan_table(&schema::ASSET, &columns)?;
    missing.note(&schema::ASSET, &columns, sheet);
    let mut assets: BTreeMap<i64, (Option<i64>, bool)> = BTreeMap::new();
    for row in sheet.into_iter().flat_map(ScanSheet::rows) {
        let Some(body) = row.integer("body_id") else { continue };
        assets.insert(body, (row.integer("asset_id"), row.flag("is_environment").unwrap_or(false)));
    }
    // Not noted as missing: only a recording that began as a copy of the asset database has names of assets.
    let objects = reading.scan_table(&schema::OBJECT, &["id", "name"])?;
    let mut names: BTreeMap<i64, &str> = BTreeMap::new();
    for row in objects.into_iter().flat_map(ScanSheet::rows) {
        if let (Some(id), Some(name)) = (row.integer("id"), row.text("name")) {
            names.entry(id).or_insert(name);
        }
    }
    let mut facts = Vec::with_capacity(bodies.list().len());
    for body in bodies.list() {
        let (asset_id, is_environment) = assets.get(&body.id).copied().unwrap_or_default();
        facts.push(BodyFacts {
            body_id: body.id,
            mass: body.mass.into(),
            restitution: body.restitution.into(),
            friction: body.friction.into(),
            asset_id,
            asset_name: asset_id.and_then(|id| names.get(&id)).map(|name| (*name).to_owned()),
            is_environment,
        });
    }
    Ok(facts)
}

/// The tables and columns, of those that distinguish generations, that a recording has.
struct RecordedTables(Vec<(&'static str, Vec<&'static str>)>);

impl Declared for RecordedTables {
    fn has_table(&self, table: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == table)
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        self.0.iter().any(|(name, columns)| *name == table && columns.contains(&column))
    }
}

/// Detects the generation, and notes the missing tables that recordings of every generation have.
fn detect_generation(reading: &Reading, missing: &mut Missing) -> Result<Option<Generation>, Stop> {
    let mut tables = RecordedTables(Vec::new());
    let probes: [(&'static TableCard, &[&'static str]); 10] = [
        (&schema::FRAME, &["id"]),
        (&schema::BODY_STATE, &["id"]),
        (&schema::STATE, &["id"]),
        (&schema::SYSTEM_ENERGY, &["id"]),
        (&schema::ENERGY, &["id"]),
        (&schema::COLLISION, &["id"]),
        (&schema::SOLVER, &["id"]),
        (&schema::CONTACT, &["id"]),
        (&schema::FRICTION, &["tangent1_lambda"]),
        (&schema::UNIFIED, &["id"]),
    ];
    for (table, columns) in probes {
        // A question sees no catalogue: a scan of one row shows whether the table exists.
        let Some(sheet) = reading.scan(ScanRequest::every_row(table.name, columns).limit(1))? else { continue };
        tables.0.push((table.name, columns.iter().copied().filter(|column| sheet.has_column(column)).collect()));
    }
    for (table, _) in probes.iter().filter(|(table, _)| !tables.has_table(table.name)) {
        let constraint = [schema::CONTACT.name, schema::FRICTION.name, schema::UNIFIED.name].contains(&table.name);
        let unified = tables.has_table(schema::UNIFIED.name);
        // Either the unified table is there or the two that it replaced: neither is missed beside the other.
        if !constraint || (table.name != schema::UNIFIED.name && !unified) {
            missing.add_name(table.name);
        }
    }
    Ok(Generation::detect(&tables))
}

/// Returns whether the last frame has a row in each table that has one for every frame: recorders write frames in the
/// background, and the last one may be cut short.
fn is_complete(reading: &Reading, frames: &Frames) -> Result<bool, Stop> {
    let Some(last) = frames.last() else { return Ok(true) };
    for table in [&schema::SYSTEM_ENERGY, &schema::SOLVER] {
        let Some(any) = reading.scan(ScanRequest::every_row(table.name, &["frame_id"]).limit(1))? else { continue };
        // A table without any row was not written at all, and shows nothing about the last frame.
        let whole = any.is_empty()
            || reading.scan_frames(table, &["frame_id"], (last, last))?.is_some_and(|sheet| !sheet.is_empty());
        if !whole {
            return Ok(false);
        }
    }
    Ok(true)
}
