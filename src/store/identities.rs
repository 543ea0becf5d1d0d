//! People at providers with whom accounts are connected. A disconnected one stays until its time is over, so that it can be taken back.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, optional, row};
use crate::engine::external::Identity;
use crate::ids::{IdentityId, UserId};
use crate::time::Timestamp;

row! {
    struct IdentityRow {
        id: String,
        user_id: String,
        provider: String,
        issuer: String,
        subject: String,
        name: String,
        created_at: i64,
        last_used_at: Option<i64>,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, provider, issuer, subject, name, created_at, last_used_at FROM external_identities WHERE ",
            $rest
        )
    };
}

impl TryFrom<IdentityRow> for Identity {
    type Error = StoreError;

    fn try_from(row: IdentityRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("external identity", why);
        Ok(Self {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            user_id: row.user_id.parse().map_err(|_| corrupt("user_id"))?,
            provider: row.provider,
            issuer: row.issuer,
            subject: row.subject,
            name: row.name,
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
        })
    }
}

/// The provider's tokens, sealed, and when they have to be renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTokens {
    pub sealed: Vec<u8>,
    pub renew_at: Option<Timestamp>,
}

/// The one that a provider's person is connected by.
pub async fn by_subject(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<Identity>> {
    optional!(tx, IdentityRow, select!("issuer = $1 AND subject = $2 AND expires_at IS NULL"), issuer, subject)?
        .map(Identity::try_from)
        .transpose()
}

/// The account's, oldest first.
pub async fn of_user(tx: &mut Tx, user_id: &UserId) -> Result<Vec<Identity>> {
    all!(tx, IdentityRow, select!("user_id = $1 AND expires_at IS NULL ORDER BY created_at, id"), user_id.as_str())?
        .into_iter()
        .map(Identity::try_from)
        .collect()
}

/// Whether the account is connected with anybody at this issuer, or was so lately that it can be taken back.
pub async fn knows_issuer(tx: &mut Tx, user_id: &UserId, issuer: &str) -> Result<bool> {
    let sql = "SELECT id FROM external_identities WHERE user_id = $1 AND issuer = $2 LIMIT 1";
    Ok(optional!(tx, (String,), sql, user_id.as_str(), issuer)?.is_some())
}

/// [`StoreError::Taken`] if the provider's person is connected with an account already.
pub async fn insert(tx: &mut Tx, identity: &Identity, tokens: Option<&KeptTokens>) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO external_identities (id, user_id, provider, issuer, subject, name, tokens, renew_at, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        identity.id.as_str(),
        identity.user_id.as_str(),
        identity.provider.as_str(),
        identity.issuer.as_str(),
        identity.subject.as_str(),
        identity.name.as_str(),
        tokens.map(|tokens| tokens.sealed.as_slice()),
        tokens.and_then(|tokens| tokens.renew_at).map(Timestamp::millis),
        identity.created_at.millis(),
        identity.last_used_at.map(Timestamp::millis),
    )
    .map(drop)
}

/// Somebody came by it: under which name, when, and with which tokens. False if it has been disconnected meanwhile.
pub async fn used(tx: &mut Tx, id: &IdentityId, name: &str, tokens: Option<&KeptTokens>, now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE external_identities SET name = $2, last_used_at = $3, tokens = $4, renew_at = $5 \
         WHERE id = $1 AND expires_at IS NULL",
        id.as_str(),
        name,
        now.millis(),
        tokens.map(|tokens| tokens.sealed.as_slice()),
        tokens.and_then(|tokens| tokens.renew_at).map(Timestamp::millis),
    )?;
    Ok(Guarded::by(rows))
}

/// Its tokens, sealed, if any are kept.
pub async fn tokens(tx: &mut Tx, id: &IdentityId) -> Result<Option<Vec<u8>>> {
    let row = optional!(tx, (Option<Vec<u8>>,), "SELECT tokens FROM external_identities WHERE id = $1", id.as_str())?;
    Ok(row.and_then(|row| row.0))
}

/// Disconnects one of the account's; it can be taken back until `expires_at`. Its tokens go at once.
pub async fn remove(tx: &mut Tx, user_id: &UserId, id: &IdentityId, expires_at: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE external_identities SET expires_at = $3, tokens = NULL, renew_at = NULL \
         WHERE id = $1 AND user_id = $2 AND expires_at IS NULL",
        id.as_str(),
        user_id.as_str(),
        expires_at.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// Disconnects one for good: whoever says "this was not me" does not bring it back.
pub async fn delete(tx: &mut Tx, user_id: &UserId, id: &IdentityId) -> Result<Guarded> {
    let rows = execute!(tx, "DELETE FROM external_identities WHERE id = $1 AND user_id = $2", id.as_str(), user_id.as_str())?;
    Ok(Guarded::by(rows))
}

/// The identity with the tokens that have waited longest to be renewed.
pub async fn due(tx: &mut Tx, now: Timestamp) -> Result<Option<(IdentityId, String, Vec<u8>)>> {
    let row = optional!(
        tx,
        (String, String, Vec<u8>),
        "SELECT id, provider, tokens FROM external_identities WHERE renew_at <= $1 AND tokens IS NOT NULL AND expires_at IS NULL \
         ORDER BY renew_at LIMIT 1",
        now.millis(),
    )?;
    row.map(|(id, provider, sealed)| {
        let id = id.parse().map_err(|_| StoreError::corrupt("external identity", "id"))?;
        Ok((id, provider, sealed))
    })
    .transpose()
}

/// Puts other tokens, or none, in the place of those that were read: false if another request was faster, or they were sealed again.
pub async fn renewed(tx: &mut Tx, id: &IdentityId, read: &[u8], tokens: Option<&KeptTokens>) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE external_identities SET tokens = $3, renew_at = $4 WHERE id = $1 AND tokens = $2",
        id.as_str(),
        read,
        tokens.map(|tokens| tokens.sealed.as_slice()),
        tokens.and_then(|tokens| tokens.renew_at).map(Timestamp::millis),
    )?;
    Ok(Guarded::by(rows))
}

/// Takes on the renewal of this one's tokens, which falls due again later: true for exactly one caller.
pub async fn claim(tx: &mut Tx, id: &IdentityId, now: Timestamp, again: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE external_identities SET renew_at = $3 WHERE id = $1 AND renew_at <= $2 AND tokens IS NOT NULL",
        id.as_str(),
        now.millis(),
        again.millis(),
    )?;
    Ok(Guarded::by(rows))
}
