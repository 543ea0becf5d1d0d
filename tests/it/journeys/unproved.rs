//! Contacts that nobody proved: they lead into no account that somebody else has shown to be theirs, and go to whoever proves them.

use serde_json::json;
use vestibule::engine::factor::{Factor, FactorKind};
use vestibule::engine::user::User;
use vestibule::ids::FactorId;
use vestibule::store::{consents, factors, recovery};
use vestibule::time::Timestamp;

use super::passkeys::with_passkey;
use super::second_factor_account::{add, begin, shown_code};
use super::{asked_for_reset, is_signed_in};
use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const PHONE: &str = "+436601234567";
const NEW: &str = "another wooden spoon";
/// Whoever signs up where nothing is proved need not be who they say.
const UNPROVED: &str = "[signup]\nverify_email = false\nverify_phone = false";

async fn give_factor(world: &World, user: &User, kind: FactorKind) {
    let mut tx = world.store().await.write().await.unwrap();
    let now = world.app.now();
    let id = FactorId::new(now, &world.app.random);
    let factor = Factor { id, kind, name: String::new(), sealed: None, last_step: 0, created_at: now, last_used_at: None };
    factors::insert(&mut tx, &user.id, &factor).await.unwrap();
    tx.commit().await.unwrap();
}

async fn factors_of(world: &World, user: &User) -> usize {
    factors::of_user(&mut world.store().await.read().await.unwrap(), &user.id).await.unwrap().len()
}

/// How many messages went there.
async fn messages_to(world: &World, contact: &str) -> usize {
    world.mails_to(contact).await.len() + world.all_sms_to(contact).await.len()
}

/// From the page for the code to the new password.
async fn reset(world: &World, contact: &str) -> (Browser, crate::world::Answer) {
    let mut browser = asked_for_reset(world, contact).await;
    let code = match contact.starts_with('+') {
        true => world.sms_to(contact).await.code,
        false => world.mails_to(contact).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code,
    };
    let proved = browser.submit("/reset/code", &[("code", &code)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", NEW)]).await;
    (browser, set)
}

/// The dummy flow answers, as for unknown people, and the account stays as it is: its factors, its proved contacts, its password.
#[tokio::test]
async fn no_reset_begins_by_one_where_somebody_has_shown_whose_the_account_is() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let shapes = [
            (
                "a proved address and an app",
                json!({"email": "a1@a.example", "email_verified": true, "phone_number": "+436601000001"}),
                true,
            ),
            (
                "a proved address",
                json!({"email": "a2@a.example", "email_verified": true, "phone_number": "+436601000002"}),
                false,
            ),
            (
                "a proved number",
                json!({"email": "a3@a.example", "phone_number": "+436601000003", "phone_number_verified": true}),
                false,
            ),
            ("an app", json!({"email": "a4@a.example"}), true),
            ("an app, by number", json!({"username": "ann", "phone_number": "+436601000005"}), true),
        ];
        for (shape, mut account, app) in shapes {
            account["password"] = json!(PASSWORD);
            let user = world.user(account).await;
            if app {
                give_factor(&world, &user, FactorKind::Totp).await;
            }
            let unproved = match &user.email {
                Some(email) if !user.email_is_verified() => email.as_str().to_owned(),
                _ => user.phone_number.as_ref().unwrap().to_string(),
            };
            let mut browser = asked_for_reset(&world, &unproved).await;
            assert_eq!(browser.submit("/reset/code", &[("code", "000000")]).await.status, 422, "{shape}");
            world.advance(31);
            let again = browser.submit("/reset/resend", &[]).await;
            assert!(again.location().contains("notice=code-sent"), "{shape}: {} {}", again.status, again.text());
            assert_eq!(messages_to(&world, &unproved).await, 0, "{shape} {database:?}");
            let now = world.read(user.id.as_str()).await.unwrap();
            assert_eq!(
                (now.updated_at, now.email, now.email_verified_at, now.phone_number, factors_of(&world, &user).await),
                (user.updated_at, user.email, user.email_verified_at, user.phone_number, usize::from(app)),
                "{shape}"
            );
        }
    }
}

