//! Attempts to get into somebody's account, or to stay there, with less than it takes: by the side doors of every journey.

use serde_json::json;

use super::second_factor_account::{add, codes};
use super::{asked_for_reset, is_signed_in};
use crate::world::{Answer, Browser, PASSWORD, World};

const ADA: &str = "ada@a.example";
const PHONE: &str = "+436601234567";
/// The intruder's password.
const THEIRS: &str = "crooked ladder 1933";

/// Somebody with an address, a number and a password.
async fn reachable(world: &World) -> Browser {
    world
        .user(json!({"email": ADA, "email_verified": true, "phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD}))
        .await;
    world.sign_in(ADA, PASSWORD).await
}

/// Turns codes by this channel on.
async fn turn_on(browser: &mut Browser, kind: &str) {
    let done = browser.post("/account/security/codes", &[("kind", kind), ("on", "yes")]).await;
    assert_eq!(done.location(), "/account/security?notice=factor-added", "{}", done.text());
}

/// Asks for a reset, proves it by the text, and sets a password.
async fn reset_by_text(world: &World, password: &str) -> (Browser, Answer) {
    let mut browser = asked_for_reset(world, PHONE).await;
    let code = world.sms_to(PHONE).await.code;
    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", password)]).await;
    (browser, set)
}

/// Whoever reads the texts of somebody whose second factor are texts must not make them the first one too.
#[tokio::test]
async fn a_reset_by_the_second_factor_does_not_pass_it() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    turn_on(&mut ada, "sms").await;
    let (mut thief, set) = reset_by_text(&world, THEIRS).await;
    assert!(set.location().starts_with("/login/second?flow="), "{}", set.location());
    assert!(!is_signed_in(&mut thief).await);
    let page = thief.follow(&set).await;
    assert!(page.text().contains("new password works once this one is done"), "{}", page.text());
    // The password they have just chosen is none.
    assert_eq!(thief.submit("/login/second", &[("password", THEIRS)]).await.status, 422);
    assert_eq!(world.browser().sign_in(ADA, THEIRS).await.status, 422);
    assert!(is_signed_in(&mut ada).await, "nothing has happened to her");
    assert!(world.browser().sign_in(ADA, PASSWORD).await.location().starts_with("/login/second"));
    // Who remembers the password after all is in, with the new one.
    assert_eq!(thief.submit("/login/second", &[("password", PASSWORD)]).await.location(), "/account");
    assert!(!is_signed_in(&mut ada).await && is_signed_in(&mut thief).await);
    assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
    assert!(world.browser().sign_in(ADA, THEIRS).await.location().starts_with("/login/second"));
}

/// With an app beside, the texts are not enough either; a recovery code is.
#[tokio::test]
async fn a_reset_waits_for_a_second_factor_of_another_kind() {
    let world = World::new().await;
    let mut ada = reachable(&world).await;
    turn_on(&mut ada, "sms").await;
    ada.get("/account/security").await;
    add(&world, &mut ada, "Phone").await;
    let recovery = codes(&mut ada).await;
    let (mut lost, set) = reset_by_text(&world, THEIRS).await;
    let page = lost.follow(&set).await;
    assert!(!page.text().contains("with=sms"), "{}", page.text());
    assert_eq!(world.browser().sign_in(ADA, THEIRS).await.status, 422);
    lost.get(&format!("{}&with=recovery_code", set.location())).await;
    assert_eq!(lost.submit("/login/second", &[("code", &recovery[0])]).await.location(), "/account");
    assert!(!is_signed_in(&mut ada).await, "everything that was signed in has ended");
    assert!(world.browser().sign_in(ADA, THEIRS).await.location().starts_with("/login/second"));
}

/// Pre-hijack, "trojan identifier": where addresses need no proof, whoever made the account leaves nothing to come back by.
#[tokio::test]
async fn what_a_stranger_put_into_an_account_is_gone_after_the_owners_reset() {
    let world = World::with("[signup]\nverify_email = false").await;
    let mut stranger = world.browser();
    stranger.post("/signup", &[("email", ADA), ("password", THEIRS)]).await;
    stranger.get("/account/security").await;
    add(&world, &mut stranger, "Theirs").await;
    stranger.get("/account/phone").await;
    let sent = stranger.submit("/account/phone", &[("phone", PHONE)]).await;
    stranger.follow(&sent).await;
    let code = world.sms_to(PHONE).await.code;
    assert_eq!(stranger.submit("/account/phone/confirm", &[("code", &code)]).await.location(), "/account/phone?notice=phone-changed");
    let mut ada = asked_for_reset(&world, ADA).await;
    let code = world.mails_to(ADA).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code;
    let proved = ada.submit("/reset/code", &[("code", &code)]).await;
    ada.follow(&proved).await;
    assert_eq!(ada.submit("/reset/new", &[("password", PASSWORD)]).await.location(), "/account");
    let now = world.read(ADA).await.unwrap();
    assert!(now.phone_number.is_none() && now.email_is_verified());
    assert!(world.read(PHONE).await.is_none());
    assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.location(), "/account", "no second factor of theirs");
}
