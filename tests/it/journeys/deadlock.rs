//! Two requests that lock the same rows in another order: PostgreSQL undoes one of them, and nobody notices.

use sqlx::{Connection as _, Executor as _, PgConnection};
use vestibule::store::Location;

use super::is_signed_in;
use crate::world::{Database, Place, World};

const ADA: &str = "ada@a.example";

/// Somebody else holds the account's row and then wants the flow's, which a sign-in holds that waits for the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_was_broken_off_for_another_gets_in_all_the_same() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let world = World::at(place.clone(), "").await;
    world.person(ADA).await;
    let Location::Postgres { url, .. } = &place.location else { return };
    let mut other = PgConnection::connect(url).await.unwrap();
    // Who waits for longer than this looks whether it waits in a circle, and is the one that is undone: the request after one second.
    other.execute("SET deadlock_timeout = '4s'").await.unwrap();
    for _ in 0..5 {
        let mut browser = world.browser();
        browser.get("/login").await;
        let sent = browser.post("/login/code", &[("identifier", ADA), ("way", "mail")]).await;
        let flow = browser.follow(&sent).await.value("flow").unwrap();
        let code = world.mail_to(ADA).await.code;
        other.execute("BEGIN").await.unwrap();
        other.execute("SELECT id FROM users FOR UPDATE").await.unwrap();
        let enters = tokio::spawn(async move {
            let answer = browser.submit("/login/code/enter", &[("code", &code)]).await;
            (browser, answer)
        });
        place.until_somebody_waits().await;
        let crossed = sqlx::query("UPDATE flows SET tries = tries WHERE id = $1").bind(&flow).execute(&mut other).await;
        other.execute("ROLLBACK").await.unwrap();
        let (mut browser, answer) = enters.await.unwrap();
        assert_eq!((answer.status, answer.location()), (303, "/account"), "{}", answer.text());
        assert!(is_signed_in(&mut browser).await);
        // On a machine that was busy the request looked before there was a circle, and then it was not the one.
        if crossed.is_ok() {
            return;
        }
    }
    panic!("the request was never the one that is undone");
}
