//! Fractions over a course: as many as prescribed, as often a day as prescribed, without breaks that are too long.

use std::collections::BTreeMap;

use super::prescription_doses::explain_nothing;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, DELIVERIES, GatheredFact, given_columns,
    judge_facts, require_columns, sorted_verdict, to_duration,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::fractions::{BeamPair, FieldCourse};
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::orders::{FractionPattern, Order, SITES};
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Severity};

/// A check of the fractions of every treatment field.
pub(super) struct FractionCheck {
    card: &'static CheckCard,
    judge: fn(&'static CheckCard, &CheckFacts<'_>, &Rules) -> CheckVerdict,
}

pub(super) static GIVEN: FractionCheck = FractionCheck {
    card: &CheckCard {
        id: "fractions_given",
        group: "fractions",
        mode: "plausible_delivery",
        severity: Severity::High,
        about: "No treatment field is given in more fractions than its current prescription has, and none is given \
            where Fractions is 0. Where many prescriptions of a database have 0, that is not reported.",
        remedy: "Stop the treatment until physician and physicist have compared dose given and dose prescribed.",
    },
    judge: judge_surplus,
};

pub(super) static TWICE: FractionCheck = FractionCheck {
    card: &CheckCard {
        id: "fraction_twice",
        group: "fractions",
        mode: "plausible_delivery",
        severity: Severity::High,
        about: "No treatment field is given twice on a day, unless the course is twice daily by its Frac_Pattern or on \
            a third of its days; then its two fractions lie the rules' time apart.",
        remedy: "Find out from the machine's log whether the patient was treated twice on that day.",
    },
    judge: judge_twice,
};

pub(super) static BREAK: FractionCheck = FractionCheck {
    card: &CheckCard {
        id: "fraction_break",
        group: "fractions",
        mode: "plausible_delivery",
        severity: Severity::Medium,
        about: "Between two fractions of a treatment field lie no more days than the rules allow, and a day at least \
            where a fraction is as large as the rules say.",
        remedy: "Find out whether a fraction was missed or given elsewhere, and tell the physician.",
    },
    judge: judge_break,
};

pub(super) static PATTERN: FractionCheck = FractionCheck {
    card: &CheckCard {
        id: "fraction_pattern",
        group: "fractions",
        mode: "plausible_prescription",
        severity: Severity::High,
        about: "A course is given as often as its Frac_Pattern says: once a day, twice a day, or not on consecutive \
            days.",
        remedy: "Ask the physician how often the patient is to be treated, and correct prescription or appointments.",
    },
    judge: judge_pattern,
};

pub(super) static RECORDED: FractionCheck = FractionCheck {
    card: &CheckCard {
        id: "fractions_recorded",
        group: "fractions",
        mode: "plausible_delivery",
        severity: Severity::Medium,
        about: "The fractions that a field counts as given (Fractions_Tx) are as many as its complete deliveries. \
            Where many fields of a database do not keep this, none is reported.",
        remedy: "Compare the counter with the machine's log: a delivery may be booked elsewhere, or missing.",
    },
    judge: judge_recorded,
};

impl Check for FractionCheck {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("SIT_Set_ID", CellForm::Whole)];
        let sites = [("SIT_ID", CellForm::Whole), ("SIT_SET_ID", CellForm::Whole)];
        let own = match self.card.id {
            "fractions_given" => Some((SITES, "Fractions", CellForm::Whole)),
            "fraction_pattern" => Some((SITES, "Frac_Pattern", CellForm::Any)),
            "fractions_recorded" => Some((FIELDS, "Fractions_Tx", CellForm::Whole)),
            _ => None,
        };
        let own = own.map(|(table, column, form)| CheckedColumn::required(table, column, form));
        let aids = [(SITES, "Version"), (FIELDS, "Version"), (FIELDS, "Type_Enum"), (FIELDS, "FLD_SET_ID")];
        let aids = aids.map(|(table, column)| CheckedColumn::optional(table, column, CellForm::Whole));
        let fields = require_columns(FIELDS, fields).chain(require_columns(SITES, sites));
        given_columns().chain(fields).chain(own).chain(aids).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Fractions)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let (card, judge) = (self.card, self.judge);
        judge_facts(DELIVERIES, move |known, _| {
            explain_nothing(judge(card, known, criteria.rules), "no treatment field has a complete delivery")
        })
    }
}

fn delivery(key: &CompactKey) -> (&'static str, crate::model::Key) {
    (DELIVERIES, key.to_key())
}

