//! Reads the triggers of a table. SQLite stores their text only, so their events are parsed from it.

use rusqlite::Connection;

use super::open::FileLocation;
use super::sql;
use crate::targets::TargetError;
use crate::targets::trigger::{Trigger, TriggerEvent};

/// A word, or a quoted name, of a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TriggerWord {
    text: String,
    quoted: bool,
}

/// Reads the triggers of a table.
pub(super) fn read_triggers(
    connection: &Connection,
    place: &FileLocation,
    table: &str,
) -> Result<Vec<Trigger>, TargetError> {
    let failed = place.explainer("read the triggers");
    let mut statement = connection.prepare_cached(sql::TRIGGERS).map_err(&failed)?;
    let rows = statement.query_map([table], |row| {
        let declaration: Option<String> = row.get(1)?;
        Ok(Trigger { name: row.get(0)?, event: declaration.map_or(TriggerEvent::Any, |text| parse_event(&text)) })
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

impl TriggerWord {
    /// Returns whether the word is a keyword of SQL. A quoted name never is.
    fn is_keyword(&self, keyword: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(keyword)
    }
}

/// Parses the event from a declaration: the first of the three keywords names it, since nothing before it can hold one
/// unquoted.
fn parse_event(declaration: &str) -> TriggerEvent {
    let words = split_words(declaration);
    for (at, word) in words.iter().enumerate() {
        if word.is_keyword("INSERT") {
            return TriggerEvent::Insert;
        }
        if word.is_keyword("DELETE") {
            return TriggerEvent::Delete;
        }
        if word.is_keyword("UPDATE") {
            let rest = &words[at + 1..];
            if !rest.first().is_some_and(|word| word.is_keyword("OF")) {
                return TriggerEvent::Update(Vec::new());
            }
            let columns = rest.iter().skip(1).take_while(|word| !word.is_keyword("ON"));
            return TriggerEvent::Update(columns.map(|word| word.text.clone()).collect());
        }
    }
    TriggerEvent::Any
}

/// Returns whether a declaration contains a keyword of SQL, outside quotes and comments.
pub(super) fn mentions_word(declaration: &str, keyword: &str) -> bool {
    split_words(declaration).iter().any(|word| word.is_keyword(keyword))
}

/// Splits a declaration into words and quoted names, without punctuation and comments.
fn split_words(declaration: &str) -> Vec<TriggerWord> {
    let mut words = Vec::new();
    let mut rest = declaration;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '-' if rest.starts_with("--") => rest.split_once('\n').map_or("", |(_, after)| after),
            '/' if rest.starts_with("/*") => rest.split_once("*/").map_or("", |(_, after)| after),
            '"' | '`' | '\'' => quoted_word(&rest[1..], first, &mut words),
            '[' => quoted_word(&rest[1..], ']', &mut words),
            _ if is_name(first) => {
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                words.push(TriggerWord { text: rest[..end].to_owned(), quoted: false });
                &rest[end..]
            }
            _ => &rest[first.len_utf8()..],
        };
    }
    words
}

const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// Reads a quoted name up to its closing quote, where a doubled quote stands for one, and returns the rest of the text.
fn quoted_word<'t>(text: &'t str, quote: char, words: &mut Vec<TriggerWord>) -> &'t str {
    let mut name = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let doubled = c == quote && quote != ']' && chars.peek().is_some_and(|(_, next)| *next == quote);
        if doubled {
            chars.next();
        } else if c == quote {
            words.push(TriggerWord { text: name, quoted: true });
            return &text[at + c.len_utf8()..];
        }
        name.push(c);
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whatever_the_spelling() {
        let update = |columns: &[&str]| TriggerEvent::Update(columns.iter().map(|c| (*c).to_owned()).collect());
        for (declaration, expected) in [
            ("CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END", TriggerEvent::Insert),
            ("CREATE TRIGGER a DELETE ON t BEGIN SELECT 1; END", TriggerEvent::Delete),
            ("create trigger \"insert\" before /* insert */ update on t begin select 1; end", update(&[])),
            (
                "CREATE TRIGGER [delete] -- insert\n AFTER UPDATE OF a, \"b \"\"c\" ON t BEGIN END",
                update(&["a", "b \"c"]),
            ),
            ("CREATE TRIGGER a AFTER UPDATE OF \"on\" ON t BEGIN END", update(&["on"])),
            ("CREATE TRIGGER gr\u{f6}\u{df}e AFTER DELETE ON t BEGIN END", TriggerEvent::Delete),
            ("", TriggerEvent::Any),
        ] {
            assert_eq!(parse_event(declaration), expected, "{declaration}");
        }
    }
}
