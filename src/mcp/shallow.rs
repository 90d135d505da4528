//! Limits the nesting of a line: the parser would refuse the whole, and the request's id could not be told.

/// How deep a message may be nested; its arguments may be far less.
const DEPTH_MAX: usize = 64;

/// Replaces whatever is nested deeper than `DEPTH_MAX` in a line of JSON by a 0.
pub(super) fn limit_depth(line: &[u8]) -> Vec<u8> {
    let mut reader = LineReader::default();
    line.iter().filter_map(|byte| reader.filter_byte(*byte)).collect()
}

/// The state of a pass over a line.
#[derive(Debug, Default)]
struct LineReader {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl LineReader {
    /// Returns the byte to keep; `None` for one that is nested too deep.
    fn filter_byte(&mut self, byte: u8) -> Option<u8> {
        let output = (self.depth <= DEPTH_MAX).then_some(byte);
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'[' | b'{' => {
                self.depth += 1;
                // The bracket that is one too many becomes the 0.
                return output.map(|byte| if self.depth > DEPTH_MAX { b'0' } else { byte });
            }
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_text(text: &str) -> String {
        String::from_utf8(limit_depth(text.as_bytes())).unwrap()
    }

    fn nested(depth: usize) -> String {
        format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn what_is_nested_too_deep_is_a_number() {
        let plain = r#"{"a":["[[[{{{\"[[[",{"b":[]}],"c":"]]]}}}"}"#;
        assert_eq!(limit_text(plain), plain);
        assert_eq!(limit_text(&nested(DEPTH_MAX)), nested(DEPTH_MAX));
        let (open, close) = ("[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        for depth in [DEPTH_MAX + 1, DEPTH_MAX + 2, 10_000] {
            assert_eq!(limit_text(&nested(depth)), format!("{open}0{close}"));
        }
        let inner = r#"[{"x":"]"},[],{}],"y",{"z":[1]}"#;
        assert_eq!(limit_text(&format!("{open}{inner}{close}")), format!("{open}0,\"y\",0{close}"));
    }
}
