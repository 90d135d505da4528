//! The course of a drill: its cases one after the other, each on as many records as were asked for, and the sizes that
//! a sweep adds on the way.

use serde_json::{Map, Value as Json};

use super::begin::DrillScope;
use super::matrix::{DrillCase, Trial};
use super::progress::DrillProgress;
use super::sweep;
use super::trial::{DrillRun, TrialCase};
use crate::model::{Key, seed, time};
use crate::ops::context::Context;
use crate::ops::failure::{Failure, FailureKind};
use crate::ops::modes;
use crate::ops::plan::{self, Options, ResolvedRequest};
use crate::ops::select::{self, Records, SelectionRequest};

/// Runs the trials of all cases; returns the cases with the reasons why some could not be tried, and the trials.
pub(super) fn try_all(
    mut bench: DrillRun<'_, '_>,
    scope: &DrillScope,
) -> Result<(Vec<DrillCase>, Vec<Trial>), Failure> {
    let (mut cases, mut trials) = (scope.cases.clone(), Vec::new());
    let names: Vec<String> = bench.detectors.iter().map(|detector| detector.name().to_owned()).collect();
    let mut progress = DrillProgress::begin(bench.context, cases.len() as u64 * scope.sample);
    let mut at = 0;
    loop {
        let next = if at == cases.len() && scope.refines { sweep::next_case(&cases, &trials, &names) } else { None };
        if next.is_some() {
            progress.total += scope.sample;
        }
        cases.extend(next);
        let is_further_size = cases.get(..at).is_some_and(|before| has_variant(before, cases.get(at)));
        let Some(case) = cases.get_mut(at) else { return Ok((cases, trials)) };
        // Controls say nothing of a size: one set of them serves all sizes of a variant.
        let controls = if is_further_size { 0 } else { scope.controls };
        progress.done = at as u64 * scope.sample;
        try_case(&mut bench, case, scope, controls, &mut progress, &mut trials)?;
        at += 1;
    }
}

fn has_variant(before: &[DrillCase], case: Option<&DrillCase>) -> bool {
    case.is_some_and(|case| before.iter().any(|one| (one.tool, one.variant) == (case.tool, case.variant)))
}

fn try_case(
    bench: &mut DrillRun<'_, '_>,
    case: &mut DrillCase,
    scope: &DrillScope,
    controls: u64,
    progress: &mut DrillProgress<'_, '_>,
    trials: &mut Vec<Trial>,
) -> Result<(), Failure> {
    let mut nth = 0;
    for (mut resolved, share) in of_case(bench.context, case, scope)? {
        let keys = match choose_records(bench, &resolved, share, scope.all_records) {
            Ok(keys) => keys,
            // A variant that this target cannot show is reported, and the drill goes on with the others.
            Err(failure) if failure.kind == FailureKind::Refused => {
                case.untried = Some(failure.message);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if (keys.len() as u64) < share {
            case.untried = Some(format!("{} eligible", crate::ops::render_count(keys.len() as u64, "record")));
        }
        for key in &keys {
            progress.report(case);
            bench.context.go_on()?;
            let tried = TrialCase { key, number: bench.tried_before + trials.len() as u64 + 1, size: case.size };
            match bench.run_trial(&mut resolved, &tried, nth < controls)? {
                Ok(trial) => trials.push(trial),
                Err(why) => case.untried = Some(why),
            }
            nth += 1;
            progress.done += 1;
        }
    }
    Ok(())
}

/// Returns the requests of one variant, one for each kind of record that can show it, with its share of the sample.
fn of_case(
    context: &Context<'_>,
    case: &DrillCase,
    scope: &DrillScope,
) -> Result<Vec<(ResolvedRequest, u64)>, Failure> {
    let mode = modes::find_mode(case.tool)?;
    let card = mode.card();
    let mut kinds: Vec<Map<String, Json>> = Vec::new();
    for record in card.fault_records() {
        let table = card.table_parameter.map(|name| (name.to_owned(), Json::from(record.table)));
        let size = case.size.map(|size| ("size".to_owned(), Json::from(size.to_string())));
        let parameters = table.into_iter().chain(size).collect();
        if mode.complete(&parameters, Some(case.variant)).is_ok() {
            kinds.push(parameters);
        }
    }
    let number = kinds.len() as u64;
    let mut out = Vec::new();
    for (at, parameters) in (0..).zip(kinds) {
        // The first kinds get one record more where the sample cannot be divided evenly.
        let share = scope.sample / number + u64::from(at < scope.sample % number);
        let options = Options {
            variant: Some(case.variant.to_owned()),
            sample: Some(share.max(1)),
            // A seed per variant: under a common one, all variants of a mode would choose the same records.
            seed: Some(derive_case_seed(scope.seed, case)),
            now: Some(time::format_wall(scope.now, 0, 'T')),
            ..Options::default()
        };
        let request = plan::Request { tool: case.tool.to_owned(), parameters, options, output: None };
        if share > 0 {
            out.push((plan::resolve_request(context, &request)?, share));
        }
    }
    Ok(out)
}

fn derive_case_seed(drill_seed: u64, case: &DrillCase) -> u64 {
    match case.size {
        None => seed::derive_seed(drill_seed, &["drill", case.tool, case.variant]),
        Some(size) => seed::derive_seed(drill_seed, &["drill", case.tool, case.variant, &size.to_string()]),
    }
}

fn choose_records(
    bench: &mut DrillRun<'_, '_>,
    resolved: &ResolvedRequest,
    count: u64,
    all_records: bool,
) -> Result<Vec<Key>, Failure> {
    let order = SelectionRequest {
        mode: resolved.mode,
        parameters: &resolved.parameters,
        variant: resolved.variant.as_deref(),
        records: &Records::Sample(count),
        selection: None,
        seed: resolved.seed,
        now: resolved.now,
        max_rows: plan::ROWS_MAX,
    };
    select::rank_eligible(bench.context, bench.target, &order, count, all_records)
}
