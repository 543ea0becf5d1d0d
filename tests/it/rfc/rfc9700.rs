//! RFC 9700, Best Current Practice for OAuth 2.0 Security: redirects, pages, other origins, and keys.

use axum::body::Body;
use axum::http::Request;
use jsonwebtoken::Algorithm;
use vestibule::actions::keys::{self, RotateMode};

use super::house::{ADA, FIRST, House, ISSUER, SERVICE, SHOP};
use super::jwt;
use super::walk::text;
use super::wire::Ask;
use crate::world::Answer;

/// What is not `https://shop.example/callback`.
const WRONG_REDIRECTS: [&str; 38] = [
    "https://evil.example/callback",
    "https://shop.example/callback/",
    "https://shop.example/callback/..",
    "https://shop.example/callback/../callback",
    "https://shop.example/./callback",
    "https://shop.example//callback",
    "https://shop.example/callback?",
    "https://shop.example/callback?x=1",
    "https://shop.example/callback#",
    "https://shop.example/callback#x",
    "https://shop.example/callback;x",
    "https://shop.example/callback2",
    "https://shop.example/callbac",
    "https://shop.example/Callback",
    "https://shop.example/",
    "https://shop.example",
    "https://shop.example:443/callback",
    "https://shop.example:8443/callback",
    "https://SHOP.example/callback",
    "HTTPS://shop.example/callback",
    "http://shop.example/callback",
    "https://www.shop.example/callback",
    "https://shop.example.evil.example/callback",
    "https://shop.example./callback",
    "https://evilshop.example/callback",
    "https://shop.example@evil.example/callback",
    "https://evil.example@shop.example/callback",
    "https://evil.example\\@shop.example/callback",
    "https://shop.example\\.evil.example/callback",
    "https://evil.example/https://shop.example/callback",
    "https://shop.example%2fcallback",
    "https://shop.example/%63allback",
    "https://sh\u{43e}p.example/callback",
    " https://shop.example/callback",
    "https://shop.example/callback\r\nX: y",
    "https://shop.example/call\tback",
    "//shop.example/callback",
    "javascript:alert(1)//shop.example/callback",
];

#[tokio::test]
async fn s4_1_3_redirect_uris_are_compared_letter_for_letter() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for uri in WRONG_REDIRECTS {
        let ask = Ask::of(SHOP).with("redirect_uri", uri);
        browser.authorize(&ask).await.stays();
        browser.authorize(&ask.clone().with("prompt", "none")).await.stays();
        browser.authorize(&ask.clone().with("response_type", "token")).await.stays();
        let page = browser.authorize(&ask.with("response_mode", "form_post")).await;
        page.stays();
        assert!(!page.text().contains("action=\"https"));
    }
    // Of another client, and none at all.
    browser.authorize(&Ask::of(SHOP).with("redirect_uri", FIRST.redirect_uri)).await.stays();
    browser.authorize(&Ask::of(SHOP).without("redirect_uri")).await.stays();
}

#[tokio::test]
async fn s4_11_wrong_redirects_stay_by_post_too() {
    let house = House::new().await;
    for uri in WRONG_REDIRECTS {
        let ask = Ask::of(SHOP).with("redirect_uri", uri);
        let answer = house.form("/oauth2/authorize", None, &ask.pairs()).await.expect(303);
        assert!(answer.location().starts_with("/oauth2/authorize?"), "{}", answer.location());
        house.get(answer.location()).await.stays();
    }
}

#[tokio::test]
async fn s2_1_2_and_s2_4_no_implicit_grant_and_no_password_grant() {
    let house = House::new().await;
    for kind in ["token", "id_token token", "code token"] {
        let sent = house.browser().authorize(&Ask::of(SHOP).with("response_type", kind)).await.sent_to(SHOP.redirect_uri);
        sent.error("unsupported_response_type");
    }
    let pairs = [("grant_type", "password"), ("username", ADA), ("password", crate::world::PASSWORD)];
    house.token(SHOP, &pairs).await.refused(400, "unsupported_grant_type");
}

