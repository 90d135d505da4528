//! Flags of a delivery: they do not contradict each other.

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, DELIVERIES, check_rows, require_columns};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::model::{Fetch, Row, Severity, Violation};

pub(super) struct DeliveryFlags;

static CARD: CheckCard = CheckCard {
    id: "delivery_flags",
    group: "orders",
    mode: "plausible_delivery",
    severity: Severity::High,
    about: "The flags of a delivery do not contradict each other: nothing is complete and cancelled, complete without \
        beam, or given without being enabled, and only a beam that was on is recorded or has a dose.",
    remedy: "Find out from the machine's log whether the beam was given, and correct the record.",
};

/// Two flags that contradict each other: one that is set, another with its value, and what they say.
const CONTRADICTIONS: [(&str, (&str, bool), &str); 6] = [
    ("WasBeamComplete", ("WasCanceled", true), "is complete and cancelled at once"),
    ("WasBeamComplete", ("WasBeamOn", false), "is complete, and its beam was never on"),
    ("WasBeamOn", ("WasBeamEnabled", false), "had its beam on, and was never enabled"),
    ("WasBeamComplete", ("WasRecorded", false), "is complete, and was not recorded"),
    ("WasBeamOn", ("WasCanceled", true), "had its beam on, and is cancelled"),
    ("WasRecorded", ("WasBeamOn", false), "is recorded, and its beam was never on"),
];

impl Check for DeliveryFlags {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let aids = ["WasCanceled", "WasBeamEnabled", "WasRecorded"]
            .map(|flag| CheckedColumn::optional(DELIVERIES, flag, CellForm::FlagOrNull));
        let dose = CheckedColumn::optional(DELIVERIES, "DHS_ID", CellForm::Whole);
        let flags = [("WasBeamOn", CellForm::Flag), ("WasBeamComplete", CellForm::Flag)];
        require_columns(DELIVERIES, flags).chain(aids).chain([dose]).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&CARD, DELIVERIES, |row, _| Vec::from_iter(find_contradiction(row)))
    }
}

/// Returns the first contradiction; the others say the same fault again.
fn find_contradiction(row: &Row<'_>) -> Option<(Severity, Violation)> {
    for (set, (other, value), sentence) in CONTRADICTIONS {
        if row.flag(set) == Some(true) && row.flag(other) == Some(value) {
            let what = format!("{set}=1 {other}={}", u8::from(value));
            return Some((CARD.severity, Violation { what, message: sentence.to_owned() }));
        }
    }
    // 0 stands for no dose in some databases.
    let dose = row.integer("DHS_ID").filter(|dose| *dose > 0 && row.flag("WasBeamOn") == Some(false))?;
    let message = format!("has a dose ({dose}) in the dose history, and its beam was never on");
    Some((CARD.severity, Violation { what: "DHS_ID=set WasBeamOn=0".to_owned(), message }))
}