/// Returns the courses with their current prescriptions.
fn ordered_courses<'k>(known: &'k CheckFacts<'_>) -> impl Iterator<Item = (&'k FieldCourse, &'k Order)> {
    known.fractions.courses().filter_map(|(_, course)| Some((course, known.orders.current(&course.site)?)))
}

/// Puts the findings of all fields of a prescription together: the first one stands for them.
fn merge_findings(merged: &mut BTreeMap<(LookupId, String), Finding>, site: &LookupId, finding: Finding) {
    match merged.entry((site.clone(), finding.what.clone())) {
        std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(finding)),
        std::collections::btree_map::Entry::Occupied(mut place) => {
            let first = place.get_mut();
            let rows = [(finding.table, finding.key)].into_iter().chain(finding.related);
            for row in rows.filter(|(table, _)| *table == DELIVERIES) {
                if !first.related.contains(&row) && (first.table, &first.key) != (row.0, &row.1) {
                    first.related.push(row);
                }
            }
        }
    }
}

fn finish_merged(looked_at: usize, merged: BTreeMap<(LookupId, String), Finding>) -> CheckVerdict {
    sorted_verdict(looked_at as u64, merged.into_values().collect())
}

fn judge_surplus(card: &'static CheckCard, known: &CheckFacts<'_>, rules: &Rules) -> CheckVerdict {
    let (mut merged, mut looked_at) = (BTreeMap::new(), 0_u64);
    let (without, remarks) = list_given_without_order(card, known)
        .into_parts(rules.prescriptions.agreement, "prescriptions were given and have 0 fractions");
    for (course, order) in ordered_courses(known) {
        looked_at += 1;
        let (Some(surplus), Some(prescribed)) = (&course.surplus, order.fractions) else { continue };
        let given = course.count;
        let finding = Finding {
            check: card.id,
            severity: card.severity,
            table: DELIVERIES,
            key: surplus.to_key(),
            related: vec![(SITES, order.key.clone())],
            what: format!("Fractions={prescribed} given={given}"),
            message: format!("is beyond the course: {prescribed} fractions are prescribed, and {given} were given"),
        };
        merge_findings(&mut merged, &course.site, finding);
    }
    let findings = merged.into_values().chain(without).collect();
    sorted_verdict(looked_at, findings).with_remarks(remarks)
}

/// Judges by prescription whether what was given has any fractions prescribed.
fn list_given_without_order(card: &'static CheckCard, known: &CheckFacts<'_>) -> Convention {
    let mut convention = Convention::default();
    let mut given: BTreeMap<&LookupId, (&FieldCourse, &Order)> = BTreeMap::new();
    for (course, order) in ordered_courses(known) {
        let longest = given.entry(&order.set).or_insert((course, order));
        if course.count > longest.0.count {
            *longest = (course, order);
        }
    }
    for (course, order) in given.into_values() {
        if !order.has_no_fractions {
            convention.keep();
            continue;
        }
        let count = course.count;
        convention.add_breach(Finding {
            check: card.id,
            severity: card.severity,
            table: SITES,
            key: order.key.clone(),
            related: vec![delivery(course.last_key())],
            what: format!("Fractions=0 given={count}"),
            message: format!("prescribes no fraction, and {count} were given"),
        });
    }
    convention
}

fn judge_twice(card: &'static CheckCard, known: &CheckFacts<'_>, rules: &Rules) -> CheckVerdict {
    let (mut merged, mut looked_at) = (BTreeMap::new(), 0);
    let least = to_duration(rules.fractions.hours_apart).saturating_mul(3600);
    for (course, order) in ordered_courses(known) {
        looked_at += 1;
        let (pair, message) = if order.pattern == FractionPattern::TwiceDaily || course.is_twice_daily() {
            let Some(pair) = course.closest_double.as_ref().filter(|pair| pair.apart < least) else { continue };
            let (hours, least) = (hours(pair), rules.fractions.hours_apart);
            (pair, format!("follows {hours} h after the fraction before it; two a day lie at least {least} h apart"))
        } else {
            let Some(pair) = course.first_double.as_ref() else { continue };
            let more = if course.doubles > 1 { format!(" ({} days in all)", course.doubles) } else { String::new() };
            (pair, format!("is the second one of its field on this day, {} h after the first{more}", hours(pair)))
        };
        let finding = Finding {
            check: card.id,
            severity: card.severity,
            table: DELIVERIES,
            key: pair.second.to_key(),
            related: vec![delivery(&pair.first), (SITES, order.key.clone())],
            what: format!("day={}", pair.day),
            message,
        };
        merge_findings(&mut merged, &course.site, finding);
    }
    finish_merged(looked_at, merged)
}

