//! A tool: a verb, and the category that it is about. One implementation for all of them.

use clap::{ArgMatches, Command};
use serde_json::{Map, Value as Json, json};

use super::arguments::Arguments;
use super::{count, lists, parameters, records};
use crate::domain::query::{Query, QueryCard, QueryError, QueryRun};
use crate::domains::openonco::categories::{CATEGORIES, Category};
use crate::domains::openonco::text::folding::find_nearest;

/// What a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Finds tests that pass filters.
    Search,
    /// Returns one test.
    Get,
    /// Shows tests side by side.
    Compare,
    /// Counts tests in groups.
    Count,
    /// Lists vendors.
    ListVendors,
    /// Lists cancer types.
    ListCancerTypes,
    /// Lists categories.
    ListCategories,
    /// Lists the fields of a category.
    Fields,
    /// Completes a word.
    Complete,
}

/// A tool.
pub(super) struct CatalogueQuery {
    pub(super) card: &'static QueryCard,
    pub(super) verb: Verb,
    /// `None` for a tool that takes it as a parameter, or needs none.
    pub(super) category: Option<&'static Category>,
}

/// The filters of a search, by category.
const FILTERS: [(&str, &[&str]); 5] = [
    (
        "mrd",
        &[
            "vendor",
            "cancer_type",
            "approach",
            "fda_status",
            "min_sensitivity",
            "requires_tumor_tissue",
            "clinical_setting",
        ],
    ),
    ("ecd", &["vendor", "cancer_type", "test_scope", "fda_status", "min_sensitivity", "min_specificity", "max_price"]),
    ("trm", &["vendor", "cancer_type", "approach", "fda_status", "include_discontinued"]),
    (
        "tds",
        &[
            "vendor",
            "cancer_type",
            "product_type",
            "sample_category",
            "approach",
            "fda_status",
            "min_genes",
            "has_fda_cdx",
        ],
    ),
    // Of any category: those that make sense for what was published so far.
    (
        "",
        &[
            "vendor",
            "cancer_type",
            "approach",
            "product_type",
            "sample_category",
            "fda_status",
            "min_sensitivity",
            "min_genes",
        ],
    ),
];

/// The filters of a count, by category.
const COUNTED: [(&str, &[&str]); 5] = [
    ("mrd", &["filter_vendor", "filter_approach"]),
    ("ecd", &["filter_vendor", "filter_test_scope"]),
    ("trm", &["filter_vendor", "filter_approach"]),
    ("tds", &["filter_vendor", "filter_product_type"]),
    ("", &["filter_vendor", "filter_fda_status"]),
];

fn filters_of(of: &[(&str, &'static [&'static str])], category: Option<&Category>) -> Vec<&'static str> {
    let id = category.map_or("", |category| category.id);
    of.iter().find(|(known, _)| *known == id).map_or_else(Vec::new, |(_, names)| names.to_vec())
}

