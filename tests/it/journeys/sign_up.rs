//! Signing up: the code, the link, the other browser, the scanner.

use super::{is_signed_in, problem, scan, wrong};
use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";

async fn begun(world: &World, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.get("/signup").await;
    let sent = browser.submit("/signup", &[("email", email), ("name", "Ada"), ("password", PASSWORD)]).await;
    assert_eq!(sent.status, 303);
    assert_eq!(browser.follow(&sent).await.status, 200);
    browser
}

#[tokio::test]
async fn by_code() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let mut browser = begun(&world, ADA).await;
        assert!(world.read(ADA).await.is_none(), "nothing stands before the proof");
        let mail = world.mail_to(ADA).await;
        assert!(mail.subject.starts_with(&mail.code) && !mail.code.is_empty());
        let arrived = browser.submit("/verify", &[("code", &mail.code)]).await;
        assert_eq!((arrived.status, arrived.location()), (303, "/account"));
        let user = world.read(ADA).await.unwrap();
        assert!(user.email_is_verified());
        assert_eq!(user.profile.name.as_deref(), Some("Ada"));
        assert!(is_signed_in(&mut browser).await, "{database:?}");
        assert!(!is_signed_in(&mut world.browser()).await);
        // The link of the same mail is used up with it.
        let again = world.browser().get(&mail.link).await;
        assert_eq!((again.shown("h1").as_deref(), again.forms().len()), (Some("Already confirmed"), 0));
    }
}

