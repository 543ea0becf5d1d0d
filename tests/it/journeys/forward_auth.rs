//! `GET /session/verify`: what proxies are told, in both of their dialects, and how nobody talks them into more.

use serde_json::{Value, json};
use vestibule::actions::users;

use super::second_factor::add_app;
use crate::world::{Answer, BEGINNING, Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const APP: &str = "https://app.example.org";
const PROXY: [u8; 4] = [10, 0, 0, 1];
/// What an app may read.
const IDENTITY: [&str; 6] = ["x-auth-user", "x-auth-email", "x-auth-name", "x-auth-groups", "x-auth-session", "x-auth-proof"];

pub(super) const SETTINGS: &str = r#"
[server]
public_url = "https://id.example.org"
trusted_proxies = ["10.0.0.1"]
[mail]
transport = "file"
[sessions]
cookie_domain = "example.org"
[[sites]]
host = "app.example.org"
public_paths = ["/public"]
[[sites]]
host = "strict.example.org"
acr = "two-factor"
[[sites]]
host = "admins.example.org"
public_paths = ["/public"]
groups = ["admin"]
[[sites]]
host = "*.wild.example.org"
"#;

async fn world() -> World {
    let world = World::with(SETTINGS).await;
    world.keys().await;
    world
}

/// A person in front of Traefik or Caddy, who opens this address; `more` is what else their browser sends.
async fn forwarded(browser: &Browser, method: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut headers = vec![
        ("x-forwarded-proto", scheme),
        ("x-forwarded-host", host),
        ("x-forwarded-uri", if path.is_empty() { "/" } else { path }),
        ("x-forwarded-method", method),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    headers.extend(more);
    ask(browser, &headers).await
}

/// The same in front of nginx.
async fn original(browser: &Browser, method: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("x-original-url", url), ("x-original-method", method)];
    headers.extend(more);
    ask(browser, &headers).await
}

async fn ask(browser: &Browser, headers: &[(&str, &str)]) -> Answer {
    browser.clone().at(PROXY).send("GET".parse().unwrap(), "/session/verify", headers, axum::body::Bytes::new()).await
}

const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

/// Where to sign in, with the way back.
fn start(url: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", url).finish();
    format!("https://id.example.org/session/start?{query}")
}

/// The claims of a proof, by another implementation and the published keys.
async fn claims(world: &World, answer: &Answer, audience: &str) -> Value {
    let proof = answer.header("x-auth-proof");
    let header = jsonwebtoken::decode_header(proof).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("vestibule-proof+jwt"), jsonwebtoken::Algorithm::ES256));
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(&world.browser().get("/oauth2/jwks").await.body).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_audience(&[audience]);
    rules.set_issuer(&["https://id.example.org"]);
    rules.validate_exp = false; // the world's clock
    jsonwebtoken::decode(proof, &key, &rules).unwrap().claims
}

#[tokio::test]
async fn who_is_signed_in_is_told_with_a_proof() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, SETTINGS).await else { continue };
        world.keys().await;
        let user = world
            .user(json!({"email": ADA, "email_verified": true, "password": PASSWORD, "name": "Ada Łoś, 100%", "is_admin": true}))
            .await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let session = ada.get("/session").await.json()["session"]["id"].as_str().unwrap().to_owned();
        for answer in [
            forwarded(&ada, "GET", "https://app.example.org/x?y=z", &[PAGE]).await,
            forwarded(&ada, "POST", "https://app.example.org/x", &[]).await,
            forwarded(&ada, "GET", "https://App.Example.org:443/x", &[]).await,
            original(&ada, "GET", "https://app.example.org/x?y=z", &[]).await,
            original(&ada, "DELETE", "https://app.example.org/x", &[]).await,
        ] {
            assert_eq!(answer.status, 200, "{database:?} {}", answer.text());
            let told = IDENTITY.map(|name| answer.header(name));
            assert_eq!(told[..5], [user.id.as_str(), ADA, "Ada%20%C5%81o%C5%9B%2C%20100%25", "admin", session.as_str()]);
            let claims = claims(&world, &answer, APP).await;
            assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 10);
            assert!(claims["iat"].as_i64().unwrap() >= BEGINNING.seconds());
            let expected = json!({"sub": user.id, "sid": session, "email": ADA, "name": "Ada Łoś, 100%", "groups": ["admin"],
                "acr": "urn:vestibule:acr:one-factor", "amr": ["pwd"]});
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&claims[name], value, "{name}");
            }
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let other = forwarded(&ada, "GET", "https://wiki.wild.example.org/", &[]).await;
        assert_eq!(claims(&world, &other, "https://wiki.wild.example.org").await["sub"], json!(user.id));
        // A proof is for one app, and no token for us.
        let bearer = format!("Bearer {}", other.header("x-auth-proof"));
        for endpoint in ["/oauth2/userinfo", "/session"] {
            assert_eq!(world.browser().sending("authorization", &bearer).get(endpoint).await.status, 401, "{endpoint}");
        }
    }
}

