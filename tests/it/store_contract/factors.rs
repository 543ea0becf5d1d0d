//! `factors`, `recovery_codes`, `trusted_devices`.

use vestibule::engine::factor::{Factor, FactorKind};
use vestibule::engine::user::User;
use vestibule::ids::{DeviceId, FactorId};
use vestibule::store::trusted::TrustedDevice;
use vestibule::store::{enrolled, factors, recovery, removal, sweep, trusted};

use super::{Bench, NOW, benches, earlier, later};

fn totp(bench: &Bench, name: &str) -> Factor {
    Factor {
        id: FactorId::new(NOW, &bench.random),
        kind: FactorKind::Totp,
        name: name.to_owned(),
        sealed: Some(vec![1, 2, 3]),
        last_step: 100,
        created_at: NOW,
        last_used_at: None,
    }
}

async fn insert(bench: &Bench, user: &User, factor: &Factor) {
    let mut tx = bench.write().await;
    factors::insert(&mut tx, &user.id, factor).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn factors_are_kept_renamed_and_taken_away() {
    for bench in benches().await {
        let (ana, bob) = (bench.user("ana@a.example").await, bench.user("bob@a.example").await);
        let phone = totp(&bench, "Ana's phone 📱");
        let mail = Factor { kind: FactorKind::Mail, sealed: None, created_at: later(1), ..totp(&bench, "") };
        insert(&bench, &ana, &phone).await;
        insert(&bench, &ana, &mail).await;
        let mut tx = bench.write().await;
        assert_eq!(factors::of_user(&mut tx, &ana.id).await.unwrap(), [phone.clone(), mail.clone()], "{:?}", bench.database);
        assert_eq!(factors::of_user(&mut tx, &bob.id).await.unwrap(), []);
        assert!(factors::lock(&mut tx, &ana.id).await.unwrap());
        assert!(factors::rename(&mut tx, &ana.id, &phone.id, "New").await.unwrap());
        assert!(!factors::rename(&mut tx, &bob.id, &phone.id, "Bob's").await.unwrap(), "another person's");
        assert!(!factors::remove(&mut tx, &bob.id, &phone.id, later(60)).await.unwrap());
        assert_eq!(factors::of_user(&mut tx, &ana.id).await.unwrap()[0].name, "New");
        factors::touch(&mut tx, &mail.id, later(5)).await.unwrap();
        assert_eq!(factors::of_user(&mut tx, &ana.id).await.unwrap()[1].last_used_at, Some(later(5)));
        assert!(factors::remove(&mut tx, &ana.id, &phone.id, later(60)).await.unwrap());
        assert!(!factors::remove(&mut tx, &ana.id, &phone.id, later(90)).await.unwrap(), "once");
        assert!(!factors::rename(&mut tx, &ana.id, &phone.id, "x").await.unwrap());
        assert!(!factors::used_step(&mut tx, &phone.id, 200, NOW).await.unwrap(), "a removed device proves nothing");
        let found = enrolled::of(&mut tx, &ana).await.unwrap();
        assert_eq!(found.factors.len(), 1);
        assert!(found.is_on() && found.security_keys == 0 && found.recovery_codes == 0);
        tx.commit().await.unwrap();
        let rule = sweep::RULES.iter().find(|rule| rule.table == "factors").unwrap();
        let mut tx = bench.write().await;
        assert_eq!(sweep::run(&mut tx, rule, later(59), 10).await.unwrap(), 0, "it can be taken back till then");
        assert_eq!(sweep::run(&mut tx, rule, later(60), 10).await.unwrap(), 1);
        removal::erase(&mut tx, &ana.id, 50).await.unwrap();
        assert_eq!(factors::of_user(&mut tx, &ana.id).await.unwrap(), []);
        assert!(!factors::lock(&mut tx, &ana.id).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_time_step_works_for_one_of_ten_and_never_again() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let phone = totp(&bench, "phone");
        insert(&bench, &ana, &phone).await;
        for (step, winners) in [(101, 1), (101, 0), (100, 0), (103, 1), (102, 0)] {
            let id = phone.id.clone();
            let won = bench.race(move |tx| {
                let id = id.clone();
                Box::pin(async move { factors::used_step(tx, &id, step, NOW).await })
            });
            assert_eq!(won.await, winners, "{:?}: step {step}", bench.database);
        }
        let found = factors::of_user(&mut bench.read().await, &ana.id).await.unwrap();
        assert_eq!((found[0].last_step, found[0].last_used_at), (103, Some(NOW)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recovery_code_works_for_one_of_ten_and_never_again() {
    for bench in benches().await {
        let (ana, bob) = (bench.user("ana@a.example").await, bench.user("bob@a.example").await);
        let mut tx = bench.write().await;
        recovery::replace_all(&mut tx, &ana.id, &[vec![1; 61], vec![2; 61], vec![3; 61]], NOW).await.unwrap();
        recovery::replace_all(&mut tx, &bob.id, &[vec![2; 61]], NOW).await.unwrap();
        tx.commit().await.unwrap();
        for winners in [1, 0] {
            let id = ana.id.clone();
            let won = bench.race(move |tx| {
                let id = id.clone();
                Box::pin(async move { recovery::use_one(tx, &id, &[2; 61], NOW).await })
            });
            assert_eq!(won.await, winners, "{:?}", bench.database);
        }
        let mut tx = bench.write().await;
        assert_eq!(recovery::left(&mut tx, &ana.id).await.unwrap(), 2);
        assert_eq!(recovery::left(&mut tx, &bob.id).await.unwrap(), 1, "another person's stays");
        assert_eq!(enrolled::of(&mut tx, &ana).await.unwrap().recovery_codes, 2);
        assert!(!recovery::use_one(&mut tx, &bob.id, &[1; 32], NOW).await.unwrap());
        recovery::replace_all(&mut tx, &ana.id, &[vec![9; 61]], later(1)).await.unwrap();
        assert_eq!(recovery::left(&mut tx, &ana.id).await.unwrap(), 1);
        assert!(!recovery::use_one(&mut tx, &ana.id, &[1; 32], NOW).await.unwrap(), "replaced");
        recovery::replace_all(&mut tx, &ana.id, &[], later(1)).await.unwrap();
        assert_eq!(recovery::left(&mut tx, &ana.id).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn browsers_are_trusted_for_a_while_and_by_one_person() {
    for bench in benches().await {
        let (ana, bob) = (bench.user("ana@a.example").await, bench.user("bob@a.example").await);
        let device = |used, until| TrustedDevice {
            id: DeviceId::new(NOW, &bench.random),
            device: "Firefox, Linux".to_owned(),
            address: "192.0.2.1".to_owned(),
            created_at: earlier(60),
            last_used_at: used,
            expires_at: until,
        };
        let (here, there) = (device(NOW, later(60)), device(earlier(9), later(90)));
        let mut tx = bench.write().await;
        trusted::insert(&mut tx, &ana.id, &here, &[1; 32]).await.unwrap();
        trusted::insert(&mut tx, &ana.id, &there, &[2; 32]).await.unwrap();
        assert_eq!(trusted::find(&mut tx, &ana.id, &[1; 32], NOW).await.unwrap(), Some(here.clone()), "{:?}", bench.database);
        assert_eq!(trusted::find(&mut tx, &bob.id, &[1; 32], NOW).await.unwrap(), None);
        assert_eq!(trusted::find(&mut tx, &ana.id, &[3; 32], NOW).await.unwrap(), None);
        assert_eq!(trusted::find(&mut tx, &ana.id, &[1; 32], later(60)).await.unwrap(), None, "its time is over");
        trusted::touch(&mut tx, &there.id, later(1)).await.unwrap();
        let listed: Vec<DeviceId> = trusted::list(&mut tx, &ana.id, NOW).await.unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(listed, [there.id.clone(), here.id.clone()], "the most recently used first");
        assert_eq!(trusted::list(&mut tx, &ana.id, later(60)).await.unwrap().len(), 1);
        assert!(!trusted::remove(&mut tx, &bob.id, &here.id).await.unwrap());
        assert!(trusted::remove(&mut tx, &ana.id, &here.id).await.unwrap());
        assert!(!trusted::remove(&mut tx, &ana.id, &here.id).await.unwrap());
        assert_eq!(trusted::remove_all(&mut tx, &ana.id).await.unwrap(), 1);
        assert_eq!(trusted::find(&mut tx, &ana.id, &[2; 32], NOW).await.unwrap(), None);
    }
}