#[tokio::test]
async fn s4_12_redirects_after_a_form_are_303() {
    let house = House::new().await;
    let mut browser = house.browser();
    let sign_in = browser.page_of(&Ask::of(SHOP)).await;
    let flow = sign_in.value("flow").unwrap();
    let form = [("flow", flow.as_str()), ("identifier", ADA), ("password", crate::world::PASSWORD)];
    let answer = browser.post("/login", &form).await.expect(303);
    let consent = browser.follow(&answer).await;
    browser.decide(&consent, "allow", &consent.scopes()).await.expect(303);
}

#[track_caller]
fn is_guarded(page: &Answer) {
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(page.header(name), value);
    }
    assert_eq!(page.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn s4_16_pages_cannot_be_framed_kept_or_leak() {
    let house = House::new().await;
    let mut browser = house.browser();
    let sign_in = browser.page_of(&Ask::of(SHOP)).await;
    is_guarded(&sign_in);
    is_guarded(&browser.get("/signup").await);
    is_guarded(&browser.authorize(&Ask::of(SHOP).with("client_id", "nobody")).await);
    is_guarded(&browser.get("/nowhere").await);
    let mut browser = house.signed_in(ADA).await;
    let consent = browser.page_of(&Ask::of(SHOP)).await;
    is_guarded(&consent);
    is_guarded(&browser.get("/logout").await);
    is_guarded(&browser.get("/account").await);
    for page in [sign_in, consent] {
        // Nothing of a third party, so nobody learns the address.
        let text = page.text();
        assert!(!text.contains("src=\"http") && !text.contains("src=\"//"), "{text}");
        assert!(!text.contains("<link rel=\"stylesheet\" href=\"http"));
    }
    // Redirects that carry codes are as quiet.
    let answer = browser.authorize(&Ask::of(FIRST)).await;
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
}

#[tokio::test]
async fn forms_may_lead_to_the_client_of_their_journey_and_to_no_other() {
    let house = House::new().await;
    let mut browser = house.browser();
    let ends_in = |page: &Answer, end: &str| {
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.ends_with(end), "{policy}");
    };
    let sign_in = browser.page_of(&Ask::of(SHOP)).await;
    ends_in(&sign_in, "form-action 'self' https://shop.example");
    let flow = sign_in.value("flow").unwrap();
    ends_in(&browser.get(&format!("/signup?flow={flow}")).await, "form-action 'self' https://shop.example");
    let wrong = browser.post("/login", &[("flow", &flow), ("identifier", ADA), ("password", "wrong")]).await;
    ends_in(&wrong, "form-action 'self' https://shop.example");
    let form = [("flow", flow.as_str()), ("identifier", ADA), ("password", crate::world::PASSWORD)];
    let answer = browser.post("/login", &form).await;
    ends_in(&browser.follow(&answer).await, "form-action 'self' https://shop.example");
    ends_in(&house.browser().get("/login").await, "form-action 'self'");
    ends_in(&house.browser().get(&format!("/login?flow={flow}")).await, "form-action 'self'");
}

