//! Migrations: twins for the two databases, forward only, embedded.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use tokio::time::{Instant, timeout};

use super::db::Tx;
use super::error::{Result, StoreError};
use super::group::Writer;
use super::pool::Pool;
use super::sql::all;

struct Twin {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! twins {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(Twin {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// Add the pair of files, then the line. A test compares this list with the folders, and the two schemas with each other.
const TWINS: &[Twin] = twins![
    1 "0001_foundation",
    2 "0002_ways_in",
    3 "0003_providers",
    4 "0004_vouched",
    6 "0006_verification_keys",
    8 "0008_secrets",
    9 "0009_scale",
    10 "0010_nodes",
    11 "0011_known_devices",
    13 "0013_told",
];

fn migrator(sql: fn(&Twin) -> &'static str) -> Migrator {
    migrator_to(i64::MAX, sql)
}

/// Of those up to a version. What is applied beyond it is somebody else's question.
fn migrator_to(last: i64, sql: fn(&Twin) -> &'static str) -> Migrator {
    let migration = |twin: &Twin| {
        Migration::new(twin.version, twin.name.into(), MigrationType::Simple, sqlx::SqlSafeStr::into_sql_str(sql(twin)), false)
    };
    let mut made = Migrator::with_migrations(TWINS.iter().filter(|twin| twin.version <= last).map(migration).collect());
    made.set_ignore_missing(last < i64::MAX);
    // SQLite has its writer, PostgreSQL a lock of ours.
    made.set_locking(false);
    made
}

/// Names of the embedded migrations, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TWINS.iter().map(|twin| twin.name)
}

/// How to migrate a database that already holds something.
pub struct Migrating<'a> {
    /// A SQLite file is copied first.
    pub copy: bool,
    /// Hears what will happen and how far it is.
    pub say: &'a (dyn Fn(&str) + Sync),
}

/// How often somebody who waits hears that it goes on.
const WORD_EVERY: Duration = Duration::from_secs(5);

/// Runs something long; says every few seconds how far it is.
pub(super) async fn watched<T>(work: impl Future<Output = T>, progress: impl Fn() -> String, say: &(dyn Fn(&str) + Sync)) -> T {
    let mut work = std::pin::pin!(work);
    let begun = Instant::now();
    loop {
        match timeout(WORD_EVERY, &mut work).await {
            Ok(done) => return done,
            Err(_) => say(&format!("{}, for {} s", progress(), begun.elapsed().as_secs())),
        }
    }
}

/// Before it changes a database that already holds something, it leaves a copy beside it.
pub(super) async fn sqlite(path: &Path, writer: &Writer, how: &Migrating<'_>) -> Result<()> {
    let mut connection = writer.exclusive().await;
    let applied: Vec<(i64,)> = match sqlx::query_as("SELECT version FROM _sqlx_migrations").fetch_all(&mut *connection).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(_)) => Vec::new(), // a new database has no such table
        Err(error) => return Err(error.into()),
    };
    let missing = missing(&applied);
    if !applied.is_empty()
        && let Some(first) = missing.first()
    {
        refuse_newer(&applied)?;
        if how.copy {
            super::copy::make(path, first.version, &mut connection, how).await?;
        } else {
            (how.say)("no copy is made before the database is changed, as you asked");
        }
        for twin in missing {
            step(twin, async { migrator_to(twin.version, |twin| twin.sqlite).run(&mut *connection).await }, how).await?;
        }
    }
    migrator(|twin| twin.sqlite).run(&mut *connection).await.map_err(explain)
}

/// On a connection of its own: a migration takes as long as it takes. One node migrates at a time; the lock is a transaction's on another connection,
/// since one of a session (as sqlx would take) stays behind in a pooler.
pub(super) async fn postgres(pool: &Pool, how: &Migrating<'_>) -> Result<()> {
    let (mut lock, mut connection) = (pool.options().connect().await?, pool.options().connect().await?);
    sqlx::raw_sql(LOCK).execute(&mut lock).await?;
    let applied: Vec<(i64,)> = match sqlx::query_as("SELECT version FROM _sqlx_migrations").fetch_all(&mut connection).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let missing = missing(&applied);
    if !applied.is_empty() && !missing.is_empty() {
        refuse_newer(&applied)?;
        (how.say)("the database is changed without a copy: pg_dump makes one");
        for twin in missing {
            step(twin, async { migrator_to(twin.version, |twin| twin.postgres).run(&mut connection).await }, how).await?;
        }
    }
    migrator(|twin| twin.postgres).run(&mut connection).await.map_err(explain)?;
    sqlx::raw_sql("COMMIT").execute(&mut lock).await?;
    Ok(())
}

/// The number is of no meaning but ours.
const LOCK: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_advisory_xact_lock(7613042915)";

fn missing(applied: &[(i64,)]) -> Vec<&'static Twin> {
    TWINS.iter().filter(|twin| !applied.contains(&(twin.version,))).collect()
}

fn refuse_newer(applied: &[(i64,)]) -> Result<()> {
    match newer(applied) {
        Some(version) => Err(StoreError::Newer(version)),
        None => Ok(()),
    }
}

/// A migration that this program does not know.
fn newer(applied: &[(i64,)]) -> Option<i64> {
    let unknown = |version: &i64| TWINS.iter().all(|twin| twin.version != *version);
    applied.iter().map(|row| row.0).filter(unknown).max()
}

/// One migration of several.
async fn step(
    twin: &Twin,
    applying: impl Future<Output = std::result::Result<(), MigrateError>>,
    how: &Migrating<'_>,
) -> Result<()> {
    (how.say)(&format!("migration {} begins", twin.name));
    let begun = Instant::now();
    watched(applying, || format!("migration {} is under way", twin.name), how.say).await.map_err(explain)?;
    (how.say)(&format!("migration {} is done after {} ms", twin.name, begun.elapsed().as_millis()));
    Ok(())
}

fn explain(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(version),
        other => StoreError::Migration(Arc::new(other)),
    }
}

pub(super) async fn pending(tx: &mut Tx) -> Result<Vec<String>> {
    let applied = match all!(tx, (i64,), "SELECT version FROM _sqlx_migrations WHERE success") {
        Ok(rows) => rows,
        Err(StoreError::Other(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    refuse_newer(&applied)?;
    let is_pending = |twin: &&Twin| !applied.iter().any(|row| row.0 == twin.version);
    Ok(TWINS.iter().filter(is_pending).map(|twin| twin.name.to_owned()).collect())
}
