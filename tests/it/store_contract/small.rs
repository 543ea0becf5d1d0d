//! `clients`, `consents`, `signing_keys`, `events`, `facts`.

use serde_json::json;
use vestibule::crypto::jose::Alg;
use vestibule::engine::client::Client;
use vestibule::engine::event::{Actor, Event, Kind, Origin};
use vestibule::engine::key::KeyRecord;
use vestibule::engine::scope::Scopes;
use vestibule::ids::{ClientId, EventId, KeyId};
use vestibule::settings::client_metadata::ClientMetadata;
use vestibule::store::{StoreError, clients, consents, events, facts, keys, removal};

use super::{NOW, benches, earlier, grants, later};

fn client(id: &str) -> Client {
    let metadata: ClientMetadata = serde_json::from_value(json!({
        "client_name": "Café ☕", "redirect_uris": ["https://shop.example/cb"], "scope": "openid email"
    }))
    .unwrap();
    Client { id: id.parse().unwrap(), secret_hash: Some([5; 32]), metadata: metadata.validate().unwrap() }
}

#[tokio::test]
async fn clients_are_registered_changed_and_removed_with_what_people_allowed() {
    for bench in benches().await {
        let shop = client("shop");
        let mut tx = bench.write().await;
        clients::insert(&mut tx, &shop, NOW).await.unwrap();
        let found = clients::by_id(&mut tx, &shop.id).await.unwrap().unwrap();
        assert_eq!(format!("{:?}", found.client), format!("{shop:?}"), "{:?}", bench.database);
        assert_eq!(found.created_at, NOW);
        tx.commit().await.unwrap();
        let mut tx = bench.write().await;
        assert!(matches!(clients::insert(&mut tx, &shop, NOW).await, Err(StoreError::Taken)));
        drop(tx);

        let ana = bench.user("ana@a.example").await;
        grants::insert(&bench, &grants::grant(&bench, &ana, None, "shop", true), 1).await;
        let openid = Scopes::parse("openid").unwrap();
        let mut tx = bench.write().await;
        consents::put(&mut tx, &ana.id, &shop.id, &openid, &Scopes::default(), NOW).await.unwrap();
        let public = Client { secret_hash: None, ..shop.clone() };
        assert!(clients::update(&mut tx, &public, NOW, later(1)).await.unwrap());
        assert!(!clients::update(&mut tx, &shop, NOW, later(2)).await.unwrap(), "it was read before");
        assert!(!clients::update(&mut tx, &client("other"), NOW, later(1)).await.unwrap());
        assert!(!clients::rotate_secret(&mut tx, &shop.id, &[9; 32], later(3)).await.unwrap(), "a public one has none");
        let confidential = Client { secret_hash: Some([8; 32]), ..shop.clone() };
        assert!(clients::update(&mut tx, &confidential, later(1), earlier(9)).await.unwrap());
        let behind = clients::by_id(&mut tx, &shop.id).await.unwrap().unwrap().updated_at;
        assert_eq!(behind.millis(), later(1).millis() + 1, "by a clock that is behind");
        assert!(clients::rotate_secret(&mut tx, &shop.id, &[9; 32], earlier(9)).await.unwrap());
        assert!(!clients::update(&mut tx, &confidential, behind, later(5)).await.unwrap(), "the secret is another by now");
        let found = clients::by_id(&mut tx, &shop.id).await.unwrap().unwrap();
        assert_eq!((found.client.secret_hash, found.updated_at.millis()), (Some([9; 32]), behind.millis() + 1));
        assert!(clients::update(&mut tx, &public, found.updated_at, later(5)).await.unwrap());
        assert_eq!(clients::list(&mut tx, None, 10).await.unwrap().len(), 1);
        assert_eq!(clients::by_id(&mut tx, &shop.id).await.unwrap().unwrap().client.secret_hash, None);
        assert!(removal::remove_client(&mut tx, &shop.id, NOW).await.unwrap().is_done());
        assert!(!removal::remove_client(&mut tx, &shop.id, NOW).await.unwrap().is_done());
        assert!(clients::by_id(&mut tx, &shop.id).await.unwrap().is_none());
        assert!(consents::of_user(&mut tx, &ana.id).await.unwrap().is_empty());
        assert!(grants::by_code(&mut tx, 1).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_yes_is_remembered_and_taken_back_with_its_tokens() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let bob = bench.user("bob@a.example").await;
        let shop: ClientId = "shop".parse().unwrap();
        let (some, more) = (Scopes::parse("openid").unwrap(), Scopes::parse("openid email").unwrap());
        let phone = Scopes::parse("phone").unwrap();
        let mut tx = bench.write().await;
        consents::put(&mut tx, &ana.id, &shop, &some, &Scopes::default(), NOW).await.unwrap();
        consents::put(&mut tx, &ana.id, &shop, &more, &phone, later(5)).await.unwrap();
        consents::put(&mut tx, &bob.id, &shop, &some, &Scopes::default(), NOW).await.unwrap();
        let found = consents::get(&mut tx, &ana.id, &shop).await.unwrap().unwrap();
        assert_eq!((found.scopes, found.declined), (more, phone), "{:?}", bench.database);
        assert_eq!((found.granted_at, found.last_used_at), (NOW, later(5)));
        for (at, expected) in [(later(9), later(9)), (later(7), later(9))] {
            consents::used(&mut tx, &ana.id, &shop, at).await.unwrap();
            let found = consents::get(&mut tx, &ana.id, &shop).await.unwrap().unwrap();
            assert_eq!(found.last_used_at, expected, "{:?}: never back", bench.database);
        }
        tx.commit().await.unwrap();
        grants::insert(&bench, &grants::grant(&bench, &ana, None, "shop", true), 1).await;
        grants::insert(&bench, &grants::grant(&bench, &bob, None, "shop", true), 2).await;
        let mut tx = bench.write().await;
        assert!(consents::revoke(&mut tx, &ana.id, &shop).await.unwrap());
        assert!(!consents::revoke(&mut tx, &ana.id, &shop).await.unwrap());
        assert!(consents::get(&mut tx, &ana.id, &shop).await.unwrap().is_none());
        assert!(grants::by_code(&mut tx, 1).await.unwrap().is_none());
        assert!(grants::by_code(&mut tx, 2).await.unwrap().is_some(), "the other person's stay");
        assert_eq!(consents::of_user(&mut tx, &bob.id).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_are_kept_and_retire_once() {
    for bench in benches().await {
        let record = KeyRecord {
            id: KeyId::new(NOW, &bench.random),
            alg: Alg::Es256,
            created_at: NOW,
            signs_at: later(1),
            retires_at: None,
            removes_at: None,
        };
        let mut tx = bench.write().await;
        keys::lock(&mut tx).await.unwrap();
        keys::insert(&mut tx, &record, &[0, 1, 255]).await.unwrap();
        tx.commit().await.unwrap();
        let found = keys::list(&mut bench.read().await).await.unwrap();
        assert_eq!((found.len(), format!("{:?}", found[0].record)), (1, format!("{record:?}")), "{:?}", bench.database);
        assert_eq!(found[0].sealed, [0, 1, 255]);
        let retiring = KeyRecord { retires_at: Some(later(5)), removes_at: Some(later(9)), ..record.clone() };
        let winners = bench.race(move |tx| {
            let retiring = retiring.clone();
            Box::pin(async move { keys::retire(tx, &retiring).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
        let mut tx = bench.write().await;
        keys::delete(&mut tx, &record.id).await.unwrap();
        assert!(keys::list(&mut tx).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn public_halves_outlive_their_keys() {
    for bench in benches().await {
        let record = |at: u64| KeyRecord {
            id: KeyId::new(later(at), &bench.random),
            alg: Alg::Es256,
            created_at: later(at),
            signs_at: later(at),
            retires_at: None,
            removes_at: None,
        };
        let (old, new) = (record(0), record(1));
        let mut tx = bench.write().await;
        keys::insert(&mut tx, &old, &[1]).await.unwrap();
        keys::insert(&mut tx, &new, &[2]).await.unwrap();
        keys::keep_public(&mut tx, &new, "{\"new\":1}", None).await.unwrap();
        assert_eq!(keys::without_public(&mut tx).await.unwrap(), std::slice::from_ref(&old.id), "{:?}", bench.database);
        for jwk in ["{\"old\":1}", "{\"never\":1}"] {
            keys::keep_public(&mut tx, &old, jwk, None).await.unwrap();
        }
        assert!(keys::without_public(&mut tx).await.unwrap().is_empty());
        keys::keep_public_until(&mut tx, &old.id, later(9)).await.unwrap();
        keys::delete(&mut tx, &old.id).await.unwrap();
        let found = keys::public(&mut tx, &old.id, later(8)).await.unwrap();
        assert_eq!(found.as_deref(), Some("{\"old\":1}"), "{:?}", bench.database);
        assert_eq!(keys::public(&mut tx, &old.id, later(9)).await.unwrap(), None, "{:?}", bench.database);
        assert!(keys::public(&mut tx, &new.id, later(1000)).await.unwrap().is_some());
        let listed: Vec<_> =
            keys::list_public(&mut tx).await.unwrap().into_iter().map(|half| (half.id, half.expires_at)).collect();
        assert_eq!(listed, [(old.id, Some(later(9))), (new.id, None)], "{:?}", bench.database);
        keys::forget_public(&mut tx).await.unwrap();
        assert!(keys::list_public(&mut tx).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn events_outlive_the_person_without_where_they_were() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let event = |kind, detail| Event {
            kind,
            user_id: Some(ana.id.clone()),
            session_id: None,
            client_id: Some("shop".parse().unwrap()),
            actor: Actor::User,
            origin: Origin { address: "192.0.2.1".into(), device: "Firefox, Linux".into() },
            detail,
        };
        let mut tx = bench.write().await;
        for (at, kind) in [(NOW, Kind::SignedIn), (later(1), Kind::UserDeleted)] {
            events::insert(&mut tx, &EventId::new(at, &bench.random), at, &event(kind, Some("password"))).await.unwrap();
        }
        assert_eq!(removal::erase(&mut tx, &ana.id, 50).await.unwrap().0, removal::Erased::Wholly);
        tx.commit().await.unwrap();
        let found = events::of_user(&mut bench.read().await, &ana.id, 10).await.unwrap();
        let kinds: Vec<&str> = found.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["user.deleted", "session.started"], "{:?}", bench.database);
        assert!(found.iter().all(|entry| entry.address.is_empty() && entry.device.is_empty()));
        let first = &found[1];
        assert_eq!((first.at, first.actor.as_str(), first.detail.as_str()), (NOW.millis(), "user", "password"));
        assert_eq!((first.user_id.as_deref(), first.client_id.as_deref()), (Some(ana.id.as_str()), Some("shop")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fact_is_taken_by_one_of_ten() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        facts::put(&mut tx, "setup", "old").await.unwrap();
        facts::put(&mut tx, "setup", "new").await.unwrap();
        assert_eq!(facts::get(&mut tx, "setup").await.unwrap().as_deref(), Some("new"));
        assert_eq!(facts::get(&mut tx, "other").await.unwrap(), None);
        assert!(!facts::take(&mut tx, "setup", "old").await.unwrap(), "{:?}", bench.database);
        tx.commit().await.unwrap();
        let winners = bench.race(|tx| Box::pin(async move { facts::take(tx, "setup", "new").await }));
        assert_eq!(winners.await, 1, "{:?}", bench.database);
        assert_eq!(facts::get(&mut bench.read().await, "setup").await.unwrap(), None);
    }
}
