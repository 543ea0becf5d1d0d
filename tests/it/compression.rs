//! What travels compressed, and what never does (see `http::compress`).

use std::io::Read as _;

use flate2::read::GzDecoder;
use vestibule::http::assets::ASSETS;
use vestibule::http::compress::OPEN_PAGES;

use crate::world::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@a.example";

fn asking(world: &World) -> Browser {
    world.browser().sending("accept-encoding", "gzip, deflate, br")
}

fn is_packed(answer: &Answer) -> bool {
    assert!(["", "gzip"].contains(&answer.header("content-encoding")), "{:?}", answer.headers);
    answer.header("content-encoding") == "gzip"
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn public_documents_and_assets_travel_in_both_codings() {
    let world = World::new().await;
    world.keys().await;
    let documents = ["/oauth2/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
    for path in documents.into_iter().chain(ASSETS.map(|asset| asset.path)) {
        let (packed, plain) = (asking(&world).get(path).await, world.browser().get(path).await);
        assert!(is_packed(&packed) && !is_packed(&plain), "{path}");
        assert!(unpacked(&packed) == plain.body && packed.body.len() * 10 < plain.body.len() * 8, "{path}");
        for answer in [&packed, &plain] {
            assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
        }
        assert_eq!(packed.header("cache-control"), plain.header("cache-control"));
        let refusing = world.browser().sending("accept-encoding", "gzip;q=0, *").get(path).await;
        assert!(!is_packed(&refusing) && refusing.body == plain.body, "{path}");
        let head = asking(&world).send("HEAD".parse().unwrap(), path, &[], axum::body::Bytes::new()).await;
        assert!(
            is_packed(&head) && head.body.is_empty() && head.header("content-length") == packed.body.len().to_string(),
            "{path}"
        );
    }
    // Keys that change are not kept back.
    let before = unpacked(&asking(&world).get("/oauth2/jwks").await);
    world.advance(91 * 86_400);
    world.keys().await;
    let packed = asking(&world).get("/oauth2/jwks").await;
    assert!(unpacked(&packed) != before && unpacked(&packed) == world.browser().get("/oauth2/jwks").await.body);
}

#[tokio::test]
async fn pages_travel_compressed_where_nobody_is_known_and_nothing_was_typed() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut reflected = 0;
    for path in OPEN_PAGES {
        let page = asking(&world).get(path).await;
        let html = String::from_utf8(unpacked(&page)).unwrap();
        assert!(is_packed(&page) && html.contains("</html>"), "{path}");
        assert_eq!((page.header("vary"), page.header("content-type")), ("accept-encoding", "text/html; charset=utf-8"));
        assert!(page.header("cache-control") == "no-store" && !page.header("content-security-policy").is_empty());
        assert!(!is_packed(&world.browser().get(path).await), "{path}");
        // What was typed is theirs, wherever it comes from.
        for typed in ["identifier=ada", "identifier=ada%40a.example", "email=ada%40a.example"] {
            let page = asking(&world).get(&format!("{path}?{typed}")).await;
            let shown = !is_packed(&page) && page.text().contains("value=\"ada");
            // A field that the page does not have.
            assert!(shown || !String::from_utf8(unpacked(&page)).unwrap().contains("value=\"ada"), "{path}?{typed}");
            reflected += usize::from(shown);
        }
    }
    assert!(reflected >= 5, "{reflected}");
    let mut nobody = asking(&world);
    nobody.get("/login").await;
    for fields in [&[("identifier", ADA), ("password", "no")][..], &[("identifier", ""), ("password", "")]] {
        assert!(!is_packed(&nobody.post("/login", fields).await));
    }
    // Whoever has a session, good or not, is somebody.
    let mut ada = world.sign_in(ADA, PASSWORD).await.sending("accept-encoding", "gzip");
    for path in OPEN_PAGES {
        assert!(!is_packed(&ada.get(path).await), "{path}");
    }
}

/// The default is not to compress: every other address that GET knows, for somebody and for nobody.
#[tokio::test]
async fn nothing_else_is_compressed() {
    let world = World::new().await;
    world.person(ADA).await;
    let ada = world.sign_in(ADA, PASSWORD).await.sending("accept-encoding", "gzip");
    let mut seen = 0;
    for path in [
        "/",
        "/account",
        "/account/profile",
        "/account/password",
        "/account/passkeys",
        "/account/security",
        "/account/security/totp",
        "/account/security/recovery",
        "/account/identities",
        "/account/sessions",
        "/account/apps",
        "/account/delete",
        "/account/email",
        "/account/phone",
        "/login/code",
        "/login/link?token=x",
        "/login/second",
        "/login/enrol",
        "/verify",
        "/verify/link?token=x",
        "/reset/code",
        "/reset/link?token=x",
        "/reset/new",
        "/link/renew",
        "/session/start",
        "/session",
        "/session/verify",
        "/logout",
        "/wasnt-me",
        "/setup",
        "/consent",
        "/oauth2/authorize?client_id=x",
        "/oauth2/logout",
        "/oauth2/userinfo",
        "/healthz",
        "/readyz",
        "/nowhere",
        "/static/none.css",
    ] {
        for mut browser in [ada.clone(), asking(&world)] {
            let answer = browser.get(path).await;
            assert!(!is_packed(&answer) && answer.header("vary").is_empty(), "{path}");
            seen += usize::from(answer.status == 200);
        }
    }
    assert!(seen > 12, "{seen}");
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"] {
        assert!(!is_packed(&asking(&world).post(path, &[("grant_type", "x")]).await), "{path}");
    }
}
