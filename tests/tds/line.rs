//! A port of this machine, a thread for each connection to it, and their end; knows nothing of what is said there.

use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

/// The sockets that end when the port does.
#[derive(Clone, Default)]
pub(crate) struct Sockets(Arc<Mutex<Vec<TcpStream>>>);

impl Sockets {
    /// Remembers a socket.
    pub(crate) fn keep(&self, socket: &TcpStream) {
        if let Ok(copy) = socket.try_clone() {
            self.0.lock().unwrap().push(copy);
        }
    }

    fn shut(&self) {
        for socket in self.0.lock().unwrap().drain(..) {
            // The other side may have hung up already.
            let _gone = socket.shutdown(Shutdown::Both);
        }
    }
}

/// A port that listens until it is dropped.
pub(crate) struct Line {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    sockets: Sockets,
    acceptor: Option<JoinHandle<()>>,
}

impl Line {
    /// Listens on a free port; `serve` gets each connection with its number, from 1, in a thread of its own.
    pub(crate) fn open(serve: impl Fn(TcpStream, usize, &Sockets) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, sockets) = (Arc::new(AtomicBool::new(false)), Sockets::default());
        let (stopped, kept) = (Arc::clone(&stop), sockets.clone());
        let acceptor = spawn(move || accept(&listener, &stopped, &kept, &Arc::new(serve)));
        Self { port, stop, sockets, acceptor: Some(acceptor) }
    }

    /// Hangs up on everybody, and waits until all threads have ended.
    pub(crate) fn close(&mut self) {
        let Some(acceptor) = self.acceptor.take() else { return };
        self.stop.store(true, Ordering::SeqCst);
        self.sockets.shut();
        // Wakes the acceptor.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        acceptor.join().unwrap();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.close();
    }
}

fn accept(
    listener: &TcpListener,
    stop: &AtomicBool,
    sockets: &Sockets,
    serve: &Arc<impl Fn(TcpStream, usize, &Sockets) + Send + Sync + 'static>,
) {
    let mut threads = Vec::new();
    while let Ok((client, _)) = listener.accept() {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        client.set_nodelay(true).unwrap();
        sockets.keep(&client);
        let (serve, sockets, number) = (Arc::clone(serve), sockets.clone(), threads.len() + 1);
        threads.push(spawn(move || serve(client, number, &sockets)));
    }
    sockets.shut();
    for thread in threads {
        // A thread that panicked has said why; its client sees the end of the connection.
        let _ended = thread.join();
    }
}

/// Waits until the other side hangs up, and heeds nothing that it says.
pub(crate) fn wait_for_the_end(socket: &mut TcpStream) {
    let _ended = std::io::copy(socket, &mut std::io::sink());
}
