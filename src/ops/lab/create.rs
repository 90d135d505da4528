//! `mfm lab create`: a synthetic database of a domain, the same for the same request.

use std::ops::ControlFlow;

use clap::Args;
use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LabSink, MadeLab, Origin, early_name, make_lab};
use crate::domain::Domain;
use crate::domain::lab::{Lab, LabRequest};
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, Flag, act, leave_out};
use crate::model::ports::Danger;
use crate::ops::{Card, Context, Failure, detect};

/// The command's card.
pub const CARD: Card = Card { name: "lab create", danger: Danger::Write, about: "Make a synthetic database" };

/// The range of the last day: outside of it, birth dates and courses would leave the calendar.
const UNTIL_RANGE: (civil::Date, civil::Date) = (civil::date(1950, 1, 1), civil::date(2100, 12, 31));

/// What to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Where: sqlite:PATH, which must not exist yet, or mssql://USER@HOST:PORT/DATABASE, which is made or must be empty
    #[arg(value_name = "URL")]
    pub url: String,
    /// The domain whose data it will hold, by its id [default: mosaiq]
    #[arg(long, value_name = "ID")]
    pub domain: Option<String>,
    /// How many patients, 1 to 100000 [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub patients: Option<u32>,
    /// How many frames, for recordings [default: as the scenario needs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub frames: Option<u32>,
    /// How many tests, for catalogues of oncology tests, 1 to 1000000 [default: 102]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tests: Option<u32>,
    /// The scenario, for domains that have scenarios
    #[arg(long, value_name = "WORD")]
    pub scenario: Option<String>,
    /// Seed of every choice [default: 1]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// The last day of deliveries, 1950-01-01 to 2100-12-31 [default: 2024-06-28]
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// The name to register it under; the file's or the database's name if omitted
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// The lab that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The lab.
    #[serde(flatten)]
    pub made: MadeLab,
    /// The domain's id.
    pub domain: &'static str,
    /// Number of patients; absent where the domain counts something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patients: Option<u32>,
    /// Number of frames; absent where the domain counts something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Number of tests; absent where the domain counts something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<u32>,
    /// The scenario; absent where the domain has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The last day; absent where the domain's data have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Makes a lab.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let domain = request.domain.as_deref().map_or(Ok(domains::FIRST), detect::resolve_domain)?;
    let lab = domain.lab().ok_or_else(|| no_lab(domain))?;
    let lab_request = resolve_request(request, domain, lab)?;
    early_name(context, &request.url, request.name.as_deref())?;
    let (made, _) = make_lab(context, &request.url, request.name.as_deref(), domain, Origin::Invented, &mut |sink| {
        write_tables(context, lab, &lab_request, sink)
    })?;
    // A lab counts one thing; the others stay out of the result.
    let size_option = lab.size().option;
    Ok(Outcome {
        made,
        domain: domain.card().id,
        patients: lab_request.size.filter(|_| size_option == "patients"),
        frames: lab_request.size.filter(|_| size_option == "frames"),
        tests: lab_request.size.filter(|_| size_option == "tests"),
        scenario: lab_request.scenario,
        seed: lab_request.seed,
        until: lab_request.until.map(|day| day.to_string()),
    })
}

