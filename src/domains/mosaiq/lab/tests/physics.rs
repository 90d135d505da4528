//! Dose, angles and leaves of a lab's fields.

use super::*;

/// Decodes a bank's leaves, 1/100 cm, in the machine's convention.
fn decode_bank(row: &Row<'_>, column: &str, pairs: i64, padded: bool) -> Vec<i64> {
    let Some(Value::Bytes(bytes)) = row.cell(column) else { panic!("{column} of {:?}", row.key()) };
    let used = usize::try_from(2 * pairs).unwrap();
    assert_eq!(bytes.len(), if padded { 200 } else { used });
    assert!(bytes[used..].iter().all(|byte| *byte == 0));
    assert_ne!(bytes[used - 1], 0, "a reader that strips zeros would cut it");
    bytes[..used].chunks_exact(2).map(|pair| i64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect()
}

/// Returns the control points of every field, sorted by number.
fn by_field<'s>(snapshot: &'s Snapshot) -> BTreeMap<i64, Vec<Row<'s>>> {
    let mut fields = BTreeMap::<i64, Vec<Row<'s>>>::new();
    for row in snapshot.table("TxFieldPoint").unwrap().rows() {
        fields.entry(integer(&row, "FLD_ID")).or_default().push(row);
    }
    for points in fields.values_mut() {
        points.sort_by_key(|row| integer(row, "Point"));
    }
    fields
}

#[test]
fn every_machine_keeps_its_convention() {
    let mut kinds = BTreeSet::new();
    for scenario in SCENARIOS.map(Some) {
        let lab = Database::generate_lab_of(scenario, 90, 3);
        let snapshot = read_tables(&lab, ["TxField", "TxFieldPoint"]);
        let points = by_field(&snapshot);
        for machine in machines_of(scenario, 90) {
            let fields = snapshot.table("TxField").unwrap().rows();
            let own = fields.filter(|field| integer(field, "Machine_ID_Staff_ID") == machine.staff_id);
            let with_leaves: Vec<_> = own.filter(|field| integer(field, "Mlc") == 1).collect();
            let sets = with_leaves.iter().flat_map(|field| &points[&integer(field, "FLD_ID")]);
            let told = sets.map(|point| assert_convention(machine, point)).collect::<Vec<_>>();
            let otherwise = told.iter().filter(|told| **told).count();
            assert!(!told.is_empty() && otherwise * 2 > told.len(), "{}: {otherwise} of {}", machine.name, told.len());
            kinds.insert((machine.leaves.pairs, machine.leaves.outward, machine.leaves.padded, machine.jaws_outward));
        }
    }
    assert!(kinds.len() >= 7, "{kinds:?}");
}

/// Asserts that a control point is written as its machine writes; tells whether it would be crossed in the other
/// convention.
fn assert_convention(machine: &LabMachine, point: &Row<'_>) -> bool {
    let leaves = &machine.leaves;
    assert_eq!(integer(point, "MLC_Leaves"), leaves.pairs);
    let [a, b] = ["A_Leaf_Set", "B_Leaf_Set"].map(|column| decode_bank(point, column, leaves.pairs, leaves.padded));
    let [own, other] = [leaves.outward, !leaves.outward]
        .map(|outward| a.iter().zip(&b).map(|(a, b)| if outward { a + b } else { b - a }).min().unwrap());
    assert_eq!(own, leaves.closed, "{:?}", point.key());
    assert!(a.iter().chain(&b).all(|leaf| leaf.abs() <= 2000));
    // The mode that crosses a pair needs one that is open by 1 cm.
    let open = a.iter().zip(&b).filter(|(a, b)| if leaves.outward { **a + **b } else { **b - **a } >= 100);
    assert!(open.count() >= 3, "nearly closed: {:?}", point.key());
    assert_jaws(machine, point, &a, &b);
    other < 0
}

/// Asserts that the jaws are as wide as they say, and outside every pair that is more open than a closed one.
fn assert_jaws(machine: &LabMachine, point: &Row<'_>, a: &[i64], b: &[i64]) {
    let sign = if machine.jaws_outward { -1.0 } else { 1.0 };
    let [left, right] = [sign * number(point, "Coll_X1"), number(point, "Coll_X2")];
    assert!(left < 0.0 && right > 0.0 && (number(point, "Field_X") - (right - left)).abs() < 1e-6);
    let [low, high] = [sign * number(point, "Coll_Y1"), number(point, "Coll_Y2")];
    for (pair, (a, b)) in (0..).zip(a.iter().zip(b)) {
        let from = if machine.leaves.outward { -a } else { *a };
        if b - from > machine.leaves.closed {
            assert!(left <= from as f64 / 100.0 && *b as f64 / 100.0 <= right, "{from} {b} of {:?}", point.key());
            let middle = machine.leaves.pair_middle(pair) as f64 / 100.0;
            assert!((low..=high).contains(&middle), "{middle} of {:?}", point.key());
        }
    }
}

