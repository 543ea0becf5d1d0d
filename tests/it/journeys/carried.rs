//! What people typed is carried on, what they did is said, and what is said is true.

use serde_json::json;

use super::{asked_for_reset, is_signed_in, problem};
use crate::world::{Answer, Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const NEW: &str = "quite another sentence";

async fn signing_up(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    browser.get("/signup").await;
    let sent = browser.submit("/signup", &[("email", ADA), ("name", "Ada"), ("password", PASSWORD)]).await;
    (browser, sent)
}

#[tokio::test]
async fn a_link_that_somebody_made_up_says_nothing() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    for path in ["/account?notice=password-changed", "/account/profile?notice=saved", "/account/security?notice=two-step-off"] {
        assert_eq!(ada.get(path).await.shown(".notice"), None, "{path}");
    }
    assert_eq!(world.browser().get("/login?notice=has-account").await.shown(".notice"), None);
    ada.get("/account/profile").await;
    let saved = ada.submit("/account/profile", &[("name", "Ada L")]).await;
    for _ in 0..2 {
        assert!(ada.follow(&saved).await.shown(".notice").is_some(), "also when it is loaded again");
    }
    assert_eq!(ada.get("/account?notice=password-changed").await.shown(".notice"), None);
}

#[tokio::test]
async fn a_confirmation_that_is_done_says_so_everywhere() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let (mut began, sent) = signing_up(&world).await;
        began.follow(&sent).await;
        let mail = world.mail_to(ADA).await;
        // Another browser confirms, with the password.
        let mut other = world.browser();
        other.get(&mail.link).await;
        let done = other.submit("/verify/link", &[("password", PASSWORD)]).await;
        assert_eq!(done.goes_to(), "/account?notice=verified", "{database:?}");
        assert!(other.follow(&done).await.shown(".notice").unwrap().contains("confirmed"));
        // The first one, by its code or by looking again, and the link.
        let late = began.submit("/verify", &[("code", &mail.code)]).await;
        let page = began.follow(&late).await;
        assert!(page.shown(".notice").unwrap().contains("confirmed already"), "{database:?} {}", page.text());
        assert_eq!(page.value("identifier").as_deref(), Some(ADA));
        let again = began.get(sent.location()).await;
        assert!(again.location().starts_with("/login?flow=") && again.location().ends_with("notice=confirmed"));
        let link = world.browser().get(&mail.link).await;
        assert_eq!((link.status, link.shown("h1").as_deref()), (200, Some("Already confirmed")));
    }
}

#[tokio::test]
async fn after_the_links_end_the_page_of_the_code_sends_a_new_one() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person("bob@a.example").await;
        let (mut ada, sent) = signing_up(&world).await;
        ada.follow(&sent).await;
        let mut bob = asked_for_reset(&world, "bob@a.example").await;
        world.advance(24 * 3600 + 1);
        let late = bob.submit("/reset/code", &[("code", "123456")]).await;
        assert_eq!(late.status, 422);
        let sent_again = bob.submit("/reset/resend", &[]).await;
        assert!(sent_again.location().starts_with("/reset/code?flow="), "{database:?} {}", sent_again.text());
        let page = bob.follow(&sent_again).await;
        assert!(!page.shown(".notice").unwrap().contains("The one before"), "it has expired");
        let proved = bob.submit("/reset/code", &[("code", &world.mail_to("bob@a.example").await.code)]).await;
        assert!(proved.location().starts_with("/reset/new?flow="), "{database:?}");
        let page = ada.get(sent.location()).await;
        assert!(page.shown(".notice.warning").is_some() && page.value("code").is_none());
        let sent_again = ada.submit("/verify/resend", &[]).await;
        ada.follow(&sent_again).await;
        let done = ada.submit("/verify", &[("code", &world.mail_to(ADA).await.code)]).await;
        assert_eq!(done.location(), "/account", "{database:?}");
    }
}

#[tokio::test]
async fn a_new_code_is_offered_when_it_may_be_sent() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = asked_for_reset(&world, ADA).await;
    let hidden = |page: &Answer| page.shown("form[action='/reset/resend'] button[hidden]").is_some();
    let page = ada.open().unwrap().clone();
    assert!(hidden(&page) && page.text().contains("A new code can be sent in"), "{}", page.text());
    world.advance(31);
    let flow = page.value("flow").unwrap();
    assert!(!hidden(&ada.get(&format!("/reset/code?flow={flow}")).await));
}

