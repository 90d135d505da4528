//! The kinds of record of a recording. Frames, bodies and contacts can be broken; states and energies are only shown.

use crate::domain::record::{ListColumn, RecordKind, RecordLink};

const fn column(name: &'static str, short: &'static str) -> ListColumn {
    ListColumn::new(name).with_heading(short)
}

static FRAME: RecordKind = RecordKind::new("frame", "frames", "steps of the simulation")
    .in_table("SimulationFrameRecord", "id")
    .with_columns(&[
        ListColumn::new("id"),
        column("simulation_time", "time s"),
        column("wall_clock_time", "clock").wide(),
    ])
    .faultable()
    .links(&[
        RecordLink { kind: "contact", column: "frame_id" },
        RecordLink { kind: "state", column: "frame_id" },
        RecordLink { kind: "energy", column: "frame_id" },
    ])
    .fills_params(&[("start_frame", "id"), ("end_frame", "id"), ("frame_a", "id")]);

static BODY: RecordKind = RecordKind::new("body", "bodies", "bodies that move")
    .in_table("AssetInertialStaticRecord", "id")
    .with_columns(&[
        ListColumn::new("id"),
        column("body_id", "body"),
        column("mass", "mass kg"),
        column("restitution", "rest."),
        column("friction", "frict."),
    ])
    .faultable()
    .fills_params(&[("body_a_id", "body_id")]);

/// The parameters of queries that a record of a frame fills in, with the column that each comes from.
const OF_FRAME: &[(&str, &str)] =
    &[("start_frame", "frame_id"), ("end_frame", "frame_id"), ("frame_a", "frame_id"), ("body_id", "body_a_id")];

static CONTACT: RecordKind = RecordKind::new("contact", "contacts", "touching pairs of bodies, frame by frame")
    .in_table("CollisionResultRecord", "id")
    .with_columns(&[
        ListColumn::new("id"),
        column("frame_id", "frame"),
        column("body_a_id", "a"),
        column("body_b_id", "b"),
        column("penetrationDepth", "depth m"),
    ])
    .faultable()
    .fills_params(OF_FRAME);

static STATE: RecordKind = RecordKind::new("state", "states", "bodies in frames")
    .in_table("AssetDynamicStateRecord", "id")
    .with_columns(&[
        ListColumn::new("id"),
        column("frame_id", "frame"),
        column("body_id", "body"),
        column("kinematicState_id", "state").wide(),
    ])
    .fills_params(OF_FRAME);

static ENERGY: RecordKind = RecordKind::new("energy", "energies", "energies of bodies in frames")
    .in_table("EnergyRecord", "id")
    .with_columns(&[
        ListColumn::new("id"),
        column("frame_id", "frame"),
        column("body_id", "body"),
        column("total_e", "total J"),
        column("linear_ke", "linear").wide(),
        column("rotational_ke", "rot.").wide(),
        column("potential_e", "pot.").wide(),
    ])
    .fills_params(OF_FRAME);

/// All kinds, in the order in which lists of kinds show them.
pub static KINDS: &[&RecordKind] = &[&FRAME, &BODY, &CONTACT, &STATE, &ENERGY];
