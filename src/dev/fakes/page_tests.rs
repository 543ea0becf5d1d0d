//! The page on which somebody is chosen, and who may use it.

use axum::{body::Body, http::Request};
use tower::ServiceExt as _;

use super::{
    tests::{Bench, CALLBACK, CHALLENGE, FORM, ORIGIN, encode, everyone},
    *,
};

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
