//! Discord.

use serde_json::json;

use super::{
    tests::{
        ACCESS, Fake, PATIENT, Reply, all_troubles, bearer, begins_with, by_body, exchanged, finish, settings, some, upstreams,
    },
    *,
};
use crate::settings::providers::Base;

pub(super) async fn discord() -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json(
        "/api/oauth2/token",
        json!({"access_token": ACCESS, "token_type": "Bearer", "expires_in": 604_800, "refresh_token": "the-refresh-token",
               "scope": "identify email"}),
    );
    fake.json(
        "/api/users/@me",
        json!({"id": "80351110224678912", "username": "ada", "discriminator": "0", "global_name": "Ada L.",
               "avatar": "8342729096ea3675442027381ff50dfe", "verified": true, "email": "ada@example.org",
               "locale": "en-US", "mfa_enabled": true}),
    );
    let upstreams = upstreams(settings(ProviderKind::Discord(Base(Some(fake.url("/"))))), PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn discord_speaks_its_dialect() {
    let (fake, upstreams) = discord().await;
    begins_with(&upstreams, &fake.url("/oauth2/authorize"), "identify email more").await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.username), ("80351110224678912", some("ada")));
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), true));
    assert_eq!((arrived.name, arrived.locale), (some("Ada L."), some("en-US")));
    let picture = "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png";
    assert_eq!(arrived.picture, some(picture));
    by_body(&exchanged(&fake, "/api/oauth2/token"));
    bearer(&fake, "/api/users/@me");

    // Unverified, without a name, and with a picture that is none.
    let user = json!({"id": "1", "username": "ada", "global_name": null, "avatar": "../../x", "verified": false,
                      "email": "ada@example.org"});
    fake.json("/api/users/@me", user);
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false));
    assert_eq!((arrived.name, arrived.picture), (None, None));
    fake.json("/api/users/@me", json!({"id": "1", "username": "ada", "email": null, "verified": true}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (None, false));
}

#[tokio::test]
async fn discord_in_trouble() {
    let (fake, upstreams) = discord().await;
    all_troubles(&fake, ProviderKind::Discord(Base(Some(fake.url("/")))), &["/api/oauth2/token", "/api/users/@me"]).await;
    fake.on("/api/users/@me", Reply::Json(401, json!({"message": "401: Unauthorized", "code": 0})));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("401: Unauthorized", ""));
    fake.on("/api/oauth2/token", Reply::Json(400, json!({"error": "invalid_grant"})));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("invalid_grant", ""));
    fake.json("/api/oauth2/token", json!({"accessToken": ACCESS, "token_type": "Bearer"}));
    let error = finish(&upstreams, None).await.unwrap_err();
    assert_eq!(error, UpstreamError::Garbage("token response: missing field `access_token`".into()));
    fake.json("/api/oauth2/token", json!({"access_token": ACCESS, "token_type": "Bearer", "expires_in": ACCESS}));
    // A life that is no number is not known; the sign-in goes on, here to an API that refuses.
    assert_eq!(finish(&upstreams, None).await.unwrap_err().as_str(), "refused");
    for token in ["", "a\nb", "\u{e9}"] {
        fake.json("/api/oauth2/token", json!({"access_token": token, "token_type": "Bearer"}));
        assert_eq!(finish(&upstreams, None).await.unwrap_err().as_str(), "garbage", "{token:?}");
    }
}