#[tokio::test]
async fn a_passkey_shows_whose_an_account_is() {
    let world = World::new().await;
    let (_, mut authenticator) = with_passkey(&world, ADA).await;
    let user = world.read(ADA).await.unwrap();
    vestibule::actions::users::update(&world.app, ADA, &changes(&json!({"email_verified": false}))).await.unwrap();
    let before = world.mails_to(ADA).await.len();
    asked_for_reset(&world, ADA).await;
    assert_eq!(world.mails_to(ADA).await.len(), before);
    // It still signs in; the address is to be proved then, as ever.
    let (_, answer) = super::passkeys::sign_in(&world, &mut authenticator).await;
    assert!(answer.location().starts_with("/verify?flow="), "{}", answer.location());
    assert_eq!(world.read(ADA).await.unwrap().id, user.id);
}

fn changes(json: &serde_json::Value) -> vestibule::actions::users::Changes {
    vestibule::actions::users::Changes::from_json(json.as_object().unwrap()).unwrap()
}

/// Beside the unproved number there is the proved address: a reset by that one takes nothing away, asks for the app, and everybody who can
/// be told is told.
#[tokio::test]
async fn a_reset_by_the_proved_contact_takes_nothing_away() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.user(json!({"email": ADA, "email_verified": true, "phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD})).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let page = begin(&mut ada).await;
        let secret: String = page.shown("#secret").unwrap().split_whitespace().collect();
        ada.submit("/account/security/totp", &[("code", &shown_code(&world, &page))]).await;
        vestibule::actions::users::update(&world.app, ADA, &changes(&json!({"phone_number_verified": false}))).await.unwrap();
        world.advance(60);
        let (mut browser, set) = reset(&world, ADA).await;
        assert!(set.location().starts_with("/login/second?flow="), "{}", set.location());
        browser.follow(&set).await;
        let code = super::second_factor_account::code_of(&world, &secret);
        assert_eq!(browser.submit("/login/second", &[("code", &code)]).await.location(), "/account");
        let now = world.read(ADA).await.unwrap();
        assert!(now.email_is_verified() && now.phone_number.is_some(), "{database:?}");
        assert_eq!(factors_of(&world, &now).await, 1);
        let told = world.mails_to(ADA).await;
        assert!(told.iter().any(|mail| mail.subject.contains("password was changed") && mail.link.starts_with("/wasnt-me?")));
    }
}

/// The account was nobody's when the message went out, and is somebody's when the password is chosen.
#[tokio::test]
async fn what_has_been_shown_meanwhile_counts() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        for (number, show) in ["number", "app"].into_iter().enumerate() {
            let email = format!("ada{number}@a.example");
            let user = world.user(json!({"email": email, "password": PASSWORD})).await;
            let mut thief = asked_for_reset(&world, &email).await;
            let code = world.mail_to(&email).await.code;
            let proved = thief.submit("/reset/code", &[("code", &code)]).await;
            thief.follow(&proved).await;
            if show == "app" {
                give_factor(&world, &user, FactorKind::Totp).await;
            } else {
                let mut tx = world.store().await.write().await.unwrap();
                let phone = Some(PHONE.parse().unwrap());
                let changed = User {
                    phone_number: phone,
                    phone_number_verified_at: Some(world.app.now()),
                    updated_at: Timestamp::from_millis(user.updated_at.millis() + 1),
                    ..user.clone()
                };
                assert!(vestibule::store::users::update(&mut tx, &changed, user.updated_at).await.unwrap());
                tx.commit().await.unwrap();
            }
            assert_eq!(thief.submit("/reset/new", &[("password", NEW)]).await.status, 410, "{show} {database:?}");
            assert!(!is_signed_in(&mut thief).await);
            assert_eq!(world.browser().sign_in(&email, NEW).await.status, 422);
            let now = world.read(&email).await.unwrap();
            assert!(!now.email_is_verified() && now.password_hash == user.password_hash);
        }
    }
}

