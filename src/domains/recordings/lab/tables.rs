//! The tables of the newest generation, with the foreign keys that the recorder declares, whether it keeps them or not.

use crate::domain::table::{TableCard, TableDef};
use crate::domains::recordings::schema::{
    ACCELERATION, ANGULAR_ACCELERATION, BODY, BODY_STATE, COLLISION, CONTACT, COORDINATE, ENERGY, EXTERNAL_FORCE,
    FORCE, FRAME, FRICTION, MESH, OBJECT, PHYSICAL_DYNAMIC, POINT, QUATERNION, RATE, SOLVER, STATE, SYSTEM_ENERGY,
    TABLES, TORQUE, UNIFIED, VECTOR, VELOCITY,
};

/// A declared foreign key on the id of another table.
#[derive(Debug)]
pub(in crate::domains::recordings) struct Reference {
    pub(in crate::domains::recordings) table: &'static TableCard,
    pub(in crate::domains::recordings) column: &'static str,
    pub(in crate::domains::recordings) parent: &'static TableCard,
}

const fn refers(table: &'static TableCard, column: &'static str, parent: &'static TableCard) -> Reference {
    Reference { table, column, parent }
}

/// Every foreign key that the newest recorder declares.
pub(in crate::domains::recordings) static REFERENCES: &[Reference] = &[
    refers(&POINT, "pointA_id", &COORDINATE),
    refers(&POINT, "pointB_id", &COORDINATE),
    refers(&EXTERNAL_FORCE, "force_id", &FORCE),
    refers(&EXTERNAL_FORCE, "torque_id", &TORQUE),
    refers(&EXTERNAL_FORCE, "applicationPoint_id", &COORDINATE),
    refers(&STATE, "position_id", &COORDINATE),
    refers(&STATE, "velocity_id", &VELOCITY),
    refers(&STATE, "acceleration_id", &ACCELERATION),
    refers(&STATE, "orientation_id", &QUATERNION),
    refers(&STATE, "quaternionRate_id", &RATE),
    refers(&STATE, "angularAcceleration_id", &ANGULAR_ACCELERATION),
    refers(&STATE, "body_id", &BODY),
    refers(&STATE, "frame_id", &FRAME),
    refers(&ENERGY, "body_id", &BODY),
    refers(&ENERGY, "frame_id", &FRAME),
    refers(&SYSTEM_ENERGY, "frame_id", &FRAME),
    refers(&COLLISION, "normal_id", &VECTOR),
    refers(&COLLISION, "frame_id", &FRAME),
    refers(&SOLVER, "frame_id", &FRAME),
    refers(&PHYSICAL_DYNAMIC, "position_id", &COORDINATE),
    refers(&PHYSICAL_DYNAMIC, "orientation_id", &QUATERNION),
    refers(&PHYSICAL_DYNAMIC, "frame_id", &FRAME),
    refers(&BODY_STATE, "kinematicState_id", &STATE),
    refers(&BODY_STATE, "frame_id", &FRAME),
    refers(&UNIFIED, "normal_id", &VECTOR),
    refers(&UNIFIED, "lever_arm_a_id", &VECTOR),
    refers(&UNIFIED, "lever_arm_b_id", &VECTOR),
    refers(&UNIFIED, "tangent1_id", &VECTOR),
    refers(&UNIFIED, "tangent2_id", &VECTOR),
    refers(&UNIFIED, "frame_id", &FRAME),
];

/// Returns the tables of a lab: all but those of older generations and of the assets.
pub(super) fn defs() -> Vec<TableDef> {
    let absent = [&CONTACT, &FRICTION, &MESH, &OBJECT].map(|table| table.name);
    TABLES.iter().filter(|table| !absent.contains(&table.name)).map(|table| def(table)).collect()
}

fn def(table: &TableCard) -> TableDef {
    let own = REFERENCES.iter().filter(|reference| reference.table.name == table.name);
    let declared = own.map(|reference| (reference.column.into(), reference.parent.name.into(), "id".into()));
    TableDef { references: declared.collect(), ..table.def() }
}
