//! Signing keys, sealed.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::sql::{all, execute, row};
use crate::engine::key::KeyRecord;
use crate::ids::KeyId;
use crate::time::Timestamp;

row! {
    struct KeyRow {
        id: String,
        alg: String,
        sealed: Vec<u8>,
        created_at: i64,
        signs_at: i64,
        retires_at: Option<i64>,
        removes_at: Option<i64>,
    }
}

/// A key's life, and the key itself, sealed.
#[derive(Clone, Debug)]
pub struct SealedKey {
    pub record: KeyRecord,
    pub sealed: Vec<u8>,
}

impl TryFrom<KeyRow> for SealedKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("signing key", why);
        let record = KeyRecord {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            alg: row.alg.parse().map_err(|_| corrupt("alg"))?,
            created_at: Timestamp::from_millis(row.created_at),
            signs_at: Timestamp::from_millis(row.signs_at),
            retires_at: row.retires_at.map(Timestamp::from_millis),
            removes_at: row.removes_at.map(Timestamp::from_millis),
        };
        Ok(Self { record, sealed: row.sealed })
    }
}

pub async fn list(tx: &mut Tx) -> Result<Vec<SealedKey>> {
    all!(
        tx,
        KeyRow,
        "SELECT id, alg, sealed, created_at, signs_at, retires_at, removes_at FROM signing_keys ORDER BY signs_at, id"
    )?
    .into_iter()
    .map(SealedKey::try_from)
    .collect()
}

pub async fn insert(tx: &mut Tx, record: &KeyRecord, sealed: &[u8]) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO signing_keys (id, alg, sealed, created_at, signs_at, retires_at, removes_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        record.id.as_str(),
        record.alg.as_str(),
        sealed,
        record.created_at.millis(),
        record.signs_at.millis(),
        record.retires_at.map(Timestamp::millis),
        record.removes_at.map(Timestamp::millis),
    )
    .map(drop)
}

/// Writes when a key retires and goes: true for exactly one caller.
pub async fn retire(tx: &mut Tx, record: &KeyRecord) -> Result<bool> {
    let rows = execute!(
        tx,
        "UPDATE signing_keys SET retires_at = $2, removes_at = $3 WHERE id = $1 AND retires_at IS NULL",
        record.id.as_str(),
        record.retires_at.map(Timestamp::millis),
        record.removes_at.map(Timestamp::millis),
    )?;
    Ok(rows == 1)
}

pub async fn delete(tx: &mut Tx, id: &KeyId) -> Result<()> {
    execute!(tx, "DELETE FROM signing_keys WHERE id = $1", id.as_str()).map(drop)
}

/// Makes other nodes wait until this one has decided about keys. On SQLite a write transaction already does.
pub async fn lock(tx: &mut Tx) -> Result<()> {
    if let super::db::Conn::Postgres(_) = tx.conn() {
        execute!(tx, "LOCK TABLE signing_keys IN EXCLUSIVE MODE")?;
    }
    Ok(())
}
