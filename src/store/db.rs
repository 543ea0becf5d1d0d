//! `Store` and `Tx`: two databases behind one unit of work.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::error::Result;
use super::gather::{Gather, Question as _};
use super::group::{Extent, Unit, Writer};
use super::migrate::Migrating;
use super::pool::{Lease, Pool};
use super::{grants, sessions};
use crate::engine::session::Session;
use crate::engine::user::User;
use crate::time::Timestamp;

/// How many connections read a SQLite file at once. A statement takes microseconds, so more would only wait for a core.
const SQLITE_READERS: usize = 2;

/// How long a server waits for a statement over the network. It asks for few rows at a time, so more means that nobody is there.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum Location {
    /// A SQLite file; its folder must exist.
    Sqlite(PathBuf),
    /// A PostgreSQL URL, and how many connections this node may hold.
    Postgres { url: String, max_connections: u32 },
}

impl Location {
    /// As people would look for it: a path from the root, or host, port and name. Never the password.
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => std::path::absolute(path).as_ref().unwrap_or(path).display().to_string(),
            Self::Postgres { url, .. } => {
                url.parse().as_ref().map_or_else(|_| "database.url".to_owned(), super::unreachable::name)
            }
        }
    }
}

/// How many connections to the database are used, wait to be, and may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    pub busy: usize,
    pub idle: usize,
    pub max: usize,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Database);

#[derive(Clone)]
enum Database {
    Sqlite(Arc<Sqlite>),
    Postgres(Pool),
}

/// sqlx's pool pings a connection on each return, which costs as much as a statement: the readers are kept by hand.
struct Sqlite {
    path: PathBuf,
    readers: Vec<Arc<Mutex<SqliteConnection>>>,
    next: AtomicUsize,
    writer: Writer,
    carried: Gather<sessions::Carrier>,
    lives: Gather<grants::LifeOf>,
    standings: Gather<grants::PersonOf>,
    grants: Gather<grants::Key>,
}

/// A unit of work. `commit` consumes it; dropping a write rolls it back.
pub struct Tx(Inner);

enum Inner {
    SqliteRead(OwnedMutexGuard<SqliteConnection>),
    SqliteWrite(Unit),
    PostgresRead(Lease),
    PostgresWrite(Lease),
}

/// The connection beneath a `Tx`; [`on!`](super::sql) expands one query for both.
pub(super) enum Conn<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut Lease),
}

impl Store {
    /// Opens the database without touching its schema; see [`Store::migrate`].
    pub async fn open(location: &Location) -> Result<Self> {
        Self::open_patiently(location, PATIENCE).await
    }

    /// The same for a program that would rather wait: each statement over the network may take so long.
    pub async fn open_patiently(location: &Location, statement: Duration) -> Result<Self> {
        match location {
            Location::Sqlite(path) => {
                let opened = Sqlite::open(path).await.map_err(|error| super::unreachable::sqlite(path, error))?;
                Ok(Self(Database::Sqlite(Arc::new(opened))))
            }
            Location::Postgres { url, max_connections } => {
                let options: PgConnectOptions = url.parse()?;
                let pool = Pool::open(options, *max_connections, statement).await?;
                Ok(Self(Database::Postgres(pool)))
            }
        }
    }

    /// How the connections are at this moment.
    pub fn connections(&self) -> Connections {
        match &self.0 {
            Database::Sqlite(db) => {
                let idle =
                    db.readers.iter().filter(|reader| reader.try_lock().is_ok()).count() + usize::from(!db.writer.is_busy());
                let max = db.readers.len() + 1;
                Connections { busy: max - idle, idle, max }
            }
            Database::Postgres(pool) => pool.connections(),
        }
    }

    /// For statements that only read. Each sees a consistent state by itself; there is nothing to commit.
    pub async fn read(&self) -> Result<Tx> {
        match &self.0 {
            Database::Sqlite(db) => Ok(Tx(Inner::SqliteRead(db.reader().await))),
            Database::Postgres(pool) => Ok(Tx(Inner::PostgresRead(pool.acquire().await?))),
        }
    }

    /// For a change: all of it, or nothing.
    pub async fn write(&self) -> Result<Tx> {
        match &self.0 {
            Database::Sqlite(db) => Ok(Tx(Inner::SqliteWrite(db.writer.begin(Extent::Several).await?))),
            Database::Postgres(pool) => Ok(Tx(Inner::PostgresWrite(pool.begin().await?))),
        }
    }

    /// For a change that is one guarded statement, on the hottest paths. Unlike with [`Store::write`], what is dropped without a commit after its
    /// statement may be kept or not.
    pub async fn write_one(&self) -> Result<Tx> {
        match &self.0 {
            Database::Sqlite(db) => Ok(Tx(Inner::SqliteWrite(db.writer.begin(Extent::One).await?))),
            Database::Postgres(_) => self.write().await,
        }
    }

