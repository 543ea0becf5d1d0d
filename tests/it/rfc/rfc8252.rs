//! RFC 8252, OAuth 2.0 for Native Apps.

use super::house::{ADA, House, NATIVE, SPA};
use super::wire::{Ask, VERIFIER};

#[tokio::test]
async fn s7_3_any_port_of_the_loopback_address() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.walk(&Ask::of(NATIVE)).await.sent(NATIVE).code();
    for uri in [
        "http://127.0.0.1:49152/callback",
        "http://127.0.0.1:80/callback",
        "http://[::1]:61000/callback",
        "http://[::1]/callback",
        // RFC 9700 section 2.1: the name as well, where it is registered.
        "http://localhost/named",
        "http://localhost:49152/named",
    ] {
        let ask = Ask::of(NATIVE).with("redirect_uri", uri);
        let code = browser.walk(&ask).await.end.sent_to(uri).code();
        // The token request repeats the one that was used.
        let pairs = |uri| {
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", uri), ("code_verifier", VERIFIER)]
        };
        house.token(NATIVE, &pairs("http://127.0.0.1:1/callback")).await.refused(400, "invalid_grant");
        house.token(NATIVE, &pairs(uri)).await.expect(200);
    }
}

#[tokio::test]
async fn s7_3_only_the_port_may_differ() {
    let house = House::new().await;
    for uri in [
        "http://127.0.0.1:1/",
        "http://127.0.0.1:1/callback/",
        "http://127.0.0.1:1/callback?x=1",
        "http://127.0.0.1:1/callback#x",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:1@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.2/callback",
        "http://127.1/callback",
        "http://2130706433/callback",
        "http://localhost/callback",
        "http://localhost:1/callback",
        // Section 8.3: the name and the addresses are not each other.
        "http://127.0.0.1:1/named",
        "http://[::1]:1/named",
        "https://localhost:1/named",
        "http://localhost.evil.example/named",
        "http://localhost:1@evil.example/named",
        "http://[::2]/callback",
        "https://127.0.0.1/callback",
        "HTTP://127.0.0.1/callback",
    ] {
        house.browser().authorize(&Ask::of(NATIVE).with("redirect_uri", uri)).await.stays();
    }
    // And for native apps only.
    house.browser().authorize(&Ask::of(SPA).with("redirect_uri", "https://spa.example:8443/callback")).await.stays();
}

#[tokio::test]
async fn s7_1_a_scheme_of_the_apps_own() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let uri = "org.example.app:/callback";
    let ask = Ask::of(NATIVE).with("redirect_uri", uri);
    let page = browser.page_of(&ask).await;
    let answer = browser.decide(&page, "allow", &page.scopes()).await;
    assert!(answer.leaves(), "browsers let no form lead to a scheme of an app's own");
    answer.sent_to(uri).code();
    for wrong in
        ["org.example.app:/other", "org.example.app://callback", "org.example.app2:/callback", "ORG.example.app:/callback"]
    {
        browser.authorize(&Ask::of(NATIVE).with("redirect_uri", wrong)).await.stays();
    }
}

#[tokio::test]
async fn s8_6_an_app_on_a_device_is_asked_for_consent() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    assert!(browser.page_of(&Ask::of(NATIVE)).await.is_consent());
}
