//! The first administrator.

use crate::world::{Database, PASSWORD, Place, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_link_works_for_one_of_ten() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        let link = world.setup_link().await;
        for _ in 0..10 {
            assert_eq!(world.browser().get(&link).await.status, 200, "opening it is free");
        }
        let mut open = Vec::new();
        for _ in 0..10 {
            let mut browser = world.browser();
            browser.get(&link).await;
            open.push(browser);
        }
        let mut tries = tokio::task::JoinSet::new();
        for (number, mut browser) in open.into_iter().enumerate() {
            tries.spawn(async move {
                let email = format!("admin{number}@a.example");
                browser.submit("/setup", &[("email", &email), ("name", "Root"), ("password", PASSWORD)]).await.status
            });
        }
        let outcomes = tries.join_all().await;
        assert_eq!(outcomes.iter().filter(|status| **status == 303).count(), 1, "{database:?}: {outcomes:?}");
        assert!(outcomes.iter().all(|status| matches!(status, 303 | 410)), "{outcomes:?}");
        assert_eq!(world.browser().get(&link).await.status, 410);
    }
}

#[tokio::test]
async fn a_mistake_leaves_the_link_open_and_a_guess_opens_nothing() {
    let world = World::new().await;
    let link = world.setup_link().await;
    let mut browser = world.browser();
    browser.get(&link).await;
    let refused = browser.submit("/setup", &[("email", "x"), ("name", "Root"), ("password", PASSWORD)]).await;
    assert_eq!((refused.status, refused.value("name").as_deref()), (422, Some("Root")));
    assert_eq!(browser.submit("/setup", &[("email", "root@a.example"), ("password", "short")]).await.status, 422);
    world.advance(23 * 3600);
    let newer = world.setup_link().await;
    assert_eq!(world.browser().get(&link).await.status, 200, "that of an earlier start, or of another node, works as well");
    world.advance(2 * 3600);
    assert_eq!(world.browser().get(&link).await.status, 410, "for a day");
    for guess in ["/setup", "/setup?token=", "/setup?token=vst_set_x", newer.split_at(newer.len() - 1).0] {
        assert_eq!(world.browser().get(guess).await.status, 410, "{guess}");
    }
    browser.get(&newer).await;
    let arrived = browser.submit("/setup", &[("email", "root@a.example"), ("name", "Root"), ("password", PASSWORD)]).await;
    assert_eq!(arrived.location(), "/account");
    assert!(world.read("root@a.example").await.unwrap().is_admin);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_three_nodes_prints_a_link_that_works_until_one_is_used() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let mut starts = tokio::task::JoinSet::new();
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let node = World::at(place.clone(), "").await;
            let app = node.app.clone();
            starts.spawn(async move { vestibule::actions::setup::prepare(&app).await.unwrap() });
            nodes.push(node);
        }
        let mut links = Vec::new();
        for found in starts.join_all().await {
            let vestibule::actions::setup::Prepared::Link(link) = found else { panic!("{found:?}") };
            links.push(link.strip_prefix("http://localhost:8080").unwrap().to_owned());
        }
        let mut open = Vec::new();
        for (node, link) in nodes.iter().zip(&links) {
            let mut browser = node.browser();
            assert_eq!(browser.get(link).await.status, 200, "{database:?}");
            open.push(browser);
        }
        let mut tries = tokio::task::JoinSet::new();
        for (number, mut browser) in open.into_iter().enumerate() {
            tries.spawn(async move {
                let email = format!("admin{number}@a.example");
                browser.submit("/setup", &[("email", &email), ("name", "Root"), ("password", PASSWORD)]).await.status
            });
        }
        let outcomes = tries.join_all().await;
        assert_eq!(outcomes.iter().filter(|status| **status == 303).count(), 1, "{database:?}: {outcomes:?}");
        for link in &links {
            assert_eq!(nodes[0].browser().get(link).await.status, 410);
        }
    }
}
