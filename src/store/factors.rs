//! Second factors that are not passkeys. A removed one stays until its time is over, so that the removal can be taken back.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, row};
use crate::engine::factor::{Factor, FactorKind};
use crate::ids::{FactorId, UserId};
use crate::time::Timestamp;

row! {
    pub(super) struct FactorRow {
        id: String,
        pub(super) kind: String,
        name: String,
        sealed: Option<Vec<u8>>,
        pub(super) last_step: i64,
        created_at: i64,
        pub(super) last_used_at: Option<i64>,
    }
}

impl TryFrom<FactorRow> for Factor {
    type Error = StoreError;

    fn try_from(row: FactorRow) -> Result<Self> {
        let corrupt = |why: String| StoreError::corrupt("factor", why);
        Ok(Self {
            id: row.id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
            kind: FactorKind::named(&row.kind).ok_or_else(|| corrupt(format!("kind {}", row.kind)))?,
            name: row.name,
            sealed: row.sealed,
            last_step: row.last_step,
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
        })
    }
}

/// Those that count, oldest first.
pub async fn of_user(tx: &mut Tx, user_id: &UserId) -> Result<Vec<Factor>> {
    all!(
        tx,
        FactorRow,
        "SELECT id, kind, name, sealed, last_step, created_at, last_used_at FROM factors \
         WHERE user_id = $1 AND expires_at IS NULL ORDER BY created_at, id",
        user_id.as_str(),
    )?
    .into_iter()
    .map(Factor::try_from)
    .collect()
}

/// Makes others who change what this account can prove itself with wait for this unit of work. False if there is no such account.
pub async fn lock(tx: &mut Tx, user_id: &UserId) -> Result<Guarded> {
    Ok(Guarded::by(execute!(tx, "UPDATE users SET state = state WHERE id = $1", user_id.as_str())?))
}

pub async fn insert(tx: &mut Tx, user_id: &UserId, factor: &Factor) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO factors (id, user_id, kind, name, sealed, last_step, created_at, last_used_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)",
        factor.id.as_str(),
        user_id.as_str(),
        factor.kind.as_str(),
        factor.name.as_str(),
        factor.sealed.as_deref(),
        factor.last_step,
        factor.created_at.millis(),
        factor.last_used_at.map(Timestamp::millis),
    )
    .map(drop)
}

pub async fn rename(tx: &mut Tx, user_id: &UserId, id: &FactorId, name: &str) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE factors SET name = $3 WHERE id = $1 AND user_id = $2 AND expires_at IS NULL",
        id.as_str(),
        user_id.as_str(),
        name,
    )?;
    Ok(Guarded::by(rows))
}

/// Takes a factor away; until `until` that can be taken back. True for exactly one caller.
pub async fn remove(tx: &mut Tx, user_id: &UserId, id: &FactorId, until: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE factors SET expires_at = $3 WHERE id = $1 AND user_id = $2 AND expires_at IS NULL",
        id.as_str(),
        user_id.as_str(),
        until.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// Uses a time step up, and with it all before it: true for exactly one caller.
pub async fn used_step(tx: &mut Tx, id: &FactorId, step: i64, now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE factors SET last_step = $2, last_used_at = $3 WHERE id = $1 AND last_step < $2 AND expires_at IS NULL",
        id.as_str(),
        step,
        now.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// Remembers a use of a factor that has no time steps.
pub async fn touch(tx: &mut Tx, id: &FactorId, now: Timestamp) -> Result<()> {
    execute!(tx, "UPDATE factors SET last_used_at = $2 WHERE id = $1", id.as_str(), now.millis()).map(drop)
}

/// Takes away the keys that are only a second factor; gives how many.
pub async fn remove_security_keys(tx: &mut Tx, user_id: &UserId, until: Timestamp) -> Result<u64> {
    execute!(
        tx,
        "UPDATE passkeys SET expires_at = $2 WHERE user_id = $1 AND kind = 'security_key' AND expires_at IS NULL",
        user_id.as_str(),
        until.millis(),
    )
}
