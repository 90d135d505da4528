//! The frame of an HTML page that needs no network and no script.

use super::markup::escape;

/// A page: title and generator are text and get escaped, style and body are inserted as they are.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The title, as text.
    pub title: &'a str,
    /// The program that made it, as text.
    pub generator: &'a str,
    /// The style sheet, as CSS.
    pub style: &'a str,
    /// The content of the body, as HTML.
    pub body: &'a str,
}

impl Page<'_> {
    /// Returns the whole document.
    #[must_use]
    pub fn render(&self) -> String {
        let Self { title, generator, style, body } = *self;
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"generator\" content=\"{}\">\n<title>{}</title>\n<style>\n{style}</style>\n</head>\n\
             <body>\n{body}</body>\n</html>\n",
            escape(generator),
            escape(title)
        )
    }
}
