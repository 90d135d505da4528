//! Names of vendors that mean the same company. The name as written is never changed: a group stands beside it.

use super::folding::fold_text;

/// Endings that say in which form a company exists, or what it calls itself on a stock exchange.
const ENDINGS: [&str; 16] = [
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "llc",
    "corp",
    "corporation",
    "company",
    "co",
    "gmbh",
    "ag",
    "plc",
    "sa",
    "bv",
    "holdings",
    "ai",
];

/// Spellings that no rule explains, beside the group that they belong to. Each was seen in a published catalogue.
const KNOWN: [(&str, &str); 4] = [
    ("labcorp (personal genome diagnostics)", "labcorp pgdx"),
    ("labcorp/pgdx", "labcorp pgdx"),
    ("invitae (labcorp)", "labcorp invitae"),
    ("labcorp (invitae)", "labcorp invitae"),
];

/// Returns the group of a vendor's name: the same for `Tempus` and `Tempus AI`, `Natera` and `Natera, Inc.`.
#[must_use]
pub fn group_of(vendor: &str) -> String {
    let folded = fold_text(vendor);
    if let Some((_, group)) = KNOWN.iter().find(|(name, _)| *name == folded) {
        return (*group).to_owned();
    }
    let mut words: Vec<&str> =
        folded.split([' ', ',']).map(|word| word.trim_matches('.')).filter(|w| !w.is_empty()).collect();
    // A name that is nothing but endings stays as it is.
    while words.len() > 1 && words.last().is_some_and(|word| ENDINGS.contains(word)) {
        words.pop();
    }
    words.join(" ")
}

/// Tells whether a vendor's name holds a part, or is of the group that the part names. The part was folded already.
#[must_use]
pub fn matches_vendor(vendor: &str, part: &str, group: &str) -> bool {
    super::folding::contains_folded(vendor, part) || (!group.is_empty() && group_of(vendor) == group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_company_is_one_group() {
        for (one, other) in [
            ("Tempus", "Tempus AI"),
            ("Natera", "Natera, Inc."),
            ("Labcorp/PGDx", "Labcorp (Personal Genome Diagnostics)"),
            ("GRAIL", "Grail, LLC"),
        ] {
            assert_eq!(group_of(one), group_of(other), "{one}");
        }
        assert_ne!(group_of("Natera"), group_of("Foundation Medicine / Natera"));
        assert_ne!(group_of("Guardant Health"), group_of("ClearNote Health"));
        assert_eq!(group_of("AI"), "ai");
        assert!(matches_vendor("Tempus", &fold_text("Tempus AI"), &group_of("Tempus AI")));
    }
}
