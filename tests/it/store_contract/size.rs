//! What hangs on an account or client by the thousand, and what a sweep finds after a long time: it goes in batches, and others get on meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use vestibule::actions::{App, clients, sweep, users as accounts};
use vestibule::engine::address::Identifier;
use vestibule::engine::client::Client;
use vestibule::engine::scope::Scopes;
use vestibule::ids::ClientId;
use vestibule::settings::client_metadata::ClientMetadata;
use vestibule::store::clients as store_clients;
use vestibule::store::grants::PersonOf;
use vestibule::store::removal::{self, Erased};
use vestibule::store::sessions::{self, Carrier};
use vestibule::store::{Location, Question as _, consents, users};

use super::{NOW, benches, earlier, flows as make_flow, grants as make_grant, later};
use crate::world::{Database, PASSWORD, Place, World};

/// Runs a statement past the store; gives the first column of what it finds, as text.
async fn sql(place: &Place, text: String) -> Vec<String> {
    match &place.location {
        Location::Sqlite(path) => {
            let mut c = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
            sqlx::query(AssertSqlSafe(text)).fetch_all(&mut c).await.unwrap().iter().map(|row| row.get(0)).collect()
        }
        Location::Postgres { url, .. } => {
            let mut c = PgConnection::connect(url).await.unwrap();
            sqlx::query(AssertSqlSafe(text)).fetch_all(&mut c).await.unwrap().iter().map(|row| row.get(0)).collect()
        }
    }
}

async fn count(place: &Place, table: &str) -> usize {
    sql(place, format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await[0].parse().unwrap()
}

/// So many more rows like one that is there, but for their ids and what must be unique.
async fn copies(place: &Place, table: &str, id: &str, many: usize) {
    let columns = match &place.location {
        Location::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
        Location::Postgres { .. } => {
            format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = 'public'"
            )
        }
    };
    let names = sql(place, columns).await;
    let values: Vec<String> = names
        .iter()
        .map(|name| match name.as_str() {
            // What ends has to be an id.
            "id" if table == "sessions" => copied_session("n.i"),
            "id" => "'copy_' || n.i".to_owned(),
            "code_hash" => "NULL".to_owned(),
            other => format!("one.{other}"),
        })
        .collect();
    let text = format!(
        "INSERT INTO {table} ({}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) \
         SELECT {} FROM {table} AS one CROSS JOIN n WHERE one.id = '{id}'",
        names.join(", "),
        values.join(", ")
    );
    sql(place, text).await;
}

/// The id of the copy of a session with this number, in SQL.
fn copied_session(number: &str) -> String {
    format!("'sess_000000000000000000' || substr(CAST(100000000 + {number} AS TEXT), 2)")
}

