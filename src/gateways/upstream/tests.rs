//! The OAuth 2 dialects, against a server that answers in each provider's words; the server also serves `openid_tests`.

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
    providers::{Base, ClaimPaths, ClientAuth, Endpoints, Linking, Logo, Vouching},
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
async fn all_troubles(fake: &Fake, kind: ProviderKind, paths: &[&str]) {
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

fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What every authorization request has.
async fn begins_with(upstreams: &Upstreams, address: &Url, scope: &str) {
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
fn exchanged(fake: &Fake, path: &str) -> Seen {
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

fn by_body(seen: &Seen) {
    assert_eq!(seen.form.get("client_id").map(String::as_str), Some("me"));
    assert_eq!(seen.form.get("client_secret").map(String::as_str), Some(SECRET));
    assert!(!seen.headers.contains_key("authorization"));
}

pub(super) fn by_header(seen: &Seen) {
    assert_eq!(seen.headers["authorization"], "Basic bWU6dGhlLWNsaWVudC1zZWNyZXQ=");
    assert!(!seen.form.contains_key("client_secret"));
}

fn bearer(fake: &Fake, path: &str) {
    assert_eq!(fake.seen(path).pop().unwrap().headers["authorization"], format!("Bearer {ACCESS}"));
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside None")]
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

async fn github() -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json(
        "/login/oauth/access_token",
        json!({"access_token": ACCESS, "scope": "read:user,user:email", "token_type": "bearer"}),
    );
    fake.json(
        "/api/v3/user",
        json!({"login": "ada", "id": 583_231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "avatar_url": "https://avatars.example/u/1",
               "name": "Ada Lovelace", "blog": "", "email": "public@example.org", "type": "User"}),
    );
    fake.json(
        "/api/v3/user/emails",
        json!([{"email": "other@example.org", "primary": false, "verified": true, "visibility": null},
               {"email": "ada@example.org", "primary": true, "verified": true, "visibility": "private"}]),
    );
    let upstreams = upstreams(settings(ProviderKind::Github(Base(Some(fake.url("/"))))), PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn github_speaks_its_dialect() {
    let (fake, upstreams) = github().await;
    begins_with(&upstreams, &fake.url("/login/oauth/authorize"), "read:user user:email more").await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!(arrived.subject, "583231");
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), true));
    assert_eq!((arrived.name, arrived.username, arrived.website), (some("Ada Lovelace"), some("ada"), None));
    assert_eq!(arrived.picture, some("https://avatars.example/u/1"));
    assert_eq!((arrived.tokens.access_token.expose(), arrived.tokens.expires_in), (ACCESS, None));
    assert_eq!(arrived.tokens.scope, some("read:user,user:email"));
    let seen = exchanged(&fake, "/login/oauth/access_token");
    by_body(&seen);
    assert_eq!(seen.headers["accept"], "application/json");
    bearer(&fake, "/api/v3/user");
    let emails = fake.seen("/api/v3/user/emails").pop().unwrap();
    assert_eq!(emails.headers["accept"], "application/vnd.github+json");
    assert!(emails.headers["user-agent"].to_str().unwrap().starts_with("vestibule/"));
}

#[tokio::test]
async fn github_may_know_no_verified_address() {
    let (fake, upstreams) = github().await;
    fake.json("/api/v3/user/emails", json!([{"email": "ada@example.org", "primary": true, "verified": false}]));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false));
    for reply in [Reply::Json(404, json!({"message": "Not Found"})), Reply::Json(200, json!([]))] {
        fake.on("/api/v3/user/emails", reply);
        let arrived = finish(&upstreams, None).await.unwrap();
        assert_eq!((arrived.email, arrived.email_verified), (None, false));
    }
}

#[tokio::test]
async fn github_refuses_with_status_200() {
    let (fake, upstreams) = github().await;
    fake.json(
        "/login/oauth/access_token",
        json!({"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
               "error_uri": "https://docs.github.com/"}),
    );
    let error = finish(&upstreams, None).await.unwrap_err();
    assert_eq!(error, UpstreamError::refused("bad_verification_code", "The code passed is incorrect or expired."));
    let (fake, upstreams) = github().await;
    fake.on("/api/v3/user", Reply::Json(401, json!({"message": "Bad credentials"})));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("Bad credentials", ""));
}

