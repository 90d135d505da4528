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

use self::named::NamedQuery;
use crate::domain::query::Query;

/// Every query, in the order of the catalogue.
pub static QUERIES: &[&dyn Query] = &[
    &NamedQuery::<metadata::GetMetadata>::new(),
    &NamedQuery::<frame::GetFrame>::new(),
    &NamedQuery::<body::GetBodyState>::new(),
    &NamedQuery::<contact::GetContactsForBody>::new(),
    &NamedQuery::<energy::GetBodyEnergy>::new(),
    &NamedQuery::<energy::GetSystemEnergy>::new(),
    &NamedQuery::<anomalies::FindEnergyAnomalies>::new(),
    &NamedQuery::<body::CompareBodyAcrossFrames>::new(),
    &NamedQuery::<history::GetContactHistory>::new(),
    &NamedQuery::<solver::GetSolverDiagnostics>::new(),
    &NamedQuery::<cone::CheckFrictionCone>::new(),
    &NamedQuery::<rest::CheckPenetration>::new(),
    &NamedQuery::<rest::CheckRestingContact>::new(),
    &NamedQuery::<episodes::EnergyEpisodes>::new(),
    &NamedQuery::<saturation::FrictionSaturation>::new(),
    &NamedQuery::<settling::Settling>::new(),
    &NamedQuery::<chatter::ContactChatter>::new(),
    &NamedQuery::<balance::ImpulseBalance>::new(),
    &NamedQuery::<profile::RecordingProfile>::new(),
];

#[cfg(test)]
mod tests;
