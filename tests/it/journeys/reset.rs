//! A forgotten password.

use serde_json::json;

use super::{asked_for_reset, is_signed_in, scan, wrong};
use crate::world::{Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const NEW: &str = "another wooden spoon";

#[tokio::test]
async fn by_code_ends_everything_that_was_signed_in() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut old = world.sign_in(ADA, PASSWORD).await;
        let mut browser = asked_for_reset(&world, ADA).await;
        let code = world.mail_to(ADA).await.code;
        assert_eq!(browser.submit("/reset/code", &[("code", &wrong(&code))]).await.status, 422);
        let counted = world.app.metrics.render();
        assert!(counted.contains(r#"vestibule_sign_ins_total{method="reset",outcome="wrong"} 1"#), "{counted}");
        let proved = browser.submit("/reset/code", &[("code", &code)]).await;
        assert!(proved.location().starts_with("/reset/new?flow="));
        browser.follow(&proved).await;
        assert_eq!(browser.submit("/reset/new", &[("password", "short")]).await.status, 422);
        assert!(is_signed_in(&mut old).await, "nothing has happened yet");
        let done = browser.submit("/reset/new", &[("password", NEW)]).await;
        assert_eq!(done.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut browser).await && !is_signed_in(&mut old).await);
        assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
        world.sign_in(ADA, NEW).await;
        assert!(world.mails_to(ADA).await[0].code.is_empty(), "a notice");
        // Once.
        let again = browser.post("/reset/code", &[("flow", proved.location().split_once('=').unwrap().1), ("code", &code)]).await;
        assert_eq!(again.status, 410);
    }
}

#[tokio::test]
async fn by_link_in_any_browser_and_once() {
    let world = World::new().await;
    world.person(ADA).await;
    asked_for_reset(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    let mut phone = world.browser();
    assert_eq!(phone.get(&mail.link).await.status, 200);
    let proved = phone.submit("/reset/link", &[]).await;
    phone.follow(&proved).await;
    assert_eq!(phone.submit("/reset/new", &[("password", NEW)]).await.location(), "/account");
    assert_eq!(world.browser().get(&mail.link).await.status, 410);
    assert_eq!(world.browser().post("/reset/link", &[("token", mail.token())]).await.status, 410);
}

#[tokio::test]
async fn a_scanner_leaves_the_link_good() {
    let world = World::new().await;
    world.person(ADA).await;
    asked_for_reset(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    scan(&world, &mail).await;
    world.sign_in(ADA, PASSWORD).await;
    let mut browser = world.browser();
    browser.get(&mail.link).await;
    let proved = browser.submit("/reset/link", &[]).await;
    browser.follow(&proved).await;
    assert_eq!(browser.submit("/reset/new", &[("password", NEW)]).await.location(), "/account");
}

#[tokio::test]
async fn a_scanner_leaves_the_code_good() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut browser = asked_for_reset(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    scan(&world, &mail).await;
    let proved = browser.submit("/reset/code", &[("code", &mail.code)]).await;
    assert_eq!(proved.status, 303, "{:?}", proved.shown("h1"));
    browser.follow(&proved).await;
    assert_eq!(browser.submit("/reset/new", &[("password", NEW)]).await.location(), "/account");
}

#[tokio::test]
async fn a_link_dies_after_a_quarter_of_an_hour() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut browser = asked_for_reset(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    world.advance(15 * 60);
    assert_eq!(world.browser().get(&mail.link).await.status, 410);
    assert_eq!(world.browser().post("/reset/link", &[("token", mail.token())]).await.status, 410);
    assert_ne!(browser.submit("/reset/code", &[("code", &mail.code)]).await.status, 303);
}

/// Pre-hijack, "unexpired e-mail change": a change that somebody began before the reset is dead after it.
#[tokio::test]
async fn a_pending_change_of_address_dies_with_the_reset() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut thief = world.sign_in(ADA, PASSWORD).await;
    thief.get("/account/email").await;
    thief.submit("/account/email", &[("email", "thief@a.example")]).await;
    let pending = world.mail_to("thief@a.example").await;
    let mut ada = asked_for_reset(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let proved = ada.submit("/reset/code", &[("code", &code)]).await;
    ada.follow(&proved).await;
    ada.submit("/reset/new", &[("password", NEW)]).await;
    for password in [PASSWORD, NEW] {
        let mut elsewhere = world.browser();
        let refused = elsewhere.post("/account/email/link", &[("token", pending.token()), ("password", password)]).await;
        assert_eq!(refused.status, 410);
    }
    assert_eq!(ada.post("/account/email/link", &[("token", pending.token())]).await.status, 410);
    assert!(world.read("thief@a.example").await.is_none() && world.read(ADA).await.is_some());
}

/// Pre-hijack, "unexpired session": an account made with an unproved address, kept signed in, is its owner's after the reset.
#[tokio::test]
async fn a_strangers_account_is_its_address_owners_after_the_reset() {
    let world = World::with("[signup]\nverify_email = false").await;
    let mut stranger = world.browser();
    stranger.post("/signup", &[("email", ADA), ("password", "stranger's password")]).await;
    assert!(is_signed_in(&mut stranger).await);
    let mut ada = asked_for_reset(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let proved = ada.submit("/reset/code", &[("code", &code)]).await;
    ada.follow(&proved).await;
    assert_eq!(ada.submit("/reset/new", &[("password", NEW)]).await.location(), "/account");
    assert!(!is_signed_in(&mut stranger).await);
    assert_eq!(world.browser().sign_in(ADA, "stranger's password").await.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_sets_the_password() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut browser = asked_for_reset(&world, ADA).await;
        let code = world.mail_to(ADA).await.code;
        let proved = browser.submit("/reset/code", &[("code", &code)]).await;
        browser.follow(&proved).await;
        let mut tries = tokio::task::JoinSet::new();
        for number in 0..10 {
            let mut browser = browser.clone();
            tries.spawn(async move { browser.submit("/reset/new", &[("password", &format!("{NEW} {number}"))]).await.status });
        }
        let won = tries.join_all().await.into_iter().filter(|status| *status == 303).count();
        assert_eq!(won, 1, "{database:?}");
    }
}

#[tokio::test]
async fn a_person_without_a_password_gets_one() {
    let world = World::new().await;
    world.user(json!({"email": ADA, "email_verified": true})).await;
    let mut browser = asked_for_reset(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
    browser.follow(&proved).await;
    assert_eq!(browser.submit("/reset/new", &[("password", NEW)]).await.location(), "/account");
    world.sign_in(ADA, NEW).await;
}