    /// The session that a cookie carries, with its person, whether or not it is still live.
    pub async fn session_by_carrier(&self, carrier: sessions::Carrier, now: Timestamp) -> Result<Option<(Session, User)>> {
        match &self.0 {
            Database::Sqlite(db) => db.carried.get(&carrier, now).await,
            Database::Postgres(_) => Ok(sessions::Carrier::ask(&mut self.read().await?, &[carrier], now).await?.remove(&carrier)),
        }
    }

    /// What an access token's being good depends on; none if its grant is gone.
    pub async fn token_life(&self, token: grants::LifeOf, now: Timestamp) -> Result<Option<grants::Life>> {
        match &self.0 {
            Database::Sqlite(db) => db.lives.get(&token, now).await,
            Database::Postgres(_) => Ok(grants::LifeOf::ask(&mut self.read().await?, &[token], now).await?.into_values().next()),
        }
    }

    /// The same, with whom it speaks of.
    pub async fn standing(&self, token: grants::PersonOf, now: Timestamp) -> Result<Option<grants::Standing>> {
        match &self.0 {
            Database::Sqlite(db) => db.standings.get(&token, now).await,
            Database::Postgres(_) => {
                Ok(grants::PersonOf::ask(&mut self.read().await?, &[token], now).await?.into_values().next())
            }
        }
    }

    /// An authorization with its person.
    pub async fn grant(&self, key: grants::Key, now: Timestamp) -> Result<Option<grants::Loaded>> {
        match &self.0 {
            Database::Sqlite(db) => db.grants.get(&key, now).await,
            Database::Postgres(_) => Ok(grants::Key::ask(&mut self.read().await?, &[key], now).await?.into_values().next()),
        }
    }

    /// Applies the migrations that are missing, and tells the log about it.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_by(&Migrating { copy: true, say: &|line| tracing::info!("{line}") }).await
    }

    pub async fn migrate_by(&self, how: &Migrating<'_>) -> Result<()> {
        match &self.0 {
            Database::Sqlite(db) => super::migrate::sqlite(&db.path, &db.writer, how).await,
            Database::Postgres(pool) => super::migrate::postgres(pool, how).await,
        }
    }

    /// The migrations that [`Store::migrate`] would apply.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        let mut tx = self.read().await?;
        super::migrate::pending(&mut tx).await
    }

    /// Moves what the write-ahead log holds into the database file. A job calls it, so that no commit has to.
    pub async fn checkpoint(&self) -> Result<()> {
        if let Database::Sqlite(db) = &self.0 {
            let mut connection = db.reader().await;
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Ends in good order: PostgreSQL's connections are closed, SQLite's log is moved into its file.
    pub async fn close(&self) {
        match &self.0 {
            Database::Postgres(pool) => pool.close().await,
            Database::Sqlite(db) => {
                let mut connection = db.writer.exclusive().await;
                // A reader of another process may hold the log; then the next start finds it.
                let _moved = sqlx::query("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await;
            }
        }
    }
}

impl Sqlite {
    async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(256)
            // Checkpoints belong to a job, off the commit path; this is only the net beneath it (64 MiB).
            .pragma("wal_autocheckpoint", "16000")
            .disable_statement_logging();
        let writer = Writer::new(options.connect().await?);
        let mut readers = Vec::with_capacity(SQLITE_READERS);
        for _ in 0..SQLITE_READERS {
            readers.push(Arc::new(Mutex::new(options.connect().await?)));
        }
        // One connection is enough for all that share statements.
        let lane = Tx(Inner::SqliteRead(Arc::new(Mutex::new(options.connect().await?)).lock_owned().await));
        let lane = Arc::new(Mutex::new(lane));
        let (carried, grants) = (Gather::new(&lane), Gather::new(&lane));
        let (lives, standings) = (Gather::new(&lane), Gather::new(&lane));
        Ok(Self { path: path.to_owned(), readers, next: AtomicUsize::new(0), writer, carried, lives, standings, grants })
    }

    /// The first idle connection, or the next in turn.
    async fn reader(&self) -> OwnedMutexGuard<SqliteConnection> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = || self.readers.iter().cycle().skip(turn % SQLITE_READERS).take(SQLITE_READERS);
        for reader in in_turn() {
            if let Ok(guard) = Arc::clone(reader).try_lock_owned() {
                return guard;
            }
        }
        match in_turn().next() {
            Some(reader) => Arc::clone(reader).lock_owned().await,
            // `readers` is never empty; a loop-free way to say so without a panic.
            None => std::future::pending().await,
        }
    }
}

impl Tx {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match &mut self.0 {
            Inner::SqliteRead(connection) => Conn::Sqlite(connection),
            Inner::SqliteWrite(unit) => Conn::Sqlite(unit.connection()),
            Inner::PostgresRead(lease) | Inner::PostgresWrite(lease) => Conn::Postgres(lease),
        }
    }

    /// Returns once the change is durable.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => Ok(()),
            Inner::SqliteWrite(unit) => unit.commit().await,
            Inner::PostgresWrite(lease) => lease.commit().await,
        }
    }
}
