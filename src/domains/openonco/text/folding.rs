//! Spelling that makes no difference: case, diacritics, dashes, trade marks, Greek letters, white space.

use std::borrow::Cow;

/// Letters with diacritics, beside the plain letters that people type for them.
const PLAIN: &[(&str, &str)] = &[
    ("\u{e0}\u{e1}\u{e2}\u{e3}\u{e4}\u{e5}\u{101}\u{103}\u{105}", "a"),
    ("\u{e7}\u{107}\u{109}\u{10b}\u{10d}", "c"),
    ("\u{10f}\u{111}\u{f0}", "d"),
    ("\u{e8}\u{e9}\u{ea}\u{eb}\u{113}\u{115}\u{117}\u{119}\u{11b}", "e"),
    ("\u{11d}\u{11f}\u{121}\u{123}", "g"),
    ("\u{125}\u{127}", "h"),
    ("\u{ec}\u{ed}\u{ee}\u{ef}\u{129}\u{12b}\u{12d}\u{12f}\u{131}", "i"),
    ("\u{135}", "j"),
    ("\u{137}", "k"),
    ("\u{13a}\u{13c}\u{13e}\u{140}\u{142}", "l"),
    ("\u{f1}\u{144}\u{146}\u{148}", "n"),
    ("\u{f2}\u{f3}\u{f4}\u{f5}\u{f6}\u{f8}\u{14d}\u{14f}\u{151}", "o"),
    ("\u{155}\u{157}\u{159}", "r"),
    ("\u{15b}\u{15d}\u{15f}\u{161}\u{219}", "s"),
    ("\u{163}\u{165}\u{167}\u{21b}", "t"),
    ("\u{f9}\u{fa}\u{fb}\u{fc}\u{169}\u{16b}\u{16d}\u{16f}\u{171}\u{173}", "u"),
    ("\u{175}", "w"),
    ("\u{fd}\u{ff}\u{177}", "y"),
    ("\u{17a}\u{17c}\u{17e}", "z"),
    ("\u{e6}", "ae"),
    ("\u{153}", "oe"),
    ("\u{df}", "ss"),
    ("\u{fe}", "th"),
    ("\u{3b1}", "alpha"),
    ("\u{3b2}", "beta"),
    ("\u{3b3}", "gamma"),
    ("\u{3b4}", "delta"),
    ("\u{3b5}", "epsilon"),
    ("\u{3ba}", "kappa"),
    ("\u{3bb}", "lambda"),
    ("\u{3c3}\u{3c2}", "sigma"),
    ("\u{3c4}", "tau"),
    ("\u{3c9}", "omega"),
    // The Greek letter and the sign for micro look the same, and both stand for a millionth.
    ("\u{3bc}\u{b5}", "u"),
    ("\u{2018}\u{2019}\u{02bc}", "'"),
    ("\u{201c}\u{201d}", "\""),
    // Marks that say who owns a name, and not what it is.
    ("\u{2122}\u{00ae}\u{00a9}\u{2120}", ""),
];

/// Returns a text as it is compared: in lower case, without diacritics, dashes as spaces, one space between words.
#[must_use]
pub fn fold_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        push_folded(&mut out, letter);
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

fn push_folded(out: &mut String, letter: char) {
    if letter.is_ascii() {
        match letter {
            '-' => push_space(out),
            letter if letter.is_ascii_whitespace() => push_space(out),
            letter => out.push(letter.to_ascii_lowercase()),
        }
        return;
    }
    if letter.is_whitespace() || is_dash(letter) {
        return push_space(out);
    }
    // A letter may have been written as a plain one with a mark behind it.
    if is_combining(letter) {
        return;
    }
    for lower in letter.to_lowercase().filter(|lower| !is_combining(*lower)) {
        match PLAIN.iter().find(|(letters, _)| letters.contains(lower)) {
            Some((_, plain)) => out.push_str(plain),
            None => out.push(lower),
        }
    }
}

fn push_space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

const fn is_dash(letter: char) -> bool {
    matches!(letter, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' | '\u{ad}')
}

const fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// Tells whether a text contains a part that was folded already. Every character of the part counts as itself.
#[must_use]
pub fn contains_folded(text: &str, part: &str) -> bool {
    fold_quickly(text).contains(part)
}

/// Tells whether two texts are spelled the same; the second was folded already.
#[must_use]
pub fn equals_folded(text: &str, other: &str) -> bool {
    fold_quickly(text) == other
}

/// Folds a text, and copies nothing where it is folded already.
fn fold_quickly(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    if text.as_bytes().iter().all(is_plain) { Cow::Borrowed(text) } else { Cow::Owned(fold_text(text)) }
}

/// Returns the known words nearest to a word, the nearest first, at most five: those that contain it or are contained
/// in it, and those that are spelled alike.
#[must_use]
pub fn find_nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Vec<String> {
    // The word is the caller's and may be long; the distance takes time with its length.
    let word: String = fold_text(word).chars().take(64).collect();
    let mut ranked: Vec<(u64, &str)> = Vec::new();
    for one in known {
        let folded = fold_text(one);
        let likeness = strsim::jaro_winkler(&word, &folded);
        let holds = !word.is_empty() && (folded.contains(&word) || word.contains(&folded));
        if likeness >= 0.75 || holds {
            ranked.push((rank_likeness(likeness, holds), one));
        }
    }
    ranked.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    ranked.dedup_by(|one, other| one.1 == other.1);
    ranked.into_iter().take(5).map(|(_, one)| one.to_owned()).collect()
}

/// Ranks a word by its likeness in thousandths, those that hold the other before those that do not.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a likeness is a number from 0 to 1")]
fn rank_likeness(likeness: f64, holds: bool) -> u64 {
    (likeness * 1000.0) as u64 + if holds { 1000 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_makes_no_difference() {
        for (one, other) in [
            ("Tumor-na\u{ef}ve", "tumor naive"),
            ("Tumor-nai\u{308}ve", "TUMOR\u{2013}NA\u{cf}VE"),
            ("Signatera\u{2122}", "signatera"),
            ("TGF-\u{3b2}", "tgf beta"),
            ("  Exact\u{a0}Sciences ", "exact sciences"),
            ("20 \u{b5}L", "20 uL"),
            ("Stra\u{df}e", "strasse"),
        ] {
            assert_eq!(fold_text(one), fold_text(other), "{one}");
        }
        assert_ne!(fold_text("N_tera"), fold_text("Natera"));
        assert!(!contains_folded("Natera", &fold_text("%")));
        assert!(contains_folded("Foundation Medicine / Natera", &fold_text("NATERA")));
    }

    #[test]
    fn the_nearest_words_are_those_that_a_person_meant() {
        let known = ["Signatera", "Signatera Genome", "Reveal MRD", "Shield"];
        assert_eq!(find_nearest("Signatara", known), ["Signatera", "Signatera Genome"]);
        assert_eq!(find_nearest("Guardant Reveal", ["Reveal MRD", "Shield"]), Vec::<String>::new());
        assert_eq!(find_nearest("Tempus xT", ["Tempus xT CDx", "Shield"]), ["Tempus xT CDx"]);
    }
}
