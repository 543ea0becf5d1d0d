//! RFC 9207, Authorization Server Issuer Identification.

use super::house::{ADA, House, ISSUER, SHOP};
use super::wire::Ask;

#[tokio::test]
async fn s2_every_answer_says_who_gives_it() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let code = browser.walk(&Ask::of(SHOP)).await.sent(SHOP);
    assert_eq!(code.get("iss"), ISSUER);
    let error = browser.authorize(&Ask::of(SHOP).with("scope", "admin")).await.sent_to(SHOP.redirect_uri);
    assert_eq!(error.get("iss"), ISSUER);
    let silent = house.browser().authorize(&Ask::of(SHOP).with("prompt", "none")).await.sent_to(SHOP.redirect_uri);
    assert_eq!(silent.get("iss"), ISSUER);
    for ask in [Ask::of(SHOP), Ask::of(SHOP).with("scope", "admin")] {
        let page = browser.authorize(&ask.with("response_mode", "form_post")).await.expect(200);
        assert_eq!(page.value("iss").as_deref(), Some(ISSUER));
    }
}

#[tokio::test]
async fn s3_the_metadata_say_so() {
    let house = House::new().await;
    let document = house.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(
        (&document["issuer"], &document["authorization_response_iss_parameter_supported"]),
        (&ISSUER.into(), &true.into())
    );
}
