//! The tables of every generation of recordings, as its recorder declares them; reads nothing.

use crate::domain::table::TableCard;

/// One step of the simulation.
pub static FRAME: TableCard = TableCard {
    name: "SimulationFrameRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("simulation_time", "FLOAT"), ("wall_clock_time", "FLOAT")],
    indexes: &[],
};

/// A body that moves: its mass and its material, at its spawn.
pub static BODY: TableCard = TableCard {
    name: "AssetInertialStaticRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("body_id", "INTEGER"),
        ("mass", "FLOAT"),
        ("restitution", "FLOAT"),
        ("friction", "FLOAT"),
    ],
    indexes: &[],
};

/// Which asset a body shows.
pub static ASSET: TableCard = TableCard {
    name: "AssetPhysicalStaticRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("body_id", "INTEGER"), ("asset_id", "INTEGER"), ("is_environment", "INTEGER")],
    indexes: &[],
};

/// A body in a frame; the state itself is referred to.
pub static BODY_STATE: TableCard = TableCard {
    name: "AssetDynamicStateRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("body_id", "INTEGER"), ("kinematicState_id", "INTEGER"), ("frame_id", "INTEGER")],
    indexes: &[],
};

/// External forces of a body's state; empty in practice.
pub static STATE_FORCE: TableCard = TableCard {
    name: "AssetDynamicStateRecord_ExternalForceRecord",
    key: &[],
    distinctive: true,
    identifying: &[],
    columns: &[("AssetDynamicStateRecord_id", "INTEGER"), ("ExternalForceRecord_id", "INTEGER")],
    indexes: &[],
};

/// A state: what it is made of. Its own body_id and frame_id are left 0.
pub static STATE: TableCard = TableCard {
    name: "InertialStateRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
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
    indexes: &[],
};

/// Positions and contact points, m.
pub static COORDINATE: TableCard = TableCard {
    name: "CoordinateRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// Velocities, m/s.
pub static VELOCITY: TableCard = TableCard {
    name: "VelocityRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// Accelerations of the step just integrated, m/s2.
pub static ACCELERATION: TableCard = TableCard {
    name: "AccelerationRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// Orientations, body to world, w first.
pub static QUATERNION: TableCard = TableCard {
    name: "QuaternionDRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("w", "FLOAT"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// Rates of orientations, 1/s, w last.
pub static RATE: TableCard = TableCard {
    name: "Vector4DRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT"), ("w", "FLOAT")],
    indexes: &[],
};

/// Angular accelerations about x, y and z in that order, rad/s2.
pub static ANGULAR_ACCELERATION: TableCard = TableCard {
    name: "AngularAccelerationRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("pitch", "FLOAT"), ("roll", "FLOAT"), ("yaw", "FLOAT")],
    indexes: &[],
};

/// Normals, tangents, lever arms.
pub static VECTOR: TableCard = TableCard {
    name: "Vector3DRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// The energy of a body in a frame, J.
pub static ENERGY: TableCard = TableCard {
    name: "EnergyRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("body_id", "INTEGER"),
        ("linear_ke", "FLOAT"),
        ("rotational_ke", "FLOAT"),
        ("potential_e", "FLOAT"),
        ("total_e", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
    indexes: &[],
};

/// The energy of all bodies in a frame, J.
pub static SYSTEM_ENERGY: TableCard = TableCard {
    name: "SystemEnergyRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
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
    indexes: &[],
};

/// A touching pair in a frame, before the step.
pub static COLLISION: TableCard = TableCard {
    name: "CollisionResultRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("body_a_id", "INTEGER"),
        ("body_b_id", "INTEGER"),
        ("normal_id", "INTEGER"),
        ("penetrationDepth", "FLOAT"),
        ("frame_id", "INTEGER"),
    ],
    indexes: &[],
};

/// The points of a touching pair.
pub static COLLISION_POINT: TableCard = TableCard {
    name: "CollisionResultRecord_ContactPointRecord",
    key: &[],
    distinctive: true,
    identifying: &[],
    columns: &[("CollisionResultRecord_id", "INTEGER"), ("ContactPointRecord_id", "INTEGER")],
    indexes: &[],
};

/// A contact point on both bodies, m.
pub static POINT: TableCard = TableCard {
    name: "ContactPointRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("pointA_id", "INTEGER"), ("pointB_id", "INTEGER"), ("depth", "FLOAT")],
    indexes: &[],
};

/// A contact point as the solver took it.
pub static CONTACT: TableCard = TableCard {
    name: "ContactConstraintRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
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
    indexes: &[],
};

/// The impulses at a contact point, N s.
pub static FRICTION: TableCard = TableCard {
    name: "FrictionConstraintRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
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
    indexes: &[],
};

/// A contact point and its impulses, in the newest recordings.
pub static UNIFIED: TableCard = TableCard {
    name: "UnifiedContactConstraintRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
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
    indexes: &[],
};

/// How the solver did in a frame.
pub static SOLVER: TableCard = TableCard {
    name: "SolverDiagnosticRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("iterations", "INTEGER"),
        ("residual", "FLOAT"),
        ("converged", "INTEGER"),
        ("num_constraints", "INTEGER"),
        ("num_contacts", "INTEGER"),
        ("frame_id", "INTEGER"),
    ],
    indexes: &[],
};

/// Made by the recorder, never filled.
pub static PHYSICAL_DYNAMIC: TableCard = TableCard {
    name: "AssetPhysicalDynamicRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("body_id", "INTEGER"),
        ("position_id", "INTEGER"),
        ("orientation_id", "INTEGER"),
        ("frame_id", "INTEGER"),
    ],
    indexes: &[],
};

/// A force from outside.
pub static EXTERNAL_FORCE: TableCard = TableCard {
    name: "ExternalForceRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("force_id", "INTEGER"),
        ("torque_id", "INTEGER"),
        ("applicationPoint_id", "INTEGER"),
    ],
    indexes: &[],
};

/// Forces, N.
pub static FORCE: TableCard = TableCard {
    name: "ForceVectorRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// Torques, N m.
pub static TORQUE: TableCard = TableCard {
    name: "TorqueVectorRecord",
    key: &["id"],
    distinctive: true,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("x", "FLOAT"), ("y", "FLOAT"), ("z", "FLOAT")],
    indexes: &[],
};

/// Meshes, where the recording began as a copy of the asset database.
pub static MESH: TableCard = TableCard {
    name: "MeshRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[("id", "INTEGER"), ("vertex_data", "BLOB"), ("vertex_count", "INTEGER")],
    indexes: &[],
};

/// Assets and their names.
pub static OBJECT: TableCard = TableCard {
    name: "ObjectRecord",
    key: &["id"],
    distinctive: false,
    identifying: &[],
    columns: &[
        ("id", "INTEGER"),
        ("name", "TEXT"),
        ("category", "TEXT"),
        ("meshRecord_id", "INTEGER"),
        ("collisionMeshRecord_id", "INTEGER"),
    ],
    indexes: &[],
};

/// All of them.
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
