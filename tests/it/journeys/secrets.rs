//! Master keys: what one is good for by itself (nothing), and what becomes of everything when they change.

use data_encoding::BASE64URL_NOPAD;
use vestibule::actions::{keys, secrets};

use super::second_factor::{add_app, app_code};
use super::second_factor_account::{begin, codes};
use super::{asked_for_reset, wrong};
use crate::world::{Database, PASSWORD, Place, World, master_keys};

const ADA: &str = "ada@a.example";
const OLD: &str = "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const NEW: &str = "v2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

/// Every MAC that the keyring has ever made of an id alone, and some that it has not.
fn forged(id: &str) -> Vec<String> {
    let keyring = master_keys();
    let mut forged = Vec::new();
    for purpose in ["link", "connect link", "number", "code", "on", "provider state"] {
        for kind in ["reset", "alarm", "verify", "sign_up", "sign_in_code", "change_email"] {
            for mac in [keyring.mac(purpose, &[id.as_bytes(), kind.as_bytes()]), keyring.mac(purpose, &[id.as_bytes()])] {
                for length in [16, 32] {
                    forged.push(format!("{id}.{}", BASE64URL_NOPAD.encode(&mac[..length])));
                }
            }
        }
    }
    forged.push(format!("{id}."));
    forged.push(id.to_owned());
    forged
}

#[tokio::test]
async fn a_link_has_random_bits_of_its_own_and_a_master_key_makes_none() {
    let world = World::new().await;
    world.person(ADA).await;
    asked_for_reset(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    let (id, secret) = mail.token().split_once('.').unwrap();
    assert_eq!(BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap().len(), 16);
    // The alarm of a notice is as much of a link.
    let mut browser = world.browser();
    browser.get(&mail.link).await;
    let proved = browser.submit("/reset/link", &[]).await;
    browser.follow(&proved).await;
    let mut other = asked_for_reset(&world, ADA).await;
    let second = world.mail_to(ADA).await;
    let (other_id, other_secret) = second.token().split_once('.').unwrap();
    assert_ne!(secret, other_secret);
    assert_eq!(
        world.browser().get(&format!("/reset/link?token={id}.{other_secret}")).await.status,
        410,
        "a secret is one flow's"
    );
    for token in forged(other_id) {
        assert_eq!(other.get(&format!("/reset/link?token={token}")).await.status, 410, "{token}");
        assert_eq!(other.post("/reset/link", &[("token", &token)]).await.status, 410, "{token}");
    }
    assert_eq!(other.get(&second.link).await.status, 200);
    browser.submit("/reset/new", &[("password", "another wooden spoon")]).await;
    let notice = world.mail_to(ADA).await;
    let (id, secret) = notice.token().split_once('.').unwrap();
    assert_eq!(BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap().len(), 16);
    for token in forged(id) {
        assert_ne!(world.browser().get(&format!("/wasnt-me?token={token}")).await.status, 200, "{token}");
    }
    assert_eq!(world.browser().get(&notice.link).await.status, 200);
}

#[tokio::test]
async fn of_links_sent_again_the_newest_and_the_one_before_work() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let mut browser = asked_for_reset(&world, ADA).await;
        for wait in [31, 61] {
            world.advance(wait);
            let again = browser.submit("/reset/resend", &[]).await;
            browser.follow(&again).await;
        }
        let mails = world.mails_to(ADA).await;
        assert_eq!(mails.len(), 3, "{database:?}");
        assert_eq!(world.browser().get(&mails[0].link).await.status, 200);
        assert_eq!(world.browser().get(&mails[1].link).await.status, 200, "mails overtake each other");
        assert_eq!(world.browser().get(&mails[2].link).await.status, 410);
    }
}

#[tokio::test]
async fn keys_may_stand_in_any_order_while_they_are_changed() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let before = World::with_keys(place.clone(), &[OLD, NEW]).await;
        let after = World::with_keys(place, &[NEW, OLD]).await;
        before.person(ADA).await;
        let later = || [&before, &after].into_iter().for_each(|world| world.advance(1));
        for (one, other) in [(&before, &after), (&after, &before)] {
            later();
            let mut browser = asked_for_reset(one, ADA).await.at_node(other.router.clone());
            let mail = one.mail_to(ADA).await;
            assert_eq!(browser.get(&mail.link).await.status, 200, "{database:?}");
            // Mails of one instant have no order.
            later();
            let mut browser = asked_for_reset(one, ADA).await.at_node(other.router.clone());
            let code = one.mail_to(ADA).await.code;
            assert_eq!(browser.submit("/reset/code", &[("code", &wrong(&code))]).await.status, 422);
            let proved = browser.submit("/reset/code", &[("code", &code)]).await;
            assert!(proved.location().starts_with("/reset/new?flow="), "{database:?}: {}", proved.text());
            let mut ada = one.sign_in(ADA, PASSWORD).await;
            let page = begin(&mut ada).await;
            let mut ada = ada.at_node(other.router.clone());
            let url = format!("/account/security/totp?flow={}", page.value("flow").unwrap());
            assert_eq!(ada.get(&url).await.shown("#secret"), page.shown("#secret"));
        }
    }
}

/// Everything that is sealed is made under the old key; after the change the new one alone opens it all.
#[tokio::test]
async fn resealing_lets_the_old_key_go() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let old = World::with_keys(place.clone(), &[OLD]).await;
        old.person(ADA).await;
        old.keys().await;
        let mut ada = old.sign_in(ADA, PASSWORD).await;
        let secret = add_app(&old, &mut ada).await;
        let codes = codes(&mut ada).await;
        assert_eq!(codes.len(), 10);

        let both = World::with_keys(place.clone(), &[NEW, OLD]).await;
        keys::load(&both.app).await.unwrap();
        let report = secrets::reseal(&both.app).await.unwrap();
        let counts: Vec<(&str, u64, i64)> =
            report.columns.iter().map(|column| (column.table, column.resealed, column.left)).collect();
        let expected = [("signing_keys", 3, 0), ("factors", 1, 0), ("recovery_codes", 10, 0), ("external_identities", 0, 0)];
        assert_eq!(counts, expected, "{database:?}");
        assert_eq!((report.newest, report.older.clone(), report.left()), (2, vec![1], 0));
        let again = secrets::reseal(&both.app).await.unwrap();
        assert!(again.columns.iter().all(|column| column.resealed == 0 && column.left == 0));

        let new = World::with_keys(place.clone(), &[NEW]).await;
        keys::load(&new.app).await.unwrap();
        let mut browser = new.browser();
        let second = browser.sign_in(ADA, PASSWORD).await;
        let page = browser.follow(&second).await;
        browser.get(&format!("/login/second?flow={}&with=recovery_code", page.value("flow").unwrap())).await;
        assert_eq!(browser.submit("/login/second", &[("code", &codes[7])]).await.location(), "/login/recovered", "{database:?}");
        let mut browser = new.browser();
        let second = browser.sign_in(ADA, PASSWORD).await;
        browser.follow(&second).await;
        new.advance(60);
        assert_eq!(browser.submit("/login/second", &[("code", &app_code(&new, &secret))]).await.location(), "/account");

        // A key that is missing is said, and nothing is lost.
        let lone = World::with_keys(place, &["v3:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"]).await;
        let report = secrets::reseal(&lone.app).await.unwrap();
        assert_eq!(report.left(), 14);
        assert!(keys::load(&lone.app).await.is_err());
        keys::load(&new.app).await.unwrap();
    }
}
