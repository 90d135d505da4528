//! The result as one self-contained HTML page without scripts; everything from the database is escaped.

mod sections;

use self::sections::{render_checks, render_counts, render_findings, render_gone, render_rows, render_unjudged};
use super::GENERATOR;
use crate::ops::checks::lines::Outcome;
use crate::ops::render_count;
use crate::ops::report::html::Page;
use crate::ops::report::markup::escape;

/// The style sheet, for narrow and wide screens, print, and dark mode.
const STYLE: &str = include_str!("style.css");

/// Returns the page; sections without content are left out.
pub(super) fn render_page(outcome: &Outcome) -> String {
    let title = format!("{} on {}", render_headline(outcome), outcome.target);
    let sections = [
        Section::new("counts", "Counts", render_counts(outcome)),
        // Before the findings, because it limits what their absence means.
        Section::new("unjudged", "Not judged", render_unjudged(outcome)),
        Section::new("checks", "Checks", render_checks(outcome)),
        Section::new("findings", "Findings", render_findings(outcome)),
        Section::new("gone", "Gone from the baseline", render_gone(outcome)),
        Section::new("rows", "Rows", render_rows(outcome)),
    ];
    let sections: Vec<&Section> = sections.iter().filter(|section| !section.body.is_empty()).collect();
    let links: String = sections.iter().map(|section| section.render_link()).collect();
    let parts: String = sections.iter().map(|section| section.render_section()).collect();
    let body = format!(
        "<a class=\"skip\" href=\"#content\">Skip to the result</a>\n{}\
         <nav aria-label=\"Contents\"><ul>{links}</ul></nav>\n<main id=\"content\">\n{parts}</main>\n\
         <footer>{}</footer>\n",
        render_header(outcome),
        escape(&format!("Made by {GENERATOR}. Journal: {}", outcome.journal.display())),
    );
    Page { title: &title, generator: GENERATOR, style: STYLE, body: &body }.render()
}

/// Returns the result in a few words, for title and heading.
fn render_headline(outcome: &Outcome) -> String {
    let new = if outcome.baseline.is_some() { "new " } else { "" };
    let ran = outcome.checks.iter().any(|check| check.why.is_none());
    match outcome.violations {
        0 if !ran => "Nothing was checked".to_owned(),
        0 if new.is_empty() => "Nothing found".to_owned(),
        0 => "Nothing new found".to_owned(),
        number => render_count(number, &format!("{new}violation")),
    }
}

fn render_header(outcome: &Outcome) -> String {
    let exit = match outcome.failed {
        true => "1: findings count",
        false if outcome.baseline_written.is_some() => "0: a baseline was written",
        false => "0",
    };
    let baseline = outcome.baseline.as_ref().map(|file| format!(" Baseline: {}.", file.display())).unwrap_or_default();
    let rules = format!("Rules: {}, SHA-256 {}.{baseline}", outcome.rules.source_name(), outcome.rules.digest);
    format!(
        "<header>\n<h1>{} on {}</h1>\n<p class=\"soft\">Quality checks of mfm. Clock: {}. Exit code {exit}.</p>\n\
         <p class=\"soft\" data-rules>{}</p>\n</header>\n",
        escape(&render_headline(outcome)),
        escape(&outcome.target),
        escape(&outcome.now.replace('T', " ")),
        escape(&rules),
    )
}

/// A section of the page: `title` is fixed text, `body` is markup.
struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

impl Section {
    const fn new(id: &'static str, title: &'static str, body: String) -> Self {
        Self { id, title, body }
    }

    fn render_link(&self) -> String {
        format!("<li><a href=\"#{}\">{}</a></li>", self.id, self.title)
    }

    fn render_section(&self) -> String {
        let Self { id, title, body } = self;
        format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n\
             {body}</section>\n"
        )
    }
}
