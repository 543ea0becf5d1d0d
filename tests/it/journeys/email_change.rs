//! Another address: pending until proved, with a way back for the old one.

use super::{is_signed_in, scan};
use crate::world::{Browser, Mail, PASSWORD, World};

const ADA: &str = "ada@a.example";
const NEW: &str = "ada@new.example";

async fn asked(world: &World) -> (Browser, Mail) {
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    ada.get("/account/email").await;
    assert_eq!(ada.submit("/account/email", &[("email", "nonsense")]).await.status, 422);
    let sent = ada.submit("/account/email", &[("email", NEW)]).await;
    assert_eq!(sent.location(), "/account/email?notice=email-sent");
    let page = ada.follow(&sent).await;
    assert!(page.text().contains(NEW));
    (ada, world.mail_to(NEW).await)
}

async fn address(world: &World, name: &str) -> Option<String> {
    world.read(name).await.and_then(|user| user.email).map(|email| email.as_str().to_owned())
}

#[tokio::test]
async fn by_code_and_back_by_the_old_addresses_link() {
    let world = World::new().await;
    let (mut ada, mail) = asked(&world).await;
    assert!(world.read(NEW).await.is_none(), "pending");
    let done = ada.submit("/account/email/confirm", &[("code", &mail.code)]).await;
    assert_eq!(done.location(), "/account/email?notice=email-changed");
    assert!(world.read(NEW).await.unwrap().email_is_verified() && world.read(ADA).await.is_none());
    let undo = world.mail_to(ADA).await;
    assert!(undo.link.starts_with("/wasnt-me?token="));
    scan(&world, &undo).await;
    assert!(address(&world, NEW).await.is_some(), "a scanner does not tick");
    let mut elsewhere = world.browser();
    elsewhere.get(&undo.link).await;
    assert_eq!(elsewhere.submit("/wasnt-me", &[]).await.status, 422);
    assert_eq!(elsewhere.submit("/wasnt-me", &[("confirm", "true")]).await.status, 200);
    assert!(address(&world, ADA).await.is_some() && world.read(NEW).await.is_none());
    assert!(!is_signed_in(&mut ada).await, "whoever changed it is out");
    assert_eq!(world.browser().post("/wasnt-me", &[("token", undo.token()), ("confirm", "true")]).await.status, 410, "once");
}

#[tokio::test]
async fn by_link_where_signed_in_or_with_the_password() {
    let world = World::new().await;
    let (mut ada, mail) = asked(&world).await;
    scan(&world, &mail).await;
    let mut phone = world.browser();
    phone.get(&mail.link).await;
    assert_eq!(phone.submit("/account/email/link", &[("password", "wrong")]).await.status, 422);
    assert!(world.read(NEW).await.is_none());
    // Somebody else who is signed in here cannot confirm it for her.
    world.person("eve@a.example").await;
    let mut eve = world.sign_in("eve@a.example", PASSWORD).await;
    assert_ne!(eve.post("/account/email/link", &[("token", mail.token())]).await.status, 303);
    assert!(world.read(NEW).await.is_none());
    assert_eq!(ada.get(&mail.link).await.status, 200);
    assert_eq!(ada.submit("/account/email/link", &[]).await.location(), "/account/email?notice=email-changed");
    assert!(world.read(NEW).await.is_some());
}

#[tokio::test]
async fn it_can_be_cancelled_replaced_and_expires() {
    let world = World::new().await;
    let (mut ada, first) = asked(&world).await;
    ada.submit("/account/email/cancel", &[]).await;
    assert_eq!(ada.post("/account/email/link", &[("token", first.token())]).await.status, 410);
    ada.get("/account/email").await;
    ada.submit("/account/email", &[("email", "one@a.example")]).await;
    let one = world.mail_to("one@a.example").await;
    ada.get("/account/email").await;
    ada.submit("/account/email", &[("email", "two@a.example")]).await;
    let two = world.mail_to("two@a.example").await;
    assert_eq!(ada.post("/account/email/link", &[("token", one.token())]).await.status, 410, "replaced");
    world.advance(24 * 3600 - 60);
    let mut late = ada.clone();
    world.advance(120);
    assert_eq!(late.post("/account/email/link", &[("token", two.token()), ("password", PASSWORD)]).await.status, 410);
    assert_eq!(address(&world, ADA).await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn a_taken_address_looks_the_same_and_never_moves() {
    let world = World::new().await;
    world.person("eve@a.example").await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    ada.get("/account/email").await;
    let sent = ada.submit("/account/email", &[("email", "eve@a.example")]).await;
    assert_eq!(sent.location(), "/account/email?notice=email-sent");
    assert!(world.mails_to("eve@a.example").await.iter().all(|mail| mail.link.is_empty()));
    assert!(ada.follow(&sent).await.text().contains("eve@a.example"));
    assert_eq!(address(&world, "eve@a.example").await.as_deref(), Some("eve@a.example"));
}

#[tokio::test]
async fn an_undo_dies_after_three_days() {
    let world = World::new().await;
    let (mut ada, mail) = asked(&world).await;
    ada.submit("/account/email/confirm", &[("code", &mail.code)]).await;
    let undo = world.mail_to(ADA).await;
    world.advance(72 * 3600 + 1);
    assert_eq!(world.browser().post("/wasnt-me", &[("token", undo.token()), ("confirm", "true")]).await.status, 410);
}

/// An address that was proved by somebody else meanwhile is theirs.
#[tokio::test]
async fn whoever_proves_an_address_first_has_it() {
    let world = World::new().await;
    let (mut ada, mail) = asked(&world).await;
    world.sign_up(NEW, "somebody else's 1").await;
    assert_ne!(ada.submit("/account/email/confirm", &[("code", &mail.code)]).await.status, 303);
    assert_eq!(address(&world, ADA).await.as_deref(), Some(ADA));
}
