//! The server: answers the requests of a client. Each call runs in a thread of its own, and a panic there becomes an
//! answer.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, GetPromptRequestParams,
    GetPromptResponse, Implementation, InitializeRequestParams, InitializeResult, InputResponses, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProgressToken, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    RequestStateCodec, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{Peer, RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use super::answers::ToolAnswer;
use super::caller::Caller;
use super::catalogue::{self, ToolAction, ToolEntry};
use super::host::{CallWatch, Host, PriorConsent, Warnings};
use super::options::{AgentPermissions, ServerOptions};
use super::queries::ChosenFile;
use super::remembered::StatusCache;
use super::schema::Object;
use super::turns::CallSlots;
use super::{answers, bounds, instructions, modes, next_step, prompts, queries, resources, vocabulary};
use crate::ops::agents::{Agents, is_guardrail};
use crate::ops::{Context, Failure, FailureKind, redact};

/// The server; clones share one state.
#[derive(Clone)]
pub struct Server(pub(super) Arc<Inner>);

/// What all calls share.
pub(super) struct Inner {
    pub(super) host: Host,
    pub(super) allowed: AgentPermissions,
    pub(super) agents: Agents,
    pub(super) codec: RequestStateCodec,
    /// Locked while a write is carried out.
    pub(super) writer: Arc<tokio::sync::Mutex<()>>,
    /// Cancelled when the process is asked to stop.
    pub(super) stopping: CancellationToken,
    /// The catalogue, which never changes.
    modes: ToolAnswer,
    /// Whether the client ever declared that it can ask its person: later calls cannot take that back.
    could_ask: AtomicBool,
    /// Limits the calls that run at once.
    turns: CallSlots,
    /// The cache of `status`.
    pub(super) remembered: StatusCache,
    /// The file that queries are about.
    pub(super) session: ChosenFile,
    entries: Vec<ToolEntry>,
}

/// One request of a client.
pub(super) struct ClientCall {
    pub(super) caller: Caller,
    pub(super) tool: String,
    pub(super) arguments: Object,
    pub(super) peer: Peer<RoleServer>,
    pub(super) state: Option<String>,
    pub(super) responses: Option<InputResponses>,
    warnings: Warnings,
    cancelled: CancellationToken,
    progress: Option<ProgressToken>,
}

impl ClientCall {
    pub(super) fn from_context(what: &str, context: &RequestContext<RoleServer>) -> Self {
        Self {
            caller: Caller::from_context(context),
            tool: what.to_owned(),
            arguments: Object::new(),
            peer: context.peer.clone(),
            state: None,
            responses: None,
            warnings: Warnings::default(),
            cancelled: context.ct.clone(),
            progress: context.meta.get_progress_token(),
        }
    }
}

impl Server {
    /// Makes a server; without a domain in the options, it serves the target's.
    ///
    /// # Errors
    /// Usage: options that contradict themselves.
    pub fn new(host: Host, options: &ServerOptions) -> Result<Self, Failure> {
        let mut allowed = options.resolve_permissions()?;
        if allowed.domains.is_empty() {
            allowed.domains.push(crate::ops::query::domain_of(&host.journal, host.target.as_deref()));
        }
        allowed.add_groups(queries::find_further_groups(&host, &allowed));
        let agents = Agents::for_journal(&host.journal, options.limits());
        // The codec wants a key of at least 32 bytes.
        let key: Vec<u8> = (0..2).flat_map(|_| host.entropy.bytes()).collect();
        let codec = RequestStateCodec::try_new(key).map_err(|error| server_failure(&error.to_string()))?;
        let entries = catalogue::list_entries(&allowed);
        let (writer, stopping) = (Arc::default(), CancellationToken::new());
        let modes = modes::answer_modes(&allowed, None)?;
        let remembered = StatusCache::default();
        let (turns, could_ask) = (CallSlots::default(), AtomicBool::new(false));
        let session = ChosenFile::default();
        let inner = Inner {
            host,
            session,
            allowed,
            agents,
            codec,
            writer,
            stopping,
            modes,
            could_ask,
            turns,
            remembered,
            entries,
        };
        Ok(Self(Arc::new(inner)))
    }
}

pub(super) fn server_failure(why: &str) -> Failure {
    let message = format!("the MCP server stopped: {why}");
    Failure::new(FailureKind::Found, "agent_server", message, "start it again; status shows whether anything is open")
}

impl Inner {
    /// Runs `work` with a context in a thread of its own; a panic there becomes a failure, and the server goes on.
    pub(super) async fn run_in_thread<T, F>(
        self: &Arc<Self>,
        call: &ClientCall,
        consented: bool,
        work: F,
    ) -> Result<T, Failure>
    where
        F: FnOnce(&Self, &mut Context<'_>) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let turn = self.turns.acquire().await?;
        let (sender, mut receiver) = unbounded_channel();
        let (peer, token) = (call.peer.clone(), call.progress.clone());
        let steps = token.is_some().then_some(sender);
        let (inner, caller, cancelled) = (self.clone(), call.caller.clone(), call.cancelled.clone());
        let warnings = call.warnings.clone();
        let thread = tokio::task::spawn_blocking(move || {
            // Held by the thread, which may go on after the client stopped waiting.
            let _turn = turn;
            let watch =
                CallWatch { cancelled, stopping: inner.stopping.clone(), steps, warnings, last: Cell::new(None) };
            let consent = PriorConsent(consented);
            let mut context = inner.host.context(&caller, &watch, &consent);
            work(&inner, &mut context)
        });
        if let Some(token) = token {
            let mut count = 0.0;
            while let Some(step) = receiver.recv().await {
                count += 1.0;
                let progress = ProgressNotificationParam::new(token.clone(), count).with_message(step);
                // A client that went away needs no progress.
                let _ = peer.notify_progress(progress).await;
            }
        }
        thread.await.unwrap_or_else(|error| Err(panic_failure(&error.to_string())))
    }

    /// Answers a call of a tool.
    async fn answer_tool_call(self: &Arc<Self>, call: ClientCall, does: ToolAction) -> CallToolResponse {
        let structured = call.caller.structured;
        let result = self.dispatch_call(&call, does).await;
        match result {
            Ok(super::writes::WriteResponse::Answer(answer)) => {
                add_warnings(answer, &call.warnings).into_result(structured).into()
            }
            Ok(super::writes::WriteResponse::Ask(question)) => (*question).into(),
            Err(failure) => {
                let failure = self.count_failure(&call, failure).await;
                match does.error_codes() {
                    Some(codes) => answers::build_specified_refusal(&failure, codes).into(),
                    None => answers::build_refusal(&failure).into(),
                }
            }
        }
    }

    /// Redacts a failure, and counts it if it is a refusal by the limits for agents.
    async fn count_failure(self: &Arc<Self>, call: &ClientCall, failure: Failure) -> Failure {
        let failure = redact::failure(failure, self.allowed.identifying);
        if is_guardrail(&failure) {
            let (tool, refused) = (call.tool.clone(), failure.clone());
            // It is refused even if it cannot be counted.
            let _ = self
                .run_in_thread(call, false, move |inner, context| inner.agents.note_refusal(context, &tool, &refused))
                .await;
        }
        failure
    }

    /// Builds the error for a failed request other than the call of a tool.
    pub(super) async fn refuse_request(self: &Arc<Self>, call: &ClientCall, failure: Failure) -> ErrorData {
        protocol_error(&self.count_failure(call, failure).await)
    }

    async fn dispatch_call(
        self: &Arc<Self>,
        call: &ClientCall,
        does: ToolAction,
    ) -> Result<super::writes::WriteResponse, Failure> {
        // The catalogue is in memory, so it counts against no limit.
        if let ToolAction::Modes = does {
            self.check_arguments(call)?;
            let mode = call.arguments.get("mode").map(|mode| mode.as_str().unwrap_or_default());
            let answer =
                mode.map_or_else(|| Ok(self.modes.clone()), |mode| modes::answer_modes(&self.allowed, Some(mode)));
            return answer.map(Into::into);
        }
        crate::ops::agents::check_arguments(&call.arguments)?;
        self.check_arguments(call)?;
        self.agents.admit_call(&call.caller.client, self.host.clock.now_us())?;
        match does {
            ToolAction::Modes => Ok(self.modes.clone().into()),
            ToolAction::Status => self.answer_status(call).await.map(Into::into),
            ToolAction::Read(read) => self.answer_read(call, read).await.map(Into::into),
            ToolAction::Ask(ask) => self.answer_question(call, ask).await.map(Into::into),
            ToolAction::Plan => self.answer_plan(call).await.map(Into::into),
            ToolAction::Fault => self.answer_fault(call).await,
            ToolAction::GroupFault => self.answer_group_fault(call).await,
            ToolAction::CarryOut => self.answer_apply_plan(call).await,
            ToolAction::Write(write) => self.answer_write(call, write).await,
        }
    }

    /// Tells whether this server has a tool.
    pub(super) fn has_tool(&self, tool: &str) -> bool {
        self.entries.iter().any(|entry| entry.tool.name == tool)
    }

    /// Refuses arguments that the tool does not have, because the caller meant something by them, and a call without
    /// those that it needs.
    fn check_arguments(&self, call: &ClientCall) -> Result<(), Failure> {
        let entry = self.entries.iter().find(|entry| entry.tool.name == call.tool);
        let Some(schema) = entry.map(|entry| &entry.tool.input_schema) else { return Ok(()) };
        let Some(properties) = schema.get("properties").and_then(|all| all.as_object()) else { return Ok(()) };
        let hint =
            format!("its arguments are {}", properties.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
        if let Some(name) = call.arguments.keys().find(|name| !properties.contains_key(*name)) {
            let near = vocabulary::find_nearest(properties, name);
            let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let name: String = name.chars().take(40).collect();
            let message = format!("{} has no argument `{name}`", call.tool);
            return Err(Failure::usage("arguments", message, near + &hint));
        }
        let mut needed = schema.get("required").and_then(|names| names.as_array()).into_iter().flatten();
        match needed.find_map(|name| name.as_str().filter(|name| !call.arguments.contains_key(*name))) {
            Some(name) => {
                let code = if entry.is_some_and(|entry| entry.does.error_codes().is_some()) {
                    "missing_argument"
                } else {
                    "arguments"
                };
                Err(Failure::usage(code, format!("{} needs the argument `{name}`", call.tool), hint))
            }
            None => Ok(()),
        }
    }

    /// Counts a request other than the call of a tool, and refuses it over the limit.
    pub(super) async fn admit_request(self: &Arc<Self>, call: &ClientCall) -> Result<(), ErrorData> {
        match self.agents.admit_call(&call.caller.client, self.host.clock.now_us()) {
            Ok(()) => Ok(()),
            Err(failure) => Err(self.refuse_request(call, failure).await),
        }
    }
}

/// Builds the error of the protocol for a failure, with what to do next.
fn protocol_error(failure: &Failure) -> ErrorData {
    let hint = next_step::render_hint(&failure.code, &failure.next);
    let message = answers::render_failure(failure, &hint);
    ErrorData::invalid_params(bounds::bound_text(&message), Some(answers::encode_failure(failure, &hint)))
}

/// Adds the warnings to an answer, in front of its text.
fn add_warnings(mut answer: ToolAnswer, warnings: &Warnings) -> ToolAnswer {
    let warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let (Some(map), false) = (answer.json.as_object_mut(), warnings.is_empty()) {
        answer.text = format!("warning: {}\n{}", warnings.join("; "), answer.text);
        map.insert("warnings".to_owned(), warnings.into());
    }
    answer
}

fn panic_failure(why: &str) -> Failure {
    let message = format!("a bug in mfm ended the call: {why}");
    Failure::new(
        FailureKind::Journal,
        "agent_bug",
        message,
        "call status to see whether anything was left open; report this",
    )
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let can = ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources().enable_completions();
        let implementation = Implementation::new("mfm", env!("CARGO_PKG_VERSION")).with_title("Reversible data faults");
        ServerConfig::new(can.build())
            .with_server_info(implementation)
            .with_instructions(instructions::render_instructions(&self.0.allowed.domains))
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [rmcp::model::ProtocolVersion]> {
        Cow::Owned(super::envelope::served_revisions())
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut info = self.negotiate_initialize(&request)?;
        if request.protocol_version == ProtocolVersion::V_2025_03_26 {
            // Not served because of its batches; its clients know the revision before it, and few of them a later one.
            info.protocol_version = ProtocolVersion::V_2024_11_05;
        }
        context.peer.set_peer_info(request);
        Ok(info)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.0.entries.iter().map(|entry| entry.tool.clone()).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.entries.iter().find(|entry| entry.tool.name == name).map(|entry| entry.tool.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(entry) = self.0.entries.iter().find(|entry| entry.tool.name == request.name) else {
            return Err(ErrorData::invalid_params("tool not found: see tools/list", None));
        };
        let mut call = ClientCall::from_context(&request.name, &context);
        // Models send null for what they leave out.
        let arguments =
            request.arguments.unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null()).collect();
        let properties = entry.tool.input_schema.get("properties").and_then(|all| all.as_object());
        call.arguments = match properties {
            Some(properties) => vocabulary::normalise_arguments(properties, arguments),
            None => arguments,
        };
        (call.state, call.responses) = (request.request_state, request.input_responses);
        // `fetch_or` returns what was known before this call.
        call.caller.could_ask |= self.0.could_ask.fetch_or(call.caller.could_ask, Ordering::SeqCst);
        // A panic outside the thread must not end the connection either.
        let tool = call.tool.clone();
        Ok(catch_panic(self.0.answer_tool_call(call, entry.does))
            .await
            .unwrap_or_else(|| answers::build_refusal(&panic_failure(&format!("{tool} panicked"))).into()))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(resources::list_resources(&self.0.allowed.domains)))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::list_templates(&self.0.allowed.domains)))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let call = ClientCall::from_context("resources/read", &context);
        let result = catch_panic(resources::read(&self.0, &call, request.uri)).await;
        result.unwrap_or_else(|| Err(protocol_error(&panic_failure("reading a resource")))).map(Into::into)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list_prompts(&self.0.allowed.domains)))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::render_prompt(&self.0.allowed.domains, &request.name, &request.arguments.unwrap_or_default())
            .map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let call = ClientCall::from_context("completion/complete", &context);
        let result = catch_panic(resources::complete(&self.0, &call, request)).await;
        result.unwrap_or_else(|| Err(protocol_error(&panic_failure("completing"))))
    }
}

/// Awaits `work`; `None` if it panicked.
async fn catch_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    use futures_util::FutureExt as _;
    std::panic::AssertUnwindSafe(work).catch_unwind().await.ok()
}
