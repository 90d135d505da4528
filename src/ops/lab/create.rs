//! `mfm lab create`: a synthetic department, the same for the same request.

use clap::Args;
use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Made, Origin, early_name, make};
use crate::domains::mosaiq::lab::{self, LabRequest};
use crate::domains::mosaiq::schema;
use crate::model::ports::Danger;
use crate::ops::{Card, Context, Failure};

/// What it is.
pub const CARD: Card = Card { name: "lab create", danger: Danger::Write, about: "Make a synthetic database" };

/// How many patients a lab has unless told otherwise.
const PATIENTS: u32 = 30;
/// How many it has at most: some forty million rows.
const PATIENTS_MAX: u32 = 100_000;
/// The last day lies between these two: before and after, births and courses would leave the calendar.
const UNTIL_RANGE: (civil::Date, civil::Date) = (civil::date(1950, 1, 1), civil::date(2100, 12, 31));

/// What to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Where: sqlite:PATH, which must not exist yet, or mssql://USER@HOST:PORT/DATABASE, which is made or must be empty
    #[arg(value_name = "URL")]
    pub url: String,
    /// How many patients, 1 to 100000 [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub patients: Option<u32>,
    /// Seed of every choice [default: 1]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// No delivery lies after this day, 1950-01-01 to 2100-12-31 [default: 2024-06-28]
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// The name to register it under; the file's or the database's name if omitted
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The lab.
    #[serde(flatten)]
    pub made: Made,
    /// How many patients.
    pub patients: u32,
    /// The seed.
    pub seed: u64,
    /// The last day.
    pub until: String,
}

/// Makes a lab.
///
/// # Errors
/// Usage, a refusal, or what target and journal say.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let asked = LabRequest { patients: patients(request)?, seed: request.seed.unwrap_or(1), until: until(request)? };
    if asked.seed > crate::model::seed::SEED_MAX {
        return Err(Failure::usage(
            "seed",
            format!("the seed {} is above 2^53-1", asked.seed),
            "choose a smaller seed",
        ));
    }
    early_name(context, &request.url, request.name.as_deref())?;
    let (made, _) = make(context, &request.url, request.name.as_deref(), Origin::Invented, &mut |sink| {
        for table in schema::lab_tables() {
            sink.table(&table)?;
        }
        let mut rows = 0;
        lab::generate(&asked, &mut |table, cells| {
            rows += 1;
            if rows % 4096 == 0 {
                context.reporter.progress("making rows", rows, 0);
                context.go_on()?;
            }
            Ok::<(), Failure>(sink.row(table, &cells)?)
        })?;
        Ok(())
    })?;
    Ok(Outcome { made, patients: asked.patients, seed: asked.seed, until: asked.until.to_string() })
}

fn patients(request: &Request) -> Result<u32, Failure> {
    let patients = request.patients.unwrap_or(PATIENTS);
    if (1..=PATIENTS_MAX).contains(&patients) {
        return Ok(patients);
    }
    Err(Failure::usage(
        "patients",
        format!("a lab cannot have {patients} patients"),
        format!("choose from 1 to {PATIENTS_MAX}"),
    ))
}

fn until(request: &Request) -> Result<civil::Date, Failure> {
    let Some(text) = &request.until else { return Ok(lab::UNTIL) };
    let (first, last) = UNTIL_RANGE;
    let date: civil::Date =
        text.parse().map_err(|_| Failure::usage("until", format!("`{text}` is no date"), "write it as YYYY-MM-DD"))?;
    if (first..=last).contains(&date) {
        return Ok(date);
    }
    let problem = format!("a lab cannot end on {date}");
    Err(Failure::usage("until", problem, format!("choose a day from {first} to {last}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_and_the_patients_stay_within_reason() {
        let asked = |day: &str| until(&Request { until: Some(day.to_owned()), ..Request::default() });
        for day in ["1950-01-01", "2100-12-31"] {
            assert_eq!(asked(day).unwrap().to_string(), day);
        }
        for day in ["0001-01-01", "1949-12-31", "2101-01-01", "9999-12-31", "soon"] {
            assert!(asked(day).is_err(), "{day}");
        }
        let many = |count| patients(&Request { patients: Some(count), ..Request::default() });
        assert_eq!(many(100_000).unwrap(), 100_000);
        assert!(many(0).is_err() && many(100_001).is_err());
    }
}
