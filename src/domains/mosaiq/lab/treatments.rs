//! What is treated where, and how: the templates that the departments share.

use super::template::{Beam, FieldKind, Imaging, Region, Sex, Template};

const BASE: Template = Template {
    site: "",
    technique: "",
    kind: FieldKind::Static,
    beams: &[],
    schedules: &[(25, 200)],
    units: (110, 140),
    wedge: None,
    bolus_mm: 0,
    region: Region::Pelvis,
    target: (400, 400, 400),
    imaging: Imaging::Daily,
    shift: 30,
    largest_shift: 29,
    energy: 6,
    rate: 600,
    sex: Sex::Any,
    ages: (42, 86),
    lead: (8, 20),
    twice: None,
    mirrored: None,
};

// A gantry does not turn through 180 degrees: full arcs stop short of it and come back the other way.
pub(super) const TWO_ARCS: &[Beam] = &[(181, 358, 0), (179, -358, 0)];
// Partial arcs on the side of the lesion spare the other lung.
pub(super) const RIGHT_ARCS: &[Beam] = &[(181, 200, 0), (21, -200, 0)];
pub(super) const LEFT_ARCS: &[Beam] = &[(179, -200, 0), (339, 200, 0)];

pub(super) static PROSTATE_VMAT: Template = Template {
    site: "PROSTATE",
    technique: "VMAT",
    kind: FieldKind::Vmat,
    beams: TWO_ARCS,
    schedules: &[(20, 300), (37, 200)],
    units: (200, 270),
    target: (330, 280, 360),
    shift: 32,
    largest_shift: 10,
    energy: 10,
    sex: Sex::Male,
    ages: (55, 84),
    ..BASE
};

pub(super) static PROSTATE_DMLC: Template = Template {
    technique: "SLIDING WINDOW",
    kind: FieldKind::Dmlc,
    beams: &[(0, 0, 0), (50, 0, 0), (100, 0, 0), (155, 0, 0), (205, 0, 0), (260, 0, 0), (310, 0, 0)],
    schedules: &[(37, 200), (39, 200)],
    units: (250, 380),
    ..PROSTATE_VMAT
};

pub(super) static BLADDER_VMAT: Template = Template {
    site: "BLADDER",
    schedules: &[(20, 275), (32, 200)],
    target: (480, 430, 460),
    shift: 38,
    largest_shift: 29,
    sex: Sex::Any,
    ..PROSTATE_VMAT
};

pub(super) static HEAD_NECK_VMAT: Template = Template {
    site: "HEAD NECK",
    technique: "VMAT",
    region: Region::Head,
    kind: FieldKind::Vmat,
    beams: TWO_ARCS,
    schedules: &[(30, 200), (33, 212), (35, 200)],
    units: (260, 340),
    target: (600, 450, 850),
    shift: 18,
    ages: (38, 79),
    twice: Some((68, 120)),
    ..BASE
};

pub(super) static LUNG_VMAT: Template = Template {
    site: "LUNG RIGHT",
    technique: "VMAT",
    region: Region::Thorax,
    kind: FieldKind::Vmat,
    beams: RIGHT_ARCS,
    schedules: &[(20, 275), (30, 200), (33, 200)],
    units: (220, 300),
    target: (420, 380, 460),
    shift: 40,
    twice: Some((30, 150)),
    mirrored: Some(&LUNG_LEFT_VMAT),
    ..BASE
};

pub(super) static LUNG_LEFT_VMAT: Template =
    Template { site: "LUNG LEFT", beams: LEFT_ARCS, mirrored: Some(&LUNG_VMAT), ..LUNG_VMAT };

pub(super) static LUNG_SBRT: Template = Template {
    site: "LUNG LEFT",
    technique: "SBRT VMAT",
    region: Region::Thorax,
    kind: FieldKind::Vmat,
    beams: LEFT_ARCS,
    schedules: &[(3, 1800), (5, 1100)],
    units: (230, 290),
    target: (190, 180, 200),
    shift: 35,
    largest_shift: 10,
    rate: 1400,
    ages: (55, 86),
    mirrored: Some(&LUNG_RIGHT_SBRT),
    ..BASE
};

pub(super) static LUNG_RIGHT_SBRT: Template =
    Template { site: "LUNG RIGHT", beams: RIGHT_ARCS, mirrored: Some(&LUNG_SBRT), ..LUNG_SBRT };

