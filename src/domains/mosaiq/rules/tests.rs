//! Cases of the rules file: what it says, what it refuses and where, and that all copies of it agree.

use std::path::Path;

use serde_json::Value as Json;

use super::*;
use crate::domains::mosaiq::checks::CHECKS;
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::limits;

#[test]
fn the_default_file_is_complete_and_agrees_with_the_modes() {
    let rules = Rules::standard();
    assert_eq!(Rules::parse(DEFAULT).unwrap(), *rules);
    assert_eq!(toml::from_str::<Rules>(DEFAULT).unwrap(), *rules, "it needs no other file below it");
    let listed: Vec<&str> = rules.checks.keys().map(|id| id.word()).collect();
    assert_eq!(listed.len(), CHECKS.len());
    for card in CHECKS.iter().map(|check| check.card()) {
        assert!(rules.is_enabled(card.id) && rules.severity(card.id).is_none(), "{}", card.id);
        let severity = serde_json::to_value(card.severity).unwrap();
        let line = DEFAULT.lines().find(|line| line.starts_with(&format!("{} = ", card.id))).unwrap();
        assert!(line.ends_with(&format!("# {}", severity.as_str().unwrap())), "{line}");
    }
    for (range, bounds) in [
        (limits::GANTRY_DEGREES, rules.machine.gantry_range),
        (limits::COLLIMATOR_DEGREES, rules.machine.collimator_range),
        (limits::LEAF_CM, Bounds { min: rules.machine.min_position, max: rules.machine.max_position }),
        (limits::OFFSET_POSSIBLE_CM, rules.offsets.possible_shift.around_zero()),
    ] {
        assert_eq!(range.to_string(), bounds.to_string());
    }
    assert_eq!(rules.deliveries.duplicate_window.to_string(), limits::DUPLICATE_WINDOW_SECONDS.to_string());
    assert_eq!(rules.metersets.impossible.to_string(), limits::METERSET_EXTREME_MU.to_string());
    assert!((rules.metersets.tolerance.get() - limits::METERSET_TOLERANCE * 100.0).abs() < 1e-9);
    assert!((rules.metersets.index_tolerance.get() - limits::INDEX_TOLERANCE_PERCENT).abs() < 1e-9);
}

#[test]
fn a_file_says_only_what_is_different() {
    let text = "[machine]\ngantry_speed = 7.5\n[machines.\"LINAC 9\"]\nmlc_model = \"agility\"\n\
        [types.vmat]\nmax_meterset = 900\n[sites.liver]\nname = \"liver\"\nmax_shift = 0.5\n\
        [checks.angle_range]\nseverity = \"critical\"\n[checks]\nangle_jump = { enabled = false }\n";
    let (given, standard) = (Rules::parse(text).unwrap(), Rules::standard());
    assert_eq!(given.machine.gantry_speed.to_string(), "7.5");
    assert_eq!(given.machine.couch_speed, standard.machine.couch_speed);
    assert_eq!(given.machines["LINAC 9"].pairs(), Some(80));
    let (vmat, usual) = (given.of_type(Some(13)).unwrap(), standard.of_type(Some(13)).unwrap());
    assert_eq!((vmat.max_meterset.unwrap().get(), vmat.duration), (900.0, usual.duration));
    assert_eq!(given.sites.len(), standard.sites.len() + 1);
    assert_eq!(given.severity("angle_range"), Some(Severity::Critical));
    assert!(given.is_enabled("angle_range") && !given.is_enabled("angle_jump") && given.is_enabled("angle_speed"));
    assert_eq!(Rules::parse(&toml::to_string(&given).unwrap()).unwrap(), given, "written whole, it says the same");
    assert_eq!(Rules::parse("").unwrap(), *standard);
}

