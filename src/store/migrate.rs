//! Migrations: twins for the two databases, forward only, embedded.

use std::path::Path;
use std::sync::Arc;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgPool;

use super::db::Tx;
use super::error::{Result, StoreError};
use super::group::Writer;
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
const TWINS: &[Twin] = twins![1 "0001_foundation", 2 "0002_ways_in", 3 "0003_providers", 4 "0004_vouched", 5 "0005_administrators", 6 "0006_verification_keys"];

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

pub(super) async fn postgres(pool: &PgPool) -> Result<()> {
    migrator(|twin| twin.postgres).run(pool).await.map_err(explain)
}

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
    let is_pending = |twin: &&Twin| !applied.iter().any(|row| row.0 == twin.version);
    Ok(TWINS.iter().filter(is_pending).map(|twin| twin.name.to_owned()).collect())
}
