//! Synthetic recordings: a small simulation of boxes, written row by row as the recorder writes.
//!
//! Every identity of real recordings holds here up to rounding: energies follow from masses, states and gravity;
//! impulses account for every change of velocity; a box at rest is carried by an impulse of m g dt and overlaps by slop
//! + g dt^2 / beta; friction stays in its cone at every point. What the recorder leaves out is left out here too.

mod contact;
mod record;
mod scene;
mod solve;
mod tables;
#[cfg(test)]
mod tests;
mod vector;
mod world;

use std::ops::ControlFlow;

use jiff::civil;

use self::record::Recorder;
use self::scene::{SCENARIOS, Scene};
use self::world::Simulation;

use crate::domain::lab::{Lab, LabRequest, LabSize, RowSink};
use crate::domain::table::TableDef;

/// The default number of frames.
const FRAMES: u32 = 300;
/// The most frames of a recording.
const FRAMES_MAX: u32 = 1_000_000;
/// The default day of a recording. Fixed and in the past, so that a lab is the same whenever it is made.
const UNTIL: civil::Date = civil::date(2024, 6, 28);
const SECONDS_A_DAY: i64 = 86_400;

/// The lab of this domain.
#[derive(Clone, Copy, Debug)]
pub struct RecordingsLab;

impl Lab for RecordingsLab {
    fn size(&self) -> LabSize {
        LabSize { option: "frames", default: Some(FRAMES), most: FRAMES_MAX }
    }

    fn default_end_date(&self) -> Option<civil::Date> {
        Some(UNTIL)
    }

    fn scenarios(&self) -> &'static [&'static str] {
        &SCENARIOS
    }

    fn tables(&self) -> Vec<TableDef> {
        tables::lab_tables()
    }

    fn generate(&self, request: &LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()> {
        let frames = request.size.unwrap_or(FRAMES);
        // The empty name is unknown, and so means the default scenario.
        let scenario = request.scenario.as_deref().unwrap_or_default();
        let mut world = Simulation::new(Scene::new(scenario, request.seed, frames));
        let mut recorder = Recorder::new(sink, noon_seconds(request.until.unwrap_or(UNTIL)));
        for _ in 0..frames {
            world.step();
            recorder.record_frame(&world)?;
        }
        ControlFlow::Continue(())
    }
}

/// Returns noon of a day in UTC, as seconds since 1970.
fn noon_seconds(day: civil::Date) -> f64 {
    let epoch = civil::date(1970, 1, 1);
    let days = day.since(epoch).map_or(0, |span| span.get_days());
    f64::from(days) * to_seconds(SECONDS_A_DAY) + to_seconds(SECONDS_A_DAY / 2)
}

/// Converts whole seconds of a day to a float; `f64::from` takes only an `i32`, which holds them.
fn to_seconds(number: i64) -> f64 {
    i32::try_from(number).map_or(0.0, f64::from)
}
