//! What a domain offers agents to read beside its tools: answers of queries under addresses, and arguments of prompts.

/// A resource: the answer of a query, under an address.
#[derive(Debug)]
pub struct ResourceCard {
    /// The address; `{name}` stands for a parameter of the query.
    pub template: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its title, in a few words.
    pub title: &'static str,
    /// The query whose answer it is.
    pub query: &'static str,
}

/// An argument of a prompt; `{name}` in the prompt's text is replaced by it.
#[derive(Debug)]
pub struct ArgumentCard {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a few words.
    pub about: &'static str,
    /// What stands in the text where it was not given.
    pub absent: &'static str,
}

impl ResourceCard {
    /// Returns the values that an address has in the places of the template's names; `None` where it is another
    /// address.
    #[must_use]
    pub fn match_address(&self, address: &str) -> Option<Vec<(&'static str, String)>> {
        let mut values = Vec::new();
        let (mut template, mut rest) = (self.template, address);
        while let Some((before, after)) = template.split_once('{') {
            rest = rest.strip_prefix(before)?;
            let (name, behind) = after.split_once('}')?;
            // A value ends where the text behind it begins, and never holds a slash.
            let end = behind.chars().next().map_or(rest.len(), |next| rest.find(next).unwrap_or(rest.len()));
            let (value, left) = rest.split_at_checked(end)?;
            if value.is_empty() || value.contains('/') {
                return None;
            }
            values.push((name, value.to_owned()));
            (template, rest) = (behind, left);
        }
        (template == rest).then_some(values)
    }

    /// Tells whether the address has a place for a parameter.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.template.contains('{')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_the_parameters() {
        let card = ResourceCard { template: "tests://{category}/{id}", name: "", title: "", query: "" };
        let values = card.match_address("tests://mrd/mrd-7").unwrap();
        assert_eq!(values, [("category", "mrd".to_owned()), ("id", "mrd-7".to_owned())]);
        for other in ["tests://mrd", "tests://mrd/", "tests://mrd/a/b", "other://mrd/x", "tests:///x", ""] {
            assert_eq!(card.match_address(other), None, "{other}");
        }
        let fixed = ResourceCard { template: "tests://vendors", ..card };
        assert_eq!(fixed.match_address("tests://vendors"), Some(Vec::new()));
    }
}
