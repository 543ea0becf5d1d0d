//! Every form with what no form sends: an answer of the 4xx kind, never a 5xx, and nothing done.

use crate::world::{Browser, Database, PASSWORD, World};

/// Every form with its fields.
const FORMS: &[(&str, &[&str])] = &[
    ("/login", &["identifier", "password", "remember", "flow"]),
    ("/login/switch", &["flow"]),
    ("/signup", &["email", "name", "password", "flow"]),
    ("/verify", &["flow", "code"]),
    ("/verify/resend", &["flow"]),
    ("/verify/link", &["token", "password"]),
    ("/reset", &["identifier", "flow"]),
    ("/reset/code", &["flow", "code"]),
    ("/reset/resend", &["flow"]),
    ("/reset/link", &["token"]),
    ("/reset/new", &["flow", "password"]),
    ("/link/renew", &["token"]),
    ("/account/profile", &["name", "preferred_username", "website", "birthdate", "zoneinfo", "locale", "bio", "address_country"]),
    ("/account/password", &["current", "password"]),
    ("/account/email", &["email"]),
    ("/account/phone", &["phone"]),
    ("/account/phone/confirm", &["code"]),
    ("/login/code", &["identifier", "way", "remember", "flow"]),
    ("/login/code/enter", &["code", "flow"]),
    ("/login/code/resend", &["flow"]),
    ("/login/link", &["token", "number"]),
    ("/login/second", &["code", "password", "with", "flow"]),
    ("/login/second/send", &["with", "flow"]),
    ("/account/email/confirm", &["code"]),
    ("/account/email/link", &["token", "password"]),
    ("/account/sessions/end", &["session"]),
    ("/account/apps/revoke", &["client"]),
    // With `confirm` it would delete the account.
    ("/account/delete", &["current"]),
    ("/wasnt-me", &["token", "confirm"]),
    ("/connect/github", &["flow", "remember", "connect"]),
    ("/login/address", &["flow", "email"]),
    ("/login/join", &["flow", "do"]),
    ("/login/connect", &["flow", "do"]),
    ("/account/identities/disconnect", &["identity"]),
    ("/setup", &["token", "email", "name", "password"]),
    ("/consent", &["flow", "decision", "scope"]),
    ("/logout", &["where", "client_id", "state", "post_logout_redirect_uri", "id_token_hint"]),
];

/// On, and asked for nothing: a journey that goes there begins here.
const GITHUB: &str = "[github]\nclient_id = 'x'\nclient_secret = 'x'\n";

fn values() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("long", "x".repeat(10_000).into_bytes()),
        ("NUL", b"a%00b".to_vec()),
        ("raw NUL", b"a\0b".to_vec()),
        ("not UTF-8", b"%ff%fe%c3%28".to_vec()),
        ("raw bytes", vec![0xff, 0xfe, 0xc0, 0x80]),
        ("empty", Vec::new()),
        ("control", b"%01%02%1b%5b31m%7f%c2%85".to_vec()),
        ("broken escape", b"%zz%2".to_vec()),
        ("SQL", b"%27%20OR%201%3D1--%20%3B%20DROP%20TABLE%20users".to_vec()),
        ("bidi and zero width", "%E2%80%AE%E2%80%8B%EF%BB%BF😀".as_bytes().to_vec()),
        ("lone surrogate", b"%ED%A0%80".to_vec()),
        ("path", b"..%2F..%2Fetc%2Fpasswd".to_vec()),
        ("number", b"-99999999999999999999999999".to_vec()),
    ]
}

async fn send(browser: &Browser, path: &str, body: Vec<u8>) -> u16 {
    browser.clone().post_raw(path, body).await.status
}

#[tokio::test]
async fn no_field_of_any_form_makes_the_server_fail() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, GITHUB).await else { continue };
        let ada = world.sign_up("ada@a.example", PASSWORD).await;
        for (path, fields) in FORMS {
            for (what, value) in values() {
                for field in *fields {
                    let mut body = Vec::new();
                    for other in *fields {
                        if !body.is_empty() {
                            body.push(b'&');
                        }
                        body.extend(format!("{other}=").bytes());
                        body.extend(if other == field { value.clone() } else { b"x".to_vec() });
                    }
                    for browser in [&ada, &world.browser()] {
                        if matches!(*path, "/logout" | "/login/switch") && std::ptr::eq(browser, &raw const ada) {
                            continue;
                        }
                        let status = send(browser, path, body.clone()).await;
                        assert!(status < 500, "{database:?} {path} {field}: {what}: {status}");
                    }
                }
            }
        }
        assert_eq!(ada.clone().get("/session").await.status, 200, "{database:?}: still there");
        assert!(world.read("ada@a.example").await.is_some());
    }
}

