//! Checks of figures: shares, stages, predictive values, and figures that changed places.

use super::record::{CatalogueRecord, SHARES, STAGES};
use super::{CheckDefinition, Judge, Problem};
use crate::domain::check::CheckCard;
use crate::domains::openonco::rules::Rules;
use crate::model::Severity;

pub(super) static SHARE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "share_range",
        group: "figures",
        mode: "wrong_percentage",
        severity: Severity::Critical,
        about: "A sensitivity, specificity or predictive value lies outside 0 to 100 percent.",
        remedy: "Compare it with the publication that is cited beside it.",
    },
    judge: Judge::Record(judge_shares),
};

pub(super) static STAGE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "stage_order",
        group: "figures",
        mode: "exchanged_figures",
        severity: Severity::Medium,
        about: "Sensitivity falls from one stage to the next, or the overall one lies outside those of all four \
            stages.",
        remedy: "Look at the numbers of patients by stage: with few of them it may be true.",
    },
    judge: Judge::Record(judge_stages),
};

pub(super) static PREDICTIVE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "predictive_values",
        group: "figures",
        mode: "exchanged_figures",
        severity: Severity::Medium,
        about: "PPV and NPV contradict sensitivity and specificity: no one prevalence gives them.",
        remedy: "See whether the four figures come from one study, and whether two changed places.",
    },
    judge: Judge::Record(judge_predictive),
};

pub(super) static EXCHANGED: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "figures_and_notes",
        group: "figures",
        mode: "exchanged_figures",
        severity: Severity::High,
        about: "Two figures stand in each other's notes and not in their own: they changed places.",
        remedy: "Compare both with the publications that are cited beside them.",
    },
    judge: Judge::Record(judge_notes),
};

/// The pairs of figures that may change places.
pub(in crate::domains::openonco) const PAIRS: [(&str, &str); 2] = [("sensitivity", "specificity"), ("ppv", "npv")];

fn judge_shares(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in SHARES {
        let Some(share) = record.number(field).filter(|share| !(0.0..=100.0).contains(share)) else { continue };
        problems.push(Problem::new(field, share, format!("{field} is {share}, which is no share of a hundred")));
    }
    problems
}

fn judge_stages(record: &CatalogueRecord, rules: &Rules) -> Vec<Problem> {
    let stages: Vec<(&str, f64)> = STAGES.iter().filter_map(|field| Some((*field, record.number(field)?))).collect();
    let mut problems = Vec::new();
    for pair in stages.windows(2) {
        let [(early, before), (late, after)] = pair else { continue };
        if *after < before - rules.figures.stage_drop {
            let message = format!("{late} is {after}, below {early} of {before}");
            problems.push(Problem::new(late, *after, message));
        }
    }
    problems.extend(judge_overall(record, &stages));
    problems
}

/// Judges the overall sensitivity, which is a mean of those of the stages: it cannot lie outside of them.
fn judge_overall(record: &CatalogueRecord, stages: &[(&str, f64)]) -> Option<Problem> {
    let overall = record.number("sensitivity")?;
    if stages.len() < STAGES.len() {
        return None;
    }
    let least = stages.iter().map(|(_, share)| *share).fold(f64::INFINITY, f64::min);
    let most = stages.iter().map(|(_, share)| *share).fold(f64::NEG_INFINITY, f64::max);
    let message = format!("the overall sensitivity of {overall} lies outside those of the stages, {least} to {most}");
    (!(least..=most).contains(&overall)).then(|| Problem::new("sensitivity", overall, message))
}

/// Judges PPV and NPV: each implies a prevalence, given sensitivity and specificity.
///
/// With odds o = p / (1 - p): PPV / (1 - PPV) = sens / (1 - spec) * o, and (1 - NPV) / NPV = (1 - sens) / spec * o.
fn judge_predictive(record: &CatalogueRecord, rules: &Rules) -> Vec<Problem> {
    let share =
        |field: &str| record.number(field).filter(|share| (0.0..=100.0).contains(share)).map(|share| share / 100.0);
    let (Some(sens), Some(spec)) = (share("sensitivity"), share("specificity")) else { return Vec::new() };
    let (Some(ppv), Some(npv)) = (share("ppv"), share("npv")) else { return Vec::new() };
    // At the ends one of the two says nothing about the prevalence.
    if [sens, spec, ppv, npv].iter().any(|share| *share <= 0.0 || *share >= 1.0) {
        return Vec::new();
    }
    let of_ppv = ppv / (1.0 - ppv) * (1.0 - spec) / sens;
    let of_npv = (1.0 - npv) / npv * spec / (1.0 - sens);
    let factor = (of_ppv / of_npv).max(of_npv / of_ppv);
    if factor <= rules.figures.predictive_factor {
        return Vec::new();
    }
    let prevalence = |odds: f64| 100.0 * odds / (1.0 + odds);
    let message = format!(
        "PPV {} implies a prevalence of {:.3} percent, NPV {} one of {:.3}",
        ppv * 100.0,
        prevalence(of_ppv),
        npv * 100.0,
        prevalence(of_npv)
    );
    vec![Problem::new("ppv", ppv * 100.0, message)]
}

fn judge_notes(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (one, other) in PAIRS {
        if stand_in_each_others_notes(record, one, other) {
            let value = record.number(one).unwrap_or_default();
            let message = format!("{one} stands in the notes of {other}, and {other} in those of {one}");
            problems.push(Problem::new(one, value, message));
        }
    }
    problems
}

/// Tells whether two figures stand in each other's notes, and neither in its own.
pub(in crate::domains::openonco) fn stand_in_each_others_notes(
    record: &CatalogueRecord,
    one: &str,
    other: &str,
) -> bool {
    let notes =
        |field: &str| record.text(&format!("{field}Notes")).or_else(|| record.text(&format!("{field}Definition")));
    let (Some(a), Some(b)) = (record.number(one), record.number(other)) else { return false };
    let (Some(of_a), Some(of_b)) = (notes(one), notes(other)) else { return false };
    a != b && states(of_b, a) && states(of_a, b) && !states(of_a, a) && !states(of_b, b)
}

/// Tells whether a text states a number: as a word of its own, whatever the zeros behind its point.
fn states(text: &str, number: f64) -> bool {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    words.filter_map(|word| word.trim_matches('.').parse::<f64>().ok()).any(|stated| stated == number)
}
