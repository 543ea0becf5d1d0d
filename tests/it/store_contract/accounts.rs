//! `users`.

use std::time::Duration;

use vestibule::engine::address::{Email, Identifier, Username};
use vestibule::engine::user::{User, UserState};
use vestibule::ids::UserId;
use vestibule::store::{StoreError, users};

use super::{NOW, benches, later};

fn same(a: &User, b: &User) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

#[tokio::test]
async fn everything_is_read_back_as_written() {
    for bench in benches().await {
        let mut user = bench.blank(Some("Ana.Kovac@Mäil.Example"));
        user.username = Some(Username::parse("Ana_K").unwrap());
        user.email_verified_at = Some(later(1));
        user.phone_number = "+4312345678".parse().ok();
        user.phone_number_verified_at = Some(later(2));
        user.password_hash = Some("$argon2id$…".to_owned());
        user.password_changed_at = Some(later(3));
        user.state = UserState::Disabled;
        user.is_admin = true;
        user.last_login_at = Some(later(4));
        for (name, value) in [("name", "Ana 😀 \"K\" \\ ' $1 ?"), ("bio", "two\nlines\u{202e}"), ("address.country", "AT")] {
            user.profile.set(name, value);
        }
        let mut tx = bench.write().await;
        users::insert(&mut tx, &user).await.unwrap();
        assert!(same(&users::by_id(&mut tx, &user.id).await.unwrap().unwrap(), &user), "{:?}: inside", bench.database);
        tx.commit().await.unwrap();
        let mut tx = bench.read().await;
        assert!(same(&users::by_id(&mut tx, &user.id).await.unwrap().unwrap(), &user));
        for name in ["ana.kovac@MÄIL.example", "ANA_k"] {
            let found = users::by_identifier(&mut tx, &Identifier::parse(name, None)).await.unwrap();
            assert!(same(&found.unwrap(), &user), "{:?}: {name}", bench.database);
        }
        for name in ["ana@mail.example", "ana", "", "%", "_"] {
            assert!(users::by_identifier(&mut tx, &Identifier::parse(name, None)).await.unwrap().is_none(), "{name}");
        }
        assert!(users::by_id(&mut tx, &UserId::new(NOW, &bench.random)).await.unwrap().is_none());
        assert!(!users::has_admin(&mut tx).await.unwrap(), "who is shut administers nothing");
        drop(tx);
        let mut tx = bench.write().await;
        let active = User { state: UserState::Active, ..user.clone() };
        users::update(&mut tx, &active, user.updated_at).await.unwrap().or_overtaken().unwrap();
        assert!(users::has_admin(&mut tx).await.unwrap());
    }
}

#[tokio::test]
async fn a_taken_address_name_or_number_is_said_and_writes_nothing() {
    for bench in benches().await {
        let mut first = bench.blank(Some("ana@a.example"));
        first.username = Some(Username::parse("ana").unwrap());
        first.phone_number = "+4312345678".parse().ok();
        let mut tx = bench.write().await;
        users::insert(&mut tx, &first).await.unwrap();
        tx.commit().await.unwrap();

        let mut twins = [bench.blank(Some("ANA@A.example")), bench.blank(None), bench.blank(None), first.clone()];
        twins[1].username = Some(Username::parse("ANA").unwrap());
        twins[2].phone_number = first.phone_number.clone();
        for twin in twins {
            let mut tx = bench.write().await;
            assert!(matches!(users::insert(&mut tx, &twin).await, Err(StoreError::Taken)), "{:?}: {twin:?}", bench.database);
            drop(tx);
        }
        // By an update too; and two accounts without any of them are no twins.
        let other = bench.user("bob@a.example").await;
        bench.user("eve@a.example").await;
        let mut tx = bench.write().await;
        let thief = User { email: first.email.clone(), updated_at: later(1), ..other.clone() };
        assert!(matches!(users::update(&mut tx, &thief, NOW).await, Err(StoreError::Taken)));
        drop(tx);
        let mut tx = bench.read().await;
        assert_eq!(users::list(&mut tx, None, 10).await.unwrap().len(), 3);
        assert!(same(&users::by_id(&mut tx, &other.id).await.unwrap().unwrap(), &other));
    }
}

