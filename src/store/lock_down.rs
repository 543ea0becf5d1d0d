//! Credentials of an account that somebody else was in: what came lately goes, what went lately comes back.

use super::db::Tx;
use super::error::Result;
use super::sql::execute;
use crate::ids::UserId;
use crate::time::Timestamp;

/// Removes factors, passkeys and recovery codes added since `since`, brings removed ones back, and believes no browser any more.
/// True if any factor, passkey or recovery code was concerned. The caller has changed the account's row, so whoever adds one waits.
pub async fn restore_credentials(tx: &mut Tx, user_id: &UserId, since: Timestamp, now: Timestamp) -> Result<bool> {
    let mut changed = 0;
    // First what was added, so that what was added and removed again does not come back.
    for statement in [
        "DELETE FROM factors WHERE user_id = $1 AND created_at >= $2",
        "DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2",
        "DELETE FROM recovery_codes WHERE user_id = $1 AND created_at >= $2",
    ] {
        changed += execute!(tx, statement, user_id.as_str(), since.millis())?;
    }
    for statement in [
        "UPDATE factors SET expires_at = NULL WHERE user_id = $1 AND expires_at > $2",
        "UPDATE passkeys SET expires_at = NULL WHERE user_id = $1 AND expires_at > $2",
    ] {
        changed += execute!(tx, statement, user_id.as_str(), now.millis())?;
    }
    execute!(tx, "DELETE FROM trusted_devices WHERE user_id = $1", user_id.as_str())?;
    Ok(changed > 0)
}
