//! The kinds of record that people list, open and break in a recording: frames, bodies, contacts.

use crate::domain::pause::{Pause, rows};
use crate::domain::record::{Description, Link, ListColumn, RecordKind, Shown};
use crate::model::{Fetch, Key, Row, Snapshot, Value};

/// One step of the simulation.
static FRAME: RecordKind = RecordKind {
    word: "frame",
    plural: "frames",
    about: "steps of the simulation",
    table: "SimulationFrameRecord",
    key: "id",
    columns: &[
        ListColumn::new("id"),
        ListColumn::new("simulation_time").short("time s"),
        ListColumn::new("wall_clock_time").short("clock").wide(),
    ],
    faultable: true,
    opens: None,
    links: &[
        Link { kind: "contact", column: "frame_id" },
        Link { kind: "state", column: "frame_id" },
        Link { kind: "energy", column: "frame_id" },
    ],
    narrow_below: 0,
    shows: &[],
};

/// A body that moves.
static BODY: RecordKind = RecordKind {
    word: "body",
    plural: "bodies",
    about: "bodies that move",
    table: "AssetInertialStaticRecord",
    key: "id",
    columns: &[
        ListColumn::new("id"),
        ListColumn::new("body_id").short("body"),
        ListColumn::new("mass").short("mass kg"),
        ListColumn::new("restitution").short("rest."),
        ListColumn::new("friction").short("frict."),
    ],
    faultable: true,
    opens: None,
    links: &[],
    narrow_below: 0,
    shows: &[],
};

/// A touching pair in a frame.
static CONTACT: RecordKind = RecordKind {
    word: "contact",
    plural: "contacts",
    about: "touching pairs of bodies, frame by frame",
    table: "CollisionResultRecord",
    key: "id",
    columns: &[
        ListColumn::new("id"),
        ListColumn::new("frame_id").short("frame"),
        ListColumn::new("body_a_id").short("a"),
        ListColumn::new("body_b_id").short("b"),
        ListColumn::new("penetrationDepth").short("depth m"),
    ],
    faultable: true,
    opens: None,
    links: &[],
    narrow_below: 0,
    shows: &[],
};

/// A body's state in a frame.
static STATE: RecordKind = RecordKind {
    word: "state",
    plural: "states",
    about: "bodies in frames",
    table: "AssetDynamicStateRecord",
    key: "id",
    columns: &[
        ListColumn::new("id"),
        ListColumn::new("frame_id").short("frame"),
        ListColumn::new("body_id").short("body"),
        ListColumn::new("kinematicState_id").short("state").wide(),
    ],
    faultable: false,
    opens: None,
    links: &[],
    narrow_below: 0,
    shows: &[],
};

/// A body's energy in a frame.
static ENERGY: RecordKind = RecordKind {
    word: "energy",
    plural: "energies",
    about: "energies of bodies in frames",
    table: "EnergyRecord",
    key: "id",
    columns: &[
        ListColumn::new("id"),
        ListColumn::new("frame_id").short("frame"),
        ListColumn::new("body_id").short("body"),
        ListColumn::new("total_e").short("total J"),
        ListColumn::new("linear_ke").short("linear").wide(),
        ListColumn::new("rotational_ke").short("rot.").wide(),
        ListColumn::new("potential_e").short("pot.").wide(),
    ],
    faultable: false,
    opens: None,
    links: &[],
    narrow_below: 0,
    shows: &[],
};

/// All of them, from the whole to the part.
pub static KINDS: &[&RecordKind] = &[&FRAME, &BODY, &CONTACT, &STATE, &ENERGY];

/// Describes records by their own cells.
pub(super) fn describe(kind: &RecordKind, keys: &[Key], snapshot: &Snapshot) -> Result<Vec<Description>, Pause> {
    let ids = keys.iter().filter_map(|key| key.first().cloned());
    let described = |row: &Row<'_>| {
        let cell = |column: &ListColumn| Shown::Value(row.cell(column.name).cloned().unwrap_or(Value::Null));
        let cells = kind.columns.iter().map(cell).collect();
        Description { key: row.key(), link: row.integer(kind.key), cells }
    };
    Ok(rows(snapshot, &Fetch::among(kind.table, kind.key, ids))?.iter().map(described).collect())
}
