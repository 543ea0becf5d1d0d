//! Migrations: twins for the two databases, forward only, embedded.

use std::path::Path;
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

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
    10 "0010_nodes",
];

fn migrator(sql: fn(&Twin) -> &'static str) -> Migrator {
    let migration = |twin: &Twin| {
        Migration::new(twin.version, twin.name.into(), MigrationType::Simple, sqlx::SqlSafeStr::into_sql_str(sql(twin)), false)
    };
    Migrator::with_migrations(TWINS.iter().map(migration).collect())
}

/// Names of the embedded migrations, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TWINS.iter().map(|twin| twin.name)
}

/// Before it changes a database that already holds something, it leaves a copy beside it.
pub(super) async fn sqlite(path: &Path, writer: &Writer) -> Result<()> {
    let mut connection = writer.exclusive().await;
    let applied: Vec<(i64,)> = match sqlx::query_as("SELECT version FROM _sqlx_migrations").fetch_all(&mut *connection).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(_)) => Vec::new(), // a new database has no such table
        Err(error) => return Err(error.into()),
    };
    let newest = applied.iter().map(|row| row.0).max().unwrap_or(0);
    let missing = TWINS.iter().any(|twin| twin.version > newest);
    if newest > 0 && missing {
        let copy = path.with_extension(format!("before-{:04}.db", newest + 1));
        if !copy.exists() {
            sqlx::query("VACUUM INTO $1").bind(copy.to_string_lossy().into_owned()).execute(&mut *connection).await?;
        }
    }
    migrator(|twin| twin.sqlite).run(&mut *connection).await.map_err(explain)
}

/// On a connection of its own: a migration takes as long as it takes. One node migrates at a time; the lock is a transaction's on another connection,
/// since one of a session (as sqlx would take) stays behind in a pooler.
pub(super) async fn postgres(pool: &Pool) -> Result<()> {
    let (mut lock, mut connection) = (pool.options().connect().await?, pool.options().connect().await?);
    sqlx::raw_sql(LOCK).execute(&mut lock).await?;
    let mut migrator = migrator(|twin| twin.postgres);
    migrator.set_locking(false);
    migrator.run(&mut connection).await.map_err(explain)?;
    sqlx::raw_sql("COMMIT").execute(&mut lock).await?;
    Ok(())
}

/// The number is of no meaning but ours.
const LOCK: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_advisory_xact_lock(7613042915)";

fn explain(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::VersionMissing(version) => StoreError::Newer(version),
        other => StoreError::Migration(Arc::new(other)),
    }
}

pub(super) async fn pending(tx: &mut Tx) -> Result<Vec<String>> {
    let applied = match all!(tx, (i64,), "SELECT version FROM _sqlx_migrations WHERE success") {
        Ok(rows) => rows,
        Err(StoreError::Other(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let unknown = |version: &i64| TWINS.iter().all(|twin| twin.version != *version);
    if let Some(newer) = applied.iter().map(|row| row.0).filter(unknown).max() {
        return Err(StoreError::Newer(newer));
    }
    let is_pending = |twin: &&Twin| !applied.iter().any(|row| row.0 == twin.version);
    Ok(TWINS.iter().filter(is_pending).map(|twin| twin.name.to_owned()).collect())
}
