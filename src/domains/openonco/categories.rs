//! The categories of tests, each described once: its file, its fields, and what its tools offer.
//!
//! A category is told by the name of its file, never by the prefix of an id: in published catalogues tests moved from
//! one file to another and kept their ids.

/// A category of tests.
#[derive(Debug)]
pub struct Category {
    /// Its id: the name of its file without the ending.
    pub id: &'static str,
    /// Its short name.
    pub short_name: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What its tests are for, in a sentence.
    pub about: &'static str,
    /// The word for one of its records: `MRD test`.
    pub word: &'static str,
    /// The fields that hold the facts that tools narrow by.
    pub fields: FieldNames,
    /// The fields that a search answers with by default, beside the id.
    pub brief: &'static [&'static str],
    /// The fields that a comparison shows by default.
    pub metrics: &'static [&'static str],
    /// The fields by which tests can be counted.
    pub groups: &'static [&'static str],
}

/// Under which names a category's records hold common facts.
#[derive(Debug)]
pub struct FieldNames {
    /// The test's name.
    pub name: &'static str,
    /// The company.
    pub vendor: &'static str,
    /// The list of kinds of cancer.
    pub cancer_types: &'static str,
    /// The clinical sensitivity, percent.
    pub sensitivity: &'static str,
    /// The clinical specificity, percent.
    pub specificity: &'static str,
}

/// The names that most categories use.
const USUAL: FieldNames = FieldNames {
    name: "name",
    vendor: "vendor",
    cancer_types: "cancerTypes",
    sensitivity: "sensitivity",
    specificity: "specificity",
};

/// MRD, a category that has tools of its own.
pub static MRD: Category = Category {
    id: "mrd",
    short_name: "MRD Testing",
    name: "Molecular Residual Disease",
    about: "Tests that look for traces of a tumour after treatment",
    word: "MRD test",
    fields: USUAL,
    brief: &["name", "vendor", "approach", "cancerTypes", "sensitivity", "specificity", "fdaStatus"],
    metrics: &[
        "name",
        "vendor",
        "sensitivity",
        "specificity",
        "lod",
        "initialTat",
        "followUpTat",
        "fdaStatus",
        "reimbursement",
    ],
    groups: &[
        "vendor",
        "approach",
        "fdaStatus",
        "requiresTumorTissue",
        "reimbursement",
        "vendorGroup",
        "regulatoryClass",
    ],
};

/// ECD, a category that has tools of its own.
pub static ECD: Category = Category {
    id: "ecd",
    short_name: "Early Detection",
    name: "Early Cancer Detection",
    about: "Tests that look for cancer in people without symptoms",
    word: "ECD test",
    fields: USUAL,
    brief: &["name", "vendor", "testScope", "cancerTypes", "sensitivity", "specificity", "fdaStatus"],
    metrics: &[
        "name",
        "vendor",
        "testScope",
        "sensitivity",
        "specificity",
        "stageISensitivity",
        "ppv",
        "npv",
        "listPrice",
        "fdaStatus",
    ],
    groups: &["vendor", "testScope", "fdaStatus", "reimbursement", "vendorGroup", "regulatoryClass"],
};

/// TRM, a category that has tools of its own.
pub static TRM: Category = Category {
    id: "trm",
    short_name: "Response Monitoring",
    name: "Treatment Response Monitoring",
    about: "Tests that follow how a tumour responds to treatment",
    word: "TRM test",
    fields: USUAL,
    brief: &["name", "vendor", "approach", "cancerTypes", "sensitivity", "specificity", "fdaStatus"],
    metrics: &["name", "vendor", "approach", "sensitivity", "leadTimeVsImaging", "lod", "fdaStatus", "reimbursement"],
    groups: &["vendor", "approach", "fdaStatus", "reimbursement", "isDiscontinued", "vendorGroup", "regulatoryClass"],
};

