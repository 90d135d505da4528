//! Server answers: those that a double makes up, whether one says that it failed, and what of one is never twice alike.

use super::message::utf16;
use super::packet;

const ENVIRONMENT: u8 = 0xe3;
const ERROR: u8 = 0xaa;
const INFO: u8 = 0xab;
const LOGGED_IN: u8 = 0xad;
const ORDER: u8 = 0xa9;
const RETURN_STATUS: u8 = 0x79;
const DONE: u8 = 0xfd;
const DONE_LAST: u8 = 0xff;
/// A token DONE: its type, status, command and count of rows.
const DONE_BYTES: usize = 13;
const DONE_ERROR: u8 = 2;
const DONE_ATTENTION: u8 = 0x20;
/// The environment's changes that carry a transaction's number: begun, committed, rolled back, ended.
const ROLLED_BACK: u8 = 10;
const TRANSACTION_CHANGES: [u8; 4] = [8, 9, ROLLED_BACK, 17];
/// The number that every recorded transaction has.
const TRANSACTION: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
/// What a server that cannot encrypt says of encryption.
pub(crate) const NOT_SUPPORTED: u8 = 2;
/// What a server says that encrypts everything.
pub(crate) const ON: u8 = 1;
/// A fatal TLS alert: no agreement on how to encrypt.
pub(crate) const TLS_ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 40];

/// Tells whether the last word of an answer is that it failed.
pub(crate) fn failed(answer: &[u8]) -> bool {
    let Some(last) = answer.len().checked_sub(DONE_BYTES).map(|at| &answer[at..]) else { return false };
    (DONE..=DONE_LAST).contains(&last[0]) && last[1] & DONE_ERROR != 0
}

/// Returns what a server calls itself when it lets somebody in.
pub(crate) fn server(answer: &[u8]) -> Option<String> {
    let (at, _) = tokens(answer).into_iter().find(|(at, _)| answer[*at] == LOGGED_IN)?;
    let length = usize::from(*answer.get(at + 8)?) * 2;
    let name = utf16(answer.get(at + 9..at + 9 + length)?);
    let version = answer.get(at + 9 + length..at + 13 + length)?;
    let build = u16::from_be_bytes([version[2], version[3]]);
    Some(format!("{} {}.{}.{build}", name.trim_end_matches('\0'), version[0], version[1]))
}

/// Returns what a server calls its machine where it tells or complains.
pub(crate) fn machine(answer: &[u8]) -> Option<String> {
    let (at, _) = tokens(answer).into_iter().find(|(at, _)| [INFO, ERROR].contains(&answer[*at]))?;
    let text = answer.get(at + 9..at + 11)?;
    let name = at + 11 + usize::from(u16::from_le_bytes([text[0], text[1]])) * 2;
    let length = usize::from(*answer.get(name)?) * 2;
    Some(utf16(answer.get(name + 1..name + 1 + length)?))
}

/// Returns where each token stands and how long it is, up to the first that has rows.
fn tokens(answer: &[u8]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&token) = answer.get(at) {
        let length = match token {
            ENVIRONMENT | INFO | ERROR | ORDER | LOGGED_IN => match answer.get(at + 1..at + 3) {
                Some(length) => 3 + usize::from(u16::from_le_bytes([length[0], length[1]])),
                None => break,
            },
            RETURN_STATUS => 5,
            DONE..=DONE_LAST => DONE_BYTES,
            _ => break,
        };
        if at + length > answer.len() {
            break;
        }
        out.push((at, length));
        at += length;
    }
    out
}

/// Returns an answer with a transaction's number, which the server counts up, replaced by a fixed one.
pub(crate) fn normal(answer: &[u8]) -> Vec<u8> {
    let mut out = answer.to_vec();
    for (at, length) in tokens(answer) {
        if answer[at] == ENVIRONMENT && answer.get(at + 3).is_some_and(|kind| TRANSACTION_CHANGES.contains(kind)) {
            renumber(&mut out[at + 4..at + length]);
        }
    }
    out
}

fn renumber(values: &mut [u8]) {
    let mut at = 0;
    while let Some(&length) = values.get(at) {
        let end = at + 1 + usize::from(length);
        if let (8, Some(value)) = (length, values.get_mut(at + 1..end)) {
            value.copy_from_slice(&TRANSACTION);
        }
        at = end;
    }
}

/// Returns a server's PRELOGIN, with what it says of encryption.
pub(crate) fn prelogin(encryption: u8) -> Vec<u8> {
    let options: [(u8, &[u8]); 4] = [(0, &[16, 0, 0, 0, 0, 0]), (1, &[encryption]), (2, &[0]), (4, &[0])];
    let (mut entries, mut values) = (Vec::new(), Vec::new());
    for (option, value) in options {
        let start = options.len() * 5 + 1 + values.len();
        entries.push(option);
        entries.extend(u16::try_from(start).expect("it is short").to_be_bytes());
        entries.extend(u16::try_from(value.len()).expect("it is short").to_be_bytes());
        values.extend_from_slice(value);
    }
    [entries, vec![0xff], values].concat()
}

/// Returns the answer to a login that succeeds.
pub(crate) fn logged_in() -> Vec<u8> {
    let mut body = vec![1, 0x74, 0, 0, 4];
    body.extend(short_text("Microsoft SQL Server"));
    body.extend([16, 0, 0, 0]);
    [token(LOGGED_IN, &body), done()].concat()
}

/// Returns an answer without rows or errors.
pub(crate) fn done() -> Vec<u8> {
    done_with(0)
}

/// Returns the answer to an attention.
pub(crate) fn attention() -> Vec<u8> {
    done_with(DONE_ATTENTION)
}

/// Returns an answer that is an error; `ends_transaction` where the server rolled back.
pub(crate) fn error(number: u32, class: u8, text: &str, ends_transaction: bool) -> Vec<u8> {
    let mut body = number.to_le_bytes().to_vec();
    body.extend([1, class]);
    body.extend(long_text(text));
    body.extend(short_text("double"));
    body.extend(short_text(""));
    body.extend(1_u32.to_le_bytes());
    let mut out = token(ERROR, &body);
    if ends_transaction {
        out.extend(token(ENVIRONMENT, &[&[ROLLED_BACK, 0, 8], TRANSACTION.as_slice()].concat()));
    }
    out.extend(done_with(DONE_ERROR));
    out
}

/// Packs an answer as a server sends it.
pub(crate) fn packed(answer: &[u8]) -> Vec<u8> {
    packet::Frame::answer(answer).bytes
}

fn done_with(status: u8) -> Vec<u8> {
    let mut out = vec![0; DONE_BYTES];
    (out[0], out[1]) = (DONE, status);
    out
}

fn token(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a token is short");
    [&[kind], length.to_le_bytes().as_slice(), body].concat()
}

fn short_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.encode_utf16().count()).expect("it is short");
    [vec![length], letters(text)].concat()
}

fn long_text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.encode_utf16().count()).expect("it is short");
    [length.to_le_bytes().to_vec(), letters(text)].concat()
}

/// Returns text in two bytes a letter.
pub(crate) fn letters(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
