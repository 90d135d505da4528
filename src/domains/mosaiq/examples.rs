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
A delivery has the day on which it began, an offset the day of its study; a field and its control points have the \
days on which the field was delivered. Electron fields are of the type static. The current version of a field has the \
number 0. An offset has the patient of its prescription, and the machines and types of that prescription's fields. ",
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
        about: "Break leaf positions in every way, and see which check notices",
        text: "Test the MLC validation of our quality checks on {target}. Run check once for what is found already. \
            Then for each variant of corrupt_mlc_data, and for intra_field of mlc_leaf_count_mismatch: find one \
            eligible field, plan the fault, commit it after my yes, run check with only mlc and leaf_counts, \
            note the new findings, and revert it before the next.",
    },
    PromptCard {
        name: "develop_duplicate_detection",
        title: "Develop duplicate detection",
        about: "Make duplicate deliveries of rising difficulty for a detector that is being written",
        text: "Help me develop a detector of duplicate deliveries on {target}. Commit create_duplicate_treatment on \
            eligible deliveries, one after the other: the same field 5 s later, the same field 0 s later, 9 s \
            earlier, another field of the patient. After each, tell me keys and times of original and copy, and \
            what check with only duplicates finds; wait while I run my own detector. Name cases that a rule on \
            time alone would miss.",
    },
    PromptCard {
        name: "test_offset_validation",
        title: "Test offset validation",
        about: "Break patient shifts in every way, and see which check notices",
        text: "Test the validation of patient shifts on {target}. Run check with only offsets first. Then for each \
            variant of corrupt_offset_data: find one eligible offset, plan, commit after my yes, run the same \
            check again, note the new findings, and revert. Say at which size a shift is first noticed: try \
            20.1, 50 and 999.9 cm.",
    },
];
