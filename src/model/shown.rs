//! Escaping text of foreign origin for screens, JSON, shells and spreadsheets.

use std::borrow::Cow;

/// Tells whether a character could drive a terminal, or make a text read as another one.
///
/// These are the control characters (C0, DEL, C1), those that change the direction of text, line and paragraph
/// separators, invisible characters, and tags.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    // The joiners U+200C and U+200D are not among them: names in some scripts, and emoji, need them.
    c.is_control()
        || matches!(
            c,
            '\u{61C}'
                | '\u{200B}'
                | '\u{200E}'
                | '\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// Escapes every unsafe character of a text of one line: a tab as `\t`, U+202E as `\u{202e}`.
#[must_use]
pub fn escape_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Escapes a text of several lines in the same way, except for its line breaks.
#[must_use]
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape_line).collect::<Vec<_>>().join("\n")
}

/// Escapes the unsafe characters of JSON text with JSON's own escapes, so that it parses to the same value.
#[must_use]
pub fn escape_json(text: &str) -> Cow<'_, str> {
    // Unescaped white space is layout between values: inside strings JSON has it escaped already.
    let to_escape = |c: char| is_unsafe(c) && !c.is_ascii_whitespace();
    // The common case is found without looking at single characters: of ASCII, JSON leaves only DEL unescaped.
    if text.is_ascii() && !text.contains('\u{7f}') || !text.contains(to_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if to_escape(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Tells whether text has no character that would have to be escaped.
#[must_use]
pub fn is_safe(text: &str) -> bool {
    !text.chars().any(is_unsafe)
}

/// Quotes text as one word of a shell's command line.
///
/// Single quotes, because a shell expands nothing inside them.
#[must_use]
pub fn quote_word(text: &str) -> String {
    // Windows paths contain backslashes, which its shells take literally.
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c) || (cfg!(windows) && c == '\\');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", escape_line(text).replace('\'', r"'\''"))
}

/// Guards text against being read as a formula by a spreadsheet: text that starts like a formula and is not a number
/// gets an apostrophe in front.
#[must_use]
pub fn guard_cell(text: &str) -> Cow<'_, str> {
    // The last four are the full-width forms of = + - @, which some spreadsheets accept too.
    let starts =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}']);
    let alone = text.chars().nth(1).is_none();
    if !starts || is_number(text) || (alone && text == "-") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{text}"))
}

/// Tells whether text is a decimal number: optional sign, digits with at most one point, optional exponent.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = digits.replacen('.', "", 1);
    all_digits(&whole) && all_digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k6_nothing_unsafe_reaches_a_screen() {
        assert_eq!(escape_line("a\u{1b}[31m\u{9b}2J\u{7f}\tb\r\n"), r"a\u{1b}[31m\u{9b}2J\u{7f}\tb\r\n");
        assert_eq!(
            escape_line("x\u{202e}y\u{2066}z\u{2069}\u{200e}\u{200f}\u{2028}\u{2029}\u{feff}").matches(r"\u{").count(),
            8
        );
        assert_eq!(escape_lines("a\nb\u{7}"), "a\nb\\u{7}");
        let people = "M\u{fc}ller, \u{5d0}\u{5d1}, \u{645}, \u{4e2d}, \u{1f469}\u{200d}\u{1f52c}, 10 \u{b5}m";
        assert_eq!(escape_line(people), people);
        assert!(is_safe(people) && !is_safe("a\nb"));
    }

    #[test]
    fn k6_json_says_the_same_without_anything_unsafe() {
        let text = serde_json::to_string("a\u{202e}b\u{9b}\n\u{7f}\u{e0041}").unwrap();
        let shown = escape_json(&text);
        assert!(is_safe(&shown), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), serde_json::from_str::<String>(&text).unwrap());
    }

    #[test]
    fn k6_a_word_is_one_word_of_a_shell_whatever_it_holds() {
        for plain in ["lab", "sqlite:/tmp/copy.db", "mssql://sa@host:1433/Copy"] {
            assert_eq!(quote_word(plain), plain);
        }
        for (text, quoted) in [
            ("", "''"),
            ("my copy", "'my copy'"),
            ("$(id)", "'$(id)'"),
            ("a'$(id)'b", r"'a'\''$(id)'\''b'"),
            ("~root", "'~root'"),
            ("a\nid", r"'a\nid'"),
            ("?a&b", "'?a&b'"),
        ] {
            assert_eq!(quote_word(text), quoted);
        }
    }

    #[test]
    fn k6_no_cell_is_a_formula_and_numbers_stay() {
        for number in ["-3.5", "+1", "-1e-7", "-.5", "0", "-", "", "a=b", "1-2", "-12.", "- "] {
            let shown = guard_cell(number);
            assert!(shown == number || number == "- ", "{number}: {shown}");
        }
        for formula in
            ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-1e", "--", "\u{ff1d}1", "-inf"]
        {
            assert_eq!(guard_cell(formula), format!("'{formula}"));
        }
    }
}
