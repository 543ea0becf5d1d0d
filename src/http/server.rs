//! The server loop. Our own, because `axum::serve` bounds neither the time a client takes to send its headers nor the
//! number of connections.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, routing::future::RouteFuture};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tower::Service as _;

use super::context::Peer;

/// How long a client may take to send a request's headers; an idle connection is closed after as long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Request line and headers; more is answered with 431.
const HEADER_BYTES: usize = 64 * 1024;
/// How long to wait before accepting again when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

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
    run(listener, router, stop, max_connections, drain, HEADER_TIMEOUT).await
}

async fn run(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    max_connections: usize,
    drain: Duration,
    header_timeout: Duration,
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
        let service = PerConnection { router: router.clone(), peer: Peer(peer) };
        connections.spawn(connection(stream, service, graceful.watcher(), slot, header_timeout));
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
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_header_size(HEADER_BYTES)
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
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
}

impl Service<Request<Incoming>> for PerConnection {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer);
        // A router is always ready, and its clone is a reference count.
        self.router.clone().call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::{Extension, routing::get};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
        task::JoinHandle,
    };

    use super::*;

    async fn start(max_connections: usize, drain: Duration) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<usize>) {
        let router = Router::new()
            .route("/peer", get(|Extension(Peer(peer)): Extension<Peer>| async move { peer.ip().to_string() }))
            .route(
                "/slow",
                get(|| async {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    "slow"
                }),
            );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(run(listener, router, stopped, max_connections, drain, Duration::from_millis(400)));
        (address, stop, server)
    }

    async fn get_path(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn answers_and_knows_the_peer() {
        let (address, stop, server) = start(10, Duration::from_secs(1)).await;
        let answer = get_path(address, "/peer").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
        stop.send(()).unwrap();
        assert_eq!(server.await.unwrap(), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn running_requests_end_before_the_server_does() {
        let (address, stop, server) = start(10, Duration::from_secs(5)).await;
        let request = tokio::spawn(get_path(address, "/slow"));
        let _idle = TcpStream::connect(address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert_eq!(server.await.unwrap(), 0);
        assert!(request.await.unwrap().ends_with("slow"));
    }

    #[tokio::test]
    async fn what_outlasts_the_bound_is_cut() {
        let (address, stop, server) = start(10, Duration::from_millis(50)).await;
        let request = tokio::spawn(get_path(address, "/slow"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert_eq!(server.await.unwrap(), 1);
        assert_eq!(request.await.unwrap(), "");
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_for_a_slot() {
        let (address, _stop, _server) = start(1, Duration::from_secs(1)).await;
        let first = TcpStream::connect(address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let second = tokio::spawn(get_path(address, "/peer"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap().contains("200 OK"));
    }

    #[tokio::test]
    async fn headers_have_a_size_and_a_time_limit() {
        let (address, _stop, _server) = start(10, Duration::from_secs(1)).await;
        let answer = get_path(address, &format!("/{}", "x".repeat(HEADER_BYTES))).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");

        for sent in ["GET /peer HTTP/1.1\r\nhos", "", "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            let reading = stream.read_to_end(&mut rest);
            assert!(tokio::time::timeout(Duration::from_secs(5), reading).await.is_ok(), "{sent:?} keeps its connection");
        }
    }
}
