//! A database that cannot be used says why, at the start and at `/readyz`.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use vestibule::store::{Location, Store};

use crate::world::{Database, Line, Place, World};

async fn refusal(url: &str) -> String {
    let location = Location::Postgres { url: url.to_owned(), max_connections: 2 };
    let error = Store::open_patiently(&location, Duration::from_secs(1)).await.err().unwrap();
    let said = error.to_string();
    assert!(!said.contains("pool") && !said.contains("s3cret"), "{said}");
    said
}

#[tokio::test]
async fn a_start_without_a_database_names_the_cause() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let Location::Postgres { url, .. } = &place.location else { panic!() };
    let changed = |change: &dyn Fn(&mut url::Url)| {
        let mut url: url::Url = url.parse().unwrap();
        change(&mut url);
        url.to_string()
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = refusal(&changed(&|url| url.set_port(Some(free)).unwrap())).await;
    assert!(said.contains("connection refused") && said.contains(&free.to_string()), "{said}");
    let said = refusal(&changed(&|url| url.set_password(Some("s3cret")).unwrap())).await;
    assert!(said.contains("wrong password for the user vestibule"), "{said}");
    let said = refusal(&changed(&|url| url.set_path("nowhere"))).await;
    assert!(said.contains("there is no database nowhere"), "{said}");
    let said = refusal(&changed(&|url| url.set_query(Some("sslmode=require")))).await;
    assert!(said.contains("TLS"), "{said}");
    let said = refusal(&changed(&|url| url.set_host(Some("no-such-host.invalid")).unwrap())).await;
    assert!(said.contains("the host name has no address"), "{said}");
    let line = Line::to(&place).await;
    line.silence();
    let Location::Postgres { url, .. } = &line.place.location else { panic!() };
    let said = refusal(url).await;
    assert!(said.contains("no answer within"), "{said}");
}

#[tokio::test]
async fn a_database_that_only_reads_is_not_ready() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let world = World::at(place.clone(), "").await;
    let mut anybody = world.browser();
    assert_eq!(anybody.get("/readyz").await.status, 200);
    let Location::Postgres { url, .. } = &place.location else { panic!() };
    let name = url.parse::<url::Url>().unwrap().path().trim_start_matches('/').to_owned();
    let mut admin = PgConnection::connect(url).await.unwrap();
    for (word, status) in [("on", 503), ("off", 200)] {
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {word}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SET default_transaction_read_only = off; {sql}")))
            .execute(&mut admin)
            .await
            .unwrap();
        // For new connections, as after a failover.
        sqlx::raw_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .execute(&mut admin)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let answer = anybody.get("/readyz").await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.text().contains("can only be read"), status == 503, "{}", answer.text());
    }
    assert_eq!(anybody.get("/healthz").await.status, 200);
}

/// `migrate --dry-run` and every command ask this.
#[tokio::test]
async fn a_newer_database_is_not_up_to_date() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let world = World::at(place.clone(), "").await;
        let store = world.store().await;
        assert!(store.pending_migrations().await.unwrap().is_empty());
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, ";
        match &place.location {
            Location::Sqlite(path) => {
                let mut c = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{newer} x'00', 0)"))).execute(&mut c).await.unwrap();
            }
            Location::Postgres { url, .. } => {
                let mut c = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{newer} '\\x00', 0)"))).execute(&mut c).await.unwrap();
            }
        }
        let said = store.pending_migrations().await.unwrap_err().to_string();
        assert!(said.contains("newer version") && said.contains("9999"), "{said}");
        // A node that runs meanwhile goes on until it is replaced.
        assert_eq!(world.browser().get("/readyz").await.status, 200, "{database:?}");
    }
}
