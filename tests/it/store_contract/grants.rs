//! `grants` and `revoked_tokens`.

use vestibule::engine::grant::{Grant, Requested};
use vestibule::engine::scope::Scopes;
use vestibule::engine::session::Session;
use vestibule::engine::user::User;
use vestibule::ids::{ClientId, GrantId};
use vestibule::store::grants::{Key, LifeOf, Loaded, NewFamily, Next, PersonOf, Standing};
use vestibule::store::removal::{self, Erased};
use vestibule::store::sessions::{Ended, Which};
use vestibule::store::{Question as _, StoreError, Tx, grants, sealed, sessions};
use vestibule::time::Timestamp;

use super::{Bench, NOW, benches, later};

const FAMILY: NewFamily = NewFamily { hash: [7; 32], key: 1, idle_expires_at: Timestamp::from_millis(NOW.millis() + 100_000) };
const NEXT: Next = Next { from: 0, to: 1, key: 2, idle_expires_at: Timestamp::from_millis(NOW.millis() + 900_000) };

pub(super) fn grant(bench: &Bench, user: &User, session: Option<&Session>, client: &str, offline: bool) -> Grant {
    Grant {
        id: GrantId::new(NOW, &bench.random),
        user_id: user.id.clone(),
        client_id: client.parse::<ClientId>().unwrap(),
        session_id: session.map(|session| session.id.clone()),
        scopes: Scopes::parse("openid offline_access").unwrap(),
        request: Requested { nonce: Some("n".into()), redirect_uri: Some("https://a.example/cb".into()), ..Requested::default() },
        auth_time: NOW,
        acr: "1".into(),
        amr: "pwd".into(),
        offline,
        code_expires_at: later(60),
        code_used_at: None,
        refresh_sequence: 0,
        refresh_rotated_at: None,
        refresh_expires_at: None,
        refresh_hash: None,
        created_at: NOW,
        expires_at: later(60),
    }
}

pub(super) async fn by_code(tx: &mut Tx, code: u8) -> vestibule::store::Result<Option<Loaded>> {
    let key = Key::Code([code; 32]);
    Ok(Key::ask(tx, std::slice::from_ref(&key), NOW).await?.remove(&key))
}

async fn standing(tx: &mut Tx, grant_id: &GrantId, jti: &str) -> vestibule::store::Result<Option<Standing>> {
    let jti = format!("{grant_id}.{jti}");
    let (token, life) = (PersonOf(jti.clone()), LifeOf(jti));
    let found = PersonOf::ask(tx, std::slice::from_ref(&token), NOW).await?.remove(&token);
    let life = LifeOf::ask(tx, std::slice::from_ref(&life), NOW).await?.remove(&life);
    assert_eq!(found.as_ref().map(|found| found.life), life, "both questions have the same answer");
    Ok(found)
}

