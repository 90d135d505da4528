//! The tables of a lab: those of the newest generation, with the foreign keys that the recorder declares, including
//! those that its rows break.

use crate::domain::table::{TableCard, TableDef};
use crate::domains::recordings::schema::{
    ACCELERATION, ANGULAR_ACCELERATION, BODY, BODY_STATE, COLLISION, CONTACT, COORDINATE, ENERGY, EXTERNAL_FORCE,
    FORCE, FRAME, FRICTION, MESH, OBJECT, PHYSICAL_DYNAMIC, POINT, QUATERNION, RATE, SOLVER, STATE, SYSTEM_ENERGY,
    TABLES, TORQUE, UNIFIED, VECTOR, VELOCITY,
};

/// A declared foreign key on the id of another table.
#[derive(Debug)]
pub(in crate::domains::recordings) struct DeclaredReference {
    pub(in crate::domains::recordings) table: &'static TableCard,
    pub(in crate::domains::recordings) column: &'static str,
    pub(in crate::domains::recordings) parent: &'static TableCard,
}

const fn foreign_key(table: &'static TableCard, column: &'static str, parent: &'static TableCard) -> DeclaredReference {
    DeclaredReference { table, column, parent }
}

/// Every foreign key that the newest recorder declares.
pub(in crate::domains::recordings) static REFERENCES: &[DeclaredReference] = &[
    foreign_key(&POINT, "pointA_id", &COORDINATE),
    foreign_key(&POINT, "pointB_id", &COORDINATE),
    foreign_key(&EXTERNAL_FORCE, "force_id", &FORCE),
    foreign_key(&EXTERNAL_FORCE, "torque_id", &TORQUE),
    foreign_key(&EXTERNAL_FORCE, "applicationPoint_id", &COORDINATE),
    foreign_key(&STATE, "position_id", &COORDINATE),
    foreign_key(&STATE, "velocity_id", &VELOCITY),
    foreign_key(&STATE, "acceleration_id", &ACCELERATION),
    foreign_key(&STATE, "orientation_id", &QUATERNION),
    foreign_key(&STATE, "quaternionRate_id", &RATE),
    foreign_key(&STATE, "angularAcceleration_id", &ANGULAR_ACCELERATION),
    foreign_key(&STATE, "body_id", &BODY),
    foreign_key(&STATE, "frame_id", &FRAME),
    foreign_key(&ENERGY, "body_id", &BODY),
    foreign_key(&ENERGY, "frame_id", &FRAME),
    foreign_key(&SYSTEM_ENERGY, "frame_id", &FRAME),
    foreign_key(&COLLISION, "normal_id", &VECTOR),
    foreign_key(&COLLISION, "frame_id", &FRAME),
    foreign_key(&SOLVER, "frame_id", &FRAME),
    foreign_key(&PHYSICAL_DYNAMIC, "position_id", &COORDINATE),
    foreign_key(&PHYSICAL_DYNAMIC, "orientation_id", &QUATERNION),
    foreign_key(&PHYSICAL_DYNAMIC, "frame_id", &FRAME),
    foreign_key(&BODY_STATE, "kinematicState_id", &STATE),
    foreign_key(&BODY_STATE, "frame_id", &FRAME),
    foreign_key(&UNIFIED, "normal_id", &VECTOR),
    foreign_key(&UNIFIED, "lever_arm_a_id", &VECTOR),
    foreign_key(&UNIFIED, "lever_arm_b_id", &VECTOR),
    foreign_key(&UNIFIED, "tangent1_id", &VECTOR),
    foreign_key(&UNIFIED, "tangent2_id", &VECTOR),
    foreign_key(&UNIFIED, "frame_id", &FRAME),
];

/// Returns the tables of a lab: all except those of older generations and of the asset database.
pub(super) fn lab_tables() -> Vec<TableDef> {
    let absent = [&CONTACT, &FRICTION, &MESH, &OBJECT].map(|table| table.name);
    TABLES.iter().filter(|table| !absent.contains(&table.name)).map(|table| lab_table(table)).collect()
}

fn lab_table(table: &TableCard) -> TableDef {
    let own = REFERENCES.iter().filter(|reference| reference.table.name == table.name);
    let declared = own.map(|reference| (reference.column.into(), reference.parent.name.into(), "id".into()));
    TableDef { references: declared.collect(), ..table.to_def() }
}
