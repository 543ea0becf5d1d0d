//! A phone number instead of an address: signing up and in, a forgotten password, another number.

use serde_json::json;

use super::{is_signed_in, problem, wrong};
use crate::world::{Answer, Browser, Database, PASSWORD, World};

const NUMBER: &str = "+436601234567";
const SHOWN: &str = "+43 660 1234567";
const OTHER: &str = "+436607654321";
const NEW: &str = "another wooden spoon";
const AUSTRIA: &str = "[sms]\ndefault_country = 'AT'";

/// A browser that has signed up with a number and shows the page for its code.
async fn begun(world: &World, typed: &str, password: &str) -> Browser {
    let mut browser = world.browser();
    browser.get("/signup?with=phone").await;
    let sent = browser.submit("/signup", &[("phone", typed), ("password", password)]).await;
    assert!(sent.location().starts_with("/verify?flow="), "{} {}", sent.status, sent.text());
    browser.follow(&sent).await;
    browser
}

/// An account with a verified number and [`PASSWORD`].
async fn person(world: &World, number: &str) {
    world.user(json!({"phone_number": number, "phone_number_verified": true, "password": PASSWORD})).await;
}

async fn has_number(world: &World, number: &str) -> bool {
    world.read(number).await.is_some_and(|user| user.phone_number_verified_at.is_some())
}

#[tokio::test]
async fn a_number_with_a_password_in_any_spelling() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, AUSTRIA).await else { continue };
        let mut browser = begun(&world, "0660 / 123 45 67", PASSWORD).await;
        let page = browser.open().unwrap().text();
        assert!(page.contains("67") && !page.contains("660 1234567"), "masked");
        let sms = world.sms_to(NUMBER).await;
        assert!(sms.body.lines().last().unwrap().starts_with("@localhost #"), "{}", sms.body);
        let no = browser.submit("/verify", &[("code", &wrong(&sms.code))]).await;
        assert_eq!(no.status, 422);
        assert!(!problem(&no, "code").is_empty() && world.read(NUMBER).await.is_none());
        assert_eq!(browser.submit("/verify", &[("code", &sms.code)]).await.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut browser).await && has_number(&world, NUMBER).await);
        let page = browser.get("/account/phone").await;
        assert!(page.text().contains(SHOWN), "shown as understood: {}", page.text());
        for typed in [NUMBER, "0660 1234567", "+43 (0)660 123-4567", "0043 660 1234567"] {
            world.sign_in(typed, PASSWORD).await;
        }
        assert_eq!(world.browser().sign_in("0660 1234568", PASSWORD).await.status, 422);
        assert_eq!(world.browser().sign_in(NUMBER, "wrong").await.status, 422);
    }
}

