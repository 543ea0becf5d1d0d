//! Credentials of an account that somebody else was in: what came lately goes, what went lately comes back.

use super::db::Tx;
use super::error::Result;
use super::sql::execute;
use crate::ids::UserId;
use crate::time::Timestamp;

/// Removes factors, passkeys, recovery codes and provider identities added since `since`, brings removed ones back, and believes no browser
/// any more. True if any of them was concerned. The caller has changed the account's row, so whoever adds one waits.
pub async fn restore_credentials(tx: &mut Tx, user_id: &UserId, since: Timestamp, now: Timestamp) -> Result<bool> {
    let mut changed = 0;
    // First what was added, so that what was added and removed again does not come back.
    for statement in [
        "DELETE FROM factors WHERE user_id = $1 AND created_at >= $2",
        "DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2",
        "DELETE FROM recovery_codes WHERE user_id = $1 AND created_at >= $2",
        "DELETE FROM external_identities WHERE user_id = $1 AND created_at >= $2",
    ] {
        changed += execute!(tx, statement, user_id.as_str(), since.millis())?;
    }
    for statement in [
        "UPDATE factors SET expires_at = NULL WHERE user_id = $1 AND expires_at > $2",
        "UPDATE passkeys SET expires_at = NULL WHERE user_id = $1 AND expires_at > $2",
        // Unless the provider's person has been connected with another account, or again with this one.
        "UPDATE external_identities SET expires_at = NULL WHERE user_id = $1 AND expires_at > $2 AND NOT EXISTS (SELECT 1 \
         FROM external_identities AS other WHERE other.issuer = external_identities.issuer \
         AND other.subject = external_identities.subject AND other.id <> external_identities.id \
         AND (other.expires_at IS NULL OR other.id > external_identities.id))",
    ] {
        changed += execute!(tx, statement, user_id.as_str(), now.millis())?;
    }
    execute!(tx, "DELETE FROM trusted_devices WHERE user_id = $1", user_id.as_str())?;
    Ok(changed > 0)
}

/// Removes whatever lets somebody in, or could be taken back to do so, of an account that belongs to nobody yet: also what was removed
/// lately, the browsers it believes, the apps it let in, and what its addresses were. The caller has changed or held the account's row.
pub async fn forget_everything(tx: &mut Tx, user_id: &UserId) -> Result<()> {
    for statement in [
        "DELETE FROM factors WHERE user_id = $1",
        "DELETE FROM passkeys WHERE user_id = $1",
        "DELETE FROM passkey_offers WHERE user_id = $1",
        "DELETE FROM recovery_codes WHERE user_id = $1",
        "DELETE FROM external_identities WHERE user_id = $1",
        "DELETE FROM trusted_devices WHERE user_id = $1",
        // The operator's are not taken back anyway; who was reached there before is told.
        "DELETE FROM address_changes WHERE user_id = $1 AND NOT by_operator",
        "DELETE FROM consents WHERE user_id = $1",
    ] {
        execute!(tx, statement, user_id.as_str())?;
    }
    Ok(())
}
