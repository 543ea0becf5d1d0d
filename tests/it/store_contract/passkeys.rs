//! `passkeys`, `passkey_offers`, `spent`.

use vestibule::engine::passkey::{Passkey, PasskeyKind};
use vestibule::ids::PasskeyId;
use vestibule::store::passkeys::{self, Offer};
use vestibule::store::{StoreError, removal, spent};

use super::{Bench, NOW, benches, later};
use crate::store_contract::User;

fn passkey(bench: &Bench, user: &User, kind: PasskeyKind, credential_id: &[u8]) -> Passkey {
    Passkey {
        id: PasskeyId::new(NOW, &bench.random),
        user_id: user.id.clone(),
        kind,
        credential_id: credential_id.to_vec(),
        credential: r#"{"counter":1}"#.to_owned(),
        name: "Küche".to_owned(),
        created_at: NOW,
        last_used_at: None,
    }
}

#[tokio::test]
async fn they_are_kept_used_renamed_and_removed() {
    for bench in benches().await {
        let (ana, bob) = (bench.user("ana@a.example").await, bench.user("bob@a.example").await);
        let first = passkey(&bench, &ana, PasskeyKind::Passkey, &[0, 255, 1]);
        let key = Passkey { created_at: later(1), ..passkey(&bench, &ana, PasskeyKind::SecurityKey, &[2; 300]) };
        let mut tx = bench.write().await;
        passkeys::insert(&mut tx, &first).await.unwrap();
        passkeys::insert(&mut tx, &key).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = bench.write().await;
        let twin = passkey(&bench, &bob, PasskeyKind::Passkey, &first.credential_id);
        assert!(matches!(passkeys::insert(&mut tx, &twin).await, Err(StoreError::Taken)), "{:?}", bench.database);
        drop(tx);

        let mut tx = bench.write().await;
        assert_eq!(passkeys::by_credential_id(&mut tx, &[0, 255, 1]).await.unwrap().as_ref(), Some(&first));
        assert_eq!(passkeys::of_user(&mut tx, &ana.id).await.unwrap(), [key.clone(), first.clone()]);
        assert!(passkeys::of_user(&mut tx, &bob.id).await.unwrap().is_empty());
        assert!(!passkeys::used(&mut tx, &first.id, "{}", "{}", later(1)).await.unwrap(), "judged by what is no more");
        assert!(passkeys::used(&mut tx, &first.id, &first.credential, r#"{"counter":2}"#, later(1)).await.unwrap());
        assert!(!passkeys::used(&mut tx, &first.id, &first.credential, "{}", later(2)).await.unwrap());
        assert!(!passkeys::rename(&mut tx, &bob.id, &first.id, "x").await.unwrap());
        assert!(passkeys::rename(&mut tx, &ana.id, &first.id, "Bad").await.unwrap());
        let now = passkeys::by_credential_id(&mut tx, &[0, 255, 1]).await.unwrap().unwrap();
        assert_eq!((now.name.as_str(), now.last_used_at, now.credential.as_str()), ("Bad", Some(later(1)), r#"{"counter":2}"#));

        assert!(!passkeys::remove(&mut tx, &bob.id, &first.id, false, later(60)).await.unwrap());
        assert!(!passkeys::remove(&mut tx, &ana.id, &first.id, true, later(60)).await.unwrap(), "a key is no way in");
        assert!(passkeys::remove(&mut tx, &ana.id, &key.id, true, later(60)).await.unwrap());
        assert!(passkeys::remove(&mut tx, &ana.id, &first.id, false, later(60)).await.unwrap());
        assert!(!passkeys::remove(&mut tx, &ana.id, &first.id, false, later(60)).await.unwrap());
        assert!(passkeys::of_user(&mut tx, &ana.id).await.unwrap().is_empty());
        assert!(!passkeys::used(&mut tx, &first.id, &now.credential, "{}", later(2)).await.unwrap());
        assert!(!passkeys::rename(&mut tx, &ana.id, &first.id, "x").await.unwrap());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_spent_is_spent_once_by_ten() {
    for bench in benches().await {
        let tries = (0..10).map(|_| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                let first = spent::spend(&mut tx, "one", later(60)).await.unwrap();
                tx.commit().await.unwrap();
                first
            })
        });
        let mut winners = 0;
        for one in tries.collect::<Vec<_>>() {
            winners += usize::from(one.await.unwrap());
        }
        assert_eq!(winners, 1, "{:?}", bench.database);
        let mut tx = bench.read().await;
        assert!(spent::is_spent(&mut tx, "one").await.unwrap() && !spent::is_spent(&mut tx, "two").await.unwrap());
    }
}

#[tokio::test]
async fn an_offer_is_remembered_and_goes_with_the_account() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let mut tx = bench.write().await;
        assert_eq!(passkeys::offer(&mut tx, &ana.id).await.unwrap(), None);
        for answer in [Offer::At(later(9)), Offer::Never] {
            passkeys::answer_offer(&mut tx, &ana.id, answer).await.unwrap();
            assert_eq!(passkeys::offer(&mut tx, &ana.id).await.unwrap(), Some(answer), "{:?}", bench.database);
        }
        removal::erase(&mut tx, &ana.id, 50).await.unwrap();
        assert_eq!(passkeys::offer(&mut tx, &ana.id).await.unwrap(), None);
        tx.commit().await.unwrap();
    }
}
