//! The end of a connection (RFC 9112 section 9.6): our half first, and then, while the client may still be sending, a while of reading on. What
//! arrives at a closed socket is answered with a reset, which takes the answer away from a client that has not read it yet.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// How long a connection lingers for its client to hang up.
const TIME: Duration = Duration::from_secs(2);
/// How much is read and dropped meanwhile. Beyond it nothing is read, and TCP makes the client wait.
const BYTES: usize = 256 * 1024;

/// Whether the client may be sending what nobody will read: true from each byte that arrives until a request is understood, or read
/// to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Unheard(Arc<AtomicBool>);

impl Unheard {
    pub(super) fn set(&self, unheard: bool) {
        self.0.store(unheard, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection's socket. hyper shuts it down when all has been answered.
pub(super) struct Lingering {
    stream: TcpStream,
    unheard: Unheard,
    end: Option<End>,
}

struct End {
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(super) const fn new(stream: TcpStream, unheard: Unheard) -> Self {
        Self { stream, unheard, end: None }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.stream).poll_read(task, buffer));
        if buffer.filled().len() > before {
            this.unheard.set(true);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(task, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, task: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(task, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(task)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.end.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(task))?;
            if !this.unheard.is_set() && !this.stream.try_read(&mut [0]).is_ok_and(|read| read > 0) {
                return Poll::Ready(Ok(()));
            }
        }
        let end = this.end.get_or_insert_with(|| End { left: BYTES, until: Box::pin(sleep(TIME)) });
        let mut scrap = [0; 4096];
        while end.left > 0 {
            let mut buffer = ReadBuf::new(&mut scrap);
            match Pin::new(&mut this.stream).poll_read(task, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => end.left = end.left.saturating_sub(buffer.filled().len()),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
            }
        }
        end.until.as_mut().poll(task).map(Ok)
    }
}
