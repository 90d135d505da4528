//! The tools of the catalogue: seven verbs over the description of a category, and not one tool a category.

mod answer;
mod arguments;
mod catalogue_query;
mod complete;
mod conditions;
mod count;
mod facts;
mod fields;
mod lists;
mod parameters;
mod records;
mod selection;
mod tools;

#[cfg(test)]
mod tests;

use crate::domain::query::Query;

/// Every query: the nineteen of the specification, then one a verb for every other category.
pub static QUERIES: &[&dyn Query] = &tools::ALL;

pub(super) use complete::decide_groups;

/// The group of the queries behind what agents read under an address.
const READ: &str = "resources";
/// The group of the queries that take any category.
pub const ANY_CATEGORY: &str = "categories";
