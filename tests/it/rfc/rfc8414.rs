//! RFC 8414, Authorization Server Metadata.

use super::house::{House, ISSUER};
use super::walk::text;

#[tokio::test]
async fn s3_the_document_is_at_both_addresses() {
    let house = House::new().await;
    let oauth = house.get("/.well-known/oauth-authorization-server").await.expect(200);
    assert!(oauth.header("content-type").starts_with("application/json"));
    assert_eq!(oauth.json(), house.get("/.well-known/openid-configuration").await.expect(200).json());
}

#[tokio::test]
async fn s3_3_the_issuer_is_letter_for_letter_the_one_in_tokens_and_answers() {
    let house = House::new().await;
    let found = house.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(text(&found, "issuer"), ISSUER);
    for other in ["Host: evil.example", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"] {
        let (name, value) = other.split_once(": ").unwrap();
        let request = axum::http::Request::get("/.well-known/oauth-authorization-server").header(name, value);
        let answer = house.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert!(!answer.text().contains("evil"), "{other}");
    }
}

#[tokio::test]
async fn s2_endpoints_are_https_and_there() {
    let house = House::new().await;
    let found = house.get("/.well-known/oauth-authorization-server").await.json();
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        let path = text(&found, name).strip_prefix(ISSUER).unwrap_or_else(|| panic!("{name}"));
        assert_ne!(house.get(path).await.status, 404, "{name}");
    }
    assert!(found.as_object().unwrap().values().all(|value| !value.is_null() && *value != serde_json::json!([])));
}
