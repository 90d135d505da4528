//! The server as a client starts it: a process with pipes, to which lines are said and which answers with lines.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// A server and its pipes.
pub struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    asked: u64,
}

impl Piped {
    /// Starts a server, and says nothing yet.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout, asked: 1_000 }
    }

    /// Starts a server and greets it.
    pub fn greeted(command: Command, name: &str) -> Self {
        let mut server = Self::start(command);
        server.greet_as(name);
        server
    }

    /// Says a line.
    pub fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Says something without the end of a line.
    pub fn say_without_end(&mut self, text: &str) {
        write!(self.stdin.as_mut().unwrap(), "{text}").unwrap();
    }

    /// Returns how many threads the server has.
    #[cfg(target_os = "linux")]
    pub fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
    }

    /// Sends a request.
    pub fn request(&mut self, id: u64, method: &str, params: &Json) {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
    }

    /// Sends a request, and returns its answer.
    pub fn ask(&mut self, id: u64, method: &str, params: Json) -> Json {
        self.request(id, method, &params);
        self.answer(id)
    }

    /// Returns the next message; every line has to be protocol.
    pub fn message(&mut self) -> Json {
        let mut line = String::new();
        assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the server went away");
        let message: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not protocol: {line}"));
        assert_eq!(message["jsonrpc"], "2.0");
        message
    }

    /// Returns the answer to a request.
    pub fn answer(&mut self, id: u64) -> Json {
        loop {
            let message = self.message();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Greets the server as a client called `raw`.
    pub fn greet(&mut self) {
        self.greet_as("raw");
    }

    fn greet_as(&mut self, name: &str) {
        let me = json!({"name": name, "version": "0"});
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": me});
        let welcome = self.ask(0, "initialize", hello);
        assert_eq!(welcome["result"]["serverInfo"]["name"], "mfm");
        assert_eq!(welcome["result"]["protocolVersion"], "2025-06-18");
        self.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    }

    /// Calls a tool, and returns its structured answer.
    pub fn call(&mut self, tool: &str, arguments: Json) -> Json {
        self.asked += 1;
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.ask(self.asked, "tools/call", params);
        answer["result"]["structuredContent"].clone()
    }

    /// Calls a tool, and hands the handle back.
    pub fn write(&mut self, tool: &str, arguments: Json) -> Json {
        let first = self.call(tool, arguments);
        if first["state"] == "planned" { self.call("apply_plan", json!({"handle": first["handle"]})) } else { first }
    }

    /// Sends SIGTERM.
    #[cfg(unix)]
    pub fn terminate(&self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends, for a minute at most.
    pub fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends stdin, and returns the exit code and what was left on stdout and stderr.
    pub fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.stdin.take());
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}
