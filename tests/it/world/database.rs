//! Where a test's rows are: a new SQLite file, or a new database of the PostgreSQL in `VESTIBULE_TEST_POSTGRES`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use vestibule::crypto::random::Random;
use vestibule::store::{Location, PATIENCE, Store};

const VARIABLE: &str = "VESTIBULE_TEST_POSTGRES";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// Cheap to clone: nodes that share a database have the same place.
#[derive(Clone)]
pub struct Place {
    pub location: Location,
    /// How long a statement over the network may take.
    pub patience: Duration,
    nodes: Arc<AtomicU64>,
    /// The SQLite file lives as long as this.
    _dir: Option<Arc<TempDir>>,
}

impl Place {
    /// None, with a loud word, if PostgreSQL is not there; in CI that is a failure.
    pub async fn new(database: Database) -> Option<Self> {
        match database {
            Database::Sqlite => Some(Self::sqlite()),
            Database::Postgres => Self::postgres().await,
        }
    }

    pub fn sqlite() -> Self {
        let dir = TempDir::new().unwrap();
        let location = Location::Sqlite(dir.path().join("vestibule.db"));
        Self { location, patience: PATIENCE, nodes: Arc::default(), _dir: Some(Arc::new(dir)) }
    }

    async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(VARIABLE) else {
            assert!(std::env::var_os("CI").is_none(), "{VARIABLE} is not set, and in CI nothing is skipped");
            eprintln!("SKIPPED on PostgreSQL: {VARIABLE} is not set; tests/run sets it");
            return None;
        };
        let name = format!("t_{}", data_encoding::HEXLOWER.encode(&Random::system().bytes::<12>()));
        let mut connection = PgConnection::connect(&server).await.unwrap();
        // The cluster is thrown away, and the database with it.
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let mut url: url::Url = server.parse().unwrap();
        url.set_path(&name);
        let location = Location::Postgres { url: url.to_string(), max_connections: 6 };
        Some(Self { location, patience: PATIENCE, nodes: Arc::default(), _dir: None })
    }

    /// Until a statement waits for a row or a table that somebody else holds. On SQLite, where nobody comes in while there is a writer, at once.
    pub async fn until_somebody_waits(&self) {
        let Location::Postgres { url, .. } = &self.location else { return };
        let mut connection = PgConnection::connect(url).await.unwrap();
        let waiting =
            "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()";
        while connection.fetch_optional(waiting).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Counts the worlds that have used this place.
    pub fn next_node(&self) -> u64 {
        self.nodes.fetch_add(1, Ordering::Relaxed)
    }

    /// A store on it, with the schema of today.
    pub async fn open(&self) -> Store {
        let store = Store::open_patiently(&self.location, self.patience).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}
