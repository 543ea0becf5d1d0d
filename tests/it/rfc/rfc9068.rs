//! RFC 9068, JWT Profile for OAuth 2.0 Access Tokens.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::house::{ADA, House, ISSUER, SERVICE, SHOP};
use super::jwt;
use super::walk::text;

#[tokio::test]
async fn s2_header_and_claims() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid email").await;
    let (header, claims) = jwt::verified(&house.jwks().await, text(&tokens, "access_token"), ISSUER, Algorithm::ES256);
    assert_eq!((text(&header, "typ"), text(&header, "alg")), ("at+jwt", "ES256"));
    let mut names: Vec<&str> = header.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "kid", "typ"]);
    let user = house.read(ADA).await.unwrap();
    assert_eq!((text(&claims, "iss"), text(&claims, "sub"), text(&claims, "client_id")), (ISSUER, user.id.as_str(), "shop"));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(house.now()), &json!(house.now() + 600)));
    assert_eq!((text(&claims, "scope"), &claims["amr"]), ("email openid", &json!(["pwd"])));
    assert!(claims["auth_time"].as_i64().unwrap() <= house.now());
    let id_token = jwt::claims(text(&tokens, "id_token"));
    assert_eq!((&claims["sid"], &claims["acr"]), (&id_token["sid"], &id_token["acr"]));
    // About the person it says nothing else.
    assert!(claims.get("email").is_none() && claims.get("name").is_none());
}

#[tokio::test]
async fn s2_2_two_tokens_of_one_second_differ() {
    let house = House::new().await;
    let own = async || house.token(SERVICE, &[("grant_type", "client_credentials")]).await.expect(200).json();
    let (one, two) = (own().await, own().await);
    let jti = |tokens: &serde_json::Value| text(&jwt::claims(text(tokens, "access_token")), "jti").to_owned();
    assert_ne!(jti(&one), jti(&two));
    assert_ne!(one["access_token"], two["access_token"]);
}

#[tokio::test]
async fn s2_1_the_algorithm_is_a_setting() {
    for (setting, alg) in [("RS256", Algorithm::RS256), ("EdDSA", Algorithm::EdDSA)] {
        let house = House::with(&format!("[tokens]\naccess_alg = \"{setting}\"")).await;
        let tokens = house.token(SERVICE, &[("grant_type", "client_credentials")]).await.expect(200).json();
        jwt::verified(&house.jwks().await, text(&tokens, "access_token"), ISSUER, alg);
        assert!(house.is_active(SERVICE, text(&tokens, "access_token")).await);
    }
}

#[tokio::test]
async fn s4_an_access_token_of_another_issuer_is_refused() {
    // The same keys at another address, as after a move.
    let old = House::with("[server]\npublic_url = \"https://old.example\"\n[mail]\ntransport = \"file\"").await;
    let tokens = old.token(SERVICE, &[("grant_type", "client_credentials")]).await.expect(200).json();
    assert!(old.is_active(SERVICE, text(&tokens, "access_token")).await);
    let new = House::new().await;
    assert!(!new.is_active(SERVICE, text(&tokens, "access_token")).await);
}