#[tokio::test]
async fn bodies_that_are_no_form_are_refused_by_kind() {
    let world = World::with(GITHUB).await;
    for (path, _) in FORMS {
        let mut browser = world.browser();
        for (kind, body, expected) in [
            ("application/json", b"{\"identifier\":\"x\"}".to_vec(), &[415][..]),
            ("multipart/form-data; boundary=x", b"--x--".to_vec(), &[415]),
            ("", b"identifier=x".to_vec(), &[415]),
            ("application/x-www-form-urlencoded", vec![b'x'; 70_000], &[413]),
            ("application/x-www-form-urlencoded", b"a=%00".to_vec(), &[400]),
            ("application/x-www-form-urlencoded", b"a=%ff".to_vec(), &[400]),
        ] {
            let headers = [("content-type", kind), ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")];
            let answer = browser.send("POST".parse().unwrap(), path, &headers, body.into()).await;
            assert!(expected.contains(&answer.status), "{path} {kind}: {}", answer.status);
            assert!(answer.shown("h1").is_some(), "{path}: a page");
        }
    }
}

#[tokio::test]
async fn missing_and_repeated_fields_are_refused() {
    let world = World::with(GITHUB).await;
    world.person("ada@a.example").await;
    for (path, fields) in FORMS {
        let status = send(&world.browser(), path, Vec::new()).await;
        assert!(status < 500, "{path} empty: {status}");
        for field in *fields {
            let body = format!("{field}=a&{field}=b");
            let status = send(&world.browser(), path, body.into_bytes()).await;
            assert!(status < 500, "{path} {field} twice: {status}");
        }
    }
    // Two identifiers or two passwords sign nobody in: which one counts would depend on who reads them.
    let password = PASSWORD.replace(' ', "+");
    for body in [
        format!("identifier=eve@a.example&identifier=ada@a.example&password={password}"),
        format!("identifier=ada@a.example&password=x&password={password}"),
    ] {
        let mut browser = world.browser();
        let answer = browser.post_raw("/login", body.clone()).await;
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.status);
    }
}

#[tokio::test]
async fn queries_cookies_and_headers_of_every_kind_are_survived() {
    let world = World::new().await;
    let ada = world.sign_up("ada@a.example", PASSWORD).await;
    let paths = [
        "/",
        "/login",
        "/signup",
        "/verify",
        "/reset",
        "/reset/code",
        "/reset/new",
        "/verify/link",
        "/reset/link",
        "/wasnt-me",
        "/logout",
        "/setup",
        "/account",
        "/account/email/link",
        "/consent",
        "/oauth2/authorize",
        "/oauth2/logout",
        "/session",
        "/connect/github/callback",
        "/login/address",
        "/login/join",
        "/login/connect",
        "/account/identities",
    ];
    for path in paths {
        for query in [
            "flow=%00",
            "token=%ff",
            "flow=x&flow=y",
            "token=x.y",
            "token=.",
            "a=%zz",
            "lang=%00",
            "flow=flow_00000000000000000000000000",
            "state=flow_00000000000000000000000000.x&code=%00",
            "state=.&error=%ff&iss=x",
            "failed=%00&with=%ff",
            &format!("flow={}", "x".repeat(8000)),
        ] {
            for mut browser in [ada.clone(), world.browser()] {
                let answer = browser.get(&format!("{path}?{query}")).await;
                assert!(answer.status < 500, "{path}?{query}: {}", answer.status);
            }
        }
        for (name, value) in [
            ("cookie", "vestibule_session=%00; vestibule_browser=\"; vestibule_locale=<x>"),
            ("cookie", "vestibule_session=../../etc/passwd; vestibule_browser=vst_brw_short"),
            ("cookie", ";;;==;"),
            ("accept-language", "*;q=9,,;;de-\u{e4}"),
            ("user-agent", "\u{e4}\u{f6}\u{fc}"),
            ("authorization", "Bearer"),
            ("x-forwarded-for", "bogus, 999.1.1.1, ::::"),
            ("x-request-id", "<script>"),
            ("content-length", "0"),
            ("origin", "not an origin"),
        ] {
            let mut browser = world.browser().sending(name, value);
            let answer = browser.get(path).await;
            assert!(answer.status < 500, "{path} {name}: {value}: {}", answer.status);
        }
        let long = "x".repeat(20_000);
        assert!(world.browser().sending("cookie", &format!("vestibule_session={long}")).get(path).await.status < 500, "{path}");
    }
}
