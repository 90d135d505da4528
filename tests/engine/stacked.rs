//! Faults of all modes on the same few records: any order of reverts ends clean, or is refused naming the blocker.

use std::collections::{BTreeMap, BTreeSet};

use mfm::domain::mode::Mode;
use mfm::domains::mosaiq::modes::MODES;
use mfm::model::Value;
use mfm::model::seed::RecordRandom;
use mfm::ops::cell::ChangeRow;
use mfm::ops::{plan, revert};
use mfm_journal::testing::test_scale;
use serde_json::{Map, json};
use testutils::{World, dump_tables};

/// A row, as changes name it.
type Place = (String, String);

/// What one operation did to each row: the columns of an update, none where the row came or went.
type Footprint = BTreeMap<Place, Option<BTreeSet<String>>>;

/// The ids of one field and of what hangs on it, by table.
fn records(world: &World) -> BTreeMap<&'static str, Vec<i64>> {
    let connection = world.open_foreign();
    let ids = |sql: String| -> Vec<i64> {
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let field =
        ids("SELECT FLD_ID FROM TxFieldPoint WHERE MLC_Leaves > 0 AND FLD_ID IN (SELECT FLD_ID FROM TrackTreatment) \
         GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY FLD_ID LIMIT 1"
            .into())[0];
    let site = format!("(SELECT SIT_Set_ID FROM TxField WHERE FLD_ID = {field})");
    let given = "WasBeamComplete = 1 AND WasQAMode = 0";
    BTreeMap::from([
        ("TxField", vec![field]),
        ("TxFieldPoint", ids(format!("SELECT TFP_ID FROM TxFieldPoint WHERE FLD_ID = {field} ORDER BY 1 LIMIT 3"))),
        (
            "TrackTreatment",
            ids(format!("SELECT TTX_ID FROM TrackTreatment WHERE FLD_ID = {field} AND {given} ORDER BY 1 LIMIT 2")),
        ),
        ("Offset", ids(format!("SELECT OFF_ID FROM Offset WHERE SIT_SET_ID = {site} ORDER BY 1 LIMIT 2"))),
        ("Site", ids(format!("SELECT SIT_ID FROM Site WHERE SIT_SET_ID = {site} ORDER BY 1 LIMIT 1"))),
    ])
}

fn footprint(changes: &[ChangeRow]) -> Footprint {
    let one = |change: &ChangeRow| {
        let columns = change.after.as_object().map(|cells| cells.keys().cloned().collect());
        let columns = if change.kind == "update" { columns } else { None };
        ((change.table.clone(), change.key.as_object().unwrap().values().next().unwrap().to_string()), columns)
    };
    changes.iter().map(one).collect()
}

/// Tells whether a later operation stands in the way of an earlier one.
fn blocks(later: &Footprint, earlier: &Footprint) -> bool {
    earlier.iter().any(|(place, columns)| match (columns, later.get(place)) {
        (_, None) => false,
        (Some(columns), Some(Some(other))) => columns.intersection(other).next().is_some(),
        _ => true,
    })
}

struct Stack {
    world: World,
    before: String,
    active: BTreeMap<u64, Footprint>,
    random: RecordRandom,
}

impl Stack {
    fn new(seed: u64) -> Self {
        let world = World::with_lab(20);
        let before = dump_tables(&world.path("lab.db"));
        Self {
            world,
            before,
            active: BTreeMap::new(),
            random: RecordRandom::new(seed, "stacked", &[Value::Integer(1)]),
        }
    }

    fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for at in (1..items.len()).rev() {
            items.swap(at, usize::try_from(self.random.below(at as u64 + 1)).unwrap());
        }
        items
    }

    /// Commits every variant that the records can still show, in a random order; returns the tools that took effect.
    fn commit(&mut self) -> BTreeSet<&'static str> {
        let records = records(&self.world);
        let mut cases = Vec::new();
        for mode in MODES.iter().copied() {
            for kind in mode.card().fault_records() {
                let Some(ids) = records.get(kind.table) else { continue };
                let each = mode.card().variants.iter().flat_map(|variant| ids.iter().map(|id| (variant.word, *id)));
                cases.extend(each.map(|(variant, id)| (mode, kind.parameter, kind.table, variant, id)));
            }
        }
        let mut tools = BTreeSet::new();
        for (mode, parameter, table, variant, id) in self.shuffled(cases) {
            if self.try_one(mode, parameter, table, variant, id) {
                tools.insert(mode.card().tool);
            }
        }
        tools
    }

    fn try_one(&mut self, mode: &dyn Mode, parameter: &str, table: &str, variant: &str, id: i64) -> bool {
        let mut parameters = Map::from_iter([(parameter.to_owned(), json!(id))]);
        if let Some(name) = mode.card().table_parameter {
            parameters.insert(name.to_owned(), json!(table));
        }
        let seed = Some(self.random.below(1000));
        let options = plan::Options { variant: Some(variant.into()), seed, ..Default::default() };
        let request = plan::Request { tool: mode.card().tool.into(), parameters, options, output: None };
        match self.world.apply(request) {
            Ok(applied) => {
                self.active.insert(applied.op.unwrap(), footprint(&applied.plan.changes));
                true
            }
            Err(failure) => {
                assert!(matches!(failure.kind.exit_code(), 2 | 3), "{} {variant}: {failure:?}", mode.card().tool);
                false
            }
        }
    }

    /// Tries to take one operation back, which goes exactly when no later active operation stands in its way.
    fn take_back(&mut self, op: u64) {
        let later = self.active.range(op + 1..);
        let blockers: BTreeSet<u64> =
            later.filter(|(_, later)| blocks(later, &self.active[&op])).map(|(n, _)| *n).collect();
        match self.world.revert(&[op]) {
            Ok(back) => {
                assert!(blockers.is_empty(), "operation {op} went back under {blockers:?}");
                assert!(back.operations[0].restored, "{back:?}");
                self.active.remove(&op);
            }
            Err(refused) => {
                assert_eq!(refused.code, "conflict", "{refused:?}");
                let named: BTreeSet<u64> = refused.conflicts.iter().filter_map(|row| row.operation).collect();
                assert!(!named.is_empty() && named.is_subset(&blockers), "{op}: {named:?} of {blockers:?}");
                assert!(refused.conflicts.iter().all(|row| row.operation.is_some()), "{refused:?}");
            }
        }
    }
}

#[test]
fn overlapping_faults_of_all_modes_come_back_in_any_order_or_name_the_blocker() {
    let mut tools = BTreeSet::new();
    let (mut refusals, mut reverts) = (0, 0);
    for seed in 0..2 + 4 * test_scale() {
        let mut stack = Stack::new(seed);
        tools.extend(stack.commit());
        while !stack.active.is_empty() {
            let active: Vec<u64> = stack.active.keys().copied().collect();
            for op in stack.shuffled(active) {
                let before = stack.active.len();
                stack.take_back(op);
                let went = stack.active.len() < before;
                reverts += u32::from(went);
                refusals += u32::from(!went);
            }
        }
        assert_eq!(dump_tables(&stack.world.path("lab.db")), stack.before, "seed {seed}");
    }
    assert_eq!(tools.len(), MODES.len(), "every mode takes part: {tools:?}");
    assert!(refusals > 0 && reverts > 0, "{refusals} refusals, {reverts} reverts");
}

#[test]
fn a_cascade_takes_back_what_stands_in_the_way() {
    let mut stack = Stack::new(40);
    stack.commit();
    let first = *stack.active.keys().next().unwrap();
    let request = revert::Request { operations: vec![first], cascade: true, ..Default::default() };
    let back = revert::run(&stack.world.context(), &request).unwrap();
    assert!(back.operations.iter().all(|line| line.restored));
    let all = revert::Request { all: true, ..Default::default() };
    revert::run(&stack.world.context(), &all).unwrap();
    assert_eq!(dump_tables(&stack.world.path("lab.db")), stack.before);
}
