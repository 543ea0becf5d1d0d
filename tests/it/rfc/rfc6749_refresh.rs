//! RFC 6749 section 6 and RFC 9700 section 4.14: refresh tokens rotate, cannot lose a race, and end with what they were given for.

use std::sync::Arc;

use serde_json::json;
use vestibule::actions::{clients, users};
use vestibule::crypto::random::Random;
use vestibule::crypto::refresh;

use super::house::{ADA, House, POST, SHOP, SPA};
use super::jwt;
use super::walk::text;
use super::wire::{Ask, Method, Rp};
use crate::world::{PASSWORD, master_keys};

const DAY: u64 = 86_400;

async fn first(house: &House, scope: &str) -> String {
    let tokens = house.signed_in(ADA).await.tokens(house, SHOP, scope).await;
    text(&tokens, "refresh_token").to_owned()
}

async fn next(house: &House, token: &str) -> String {
    text(&house.refresh(SHOP, token).await.expect(200).json(), "refresh_token").to_owned()
}

async fn dead(house: &House, token: &str) {
    house.refresh(SHOP, token).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn s6_a_refresh_token_gives_new_tokens_and_its_successor() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid email").await;
    house.advance(300);
    let answer = house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let fresh = answer.json();
    for name in ["access_token", "refresh_token", "id_token"] {
        assert_ne!(fresh[name], tokens[name], "{name}");
    }
    assert_eq!((text(&fresh, "scope"), &fresh["expires_in"]), ("email openid", &json!(600)));
    house.userinfo(text(&fresh, "access_token")).await.expect(200);
}

#[tokio::test]
async fn oidc_core_s12_2_a_refreshed_id_token_is_about_the_same_sign_in() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    house.advance(300);
    let fresh = house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200).json();
    let (old, new) = (jwt::claims(text(&tokens, "id_token")), jwt::claims(text(&fresh, "id_token")));
    for name in ["iss", "sub", "aud", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(new[name], old[name], "{name}");
    }
    assert_eq!(new["iat"], old["iat"].as_i64().unwrap() + 300);
    assert!(new.get("nonce").is_none());
}

