//! The treatment machines, and how each of them writes its leaves, angles and metersets.

use super::calendar::{self, Day};
use super::template::{
    BLADDER_VMAT, BRAIN_IMRT, BREAST_TANGENTS, CHEST_WALL, HEAD_NECK_VMAT, LUNG_SBRT, LUNG_VMAT, METASTASIS_SBRT,
    OESOPHAGUS_DMLC, PELVIS_BOX, PROSTATE_DMLC, PROSTATE_VMAT, RECTUM_IMRT, SKIN_ELECTRONS, SPINE_PALLIATIVE, Template,
};

#[derive(Debug)]
pub(super) struct LabMachine {
    pub(super) staff_id: i64,
    pub(super) name: &'static str,
    pub(super) leaves: MlcLayout,
    /// Whether TxFieldPoint.Index is in monitor units instead of percent.
    pub(super) index_in_units: bool,
    /// Whether collimator angles beyond 180 degrees are written as negative ones.
    pub(super) signed_collimator: bool,
    /// Degrees between two control points of an arc.
    pub(super) arc_step: i64,
    /// Offset_Type of its imaging: 2 localisation, 3 portal, 4 third party.
    pub(super) offset_type: i64,
    /// The cases in its timetable. The first three cover what the machine can do, for labs of few patients.
    mix: &'static [&'static Template],
}

/// A multi-leaf collimator, and how its leaf sets are written.
#[derive(Debug)]
pub(super) struct MlcLayout {
    pub(super) pairs: i64,
    /// Width of the inner pairs, 1/100 cm.
    width: i64,
    /// Width of the outer pairs, 1/100 cm.
    outer_width: i64,
    /// Number of outer pairs at each end.
    outer_pairs: i64,
    /// Whether each bank counts outward from the centre; otherwise both are in one coordinate.
    pub(super) outward: bool,
    /// Whether a set is filled up with zeros to the column's width.
    pub(super) padded: bool,
    /// 1/100 cm a second.
    pub(super) speed: i64,
}

const fn mlc_layout(pairs: i64, width: i64, speed: i64) -> MlcLayout {
    MlcLayout { pairs, width, outer_width: width, outer_pairs: 0, outward: false, padded: false, speed }
}

// Modelled on three real collimators: 80 pairs of 0.5 cm, 60 with 1 cm at both ends, 40 of 1 cm.
const NARROW: MlcLayout = mlc_layout(80, 50, 600);
const MIDDLE: MlcLayout = MlcLayout { outer_width: 100, outer_pairs: 10, ..mlc_layout(60, 50, 250) };
const WIDE: MlcLayout = mlc_layout(40, 100, 250);

impl MlcLayout {
    /// Returns the position of a pair's middle along the field, 1/100 cm.
    pub(super) const fn pair_middle(&self, pair: i64) -> i64 {
        let twice = 2 * pair + 1 - self.pairs;
        let inner = self.pairs - 2 * self.outer_pairs;
        let size = if twice < 0 { -twice } else { twice };
        let place = if size <= inner {
            size * self.width / 2
        } else {
            (inner * self.width + (size - inner) * self.outer_width) / 2
        };
        if twice < 0 { -place } else { place }
    }
}

// Six different ways to write the same treatment, so that checks cannot rely on one of them.
pub(super) static MACHINES: [LabMachine; 6] = [
    LabMachine {
        staff_id: 101,
        name: "LINAC 1",
        leaves: MlcLayout { padded: true, ..NARROW },
        index_in_units: false,
        signed_collimator: false,
        arc_step: 2,
        offset_type: 2,
        mix: &[
            &PROSTATE_VMAT,
            &HEAD_NECK_VMAT,
            &LUNG_SBRT,
            &BRAIN_IMRT,
            &BREAST_TANGENTS,
            &METASTASIS_SBRT,
            &BLADDER_VMAT,
            &SPINE_PALLIATIVE,
        ],
    },
    LabMachine {
        staff_id: 102,
        name: "LINAC 2",
        leaves: NARROW,
        index_in_units: true,
        signed_collimator: false,
        arc_step: 4,
        offset_type: 2,
        mix: &[
            &LUNG_VMAT,
            &BRAIN_IMRT,
            &BREAST_TANGENTS,
            &BLADDER_VMAT,
            &HEAD_NECK_VMAT,
            &SKIN_ELECTRONS,
            &PROSTATE_VMAT,
        ],
    },
    LabMachine {
        staff_id: 103,
        name: "LINAC 3",
        leaves: MlcLayout { outward: true, padded: true, ..MIDDLE },
        index_in_units: false,
        signed_collimator: false,
        arc_step: 2,
        offset_type: 2,
        mix: &[
            &HEAD_NECK_VMAT,
            &RECTUM_IMRT,
            &PELVIS_BOX,
            &PROSTATE_DMLC,
            &BREAST_TANGENTS,
            &LUNG_VMAT,
            &SPINE_PALLIATIVE,
        ],
    },
    LabMachine {
        staff_id: 104,
        name: "LINAC 4",
        leaves: MlcLayout { outward: true, ..MIDDLE },
        index_in_units: false,
        signed_collimator: false,
        arc_step: 2,
        offset_type: 4,
        mix: &[
            &LUNG_SBRT,
            &PROSTATE_VMAT,
            &OESOPHAGUS_DMLC,
            &METASTASIS_SBRT,
            &BREAST_TANGENTS,
            &CHEST_WALL,
            &BLADDER_VMAT,
        ],
    },
    LabMachine {
        staff_id: 105,
        name: "LINAC 5",
        leaves: MlcLayout { padded: true, ..WIDE },
        index_in_units: false,
        signed_collimator: false,
        arc_step: 4,
        offset_type: 3,
        mix: &[&PELVIS_BOX, &OESOPHAGUS_DMLC, &SKIN_ELECTRONS, &SPINE_PALLIATIVE, &BREAST_TANGENTS, &PROSTATE_VMAT],
    },
    LabMachine {
        staff_id: 106,
        name: "LINAC 6",
        leaves: MlcLayout { outward: true, ..WIDE },
        index_in_units: true,
        signed_collimator: true,
        arc_step: 4,
        offset_type: 3,
        mix: &[&RECTUM_IMRT, &BREAST_TANGENTS, &SPINE_PALLIATIVE, &PROSTATE_DMLC, &PELVIS_BOX, &CHEST_WALL],
    },
];

impl LabMachine {
    /// Returns the template for the n-th case, repeating the mix.
    pub(super) fn template_for(&self, number: i64) -> &'static Template {
        let at = usize::try_from(number).unwrap_or(0).checked_rem(self.mix.len()).unwrap_or(0);
        self.mix.get(at).copied().unwrap_or(&PELVIS_BOX)
    }

    /// Tells whether it treats on a day: a working day without service, which comes every eighth week.
    pub(super) fn is_running_on(&self, day: Day) -> bool {
        let service = (day.div_euclid(7) + 3 * self.staff_id) % 8 == 0 && calendar::weekday(day) == self.staff_id % 5;
        calendar::is_working_day(day) && !service
    }

    /// Returns a collimator angle as the machine writes it, degrees.
    pub(super) const fn written_collimator(&self, angle: i64) -> i64 {
        if self.signed_collimator && angle > 180 { angle - 360 } else { angle }
    }
}
