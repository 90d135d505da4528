//! The domains: each a folder of its own, pure, behind the port in [`crate::domain`].

pub mod mosaiq;
