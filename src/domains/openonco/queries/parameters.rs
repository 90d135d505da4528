//! The parameters of the tools, described once each: the same cards serve the command line, schemas and reading.

use clap::builder::{BoolishValueParser, PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value as Json, json};

use crate::domains::openonco::text::regulatory::CLASSES;

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) kind: ParameterKind,
    /// What it means, with units.
    pub(super) about: &'static str,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ParameterKind {
    /// A text.
    Text,
    /// Texts, as a list or separated by commas.
    Texts,
    /// Yes or no.
    Flag,
    /// A number in a range.
    Number(f64, f64),
    /// A whole number in a range.
    Whole(i64, i64),
    /// One of some words.
    Words(&'static [&'static str]),
}

const fn parameter(name: &'static str, kind: ParameterKind, about: &'static str) -> Parameter {
    Parameter { name, kind, about }
}

/// The most rows of an answer.
pub(super) const LIMIT_MAX: i64 = 500;
/// The largest number of a row that an answer may begin with.
const OFFSET_MAX: i64 = 1_000_000_000;
/// The most genes, and the highest price in US dollars, that somebody may ask for.
const GENES_MAX: i64 = 1_000_000;
const PRICE_MAX: f64 = 1e9;

/// Every parameter of every tool.
static ALL: [Parameter; 30] = [
    parameter("category", ParameterKind::Text, "Category"),
    parameter("vendor", ParameterKind::Text, "Part of the vendor's name"),
    parameter("cancer_type", ParameterKind::Text, "Part of a cancer type"),
    parameter("approach", ParameterKind::Text, "Part of the approach"),
    parameter("test_scope", ParameterKind::Text, "Such as Multi-cancer"),
    parameter("product_type", ParameterKind::Text, "Such as Laboratory IVD Kit"),
    parameter("sample_category", ParameterKind::Text, "Such as Tissue"),
    parameter("fda_status", ParameterKind::Text, "Part of the status"),
    parameter("regulatory_class", ParameterKind::Words(&CLASSES), "Class read off the status"),
    parameter("clinical_setting", ParameterKind::Text, "Such as Post-Surgery"),
    parameter("min_sensitivity", ParameterKind::Number(0.0, 100.0), "Percent"),
    parameter("min_specificity", ParameterKind::Number(0.0, 100.0), "Percent"),
    parameter("max_price", ParameterKind::Number(0.0, PRICE_MAX), "US dollars"),
    parameter("min_genes", ParameterKind::Whole(0, GENES_MAX), "Genes analysed"),
    parameter("requires_tumor_tissue", ParameterKind::Flag, ""),
    parameter("has_fda_cdx", ParameterKind::Flag, "FDA companion diagnostics"),
    parameter("include_discontinued", ParameterKind::Flag, "Default false"),
    parameter("fields", ParameterKind::Texts, "Fields, or * for all"),
    parameter("limit", ParameterKind::Whole(1, LIMIT_MAX), "1 to 500"),
    parameter("offset", ParameterKind::Whole(0, OFFSET_MAX), ""),
    parameter("cursor", ParameterKind::Text, "next_cursor of an answer"),
    parameter("id", ParameterKind::Text, ""),
    parameter("name", ParameterKind::Text, "The whole name"),
    parameter("ids", ParameterKind::Texts, ""),
    parameter("names", ParameterKind::Texts, ""),
    parameter("metrics", ParameterKind::Texts, "Fields to compare"),
    parameter("group_by", ParameterKind::Text, "Field to count by"),
    parameter("filter_vendor", ParameterKind::Text, "Part of the vendor's name"),
    parameter("of", ParameterKind::Text, "What it is"),
    parameter("prefix", ParameterKind::Text, "Its beginning"),
];

/// The filters of `count`, beside the parameter of `search` that each is.
pub(super) const COUNT_FILTERS: [(&str, &str); 5] = [
    ("filter_vendor", "vendor"),
    ("filter_approach", "approach"),
    ("filter_test_scope", "test_scope"),
    ("filter_product_type", "product_type"),
    ("filter_fda_status", "fda_status"),
];

/// Returns what a parameter takes and means.
pub(super) fn find_parameter(name: &str) -> Option<&'static Parameter> {
    let plain = COUNT_FILTERS.iter().find(|(of_count, _)| *of_count == name).map_or(name, |(_, plain)| plain);
    ALL.iter().find(|parameter| parameter.name == plain)
}

