//! Each dialect as a program sees it, from the page to the profile.

use axum::{body::Body, http::Request};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    crypto::jose::{Jwk, VerifyingKey, decode},
    time::Timestamp,
};

/// As slow as it takes to be seen.
const SLOWLY: Duration = Duration::from_millis(30);
const ORIGIN: &str = "http://127.0.0.1:8082";
const CALLBACK: &str = "http://localhost:8080/connect/x/callback?own=1";
// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the address that the browser is sent to.
    fn parameter(&self, name: &str) -> Option<String> {
        assert_eq!(self.status, 303, "{}", self.text());
        let url = Url::parse(self.header("location")).unwrap();
        url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }
}

/// The fakes, and a program that uses them.
struct Bench {
    router: Router,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_seconds(1_763_717_400));
        let settings = FakeSettings {
            origin: ORIGIN.to_owned(),
            default_locale: Locale::En,
            clock: clock.clone(),
            random: Random::seeded(7),
            slow: SLOWLY,
        };
        Self { router: router(settings, Arc::new(Catalogue::load().unwrap())).unwrap(), clock }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in [("user-agent", "test/1"), ("host", "127.0.0.1:8082")].iter().chain(headers) {
            if !value.is_empty() {
                request = request.header(*name, *value);
            }
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Posts the page's form for a request with these scopes.
    async fn press(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> Answer {
        let path = provider.authorize_path().replace("{version}", "v23.0");
        let mut form = vec![
            ("client_id", "dev"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("state", "st&te"),
            ("scope", scope),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("person", "ada"),
            ("answer", "continue"),
        ];
        form.retain(|(name, _)| typed.iter().all(|(replaced, _)| replaced != name));
        form.extend(typed);
        let page = self.send("GET", &format!("{path}?{}", encode(&form)), &[], "").await;
        assert_eq!((page.status, page.header("location")), (200, ""), "the page asks first: {}", page.text());
        self.send("POST", &path, &[FORM, ("origin", ORIGIN)], &encode(&form)).await
    }

    async fn code(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> String {
        let back = self.press(provider, scope, typed).await;
        assert_eq!(back.parameter("state").as_deref(), Some("st&te"));
        assert_eq!(back.parameter("own").as_deref(), Some("1"));
        back.parameter("code").unwrap()
    }

    /// Redeems a code, with these fields instead of the right ones.
    async fn redeem(&self, provider: Provider, code: &str, other: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "dev"),
            ("client_secret", "dev"),
        ];
        form.retain(|(name, _)| other.iter().all(|(replaced, _)| replaced != name));
        form.extend(other);
        self.token(provider, &form).await
    }

    async fn token(&self, provider: Provider, form: &[(&str, &str)]) -> Answer {
        let field = |name: &str| form.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value);
        let basic = BASE64.encode(format!("{}:{}", field("client_id"), field("client_secret")).as_bytes());
        let basic = format!("Basic {basic}");
        let headers: &[(&str, &str)] = match provider {
            Provider::Twitter => &[FORM, ("authorization", &basic)],
            _ => &[FORM, ("accept", "application/json")],
        };
        self.send("POST", token_path(provider), headers, &encode(form)).await
    }

    /// The access token at the end of a good way.
    async fn access(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> String {
        let code = self.code(provider, scope, typed).await;
        let answer = self.redeem(provider, &code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn profile(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> Answer {
        let access = self.access(provider, scope, typed).await;
        self.get(profile_path(provider), &access).await
    }

    async fn get(&self, path: &str, access: &str) -> Answer {
        if path.starts_with("/facebook") {
            let proof = proof("dev", access);
            return self.send("GET", &format!("{path}&access_token={access}&appsecret_proof={proof}"), &[], "").await;
        }
        self.send("GET", path, &[("authorization", &format!("Bearer {access}"))], "").await
    }

    async fn id_token(&self, typed: &[(&str, &str)]) -> Value {
        let code = self.code(Provider::Google, SCOPES[0], typed).await;
        let answer = self.redeem(Provider::Google, &code, &[]).await;
        self.verified(answer.json()["id_token"].as_str().unwrap()).await
    }

    /// The claims of an ID token whose key is published.
    async fn verified(&self, token: &str) -> Value {
        let keys = self.send("GET", "/google/oauth2/v3/certs", &[], "").await.json();
        let keys: Vec<(String, VerifyingKey)> = keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| serde_json::from_value::<Jwk>(key.clone()).unwrap())
            .map(|jwk| (jwk.kid.clone(), VerifyingKey::from_jwk(&jwk).unwrap()))
            .collect();
        decode(token, &["JWT"], |kid| keys.iter().find(|(known, _)| known == kid).map(|(_, key)| key)).unwrap()
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// What the presets ask for, in the order of the providers.
const SCOPES: [&str; 5] = [
    "openid email profile",
    "read:user user:email",
    "public_profile,email",
    "users.read tweet.read users.email",
    "identify email",
];

fn everyone() -> impl Iterator<Item = (Provider, &'static str)> {
    Provider::ALL.into_iter().zip(SCOPES)
}

fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn proof(secret: &str, token: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    data_encoding::HEXLOWER.encode(aws_lc_rs::hmac::sign(&key, token.as_bytes()).as_ref())
}

fn token_path(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "/google/token",
        Provider::Github => "/github/login/oauth/access_token",
        Provider::Facebook => "/facebook/v23.0/oauth/access_token",
        Provider::Twitter => "/twitter/2/oauth2/token",
        Provider::Discord => "/discord/api/oauth2/token",
    }
}

fn profile_path(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "/google/v1/userinfo",
        Provider::Github => "/github/api/v3/user",
        Provider::Facebook => "/facebook/v23.0/me?fields=id,name,first_name,last_name,email,picture",
        Provider::Twitter => "/twitter/2/users/me?user.fields=name,username,profile_image_url,confirmed_email",
        Provider::Discord => "/discord/api/users/@me",
    }
}

#[test]
fn they_stand_on_loopback_only() {
    let start = |origin: &str| {
        let (clock, random) = (Clock::system(), Random::seeded(1));
        let settings =
            FakeSettings { origin: origin.to_owned(), default_locale: Locale::En, clock, random, slow: Duration::ZERO };
        router(settings, Arc::new(Catalogue::load().unwrap()))
    };
    for origin in
        ["https://fakes.example.org", "http://192.168.1.10:8082", "http://[2001:db8::1]:8082", "nowhere", "http://0.0.0.0:1"]
    {
        assert!(matches!(start(origin), Err(FakesError::NotLoopback(_))), "{origin}");
    }
    for origin in [ORIGIN, "http://localhost:8082", "http://[::1]:8082"] {
        assert!(start(origin).is_ok(), "{origin}");
    }
}

#[tokio::test]
async fn they_send_nobody_and_answer_nobody_elsewhere() {
    let bench = Bench::new();
    for (provider, scope) in everyone() {
        for (name, value) in [
            ("redirect_uri", "https://shop.example.org/cb"),
            ("redirect_uri", "http://localhost.example.org/cb"),
            ("redirect_uri", "javascript:alert(1)"),
            ("redirect_uri", "http://127.0.0.1/cb#part"),
            ("client_id", "other"),
            ("response_type", "token"),
            ("code_challenge_method", "plain"),
        ] {
            let path = provider.authorize_path().replace("{version}", "v23.0");
            let mut query = vec![
                ("client_id", "dev"),
                ("redirect_uri", CALLBACK),
                ("response_type", "code"),
                ("scope", scope),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("answer", "continue"),
                ("person", "ada"),
            ];
            query.retain(|(found, _)| *found != name);
            query.push((name, value));
            for page in [
                bench.send("GET", &format!("{path}?{}", encode(&query)), &[], "").await,
                bench.send("POST", &path, &[FORM, ("origin", ORIGIN)], &encode(&query)).await,
            ] {
                assert_eq!((page.status, page.header("location")), (400, ""), "{provider:?} {name}={value}");
                assert!(page.text().contains("would show an error here"), "{}", page.text());
            }
        }
    }
    let foreign = bench.send("GET", "/google/.well-known/openid-configuration", &[("host", "")], "").await;
    assert_eq!(foreign.status, 200);
    let request = Request::get("/google/.well-known/openid-configuration").header("host", "evil.example:8082");
    let answer = bench.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 403);
    let crossed = [FORM, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    assert_eq!(bench.send("POST", "/github/login/oauth/authorize", &crossed, "answer=continue").await.status, 403);
}

#[tokio::test]
async fn google_tells_in_the_id_token_and_in_userinfo() {
    let bench = Bench::new();
    let metadata = bench.send("GET", "/google/.well-known/openid-configuration", &[], "").await.json();
    assert_eq!(metadata["issuer"], "http://127.0.0.1:8082/google");
    assert_eq!(metadata["token_endpoint"], format!("{ORIGIN}{}", token_path(Provider::Google)));

    let back = bench.press(Provider::Google, SCOPES[0], &[("person", "ada"), ("access_type", "offline")]).await;
    assert_eq!(back.parameter("iss").as_deref(), Some("http://127.0.0.1:8082/google"));
    assert_eq!(back.parameter("hd").as_deref(), Some("workspace.example"));
    let answer = bench.redeem(Provider::Google, &back.parameter("code").unwrap(), &[]).await;
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3599)));
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let claims = bench.verified(tokens["id_token"].as_str().unwrap()).await;
    for (name, value) in [
        ("iss", json!("http://127.0.0.1:8082/google")),
        ("aud", json!("dev")),
        ("azp", json!("dev")),
        ("sub", json!("100000000000000000001")),
        ("nonce", json!("n-1")),
        ("email", json!("ada@workspace.example")),
        ("email_verified", json!(true)),
        ("hd", json!("workspace.example")),
        ("name", json!("Ada Lovelace")),
        ("iat", json!(1_763_717_400)),
        ("exp", json!(1_763_721_000)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims.get("auth_time"), None);
    let info = bench.get("/google/v1/userinfo", access).await.json();
    assert_eq!((&info["sub"], &info["email"]), (&claims["sub"], &claims["email"]));

    // The refresh token stays the same, and a new ID token has no nonce.
    for _ in 0..2 {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "dev"), ("client_secret", "dev")];
        let fresh = bench.token(Provider::Google, &form).await.json();
        assert_eq!(fresh.get("refresh_token"), None);
        assert_eq!(bench.verified(fresh["id_token"].as_str().unwrap()).await.get("nonce"), None);
        assert_eq!(bench.get("/google/v1/userinfo", fresh["access_token"].as_str().unwrap()).await.status, 200);
    }
    bench.clock.advance(Duration::from_hours(1));
    let ended = bench.get("/google/v1/userinfo", access).await;
    assert_eq!((ended.status, &ended.json()["error_description"]), (401, &json!("Invalid Credentials")));
    assert!(ended.header("www-authenticate").contains("invalid_token"));

    let little = bench.access(Provider::Google, "openid", &[("person", "grace")]).await;
    assert_eq!(bench.get("/google/v1/userinfo", &little).await.json(), json!({"sub": "100000000000000000002"}));
}

