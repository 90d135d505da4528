//! The bodies of a recording: those that move, with their masses; and those of the environment, which only contacts
//! name.

use std::collections::BTreeSet;

use super::reading::{Reading, Stop};
use super::schema;
use crate::domain::query::QueryError;

/// The bit that contacts set in the id of a body of the environment.
const ENVIRONMENT_BIT: i64 = 1 << 31;

/// How many ids an error names.
const NEAR: usize = 12;

/// Tells whether an id, as contacts hold it, is one of the environment.
#[must_use]
pub const fn is_environment(id: i64) -> bool {
    id > 0 && id & ENVIRONMENT_BIT != 0
}

/// Returns the number under which a body of the environment was spawned.
#[must_use]
pub const fn spawn_number(id: i64) -> i64 {
    id & !ENVIRONMENT_BIT
}

/// A body that moves.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// Its id.
    pub id: i64,
    /// Its mass, kg.
    pub mass: Option<f64>,
    /// Its coefficient of restitution.
    pub restitution: Option<f64>,
    /// Its coefficient of friction.
    pub friction: Option<f64>,
}

/// The bodies that move, as recorded at their spawn.
#[derive(Debug)]
pub struct Bodies {
    list: Vec<Body>,
    recorded: bool,
}

impl Bodies {
    /// Reads them.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn read(reading: &Reading) -> Result<Self, Stop> {
        let columns = ["id", "body_id", "mass", "restitution", "friction"];
        let Some(sheet) = reading.scan_table(&schema::BODY, &columns)? else {
            return Ok(Self { list: Vec::new(), recorded: false });
        };
        let body = |line: super::reading::SheetRow<'_>| {
            let (mass, restitution) = (line.number("mass"), line.number("restitution"));
            Some(Body { id: line.integer("body_id")?, mass, restitution, friction: line.number("friction") })
        };
        Ok(Self { list: sheet.rows().filter_map(body).collect(), recorded: true })
    }

    /// Tells whether the recording has a table of bodies.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Returns them, in the order of their spawns.
    #[must_use]
    pub fn list(&self) -> &[Body] {
        &self.list
    }

    /// Returns the mass of a body, kg.
    #[must_use]
    pub fn mass(&self, id: i64) -> Option<f64> {
        self.list.iter().find(|body| body.id == id)?.mass
    }

    /// Refuses a body that does not move, or is not there; where no table of bodies is recorded, any id may be right.
    ///
    /// # Errors
    /// [`QueryError::Unknown`], or [`QueryError::NotRecorded`] for a body of the environment.
    pub fn require(&self, id: i64) -> Result<(), QueryError> {
        if is_environment(id) {
            let number = spawn_number(id);
            return Err(QueryError::NotRecorded(format!(
                "body {id} is body {number} of the environment: it never moves, and no state or energy of it is \
                 recorded"
            )));
        }
        if !self.recorded || self.list.iter().any(|body| body.id == id) {
            return Ok(());
        }
        Err(self.unknown_body_error(id, &BTreeSet::new()))
    }

    /// Refuses a body that neither moves nor is among those that contacts name.
    ///
    /// # Errors
    /// [`QueryError::Unknown`].
    pub fn require_any(&self, id: i64, touched: &BTreeSet<i64>) -> Result<(), QueryError> {
        let known = touched.contains(&id) || self.list.iter().any(|body| body.id == id);
        if known || !self.recorded { Ok(()) } else { Err(self.unknown_body_error(id, touched)) }
    }

    fn unknown_body_error(&self, id: i64, touched: &BTreeSet<i64>) -> QueryError {
        let mut near: BTreeSet<i64> = self.list.iter().map(|body| body.id).collect();
        near.extend(touched);
        let mut near: Vec<i64> = near.into_iter().collect();
        near.sort_by_key(|other| spawn_number(*other).abs_diff(spawn_number(id)));
        near.truncate(NEAR);
        near.sort_unstable();
        QueryError::Unknown {
            what: "body",
            given: id.to_string(),
            near: near.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Reads the bodies that any contact names.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_contact_bodies(reading: &Reading) -> Result<BTreeSet<i64>, Stop> {
    let columns = ["body_a_id", "body_b_id"];
    let mut all = BTreeSet::new();
    let Some(sheet) = reading.scan_table(&schema::COLLISION, &columns)? else { return Ok(all) };
    let (a, b) = (sheet.column_index("body_a_id"), sheet.column_index("body_b_id"));
    for line in sheet.rows() {
        all.extend(line.integer_at(a));
        all.extend(line.integer_at(b));
    }
    Ok(all)
}