#[tokio::test]
async fn github_in_trouble() {
    let (fake, upstreams) = github().await;
    all_troubles(&fake, ProviderKind::Github(Base(Some(fake.url("/")))), &["/login/oauth/access_token", "/api/v3/user"]).await;
    fake.json("/api/v3/user", json!({"user_id": 1, "login": "ada"}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::Garbage("`id` is missing".into()));
    fake.json("/api/v3/user", json!({"id": {"a": 1}}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err().as_str(), "garbage");
}

#[tokio::test]
async fn github_lives_at_its_own_hosts_by_default() {
    let upstreams = upstreams(settings(ProviderKind::Github(Base(None))), PATIENT);
    begins_with(&upstreams, &"https://github.com/login/oauth/authorize".parse().unwrap(), "read:user user:email more").await;
}

#[tokio::test]
async fn an_issuer_at_another_host_is_a_mix_up() {
    let (fake, upstreams) = github().await;
    for iss in ["https://attacker.example", "http://127.0.0.1", "nonsense", ""] {
        assert_eq!(finish(&upstreams, Some(iss)).await.unwrap_err(), UpstreamError::WrongIssuer, "{iss}");
    }
    assert_eq!(fake.requests(), 0, "the code stays with us");
    assert!(finish(&upstreams, Some(fake.url("/login/oauth").as_str())).await.is_ok());
}

async fn facebook() -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json("/v23.0/oauth/access_token", json!({"access_token": ACCESS, "token_type": "bearer", "expires_in": 5_183_944}));
    fake.json(
        "/v23.0/me",
        json!({"id": "10158000000000000", "name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace",
               "email": "ada@example.org",
               "picture": {"data": {"height": 50, "is_silhouette": false, "url": "https://pic.example/1", "width": 50}}}),
    );
    let upstreams = upstreams(settings(ProviderKind::Facebook(Base(Some(fake.url("/"))))), PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn facebook_speaks_its_dialect() {
    let (fake, upstreams) = facebook().await;
    begins_with(&upstreams, &fake.url("/v23.0/dialog/oauth"), "public_profile email more").await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!(arrived.subject, "10158000000000000");
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false));
    assert_eq!((arrived.given_name, arrived.family_name), (some("Ada"), some("Lovelace")));
    assert_eq!(arrived.picture, some("https://pic.example/1"));
    assert_eq!(arrived.tokens.expires_in, Some(Duration::from_secs(5_183_944)));
    by_body(&exchanged(&fake, "/v23.0/oauth/access_token"));
    let me = fake.seen("/v23.0/me").pop().unwrap();
    assert_eq!(me.query["fields"], "id,name,first_name,last_name,email,picture");
    assert_eq!(me.query["access_token"], ACCESS);
    // printf %s the-access-token | openssl dgst -sha256 -hmac the-client-secret
    assert_eq!(me.query["appsecret_proof"], "280d50fc96d311200537f8f4de940504a59bcae6271b33aa97eac6852d82c1be");
}

#[tokio::test]
async fn facebook_may_know_no_address() {
    let (fake, upstreams) = facebook().await;
    fake.json("/v23.0/me", json!({"id": "1", "name": "Ada"}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified, arrived.picture), (None, false, None));
}

#[tokio::test]
async fn facebook_refuses_in_a_shape_of_its_own() {
    let (fake, upstreams) = facebook().await;
    let refusal = json!({"error": {"message": "This authorization code has been used.", "type": "OAuthException",
                         "code": 100, "error_subcode": 36009, "fbtrace_id": "x"}});
    for path in ["/v23.0/me", "/v23.0/oauth/access_token"] {
        fake.on(path, Reply::Json(400, refusal.clone()));
        let error = finish(&upstreams, None).await.unwrap_err();
        assert_eq!(error, UpstreamError::refused("OAuthException", "This authorization code has been used."));
    }
}

#[tokio::test]
async fn facebook_in_trouble() {
    let (fake, upstreams) = facebook().await;
    all_troubles(&fake, ProviderKind::Facebook(Base(Some(fake.url("/")))), &["/v23.0/oauth/access_token", "/v23.0/me"]).await;
    fake.json("/v23.0/me", json!({"uid": "1"}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::Garbage("`id` is missing".into()));
    // The token stands in the URL here, which must not stand in an error.
    drop(fake);
    let nobody = Base(Some("http://127.0.0.1:1/".parse().unwrap()));
    let gone = self::upstreams(settings(ProviderKind::Facebook(nobody)), PATIENT);
    let error = finish(&gone, None).await.unwrap_err();
    assert_eq!(error.as_str(), "unreachable");
    assert!(!error.to_string().contains("127.0.0.1:1/"), "{error}");
}

async fn twitter(keep_tokens: bool) -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json(
        "/2/oauth2/token",
        json!({"token_type": "bearer", "expires_in": 7200, "access_token": ACCESS,
               "scope": "users.read tweet.read offline.access", "refresh_token": "the-refresh-token"}),
    );
    fake.json(
        "/2/users/me",
        json!({"data": {"id": "2244994945", "name": "Ada", "username": "ada", "confirmed_email": "ada@example.org",
                        "profile_image_url": "https://pbs.example/1_normal.jpg"}}),
    );
    let settings = ProviderSettings { keep_tokens, ..settings(ProviderKind::Twitter(Base(Some(fake.url("/"))))) };
    let upstreams = upstreams(settings, PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn twitter_speaks_its_dialect() {
    let (fake, upstreams) = twitter(true).await;
    let scope = "users.read tweet.read users.email offline.access more";
    begins_with(&upstreams, &fake.url("/i/oauth2/authorize"), scope).await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.username), ("2244994945", some("ada")));
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), true));
    assert_eq!(arrived.tokens.refresh_token.as_ref().map(TokenText::expose), Some("the-refresh-token"));
    by_header(&exchanged(&fake, "/2/oauth2/token"));
    bearer(&fake, "/2/users/me");
    let me = fake.seen("/2/users/me").pop().unwrap();
    assert_eq!(me.query["user.fields"], "name,username,profile_image_url,confirmed_email");

    fake.json("/2/users/me", json!({"data": {"id": "1", "name": "Ada", "username": "ada"}}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (None, false));

    let tokens = upstreams.get("it").unwrap().refresh("the-refresh-token").await.unwrap();
    assert_eq!((tokens.access_token.expose(), tokens.expires_in), (ACCESS, Some(Duration::from_secs(7200))));
    let seen = fake.seen("/2/oauth2/token").pop().unwrap();
    assert_eq!((seen.form["grant_type"].as_str(), seen.form["refresh_token"].as_str()), ("refresh_token", "the-refresh-token"));
    by_header(&seen);
}

