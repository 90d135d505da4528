//! Vectors of three components; nothing more than the simulation needs.

/// Three components, in the world's axes.
pub(super) type Vector = [f64; 3];

pub(super) const ZERO: Vector = [0.0; 3];

pub(super) fn add([ax, ay, az]: Vector, [bx, by, bz]: Vector) -> Vector {
    [ax + bx, ay + by, az + bz]
}

pub(super) fn subtract([ax, ay, az]: Vector, [bx, by, bz]: Vector) -> Vector {
    [ax - bx, ay - by, az - bz]
}

pub(super) fn scale([x, y, z]: Vector, factor: f64) -> Vector {
    [x * factor, y * factor, z * factor]
}

pub(super) fn dot([ax, ay, az]: Vector, [bx, by, bz]: Vector) -> f64 {
    ax * bx + ay * by + az * bz
}

pub(super) fn cross([ax, ay, az]: Vector, [bx, by, bz]: Vector) -> Vector {
    [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]
}
