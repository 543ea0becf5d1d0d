//! Retention: what the sweep takes, and what it leaves.

use vestibule::engine::event::{Actor, Event, Kind, Origin};
use vestibule::engine::flow::{Flow, State};
use vestibule::engine::limit::{Allowance, Rate};
use vestibule::ids::{EventId, FlowId};
use vestibule::store::{events, flows, grants, limits, sessions, sweep};

use super::{NOW, benches, earlier, flows as make, grants as make_grant, later};

#[tokio::test]
async fn a_sweep_takes_what_is_over_in_batches_and_leaves_the_rest() {
    for bench in benches().await {
        let mut ids = Vec::new();
        for number in 0..5_u64 {
            let base = make::flow(&bench, State::SignIn, None);
            let expires_at = if number < 3 { earlier(number) } else { later(number) };
            let flow = Flow { id: FlowId::new(NOW, &bench.random), expires_at, ..base };
            make::insert(&bench, &flow).await;
            ids.push(flow.id);
        }
        let rule = sweep::RULES.iter().find(|rule| rule.table == "flows").unwrap();
        let mut taken = Vec::new();
        for _ in 0..3 {
            let mut tx = bench.write().await;
            taken.push(sweep::run(&mut tx, rule, NOW, 2).await.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(taken, [2, 1, 0], "{:?}", bench.database);
        let mut tx = bench.read().await;
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(flows::by_id(&mut tx, id).await.unwrap().is_some(), number >= 3);
        }
    }
}

#[tokio::test]
async fn every_rule_runs_on_both_databases() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let session = bench.session(&ana).await;
        let grant = make_grant::grant(&bench, &ana, Some(&session), "shop", true);
        make_grant::insert(&bench, &grant, 1).await;
        let mut tx = bench.write().await;
        sessions::carry(&mut tx, &[1; 32], session.id.as_str(), later(60)).await.unwrap();
        grants::revoke_token(&mut tx, "jti", later(60)).await.unwrap();
        let rate = Rate { many: 1, within: std::time::Duration::from_mins(1) };
        assert_eq!(limits::spend(&mut tx, "a", rate, NOW).await.unwrap(), Allowance::Granted);
        tx.commit().await.unwrap();
        for rule in &sweep::RULES {
            let mut tx = bench.write().await;
            assert_eq!(sweep::run(&mut tx, rule, NOW, 100).await.unwrap(), 0, "{:?}: {} lives", bench.database, rule.table);
        }
        let mut gone = Vec::new();
        for rule in &sweep::RULES {
            let mut tx = bench.write().await;
            if sweep::run(&mut tx, rule, session.expires_at, 100).await.unwrap() > 0 {
                gone.push(rule.table);
            }
            tx.commit().await.unwrap();
        }
        assert_eq!(gone, ["carriers", "sessions", "grants", "revoked_tokens", "limits"], "{:?}", bench.database);
    }
}

/// The action that the job calls.
#[tokio::test]
async fn the_sweep_leaves_what_is_in_use() {
    use crate::world::{PASSWORD, World};
    for database in crate::world::Database::BOTH {
        let Some(world) = World::on(database, "[sessions]\nidle_days = 30").await else { continue };
        let mut ada = world.sign_up("ada@a.example", PASSWORD).await;
        world.advance(3600);
        vestibule::actions::sweep::sweep(&world.app).await.unwrap();
        assert_eq!(ada.get("/account").await.status, 200);
        world.advance(40 * 86_400);
        vestibule::actions::sweep::sweep(&world.app).await.unwrap();
        assert_eq!(world.mails().await.len(), 0, "{database:?}: no message outlives its retention");
        assert!(world.read("ada@a.example").await.is_some());
        world.sign_in("ada@a.example", PASSWORD).await;
    }
}

#[tokio::test]
async fn events_go_by_age() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        let ana = vestibule::ids::UserId::new(NOW, &bench.random);
        for at in [earlier(10), earlier(5), NOW] {
            let event = Event {
                kind: Kind::SignedIn,
                user_id: Some(ana.clone()),
                session_id: None,
                client_id: None,
                actor: Actor::User,
                origin: Origin::default(),
                detail: None,
            };
            events::insert(&mut tx, &EventId::new(at, &bench.random), at, &event).await.unwrap();
        }
        assert_eq!(sweep::events(&mut tx, NOW, 1).await.unwrap(), 1);
        assert_eq!(sweep::events(&mut tx, NOW, 10).await.unwrap(), 1);
        assert_eq!(sweep::events(&mut tx, NOW, 10).await.unwrap(), 0, "{:?}", bench.database);
        assert_eq!(events::of_user(&mut tx, &ana, 10).await.unwrap().len(), 1);
    }
}
