//! The published states of a catalogue, which are no part of this repository: what every tool answers was worked out by
//! hand from the files, for both manners, and every finding is argued in docs/openonco-checks.md.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::world::{World, text};

/// Returns the folder of a state: `v1.0.0` or `head`.
fn state(name: &str) -> PathBuf {
    let folder = std::env::var("MFM_TEST_OPENONCO").unwrap();
    Path::new(&folder).join(name)
}

/// A state of the catalogue, asked in one manner.
struct Asked {
    world: World,
    target: String,
    strict: bool,
}

impl Asked {
    fn new(name: &str, strict: bool) -> Self {
        Self { world: World::empty(), target: format!("json:{}", state(name).display()), strict }
    }

    /// Asks a question that is written as on a command line.
    fn ask(&self, line: &str) -> Json {
        let mut words = vec!["--target", &self.target, "query"];
        words.extend(self.strict.then_some("--strict"));
        words.extend(split_words(line));
        self.world.json(&words)["answer"].clone()
    }

    /// Returns the ids of an answer, in its order.
    fn ids(&self, line: &str) -> Vec<String> {
        let answer = self.ask(&format!("{line} --limit 500"));
        assert_eq!(answer["total"], answer["returned"], "{line}");
        items(&answer).iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    fn code(&self, line: &str) -> String {
        let mut words = vec!["--target", &self.target, "query", "--json"];
        words.extend(self.strict.then_some("--strict"));
        words.extend(split_words(line));
        let said = text(&self.world.run(&words).stderr);
        let error: Json = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        error["code"].as_str().unwrap().to_owned()
    }
}

/// Splits a line at blanks, except between single quotes.
fn split_words(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    parts.flat_map(|(nth, part)| if nth % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }).collect()
}

fn items(answer: &Json) -> &Vec<Json> {
    answer["items"].as_array().unwrap()
}

/// Returns ids with their category in front: `mrd 1 kit-2` is `mrd-1`, `mrd-kit-2`.
fn named(words: &str) -> Vec<String> {
    let mut words = words.split_whitespace();
    let category = words.next().unwrap();
    words.map(|word| format!("{category}-{word}")).collect()
}

/// The searches of which both manners give the same ids.
const SEARCHES: [(&str, &str); 13] = [
    ("openonco-search-mrd --vendor Natera --approach Tumor-informed --min-sensitivity 90", "mrd 10 15 20 7"),
    ("openonco-search-mrd --vendor natera", "mrd 10 15 20 21 7"),
    ("openonco-search-mrd --approach Tumor-na\u{ef}ve", "mrd 13 14 18 21 6 8 kit-3"),
    ("openonco-search-ecd --test-scope Multi-cancer", "ecd 10 11 2 21 22"),
    ("openonco-search-ecd --min-specificity 99", "ecd 11 2"),
    (
        "openonco-search-ecd --test-scope Single-cancer --min-sensitivity 80 --min-specificity 90 --max-price 700",
        "ecd 14 16 17 18 19 25 8",
    ),
    ("openonco-search-trm", "trm 11 12 13 14 2 3 4 5 6 7 8"),
    ("openonco-search-trm --include-discontinued true", "trm 1 11 12 13 14 2 3 4 5 6 7 8"),
    ("openonco-search-trm --approach Tumor-informed", "trm 2 3 5 6"),
    ("openonco-search-trm --approach Tumor-agnostic", "trm"),
    ("openonco-search-trm --approach Tumor-agnostic --include-discontinued true", "trm 1"),
    ("openonco-search-tds --has-fda-cdx true --min-genes 300", "tds 1 2 5 kit-1 kit-15"),
    ("openonco-search-mrd --vendor NonExistentVendor12345", "mrd"),
];

