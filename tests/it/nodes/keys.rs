//! Signing keys that one node, or the command line, has changed.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use vestibule::actions::keys::{self, RotateMode};
use vestibule::crypto::random::Random;
use vestibule::ids::KeyId;
use vestibule::store::keys as rows;

use crate::rfc::house::{House, SERVICE};
use crate::rfc::walk::text;
use crate::world::{Database, Node, Place, World};

async fn token(house: &House) -> String {
    let answer = house.token(SERVICE, &[("grant_type", "client_credentials"), ("scope", "read")]).await.expect(200).json();
    text(&answer, "access_token").to_owned()
}

#[tokio::test]
async fn a_key_that_a_node_does_not_know_is_looked_for() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let (one, two) = (House::node(&place, Node::default()).await, House::node(&place, Node::default()).await);
        let leaked = token(&one).await;
        assert!(two.is_active(SERVICE, &leaked).await);
        keys::rotate(&one.app, RotateMode::Now).await.unwrap();
        let fresh = token(&one).await;
        assert!(two.is_active(SERVICE, &fresh).await, "{database:?}: before its next turn");
        assert!(!two.is_active(SERVICE, &leaked).await, "the leaked key went when the keys were read");
        assert!(one.is_active(SERVICE, &token(&two).await).await);

        // Names that somebody makes up cost a look a second, and a node that has just looked takes the next key a second later.
        two.advance(1);
        let made_up = KeyId::new(two.app.now(), &Random::seeded(99));
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": made_up}).to_string();
        let forged = format!("{}.e30.AAAA", BASE64URL_NOPAD.encode(header.as_bytes()));
        assert!(!two.is_active(SERVICE, &forged).await);
        keys::rotate(&one.app, RotateMode::Now).await.unwrap();
        let fresh = token(&one).await;
        assert!(!two.is_active(SERVICE, &fresh).await, "{database:?}: it has just looked");
        two.advance(1);
        assert!(two.is_active(SERVICE, &fresh).await);
    }
}

#[tokio::test]
async fn a_command_whose_clock_is_wrong_leaves_no_node_without_a_key() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let server = House::node(&place, Node::default()).await;
        let command = House::node(&place, Node::default()).await;
        command.app.clock.advance(Duration::from_secs(120));
        keys::rotate(&command.app, RotateMode::Now).await.unwrap();
        keys::ensure(&server.app).await.unwrap();
        let fresh = token(&server).await;
        assert!(server.is_active(SERVICE, &fresh).await && command.is_active(SERVICE, &fresh).await, "{database:?}");
        let known = server.jwks().await["keys"].as_array().unwrap().len();
        keys::ensure(&server.app).await.unwrap();
        assert_eq!(server.jwks().await["keys"].as_array().unwrap().len(), known, "no further keys are made for it");
    }
}

/// A node keeps the public halves of keys that an earlier version made, while `keys rotate --now` throws one of them away: it leaked, and its
/// hints must not be believed again.
#[tokio::test]
async fn a_key_that_is_thrown_away_at_this_moment_does_not_come_back() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let world = World::at(place.clone(), "").await;
        world.keys().await;
        let store = world.store().await;
        let mut tx = store.write().await.unwrap();
        rows::forget_public(&mut tx).await.unwrap();
        let leaked = rows::without_public(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!leaked.is_empty(), "they were made");
        // The command has begun, and holds the keys.
        let mut command = store.write().await.unwrap();
        rows::lock(&mut command).await.unwrap();
        let node = world.app.clone();
        let keeps = tokio::spawn(async move { keys::ensure(&node).await });
        match database {
            // It has seen what is missing, and waits.
            Database::Postgres => place.until_somebody_waits().await,
            // Who waits for the only writer waits where nobody sees it: time enough to get there. On a machine that is busier the node sees the
            // keys gone, and the test passes for another reason.
            Database::Sqlite => tokio::time::sleep(Duration::from_millis(300)).await,
        }
        for id in &leaked {
            rows::delete(&mut command, id).await.unwrap();
        }
        command.commit().await.unwrap();
        keeps.await.unwrap().unwrap();
        let kept = rows::list_public(&mut store.read().await.unwrap()).await.unwrap();
        assert!(kept.iter().all(|kept| !leaked.contains(&kept.id)), "{database:?}: {kept:?}");
    }
}