/// With the master key, the grant's id and its place in the family, but without having seen a token of it.
#[tokio::test]
async fn a_master_key_alone_makes_no_refresh_token() {
    let house = House::new().await;
    let token = first(&house, "openid").await;
    let parsed = refresh::parse(&master_keys(), &token).unwrap();
    for sequence in [parsed.sequence, parsed.sequence + 1] {
        let forged = refresh::issue(&master_keys(), &parsed.grant, sequence, &refresh::Secret::generate(&Random::seeded(77)));
        assert!(!house.is_active(SHOP, &forged).await);
        dead(&house, &forged).await;
        house.by(SHOP, "/oauth2/revoke", &[("token", &forged)]).await.expect(200);
    }
    next(&house, &token).await;
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_a_minute() {
    let house = House::new().await;
    let old = first(&house, "openid").await;
    let new = next(&house, &old).await;
    house.advance(59);
    assert_eq!(next(&house, &old).await, new);
    house.advance(2);
    // Two hold the family now, and nobody can tell which of them is its owner (RFC 9700 section 4.14.2).
    dead(&house, &old).await;
    dead(&house, &new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_that_race_with_a_token_stay_one_family() {
    let house = Arc::new(House::new().await);
    let mut token = first(&house, "openid").await;
    for _ in 0..3 {
        let mut race = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (house, token) = (Arc::clone(&house), token.clone());
            race.spawn(async move { next(&house, &token).await });
        }
        let mut found = race.join_all().await;
        found.dedup();
        assert_eq!(found.len(), 1, "one successor for all");
        token = found.remove(0);
    }
    next(&house, &token).await;
}

#[tokio::test]
async fn rfc9700_s4_14_2_a_token_that_comes_back_after_its_successor_was_used_ends_the_family() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid offline_access").await;
    let stolen = text(&tokens, "refresh_token").to_owned();
    let second = next(&house, &stolen).await;
    let third = next(&house, &second).await;
    house.userinfo(text(&tokens, "access_token")).await.expect(200);
    // Even at once: there is no window for a token whose successor has proved that it arrived.
    dead(&house, &stolen).await;
    dead(&house, &third).await;
    dead(&house, &second).await;
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn s10_4_a_refresh_token_belongs_to_its_client() {
    let house = House::new().await;
    let token = first(&house, "openid").await;
    house.refresh(POST, &token).await.refused(400, "invalid_grant");
    house.refresh(SPA, &token).await.refused(400, "invalid_grant");
    house
        .token(Rp { secret: "wrong", ..SHOP }, &[("grant_type", "refresh_token"), ("refresh_token", &token)])
        .await
        .refused(401, "invalid_client");
    next(&house, &token).await;
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let token = text(&tokens, "refresh_token");
    let changed = |at: usize| {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        String::from_utf8(bytes).unwrap()
    };
    let long = "r".repeat(5000);
    let forged: Vec<String> = (0..token.len()).step_by(7).map(changed).collect();
    let others = [text(&tokens, "access_token"), text(&tokens, "id_token"), "x", "' OR 1=1--", &long];
    for wrong in forged.iter().map(String::as_str).chain(others) {
        house.refresh(SHOP, wrong).await.refused(400, "invalid_grant");
    }
    house.token(SHOP, &[("grant_type", "refresh_token")]).await.refused(400, "invalid_request");
    next(&house, token).await;
}

#[tokio::test]
async fn thirty_idle_days_end_a_token() {
    let house = House::new().await;
    let (used, unused) = (first(&house, "openid offline_access").await, first(&house, "openid offline_access").await);
    house.advance(29 * DAY);
    let used = next(&house, &used).await;
    house.advance(2 * DAY);
    dead(&house, &unused).await;
    next(&house, &used).await;
}

#[tokio::test]
async fn a_hundred_and_eighty_days_end_the_family_however_it_is_used() {
    let house = House::new().await;
    let mut token = first(&house, "openid offline_access").await;
    for _ in 0..8 {
        house.advance(20 * DAY);
        token = next(&house, &token).await;
    }
    house.advance(19 * DAY);
    // No token outlives the grant.
    let last = house.refresh(SHOP, &token).await.expect(200).json();
    house.advance(DAY);
    dead(&house, text(&last, "refresh_token")).await;
    house.userinfo(text(&last, "access_token")).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn without_offline_access_the_token_ends_with_the_session() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let bound = browser.tokens(&house, SHOP, "openid").await;
    let offline = browser.tokens(&house, SHOP, "openid offline_access").await;
    let signed_out = browser.post("/logout", &[("where", "here")]).await;
    assert_eq!(signed_out.status, 200);
    dead(&house, text(&bound, "refresh_token")).await;
    house.userinfo(text(&bound, "access_token")).await.refused(401, "invalid_token");
    next(&house, text(&offline, "refresh_token")).await;
    house.userinfo(text(&offline, "access_token")).await.expect(200);
}

#[tokio::test]
async fn without_offline_access_the_token_ends_when_the_session_runs_out() {
    let house = House::new().await;
    let mut browser = house.browser();
    assert_eq!(browser.sign_in(ADA, PASSWORD).await.status, 303);
    let token = browser.tokens(&house, SHOP, "openid").await;
    let mut token = text(&token, "refresh_token").to_owned();
    for _ in 0..5 {
        house.advance(6 * DAY);
        browser.get("/account").await;
        token = if let Ok(fresh) = serde_json::from_str::<serde_json::Value>(&house.refresh(SHOP, &token).await.text())
            && fresh.get("refresh_token").is_some()
        {
            text(&fresh, "refresh_token").to_owned()
        } else {
            token
        };
    }
    dead(&house, &token).await;
}

#[tokio::test]
async fn a_code_of_a_session_that_ended_is_worth_nothing() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let code = browser.code(SHOP, &Ask::of(SHOP)).await;
    browser.post("/logout", &[("where", "here")]).await;
    house.exchange(SHOP, &code).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn revoked_consent_ends_the_tokens() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid offline_access").await;
    let other = browser.tokens(&house, POST, "openid offline_access").await;
    let revoked = browser.post("/account/apps/revoke", &[("client", "shop")]).await;
    assert_eq!(revoked.location(), "/account/apps?notice=app-revoked");
    dead(&house, text(&tokens, "refresh_token")).await;
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    house.refresh(POST, text(&other, "refresh_token")).await.expect(200);
    // And the consent is asked for again.
    assert!(browser.page_of(&Ask::of(SHOP)).await.is_consent());
}

#[tokio::test]
async fn a_disabled_account_ends_the_tokens() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid offline_access").await;
    let code = browser.code(SHOP, &Ask::of(SHOP)).await;
    users::disable(&house.app, ADA).await.unwrap();
    dead(&house, text(&tokens, "refresh_token")).await;
    house.exchange(SHOP, &code).await.refused(400, "invalid_grant");
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    assert!(!house.is_active(SHOP, text(&tokens, "access_token")).await);
    // Enabled again, the old tokens stay what they are.
    users::enable(&house.app, ADA).await.unwrap();
    dead(&house, text(&tokens, "refresh_token")).await;
}

