//! Doses, monitor units, collimator angles and times of a prescription's beams.

use super::course::LabField;
use super::random_between;
use super::template::{FieldKind, Template};
use crate::model::seed::RecordRandom;

/// Thousandths of the usual monitor units that a field with a wedge needs more, for each degree of its angle.
const WEDGE_MORE: i64 = 20;

/// Returns the monitor units of a treatment field, 1/10 MU.
pub(super) fn choose_units(field: &LabField, template: &Template, random: &mut RecordRandom) -> i64 {
    let more = 1000 + WEDGE_MORE * field.wedge.unwrap_or(0);
    let units = random_between(random, template.units.0, template.units.1);
    field.centigray_hundredths * units / 1000 * more / 1000
}

/// Divides the dose of a fraction, 1/100 cGy, among beams in steps of 0.1 cGy: nearly alike, and exactly all of it.
pub(super) fn share_dose(dose: i64, beams: usize, random: &mut RecordRandom) -> Vec<i64> {
    let weights: Vec<i64> = (0..beams).map(|_| random_between(random, 90, 110)).collect();
    let all = weights.iter().sum::<i64>().max(1);
    let mut doses: Vec<i64> = weights.iter().map(|weight| dose * weight / all / 10 * 10).collect();
    let rest = dose - doses.iter().sum::<i64>();
    if let Some(last) = doses.last_mut() {
        *last += rest;
    }
    doses
}

/// Returns a collimator angle, degrees from 0 to 359.
pub(super) fn choose_collimator(kind: FieldKind, number: i64, random: &mut RecordRandom) -> i64 {
    // Drawn for every kind, so that the next draws do not depend on it.
    let turned = *random.pick(&[5, 10, 15, 20]).unwrap_or(&10);
    match kind {
        FieldKind::Vmat if number % 2 == 0 => 360 - turned,
        FieldKind::Vmat => turned,
        FieldKind::Static if random.below(3) > 0 => 0,
        FieldKind::Static => *random.pick(&[90, 270, 350, turned]).unwrap_or(&0),
        FieldKind::StepAndShoot | FieldKind::Dmlc => *random.pick(&[0, 0, 90, 270, 355, 3]).unwrap_or(&0),
        FieldKind::Electron => *random.pick(&[0, 0, 45, 340]).unwrap_or(&0),
        FieldKind::KvSetup | FieldKind::Portal | FieldKind::ConeBeam => 0,
    }
}

/// Returns the beam-on time: the dose rate, the gantry and the leaves each set a lower limit.
pub(super) fn beam_ms(
    field: &LabField,
    template: &Template,
    points: i64,
    tenths: i64,
    random: &mut RecordRandom,
) -> i64 {
    let dose_ms = tenths * 6000 / template.rate.max(1);
    match field.kind {
        // The gantry turns at up to 6 degrees a second, here at 5.6. It waits where many monitor units are given, and
        // the dose rate drops where few are, so that both times count.
        FieldKind::Vmat => {
            let gantry_ms = field.beam.1.abs() * 1000 * 10 / 56;
            (gantry_ms + dose_ms).max(62_000) * random_between(random, 100, 140) / 100
        }
        FieldKind::StepAndShoot => {
            (dose_ms + points * 2600 + random_between(random, 6000, 30_000)).clamp(50_000, 110_000)
        }
        FieldKind::Dmlc => (dose_ms * 5 / 4 + random_between(random, 15_000, 45_000)).clamp(45_000, 110_000),
        FieldKind::Static | FieldKind::Electron => {
            (dose_ms + random_between(random, 15_000, 70_000)).clamp(31_000, 120_000)
        }
        FieldKind::KvSetup | FieldKind::Portal => random_between(random, 11_000, 30_000),
        FieldKind::ConeBeam => random_between(random, 60_000, 68_000),
    }
}
