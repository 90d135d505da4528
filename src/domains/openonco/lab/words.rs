//! The words that synthetic tests are made of. No company or product of these names is meant.

/// Companies. Each has a site that is named like it.
pub(super) const VENDORS: [&str; 36] = [
    "Aurelia Genomics",
    "Northlight Diagnostics",
    "Velora Health",
    "Quantera Labs",
    "Silverbirch Bio",
    "Meridian Oncomics",
    "Halcyon Dx",
    "Orbis Molecular",
    "Fernwood Genetics",
    "Castellan Bioscience",
    "Lumenar",
    "Polaris Cytomics",
    "Redwing Medical",
    "Tessera Oncology",
    "Vantor Biosystems",
    "Wexley Research",
    "Zephyr Assays",
    "Brightwater Labs",
    "Corvane",
    "Dunmore Pathology",
    "Eastgate Sequencing",
    "Foxglove Dx",
    "Glenhaven Medicine",
    "Harrow Molecular",
    "Ironbridge Bio",
    "Juniper Clinical",
    "Kestrel Genomics",
    "Larkfield",
    "Mosswood Diagnostics",
    "Novarra",
    "Oakline Health",
    "Pemberly Dx",
    "Quillon Bio",
    "Rosemont Genetics",
    "Stonecrop Labs",
    "Thistle Oncology",
];

/// Syllables of product names.
pub(super) const SYLLABLES: [&str; 24] = [
    "va", "lo", "ri", "sen", "ta", "mi", "ko", "ne", "dal", "fu", "per", "zo", "li", "gra", "bel", "tu", "xan", "o",
    "qui", "ra", "jo", "hel", "wi", "cy",
];

pub(super) const CANCERS: [&str; 14] = [
    "Colorectal",
    "Breast",
    "Bladder",
    "NSCLC",
    "Ovarian",
    "Melanoma",
    "Gastric",
    "Pancreatic",
    "Prostate",
    "Head and neck",
    "Multiple myeloma",
    "Mantle Cell Lymphoma",
    "Multi-solid",
    "Esophageal",
];

pub(super) const APPROACHES: [&str; 5] =
    ["Tumor-informed", "Tumor-na\u{ef}ve", "Tumor-informed (WGS)", "Tumor-na\u{ef}ve (methylation)", "Tumor-agnostic"];

pub(super) const SETTINGS: [&str; 4] = ["Post-Surgery", "Surveillance", "Neoadjuvant", "Post-Adjuvant"];

pub(super) const SCOPES: [&str; 5] = [
    "Single-cancer (CRC)",
    "Multi-cancer (MCED)",
    "Single-cancer (Lung)",
    "Single-cancer (HCC/Liver)",
    "Single-cancer (Bladder)",
];

pub(super) const PRODUCTS: [&str; 3] = ["Central Lab Service", "Laboratory IVD Kit", "Central Lab Service"];

pub(super) const SAMPLES: [&str; 4] = ["Blood/Plasma", "Tissue", "Tissue/Blood", "Bone Marrow/Blood"];

/// Statuses without a regulator's consent.
pub(super) const UNAPPROVED: [&str; 8] = [
    "CLIA LDT",
    "CLIA LDT \u{2013} NOT FDA approved",
    "LDT in CLIA/CAP lab; not FDA-approved",
    "CLIA LDT; FDA Breakthrough Device designation",
    "CE-IVD",
    "CE-IVDR; FDA clearance pending",
    "Research Use Only (RUO)",
    "Investigational \u{2013} pivotal trial ongoing",
];

/// Statuses with a regulator's consent.
pub(super) const APPROVED: [&str; 4] =
    ["FDA-approved PMA", "FDA-cleared; CE-IVDR", "FDA De Novo authorized", "FDA-approved CDx; CE-IVD (plasma)"];

pub(super) const PAYMENTS: [&str; 6] =
    ["Medicare", "Coverage varies", "Self-pay", "Not established", "Coverage emerging", "Medicare + Commercial"];

pub(super) const BIOMARKERS: [&str; 7] = ["SNVs", "Indels", "CNAs", "Rearrangements", "TMB", "MSI", "HRD"];