#[tokio::test]
async fn an_address_that_is_not_verified_is_not_told() {
    let world = World::with(&format!("{SETTINGS}\n[signup]\nverify_email = false\n")).await;
    world.keys().await;
    world.user(json!({"email": ADA, "email_verified": false, "password": PASSWORD})).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    let answer = forwarded(&ada, "GET", "https://app.example.org/", &[]).await;
    assert_eq!((answer.status, answer.header("x-auth-email"), answer.header("x-auth-name")), (200, "", ""));
    let claims = claims(&world, &answer, APP).await;
    assert!(claims.get("email").is_none() && claims.get("name").is_none(), "{claims}");
}

/// The head of an answer, as long as it travels.
fn head(answer: &Answer) -> usize {
    answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + "HTTP/1.1 200 OK".len() + 64
}

#[tokio::test]
async fn long_names_and_addresses_fit_into_the_buffers_of_proxies() {
    let world = world().await;
    let local = "a".repeat(64);
    let email = format!("{local}@{}.example", ["b".repeat(60), "c".repeat(60), "d".repeat(50)].join("."));
    let name = "🦊".repeat(200);
    world.user(json!({"email": email, "email_verified": true, "password": PASSWORD, "name": name, "is_admin": true})).await;
    let (ada, nobody) = (world.sign_in(&email, PASSWORD).await, world.browser());
    for length in [100, 3000, 8192] {
        let url = format!("https://app.example.org/{}?{}", "x".repeat(50), "a=b&".repeat(length / 4));
        for answer in [forwarded(&ada, "GET", &url, &[PAGE]).await, original(&ada, "GET", &url, &[]).await] {
            assert_eq!(answer.status, 200);
            // nginx's default is a page of memory.
            assert!(head(&answer) < 4096, "{}", head(&answer));
            assert_eq!(answer.header("x-auth-name"), "%F0%9F%A6%8A".repeat(64));
            let claims = claims(&world, &answer, APP).await;
            assert_eq!(
                (claims["name"].as_str(), claims["email"].as_str()),
                (Some("🦊".repeat(64).as_str()), Some(email.as_str()))
            );
        }
        // Kept whole, or else the site's front page; never longer than the documented buffer.
        let answer = original(&nobody, "GET", &url, &[]).await;
        let expected = if length < 4000 { start(&url) } else { format!("{}&shortened=1", start("https://app.example.org/")) };
        assert_eq!((answer.status, answer.header("x-auth-redirect")), (401, expected.as_str()));
        assert_eq!(forwarded(&nobody, "GET", &url, &[PAGE]).await.location(), expected);
    }
    let worst = format!("https://app.example.org/?{}", "&".repeat(4096 - 25));
    let answer = original(&nobody, "GET", &worst, &[]).await;
    assert_eq!(answer.header("x-auth-redirect"), start(&worst));
    assert!(head(&answer) < 16 * 1024, "{}", head(&answer));
}

