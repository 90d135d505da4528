//! The tables of every generation of recordings, as the recorder declares them.

use crate::domain::table::TableCard;

/// A column's name and declared type.
type Declaration = (&'static str, &'static str);

const fn table(name: &'static str, columns: &'static [Declaration]) -> TableCard {
    TableCard { name, key: &["id"], distinctive: true, identifying: &[], columns, indexes: &[] }
}

/// A table that other databases have too, so that it does not prove a file to be a recording.
const fn shared_table(name: &'static str, columns: &'static [Declaration]) -> TableCard {
    TableCard { distinctive: false, ..table(name, columns) }
}

/// A table that links rows of two others by their ids, without a key.
const fn junction(name: &'static str, columns: &'static [Declaration]) -> TableCard {
    TableCard { key: &[], ..table(name, columns) }
}

/// One step of the simulation.
pub static FRAME: TableCard =
    table("SimulationFrameRecord", &[("id", "INTEGER"), ("simulation_time", "FLOAT"), ("wall_clock_time", "FLOAT")]);

/// A moving body: its mass (kg) and material, written when it is spawned.
pub static BODY: TableCard = table(
    "AssetInertialStaticRecord",
    &[("id", "INTEGER"), ("body_id", "INTEGER"), ("mass", "FLOAT"), ("restitution", "FLOAT"), ("friction", "FLOAT")],
);

/// The asset that a body displays.
pub static ASSET: TableCard = table(
    "AssetPhysicalStaticRecord",
    &[("id", "INTEGER"), ("body_id", "INTEGER"), ("asset_id", "INTEGER"), ("is_environment", "INTEGER")],
);

/// A body in a frame, with a reference to its state.
pub static BODY_STATE: TableCard = table(
    "AssetDynamicStateRecord",
    &[("id", "INTEGER"), ("body_id", "INTEGER"), ("kinematicState_id", "INTEGER"), ("frame_id", "INTEGER")],
);

/// External forces on a body; recorders leave it empty.
pub static STATE_FORCE: TableCard = junction(
    "AssetDynamicStateRecord_ExternalForceRecord",
    &[("AssetDynamicStateRecord_id", "INTEGER"), ("ExternalForceRecord_id", "INTEGER")],
);

/// A state, as references to its parts. The recorder leaves its body_id and frame_id 0.
pub static STATE: TableCard = table(
    "InertialStateRecord",
    &[
        ("id", "INTEGER"),
        ("position_id", "INTEGER"),
        ("velocity_id", "INTEGER"),
        ("acceleration_id", "INTEGER"),
        ("orientation_id", "INTEGER"),
        ("quaternionRate_id", "INTEGER"),
        ("angularAcceleration_id", "INTEGER"),
        ("body_id", "INTEGER"),
        ("frame_id", "INTEGER"),
    ],
);