#[tokio::test]
async fn twitter_in_trouble() {
    let (fake, upstreams) = twitter(false).await;
    begins_with(&upstreams, &fake.url("/i/oauth2/authorize"), "users.read tweet.read users.email more").await;
    all_troubles(&fake, ProviderKind::Twitter(Base(Some(fake.url("/")))), &["/2/oauth2/token", "/2/users/me"]).await;
    let refusal = json!({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"});
    fake.on("/2/users/me", Reply::Json(401, refusal));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("Unauthorized", "Unauthorized"));
    let refusal = json!({"error": "invalid_request", "error_description": "Value passed for the code was invalid."});
    fake.on("/2/oauth2/token", Reply::Json(400, refusal));
    let error = UpstreamError::refused("invalid_request", "Value passed for the code was invalid.");
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), error);
    assert_eq!(upstreams.get("it").unwrap().refresh("x").await.unwrap_err(), error);
}

async fn discord() -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json(
        "/api/oauth2/token",
        json!({"access_token": ACCESS, "token_type": "Bearer", "expires_in": 604_800, "refresh_token": "the-refresh-token",
               "scope": "identify email"}),
    );
    fake.json(
        "/api/users/@me",
        json!({"id": "80351110224678912", "username": "ada", "discriminator": "0", "global_name": "Ada L.",
               "avatar": "8342729096ea3675442027381ff50dfe", "verified": true, "email": "ada@example.org",
               "locale": "en-US", "mfa_enabled": true}),
    );
    let upstreams = upstreams(settings(ProviderKind::Discord(Base(Some(fake.url("/"))))), PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn discord_speaks_its_dialect() {
    let (fake, upstreams) = discord().await;
    begins_with(&upstreams, &fake.url("/oauth2/authorize"), "identify email more").await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.username), ("80351110224678912", some("ada")));
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), true));
    assert_eq!((arrived.name, arrived.locale), (some("Ada L."), some("en-US")));
    let picture = "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png";
    assert_eq!(arrived.picture, some(picture));
    by_body(&exchanged(&fake, "/api/oauth2/token"));
    bearer(&fake, "/api/users/@me");

    // Unverified, without a name, and with a picture that is none.
    let user = json!({"id": "1", "username": "ada", "global_name": null, "avatar": "../../x", "verified": false,
                      "email": "ada@example.org"});
    fake.json("/api/users/@me", user);
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false));
    assert_eq!((arrived.name, arrived.picture), (None, None));
    fake.json("/api/users/@me", json!({"id": "1", "username": "ada", "email": null, "verified": true}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (None, false));
}