#[test]
fn doses_and_indices_agree() {
    let lab = Database::generate_lab(30, 3);
    let snapshot = read_tables(&lab, ["TxField", "TxFieldPoint"]);
    let points = by_field(&snapshot);
    for field in snapshot.table("TxField").unwrap().rows() {
        let id = integer(&field, "FLD_ID");
        let (dose, meterset) = (number(&field, "Cgray"), number(&field, "Meterset"));
        let product = number(&field, "cGrayPerMeterset") * meterset;
        assert!((dose - product).abs() <= 0.01 * dose, "{id}: {dose} {product}");
        assert!((0.0..3000.0).contains(&meterset), "{id}: {meterset}");
        let points = &points[&id];
        assert_eq!(i64::try_from(points.len()).unwrap(), integer(&field, "ControlPoints"));
        let indices: Vec<f64> = points.iter().map(|point| number(point, "Index")).collect();
        assert!(indices.is_sorted() && indices[0] == 0.0, "{id}");
        let in_units = integer(&field, "Machine_ID_Staff_ID") == 102;
        let whole = if in_units { meterset } else { 100.0 };
        let expected = if points.len() > 1 { whole } else { 0.0 };
        assert_eq!(indices.last(), Some(&expected), "{id}");
        let moves = [2, 13, 14].contains(&integer(&field, "Type_Enum"));
        assert_eq!(points.len() > 1, moves);
        if integer(&field, "Type_Enum") == 13 {
            assert!((40..=181).contains(&points.len()), "{id}: {} points", points.len());
        }
        for (number_, point) in (0..).zip(points) {
            assert_eq!(integer(point, "Point"), number_);
            assert!((0.0..360.0).contains(&number(point, "Gantry_Ang")));
            assert!((-180.0..360.0).contains(&number(point, "Coll_Ang")));
            assert_eq!(integer(point, "MLC_Leaves") > 0, integer(&field, "Mlc") == 1, "{id}");
        }
    }
}

/// Returns the longest step between neighbouring points: of the leaves in 1/100 cm, and of the gantry in degrees.
fn longest_steps(points: &[Row<'_>], pairs: i64, padded: bool) -> (i64, f64) {
    let (mut leaf, mut gantry) = (0, 0.0_f64);
    for pair in points.windows(2) {
        // An arc may pass 0 degrees between two points.
        let turned = (number(&pair[1], "Gantry_Ang") - number(&pair[0], "Gantry_Ang")).abs();
        gantry = gantry.max(turned.min(360.0 - turned));
        for column in ["A_Leaf_Set", "B_Leaf_Set"] {
            let [from, to] = [0, 1].map(|at| decode_bank(&pair[at], column, pairs, padded));
            leaf = from.iter().zip(to).map(|(from, to)| (from - to).abs()).max().unwrap().max(leaf);
        }
    }
    (leaf, gantry)
}

#[test]
fn machines_can_do_what_is_planned() {
    let lab = Database::generate_lab(30, 3);
    let snapshot = read_tables(&lab, ["TxField", "TxFieldPoint", "TrackTreatment"]);
    let points = by_field(&snapshot);
    let mut shortest = BTreeMap::<i64, f64>::new();
    for row in snapshot.table("TrackTreatment").unwrap().rows().filter(|row| flag(row, "WasBeamComplete")) {
        let time = row.datetime("Edit_DtTm").unwrap().duration_since(row.datetime("Create_DtTm").unwrap());
        let shortest = shortest.entry(integer(&row, "FLD_ID")).or_insert(f64::MAX);
        *shortest = shortest.min(time.as_secs_f64());
    }
    let mut looked_at = 0;
    for (id, seconds) in shortest {
        let field = snapshot.table("TxField").unwrap().row(&[Value::Integer(id)]).unwrap();
        let mut machines = machines_of(None, 30).iter();
        let machine = machines.find(|m| m.staff_id == integer(&field, "Machine_ID_Staff_ID")).unwrap();
        if ![13, 14].contains(&integer(&field, "Type_Enum")) {
            continue;
        }
        let own = &points[&id];
        let each = seconds / (own.len() - 1) as f64;
        let (leaf, gantry) = longest_steps(own, machine.leaves.pairs, machine.leaves.padded);
        assert!(leaf as f64 / 100.0 / each <= machine.leaves.speed as f64 / 100.0, "{id}: {leaf} in {each} s");
        // 6 degrees a second, and the rounding of angles to 0.1 degree.
        assert!(gantry / each <= 6.05, "{id}: {gantry} degrees in {each} s");
        let rate = number(&field, "Meterset") / seconds * 60.0;
        assert!(rate <= number(&own[0], "Meterset_Rate"), "{id}: {rate} MU a minute");
        assert!(leaf > 0, "{id}: nothing moves");
        looked_at += 1;
    }
    assert!(looked_at > 20, "{looked_at}");
}

#[test]
fn shifts_are_of_a_patients_size() {
    let lab = Database::generate_lab(90, 3);
    let snapshot = read_tables(&lab, ["Offset", "Site"]);
    let mut sizes = BTreeMap::<String, Vec<f64>>::new();
    let mut kinds = BTreeSet::new();
    for row in snapshot.table("Offset").unwrap().rows() {
        let site = snapshot.table("Site").unwrap().row(&[row.cell("SIT_SET_ID").unwrap().clone()]).unwrap();
        let name = site.text("Site_Name").unwrap().to_owned();
        for axis in ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"] {
            assert!(number(&row, axis).abs() < 3.0);
            sizes.entry(name.clone()).or_default().push(number(&row, axis).abs());
        }
        kinds.insert(integer(&row, "Offset_Type"));
        assert!([1, 2].contains(&integer(&row, "Offset_State")));
    }
    assert_eq!(kinds, BTreeSet::from([2, 3, 4]));
    let [brain, prostate, pelvis] =
        ["BRAIN", "PROSTATE", "PELVIS"].map(|name| sizes[name].iter().sum::<f64>() / sizes[name].len() as f64);
    assert!(brain < 0.2 && brain < prostate && prostate < pelvis, "{sizes:?}");
}

