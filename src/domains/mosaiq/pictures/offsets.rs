//! The shifts of a prescription over its fractions, with the limits of the rules.

use super::chart::build_shift_chart;
use crate::domain::picture::{Chart, LimitLine};
use crate::domains::mosaiq::checks::site_limit;
use crate::domains::mosaiq::rules::Rules;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Snapshot, Value};

/// Returns the queries for the shifts of a prescription (Site.SIT_SET_ID) that are not answered yet.
#[must_use]
pub fn offsets_queries(site: &Value, snapshot: &Snapshot) -> Vec<Fetch> {
    let queries = ["Offset", "Site"].map(|table| Fetch::among(table, "SIT_SET_ID", [key_form(site)]));
    queries.into_iter().filter(|query| !snapshot.has_answer(query)).collect()
}

/// Returns the chart of a prescription's shifts, and their limits on both sides of zero; `None` if there is too little
/// to draw.
#[must_use]
pub fn build_offset_chart(site: &Value, rules: &Rules, snapshot: &Snapshot) -> Option<(Chart, Vec<LimitLine>)> {
    let site = key_form(site);
    let rows = snapshot.table("Offset").ok()?.rows_with("SIT_SET_ID", &site);
    let mut chart = build_shift_chart(&site, &rows, &[])?;
    let own = snapshot.table("Site").ok().and_then(|sites| site_limit(sites, rules, &site));
    let limits = [
        own.map(|(name, limit)| (format!("action limit of {name}"), limit)),
        Some(("unusual".to_owned(), rules.offsets.max_shift.get())),
        Some(("impossible".to_owned(), rules.offsets.possible_shift.get())),
    ];
    let limits: Vec<(String, f64)> = limits.into_iter().flatten().collect();
    let nearest = limits.iter().map(|(_, limit)| limit.abs()).fold(f64::INFINITY, f64::min);
    // Without findings at hand, a shift is marked if it lies beyond the tightest limit.
    for dot in chart.lines.iter_mut().flat_map(|line| &mut line.dots) {
        dot.wrong = dot.y.abs() > nearest;
    }
    let mut bars = Vec::new();
    for (name, limit) in limits {
        bars.extend([limit.abs(), -limit.abs()].map(|y| LimitLine { name: name.clone(), y }));
    }
    Some((chart, bars))
}
