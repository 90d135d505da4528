//! The list of tools: for each verb and category its name, its title and an example.

use super::catalogue_query::{CatalogueQuery, Verb};
use super::{ANY_CATEGORY, READ};
use crate::domain::query::{Query, QueryCard};
use crate::domains::openonco::categories::{ECD, MRD, TDS, TRM};

const SPECIFICATION: &str = "specification";

/// Every tool.
pub(super) static ALL: [&dyn Query; 25] = [
    &CatalogueQuery {
        verb: Verb::Search,
        category: Some(&MRD),
        card: &QueryCard {
            name: "openonco_search_mrd",
            group: SPECIFICATION,
            title: "Find tests for residual disease",
            about: "Tests for molecular residual disease (MRD) that pass all filters, a page at a time.",
            example: "--vendor natera --min-sensitivity 90",
        },
    },
    &CatalogueQuery {
        verb: Verb::Search,
        category: Some(&ECD),
        card: &QueryCard {
            name: "openonco_search_ecd",
            group: SPECIFICATION,
            title: "Find tests for early detection",
            about: "Tests for early cancer detection (ECD) that pass all filters, a page at a time.",
            example: "--test-scope multi-cancer --max-price 900",
        },
    },
    &CatalogueQuery {
        verb: Verb::Search,
        category: Some(&TRM),
        card: &QueryCard {
            name: "openonco_search_trm",
            group: SPECIFICATION,
            title: "Find tests for response monitoring",
            about: "Tests for treatment response monitoring (TRM) that pass all filters, a page at a time.",
            example: "--approach tumor-informed",
        },
    },
    &CatalogueQuery {
        verb: Verb::Search,
        category: Some(&TDS),
        card: &QueryCard {
            name: "openonco_search_tds",
            group: SPECIFICATION,
            title: "Find tests for treatment decisions",
            about: "Tests for treatment decision support (TDS) that pass all filters, a page at a time.",
            example: "--has-fda-cdx true --min-genes 300",
        },
    },
    &CatalogueQuery {
        verb: Verb::Get,
        category: Some(&MRD),
        card: &QueryCard {
            name: "openonco_get_mrd",
            group: SPECIFICATION,
            title: "One test for residual disease",
            about: "The whole record of an MRD test, by id or name.",
            example: "--name signatera",
        },
    },
    &CatalogueQuery {
        verb: Verb::Get,
        category: Some(&ECD),
        card: &QueryCard {
            name: "openonco_get_ecd",
            group: SPECIFICATION,
            title: "One test for early detection",
            about: "The whole record of an ECD test, by id or name.",
            example: "--id ecd-1",
        },
    },
    &CatalogueQuery {
        verb: Verb::Get,
        category: Some(&TRM),
        card: &QueryCard {
            name: "openonco_get_trm",
            group: SPECIFICATION,
            title: "One test for response monitoring",
            about: "The whole record of a TRM test, by id or name.",
            example: "--id trm-1",
        },
    },
    &CatalogueQuery {
        verb: Verb::Get,
        category: Some(&TDS),
        card: &QueryCard {
            name: "openonco_get_tds",
            group: SPECIFICATION,
            title: "One test for treatment decisions",
            about: "The whole record of a TDS test, by id or name.",
            example: "--id tds-1",
        },
    },
    &CatalogueQuery {
        verb: Verb::Compare,
        category: Some(&MRD),
        card: &QueryCard {
            name: "openonco_compare_mrd",
            group: SPECIFICATION,
            title: "Compare tests for residual disease",
            about: "MRD tests side by side, in the order asked.",
            example: "--ids mrd-7,mrd-6",
        },
    },
    &CatalogueQuery {
        verb: Verb::Compare,
        category: Some(&ECD),
        card: &QueryCard {
            name: "openonco_compare_ecd",
            group: SPECIFICATION,
            title: "Compare tests for early detection",
            about: "ECD tests side by side, in the order asked.",
            example: "--ids ecd-1,ecd-2",
        },
    },
    &CatalogueQuery {
        verb: Verb::Compare,
        category: Some(&TRM),
        card: &QueryCard {
            name: "openonco_compare_trm",
            group: SPECIFICATION,
            title: "Compare tests for response monitoring",
            about: "TRM tests side by side, in the order asked.",
            example: "--ids trm-1,trm-2",
        },
    },
    &CatalogueQuery {
        verb: Verb::Compare,
        category: Some(&TDS),
        card: &QueryCard {
            name: "openonco_compare_tds",
            group: SPECIFICATION,
            title: "Compare tests for treatment decisions",
            about: "TDS tests side by side, in the order asked.",
            example: "--ids tds-1,tds-4",
        },
    },
    &CatalogueQuery {
        verb: Verb::Count,
        category: Some(&MRD),
        card: &QueryCard {
            name: "openonco_count_mrd",
            group: SPECIFICATION,
            title: "Count tests for residual disease",
            about: "Number of MRD tests by a field, the largest groups first.",
            example: "--group-by vendor",
        },
    },
    &CatalogueQuery {
        verb: Verb::Count,
        category: Some(&ECD),
        card: &QueryCard {
            name: "openonco_count_ecd",
            group: SPECIFICATION,
            title: "Count tests for early detection",
            about: "Number of ECD tests by a field, the largest groups first.",
            example: "--group-by testScope",
        },
    },
    &CatalogueQuery {
        verb: Verb::Count,
        category: Some(&TRM),
        card: &QueryCard {
            name: "openonco_count_trm",
            group: SPECIFICATION,
            title: "Count tests for response monitoring",
            about: "Number of TRM tests by a field, the largest groups first.",
            example: "--group-by approach",
        },
    },
    &CatalogueQuery {
        verb: Verb::Count,
        category: Some(&TDS),
        card: &QueryCard {
            name: "openonco_count_tds",
            group: SPECIFICATION,
            title: "Count tests for treatment decisions",
            about: "Number of TDS tests by a field, the largest groups first.",
            example: "--group-by productType",
        },
    },
    &CatalogueQuery {
        verb: Verb::ListVendors,
        category: None,
        card: &QueryCard {
            name: "openonco_list_vendors",
            group: SPECIFICATION,
            title: "Vendors",
            about: "Names of vendors as written, and which of them mean one company.",
            example: "--category mrd",
        },
    },
    &CatalogueQuery {
        verb: Verb::ListCancerTypes,
        category: None,
        card: &QueryCard {
            name: "openonco_list_cancer_types",
            group: SPECIFICATION,
            title: "Cancer types",
            about: "Kinds of cancer that tests are for, as written.",
            example: "--category ecd",
        },
    },
    &CatalogueQuery {
        verb: Verb::ListCategories,
        category: None,
        card: &QueryCard {
            name: "openonco_list_categories",
            group: SPECIFICATION,
            title: "Categories",
            about: "Categories of tests that are loaded, with the number of tests in each.",
            example: "",
        },
    },
    &CatalogueQuery {
        verb: Verb::Search,
        category: None,
        card: &QueryCard {
            name: "openonco_search",
            group: ANY_CATEGORY,
            title: "Find tests of any category",
            about: "Tests of any loaded category that pass all filters, a page at a time.",
            example: "--category mrd --vendor natera",
        },
    },
    &CatalogueQuery {
        verb: Verb::Get,
        category: None,
        card: &QueryCard {
            name: "openonco_get",
            group: ANY_CATEGORY,
            title: "One test of any category",
            about: "The whole record of a test, by category and id or name.",
            example: "--category mrd --id mrd-7",
        },
    },
    &CatalogueQuery {
        verb: Verb::Compare,
        category: None,
        card: &QueryCard {
            name: "openonco_compare",
            group: ANY_CATEGORY,
            title: "Compare tests of any category",
            about: "Tests of a category side by side, in the order asked.",
            example: "--category mrd --ids mrd-7,mrd-6",
        },
    },
    &CatalogueQuery {
        verb: Verb::Count,
        category: None,
        card: &QueryCard {
            name: "openonco_count",
            group: ANY_CATEGORY,
            title: "Count tests of any category",
            about: "Number of tests of a category by a field, the largest groups first.",
            example: "--category mrd --group-by vendor",
        },
    },
    &CatalogueQuery {
        verb: Verb::Fields,
        category: None,
        card: &QueryCard {
            name: "openonco_fields",
            group: READ,
            title: "Fields of a category",
            about: "Every field of a category's records, the share of records that have it, and what it holds.",
            example: "--category mrd",
        },
    },
    &CatalogueQuery {
        verb: Verb::Complete,
        category: None,
        card: &QueryCard {
            name: "openonco_complete",
            group: READ,
            title: "Complete a word",
            about: "Ids, names, vendors or cancer types that begin with, or hold, some letters.",
            example: "--of vendor --prefix na",
        },
    },
];
