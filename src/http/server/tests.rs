use std::net::Ipv4Addr;

use axum::{
    Extension,
    body::Bytes,
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};

use super::*;

fn patience() -> Patience {
    Patience { others: Duration::from_millis(400), proxies: Duration::from_secs(4), trusted: Vec::new() }
}

async fn start(max_connections: usize, drain: Duration) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<usize>) {
    start_with(max_connections, drain, patience()).await
}

async fn start_with(
    max_connections: usize,
    drain: Duration,
    patience: Patience,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<usize>) {
    let router = Router::new()
        .route("/peer", get(|Extension(Peer(peer)): Extension<Peer>| async move { peer.ip().to_string() }))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
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
    let server = tokio::spawn(run(listener, router, stopped, max_connections, drain, patience));
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
    for size in [HEADER_BYTES, 3 * HEADER_BYTES] {
        let mut client = Client::new(address).await;
        client.send(&format!("GET /peer HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "x".repeat(size))).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("This request has more headers than"), "{answer}");
    }
    // Beyond this nothing is read.
    let answer = get_path(address, &format!("/{}", "x".repeat(MOST_HEADER_BYTES))).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");

    for sent in ["GET /peer HTTP/1.1\r\nhos", "", "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let reading = stream.read_to_end(&mut rest);
        assert!(tokio::time::timeout(Duration::from_secs(5), reading).await.is_ok(), "{sent:?} keeps its connection");
    }
}

/// A connection on which a test says what it likes.
struct Client(TcpStream);

impl Client {
    async fn new(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).await.unwrap();
    }

    /// The next answer, as long as it says it is.
    async fn answer(&mut self) -> String {
        let mut text = Vec::new();
        let reading = async {
            loop {
                let head = text.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
                if let Some(head) = head {
                    let said = String::from_utf8(text[..head].to_vec()).unwrap();
                    let length = said.lines().find_map(|line| line.strip_prefix("content-length: "));
                    if text.len() - head >= length.map_or(0, |length| length.parse().unwrap()) {
                        return;
                    }
                }
                text.push(
                    self.0.read_u8().await.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&text))),
                );
            }
        };
        tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// All that comes until the other end closes; a reset is a failure.
    async fn rest(mut self) -> String {
        let mut text = String::new();
        tokio::time::timeout(Duration::from_secs(6), self.0.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    }
}

fn is_last(answer: &str) -> bool {
    answer.contains("\r\nconnection: close\r\n")
}

const NEXT: &str = "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n";

fn sized(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length))
}

fn chunked(path: &str, chunks: usize) -> String {
    let body = format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(chunks);
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\n")
}

/// A route that nobody knows, and a method that is refused.
const REFUSED: [(&str, &str); 2] = [("/nowhere", "404"), ("/peer", "405")];

#[tokio::test]
async fn a_body_nobody_wanted_does_not_end_its_connection() {
    let (address, _stop, _server) = start(10, Duration::from_secs(1)).await;
    let mut client = Client::new(address).await;
    for (path, status) in REFUSED {
        for request in [sized(path, 10), sized(path, 20_000), sized(path, REST), chunked(path, 1), chunked(path, 60)] {
            // In two pieces, the second one later.
            let (first, second) = request.split_at(request.len() - 9);
            client.send(first).await;
            tokio::time::sleep(Duration::from_millis(30)).await;
            client.send(second).await;
            let answer = client.answer().await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && !is_last(&answer), "{answer}");
            client.send(NEXT).await;
            assert!(client.answer().await.ends_with("127.0.0.1"));
        }
    }
    // The next request in the same packet, and the one after it.
    client.send(format!("{}{}{NEXT}{}{NEXT}", sized("/read", 7), sized("/nowhere", 5000), chunked("/peer", 2))).await;
    for end in ["7", "", "127.0.0.1", "", "127.0.0.1"] {
        let answer = client.answer().await;
        assert!(answer.ends_with(end) && !is_last(&answer), "{answer}");
    }
}

