//! Packets of TDS: read into whole messages, and cut back into packets; knows nothing of what they say.

use std::io::{Error, ErrorKind, Read, Result};

/// The bytes before each packet's content: type, status, length, process, number, window.
pub(crate) const HEADER_BYTES: usize = 8;
/// The size of a packet that every client takes.
pub(crate) const PACKET_BYTES: usize = 4096;
/// The status bit of a message's last packet.
const LAST: u8 = 1;

/// Packet types.
pub(crate) const BATCH: u8 = 1;
pub(crate) const RPC: u8 = 3;
pub(crate) const ANSWER: u8 = 4;
pub(crate) const ATTENTION: u8 = 6;
pub(crate) const BULK: u8 = 7;
pub(crate) const TRANSACTION: u8 = 14;
pub(crate) const LOGIN: u8 = 16;
pub(crate) const PRELOGIN: u8 = 18;

/// A whole message: its type, what it holds, and the bytes as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

impl Frame {
    /// Packs a message into packets of at most `packet_bytes` each.
    pub(crate) fn pack(kind: u8, payload: &[u8], packet_bytes: usize) -> Self {
        let mut chunks: Vec<&[u8]> = payload.chunks(packet_bytes - HEADER_BYTES).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let mut bytes = Vec::new();
        let mut id = 1_u8;
        for (at, chunk) in chunks.iter().enumerate() {
            let length = u16::try_from(chunk.len() + HEADER_BYTES).expect("a packet is short");
            bytes.extend([kind, if at + 1 == chunks.len() { LAST } else { 0 }]);
            bytes.extend(length.to_be_bytes());
            bytes.extend([0, 0, id, 0]);
            bytes.extend_from_slice(chunk);
            id = id.wrapping_add(1);
        }
        Self { kind, payload: payload.to_vec(), bytes }
    }

    /// Packs an answer as a server sends it.
    pub(crate) fn answer(payload: &[u8]) -> Self {
        Self::pack(ANSWER, payload, PACKET_BYTES)
    }
}

/// Reads one message; `None` where the other side hung up between two.
///
/// # Errors
/// An end in the middle of a message, and packets that do not belong together.
pub(crate) fn read(from: &mut impl Read) -> Result<Option<Frame>> {
    let mut whole = Frame { kind: 0, payload: Vec::new(), bytes: Vec::new() };
    loop {
        let Some(header) = header(from, whole.bytes.is_empty())? else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if length < HEADER_BYTES || (!whole.bytes.is_empty() && whole.kind != header[0]) {
            return Err(Error::new(ErrorKind::InvalidData, format!("no TDS packet begins with {header:02x?}")));
        }
        whole.kind = header[0];
        whole.bytes.extend_from_slice(&header);
        let start = whole.bytes.len();
        whole.bytes.resize(start + length - HEADER_BYTES, 0);
        from.read_exact(&mut whole.bytes[start..])?;
        whole.payload.extend_from_slice(&whole.bytes[start..]);
        if header[1] & LAST != 0 {
            return Ok(Some(whole));
        }
    }
}

fn header(from: &mut impl Read, may_end: bool) -> Result<Option<[u8; HEADER_BYTES]>> {
    let mut header = [0; HEADER_BYTES];
    let mut filled = 0;
    while filled < HEADER_BYTES {
        match from.read(&mut header[filled..]) {
            Ok(0) if filled == 0 && may_end => return Ok(None),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(more) => filled += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(header))
}
