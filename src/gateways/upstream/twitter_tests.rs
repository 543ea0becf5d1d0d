//! Twitter/X.

use std::time::Duration;

use serde_json::json;

use super::{
    tests::{
        ACCESS, Fake, PATIENT, Reply, all_troubles, bearer, begins_with, by_header, exchanged, finish, settings, some, upstreams,
    },
    *,
};
use crate::settings::providers::Base;

async fn twitter(keep_tokens: bool) -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json(
        "/2/oauth2/token",
        json!({"token_type": "bearer", "expires_in": 7200, "access_token": ACCESS,
               "scope": "users.read tweet.read offline.access", "refresh_token": "the-refresh-token"}),
    );
    fake.json(
        "/2/users/me",
        json!({"data": {"id": "2244994945", "name": "Ada", "username": "ada", "confirmed_email": "ada@example.org",
                        "profile_image_url": "https://pbs.example/1_normal.jpg"}}),
    );
    let settings = ProviderSettings { keep_tokens, ..settings(ProviderKind::Twitter(Base(Some(fake.url("/"))))) };
    let upstreams = upstreams(settings, PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn twitter_speaks_its_dialect() {
    let (fake, upstreams) = twitter(true).await;
    let scope = "users.read tweet.read users.email offline.access more";
    begins_with(&upstreams, &fake.url("/i/oauth2/authorize"), scope).await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.username), ("2244994945", some("ada")));
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), true));
    assert_eq!(arrived.tokens.refresh_token.as_ref().map(TokenText::expose), Some("the-refresh-token"));
    by_header(&exchanged(&fake, "/2/oauth2/token"));
    bearer(&fake, "/2/users/me");
    let me = fake.seen("/2/users/me").pop().unwrap();
    assert_eq!(me.query["user.fields"], "name,username,profile_image_url,confirmed_email");

    fake.json("/2/users/me", json!({"data": {"id": "1", "name": "Ada", "username": "ada"}}));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (None, false));

    let tokens = upstreams.get("it").unwrap().refresh("the-refresh-token").await.unwrap();
    assert_eq!((tokens.access_token.expose(), tokens.expires_in), (ACCESS, Some(Duration::from_secs(7200))));
    let seen = fake.seen("/2/oauth2/token").pop().unwrap();
    assert_eq!((seen.form["grant_type"].as_str(), seen.form["refresh_token"].as_str()), ("refresh_token", "the-refresh-token"));
    by_header(&seen);
}

#[tokio::test]
async fn twitter_in_trouble() {
    let (fake, upstreams) = twitter(false).await;
    begins_with(&upstreams, &fake.url("/i/oauth2/authorize"), "users.read tweet.read users.email more").await;
    all_troubles(&fake, ProviderKind::Twitter(Base(Some(fake.url("/")))), &["/2/oauth2/token", "/2/users/me"]).await;
    let refusal = json!({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"});
    fake.on("/2/users/me", Reply::Json(401, refusal));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("Unauthorized", "Unauthorized"));
    let refusal = json!({"error": "invalid_request", "error_description": "Value passed for the code was invalid."});
    fake.on("/2/oauth2/token", Reply::Json(400, refusal));
    let error = UpstreamError::refused("invalid_request", "Value passed for the code was invalid.");
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), error);
    assert_eq!(upstreams.get("it").unwrap().refresh("x").await.unwrap_err(), error);
}