static HCT: Category = Category {
    id: "hct",
    short_name: "Hereditary Testing",
    name: "Hereditary Cancer Testing",
    about: "Tests for inherited risk of cancer",
    word: "HCT test",
    fields: FieldNames {
        cancer_types: "cancerTypesAssessed",
        sensitivity: "analyticalSensitivity",
        specificity: "analyticalSpecificity",
        ..USUAL
    },
    brief: &["name", "vendor", "genesAnalyzed", "cancerTypesAssessed", "sampleCategory", "fdaStatus"],
    metrics: &[
        "name",
        "vendor",
        "genesAnalyzed",
        "cancerTypesAssessed",
        "sampleCategory",
        "tat",
        "listPrice",
        "fdaStatus",
    ],
    groups: &["vendor", "fdaStatus", "reimbursement", "sampleCategory", "vendorGroup", "regulatoryClass"],
};

const DECISION_BRIEF: &[&str] =
    &["name", "vendor", "productType", "cancerTypes", "genesAnalyzed", "fdaCompanionDxCount", "fdaStatus"];
const DECISION_METRICS: &[&str] =
    &["name", "vendor", "productType", "genesAnalyzed", "fdaCompanionDxCount", "tat", "listPrice", "fdaStatus"];
const DECISION_GROUPS: &[&str] =
    &["vendor", "productType", "fdaStatus", "approach", "reimbursement", "vendorGroup", "regulatoryClass"];

/// TDS, a category that has tools of its own.
pub static TDS: Category = Category {
    id: "tds",
    short_name: "Treatment Decisions",
    name: "Treatment Decision Support",
    about: "Tests whose result helps to choose a treatment",
    word: "TDS test",
    fields: USUAL,
    brief: DECISION_BRIEF,
    metrics: DECISION_METRICS,
    groups: DECISION_GROUPS,
};

static CGP: Category = Category {
    id: "cgp",
    short_name: "Genomic Profiling",
    name: "Comprehensive Genomic Profiling",
    about: "Tests that read many genes of a tumour to choose a treatment",
    word: "CGP test",
    fields: USUAL,
    brief: DECISION_BRIEF,
    metrics: DECISION_METRICS,
    groups: DECISION_GROUPS,
};

static PAP: Category = Category {
    id: "pap",
    short_name: "Patient Assistance",
    name: "Patient Assistance Programs",
    about: "Programs that help patients to pay for a vendor's tests",
    word: "assistance program",
    fields: FieldNames { name: "vendorName", vendor: "vendorName", ..USUAL },
    brief: &["vendorName", "programName", "hasProgram", "maxOutOfPocket", "lastVerified"],
    metrics: &["vendorName", "programName", "hasProgram", "eligibility", "maxOutOfPocket", "paymentPlans"],
    groups: &["vendorName", "vendorGroup"],
};

/// Every category, in the order in which files are read and lists shown.
pub static CATEGORIES: [&Category; 7] = [&MRD, &ECD, &TRM, &HCT, &TDS, &CGP, &PAP];

/// The categories that have tools of their own, in the order of the specification.
pub static SPECIFIED: [&Category; 4] = [&MRD, &ECD, &TRM, &TDS];

impl Category {
    /// Returns the name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.json", self.id)
    }

    /// Returns the default place among all categories.
    #[must_use]
    pub fn position(&self) -> usize {
        CATEGORIES.iter().position(|one| one.id == self.id).unwrap_or(CATEGORIES.len())
    }
}

/// Finds a category by its id, ignoring case and white space around it.
#[must_use]
pub fn find_category(word: &str) -> Option<&'static Category> {
    CATEGORIES.iter().copied().find(|category| category.id.eq_ignore_ascii_case(word.trim()))
}

/// Finds the category of a file by the file's name.
#[must_use]
pub fn of_file(name: &str) -> Option<&'static Category> {
    let (stem, ending) = name.rsplit_once('.')?;
    if ending.eq_ignore_ascii_case("json") { find_category(stem).filter(|_| stem.trim() == stem) } else { None }
}