const REST: usize = 256 * 1024;

#[tokio::test]
async fn a_long_body_gets_its_answer_and_the_connection_ends_with_a_word() {
    let (address, _stop, _server) = start(10, Duration::from_secs(1)).await;
    for (path, status) in REFUSED {
        for request in [sized(path, REST + 1), sized(path, 2 * REST), chunked(path, 100), chunked(path, 2000)] {
            let client = Client::new(address).await;
            let (reading, mut writing) = client.0.into_split();
            // Most clients write before they read.
            let sent = tokio::spawn(async move { (writing.write_all(request.as_bytes()).await.is_ok(), writing) });
            let mut answer = Vec::new();
            let mut reading = reading;
            let read = tokio::time::timeout(Duration::from_secs(5), reading.read_to_end(&mut answer)).await.unwrap();
            let answer = String::from_utf8(answer).unwrap();
            assert!(read.is_ok() && answer.starts_with(&format!("HTTP/1.1 {status}")) && is_last(&answer), "{read:?} {answer}");
            drop(sent.await);
        }
    }
}

#[tokio::test]
async fn a_slow_body_is_waited_for_a_second_and_no_longer() {
    let (address, _stop, _server) = start(1, Duration::from_secs(1)).await;
    let begin = Instant::now();
    for head in ["content-length: 1000", "transfer-encoding: chunked"] {
        let mut client = Client::new(address).await;
        client.send(format!("POST /nowhere HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n3")).await;
        let answer = client.answer().await;
        assert!(answer.starts_with("HTTP/1.1 404") && is_last(&answer), "{answer}");
        assert_eq!(client.rest().await, "");
    }
    let passed = begin.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(6)).contains(&passed), "{passed:?}");
    // Their places are free again, although nobody hung up.
    let mut quiet = Client::new(address).await;
    quiet.send("POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n").await;
    let next = tokio::time::timeout(Duration::from_secs(5), get_path(address, "/peer")).await.unwrap();
    assert!(next.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn nobody_is_asked_for_a_body_that_is_not_read() {
    let (address, _stop, _server) = start(10, Duration::from_secs(1)).await;
    let expecting = |path| format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nexpect: 100-Continue\r\n\r\n");
    let begin = Instant::now();
    let mut client = Client::new(address).await;
    client.send(expecting("/nowhere")).await;
    let answer = client.answer().await;
    assert!(answer.starts_with("HTTP/1.1 404") && is_last(&answer), "{answer}");
    assert!(begin.elapsed() < Duration::from_millis(800));
    // Sent all the same, with another request behind it, which is not answered.
    client.send(format!("12345{NEXT}")).await;
    assert_eq!(client.rest().await, "");

    let mut client = Client::new(address).await;
    client.send(expecting("/read")).await;
    assert_eq!(client.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("12345").await;
    assert!(client.answer().await.ends_with("\r\n\r\n5"));
    client.send(NEXT).await;
    assert!(client.answer().await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn where_the_next_request_begins_is_not_guessed() {
    let (address, _stop, _server) = start(10, Duration::from_secs(1)).await;
    for (request, status) in [
        // Both lengths: the chunks count, and nothing after them (RFC 9112 section 6.1).
        (
            format!("POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"),
            "200",
        ),
        (
            format!("POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n{NEXT}"),
            "200",
        ),
        (
            format!(
                "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            "404",
        ),
        (format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n1234{NEXT}"), "400"),
        (format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\n1234{NEXT}"), "400"),
        (format!("POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n{NEXT}"), "501"),
        (
            format!(
                "POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            "501",
        ),
        (format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{NEXT}"), "400"),
        (format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n{NEXT}"), "400"),
        (format!("POST /nowhere HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"), "400"),
        (format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n{NEXT}"), "404"),
        (format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n12345\r\n{NEXT}"), "404"),
        (format!("POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n12345\r\n{NEXT}"), "400"),
        (format!("GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n{NEXT}"), "200"),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n{NEXT}", "x".repeat(HEADER_BYTES + 1000)), "4"),
    ] {
        let mut client = Client::new(address).await;
        client.send(&request).await;
        let all = client.rest().await;
        assert!(
            all.starts_with(&format!("HTTP/1.1 {status}")) || all.starts_with(&format!("HTTP/1.0 {status}")),
            "{request:.200} → {all}"
        );
        assert_eq!(all.matches("HTTP/1.").count(), 1, "{request:.200} → {all}");
        assert!(is_last(&all) || all.starts_with("HTTP/1.0"), "{request:.200} → {all}");
    }
}

#[tokio::test]
async fn a_request_says_once_which_host_it_is_for() {
    let (address, _stop, _server) = start(10, Duration::from_secs(1)).await;
    for (head, status) in [
        ("GET /peer HTTP/1.1\r\n", "400"),
        ("GET /peer HTTP/1.1\r\nhost: a\r\nHost: a\r\n", "400"),
        ("GET /peer HTTP/1.1\r\nhost: a b\r\n", "400"),
        ("GET /peer HTTP/1.1\r\nhost:\r\n", "400"),
        ("GET /peer HTTP/1.1\r\nhost: \u{ff}\r\n", "400"),
        ("POST /read HTTP/1.1\r\ncontent-length: 3\r\n", "400"),
        ("GET http://a/peer HTTP/1.1\r\nhost: evil.example\r\n", "200"),
        ("GET http://a@b/peer HTTP/1.1\r\nhost: a\r\n", "400"),
        ("GET a:80 HTTP/1.1\r\nhost: a\r\n", "400"),
        ("GET * HTTP/1.1\r\nhost: a\r\n", "400"),
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\n", "404"),
        ("GET /peer HTTP/1.1\r\nhost: a:8080\r\n", "200"),
        ("GET /peer HTTP/1.0\r\n", "200"),
        ("GET /peer HTTP/1.0\r\nhost: a\r\nhost: b\r\n", "400"),
    ] {
        let mut client = Client::new(address).await;
        client.send(head.chars().map(|found| found as u8).collect::<Vec<_>>()).await;
        client.send("\r\n123").await;
        let answer = client.answer().await;
        assert!(answer.split(' ').nth(1).unwrap().starts_with(status), "{head} → {answer}");
        assert!(status != "400" || is_last(&answer) || head.contains("1.0"), "{head} → {answer}");
    }
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_holds_nothing() {
    let (address, _stop, _server) = start(1, Duration::from_secs(1)).await;
    for path in ["/nowhere", "/read"] {
        let mut client = Client::new(address).await;
        client.send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n12345")).await;
        client.0.shutdown().await.unwrap();
        client.rest().await;
        assert!(get_path(address, "/peer").await.ends_with("127.0.0.1"));
    }
}

#[tokio::test]
async fn a_trusted_proxy_may_be_silent_for_longer() {
    let mut patience = patience();
    assert_eq!(patience.of("127.0.0.1:1".parse().unwrap()), patience.others);
    patience.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    assert_eq!(patience.of("[::ffff:127.0.0.1]:1".parse().unwrap()), patience.proxies);
    assert_eq!(patience.of("192.0.2.1:1".parse().unwrap()), patience.others);
    assert!(PROXY_TIMEOUT > Duration::from_secs(120), "Caddy keeps idle connections for two minutes");
    for (trusted, kept) in [(patience.trusted.clone(), true), (Vec::new(), false)] {
        let (address, _stop, _server) = start_with(10, Duration::from_secs(1), Patience { trusted, ..patience.clone() }).await;
        let mut client = Client::new(address).await;
        client.send(NEXT).await;
        client.answer().await;
        tokio::time::sleep(patience.others * 2).await;
        client.send(NEXT).await;
        let mut first = [0];
        assert_eq!(client.0.read(&mut first).await.is_ok_and(|read| read == 1), kept);
    }
}