#[tokio::test]
async fn an_update_is_refused_if_somebody_was_faster() {
    for bench in benches().await {
        let read = bench.user("ana@a.example").await;
        let mut changed = User { is_admin: true, updated_at: later(1), ..read.clone() };
        changed.profile.set("name", "Ana");
        let mut tx = bench.write().await;
        assert!(users::update(&mut tx, &changed, read.updated_at).await.unwrap());
        assert!(!users::update(&mut tx, &changed, read.updated_at).await.unwrap(), "read before the change");
        tx.commit().await.unwrap();
        let found = users::by_id(&mut bench.read().await, &read.id).await.unwrap().unwrap();
        assert!(same(&found, &changed), "{:?}", bench.database);
        let mut tx = bench.write().await;
        let unknown = User { id: UserId::new(NOW, &bench.random), email: None, ..read };
        assert!(!users::update(&mut tx, &unknown, NOW).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_updates_from_the_same_reading_one_wins() {
    for bench in benches().await {
        let read = bench.user("ana@a.example").await;
        let changed = User { updated_at: later(1), ..read };
        let winners = bench.race(move |tx| {
            let changed = changed.clone();
            Box::pin(async move { users::update(tx, &changed, NOW).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_sign_ups_for_an_address_one_wins() {
    for bench in benches().await {
        let random = bench.random.clone();
        let blank = bench.blank(Some("ana@a.example"));
        let winners = bench.race(move |tx| {
            let user = User { id: UserId::new(NOW, &random), ..blank.clone() };
            Box::pin(async move {
                match users::insert(tx, &user).await {
                    Ok(()) => Ok(true),
                    Err(StoreError::Taken) => Ok(false),
                    Err(other) => Err(other),
                }
            })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
        assert_eq!(users::list(&mut bench.read().await, None, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn pages_of_accounts_come_oldest_first() {
    for bench in benches().await {
        let mut ids = Vec::new();
        for number in 0..5_u64 {
            let id = UserId::new(NOW + Duration::from_millis(number), &bench.random);
            let user = User { id: id.clone(), ..bench.blank(Some(&format!("u{number}@a.example"))) };
            let mut tx = bench.write().await;
            users::insert(&mut tx, &user).await.unwrap();
            tx.commit().await.unwrap();
            ids.push(id);
        }
        let mut tx = bench.read().await;
        let mut seen = Vec::new();
        loop {
            let page = users::list(&mut tx, seen.last(), 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            seen.extend(page.into_iter().map(|user| user.id));
        }
        assert_eq!(seen, ids, "{:?}", bench.database);
    }
}

#[tokio::test]
async fn sign_ins_and_rehashes_are_no_change_of_the_account() {
    for bench in benches().await {
        let mut user = bench.blank(Some("ana@a.example"));
        user.password_hash = Some("old".to_owned());
        let mut tx = bench.write().await;
        users::insert(&mut tx, &user).await.unwrap();
        assert!(users::signed_in(&mut tx, &user, later(5)).await.unwrap());
        assert!(users::hold(&mut tx, &user).await.unwrap());
        users::rehashed(&mut tx, &user.id, "another", "stolen").await.unwrap();
        users::rehashed(&mut tx, &user.id, "old", "new").await.unwrap();
        tx.commit().await.unwrap();
        let found = users::by_email(&mut bench.read().await, &Email::parse("ana@a.example").unwrap()).await.unwrap().unwrap();
        assert_eq!(found.last_login_at, Some(later(5)));
        assert_eq!(found.password_hash.as_deref(), Some("new"), "{:?}", bench.database);
        assert_eq!(found.updated_at, NOW);
    }
}
