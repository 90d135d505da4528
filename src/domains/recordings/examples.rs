//! The examples that help shows for this domain, and its prompts.

use crate::domain::examples::{Examples, PromptCard};

/// The examples in help texts.
pub(super) static EXAMPLES: Examples = Examples {
    tool: "create_energy_injection",
    mode: "energy_injection",
    variant: "spike",
    arguments: "--frame-id 40 --injection spike",
    other: ("sunk_contact", "deep_overlap"),
    filters: "--frame 10-50 --touching ground",
    kind: "frame",
    filter: "--touching ground",
    records: "frames, bodies or contacts of a recording, by frame, time, body and kind of contact",
    filters_about: "In a recording, --frame and --seconds filter frames and the contacts in them. ",
    find: &["frame --seconds 0.5-1.25 --touching ground", "contact --frame 10-50 --body 3"],
};

/// The prompts that the MCP server offers for this domain.
pub(super) static PROMPTS: [PromptCard; 2] = [
    PromptCard {
        name: "investigate_energy",
        title: "Investigate energy",
        about: "Find where a recording gains unexplained energy, and which contacts were involved",
        text: "Find out whether {target} gains unexplained energy. Call find_energy_anomalies, and for each frame that \
            it reports get_frame and get_solver_diagnostics around it: which bodies touched, how deep, did the solver \
            converge. Then get_system_energy over the frames before and after. For each anomaly report when it starts \
            and ends, how many joules, at which bodies and contacts, and what remains unknown. Write nothing.",
    },
    PromptCard {
        name: "test_energy_checks",
        title: "Test energy checks",
        about: "Commit every energy fault, and see which check detects it",
        text: "Test the energy checks on {target}. Run check once for existing findings. Then for each variant of \
            create_energy_injection: find one eligible frame, plan the fault, commit it after my yes, run check again, \
            note the new findings, and revert it before the next.",
    },
];
