//! Vectors of three components: the few operations that the simulation needs.

/// Three components along the world axes.
pub(super) type Vector3 = [f64; 3];

pub(super) const ZERO: Vector3 = [0.0; 3];

pub(super) fn add([ax, ay, az]: Vector3, [bx, by, bz]: Vector3) -> Vector3 {
    [ax + bx, ay + by, az + bz]
}

pub(super) fn subtract([ax, ay, az]: Vector3, [bx, by, bz]: Vector3) -> Vector3 {
    [ax - bx, ay - by, az - bz]
}

pub(super) fn scale([x, y, z]: Vector3, factor: f64) -> Vector3 {
    [x * factor, y * factor, z * factor]
}

pub(super) fn dot([ax, ay, az]: Vector3, [bx, by, bz]: Vector3) -> f64 {
    ax * bx + ay * by + az * bz
}

pub(super) fn cross([ax, ay, az]: Vector3, [bx, by, bz]: Vector3) -> Vector3 {
    [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]
}
