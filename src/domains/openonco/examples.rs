//! The examples that help shows for this domain, and its prompts.

use crate::domain::examples::{Examples, PromptCard};
use crate::domain::resource::{ArgumentCard, ResourceCard};

/// The examples in help texts.
pub(super) static EXAMPLES: Examples = Examples {
    tool: "create_wrong_percentage",
    mode: "wrong_percentage",
    variant: "decimal_point_lost",
    arguments: "--record 3 --percentage decimal_point_lost",
    other: ("inverted_approval", "denied"),
    filters: "--category mrd --vendor Lumenar",
    kind: "test",
    filter: "--category mrd",
    records: "tests of a catalogue, by category and vendor",
    filters_about: "In a catalogue, --category and --vendor filter tests. ",
    find: &["test --category mrd", "test --vendor Lumenar"],
};

/// The prompts that the MCP server offers for this domain.
pub(super) static PROMPTS: [PromptCard; 3] = [
    PromptCard {
        name: "compare_two_tests",
        title: "Compare two tests",
        about: "Two tests of a category side by side, with what their figures do not say",
        text: "Compare two tests of {target}: {first_test} and {second_test}. Find each with the search tool of its \
            category, and ask me if several fit. Call the compare tool with their ids, then the get tool for each. \
            Show a short table: what it is for, sensitivity and specificity with every warning beside them, sample, \
            time to a result in days, regulatory class, price. Say which figures come from analytical validation or \
            small samples, which are not comparable because the populations differ, and which are missing: a missing \
            figure is not a bad one. Quote the source line. This is no medical advice. Write nothing.",
    },
    PromptCard {
        name: "find_test_for_situation",
        title: "Find a test for a situation",
        about: "Tests that fit a cancer type, a purpose and limits, and why each fits",
        text: "Find tests of {target} for a situation: {cancer_type}; vendor: {vendor}. First ask for the purpose \
            (residual disease, early detection, response, choice of treatment), whether tissue of the tumour is \
            there, and limits of price or approval. Call the search tool of that category with these filters, and \
            once more without the narrowest one. List at most five with the reason why each fits, its regulatory \
            class, and the warnings of its figures. Say what was left out and why. This is no medical advice. Write \
            nothing.",
    },
    PromptCard {
        name: "test_catalogue_checks",
        title: "Test the checks of a catalogue",
        about: "Commit every fault of a catalogue, and see which check detects it",
        text: "Test the checks on {target}. Run check once for existing findings. Then for each variant of \
            create_wrong_percentage, create_inverted_approval and create_exchanged_figures: find one eligible test, \
            plan the fault, commit it after my yes, run check again, note the new findings, and revert it before the \
            next.",
    },
];

static COMPARED: [ArgumentCard; 2] = [
    ArgumentCard { name: "first_test", about: "The name of the first test", absent: "the first one that I name" },
    ArgumentCard { name: "second_test", about: "The name of the other test", absent: "the other one that I name" },
];

static SITUATION: [ArgumentCard; 2] = [
    ArgumentCard { name: "cancer_type", about: "The kind of cancer", absent: "a kind of cancer that I name" },
    ArgumentCard { name: "vendor", about: "The only vendor to look at", absent: "any" },
];

/// Returns the arguments of a prompt.
pub(super) fn prompt_arguments(prompt: &str) -> &'static [ArgumentCard] {
    match prompt {
        "compare_two_tests" => &COMPARED,
        "find_test_for_situation" => &SITUATION,
        _ => &[],
    }
}

/// What agents can read under an address. The more special addresses come first.
pub(super) static RESOURCES: [ResourceCard; 4] = [
    ResourceCard {
        template: "openonco://vendors",
        name: "vendors",
        title: "Vendors of the catalogue",
        query: "openonco_list_vendors",
    },
    ResourceCard {
        template: "openonco://categories",
        name: "categories",
        title: "Categories that are loaded",
        query: "openonco_list_categories",
    },
    ResourceCard {
        template: "openonco://schema/{category}",
        name: "schema",
        title: "Fields of a category, with the share of records that have each",
        query: "openonco_fields",
    },
    ResourceCard {
        template: "openonco://{category}/{id}",
        name: "test",
        title: "One test, with all its fields",
        query: "openonco_get",
    },
];
