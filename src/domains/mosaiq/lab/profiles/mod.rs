//! The departments that labs imitate. Checks know none of them.

pub(super) mod centre;
pub(super) mod clinic;
pub(super) mod hospital;
