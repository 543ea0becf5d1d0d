//! Passkeys and security keys. One that was removed keeps its row, with an `expires_at`, as long as that can be taken back.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, optional, row};
use crate::engine::passkey::{Passkey, PasskeyKind};
use crate::ids::{PasskeyId, UserId};
use crate::time::Timestamp;

row! {
    struct PasskeyRow {
        id: String,
        user_id: String,
        kind: String,
        credential_id: Vec<u8>,
        credential: String,
        name: String,
        created_at: i64,
        last_used_at: Option<i64>,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, user_id, kind, credential_id, credential, name, created_at, last_used_at FROM passkeys WHERE ", $rest)
    };
}

impl TryFrom<PasskeyRow> for Passkey {
    type Error = StoreError;

    fn try_from(row: PasskeyRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("passkey", why);
        Ok(Self {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            user_id: row.user_id.parse().map_err(|_| corrupt("user_id"))?,
            kind: PasskeyKind::named(&row.kind).ok_or_else(|| corrupt("kind"))?,
            credential_id: row.credential_id,
            credential: row.credential,
            name: row.name,
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
        })
    }
}

/// [`StoreError::Taken`] if any account has, or had until lately, this credential.
pub async fn insert(tx: &mut Tx, passkey: &Passkey) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO passkeys (id, user_id, kind, credential_id, credential, name, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        passkey.id.as_str(),
        passkey.user_id.as_str(),
        passkey.kind.as_str(),
        passkey.credential_id.as_slice(),
        passkey.credential.as_str(),
        passkey.name.as_str(),
        passkey.created_at.millis(),
        passkey.last_used_at.map(Timestamp::millis),
    )
    .map(drop)
}

/// The person's, the newest first.
pub async fn of_user(tx: &mut Tx, user_id: &UserId) -> Result<Vec<Passkey>> {
    all!(tx, PasskeyRow, select!("user_id = $1 AND expires_at IS NULL ORDER BY created_at DESC, id DESC"), user_id.as_str())?
        .into_iter()
        .map(Passkey::try_from)
        .collect()
}

pub async fn by_credential_id(tx: &mut Tx, credential_id: &[u8]) -> Result<Option<Passkey>> {
    optional!(tx, PasskeyRow, select!("credential_id = $1 AND expires_at IS NULL"), credential_id)?
        .map(Passkey::try_from)
        .transpose()
}

/// Writes down a use. `known` is the credential as it was when the use was judged: false if it has changed since, or is removed.
pub async fn used(tx: &mut Tx, id: &PasskeyId, known: &str, credential: &str, now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE passkeys SET credential = $3, last_used_at = $4 WHERE id = $1 AND credential = $2 AND expires_at IS NULL",
        id.as_str(),
        known,
        credential,
        now.millis(),
    )?;
    Ok(Guarded::by(rows))
}

pub async fn rename(tx: &mut Tx, user_id: &UserId, id: &PasskeyId, name: &str) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2 AND expires_at IS NULL",
        id.as_str(),
        user_id.as_str(),
        name,
    )?;
    Ok(Guarded::by(rows))
}

/// Removes one of the person's; its row goes at `expires_at`. With `keep_one` the last passkey stays: false then, and for one that is
/// not there.
pub async fn remove(tx: &mut Tx, user_id: &UserId, id: &PasskeyId, keep_one: bool, expires_at: Timestamp) -> Result<Guarded> {
    // Two removals at once must see each other. PostgreSQL counts rows as they were when a statement began, so each takes the
    // account's row first and waits there for the other.
    execute!(tx, "UPDATE users SET updated_at = updated_at WHERE id = $1", user_id.as_str())?;
    let rows = execute!(
        tx,
        "UPDATE passkeys SET expires_at = $3 WHERE id = $1 AND user_id = $2 AND expires_at IS NULL AND ($4 = 0 OR kind <> 'passkey' \
         OR EXISTS (SELECT 1 FROM passkeys AS other WHERE other.user_id = $2 AND other.id <> $1 AND other.kind = 'passkey' \
         AND other.expires_at IS NULL))",
        id.as_str(),
        user_id.as_str(),
        expires_at.millis(),
        i64::from(keep_one),
    )?;
    Ok(Guarded::by(rows))
}

/// When the person wants to be asked again whether to add a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    At(Timestamp),
    Never,
}

/// None: they have not been asked.
pub async fn offer(tx: &mut Tx, user_id: &UserId) -> Result<Option<Offer>> {
    let row = optional!(tx, (Option<i64>,), "SELECT ask_at FROM passkey_offers WHERE user_id = $1", user_id.as_str())?;
    Ok(row.map(|(at,)| at.map_or(Offer::Never, |at| Offer::At(Timestamp::from_millis(at)))))
}

pub async fn answer_offer(tx: &mut Tx, user_id: &UserId, offer: Offer) -> Result<()> {
    let at = match offer {
        Offer::At(at) => Some(at.millis()),
        Offer::Never => None,
    };
    execute!(
        tx,
        "INSERT INTO passkey_offers (user_id, ask_at) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET ask_at = $2",
        user_id.as_str(),
        at,
    )
    .map(drop)
}
