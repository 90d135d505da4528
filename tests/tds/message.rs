//! A client's message: what kind it is, its SQL, its parameters, and the form in which two runs send the same; pure.

use sha2::{Digest as _, Sha256};

use super::alias::Aliases;
use super::packet::{ATTENTION, BATCH, BULK, Frame, LOGIN, PRELOGIN, RPC, TRANSACTION};

/// What a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Prelogin {
        encryption: u8,
    },
    /// A step of a TLS handshake, which travels as PRELOGIN does.
    Tls,
    Login(Box<Login>),
    Batch {
        sql: String,
    },
    Rpc {
        procedure: String,
        sql: String,
        parameters: Vec<u8>,
    },
    Bulk,
    Attention,
    Transaction {
        request: u16,
    },
    Other(u8),
}

/// Who logs in from where, and to which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) host: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) program: String,
    pub(crate) database: String,
}

/// A message, and where it stands among all that a server received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its number among all messages, from 1.
    pub(crate) number: usize,
    /// The number of its connection, from 1.
    pub(crate) connection: usize,
    /// Whether the client knows the number of a transaction that it is in; not every server tells.
    pub(crate) numbered: bool,
    pub(crate) kind: Kind,
    /// What two runs send alike: no packet number, no transaction's number, of a login the database alone.
    pub(crate) normal: Vec<u8>,
}

/// The transaction manager's requests.
pub(crate) const BEGIN: u16 = 5;
pub(crate) const COMMIT: u16 = 7;
pub(crate) const ROLLBACK: u16 = 8;

/// The number of `sp_executesql`.
const EXECUTE_SQL: u16 = 10;
/// The first byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;
const NVARCHAR: u8 = 0xe7;

impl Message {
    pub(crate) fn of(frame: &Frame, connection: usize, number: usize) -> Self {
        let (descriptor, rest) = match frame.kind {
            BATCH | RPC | TRANSACTION => without_headers(&frame.payload),
            _ => (0, frame.payload.as_slice()),
        };
        let kind = kind(frame.kind, rest);
        let mut normal = vec![frame.kind];
        match &kind {
            Kind::Prelogin { encryption } => normal.push(*encryption),
            Kind::Login(login) => normal.extend(login.database.bytes()),
            _ => normal.extend(unnumbered(rest)),
        }
        Self { number, connection, numbered: descriptor != 0, kind, normal }
    }

    /// Returns the same, as every client says it that calls its digests by other names.
    pub(crate) fn by(mut self, aliases: &mut Aliases) -> Self {
        if matches!(self.kind, Kind::Rpc { .. }) {
            self.normal = aliases.learn(&self.normal);
        }
        self
    }

    /// Returns what tells this message from others, wherever and whenever it is sent.
    pub(crate) fn key(&self) -> String {
        digest(&self.normal)
    }

    /// Returns the text of a batch or of `sp_executesql`; empty for all else.
    pub(crate) fn sql(&self) -> &str {
        match &self.kind {
            Kind::Batch { sql } | Kind::Rpc { sql, .. } => sql,
            _ => "",
        }
    }

    /// Tells whether the SQL starts with these words, in any case of letters.
    pub(crate) fn sql_starts(&self, words: &str) -> bool {
        let head: String = self.sql().trim_start().chars().take(words.chars().count()).collect();
        head.eq_ignore_ascii_case(words)
    }

    /// Tells whether the SQL holds this text, letter for letter.
    pub(crate) fn sql_holds(&self, text: &str) -> bool {
        self.sql().contains(text)
    }

    /// Describes it for a person.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Prelogin { encryption } => format!("PRELOGIN with encryption {encryption}"),
            Kind::Tls => "TLS handshake".to_owned(),
            Kind::Login(login) => format!("LOGIN to `{}`", login.database),
            Kind::Batch { sql } => format!("batch: {sql}"),
            Kind::Rpc { procedure, sql, parameters } => {
                format!("{procedure}: {sql}\n    parameters: {}", readable(parameters))
            }
            Kind::Bulk => format!("bulk data of {} bytes", self.normal.len() - 1),
            Kind::Attention => "attention".to_owned(),
            Kind::Transaction { request } => format!("transaction manager's request {request}"),
            Kind::Other(kind) => format!("message of type {kind}"),
        }
    }
}

/// Returns sixteen digits that stand for some bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the number of the client's transaction, and what follows the headers.
fn without_headers(payload: &[u8]) -> (u64, &[u8]) {
    let mut reader = Reader(payload);
    let Some(total) = reader.u32().and_then(|total| usize::try_from(total).ok()) else { return (0, payload) };
    let (Some(rest), true) = (payload.get(total..), total >= 4) else { return (0, payload) };
    let mut descriptor = 0;
    let mut headers = Reader(&payload[4..total]);
    while let Some(length) = headers.u32() {
        let body = length.checked_sub(4).and_then(|length| headers.take(usize::try_from(length).ok()?));
        let Some(mut header) = body.map(Reader) else { break };
        if header.u16() == Some(2) {
            descriptor = header.u64().unwrap_or(0);
        }
    }
    (descriptor, rest)
}

