//! Digests that a client made of where its server is, told by the order in which they come; knows no message.

use super::answer::letters;

/// How many digits a digest has.
const DIGITS: usize = 64;

/// The digests that a client has named, in order: an operation's uid comes of the journal, which names the port.
#[derive(Default)]
pub(crate) struct Aliases(Vec<String>);

impl Aliases {
    /// Replaces the digests in what a client says, in two bytes a letter, and remembers them.
    pub(crate) fn learn(&mut self, said: &[u8]) -> Vec<u8> {
        let mut at = 0;
        while at < said.len() {
            let digits = said[at..].chunks_exact(2).take_while(|pair| is_digit(pair)).count();
            if digits == DIGITS {
                let digest: String = said[at..].chunks_exact(2).take(DIGITS).map(|pair| char::from(pair[0])).collect();
                if !self.0.contains(&digest) {
                    self.0.push(digest);
                }
            }
            at += (digits * 2).max(1);
        }
        self.masked(said)
    }

    /// Replaces the digests in what a server answers, however it writes them.
    pub(crate) fn masked(&self, bytes: &[u8]) -> Vec<u8> {
        self.swapped(bytes, |digest, alias| (digest, alias))
    }

    /// Puts the digests back.
    pub(crate) fn unmasked(&self, bytes: &[u8]) -> Vec<u8> {
        self.swapped(bytes, |digest, alias| (alias, digest))
    }

    fn swapped(&self, bytes: &[u8], order: fn(String, String) -> (String, String)) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for (nth, digest) in self.0.iter().enumerate() {
            let (from, to) = order(digest.clone(), format!("{nth:0DIGITS$}"));
            replace(&mut out, from.as_bytes(), to.as_bytes());
            replace(&mut out, &letters(&from), &letters(&to));
        }
        out
    }
}

fn is_digit(pair: &[u8]) -> bool {
    pair[1] == 0 && matches!(pair[0], b'0'..=b'9' | b'a'..=b'f')
}

/// Replaces bytes by as many others, in any case of letters.
pub(crate) fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let Some(last) = from.len().checked_sub(1) else { return };
    let mut at = 0;
    // A byte that stands nowhere in the text looked for rules out every place that would cover it.
    let mut known = [false; 256];
    for byte in from {
        known[usize::from(byte.to_ascii_lowercase())] = true;
        known[usize::from(byte.to_ascii_uppercase())] = true;
    }
    while at + last < bytes.len() {
        if !known[usize::from(bytes[at + last])] {
            at += from.len();
        } else if bytes[at..at + from.len()].eq_ignore_ascii_case(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
            at += from.len();
        } else {
            at += 1;
        }
    }
}