/// Creates the tables of a lab, and fills them with generated rows.
fn write_tables(context: &Context<'_>, lab: &dyn Lab, request: &LabRequest, sink: &mut LabSink) -> Result<(), Failure> {
    for table in lab.tables() {
        sink.create_table(&table)?;
    }
    let (mut rows, mut failure) = (0_u64, None);
    let flow = lab.generate(request, &mut |table, cells| {
        rows += 1;
        // Progress and interruption every 4096 rows: asking for each would cost more than making it.
        if rows.is_multiple_of(4096) {
            context.reporter.progress("making rows", rows, 0);
            if let Err(interrupted) = context.go_on() {
                failure = Some(interrupted);
                return ControlFlow::Break(());
            }
        }
        if let Err(error) = sink.write_row(table, &cells) {
            failure = Some(error.into());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    match (flow, failure) {
        (ControlFlow::Break(()), Some(failure)) => Err(failure),
        _ => Ok(()),
    }
}

/// Returns the request of a domain's lab with defaults filled in; an option that the domain lacks is refused.
fn resolve_request(request: &Request, domain: &dyn Domain, lab: &dyn Lab) -> Result<LabRequest, Failure> {
    let size = lab.size();
    let id = domain.card().id;
    for (option, count) in [("patients", request.patients), ("frames", request.frames), ("tests", request.tests)] {
        if count.is_some() && option != size.option {
            let message = format!("a lab of {id} has no {option}");
            return Err(wrong_size(option, message, format!("it has {}", size.option)));
        }
    }
    let count = request.patients.or(request.frames).or(request.tests);
    if let Some(count) = count.filter(|count| !(1..=size.most).contains(count)) {
        let message = format!("a lab cannot have {count} {}", size.option);
        let hint = format!("choose from 1 to {}", size.most);
        return Err(wrong_size(size.option, message, hint));
    }
    let seed = request.seed.unwrap_or(1);
    if seed > crate::model::seed::SEED_MAX {
        return Err(Failure::usage("seed", format!("the seed {seed} is above 2^53-1"), "choose a smaller seed"));
    }
    Ok(LabRequest {
        size: count.or(size.default),
        seed,
        until: resolve_until(request, domain, lab)?,
        scenario: resolve_scenario(request, domain, lab)?,
    })
}

/// Returns the failure for a size that a lab cannot have; its code is the option's name.
fn wrong_size(option: &str, message: String, hint: String) -> Failure {
    match option {
        "patients" => Failure::usage("patients", message, hint),
        "tests" => Failure::usage("tests", message, hint),
        _ => Failure::usage("frames", message, hint),
    }
}

fn resolve_scenario(request: &Request, domain: &dyn Domain, lab: &dyn Lab) -> Result<Option<String>, Failure> {
    let known = lab.scenarios();
    // The first scenario is the default.
    let Some(word) = &request.scenario else { return Ok(known.first().map(|word| (*word).to_owned())) };
    let snake = word.replace('-', "_");
    if let Some(scenario) = known.iter().find(|known| known.replace('-', "_") == snake) {
        return Ok(Some((*scenario).to_owned()));
    }
    let id = domain.card().id;
    let next = match known {
        [] => NextSteps::from(format!("labs of {id} have no scenarios")).and(leave_out(Flag::Scenario)),
        known => format!("its scenarios are {}", known.join(", ")).into(),
    };
    Err(Failure::usage("scenario", format!("a lab of {id} has no scenario `{word}`"), next))
}

fn resolve_until(request: &Request, domain: &dyn Domain, lab: &dyn Lab) -> Result<Option<civil::Date>, Failure> {
    let Some(text) = &request.until else { return Ok(lab.default_end_date()) };
    if lab.default_end_date().is_none() {
        let message = format!("a lab of {} has no last day", domain.card().id);
        return Err(Failure::usage("until", message, leave_out(Flag::Until)));
    }
    let (first, last) = UNTIL_RANGE;
    let date: civil::Date = text
        .parse()
        .map_err(|_| Failure::usage("until", format!("`{text}` is not a date"), "write it as YYYY-MM-DD"))?;
    if (first..=last).contains(&date) {
        return Ok(Some(date));
    }
    let problem = format!("a lab cannot end on {date}");
    Err(Failure::usage("until", problem, format!("choose a day from {first} to {last}")))
}

fn no_lab(domain: &dyn Domain) -> Failure {
    let message = format!("mfm cannot make labs of the domain {}", domain.card().id);
    let copy = act(Deed::Register { url: None }, "registers a copy").when("or");
    Failure::usage("no_lab", message, NextSteps::from("make one of another domain").and(copy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_and_the_patients_stay_within_reason() {
        let lab = domains::FIRST.lab().unwrap();
        let asked = |request: &Request| resolve_request(request, domains::FIRST, lab);
        let day = |day: &str| asked(&Request { until: Some(day.to_owned()), ..Request::default() });
        for text in ["1950-01-01", "2100-12-31"] {
            assert_eq!(day(text).unwrap().until.unwrap().to_string(), text);
        }
        for text in ["0001-01-01", "1949-12-31", "2101-01-01", "9999-12-31", "soon"] {
            assert!(day(text).is_err(), "{text}");
        }
        let many = |count| asked(&Request { patients: Some(count), ..Request::default() });
        assert_eq!(many(100_000).unwrap().size, Some(100_000));
        assert!(many(0).is_err() && many(100_001).is_err());
        assert_eq!(asked(&Request::default()).unwrap().size, Some(30));
    }

    #[test]
    fn what_a_domain_does_not_have_is_refused_by_name() {
        let lab = domains::FIRST.lab().unwrap();
        let frames = Request { frames: Some(10), ..Request::default() };
        assert_eq!(resolve_request(&frames, domains::FIRST, lab).unwrap_err().code, "frames");
        let scenario = Request { scenario: Some("resting".into()), ..Request::default() };
        assert_eq!(resolve_request(&scenario, domains::FIRST, lab).unwrap_err().code, "scenario");
    }
}
