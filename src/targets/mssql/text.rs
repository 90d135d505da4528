//! Text in the code page of a collation, decoded and encoded exactly: no character is replaced by a similar one.

use encoding_rs::Encoding;

/// A code page whose every byte mfm decodes as SQL Server does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct CodePage(&'static Encoding);

impl std::fmt::Debug for CodePage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

impl CodePage {
    /// Returns the code page with a number of Windows; `None` for one that cannot be decoded exactly.
    pub(super) fn from_number(number: i64) -> Option<Self> {
        Some(Self(match number {
            874 => encoding_rs::WINDOWS_874,
            932 => encoding_rs::SHIFT_JIS,
            936 => encoding_rs::GBK,
            949 => encoding_rs::EUC_KR,
            950 => encoding_rs::BIG5,
            1250 => encoding_rs::WINDOWS_1250,
            1251 => encoding_rs::WINDOWS_1251,
            1252 => encoding_rs::WINDOWS_1252,
            1253 => encoding_rs::WINDOWS_1253,
            1254 => encoding_rs::WINDOWS_1254,
            1255 => encoding_rs::WINDOWS_1255,
            1256 => encoding_rs::WINDOWS_1256,
            1257 => encoding_rs::WINDOWS_1257,
            1258 => encoding_rs::WINDOWS_1258,
            65001 => encoding_rs::UTF_8,
            _ => return None,
        }))
    }

    /// Decodes bytes; `None` where encoding the text again would not give the same bytes.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        let text = self.0.decode_without_bom_handling_and_without_replacement(bytes)?;
        let same = text.is_ascii() || self.encode(&text).is_some_and(|again| again == bytes);
        same.then(|| text.into_owned())
    }

    /// Encodes a text; `None` where it has a character that the code page lacks.
    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        let (bytes, _, unmappable) = self.0.encode(text);
        (!unmappable).then(|| bytes.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_western_europe_comes_back() {
        let page = CodePage::from_number(1252).unwrap();
        let all: Vec<u8> = (0..=255).collect();
        let text = page.decode(&all).unwrap();
        assert_eq!(page.encode(&text).unwrap(), all);
        assert_eq!(page.decode(b"M\xfcller  ").unwrap(), "M\u{fc}ller  ");
        assert_eq!(page.encode("\u{20ac}").unwrap(), [0x80]);
        assert!(page.encode("\u{65e5}").is_none());
    }

    #[test]
    fn what_does_not_come_back_is_not_decoded() {
        assert!(CodePage::from_number(1253).unwrap().decode(b"\xaa").is_none(), "unassigned");
        assert!(CodePage::from_number(65001).unwrap().decode(b"\xff").is_none());
        assert!(CodePage::from_number(932).unwrap().decode(b"\x81").is_none(), "half a character");
        assert!(CodePage::from_number(437).is_none());
        assert!(CodePage::from_number(0).is_none());
    }
}