#[tokio::test]
async fn by_link_in_the_same_browser() {
    let world = World::new().await;
    let mut browser = begun(&world, ADA).await;
    let link = world.mail_to(ADA).await.link;
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(!is_signed_in(&mut browser).await, "opening it does nothing");
    assert_eq!(browser.submit("/verify/link", &[]).await.location(), "/account");
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn by_link_in_another_browser_needs_the_password() {
    let world = World::new().await;
    begun(&world, ADA).await;
    let link = world.mail_to(ADA).await.link;
    let mut phone = world.browser();
    let page = phone.get(&link).await;
    assert!(page.form("/verify/link").names.contains(&"password".to_owned()));
    for guess in ["", "wrong password"] {
        let refused = phone.submit("/verify/link", &[("password", guess)]).await;
        assert_eq!(refused.status, 422);
        assert!(!is_signed_in(&mut phone).await);
    }
    assert!(world.read(ADA).await.is_none());
    assert_eq!(phone.submit("/verify/link", &[("password", PASSWORD)]).await.location(), "/account");
    assert!(is_signed_in(&mut phone).await);
}

#[tokio::test]
async fn a_scanner_leaves_the_link_and_the_code_good() {
    let world = World::new().await;
    let mut browser = begun(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    scan(&world, &mail).await;
    assert!(world.read(ADA).await.is_none());
    let mut other = browser.clone();
    other.get(&mail.link).await;
    assert!(other.clone().submit("/verify/link", &[]).await.location() == "/account");
    assert!(world.read(ADA).await.is_some());
    let twice = browser.submit("/verify", &[("code", &mail.code)]).await;
    assert!(twice.location().ends_with("notice=confirmed"), "once: {} {}", twice.status, twice.location());
}

#[tokio::test]
async fn codes_can_be_wrong_spent_and_sent_again() {
    let world = World::new().await;
    let mut browser = begun(&world, ADA).await;
    let first = world.mail_to(ADA).await.code;
    for typed in ["", "12345", "abcdef", &wrong(&first)] {
        let refused = browser.submit("/verify", &[("code", typed)]).await;
        assert_eq!(refused.status, 422, "{typed}");
        assert!(!problem(&refused, "code").is_empty(), "{}", refused.text());
    }
    // Again after half a minute, and both codes work then.
    let early = browser.submit("/verify/resend", &[]).await;
    assert_eq!(early.status, 429, "the button says how long");
    world.advance(31);
    let again = browser.submit("/verify/resend", &[]).await;
    assert!(again.location().ends_with("notice=code-sent"), "{}", again.text());
    browser.follow(&again).await;
    assert_eq!(world.mails_to(ADA).await.len(), 2);
    assert_eq!(browser.clone().submit("/verify", &[("code", &first)]).await.location(), "/account");

    // Five wrong ones end it, even for the right one.
    let mut bob = begun(&world, "bob@a.example").await;
    let code = world.mail_to("bob@a.example").await.code;
    for _ in 0..5 {
        assert_eq!(bob.post("/verify", &[("flow", &flow(&bob)), ("code", &wrong(&code))]).await.status, 422);
    }
    let late = bob.post("/verify", &[("flow", &flow(&bob)), ("code", &code)]).await;
    assert_eq!(late.status, 422, "spent");
    world.advance(31);
    let flow = flow(&bob);
    bob.post("/verify/resend", &[("flow", &flow)]).await;
    let fresh = world.mail_to("bob@a.example").await.code;
    assert_eq!(bob.post("/verify", &[("flow", &flow), ("code", &fresh)]).await.location(), "/account");
}

fn flow(browser: &Browser) -> String {
    browser.open().unwrap().value("flow").unwrap()
}

#[tokio::test]
async fn an_expired_code_and_an_expired_link_lead_on() {
    let world = World::new().await;
    let mut browser = begun(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    world.advance(601);
    assert_eq!(browser.submit("/verify", &[("code", &mail.code)]).await.status, 422);
    // The link lives a day; then its page offers a new one.
    world.advance(86_400);
    let page = browser.get(&mail.link).await;
    assert_eq!(page.status, 410);
    let renewed = browser.submit("/link/renew", &[]).await;
    assert_eq!(renewed.status, 303, "{}", renewed.text());
    browser.follow(&renewed).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(browser.submit("/verify", &[("code", &code)]).await.location(), "/account");
}

#[tokio::test]
async fn a_code_belongs_to_its_browser() {
    let world = World::new().await;
    let browser = begun(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let flow = flow(&browser);
    let mut thief = world.browser();
    assert_eq!(thief.get(&format!("/verify?flow={flow}")).await.status, 410);
    assert_eq!(thief.post("/verify", &[("flow", &flow), ("code", &code)]).await.status, 410);
    assert!(!is_signed_in(&mut thief).await);
}

/// Trojan sign-up: a stranger signs up with somebody's address and waits. Whoever owns it and signs up too is not in the stranger's account.
#[tokio::test]
async fn a_strangers_sign_up_leaves_nothing_to_inherit() {
    let world = World::new().await;
    let mut stranger = world.browser();
    stranger.get("/signup").await;
    let sent = stranger.submit("/signup", &[("email", ADA), ("password", "stranger's password")]).await;
    stranger.follow(&sent).await;
    let strangers_link = world.mail_to(ADA).await.link;
    let ada = world.sign_up(ADA, PASSWORD).await;
    drop(ada);
    let mut elsewhere = world.browser();
    assert_eq!(elsewhere.sign_in(ADA, "stranger's password").await.status, 422);
    // Even the stranger's own link, opened with the stranger's password, makes nothing of it.
    elsewhere.get(&strangers_link).await;
    let late = elsewhere
        .post("/verify/link", &[("token", strangers_link.split_once("token=").unwrap().1), ("password", "stranger's password")])
        .await;
    assert!(!is_signed_in(&mut elsewhere).await, "{}", late.status);
    world.sign_in(ADA, PASSWORD).await;
}

#[tokio::test]
async fn what_was_typed_stays_but_for_the_password() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.get("/signup").await;
    let refused =
        browser.submit("/signup", &[("email", "not an address"), ("name", "<Ada> & \"co\""), ("password", "short")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.value("email").as_deref(), Some("not an address"));
    assert_eq!(refused.value("name").as_deref(), Some("<Ada> & \"co\""));
    assert_eq!(refused.value("password").unwrap_or_default(), "");
    assert!(!problem(&refused, "email").is_empty() && !problem(&refused, "password").is_empty());
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn weak_passwords_are_refused_and_any_character_is_kept() {
    let world = World::new().await;
    for weak in ["password", "12345678", "ada@a.example", "vestibule", "1234567"] {
        let mut browser = world.browser();
        browser.get("/signup").await;
        assert_eq!(browser.submit("/signup", &[("email", ADA), ("password", weak)]).await.status, 422, "{weak}");
    }
    for (number, odd) in ["  spaces around  ", "pässwörd ☃ 😀", "a'\"<>&%00x;--", &"x9".repeat(64)].into_iter().enumerate()
    {
        let email = format!("odd{number}@a.example");
        world.sign_up(&email, odd).await;
        world.sign_in(&email, odd).await;
        assert_ne!(world.browser().sign_in(&email, &odd.chars().skip(1).collect::<String>()).await.status, 303);
    }
}

#[tokio::test]
async fn sign_up_can_be_closed_and_unverified() {
    let invited = World::with("[signup]\nwho = 'invited'").await;
    let page = invited.browser().get("/signup").await;
    assert!(page.status == 403 && page.text().contains("by invitation"), "{}", page.text());
    let closed = World::with("[signup]\nwho = 'nobody'").await;
    assert_eq!(closed.browser().get("/signup").await.status, 403);
    let fields = [("email", ADA), ("password", PASSWORD)];
    assert_eq!(closed.browser().post("/signup", &fields).await.status, 403);
    assert!(closed.read(ADA).await.is_none());
    let quick = World::with("[signup]\nverify_email = false").await;
    let mut browser = quick.browser();
    assert_eq!(browser.post("/signup", &fields).await.location(), "/account");
    assert!(is_signed_in(&mut browser).await);
    assert!(!quick.read(ADA).await.unwrap().email_is_verified());
}
