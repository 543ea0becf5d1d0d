//! Two operators, or an operator and a script, at one client.

use serde_json::json;
use vestibule::actions::clients::{self, Refused};
use vestibule::settings::client_metadata::ClientMetadata;

use crate::world::{Database, World};

fn named(before: &clients::WithSecret, name: &str) -> ClientMetadata {
    ClientMetadata { client_name: Some(name.to_owned()), ..before.client.metadata.to_kept() }
}

#[tokio::test]
async fn an_update_never_brings_an_old_secret_back() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let added = world.client(json!({"client_name": "Wiki", "redirect_uris": ["https://w.example/cb"]})).await;
        let id = added.client.id.clone();
        let (one, two) = (clients::show(&world.app, &id).await.unwrap(), clients::show(&world.app, &id).await.unwrap());
        let leaked = added.client.secret_hash;
        let rotated = clients::rotate_secret(&world.app, &id).await.unwrap();
        let fresh = rotated.secret.as_ref().unwrap().hash();
        // Whoever read the client before writes nothing: the clock has not moved in between.
        let metadata = named(&one, "Wiki 2");
        let refused = clients::update(&world.app, one, &metadata).await.unwrap_err();
        assert!(matches!(refused, Refused::Changed(_)), "{database:?}: {refused}");
        let now = clients::show(&world.app, &id).await.unwrap();
        assert_eq!(now.client.secret_hash, Some(fresh), "{database:?}");
        assert_ne!(now.client.secret_hash, leaked);
        assert_eq!(now.client.name(), "Wiki");
        // Nor does one update undo another.
        let metadata = named(&now, "Wiki 3");
        clients::update(&world.app, now, &metadata).await.unwrap();
        let metadata = named(&two, "Wiki 4");
        assert!(matches!(clients::update(&world.app, two, &metadata).await, Err(Refused::Changed(_))), "{database:?}");
        let now = clients::show(&world.app, &id).await.unwrap();
        assert_eq!((now.client.name().as_ref(), now.client.secret_hash), ("Wiki 3", Some(fresh)), "{database:?}");
        // Who read it and finds it gone says that, and does not make it anew.
        clients::remove(&world.app, &id).await.unwrap();
        let metadata = named(&now, "Wiki 5");
        assert!(matches!(clients::update(&world.app, now, &metadata).await, Err(Refused::Unknown(_))), "{database:?}");
        assert!(matches!(clients::rotate_secret(&world.app, &id).await, Err(Refused::Unknown(_))), "{database:?}");
    }
}

/// Ten of each at once, however they meet: every update that is done keeps the secret of the last rotation before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn updates_and_rotations_at_once() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let id = world.client(json!({"client_name": "Wiki", "redirect_uris": ["https://w.example/cb"]})).await.client.id.clone();
        let (mut rotations, mut updates) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
        for number in 0..10 {
            let (app, of) = (world.app.clone(), id.clone());
            rotations.spawn(async move { clients::rotate_secret(&app, &of).await.unwrap().secret.unwrap().hash() });
            let (app, of) = (world.app.clone(), id.clone());
            updates.spawn(async move {
                let read = clients::show(&app, &of).await.unwrap();
                let metadata = named(&read, &format!("Wiki {number}"));
                match clients::update(&app, read, &metadata).await {
                    Ok(_) => true,
                    Err(Refused::Changed(_)) => false,
                    Err(other) => panic!("{other}"),
                }
            });
        }
        let secrets = rotations.join_all().await;
        let done = updates.join_all().await.into_iter().filter(|done| *done).count();
        let now = clients::show(&world.app, &id).await.unwrap();
        assert!(secrets.contains(&now.client.secret_hash.unwrap()), "{database:?}: not the one from before all of them");
        assert_eq!(
            now.updated_at.millis() - now.created_at.millis(),
            10 + i64::try_from(done).unwrap(),
            "{database:?}: each was one"
        );
    }
}
