//! Constants of the simulation that no recording holds, and gravity as far as it can be inferred from the energies.

use super::energies::BodyEnergy;
use super::states::State;

/// The gravity of the simulator, m/s2, where it is on.
pub const GRAVITY: f64 = 9.81;
/// The overlap that the position corrector leaves alone, m.
pub const SLOP: f64 = 0.005;
/// The share of a deeper overlap that the position corrector removes in each step.
pub const BETA: f64 = 0.2;

/// The gravity of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gravity {
    /// The acceleration along -z, m/s2.
    pub strength: f64,
    /// Whether it was inferred from the recording; otherwise it is assumed.
    pub shown: bool,
}

impl Gravity {
    /// Infers gravity from the first body whose potential energy and height are usable: potential = mass * gravity *
    /// height. [`GRAVITY`] where there is none.
    #[must_use]
    pub fn infer(states: &[State], energies: &[BodyEnergy], mass: impl Fn(i64) -> Option<f64>) -> Self {
        for state in states {
            let energy = energies.iter().find(|energy| energy.body == state.body_id);
            let potential = energy.and_then(|energy| energy.potential);
            let (Some(height), Some(potential), Some(mass)) = (state.position.z.0, potential, mass(state.body_id))
            else {
                continue;
            };
            // At height 0 there is no potential energy, whatever the gravity.
            if height.abs() < 1e-6 || mass <= 0.0 || !height.is_finite() || !potential.is_finite() {
                continue;
            }
            let strength = potential / (mass * height);
            // A broken state or energy can give any quotient; gravity points down and is not that of a star.
            if (0.0..1e3).contains(&strength) {
                return Self { strength, shown: true };
            }
        }
        Self { strength: GRAVITY, shown: false }
    }

    /// Returns the overlap of a body at rest with what it rests on, m, for a step of the given length, s: the depth at
    /// which a step's correction equals the distance that the body falls in it.
    #[must_use]
    pub fn resting_depth(&self, step: f64) -> f64 {
        self.strength.mul_add(step * step / BETA, SLOP)
    }

    /// Returns the speed that a body at rest is recorded with, m/s: the recorder sees it after gravity and before the
    /// contacts of the next step stop it.
    #[must_use]
    pub const fn resting_speed(&self, step: f64) -> f64 {
        self.strength * step
    }
}
