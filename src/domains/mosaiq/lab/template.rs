//! Treatment templates: technique, beams, doses and imaging for a site. Courses are drawn from them.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Static,
    StepAndShoot,
    Portal,
    KvSetup,
    /// A cone-beam CT before treatment.
    ConeBeam,
    Vmat,
    Dmlc,
    Electron,
}

impl FieldKind {
    /// Type_Enum.
    pub(super) const fn type_number(self) -> i64 {
        match self {
            // Electrons have no type of their own; Modality_Enum tells them from photons.
            Self::Static | Self::Electron => 1,
            Self::StepAndShoot => 2,
            Self::Portal => 3,
            Self::KvSetup => 4,
            Self::ConeBeam => 5,
            Self::Vmat => 13,
            Self::Dmlc => 14,
        }
    }

    /// Modality_Enum: 1 X-rays, 2 electrons, 0 neither.
    pub(super) const fn modality_number(self) -> i64 {
        match self {
            Self::KvSetup | Self::ConeBeam => 0,
            Self::Electron => 2,
            _ => 1,
        }
    }

    pub(super) const fn is_imaging(self) -> bool {
        matches!(self, Self::KvSetup | Self::Portal | Self::ConeBeam)
    }

    pub(super) const fn has_leaves(self) -> bool {
        matches!(self, Self::Static | Self::StepAndShoot | Self::Vmat | Self::Dmlc)
    }

    /// Tells whether its leaves move during the beam. Such fields are measured before they are delivered.
    pub(super) const fn is_modulated(self) -> bool {
        matches!(self, Self::StepAndShoot | Self::Vmat | Self::Dmlc)
    }
}

/// How often the patient is imaged before treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Imaging {
    Daily,
    Weekly,
    /// The first four fractions, then weekly.
    Early,
}

impl Imaging {
    /// Tells whether a fraction, counted from 0, is imaged.
    pub(super) const fn is_due(self, fraction: i64) -> bool {
        match self {
            Self::Daily => true,
            Self::Weekly => fraction % 5 == 0,
            Self::Early => fraction < 4 || fraction % 5 == 0,
        }
    }
}

/// The part of the body, which decides where the couch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    Head,
    Thorax,
    /// A breast, which lies beside the middle.
    Breast,
    Pelvis,
}

/// Start angle of the gantry, sweep of an arc (negative: counter-clockwise) and couch angle, in degrees.
pub(super) type Beam = (i64, i64, i64);

/// The patients in whom a site occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    Any,
    Female,
    Male,
}

#[derive(Debug)]
pub(super) struct Template {
    pub(super) site: &'static str,
    pub(super) technique: &'static str,
    pub(super) kind: FieldKind,
    pub(super) beams: &'static [Beam],
    /// Possible schedules: number of fractions, and dose of each in cGy.
    pub(super) schedules: &'static [(i64, i64)],
    /// Least and most monitor units for 100 cGy at the point of interest.
    pub(super) units: (i64, i64),
    /// Angle of a wedge that half of the courses have in both fields, degrees.
    pub(super) wedge: Option<i64>,
    /// Thickness of the bolus, mm; 0 without one.
    pub(super) bolus_mm: i64,
    pub(super) region: Region,
    /// Half the size of the target across, in depth and along the patient, 1/100 cm.
    pub(super) target: (i64, i64, i64),
    pub(super) imaging: Imaging,
    /// Standard deviation of the patient's position along an axis, 1/100 cm.
    pub(super) shift: i64,
    /// The largest recorded shift along an axis, 1/10 cm. Beyond it, the patient is positioned again.
    pub(super) largest_shift: i64,
    /// MV, or MeV of electrons.
    pub(super) energy: i64,
    /// Monitor units a minute; above 600 there is no flattening filter.
    pub(super) rate: i64,
    pub(super) sex: Sex,
    /// Youngest and oldest patient, years.
    pub(super) ages: (i64, i64),
    /// Least and most working days from registration to the first fraction.
    pub(super) lead: (i64, i64),
    /// The schedule if the patient comes twice a day, if that occurs.
    pub(super) twice: Option<(i64, i64)>,
    /// The template for the other side of the body.
    pub(super) mirrored: Option<&'static Self>,
}

impl Template {
    pub(super) const fn is_palliative(&self) -> bool {
        // Only palliative patients start within a week of their registration.
        self.lead.1 <= 5
    }

    /// Tells whether the beam has no flattening filter: only such beams exceed 600 MU a minute.
    pub(super) const fn is_unflattened(&self) -> bool {
        self.rate > 600
    }

    /// Tells whether it has one target in the left half of the body.
    pub(super) fn is_left(&self) -> bool {
        self.site.ends_with("LEFT")
    }

    /// Returns the fewest days from one fraction of a dose in cGy to the next: tissue recovers from large ones.
    pub(super) const fn days_apart(dose: i64) -> i64 {
        if dose >= 700 { 2 } else { 1 }
    }
}
