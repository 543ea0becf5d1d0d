//! Somebody can administer, always.

use serde_json::json;
use vestibule::actions::users::{self, Changes, Refused};

use super::is_signed_in;
use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const BOB: &str = "bob@a.example";
const COMMAND: &str = "vestibule user update NAME --admin";

fn changes(json: &serde_json::Value) -> Changes {
    Changes::from_json(json.as_object().unwrap()).unwrap()
}

async fn administrator(world: &World, email: &str) {
    world.user(json!({"email": email, "email_verified": true, "password": PASSWORD, "is_admin": true})).await;
}

async fn deletes_itself(browser: &mut Browser) -> crate::world::Answer {
    browser.get("/account/delete").await;
    browser.post("/account/delete", &[("confirm", "true")]).await
}

#[tokio::test]
async fn the_last_one_is_not_deleted_shut_or_demoted() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        administrator(&world, ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        // One who is shut out cannot administer, and a person is no administrator.
        administrator(&world, "shut@a.example").await;
        users::disable(&world.app, "shut@a.example").await.unwrap();
        world.person(BOB).await;
        let page = ada.get("/account/delete").await;
        assert!(
            page.status == 200
                && page.text().contains(COMMAND)
                && page.forms().iter().all(|form| form.action != "/account/delete")
        );
        let refused = deletes_itself(&mut ada).await;
        assert!(refused.status == 409 && refused.text().contains(COMMAND), "{}", refused.text());
        for outcome in [
            users::delete(&world.app, ADA).await,
            users::disable(&world.app, ADA).await,
            users::update(&world.app, ADA, &changes(&json!({"is_admin": false}))).await,
            users::update(&world.app, ADA, &changes(&json!({"is_admin": null, "name": "x"}))).await,
        ] {
            let refused = outcome.unwrap_err();
            assert!(matches!(refused, Refused::LastAdministrator) && refused.to_string().contains(COMMAND), "{refused}");
            assert_eq!(refused.code(), "last_administrator");
        }
        let now = world.read(ADA).await.unwrap();
        assert!(now.is_active_administrator() && now.profile.name.is_none() && is_signed_in(&mut ada).await, "{database:?}");
        // Everything else goes on.
        users::update(&world.app, ADA, &changes(&json!({"name": "Ada", "is_admin": true}))).await.unwrap();
        users::delete(&world.app, "shut@a.example").await.unwrap();
        // With another one, they go.
        users::update(&world.app, BOB, &changes(&json!({"is_admin": true}))).await.unwrap();
        assert!(!ada.get("/account/delete").await.text().contains(COMMAND));
        assert_eq!(deletes_itself(&mut ada).await.status, 200);
        assert!(world.read(ADA).await.is_none());
        assert!(matches!(users::disable(&world.app, BOB).await, Err(Refused::LastAdministrator)));
    }
}