#[tokio::test]
async fn google_s_id_tokens_go_wrong_as_chosen() {
    let bench = Bench::new();
    let good = bench.id_token(&[("person", "ada")]).await;
    let quirk = async |name| bench.id_token(&[("person", "ada"), ("quirk", name)]).await;
    let differs = |claims: &Value, member: &str| {
        let mut same = claims.clone();
        same[member] = good[member].clone();
        for ignored in ["at_hash", "exp", "email_verified"] {
            same[ignored] = good[ignored].clone();
        }
        assert_eq!(same, good);
        claims[member].clone()
    };
    assert_eq!(quirk("unverified_email").await["email_verified"], false);
    assert_eq!(quirk("other_email").await["email"], "grace@mail.example");
    assert_eq!(differs(&quirk("clock_ahead").await, "iat"), 1_763_718_000);
    assert_eq!(differs(&quirk("clock_behind").await, "iat"), 1_763_716_800);
    assert!(quirk("expired").await["exp"].as_i64().unwrap() < 1_763_717_400 - 60);
    assert_eq!(differs(&quirk("other_nonce").await, "nonce"), "the-nonce-of-another-request");
    assert_eq!(differs(&quirk("wrong_issuer").await, "iss"), "https://accounts.elsewhere.example");
    assert_eq!(quirk("no_email").await.get("email"), None);
    assert!(quirk("multi_factor").await["amr"].as_array().unwrap().contains(&json!("mfa")));
    let renamed = quirk("renamed").await;
    assert_eq!((renamed.get("sub"), &renamed["sub_v2"]), (None, &good["sub"]));
    // Another address of the same person, and whoever is typed.
    let moved = bench.id_token(&[("person", "ada"), ("email", "Ada@new.example"), ("name", "Ada King")]).await;
    assert_eq!(
        (&moved["sub"], &moved["email"], &moved["family_name"]),
        (&good["sub"], &json!("Ada@new.example"), &json!("King"))
    );
    let somebody = bench.id_token(&[("person", "somebody"), ("email", "Zoe@z.example")]).await;
    assert_eq!((&somebody["email"], &somebody["name"]), (&json!("Zoe@z.example"), &json!("Zoe")));
    assert_eq!(bench.id_token(&[("person", SOMEBODY), ("email", "zoe@Z.example")]).await["sub"], somebody["sub"]);
    assert_ne!(somebody["sub"], good["sub"]);
}

