//! RFC 7662, Token Introspection.

use serde_json::json;

use super::house::{ADA, House, ISSUER, POST, SERVICE, SHOP, SPA};
use super::walk::text;
use super::wire::Rp;

#[tokio::test]
async fn s2_2_what_is_said_of_an_access_token() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid email").await;
    let answer = house.by(SHOP, "/oauth2/introspect", &[("token", text(&tokens, "access_token"))]).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let found = answer.json();
    let user = house.read(ADA).await.unwrap();
    assert_eq!(found["active"], true);
    assert_eq!((text(&found, "client_id"), text(&found, "scope")), ("shop", "email openid"));
    assert_eq!((text(&found, "token_type"), text(&found, "iss"), text(&found, "sub")), ("Bearer", ISSUER, user.id.as_str()));
    assert_eq!((found["iat"].as_i64().unwrap(), found["exp"].as_i64().unwrap()), (house.now(), house.now() + 600));
    assert!(!text(&found, "jti").is_empty());
}

#[tokio::test]
async fn s2_2_what_is_said_of_a_refresh_token() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let found = house.introspect(SHOP, text(&tokens, "refresh_token")).await;
    assert_eq!((&found["active"], text(&found, "client_id"), text(&found, "scope")), (&json!(true), "shop", "openid"));
    assert!(found["exp"].as_i64().unwrap() > house.now() + 86_400);
    // A client that is asked to accept one as an access token can tell.
    assert!(found.get("token_type").is_none());
}

#[tokio::test]
async fn s2_2_a_token_that_is_not_good_is_inactive_and_nothing_else() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let inactive = json!({"active": false});
    for token in ["x", "a.b.c", text(&tokens, "id_token"), "' OR 1=1--", &"t".repeat(20_000)] {
        assert_eq!(house.introspect(SHOP, token).await, inactive);
    }
    // Of another client: as if it never was.
    for name in ["access_token", "refresh_token"] {
        assert_eq!(house.introspect(POST, text(&tokens, name)).await, inactive);
    }
    house.advance(600);
    assert_eq!(house.introspect(SHOP, text(&tokens, "access_token")).await, inactive);
}

#[tokio::test]
async fn s4_what_ends_a_token_shows_at_once() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid").await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert!(house.is_active(SHOP, access).await && house.is_active(SHOP, refresh).await);
    house.by(SHOP, "/oauth2/revoke", &[("token", access)]).await.expect(200);
    assert!(!house.is_active(SHOP, access).await && house.is_active(SHOP, refresh).await);
    browser.post("/logout", &[("where", "here")]).await;
    assert!(!house.is_active(SHOP, refresh).await);

    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid").await;
    browser.post("/account/sessions/end-all", &[]).await;
    for name in ["access_token", "refresh_token"] {
        assert!(!house.is_active(SHOP, text(&tokens, name)).await, "{name}");
    }
}

#[tokio::test]
async fn s4_a_rotated_refresh_token_is_inactive_once_it_is_of_no_use() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let fresh = house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200).json();
    house.advance(61);
    assert!(!house.is_active(SHOP, text(&tokens, "refresh_token")).await);
    assert!(house.is_active(SHOP, text(&fresh, "refresh_token")).await);
}

#[tokio::test]
async fn s2_1_only_clients_with_a_secret_may_ask() {
    let house = House::new().await;
    house.form("/oauth2/introspect", None, &[("token", "x")]).await.refused(401, "invalid_client");
    house.by(Rp { secret: "wrong", ..SHOP }, "/oauth2/introspect", &[("token", "x")]).await.refused(401, "invalid_client");
    house.by(SPA, "/oauth2/introspect", &[("token", "x")]).await.refused(401, "invalid_client");
    house.by(SHOP, "/oauth2/introspect", &[]).await.refused(400, "invalid_request");
    house.by(SHOP, "/oauth2/introspect", &[("token", "a"), ("token", "b")]).await.refused(400, "invalid_request");
    house.get("/oauth2/introspect?token=x").await.expect(405);
    house.by(SHOP, "/oauth2/introspect", &[("token", "x"), ("token_type_hint", "refresh_token")]).await.expect(200);
}

#[tokio::test]
async fn a_client_asks_about_a_token_of_its_own() {
    let house = House::new().await;
    let own = house.token(SERVICE, &[("grant_type", "client_credentials"), ("scope", "read")]).await.expect(200).json();
    let found = house.introspect(SERVICE, text(&own, "access_token")).await;
    assert_eq!((&found["active"], text(&found, "sub"), text(&found, "scope")), (&json!(true), "service", "read"));
}
