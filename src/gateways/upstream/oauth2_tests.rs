//! What the OAuth 2 dialects share, and the one of the settings.

use std::time::Duration;

use serde_json::json;

use super::{
    discord_tests::discord,
    tests::{
        ACCESS, BEGUN, Fake, NOW, PATIENT, all_troubles, bearer, begins_with, by_header, exchanged, finish, settings, some,
        upstreams,
    },
    *,
};
use crate::settings::providers::{Base, ClaimPaths, ClientAuth, Endpoints};

#[tokio::test]
async fn any_oauth2_provider_is_read_by_its_paths() {
    let fake = Fake::start().await;
    fake.json("/token", json!({"access_token": ACCESS, "token_type": "Bearer"}));
    let user = json!({"response": {"user": {"no": 7, "mail": "ada@example.org", "ok": "true", "display": "  Ada  ",
                      "nick": "a\u{0}da", "face": "javascript:alert(1)"}}});
    fake.json("/me", user);
    let paths = |subject: &str, email_verified: &str| {
        let path = |name: &str| format!("response.user.{name}");
        let claims = ClaimPaths {
            subject: path(subject),
            email: path("mail"),
            email_verified: email_verified.into(),
            name: path("display"),
            username: path("nick"),
            picture: path("face"),
        };
        let (authorization, token, userinfo) = (fake.url("/auth"), fake.url("/token"), fake.url("/me"));
        let endpoints = Endpoints { authorization, token, userinfo, client_auth: ClientAuth::Basic, claims };
        ProviderKind::OAuth2(Box::new(endpoints))
    };
    let reading = |kind: ProviderKind| upstreams(settings(kind), PATIENT);
    let kind = paths("no", "response.user.ok");
    let generic = reading(kind.clone());
    begins_with(&generic, &fake.url("/auth"), "more").await;
    let arrived = finish(&generic, None).await.unwrap();
    assert_eq!((arrived.subject.as_str(), arrived.email, arrived.email_verified), ("7", some("ada@example.org"), true));
    // Trimmed, and without what would harm.
    assert_eq!((arrived.name, arrived.username, arrived.picture), (some("Ada"), None, None));
    by_header(&exchanged(&fake, "/token"));
    bearer(&fake, "/me");
    all_troubles(&fake, kind, &["/token", "/me"]).await;
    assert!(!finish(&reading(paths("no", "")), None).await.unwrap().email_verified);
    let error = finish(&reading(paths("id", "")), None).await.unwrap_err();
    assert_eq!(error, UpstreamError::Garbage("`response.user.id` is missing".into()));
    fake.json("/me", json!({"response": {"user": {"no": ""}}}));
    assert_eq!(finish(&generic, None).await.unwrap_err().as_str(), "garbage");
}

#[tokio::test]
async fn a_malformed_verifier_is_no_panic() {
    let (_fake, upstreams) = discord().await;
    let begun = Begun { verifier: "short", ..BEGUN };
    let upstream = upstreams.get("it").unwrap();
    assert_eq!(upstream.authorization_url(&begun, Prompt::Nothing, Locale::En).await.unwrap_err().as_str(), "garbage");
    let answer = Answer { code: "x", iss: None };
    assert_eq!(upstream.finish(&begun, answer, NOW).await.unwrap_err().as_str(), "garbage");
}

#[tokio::test]
async fn private_addresses_are_called_only_if_allowed() {
    let (fake, _) = discord().await;
    for host in ["127.0.0.1", "localhost"] {
        let mut base = fake.url("/");
        base.set_host(Some(host)).unwrap();
        let settings = [settings(ProviderKind::Discord(Base(Some(base))))];
        let guarded = Upstreams::within(&settings, Reach::Public, PATIENT, &Clock::manual(NOW)).unwrap();
        let error = finish(&guarded, None).await.unwrap_err();
        assert!(matches!(&error, UpstreamError::Unreachable(text) if text.contains("not allowed")), "{error}");
    }
    assert_eq!(fake.requests(), 0);
}

#[test]
fn tokens_travel_as_json_and_hide_in_debug() {
    let tokens = Tokens {
        access_token: TokenText::new(ACCESS),
        refresh_token: None,
        expires_in: Some(Duration::from_secs(5)),
        scope: None,
    };
    let text = serde_json::to_string(&tokens).unwrap();
    assert_eq!(serde_json::from_str::<Tokens>(&text).unwrap(), tokens);
    assert!(!format!("{tokens:?}").contains(ACCESS));
}
