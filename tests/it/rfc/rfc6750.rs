//! RFC 6750, Bearer Token Usage, at the userinfo endpoint.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use super::house::{ADA, House, SHOP};
use super::walk::text;
use crate::world::Answer;

async fn tokens(house: &House) -> Value {
    house.signed_in(ADA).await.tokens(house, SHOP, "openid email").await
}

async fn with_header(house: &House, value: &str) -> Answer {
    house.send(Request::get("/oauth2/userinfo").header("authorization", value).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn s2_1_the_header_by_get_and_post() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let token = text(&tokens, "access_token");
    for value in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER {token}")] {
        with_header(&house, &value).await.expect(200);
        house.form("/oauth2/userinfo", Some(&value), &[]).await.expect(200);
        let bare = Request::post("/oauth2/userinfo").header("authorization", &value).body(Body::empty()).unwrap();
        house.send(bare).await.expect(200);
    }
}

#[tokio::test]
async fn s2_2_the_form_body_by_post_only() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let token = text(&tokens, "access_token");
    house.form("/oauth2/userinfo", None, &[("access_token", token)]).await.expect(200);
    let get = Request::get("/oauth2/userinfo").header("content-type", "application/x-www-form-urlencoded");
    without_a_token(&house.send(get.body(Body::from(format!("access_token={token}"))).unwrap()).await);
    let json = Request::post("/oauth2/userinfo").header("content-type", "application/json");
    without_a_token(&house.send(json.body(Body::from(format!(r#"{{"access_token":"{token}"}}"#))).unwrap()).await);
}

#[tokio::test]
async fn s2_3_never_the_query() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let path = format!("/oauth2/userinfo?access_token={}", text(&tokens, "access_token"));
    without_a_token(&house.get(&path).await);
    without_a_token(&house.form(&path, None, &[]).await);
}

#[tokio::test]
async fn s2_one_method_per_request() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let token = text(&tokens, "access_token");
    let header = format!("Bearer {token}");
    let twice = house.form("/oauth2/userinfo", Some(&header), &[("access_token", token)]).await;
    twice.refused(400, "invalid_request");
    assert!(twice.header("www-authenticate").contains("error=\"invalid_request\""));
    house
        .form("/oauth2/userinfo", None, &[("access_token", token), ("access_token", token)])
        .await
        .refused(400, "invalid_request");
}

/// Section 3.1: neither an error code nor other information about one, in the header or in the body.
fn without_a_token(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (401, ""));
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="vestibule""#);
}

#[tokio::test]
async fn s3_1_without_a_token_there_is_no_error() {
    let house = House::new().await;
    for answer in
        [house.get("/oauth2/userinfo").await, with_header(&house, "Basic c2hvcDp4").await, with_header(&house, "Bearer").await]
    {
        without_a_token(&answer);
    }
}

#[tokio::test]
async fn s3_1_a_bad_token_is_invalid_token() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let good = text(&tokens, "access_token");
    for token in ["x", "a.b.c", good.get(..good.len() - 2).unwrap(), &format!("{good}A"), &"t".repeat(20_000)] {
        let answer = house.userinfo(token).await;
        answer.refused(401, "invalid_token");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer realm=") && challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
}

#[tokio::test]
async fn s3_1_an_expired_token_is_invalid_token() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    house.advance(598);
    house.userinfo(text(&tokens, "access_token")).await.expect(200);
    house.advance(2);
    house.userinfo(text(&tokens, "access_token")).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn s3_1_too_little_scope_is_insufficient_scope() {
    let house = House::new().await;
    let tokens = house.signed_in(ADA).await.tokens(&house, SHOP, "read").await;
    let answer = house.userinfo(text(&tokens, "access_token")).await;
    answer.refused(403, "insufficient_scope");
    assert!(answer.header("www-authenticate").contains("error=\"insufficient_scope\""));
    assert!(answer.header("www-authenticate").contains("scope=\"openid\""));
}

#[tokio::test]
async fn s5_3_answers_are_not_cached() {
    let house = House::new().await;
    let tokens = tokens(&house).await;
    let answer = house.userinfo(text(&tokens, "access_token")).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
}
