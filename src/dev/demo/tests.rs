use std::sync::Mutex;

use axum::{body::Body, routing::get};
use form_urlencoded::parse;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{
    crypto::{
        jose::{Alg, SigningKey},
        pkce,
    },
    engine::params::Params,
    http::{form::Form, page::json as answer},
};

const ISSUER: &str = "http://localhost:8080";

/// A provider of its own, with a fault to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Down,
    Nonce,
    Audience,
    Issuer,
    Key,
    AccessTokenHash,
    OtherUserinfo,
    Refusal,
}

struct Fake {
    fault: Fault,
    key: SigningKey,
    /// Challenge and nonce of the authorization request.
    asked: Mutex<(String, String)>,
}

impl Fake {
    fn router(self: Arc<Self>) -> Router {
        let (token, keys) = (Arc::clone(&self), Arc::clone(&self));
        let fault = self.fault;
        Router::new()
            .route("/.well-known/openid-configuration", get(async || answer(StatusCode::OK, &metadata())))
            .route("/jwks", get(async move || answer(StatusCode::OK, &json!({"keys": [keys.key.public_jwk()]}))))
            .route("/token", post(async move |Form(form): Form| token.token(&form)))
            .route(
                "/userinfo",
                get(async move || {
                    let sub = if fault == Fault::OtherUserinfo { "user_2" } else { "user_1" };
                    answer(StatusCode::OK, &json!({"sub": sub, "name": "Ada <Lovelace>", "email": "ada@example.org"}))
                }),
            )
    }

    fn token(&self, form: &Params) -> Response {
        let field = |name: &str| form.first(name);
        assert_eq!(field("client_id"), "demo");
        if self.fault == Fault::Refusal {
            return answer(StatusCode::BAD_REQUEST, &json!({"error": "invalid_grant"}));
        }
        let (challenge, nonce) = self.asked.lock().unwrap().clone();
        match field("grant_type") {
            "authorization_code" => {
                assert_eq!(field("redirect_uri"), "http://127.0.0.1:4000/callback");
                assert_eq!(field("code"), "the-code");
                assert!(pkce::verify_s256(field("code_verifier"), &challenge));
            }
            other => assert_eq!((other, field("refresh_token")), ("refresh_token", "refresh-1")),
        }
        let unless = |fault, bad: &str, good: &str| if self.fault == fault { bad.to_owned() } else { good.to_owned() };
        let mut claims = json!({
            "iss": unless(Fault::Issuer, "http://evil.example", ISSUER), "sub": "user_1", "aud": unless(Fault::Audience, "other", "demo"),
            "nonce": unless(Fault::Nonce, "other", &nonce), "iat": 1_700_000_000, "exp": 4_000_000_000u32, "sid": "sess_1",
        });
        if self.fault == Fault::AccessTokenHash {
            claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
        }
        let other = SigningKey::generate(Alg::Es256, "key_1".into()).unwrap();
        let key = if self.fault == Fault::Key { &other } else { &self.key };
        let id_token = key.sign("JWT", &claims).unwrap();
        let tokens = json!({
            "access_token": "access", "token_type": "Bearer", "expires_in": 600, "refresh_token": "refresh-1", "id_token": id_token,
        });
        answer(StatusCode::OK, &tokens)
    }
}

fn metadata() -> Value {
    json!({
        "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/authorize"), "token_endpoint": format!("{ISSUER}/token"),
        "userinfo_endpoint": format!("{ISSUER}/userinfo"), "jwks_uri": format!("{ISSUER}/jwks"),
        "end_session_endpoint": format!("{ISSUER}/logout"), "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["none"],
    })
}

/// A browser in front of the demo.
struct Browser {
    router: Router,
    fake: Arc<Fake>,
    cookie: String,
}

struct Page {
    status: StatusCode,
    location: String,
    body: String,
}

impl Page {
    fn parameter(&self, name: &str) -> String {
        let query = self.location.split_once('?').unwrap().1;
        parse(query.as_bytes()).find(|(found, _)| found == name).map_or_else(String::new, |(_, value)| value.into_owned())
    }
}

impl Browser {
    fn new(fault: Fault) -> Self {
        let key = SigningKey::generate(Alg::Es256, "key_1".into()).unwrap();
        let fake = Arc::new(Fake { fault, key, asked: Mutex::default() });
        let provider = Arc::clone(&fake).router();
        let settings = DemoSettings {
            issuer: ISSUER.to_owned(),
            origin: "http://127.0.0.1:4000".to_owned(),
            client_id: "demo".to_owned(),
            provider: "Vestibule".to_owned(),
            default_locale: Locale::En,
            clock: Clock::system(),
            random: Random::seeded(1),
        };
        let fetch = move |request: Request<Vec<u8>>| {
            let provider = provider.clone();
            async move {
                if fault == Fault::Down {
                    return Err("connection refused");
                }
                let response = provider.oneshot(request.map(Body::from)).await.unwrap();
                let (parts, body) = response.into_parts();
                Ok(HttpResponse::from_parts(parts, axum::body::to_bytes(body, 100_000).await.unwrap().to_vec()))
            }
        };
        let router = router(settings, Arc::new(Catalogue::load().unwrap()), fetch).unwrap();
        Self { router, fake, cookie: String::new() }
    }