fn hours(pair: &BeamPair) -> f64 {
    (pair.apart.as_secs_f64() / 360.0).round() / 10.0
}

fn judge_break(card: &'static CheckCard, known: &CheckFacts<'_>, rules: &Rules) -> CheckVerdict {
    let (mut merged, mut looked_at) = (BTreeMap::new(), 0);
    let limits = &rules.fractions;
    for (course, order) in ordered_courses(known) {
        looked_at += 1;
        #[expect(clippy::cast_precision_loss, reason = "days of a course")]
        let long = course.longest_break.as_ref().filter(|pair| pair.days as f64 > limits.days_between.get());
        let long = long.map(|pair| {
            let (days, allowed) = (pair.days, limits.days_between);
            (pair, format!("comes {days} days after the fraction before it; {allowed} days are allowed"))
        });
        let large = order.dose_cgy.filter(|dose| *dose >= limits.large_dose.get());
        let soon = course.first_consecutive.as_ref().zip(large).map(|(pair, dose)| {
            (pair, format!("comes the day after another fraction of {dose} cGy; so large ones need a day between"))
        });
        for (pair, message) in long.into_iter().chain(soon) {
            let finding = Finding {
                check: card.id,
                severity: card.severity,
                table: DELIVERIES,
                key: pair.second.to_key(),
                related: vec![delivery(&pair.first), (SITES, order.key.clone())],
                what: format!("day={} days={}", pair.day, pair.days),
                message,
            };
            merge_findings(&mut merged, &course.site, finding);
        }
    }
    finish_merged(looked_at, merged)
}

fn judge_pattern(card: &'static CheckCard, known: &CheckFacts<'_>, _: &Rules) -> CheckVerdict {
    let (mut merged, mut looked_at) = (BTreeMap::new(), 0);
    for (course, order) in ordered_courses(known) {
        looked_at += u64::from(order.pattern != FractionPattern::Unknown);
        // A few days tell nothing: a course begins and ends in the middle of a week, and fractions are made up for.
        if course.days < 3 {
            continue;
        }
        let (doubles, days) = (course.doubles, course.days);
        let wrong = match order.pattern {
            FractionPattern::TwiceDaily if doubles == 0 => Some("orders two fractions a day, and one a day is given"),
            FractionPattern::Daily if course.is_twice_daily() => {
                Some("orders one fraction a day, and two a day are given")
            }
            FractionPattern::Spaced if course.consecutive * 2 >= days => {
                Some("orders days between the fractions, and they are given on consecutive days")
            }
            _ => None,
        };
        let Some(wrong) = wrong else { continue };
        let finding = Finding {
            check: card.id,
            severity: card.severity,
            table: SITES,
            key: order.key.clone(),
            related: vec![delivery(course.last_key())],
            what: format!("Frac_Pattern=other days={days}"),
            message: format!("{wrong} ({days} days so far)"),
        };
        merge_findings(&mut merged, &course.site, finding);
    }
    sorted_verdict(looked_at, merged.into_values().collect())
}

fn judge_recorded(card: &'static CheckCard, known: &CheckFacts<'_>, rules: &Rules) -> CheckVerdict {
    let mut convention = Convention::default();
    for (id, field) in known.orders.fields().filter(|(_, field)| field.is_treatment()) {
        let Some(counted) = field.given else { continue };
        let given = known.fractions.count_of_version(&id);
        if counted == given {
            // A field that nobody was treated with says nothing about how counters are kept.
            if given > 0 {
                convention.keep();
            }
            continue;
        }
        let key = known.find_field(&id).map(|field| field.key()).unwrap_or_default();
        let last = known.fractions.course(&field.set).map(|course| delivery(course.last_key()));
        convention.add_breach(Finding {
            check: card.id,
            severity: card.severity,
            table: FIELDS,
            key,
            related: last.into_iter().collect(),
            what: format!("Fractions_Tx={counted} given={given}"),
            message: format!("counts {counted} fractions given, and has {given} complete deliveries"),
        });
    }
    convention.into_verdict(rules.prescriptions.agreement, "fields count other fractions than they have deliveries")
}