/// The searches of which the number of tests was counted.
const COUNTED: [(&str, usize); 7] = [
    ("openonco-search-mrd --min-sensitivity 90", 20),
    ("openonco-search-mrd --requires-tumor-tissue true", 17),
    ("openonco-search-mrd --requires-tumor-tissue false", 7),
    ("openonco-search-ecd --max-price 1000", 23),
    ("openonco-search-tds --has-fda-cdx true", 8),
    ("openonco-search-tds --has-fda-cdx false", 31),
    ("openonco-search-tds --min-genes 300", 20),
];

#[test]
#[ignore = "needs the published states, whose folder MFM_TEST_OPENONCO names"]
fn every_search_of_v1_is_answered_as_worked_out_by_hand() {
    for strict in [true, false] {
        let asked = Asked::new("v1.0.0", strict);
        for (line, expected) in SEARCHES {
            assert_eq!(asked.ids(line), named(expected), "strict {strict}: {line}");
        }
        for (line, count) in COUNTED {
            assert_eq!(asked.ids(line).len(), count, "strict {strict}: {line}");
        }
        let differing = [
            (
                "--cancer-type Colorectal --clinical-setting Post-Surgery",
                "16 2 24 25 6 7 8",
                "13 16 2 20 21 22 24 25 6 7 8",
            ),
            ("--approach Tumor-naive", "", "13 14 18 21 6 8 kit-3"),
        ];
        for (line, original, folded) in differing {
            let expected = named(&format!("mrd {}", if strict { original } else { folded }));
            assert_eq!(asked.ids(&format!("openonco-search-mrd {line}")), expected, "strict {strict}: {line}");
        }
        for (cancer, exact) in [("Colorectal", 7), ("colorectal", 0)] {
            let found = asked.ids(&format!("openonco-search-mrd --cancer-type {cancer}")).len();
            assert_eq!(found, if strict { exact } else { 11 }, "strict {strict}: {cancer}");
        }
        let approved = asked.ids("openonco-search-ecd --fda-status FDA-approved");
        let denied = approved.iter().filter(|id| ["ecd-2", "ecd-21"].contains(&id.as_str())).count();
        assert_eq!((approved.len(), denied), if strict { (6, 2) } else { (4, 0) });
        assert_eq!(asked.ids("openonco-search-mrd --vendor %").len(), if strict { 27 } else { 0 });
        assert_eq!(asked.ids("openonco-search-mrd --vendor N_tera").len(), if strict { 5 } else { 0 });
    }
}

#[test]
#[ignore = "needs the published states, whose folder MFM_TEST_OPENONCO names"]
fn every_record_and_comparison_of_v1_is_answered_as_worked_out_by_hand() {
    for strict in [true, false] {
        let asked = Asked::new("v1.0.0", strict);
        for line in ["openonco-get-mrd --id mrd-7", "openonco-get-mrd --name signatera"] {
            let record = asked.ask(line);
            assert_eq!((&record["name"], &record["vendor"]), (&json!("Signatera"), &json!("Natera")), "{line}");
        }
        assert_eq!(asked.ask("openonco-get-ecd --name shield")["id"], "ecd-1");
        assert_eq!(asked.code("openonco-get-tds --name 'Tempus xT'"), "unknown_item");
        let twice = asked.ask("openonco-get-tds --name 'PGDx elio plasma focus Dx'");
        if strict {
            assert_eq!(twice["id"], "tds-kit-10");
        } else {
            assert_eq!(
                (&twice["items"][0]["id"], &twice["items"][1]["id"]),
                (&json!("tds-kit-10"), &json!("tds-kit-13"))
            );
        }
        let shown = |line: &str, metrics: &[&str]| -> BTreeMap<String, Vec<Json>> {
            let answer = asked.ask(line);
            let row = |item: &Json| metrics.iter().map(|metric| item[*metric].clone()).collect();
            items(&answer).iter().map(|item| (item["name"].as_str().unwrap().to_owned(), row(item))).collect()
        };
        let metrics = ["sensitivity", "specificity", "lod", "initialTat", "followUpTat"];
        let compared = shown("openonco-compare-mrd --ids mrd-7,mrd-6,mrd-23", &metrics);
        assert_eq!(
            json!(compared),
            json!({
                "Signatera": [94, 98, "~0.01% VAF", 28, 9],
                "Reveal MRD": [81, 98, "0.01% VAF", 7, 7],
                "LymphoVista": [100, 93, "6.69 \u{d7} 10\u{207b}\u{2076}", "10 days", "10 days"],
            })
        );
        let answer = asked.ask("openonco-compare-mrd --ids mrd-7,mrd-6,mrd-23");
        let order: Vec<&Json> = items(&answer).iter().map(|item| &item["name"]).collect();
        let of_file = ["Reveal MRD", "Signatera", "LymphoVista"];
        assert_eq!(order, if strict { of_file } else { ["Signatera", "Reveal MRD", "LymphoVista"] });
        let metrics = ["genesAnalyzed", "fdaCompanionDxCount", "tat", "listPrice"];
        let compared = shown("openonco-compare-tds --ids tds-1,tds-4,tds-24", &metrics);
        let rows: Vec<String> = compared.values().map(|row| json!(row).to_string()).collect();
        for row in ["[324,57,\"8 days\",3500]", "[74,6,\"5-7 days\",null]", "[168,null,9,\"Varies by region\"]"] {
            assert!(rows.contains(&row.to_owned()), "{row}: {rows:?}");
        }
    }
}