pub(super) static METASTASIS_SBRT: Template = Template {
    site: "BRAIN",
    technique: "SRS VMAT",
    // With the couch turned, the gantry stays on one side, where it cannot hit the couch.
    beams: &[(181, 178, 0), (0, -170, 45), (0, 170, 315)],
    region: Region::Head,
    schedules: &[(3, 900), (5, 600)],
    units: (250, 330),
    target: (140, 140, 150),
    shift: 10,
    largest_shift: 3,
    ages: (40, 82),
    // The lung that this is based on has another side.
    mirrored: None,
    ..LUNG_SBRT
};

pub(super) static BRAIN_IMRT: Template = Template {
    site: "BRAIN",
    technique: "IMRT",
    region: Region::Head,
    kind: FieldKind::StepAndShoot,
    beams: &[(40, 0, 0), (100, 0, 0), (260, 0, 0), (320, 0, 0), (330, 0, 90)],
    schedules: &[(30, 200)],
    units: (220, 330),
    target: (330, 350, 330),
    shift: 15,
    ages: (28, 74),
    ..BASE
};

pub(super) static RECTUM_IMRT: Template = Template {
    site: "RECTUM",
    technique: "IMRT",
    kind: FieldKind::StepAndShoot,
    beams: &[(180, 0, 0), (230, 0, 0), (280, 0, 0), (330, 0, 0), (30, 0, 0), (80, 0, 0), (130, 0, 0)],
    schedules: &[(25, 180), (28, 180)],
    units: (240, 380),
    target: (620, 520, 780),
    imaging: Imaging::Early,
    shift: 38,
    energy: 10,
    ..BASE
};

pub(super) static OESOPHAGUS_DMLC: Template = Template {
    site: "OESOPHAGUS",
    technique: "SLIDING WINDOW",
    region: Region::Thorax,
    kind: FieldKind::Dmlc,
    beams: &[(0, 0, 0), (60, 0, 0), (120, 0, 0), (210, 0, 0), (300, 0, 0)],
    schedules: &[(25, 180), (28, 180)],
    units: (250, 380),
    target: (330, 350, 750),
    imaging: Imaging::Early,
    shift: 32,
    ..BASE
};

pub(super) static PELVIS_BOX: Template = Template {
    site: "PELVIS",
    technique: "4 FIELD BOX",
    beams: &[(0, 0, 0), (90, 0, 0), (180, 0, 0), (270, 0, 0)],
    schedules: &[(25, 180)],
    target: (750, 600, 850),
    imaging: Imaging::Weekly,
    shift: 40,
    energy: 15,
    ..BASE
};

pub(super) static BREAST_TANGENTS: Template = Template {
    site: "BREAST LEFT",
    technique: "TANGENTS",
    region: Region::Breast,
    wedge: Some(15),
    beams: &[(308, 0, 0), (130, 0, 0)],
    schedules: &[(15, 267), (25, 200)],
    target: (450, 400, 900),
    imaging: Imaging::Early,
    shift: 35,
    sex: Sex::Female,
    ages: (34, 80),
    mirrored: Some(&BREAST_RIGHT),
    ..BASE
};

pub(super) static BREAST_RIGHT: Template = Template {
    site: "BREAST RIGHT",
    beams: &[(52, 0, 0), (230, 0, 0)],
    mirrored: Some(&BREAST_TANGENTS),
    ..BREAST_TANGENTS
};

pub(super) static SPINE_PALLIATIVE: Template = Template {
    site: "SPINE T8-T12",
    technique: "AP/PA",
    region: Region::Thorax,
    beams: &[(0, 0, 0), (180, 0, 0)],
    schedules: &[(1, 800), (5, 400), (10, 300)],
    target: (380, 380, 750),
    imaging: Imaging::Weekly,
    shift: 33,
    energy: 10,
    lead: (0, 5),
    ..BASE
};

pub(super) static SKIN_ELECTRONS: Template = Template {
    site: "SKIN NOSE",
    technique: "ELECTRONS",
    region: Region::Head,
    kind: FieldKind::Electron,
    beams: &[(0, 0, 0)],
    schedules: &[(10, 300), (15, 250)],
    units: (98, 116),
    target: (300, 200, 300),
    imaging: Imaging::Weekly,
    shift: 30,
    energy: 9,
    rate: 400,
    bolus_mm: 10,
    ages: (60, 92),
    ..BASE
};

pub(super) static CHEST_WALL: Template = Template {
    site: "CHEST WALL",
    region: Region::Thorax,
    bolus_mm: 5,
    beams: &[(45, 0, 0), (315, 0, 0)],
    schedules: &[(15, 267), (25, 200)],
    target: (500, 250, 700),
    energy: 12,
    sex: Sex::Female,
    ages: (38, 80),
    ..SKIN_ELECTRONS
};