#[tokio::test]
async fn addresses_need_not_be_spelt_as_browsers_spell_them() {
    let world = world().await;
    world.person(ADA).await;
    let (ada, nobody) = (world.sign_in(ADA, PASSWORD).await, world.browser());
    for (path, spelt) in [("/grün/ü?q=ä", "/gr%C3%BCn/%C3%BC?q=%C3%A4"), ("/a b", "/a%20b"), ("/日本", "/%E6%97%A5%E6%9C%AC")]
    {
        let url = format!("{APP}{path}");
        assert_eq!(original(&ada, "GET", &url, &[]).await.status, 200, "{path}");
        assert_eq!(forwarded(&ada, "GET", &url, &[PAGE]).await.status, 200, "{path}");
        assert_eq!(original(&nobody, "GET", &url, &[]).await.header("x-auth-redirect"), start(&format!("{APP}{spelt}")));
        assert_eq!(forwarded(&nobody, "GET", &url, &[PAGE]).await.location(), start(&format!("{APP}{spelt}")));
    }
    // A way back that an app wrote itself.
    let begun = world.browser().get(start(&format!("{APP}/grün?q=ä")).strip_prefix("https://id.example.org").unwrap()).await;
    assert!(begun.location().starts_with("/login?flow="), "{}", begun.text());
    for (path, status) in [("/public/grün", 200), ("/public/../grün", 401), ("/grün/public", 401)] {
        assert_eq!(original(&nobody, "GET", &format!("{APP}{path}"), &[]).await.status, status, "{path}");
    }
    // What cannot be come back to at all leads to the front page.
    let answer = original(&nobody, "GET", &format!("{APP}/a\\b"), &[]).await;
    assert_eq!(answer.header("x-auth-redirect"), format!("{}&shortened=1", start("https://app.example.org/")));
    let twice = [("x-original-url", "https://app.example.org/public"), ("x-original-url", "https://app.example.org/public")];
    assert_eq!(ask(&nobody, &twice).await.status, 403);
}

#[tokio::test]
async fn nobody_is_sent_to_sign_in_and_back() {
    let world = world().await;
    let nobody = world.browser();
    let url = "https://app.example.org/x/y?z=%2F&a=b";
    // A person opens a page: Traefik and Caddy pass the redirect on.
    for more in [&[PAGE][..], &[PAGE, ("sec-fetch-mode", "navigate")]] {
        let answer = forwarded(&nobody, "GET", url, more).await;
        assert_eq!((answer.status, answer.location()), (302, start(url).as_str()));
    }
    // A script fetches something, or a form is sent: a redirect would end in nothing.
    for (method, more, back) in [
        ("GET", &[("accept", "application/json")][..], url),
        ("GET", &[("accept", "*/*")], url),
        ("GET", &[], url),
        ("GET", &[PAGE, ("sec-fetch-mode", "cors")], url),
        ("GET", &[PAGE, ("sec-fetch-mode", "no-cors")], url),
        ("HEAD", &[PAGE], url),
        ("POST", &[PAGE, ("sec-fetch-mode", "navigate")], "https://app.example.org/"),
    ] {
        let answer = forwarded(&nobody, method, url, more).await;
        assert_eq!((answer.status, answer.location()), (401, ""), "{method} {more:?}");
        assert_eq!(answer.header("x-auth-redirect"), start(back), "{method}");
        assert!(!answer.header("www-authenticate").is_empty() && answer.text().contains("/session/start?"));
        assert!(IDENTITY.iter().all(|name| answer.header(name).is_empty()));
    }
    // nginx never follows.
    let answer = original(&nobody, "GET", url, &[PAGE, ("sec-fetch-mode", "navigate")]).await;
    assert_eq!((answer.status, answer.location(), answer.header("x-auth-redirect")), (401, "", start(url).as_str()));
    let answer = original(&nobody, "POST", url, &[]).await;
    assert_eq!((answer.status, answer.header("x-auth-redirect")), (401, start("https://app.example.org/").as_str()));
    // An address with another one in it.
    let nested = "https://app.example.org/x?return_to=https://evil.example/&lang=de#@evil.example";
    let answer = original(&nobody, "GET", nested, &[]).await;
    assert_eq!(answer.header("x-auth-redirect"), start(nested));
}

#[tokio::test]
async fn an_ended_session_and_a_shut_account_are_nobody() {
    let world = world().await;
    let user = world.person(ADA).await;
    let (mut ada, phone) = (world.sign_in(ADA, PASSWORD).await, world.sign_in(ADA, PASSWORD).await);
    let status = async |browser: &Browser| forwarded(browser, "GET", "https://app.example.org/", &[]).await.status;
    assert_eq!((status(&ada).await, status(&phone).await), (200, 200));
    let kept = ada.clone();
    ada.get("/logout").await;
    ada.submit("/logout", &[("where", "here")]).await;
    assert!(ada.cookies.keys().all(|name| !name.ends_with("_session")), "{:?}", ada.cookies);
    assert_eq!((status(&kept).await, status(&phone).await), (401, 200), "at once, and only that one");
    users::disable(&world.app, user.id.as_str()).await.unwrap();
    assert_eq!(status(&phone).await, 401);
    users::enable(&world.app, user.id.as_str()).await.unwrap();
    assert_eq!(status(&phone).await, 401, "its sessions have ended");
    let idle = world.sign_in(ADA, PASSWORD).await;
    world.advance(31 * 86_400);
    assert_eq!(status(&idle).await, 401);
}

