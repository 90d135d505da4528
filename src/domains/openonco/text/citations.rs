//! Citations: texts of web addresses, separated by bars.

/// Hosts that are never a source: they are placeholders, or reach no further than one computer.
const NOWHERE: [&str; 6] = ["example", "localhost", "127.0.0.1", "test", "invalid", "example.com"];

/// Returns the parts of a text of citations: between bars, and between semicolons, with which some records part the
/// words of a reference from its address.
pub fn split_citations(text: &str) -> impl Iterator<Item = &str> {
    text.split(" | ").flat_map(|part| part.split("; ")).map(str::trim).filter(|part| !part.is_empty())
}

/// Tells whether a part of a citation is meant as a web address.
#[must_use]
pub fn is_address(part: &str) -> bool {
    let is_scheme = part.split("://").next().is_some_and(|scheme| !scheme.contains(char::is_whitespace));
    (part.contains("://") && is_scheme) || part.starts_with("www.") || part.starts_with("http")
}

/// Returns what is wrong with the shape of a web address; `None` where it can lead somewhere.
#[must_use]
pub fn find_dead_shape(address: &str) -> Option<&'static str> {
    let Some(rest) = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")) else {
        return Some("it begins with neither https:// nor http://");
    };
    if rest.contains("://") {
        return Some("it holds a second address");
    }
    if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("it holds white space");
    }
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    if !host.contains('.') || host.starts_with('.') || host.ends_with('.') || host.contains("..") {
        return Some("its host is no name of the internet");
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if NOWHERE.contains(&last) || NOWHERE.contains(&host) {
        return Some("its host is a placeholder");
    }
    None
}

/// Returns the address without what makes no difference, for comparing one with another.
#[must_use]
pub fn plain_address(address: &str) -> String {
    let rest = address.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    rest.split('#').next().unwrap_or_default().trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_can_lead_nowhere_is_dead() {
        for address in ["https://doi.org/10.1000/x(24)00232-0", "http://a.org", "https://pubmed.ncbi.nlm.nih.gov/1/"] {
            assert_eq!(find_dead_shape(address), None, "{address}");
        }
        for address in [
            "ttps://a.org",
            "https://",
            "https://doi",
            "https://a .org",
            "https://example.com/x",
            "https://a.orghttps://b.org",
            "www.a.org",
        ] {
            assert!(find_dead_shape(address).is_some(), "{address}");
        }
        assert_eq!(split_citations("https://a.org | https://b.org").count(), 2);
        let mixed: Vec<&str> =
            split_citations("Author A et al. 2024; https://a.org").filter(|part| is_address(part)).collect();
        assert_eq!(mixed, ["https://a.org"]);
        assert_eq!(plain_address("https://www.A.org/x/"), plain_address("http://a.org/x"));
    }
}
