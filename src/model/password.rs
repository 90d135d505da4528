//! Passwords typed where they do not belong, hidden before the text is repeated in a message. Knows no kind of target.
//!
//! Hides on suspicion: a mistyped URL is treated as a URL, because a message must not repeat its password either.

/// The replacement of a password.
const HIDDEN: &str = "...";
/// Parts of the names of settings that hold passwords.
const NAMES: [&str; 6] = ["password", "passwd", "pwd", "passphrase", "secret", "token"];
/// The percent escapes of `@` and `:`, in lower case.
const AT: &str = "%40";
const COLON: &str = "%3a";

/// Returns an argument with its password hidden: the part between a user's colon and the last `@`, and the values of
/// settings that are named like passwords.
#[must_use]
pub fn hide_password(argument: &str) -> String {
    // A path has no login, and may contain any character.
    if argument.starts_with("sqlite:") {
        return argument.to_owned();
    }
    without_settings(&without_login(argument))
}

/// Returns a sentence with the passwords in its words hidden.
#[must_use]
pub fn hidden_in(sentence: &str) -> String {
    let sentence = without_broken_logins(sentence);
    let mut out = String::with_capacity(sentence.len());
    for part in sentence.split_inclusive(ends_word) {
        let word = part.trim_end_matches(ends_word);
        out += &hide_password(word);
        out += part.get(word.len()..).unwrap_or_default();
    }
    out
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "'\"`<>()[]{}\u{1b}".contains(c)
}

/// Hides passwords that contain blanks or quotes, which split one URL into several words: from a user's colon after a
/// scheme to the last `@`. A port is not a password.
fn without_broken_logins(sentence: &str) -> String {
    let Some(at) = sentence.rfind('@') else { return sentence.to_owned() };
    for (start, _) in sentence.match_indices("://") {
        let from = start + 3;
        let login = sentence.get(from..at).unwrap_or_default();
        let Some(colon) = login.find([':', '@', '/']).filter(|end| login.as_bytes().get(*end) == Some(&b':')) else {
            continue;
        };
        let secret = login.get(colon + 1..).unwrap_or_default();
        // Digits up to a separator are the port of a URL without a login.
        let behind = secret.trim_start_matches(|c: char| c.is_ascii_digit());
        if behind.len() < secret.len() && !behind.starts_with(char::is_alphanumeric) {
            continue;
        }
        let (before, place) = (sentence.get(..from + colon), sentence.get(at..));
        return format!("{}:{HIDDEN}{}", before.unwrap_or_default(), place.unwrap_or_default());
    }
    sentence.to_owned()
}

/// Tells whether an argument contains what could be a password.
#[must_use]
pub fn is_in(argument: &str) -> bool {
    hide_password(argument) != argument
}

