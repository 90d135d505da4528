//! What differs from department to department: machines, couch, hours, and how things are named.

use super::machine::LabMachine;
use super::profiles::{centre, clinic, hospital};
use super::template::{FieldKind, Template};

/// A department.
#[derive(Debug)]
pub(super) struct Profile {
    /// Its word among the scenarios.
    pub(super) word: &'static str,
    pub(super) machines: &'static [LabMachine],
    pub(super) couch: CouchScale,
    /// When the first slot begins, milliseconds since midnight.
    pub(super) opens_ms: i64,
    /// Whether the dose history holds the end of a beam instead of its start.
    pub(super) dates_doses_at_end: bool,
    pub(super) naming: Naming,
    /// The electrons that follow a course of a breast.
    pub(super) electrons: &'static Template,
    /// Tol_Tbl_ID of usual fields; the other tables count up from it.
    pub(super) tolerance: i64,
}

/// Where the couch's scales begin and which way they count, 1/100 cm.
#[derive(Debug)]
pub(super) struct CouchScale {
    /// Reading with the couch top at the isocentre, and 1 if it grows upward, else -1.
    pub(super) vertical: (i64, i64),
    /// Reading in the middle, and 1 if it grows to the left of the patient, else -1.
    pub(super) lateral: (i64, i64),
    /// Reading with the couch drawn back, and 1 if it grows towards the gantry, else -1.
    pub(super) longitudinal: (i64, i64),
}

impl CouchScale {
    /// Returns the readings for a position below the isocentre, from the middle and from the couch drawn back.
    pub(super) const fn read_scales(&self, place: (i64, i64, i64)) -> (i64, i64, i64) {
        (
            self.vertical.0 + self.vertical.1 * place.0,
            self.lateral.0 + self.lateral.1 * place.1,
            self.longitudinal.0 + self.longitudinal.1 * place.2,
        )
    }
}

/// What a field is named after.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedField {
    pub(super) kind: FieldKind,
    /// Counted from 1; 0 for imaging.
    pub(super) number: i64,
    /// Degrees.
    pub(super) gantry: i64,
    /// Degrees; negative if counter-clockwise.
    pub(super) sweep: i64,
    pub(super) energy: i64,
    /// The site as the templates write it.
    pub(super) site: &'static str,
}

/// How a department names things.
#[derive(Debug)]
pub(super) struct Naming {
    /// The hospital number of the n-th patient.
    pub(super) hospital_number: fn(i64) -> String,
    /// The number of the n-th patient before the lasting one is known.
    pub(super) provisional_number: fn(i64) -> String,
    /// Site_Name of a template's site; the flag marks a boost.
    pub(super) site: fn(&str, bool) -> String,
    /// Site.Modality of a template.
    pub(super) modality: fn(&Template) -> String,
    /// Field_Label and Field_Name.
    pub(super) field: fn(&NamedField) -> (String, String),
    /// Wdg_Appl of a wedge of an angle in degrees, in the n-th field.
    pub(super) wedge: fn(i64, i64) -> String,
    /// Wdg_Appl of an applicator whose side is given in cm.
    pub(super) applicator: fn(i64) -> String,
    /// Bolus of a thickness in mm.
    pub(super) bolus: fn(i64) -> String,
    /// Frac_Pattern: daily, twice a day, every other day.
    pub(super) patterns: [&'static str; 3],
}

/// The departments, the default first.
static PROFILES: [&Profile; 3] = [&hospital::PROFILE, &centre::PROFILE, &clinic::PROFILE];

/// The scenarios of labs, in the order of [`PROFILES`].
pub(in crate::domains::mosaiq) static SCENARIOS: [&str; 3] =
    [hospital::PROFILE.word, centre::PROFILE.word, clinic::PROFILE.word];

/// Returns the department of a scenario; the first without one.
pub(super) fn find_profile(word: Option<&str>) -> &'static Profile {
    let known = PROFILES.iter().copied();
    known.into_iter().find(|profile| Some(profile.word) == word).unwrap_or(&hospital::PROFILE)
}

/// Length of a slot, milliseconds.
pub(super) const SLOT_MS: i64 = 30 * 60_000;

impl Profile {
    /// Returns the begin of a slot, in milliseconds since midnight.
    pub(super) const fn begins_ms(&self, slot: i64) -> i64 {
        self.opens_ms + slot * SLOT_MS
    }

    /// Returns when measurements begin, in milliseconds since midnight: after the last slot.
    pub(super) const fn evening_ms(&self) -> i64 {
        self.begins_ms(21)
    }

    /// Returns when a revised plan is saved, in milliseconds since midnight: before it is measured.
    pub(super) const fn replanned_ms(&self) -> i64 {
        self.evening_ms() - 15 * 60_000
    }

    /// Returns the machine's place in the department.
    pub(super) fn place_of(&self, machine: &LabMachine) -> i64 {
        let at = self.machines.iter().position(|own| own.staff_id == machine.staff_id);
        at.and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
    }
}

/// Returns a template's site with its side shortened, each word with a capital letter.
pub(super) fn title_case(site: &str) -> String {
    let short = site.split(' ').map(|word| match word {
        "LEFT" => "L".to_owned(),
        "RIGHT" => "R".to_owned(),
        // A level of the spine.
        _ if word.contains('-') => word.to_owned(),
        _ => word.chars().take(1).chain(word.chars().skip(1).map(|letter| letter.to_ascii_lowercase())).collect(),
    });
    short.collect::<Vec<String>>().join(" ")
}