/// Somebody who writes all the time. Counts the writes until told to end.
fn somebody(app: &App, id: &ClientId) -> (Arc<AtomicUsize>, Arc<AtomicBool>) {
    let (writes, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (app, id, counter, ended) = (app.clone(), id.clone(), Arc::clone(&writes), Arc::clone(&end));
    tokio::spawn(async move {
        while !ended.load(Ordering::Relaxed) {
            clients::rotate_secret(&app, &id).await.unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    (writes, end)
}

fn metadata() -> serde_json::Value {
    json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_ten_thousand_authorizations_is_removed_while_others_write() {
    for bench in benches().await {
        let world = World::at(bench.place.clone(), "").await;
        let (shop, other) = (world.client(metadata()).await.client.id.clone(), world.client(metadata()).await.client.id.clone());
        let ana = bench.user("ana@a.example").await;
        let grant = make_grant::grant(&bench, &ana, None, shop.as_str(), true);
        make_grant::insert(&bench, &grant, 1).await;
        copies(&bench.place, "grants", grant.id.as_str(), 10_000).await;
        let (writes, end) = somebody(&world.app, &other);
        clients::remove(&world.app, &shop).await.unwrap();
        end.store(true, Ordering::Relaxed);
        let writes = writes.load(Ordering::Relaxed);
        assert!(writes > 50, "{:?}: {writes} writes of others during 200 batches", bench.database);
        assert_eq!(count(&bench.place, "grants").await, 0, "{:?}", bench.database);
    }
}

/// So many more sessions like one, each with its grant.
async fn more_sessions(place: &Place, session: &str, grant: &str, many: usize) {
    copies(place, "sessions", session, many).await;
    copies(place, "grants", grant, many).await;
    let of = copied_session("CAST(substr(id, 6) AS BIGINT)");
    sql(place, format!("UPDATE grants SET session_id = {of} WHERE id LIKE 'copy_%'")).await;
}

/// A program that signs in for every request and never out. Whoever writes meanwhile does not wait for all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_everywhere_goes_in_batches_while_others_write() {
    const MANY: usize = 2_300;
    for bench in benches().await {
        let world = World::at(bench.place.clone(), "").await;
        world.person("ana@a.example").await;
        world.person("bob@a.example").await;
        let mut here = world.sign_in("ana@a.example", PASSWORD).await;
        let mut bob = world.sign_in("bob@a.example", PASSWORD).await;
        let ana = world.read("ana@a.example").await.unwrap();
        let mut tx = bench.read().await;
        let session = sessions::of_user(&mut tx, &ana.id, world.app.now()).await.unwrap().remove(0);
        drop(tx);
        let shop = world.client(metadata()).await.client.id.clone();
        let grant = make_grant::grant(&bench, &ana, Some(&session), shop.as_str(), false);
        make_grant::insert(&bench, &grant, 1).await;
        let offline = make_grant::grant(&bench, &ana, Some(&session), shop.as_str(), true);
        make_grant::insert(&bench, &offline, 2).await;
        more_sessions(&bench.place, session.id.as_str(), grant.id.as_str(), MANY).await;
        let ended = || async {
            let text = "SELECT session_id FROM events WHERE kind = 'session.ended' ORDER BY session_id".to_owned();
            sql(&bench.place, text).await
        };

        let (writes, end) = somebody(&world.app, &shop);
        here.get("/account/sessions").await;
        let answer = here.submit("/account/sessions/end-others", &[]).await;
        end.store(true, Ordering::Relaxed);
        assert_eq!(answer.location(), "/account/sessions?notice=sessions-ended", "{:?}", bench.database);
        let writes = writes.load(Ordering::Relaxed);
        assert!(writes > 5, "{:?}: {writes} writes of others during twelve batches", bench.database);
        let mut told = ended().await;
        told.dedup();
        assert_eq!(told.len(), MANY, "{:?}: an entry for each", bench.database);
        // This one is spared, with what it authorized, and so is everybody else's.
        assert_eq!((count(&bench.place, "sessions").await, count(&bench.place, "grants").await), (2, 2), "{:?}", bench.database);
        assert!(here.get("/session").await.status == 200 && bob.get("/session").await.status == 200);

        more_sessions(&bench.place, session.id.as_str(), grant.id.as_str(), MANY).await;
        accounts::sign_out(&world.app, "ana@a.example").await.unwrap();
        assert_eq!((count(&bench.place, "sessions").await, count(&bench.place, "grants").await), (1, 1), "{:?}", bench.database);
        assert_eq!(ended().await.len(), 2 * MANY + 1);
        assert!(here.get("/session").await.status == 401 && bob.get("/session").await.status == 200);
    }
}

#[tokio::test]
async fn what_a_removed_client_was_allowed_counts_for_nothing_at_once_and_its_id_is_free_when_it_is_gone() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let shop: ClientId = "shop".parse().unwrap();
        let world = World::at(bench.place.clone(), "").await;
        let registered = serde_json::from_value(metadata()).unwrap();
        clients::add(&world.app, &registered, Some(shop.clone()), None).await.unwrap();
        let grant = make_grant::grant(&bench, &ana, None, "shop", true);
        make_grant::insert(&bench, &grant, 1).await;
        copies(&bench.place, "grants", grant.id.as_str(), 100).await;
        let token = PersonOf(format!("{}.x", grant.id));
        let mut tx = bench.write().await;
        let openid = Scopes::parse("openid").unwrap();
        consents::put(&mut tx, &ana.id, &shop, &openid, &Scopes::default(), NOW).await.unwrap();
        assert_eq!(PersonOf::ask(&mut tx, std::slice::from_ref(&token), NOW).await.unwrap().len(), 1);
        assert!(removal::remove_client(&mut tx, &shop, NOW).await.unwrap().is_done());
        assert!(PersonOf::ask(&mut tx, &[token], NOW).await.unwrap().is_empty(), "{:?}", bench.database);
        assert!(make_grant::by_code(&mut tx, 1).await.unwrap().is_none());
        assert!(consents::get(&mut tx, &ana.id, &shop).await.unwrap().is_none());
        assert!(consents::of_user(&mut tx, &ana.id).await.unwrap().is_empty());
        assert!(!removal::client_is_clear(&mut tx, &shop, later(60)).await.unwrap(), "rows are left");
        let mut batches = Vec::new();
        while batches.last() != Some(&0) {
            batches.push(removal::clear_client(&mut tx, &shop, 40).await.unwrap());
        }
        assert_eq!(batches, [40, 40, 21, 1, 0], "grants, then the consent");
        assert!(!removal::client_is_clear(&mut tx, &shop, earlier(1)).await.unwrap(), "another node may know it yet");
        tx.commit().await.unwrap();
        let refused = clients::add(&world.app, &registered, Some(shop.clone()), None).await.unwrap_err();
        assert!(refused.to_string().contains("removed just now"), "{refused}");
        world.advance(2);
        clients::add(&world.app, &registered, Some(shop.clone()), None).await.unwrap();
        assert_eq!(count(&bench.place, "removed_clients").await, 0);
    }
}

#[tokio::test]
async fn an_account_with_much_is_gone_at_once_and_its_rows_follow_in_batches() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let session = bench.session(&ana).await;
        let grant = make_grant::grant(&bench, &ana, Some(&session), "shop", true);
        make_grant::insert(&bench, &grant, 1).await;
        let flow = make_flow::flow(&bench, vestibule::engine::flow::State::SignIn, Some(&ana));
        make_flow::insert(&bench, &flow).await;
        let mut tx = bench.write().await;
        sessions::carry(&mut tx, &[1; 32], session.id.as_str(), later(60)).await.unwrap();
        tx.commit().await.unwrap();
        copies(&bench.place, "sessions", session.id.as_str(), 120).await;
        copies(&bench.place, "grants", grant.id.as_str(), 70).await;

        let mut tx = bench.write().await;
        assert_eq!(removal::erase(&mut tx, &ana.id, 50).await.unwrap().0, Erased::RestWaits, "{:?}", bench.database);
        assert!(users::by_id(&mut tx, &ana.id).await.unwrap().is_none());
        assert!(users::by_identifier(&mut tx, &Identifier::Email(ana.email.clone().unwrap())).await.unwrap().is_none());
        assert!(users::list(&mut tx, None, 10).await.unwrap().is_empty());
        assert!(Carrier::ask(&mut tx, &[Carrier([1; 32])], NOW).await.unwrap().is_empty());
        assert!(PersonOf::ask(&mut tx, &[PersonOf(format!("{}.x", grant.id))], NOW).await.unwrap().is_empty());
        assert!(!users::update(&mut tx, &ana, ana.updated_at).await.unwrap(), "whoever had read it writes nothing back");
        assert!(!users::signed_in(&mut tx, &ana, NOW).await.unwrap());
        assert_eq!(removal::erase(&mut tx, &ana.id, 50).await.unwrap().0, Erased::Unknown, "it is gone");
        assert_eq!(removal::waiting_account(&mut tx).await.unwrap().as_ref(), Some(&ana.id));
        tx.commit().await.unwrap();
        // The address is free.
        bench.user("ana@a.example").await;
        let left = format!("SELECT COALESCE(email, '') || COALESCE(username, '') || profile FROM users WHERE id = '{}'", ana.id);
        assert_eq!(sql(&bench.place, left).await, ["{}"], "nothing personal is left in the row");

        let mut tx = bench.write().await;
        let mut batches = 1;
        while !removal::clear_account(&mut tx, &ana.id, 50).await.unwrap().0 {
            batches += 1;
        }
        tx.commit().await.unwrap();
        assert_eq!(batches, 2, "121 sessions, 50 a batch, the first with the account");
        for table in ["sessions", "grants", "flows", "carriers"] {
            assert_eq!(count(&bench.place, table).await, 0, "{:?}: {table}", bench.database);
        }
        assert_eq!(count(&bench.place, "users").await, 1);
        assert!(removal::waiting_account(&mut bench.read().await).await.unwrap().is_none());
    }
}

