//! Every SQL text that mfm sends to SQL Server, built from names that the catalogue gave. Values are always parameters.

pub(super) mod catalogue;
pub(super) mod lab;
pub(super) mod marks;
pub(super) mod own;
pub(super) mod rows;
pub(super) mod scan;
pub(super) mod session;
pub(super) mod writes;

/// Quotes a name as an identifier. Functions about permissions take names in this form too.
pub(super) fn quote_name(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// Quotes a table's name with its schema.
pub(super) fn qualify_name(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_name(schema), quote_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_their_own_quotes() {
        assert_eq!(quote_name("Index"), "[Index]");
        assert_eq!(quote_name("a]b; DROP TABLE x--"), "[a]]b; DROP TABLE x--]");
        assert_eq!(qualify_name("dbo", "Order Details"), "[dbo].[Order Details]");
    }
}
