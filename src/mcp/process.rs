//! The life of a serving process: from the first message on stdin to its end, or to a signal.

use std::sync::Arc;
use std::time::Duration;

use rmcp::ServiceExt as _;
use rmcp::service::ServerInitializeError;

use super::host::Host;
use super::lines::LineTransport;
use super::options::ServerOptions;
use super::server::{Server, server_failure};
use crate::ops::Failure;

/// How long a write in progress may take after the server was asked to stop.
const LAST_WRITE: Duration = Duration::from_secs(60);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEnd {
    /// The client closed stdin.
    Closed,
    /// A signal came in; its number.
    Signal(u8),
}

/// Serves one client over stdin and stdout until it goes away or a signal comes.
///
/// # Errors
/// Usage, or an error of stdin or stdout.
pub fn serve(host: Host, options: &ServerOptions) -> Result<ServerEnd, Failure> {
    let server = Server::new(host, options)?;
    // One thread is enough for the messages; calls run on blocking threads.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| server_failure(&error.to_string()))?;
    let ended = runtime.block_on(until_the_end(server));
    // A thread that is blocked on stdin must not keep the process alive.
    runtime.shutdown_background();
    ended
}

async fn until_the_end(server: Server) -> Result<ServerEnd, Failure> {
    let inner = server.0.clone();
    let ended = Arc::new(std::sync::atomic::AtomicU8::new(0));
    let (stop, number) = (inner.stopping.clone(), ended.clone());
    tokio::spawn(async move {
        number.store(wait_for_signal().await, std::sync::atomic::Ordering::SeqCst);
        stop.cancel();
    });
    let (stdin, stdout) = rmcp::transport::stdio_pipes();
    match server.serve_with_ct(LineTransport::new(stdin, stdout), inner.stopping.clone()).await {
        Ok(running) => drop(running.waiting().await),
        // The client left, or a signal came, before the initialisation: an ordinary end.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {}
        Err(error) => return Err(server_failure(&error.to_string())),
    }
    inner.stopping.cancel();
    // A write in progress is waited for: it ends sealed, or open and reported.
    let _ = tokio::time::timeout(LAST_WRITE, inner.writer.lock()).await;
    Ok(match ended.load(std::sync::atomic::Ordering::SeqCst) {
        0 => ServerEnd::Closed,
        number => ServerEnd::Signal(number),
    })
}

/// Waits for SIGINT or SIGTERM, and returns its number.
async fn wait_for_signal() -> u8 {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        // `select` takes futures that can be moved.
        let interrupt = Box::pin(tokio::signal::ctrl_c());
        let terminate = Box::pin(terminate.recv());
        return match futures_util::future::select(interrupt, terminate).await {
            futures_util::future::Either::Left(_) => 2,
            futures_util::future::Either::Right(_) => 15,
        };
    }
    let _ = tokio::signal::ctrl_c().await;
    2
}
