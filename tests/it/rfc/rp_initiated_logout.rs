//! OpenID Connect RP-Initiated Logout 1.0.

use form_urlencoded::Serializer;

use super::house::{ADA, BOB, House, NATIVE, SHOP};
use super::walk::text;
use crate::world::{Answer, Browser};

const BACK: &str = "https://shop.example/signed-out";

fn path(pairs: &[(&str, &str)]) -> String {
    format!("/oauth2/logout?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// The page to which a request leads.
async fn asked(browser: &mut Browser, pairs: &[(&str, &str)]) -> Answer {
    let answer = browser.get(&path(pairs)).await;
    browser.follow(&answer).await
}

/// The page after the open one's form, on the way back.
async fn signed_out(browser: &mut Browser) -> Answer {
    let answer = browser.submit("/logout", &[]).await;
    assert!(answer.location().starts_with("/logout/done?") && !answer.location().contains("id_token_hint"));
    let page = browser.follow(&answer).await;
    assert!(page.leaves());
    page
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/session").await.status == 200
}

async fn hint(house: &House, browser: &mut Browser) -> String {
    text(&browser.tokens(house, SHOP, "openid").await, "id_token").to_owned()
}

#[tokio::test]
async fn s2_with_a_hint_the_person_confirms_and_goes_back() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let hint = hint(&house, &mut browser).await;
    let page = asked(&mut browser, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("state", "a b&c")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("The Shop") && page.has_button());
    assert!(page.header("content-security-policy").ends_with("form-action 'self'"));
    assert!(is_signed_in(&mut browser).await, "a GET ends nothing");
    browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("state", "a b&c")])).await;
    let shown = browser.get(&path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("state", "a b&c")])).await;
    browser.follow(&shown).await;
    let done = signed_out(&mut browser).await;
    assert_eq!(done.sent_to(BACK).0, [("state".to_owned(), "a b&c".to_owned())]);
    assert!(!is_signed_in(&mut browser).await);
}

/// The person signs out and goes back; the state does not, for nothing takes an address of its length.
#[tokio::test]
async fn s2_a_state_beyond_the_cap_is_not_given_back() {
    let house = House::new().await;
    for length in [4096, 4097, 60_000] {
        let state = "s".repeat(length);
        let mut browser = house.signed_in(ADA).await;
        let hint = hint(&house, &mut browser).await;
        let form = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BACK), ("state", &state)];
        let answer = browser.post("/oauth2/logout", &form).await;
        assert!(answer.location().len() < 8_000, "{}", answer.location().len());
        let page = browser.follow(&answer).await.expect(200);
        assert_eq!(page.text().contains(&state), length <= 4096);
        let back = signed_out(&mut browser).await;
        assert_eq!(back.location(), if length <= 4096 { format!("{BACK}?state={state}") } else { BACK.to_owned() });
        assert!(!is_signed_in(&mut browser).await);
    }
}

#[tokio::test]
async fn s2_by_post_as_well() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let hint = hint(&house, &mut browser).await;
    let body = Serializer::new(String::new())
        .extend_pairs([("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BACK)])
        .finish();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://shop.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let answer = browser.send(axum::http::Method::POST, "/oauth2/logout", &headers, body.into()).await;
    assert_eq!(answer.status, 303);
    assert!(is_signed_in(&mut browser).await, "a foreign form ends nothing");
    browser.follow(&answer).await;
    assert_eq!(signed_out(&mut browser).await.location(), BACK);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn s2_the_client_id_is_enough() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    asked(&mut browser, &[("client_id", "shop"), ("post_logout_redirect_uri", BACK)]).await.expect(200);
    assert_eq!(signed_out(&mut browser).await.location(), BACK);
}

#[tokio::test]
async fn s2_a_bare_request_asks_and_leads_nowhere() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let page = asked(&mut browser, &[]).await.expect(200);
    assert!(is_signed_in(&mut browser).await);
    assert!(page.header("content-security-policy").ends_with("form-action 'self'"));
    browser.get("/logout").await;
    let done = browser.submit("/logout", &[]).await.expect(200);
    assert_eq!(done.location(), "");
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn s2_an_expired_hint_is_good() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let hint = hint(&house, &mut browser).await;
    house.advance(86_400);
    asked(&mut browser, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)]).await.expect(200);
    assert_eq!(signed_out(&mut browser).await.location(), BACK);
}