#[tokio::test]
async fn discord_in_trouble() {
    let (fake, upstreams) = discord().await;
    all_troubles(&fake, ProviderKind::Discord(Base(Some(fake.url("/")))), &["/api/oauth2/token", "/api/users/@me"]).await;
    fake.on("/api/users/@me", Reply::Json(401, json!({"message": "401: Unauthorized", "code": 0})));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("401: Unauthorized", ""));
    fake.on("/api/oauth2/token", Reply::Json(400, json!({"error": "invalid_grant"})));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("invalid_grant", ""));
    fake.json("/api/oauth2/token", json!({"accessToken": ACCESS, "token_type": "Bearer"}));
    let error = finish(&upstreams, None).await.unwrap_err();
    assert_eq!(error, UpstreamError::Garbage("token response: missing field `access_token`".into()));
    fake.json("/api/oauth2/token", json!({"access_token": ACCESS, "token_type": "Bearer", "expires_in": ACCESS}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err().as_str(), "garbage");
    for token in ["", "a\nb", "\u{e9}"] {
        fake.json("/api/oauth2/token", json!({"access_token": token, "token_type": "Bearer"}));
        assert_eq!(finish(&upstreams, None).await.unwrap_err().as_str(), "garbage", "{token:?}");
    }
}

#[tokio::test]
async fn any_oauth2_provider_is_read_by_its_paths() {
    let fake = Fake::start().await;
    fake.json("/token", json!({"access_token": ACCESS, "token_type": "Bearer"}));
    let user = json!({"response": {"user": {"no": 7, "mail": "ada@example.org", "ok": "true", "display": "  Ada  ",
                      "nick": "a\u{0}da", "face": "javascript:alert(1)"}}});
    fake.json("/me", user);
    let paths = |subject: &str, email_verified: &str| {
        let path = |name: &str| format!("response.user.{name}");
        let claims = ClaimPaths {
            subject: path(subject),
            email: path("mail"),
            email_verified: email_verified.into(),
            name: path("display"),
            username: path("nick"),
            picture: path("face"),
        };
        let (authorization, token, userinfo) = (fake.url("/auth"), fake.url("/token"), fake.url("/me"));
        let endpoints = Endpoints { authorization, token, userinfo, client_auth: ClientAuth::Basic, claims };
        ProviderKind::OAuth2(Box::new(endpoints))
    };
    let reading = |kind: ProviderKind| upstreams(settings(kind), PATIENT);
    let kind = paths("no", "response.user.ok");
    let generic = reading(kind.clone());
    begins_with(&generic, &fake.url("/auth"), "more").await;
    let arrived = finish(&generic, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.email, arrived.email_verified), ("7", some("ada@example.org"), true));
    // Trimmed, and without what would harm.
    assert_eq!((arrived.name, arrived.username, arrived.picture), (some("Ada"), None, None));
    by_header(&exchanged(&fake, "/token"));
    bearer(&fake, "/me");
    all_troubles(&fake, kind, &["/token", "/me"]).await;
    assert!(!finish(&reading(paths("no", "")), None).await.unwrap().email_verified);
    let error = finish(&reading(paths("id", "")), None).await.unwrap_err();
    assert_eq!(error, UpstreamError::Garbage("`response.user.id` is missing".into()));
    fake.json("/me", json!({"response": {"user": {"no": ""}}}));
    assert_eq!(finish(&generic, None).await.unwrap_err().as_str(), "garbage");
}

#[tokio::test]
async fn a_malformed_verifier_is_no_panic() {
    let (_fake, upstreams) = discord().await;
    let begun = Begun { verifier: "short", ..BEGUN };
    let upstream = upstreams.get("it").unwrap();
    assert_eq!(upstream.authorization_url(&begun, Prompt::Nothing, Locale::En).await.unwrap_err().as_str(), "garbage");
    let answer = Answer { code: "x", iss: None };
    assert_eq!(upstream.finish(&begun, answer, NOW).await.unwrap_err().as_str(), "garbage");
}

#[tokio::test]
async fn private_addresses_are_called_only_if_allowed() {
    let (fake, _) = discord().await;
    for host in ["127.0.0.1", "localhost"] {
        let mut base = fake.url("/");
        base.set_host(Some(host)).unwrap();
        let settings = [settings(ProviderKind::Discord(Base(Some(base))))];
        let guarded = Upstreams::within(&settings, Reach::Public, PATIENT, &Clock::manual(NOW)).unwrap();
        let error = finish(&guarded, None).await.unwrap_err();
        assert!(matches!(&error, UpstreamError::Unreachable(text) if text.contains("not allowed")), "{error}");
    }
    assert_eq!(fake.requests(), 0);
}

#[test]
fn tokens_travel_as_json_and_hide_in_debug() {
    let tokens = Tokens {
        access_token: TokenText::new(ACCESS),
        refresh_token: None,
        expires_in: Some(Duration::from_secs(5)),
        scope: None,
    };
    let text = serde_json::to_string(&tokens).unwrap();
    assert_eq!(serde_json::from_str::<Tokens>(&text).unwrap(), tokens);
    assert!(!format!("{tokens:?}").contains(ACCESS));
}
