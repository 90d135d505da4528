//! Documents: bytes that belong to an entry, kept in a chunk of their own so that bodies stay small and hold no data.

use crate::cbor::{CborError, Reader, Writer};
use crate::digest::Digest;

/// The most bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

const DOCUMENT: &str = "mfm/document/1";
const MEDIA_TYPE_BYTES_MAX: usize = 127;

/// Bytes with their media type. A body names it in `documents` by the digest of its chunk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Document {
    /// What the bytes are: `type/subtype` in lower case, without parameters; text is UTF-8.
    pub media_type: String,
    /// The bytes themselves.
    pub bytes: Vec<u8>,
}

impl Document {
    /// Returns the chunk that holds it: `["mfm/document/1", media type, bytes]`.
    ///
    /// # Errors
    /// [`CborError::Unexpected`] for what is no media type, or for more than [`DOCUMENT_BYTES_MAX`] bytes.
    pub fn to_chunk(&self) -> Result<Vec<u8>, CborError> {
        self.check()?;
        // 160: the domain tag, the media type of at most 127 bytes, and the heads.
        let mut out = Writer::with_capacity(self.bytes.len() + 160);
        out.write_array(3);
        out.write_text(DOCUMENT);
        out.write_text(&self.media_type);
        out.write_bytes(&self.bytes);
        Ok(out.into_bytes())
    }

    /// Returns the digest of its chunk.
    ///
    /// # Errors
    /// As [`Document::to_chunk`].
    pub fn digest(&self) -> Result<Digest, CborError> {
        self.to_chunk().map(|chunk| Digest::sha256(&chunk))
    }

    /// Reads a chunk. Bytes that writing the document again would not make are refused.
    ///
    /// # Errors
    /// Any [`CborError`].
    pub fn from_chunk(chunk: &[u8]) -> Result<Self, CborError> {
        let mut input = Reader::new(chunk);
        input.expect_array(3)?;
        if input.read_text()? != DOCUMENT {
            return Err(CborError::Unexpected("a document"));
        }
        let out = Self { media_type: input.read_text()?.to_owned(), bytes: input.read_bytes()?.to_vec() };
        input.expect_end()?;
        if out.to_chunk()? == chunk { Ok(out) } else { Err(CborError::NotDeterministic) }
    }

    fn check(&self) -> Result<(), CborError> {
        if self.bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(CborError::Unexpected("a document of at most 16 MiB"));
        }
        if is_media_type(&self.media_type) { Ok(()) } else { Err(CborError::Unexpected("a media type")) }
    }
}

fn is_media_type(text: &str) -> bool {
    text.len() <= MEDIA_TYPE_BYTES_MAX
        && text.split_once('/').is_some_and(|(kind, subtype)| is_restricted_name(kind) && is_restricted_name(subtype))
}

/// Tells whether a text is a `restricted-name` of RFC 6838, section 4.2, in lower case.
fn is_restricted_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"!#$&-^_.+".contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_document(media_type: &str, bytes: &[u8]) -> Document {
        Document { media_type: media_type.to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn a_document_comes_back_from_its_chunk() {
        for one in [
            build_document("application/json", b"{}"),
            build_document("text/plain", b""),
            build_document("image/svg+xml", b"x"),
        ] {
            assert_eq!(Document::from_chunk(&one.to_chunk().unwrap()).unwrap(), one);
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for media_type in
            ["", "text", "/plain", "text/", "Text/plain", "text/plain; charset=utf-8", "text/a/b", "a b/c"]
        {
            assert!(build_document(media_type, b"x").to_chunk().is_err(), "{media_type}");
        }
        assert!(build_document("text/plain", &vec![0; DOCUMENT_BYTES_MAX + 1]).to_chunk().is_err());
        let mut chunk = build_document("text/plain", b"x").to_chunk().unwrap();
        chunk.push(0);
        assert!(Document::from_chunk(&chunk).is_err(), "bytes follow");
        // The length of one byte in a longer head than it needs.
        let long = [&chunk[..chunk.len() - 3], &[0x58, 1, b'x']].concat();
        assert_eq!(Document::from_chunk(&long), Err(CborError::NotDeterministic));
    }
}
