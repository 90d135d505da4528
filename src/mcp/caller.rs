//! Who calls: the client's name and version, what it can show, and whether it can ask its person. All of it is the
//! client's own word.

use rmcp::model::{ClientCapabilities, Implementation, ProtocolVersion};
use rmcp::service::{RequestContext, RoleServer};

/// How long a name or a version may be, in characters.
const NAME_MAX: usize = 60;

/// How a client can ask its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskMethod {
    /// It cannot.
    Nobody,
    /// The server asks while the call waits: in revisions up to 2025-11-25.
    Meanwhile,
    /// The server answers with the question, and the client calls again: from revision 2026-07-28 on.
    Again,
}

#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The client's name, by which its calls are counted.
    pub(super) client: String,
    version: String,
    /// Whether it reads structured content, or only text.
    pub(super) structured: bool,
    /// How it can ask its person.
    pub(super) asks: AskMethod,
    /// Whether it declared, in this request or when it initialised, that it can ask its person.
    pub(super) could_ask: bool,
}

impl Caller {
    /// Reads the caller from a request, in revisions with an initialisation and without.
    pub(super) fn from_context(context: &RequestContext<RoleServer>) -> Self {
        let version = context.protocol_version();
        let modern = version.as_ref().is_some_and(|version| *version >= ProtocolVersion::V_2026_07_28);
        let asks = match context.client_capabilities() {
            Some(can) if can_show_form(&can) => {
                if modern {
                    AskMethod::Again
                } else {
                    AskMethod::Meanwhile
                }
            }
            _ => AskMethod::Nobody,
        };
        let (client, number) = match context.client_info() {
            Some(Implementation { name, version, .. }) => (sanitise_name(&name), sanitise_name(&version)),
            None => (String::new(), String::new()),
        };
        let client = if client.is_empty() { "unknown client".to_owned() } else { client };
        let structured = version.is_some_and(|version| version >= ProtocolVersion::V_2025_06_18);
        let greeted = context.peer.peer_info().is_some_and(|info| can_show_form(&info.capabilities));
        Self { client, version: number, structured, asks, could_ask: greeted || asks != AskMethod::Nobody }
    }

    /// Returns the caller that the server itself is, before anybody called.
    pub(super) fn nobody() -> Self {
        let (client, version) = ("the server itself".to_owned(), String::new());
        Self { client, version, structured: false, asks: AskMethod::Nobody, could_ask: false }
    }

    /// Returns the actor for the journal: the client, and the operator who runs the server.
    pub(super) fn actor(&self, operator: &str) -> String {
        let version = if self.version.is_empty() { String::new() } else { format!(" {}", self.version) };
        format!("{}{version} for {operator}", self.client)
    }
}

/// Tells whether a client can show a form; a capability without details means a form.
fn can_show_form(can: &ClientCapabilities) -> bool {
    can.elicitation.as_ref().is_some_and(|ways| ways.form.is_some() || ways.url.is_none())
}

/// Drops the characters of a name that could disturb a line, a table or a terminal.
fn sanitise_name(text: &str) -> String {
    let letters = text.chars().filter(|c| !c.is_control() && (c.is_alphanumeric() || " -_.+/()@:".contains(*c)));
    letters.take(NAME_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::sanitise_name;

    #[test]
    fn a_name_is_a_line_of_plain_text() {
        assert_eq!(sanitise_name("claude-ai"), "claude-ai");
        assert_eq!(sanitise_name(" a\u{1b}[31m\nb\u{202e} <x> "), "a31mb x");
        assert_eq!(sanitise_name(&"x".repeat(1000)).len(), 60);
    }
}
