//! Example commands, demo and prompts of this domain.

use crate::domain::examples::{DetectionStudy, Examples, PromptCard};

// Every example is executed by the tests against the standard lab, whose ids and names it uses.
pub(super) static EXAMPLES: Examples = Examples {
    tool: "create_invalid_angles",
    mode: "invalid_angles",
    variant: "gantry",
    arguments: "--fld-id 88043 --angle-type gantry --invalid-value 400",
    other: ("corrupt_mlc_data", "odd_bytes"),
    filters: "--patient LAB000001 --type vmat",
    kind: "field",
    filter: "--type vmat",
    records: "fields, deliveries, offsets or control points, of a patient, a machine, a type of field, a day",
    filters_about: "\
The day of a delivery is when it started, of an offset when it was measured, of a field and its control points when \
the field was delivered. Electron fields have the type static. The current version of a field has the number 0. An \
offset belongs to the patient of its prescription, and to the machines and types of that prescription's fields. ",
    find: &[
        "field --type vmat",
        "delivery --patient LAB000001 --date 2024-06-28",
        "field --machine \"linac 1\" --eligible create_invalid_angles --limit 5",
    ],
};

/// How often physicists found simulated errors in mock charts: what detection rates are compared with.
pub(super) static YARDSTICK: DetectionStudy = DetectionStudy {
    hits: 76,
    of: 113,
    source: "physicists reviewing mock charts with simulated errors: Gopan et al., Medical Physics 45(12):5359-5365 \
             (2018), doi:10.1002/mp.13242",
};

/// The prompts for the workflows of the specification.
pub(super) static PROMPTS: [PromptCard; 3] = [
    PromptCard {
        name: "test_mlc_validation",
        title: "Test MLC validation",
        about: "Commit every leaf position fault, and see which check detects it",
        text: "Test the MLC validation of our quality checks on {target}. Run check once for existing findings. Then \
            for each variant of corrupt_mlc_data, and for intra_field of mlc_leaf_count_mismatch: find one eligible \
            field, plan the fault, commit it after my yes, run check with only mlc and leaf_counts, note the new \
            findings, and revert it before the next.",
    },
    PromptCard {
        name: "develop_duplicate_detection",
        title: "Develop duplicate detection",
        about: "Make increasingly difficult duplicate deliveries for a detector under development",
        text: "Help me develop a detector of duplicate deliveries on {target}. Commit create_duplicate_treatment on \
            eligible deliveries, one after the other: the same field 5 s later, the same field 0 s later, 9 s earlier, \
            another field of the patient. After each, tell me keys and times of original and copy, and what check with \
            only duplicates finds; wait while I run my own detector. List cases that a rule based on time alone would \
            miss.",
    },
    PromptCard {
        name: "test_offset_validation",
        title: "Test offset validation",
        about: "Commit every patient shift fault, and see which check detects it",
        text: "Test the validation of patient shifts on {target}. Run check with only offsets first. Then for each \
            variant of corrupt_offset_data: find one eligible offset, plan, commit after my yes, run the same check \
            again, note the new findings, and revert. Report the smallest shift that is detected: try 20.1, 50 and \
            999.9 cm.",
    },
];
