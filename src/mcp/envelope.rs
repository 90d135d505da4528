//! Parses a line of the protocol: a message, or the error that answers it, with the request's id if it has one.

use rmcp::model::{ClientJsonRpcMessage, ClientRequest, GetMeta as _, JsonRpcMessage, ProtocolVersion};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::shallow::limit_depth;

/// The code of a line that is not JSON.
const PARSE: i64 = -32700;
/// The code of JSON that is not a request.
const ENVELOPE: i64 = -32600;
/// The code of params that the method does not take.
const PARAMS: i64 = -32602;
/// The code of an unknown method.
const METHOD: i64 = -32601;

/// How long the id of a request or the name of a method may be, in bytes: an answer repeats them.
const NAME_BYTES_MAX: usize = 1024;
/// How long the URI of a resource may be, in bytes: an answer repeats it as well.
const URI_BYTES_MAX: usize = 8192;

/// What a line is.
#[derive(Debug)]
pub(super) enum LineKind {
    /// A message.
    Message(Box<ClientJsonRpcMessage>),
    /// Something else, with the error that answers it.
    Answer(Json),
    /// Nothing to answer: an empty line, an unknown notification.
    Nothing,
}

/// Returns the revisions that are served: every one that rmcp knows, except 2025-03-26, which has batches.
///
/// Its clients get the revision before it, which has everything that they can use here.
pub(super) fn served_revisions() -> Vec<ProtocolVersion> {
    let versions = ProtocolVersion::KNOWN_VERSIONS.iter();
    versions.filter(|version| **version != ProtocolVersion::V_2025_03_26).cloned().collect()
}

/// Parses a line.
pub(super) fn parse_line(bytes: &[u8]) -> LineKind {
    // Some shells on Windows put a byte order mark in front of what they pipe.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii();
    if bytes.is_empty() {
        return LineKind::Nothing;
    }
    match serde_json::from_slice::<Json>(&limit_depth(bytes)) {
        Ok(json) => parse_message(json),
        Err(error) => LineKind::Answer(error_response(Json::Null, PARSE, &format!("the line is not JSON: {error}"))),
    }
}

/// Returns the answer to a line that is longer than any message.
pub(super) fn line_too_long(bytes_max: usize) -> Json {
    error_response(Json::Null, PARSE, &format!("the line is longer than {bytes_max} bytes"))
}

/// Tells whether a message begins a session, or is a request of a revision without sessions that can be served.
pub(super) fn begins_session(message: &ClientJsonRpcMessage) -> bool {
    let JsonRpcMessage::Request(request) = message else { return false };
    match &request.request {
        ClientRequest::InitializeRequest(_) => true,
        // Answered with a session and without one, so they begin none.
        ClientRequest::DiscoverRequest(_) | ClientRequest::PingRequest(_) => false,
        other => {
            let meta = other.get_meta();
            let whole = meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty();
            whole && meta.protocol_version().is_some_and(|version| served_revisions().contains(&version))
        }
    }
}

fn parse_message(json: Json) -> LineKind {
    let Some(map) = json.as_object() else {
        let batch = if json.is_array() {
            "a batch, which the supported protocol revisions do not have"
        } else {
            "not an object"
        };
        return LineKind::Answer(error_response(Json::Null, ENVELOPE, &format!("the line is {batch}")));
    };
    // An answer with a changed id would be lost.
    let id = map.get("id").filter(|id| is_id(id)).cloned();
    let envelope = |why: &str| LineKind::Answer(error_response(id.clone().unwrap_or_default(), ENVELOPE, why));
    if map.get("jsonrpc").and_then(Json::as_str) != Some("2.0") {
        return envelope("jsonrpc is not \"2.0\"");
    }
    if map.contains_key("id") && id.is_none() {
        return envelope("the id is neither a short string nor a 64-bit integer");
    }
    let method = map.get("method").map(|method| method.as_str().map(str::to_owned));
    match (method, id.is_some()) {
        (Some(Some(method)), true) => parse_request(json, &method, id.unwrap_or_default()),
        // JSON-RPC forbids an answer to a notification, even to a wrong one.
        (Some(Some(_)), false) => decode_message(json).map_or(LineKind::Nothing, LineKind::Message),
        (None, true) if map.contains_key("result") || map.contains_key("error") => decode_message(json)
            .map_or_else(|| envelope("the answer does not belong to any question"), LineKind::Message),
        _ => envelope("it has no method"),
    }
}

/// Tells whether a value is an id that an answer can repeat exactly.
fn is_id(id: &Json) -> bool {
    id.is_i64() || id.as_str().is_some_and(|id| id.len() <= NAME_BYTES_MAX)
}

fn decode_message(json: Json) -> Option<Box<ClientJsonRpcMessage>> {
    ClientJsonRpcMessage::deserialize(json).ok().map(Box::new)
}