fn without_login(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let question = text.find('?').unwrap_or(text.len());
    // An escaped `@` counts only before the query: in the value of a setting it belongs to the value.
    let escaped = || lower.get(..question).and_then(|before| before.rfind(AT));
    let Some(at) = text.rfind('@').or_else(escaped) else { return without_port(text) };
    let (login, place) = text.split_at(at);
    let from = user_start(login);
    let rest = login.get(from..).unwrap_or_default();
    let colon = [rest.find(':'), rest.to_ascii_lowercase().find(COLON)].into_iter().flatten().min();
    // After a scheme a mistyped separator counts like the colon: only a user's name may come before the `@`.
    let other = rest.find(['/', ';', ',', '|', '?', '#', ' ']).filter(|_| from > 0);
    match [colon, other].into_iter().flatten().min() {
        Some(end) => format!("{}:{HIDDEN}{place}", login.get(..from + end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns the index at which a user's name starts: after the scheme, as far as a scheme can be told from a user.
fn user_start(login: &str) -> usize {
    let lower = login.to_ascii_lowercase();
    let colon = [(lower.find(':'), 1), (lower.find(COLON), COLON.len())];
    let first = colon.into_iter().filter_map(|(at, long)| Some((at?, long))).min();
    let Some((at, long)) = first else { return skip_slashes(login, 0) };
    let scheme = lower.get(..at).unwrap_or_default();
    let behind = skip_slashes(login, at + long);
    let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    // Without slashes `mssql:sa` and `sa:secret` look alike: only a known scheme decides.
    let known_schemes = ["mssql", "sqlserver", "jdbc", "mongodb", "postgresql", "postgres", "mysql", "tds"];
    match scheme {
        "jdbc" => at + long + user_start(login.get(at + long..).unwrap_or_default()),
        _ if is_scheme && (behind > at + long || known_schemes.contains(&scheme)) => behind,
        _ => skip_slashes(login, 0),
    }
}

/// Returns the first index from `from` on that is not a slash or backslash, plain or escaped.
fn skip_slashes(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let long = if rest.starts_with(['/', '\\']) {
            1
        } else if rest.to_ascii_lowercase().starts_with("%2f") {
            3
        } else {
            0
        };
        if long == 0 {
            return at;
        }
        at += long;
    }
}

/// Hides what is in the place of a URL's port, if it is not a number: then the host is missing, and it is a password.
fn without_port(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.split_once(':') {
        Some((host, port)) if !port.chars().all(|c| c.is_ascii_digit()) && !authority.starts_with('[') => {
            format!("{scheme}://{host}:{HIDDEN}{path}")
        }
        _ => text.to_owned(),
    }
}

/// Hides the values of settings that are named like passwords: `password=x`, `PWD=x;`, `&token=x`.
fn without_settings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(['?', '&', ';']) {
        let (body, end) = match part.strip_suffix(['?', '&', ';']) {
            Some(body) => (body, part.get(body.len()..).unwrap_or_default()),
            None => (part, ""),
        };
        match body.find(['=', ':']) {
            Some(at) if is_secret(body.get(..at).unwrap_or_default()) && at + 1 < body.len() => {
                out.push_str(body.get(..=at).unwrap_or_default());
                out.push_str(HIDDEN);
            }
            _ => out.push_str(body),
        }
        out.push_str(end);
    }
    out
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // `password_file` names the source of a password, not the password.
    let source = name.ends_with("file");
    !source && (NAMES.iter().any(|secret| name.contains(secret)) || name.ends_with("pass") || name == "pw")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k6_a_password_is_hidden_in_urls_and_in_their_near_misses() {
        for text in [
            "mssql://sa:Tr0ub@host:1433/Copy",
            "mssql://sa:Tr0ub@4/dor?@host:1433/Copy",
            "mssql:/sa:Tr0ub@host/Copy",
            "mssql:sa:Tr0ub@host/Copy",
            "mssql//sa:Tr0ub@host/Copy",
            "mssq1://sa:Tr0ub@host/Copy",
            "MSSQL:\\\\sa:Tr0ub@host/Copy",
            "sqlserver://sa:Tr0ub@host;database=Copy",
            "jdbc:sqlserver://sa:Tr0ub@host",
            "jdbc:sqlserver://host;user=sa;password=Tr0ub;x=1",
            "sa:Tr0ub@host/Copy",
            "://sa:Tr0ub@host",
            "x://:Tr0ub@",
            "mssql://sa:Tr0ub/Copy",
            "mssql://sa:Tr0ub",
            "mssql://sa:Tr0ub?x=1",
            "mssql%3A%2F%2Fsa%3ATr0ub%40host%2FCopy",
            "mssql://sa%3ATr0ub@host/Copy",
            "mssql://sa%3aTr0ub%40host/Copy",
            "mssql://sa@host/Copy?password=Tr0ub",
            "mssql://sa@host/Copy?encrypt=on&PWD=Tr0ub",
            "Server=host;User Id=sa;Password=Tr0ub dor;",
            "mssql://sa@host/Copy;password=Tr0ub",
            "mssql://sa@host/Copy?pass=Tr0ub",
            "mssql://sa/Tr0ub@host/Copy",
            "mssql://sa;Tr0ub@host/Copy",
            "mssql://sa:Tr 0ub'Tr0ub\"@host/Copy",
            "--password=Tr0ub",
            "MFM_MSSQL_PASSWORD=Tr0ub",
        ] {
            let shown = hide_password(text);
            assert!(!shown.contains("Tr0ub") && is_in(text), "{text}: {shown}");
            let said = hidden_in(&format!("what is `{text}` about '{text}'?"));
            let settings = text.contains(' ') && !text.contains('@');
            assert!(settings || !said.contains("Tr0ub"), "{said}");
        }
        assert_eq!(hide_password("mssql:/sa:Tr0ub@host/Copy"), "mssql:/sa:...@host/Copy");
    }

    #[test]
    fn what_holds_no_password_stays() {
        for text in [
            "mssql://sa@host:1433/Copy?encrypt=on",
            "mssql://sa@host:1433/Copy?ca_file=/etc/a%40b.pem",
            "mssql://host:1433/Copy?ca_file=/etc/a%40b.pem",
            "mssql://a%40b@[::1]:1500/My%20Copy",
            "mssql://[::1]:1433/Copy",
            "sqlite:a:b@c",
            "sqlite:/tmp/password=x",
            "lab",
            "somebody@example.org",
            "--password-file=/run/secret",
            "12:30:00",
            "",
        ] {
            assert_eq!(hide_password(text), text);
            assert!(!is_in(text));
        }
        let said =
            "could not log in to mssql://sa@host:1433/Copy: the password (of `sa`) is set by MFM_MSSQL_PASSWORD\n";
        assert_eq!(hidden_in(said), said);
        let two = "mssql://host:1433/A is not 'mssql://sa@host:1433/B', said sa@host";
        assert_eq!(hidden_in(two), two);
    }
}