impl CatalogueQuery {
    /// Returns the names of its parameters, as the original has them or with those that it lacks.
    fn parameters(&self, strict: bool) -> Vec<&'static str> {
        let category = self.category;
        let mut names = match self.verb {
            Verb::Search => filters_of(&FILTERS, category),
            Verb::Get => vec!["id", "name"],
            Verb::Compare => vec!["ids", "names", "metrics"],
            Verb::Count => {
                let mut names = vec!["group_by"];
                names.extend(filters_of(&COUNTED, category));
                names
            }
            Verb::ListVendors | Verb::ListCancerTypes => vec!["category"],
            Verb::ListCategories => Vec::new(),
            Verb::Fields => vec!["category"],
            Verb::Complete => vec!["of", "prefix", "category"],
        };
        if category.is_none() && matches!(self.verb, Verb::Search | Verb::Get | Verb::Compare | Verb::Count) {
            names.insert(0, "category");
        }
        if !strict && self.verb == Verb::Search {
            names.push("regulatory_class");
            if !names.contains(&"include_discontinued") {
                names.push("include_discontinued");
            }
        }
        match self.verb {
            Verb::Search => names.extend(["fields", "limit", "offset"]),
            Verb::Get | Verb::ListCategories | Verb::Complete => return names,
            _ if !strict => names.push("limit"),
            _ => {}
        }
        if !strict {
            names.push("cursor");
        }
        names
    }

    fn needed(&self) -> &'static [&'static str] {
        match (self.category, self.verb) {
            (None, Verb::Search | Verb::Get | Verb::Compare | Verb::Count | Verb::Fields) => &["category"],
            (_, Verb::Complete) => &["of"],
            _ => &[],
        }
    }

    /// Returns the parameters whose words depend on the tool.
    fn words(&self) -> Vec<(&'static str, &'static [&'static str])> {
        let mut words: Vec<(&'static str, &'static [&'static str])> = vec![("category", &CATEGORY_IDS)];
        if self.verb == Verb::Complete {
            words.push(("of", &super::complete::COMPLETED));
        }
        if let (Verb::Count, Some(category)) = (self.verb, self.category) {
            words.push(("group_by", category.groups));
        }
        words
    }

    fn start_run(&self, given: &Map<String, Json>, strict: bool) -> Result<Box<dyn QueryRun>, QueryError> {
        let arguments = Arguments::new(given, &self.parameters(strict), strict)?;
        let category = match self.category {
            Some(category) => Some(category),
            None => choose_category(&arguments)?,
        };
        match (self.verb, category) {
            (Verb::ListVendors, category) => lists::start_vendors(&arguments, category),
            (Verb::ListCancerTypes, category) => lists::start_cancer_types(&arguments, category),
            (Verb::ListCategories, _) => lists::start_categories(&arguments),
            (Verb::Complete, category) => super::complete::start_completion(&arguments, category),
            (_, None) => {
                Err(QueryError::Missing("category is missing: list_categories names those that are loaded".into()))
            }
            (Verb::Search, Some(category)) => records::start_search(&arguments, category),
            (Verb::Get, Some(category)) => records::start_get(&arguments, category),
            (Verb::Compare, Some(category)) => records::start_compare(&arguments, category),
            (Verb::Count, Some(category)) => count::start_count(&arguments, category),
            (Verb::Fields, Some(category)) => super::fields::start_fields(&arguments, category),
        }
    }
}

/// The ids of all categories.
static CATEGORY_IDS: [&str; 7] = ["mrd", "ecd", "trm", "hct", "tds", "cgp", "pap"];

/// Returns the category that an argument names; `None` where none is given.
fn choose_category(arguments: &Arguments) -> Result<Option<&'static Category>, QueryError> {
    if !arguments.has("category") {
        return Ok(None);
    }
    // The original takes a blank category for all; so does this one, because it means nothing else.
    let given = match arguments.text("category") {
        Err(error) if !arguments.is_blank("category") => return Err(error),
        Ok(Some(given)) => given,
        _ => return Ok(None),
    };
    match CATEGORIES.iter().find(|category| category.id.eq_ignore_ascii_case(given.trim())) {
        Some(category) => Ok(Some(category)),
        None => {
            let near = find_nearest(given, CATEGORY_IDS);
            let near = if near.is_empty() { CATEGORY_IDS.join(", ") } else { near.join(", ") };
            Err(super::arguments::wrong("category", &format!("there is none of that name; nearest: {near}")))
        }
    }
}

impl Query for CatalogueQuery {
    fn card(&self) -> &'static QueryCard {
        self.card
    }

    fn add_arguments(&self, command: Command) -> Command {
        parameters::add_arguments(command, &self.parameters(false), &self.words())
    }

    fn parse_matches(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error> {
        Ok(parameters::parse_matches(&self.parameters(false), matches))
    }

    fn params_schema(&self) -> schemars::Schema {
        let words: Vec<(&str, &[&str])> = self.words();
        to_schema(parameters::build_schema(&self.parameters(false), self.needed(), &words))
    }

    fn answer_schema(&self) -> schemars::Schema {
        to_schema(answer_schema(self.verb))
    }

    fn parse_and_start(&self, given: &Map<String, Json>) -> Result<Box<dyn QueryRun>, QueryError> {
        self.start_run(given, false)
    }

    fn start_strictly(&self, given: &Map<String, Json>) -> Result<Box<dyn QueryRun>, QueryError> {
        self.start_run(given, true)
    }

    fn is_whole(&self) -> bool {
        true
    }
}

fn to_schema(json: Json) -> schemars::Schema {
    schemars::Schema::try_from(json).unwrap_or_default()
}

/// Returns the schema of a verb's answers. Of a record nothing is said: its fields are those of its file.
fn answer_schema(verb: Verb) -> Json {
    let mut properties = json!({});
    if verb != Verb::Get {
        properties["total"] = json!({"type": "integer"});
        properties["returned"] = json!({"type": "integer"});
        properties["items"] = json!({"type": "array"});
    }
    json!({"type": "object", "properties": properties})
}