#[test]
fn what_means_nothing_is_refused_where_it_stands() {
    for (text, line, nearest) in [
        ("[machine]\n\ngantry_sped = 6\n", 3, "gantry_speed"),
        ("[machines.\"LINAC 1\"]\nleaf_pair = 80\n", 2, "leaf_pairs"),
        ("# mine\n[machin]\n", 2, "machine"),
        ("[types.vmatt]\nduration = [1, 2]\n", 1, "vmat"),
        ("[types.vmat]\nmin_control_point = 2\n", 2, "min_control_points"),
        ("[checks]\nangle_range = { enabled = true }\nangle_rang = { enabled = true }\n", 3, "angle_range"),
        ("[checks.angle_range]\nenable = true\n", 2, "enabled"),
        ("[checks.angle_range]\nseverity = \"hihg\"\n", 2, "high"),
        ("[machines.1]\nmlc_model = \"agilty\"\n", 2, "agility"),
        ("[sites.mine]\nmax_shift = 1\ntechnik = \"x\"\n", 3, "technique"),
    ] {
        let error = Rules::parse(text).unwrap_err();
        assert_eq!((error.line, error.nearest.as_deref()), (Some(line), Some(nearest)), "{text}: {error}");
        assert!(error.to_string().ends_with(&format!("did you mean `{nearest}`?")), "{error}");
    }
    for (text, line, part) in [
        ("[machine]\nxyzzy = 6\n", 2, "`xyzzy` is unknown here: one of min_position"),
        ("[machine]\ngantry_range = [360, 0]\n", 2, "[360, 0] is empty"),
        ("[machine]\ngantry_range = [0]\n", 2, "invalid length 1"),
        ("[machine]\ngantry_speed = nan\n", 2, "NaN cannot be used as a limit"),
        ("[machine]\ngantry_speed = \"fast\"\n", 2, "invalid type: string"),
        ("[machine]\ngantry_speed = 0\n", 2, "not a valid speed"),
        ("[machine\n", 1, "table"),
        ("[sites.mine]\nname = \"x\"\n", 1, "missing field `max_shift`"),
    ] {
        let error = Rules::parse(text).unwrap_err();
        assert_eq!(error.line, Some(line), "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

#[test]
fn a_limit_that_nothing_could_pass_or_miss_is_refused_with_its_line_and_its_key() {
    let sizes = [
        ("types.vmat", "max_jump"),
        ("types.vmat", "min_control_points"),
        ("deliveries", "duplicate_window"),
        ("deliveries", "field_window"),
        ("deliveries", "dose_window"),
        ("offsets", "before_treatment"),
        ("offsets", "after_treatment"),
        ("metersets", "tolerance"),
        ("metersets", "index_tolerance"),
    ];
    for (table, key) in sizes {
        assert_refused(table, key, "-1");
        Rules::parse(&format!("[{table}]\n{key} = 0\n")).unwrap();
    }
    let largest = [
        ("machine", "max_leaf_speed"),
        ("machines.mine", "couch_speed"),
        ("machines.mine", "leaf_pairs"),
        ("types.vmat", "max_meterset"),
        ("sites.prostate", "max_shift"),
        ("offsets", "max_shift"),
        ("offsets", "possible_shift"),
        ("offsets", "max_length"),
        ("metersets", "impossible"),
        ("metersets", "deviations"),
        ("metersets", "deviations_fields"),
    ];
    for (table, key) in largest {
        for value in ["-1", "0"] {
            assert_refused(table, key, value);
        }
    }
    for table in ["types.vmat", "deliveries"] {
        for value in ["[-1, 5]", "[-2, -1]", "[0, 0]"] {
            assert_refused(table, "duration", value);
        }
        Rules::parse(&format!("[{table}]\nduration = [0, 5]\n")).unwrap();
    }
    let inline = Rules::parse("[sites]\nbreast = { name = \"breast\", max_shift = -1 }\n").unwrap_err();
    assert_eq!(inline.to_string(), "line 2: sites.breast.max_shift: -1 must be larger than 0");
    Rules::parse("[machine]\nmin_position = -5\nmax_position = -1\n").unwrap();
}

fn assert_refused(table: &str, key: &str, value: &str) {
    let text = format!("# mine\n[{table}]\n{key} = {value}\n");
    let error = Rules::parse(&text).unwrap_err();
    assert_eq!(error.line, Some(3), "{text}: {error}");
    assert!(error.message.starts_with(&format!("{table}.{key}: ")), "{text}: {error}");
}

/// Returns the schema of a rules file. Nothing in it is required, because a file only changes the default.
fn build_schema() -> String {
    fn relax_schema(json: &mut Json) {
        match json {
            Json::Object(map) => {
                // Only what a site needs is required of a file: its own tables have no default below them.
                let site =
                    map.get("properties").is_some_and(|of| of.get("max_shift").is_some() && of.get("name").is_some());
                if !site {
                    map.remove("required");
                }
                map.values_mut().for_each(relax_schema);
            }
            Json::Array(items) => items.iter_mut().for_each(relax_schema),
            _ => {}
        }
    }
    let mut schema = serde_json::to_value(schemars::schema_for!(Rules)).unwrap();
    relax_schema(&mut schema);
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn the_committed_schema_is_that_of_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.schema.json");
    if std::env::var_os("MFM_BLESS").is_some() {
        std::fs::write(&path, build_schema()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), build_schema(), "MFM_BLESS=1 writes it anew");
}

/// Returns every key of the schema, at any depth.
fn list_keys(json: &Json) -> Vec<String> {
    match json {
        Json::Object(map) => {
            let own = map.get("properties").and_then(Json::as_object);
            let own = own.into_iter().flat_map(|map| map.keys().cloned());
            own.chain(map.values().flat_map(list_keys)).collect()
        }
        Json::Array(items) => items.iter().flat_map(list_keys).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_default_file_explains_every_key() {
    let schema: Json = serde_json::from_str(&build_schema()).unwrap();
    let keys = list_keys(&schema);
    assert!(keys.len() > 50, "{keys:?}");
    let words = DEFAULT.lines().flat_map(|line| line.trim_start_matches("# ").split_whitespace());
    let words: Vec<&str> = words.flat_map(|word| word.trim_matches(['[', ']', '`']).split('.')).collect();
    for key in keys.iter().filter(|key| !field_types::WORDS.contains(&key.as_str())) {
        assert!(words.contains(&key.as_str()), "{key}");
    }
}
