//! A program that uses the fakes, from the page to the profile.

use axum::{body::Body, http::Request};
use data_encoding::BASE64;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::{
    crypto::jose::{Jwk, VerifyingKey, decode},
    time::Timestamp,
};

/// As slow as it takes to be seen.
pub(super) const SLOWLY: Duration = Duration::from_millis(30);
pub(super) const ORIGIN: &str = "http://127.0.0.1:8082";
pub(super) const CALLBACK: &str = "http://localhost:8080/connect/x/callback?own=1";
// RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the address that the browser is sent to.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        assert_eq!(self.status, 303, "{}", self.text());
        let url = Url::parse(self.header("location")).unwrap();
        url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }
}

/// The fakes, and a program that uses them.
pub(super) struct Bench {
    pub router: Router,
    pub clock: Clock,
}

impl Bench {
    pub(super) fn new() -> Self {
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

    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
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
    pub(super) async fn press(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> Answer {
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

    pub(super) async fn code(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> String {
        let back = self.press(provider, scope, typed).await;
        assert_eq!(back.parameter("state").as_deref(), Some("st&te"));
        assert_eq!(back.parameter("own").as_deref(), Some("1"));
        back.parameter("code").unwrap()
    }

    /// Redeems a code, with these fields instead of the right ones.
    pub(super) async fn redeem(&self, provider: Provider, code: &str, other: &[(&str, &str)]) -> Answer {
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

    pub(super) async fn token(&self, provider: Provider, form: &[(&str, &str)]) -> Answer {
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
    pub(super) async fn access(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> String {
        let code = self.code(provider, scope, typed).await;
        let answer = self.redeem(provider, &code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn profile(&self, provider: Provider, scope: &str, typed: &[(&str, &str)]) -> Answer {
        let access = self.access(provider, scope, typed).await;
        self.get(profile_path(provider), &access).await
    }

    pub(super) async fn get(&self, path: &str, access: &str) -> Answer {
        if path.starts_with("/facebook") {
            let proof = proof("dev", access);
            return self.send("GET", &format!("{path}&access_token={access}&appsecret_proof={proof}"), &[], "").await;
        }
        self.send("GET", path, &[("authorization", &format!("Bearer {access}"))], "").await
    }

    pub(super) async fn id_token(&self, typed: &[(&str, &str)]) -> Value {
        let code = self.code(Provider::Google, SCOPES[0], typed).await;
        let answer = self.redeem(Provider::Google, &code, &[]).await;
        self.verified(answer.json()["id_token"].as_str().unwrap()).await
    }

    /// The claims of an ID token whose key is published.
    pub(super) async fn verified(&self, token: &str) -> Value {
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

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// What the presets ask for, in the order of the providers.
pub(super) const SCOPES: [&str; 5] = [
    "openid email profile",
    "read:user user:email",
    "public_profile,email",
    "users.read tweet.read users.email",
    "identify email",
];

pub(super) fn everyone() -> impl Iterator<Item = (Provider, &'static str)> {
    Provider::ALL.into_iter().zip(SCOPES)
}

pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(super) fn proof(secret: &str, token: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    data_encoding::HEXLOWER.encode(aws_lc_rs::hmac::sign(&key, token.as_bytes()).as_ref())
}

pub(super) fn token_path(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "/google/token",
        Provider::Github => "/github/login/oauth/access_token",
        Provider::Facebook => "/facebook/v23.0/oauth/access_token",
        Provider::Twitter => "/twitter/2/oauth2/token",
        Provider::Discord => "/discord/api/oauth2/token",
    }
}

pub(super) fn profile_path(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "/google/v1/userinfo",
        Provider::Github => "/github/api/v3/user",
        Provider::Facebook => "/facebook/v23.0/me?fields=id,name,first_name,last_name,email,picture",
        Provider::Twitter => "/twitter/2/users/me?user.fields=name,username,profile_image_url,confirmed_email",
        Provider::Discord => "/discord/api/users/@me",
    }
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