    async fn request(&mut self, method: &str, path: &str) -> Page {
        let request = Request::builder().method(method).uri(path).header("cookie", &self.cookie);
        let request = request.header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        if let Some(line) = response.headers().get("set-cookie") {
            line.to_str().unwrap().split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        let location = response.headers().get("location").map_or_else(String::new, |found| found.to_str().unwrap().to_owned());
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        Page { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Starts a sign-in; the state.
    async fn begin(&mut self) -> String {
        let page = self.request("GET", "/login").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        assert!(page.location.starts_with("http://localhost:8080/authorize?"), "{}", page.location);
        for (name, value) in [
            ("client_id", "demo"),
            ("redirect_uri", "http://127.0.0.1:4000/callback"),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(page.parameter(name), value);
        }
        *self.fake.asked.lock().unwrap() = (page.parameter("code_challenge"), page.parameter("nonce"));
        page.parameter("state")
    }

    async fn come_back(&mut self, state: &str) -> Page {
        self.request("GET", &format!("/callback?code=the-code&state={state}&iss=http%3A%2F%2Flocalhost%3A8080")).await
    }
}

#[tokio::test]
async fn the_whole_way() {
    let mut browser = Browser::new(Fault::None);
    let home = browser.request("GET", "/").await;
    assert!(home.body.contains("href=\"/login\"") && home.body.contains("Sign in with Vestibule"), "{}", home.body);

    let state = browser.begin().await;
    let before = browser.cookie.clone();
    let back = browser.come_back(&state).await;
    assert_eq!((back.status, back.location.as_str()), (StatusCode::SEE_OTHER, "/"), "{}", back.body);
    assert_ne!(browser.cookie, before);

    let home = browser.request("GET", "/").await;
    for text in ["user_1", "sess_1", "ada@example.org", "Ada &#60;Lovelace&#62;", "action=\"/refresh\"", "/static/style."] {
        assert!(home.body.contains(text), "{text} is missing in {}", home.body);
    }
    let fresh = browser.request("POST", "/refresh").await;
    assert_eq!(fresh.status, StatusCode::OK);
    assert!(fresh.body.contains("Fresh tokens"), "{}", fresh.body);

    let out = browser.request("POST", "/logout").await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(out.location.starts_with("http://localhost:8080/logout?"));
    assert_eq!(out.parameter("post_logout_redirect_uri"), "http://127.0.0.1:4000/signed-out");
    assert_eq!(out.parameter("id_token_hint").split('.').count(), 3);
    assert!(browser.request("GET", "/").await.body.contains("href=\"/login\""));
    assert!(browser.request("GET", "/signed-out").await.body.contains("signed out"));
}

#[tokio::test]
async fn only_this_browser_s_own_sign_in_counts_and_once() {
    let mut browser = Browser::new(Fault::None);
    let state = browser.begin().await;
    let mut other = Browser::new(Fault::None);
    assert_eq!(other.come_back(&state).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.come_back("wrong").await.status, StatusCode::BAD_REQUEST);
    let mixed_up = browser.request("GET", &format!("/callback?code=the-code&state={state}&iss=http%3A%2F%2Fevil.example")).await;
    assert_eq!(mixed_up.status, StatusCode::BAD_REQUEST);
    // The attempt has used the state up.
    assert_eq!(browser.come_back(&state).await.status, StatusCode::BAD_REQUEST);
    // Two tabs at once both work.
    let first = browser.begin().await;
    let asked = browser.fake.asked.lock().unwrap().clone();
    let second = browser.begin().await;
    assert_eq!(browser.come_back(&second).await.status, StatusCode::SEE_OTHER);
    *browser.fake.asked.lock().unwrap() = asked;
    assert_eq!(browser.come_back(&first).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn faulty_tokens_sign_nobody_in() {
    for (fault, status) in [
        (Fault::Nonce, StatusCode::BAD_GATEWAY),
        (Fault::Audience, StatusCode::BAD_GATEWAY),
        (Fault::Issuer, StatusCode::BAD_GATEWAY),
        (Fault::Key, StatusCode::BAD_GATEWAY),
        (Fault::AccessTokenHash, StatusCode::BAD_GATEWAY),
        (Fault::OtherUserinfo, StatusCode::BAD_GATEWAY),
        (Fault::Refusal, StatusCode::BAD_REQUEST),
    ] {
        let mut browser = Browser::new(fault);
        let state = browser.begin().await;
        let page = browser.come_back(&state).await;
        assert_eq!(page.status, status, "{fault:?}");
        let wanted = if fault == Fault::Refusal { "invalid_grant" } else { "The tokens were refused" };
        assert!(page.body.contains(wanted), "{fault:?} {}", page.body);
        assert!(browser.request("GET", "/").await.body.contains("href=\"/login\""), "{fault:?}");
    }
}

#[tokio::test]
async fn errors_are_pages() {
    let mut browser = Browser::new(Fault::Down);
    let page = browser.request("GET", "/login").await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.body.contains("does not answer"), "{}", page.body);
    assert_eq!(browser.request("GET", "/nowhere").await.status, StatusCode::NOT_FOUND);

    let mut browser = Browser::new(Fault::None);
    let state = browser.begin().await;
    let iss = "iss=http%3A%2F%2Flocalhost%3A8080";
    let page = browser.request("GET", &format!("/callback?error=access_denied%3Cb%3E&state={state}&{iss}")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("access_denied&#60;b&#62;"), "{}", page.body);

    let foreign = Request::post("/logout").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    assert_eq!(browser.router.clone().oneshot(foreign).await.unwrap().status(), StatusCode::FORBIDDEN);
}
