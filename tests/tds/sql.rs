//! What a piece of T-SQL does to the database, by its words: opens or ends a transaction, writes; no parser.

/// Procedures that leave no trace in a database.
const HARMLESS: [&str; 5] = ["sp_executesql", "sp_getapplock", "sp_releaseapplock", "sp_set_session_context", "sp_who"];
/// How far behind CREATE, ALTER and DROP a table's name may stand.
const NAME_WITHIN: usize = 8;

/// What a text does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deeds {
    /// It begins a transaction and leaves it open.
    pub(crate) begins: bool,
    /// It commits one.
    pub(crate) commits: bool,
    /// It rolls one back, and not to a savepoint: those are not known here.
    pub(crate) rolls_back: bool,
    /// It changes something that outlives the session.
    pub(crate) writes: bool,
}

impl Deeds {
    pub(crate) fn of(sql: &str) -> Self {
        let words = words(sql);
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        let mut deeds = Self::default();
        for at in 0..words.len() {
            match word(at) {
                "begin" if matches!(word(at + 1), "tran" | "transaction") => deeds.begins = true,
                "rollback" => (deeds.rolls_back, deeds.begins) = (true, false),
                "commit" => (deeds.commits, deeds.begins) = (true, false),
                _ => deeds.writes |= writes(&words, at),
            }
        }
        deeds
    }
}

/// Tells whether the word at a place begins a write to something that is not the session's own.
fn writes(words: &[String], at: usize) -> bool {
    let follows = |skip: &[&str]| {
        words[at + 1..].iter().find(|word| *word != "tempdb" && !skip.contains(&word.as_str()) && !is_number(word))
    };
    let lasting = |name: Option<&String>| name.is_some_and(|name| !is_own(name));
    match words[at].as_str() {
        "insert" => lasting(follows(&["into", "bulk", "top"])),
        "update" => follows(&["top"]).is_some_and(|name| !is_own(name) && name != "statistics"),
        "delete" => lasting(follows(&["from", "top"])),
        "merge" => lasting(follows(&["into", "top"])),
        "into" => at > 0 && words[at - 1] != "insert" && words[at - 1] != "merge" && lasting(follows(&[])),
        "truncate" => lasting(follows(&["table"])),
        "create" | "alter" | "drop" => !words[at + 1..].iter().take(NAME_WITHIN).any(|word| is_own(word)),
        "exec" | "execute" => follows(&["sys", "dbo", "master"]).is_some_and(|name| !HARMLESS.contains(&name.as_str())),
        "grant" | "revoke" | "deny" | "dbcc" => true,
        _ => false,
    }
}

/// Tells whether a name is a temporary table's or a variable's.
fn is_own(name: &str) -> bool {
    name.starts_with('@') || (name.starts_with('#') && !name.starts_with("##"))
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the words of a text in small letters, without its strings and comments; a quoted name keeps its bracket,
/// so that it is no keyword, unless it is a temporary table's.
fn words(sql: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (length, word) = match first {
            '\'' => (quoted(rest, '\''), false),
            '[' => (quoted(rest, ']'), true),
            '"' => (quoted(rest, '"'), true),
            '-' if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |at| at + 2), false),
            _ if is_letter(first) => (rest.find(|c| !is_letter(c)).unwrap_or(rest.len()), true),
            _ => (first.len_utf8(), false),
        };
        if word {
            let text = rest[..length].to_ascii_lowercase();
            let bare = text.trim_matches(['[', ']', '"']);
            out.push(if bare.starts_with('#') { bare.to_owned() } else { text });
        }
        rest = &rest[length..];
    }
    out
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$')
}

/// Returns how long a quoted text is, in which a doubled quote stands for one.
fn quoted(text: &str, close: char) -> usize {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = inside.next() {
        if c == close && inside.next_if(|(_, next)| *next == close).is_none() {
            return at + c.len_utf8();
        }
    }
    text.len()
}
