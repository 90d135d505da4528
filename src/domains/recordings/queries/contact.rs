//! The query for the contacts of a body in a frame.

use std::collections::BTreeSet;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count};
use crate::domain::query::QueryCard;
use crate::domains::recordings::bodies::{self, Bodies};
use crate::domains::recordings::contacts::{self, Collision, FrictionItem};
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetContactsForBody {
    /// The body; for one of the environment, its id in contacts.
    #[arg(long, value_name = "N")]
    pub body_id: i64,
    /// The frame; ids begin at 1.
    #[arg(long, value_name = "N")]
    pub frame_id: i64,
}

/// The contacts of a body before the step of a frame.
#[derive(Serialize, JsonSchema)]
pub struct BodyContacts {
    /// The body.
    body_id: i64,
    /// The frame.
    frame_id: i64,
    /// Its contact points and their impulses, N s.
    contacts: Option<Vec<FrictionItem>>,
    /// Its touching pairs.
    collisions: Option<Vec<Collision>>,
    /// The bodies it touches.
    touching: Vec<i64>,
    /// The sum of the normal impulses, N s.
    normal_impulse: Measure,
    /// The sum of the normal forces, N.
    normal_force_n: Measure,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

static CARD: QueryCard = QueryCard {
    name: "get_contacts_for_body",
    group: "specification",
    title: "the contacts of a body in a frame",
    about: "Contact points of a body before a frame's step: normal, tangents, lever arms (m), impulses (N s), forces \
            (N); and its touching pairs.",
    example: "--body-id 3 --frame-id 45",
};

impl NamedQuestion for GetContactsForBody {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for GetContactsForBody {
    type Answer = BodyContacts;

    fn answer(&self, reading: &Reading) -> Result<BodyContacts, Stop> {
        let (frames, known) = (Frames::read(reading)?, Bodies::read(reading)?);
        frames.require(self.frame_id)?;
        let range = (self.frame_id, self.frame_id);
        let mut missing = Missing::default();
        let constraints = contacts::read_points(reading, range)?;
        missing.merge(&constraints.missing);
        let mut points = constraints.points;
        points.retain(|point| point.has_body(self.body_id));
        let mut pairs = contacts::read_pairs(reading, range, &mut missing)?;
        if let Some(pairs) = &mut pairs {
            pairs.retain(|pair| pair.a == self.body_id || pair.b == self.body_id);
        }
        // Points and pairs come from different tables, either of which may be missing.
        let ends = points.iter().map(|point| (point.a, point.b));
        let ends = ends.chain(pairs.iter().flatten().map(|pair| (pair.a, pair.b)));
        let touching: BTreeSet<i64> = ends.map(|(a, b)| if a == self.body_id { b } else { a }).collect();
        // An id that touches nothing here may be wrong. A moving body is known from its own table; whether a body of
        // the environment exists takes a scan of all contacts.
        if touching.is_empty() && known.require_any(self.body_id, &BTreeSet::new()).is_err() {
            known.require_any(self.body_id, &bodies::read_contact_bodies(reading)?)?;
        }
        let collisions = match &pairs {
            Some(pairs) => Some(contacts::read_collisions(reading, pairs, &mut missing)?),
            None => None,
        };
        let step = frames.step_or_usual(self.frame_id);
        let impulses: Option<f64> = points.iter().map(|point| point.normal).sum();
        let impulses = impulses.filter(|_| !points.is_empty());
        let points_with_step: Vec<_> = points.iter().map(|point| (*point, step)).collect();
        let items = contacts::describe_points(reading, &points_with_step, &mut missing)?;
        let summary = if constraints.recorded || pairs.is_some() {
            let force = impulses.map_or_else(String::new, |sum| {
                let force = contacts::mean_force(Some(sum), step).0;
                let force = force.map_or_else(String::new, |force| format!(", {} N", render_number(force)));
                format!(", normal impulses {} N s{force}", render_number(sum))
            });
            format!(
                "Body {} touches {} at {} before the step of frame {}{force}.{}",
                self.body_id,
                render_count(touching.len(), "body"),
                render_count(items.len(), "contact point"),
                self.frame_id,
                missing.render_remark()
            )
        } else {
            missing.render_verdict("Contact")
        };
        Ok(BodyContacts {
            body_id: self.body_id,
            frame_id: self.frame_id,
            contacts: constraints.recorded.then_some(items),
            collisions,
            touching: touching.into_iter().collect(),
            normal_impulse: impulses.into(),
            normal_force_n: contacts::mean_force(impulses, step),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}
