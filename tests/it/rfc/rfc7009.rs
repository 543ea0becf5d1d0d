//! RFC 7009, Token Revocation.

use super::house::{ADA, House, POST, SERVICE, SHOP, SPA};
use super::walk::text;
use super::wire::Rp;
use crate::world::Answer;

async fn revoke(house: &House, rp: Rp, token: &str) -> Answer {
    house.by(rp, "/oauth2/revoke", &[("token", token)]).await
}

#[tokio::test]
async fn s2_1_a_refresh_token_ends_with_its_access_tokens() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let answer = revoke(&house, SHOP, text(&tokens, "refresh_token")).await.expect(200);
    assert_eq!((answer.text().as_str(), answer.header("cache-control")), ("", "no-store"));
    house.refresh(SHOP, text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn s2_1_an_access_token_ends_by_itself() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    revoke(&house, SHOP, text(&tokens, "access_token")).await.expect(200);
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
    let fresh = house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200).json();
    house.userinfo(text(&fresh, "access_token")).await.expect(200);
    let own = house.token(SERVICE, &[("grant_type", "client_credentials")]).await.expect(200).json();
    revoke(&house, SERVICE, text(&own, "access_token")).await.expect(200);
    assert!(!house.is_active(SERVICE, text(&own, "access_token")).await);
}

#[tokio::test]
async fn s2_1_an_old_refresh_token_ends_the_family_as_well() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let fresh = house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200).json();
    revoke(&house, SHOP, text(&tokens, "refresh_token")).await.expect(200);
    house.refresh(SHOP, text(&fresh, "refresh_token")).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn s2_1_the_client_proves_itself() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let token = text(&tokens, "refresh_token");
    let wrong = revoke(&house, Rp { secret: "wrong", ..SHOP }, token).await;
    wrong.refused(401, "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic "));
    house.form("/oauth2/revoke", None, &[("token", token)]).await.refused(401, "invalid_client");
    house.refresh(SHOP, token).await.expect(200);
}

#[tokio::test]
async fn s2_1_another_clients_token_stays_and_the_answer_tells_nothing() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    for name in ["refresh_token", "access_token"] {
        assert_eq!(revoke(&house, POST, text(&tokens, name)).await.expect(200).text(), "");
    }
    house.userinfo(text(&tokens, "access_token")).await.expect(200);
    house.refresh(SHOP, text(&tokens, "refresh_token")).await.expect(200);
}

#[tokio::test]
async fn s2_1_a_public_client_gives_back_its_own() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SPA, "openid").await;
    revoke(&house, SPA, text(&tokens, "refresh_token")).await.expect(200);
    house.refresh(SPA, text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn s2_1_a_hint_is_only_a_hint() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "openid").await;
    let pairs = [("token", text(&tokens, "refresh_token")), ("token_type_hint", "access_token")];
    house.by(SHOP, "/oauth2/revoke", &pairs).await.expect(200);
    house.refresh(SHOP, text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
    house.by(SHOP, "/oauth2/revoke", &[("token", "x"), ("token_type_hint", "pat")]).await.expect(200);
}

#[tokio::test]
async fn s2_2_an_invalid_token_is_revoked_already() {
    let house = House::new().await;
    for token in ["x", "a.b.c", "' OR 1=1--", &"t".repeat(20_000)] {
        revoke(&house, SHOP, token).await.expect(200);
    }
    house.by(SHOP, "/oauth2/revoke", &[]).await.refused(400, "invalid_request");
    house.by(SHOP, "/oauth2/revoke", &[("token", "a"), ("token", "b")]).await.refused(400, "invalid_request");
    house.get("/oauth2/revoke?token=x").await.expect(405);
}