#[tokio::test]
async fn s2_6_scripts_of_other_origins_reach_what_is_theirs_and_nothing_else() {
    let house = House::new().await;
    let from = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("origin", "https://spa.example");
        request.header("access-control-request-method", "POST").header("access-control-request-headers", "authorization")
    };
    for path in [
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/revoke",
        "/oauth2/jwks",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let preflight = house.send(from("OPTIONS", path).body(Body::empty()).unwrap()).await.expect(204);
        assert_eq!(preflight.header("access-control-allow-origin"), "*", "{path}");
        assert!(preflight.header("access-control-allow-headers").contains("authorization"));
        assert!(preflight.header("access-control-allow-methods").contains("POST"));
        for method in ["GET", "POST"] {
            let answer = house.send(from(method, path).body(Body::empty()).unwrap()).await;
            if answer.status != 405 {
                assert_eq!(answer.header("access-control-allow-origin"), "*", "{method} {path} {}", answer.status);
            }
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }
    for path in
        ["/oauth2/authorize", "/oauth2/introspect", "/oauth2/logout", "/login", "/consent", "/session", "/account", "/signup"]
    {
        for method in ["OPTIONS", "GET", "POST"] {
            let answer = house.send(from(method, path).body(Body::empty()).unwrap()).await;
            for name in ["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"] {
                assert_eq!(answer.header(name), "", "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn forms_of_ours_cannot_be_sent_from_elsewhere() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let page = browser.page_of(&Ask::of(SHOP)).await;
    for (site, origin) in
        [("cross-site", "https://evil.example"), ("same-site", "https://other.id.example"), ("cross-site", "null")]
    {
        let mut foreign = browser.clone().sending("sec-fetch-site", site).sending("origin", origin);
        foreign.decide(&page, "allow", &page.scopes()).await.expect(403);
        foreign.post("/login", &[("identifier", ADA), ("password", crate::world::PASSWORD)]).await.expect(403);
    }
    browser.decide(&page, "allow", &page.scopes()).await.sent_to(SHOP.redirect_uri).code();
}

#[tokio::test]
async fn planted_cookies_are_worth_nothing() {
    let house = House::new().await;
    let mut victim = house.browser();
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    victim.cookies.insert("__Host-vestibule_session".to_owned(), planted.to_owned());
    let form = [("identifier", ADA), ("password", crate::world::PASSWORD)];
    victim.post("/login", &form).await.expect(303);
    assert_ne!(victim.cookies["__Host-vestibule_session"], planted);
    let mut thief = house.browser();
    thief.cookies.insert("__Host-vestibule_session".to_owned(), planted.to_owned());
    thief.get("/session").await.expect(401);
}

#[tokio::test]
async fn cookies_are_for_this_host_and_no_script() {
    let house = House::new().await;
    let form = [("identifier", ADA), ("password", crate::world::PASSWORD), ("remember", "true")];
    let answer = house.browser().post("/login", &form).await;
    let begun = house.browser().authorize(&Ask::of(SHOP)).await;
    let mut found = 0;
    for line in [answer, begun].iter().flat_map(|answer| answer.headers.get_all("set-cookie")) {
        let line = line.to_str().unwrap();
        assert!(line.starts_with("__Host-vestibule_"), "{line}");
        for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(line.contains(part), "{line}");
        }
        assert!(!line.contains("Domain="), "{line}");
        found += 1;
    }
    assert!(found >= 2);
}

// Keys: published before they sign, kept until nothing they signed is valid.

async fn own_token(house: &House) -> String {
    let tokens = house.token(SERVICE, &[("grant_type", "client_credentials")]).await.expect(200).json();
    text(&tokens, "access_token").to_owned()
}

fn kid(token: &str) -> String {
    text(&jwt::part(token, 0), "kid").to_owned()
}

async fn published(house: &House) -> usize {
    house.jwks().await["keys"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_rotation_breaks_no_token() {
    let house = House::new().await;
    let before = own_token(&house).await;
    keys::rotate(&house.app, RotateMode::Scheduled).await.unwrap();
    assert_eq!(published(&house).await, 6, "the new ones are seen before they sign");
    assert_eq!(kid(&own_token(&house).await), kid(&before));
    house.advance(24 * 3600 - 60);
    let last = own_token(&house).await;
    assert_eq!(kid(&last), kid(&before));
    house.advance(120);
    let first = own_token(&house).await;
    assert_ne!(kid(&first), kid(&before));
    for token in [&last, &first] {
        jwt::verified(&house.jwks().await, token, ISSUER, Algorithm::ES256);
        assert!(house.is_active(SERVICE, token).await);
    }
    house.advance(2 * 3600);
    keys::ensure(&house.app).await.unwrap();
    assert_eq!(published(&house).await, 3);
}

#[tokio::test]
async fn keys_rotate_by_themselves() {
    let house = House::new().await;
    let before = own_token(&house).await;
    house.advance(89 * 86_400 + 60);
    keys::ensure(&house.app).await.unwrap();
    assert_eq!((published(&house).await, kid(&own_token(&house).await)), (6, kid(&before)));
    house.advance(86_400);
    keys::ensure(&house.app).await.unwrap();
    assert_ne!(kid(&own_token(&house).await), kid(&before));
    house.advance(86_400);
    keys::ensure(&house.app).await.unwrap();
    assert_eq!(published(&house).await, 3);
}

#[tokio::test]
async fn a_leaked_key_is_gone_at_once() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid").await;
    keys::rotate(&house.app, RotateMode::Now).await.unwrap();
    assert_eq!(published(&house).await, 3);
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    // Sessions and refresh tokens are not signed by it.
    let fresh = house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200).json();
    house.userinfo(text(&fresh, "access_token")).await.expect(200);
}