#[tokio::test]
async fn the_address_goes_along_and_a_new_password_is_asked_for_nowhere() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.browser();
    ada.get("/login").await;
    let refused = ada.submit("/login", &[("identifier", ADA), ("password", "wrong wrong")]).await;
    let carried = "?identifier=ada%40a.example";
    for path in ["/reset", "/signup"] {
        assert!(refused.shown(&format!("a[href='{path}{carried}']")).is_some(), "{path}: {}", refused.text());
    }
    assert_eq!(ada.get(&format!("/signup{carried}")).await.value("email").as_deref(), Some(ADA));
    let page = ada.get(&format!("/reset{carried}")).await;
    assert_eq!(page.value("identifier").as_deref(), Some(ADA));
    assert!(page.shown(&format!("a[href='/login{carried}']")).is_some());
    let sent = ada.submit("/reset", &[]).await;
    let page = ada.follow(&sent).await;
    let again = format!("/reset?flow={}", page.value("flow").unwrap());
    assert_eq!(ada.get(&again).await.value("identifier").as_deref(), Some(ADA), "other details begin with these");
    ada.follow(&sent).await;
    let proved = ada.submit("/reset/code", &[("code", &world.mail_to(ADA).await.code)]).await;
    ada.follow(&proved).await;
    let done = ada.submit("/reset/new", &[("password", NEW)]).await;
    let page = ada.follow(&done).await;
    assert!(page.shown(".notice").unwrap().contains("new password is saved"), "{}", page.text());
    for path in ["/account/security", "/account/email", "/account/password", "/account/delete"] {
        assert_eq!(ada.get(path).await.status, 200, "{path}");
    }
    // "This was not me" leads on with the address that it was sent to.
    let alarm = world.mail_to(ADA).await;
    let mut owner = world.browser();
    owner.get(&alarm.link).await;
    let locked = owner.submit("/wasnt-me", &[("confirm", "yes")]).await;
    assert!(locked.shown(&format!("a[href='/reset{carried}']")).is_some(), "{}", locked.text());
}

#[tokio::test]
async fn where_no_address_is_proved_no_code_is_promised_and_nobody_learns_who_has_an_account() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[signup]\nverify_email = false").await else { continue };
        assert_eq!(world.browser().get("/signup").await.shown("#email-hint"), None);
        world.person(ADA).await;
        let (mut browser, sent) = signing_up(&world).await;
        assert!(sent.location().starts_with("/verify?flow="), "{database:?} {}", sent.text());
        let page = browser.follow(&sent).await;
        assert!(!page.text().contains("There is an account") && !is_signed_in(&mut browser).await);
        assert!(world.mail_to(ADA).await.subject.contains("already have an account"));
    }
    assert!(World::new().await.browser().get("/signup").await.shown("#email-hint").is_some());
}

#[tokio::test]
async fn a_profile_keeps_what_was_typed_and_names_every_mistake_at_once() {
    let world = World::new().await;
    world.user(json!({"email": ADA, "email_verified": true, "password": PASSWORD, "picture": "http://old.example/a.png"})).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    ada.get("/account/profile").await;
    let wrong = [("website", "http://ada.example"), ("birthdate", "tomorrow"), ("preferred_username", "1")];
    let refused = ada.submit("/account/profile", &wrong).await;
    for (field, _) in wrong {
        assert!(!problem(&refused, field).is_empty(), "{field}: {}", refused.text());
    }
    assert_eq!(problem(&refused, "picture"), "", "as it was before");
    // The session ends on another device.
    let mut other = world.sign_in(ADA, PASSWORD).await;
    let page = ada.get("/account/profile").await;
    assert_eq!(page.status, 200);
    other.get("/account/sessions").await;
    other.submit("/account/sessions/end-others", &[]).await;
    let kept = ada.submit("/account/profile", &[("name", "Ada Lovelace"), ("bio", "Long\ntext")]).await;
    assert_eq!((kept.status, kept.value("name").as_deref()), (403, Some("Ada Lovelace")));
    assert!(kept.value("bio").unwrap().starts_with("Long"), "{}", kept.text());
    assert!(kept.shown("a[href='/login?to=profile']").is_some() && kept.shown(".notice").is_some());
    ada.clone().sign_in(ADA, PASSWORD).await;
    // In another tab, which has the same cookies.
    let mut tab = ada.clone();
    tab.sign_in(ADA, PASSWORD).await;
    ada.cookies = tab.cookies;
    assert_eq!(ada.submit("/account/profile", &[]).await.location(), "/account/profile?notice=saved");
    assert_eq!(world.read(ADA).await.unwrap().profile.name.as_deref(), Some("Ada Lovelace"));
}

#[tokio::test]
async fn the_first_number_or_address_replaces_nothing() {
    let world = World::with("[sms]\ndefault_country = 'AT'").await;
    world.user(json!({"username": "bob", "password": PASSWORD})).await;
    let mut bob = world.sign_in("bob", PASSWORD).await;
    let page = bob.get("/account/email").await;
    assert!(page.text().contains("Add an address") && !page.text().contains("Change"), "{}", page.text());
    let page = bob.get("/account/phone").await;
    assert!(page.text().contains("Add a number") && !page.text().contains("Keep the present"), "{}", page.text());
}
