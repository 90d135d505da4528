//! `campaign`: its faults in the order of the file, and which of them are in effect.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, or_empty, render_count};
use crate::ops::campaign::{Outcome, RevertedCampaign};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let all = render_count(self.steps.len() as u64, "fault");
        let text = format!("campaign {} on {}: {} of {all} in effect", self.campaign, self.target, self.standing);
        page.lead(if self.standing > 0 { Mood::Bad } else { Mood::Plain }, &text);
        page.blank();
        let mut table = ReportTable::new(&["step", "tool", "variant", "records", "rows", "state", "op"]);
        for step in &self.steps {
            let variant = step.variant.clone().unwrap_or_else(|| "-".to_owned());
            let counts = [or_dash(step.records), or_dash(step.rows), step.state.to_owned(), or_dash(step.op)];
            let start = [step.step.to_string(), step.tool.clone(), variant];
            table.push_row(start.into_iter().chain(counts).collect());
        }
        page.table(&table);
        page.blank();
        let remarks = remarks(self);
        remarks.iter().for_each(|remark| page.paragraph(0, remark));
        if !remarks.is_empty() {
            page.blank();
        }
        page.fields(&[
            ("digest", self.digest.to_string()),
            ("seed", self.seed.to_string()),
            ("now", self.now.clone()),
            ("journal", self.journal.display().to_string()),
        ]);
    }

    fn to_table(&self) -> ReportTable {
        let head = ["step", "tool", "variant", "state", "op", "seed", "records", "rows", "plan_digest"];
        ReportTable::new(&head).with_rows(self.steps.iter().map(|step| {
            let digest = or_empty(step.plan_digest);
            let start = [step.step.to_string(), step.tool.clone(), step.variant.clone().unwrap_or_default()];
            let numbers = [step.op, step.seed, step.records, step.rows].map(or_empty);
            let rest = [step.state.to_owned()].into_iter().chain(numbers);
            start.into_iter().chain(rest).chain([digest]).collect()
        }))
    }
}

fn or_dash(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

/// Lists faults that change the same rows, faults that were planned anew, and faults of other files with this name.
fn remarks(outcome: &Outcome) -> Vec<String> {
    let meeting = outcome.steps.iter().filter(|step| step.state == "planned").filter_map(|step| {
        let (later, earlier) = (step.step, step.meets?);
        Some(format!("fault {later} changes the same rows as fault {earlier}: apply plans it again, and asks again"))
    });
    let anew = outcome.steps.iter().filter_map(|step| {
        let (number, planned, rows) = (step.step, step.rows_planned?, step.rows?);
        Some(format!("fault {number} was planned again after the earlier ones: {rows} rows instead of {planned}"))
    });
    let others = outcome.others.iter().map(|other| {
        let faults = render_count(other.operations.len() as u64, "fault");
        let operations: Vec<String> = other.operations.iter().map(ToString::to_string).collect();
        let operations = operations.join(", ");
        format!(
            "{faults} of another file with this name in effect (digest {:.12}): {operations}",
            other.digest.to_string()
        )
    });
    meeting.chain(anew).chain(others).collect()
}

impl Report for RevertedCampaign {
    fn render_page(&self, page: &mut ReportPage) {
        if self.revert.operations.is_empty() {
            let text = format!("no fault of campaign {} is in effect on {}", self.campaign, self.revert.target);
            return page.lead(Mood::Plain, &text);
        }
        self.revert.render_page(page);
    }

    fn to_table(&self) -> ReportTable {
        self.revert.to_table()
    }
}