#[tokio::test]
async fn public_paths_need_nobody_and_tell_who_is_there() {
    let world = world().await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    let nobody = world.browser();
    for url in
        ["https://app.example.org/public", "https://app.example.org/public/style.css?v=1", "https://app.example.org/public/"]
    {
        for answer in [forwarded(&nobody, "GET", url, &[PAGE]).await, original(&nobody, "POST", url, &[]).await] {
            assert_eq!(answer.status, 200, "{url}");
            // All there, and empty: they replace what the visitor sent.
            assert!(IDENTITY.iter().all(|name| answer.headers.get(*name).is_some_and(axum::http::HeaderValue::is_empty)));
        }
        assert_eq!(forwarded(&ada, "GET", url, &[]).await.header("x-auth-email"), ADA);
    }
    // Who may not come in is nobody there.
    let strict = world.sign_in(ADA, PASSWORD).await;
    let answer = forwarded(&strict, "GET", "https://admins.example.org/public", &[PAGE]).await;
    assert!(answer.status == 200 && IDENTITY.iter().all(|name| answer.header(name).is_empty()), "{}", answer.text());
    for path in [
        "/publicity",
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/%252e%252e/admin",
        "/public/..%2fadmin",
        "/public%2fadmin",
        "//public/admin",
        "/public/..;/admin",
        "/public\\..\\admin",
        "/admin?/public",
        "/admin#/public",
        "/admin/%2fpublic",
    ] {
        let url = format!("{APP}{path}");
        assert_eq!(forwarded(&nobody, "GET", &url, &[PAGE]).await.status, 302, "{url}");
        assert_eq!(original(&nobody, "GET", &url, &[]).await.status, 401, "{url}");
    }
    // A path that only one of two sites has opened.
    assert_eq!(original(&nobody, "GET", "https://strict.example.org/public", &[]).await.status, 401);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_where_the_site_wants_it() {
    let world = world().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let strict = "https://strict.example.org/";
    assert_eq!(forwarded(&ada, "GET", strict, &[PAGE]).await.location(), start(strict));
    assert_eq!(original(&ada, "GET", strict, &[]).await.status, 401);
    // Added in another browser: this one still has one factor.
    let secret = add_app(&world, &mut world.sign_in(ADA, PASSWORD).await).await;
    assert_eq!(forwarded(&ada, "GET", strict, &[PAGE]).await.status, 302);
    let begun = ada.get(&start(strict).replace("https://id.example.org", "")).await;
    assert!(begun.location().starts_with("/login/second?flow="), "{}", begun.location());
    ada.follow(&begun).await;
    let code = super::second_factor::app_code(&world, &secret);
    let proved = ada.submit("/login/second", &[("code", &code)]).await;
    assert_eq!(ada.follow(&proved).await.location(), strict);
    let answer = forwarded(&ada, "GET", strict, &[PAGE]).await;
    assert_eq!(answer.status, 200);
    let claims = claims(&world, &answer, "https://strict.example.org").await;
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:vestibule:acr:two-factor"), &json!(["pwd", "otp", "mfa"])));
}

#[tokio::test]
async fn who_is_in_no_group_is_told_so_in_their_language() {
    let world = world().await;
    world.person(ADA).await;
    world.user(json!({"email": "root@a.example", "email_verified": true, "password": PASSWORD, "is_admin": true})).await;
    let (ada, root) = (world.sign_in(ADA, PASSWORD).await, world.sign_in("root@a.example", PASSWORD).await);
    let url = "https://admins.example.org/x";
    for answer in [forwarded(&ada, "GET", url, &[PAGE]).await, original(&ada, "GET", url, &[]).await] {
        assert_eq!((answer.status, answer.location(), answer.header("x-auth-redirect")), (403, "", ""));
        assert!(answer.header("content-type").starts_with("text/plain"));
        for part in ["signed in as", ADA, "https://admins.example.org", "https://id.example.org/logout"] {
            assert!(answer.text().contains(part), "{}", answer.text());
        }
        assert!(IDENTITY.iter().all(|name| answer.header(name).is_empty()));
    }
    let german = ada.clone().sending("accept-language", "de-AT");
    assert!(forwarded(&german, "GET", url, &[PAGE]).await.text().contains("angemeldet"));
    assert_eq!(forwarded(&root, "GET", url, &[PAGE]).await.header("x-auth-groups"), "admin");
    assert_eq!(forwarded(&world.browser(), "GET", url, &[PAGE]).await.status, 302);
}

#[tokio::test]
async fn other_hosts_are_not_judged() {
    let world = world().await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    for url in [
        "https://evil.example/",
        "https://app.example.org.evil.example/",
        "https://evilapp.example.org/",
        "https://app.example.org:8443/",
        "https://wild.example.org/",
        "https://a.b.wild.example.org/",
        "https://id.example.org/",
        "http://app.example.org/",
        "ftp://app.example.org/",
        "https://app.example.org@evil.example/",
        "https://ada@app.example.org/",
        "https:///",
    ] {
        for answer in [forwarded(&ada, "GET", url, &[PAGE]).await, original(&ada, "GET", url, &[]).await] {
            assert_eq!((answer.status, answer.location()), (403, ""), "{url}");
            assert!(answer.text().starts_with("Vestibule cannot judge this request: "), "{url}");
            assert!(IDENTITY.iter().all(|name| answer.headers.get(*name).is_none()), "{url}");
        }
    }
}

#[tokio::test]
async fn only_trusted_proxies_may_ask() {
    let world = world().await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    let headers = [("x-original-url", "https://app.example.org/public")];
    for address in [[192, 0, 2, 1], [127, 0, 0, 1], [10, 0, 0, 2]] {
        // The visitor's own words do not make a proxy.
        for claim in [("x-forwarded-for", "10.0.0.1"), ("x-real-ip", "10.0.0.1"), ("forwarded", "for=10.0.0.1;by=10.0.0.1")] {
            let headers = [headers[0], claim];
            let mut visitor = ada.clone().at(address);
            let answer = visitor.send("GET".parse().unwrap(), "/session/verify", &headers, axum::body::Bytes::new()).await;
            assert_eq!(answer.status, 403);
            assert!(answer.text().contains("is not in server.trusted_proxies"), "{}", answer.text());
        }
    }
}

/// A visitor can send any header, and a proxy passes on those that it does not set itself. None of them says more than the proxy's own.
#[tokio::test]
async fn smuggled_headers_are_refused_or_ignored() {
    let world = world().await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await;
    let nobody = world.browser();
    let (private, public) = ("https://app.example.org/private", "https://app.example.org/public");
    // Of the other dialect, or the same one twice: nobody knows which is the proxy's.
    for visitor in [&nobody, &ada] {
        for more in [
            ("x-original-url", public),
            ("x-forwarded-uri", "/public"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
        ] {
            assert_eq!(forwarded(visitor, "GET", private, &[PAGE, more]).await.status, 403, "{more:?}");
        }
        for more in [("x-forwarded-uri", "/public"), ("x-original-url", public)] {
            assert_eq!(original(visitor, "GET", private, &[more]).await.status, 403, "{more:?}");
        }
        assert_eq!(ask(visitor, &[]).await.status, 403);
        assert_eq!(ask(visitor, &[("x-forwarded-uri", "/public")]).await.status, 403);
        assert_eq!(ask(visitor, &[("x-original-url", "/public")]).await.status, 403);
    }
    // What nginx does not set and we do not read.
    let more = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-method", "OPTIONS"),
        ("x-forwarded-prefix", "/public"),
        ("x-rewrite-url", "/public"),
        ("x-http-method-override", "OPTIONS"),
        ("x-auth-user", "user_root"),
        ("x-auth-proof", "a.b.c"),
        ("authorization", "Bearer x"),
        ("session", "x"),
    ];
    let answer = original(&nobody, "GET", private, &more).await;
    assert_eq!((answer.status, answer.header("x-auth-redirect")), (401, start(private).as_str()));
    assert!(IDENTITY.iter().all(|name| answer.headers.get(*name).is_none()));
    // The identity of a public page is nobody's, and of a private one ours, whatever was sent.
    let claimed =
        [("x-auth-user", "user_root"), ("x-auth-groups", "admin"), ("x-auth-email", "root@a.example"), ("x-auth-proof", "a.b.c")];
    let answer = forwarded(&nobody, "GET", public, &claimed).await;
    assert!(answer.status == 200 && IDENTITY.iter().all(|name| answer.header(name).is_empty()));
    let answer = forwarded(&ada, "GET", private, &claimed).await;
    assert_eq!((answer.header("x-auth-email"), answer.header("x-auth-groups")), (ADA, ""));
    // A session is taken from the cookie alone, and from one cookie alone.
    let token = ada.cookies["__Secure-vestibule_session"].clone();
    for header in [("authorization", format!("Bearer {token}")), ("session", token.clone())] {
        assert_eq!(forwarded(&nobody, "GET", private, &[(header.0, &header.1)]).await.status, 401);
    }
    for cookie in [
        format!("__Secure-vestibule_session={token}; __Secure-vestibule_session=x"),
        format!("vestibule_session={token}"),
        format!("__Host-vestibule_session={token}"),
    ] {
        assert_eq!(forwarded(&nobody, "GET", private, &[("cookie", &cookie)]).await.status, 401, "{cookie}");
    }
    assert_eq!(
        forwarded(&nobody, "GET", private, &[("cookie", &format!("__Secure-vestibule_session={token}"))]).await.status,
        200
    );
}

#[tokio::test]
async fn the_wide_cookie_has_its_domain_and_the_others_stay() {
    let world = world().await;
    world.person(ADA).await;
    let mut ada = world.browser();
    let signed_in = ada.sign_in(ADA, PASSWORD).await;
    let lines = |answer: &Answer| -> Vec<String> {
        answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    };
    let (wide, others): (Vec<_>, Vec<_>) = lines(&signed_in).into_iter().partition(|line| line.contains("vestibule_session="));
    assert_eq!(wide.len(), 1);
    for part in ["__Secure-vestibule_session=", "Domain=example.org", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(wide[0].contains(part), "{}", wide[0]);
    }
    assert!(
        !others.is_empty() && others.iter().all(|line| line.starts_with("__Host-") && !line.contains("Domain")),
        "{others:?}"
    );
    assert_eq!(ada.get("/session").await.status, 200);
    ada.get("/logout").await;
    let out = lines(&ada.submit("/logout", &[]).await);
    let gone = out.iter().find(|line| line.starts_with("__Secure-vestibule_session=")).unwrap();
    assert!(gone.contains("Domain=example.org") && gone.contains("Max-Age=0") && gone.contains("Path=/"), "{gone}");
}

/// A host below the parent domain gets the session's cookie and can set one. Neither opens Vestibule's own pages.
#[tokio::test]
async fn a_sibling_host_can_neither_use_nor_plant_a_session_here() {
    const SESSION: &str = "__Secure-vestibule_session";
    const HERE: &str = "__Host-vestibule_here";
    let world = world().await;
    for email in [ADA, "eve@a.example"] {
        world.user(json!({"email": email, "email_verified": true, "password": PASSWORD})).await;
    }
    let (mut ada, mut eve) = (world.sign_in(ADA, PASSWORD).await, world.sign_in("eve@a.example", PASSWORD).await);
    assert_eq!((ada.get("/account").await.status, eve.get("/account").await.status), (200, 200));
    let mut thief = world.browser();
    thief.cookies.insert(SESSION.to_owned(), ada.cookies[SESSION].clone());
    assert_eq!(thief.get("/session").await.status, 200, "what such a host is for");
    assert_eq!(thief.get("/account").await.header("location"), "/login");
    // With a mark of another session it is no better, nor the other way round.
    thief.cookies.insert(HERE.to_owned(), eve.cookies[HERE].clone());
    assert_eq!(thief.get("/account").await.header("location"), "/login");
    ada.cookies.insert(SESSION.to_owned(), eve.cookies[SESSION].clone());
    assert_eq!(ada.get("/account").await.header("location"), "/login");
}