/// Replaces the digits at the end of the names of a session's own tables: how many it had before is no matter.
fn unnumbered(rest: &[u8]) -> Vec<u8> {
    let mut out = rest.to_vec();
    let mut own = false;
    // The two bytes of a letter may stand at any place.
    let mut at = 0;
    while at + 1 < out.len() {
        match [out[at], out[at + 1]] {
            [b'#', 0] => own = true,
            [letter, 0] if own && (letter == b'_' || letter.is_ascii_lowercase()) => {}
            [digit, 0] if own && digit.is_ascii_digit() => out[at] = b'0',
            _ => {
                own = false;
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    out
}

fn kind(kind: u8, rest: &[u8]) -> Kind {
    match kind {
        PRELOGIN if rest.first() == Some(&TLS_HANDSHAKE) => Kind::Tls,
        PRELOGIN => {
            Kind::Prelogin { encryption: prelogin_option(rest, 1).and_then(|o| o.first().copied()).unwrap_or(0) }
        }
        LOGIN => Kind::Login(Box::new(login(rest))),
        BATCH => Kind::Batch { sql: utf16(rest) },
        RPC => rpc(rest).unwrap_or(Kind::Other(RPC)),
        BULK => Kind::Bulk,
        ATTENTION => Kind::Attention,
        TRANSACTION => Kind::Transaction { request: Reader(rest).u16().unwrap_or(0) },
        other => Kind::Other(other),
    }
}

/// Returns an option of a PRELOGIN message, the client's or the server's.
pub(crate) fn prelogin_option(payload: &[u8], wanted: u8) -> Option<&[u8]> {
    for entry in payload.chunks_exact(5).take_while(|entry| entry[0] != 0xff) {
        if entry[0] == wanted {
            let start = usize::from(u16::from_be_bytes([entry[1], entry[2]]));
            let length = usize::from(u16::from_be_bytes([entry[3], entry[4]]));
            return payload.get(start..start + length);
        }
    }
    None
}

fn login(payload: &[u8]) -> Login {
    let field = |at: usize| {
        let mut place = Reader(payload.get(at..).unwrap_or_default());
        let (start, length) = (usize::from(place.u16()?), usize::from(place.u16()?));
        payload.get(start..start + length * 2)
    };
    let text = |at: usize| field(at).map(utf16).unwrap_or_default();
    let password: Vec<u8> = field(44).unwrap_or_default().iter().map(|byte| (byte ^ 0xa5).rotate_left(4)).collect();
    Login { host: text(36), user: text(40), password: utf16(&password), program: text(48), database: text(68) }
}

fn rpc(rest: &[u8]) -> Option<Kind> {
    let mut reader = Reader(rest);
    let length = reader.u16()?;
    let procedure = if length == u16::MAX {
        let id = reader.u16()?;
        if id == EXECUTE_SQL { "sp_executesql".to_owned() } else { format!("procedure {id}") }
    } else {
        utf16(reader.take(usize::from(length) * 2)?)
    };
    reader.u16()?;
    let mut sql = String::new();
    if procedure.eq_ignore_ascii_case("sp_executesql") {
        sql = reader.statement()?;
    }
    Some(Kind::Rpc { procedure, sql, parameters: reader.0.to_vec() })
}

/// Returns text of two bytes a letter.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// Returns parameters as their letters, with the bytes that are none in hexadecimal.
fn readable(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some([letter @ 0x20..0x7f, 0]) => {
                out.push(char::from(*letter));
                at += 2;
            }
            _ => {
                out.push_str(&format!("<{:02x}>", bytes[at]));
                at += 1;
            }
        }
    }
    out
}

/// Bytes, read from the front.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads the first parameter of `sp_executesql`, the statement.
    fn statement(&mut self) -> Option<String> {
        let [name] = self.array()?;
        self.take(usize::from(name) * 2)?;
        let [_status, kind] = self.array()?;
        if kind != NVARCHAR {
            return None;
        }
        let longest = self.u16()?;
        let _collation = self.take(5)?;
        if longest != u16::MAX {
            let length = self.u16()?;
            return Some(utf16(self.take(usize::from(length))?));
        }
        let _total = self.u64()?;
        let mut text = Vec::new();
        loop {
            match usize::try_from(self.u32()?).ok()? {
                0 => return Some(utf16(&text)),
                length => text.extend_from_slice(self.take(length)?),
            }
        }
    }
}
