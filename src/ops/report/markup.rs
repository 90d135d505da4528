//! Escapes text for HTML, XML, SARIF messages and URIs, so that nothing from a database becomes markup.

use crate::model::shown::is_unsafe;

/// Returns text for a SARIF message: unfit characters become U+FFFD, and nothing reads as an embedded link.
#[must_use]
pub fn clean_text(text: &str) -> String {
    // SARIF viewers turn `[text](target)` in a message into a link.
    text.replace("](", "] (").chars().map(|c| if is_unfit(c) { '\u{FFFD}' } else { c }).collect()
}

/// Returns text for an element or a quoted attribute; characters that XML cannot hold become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_unfit(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// Returns whether XML 1.0 does not allow a character, or it changes the direction of the text around it.
fn is_unfit(c: char) -> bool {
    is_unsafe(c) && c != '\n' && c != '\t' || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Returns text as one segment of a URI's path: unreserved characters as they are, every other byte as %XX.
#[must_use]
pub fn encode_uri_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        // The unreserved characters of RFC 3986, section 2.3.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            escape("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;"
        );
        assert_eq!(
            escape("a\u{1b}[31m\u{0}\u{202e}\u{ffff}\u{85}b\tc\n"),
            format!("a{0}[31m{0}{0}{0}{0}b\tc\n", '\u{FFFD}')
        );
        assert_eq!(clean_text("[a](b) \u{1b}\u{202e}<"), format!("[a] (b) {0}{0}<", '\u{FFFD}'));
        assert_eq!(encode_uri_segment("lab 1/../\u{e9}?#"), "lab%201%2F..%2F%C3%A9%3F%23");
    }
}
