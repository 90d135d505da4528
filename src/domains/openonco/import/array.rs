//! A JSON array, cut into the texts of its elements while its bytes arrive. Every byte goes somewhere.

use serde::de::IgnoredAny;

/// The largest record, in bytes: a thousand times larger than any that was published.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// An element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// What stands before it: the comma, and the white space on both sides of it.
    pub(super) lead: String,
    /// The element itself.
    pub(super) text: String,
}

/// Cuts an array into elements.
#[derive(Debug, Default)]
pub(super) struct ArrayCutter {
    place: Place,
    /// What came before the array's bracket, with the bracket.
    pub(super) opening: String,
    /// The bytes since the last element: between two of them, or behind all.
    between: Vec<u8>,
    element: Vec<u8>,
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// The bytes taken so far.
    taken: u64,
}

/// Where in the array the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the array.
    #[default]
    Before,
    /// Where an element, or at once the end, may follow.
    First,
    /// Where an element must follow.
    Expected,
    /// In an element.
    Inside,
    /// Behind an element.
    Behind,
    /// Behind the array.
    After,
}

impl ArrayCutter {
    /// Takes bytes, and returns the elements that they complete.
    ///
    /// # Errors
    /// What is wrong, and at which byte.
    pub(super) fn take_bytes(&mut self, bytes: &[u8]) -> Result<Vec<Element>, String> {
        let mut elements = Vec::new();
        for byte in bytes {
            self.take_byte(*byte, &mut elements)?;
            self.taken += 1;
        }
        Ok(elements)
    }

    fn take_byte(&mut self, byte: u8, elements: &mut Vec<Element>) -> Result<(), String> {
        match self.place {
            Place::Before => self.take_before(byte),
            Place::First | Place::Expected => self.begin_element(byte),
            Place::Inside => self.take_inside(byte, elements),
            Place::Behind => self.take_behind(byte),
            Place::After => self.take_space(byte, "behind the array"),
        }
    }

    fn take_before(&mut self, byte: u8) -> Result<(), String> {
        // A byte order mark is no JSON, but stands before the JSON of some programs, and is kept.
        let is_mark = [0xef, 0xbb, 0xbf].contains(&byte);
        if byte == b'[' {
            self.between.push(byte);
            self.opening = self.take_between()?;
            self.place = Place::First;
            return Ok(());
        }
        if is_mark {
            self.between.push(byte);
            return Ok(());
        }
        self.take_space(byte, "where the array should begin")
    }

    fn begin_element(&mut self, byte: u8) -> Result<(), String> {
        if byte.is_ascii_whitespace() {
            self.between.push(byte);
            return Ok(());
        }
        if byte == b']' && self.place == Place::First {
            self.between.push(byte);
            self.place = Place::After;
            return Ok(());
        }
        if [b',', b']', b'}', b':'].contains(&byte) {
            return Err(self.wrong_byte(byte, "where a record should begin"));
        }
        self.place = Place::Inside;
        (self.depth, self.in_text, self.escaped) = (0, false, false);
        self.take_inside(byte, &mut Vec::new())
    }

    fn take_inside(&mut self, byte: u8, elements: &mut Vec<Element>) -> Result<(), String> {
        let ends_bare = self.depth == 0 && !self.in_text && !self.element.is_empty();
        if ends_bare && (byte.is_ascii_whitespace() || byte == b',' || byte == b']') {
            elements.push(self.end_element()?);
            return self.take_behind(byte);
        }
        self.element.push(byte);
        if self.element.len() > RECORD_BYTES_MAX {
            return Err(format!(
                "the record that ends behind byte {} is larger than {RECORD_BYTES_MAX} bytes",
                self.taken
            ));
        }
        if self.in_text {
            self.in_text = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }

    fn take_behind(&mut self, byte: u8) -> Result<(), String> {
        match byte {
            b',' => self.place = Place::Expected,
            b']' => self.place = Place::After,
            byte if byte.is_ascii_whitespace() => {}
            byte => return Err(self.wrong_byte(byte, "behind a record")),
        }
        self.between.push(byte);
        Ok(())
    }

    fn take_space(&mut self, byte: u8, place: &str) -> Result<(), String> {
        if !byte.is_ascii_whitespace() {
            return Err(self.wrong_byte(byte, place));
        }
        self.between.push(byte);
        Ok(())
    }

    fn wrong_byte(&self, byte: u8, place: &str) -> String {
        format!("byte {}: `{}` {place}", self.taken + 1, char::from(byte).escape_default())
    }

    fn end_element(&mut self) -> Result<Element, String> {
        self.place = Place::Behind;
        let bytes = std::mem::take(&mut self.element);
        let text = self.to_text(bytes)?;
        if let Err(error) = serde_json::from_str::<IgnoredAny>(&text) {
            return Err(format!("the record that ends at byte {} is not JSON: {error}", self.taken));
        }
        Ok(Element { lead: self.take_between()?, text })
    }

    fn take_between(&mut self) -> Result<String, String> {
        let bytes = std::mem::take(&mut self.between);
        self.to_text(bytes)
    }

    fn to_text(&self, bytes: Vec<u8>) -> Result<String, String> {
        String::from_utf8(bytes).map_err(|_| format!("the text that ends at byte {} is not UTF-8", self.taken))
    }

    /// Ends the array, and returns what stands behind its last element, the bracket included.
    ///
    /// # Errors
    /// The array does not end.
    pub(super) fn finish(&mut self) -> Result<String, String> {
        if self.place != Place::After {
            return Err(format!("the array does not end; the file has {} bytes", self.taken));
        }
        self.take_between()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts a text in pieces of some bytes, and puts it together again.
    fn cut(text: &str, piece: usize) -> Result<(Vec<String>, String), String> {
        let mut cutter = ArrayCutter::default();
        let mut elements = Vec::new();
        for bytes in text.as_bytes().chunks(piece) {
            elements.extend(cutter.take_bytes(bytes)?);
        }
        let closing = cutter.finish()?;
        let mut whole = cutter.opening.clone();
        elements.iter().for_each(|element| whole += &format!("{}{}", element.lead, element.text));
        Ok((elements.into_iter().map(|element| element.text).collect(), whole + &closing))
    }

    #[test]
    fn every_byte_of_an_array_goes_somewhere_whatever_the_pieces() {
        for (text, count) in [
            ("[]", 0),
            (" [ \n ]\n", 0),
            ("[\n  {\n    \"a\": \"]},[\\\"\"\n  },\n  {}\n]\n", 2),
            ("\u{feff}[{\"a\":1} , {\"b\":[2,{}]},null,3 ,\"x\"]", 5),
            ("[\"\\\\\"]", 1),
            ("[{\"\u{fc}\":\"na\u{ef}ve\"}]", 1),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                let (elements, whole) = cut(text, piece).unwrap();
                assert_eq!((elements.len(), whole.as_str()), (count, text), "{piece}");
            }
        }
    }

    #[test]
    fn what_is_no_array_is_refused_with_its_place() {
        for text in ["", "{}", "[", "[1", "[1,]", "[,1]", "[1 2]", "[1]x", "[{\"a\":}]", "[\"a]", "[}", "[1]]", "[tru]"]
        {
            for piece in [1, 1000] {
                assert!(cut(text, piece).is_err(), "{text}");
            }
        }
        assert_eq!(cut("[1 2]", 9).unwrap_err(), "byte 4: `2` behind a record");
    }
}
