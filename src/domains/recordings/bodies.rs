//! The bodies of a recording: moving bodies with their masses, and bodies of the environment, which appear only in
//! contacts.

use std::collections::BTreeSet;

use super::reading::{Reading, Stop};
use super::schema;
use crate::domain::query::QueryError;
use crate::domain::scan::ScanRequest;

/// The bit that the recorder sets in a contact's body id when the body belongs to the environment. Moving and
/// environment bodies are numbered by separate counters, so without it two bodies would share an id.
const ENVIRONMENT_BIT: i64 = 1 << 31;

/// The most ids that an error lists.
const NEAR: usize = 12;

/// Returns whether an id, as contacts hold it, is one of the environment.
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
    /// Reads the table of moving bodies; a recording without it has none, and says so.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn read(reading: &Reading) -> Result<Self, Stop> {
        let columns = ["id", "body_id", "mass", "restitution", "friction"];
        let Some(sheet) = reading.scan_table(&schema::BODY, &columns)? else {
            return Ok(Self { list: Vec::new(), recorded: false });
        };
        let mut list = Vec::with_capacity(sheet.len());
        for row in sheet.rows() {
            // A row without a body id can belong to no state or contact.
            let Some(id) = row.integer("body_id") else { continue };
            let (mass, restitution) = (row.number("mass"), row.number("restitution"));
            list.push(Body { id, mass, restitution, friction: row.number("friction") });
        }
        Ok(Self { list, recorded: true })
    }

    /// Returns whether the recording has a table of bodies.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Returns the moving bodies, in the order in which they were spawned.
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
                "body {id} is body {number} of the environment: it never moves, and its state and energy are not \
                 recorded"
            )));
        }
        // Without the table of bodies, the id may belong to a body that only states name.
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
        // Without bit 31, or every body of the environment would be two billion ids away from a moving one.
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

/// Reads the ids of all bodies that take part in any contact.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_contact_bodies(reading: &Reading) -> Result<BTreeSet<i64>, Stop> {
    let mut bodies = BTreeSet::new();
    // One row a pair: a recording has tens of thousands of rows, and a few pairs.
    let pairs = ScanRequest::count_by(schema::COLLISION.name, &["body_a_id", "body_b_id"]);
    let Some(sheet) = reading.scan(pairs)? else { return Ok(bodies) };
    let (a, b) = (sheet.column_index("body_a_id"), sheet.column_index("body_b_id"));
    for row in sheet.rows() {
        bodies.extend(row.integer_at(a));
        bodies.extend(row.integer_at(b));
    }
    Ok(bodies)
}