/// Returns the JSON Schema of some parameters; `words` are those of parameters whose choice depends on the tool.
pub(super) fn build_schema(names: &[&'static str], needed: &[&str], words: &[(&str, &[&str])]) -> Json {
    let mut properties = Map::new();
    for name in names {
        let Some(parameter) = find_parameter(name) else { continue };
        let mut property = match parameter.kind {
            ParameterKind::Text => json!({"type": "string"}),
            ParameterKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            ParameterKind::Flag => json!({"type": "boolean"}),
            ParameterKind::Number(..) => json!({"type": "number"}),
            ParameterKind::Whole(..) => json!({"type": "integer"}),
            ParameterKind::Words(words) => json!({"enum": words}),
        };
        if let Some((_, words)) = words.iter().find(|(of, _)| of == name) {
            property = json!({"enum": words});
        }
        if !parameter.about.is_empty() {
            property["description"] = json!(parameter.about);
        }
        properties.insert((*name).to_owned(), property);
    }
    json!({"type": "object", "properties": properties, "required": needed})
}

/// Adds parameters to a command.
pub(super) fn add_arguments(command: Command, names: &[&'static str], words: &[(&str, &[&'static str])]) -> Command {
    names.iter().fold(command, |command, name| {
        let Some(parameter) = find_parameter(name) else { return command };
        let arg = Arg::new(*name).long(name.replace('_', "-")).help(describe(parameter)).allow_hyphen_values(true);
        let arg = match parameter.kind {
            ParameterKind::Text => arg.value_name("TEXT"),
            ParameterKind::Texts => arg.value_name("LIST").value_delimiter(',').action(ArgAction::Append),
            ParameterKind::Flag => {
                let arg =
                    arg.value_name("BOOL").num_args(0..=1).default_missing_value("true").allow_hyphen_values(false);
                arg.value_parser(BoolishValueParser::new())
            }
            ParameterKind::Number(..) => arg.value_name("N").value_parser(ValueParser::new(parse_number)),
            ParameterKind::Whole(..) => arg.value_name("N").value_parser(clap::value_parser!(i64)),
            ParameterKind::Words(words) => arg.value_name("WORD").value_parser(PossibleValuesParser::new(words)),
        };
        let own = words.iter().find(|(of, _)| of == name);
        let arg = match own {
            Some((_, words)) => arg.value_name("WORD").help(format!("{}: {}", describe(parameter), words.join(", "))),
            None => arg,
        };
        command.arg(arg)
    })
}

fn describe(parameter: &Parameter) -> String {
    let range = match parameter.kind {
        ParameterKind::Number(first, last) if last <= 100.0 => format!(", {first} to {last}"),
        ParameterKind::Texts => ", separated by commas".to_owned(),
        _ => String::new(),
    };
    let about = match (parameter.about, parameter.name) {
        ("", "id") => "The test's id",
        ("", "ids") => "The tests' ids",
        ("", "names") => "The tests' whole names",
        ("", "offset") => "How many rows to skip",
        (_, "limit") => "Most rows of the answer, 1 to 500",
        (_, "cursor") => "Where to go on: next_cursor of the last answer",
        (_, "include_discontinued") => "Whether discontinued tests are shown too; they are hidden by default",
        (_, "min_sensitivity") => "Lowest sensitivity, percent",
        (_, "min_specificity") => "Lowest specificity, percent",
        (_, "max_price") => "Highest list price, US dollars",
        (_, "min_genes") => "Fewest genes analysed",
        (_, "has_fda_cdx") => "Whether it has companion diagnostics approved by the FDA",
        (_, "regulatory_class") => "Class read off the status of approval",
        ("", "requires_tumor_tissue") => "Whether it needs tumour tissue",
        (about, _) => about,
    };
    format!("{about}{range}")
}

fn parse_number(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
}

/// Returns the parameters given on a command line.
pub(super) fn parse_matches(names: &[&'static str], matches: &ArgMatches) -> Map<String, Json> {
    let mut given = Map::new();
    for name in names {
        let Some(parameter) = find_parameter(name) else { continue };
        let value = match parameter.kind {
            ParameterKind::Text | ParameterKind::Words(_) => matches.get_one::<String>(name).map(|text| json!(text)),
            ParameterKind::Texts => matches.get_many::<String>(name).map(|texts| json!(texts.collect::<Vec<_>>())),
            ParameterKind::Flag => matches.get_one::<bool>(name).map(|flag| json!(flag)),
            ParameterKind::Number(..) => matches.get_one::<f64>(name).map(|number| json!(number)),
            ParameterKind::Whole(..) => matches.get_one::<i64>(name).map(|number| json!(number)),
        };
        given.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    given
}
