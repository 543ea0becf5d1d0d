//! `offline_access` (OpenID Connect Core section 11): what an application holds beyond the session is seen, told and ended, also where nobody was
//! asked because it is the operator's own.

use serde_json::Value;
use vestibule::actions::users;

use super::house::{ADA, BOB, FIRST, House, SHOP};
use super::walk::text;
use super::wire::{Ask, Rp};
use crate::world::Browser;

/// Mail can be read here, unlike at `https`.
const LOOPBACK: &str = "[server]\npublic_url = 'http://localhost:8080'";
const APPS: &str = "/account/apps";

async fn offline(house: &House, browser: &mut Browser, rp: Rp) -> Value {
    browser.tokens(house, rp, "openid offline_access").await
}

async fn lives(house: &House, rp: Rp, tokens: &mut Value) -> bool {
    let answer = house.refresh(rp, text(tokens, "refresh_token")).await;
    if answer.status == 200 {
        *tokens = answer.json();
    }
    answer.status == 200
}

/// How often Ada was told of an application.
async fn told(house: &House, name: &str) -> usize {
    let subject = format!("{name} may use your account");
    house.mails_to(ADA).await.iter().filter(|mail| mail.subject.contains(&subject)).count()
}

#[tokio::test]
async fn what_the_operators_own_application_holds_is_shown_told_and_ended() {
    let house = House::with(LOOPBACK).await;
    let mut ada = house.signed_in(ADA).await;
    ada.tokens(&house, FIRST, "openid email").await;
    assert!(!ada.get(APPS).await.text().contains("value=\"first\""), "it ends with the session, which is shown");
    assert_eq!(told(&house, "first.example").await, 0);

    let mut tokens = offline(&house, &mut ada, FIRST).await;
    let page = ada.get(APPS).await;
    assert!(page.text().contains("value=\"first\"") && page.text().contains("Keep access while you are away"), "{}", page.text());
    assert_eq!(told(&house, "first.example").await, 1);
    house.advance(60);
    let mut again = offline(&house, &mut ada, FIRST).await;
    assert_eq!(told(&house, "first.example").await, 1, "once, as long as it has any");
    assert!(lives(&house, FIRST, &mut tokens).await && lives(&house, FIRST, &mut again).await);

    // Somebody else's is not hers to end.
    let mut bob = house.signed_in(BOB).await;
    bob.post("/account/apps/revoke", &[("client", "first")]).await;
    assert!(lives(&house, FIRST, &mut tokens).await);
    assert_eq!(ada.post("/account/apps/revoke", &[("client", "first")]).await.location(), "/account/apps?notice=app-revoked");
    assert!(!lives(&house, FIRST, &mut tokens).await && !lives(&house, FIRST, &mut again).await);
    assert!(!ada.get(APPS).await.text().contains("value=\"first\""));

    offline(&house, &mut ada, FIRST).await;
    assert_eq!(told(&house, "first.example").await, 2, "and again when it comes again");
}

/// As of any application that is let in.
#[tokio::test]
async fn an_application_that_is_let_in_is_told_of() {
    let house = House::with(LOOPBACK).await;
    let mut ada = house.signed_in(ADA).await;
    for (scope, expected) in
        [("openid", 1), ("openid", 1), ("openid email", 1), ("openid offline_access", 2), ("openid offline_access", 2)]
    {
        ada.tokens(&house, SHOP, scope).await;
        assert_eq!(told(&house, "The Shop").await, expected, "{scope}");
    }
}

/// One that can no longer be used is not shown.
#[tokio::test]
async fn what_has_run_out_is_not_shown() {
    let house = House::with(LOOPBACK).await;
    let mut ada = house.signed_in(ADA).await;
    let mut tokens = offline(&house, &mut ada, FIRST).await;
    house.advance(31 * 86_400);
    let mut ada = house.signed_in(ADA).await;
    assert!(!lives(&house, FIRST, &mut tokens).await);
    assert!(!ada.get(APPS).await.text().contains("value=\"first\""));
    // Nor is a code that nobody has fetched yet.
    ada.code(FIRST, &Ask::of(FIRST).with("scope", "openid offline_access")).await;
    assert!(!ada.get(APPS).await.text().contains("value=\"first\""));
}

