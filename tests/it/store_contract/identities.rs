//! `external_identities`.

use vestibule::engine::external::Identity;
use vestibule::engine::user::User;
use vestibule::ids::IdentityId;
use vestibule::store::identities::{self, KeptTokens};
use vestibule::store::{StoreError, lock_down};

use super::{Bench, NOW, benches, later};

const ISSUER: &str = "https://accounts.google.com";

fn identity(bench: &Bench, user: &User, subject: &str) -> Identity {
    Identity {
        id: IdentityId::new(NOW, &bench.random),
        user_id: user.id.clone(),
        provider: "google".to_owned(),
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        name: "Änne@example.com".to_owned(),
        created_at: NOW,
        last_used_at: None,
    }
}

fn tokens(text: &str, renew_at: u64) -> KeptTokens {
    KeptTokens { sealed: text.as_bytes().to_vec(), renew_at: Some(later(renew_at)) }
}

async fn insert(bench: &Bench, identity: &Identity, tokens: Option<&KeptTokens>) -> Result<(), StoreError> {
    let mut tx = bench.write().await;
    identities::insert(&mut tx, identity, tokens).await?;
    tx.commit().await
}

#[tokio::test]
async fn they_are_found_by_issuer_and_subject_alone() {
    for bench in benches().await {
        let (ana, bob) = (bench.user("ana@a.example").await, bench.user("bob@a.example").await);
        let first = identity(&bench, &ana, "1");
        let second = Identity { created_at: later(1), ..identity(&bench, &ana, "2") };
        let elsewhere = Identity { issuer: "https://github.com".to_owned(), ..identity(&bench, &bob, "1") };
        for one in [&first, &second, &elsewhere] {
            insert(&bench, one, None).await.unwrap();
        }
        let twin = identity(&bench, &bob, "1");
        assert!(matches!(insert(&bench, &twin, None).await, Err(StoreError::Taken)), "{:?}", bench.database);

        let mut tx = bench.write().await;
        assert_eq!(identities::by_subject(&mut tx, ISSUER, "1").await.unwrap().as_ref(), Some(&first));
        assert_eq!(identities::by_subject(&mut tx, ISSUER, "3").await.unwrap(), None);
        assert_eq!(identities::of_user(&mut tx, &ana.id).await.unwrap(), [first.clone(), second.clone()]);
        assert!(identities::used(&mut tx, &first.id, "Other", None, later(5)).await.unwrap());
        let used = Identity { name: "Other".to_owned(), last_used_at: Some(later(5)), ..first.clone() };
        assert_eq!(identities::by_subject(&mut tx, ISSUER, "1").await.unwrap(), Some(used));
        assert!(!identities::remove(&mut tx, &bob.id, &first.id, later(60)).await.unwrap(), "another's");
        assert!(identities::remove(&mut tx, &ana.id, &first.id, later(60)).await.unwrap());
        assert!(!identities::remove(&mut tx, &ana.id, &first.id, later(60)).await.unwrap());
        assert!(!identities::used(&mut tx, &first.id, "Late", None, later(6)).await.unwrap(), "{:?}", bench.database);
        assert_eq!(identities::by_subject(&mut tx, ISSUER, "1").await.unwrap(), None);
        tx.commit().await.unwrap();
        insert(&bench, &twin, None).await.expect("who was disconnected can be connected elsewhere");
    }
}

#[tokio::test]
async fn one_person_there_is_one_account_here_of_ten() {
    for bench in benches().await {
        let mut tries = Vec::new();
        for number in 0..10 {
            let user = bench.user(&format!("user{number}@a.example")).await;
            let (store, identity) = (bench.store.clone(), identity(&bench, &user, "1"));
            tries.push(tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                match identities::insert(&mut tx, &identity, None).await {
                    Ok(()) => tx.commit().await.map(|()| true).unwrap(),
                    Err(StoreError::Taken) => false,
                    Err(error) => panic!("{error}"),
                }
            }));
        }
        let mut won = 0;
        for one in tries {
            won += usize::from(one.await.unwrap());
        }
        assert_eq!(won, 1, "{:?}", bench.database);
    }
}

#[tokio::test]
async fn tokens_are_renewed_by_one_and_go_with_the_connection() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let (first, second) = (identity(&bench, &ana, "1"), identity(&bench, &ana, "2"));
        insert(&bench, &first, Some(&tokens("old", 10))).await.unwrap();
        insert(&bench, &second, Some(&tokens("other", 5))).await.unwrap();
        let mut tx = bench.write().await;
        assert!(identities::due(&mut tx, later(4)).await.unwrap().is_none());
        let (id, provider, sealed) = identities::due(&mut tx, later(20)).await.unwrap().unwrap();
        assert_eq!(
            (id, provider.as_str(), &sealed[..]),
            (second.id.clone(), "google", &b"other"[..]),
            "the one that waits longest"
        );
        assert!(identities::claim(&mut tx, &second.id, later(20), later(600)).await.unwrap());
        assert!(!identities::claim(&mut tx, &second.id, later(20), later(600)).await.unwrap());
        assert_eq!(identities::due(&mut tx, later(20)).await.unwrap().unwrap().0, first.id);
        assert!(!identities::renewed(&mut tx, &first.id, b"stale", Some(&tokens("new", 99))).await.unwrap());
        assert!(identities::renewed(&mut tx, &first.id, b"old", Some(&tokens("new", 99))).await.unwrap());
        assert_eq!(identities::due(&mut tx, later(100)).await.unwrap().unwrap().2, b"new");
        assert!(identities::remove(&mut tx, &ana.id, &first.id, later(900)).await.unwrap());
        assert!(identities::due(&mut tx, later(100)).await.unwrap().is_none());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_takes_back_what_an_intruder_connected_or_disconnected() {
    for bench in benches().await {
        let (ana, eve) = (bench.user("ana@a.example").await, bench.user("eve@a.example").await);
        let (own, moved) = (identity(&bench, &ana, "own"), identity(&bench, &ana, "moved"));
        let planted = Identity { created_at: later(100), ..identity(&bench, &ana, "planted") };
        for one in [&own, &moved, &planted] {
            insert(&bench, one, None).await.unwrap();
        }
        let mut tx = bench.write().await;
        for one in [&own, &moved] {
            assert!(identities::remove(&mut tx, &ana.id, &one.id, later(900)).await.unwrap());
        }
        tx.commit().await.unwrap();
        insert(&bench, &Identity { created_at: later(101), ..identity(&bench, &eve, "moved") }, None).await.unwrap();

        let mut tx = bench.write().await;
        assert!(lock_down::restore_credentials(&mut tx, &ana.id, later(50), later(200)).await.unwrap());
        tx.commit().await.unwrap();
        let mut tx = bench.read().await;
        let left = identities::of_user(&mut tx, &ana.id).await.unwrap();
        assert_eq!(left, [own], "{:?}: what is another's by now stays there", bench.database);
        assert_eq!(identities::by_subject(&mut tx, ISSUER, "moved").await.unwrap().unwrap().user_id, eve.id);
    }
}
