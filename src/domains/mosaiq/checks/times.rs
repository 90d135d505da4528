//! Times: a delivery ends after it starts, lies in the past, and lasts as long as one does; compares no two deliveries.

use std::cmp::Ordering;

use jiff::SignedDuration;
use mfm_journal::Decimal;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, check_rows, rounded_seconds};
use crate::domains::mosaiq::deliveries::judged_duration;
use crate::domains::mosaiq::ground::{CellForm, CheckedColumn};
use crate::domains::mosaiq::numbers::CellNumber;
use crate::domains::mosaiq::rules::Bounds;
use crate::model::time::Time;
use crate::model::{Fetch, Row, Severity, Violation};

const TABLE: &str = "TrackTreatment";
const START: &str = "Create_DtTm";
const END: &str = "Edit_DtTm";

/// No delivery ends before it starts.
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
            let lasted = row.time(START).zip(row.time(END)).and_then(|(start, end)| start.elapsed_since(end));
            let wrong = |lasted: SignedDuration| {
                let message = format!("ends {} s before it starts", rounded_seconds(lasted));
                Violation { what: format!("{END}={START}-{}s", lasted.as_secs()), message }
            };
            let lasted = lasted.filter(SignedDuration::is_positive);
            lasted.map(|lasted| (ORDER.severity, wrong(lasted))).into_iter().collect()
        })
    }
}

/// No delivery lies in the future.
pub(super) struct DeliveryFuture;

static FUTURE: CheckCard = CheckCard {
    id: "delivery_future",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Medium,
    about: "No delivery starts or ends after the present moment of the database's own clock.",
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
            let late = |column: &str, word: &str| {
                render_future_time(row, column, criteria.now)
                    .map(|at| (format!("{column}={at}"), format!("{word} at {at}")))
            };
            let late = [late(START, "starts"), late(END, "ends")];
            let (what, found): (Vec<String>, Vec<String>) = late.into_iter().flatten().unzip();
            let message = format!("{}, in the future", found.join(" and "));
            let wrong = || (FUTURE.severity, Violation { what: what.join(" "), message });
            (!found.is_empty()).then(wrong).into_iter().collect()
        })
    }
}

/// Returns a time that lies after the present, as text; the present itself is left out, so that a finding stays itself.
pub(super) fn render_future_time(row: &Row<'_>, column: &str, now: Time) -> Option<String> {
    row.time(column).filter(|time| time.compare_with_present(now) == Some(Ordering::Greater)).map(Time::to_text)
}

/// A delivery lasts as long as one does.
pub(super) struct DeliveryDuration;

static DURATION: CheckCard = CheckCard {
    id: "delivery_duration",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Low,
    about: "A delivery lasts as long as the rules say of any type; only those with beam on, complete, not cancelled \
        and not for quality assurance are judged, and only where they end after they start.",
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
        judged_by().collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&DURATION, TABLE, move |row, _| {
            let bounds = *criteria.rules.deliveries.duration;
            let lasted = judged_duration(row).filter(|lasted| !is_duration_within(*lasted, bounds));
            let wrong = |lasted: SignedDuration| {
                let message = format!("lasts {} s, outside {bounds} s", rounded_seconds(lasted));
                Violation { what: format!("{END}={START}+{}s", lasted.as_secs()), message }
            };
            lasted.map(|lasted| (DURATION.severity, wrong(lasted))).into_iter().collect()
        })
    }
}

/// Tells whether a time lies in a range of seconds, to the millisecond.
pub(super) fn is_duration_within(lasted: SignedDuration, bounds: Bounds) -> bool {
    Decimal::new(lasted.as_millis(), 3).is_none_or(|seconds| bounds.contains(CellNumber::Exact(seconds)))
}

/// The columns that tell whether the length of a delivery is to be judged.
pub(super) fn judged_by() -> impl Iterator<Item = CheckedColumn> {
    let times = [START, END].map(|column| CheckedColumn::required(TABLE, column, CellForm::Time));
    let flags = [("WasBeamOn", CellForm::Flag), ("WasBeamComplete", CellForm::Flag)];
    let unset = [("WasCanceled", CellForm::FlagOrNull), ("WasQAMode", CellForm::FlagOrNull)];
    let flags = flags.into_iter().chain(unset).map(|(column, form)| CheckedColumn::required(TABLE, column, form));
    times.into_iter().chain(flags)
}
