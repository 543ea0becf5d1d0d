//! Browsers that are known, and when they are strangers again.

use vestibule::actions::users;

use super::{asked_for_reset, is_signed_in};
use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
/// The next password.
const NEXT: &str = "velvet hammer 2055";
const COOKIE: &str = "vestibule_known_device";

async fn told(world: &World) -> usize {
    world.mails_to(ADA).await.iter().filter(|mail| mail.subject == "Sign-in from a new device").count()
}

/// Whether signing in with this browser's cookies, but for the session's, is told to nobody. The browser keeps its own. The page is that of a
/// browser in which no other way was used last.
async fn is_known(world: &World, browser: &Browser, password: &str) -> bool {
    let mut again = browser.clone();
    again.cookies.remove("vestibule_session");
    again.cookies.remove("vestibule_way");
    let before = told(world).await;
    assert_eq!(again.sign_in(ADA, password).await.location(), "/account");
    assert!(again.cookies.contains_key(COOKIE));
    told(world).await == before
}

async fn reset(world: &World) -> Browser {
    let mut browser = asked_for_reset(world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
    browser.follow(&proved).await;
    assert_eq!(browser.submit("/reset/new", &[("password", NEXT)]).await.location(), "/account");
    browser
}

/// Whoever was in the account, and is out of it by a lock-down or a reset, comes back as a stranger.
#[tokio::test]
async fn after_a_lock_down_and_after_a_reset_a_known_browser_is_a_stranger() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let intruder = world.sign_in(ADA, PASSWORD).await;
        assert!(is_known(&world, &intruder, PASSWORD).await, "{database:?}");
        let second = world.sign_in(ADA, PASSWORD).await;
        assert!(is_known(&world, &second, PASSWORD).await);
        let alarm = world.mail_to(ADA).await.link;
        let mut owner = world.browser();
        owner.get(&alarm).await;
        assert_eq!(owner.submit("/wasnt-me", &[("confirm", "true")]).await.status, 200);
        // A password again, without a reset: the lock alone made strangers of them.
        users::set_password(&world.app, ADA, users::NewPassword::Plain(PASSWORD.to_owned().into())).await.unwrap();
        assert!(!is_known(&world, &intruder, PASSWORD).await && !is_known(&world, &second, PASSWORD).await, "{database:?}");

        let before = world.sign_in(ADA, PASSWORD).await;
        let mut owner = reset(&world).await;
        assert!(is_signed_in(&mut owner).await && is_known(&world, &owner, NEXT).await, "the one that did it is known");
        assert!(!is_known(&world, &before, NEXT).await && !is_known(&world, &intruder, NEXT).await, "{database:?}");
    }
}

/// A lock-down alone, seen where the epoch is kept: no other step in between counts it up.
#[tokio::test]
async fn every_end_of_several_sessions_counts_and_an_ordinary_sign_out_does_not() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let epoch = async || world.read(ADA).await.unwrap().device_epoch;
        let mut browser = world.sign_in(ADA, PASSWORD).await;
        world.sign_in(ADA, PASSWORD).await;
        assert_eq!(epoch().await, 0);

        browser.get("/logout").await;
        browser.submit("/logout", &[("where", "here")]).await;
        assert!(!is_signed_in(&mut browser).await);
        assert!(is_known(&world, &browser, PASSWORD).await, "an ordinary sign-out");
        assert_eq!(epoch().await, 0, "{database:?}");

        let mut here = world.sign_in(ADA, PASSWORD).await;
        here.get("/account/sessions").await;
        here.submit("/account/sessions/end-others", &[]).await;
        assert_eq!(epoch().await, 1);
        assert!(is_known(&world, &here, PASSWORD).await, "where it was asked for, the browser stays known");
        assert!(!is_known(&world, &browser, PASSWORD).await);

        here.get("/account/password").await;
        let changed = here.submit("/account/password", &[("current", PASSWORD), ("password", NEXT)]).await;
        assert_eq!(changed.location(), "/account/password?notice=password-changed", "{}", changed.text());
        assert_eq!(epoch().await, 2);
        assert!(is_known(&world, &here, NEXT).await);

        here.get("/account/sessions").await;
        here.submit("/account/sessions/end-all", &[]).await;
        assert_eq!(epoch().await, 3);
        users::sign_out(&world.app, ADA).await.unwrap();
        assert_eq!(epoch().await, 4);
        world.sign_in(ADA, NEXT).await;
        let alarm = world.mail_to(ADA).await.link;
        let mut owner = world.browser();
        owner.get(&alarm).await;
        owner.submit("/wasnt-me", &[("confirm", "true")]).await;
        assert_eq!(epoch().await, 5, "{database:?}");
    }
}

/// What a stranger can make of the cookie: nothing.
#[tokio::test]
async fn a_cookie_of_another_epoch_or_person_cannot_be_made() {
    let world = World::with("[limits]\nenabled = true").await;
    world.person(ADA).await;
    let known = world.sign_in(ADA, PASSWORD).await;
    users::sign_out(&world.app, ADA).await.unwrap();
    let cookie = known.cookies[COOKIE].clone();
    let [id, epoch, mac] = cookie.split('.').collect::<Vec<_>>()[..] else { panic!("{cookie}") };
    assert_eq!(epoch, "0");
    let mut stranger = world.browser().at([203, 0, 113, 1]);
    while stranger.sign_in(ADA, "wrong password").await.status != 429 {}
    for forged in [cookie.clone(), format!("{id}.1.{mac}"), format!("{id}.{mac}"), format!("{id}.01.{mac}"), id.to_owned()] {
        let mut browser = known.clone().at([203, 0, 113, 2]);
        browser.cookies.remove("vestibule_session");
        browser.cookies.insert(COOKIE.to_owned(), forged.clone());
        assert_eq!(browser.sign_in(ADA, PASSWORD).await.status, 429, "{forged}");
    }
}
