//! Writers that share a commit (`store/group.rs`): a promise made to one is kept, whatever becomes of the others.

use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use vestibule::store::{Location, StoreError, facts, users};

use super::{Bench, benches};

async fn there(bench: &Bench, fact: &str) -> bool {
    // Through a store of its own, which sees only what is committed.
    let store = bench.place.open().await;
    facts::get(&mut store.read().await.unwrap(), fact).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_writers_at_once_are_all_kept() {
    for bench in benches().await {
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..100 {
            let store = bench.store.clone();
            writers.spawn(async move {
                let mut tx = store.write().await.unwrap();
                facts::put(&mut tx, &format!("fact {number}"), "x").await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        writers.join_all().await;
        let store = bench.place.open().await;
        let mut tx = store.read().await.unwrap();
        for number in 0..100 {
            assert!(facts::get(&mut tx, &format!("fact {number}")).await.unwrap().is_some(), "{:?}: {number}", bench.database);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_unit_that_fails_among_many_takes_only_its_own_back() {
    for bench in benches().await {
        let taken = bench.user("taken@a.example").await;
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..60 {
            let (store, taken) = (bench.store.clone(), taken.clone());
            writers.spawn(async move {
                let mut tx = store.write().await.unwrap();
                facts::put(&mut tx, &format!("fact {number}"), "x").await.unwrap();
                match number % 3 {
                    0 => tx.commit().await.unwrap(),
                    // Fails by its statement, or is given up.
                    1 => assert!(matches!(users::insert(&mut tx, &taken).await, Err(StoreError::Taken))),
                    _ => drop(tx),
                }
            });
        }
        writers.join_all().await;
        let store = bench.place.open().await;
        let mut tx = store.read().await.unwrap();
        for number in 0..60 {
            let kept = facts::get(&mut tx, &format!("fact {number}")).await.unwrap().is_some();
            assert_eq!(kept, number % 3 == 0, "{:?}: {number}", bench.database);
        }
    }
}

#[tokio::test]
async fn a_unit_that_is_dropped_leaves_nothing_and_holds_nobody_up() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        facts::put(&mut tx, "dropped", "x").await.unwrap();
        drop(tx);
        assert!(!there(&bench, "dropped").await, "{:?}", bench.database);
        let mut tx = bench.write().await;
        facts::put(&mut tx, "kept", "x").await.unwrap();
        tx.commit().await.unwrap();
        assert!(there(&bench, "kept").await && !there(&bench, "dropped").await, "{:?}", bench.database);
    }
}

/// The requests of browsers that went away: their tasks stop at any point.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_go_away_do_not_take_the_others_along() {
    for bench in benches().await {
        let mut stay = tokio::task::JoinSet::new();
        let mut gone = Vec::new();
        for number in 0..80_u64 {
            let store = bench.store.clone();
            let work = async move {
                let mut tx = store.write().await.unwrap();
                facts::put(&mut tx, &format!("fact {number}"), "x").await.unwrap();
                tokio::task::yield_now().await;
                tx.commit().await.unwrap();
            };
            if number % 2 == 0 {
                stay.spawn(work);
            } else {
                let task = tokio::spawn(work);
                gone.push(tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_micros(150 * number)).await;
                    task.abort();
                }));
            }
        }
        tokio::time::timeout(Duration::from_secs(30), stay.join_all()).await.expect("nobody waits forever");
        for aborted in gone {
            aborted.await.unwrap();
        }
        for number in (0..80).step_by(2) {
            assert!(there(&bench, &format!("fact {number}")).await, "{:?}: {number}", bench.database);
        }
        let mut tx = tokio::time::timeout(Duration::from_secs(10), bench.store.write()).await.unwrap().unwrap();
        facts::put(&mut tx, "after", "x").await.unwrap();
        tx.commit().await.unwrap();
        assert!(there(&bench, "after").await);
    }
}

/// A unit reads its own writes; nobody else reads them before they are durable.
#[tokio::test]
async fn what_is_not_committed_is_not_seen() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        facts::put(&mut tx, "a", "x").await.unwrap();
        assert!(facts::get(&mut tx, "a").await.unwrap().is_some());
        assert!(facts::get(&mut bench.read().await, "a").await.unwrap().is_none(), "{:?}", bench.database);
        tx.commit().await.unwrap();
        assert!(facts::get(&mut bench.read().await, "a").await.unwrap().is_some());
    }
}

/// Another process, a backup for instance, holds the file's lock: an honest error after a while, and then all is well again.
#[tokio::test]
async fn a_locked_database_is_an_error_that_passes() {
    let bench = benches().await.into_iter().next().unwrap();
    let Location::Sqlite(path) = &bench.place.location else { panic!("SQLite comes first") };
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    assert!(facts::get(&mut bench.read().await, "a").await.unwrap().is_none(), "reading goes on");
    match bench.store.write().await {
        Err(StoreError::Unavailable(_)) => {}
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("two writers"),
    }
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    let mut tx = bench.write().await;
    facts::put(&mut tx, "a", "x").await.unwrap();
    tx.commit().await.unwrap();
    assert!(there(&bench, "a").await);
}
