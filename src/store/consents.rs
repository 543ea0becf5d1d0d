//! What people have allowed clients.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, optional, row};
use crate::engine::scope::Scopes;
use crate::ids::{ClientId, UserId};
use crate::time::Timestamp;

row! {
    struct ConsentRow {
        client_id: String,
        scope: String,
        declined: String,
        granted_at: i64,
        last_used_at: i64,
    }
}

/// A remembered yes.
#[derive(Clone, Debug)]
pub struct Consent {
    pub client_id: ClientId,
    pub scopes: Scopes,
    /// Asked for and unticked: not asked for again.
    pub declined: Scopes,
    pub granted_at: Timestamp,
    pub last_used_at: Timestamp,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ConsentRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("consent", why);
        Ok(Self {
            client_id: row.client_id.parse().map_err(|_| corrupt("client_id"))?,
            scopes: Scopes::parse(&row.scope).ok_or_else(|| corrupt("scope"))?,
            declined: Scopes::parse(&row.declined).ok_or_else(|| corrupt("declined"))?,
            granted_at: Timestamp::from_millis(row.granted_at),
            last_used_at: Timestamp::from_millis(row.last_used_at),
        })
    }
}

pub async fn get(tx: &mut Tx, user_id: &UserId, client_id: &ClientId) -> Result<Option<Consent>> {
    optional!(
        tx,
        ConsentRow,
        "SELECT client_id, scope, declined, granted_at, last_used_at FROM consents WHERE user_id = $1 AND client_id = $2 \
         AND NOT EXISTS (SELECT 1 FROM removed_clients WHERE removed_clients.id = consents.client_id)",
        user_id.as_str(),
        client_id.as_str(),
    )?
    .map(Consent::try_from)
    .transpose()
}

pub async fn of_user(tx: &mut Tx, user_id: &UserId) -> Result<Vec<Consent>> {
    all!(
        tx,
        ConsentRow,
        "SELECT client_id, scope, declined, granted_at, last_used_at FROM consents WHERE user_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM removed_clients WHERE removed_clients.id = consents.client_id) ORDER BY last_used_at DESC, client_id",
        user_id.as_str(),
    )?
    .into_iter()
    .map(Consent::try_from)
    .collect()
}

/// Remembers a yes: the scopes that are allowed now, and those that were unticked.
pub async fn put(
    tx: &mut Tx,
    user_id: &UserId,
    client_id: &ClientId,
    scopes: &Scopes,
    declined: &Scopes,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO consents (user_id, client_id, scope, declined, granted_at, updated_at, last_used_at) VALUES ($1, $2, $3, $5, $4, $4, $4) \
         ON CONFLICT (user_id, client_id) DO UPDATE SET scope = $3, declined = $5, updated_at = $4, last_used_at = $4",
        user_id.as_str(),
        client_id.as_str(),
        scopes.to_string(),
        now.millis(),
        declined.to_string(),
    )
    .map(drop)
}

/// The client got something by this yes again.
pub async fn used(tx: &mut Tx, user_id: &UserId, client_id: &ClientId, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE consents SET last_used_at = $3 WHERE user_id = $1 AND client_id = $2 AND last_used_at < $3",
        user_id.as_str(),
        client_id.as_str(),
        now.millis(),
    )
    .map(drop)
}

/// Takes a yes back, with every token that came of it; or tokens for which no yes was needed. False: there was neither.
pub async fn revoke(tx: &mut Tx, user_id: &UserId, client_id: &ClientId) -> Result<Guarded> {
    let grants = execute!(tx, "DELETE FROM grants WHERE user_id = $1 AND client_id = $2", user_id.as_str(), client_id.as_str())?;
    let rows = execute!(tx, "DELETE FROM consents WHERE user_id = $1 AND client_id = $2", user_id.as_str(), client_id.as_str())?;
    Ok(if rows + grants > 0 { Guarded::Done } else { Guarded::Overtaken })
}