#[tokio::test]
async fn s2_nobody_is_signed_in_any_more() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let hint = hint(&house, &mut browser).await;
    let mut other = house.browser();
    let answer = asked(&mut other, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("state", "s")]).await;
    assert_eq!(answer.sent_to(BACK).get("state"), "s");
    asked(&mut other, &[]).await.expect(200);
}

#[tokio::test]
async fn s3_only_registered_addresses() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let hint = hint(&house, &mut browser).await;
    for uri in [
        "https://evil.example/",
        "https://shop.example/signed-out/",
        "https://shop.example/signed-out?x=1",
        "https://shop.example/signed-out#x",
        "https://shop.example/callback",
        "https://shop.example.evil.example/signed-out",
        "https://shop.example@evil.example/signed-out",
        "http://shop.example/signed-out",
        "//shop.example/signed-out",
        "https://shop.example/%2e/signed-out",
        "javascript:alert(1)",
        "data:text/html,x",
        "/account",
    ] {
        for mut someone in [browser.clone(), house.browser()] {
            asked(&mut someone, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]).await.stays();
            asked(&mut someone, &[("client_id", "shop"), ("post_logout_redirect_uri", uri)]).await.stays();
        }
    }
    // Registered, but of a client that nobody named.
    asked(&mut browser, &[("post_logout_redirect_uri", BACK)]).await.stays();
    assert!(is_signed_in(&mut browser).await);
    // The form is judged like the request: a changed field changes nothing.
    let form = [("client_id", "shop"), ("post_logout_redirect_uri", "https://evil.example/")];
    browser.post("/logout", &form).await.stays();
}

#[tokio::test]
async fn s3_a_native_app_may_use_any_port() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let uri = "http://127.0.0.1:50123/signed-out";
    asked(&mut browser, &[("client_id", NATIVE.id), ("post_logout_redirect_uri", uri)]).await.expect(200);
    assert_eq!(signed_out(&mut browser).await.location(), uri);
}

#[tokio::test]
async fn s2_what_does_not_fit_together_is_refused() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let tokens = browser.tokens(&house, SHOP, "openid").await;
    let hint = text(&tokens, "id_token");
    asked(&mut browser, &[("id_token_hint", hint), ("client_id", "post")]).await.stays();
    asked(&mut browser, &[("client_id", "nobody")]).await.stays();
    asked(&mut browser, &[("state", "a"), ("state", "b")]).await.stays();
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn s2_the_hint_of_somebody_else_signs_nobody_out_by_itself() {
    let house = House::new().await;
    let hint = hint(&house, &mut house.signed_in(BOB).await).await;
    let mut browser = house.signed_in(ADA).await;
    let page = asked(&mut browser, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)]).await.expect(200);
    assert!(page.text().contains("Ada Lovelace"), "who would be signed out is said");
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn s2_other_sites_cannot_press_the_button() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let mut foreign = browser.clone().sending("origin", "https://evil.example").sending("sec-fetch-site", "cross-site");
    foreign.post("/logout", &[("where", "everywhere")]).await.expect(403);
    assert!(is_signed_in(&mut browser.clone()).await);
}

#[tokio::test]
async fn everywhere_ends_the_other_sessions_too() {
    let house = House::new().await;
    let (mut here, mut there) = (house.signed_in(ADA).await, house.signed_in(ADA).await);
    let mut bob = house.signed_in(BOB).await;
    here.get("/logout").await;
    here.submit("/logout", &[("where", "everywhere")]).await.expect(200);
    assert!(!is_signed_in(&mut there).await && is_signed_in(&mut bob).await);
}
