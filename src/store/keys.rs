//! Signing keys, sealed; and their public halves, which stay longer.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::sql::{all, execute, optional, row};
use crate::engine::key::{KeyRecord, PublicRecord};
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

impl TryFrom<PublicRow> for PublicRecord {
    type Error = StoreError;

    fn try_from(row: PublicRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("verification key", why);
        Ok(Self {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            alg: row.alg.parse().map_err(|_| corrupt("alg"))?,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_millis),
        })
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

row! {
    struct PublicRow {
        id: String,
        alg: String,
        created_at: i64,
        expires_at: Option<i64>,
    }
}

/// Keeps the public half of a key, a JWK. One that is kept already stays as it is.
pub async fn keep_public(tx: &mut Tx, record: &KeyRecord, jwk: &str, until: Option<Timestamp>) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO verification_keys (id, alg, jwk, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
        record.id.as_str(),
        record.alg.as_str(),
        jwk,
        record.created_at.millis(),
        until.map(Timestamp::millis),
    )
    .map(drop)
}

/// The key signs no more: until when its public half stays.
pub async fn keep_public_until(tx: &mut Tx, id: &KeyId, until: Timestamp) -> Result<()> {
    execute!(tx, "UPDATE verification_keys SET expires_at = $2 WHERE id = $1", id.as_str(), until.millis()).map(drop)
}

/// The public half of a key, as JSON.
pub async fn public(tx: &mut Tx, id: &KeyId, now: Timestamp) -> Result<Option<String>> {
    let found = optional!(
        tx,
        (String,),
        "SELECT jwk FROM verification_keys WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)",
        id.as_str(),
        now.millis(),
    )?;
    Ok(found.map(|(jwk,)| jwk))
}

/// Every public half, the oldest first.
pub async fn list_public(tx: &mut Tx) -> Result<Vec<PublicRecord>> {
    all!(tx, PublicRow, "SELECT id, alg, created_at, expires_at FROM verification_keys ORDER BY created_at, id")?
        .into_iter()
        .map(PublicRecord::try_from)
        .collect()
}

/// Keys whose public half is not kept: they were made by a version that kept none.
pub async fn without_public(tx: &mut Tx) -> Result<Vec<KeyId>> {
    let rows = all!(
        tx,
        (String,),
        "SELECT id FROM signing_keys WHERE NOT EXISTS (SELECT 1 FROM verification_keys WHERE verification_keys.id = signing_keys.id)",
    )?;
    rows.into_iter().map(|(id,)| id.parse().map_err(|_| StoreError::corrupt("signing key", "id"))).collect()
}

/// Throws every public half away.
pub async fn forget_public(tx: &mut Tx) -> Result<()> {
    execute!(tx, "DELETE FROM verification_keys").map(drop)
}

/// Makes other nodes wait until this one has decided about keys. On SQLite a write transaction already does.
pub async fn lock(tx: &mut Tx) -> Result<()> {
    if let super::db::Conn::Postgres(_) = tx.conn() {
        execute!(tx, "LOCK TABLE signing_keys IN EXCLUSIVE MODE")?;
    }
    Ok(())
}