/// Parses a request. rmcp takes a known method with wrong params for a custom method; here it is an error.
fn parse_request(json: Json, method: &str, id: Json) -> LineKind {
    let arguments = json.pointer("/params/arguments");
    let wrong = |why: &str| LineKind::Answer(error_response(id.clone(), PARAMS, why));
    if json.get("params").is_some_and(|params| !params.is_object() && !params.is_null()) {
        return wrong("params is not an object");
    }
    if ["tools/call", "prompts/get"].contains(&method) && arguments.is_some_and(|it| !it.is_object() && !it.is_null()) {
        return wrong("params.arguments is not an object");
    }
    if method == "tools/call" && !json.pointer("/params/name").is_some_and(Json::is_string) {
        return wrong("params.name, the tool's name, is not a string");
    }
    if method.len() > NAME_BYTES_MAX {
        return LineKind::Answer(error_response(
            id,
            METHOD,
            &format!("the method's name is longer than {NAME_BYTES_MAX} bytes"),
        ));
    }
    if json.pointer("/params/uri").and_then(Json::as_str).is_some_and(|uri| uri.len() > URI_BYTES_MAX) {
        return wrong(&format!("params.uri is longer than {URI_BYTES_MAX} bytes"));
    }
    let Some(message) = decode_message(json) else { return wrong("the params do not match the method") };
    match &*message {
        JsonRpcMessage::Request(request) => match &request.request {
            ClientRequest::CustomRequest(_) if KNOWN.contains(&method) => wrong("the params do not match the method"),
            _ => LineKind::Message(message),
        },
        _ => wrong("the params do not match the method"),
    }
}

/// The methods of the protocol that a client may call here.
const KNOWN: [&str; 12] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "subscriptions/listen",
];

fn error_response(id: Json, code: i64, why: &str) -> Json {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of_line(bytes: &[u8]) -> (Json, i64) {
        match parse_line(bytes) {
            LineKind::Answer(json) => (json["id"].clone(), json["error"]["code"].as_i64().unwrap()),
            other => panic!("{}: {other:?}", String::from_utf8_lossy(bytes)),
        }
    }

    #[test]
    fn k8_what_is_no_json_is_a_parse_error_of_nobody() {
        let call = |value: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{value}}}"#);
        let infinite = call("{\"name\":\"find\",\"arguments\":{\"limit\":Infinity}}");
        let half = call(r#"{"name":"find","arguments":{"patient":"\ud83d"}}"#);
        for text in [infinite.as_str(), &half, &call("NaN"), "hello", "{", "{\"a\":1,}", "{}x", "'1'", "[1"] {
            assert_eq!(error_of_line(text.as_bytes()), (Json::Null, PARSE), "{text}");
        }
        assert_eq!(error_of_line(b"\0"), (Json::Null, PARSE));
        assert_eq!(error_of_line(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\0\"}"), (Json::Null, PARSE));
        assert_eq!(error_of_line(b"{\"a\":\"\xff\"}"), (Json::Null, PARSE));
    }

    #[test]
    fn k8_a_wrong_envelope_is_said_with_its_id_where_it_has_one() {
        let null = Json::Null;
        for (text, id) in [
            ("[]", &null),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, &null),
            ("null", &null),
            ("7", &null),
            ("{}", &null),
            (r#"{"id":7,"method":"ping"}"#, &json!(7)),
            (r#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, &json!("a")),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, &null),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, &null),
            (r#"{"jsonrpc":"2.0","id":9223372036854775808,"method":"ping"}"#, &null),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, &null),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, &json!(1)),
            (r#"{"jsonrpc":"2.0","id":1}"#, &json!(1)),
        ] {
            assert_eq!(error_of_line(text.as_bytes()), (id.clone(), ENVELOPE), "{text}");
        }
    }

    #[test]
    fn k8_nothing_long_is_repeated() {
        let long = "x".repeat(100_000);
        let ask = |id: &str, method: &str, uri: &str| {
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"uri": uri}}).to_string()
        };
        for (text, id, code) in [
            (ask(&long, "ping", ""), Json::Null, ENVELOPE),
            (ask("a", &long, ""), json!("a"), METHOD),
            (ask("a", "resources/read", &long), json!("a"), PARAMS),
        ] {
            assert_eq!(error_of_line(text.as_bytes()), (id, code));
        }
        assert!(matches!(parse_line(ask("a", "resources/read", "mfm://x").as_bytes()), LineKind::Message(_)));
    }

    #[test]
    fn k8_wrong_params_are_said_and_are_no_other_method() {
        for (method, params) in [
            ("tools/call", "[]"),
            ("tools/call", "{}"),
            ("tools/call", r#"{"name":7}"#),
            ("tools/call", r#"{"name":"status","arguments":[]}"#),
            ("tools/call", r#"{"name":"status","arguments":"all"}"#),
            ("tools/call", r#"{"name":"status","arguments":7}"#),
            ("prompts/get", r#"{"name":"x","arguments":[]}"#),
            ("resources/read", r#"{"uri":7}"#),
            ("initialize", r#"{"protocolVersion":7}"#),
            ("completion/complete", "{}"),
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":3,"method":"{method}","params":{params}}}"#);
            assert_eq!(error_of_line(text.as_bytes()), (json!(3), PARAMS), "{text}");
        }
        for sound in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"} \r",
            r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"status","arguments":null}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"no/such/method","params":{"a":1}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ] {
            assert!(matches!(parse_line(sound.as_bytes()), LineKind::Message(_)), "{sound}");
        }
        assert!(matches!(parse_line(b" \t"), LineKind::Nothing));
    }
}