/// An app that is added while the password is being chosen is not left in the account of the address's owner.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_factor_is_slipped_in_beside_a_reset() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, UNPROVED).await else { continue };
        for number in 0..10 {
            let email = format!("ada{number}@a.example");
            let mut stranger = world.browser();
            stranger.post("/signup", &[("email", &email), ("password", PASSWORD)]).await;
            let page = begin(&mut stranger).await;
            let code = shown_code(&world, &page);
            let mut ada = asked_for_reset(&world, &email).await;
            let sent = world.mails_to(&email).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code;
            let proved = ada.submit("/reset/code", &[("code", &sent)]).await;
            ada.follow(&proved).await;
            let (mut owner, mut intruder) = (ada.clone(), stranger.clone());
            let reset = tokio::spawn(async move { owner.submit("/reset/new", &[("password", NEW)]).await.location().to_owned() });
            let added = tokio::spawn(async move { intruder.submit("/account/security/totp", &[("code", &code)]).await.status });
            let (reset, _) = (reset.await.unwrap(), added.await.unwrap());
            let user = world.read(&email).await.unwrap();
            let left = factors_of(&world, &user).await;
            assert!(left == 0 || reset != "/account", "{database:?}: signed in beside {left} factors of somebody else");
            assert!(reset == "/account" || !user.email_is_verified(), "{database:?}: {reset}");
        }
    }
}

/// Where nobody has shown whose the account is, it goes to whoever proves the contact, with nothing that leads anybody else back in.
#[tokio::test]
async fn an_account_of_nobody_keeps_nothing_that_leads_in() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, UNPROVED).await else { continue };
        let mut stranger = world.browser();
        stranger.post("/signup", &[("email", ADA), ("password", "crooked ladder 1933")]).await;
        let user = world.read(ADA).await.unwrap();
        add(&world, &mut stranger, "Theirs").await;
        // Removed: it could be brought back for three days.
        let id = factors::of_user(&mut world.store().await.read().await.unwrap(), &user.id).await.unwrap()[0].id.clone();
        let removed = stranger.post("/account/security/factor/remove", &[("factor", id.as_str())]).await;
        let mut tx = world.store().await.write().await.unwrap();
        if factors_of(&world, &user).await > 0 {
            factors::remove(&mut tx, &user.id, &id, world.app.now() + std::time::Duration::from_secs(3600))
                .await
                .unwrap()
                .or_overtaken()
                .unwrap();
        }
        recovery::replace_all(&mut tx, &user.id, &[vec![7; 32]], world.app.now()).await.unwrap();
        tx.commit().await.unwrap();
        let client = super::account::shop(&world).await;
        super::account::let_in(&world, &mut stranger, &client, "openid").await;
        let (mut ada, set) = reset(&world, ADA).await;
        assert_eq!(set.location(), "/account", "{database:?} {} {}", removed.status, set.text());
        assert!(is_signed_in(&mut ada).await && !is_signed_in(&mut stranger).await);
        let mut tx = world.store().await.read().await.unwrap();
        assert!(consents::of_user(&mut tx, &user.id).await.unwrap().is_empty());
        let kept = vestibule::store::enrolled::of(&mut tx, &user).await.unwrap();
        assert_eq!((kept.factors.len(), kept.recovery_codes), (0, 0));
        drop(tx);
        // "This was not me" brings nothing of it back either.
        let alarm = world.mails_to(ADA).await.into_iter().find(|mail| mail.link.starts_with("/wasnt-me?")).unwrap();
        world.browser().post("/wasnt-me", &[("token", alarm.token()), ("confirm", "true")]).await;
        assert_eq!(factors_of(&world, &user).await, 0, "{database:?}");
    }
}

