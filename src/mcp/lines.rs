//! The transport: each line that comes in is passed on as a message, or answered here with an error.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Mutex;

use super::envelope::{self, LineKind};

/// How long a line may be, in bytes: far longer than any message that is answered.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A write in progress, which outlives a wait that is given up.
type Writing = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// The transport over a client's pipes.
pub struct LineTransport<R, W> {
    reader: BufReader<R>,
    line: Vec<u8>,
    /// Whether the line is too long, so that the rest of it is dropped.
    skipping: bool,
    /// Whether the client has initialised, or speaks a revision without that.
    begun: bool,
    writer: Arc<Mutex<Option<LineWriter<W>>>>,
    answering: Option<Writing>,
}

/// The pipe to the client, and the bytes that it has not taken yet.
struct LineWriter<W> {
    writer: W,
    waiting: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> LineWriter<W> {
    /// Writes a line. A call that is dropped leaves its rest in `waiting`, and the next one writes that first.
    async fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
        while !self.waiting.is_empty() {
            let count = self.writer.write(&self.waiting).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.waiting.drain(..count);
        }
        self.writer.flush().await
    }
}

async fn send_line<W: AsyncWrite + Unpin>(writer: Arc<Mutex<Option<LineWriter<W>>>>, line: Vec<u8>) -> io::Result<()> {
    match writer.lock().await.as_mut() {
        Some(out) => out.send(&line).await,
        None => Err(io::ErrorKind::NotConnected.into()),
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Send + Unpin + 'static> LineTransport<R, W> {
    /// Makes a transport over the pipes of a client.
    pub fn new(reader: R, writer: W) -> Self {
        let writer = Arc::new(Mutex::new(Some(LineWriter { writer, waiting: Vec::new() })));
        Self {
            reader: BufReader::new(reader),
            line: Vec::new(),
            skipping: false,
            begun: false,
            writer,
            answering: None,
        }
    }

    /// Returns the next line, `None` at the end. A call that is dropped keeps what it has read in `self.line`.
    async fn next_line(&mut self) -> Option<LineKind> {
        loop {
            let buffer = self.reader.fill_buf().await.ok()?;
            let (ended, newline) = (buffer.is_empty(), buffer.iter().position(|byte| *byte == b'\n'));
            let length = newline.map_or(buffer.len(), |at| at + 1);
            if !self.skipping {
                self.line.extend_from_slice(buffer.get(..length).unwrap_or_default());
            }
            self.reader.consume(length);
            if self.line.len() > BYTES_MAX {
                self.skipping = true;
                // `clear` would keep the memory.
                self.line = Vec::new();
            }
            let whole = newline.is_some() || ended;
            // The end of a line that was too long: it is answered once, and reading goes on behind it.
            if whole && std::mem::take(&mut self.skipping) {
                return Some(LineKind::Answer(envelope::line_too_long(BYTES_MAX)));
            }
            if whole && !self.line.is_empty() {
                let line = envelope::parse_line(&self.line);
                self.line.clear();
                return Some(line);
            }
            if ended {
                return None;
            }
        }
    }

    fn queue_answer(&mut self, answer: &Json) {
        self.answering = Some(Box::pin(send_line(self.writer.clone(), answer.to_string().into_bytes())));
    }
}

impl<R, W> Transport<RoleServer> for LineTransport<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (writer, line) = (self.writer.clone(), serde_json::to_vec(&item));
        async move { send_line(writer, line?).await }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            // Written before the next line is read, so that answers cannot pile up for a client that does not read
            // them.
            if let Some(answering) = &mut self.answering {
                let result = answering.as_mut().await;
                self.answering = None;
                result.ok()?;
            }
            match self.next_line().await? {
                LineKind::Message(message) => {
                    self.begun |= envelope::begins_session(&message);
                    let asks = matches!(*message, rmcp::model::JsonRpcMessage::Request(_));
                    // rmcp would end the session at a notification or a response before initialisation.
                    if self.begun || asks {
                        return Some(*message);
                    }
                }
                LineKind::Answer(answer) => self.queue_answer(&answer),
                LineKind::Nothing => {}
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        drop(self.writer.lock().await.take());
        Ok(())
    }
}
