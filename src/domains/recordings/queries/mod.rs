//! The queries of recordings: those of the specification, and the analyses that go beyond it.

mod anomalies;
mod body;
mod cone;
mod contact;
mod energy;
mod frame;
mod history;
mod metadata;
mod named;
mod rest;
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
];
