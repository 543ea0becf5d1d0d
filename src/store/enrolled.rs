//! What an account can prove itself with, in one statement.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::sql::{all, row};
use crate::engine::address::Channel;
use crate::engine::factor::{Enrolled, Factor, FactorKind};
use crate::engine::user::User;
use crate::time::Timestamp;

row! {
    struct EnrolledRow {
        id: String,
        kind: String,
        name: String,
        sealed: Option<Vec<u8>>,
        last_step: i64,
        created_at: i64,
        last_used_at: Option<i64>,
    }
}

/// Removed ones do not count, nor do used recovery codes.
pub async fn of(tx: &mut Tx, user: &User) -> Result<Enrolled> {
    let rows = all!(
        tx,
        EnrolledRow,
        "SELECT id, kind, name, sealed, last_step, created_at, last_used_at FROM factors WHERE user_id = $1 AND expires_at IS NULL \
         UNION ALL SELECT id, kind, name, NULL, 0, created_at, last_used_at FROM passkeys WHERE user_id = $1 AND expires_at IS NULL \
         UNION ALL SELECT user_id, 'recovery_code', '', NULL, COUNT(*), 0, NULL FROM recovery_codes \
         WHERE user_id = $1 AND used_at IS NULL GROUP BY user_id ORDER BY created_at, id",
        user.id.as_str(),
    )?;
    let reachable = Channel::ALL.into_iter().filter(|channel| user.is_verified(*channel)).collect();
    let mut enrolled = Enrolled { has_password: user.password_hash.is_some(), reachable, ..Enrolled::default() };
    for row in rows {
        match row.kind.as_str() {
            "passkey" => enrolled.passkeys += 1,
            "security_key" => enrolled.security_keys += 1,
            "recovery_code" => enrolled.recovery_codes = row.last_step,
            _ => {
                enrolled.factors.push(factor(row)?);
                continue;
            }
        }
        enrolled.key_used_at = enrolled.key_used_at.max(row.last_used_at.map(Timestamp::from_millis));
    }
    Ok(enrolled)
}

fn factor(row: EnrolledRow) -> Result<Factor> {
    let corrupt = |why: String| StoreError::corrupt("factor", why);
    Ok(Factor {
        id: row.id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
        kind: FactorKind::named(&row.kind).ok_or_else(|| corrupt(format!("kind {}", row.kind)))?,
        name: row.name,
        sealed: row.sealed,
        last_step: row.last_step,
        created_at: Timestamp::from_millis(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp::from_millis),
    })
}
