//! The configurations with which common clients start the server, and how they are merged into existing ones. Writes no
//! file.

use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::splice;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Client {
    /// Claude Desktop
    ClaudeDesktop,
    /// Claude Code, for the project in this folder
    ClaudeCode,
    /// Cursor
    Cursor,
    /// Visual Studio Code, for the project in this folder
    Vscode,
}

/// Every client.
pub const CLIENTS: [Client; 4] = [Client::ClaudeDesktop, Client::ClaudeCode, Client::Cursor, Client::Vscode];

/// Where a client's configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigLocation {
    /// Below the folder of the user's configuration.
    Configuration(&'static str),
    /// Below the user's home.
    Home(&'static str),
    /// Below the current folder.
    Here(&'static str),
}

impl Client {
    /// Returns the client's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Cursor => "Cursor",
            Self::Vscode => "Visual Studio Code",
        }
    }

    /// Returns where its configuration is.
    #[must_use]
    pub const fn config_location(self) -> ConfigLocation {
        match self {
            Self::ClaudeDesktop if cfg!(target_os = "macos") => {
                ConfigLocation::Home("Library/Application Support/Claude/claude_desktop_config.json")
            }
            Self::ClaudeDesktop => ConfigLocation::Configuration("Claude/claude_desktop_config.json"),
            Self::ClaudeCode => ConfigLocation::Here(".mcp.json"),
            Self::Cursor => ConfigLocation::Home(".cursor/mcp.json"),
            Self::Vscode => ConfigLocation::Here(".vscode/mcp.json"),
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::ClaudeDesktop | Self::ClaudeCode | Self::Cursor => "mcpServers",
        }
    }
}

/// Builds the configuration of a client that has no other server.
#[must_use]
pub fn configuration(client: Client, program: &str, arguments: &[String]) -> Json {
    let mut server = json!({"command": program, "args": arguments});
    if client == Client::Vscode {
        server["type"] = json!("stdio");
    }
    json!({ client.key(): { "mfm": server } })
}

/// Adds this server to the text of a client's configuration; every other byte of it stays.
///
/// # Errors
/// A sentence saying why it cannot be merged.
pub fn merge_configuration(client: Client, before: &str, ours: &Json) -> Result<String, String> {
    // Editors on Windows may save a byte order mark, which JSON does not allow.
    let before = before.trim_start_matches('\u{feff}');
    let text = if before.trim().is_empty() { "{}\n" } else { before };
    splice::put_value(text, client.key(), "mfm", &ours[client.key()]["mfm"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_servers_and_settings_stay() {
        let ours = configuration(Client::Cursor, "/bin/mfm", &["mcp".to_owned()]);
        let before = r#"{"theme":"dark","mcpServers":{"other":{"command":"x"},"mfm":{"command":"old"}}}"#;
        let after = merge_configuration(Client::Cursor, before, &ours).unwrap();
        assert!(after.find("theme") < after.find("mcpServers") && after.find("other") < after.find("mfm"), "{after}");
        let after: Json = serde_json::from_str(&after).unwrap();
        assert_eq!(after["theme"], "dark");
        assert_eq!(after["mcpServers"]["other"]["command"], "x");
        assert_eq!(after["mcpServers"]["mfm"], json!({"command": "/bin/mfm", "args": ["mcp"]}));
        let alone: Json = serde_json::from_str(&merge_configuration(Client::Cursor, "", &ours).unwrap()).unwrap();
        assert_eq!(alone, ours);
        for broken in ["[]", "{", "{ // mine\n}", r#"{"mcpServers":1}"#, r#"{"a":1,}"#] {
            assert!(merge_configuration(Client::Cursor, broken, &ours).is_err(), "{broken}");
        }
    }
}