/// Two nodes go on where somebody did not get to the end, and the second begins while the first has not committed. What the first takes away is no
/// sign that nothing is left: an account's row would take all the rest with it in one statement, and a client's id would be free too early.
#[tokio::test]
async fn two_that_clear_the_same_take_turns() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let shop: ClientId = "shop".parse().unwrap();
        let registered = Client {
            id: shop.clone(),
            secret_hash: None,
            metadata: serde_json::from_value::<ClientMetadata>(metadata()).unwrap().validate().unwrap(),
        };
        let grant = make_grant::grant(&bench, &ana, None, "shop", true);
        let mut tx = bench.write().await;
        store_clients::insert(&mut tx, &registered, NOW).await.unwrap();
        tx.commit().await.unwrap();
        make_grant::insert(&bench, &grant, 1).await;
        copies(&bench.place, "grants", grant.id.as_str(), 199).await;
        let mut tx = bench.write().await;
        assert!(removal::remove_client(&mut tx, &shop, NOW).await.unwrap().is_done());
        tx.commit().await.unwrap();

        let mut first = bench.write().await;
        assert_eq!(removal::clear_client(&mut first, &shop, 50).await.unwrap(), 50);
        let (store, id) = (bench.store.clone(), shop.clone());
        let second = tokio::spawn(async move {
            let mut tx = store.write().await.unwrap();
            let rows = removal::clear_client(&mut tx, &id, 50).await.unwrap();
            tx.commit().await.unwrap();
            rows
        });
        bench.place.until_somebody_waits().await;
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), 50, "{:?}", bench.database);
        assert_eq!(count(&bench.place, "grants").await, 100, "{:?}", bench.database);

        let mut first = bench.write().await;
        assert!(!removal::clear_account(&mut first, &ana.id, 40).await.unwrap().0);
        let (store, id) = (bench.store.clone(), ana.id.clone());
        let second = tokio::spawn(async move {
            let mut tx = store.write().await.unwrap();
            let (wholly, _) = removal::clear_account(&mut tx, &id, 40).await.unwrap();
            tx.commit().await.unwrap();
            wholly
        });
        bench.place.until_somebody_waits().await;
        first.commit().await.unwrap();
        assert!(!second.await.unwrap(), "{:?}: the rest went in one statement", bench.database);
        assert_eq!((count(&bench.place, "grants").await, count(&bench.place, "users").await), (20, 1), "{:?}", bench.database);
    }
}

