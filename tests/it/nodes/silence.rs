//! A database host from which nothing comes any more, and connections that were cut while nobody looked.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;
use tokio::time::timeout;
use vestibule::store::{Location, Store, facts};

use crate::world::{Database, Line, PASSWORD, Place, World};

const PATIENCE: Duration = Duration::from_secs(2);

async fn place() -> Option<Place> {
    let mut place = Place::new(Database::Postgres).await?;
    place.patience = PATIENCE;
    Some(place)
}

/// So many requests at once of somebody who is signed in: the answers' status codes.
async fn at_once(browser: &crate::world::Browser, many: usize) -> Vec<u16> {
    let mut asking = JoinSet::new();
    for _ in 0..many {
        let mut browser = browser.clone();
        asking.spawn(async move { browser.get("/account").await.status });
    }
    asking.join_all().await
}

#[tokio::test]
async fn a_silent_host_costs_a_bounded_wait_and_nothing_afterwards() {
    let Some(place) = place().await else { return };
    let line = Line::to(&place).await;
    let world = World::at(line.place.clone(), "").await;
    let ada = world.sign_up("ada@a.example", PASSWORD).await;
    assert_eq!(at_once(&ada, 12).await, [200; 12]);

    line.silence();
    let begun = Instant::now();
    assert_eq!(at_once(&ada, 12).await, [503; 12], "more than there are connections");
    assert_eq!(world.browser().get("/readyz").await.status, 503);
    assert_eq!(ada.clone().post("/logout", &[("where", "here")]).await.status, 503, "a write");
    assert!(begun.elapsed() < PATIENCE * 8, "{:?}", begun.elapsed());

    line.speak();
    assert_eq!(at_once(&ada, 12).await, [200; 12], "no place in the pool was lost");

    line.silence();
    let begun = Instant::now();
    timeout(PATIENCE * 8, world.app.close()).await.unwrap_or_else(|_| panic!("the end waits for the database"));
    assert!(begun.elapsed() < PATIENCE * 4);
}

/// A transaction that is open when the line goes silent, and one whose caller goes away in the middle of a statement.
#[tokio::test]
async fn what_was_under_way_gives_its_place_back() {
    let Some(place) = place().await else { return };
    let line = Line::to(&place).await;
    let store = line.place.open().await;
    let mut open = store.write().await.unwrap();
    facts::put(&mut open, "a", "1").await.unwrap();
    line.silence();
    assert!(open.commit().await.is_err());
    for _ in 0..12 {
        let store = store.clone();
        let gone = tokio::spawn(async move { facts::get(&mut store.read().await.unwrap(), "a").await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        gone.abort();
    }
    line.speak();
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(timeout(PATIENCE * 4, store.read()).await.unwrap().unwrap());
    }
    for tx in &mut held {
        assert!(facts::get(tx, "b").await.unwrap().is_none());
    }
}

/// What is dropped is undone, and the connection is of use at once.
#[tokio::test]
async fn a_unit_that_is_dropped_leaves_nothing_behind() {
    let Some(mut place) = place().await else { return };
    if let Location::Postgres { max_connections, .. } = &mut place.location {
        *max_connections = 1;
    }
    let store = place.open().await;
    for number in 0..5 {
        let mut dropped = store.write().await.unwrap();
        facts::put(&mut dropped, "a", "dropped").await.unwrap();
        drop(dropped);
        let mut kept = store.write().await.unwrap();
        assert_eq!(facts::get(&mut kept, "a").await.unwrap(), None, "{number}");
        facts::put(&mut kept, "b", "kept").await.unwrap();
        assert!(facts::put(&mut kept, "c", "a zero \0 that text cannot hold").await.is_err());
        drop(kept);
        let mut kept = store.write().await.unwrap();
        facts::put(&mut kept, "d", "kept").await.unwrap();
        kept.commit().await.unwrap();
        assert_eq!(facts::get(&mut store.read().await.unwrap(), "b").await.unwrap(), None);
        assert!(facts::get(&mut store.read().await.unwrap(), "d").await.unwrap().is_some());
    }
}

/// As a restart, a firewall or a pooler does.
async fn cut_all(place: &Place) {
    let Location::Postgres { url, .. } = &place.location else { panic!() };
    let mut admin = PgConnection::connect(url).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let cut: Vec<(bool,)> = sqlx::query_as(cut).fetch_all(&mut admin).await.unwrap();
    assert!(!cut.is_empty() && cut.iter().all(|(cut,)| *cut), "{cut:?}");
}

#[tokio::test]
async fn idle_connections_that_were_cut_cost_nobody_an_answer() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let world = World::at(place.clone(), "").await;
    let ada = world.sign_up("ada@a.example", PASSWORD).await;
    assert_eq!(at_once(&ada, 20).await, [200; 20]);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    cut_all(&place).await;
    assert_eq!(at_once(&ada, 20).await, [200; 20]);

    // Used a moment ago, they are trusted: at most one request finds out, and puts the others on their guard.
    cut_all(&place).await;
    let mut refused = 0;
    for _ in 0..10 {
        refused += usize::from(ada.clone().get("/account").await.status != 200);
    }
    assert!(refused <= 1, "{refused}");
    // A change begins with a statement of its own, and that can be repeated.
    let store = world.store().await;
    cut_all(&place).await;
    for _ in 0..5 {
        store.write().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_that_waits_too_long_for_a_lock_is_given_up_by_both_sides() {
    let Some(place) = place().await else { return };
    let store = place.open().await;
    let mut holds = store.write().await.unwrap();
    facts::put(&mut holds, "a", "1").await.unwrap();
    let mut waits = store.write().await.unwrap();
    let begun = Instant::now();
    assert!(facts::put(&mut waits, "a", "2").await.is_err());
    assert!(begun.elapsed() < PATIENCE, "the server gave up first: {:?}", begun.elapsed());
    drop(waits);
    holds.commit().await.unwrap();
    let patient = Store::open_patiently(&place.location, Duration::from_mins(1)).await.unwrap();
    assert_eq!(facts::get(&mut patient.read().await.unwrap(), "a").await.unwrap().as_deref(), Some("1"));
}
