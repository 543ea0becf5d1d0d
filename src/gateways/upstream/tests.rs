//! A server on loopback that answers in any provider's words, and what the tests of every dialect do with it.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::settings::{
    Secret,
    providers::{Linking, Logo, Vouching},
};

pub(super) const SECRET: &str = "the-client-secret";
pub(super) const ACCESS: &str = "the-access-token";
pub(super) const BEGUN: Begun<'static> = Begun {
    state: "the-state",
    nonce: "the-nonce",
    verifier: "0123456789012345678901234567890123456789012",
    redirect_uri: "https://id.example/connect/it/callback",
};
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// What a fake answers.
#[derive(Clone)]
pub(super) enum Reply {
    Json(u16, Value),
    Text(u16, &'static str, Vec<u8>),
    Never,
}

/// A request that a fake got.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub path: String,
    pub query: HashMap<String, String>,
    pub headers: HeaderMap,
    pub form: HashMap<String, String>,
}

/// A server on loopback that answers by path.
#[derive(Clone, Default)]
pub(super) struct Fake {
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    port: u16,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let fake = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let server = fake.clone();
        let router = Router::new().fallback(move |request| async move { server.answer(request).await });
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    pub(super) fn on(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(super) fn json(&self, path: &str, body: Value) {
        self.on(path, Reply::Json(200, body));
    }

    pub(super) fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }

    pub(super) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 100_000).await.unwrap();
        let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
        self.seen.lock().unwrap().push(Seen {
            path: parts.uri.path().to_owned(),
            query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
            headers: parts.headers,
            form: pairs(&body),
        });
        let reply = self.replies.lock().unwrap().get(parts.uri.path()).cloned();
        match reply {
            Some(Reply::Json(status, body)) => (StatusCode::from_u16(status).unwrap(), axum_json(&body)).into_response(),
            Some(Reply::Text(status, kind, body)) => {
                (StatusCode::from_u16(status).unwrap(), [(CONTENT_TYPE, kind)], Body::from(body)).into_response()
            }
            Some(Reply::Never) => std::future::pending().await,
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

fn axum_json(body: &Value) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string())
}

pub(super) fn settings(kind: ProviderKind) -> ProviderSettings {
    ProviderSettings {
        id: "it".into(),
        name: "It".into(),
        logo: Logo::None,
        kind,
        client_id: "me".into(),
        client_secret: Secret::new(SECRET),
        scopes: vec!["more".into()],
        linking: Linking::LinkVerified,
        vouching: Vouching::Never,
        keep_tokens: false,
        second_factor: Vec::new(),
        logout: false,
    }
}

/// Long enough for a busy machine, and for the slow provider not.
pub(super) const PATIENT: Patience = Patience {
    call: Duration::from_secs(30),
    metadata: Duration::from_secs(3600),
    keys: Duration::from_secs(60),
    failure: Duration::from_secs(15),
};
pub(super) const HASTY: Patience = Patience { call: Duration::from_millis(200), ..PATIENT };

pub(super) fn upstreams(settings: ProviderSettings, patience: Patience) -> Upstreams {
    Upstreams::within(&[settings], Reach::Anywhere, patience, &Clock::manual(NOW)).unwrap()
}

/// Finishes a sign-in. Whatever goes wrong, the error keeps the secrets.
pub(super) async fn finish(upstreams: &Upstreams, iss: Option<&str>) -> Result<Arrived, UpstreamError> {
    let result = upstreams.get("it").unwrap().finish(&BEGUN, Answer { code: "the-code", iss }, NOW).await;
    if let Err(error) = &result {
        let text = format!("{error} {error:?}");
        for secret in [SECRET, ACCESS, "the-code", "ada@example.org", BEGUN.verifier] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.len() < 1000, "{text}");
    }
    result
}

/// What a token endpoint and an API may do instead of answering, and what becomes of it.
pub(super) fn troubles() -> Vec<(&'static str, Reply, &'static str)> {
    let text = |status, kind, body: &str| Reply::Text(status, kind, body.as_bytes().to_vec());
    vec![
        ("html", text(200, "text/html", "<!doctype html><title>Hello</title>"), "garbage"),
        ("html, said to be JSON", text(200, "application/json", "<!doctype html>"), "garbage"),
        ("half of it", text(200, "application/json", "{\"access_token\": \"the-access-tok"), "garbage"),
        ("of another form", Reply::Json(200, json!([1, 2, "the-access-token"])), "garbage"),
        ("nothing", text(200, "application/json", ""), "garbage"),
        ("a redirect", text(302, "text/html", ""), "garbage"),
        ("10 MB", Reply::Text(200, "application/json", vec![b' '; 10 * 1024 * 1024]), "too_large"),
        ("broken", text(502, "text/html", "<h1>Bad gateway</h1>"), "unreachable"),
        ("busy", text(429, "application/json", "{}"), "unreachable"),
        ("slow", Reply::Never, "slow"),
    ]
}

/// Every trouble at every path ends in its error and in no panic.
pub(super) async fn all_troubles(fake: &Fake, kind: ProviderKind, paths: &[&str]) {
    let (patient, hasty) = (upstreams(settings(kind.clone()), PATIENT), upstreams(settings(kind), HASTY));
    for path in paths {
        let good = fake.replies.lock().unwrap().get(*path).cloned().unwrap();
        for (name, reply, expected) in troubles() {
            fake.on(path, reply);
            let error = finish(if expected == "slow" { &hasty } else { &patient }, None).await.expect_err(name);
            assert_eq!(error.as_str(), expected, "{path}: {name}: {error}");
        }
        fake.on(path, good);
    }
    assert!(finish(&patient, None).await.is_ok());
}

pub(super) fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What every authorization request has.
pub(super) async fn begins_with(upstreams: &Upstreams, address: &Url, scope: &str) {
    let url = upstreams.get("it").unwrap().authorization_url(&BEGUN, Prompt::Nothing, Locale::De).await.unwrap();
    assert_eq!(url.as_str().split('?').next().unwrap(), address.as_str());
    let found = parameters(&url);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "me"),
        ("redirect_uri", BEGUN.redirect_uri),
        ("state", "the-state"),
        ("scope", scope),
        ("code_challenge_method", "S256"),
        // printf %s "$verifier" | openssl dgst -sha256 -binary | basenc --base64url
        ("code_challenge", "_RpfHqw8pAZIomzVUE7sjRmHSM543WVdC4o-Kc4_3C0"),
    ] {
        assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!url.as_str().contains(SECRET));
}

/// What every token request has.
pub(super) fn exchanged(fake: &Fake, path: &str) -> Seen {
    let seen = fake.seen(path).pop().unwrap();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("redirect_uri", BEGUN.redirect_uri),
        ("code_verifier", BEGUN.verifier),
    ] {
        assert_eq!(seen.form.get(name).map(String::as_str), Some(value), "{name}");
    }
    seen
}

pub(super) fn by_body(seen: &Seen) {
    assert_eq!(seen.form.get("client_id").map(String::as_str), Some("me"));
    assert_eq!(seen.form.get("client_secret").map(String::as_str), Some(SECRET));
    assert!(!seen.headers.contains_key("authorization"));
}

pub(super) fn by_header(seen: &Seen) {
    assert_eq!(seen.headers["authorization"], "Basic bWU6dGhlLWNsaWVudC1zZWNyZXQ=");
    assert!(!seen.form.contains_key("client_secret"));
}

pub(super) fn bearer(fake: &Fake, path: &str) {
    assert_eq!(fake.seen(path).pop().unwrap().headers["authorization"], format!("Bearer {ACCESS}"));
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside None")]
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