#[tokio::test]
async fn a_number_without_a_password_signs_in_by_codes_and_can_set_one() {
    let world = World::new().await;
    let mut browser = begun(&world, SHOWN, "").await;
    let code = world.sms_to(NUMBER).await.code;
    assert_eq!(browser.submit("/verify", &[("code", &code)]).await.location(), "/account");
    assert!(world.read(NUMBER).await.unwrap().password_hash.is_none());
    assert_eq!(world.browser().sign_in(NUMBER, "").await.status, 422);
    assert_eq!(world.browser().sign_in(NUMBER, PASSWORD).await.status, 422);
    world.advance(61);
    let mut again = world.browser();
    let sent = again.post("/login/code", &[("identifier", SHOWN), ("way", "sms")]).await;
    let page = again.follow(&sent).await;
    assert!(page.shown(".number").is_none(), "a text has no link");
    let code = world.sms_to(NUMBER).await.code;
    assert_eq!(again.submit("/login/code/enter", &[("code", &wrong(&code))]).await.status, 422);
    assert_eq!(again.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account");
    // Nothing stronger is there, so the text is enough to set one.
    assert_eq!(again.get("/account/password").await.status, 200);
    let done = again.submit("/account/password", &[("password", NEW)]).await;
    assert_eq!(done.location(), "/account/password?notice=password-changed", "{}", done.text());
    world.sign_in(NUMBER, NEW).await;
}

#[tokio::test]
async fn a_code_is_sent_again_and_both_work() {
    let world = World::new().await;
    let mut browser = begun(&world, NUMBER, PASSWORD).await;
    let first = world.sms_to(NUMBER).await.code;
    assert_eq!(browser.clone().submit("/verify/resend", &[]).await.status, 429, "too early");
    world.advance(31);
    let sent = browser.submit("/verify/resend", &[]).await;
    browser.follow(&sent).await;
    assert_eq!(world.all_sms_to(NUMBER).await.len(), 2);
    assert_eq!(browser.submit("/verify", &[("code", &first)]).await.location(), "/account");
}

#[tokio::test]
async fn a_taken_number_looks_the_same_and_its_owner_keeps_it() {
    let world = World::new().await;
    person(&world, NUMBER).await;
    let mut stranger = begun(&world, NUMBER, NEW).await;
    let sent = world.all_sms_to(NUMBER).await;
    assert!(sent.iter().all(|sms| sms.code.is_empty()), "no code that would work: {sent:?}");
    for code in ["000000", "123456"] {
        assert_eq!(stranger.submit("/verify", &[("code", code)]).await.status, 422);
    }
    assert_eq!(world.browser().sign_in(NUMBER, NEW).await.status, 422);
    world.sign_in(NUMBER, PASSWORD).await;
}

#[tokio::test]
async fn a_forgotten_password_by_sms() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, AUSTRIA).await else { continue };
        person(&world, NUMBER).await;
        let mut old = world.sign_in(NUMBER, PASSWORD).await;
        let mut browser = super::asked_for_reset(&world, "0660 1234567").await;
        let code = world.sms_to(NUMBER).await.code;
        assert_eq!(browser.submit("/reset/code", &[("code", &wrong(&code))]).await.status, 422);
        let proved = browser.submit("/reset/code", &[("code", &code)]).await;
        assert!(proved.location().starts_with("/reset/new?flow="), "{database:?} {}", proved.text());
        browser.follow(&proved).await;
        assert_eq!(browser.submit("/reset/new", &[("password", NEW)]).await.location(), "/account", "{database:?}");
        assert!(!is_signed_in(&mut old).await);
        assert_eq!(world.browser().sign_in(NUMBER, PASSWORD).await.status, 422);
        world.sign_in(NUMBER, NEW).await;
        // Nobody has this one: the same page, and no text.
        super::asked_for_reset(&world, OTHER).await;
        assert!(world.all_sms_to(OTHER).await.is_empty());
    }
}

#[tokio::test]
async fn another_number_is_pending_until_its_code() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, AUSTRIA).await else { continue };
        person(&world, NUMBER).await;
        let mut ada = world.sign_in(NUMBER, PASSWORD).await;
        ada.get("/account/phone").await;
        let nonsense = ada.submit("/account/phone", &[("phone", "12")]).await;
        assert_eq!((nonsense.status, nonsense.value("phone").as_deref()), (422, Some("12")));
        assert_eq!(ada.submit("/account/phone", &[("phone", SHOWN)]).await.status, 422, "the same");
        let sent = ada.submit("/account/phone", &[("phone", "0660 7654321")]).await;
        assert_eq!(sent.location(), "/account/phone?notice=phone-sent");
        assert!(ada.follow(&sent).await.text().contains("+43 660 7654321"), "shown as understood");
        assert!(has_number(&world, NUMBER).await && world.read(OTHER).await.is_none(), "pending");
        let code = world.sms_to(OTHER).await.code;
        assert_eq!(ada.submit("/account/phone/confirm", &[("code", &wrong(&code))]).await.status, 422);
        let done = ada.submit("/account/phone/confirm", &[("code", &code)]).await;
        assert_eq!(done.location(), "/account/phone?notice=phone-changed", "{database:?}");
        assert!(has_number(&world, OTHER).await && world.read(NUMBER).await.is_none());
        world.sign_in(OTHER, PASSWORD).await;
        assert_eq!(world.browser().sign_in(NUMBER, PASSWORD).await.status, 422);
    }
}

