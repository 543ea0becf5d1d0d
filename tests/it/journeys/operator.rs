//! What the operator changes about an account, and who hears of it.

use serde_json::{Value, json};
use vestibule::actions::users::{self, Changes};
use vestibule::engine::user::User;

use super::{asked_for_reset, is_signed_in};
use crate::world::{Database, PASSWORD, World};

const OLD: &str = "ada@old.example";
const NEW: &str = "ada@new.example";
const PHONE: &str = "+436601234567";

async fn update(world: &World, name: &str, json: Value) -> User {
    users::update(&world.app, name, &Changes::from_json(json.as_object().unwrap()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn an_address_counts_as_proved_only_if_they_say_so_and_both_readers_hear_of_it() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(OLD).await;
        let changed = update(&world, OLD, json!({"email": NEW})).await;
        assert!(!changed.email_is_verified(), "{database:?}");
        let (old, new) = (world.mail_to(OLD).await, world.mail_to(NEW).await);
        for mail in [&old, &new] {
            assert_eq!(mail.subject, "Your email address was changed", "{database:?}");
            assert!(mail.link.is_empty(), "nobody takes back what the operator decided");
            assert!(mail.text.contains("Whoever runs Vestibule did this."), "{}", mail.text);
            assert!(mail.text.contains(NEW), "{}", mail.text);
        }
        assert!(old.text.contains(OLD) && !new.text.contains(OLD), "mistyped, it is a stranger's");
        // Said so, and said of an address that stays.
        assert!(update(&world, NEW, json!({"email": OLD, "email_verified": true})).await.email_is_verified());
        assert!(update(&world, OLD, json!({"email": OLD.to_uppercase()})).await.email_is_verified(), "the same");
        assert_eq!(world.mails_to(OLD).await.len(), 2, "another spelling is no change");
        // Removed: the one who had it hears of it.
        update(&world, OLD, json!({"email": null, "phone_number": PHONE})).await;
        // The newest, in whichever spelling.
        let told = world.mails().await.into_iter().find(|mail| mail.to.eq_ignore_ascii_case(OLD)).unwrap();
        assert!(told.subject == "An address or number was removed" && told.link.is_empty(), "{}", told.subject);
        assert!(world.sms_to(PHONE).await.body.contains("Your phone number was changed"));
    }
}

/// A reset by the new address: as by any that nobody proved.
#[tokio::test]
async fn a_reset_by_the_new_address_begins_only_where_nothing_else_shows_whose_it_is() {
    let world = World::new().await;
    let user = world.person(OLD).await;
    let mut ada = world.sign_in(OLD, PASSWORD).await;
    super::second_factor_account::add(&world, &mut ada, "Phone").await;
    update(&world, OLD, json!({"email": NEW})).await;
    asked_for_reset(&world, NEW).await;
    assert!(world.mails_to(NEW).await.iter().all(|mail| mail.code.is_empty()), "there is the app");
    update(&world, NEW, json!({"email_verified": true})).await;
    let mut reader = asked_for_reset(&world, NEW).await;
    let proved = reader.submit("/reset/code", &[("code", &world.mail_to(NEW).await.code)]).await;
    reader.follow(&proved).await;
    let set = reader.submit("/reset/new", &[("password", "another wooden spoon")]).await;
    assert!(set.location().starts_with("/login/second?flow="), "the app is asked for: {}", set.location());
    assert!(!is_signed_in(&mut reader).await);
    assert_eq!(world.read(NEW).await.unwrap().id, user.id);
}

/// Whoever gets an address changed by the operator's hand does not go on to the password unheard: for as long as an own change could be taken
/// back, the old reader is told. Of that alone, without a link, and only if the old address was proved.
#[tokio::test]
async fn who_was_reached_before_hears_of_a_reset_by_the_new_address() {
    for database in Database::BOTH {
        for (proved, hours, verified, told) in
            [(true, 1, true, true), (true, 1, false, true), (true, 24 * 30, true, false), (false, 1, true, false)]
        {
            let Some(world) = World::on(database, "").await else { continue };
            world.user(json!({"email": OLD, "email_verified": proved, "password": PASSWORD})).await;
            update(&world, OLD, json!({"email": "ada@between.example"})).await;
            update(&world, "ada@between.example", json!({"email": NEW, "email_verified": verified})).await;
            world.advance(hours * 3600);
            let mut reader = asked_for_reset(&world, NEW).await;
            let code = world.mails_to(NEW).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap().code;
            let before = world.mails_to(OLD).await.len();
            let code = reader.submit("/reset/code", &[("code", &code)]).await;
            reader.follow(&code).await;
            let set = reader.submit("/reset/new", &[("password", "another wooden spoon")]).await;
            assert_eq!(set.location(), "/account", "{database:?}");
            let mut said = world.mails_to(OLD).await;
            assert_eq!(said.len() - before, usize::from(told), "{database:?} {proved} {hours} {verified}");
            if told {
                let mail = said.remove(0);
                assert!(mail.subject.contains("password was changed") && mail.link.is_empty(), "{} {}", mail.subject, mail.link);
            }
            assert!(world.mails_to("ada@between.example").await.iter().all(|mail| !mail.subject.contains("password")));
            // Of what follows they hear no more.
            let before = world.mails_to(OLD).await.len();
            let mut again = world.sign_in(NEW, "another wooden spoon").await;
            super::second_factor_account::add(&world, &mut again, "Phone").await;
            assert_eq!(world.mails_to(OLD).await.len(), before, "{database:?}");
        }
    }
}

/// A link that an earlier change sent to an older address undoes what its owner did, not what the operator did.
#[tokio::test]
async fn a_link_of_before_does_not_undo_what_the_operator_decided() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.user(json!({"email": OLD, "email_verified": true, "phone_number": PHONE, "phone_number_verified": true, "password": PASSWORD})).await;
        let mut ada = world.sign_in(OLD, PASSWORD).await;
        ada.get("/account/email").await;
        let sent = ada.submit("/account/email", &[("email", "ada@between.example")]).await;
        ada.follow(&sent).await;
        let code = world.mail_to("ada@between.example").await.code;
        ada.submit("/account/email/confirm", &[("code", &code)]).await;
        let alarm = world.mails_to(OLD).await.into_iter().find(|mail| mail.link.starts_with("/wasnt-me?")).unwrap();
        update(&world, "ada@between.example", json!({"email": NEW, "email_verified": true})).await;
        assert_eq!(world.browser().post("/wasnt-me", &[("token", alarm.token()), ("confirm", "true")]).await.status, 410);
        // Nor one that is sent later, to the number: it locks the account, and the address stays.
        let mut again = world.sign_in(NEW, PASSWORD).await;
        super::second_factor_account::add(&world, &mut again, "Phone").await;
        let sms = world.all_sms_to(PHONE).await.into_iter().find(|sms| sms.body.contains("/wasnt-me?token=")).unwrap().body;
        let token = sms.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        assert_eq!(world.browser().post("/wasnt-me", &[("token", &token), ("confirm", "true")]).await.status, 200);
        let now = world.read(NEW).await.unwrap();
        assert!(now.is_locked() && now.email_is_verified(), "{database:?}");
    }
}