#[test]
fn a_machine_has_one_convention_for_the_jaws_of_all_fields() {
    let lab = Database::generate_lab(90, 3);
    let snapshot = read_tables(&lab, ["TxField", "TxFieldPoint"]);
    for row in snapshot.table("TxFieldPoint").unwrap().rows() {
        let field = snapshot.table("TxField").unwrap().row(&[row.cell("FLD_ID").unwrap().clone()]).unwrap();
        let mut machines = machines_of(None, 90).iter();
        let machine = machines.find(|m| m.staff_id == integer(&field, "Machine_ID_Staff_ID")).unwrap();
        for column in ["Coll_X1", "Coll_Y1"] {
            assert_eq!(number(&row, column) > 0.0, machine.jaws_outward, "{column} of {:?}", row.key());
        }
        // With the couch turned, the gantry would hit it on that side.
        let (gantry, couch) = (number(&row, "Gantry_Ang"), number(&row, "Couch_Ang"));
        let free = match couch {
            0.0 => true,
            0.0..=90.0 => gantry >= 180.0 || gantry == 0.0,
            _ => gantry <= 180.0,
        };
        assert!(free, "gantry {gantry} at couch {couch}");
    }
}

#[test]
fn setup_images_show_three_axes() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["TxField", "TxFieldPoint"]);
    let mut images = BTreeMap::<i64, (bool, Vec<(i64, f64)>)>::new();
    let mut distances = BTreeSet::new();
    for (id, points) in by_field(&snapshot) {
        let field = snapshot.table("TxField").unwrap().row(&[Value::Integer(id)]).unwrap();
        let kind = integer(&field, "Type_Enum");
        let (arcs, own) = images.entry(integer(&field, "SIT_Set_ID")).or_default();
        *arcs |= kind == 13;
        if [3, 4, 5].contains(&kind) {
            own.push((kind, number(&points[0], "Gantry_Ang")));
            assert!(kind != 5 || (points.len(), number(&field, "Meterset")) == (1, 0.0));
        }
        distances.insert(number(&field, "Ssd").to_string());
    }
    for (site, (arcs, own)) in &images {
        let fine = match own.as_slice() {
            [(5, _)] => *arcs,
            [(one, 0.0), (other, 90.0 | 270.0)] => one == other && *one != 5 && !arcs,
            _ => false,
        };
        assert!(fine, "{site}: {own:?}");
    }
    assert!(distances.len() > 50, "{} distances from source to skin", distances.len());
}

#[test]
fn closed_pairs_wait_behind_the_jaw() {
    let lab = Database::generate_lab(20, 3);
    let snapshot = read_tables(&lab, ["TxFieldPoint"]);
    let mut places = BTreeSet::new();
    for row in snapshot.table("TxFieldPoint").unwrap().rows().filter(|row| integer(row, "MLC_Leaves") > 0) {
        let Some(Value::Bytes(b)) = row.cell("B_Leaf_Set") else { panic!("{:?}", row.key()) };
        // The first pair lies beyond every target.
        let place = i64::from(i16::from_le_bytes([b[0], b[1]]));
        assert!((place as f64) / 100.0 < -number(&row, "Coll_X1").abs() + 0.7, "{place} of {:?}", row.key());
        places.insert(place);
    }
    assert!(places.len() > 15, "{places:?}");
}
