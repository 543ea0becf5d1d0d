//! Recovery codes, as MACs bound to their account.

use super::db::Tx;
use super::error::Result;
use super::guarded::Guarded;
use super::sql::{execute, optional};
use crate::ids::UserId;
use crate::time::Timestamp;

/// New codes; those from before, used or not, are gone. The caller has locked the account.
pub async fn replace_all(tx: &mut Tx, user_id: &UserId, macs: &[[u8; 32]], now: Timestamp) -> Result<()> {
    execute!(tx, "DELETE FROM recovery_codes WHERE user_id = $1", user_id.as_str())?;
    for mac in macs {
        execute!(
            tx,
            "INSERT INTO recovery_codes (user_id, mac, created_at, used_at) VALUES ($1, $2, $3, NULL)",
            user_id.as_str(),
            mac.as_slice(),
            now.millis(),
        )?;
    }
    Ok(())
}

/// Uses a code up: true for exactly one caller.
pub async fn use_one(tx: &mut Tx, user_id: &UserId, mac: &[u8; 32], now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND mac = $2 AND used_at IS NULL",
        user_id.as_str(),
        mac.as_slice(),
        now.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// How many are not used yet.
pub async fn left(tx: &mut Tx, user_id: &UserId) -> Result<i64> {
    let count =
        optional!(tx, (i64,), "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL", user_id.as_str(),)?;
    Ok(count.map_or(0, |row| row.0))
}