#[test]
#[ignore = "needs the published states, whose folder MFM_TEST_OPENONCO names"]
fn every_count_and_list_of_v1_is_answered_as_worked_out_by_hand() {
    for strict in [true, false] {
        let asked = Asked::new("v1.0.0", strict);
        let counts = |line: &str, field: &str| -> (u64, Vec<u64>) {
            let answer = asked.ask(line);
            let groups = answer[format!("by_{field}")].as_object().unwrap_or_else(|| panic!("{line}: {answer}"));
            let mut sizes: Vec<u64> = groups.values().map(|count| count.as_u64().unwrap()).collect();
            sizes.sort_unstable_by(|one, other| other.cmp(one));
            (answer["total"].as_u64().unwrap(), sizes)
        };
        let vendors = counts("openonco-count-mrd --group-by vendor", "vendor");
        assert_eq!(vendors, (27, [vec![4, 2, 2, 2], vec![1; 17]].concat()));
        let scopes = counts("openonco-count-ecd --group-by testScope", "testScope");
        assert_eq!(scopes, (24, vec![9, 5, 2, 2, 1, 1, 1, 1, 1, 1]));
        assert_eq!(counts("openonco-count-tds --group-by productType", "productType"), (39, vec![24, 14, 1]));
        let by = |line: &str, field: &str| asked.ask(line)[format!("by_{field}")].clone();
        let natera = by("openonco-count-mrd --group-by approach --filter-vendor Natera", "approach");
        let expected = json!({"Tumor-informed": 3, "Tumor-informed (WGS)": 1, "Tumor-na\u{ef}ve (methylation)": 1});
        assert_eq!(natera, expected);
        let discontinued = by("openonco-count-trm --group-by isDiscontinued", "isDiscontinued");
        assert_eq!(discontinued, json!({"null": 11, "true": 1}));
        let tissue = by("openonco-count-mrd --group-by requiresTumorTissue", "requiresTumorTissue");
        assert_eq!(tissue, json!({"Yes": 17, "No": 7, "null": 3}));
        for (category, vendors, cancers) in [("mrd", 21, 62), ("ecd", 16, 28), ("TRM", 11, 12), ("tds", 25, 37)] {
            let listed = asked.ask(&format!("openonco-list-vendors --category {category}"));
            assert_eq!((&listed["total"], items(&listed).len()), (&json!(vendors), vendors), "{category}");
            let listed = asked.ask(&format!("openonco-list-cancer-types --category {category}"));
            assert_eq!(listed["total"], cancers, "{category}");
        }
        let all = asked.ask("openonco-list-vendors");
        let ends = (items(&all).first().unwrap(), items(&all).last().unwrap());
        assert_eq!(ends, (&json!("Adaptive Biotechnologies"), &json!("Wuhan Ammunition Life Technology")));
        assert_eq!((&all["total"], &asked.ask("openonco-list-cancer-types")["total"]), (&json!(52), &json!(118)));
        let categories = asked.ask("openonco-list-categories");
        let counts: Vec<&Json> = items(&categories).iter().map(|item| &item["testCount"]).collect();
        assert_eq!(counts, [27, 24, 12, 39]);
    }
}