#[tokio::test]
async fn google_s_keys_rotate_and_userinfo_strays() {
    let bench = Bench::new();
    let keys = async || bench.send("GET", "/google/oauth2/v3/certs", &[], "").await.json()["keys"].as_array().unwrap().len();
    assert_eq!(keys().await, 1);
    let kid = async |typed: &[(&str, &str)]| {
        let code = bench.code(Provider::Google, "openid email", typed).await;
        let tokens = bench.redeem(Provider::Google, &code, &[]).await.json();
        let token = tokens["id_token"].as_str().unwrap().to_owned();
        bench.verified(&token).await;
        let header = BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
    };
    let usual = kid(&[("person", "ada")]).await;
    assert_ne!(kid(&[("person", "ada"), ("quirk", "keys_rotated")]).await, usual);
    // The next browser's sign-in is as before.
    assert_eq!((kid(&[("person", "ada")]).await, keys().await), (usual, 2));

    let code = bench.code(Provider::Google, SCOPES[0], &[("person", "ada"), ("quirk", "other_person")]).await;
    let tokens = bench.redeem(Provider::Google, &code, &[]).await.json();
    let claims = bench.verified(tokens["id_token"].as_str().unwrap()).await;
    let info = bench.get("/google/v1/userinfo", tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!((claims.get("email"), &info["email"]), (None, &json!("grace@mail.example")));
    assert_ne!(claims["sub"], info["sub"]);
}

#[tokio::test]
async fn github_has_addresses_of_their_own() {
    let bench = Bench::new();
    let back = bench.press(Provider::Github, SCOPES[1], &[("person", "grace")]).await;
    assert_eq!(back.parameter("iss").as_deref(), Some("http://127.0.0.1:8082/github/login/oauth"));
    let tokens = bench.redeem(Provider::Github, &back.parameter("code").unwrap(), &[]).await.json();
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("bearer"), &json!("read:user,user:email")));
    assert_eq!(tokens.as_object().unwrap().len(), 3, "no end and no refresh token: {tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    let user = bench.get("/github/api/v3/user", access).await;
    assert_eq!(user.header("x-oauth-scopes"), "read:user, user:email");
    let user = user.json();
    assert_eq!((&user["id"], &user["login"], &user["email"]), (&json!(5_000_002), &json!("grace"), &Value::Null));
    let emails = bench.get("/github/api/v3/user/emails", access).await.json();
    assert_eq!(emails[0], json!({"email": "grace@mail.example", "primary": true, "verified": true, "visibility": "private"}));
    assert_eq!((&emails[1]["primary"], emails.as_array().unwrap().len()), (&json!(false), 2));

    for (scope, quirk, seen) in
        [(SCOPES[1], "unverified_email", json!(false)), ("user", "none", json!(true)), (SCOPES[1], "no_email", Value::Null)]
    {
        let access = bench.access(Provider::Github, scope, &[("person", "ada"), ("quirk", quirk)]).await;
        assert_eq!(bench.get("/github/api/v3/user/emails", &access).await.json()[0]["verified"], seen, "{quirk}");
    }
    let little = bench.access(Provider::Github, "read:user", &[("person", "ada")]).await;
    let none = bench.get("/github/api/v3/user/emails", &little).await;
    assert_eq!((none.status, &none.json()["message"]), (404, &json!("Not Found")));
    // Without Accept it speaks in forms, errors too.
    let code = bench.code(Provider::Github, "", &[("person", "ada")]).await;
    let form = [("code", code.as_str()), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER), ("client_id", "dev")];
    let form = [&form[..], &[("client_secret", "dev")]].concat();
    let plain = bench.send("POST", token_path(Provider::Github), &[FORM], &encode(&form)).await;
    assert!(plain.text().starts_with("access_token=gho_"), "{}", plain.text());
    let again = bench.send("POST", token_path(Provider::Github), &[FORM], &encode(&form)).await;
    assert!(again.status == 200 && again.text().starts_with("error=bad_verification_code&"), "{}", again.text());
    assert_eq!(bench.send("GET", "/github/api/v3/user", &[], "").await.json()["message"], "Requires authentication");
    let nameless = Request::get("/github/api/v3/user").header("authorization", format!("Bearer {access}"));
    let answer = bench.router.clone().oneshot(nameless.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn facebook_wants_a_proof_and_a_list_of_fields() {
    let bench = Bench::new();
    let back = bench.press(Provider::Facebook, SCOPES[2], &[("person", "alan")]).await;
    assert!(back.header("location").ends_with("#_=_"), "{}", back.header("location"));
    let tokens = bench.redeem(Provider::Facebook, &back.parameter("code").unwrap(), &[]).await.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(5_183_944)));
    let access = tokens["access_token"].as_str().unwrap();
    let me = bench.get(profile_path(Provider::Facebook), access).await.json();
    assert_eq!(me["email"], "alan@post.example");
    assert_eq!((&me["first_name"], &me["last_name"], &me["id"]), (&json!("Alan"), &json!("Turing"), &json!("10220000000000003")));
    assert!(me["picture"]["data"]["url"].as_str().unwrap().starts_with(ORIGIN));
    assert_eq!(bench.get("/facebook/v23.0/me?x=", access).await.json(), json!({"id": me["id"], "name": "Alan Turing"}));

    let ask =
        async |query: String| bench.send("GET", &format!("/facebook/v23.0/me?{query}"), &[], "").await.json()["error"].clone();
    let right = proof("dev", access);
    // Computed with another program: printf token | openssl dgst -sha256 -hmac dev
    assert_eq!(proof("dev", "token"), "9ede692497f935b90dde836abc0c204287b2adbcc8f1075b1cdd2f48ca1b60e8");
    for (query, code, kind) in [
        (String::new(), 2500, "OAuthException"),
        (format!("access_token=EAAx&appsecret_proof={right}"), 190, "OAuthException"),
        (format!("access_token={access}"), 100, "GraphMethodException"),
        (format!("access_token={access}&appsecret_proof={}", proof("other", access)), 100, "GraphMethodException"),
        (format!("access_token={access}&appsecret_proof={right}&fields=id,shoe_size"), 100, "OAuthException"),
    ] {
        let error = ask(query.clone()).await;
        assert_eq!((&error["code"], &error["type"]), (&json!(code), &json!(kind)), "{query}");
        assert!(error["fbtrace_id"].is_string() && error["message"].is_string());
    }
    // No permission, no address, no member.
    for (scope, quirk) in [("public_profile", "none"), (SCOPES[2], "no_email")] {
        let me = bench.profile(Provider::Facebook, scope, &[("person", "alan"), ("quirk", quirk)]).await.json();
        assert_eq!((me.get("email"), &me["name"]), (None, &json!("Alan Turing")));
    }
    // The token endpoint reads GET, too, and takes offence at a verifier nobody asked for.
    let code = bench.code(Provider::Facebook, "", &[("code_challenge", ""), ("code_challenge_method", "")]).await;
    let refused = bench.redeem(Provider::Facebook, &code, &[]).await.json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("without a code_challenge"), "{refused}");
    let query = encode(&[("client_id", "dev"), ("client_secret", "dev"), ("redirect_uri", CALLBACK), ("code", &code)]);
    assert_eq!(bench.send("GET", &format!("{}?{query}", token_path(Provider::Facebook)), &[], "").await.status, 200);
}

