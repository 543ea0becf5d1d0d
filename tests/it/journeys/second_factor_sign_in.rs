//! Signing in with an authenticator app, a recovery code, in a trusted browser; and setting one up because it is required.

use vestibule::store::{events, trusted};

use super::second_factor_account::{begin, code_of, codes, shown_code, signed_in};
use super::{factor_added, is_signed_in, problem, wrong};
use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const SECOND: &str = "/login/second";

/// Ada with an app, and its secret.
async fn with_app(world: &World) -> (Browser, String) {
    let mut ada = signed_in(world, ADA).await;
    let page = begin(&mut ada).await;
    let secret: String = page.shown("#secret").unwrap().split_whitespace().collect();
    let code = shown_code(world, &page);
    let done = ada.submit("/account/security/totp", &[("code", &code)]).await;
    assert_eq!(factor_added(&mut ada, &done).await, "/account/security?notice=factor-added");
    // This code is used up.
    world.advance(60);
    (ada, secret)
}

/// A browser at the page of the second factor.
async fn half(world: &World) -> Browser {
    half_in(world.browser()).await
}

async fn half_in(mut browser: Browser) -> Browser {
    let asked = browser.sign_in(ADA, PASSWORD).await;
    assert!(asked.location().starts_with("/login/second?flow="), "{} {}", asked.location(), asked.text());
    browser.follow(&asked).await;
    assert!(!is_signed_in(&mut browser).await);
    browser
}

#[tokio::test]
async fn an_apps_code_works_once_on_both_databases() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (_, secret) = with_app(&world).await;
        let (mut one, mut two) = (half(&world).await, half(&world).await);
        let code = code_of(&world, &secret);
        let refused = one.submit(SECOND, &[("code", &wrong(&code))]).await;
        assert_eq!(refused.status, 422, "{database:?}");
        assert!(!problem(&refused, "code").is_empty());
        assert_eq!(one.submit(SECOND, &[("code", &code)]).await.location(), "/account");
        assert!(is_signed_in(&mut one).await);
        assert_eq!(two.submit(SECOND, &[("code", &code)]).await.status, 422, "a replay within its window");
        world.advance(30);
        assert_eq!(two.submit(SECOND, &[("code", &code)]).await.status, 422, "and after it");
        assert_eq!(two.submit(SECOND, &[("code", &code_of(&world, &secret))]).await.location(), "/account");
    }
}

#[tokio::test]
async fn a_code_of_two_steps_ago_is_too_old() {
    let world = World::new().await;
    let (_, secret) = with_app(&world).await;
    let code = code_of(&world, &secret);
    world.advance(60);
    let mut ada = half(&world).await;
    assert_eq!(ada.submit(SECOND, &[("code", &code)]).await.status, 422);
}

#[tokio::test]
async fn a_recovery_code_lets_in_once() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (mut ada, _) = with_app(&world).await;
        let made = codes(&mut ada).await;
        let mut lost = half(&world).await;
        let with =
            format!("{}&with=recovery_code", "/login/second?flow=".to_owned() + &lost.open().unwrap().value("flow").unwrap());
        assert_eq!(lost.get(&with).await.status, 200);
        let refused = lost.submit(SECOND, &[("code", "aaaa-bbbb-cccc-dddd")]).await;
        assert_eq!((refused.status, refused.value("code").as_deref()), (422, Some("aaaa-bbbb-cccc-dddd")), "{database:?}");
        // As people type it.
        let typed = made[3].to_uppercase().replace('-', " ");
        assert_eq!(lost.submit(SECOND, &[("code", &typed)]).await.location(), "/login/recovered");
        let page = lost.get("/account/security").await;
        assert!(page.text().contains("9 are left"), "{}", page.text());
        let mut again = half(&world).await;
        let with = format!("{SECOND}?flow={}&with=recovery_code", again.open().unwrap().value("flow").unwrap());
        again.get(&with).await;
        assert_eq!(again.submit(SECOND, &[("code", &made[3])]).await.status, 422, "once");
        let user = world.read(ADA).await.unwrap();
        let entries = events::of_user(&mut world.store().await.read().await.unwrap(), &user.id, 20).await.unwrap();
        assert!(entries.iter().any(|entry| entry.kind == "recovery_codes.used"));
    }
}

