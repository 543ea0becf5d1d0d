//! RFC 7636, Proof Key for Code Exchange, with the policy of RFC 9700 section 2.1.1.

use super::house::{ADA, House, NATIVE, OLD, SHOP, SPA, STRICT};
use super::wire::{Ask, Rp, VERIFIER};

async fn exchange(house: &House, rp: Rp, code: &str, verifier: Option<&str>) -> u16 {
    let mut pairs = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", rp.redirect_uri)];
    pairs.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    let answer = house.token(rp, &pairs).await;
    if answer.status != 200 {
        answer.refused(400, "invalid_grant");
    }
    answer.status
}

#[tokio::test]
async fn s4_3_only_s256() {
    let house = House::new().await;
    for method in ["plain", "s256", "S512", "none", "S256 "] {
        let ask = Ask::of(SPA).with("code_challenge_method", method);
        house.browser().authorize(&ask).await.sent_to(SPA.redirect_uri).error("invalid_request");
    }
    // Without a method it would be plain.
    let ask = Ask::of(SPA).without("code_challenge_method");
    house.browser().authorize(&ask).await.sent_to(SPA.redirect_uri).error("invalid_request");
    let lone = Ask::of(SHOP).without("code_challenge");
    house.browser().authorize(&lone).await.sent_to(SHOP.redirect_uri).error("invalid_request");
}

#[tokio::test]
async fn s4_2_a_challenge_is_a_sha_256_in_base64url() {
    let house = House::new().await;
    let long = "A".repeat(44);
    for challenge in [
        "short",
        &"A".repeat(42),
        &long,
        &format!("{}=", "A".repeat(43)),
        &format!("{}+", "A".repeat(42)),
        VERIFIER.trim_end_matches('k'),
    ] {
        let ask = Ask::of(SPA).with("code_challenge", challenge);
        house.browser().authorize(&ask).await.sent_to(SPA.redirect_uri).error("invalid_request");
    }
}

#[tokio::test]
async fn s4_4_1_who_must_send_a_challenge() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for rp in [SPA, NATIVE, STRICT] {
        browser.authorize(&Ask::of(rp).without_pkce()).await.sent_to(rp.redirect_uri).error("invalid_request");
    }
    // Confidential clients: unless OpenID Connect with a nonce protects the code.
    browser.code(SHOP, &Ask::of(SHOP).without_pkce()).await;
    browser.authorize(&Ask::of(SHOP).without_pkce().without("nonce")).await.sent_to(SHOP.redirect_uri).error("invalid_request");
    let plain_oauth = Ask::of(SHOP).without_pkce().with("scope", "read");
    browser.authorize(&plain_oauth).await.sent_to(SHOP.redirect_uri).error("invalid_request");
    // Old relying parties and the certification plans send neither.
    browser.code(OLD, &Ask::of(OLD).without_pkce().without("nonce")).await;
}

#[tokio::test]
async fn s4_6_the_verifier_must_match() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    for rp in [SHOP, SPA, STRICT] {
        let code = browser.code(rp, &Ask::of(rp)).await;
        let other = "a".repeat(43);
        for verifier in
            [&other, "short", &VERIFIER.to_lowercase(), &format!("{VERIFIER}="), super::wire::CHALLENGE, &"v".repeat(129)]
        {
            assert_eq!(exchange(&house, rp, &code, Some(verifier)).await, 400, "{verifier}");
        }
        assert_eq!(exchange(&house, rp, &code, None).await, 400);
        assert_eq!(exchange(&house, rp, &code, Some("")).await, 400);
        assert_eq!(exchange(&house, rp, &code, Some(VERIFIER)).await, 200);
    }
}

#[tokio::test]
async fn rfc9700_s2_1_1_a_verifier_without_a_challenge_is_refused() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let code = browser.code(SHOP, &Ask::of(SHOP).without_pkce()).await;
    assert_eq!(exchange(&house, SHOP, &code, Some(VERIFIER)).await, 400);
    assert_eq!(exchange(&house, SHOP, &code, None).await, 200);
}

#[tokio::test]
async fn rfc9700_s4_5_a_code_of_one_request_does_not_fit_the_verifier_of_another() {
    let house = House::new().await;
    let mut victim = house.signed_in(ADA).await;
    // The challenge of a verifier of the victim's own.
    let stolen = victim.code(SPA, &Ask::of(SPA).with("code_challenge", &"B".repeat(43))).await;
    assert_eq!(exchange(&house, SPA, &stolen, Some(VERIFIER)).await, 400);
}