#[tokio::test]
async fn the_log_of_an_erased_account_forgets_where_it_was_however_long_it_is() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.sign_up("ana@a.example", PASSWORD).await;
        let ana = world.read("ana@a.example").await.unwrap();
        let one = sql(&world.place, format!("SELECT id FROM events WHERE user_id = '{}' AND address <> ''", ana.id)).await;
        copies(&world.place, "events", &one[0], 130).await;
        // All at one time, and a few later ones.
        sql(&world.place, "UPDATE events SET at = at + 5 WHERE id LIKE 'copy_1%'".to_owned()).await;
        accounts::delete(&world.app, "ana@a.example").await.unwrap();
        let traces = format!("SELECT id FROM events WHERE user_id = '{}' AND (address <> '' OR device <> '')", ana.id);
        assert_eq!(sql(&world.place, traces).await, Vec::<String>::new(), "{database:?}");
        assert_eq!(count(&world.place, "users").await, 0);
    }
}

#[tokio::test]
async fn a_sweep_goes_on_where_a_removal_was_broken_off() {
    for bench in benches().await {
        let world = World::at(bench.place.clone(), "").await;
        let (ana, bob) = (bench.user("ana@a.example").await, bench.user("bob@a.example").await);
        let session = bench.session(&ana).await;
        copies(&bench.place, "sessions", session.id.as_str(), 120).await;
        let shop = world.client(metadata()).await.client.id.clone();
        make_grant::insert(&bench, &make_grant::grant(&bench, &bob, None, shop.as_str(), true), 1).await;
        let mut tx = bench.write().await;
        removal::erase(&mut tx, &ana.id, 50).await.unwrap();
        removal::remove_client(&mut tx, &shop, NOW).await.unwrap().or_overtaken().unwrap();
        tx.commit().await.unwrap();
        world.advance(2);
        sweep::sweep(&world.app).await.unwrap();
        for (table, rows) in [("sessions", 0), ("grants", 0), ("removed_clients", 0), ("users", 1)] {
            assert_eq!(count(&bench.place, table).await, rows, "{:?}: {table}", bench.database);
        }
        let ended = "SELECT CAST(COUNT(*) AS TEXT) FROM events WHERE kind = 'session.ended' AND detail = 'account_deleted'";
        assert_eq!(
            sql(&bench.place, ended.to_owned()).await,
            ["71"],
            "{:?}: all but those that were erased by hand",
            bench.database
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_with_a_backlog_lets_others_write_and_ends_when_the_server_stops() {
    for bench in benches().await {
        let world = World::at(bench.place.clone(), "").await;
        let other = world.client(metadata()).await.client.id.clone();
        let flow = make_flow::flow(&bench, vestibule::engine::flow::State::SignIn, None);
        make_flow::insert(&bench, &vestibule::engine::flow::Flow { expires_at: earlier(60), ..flow.clone() }).await;
        copies(&bench.place, "flows", flow.id.as_str(), 10_000).await;
        let (writes, end) = somebody(&world.app, &other);
        let app = world.app.clone();
        let sweeping = tokio::spawn(async move { sweep::sweep(&app).await.unwrap() });
        while writes.load(Ordering::Relaxed) < 20 {
            tokio::task::yield_now().await;
        }
        world.app.stop();
        let swept: u64 = sweeping.await.unwrap().iter().map(|swept| swept.rows).sum();
        end.store(true, Ordering::Relaxed);
        assert!(swept < 5_000, "{:?}: {swept} rows went while others wrote 20 times", bench.database);
        let left = count(&bench.place, "flows").await;
        assert_eq!(left + usize::try_from(swept).unwrap(), 10_001, "{:?}", bench.database);
        // The next start takes the rest.
        let next = World::at(bench.place.clone(), "").await;
        sweep::sweep(&next.app).await.unwrap();
        assert_eq!(count(&bench.place, "flows").await, 0);
    }
}
