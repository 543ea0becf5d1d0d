//! What somebody with another page, another host name or a crafted address can try.

use axum::body::Bytes;
use axum::http::Method;
use serde_json::json;

use super::is_signed_in;
use crate::world::routes::routes;
use crate::world::{Database, PASSWORD, World};

const ADA: &str = "ada@a.example";

/// What takes a POST from anywhere, because no cookie of ours gives it any power: relying parties send browsers to the first two, which ask before
/// they change something; programs call the others with credentials or tokens of their own.
const OPEN: [&str; 6] =
    ["/oauth2/authorize", "/oauth2/logout", "/oauth2/token", "/oauth2/userinfo", "/oauth2/introspect", "/oauth2/revoke"];

/// Every form of ours; the guard stands before all of them.
fn forms() -> Vec<String> {
    let posts: Vec<String> = routes().into_iter().filter(|route| route.takes("post")).map(|route| route.path).collect();
    for open in OPEN {
        assert!(posts.iter().any(|path| path == open), "{open} is gone: take it from the list");
    }
    posts.into_iter().filter(|path| !OPEN.contains(&path.as_str())).collect()
}

/// What the source says of a route is what the router does: where it names no POST, none is taken.
#[tokio::test]
async fn the_routes_are_those_of_the_router() {
    let world = World::new().await;
    let own = [("content-type", "application/x-www-form-urlencoded"), ("origin", "http://localhost:8080")];
    for route in routes() {
        let answer = world.browser().send(Method::POST, &route.path, &own, Bytes::new()).await;
        // The mailbox is there for `vestibule dev` alone.
        if route.path == "/dev" || route.path.starts_with("/dev/") {
            assert!(!route.takes("post") && answer.status == 404, "{}: {}", route.path, answer.status);
            continue;
        }
        assert_eq!(answer.status != 405, route.takes("post"), "{}: {}", route.path, answer.status);
        let answer = world.browser().send(Method::GET, &route.path, &[], Bytes::new()).await;
        assert_eq!(answer.status != 405, route.takes("get"), "{}: {}", route.path, answer.status);
    }
}

#[tokio::test]
async fn posts_from_other_sites_are_refused_everywhere() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for path in &forms() {
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
    for path in forms() {
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

/// Each is one of the log's lines `sign-in failed`, too: both come from the same place.
#[tokio::test]
async fn wrong_codes_are_counted_whatever_they_are_for() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let wrong = |by: &str| {
            let series = format!("vestibule_sign_ins_total{{method=\"{by}\",outcome=\"wrong\"}} ");
            let text = world.app.metrics.render();
            text.lines().find_map(|line| line.strip_prefix(series.as_str())?.parse::<u32>().ok()).unwrap_or_default()
        };
        let mut new = world.browser();
        new.get("/signup").await;
        let sent = new.submit("/signup", &[("email", "new@a.example"), ("password", PASSWORD)]).await;
        new.follow(&sent).await;
        let code = super::wrong(&world.mail_to("new@a.example").await.code);
        assert_eq!(new.submit("/verify", &[("code", &code)]).await.status, 422);
        assert_eq!(wrong("sign_up"), 1, "{database:?}");

        world.person(ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        ada.get("/account/email").await;
        let sent = ada.submit("/account/email", &[("email", "ada@new.example")]).await;
        ada.follow(&sent).await;
        let mail = world.mail_to("ada@new.example").await;
        assert_eq!(ada.submit("/account/email/confirm", &[("code", &super::wrong(&mail.code))]).await.status, 422);
        assert_eq!(wrong("change"), 1, "{database:?}");
        let mut elsewhere = world.browser();
        elsewhere.get(&mail.link).await;
        assert_eq!(elsewhere.submit("/account/email/link", &[("password", "wrong wrong")]).await.status, 422);
        assert_eq!(wrong("password"), 1, "{database:?}");
        ada.get("/account/password").await;
        let fields = [("current", "wrong wrong"), ("password", "another spoon 4712")];
        let page = ada.submit("/account/password", &fields).await;
        assert_eq!(page.status, 422, "{}", page.text());
        assert_eq!(wrong("password"), 2, "{database:?}");

        for who in [ADA, "nobody@a.example"] {
            let before = wrong("reset");
            let mut asks = super::asked_for_reset(&world, who).await;
            assert_eq!(asks.submit("/reset/code", &[("code", "12345678")]).await.status, 422, "{who}");
            assert_eq!(wrong("reset"), before + 1, "{database:?}: {who}");
            let mut asks = world.browser();
            asks.get("/login").await;
            let sent = asks.post("/login/code", &[("identifier", who), ("way", "mail")]).await;
            asks.follow(&sent).await;
            let before = wrong("mail");
            assert_eq!(asks.submit("/login/code/enter", &[("code", "12345678")]).await.status, 422, "{who}");
            assert_eq!(wrong("mail"), before + 1, "{database:?}: {who}");
        }
    }
}
