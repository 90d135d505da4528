//! Every delivery in a few bytes: when, of whom, where, with which field; judges none of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::deliveries::{Delivery, judged};
use super::lookup::SlimKey;
use crate::model::snapshot::key_form;
use crate::model::{Key, Row, Value};

/// How many deliveries are kept in one piece: a list that grew in one would stand twice in memory while it moves.
const PIECE: usize = 8192;

/// Deliveries.
#[derive(Debug, Default)]
pub(super) struct Course {
    names: Names,
    pieces: Vec<Vec<Slim>>,
}

/// A delivery with a start.
#[derive(Debug)]
struct Slim {
    key: SlimKey,
    patient: u32,
    machine: u32,
    field: u32,
    start: DateTime,
    /// Never before the start.
    end: DateTime,
    /// Whether it is compared with others.
    counts: bool,
    /// Whether its length is judged.
    judged: bool,
    /// Whether its beam was on, and it is not complete.
    begun: bool,
}

/// Values, each told by a small number.
#[derive(Debug, Default)]
struct Names {
    numbers: BTreeMap<Value, u32>,
    values: Vec<Value>,
}

impl Names {
    fn number(&mut self, value: Option<&Value>) -> u32 {
        let value = value.map_or(Value::Null, key_form);
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }

    fn value(&self, number: u32) -> Value {
        usize::try_from(number).ok().and_then(|at| self.values.get(at)).cloned().unwrap_or(Value::Null)
    }
}

/// What deliveries are compared within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// The deliveries of a patient.
    Patient,
    /// Those on a machine.
    Machine,
    /// Those of a patient on a machine.
    Both,
}

impl Course {
    /// Takes in a row.
    pub(super) fn add(&mut self, row: &Row<'_>) {
        let Some(start) = row.datetime("Create_DtTm") else { return };
        let set = |column: &str| row.flag(column) == Some(true);
        let slim = Slim {
            key: row.key().into(),
            patient: self.names.number(row.cell("Pat_ID1")),
            machine: self.names.number(row.cell("Machine_ID_Staff_ID")),
            field: self.names.number(row.cell("FLD_ID")),
            start,
            end: row.datetime("Edit_DtTm").unwrap_or(start).max(start),
            counts: Delivery::read(row).is_ok(),
            judged: judged(row).is_some(),
            begun: set("WasBeamOn") && !set("WasBeamComplete"),
        };
        match self.pieces.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => piece.push(slim),
            None => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(slim);
                self.pieces.push(piece);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Slim> {
        self.pieces.iter().flatten()
    }

    /// Visits the deliveries that count, those that are compared together, by start and key; each behind its field.
    ///
    /// Wherever nothing went on for longer than `gap`, one group ends and the next begins, so that each is small.
    pub(super) fn groups(&self, within: Within, gap: SignedDuration, mut look: impl FnMut(&[(Value, Delivery)])) {
        let place = |slim: &Slim| match within {
            Within::Patient => (slim.patient, 0),
            Within::Machine => (0, slim.machine),
            Within::Both => (slim.patient, slim.machine),
        };
        let mut all: Vec<&Slim> = self.all().filter(|slim| slim.counts).collect();
        all.sort_by(|a, b| (place(a), a.start, &a.key).cmp(&(place(b), b.start, &b.key)));
        let gap = gap.max(SignedDuration::ZERO);
        let (mut group, mut last): (Vec<(Value, Delivery)>, _) = (Vec::new(), None);
        for slim in all {
            let apart = |(of, end): (_, DateTime)| of != place(slim) || slim.start.duration_since(end) > gap;
            if last.is_some_and(apart) {
                look(&group);
                group.clear();
                last = None;
            }
            group.push((self.names.value(slim.field), self.delivery(slim)));
            last = Some((place(slim), last.map_or(slim.end, |(_, end)| end.max(slim.end))));
        }
        look(&group);
    }

    fn delivery(&self, slim: &Slim) -> Delivery {
        let Slim { start, end, .. } = *slim;
        let [patient, machine] = [slim.patient, slim.machine].map(|number| self.names.value(number));
        Delivery { key: slim.key.key(), patient, machine, start, end }
    }

    /// Returns the shortest delivery of every field that is judged, and continues no other of the day: its seconds and
    /// its key.
    pub(super) fn shortest(&self) -> BTreeMap<Value, (f64, Key)> {
        let place = |slim: &Slim| -> (u32, u32, Date) { (slim.field, slim.patient, slim.start.date()) };
        let interrupted: BTreeSet<_> = self.all().filter(|slim| slim.begun).map(place).collect();
        let mut shortest: BTreeMap<u32, (f64, &SlimKey)> = BTreeMap::new();
        for slim in self.all().filter(|slim| slim.judged && !interrupted.contains(&place(slim))) {
            let lasted = slim.end.duration_since(slim.start).as_secs_f64();
            let best = shortest.entry(slim.field).or_insert((lasted, &slim.key));
            if lasted.total_cmp(&best.0).then_with(|| slim.key.cmp(best.1)).is_lt() {
                *best = (lasted, &slim.key);
            }
        }
        let named = shortest.into_iter().map(|(field, (lasted, key))| (self.names.value(field), (lasted, key.key())));
        named.filter(|(field, _)| !field.is_null()).collect()
    }
}
