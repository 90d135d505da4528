//! `mfm target add`: registers a database by name; writes nothing to it.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{append_entry, default_name, free_name, nobody_else};
use crate::model::ports::Danger;
use crate::ops::status::{self, ForeignJournal, TargetLine};
use crate::ops::{Card, Context, Failure, detect};
use crate::targets::canonical_url;

/// The command's card.
pub const CARD: Card = Card { name: "target add", danger: Danger::Read, about: "Register a database" };

/// What to register.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Where it is: sqlite:PATH, or mssql://USER@HOST:PORT/DATABASE
    #[arg(value_name = "URL")]
    pub url: String,
    /// The name to use from now on; the file's or the database's name if omitted
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The kind of data, by a domain's id; detected from the tables if omitted
    #[arg(long, value_name = "ID")]
    pub domain: Option<String>,
}

/// The registered target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The target.
    #[serde(flatten)]
    pub line: TargetLine,
    /// The operations of other journals in it.
    pub foreign_operations: Vec<ForeignJournal>,
}

/// Registers a database. A marker that it has already does not count until the target is marked with this journal.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let url = canonical_url(&request.url)?;
    if let Some(weakness) = crate::targets::find_weakness(&url) {
        context.reporter.note(weakness);
    }
    let mut target = context.open_target(&url)?;
    let domain = detect::detect_domain(target.as_mut(), request.domain.as_deref())?.card().id;
    let mut journal = context.writing_or_new()?;
    // Adding a registered database again is no error, and keeps its name.
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url).map(|(name, _)| name.clone());
    let name = request.name.clone().or(registered).unwrap_or_else(|| default_name(target.as_ref()));
    let lock = journal.lock(&context.holder)?;
    free_name(&journal, &name, &url)?;
    nobody_else(&journal, target.as_mut(), &name)?;
    if journal.state().targets.get(&name).is_none_or(|known| known.url != url) {
        append_entry(
            context,
            &mut journal,
            &lock,
            "target_added",
            json!({"name": name, "url": url, "domain": domain}),
        )?;
    }
    let foreign_operations = status::foreign_operations(&journal, target.as_mut()).unwrap_or_else(|error| {
        context.reporter.note(&format!("the operations of other journals cannot be read: {error}"));
        Vec::new()
    });
    Ok(Outcome { line: status::target_line(context, &journal, &name, None), foreign_operations })
}
