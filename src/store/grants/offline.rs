//! What clients hold of a person: seen, and ended, beyond sessions (`offline_access`).

use super::super::db::Tx;
use super::super::error::{Result, StoreError};
use super::super::sql::{all, execute, optional, row};
use crate::engine::scope::Scopes;
use crate::ids::{ClientId, SessionId, UserId};
use crate::time::Timestamp;

row! {
    struct OfflineRow {
        client_id: String,
        scope: String,
        created_at: i64,
    }
}

/// What a client holds that outlives the session (`offline_access`).
#[derive(Clone, Debug)]
pub struct Offline {
    pub client_id: ClientId,
    pub scopes: Scopes,
    pub granted_at: Timestamp,
}

/// A person's grants that outlive sessions and can still be used, oldest first.
pub async fn offline_of(tx: &mut Tx, user_id: &UserId, now: Timestamp) -> Result<Vec<Offline>> {
    let rows = all!(
        tx,
        OfflineRow,
        "SELECT client_id, scope, created_at FROM grants \
         WHERE user_id = $1 AND offline AND code_used_at IS NOT NULL AND expires_at > $2 \
         AND (refresh_expires_at IS NULL OR refresh_expires_at > $2) \
         AND NOT EXISTS (SELECT 1 FROM removed_clients WHERE removed_clients.id = grants.client_id) ORDER BY created_at, id",
        user_id.as_str(),
        now.millis(),
    )?;
    let read = |row: OfflineRow| {
        let corrupt = |why: &str| StoreError::corrupt("grant", why);
        Ok(Offline {
            client_id: row.client_id.parse().map_err(|_| corrupt("client_id"))?,
            scopes: Scopes::parse(&row.scope).ok_or_else(|| corrupt("scope"))?,
            granted_at: Timestamp::from_millis(row.created_at),
        })
    };
    rows.into_iter().map(read).collect()
}

/// When each client last got something for this person, by the grants that are left.
pub async fn last_uses(tx: &mut Tx, user_id: &UserId) -> Result<Vec<(ClientId, Timestamp)>> {
    let rows = all!(
        tx,
        (String, i64),
        "SELECT client_id, MAX(COALESCE(refresh_rotated_at, code_used_at, created_at)) FROM grants WHERE user_id = $1 GROUP BY client_id",
        user_id.as_str(),
    )?;
    let read = |(id, at): (String, i64)| {
        Ok((id.parse().map_err(|_| StoreError::corrupt("grant", "client_id"))?, Timestamp::from_millis(at)))
    };
    rows.into_iter().map(read).collect()
}

/// Whether a client has, or is about to get, a grant of this person that outlives sessions.
pub async fn has_offline(tx: &mut Tx, user_id: &UserId, client_id: &ClientId) -> Result<bool> {
    let found = optional!(
        tx,
        (String,),
        "SELECT id FROM grants WHERE user_id = $1 AND client_id = $2 AND offline LIMIT 1",
        user_id.as_str(),
        client_id.as_str(),
    )?;
    Ok(found.is_some())
}

/// The clients with a grant of this person that outlives sessions, used or not.
pub async fn offline_clients(tx: &mut Tx, user_id: &UserId) -> Result<Vec<ClientId>> {
    let rows = all!(
        tx,
        (String,),
        "SELECT DISTINCT client_id FROM grants WHERE user_id = $1 AND offline ORDER BY client_id",
        user_id.as_str(),
    )?;
    rows.into_iter().map(|(id,)| id.parse().map_err(|_| StoreError::corrupt("grant", "client_id"))).collect()
}

/// Ends a client's grants of a person that outlive sessions, but for those that were given in `spared`.
pub async fn end_offline(tx: &mut Tx, user_id: &UserId, client_id: &ClientId, spared: Option<&SessionId>) -> Result<u64> {
    execute!(
        tx,
        "DELETE FROM grants WHERE user_id = $1 AND client_id = $2 AND offline AND (session_id IS NULL OR session_id <> $3)",
        user_id.as_str(),
        client_id.as_str(),
        spared.map_or("", SessionId::as_str),
    )
}

/// Ends the grants that were given in a session and outlive it, of clients that no consent stands for: the operator's own.
pub async fn end_unasked(tx: &mut Tx, session_id: &SessionId) -> Result<u64> {
    execute!(
        tx,
        "DELETE FROM grants WHERE session_id = $1 AND offline AND NOT EXISTS (SELECT 1 FROM consents \
         WHERE consents.user_id = grants.user_id AND consents.client_id = grants.client_id)",
        session_id.as_str(),
    )
}
