//! Recovery codes, as sealed hashes bound to their account.

use super::db::Tx;
use super::error::Result;
use super::sql::{all, execute, optional};
use crate::ids::UserId;
use crate::time::Timestamp;

/// New codes; those from before, used or not, are gone. The caller has locked the account.
pub async fn replace_all(tx: &mut Tx, user_id: &UserId, sealed: &[Vec<u8>], now: Timestamp) -> Result<()> {
    execute!(tx, "DELETE FROM recovery_codes WHERE user_id = $1", user_id.as_str())?;
    for code in sealed {
        execute!(
            tx,
            "INSERT INTO recovery_codes (user_id, sealed, created_at, used_at) VALUES ($1, $2, $3, NULL)",
            user_id.as_str(),
            code.as_slice(),
            now.millis(),
        )?;
    }
    Ok(())
}

/// Those that are not used yet.
pub async fn unused(tx: &mut Tx, user_id: &UserId) -> Result<Vec<Vec<u8>>> {
    let rows = all!(
        tx,
        (Vec<u8>,),
        "SELECT sealed FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL ORDER BY sealed",
        user_id.as_str(),
    )?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Uses a code up, named by its exact sealed bytes: true for exactly one caller.
pub async fn use_one(tx: &mut Tx, user_id: &UserId, sealed: &[u8], now: Timestamp) -> Result<bool> {
    let rows = execute!(
        tx,
        "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND sealed = $2 AND used_at IS NULL",
        user_id.as_str(),
        sealed,
        now.millis(),
    )?;
    Ok(rows == 1)
}

/// How many are not used yet.
pub async fn left(tx: &mut Tx, user_id: &UserId) -> Result<i64> {
    let count =
        optional!(tx, (i64,), "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL", user_id.as_str(),)?;
    Ok(count.map_or(0, |row| row.0))
}