#[tokio::test]
async fn a_deleted_account_ends_the_tokens() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid offline_access").await;
    let gone = browser.post("/account/delete", &[("confirm", "true")]).await;
    assert_eq!(gone.status, 200);
    dead(&house, text(&tokens, "refresh_token")).await;
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
}

const LATER_SECRET: &str = "later-secret-later-secret-later-sec";
const LATER: Rp = Rp { id: "later", secret: LATER_SECRET, method: Method::Basic, redirect_uri: "https://later.example/cb" };

#[tokio::test]
async fn a_removed_client_ends_its_tokens() {
    let house = House::new().await;
    let metadata = json!({"redirect_uris": [LATER.redirect_uri], "grant_types": ["authorization_code", "refresh_token"]});
    let metadata = serde_json::from_value(metadata).unwrap();
    let id: vestibule::ids::ClientId = LATER.id.parse().unwrap();
    clients::add(&house.app, &metadata, Some(id.clone()), Some(LATER_SECRET)).await.unwrap();
    let tokens = house.signed_in(ADA).await.tokens(&house, LATER, "openid offline_access").await;
    clients::remove(&house.app, &id).await.unwrap();
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    // A node may remember a client for a tenth of a second.
    house.advance(1);
    house.refresh(LATER, text(&tokens, "refresh_token")).await.refused(401, "invalid_client");
    house.browser().authorize(&Ask::of(LATER)).await.stays();
    // Registered anew under the same name, it does not inherit them.
    clients::add(&house.app, &metadata, Some(id), Some(LATER_SECRET)).await.unwrap();
    house.refresh(LATER, text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_changed_password_ends_the_tokens_of_other_sessions() {
    let house = House::new().await;
    let mut here = house.signed_in(ADA).await;
    let mut there = house.signed_in(ADA).await;
    let kept = here.tokens(&house, SHOP, "openid").await;
    let lost = there.tokens(&house, SHOP, "openid").await;
    let offline = there.tokens(&house, SHOP, "openid offline_access").await;
    let form = [("current", PASSWORD), ("password", "another wooden spoon 5823")];
    assert_eq!(here.post("/account/password", &form).await.location(), "/account/password?notice=password-changed");
    next(&house, text(&kept, "refresh_token")).await;
    for tokens in [lost, offline] {
        dead(&house, text(&tokens, "refresh_token")).await;
        house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    }
}

#[tokio::test]
async fn s6_the_scope_may_be_narrowed_never_widened() {
    let house = House::new().await;
    let token = first(&house, "openid email read").await;
    let with = async |token: &str, scope: &str| {
        house.token(SHOP, &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)]).await
    };
    for scope in ["openid profile", "write", "openid  admin", "\"", " "] {
        with(&token, scope).await.refused(400, "invalid_scope");
    }
    let narrow = with(&token, "read").await.expect(200).json();
    assert_eq!(text(&narrow, "scope"), "read");
    assert!(narrow.get("id_token").is_none());
    assert_eq!(jwt::claims(text(&narrow, "access_token"))["scope"], "read");
    // Only that access token is narrower: the grant is what it was.
    let whole = house.refresh(SHOP, text(&narrow, "refresh_token")).await.expect(200).json();
    assert_eq!(text(&whole, "scope"), "email openid read");
}