/// A stranger has claimed the address and secured the account. Its owner signs up: they have an account of their own, and the stranger's
/// keeps everything but the address.
#[tokio::test]
async fn the_owner_of_an_address_signs_up_beside_whoever_claimed_it() {
    for database in Database::BOTH {
        for settings in ["", UNPROVED] {
            let Some(world) = World::on(database, settings).await else { continue };
            let stranger = world
                .user(json!({"email": ADA, "phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD, "username": "stranger"}))
                .await;
            let mut ada = world.sign_up(ADA, NEW).await;
            assert!(is_signed_in(&mut ada).await, "{database:?} {settings}");
            let now = world.read(ADA).await.unwrap();
            assert!(now.id != stranger.id && now.email_is_verified() && now.phone_number.is_none());
            let left = world.read(stranger.id.as_str()).await.unwrap();
            assert!(left.email.is_none() && left.phone_number.is_some() && left.password_hash == stranger.password_hash);
            let told = world.sms_to(PHONE).await.body;
            assert!(told.contains("was removed") && told.contains("/wasnt-me?token="), "{told}");
            assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
            world.sign_in("stranger", PASSWORD).await;
        }
    }
}

/// The account from which the address goes had no other name: it gets one, with which its owner signs in as before. The operator sees it.
#[tokio::test]
async fn who_loses_the_only_name_gets_another() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let holder = world.user(json!({"email": ADA, "password": PASSWORD})).await;
        give_factor(&world, &holder, FactorKind::Totp).await;
        let mut ada = world.sign_up(ADA, NEW).await;
        assert!(is_signed_in(&mut ada).await, "{database:?}");
        let left = world.read(holder.id.as_str()).await.unwrap();
        let name = left.username.as_ref().unwrap().as_str().to_owned();
        let chance = name.strip_prefix("user-").unwrap();
        assert!(left.email.is_none() && !holder.id.as_str().contains(chance), "{name}");
        assert_eq!((&left.password_hash, factors_of(&world, &left).await), (&holder.password_hash, 1));
        // It can be typed, and is kept as it would be if it had been chosen.
        let chosen = vestibule::engine::address::Username::parse(&name).unwrap();
        assert_eq!((chosen.as_str(), chosen.key()), (name.as_str(), name.as_str()));
        let answer = world.browser().sign_in(&name.to_uppercase(), PASSWORD).await;
        assert!(answer.location().starts_with("/login/second?flow="), "{database:?} {} {}", answer.status, answer.text());
        assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422);
        let mut tx = world.store().await.read().await.unwrap();
        let entries = vestibule::store::events::of_user(&mut tx, &holder.id, 50).await.unwrap();
        drop(tx);
        assert_eq!(entries.iter().filter(|entry| entry.detail.contains("it got a user name")).count(), 1, "{database:?}");
        // Where a name is left, none is invented.
        assert!(world.read(ADA).await.unwrap().username.is_none());
    }
}

