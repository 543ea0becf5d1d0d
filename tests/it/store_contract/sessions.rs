//! `sessions` and `carriers`.

use std::collections::BTreeSet;

use vestibule::engine::method::{Method, MethodKind};
use vestibule::engine::session::Session;
use vestibule::engine::user::User;
use vestibule::ids::SessionId;
use vestibule::store::removal::{self, Erased};
use vestibule::store::sessions::{self, Carrier, Ended, Which};
use vestibule::store::{Question as _, Tx};

use super::{NOW, benches, later};

async fn by_carrier(tx: &mut Tx, token: u8) -> vestibule::store::Result<Option<(Session, User)>> {
    let carrier = Carrier([token; 32]);
    Ok(Carrier::ask(tx, &[carrier], NOW).await?.remove(&carrier))
}

#[tokio::test]
async fn a_cookie_carries_a_session_until_it_is_dropped_or_the_session_ends() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let (one, two) = (bench.session(&ana).await, bench.session(&ana).await);
        let mut tx = bench.write().await;
        sessions::carry(&mut tx, &[1; 32], one.id.as_str(), later(50)).await.unwrap();
        let (session, user) = by_carrier(&mut tx, 1).await.unwrap().unwrap();
        assert_eq!(format!("{session:?}"), format!("{one:?}"), "{:?}", bench.database);
        assert_eq!(user.id, ana.id);
        assert_eq!(sessions::carried(&mut tx, &[1; 32]).await.unwrap(), Some((one.id.to_string(), later(50))));
        sessions::carry(&mut tx, &[1; 32], two.id.as_str(), later(60)).await.unwrap();
        assert_eq!(sessions::carried(&mut tx, &[1; 32]).await.unwrap(), Some((two.id.to_string(), later(60))));
        assert!(by_carrier(&mut tx, 2).await.unwrap().is_none());
        sessions::drop_carrier(&mut tx, &[1; 32]).await.unwrap();
        assert!(by_carrier(&mut tx, 1).await.unwrap().is_none());
        sessions::carry(&mut tx, &[3; 32], two.id.as_str(), later(60)).await.unwrap();
        sessions::end(&mut tx, &ana.id, Which::One(&two.id)).await.unwrap();
        assert!(sessions::carried(&mut tx, &[3; 32]).await.unwrap().is_none());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_cookie_of_a_session_that_is_gone_is_an_error_and_not_a_row() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let session = bench.session(&ana).await;
        let mut tx = bench.write().await;
        sessions::end(&mut tx, &ana.id, Which::All).await.unwrap();
        assert!(sessions::carry(&mut tx, &[1; 32], session.id.as_str(), later(9)).await.is_err(), "{:?}", bench.database);
        drop(tx);
        assert!(sessions::carried(&mut bench.read().await, &[1; 32]).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn ends_one_others_or_all() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let bob = bench.user("bob@a.example").await;
        let mut own = Vec::new();
        for _ in 0..4 {
            own.push(bench.session(&ana).await.id);
        }
        bench.session(&bob).await;
        let count = async |user: &User| sessions::of_user(&mut bench.read().await, &user.id, NOW).await.unwrap().len();
        let mut tx = bench.write().await;
        let alone = |id: &SessionId| Ended { session: id.clone(), clients: BTreeSet::new() };
        assert_eq!(sessions::end(&mut tx, &ana.id, Which::One(&own[0])).await.unwrap(), [alone(&own[0])]);
        assert_eq!(sessions::end(&mut tx, &ana.id, Which::One(&own[0])).await.unwrap(), []);
        assert_eq!(sessions::end(&mut tx, &ana.id, Which::AllBut(&own[1])).await.unwrap().len(), 2, "{:?}", bench.database);
        tx.commit().await.unwrap();
        assert_eq!((count(&ana).await, count(&bob).await), (1, 1));
        let mut tx = bench.write().await;
        assert_eq!(sessions::end(&mut tx, &ana.id, Which::All).await.unwrap(), [alone(&own[1])]);
        tx.commit().await.unwrap();
        assert_eq!((count(&ana).await, count(&bob).await), (0, 1));
    }
}

#[tokio::test]
async fn only_live_ones_are_listed_the_latest_used_first() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let (one, two) = (bench.session(&ana).await, bench.session(&ana).await);
        let mut tx = bench.write().await;
        sessions::seen(&mut tx, &one.id, later(100), later(5000)).await.unwrap();
        sessions::seen(&mut tx, &one.id, later(50), later(4000)).await.unwrap();
        tx.commit().await.unwrap();
        let listed = sessions::of_user(&mut bench.read().await, &ana.id, later(100)).await.unwrap();
        assert_eq!(listed.iter().map(|session| session.id.clone()).collect::<Vec<_>>(), [one.id.clone(), two.id.clone()]);
        assert_eq!((listed[0].last_seen_at, listed[0].idle_expires_at), (later(100), later(5000)), "time does not go back");
        let live = sessions::of_user(&mut bench.read().await, &ana.id, later(5000)).await.unwrap();
        assert_eq!(live.len(), 1, "{:?}", bench.database);
        assert!(sessions::of_user(&mut bench.read().await, &ana.id, two.expires_at).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn proving_again_keeps_the_session() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let again = bench.session(&ana).await.reauthenticated(&[Method::first(MethodKind::Mail, later(30))]);
        let mut tx = bench.write().await;
        assert!(sessions::reauthenticated(&mut tx, &again).await.unwrap());
        let listed: Vec<Session> = sessions::of_user(&mut tx, &ana.id, NOW).await.unwrap();
        assert_eq!(format!("{:?}", listed[0]), format!("{again:?}"), "{:?}", bench.database);
        assert_eq!(removal::erase(&mut tx, &ana.id, 50).await.unwrap().0, Erased::Wholly);
        assert!(!sessions::reauthenticated(&mut tx, &again).await.unwrap(), "the person took their sessions along");
    }
}
