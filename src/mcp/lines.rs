//! Lines in and out: each line that comes in is handed on as a message, or answered here; knows no tool.

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

/// How long a line may be: far longer than any message that is answered.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Something that is being written, which goes on where it was left.
type Writing = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// A client's pipes.
pub struct LineTransport<R, W> {
    reader: BufReader<R>,
    line: Vec<u8>,
    /// Whether the line has been too long already.
    skipping: bool,
    /// Whether the client greeted, or may do without.
    begun: bool,
    writer: Arc<Mutex<Option<LineWriter<W>>>>,
    answering: Option<Writing>,
}

/// What goes out, and was not taken yet.
struct LineWriter<W> {
    writer: W,
    waiting: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> LineWriter<W> {
    /// Writes a line; whoever stops waiting leaves the rest to the next.
    async fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
        while !self.waiting.is_empty() {
            let written = self.writer.write(&self.waiting).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.waiting.drain(..written);
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
    /// Reads and writes the pipes of a client.
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

    /// Returns the next line, `None` at the end; what was read of one is kept where the wait ends early.
    async fn next(&mut self) -> Option<LineKind> {
        loop {
            let read = self.reader.fill_buf().await.ok()?;
            let (ended, newline) = (read.is_empty(), read.iter().position(|byte| *byte == b'\n'));
            let taken = newline.map_or(read.len(), |at| at + 1);
            if !self.skipping {
                self.line.extend_from_slice(read.get(..taken).unwrap_or_default());
            }
            self.reader.consume(taken);
            if self.line.len() > BYTES_MAX {
                self.skipping = true;
                self.line = Vec::new();
            }
            let whole = newline.is_some() || ended;
            if whole && std::mem::take(&mut self.skipping) {
                return Some(LineKind::Answer(envelope::too_long(BYTES_MAX)));
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
            if let Some(answering) = &mut self.answering {
                let done = answering.as_mut().await;
                self.answering = None;
                done.ok()?;
            }
            match self.next().await? {
                LineKind::Message(message) => {
                    self.begun |= envelope::begins_session(&message);
                    let asks = matches!(*message, rmcp::model::JsonRpcMessage::Request(_));
                    // Before the greeting, what asks for nothing means nothing, and ends nothing.
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
