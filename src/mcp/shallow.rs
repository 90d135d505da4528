//! Input without what is nested beyond any message: what no parser reads is no message, and would never be answered.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// How deep a message may be nested; its arguments may be far less.
const DEPTH_MAX: usize = 64;

/// Reads lines of JSON in which a 0 stands for whatever is nested deeper than 64 times.
#[derive(Debug)]
pub struct Shallow<R> {
    inner: R,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl<R> Shallow<R> {
    /// Reads from something.
    pub const fn new(inner: R) -> Self {
        Self { inner, depth: 0, in_text: false, escaped: false }
    }

    /// Returns what stands for a byte; nothing where it is nested too deep.
    fn pass(&mut self, byte: u8) -> Option<u8> {
        let kept = (self.depth <= DEPTH_MAX).then_some(byte);
        match byte {
            // A message is a line, and each begins anew.
            b'\n' => {
                (self.depth, self.in_text, self.escaped) = (0, false, false);
                return Some(byte);
            }
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'[' | b'{' => {
                self.depth += 1;
                return kept.map(|byte| if self.depth > DEPTH_MAX { b'0' } else { byte });
            }
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        kept
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Shallow<R> {
    fn poll_read(self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        loop {
            let before = buffer.filled().len();
            match Pin::new(&mut this.inner).poll_read(task, buffer) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            let read = buffer.filled().get(before..).unwrap_or_default().to_vec();
            let kept: Vec<u8> = read.iter().filter_map(|byte| this.pass(*byte)).collect();
            buffer.set_filled(before);
            buffer.put_slice(&kept);
            // Nothing would mean the end.
            if !kept.is_empty() || read.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(text: &str) -> String {
        let mut shallow = Shallow::new(());
        String::from_utf8(text.bytes().filter_map(|byte| shallow.pass(byte)).collect()).unwrap()
    }

    fn nested(depth: usize) -> String {
        format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn what_is_nested_too_deep_is_a_number() {
        let plain = r#"{"a":["[[[{{{\"[[[",{"b":[]}],"c":"]]]}}}"}"#;
        assert_eq!(passed(plain), plain);
        assert_eq!(passed(&nested(DEPTH_MAX)), nested(DEPTH_MAX));
        let (open, close) = ("[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        for depth in [DEPTH_MAX + 1, DEPTH_MAX + 2, 10_000] {
            assert_eq!(passed(&nested(depth)), format!("{open}0{close}"));
        }
        let inner = r#"[{"x":"]"},[],{}],"y",{"z":[1]}"#;
        assert_eq!(passed(&format!("{open}{inner}{close}")), format!("{open}0,\"y\",0{close}"));
        // What an earlier line left open does not reach into the next.
        assert_eq!(passed(&format!("{open}[[[\"\n{plain}")), format!("{open}0\n{plain}"));
    }
}
