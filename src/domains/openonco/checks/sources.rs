//! Checks of citations: missing ones, addresses that can lead nowhere, pages of another vendor.

use super::record::CatalogueRecord;
use super::{CheckDefinition, Judge, Problem, Surroundings};
use crate::domain::check::CheckCard;
use crate::domains::openonco::rules::Rules;
use crate::domains::openonco::text::citations::{find_dead_shape, is_address, split_citations};
use crate::domains::openonco::text::vendors::group_of;
use crate::model::Severity;

pub(super) static MISSING: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "missing_citation",
        group: "sources",
        mode: "misdirected_citation",
        severity: Severity::Low,
        about: "A sensitivity, specificity or predictive value has no citation, neither of its own nor of all figures.",
        remedy: "Cite the publication that it comes from, or leave the figure out.",
    },
    judge: Judge::Record(judge_missing),
};

pub(super) static DEAD: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "dead_address",
        group: "sources",
        mode: "misdirected_citation",
        severity: Severity::Medium,
        about: "A citation is no web address that can lead anywhere, by its shape alone; nothing is opened.",
        remedy: "Copy the address again from the page that was meant.",
    },
    judge: Judge::Record(judge_addresses),
};

pub(super) static FOREIGN: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "foreign_citation",
        group: "sources",
        mode: "misdirected_citation",
        severity: Severity::High,
        about: "A figure is cited from the site of another vendor of the catalogue.",
        remedy: "See whether that page is about this test; a joint test or a comparison can be.",
    },
    judge: Judge::Among(judge_foreign),
};

/// The figures that have to be cited.
pub(in crate::domains::openonco) const CITED: [&str; 4] = ["sensitivity", "specificity", "ppv", "npv"];

fn judge_missing(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    if record.text("performanceCitations").is_some_and(|text| !text.trim().is_empty()) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for field in CITED {
        let Some(value) = record.number(field) else { continue };
        let is_cited = record.citations().iter().any(|(name, text)| {
            !text.trim().is_empty() && name.strip_prefix(field).is_some_and(|rest| rest.starts_with("Citation"))
        });
        if !is_cited {
            problems.push(Problem::new(field, value, format!("{field} of {value} has no citation")));
        }
    }
    problems
}

fn judge_addresses(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (field, text) in record.citations() {
        for part in split_citations(text).filter(|part| is_address(part)) {
            if let Some(why) = find_dead_shape(part) {
                problems.push(Problem::text(field, part, format!("{field} leads nowhere: {why}")));
            }
        }
    }
    problems
}

fn judge_foreign(record: &CatalogueRecord, surroundings: &Surroundings) -> Vec<Problem> {
    let own = group_of(record.vendor());
    let mut problems = Vec::new();
    for (field, text) in record.citations() {
        let is_figure = CITED.iter().any(|figure| field.starts_with(figure));
        for part in split_citations(text).filter(|_| is_figure) {
            let Some(label) = site_label(part) else { continue };
            let Some(other) = surroundings.vendor_of_site(&label) else { continue };
            if *other != own && !squeeze(&own).contains(&label) {
                problems.push(Problem::text(field, part, format!("{field} cites the site of {other}")));
            }
        }
    }
    problems
}

/// Returns the name of a site without its endings: `natera` of `https://investor.natera.com/x`.
pub(in crate::domains::openonco) fn site_label(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#', ':']).next()?;
    let mut labels = host.rsplit('.');
    labels.next()?;
    labels.next().map(str::to_ascii_lowercase)
}

/// Returns the letters and digits of a vendor's name, as sites are named.
pub(in crate::domains::openonco) fn squeeze(vendor: &str) -> String {
    vendor.chars().filter(char::is_ascii_alphanumeric).collect()
}
