//! What an account can prove itself with, in one statement.

use super::db::Tx;
use super::error::Result;
use super::factors::FactorRow;
use super::sql::{all, optional};
use crate::engine::address::Channel;
use crate::engine::factor::Enrolled;
use crate::engine::user::User;
use crate::ids::UserId;
use crate::time::Timestamp;

/// Removed ones do not count, nor do used recovery codes.
pub async fn of(tx: &mut Tx, user: &User) -> Result<Enrolled> {
    let rows = all!(
        tx,
        FactorRow,
        "SELECT id, kind, name, sealed, last_step, created_at, last_used_at FROM factors WHERE user_id = $1 AND expires_at IS NULL \
         UNION ALL SELECT id, kind, name, NULL, 0, created_at, last_used_at FROM passkeys WHERE user_id = $1 AND expires_at IS NULL \
         UNION ALL SELECT user_id, 'recovery_code', '', NULL, COUNT(*), 0, NULL FROM recovery_codes \
         WHERE user_id = $1 AND used_at IS NULL GROUP BY user_id ORDER BY created_at, id",
        user.id.as_str(),
    )?;
    let reachable = Channel::ALL.into_iter().filter(|channel| user.is_verified(*channel)).collect();
    let (has_password, is_locked) = (user.password_hash.is_some(), user.is_locked());
    let mut enrolled = Enrolled { has_password, is_locked, reachable, ..Enrolled::default() };
    for row in rows {
        match row.kind.as_str() {
            "passkey" => enrolled.passkeys += 1,
            "security_key" => enrolled.security_keys += 1,
            "recovery_code" => enrolled.recovery_codes = row.last_step,
            _ => {
                enrolled.factors.push(row.try_into()?);
                continue;
            }
        }
        enrolled.key_used_at = enrolled.key_used_at.max(row.last_used_at.map(Timestamp::from_millis));
    }
    Ok(enrolled)
}

/// Whether the account has a second factor, a passkey, a security key or a provider's identity. Without an account the same work is done.
pub async fn has_credential(tx: &mut Tx, user_id: Option<&UserId>) -> Result<bool> {
    let row = optional!(
        tx,
        (String,),
        "SELECT user_id FROM factors WHERE user_id = $1 AND expires_at IS NULL \
         UNION ALL SELECT user_id FROM passkeys WHERE user_id = $1 AND expires_at IS NULL \
         UNION ALL SELECT user_id FROM external_identities WHERE user_id = $1 AND expires_at IS NULL LIMIT 1",
        user_id.map_or("", UserId::as_str),
    )?;
    Ok(row.is_some())
}