/// The same for somebody who has an account and makes the address theirs; and not for an account that is nobody's, which a reset is for, nor
/// for one that an operator has shut.
#[tokio::test]
async fn a_change_of_address_takes_it_from_whoever_claimed_it() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        for (number, (account, shut, given)) in [
            (json!({"phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD}), false, true),
            (json!({"phone_number": "+436601234568", "phone_number_verified": true, "password": PASSWORD}), true, false),
            (json!({"password": PASSWORD}), false, false),
        ]
        .into_iter()
        .enumerate()
        {
            let (mine, wanted) = (format!("me{number}@a.example"), format!("wanted{number}@a.example"));
            let mut account = account;
            account["email"] = json!(wanted);
            let stranger = world.user(account).await;
            if shut {
                vestibule::actions::users::disable(&world.app, stranger.id.as_str()).await.unwrap();
            }
            world.person(&mine).await;
            let mut me = world.sign_in(&mine, PASSWORD).await;
            me.get("/account/email").await;
            let sent = me.submit("/account/email", &[("email", &wanted)]).await;
            me.follow(&sent).await;
            let code = world.mails_to(&wanted).await.into_iter().find(|mail| !mail.code.is_empty()).map(|mail| mail.code);
            assert_eq!(code.is_some(), given, "{number} {database:?}");
            if let Some(code) = code {
                let done = me.submit("/account/email/confirm", &[("code", &code)]).await;
                assert_eq!(done.location(), "/account/email?notice=email-changed", "{}", done.text());
                assert_ne!(world.read(&wanted).await.unwrap().id, stranger.id);
            } else {
                assert_eq!(world.read(&wanted).await.unwrap().id, stranger.id);
            }
        }
    }
}

/// Two contacts that nobody proved: a reset by one tells the reader of the other.
#[tokio::test]
async fn the_other_unproved_contact_hears_of_a_reset() {
    let world = World::new().await;
    world.user(json!({"email": ADA, "phone_number": PHONE, "password": PASSWORD})).await;
    let (_, set) = reset(&world, PHONE).await;
    // The address is the account's first contact: it is still to be proved.
    assert!(set.location().starts_with("/verify?flow=") || set.location() == "/account", "{}", set.location());
    let told = world.mails_to(ADA).await.into_iter().find(|mail| mail.subject.contains("password was changed")).unwrap();
    assert!(told.link.is_empty(), "{}", told.link);
    assert_eq!(world.read(ADA).await.unwrap().phone_number.map(|phone| phone.to_string()).as_deref(), Some(PHONE));
}

/// Asks for a mail to sign in with, and opens the page for its code.
async fn by_mail(world: &World, email: &str) -> Browser {
    let mut browser = world.browser();
    browser.get("/login").await;
    let sent = browser.post("/login/code", &[("identifier", email), ("way", "mail")]).await;
    assert!(sent.location().starts_with("/login/code?flow="), "{} {}", sent.location(), sent.text());
    browser.follow(&sent).await;
    browser
}

/// Who was added without `email_verified` gets the mail that the page speaks of, and it proves the address.
#[tokio::test]
async fn who_was_invited_signs_in_by_mail() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.user(json!({"email": ADA, "name": "Ada"})).await;
        let mut ada = by_mail(&world, ADA).await;
        let code = world.mail_to(ADA).await.code;
        assert_eq!(ada.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut ada).await && world.read(ADA).await.unwrap().email_is_verified(), "{database:?}");
    }
}

/// Whoever made the account, with a password of theirs, is out as soon as the reader of the address comes; where somebody has shown that it is theirs,
/// no mail goes.
#[tokio::test]
async fn a_mail_to_sign_in_with_takes_over_nothing_and_leaves_nobody_in() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, UNPROVED).await else { continue };
        let mut thief = world.browser();
        thief.get("/signup").await;
        thief.submit("/signup", &[("email", ADA), ("password", PASSWORD)]).await;
        assert!(is_signed_in(&mut thief).await, "{database:?}");
        let mut ada = by_mail(&world, ADA).await;
        let code = world.mails_to(ADA).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code;
        assert_eq!(ada.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut ada).await && !is_signed_in(&mut thief).await, "{database:?}");
        assert_eq!(world.browser().sign_in(ADA, PASSWORD).await.status, 422, "{database:?}");
        let told = world.mails_to(ADA).await.into_iter().any(|mail| mail.subject.contains("password was changed"));
        assert!(told, "{database:?}");
        world.user(json!({"email": "bob@a.example", "phone_number": PHONE, "phone_number_verified": true})).await;
        by_mail(&world, "bob@a.example").await;
        assert_eq!(messages_to(&world, "bob@a.example").await, 0, "{database:?}: the dummy flow");
    }
}