#[tokio::test]
async fn signing_out_everywhere_means_the_operators_own_applications_too() {
    for how in ["account", "logout", "command"] {
        let house = House::with(LOOPBACK).await;
        let (mut here, mut there) = (house.signed_in(ADA).await, house.signed_in(ADA).await);
        let mut bob = house.signed_in(BOB).await;
        let mut own = offline(&house, &mut here, FIRST).await;
        let mut elsewhere = offline(&house, &mut there, FIRST).await;
        let mut asked = offline(&house, &mut here, SHOP).await;
        let mut bobs = offline(&house, &mut bob, FIRST).await;
        // A code that is on its way at that moment.
        let code = here.code(FIRST, &Ask::of(FIRST).with("scope", "openid offline_access")).await;
        match how {
            "account" => drop(here.post("/account/sessions/end-all", &[]).await),
            "logout" => drop(here.post("/logout", &[("where", "everywhere")]).await),
            _ => drop(users::sign_out(&house.app, ADA).await.unwrap()),
        }
        for browser in [&mut here, &mut there] {
            assert_eq!(browser.get("/session").await.status, 401, "{how}");
        }
        assert!(!lives(&house, FIRST, &mut own).await && !lives(&house, FIRST, &mut elsewhere).await, "{how}");
        house.exchange(FIRST, &code).await.refused(400, "invalid_grant");
        assert!(lives(&house, SHOP, &mut asked).await, "{how}: it was let in until that is taken back");
        assert!(lives(&house, FIRST, &mut bobs).await, "{how}");
        house.signed_in(ADA).await;
    }
}

#[tokio::test]
async fn signing_out_the_other_devices_leaves_what_was_given_here() {
    let house = House::with(LOOPBACK).await;
    let (mut here, mut there) = (house.signed_in(ADA).await, house.signed_in(ADA).await);
    let mut own = offline(&house, &mut here, FIRST).await;
    let mut elsewhere = offline(&house, &mut there, FIRST).await;
    here.post("/account/sessions/end-others", &[]).await;
    assert!(lives(&house, FIRST, &mut own).await && !lives(&house, FIRST, &mut elsewhere).await);
    // This device alone: that is what `offline_access` is for.
    here.post("/logout", &[("where", "here")]).await;
    assert_eq!(here.get("/session").await.status, 401);
    assert!(lives(&house, FIRST, &mut own).await);
}

/// "Last used" is when the application last got something, not when it was let in; also after nothing is left of what it got.
#[tokio::test]
async fn the_last_use_is_the_last_use() {
    async fn last(browser: &mut Browser) -> String {
        let page = browser.get(APPS).await;
        let page = page.text();
        let (_, rest) = page.split_once("last used").unwrap_or_else(|| panic!("{page}"));
        rest.split("</").next().unwrap().trim().to_owned()
    }
    let house = House::with(LOOPBACK).await;
    let mut ada = house.signed_in(ADA).await;
    let mut tokens = offline(&house, &mut ada, SHOP).await;
    let consented = last(&mut ada).await;

    // A new code, for which nobody is asked any more.
    house.advance(2 * 3600);
    ada.tokens(&house, SHOP, "openid").await;
    let by_code = last(&mut ada).await;
    assert_ne!(by_code, consented);

    // A refresh, in the background.
    house.advance(2 * 3600);
    assert!(lives(&house, SHOP, &mut tokens).await);
    let by_refresh = last(&mut ada).await;
    assert!(by_refresh != by_code && by_refresh != consented, "{by_refresh}");
    house.advance(2 * 3600);
    assert_eq!(last(&mut ada).await, by_refresh, "looking at it is no use");

    // The client gives everything back; the consent stays, and so does what it was used for.
    let revoked = house.by(SHOP, "/oauth2/revoke", &[("token", text(&tokens, "refresh_token"))]).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(last(&mut ada).await, by_refresh);
}
