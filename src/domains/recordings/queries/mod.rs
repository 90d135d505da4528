//! The queries of recordings: those of the specification, and the analyses that go beyond it.

mod anomalies;
mod balance;
mod body;
mod chatter;
mod cone;
mod contact;
mod energy;
mod episodes;
mod frame;
mod history;
mod metadata;
mod named;
mod profile;
mod rest;
mod saturation;
mod settling;
mod solver;

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
