//! What somebody with another page, another host name or a crafted address can try.

use axum::body::Bytes;
use axum::http::Method;
use serde_json::json;

use super::is_signed_in;
use crate::world::{PASSWORD, World};

const ADA: &str = "ada@a.example";

/// Every form of ours with what it takes; the guard stands before all of them.
const POSTS: &[&str] = &[
    "/login",
    "/login/switch",
    "/signup",
    "/verify",
    "/verify/resend",
    "/verify/link",
    "/reset",
    "/reset/code",
    "/reset/resend",
    "/reset/link",
    "/reset/new",
    "/link/renew",
    "/logout",
    "/account/profile",
    "/account/password",
    "/account/email",
    "/account/email/confirm",
    "/account/email/resend",
    "/account/email/cancel",
    "/account/email/link",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/sessions/end-all",
    "/account/apps/revoke",
    "/account/delete",
    "/connect/github",
    "/login/address",
    "/login/join",
    "/login/connect",
    "/account/identities/disconnect",
    "/wasnt-me",
    "/setup",
    "/consent",
];

#[tokio::test]
async fn posts_from_other_sites_are_refused_everywhere() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for path in POSTS {
        for foreign in [
            &[form, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
            &[form, ("origin", "https://evil.example")],
            &[form, ("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[form, ("sec-fetch-site", "same-site")],
            &[form, ("origin", "http://localhost:8081"), ("sec-fetch-site", "same-site")],
        ] {
            let body = format!("identifier={ADA}&password={PASSWORD}&where=everywhere");
            let answer = ada.send(Method::POST, path, foreign, Bytes::from(body)).await;
            assert_eq!(answer.status, 403, "{path} {foreign:?}");
        }
    }
    assert!(is_signed_in(&mut ada).await, "logout CSRF");
    // Login CSRF: the attacker's credentials make no session.
    let mut victim = world.browser();
    let foreign = [form, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let body = format!("identifier={ADA}&password={}", PASSWORD.replace(' ', "+"));
    let answer = victim.send(Method::POST, "/login", &foreign, Bytes::from(body)).await;
    assert_eq!(answer.status, 403);
    assert!(victim.cookies.is_empty() && answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn a_bare_get_changes_nothing() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    for path in POSTS {
        for method in [Method::GET, Method::HEAD] {
            let answer = ada.send(method, &format!("{path}?where=everywhere&confirm=true"), &[], Bytes::new()).await;
            assert!(answer.status < 500, "{path}");
        }
    }
    assert!(is_signed_in(&mut ada).await);
}

#[tokio::test]
async fn methods_we_do_not_have_are_no_way_in() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    for method in ["TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "BREW"] {
        for path in ["/login", "/account", "/logout", "/account/delete", "/session", "/oauth2/token"] {
            let override_header = [("x-http-method-override", "POST")];
            let answer = ada.send(method.parse().unwrap(), path, &override_header, Bytes::from("where=everywhere")).await;
            assert!(matches!(answer.status, 200 | 204 | 400..=499), "{method} {path}: {}", answer.status);
        }
    }
    assert!(is_signed_in(&mut ada).await);
}

#[tokio::test]
async fn the_host_header_is_not_believed() {
    let world = World::new().await;
    world.person(ADA).await;
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-proto", "https"),
        ("x-original-url", "/account/delete"),
    ] {
        let mut browser = world.browser().sending(name, value);
        let page = browser.get("/reset").await;
        assert!(!page.text().contains("evil.example"), "{name}");
        let sent = browser.submit("/reset", &[("identifier", ADA)]).await;
        assert!(sent.location().starts_with("/reset/code"), "{name}: {}", sent.location());
        let mail = world.mail_to(ADA).await;
        assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{name}");
        assert!(mail.link.starts_with("/reset/link?token="));
        let discovery = world.browser().sending(name, value).get("/.well-known/openid-configuration").await;
        assert!(!discovery.text().contains("evil.example") && discovery.json()["issuer"] == "http://localhost:8080");
    }
    let mut absolute = world.browser();
    let page = absolute.send(Method::GET, "http://evil.example/login", &[], Bytes::new()).await;
    assert!(!page.text().contains("evil.example"));
}

#[tokio::test]
async fn no_parameter_redirects_anywhere_else() {
    let world = World::new().await;
    world.person(ADA).await;
    let names = [
        "to",
        "next",
        "return_to",
        "returnTo",
        "redirect",
        "redirect_uri",
        "continue",
        "url",
        "goto",
        "RelayState",
        "flow",
        "notice",
    ];
    let targets = [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://localhost:8080@evil.example",
        "/%09/evil.example",
        "%2F%2Fevil.example",
        "profile/../../evil",
    ];
    let ours = |location: &str| {
        location.is_empty()
            || (location.starts_with('/')
                && !location.starts_with("//")
                && !location.contains("evil")
                && !location.contains('\\'))
    };
    let mut signed_in = world.sign_in(ADA, PASSWORD).await;
    for name in names {
        for target in targets {
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair(name, target).finish();
            for path in ["/login", "/signup", "/reset", "/logout", "/account", "/", "/verify"] {
                for browser in [&mut world.browser(), &mut signed_in] {
                    let answer = browser.get(&format!("{path}?{query}")).await;
                    assert!(answer.status < 500 && ours(answer.location()), "{path}?{query}: {}", answer.location());
                    assert!(!answer.header("content-security-policy").contains("evil"), "{path}?{query}");
                }
            }
            let mut browser = world.browser();
            let fields = [("identifier", ADA), ("password", PASSWORD), (name, target)];
            let answer = browser.post("/login", &fields).await;
            assert!(ours(answer.location()), "{name}={target}: {}", answer.location());
        }
    }
}

#[tokio::test]
async fn nothing_typed_becomes_a_mail_header_or_markup() {
    let world = World::new().await;
    let evil = "Ada\r\nBcc: victim@b.example\r\n\r\n<img src=x onerror=alert(1)>";
    let mut browser = world.browser();
    let refused = browser.post("/signup", &[("email", "ada@a.example"), ("name", evil), ("password", PASSWORD)]).await;
    assert!(matches!(refused.status, 303 | 422), "{}", refused.status);
    for address in [
        "ada@a.example\r\nBcc: victim@b.example",
        "ada@a.example%0d%0aBcc:victim@b.example",
        "\"a\r\nBcc: x@b.example\"@a.example",
        "ada@a.example, victim@b.example",
        "ada@a.example\u{2028}Bcc: victim@b.example",
        "<victim@b.example>",
        "victim@b.example\u{0}@a.example",
    ] {
        let mut browser = world.browser();
        let answer = browser.post("/signup", &[("email", address), ("password", PASSWORD)]).await;
        assert!(matches!(answer.status, 303 | 400 | 422), "{address:?}: {}", answer.status);
        browser.post("/reset", &[("identifier", address)]).await;
    }
    for mail in world.mails().await {
        assert!(mail.to.matches('@').count() == 1 && !mail.to.contains("victim"), "{:?}", mail.to);
        assert!(!mail.to.chars().any(char::is_control) && !mail.subject.chars().any(char::is_control), "{mail:?}");
        assert!(!mail.html.contains("<img src=x"), "{}", mail.html);
    }
}

/// Stored and reflected: what somebody typed comes back as text.
#[tokio::test]
async fn names_and_parameters_are_text() {
    let world = World::new().await;
    let polyglot = "\"'><script>alert(1)</script><svg onload=alert(2)>{{1337*1337}}";
    let user = json!({"email": ADA, "email_verified": true, "password": PASSWORD, "name": polyglot, "bio": polyglot, "nickname": polyglot});
    world.user(user).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await.sending("user-agent", "<script>alert(1)</script>");
    let mut pages = vec![ada.get("/account").await, ada.get("/account/profile").await];
    ada.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    pages.push(ada.get("/account/sessions").await);
    let query: String = form_urlencoded::byte_serialize(polyglot.as_bytes()).collect();
    for path in
        ["/login", "/signup", "/reset", "/verify", "/logout", "/verify/link", "/wasnt-me", "/setup", "/nowhere", "/consent"]
    {
        for name in ["identifier", "email", "name", "flow", "token", "notice", "lang", "ui_locales", "state", "client_id", "to"] {
            pages.push(world.browser().get(&format!("{path}?{name}={query}")).await);
        }
    }
    for page in pages {
        assert!(page.status < 500);
        let text = page.text();
        assert!(!text.contains("<script>alert") && !text.contains("<svg onload") && !text.contains("1787569"), "{text}");
    }
}