/// Whoever has no way in is no help: a password needs a name, and an unproved address without one leads nowhere.
#[tokio::test]
async fn only_who_can_sign_in_counts_as_another_one() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[sign_in]\nways = [\"password\", \"passkey\"]").await else { continue };
        administrator(&world, ADA).await;
        let mut ada = world.sign_in(ADA, PASSWORD).await;
        let unproved = world.user(json!({"email": "no-way@a.example", "is_admin": true})).await;
        let nameless = world.user(json!({"email": "nameless@a.example", "password": PASSWORD, "is_admin": true})).await;
        let mut tx = world.store().await.write().await.unwrap();
        let now = vestibule::time::Timestamp::from_millis(nameless.updated_at.millis() + 1);
        let blank = vestibule::engine::user::User { email: None, updated_at: now, ..nameless.clone() };
        vestibule::store::users::update(&mut tx, &blank, nameless.updated_at).await.unwrap().or_overtaken().unwrap();
        tx.commit().await.unwrap();
        // More than are read at a time.
        for number in 0..25 {
            world.user(json!({"username": format!("empty{number}"), "is_admin": true})).await;
        }
        assert!(ada.get("/account/delete").await.text().contains(COMMAND), "{database:?}");
        assert_eq!(deletes_itself(&mut ada).await.status, 409);
        assert!(matches!(users::disable(&world.app, ADA).await, Err(Refused::LastAdministrator)), "{database:?}");
        // Each of these makes one that counts, and is taken back.
        let id = unproved.id.as_str();
        for (way, back) in [
            (json!({"password": PASSWORD}), json!({"password": null})),
            (json!({"email_verified": true}), json!({"email_verified": false})),
        ] {
            users::update(&world.app, id, &changes(&way)).await.unwrap();
            assert!(!ada.get("/account/delete").await.text().contains(COMMAND), "{database:?} {way}");
            users::update(&world.app, id, &changes(&back)).await.unwrap();
            assert!(ada.get("/account/delete").await.text().contains(COMMAND), "{database:?} {back}");
        }
        let (_, _authenticator) = super::passkeys::with_passkey(&world, "key@a.example").await;
        users::update(
            &world.app,
            "key@a.example",
            &changes(&json!({"is_admin": true, "password": null, "email_verified": false})),
        )
        .await
        .unwrap();
        assert_eq!(deletes_itself(&mut ada).await.status, 200, "{database:?}");
    }
}

/// Ten administrators go at once, each in a way of its own: one is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_who_go_at_once_is_left() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        // They do not count, and nobody goes because of them.
        for number in 0..3 {
            world.user(json!({"username": format!("empty{number}"), "is_admin": true})).await;
        }
        for round in 0..3 {
            let mut sessions = Vec::new();
            for number in 0..10 {
                let email = format!("admin{round}{number}@a.example");
                administrator(&world, &email).await;
                sessions.push((email.clone(), world.sign_in(&email, PASSWORD).await));
            }
            if round > 0 {
                // Whoever was left of the round before.
                let (left, _) = left(&world, round - 1).await;
                users::delete(&world.app, &left).await.unwrap();
            }
            let mut tries = tokio::task::JoinSet::new();
            for (number, (email, mut browser)) in sessions.into_iter().enumerate() {
                let app = world.app.clone();
                tries.spawn(async move {
                    match number % 4 {
                        0 => browser.post("/account/delete", &[("confirm", "true")]).await.status == 200,
                        1 => users::delete(&app, &email).await.is_ok(),
                        2 => users::disable(&app, &email).await.is_ok(),
                        _ => users::update(&app, &email, &changes(&json!({"is_admin": false}))).await.is_ok(),
                    }
                });
            }
            let gone = tries.join_all().await.into_iter().filter(|done| *done).count();
            let (_, count) = left(&world, round).await;
            assert_eq!((gone, count), (9, 1), "{database:?} {round}");
        }
    }
}

async fn left(world: &World, round: usize) -> (String, usize) {
    let mut found = Vec::new();
    for number in 0..10 {
        let email = format!("admin{round}{number}@a.example");
        if world.read(&email).await.is_some_and(|user| user.is_active_administrator()) {
            found.push(email);
        }
    }
    (found.first().cloned().unwrap_or_default(), found.len())
}

/// Two who remove each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_remove_each_other_leave_one() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        for _ in 0..10 {
            for email in [ADA, BOB] {
                match world.read(email).await {
                    Some(_) => drop(users::update(&world.app, email, &changes(&json!({"is_admin": true}))).await.unwrap()),
                    None => administrator(&world, email).await,
                }
            }
            let (one, two) = (world.app.clone(), world.app.clone());
            let one = tokio::spawn(async move { users::delete(&one, BOB).await.is_ok() });
            let two = tokio::spawn(async move { users::delete(&two, ADA).await.is_ok() });
            let gone = usize::from(one.await.unwrap()) + usize::from(two.await.unwrap());
            assert_eq!(gone, 1, "{database:?}");
        }
    }
}
