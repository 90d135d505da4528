//! Times: a delivery ends after it starts, lies in the past, and has a plausible duration.

use std::cmp::Ordering;

use jiff::SignedDuration;
use mfm_journal::Decimal;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, check_rows, rounded_seconds};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::deliveries::judged_duration;
use crate::domains::mosaiq::numbers::CellNumber;
use crate::domains::mosaiq::rules::Bounds;
use crate::model::time::Time;
use crate::model::{Fetch, Row, Severity, Violation};

const TABLE: &str = "TrackTreatment";
const START: &str = "Create_DtTm";
const END: &str = "Edit_DtTm";

pub(super) struct DeliveryOrder;

static ORDER: CheckCard = CheckCard {
    id: "delivery_order",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Medium,
    about: "No delivery ends (Edit_DtTm) before it starts (Create_DtTm).",
    remedy: "Compare the clocks of the workstations, and correct the times from the machine's log.",
};

impl Check for DeliveryOrder {
    fn card(&self) -> &'static CheckCard {
        &ORDER
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        [START, END].map(|column| CheckedColumn::required(TABLE, column, CellForm::Time)).into()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&ORDER, TABLE, move |row, _| {
            match row.time(START).zip(row.time(END)).and_then(|(start, end)| start.elapsed_since(end)) {
                Some(early) if early.is_positive() => {
                    let message = format!("ends {} s before it starts", rounded_seconds(early));
                    vec![(ORDER.severity, Violation { what: format!("{END}={START}-{}s", early.as_secs()), message })]
                }
                _ => Vec::new(),
            }
        })
    }
}

pub(super) struct DeliveryFuture;

static FUTURE: CheckCard = CheckCard {
    id: "delivery_future",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Medium,
    about: "No delivery starts or ends later than the present, by the database's own clock.",
    remedy: "Set the clock that wrote it, and correct the times from the machine's log.",
};

impl Check for DeliveryFuture {
    fn card(&self) -> &'static CheckCard {
        &FUTURE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        [START, END].map(|column| CheckedColumn::judged_alone(TABLE, column, CellForm::Time)).into()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&FUTURE, TABLE, move |row, _| {
            let (mut what, mut times) = (Vec::new(), Vec::new());
            for (column, verb) in [(START, "starts"), (END, "ends")] {
                if let Some(at) = render_future_time(row, column, criteria.now) {
                    what.push(format!("{column}={at}"));
                    times.push(format!("{verb} at {at}"));
                }
            }
            if what.is_empty() {
                return Vec::new();
            }
            let message = format!("{}, in the future", times.join(" and "));
            vec![(FUTURE.severity, Violation { what: what.join(" "), message })]
        })
    }
}

/// Renders a time if it lies after the present. The present is not part of the text: the finding must be the same in
/// the next run.
pub(super) fn render_future_time(row: &Row<'_>, column: &str, now: Time) -> Option<String> {
    row.time(column).filter(|time| time.compare_with_present(now) == Some(Ordering::Greater)).map(Time::to_text)
}

pub(super) struct DeliveryDuration;

static DURATION: CheckCard = CheckCard {
    id: "delivery_duration",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Low,
    about: "The duration of a delivery is within the rules for any type; only deliveries with beam on, complete, not \
        cancelled, not for quality assurance and ending after they start are judged.",
    remedy: "Compare the times with the machine's log.",
};

impl Check for DeliveryDuration {
    fn card(&self) -> &'static CheckCard {
        &DURATION
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        duration_columns().collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&DURATION, TABLE, move |row, _| {
            let bounds = *criteria.rules.deliveries.duration;
            match judged_duration(row) {
                Some(lasted) if !is_duration_within(lasted, bounds) => {
                    let message = format!("lasts {} s, outside {bounds} s", rounded_seconds(lasted));
                    vec![(
                        DURATION.severity,
                        Violation { what: format!("{END}={START}+{}s", lasted.as_secs()), message },
                    )]
                }
                _ => Vec::new(),
            }
        })
    }
}

/// Tells whether a duration lies in a range of seconds.
pub(super) fn is_duration_within(lasted: SignedDuration, bounds: Bounds) -> bool {
    // To the millisecond: the ticks of a server's `datetime` would put 10 s slightly below 10.
    Decimal::new(lasted.as_millis(), 3).is_none_or(|seconds| bounds.contains(CellNumber::Exact(seconds)))
}

/// Returns the columns that decide whether the duration of a delivery is checked.
pub(super) fn duration_columns() -> impl Iterator<Item = CheckedColumn> {
    let times = [START, END].map(|column| CheckedColumn::required(TABLE, column, CellForm::Time));
    let flags = [("WasBeamOn", CellForm::Flag), ("WasBeamComplete", CellForm::Flag)];
    let unset = [("WasCanceled", CellForm::FlagOrNull), ("WasQAMode", CellForm::FlagOrNull)];
    let flags = flags.into_iter().chain(unset).map(|(column, form)| CheckedColumn::required(TABLE, column, form));
    times.into_iter().chain(flags)
}
