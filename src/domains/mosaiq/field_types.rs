//! Field types: the numbers of TxField.Type_Enum and the words that people write for them.

/// Number and word of every type. The gaps in the numbering are the vendor's.
const TYPES: [(i64, &str); 20] = [
    (0, "unspecified"),
    (1, "static"),
    (2, "step_n_shoot"),
    (3, "setup"),
    (4, "kv_setup"),
    (5, "ct"),
    (6, "port"),
    (7, "fixed"),
    (8, "dynamic"),
    (9, "mv_ct"),
    (11, "arc"),
    (12, "skip_arcs"),
    (13, "vmat"),
    (14, "dmlc"),
    (15, "helical"),
    (16, "fixed_angle"),
    (17, "path"),
    (18, "shot"),
    (20, "user_defined"),
    (21, "pdr"),
];

pub(super) const WORDS: [&str; TYPES.len()] = words_of();

const fn words_of() -> [&'static str; TYPES.len()] {
    let mut words = [""; TYPES.len()];
    // A `for` loop cannot run in a constant: iterators are not const.
    let mut at = 0;
    while at < TYPES.len() {
        words[at] = TYPES[at].1;
        at += 1;
    }
    words
}

/// Accepted synonyms. They are never shown.
const ALIASES: [(i64, &str); 5] =
    [(2, "step_and_shoot"), (3, "portal"), (3, "portal_setup"), (4, "kv"), (14, "sliding_window")];

/// Parses a type given as a number or a word, in snake or kebab case, upper or lower.
///
/// # Errors
/// A sentence that lists the words.
pub(super) fn parse_type(text: &str) -> Result<i64, String> {
    let snake = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    for (number, word) in TYPES.iter().chain(&ALIASES) {
        if *word == snake || number.to_string() == snake {
            return Ok(*number);
        }
    }
    Err(format!("`{text}` is not a type of field: choose one of {}", render_words()))
}

pub(super) fn find_word(number: i64) -> Option<&'static str> {
    TYPES.iter().find(|(known, _)| *known == number).map(|(_, word)| *word)
}

pub(super) fn is_word(text: &str) -> bool {
    TYPES.iter().any(|(_, word)| *word == text)
}

fn render_words() -> String {
    TYPES.iter().map(|(number, word)| format!("{word} ({number})")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_mean_the_same() {
        for given in ["2", "step_n_shoot", "Step-N-Shoot", "STEP N SHOOT"] {
            assert_eq!(parse_type(given), Ok(2), "{given}");
        }
        for (given, number) in [("step-and-shoot", 2), ("portal", 3), ("kV", 4), ("Sliding Window", 14)] {
            assert_eq!(self::parse_type(given), Ok(number), "{given}");
        }
        for bad in ["", "10", "-1", "vmat2", "02"] {
            assert!(parse_type(bad).unwrap_err().contains("vmat (13)"), "{bad}");
        }
        assert!(TYPES.iter().all(|(number, word)| self::find_word(*number) == Some(*word)));
    }
}
