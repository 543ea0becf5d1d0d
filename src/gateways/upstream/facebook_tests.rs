//! Facebook.

use std::time::Duration;

use serde_json::json;

use super::{
    tests::{ACCESS, Fake, PATIENT, Reply, all_troubles, begins_with, by_body, exchanged, finish, settings, some, upstreams},
    *,
};
use crate::settings::providers::Base;

async fn facebook() -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json("/v23.0/oauth/access_token", json!({"access_token": ACCESS, "token_type": "bearer", "expires_in": 5_183_944}));
    fake.json(
        "/v23.0/me",
        json!({"id": "10158000000000000", "name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace",
               "email": "ada@example.org",
               "picture": {"data": {"height": 50, "is_silhouette": false, "url": "https://pic.example/1", "width": 50}}}),
    );
    let upstreams = upstreams(settings(ProviderKind::Facebook(Base(Some(fake.url("/"))))), PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn facebook_speaks_its_dialect() {
    let (fake, upstreams) = facebook().await;
    begins_with(&upstreams, &fake.url("/v23.0/dialog/oauth"), "public_profile email more").await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!(arrived.subject, "10158000000000000");
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false));
    assert_eq!((arrived.given_name, arrived.family_name), (some("Ada"), some("Lovelace")));
    assert_eq!(arrived.picture, some("https://pic.example/1"));
    assert_eq!(arrived.tokens.expires_in, Some(Duration::from_secs(5_183_944)));
    by_body(&exchanged(&fake, "/v23.0/oauth/access_token"));
    let me = fake.seen("/v23.0/me").pop().unwrap();
    assert_eq!(me.query["fields"], "id,name,first_name,last_name,email,picture");
    assert_eq!(me.query["access_token"], ACCESS);
    // printf %s the-access-token | openssl dgst -sha256 -hmac the-client-secret
    assert_eq!(me.query["appsecret_proof"], "280d50fc96d311200537f8f4de940504a59bcae6271b33aa97eac6852d82c1be");
}

#[tokio::test]
async fn facebook_may_know_no_address() {
    let (fake, upstreams) = facebook().await;
    fake.json("/v23.0/me", json!({"id": "1", "name": "Ada"}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified, arrived.picture), (None, false, None));
}

#[tokio::test]
async fn facebook_refuses_in_a_shape_of_its_own() {
    let (fake, upstreams) = facebook().await;
    let refusal = json!({"error": {"message": "This authorization code has been used.", "type": "OAuthException",
                         "code": 100, "error_subcode": 36009, "fbtrace_id": "x"}});
    for path in ["/v23.0/me", "/v23.0/oauth/access_token"] {
        fake.on(path, Reply::Json(400, refusal.clone()));
        let error = finish(&upstreams, None).await.unwrap_err();
        assert_eq!(error, UpstreamError::refused("OAuthException", "This authorization code has been used."));
    }
}

#[tokio::test]
async fn facebook_in_trouble() {
    let (fake, upstreams) = facebook().await;
    all_troubles(&fake, ProviderKind::Facebook(Base(Some(fake.url("/")))), &["/v23.0/oauth/access_token", "/v23.0/me"]).await;
    fake.json("/v23.0/me", json!({"uid": "1"}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::Garbage("`id` is missing".into()));
    // The token stands in the URL here, which must not stand in an error.
    drop(fake);
    let nobody = Base(Some("http://127.0.0.1:1/".parse().unwrap()));
    let gone = self::upstreams(settings(ProviderKind::Facebook(nobody)), PATIENT);
    let error = finish(&gone, None).await.unwrap_err();
    assert_eq!(error.as_str(), "unreachable");
    assert!(!error.to_string().contains("127.0.0.1:1/"), "{error}");
}
