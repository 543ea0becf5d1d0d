//! The server loop. Our own, because `axum::serve` bounds neither the time a client takes to send its headers nor the
//! number of connections, and because hyper closes a connection without a word when an answer comes before the request's body was read.

mod host;
mod linger;
mod unread;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tower::Service as _;

use super::context::{Peer, is_trusted};
use linger::{Lingering, Unheard};
use unread::Answering;

/// How long a client may take to send a request's headers; an idle connection is closed after as long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for a trusted proxy. Longer than proxies keep idle connections by default (nginx 60 s, Traefik 90 s, Caddy 120 s): whoever
/// closes first, it must not be us, at the moment when the proxy sends somebody's request.
const PROXY_TIMEOUT: Duration = Duration::from_secs(150);
/// Request line and headers; more is answered with 431, and a sentence.
const HEADER_BYTES: usize = 64 * 1024;
/// Beyond this hyper reads no further and answers by itself, without a word.
const MOST_HEADER_BYTES: usize = 4 * HEADER_BYTES;
/// How long to wait before accepting again when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How long connections may be silent.
#[derive(Clone, Debug)]
struct Patience {
    others: Duration,
    proxies: Duration,
    trusted: Vec<IpNet>,
}

impl Patience {
    fn of(&self, peer: SocketAddr) -> Duration {
        if is_trusted(peer.ip().to_canonical(), &self.trusted) { self.proxies } else { self.others }
    }
}

/// Answers requests (HTTP/1.1) from `listener` until `stop` completes, then lets running requests end for at most `drain`.
///
/// Beyond `max_connections` new ones wait in the kernel's queue. Returns how many connections were cut off at the end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    max_connections: usize,
    drain: Duration,
) -> usize {
    serve_behind(Vec::new(), listener, router, stop, max_connections, drain).await
}

/// [`serve`] behind `trusted` proxies: what they keep open for their next request stays open.
pub async fn serve_behind(
    trusted: Vec<IpNet>,
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    max_connections: usize,
    drain: Duration,
) -> usize {
    let patience = Patience { others: HEADER_TIMEOUT, proxies: PROXY_TIMEOUT, trusted };
    run(listener, router, stop, max_connections, drain, patience).await
}

async fn run(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    max_connections: usize,
    drain: Duration,
    patience: Patience,
) -> usize {
    // Builds the routes once; otherwise axum would do it for each request.
    let router: Router = router.with_state(());
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer, slot) = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        let service = PerConnection { router: router.clone(), peer: Peer(peer), unheard: Unheard::default() };
        connections.spawn(connection(stream, service, graceful.watcher(), slot, patience.of(peer)));
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_ok() {
        return 0;
    }
    while connections.try_join_next().is_some() {}
    let cut = connections.len();
    connections.shutdown().await;
    cut
}

/// The next connection, once there is a slot for it. Errors are waited out: none of them ends a server.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there always is a permit.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, slot),
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                // Usually EMFILE or ENFILE: wait until some connection ends.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn connection(
    stream: TcpStream,
    service: PerConnection,
    watcher: Watcher,
    slot: Option<OwnedSemaphorePermit>,
    header_timeout: Duration,
) {
    // Answers are written at once; without it the kernel may hold the end of one back.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let unheard = service.unheard.clone();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_header_size(MOST_HEADER_BYTES)
        .half_close(false)
        .serve_connection(TokioIo::new(Lingering::new(stream, unheard)), service);
    if let Err(error) = watcher.watch(connection).await {
        // Clients hang up, scanners talk nonsense: nothing an operator could act on.
        tracing::debug!(%error, "connection");
    }
    drop(slot);
}

/// The router as one connection's service. Written out so that a request is not boxed once more on its way.
struct PerConnection {
    router: Router,
    peer: Peer,
    unheard: Unheard,
}

impl Service<hyper::Request<Incoming>> for PerConnection {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        self.unheard.set(false);
        if head_bytes(&request) > HEADER_BYTES {
            let why = "more headers than are taken here";
            return Answering::refused(malformed(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, why, &self.unheard));
        }
        if let Err(why) = host::settle(&mut request) {
            return Answering::refused(malformed(StatusCode::BAD_REQUEST, why, &self.unheard));
        }
        if !unread::is_understood(request.headers()) {
            let why = "a transfer coding that is not understood";
            return Answering::refused(malformed(StatusCode::NOT_IMPLEMENTED, why, &self.unheard));
        }
        let (mut request, loan) = unread::lend(request, &self.unheard);
        request.extensions_mut().insert(self.peer);
        // A router is always ready, and its clone is a reference count.
        Answering::routed(self.router.clone().call(request), loan)
    }
}

/// The request line and the headers as they were sent, but for spaces.
fn head_bytes<B>(request: &hyper::Request<B>) -> usize {
    let line = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    line + request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
}

/// Nothing that follows on such a connection is believed.
fn malformed(status: StatusCode, why: &'static str, unheard: &Unheard) -> Response {
    tracing::debug!(why, "a malformed request");
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("content-security-policy"), super::csp::DEFAULT),
    ];
    unread::last((status, headers, format!("This request has {why}.\n")).into_response(), unheard)
}

#[cfg(test)]
mod tests;