#[tokio::test]
async fn a_change_of_number_can_be_cancelled_and_another_ones_never_moves() {
    let world = World::new().await;
    person(&world, NUMBER).await;
    person(&world, OTHER).await;
    let mut ada = world.sign_in(NUMBER, PASSWORD).await;
    ada.get("/account/phone").await;
    let free = ada.submit("/account/phone", &[("phone", "+436605550000")]).await;
    let code = world.sms_to("+436605550000").await.code;
    ada.follow(&free).await;
    assert_eq!(ada.submit("/account/phone/cancel", &[]).await.location(), "/account/phone?notice=phone-cancelled");
    ada.get("/account/phone").await;
    ada.post("/account/phone/confirm", &[("code", &code)]).await;
    assert!(has_number(&world, NUMBER).await && world.read("+436605550000").await.is_none());
    let taken = ada.submit("/account/phone", &[("phone", OTHER)]).await;
    assert_eq!(taken.location(), free.location(), "it looks the same");
    assert!(ada.follow(&taken).await.text().contains("+43 660 7654321"));
    assert!(world.all_sms_to(OTHER).await.iter().all(|sms| sms.code.is_empty()));
    assert_eq!(ada.submit("/account/phone/confirm", &[("code", "000000")]).await.status, 422);
    assert!(has_number(&world, NUMBER).await && has_number(&world, OTHER).await);
}

/// The last text of a number is not the first of its next owner.
#[tokio::test]
async fn a_number_that_is_no_longer_the_accounts_proves_nothing() {
    let world = World::new().await;
    person(&world, NUMBER).await;
    let mut ada = world.sign_in(NUMBER, PASSWORD).await;
    let mut late = world.browser();
    let sent = late.post("/login/code", &[("identifier", NUMBER), ("way", "sms")]).await;
    late.follow(&sent).await;
    let old = world.sms_to(NUMBER).await.code;
    ada.get("/account/phone").await;
    ada.submit("/account/phone", &[("phone", OTHER)]).await;
    let code = world.sms_to(OTHER).await.code;
    ada.get("/account/phone").await;
    assert_eq!(ada.submit("/account/phone/confirm", &[("code", &code)]).await.status, 303);
    assert_ne!(late.submit("/login/code/enter", &[("code", &old)]).await.status, 303);
    assert!(!is_signed_in(&mut late).await);
}

#[tokio::test]
async fn without_a_country_of_its_own_a_national_number_is_named() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.get("/signup?with=phone").await;
    let answer = browser.submit("/signup", &[("phone", "0660 1234567"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.value("phone").as_deref()), (422, Some("0660 1234567")));
    assert!(problem(&answer, "phone").contains("country code"), "{}", problem(&answer, "phone"));
}

/// Another way is offered instead: no dead end.
#[tokio::test]
async fn a_country_that_gets_no_texts_is_offered_another_way() {
    let world = World::with("[sms]\ncountries = ['DE']").await;
    person(&world, NUMBER).await;
    let mut browser = world.browser();
    for (path, fields, field) in [
        ("/signup", vec![("with", "phone"), ("phone", NUMBER), ("password", PASSWORD)], "phone"),
        ("/login/code", vec![("way", "sms"), ("identifier", NUMBER)], "identifier"),
    ] {
        let answer = browser.post(path, &fields).await;
        assert_ne!(answer.status, 303, "{path}");
        assert!(problem(&answer, field).contains("another way"), "{path}: {}", answer.text());
        assert!(answer.value(field).is_some_and(|typed| !typed.is_empty()), "what was typed stays");
        assert!(!answer.shown(".links, .ways, .other").unwrap_or_default().is_empty(), "{path}");
    }
    assert!(world.all_sms().await.is_empty());
    // The number with its password still signs in.
    world.sign_in(NUMBER, PASSWORD).await;
}

/// Ten at once: one session.
#[tokio::test]
async fn one_of_ten_gets_in_by_a_text() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        person(&world, NUMBER).await;
        let mut browser = world.browser();
        let sent = browser.post("/login/code", &[("identifier", NUMBER), ("way", "sms")]).await;
        let flow = browser.follow(&sent).await.value("flow").unwrap();
        let code = world.sms_to(NUMBER).await.code;
        let tries = (0..10).map(|_| {
            let (mut browser, flow, code) = (browser.clone(), flow.clone(), code.clone());
            tokio::spawn(async move {
                let answer = browser.post("/login/code/enter", &[("flow", &flow), ("code", &code)]).await;
                assert!(matches!(answer.status, 303 | 410 | 422), "{}", answer.status);
                is_signed_in(&mut browser).await
            })
        });
        let mut signed_in = 0;
        for one in tries.collect::<Vec<_>>() {
            signed_in += usize::from(one.await.unwrap());
        }
        assert_eq!(signed_in, 1, "{database:?}");
    }
}

