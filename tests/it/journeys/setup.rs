//! The first administrator.

use crate::world::{Database, PASSWORD, World};

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
    let newer = world.setup_link().await;
    assert_eq!(world.browser().get(&link).await.status, 410, "a later start makes a new link");
    for guess in ["/setup", "/setup?token=", "/setup?token=vst_set_x", newer.split_at(newer.len() - 1).0] {
        assert_eq!(world.browser().get(guess).await.status, 410, "{guess}");
    }
    browser.get(&newer).await;
    let arrived = browser.submit("/setup", &[("email", "root@a.example"), ("name", "Root"), ("password", PASSWORD)]).await;
    assert_eq!(arrived.location(), "/account");
    assert!(world.read("root@a.example").await.unwrap().is_admin);
}
