//! What a status says about approval: prose such as "CLIA LDT - not FDA approved" as one class.

use super::folding::fold_text;

/// The classes, from what a regulator said for it to what nobody says anything about.
pub const CLASSES: [&str; 10] = [
    "approved",
    "cleared",
    "authorized",
    "ce_ivd",
    "other_regulator",
    "ldt",
    "investigational",
    "research_use",
    "discontinued",
    "unknown",
];

/// Words of a regulator's consent, each with its class.
const CONSENTS: [(&str, &str); 7] = [
    ("approved", "approved"),
    ("approval", "approved"),
    ("cleared", "cleared"),
    ("clearance", "cleared"),
    ("authorized", "authorized"),
    ("authorised", "authorized"),
    ("authorization", "authorized"),
];

/// Words that take a consent back, or put it into the future, if they stand in the same part of a sentence.
const DENIALS: [&str; 16] = [
    "not",
    "non",
    "no",
    "never",
    "without",
    "pending",
    "planned",
    "expected",
    "submitted",
    "submission",
    "application",
    "anticipated",
    "seeking",
    "ongoing",
    "via",
    "under",
];

/// What the word `approved` may be about, other than the test itself.
const OTHER_THINGS: [&str; 3] = ["built on", "component", "platform; not"];

/// Returns the class of a status; `unknown` for an empty one and for one that says nothing of the kind.
///
/// Each part between semicolons and full stops is read alone, so that "LDT; not FDA-approved" is an LDT and
/// "FDA-approved
/// (tissue); CE-IVD (plasma)" is approved. A status without its regulator's name counts as the FDA's, except where
/// another
/// one is named.
#[must_use]
pub fn class_of(status: &str) -> &'static str {
    let folded = fold_text(status);
    if folded.contains("discontinued") || folded.contains("no longer available") {
        return "discontinued";
    }
    let parts: Vec<&str> = split_parts(&folded).collect();
    for (word, class) in CONSENTS {
        if parts.iter().any(|part| consents(part, word) && !names_another_regulator(part)) {
            return class;
        }
    }
    class_without_consent(&folded, &parts)
}

fn class_without_consent(folded: &str, parts: &[&str]) -> &'static str {
    let has_word = |word: &str| split_words(folded).any(|one| one == word);
    if has_word("ldt") || has_word("ldts") || has_word("clia") {
        return "ldt";
    }
    let is_marked = |part: &&str| (part.contains("ce ivd") || part.contains("ivdr")) && !part.contains("pending");
    if parts.iter().any(is_marked) {
        return "ce_ivd";
    }
    if has_word("ruo") || folded.contains("research use") {
        return "research_use";
    }
    if parts.iter().any(|part| CONSENTS.iter().any(|(word, _)| consents(part, word))) || has_word("ukca") {
        return "other_regulator";
    }
    let is_tried = ["investigational", "pre commercial", "pivotal", "submitted", "breakthrough"];
    if is_tried.iter().any(|word| folded.contains(word)) { "investigational" } else { "unknown" }
}

/// Parts of a status that are read alone. A full stop only parts where a space follows, as not in "510.5".
fn split_parts(folded: &str) -> impl Iterator<Item = &str> {
    folded.split([';', '|', '(', ')']).flat_map(|part| part.split(". ")).map(str::trim).filter(|part| !part.is_empty())
}

fn split_words(part: &str) -> impl Iterator<Item = &str> {
    part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Tells whether a part says that somebody consented, and does not take it back.
fn consents(part: &str, word: &str) -> bool {
    if !split_words(part).any(|one| one == word) || OTHER_THINGS.iter().any(|other| part.contains(other)) {
        return false;
    }
    // "Accredited; NYSDOH approved" is a laboratory's licence, and says nothing about the test.
    !part.contains("nysdoh") && !split_words(part).any(|one| DENIALS.contains(&one))
}

fn names_another_regulator(part: &str) -> bool {
    let others = ["nmpa", "mhlw", "pmda", "mhra", "tga", "china", "japan"];
    !part.contains("fda") && others.iter().any(|other| part.contains(other))
}

/// Tells whether a status matches what a person asks for: the part occurs in it, and where the part says that somebody
/// consented, so does the status. "FDA-approved" does not match "not FDA-approved".
#[must_use]
pub fn matches_status(status: &str, part: &str) -> bool {
    let folded = fold_text(status);
    if !folded.contains(part) {
        return false;
    }
    let asked = CONSENTS.iter().find(|(word, _)| split_words(part).any(|one| one == *word));
    let Some((word, _)) = asked else { return true };
    // Who asks for a denial gets it.
    if split_words(part).any(|one| DENIALS.contains(&one)) {
        return true;
    }
    split_parts(&folded).any(|one| consents(one, word))
}

/// Tells whether a status denies that somebody consented, and nowhere says the opposite.
#[must_use]
pub fn denies_consent(status: &str) -> bool {
    let folded = fold_text(status);
    let denies = |part: &str| {
        CONSENTS.iter().any(|(word, _)| split_words(part).any(|one| one == *word))
            && split_words(part).any(|one| one == "not")
    };
    !is_consent(class_of(status)) && split_parts(&folded).any(denies)
}

/// Tells whether a class is that of a regulator's consent.
#[must_use]
pub fn is_consent(class: &str) -> bool {
    ["approved", "cleared", "authorized"].contains(&class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_no_approval() {
        for (status, class) in [
            ("FDA-approved CDx", "approved"),
            ("FDA PMA Approved (December 2025)", "approved"),
            ("FDA-approved (tissue); CE-IVD (plasma)", "approved"),
            ("FDA-cleared IVD (2018); CE-IVDR (2024)", "cleared"),
            ("FDA De Novo authorized", "authorized"),
            ("FDA 510(k) cleared (Aug 2025); CE-IVDR; NMPA", "cleared"),
            ("CLIA LDT", "ldt"),
            ("CLIA LDT \u{2013} NOT FDA approved", "ldt"),
            ("LDT in CLIA/CAP lab; not FDA-approved", "ldt"),
            ("Clinical LDT \u{2013} built on FDA-approved platform; not separately FDA approved", "ldt"),
            ("CLIA LDT - Part of it component FDA approved; full one is LDT", "ldt"),
            ("PMA submitted Q2 2024 (Class III); currently LDT", "ldt"),
            ("CE-IVDR; FDA clearance pending", "ce_ivd"),
            ("NMPA approved (China)", "other_regulator"),
            ("Research Use Only (RUO)", "research_use"),
            ("Investigational \u{2013} FDA pivotal trial ongoing", "investigational"),
            ("DISCONTINUED - CLIA LDT no longer available", "discontinued"),
            ("Not FDA-approved (EU/International LDT)", "ldt"),
            ("", "unknown"),
        ] {
            assert_eq!(class_of(status), class, "{status}");
            assert!(CLASSES.contains(&class));
        }
    }

    #[test]
    fn who_asks_for_approved_gets_no_denial() {
        let asked = fold_text("FDA-approved");
        assert!(matches_status("FDA-approved PMA May 3 2024", &asked));
        assert!(matches_status("FDA-approved (tissue); not FDA-approved (plasma)", &asked));
        assert!(!matches_status("LDT; not FDA-approved", &asked));
        assert!(matches_status("LDT; not FDA-approved", &fold_text("not FDA-approved")));
        assert!(matches_status("CLIA LDT", &fold_text("ldt")));
        assert!(denies_consent("CLIA LDT - not FDA approved") && !denies_consent("FDA-approved"));
    }
}