/// Who has only a number reads of numbers and texts: never of a mail, a spam folder or a link in one, and never an id as their name.
#[tokio::test]
async fn who_has_only_a_number_reads_of_no_mail() {
    fn fits(page: &Answer) {
        let main = page.shown("main").unwrap();
        for word in ["mail", "spam", "link", "user_"] {
            assert!(!main.to_lowercase().contains(word), "{word:?} in {main}");
        }
    }
    let world = World::with(AUSTRIA).await;
    let mut ada = begun(&world, "0660 1234567", PASSWORD).await;
    fits(ada.open().unwrap());
    let code = world.sms_to(NUMBER).await.code;
    let wrong = ada.submit("/verify", &[("code", &wrong(&code))]).await;
    fits(&wrong);
    ada.submit("/verify", &[("code", &code)]).await;
    let home = ada.get("/account").await;
    fits(&home);
    assert!(home.shown("main").unwrap().contains(SHOWN), "{}", home.text());
    fits(&ada.get("/logout").await);
    world.advance(3600);
    let ask = ada.get("/account/password").await;
    fits(&ada.follow(&ask).await);
    // Known or not.
    for number in [NUMBER, OTHER] {
        let browser = super::asked_for_reset(&world, number).await;
        fits(browser.open().unwrap());
    }
}

#[tokio::test]
async fn a_number_can_be_removed_and_that_be_taken_back() {
    const ADA: &str = "ada@a.example";
    for database in Database::BOTH {
        let Some(world) = World::on(database, AUSTRIA).await else { continue };
        world
            .user(json!({"email": ADA, "email_verified": true, "phone_number": NUMBER, "phone_number_verified": true, "password": PASSWORD}))
            .await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        // Codes at sign-in go there.
        ada.post("/account/security/codes", &[("kind", "sms"), ("on", "yes")]).await;
        let ask = ada.get("/account/password").await;
        ada.follow(&ask).await;
        let sent = ada.submit("/login/second/send", &[]).await;
        ada.follow(&sent).await;
        let code = world.sms_to(NUMBER).await.code;
        assert_eq!(ada.submit("/login/second", &[("code", &code)]).await.location(), "/account/password", "{database:?}");
        let refused = ada.post("/account/phone/remove", &[]).await;
        assert_eq!(refused.status, 422, "{database:?}");
        assert!(has_number(&world, NUMBER).await && refused.text().contains("Turn them off first"), "{}", refused.text());
        ada.post("/account/security/codes", &[("kind", "sms"), ("on", "no"), ("sure", "yes")]).await;
        ada.get("/account/phone").await;
        let before = world.mails_to(ADA).await.len();
        let done = ada.submit("/account/phone/remove", &[]).await;
        assert_eq!(done.location(), "/account/phone?notice=phone-removed", "{database:?} {}", done.text());
        assert!(ada.follow(&done).await.text().contains("Your phone number is removed"));
        assert!(world.read(NUMBER).await.is_none(), "{database:?}");
        assert_eq!(world.browser().sign_in(NUMBER, PASSWORD).await.status, 422);
        assert!(ada.get("/account/phone").await.shown("#remove").is_none(), "there is nothing to remove");
        assert_eq!(ada.post("/account/phone/remove", &[]).await.location(), "/account/phone");
        // The address and the number from before are told; the link brings it back.
        assert_eq!(world.mails_to(ADA).await.len(), before + 1, "{database:?}");
        let told = world.all_sms_to(NUMBER).await.pop().unwrap();
        let token = told.body.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
        let mut alarmed = world.browser();
        alarmed.get(&format!("/wasnt-me?token={token}")).await;
        assert_eq!(alarmed.submit("/wasnt-me", &[("confirm", "true")]).await.status, 200, "{database:?}");
        assert!(has_number(&world, NUMBER).await, "{database:?}");
    }
}

#[tokio::test]
async fn the_last_way_in_is_not_removed() {
    let world = World::with(AUSTRIA).await;
    person(&world, NUMBER).await;
    let mut ada = world.sign_in(NUMBER, PASSWORD).await;
    ada.get("/account/phone").await;
    let refused = ada.submit("/account/phone/remove", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(has_number(&world, NUMBER).await && refused.text().contains("nobody could sign in"), "{}", refused.text());
    // A name to type makes the password one.
    ada.get("/account/profile").await;
    ada.submit("/account/profile", &[("preferred_username", "ada")]).await;
    ada.get("/account/phone").await;
    assert_eq!(ada.submit("/account/phone/remove", &[]).await.status, 303);
    world.sign_in("ada", PASSWORD).await;
}