/// Positions and contact points, m.
pub static COORDINATE: TableCard =
    shared_table("CoordinateRecord", &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// Velocities, m/s.
pub static VELOCITY: TableCard =
    shared_table("VelocityRecord", &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// Accelerations of the step just integrated, m/s2.
pub static ACCELERATION: TableCard =
    shared_table("AccelerationRecord", &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// Orientations, body to world, w first.
pub static QUATERNION: TableCard =
    table("QuaternionDRecord", &[("id", "INTEGER"), ("w", "FLOAT"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// Rates of orientations, 1/s, w last.
pub static RATE: TableCard = shared_table(
    "Vector4DRecord",
    &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT"), ("w", "FLOAT")],
);

/// Angular accelerations about x, y and z in that order, rad/s2.
pub static ANGULAR_ACCELERATION: TableCard =
    table("AngularAccelerationRecord", &[("id", "INTEGER"), ("pitch", "FLOAT"), ("roll", "FLOAT"), ("yaw", "FLOAT")]);

/// Normals and tangents (unit vectors) and lever arms (m).
pub static VECTOR: TableCard =
    shared_table("Vector3DRecord", &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// The energy of a body in a frame, J.
pub static ENERGY: TableCard = shared_table(
    "EnergyRecord",
    &[
        ("id", "INTEGER"),
        ("body_id", "INTEGER"),
        ("linear_ke", "FLOAT"),
        ("rotational_ke", "FLOAT"),
        ("potential_e", "FLOAT"),
        ("total_e", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
);

/// The energy of all bodies in a frame, J.
pub static SYSTEM_ENERGY: TableCard = table(
    "SystemEnergyRecord",
    &[
        ("id", "INTEGER"),
        ("total_linear_ke", "FLOAT"),
        ("total_rotational_ke", "FLOAT"),
        ("total_potential_e", "FLOAT"),
        ("total_system_e", "FLOAT"),
        ("delta_e", "FLOAT"),
        ("energy_injection", "INTEGER"),
        ("collision_active", "INTEGER"),
        ("frame_id", "INTEGER"),
    ],
);

/// A touching pair at the beginning of a frame's step.
pub static COLLISION: TableCard = table(
    "CollisionResultRecord",
    &[
        ("id", "INTEGER"),
        ("body_a_id", "INTEGER"),
        ("body_b_id", "INTEGER"),
        ("normal_id", "INTEGER"),
        ("penetrationDepth", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
);

/// Links touching pairs with their points.
pub static COLLISION_POINT: TableCard = junction(
    "CollisionResultRecord_ContactPointRecord",
    &[("CollisionResultRecord_id", "INTEGER"), ("ContactPointRecord_id", "INTEGER")],
);

/// A contact point on both bodies, m.
pub static POINT: TableCard = table(
    "ContactPointRecord",
    &[("id", "INTEGER"), ("pointA_id", "INTEGER"), ("pointB_id", "INTEGER"), ("depth", "FLOAT")],
);

/// A contact point as the input of the solver, without impulses.
pub static CONTACT: TableCard = table(
    "ContactConstraintRecord",
    &[
        ("id", "INTEGER"),
        ("body_a_id", "INTEGER"),
        ("body_b_id", "INTEGER"),
        ("normal_id", "INTEGER"),
        ("lever_arm_a_id", "INTEGER"),
        ("lever_arm_b_id", "INTEGER"),
        ("penetration_depth", "FLOAT"),
        ("restitution", "FLOAT"),
        ("pre_impact_rel_vel_normal", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
);

/// A contact point with the solver's impulses, N s; the oldest recordings have no tangential ones.
pub static FRICTION: TableCard = table(
    "FrictionConstraintRecord",
    &[
        ("id", "INTEGER"),
        ("body_a_id", "INTEGER"),
        ("body_b_id", "INTEGER"),
        ("normal_id", "INTEGER"),
        ("tangent1_id", "INTEGER"),
        ("tangent2_id", "INTEGER"),
        ("lever_arm_a_id", "INTEGER"),
        ("lever_arm_b_id", "INTEGER"),
        ("friction_coefficient", "FLOAT"),
        ("normal_lambda", "FLOAT"),
        ("tangent1_lambda", "FLOAT"),
        ("tangent2_lambda", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
);

/// A contact point with the solver's impulses, N s: in the newest recordings it replaces the two tables above.
pub static UNIFIED: TableCard = table(
    "UnifiedContactConstraintRecord",
    &[
        ("id", "INTEGER"),
        ("body_a_id", "INTEGER"),
        ("body_b_id", "INTEGER"),
        ("normal_id", "INTEGER"),
        ("lever_arm_a_id", "INTEGER"),
        ("lever_arm_b_id", "INTEGER"),
        ("penetration_depth", "FLOAT"),
        ("restitution", "FLOAT"),
        ("pre_impact_rel_vel_normal", "FLOAT"),
        ("tangent1_id", "INTEGER"),
        ("tangent2_id", "INTEGER"),
        ("friction_coefficient", "FLOAT"),
        ("normal_lambda", "FLOAT"),
        ("tangent1_lambda", "FLOAT"),
        ("tangent2_lambda", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
);

/// Iterations, residual and convergence of the solver in a frame.
pub static SOLVER: TableCard = table(
    "SolverDiagnosticRecord",
    &[
        ("id", "INTEGER"),
        ("iterations", "INTEGER"),
        ("residual", "FLOAT"),
        ("converged", "INTEGER"),
        ("num_constraints", "INTEGER"),
        ("num_contacts", "INTEGER"),
        ("frame_id", "INTEGER"),
    ],
);

/// Created by the recorder and never filled.
pub static PHYSICAL_DYNAMIC: TableCard = table(
    "AssetPhysicalDynamicRecord",
    &[
        ("id", "INTEGER"),
        ("body_id", "INTEGER"),
        ("position_id", "INTEGER"),
        ("orientation_id", "INTEGER"),
        ("frame_id", "INTEGER"),
    ],
);

/// A force from outside.
pub static EXTERNAL_FORCE: TableCard = table(
    "ExternalForceRecord",
    &[("id", "INTEGER"), ("force_id", "INTEGER"), ("torque_id", "INTEGER"), ("applicationPoint_id", "INTEGER")],
);

/// Forces, N.
pub static FORCE: TableCard =
    table("ForceVectorRecord", &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// Torques, N m.
pub static TORQUE: TableCard =
    table("TorqueVectorRecord", &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")]);

/// Meshes: only in recordings that began as a copy of the asset database.
pub static MESH: TableCard =
    shared_table("MeshRecord", &[("id", "INTEGER"), ("vertex_data", "BLOB"), ("vertex_count", "INTEGER")]);

/// Assets and their names.
pub static OBJECT: TableCard = shared_table(
    "ObjectRecord",
    &[
        ("id", "INTEGER"),
        ("name", "TEXT"),
        ("category", "TEXT"),
        ("meshRecord_id", "INTEGER"),
        ("collisionMeshRecord_id", "INTEGER"),
    ],
);

/// All tables, of all generations.
pub static TABLES: &[&TableCard] = &[
    &FRAME,
    &BODY,
    &ASSET,
    &BODY_STATE,
    &STATE_FORCE,
    &STATE,
    &COORDINATE,
    &VELOCITY,
    &ACCELERATION,
    &QUATERNION,
    &RATE,
    &ANGULAR_ACCELERATION,
    &VECTOR,
    &ENERGY,
    &SYSTEM_ENERGY,
    &COLLISION,
    &COLLISION_POINT,
    &POINT,
    &CONTACT,
    &FRICTION,
    &UNIFIED,
    &SOLVER,
    &PHYSICAL_DYNAMIC,
    &EXTERNAL_FORCE,
    &FORCE,
    &TORQUE,
    &MESH,
    &OBJECT,
];