/// How many findings each check has on a state; every other check has none.
const FINDINGS: [(&str, u64, u64); 9] = [
    ("dead_address", 1, 1),
    ("duplicate_name", 1, 2),
    ("foreign_citation", 1, 1),
    ("number_as_text", 13, 13),
    ("predictive_values", 2, 3),
    ("regulatory_words", 1, 2),
    ("stage_order", 8, 8),
    ("unit", 1, 1),
    ("vendor_spelling", 2, 3),
];

#[test]
#[ignore = "needs the published states, whose folder MFM_TEST_OPENONCO names"]
fn published_states_have_the_findings_that_the_documentation_argues() {
    for (name, of_state) in [("v1.0.0", 0), ("head", 1)] {
        let world = World::empty();
        let target = format!("json:{}", state(name).display());
        let checked = world.run(&["--target", &target, "check", "--json"]);
        let checked: Json = serde_json::from_slice(&checked.stdout).unwrap();
        let found: BTreeMap<&str, u64> = checked["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|check| (check["id"].as_str().unwrap(), check["violations"].as_u64().unwrap()))
            .filter(|(_, count)| *count > 0)
            .collect();
        let expected = FINDINGS.iter().map(|(check, v1, head)| (*check, if of_state == 0 { *v1 } else { *head }));
        assert_eq!(found, expected.collect(), "{name}");
    }
}

#[test]
#[ignore = "needs the published states, whose folder MFM_TEST_OPENONCO names"]
fn published_states_are_broken_mended_and_written_again_byte_for_byte() {
    for (name, tests) in [("v1.0.0", 102), ("head", 157)] {
        let (world, folder) = (World::empty(), state(name));
        let source = folder.display().to_string();
        let made = world.json(&["lab", "import", &source, "sqlite:read.db", "--domain", "openonco", "--name", "read"]);
        let sizes = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
        assert_eq!(made["bytes_proved"].as_u64(), Some(sizes.sum()), "{name}");
        let listed = world.json(&["--target", "read", "query", "openonco-list-categories"]);
        let counts = items(&listed["answer"]).iter().map(|item| item["testCount"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), tests, "{name}");
        let modes = world.json(&["modes", "--domain", "openonco"]);
        for mode in modes["modes"].as_array().unwrap() {
            for variant in mode["variants"].as_array().unwrap() {
                let (tool, word) = (mode["tool"].as_str().unwrap(), variant["word"].as_str().unwrap());
                let fault = ["--target", "read", "--yes", "apply", tool, "--variant", word, "--sample", "1", "--json"];
                let applied = world.run(&[fault.as_slice(), &["--seed", "3"]].concat());
                assert_eq!(applied.status.code(), Some(0), "{name} {tool} {word}: {}", text(&applied.stderr));
            }
        }
        world.json(&["--target", "read", "--yes", "revert", "--all"]);
        world.json(&["lab", "export", "read", "out"]);
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            let written = std::fs::read(world.path().join("out").join(file.file_name())).unwrap();
            assert!(written == std::fs::read(file.path()).unwrap(), "{name} {:?}", file.file_name());
        }
    }
}