#[tokio::test]
async fn twitter_wants_pkce_basic_and_three_scopes() {
    let bench = Bench::new();
    let me = bench.profile(Provider::Twitter, SCOPES[3], &[("person", "ada")]).await.json();
    assert_eq!(me["data"]["confirmed_email"], "ada@workspace.example");
    assert_eq!((&me["data"]["id"], &me["data"]["username"]), (&json!("1700000000000000001"), &json!("ada")));
    for (scope, quirk) in [("users.read tweet.read", "none"), (SCOPES[3], "no_email")] {
        let me = bench.profile(Provider::Twitter, scope, &[("person", "ada"), ("quirk", quirk)]).await.json();
        assert_eq!((me["data"].get("confirmed_email"), &me["data"]["name"]), (None, &json!("Ada Lovelace")));
    }
    let forbidden = bench.profile(Provider::Twitter, "users.read", &[("person", "ada")]).await;
    assert_eq!(forbidden.json(), json!({"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "Forbidden"}));
    assert_eq!(forbidden.header("content-type"), "application/problem+json");
    let unknown = bench.get("/twitter/2/users/me", "nonsense").await;
    assert_eq!((unknown.status, &unknown.json()["title"]), (401, &json!("Unauthorized")));
    let access = bench.access(Provider::Twitter, SCOPES[3], &[]).await;
    let odd = bench.get("/twitter/2/users/me?user.fields=email", &access).await;
    assert_eq!((odd.status, &odd.json()["errors"][0]["parameters"]), (400, &json!({"user.fields": ["email"]})));

    let without = encode(&[("client_id", "dev"), ("redirect_uri", CALLBACK), ("response_type", "code"), ("scope", SCOPES[3])]);
    assert_eq!(bench.send("GET", &format!("/twitter/i/oauth2/authorize?{without}"), &[], "").await.status, 400);
    let code = bench.code(Provider::Twitter, "users.read tweet.read offline.access", &[]).await;
    let posted = [("grant_type", "authorization_code"), ("client_id", "dev"), ("client_secret", "dev"), ("code", &code)];
    let no_header = bench.send("POST", token_path(Provider::Twitter), &[FORM], &encode(&posted)).await;
    assert_eq!((no_header.status, &no_header.json()["error"]), (401, &json!("unauthorized_client")));
    let first = bench.redeem(Provider::Twitter, &code, &[]).await.json();
    rotates(&bench, Provider::Twitter, first["refresh_token"].as_str().unwrap(), "Value passed for the token was invalid.").await;

    let late = bench.code(Provider::Twitter, SCOPES[3], &[]).await;
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(bench.redeem(Provider::Twitter, &late, &[]).await.status, 400);
}

/// A refresh token works once and brings its successor.
async fn rotates(bench: &Bench, provider: Provider, first: &str, refusal: &str) {
    let refresh = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "dev"), ("client_secret", "dev")];
        bench.token(provider, &form).await
    };
    let second = refresh(first).await.json();
    assert_eq!(bench.get(profile_path(provider), second["access_token"].as_str().unwrap()).await.status, 200);
    let again = refresh(first).await;
    assert_eq!(again.status, 400);
    assert!(again.text().contains(refusal), "{}", again.text());
    assert_eq!(refresh(second["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn discord_says_whether_the_address_is_verified() {
    let bench = Bench::new();
    for (scope, quirk, email, verified) in [
        (SCOPES[4], "none", Some(json!("ada@workspace.example")), Some(json!(true))),
        (SCOPES[4], "unverified_email", Some(json!("ada@workspace.example")), Some(json!(false))),
        (SCOPES[4], "no_email", Some(Value::Null), Some(json!(false))),
        ("identify", "none", None, None),
    ] {
        let me = bench.profile(Provider::Discord, scope, &[("person", "ada"), ("quirk", quirk)]).await.json();
        assert_eq!((me.get("email"), me.get("verified")), (email.as_ref(), verified.as_ref()), "{scope} {quirk}");
        assert_eq!((&me["global_name"], &me["id"]), (&json!("Ada Lovelace"), &json!("800000000000000001")));
    }
    let unknown = bench.get("/discord/api/users/@me", "nonsense").await;
    assert_eq!((unknown.status, unknown.json()), (401, json!({"message": "401: Unauthorized", "code": 0})));
    let code = bench.code(Provider::Discord, SCOPES[4], &[]).await;
    let tokens = bench.redeem(Provider::Discord, &code, &[]).await.json();
    rotates(&bench, Provider::Discord, tokens["refresh_token"].as_str().unwrap(), "invalid_grant").await;
    assert_eq!(bench.send("GET", token_path(Provider::Discord), &[], "").await.status, 405);
}

/// What is wrong, and the words for it: status and a part of the body, in the order of the providers.
type Wrong = (&'static str, &'static str, [(u16, &'static str); 5]);

#[tokio::test]
async fn refusals_come_in_the_provider_s_own_words() {
    let bench = Bench::new();
    let invalid = "Value passed for the authorization code was invalid.";
    let table: [Wrong; 6] = [
        (
            "code",
            "nonsense",
            [
                (400, "Malformed auth code."),
                (200, "bad_verification_code"),
                (400, "Invalid verification code format."),
                (400, invalid),
                (400, "Invalid \\\"code\\\" in request."),
            ],
        ),
        (
            "code_verifier",
            "wrong-but-of-the-right-length-0123456789-abcdef",
            [
                (400, "Invalid code verifier."),
                (200, "bad_verification_code"),
                (400, "\"type\":\"OAuthException\""),
                (400, "did not match the code challenge"),
                (400, "Invalid \\\"code_verifier\\\""),
            ],
        ),
        (
            "code_verifier",
            "",
            [
                (400, "Missing code verifier."),
                (200, "bad_verification_code"),
                (400, "code_verifier"),
                (400, "[code_verifier]"),
                (400, "Missing \\\"code_verifier\\\""),
            ],
        ),
        (
            "redirect_uri",
            "http://localhost:8080/connect/x/callback",
            [
                (400, "redirect_uri_mismatch"),
                (200, "redirect_uri_mismatch"),
                (400, "36008"),
                (400, "redirect uri did not match"),
                (400, "Invalid \\\"redirect_uri\\\" in request."),
            ],
        ),
        (
            "client_secret",
            "wrong",
            [
                (401, "The provided client secret is invalid."),
                (200, "incorrect_client_credentials"),
                (400, "Error validating client secret."),
                (401, "Missing valid authorization header"),
                (401, "invalid_client"),
            ],
        ),
        (
            "client_id",
            "other",
            [
                (401, "The OAuth client was not found."),
                (404, "Not Found"),
                (400, "\"code\":101"),
                (401, "invalid_client"),
                (401, "invalid_client"),
            ],
        ),
    ];
    for (at, (provider, scope)) in everyone().enumerate() {
        let code = bench.code(provider, scope, &[("person", "ada")]).await;
        for (field, value, expected) in &table {
            let answer = bench.redeem(provider, &code, &[(field, value)]).await;
            let (status, words) = expected[at];
            assert_eq!(answer.status, status, "{provider:?} {field}: {}", answer.text());
            assert!(answer.text().contains(words), "{provider:?} {field}: {}", answer.text());
        }
        // None of that used it up; the right request does, once. Another provider does not know it.
        let other = Provider::ALL[(at + 1) % 5];
        assert!(!bench.redeem(other, &code, &[]).await.text().contains("access_token"));
        assert!(bench.redeem(provider, &code, &[]).await.text().contains("access_token"), "{provider:?}");
        let again = bench.redeem(provider, &code, &[]).await;
        assert!(!again.text().contains("access_token"), "{provider:?}");
        if provider == Provider::Facebook {
            assert_eq!(again.json()["error"]["error_subcode"], 36009);
            assert!(again.header("www-authenticate").starts_with("OAuth \"Facebook Platform\" \"invalid_code\""));
        }
        let late = bench.code(provider, scope, &[("person", "ada")]).await;
        bench.clock.advance(Duration::from_mins(10));
        assert!(!bench.redeem(provider, &late, &[]).await.text().contains("access_token"), "{provider:?}");
    }
}

#[tokio::test]
async fn cancel_is_a_denial() {
    let bench = Bench::new();
    for (provider, scope) in everyone() {
        let back = bench.press(provider, scope, &[("answer", "cancel"), ("person", "ada"), ("quirk", "slow")]).await;
        assert_eq!(back.parameter("error").as_deref(), Some("access_denied"), "{provider:?}");
        assert_eq!(back.parameter("state").as_deref(), Some("st&te"));
        assert_eq!(back.parameter("code"), None);
        let reason = (provider == Provider::Facebook).then_some("user_denied");
        assert_eq!(back.parameter("error_reason").as_deref(), reason);
        let described = matches!(provider, Provider::Github | Provider::Facebook | Provider::Discord);
        assert_eq!(back.parameter("error_description").is_some(), described);
    }
}

#[tokio::test]
async fn servers_fail_as_chosen_and_for_that_sign_in_only() {
    let bench = Bench::new();
    for (provider, scope) in everyone() {
        let quirk = async |name| bench.code(provider, scope, &[("person", "ada"), ("quirk", name)]).await;
        let down = bench.redeem(provider, &quirk("down").await, &[]).await;
        assert_eq!((down.status, down.text().as_str()), (500, "Internal Server Error\n"), "{provider:?}");
        let before = std::time::Instant::now();
        assert_eq!(bench.redeem(provider, &quirk("slow").await, &[]).await.status, 200);
        assert!(before.elapsed() >= SLOWLY, "{provider:?}");

        let spoilt = async |name| {
            let tokens = bench.redeem(provider, &quirk(name).await, &[]).await;
            if provider == Provider::Google {
                return tokens;
            }
            bench.get(profile_path(provider), tokens.json()["access_token"].as_str().unwrap()).await
        };
        let garbage = spoilt("garbage").await;
        assert_eq!((garbage.status, garbage.header("content-type")), (200, "application/json"), "{provider:?}");
        assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
        let html = spoilt("html").await;
        assert!(html.header("content-type").starts_with("text/html") && html.text().contains("<h1>"), "{provider:?}");
        let huge = spoilt("huge").await;
        assert!(huge.body.len() > 10 * 1024 * 1024 && huge.json()["padding"].is_string(), "{provider:?}");
        if provider != Provider::Google {
            let renamed = spoilt("renamed").await.json();
            let renamed = if provider == Provider::Twitter { &renamed["data"] } else { &renamed };
            assert!(renamed.get("id").is_none() && !renamed["id_v2"].is_null(), "{provider:?}");
            assert_eq!(bench.profile(provider, scope, &[("person", "ada")]).await.status, 200);
        }
    }
    for provider in [Provider::Google, Provider::Github] {
        let back = bench.press(provider, "openid", &[("quirk", "mix_up")]).await;
        assert_eq!(back.parameter("iss").as_deref(), Some("https://accounts.elsewhere.example"));
    }
    // Only what the provider can do is on offer, and accepted.
    let refused = bench.press(Provider::Facebook, "", &[("quirk", "other_nonce")]).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn the_page_asks_and_carries_the_request_along() {
    let bench = Bench::new();
    let query = encode(&[
        ("client_id", "dev"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "<x>\"y"),
    ]);
    let path = format!("/google/o/oauth2/v2/auth?{query}");
    let page = bench.send("GET", &path, &[("accept-language", "de")], "").await;
    assert!(page.text().contains("Das ist nicht Google") && page.text().contains("lang=\"de\""), "{}", page.text());
    assert!(!page.header("content-security-policy").contains("form-action"));
    let page = bench.send("GET", &format!("{path}&lang=en"), &[("accept-language", "de")], "").await;
    let text = page.text();
    for part in [
        "Stand-in for Google",
        "This is not Google",
        "ada@workspace.example",
        "The ID token has expired",
        "name=\"state\" value=\"&#60;x&#62;&#34;y\"",
        "http://localhost:8080",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let page = bench.send("GET", &path.replace("/google/o/oauth2/v2/auth", "/twitter/i/oauth2/authorize"), &[], "").await;
    assert_eq!(page.status, 400);
    // Somebody without an address is nobody.
    let again = bench.press(Provider::Discord, "identify", &[("person", SOMEBODY), ("quirk", "huge")]).await;
    assert_eq!(again.status, 422);
    let text = again.text();
    for part in ["Type the address", "value=\"somebody\" selected", "value=\"huge\" selected", "aria-invalid"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let picture = bench.send("GET", "/pictures/a.svg", &[], "").await;
    assert!(picture.header("content-type") == "image/svg+xml" && picture.text().contains(">A</text>"));
}

#[test]
fn memory_is_bounded() {
    let grants = Grants::new(Clock::system());
    let person = people::Person::chosen(&[("person", "ada")].into(), Quirk::None).unwrap();
    let grant = grants::Grant {
        provider: Provider::Github,
        person,
        quirk: Quirk::None,
        scopes: Vec::new(),
        redirect_uri: String::new(),
        challenge: None,
        nonce: None,
        offline: false,
        auth_time: false,
        at: Timestamp::from_seconds(0),
    };
    for number in 0..1001 {
        grants.keep_code(number.to_string(), grant.clone());
    }
    assert!(matches!(grants.code(Provider::Github, "0"), grants::Code::Unknown));
    assert!(matches!(grants.code(Provider::Github, "1000"), grants::Code::Good(_)));
}