#[tokio::test]
async fn a_trusted_browser_is_not_asked_until_that_ends() {
    let world = World::new().await;
    let (mut ada, secret) = with_app(&world).await;
    let mut home = half(&world).await;
    let arrived = home.submit(SECOND, &[("code", &code_of(&world, &secret)), ("trust", "true")]).await;
    assert_eq!(arrived.location(), "/account");
    let trusted_cookie = home.cookies["vestibule_device"].clone();
    let fresh = |cookie: &str| {
        let mut browser = world.browser();
        browser.cookies.insert("vestibule_device".to_owned(), cookie.to_owned());
        browser
    };
    assert_eq!(fresh(&trusted_cookie).sign_in(ADA, PASSWORD).await.location(), "/account", "not asked");
    // The cookie is worth nothing for anybody else, nor in pieces, and without it the question comes.
    half(&world).await;
    half_in(fresh(&trusted_cookie.replace("vst_dev_", "vst_bro_"))).await;
    half_in(fresh("x.y.z")).await;
    // Listed, and revoked.
    let page = ada.get("/account/security").await;
    assert!(page.text().contains("Firefox"), "{}", page.text());
    let bob = signed_in(&world, "bob@a.example").await;
    let device = page.value("device").unwrap();
    let stolen = bob.clone().post("/account/security/devices/revoke", &[("device", &device)]).await;
    assert_eq!(stolen.location(), "/account/security");
    assert_eq!(fresh(&trusted_cookie).sign_in(ADA, PASSWORD).await.location(), "/account");
    let revoked = ada.submit("/account/security/devices/revoke", &[]).await;
    assert_eq!(revoked.location(), "/account/security?notice=trust-revoked");
    half_in(fresh(&trusted_cookie)).await;
    // A new password ends trust.
    world.advance(60);
    let mut home = half(&world).await;
    home.submit(SECOND, &[("code", &code_of(&world, &secret)), ("trust", "true")]).await;
    let user = world.read(ADA).await.unwrap();
    let count =
        async || trusted::list(&mut world.store().await.read().await.unwrap(), &user.id, world.app.now()).await.unwrap().len();
    assert_eq!(count().await, 1);
    home.get("/account/password").await;
    let changed = home.submit("/account/password", &[("current", PASSWORD), ("password", "a new password 1")]).await;
    assert_eq!(changed.location(), "/account/password?notice=password-changed", "{}", changed.text());
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn trust_can_be_off_and_ends_by_itself() {
    let world = World::with("[second_factor]\nremember_days = 0").await;
    let (_, secret) = with_app(&world).await;
    let mut ada = half(&world).await;
    assert!(!ada.open().unwrap().text().contains("name=\"trust\""));
    let flow = ada.open().unwrap().value("flow").unwrap();
    let code = code_of(&world, &secret);
    ada.post(SECOND, &[("flow", &flow), ("with", "totp"), ("code", &code), ("trust", "true")]).await;
    assert!(is_signed_in(&mut ada).await && !ada.cookies.contains_key("vestibule_device"));
    let world = World::new().await;
    let (_, secret) = with_app(&world).await;
    let mut ada = half(&world).await;
    ada.submit(SECOND, &[("code", &code_of(&world, &secret)), ("trust", "true")]).await;
    world.advance(30 * 86_400);
    let asked = ada.sign_in(ADA, PASSWORD).await;
    assert!(asked.location().starts_with("/login/second?"), "{}", asked.location());
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_for_the_account() {
    let world =
        World::with("[limits]\nenabled = true\nverify_requester_per_minute = 10000\nsign_in_requester_per_minute = 10000").await;
    let (_, secret) = with_app(&world).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut mallory = half(&world).await;
        let flow = mallory.open().unwrap().value("flow").unwrap();
        for _ in 0..4 {
            let code = wrong(&code_of(&world, &secret));
            seen.push(mallory.post(SECOND, &[("flow", &flow), ("with", "totp"), ("code", &code)]).await.status);
        }
    }
    assert_eq!(seen.iter().filter(|status| **status == 422).count(), 6, "{seen:?}");
    assert_eq!(seen.last(), Some(&429));
    // Counted by the function that writes the log's line for fail2ban.
    let counted = world.app.metrics.render();
    assert!(counted.contains(r#"vestibule_sign_ins_total{method="totp",outcome="wrong"} 6"#), "{counted}");
    // Whoever fails waits; in another network the right code is right.
    let mut elsewhere = half_in(world.browser().at([198, 51, 100, 9])).await;
    assert_eq!(elsewhere.submit(SECOND, &[("code", &code_of(&world, &secret))]).await.location(), "/account");
}

#[tokio::test]
async fn a_required_second_step_is_set_up_at_the_next_sign_in() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[second_factor]\nrequired = 'everyone'").await else { continue };
        world.person(ADA).await;
        let mut ada = world.browser();
        let asked = ada.sign_in(ADA, PASSWORD).await;
        assert!(asked.location().starts_with("/login/enrol?flow="), "{database:?}: {}", asked.location());
        let page = ada.follow(&asked).await;
        let (secret, code) = (page.shown("#secret").unwrap(), shown_code(&world, &page));
        assert_eq!(ada.follow(&asked).await.shown("#secret").unwrap(), secret);
        assert!(!is_signed_in(&mut ada).await);
        assert_eq!(world.browser().get(asked.location()).await.status, 410, "not in another browser");
        // A second journey of somebody who knows the password.
        let mut mallory = world.browser();
        let theirs = mallory.sign_in(ADA, PASSWORD).await;
        let their_page = mallory.follow(&theirs).await;
        assert_ne!(their_page.shown("#secret").unwrap(), secret);
        let refused = ada.submit("/login/enrol", &[("name", "Phone"), ("code", &wrong(&code))]).await;
        assert_eq!((refused.status, refused.value("name").as_deref()), (422, Some("Phone")));
        let done = ada.submit("/login/enrol", &[("name", "Phone"), ("code", &code)]).await;
        let shown = ada.follow(&done).await;
        assert_eq!(shown.shown(".codes").unwrap().split_whitespace().count(), 10, "{}", shown.text());
        assert!(is_signed_in(&mut ada).await);
        let file = ada.submit("/account/security/recovery/download", &[]).await;
        assert_eq!(file.status, 200);
        // What was begun before must not add another factor to an account that has one now.
        let late = mallory.submit("/login/enrol", &[("code", &shown_code(&world, &their_page))]).await;
        assert_eq!(late.status, 410);
        assert!(!is_signed_in(&mut mallory).await);
        world.advance(60);
        let mut again = half(&world).await;
        let code = code_of(&world, &secret.replace(' ', ""));
        assert_eq!(again.submit(SECOND, &[("code", &code)]).await.location(), "/account");
    }
}
