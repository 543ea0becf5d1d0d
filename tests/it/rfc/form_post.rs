//! OAuth 2.0 Form Post Response Mode.

use super::house::{ADA, House, ISSUER, SHOP};
use super::wire::{Ask, Sent};
use crate::world::Answer;

fn ask() -> Ask {
    Ask::of(SHOP).with("response_mode", "form_post")
}

#[track_caller]
fn posted(page: &Answer) -> Sent {
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.actions(), [SHOP.redirect_uri]);
    assert!(page.has_button(), "without scripts somebody must press it");
    assert!(page.text().contains("method=\"post\""));
    Sent(page.hidden())
}

#[tokio::test]
async fn s2_the_answer_is_a_form_that_a_person_can_send() {
    let house = House::new().await;
    let page = house.browser().walk(&ask()).await.end;
    let sent = posted(&page);
    assert_eq!((sent.get("state"), sent.get("iss")), ("af0ifjsldkj", ISSUER));
    house.exchange(SHOP, &sent.code()).await.expect(200);
}

#[tokio::test]
async fn s2_errors_travel_the_same_way() {
    let house = House::new().await;
    for (name, value, code) in [("scope", "admin", "invalid_scope"), ("prompt", "none", "login_required")] {
        posted(&house.browser().authorize(&ask().with(name, value)).await).error(code);
    }
    let mut browser = house.signed_in(ADA).await;
    let page = browser.page_of(&ask()).await;
    posted(&browser.decide(&page, "deny", &[]).await).error("access_denied");
}

#[tokio::test]
async fn s4_the_page_is_not_kept_and_its_form_may_end_anywhere() {
    let house = House::new().await;
    let page = house.browser().walk(&ask()).await.end;
    assert_eq!(page.header("cache-control"), "no-store");
    let policy = page.header("content-security-policy");
    // Browsers hold the client's own redirects against it, too, and those may lead anywhere.
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("form-action"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "same-origin");
}

#[tokio::test]
async fn s2_values_are_encoded() {
    let house = House::new().await;
    let state = "\"><script>alert(1)</script>&amp;'";
    let page = house.browser().authorize(&ask().with("state", state).with("scope", "admin")).await;
    assert_eq!(posted(&page).get("state"), state);
    assert!(!page.text().contains("<script>alert"));
}