pub(super) async fn insert(bench: &Bench, grant: &Grant, code: u8) {
    let mut tx = bench.write().await;
    grants::insert(&mut tx, grant, &[code; 32]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_grant_is_read_back_with_its_person_and_whether_its_session_lives() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let session = bench.session(&ana).await;
        let grant = grant(&bench, &ana, Some(&session), "shop", false);
        insert(&bench, &grant, 1).await;
        let mut tx = bench.write().await;
        let found = by_code(&mut tx, 1).await.unwrap().unwrap();
        assert_eq!(format!("{:?}", found.grant), format!("{grant:?}"), "{:?}", bench.database);
        assert_eq!(found.user.id, ana.id);
        assert!(found.session_live);
        assert!(!grants::by_id(&mut tx, &grant.id, session.idle_expires_at).await.unwrap().unwrap().session_live);
        assert!(by_code(&mut tx, 2).await.unwrap().is_none());
        let twin = Grant { id: GrantId::new(NOW, &bench.random), ..grant.clone() };
        assert!(matches!(grants::insert(&mut tx, &twin, &[1; 32]).await, Err(StoreError::Taken)));
        drop(tx);
        let mut tx = bench.write().await;
        assert!(grants::use_code(&mut tx, &grant.id, later(1), Some(FAMILY), later(200)).await.unwrap());
        assert!(!grants::use_code(&mut tx, &grant.id, later(2), None, later(900)).await.unwrap());
        let used = grants::by_id(&mut tx, &grant.id, NOW).await.unwrap().unwrap().grant;
        assert_eq!((used.code_used_at, used.refresh_expires_at, used.expires_at), (Some(later(1)), Some(later(100)), later(200)));
        assert_eq!(used.refresh_hash, Some([7; 32]));
        assert!(grants::end(&mut tx, &grant.id).await.unwrap());
        assert!(!grants::end(&mut tx, &grant.id).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_uses_a_code() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let grant = grant(&bench, &ana, None, "shop", true);
        insert(&bench, &grant, 1).await;
        let winners = bench.race(move |tx| {
            let id = grant.id.clone();
            Box::pin(async move { grants::use_code(tx, &id, NOW, None, later(900)).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_rotates_a_refresh_token() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let grant = grant(&bench, &ana, None, "shop", true);
        insert(&bench, &grant, 1).await;
        let id = grant.id.clone();
        let winners = bench.race(move |tx| {
            let id = id.clone();
            Box::pin(async move { grants::rotate(tx, &id, NEXT, later(5)).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
        let found = grants::by_id(&mut bench.read().await, &grant.id, NOW).await.unwrap().unwrap().grant;
        assert_eq!(
            (found.refresh_sequence, found.refresh_rotated_at, found.refresh_expires_at),
            (1, Some(later(5)), Some(later(900)))
        );
        let mut tx = bench.read().await;
        assert_eq!(sealed::older_families(&mut tx, 1, NOW).await.unwrap(), (1, Some(later(900))), "it is under v2 now");
        assert_eq!(sealed::older_families(&mut tx, 2, NOW).await.unwrap(), (0, None));
    }
}

#[tokio::test]
async fn what_ends_when_a_session_or_a_person_goes() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let bob = bench.user("bob@a.example").await;
        let (one, two) = (bench.session(&ana).await, bench.session(&ana).await);
        let bobs = bench.session(&bob).await;
        let made = [
            grant(&bench, &ana, Some(&one), "shop", false),
            grant(&bench, &ana, Some(&one), "shop", true),
            grant(&bench, &ana, Some(&two), "shop", false),
            grant(&bench, &bob, Some(&bobs), "shop", false),
            grant(&bench, &ana, None, "shop", true),
        ];
        for (code, grant) in (1..).zip(&made) {
            insert(&bench, grant, code).await;
        }
        let left = async || {
            let mut tx = bench.read().await;
            let mut left = Vec::new();
            for (number, grant) in made.iter().enumerate() {
                if grants::by_id(&mut tx, &grant.id, NOW).await.unwrap().is_some() {
                    left.push(number);
                }
            }
            left
        };
        let mut tx = bench.write().await;
        assert_eq!(sessions::end(&mut tx, &bob.id, Which::One(&one.id)).await.unwrap(), [], "somebody else's");
        assert!(grants::use_code(&mut tx, &made[0].id, later(1), None, later(900)).await.unwrap());
        let took_part = Ended { session: one.id.clone(), clients: [made[0].client_id.clone()].into() };
        assert_eq!(sessions::end(&mut tx, &ana.id, Which::One(&one.id)).await.unwrap(), [took_part], "by a code that was used");
        tx.commit().await.unwrap();
        assert_eq!(left().await, [1, 2, 3, 4], "{:?}: offline access outlives the session", bench.database);
        let mut tx = bench.write().await;
        assert_eq!(grants::end_others(&mut tx, &ana.id, &two.id).await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert_eq!(left().await, [2, 3]);
        let mut tx = bench.write().await;
        assert_eq!(grants::end_all(&mut tx, &ana.id).await.unwrap(), 1);
        assert_eq!(removal::erase(&mut tx, &bob.id, 50).await.unwrap().0, Erased::Wholly);
        assert_eq!(removal::erase(&mut tx, &bob.id, 50).await.unwrap().0, Erased::Unknown);
        tx.commit().await.unwrap();
        assert!(left().await.is_empty(), "the foreign key takes them along");
    }
}

#[tokio::test]
async fn a_revoked_token_is_known() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let grant = grant(&bench, &ana, None, "shop", true);
        insert(&bench, &grant, 1).await;
        let (one, other) = (format!("{}.jti", grant.id), format!("{}.other", grant.id));
        let mut tx = bench.write().await;
        assert!(!standing(&mut tx, &grant.id, "jti").await.unwrap().unwrap().life.revoked);
        grants::revoke_token(&mut tx, &one, later(10)).await.unwrap();
        grants::revoke_token(&mut tx, &one, later(10)).await.unwrap();
        assert!(standing(&mut tx, &grant.id, "jti").await.unwrap().unwrap().life.revoked, "{:?}", bench.database);
        assert!(!standing(&mut tx, &grant.id, "other").await.unwrap().unwrap().life.revoked);
        assert!(grants::token_is_revoked(&mut tx, &one).await.unwrap());
        assert!(!grants::token_is_revoked(&mut tx, &other).await.unwrap());
        assert!(standing(&mut tx, &GrantId::new(NOW, &bench.random), "jti").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_outlives_sessions_is_found_and_ended_by_its_client() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let (here, there) = (bench.session(&ana).await, bench.session(&ana).await);
        let made = [
            (grant(&bench, &ana, Some(&here), "shop", true), true),
            (grant(&bench, &ana, Some(&there), "shop", true), true),
            (grant(&bench, &ana, Some(&here), "mail", true), true),
            (grant(&bench, &ana, Some(&here), "chat", false), true),
            (grant(&bench, &ana, Some(&here), "news", true), false),
        ];
        for (number, (grant, used)) in made.iter().enumerate() {
            insert(&bench, grant, u8::try_from(number).unwrap()).await;
            if *used {
                let mut tx = bench.write().await;
                let family = NewFamily { idle_expires_at: later(50), ..FAMILY };
                assert!(grants::use_code(&mut tx, &grant.id, later(1), Some(family), later(100)).await.unwrap());
                tx.commit().await.unwrap();
            }
        }
        let mut tx = bench.write().await;
        let names = |found: Vec<grants::Offline>| found.iter().map(|held| held.client_id.to_string()).collect::<Vec<_>>();
        let found = grants::offline_of(&mut tx, &ana.id, later(49)).await.unwrap();
        assert_eq!(found[0].granted_at, NOW, "{:?}", bench.database);
        let uses = grants::last_uses(&mut tx, &ana.id).await.unwrap();
        let at = |name: &str| uses.iter().find(|(client, _)| client.as_str() == name).map(|(_, at)| *at);
        assert_eq!((at("shop"), at("news"), at("none")), (Some(later(1)), Some(NOW), None), "{:?}", bench.database);
        assert_eq!(names(found), ["shop", "shop", "mail"], "{:?}", bench.database);
        assert!(grants::offline_of(&mut tx, &ana.id, later(50)).await.unwrap().is_empty(), "idle for too long");
        let clients = grants::offline_clients(&mut tx, &ana.id).await.unwrap();
        assert_eq!(clients.iter().map(ClientId::as_str).collect::<Vec<_>>(), ["mail", "news", "shop"], "{:?}", bench.database);
        // Given in a session that ended because whoever came must not come any more: what was asked for stays.
        let scopes = Scopes::parse("openid").unwrap();
        vestibule::store::consents::put(&mut tx, &ana.id, &"mail".parse().unwrap(), &scopes, &Scopes::default(), NOW)
            .await
            .unwrap();
        let shop = "shop".parse().unwrap();
        assert!(grants::has_offline(&mut tx, &ana.id, &"news".parse().unwrap()).await.unwrap());
        assert!(!grants::has_offline(&mut tx, &ana.id, &"chat".parse().unwrap()).await.unwrap());
        assert_eq!(grants::end_offline(&mut tx, &ana.id, &shop, Some(&here.id)).await.unwrap(), 1, "{:?}", bench.database);
        assert_eq!(grants::end_offline(&mut tx, &ana.id, &shop, None).await.unwrap(), 1);
        assert_eq!(names(grants::offline_of(&mut tx, &ana.id, later(2)).await.unwrap()), ["mail"]);
        assert_eq!(grants::end_unasked(&mut tx, &here.id).await.unwrap(), 1, "{:?}: news, whose code waits", bench.database);
        let clients = grants::offline_clients(&mut tx, &ana.id).await.unwrap();
        assert_eq!(clients.iter().map(ClientId::as_str).collect::<Vec<_>>(), ["mail"], "{:?}", bench.database);
    }
}

/// A grant that outlives its session is given in a transaction that holds the session, so that whoever signs out everywhere at that moment either
/// stops it or ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_grant_slips_through_while_somebody_signs_out() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        for round in 0..10_u8 {
            let session = bench.session(&ana).await;
            let grant = grant(&bench, &ana, Some(&session), "shop", true);
            let (store, id, held) = (bench.store.clone(), session.id.clone(), grant.clone());
            let gives = tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                let lives = sessions::hold(&mut tx, &id).await.unwrap().is_done();
                if lives {
                    grants::insert(&mut tx, &held, &[round; 32]).await.unwrap();
                }
                tx.commit().await.unwrap();
            });
            let (store, user_id) = (bench.store.clone(), ana.id.clone());
            let ends = tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                sessions::end(&mut tx, &user_id, Which::All).await.unwrap();
                for client in grants::offline_clients(&mut tx, &user_id).await.unwrap() {
                    grants::end_offline(&mut tx, &user_id, &client, None).await.unwrap();
                }
                tx.commit().await.unwrap();
            });
            let (gave, ended) = tokio::join!(gives, ends);
            gave.unwrap();
            ended.unwrap();
            assert!(grants::offline_clients(&mut bench.read().await, &ana.id).await.unwrap().is_empty(), "{:?}", bench.database);
            assert!(!sessions::hold(&mut bench.write().await, &session.id).await.unwrap().is_done());
        }
    }
}
