//! The queries of recordings: those of the specification, and the analyses that go beyond it.

pub mod anomalies;
pub mod balance;
pub mod body;
pub mod chatter;
pub mod cone;
pub mod contact;
pub mod energy;
pub mod episodes;
pub mod frame;
pub mod history;
pub mod metadata;
pub mod named;
pub mod profile;
pub mod rest;
pub mod saturation;
pub mod settling;
pub mod solver;

use self::named::Named;
use crate::domain::query::Query;

/// Every query, in the order of the catalogue.
pub static QUERIES: &[&dyn Query] = &[
    &Named::<metadata::GetMetadata>::new(),
    &Named::<frame::GetFrame>::new(),
    &Named::<body::GetBodyState>::new(),
    &Named::<contact::GetContactsForBody>::new(),
    &Named::<energy::GetBodyEnergy>::new(),
    &Named::<energy::GetSystemEnergy>::new(),
    &Named::<anomalies::FindEnergyAnomalies>::new(),
    &Named::<body::CompareBodyAcrossFrames>::new(),
    &Named::<history::GetContactHistory>::new(),
    &Named::<solver::GetSolverDiagnostics>::new(),
    &Named::<cone::CheckFrictionCone>::new(),
    &Named::<rest::CheckPenetration>::new(),
    &Named::<rest::CheckRestingContact>::new(),
    &Named::<episodes::EnergyEpisodes>::new(),
    &Named::<saturation::FrictionSaturation>::new(),
    &Named::<settling::Settling>::new(),
    &Named::<chatter::ContactChatter>::new(),
    &Named::<balance::ImpulseBalance>::new(),
    &Named::<profile::RecordingProfile>::new(),
];

#[cfg(test)]
mod tests;
