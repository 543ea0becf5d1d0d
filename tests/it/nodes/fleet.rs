//! Nodes notice each other, and their clocks.

use std::time::Duration;

use vestibule::actions::fleet;
use vestibule::store::nodes;
use vestibule::time::{Clock, Timestamp};

use crate::world::{Database, Node, Place, World};

/// A node whose clock is so many seconds ahead of the database's.
async fn node(place: &Place, ahead: i64, settings: &str) -> World {
    let store = place.open().await;
    let told = nodes::told(&mut store.read().await.unwrap()).await.unwrap().unwrap();
    let clock = Clock::manual(Timestamp::from_millis(told.now.millis() + ahead * 1000));
    World::node(place, settings, Node { clock, ..Node::default() }).await
}

#[tokio::test]
async fn a_node_whose_clock_is_wrong_is_not_ready() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    for (ahead, status) in [(0, 200), (20, 200), (-20, 200), (45, 503), (-45, 503)] {
        let world = node(&place, ahead, "").await;
        fleet::turn(&world.app).await.unwrap();
        let answer = world.browser().get("/readyz").await;
        assert_eq!(answer.status, status, "{ahead}: {}", answer.text());
        let metrics = world.app.metrics.render();
        let offset = metrics.lines().find_map(|line| line.strip_prefix("vestibule_clock_offset_seconds ")).unwrap().to_owned();
        let offset: f64 = offset.parse().unwrap();
        // The database's clock goes on while ours stands.
        assert!(offset >= -f64::from(i32::try_from(ahead).unwrap()) - 0.5, "{offset}");
        fleet::leave(&world.app).await.unwrap();
        if status == 503 {
            assert!(answer.text().contains("clock"), "{}", answer.text());
            world.app.clock.advance(Duration::ZERO);
        }
    }
    // On a file there is one clock.
    let world = World::new().await;
    fleet::turn(&world.app).await.unwrap();
    assert_eq!(world.browser().get("/readyz").await.text(), "ready\n");
}

#[tokio::test]
async fn nodes_that_disagree_notice_each_other() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let one = node(&place, 0, "").await;
    let two = node(&place, 0, "").await;
    for world in [&one, &two, &one] {
        fleet::turn(&world.app).await.unwrap();
        assert!(fleet::disagreements(&world.app).is_empty(), "{:?}", fleet::disagreements(&world.app));
    }
    assert!(one.app.metrics.render().contains("vestibule_nodes 2\n"));
    assert_eq!(one.browser().get("/readyz").await.text(), "ready\n");

    let other = node(&place, 0, "[server]\npublic_url = 'http://localhost:9090'\n[tokens]\naccess_alg = 'RS256'").await;
    for world in [&other, &one, &two] {
        fleet::turn(&world.app).await.unwrap();
        let found = fleet::disagreements(&world.app).join("\n");
        assert!(found.contains("http://localhost:9090") && found.contains("[tokens]"), "{found}");
        assert!(world.browser().get("/readyz").await.text().contains("disagree"));
    }
    assert!(one.app.metrics.render().contains("vestibule_nodes_disagreeing 1\n"));
    fleet::leave(&other.app).await.unwrap();
    fleet::turn(&one.app).await.unwrap();
    assert!(fleet::disagreements(&one.app).is_empty());
    assert!(one.app.metrics.render().contains("vestibule_nodes_disagreeing 0\n"));
}
