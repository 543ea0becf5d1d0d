//! GitHub.

use serde_json::json;

use super::{
    tests::{
        ACCESS, Fake, PATIENT, Reply, all_troubles, bearer, begins_with, by_body, exchanged, finish, settings, some, upstreams,
    },
    *,
};
use crate::settings::providers::Base;

async fn github() -> (Fake, Upstreams) {
    let fake = Fake::start().await;
    fake.json(
        "/login/oauth/access_token",
        json!({"access_token": ACCESS, "scope": "read:user,user:email", "token_type": "bearer"}),
    );
    fake.json(
        "/api/v3/user",
        json!({"login": "ada", "id": 583_231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "avatar_url": "https://avatars.example/u/1",
               "name": "Ada Lovelace", "blog": "", "email": "public@example.org", "type": "User"}),
    );
    fake.json(
        "/api/v3/user/emails",
        json!([{"email": "other@example.org", "primary": false, "verified": true, "visibility": null},
               {"email": "ada@example.org", "primary": true, "verified": true, "visibility": "private"}]),
    );
    let upstreams = upstreams(settings(ProviderKind::Github(Base(Some(fake.url("/"))))), PATIENT);
    (fake, upstreams)
}

#[tokio::test]
async fn github_speaks_its_dialect() {
    let (fake, upstreams) = github().await;
    begins_with(&upstreams, &fake.url("/login/oauth/authorize"), "read:user user:email more").await;
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!(arrived.subject, "583231");
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), true));
    assert_eq!((arrived.name, arrived.username, arrived.website), (some("Ada Lovelace"), some("ada"), None));
    assert_eq!(arrived.picture, some("https://avatars.example/u/1"));
    assert_eq!((arrived.tokens.access_token.expose(), arrived.tokens.expires_in), (ACCESS, None));
    assert_eq!(arrived.tokens.scope, some("read:user,user:email"));
    let seen = exchanged(&fake, "/login/oauth/access_token");
    by_body(&seen);
    assert_eq!(seen.headers["accept"], "application/json");
    bearer(&fake, "/api/v3/user");
    let emails = fake.seen("/api/v3/user/emails").pop().unwrap();
    assert_eq!(emails.headers["accept"], "application/vnd.github+json");
    assert!(emails.headers["user-agent"].to_str().unwrap().starts_with("vestibule/"));
}

#[tokio::test]
async fn github_may_know_no_verified_address() {
    let (fake, upstreams) = github().await;
    fake.json("/api/v3/user/emails", json!([{"email": "ada@example.org", "primary": true, "verified": false}]));
    let arrived = finish(&upstreams, None).await.unwrap();
    assert_eq!((arrived.email, arrived.email_verified), (some("ada@example.org"), false));
    for reply in [Reply::Json(404, json!({"message": "Not Found"})), Reply::Json(200, json!([]))] {
        fake.on("/api/v3/user/emails", reply);
        let arrived = finish(&upstreams, None).await.unwrap();
        assert_eq!((arrived.email, arrived.email_verified), (None, false));
    }
}

#[tokio::test]
async fn github_refuses_with_status_200() {
    let (fake, upstreams) = github().await;
    fake.json(
        "/login/oauth/access_token",
        json!({"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
               "error_uri": "https://docs.github.com/"}),
    );
    let error = finish(&upstreams, None).await.unwrap_err();
    assert_eq!(error, UpstreamError::refused("bad_verification_code", "The code passed is incorrect or expired."));
    let (fake, upstreams) = github().await;
    fake.on("/api/v3/user", Reply::Json(401, json!({"message": "Bad credentials"})));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::refused("Bad credentials", ""));
}

#[tokio::test]
async fn github_in_trouble() {
    let (fake, upstreams) = github().await;
    all_troubles(&fake, ProviderKind::Github(Base(Some(fake.url("/")))), &["/login/oauth/access_token", "/api/v3/user"]).await;
    fake.json("/api/v3/user", json!({"user_id": 1, "login": "ada"}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err(), UpstreamError::Garbage("`id` is missing".into()));
    fake.json("/api/v3/user", json!({"id": {"a": 1}}));
    assert_eq!(finish(&upstreams, None).await.unwrap_err().as_str(), "garbage");
}

#[tokio::test]
async fn github_lives_at_its_own_hosts_by_default() {
    let upstreams = upstreams(settings(ProviderKind::Github(Base(None))), PATIENT);
    begins_with(&upstreams, &"https://github.com/login/oauth/authorize".parse().unwrap(), "read:user user:email more").await;
}

#[tokio::test]
async fn an_issuer_at_another_host_is_a_mix_up() {
    let (fake, upstreams) = github().await;
    for iss in ["https://attacker.example", "http://127.0.0.1", "nonsense", ""] {
        assert_eq!(finish(&upstreams, Some(iss)).await.unwrap_err(), UpstreamError::WrongIssuer, "{iss}");
    }
    assert_eq!(fake.requests(), 0, "the code stays with us");
    assert!(finish(&upstreams, Some(fake.url("/login/oauth").as_str())).await.is_ok());
}
