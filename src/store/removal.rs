//! Accounts and clients that are removed with all that hangs on them, which may be hundreds of thousands of rows. No statement here touches
//! more than a batch: what grants access goes first, and the rest goes batch by batch, also after a crash (see `actions::sweep`).

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sessions::{self, Ended, Which};
use super::sql::{all, execute, optional};
use crate::ids::{ClientId, UserId};
use crate::time::Timestamp;

/// What of an account's there may be much of.
const MANY: [&str; 5] = [
    "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE user_id = $1 LIMIT $2)",
    "DELETE FROM flows WHERE id IN (SELECT id FROM flows WHERE user_id = $1 LIMIT $2)",
    "DELETE FROM trusted_devices WHERE id IN (SELECT id FROM trusted_devices WHERE user_id = $1 LIMIT $2)",
    "DELETE FROM address_changes WHERE id IN (SELECT id FROM address_changes WHERE user_id = $1 LIMIT $2)",
    "DELETE FROM consents WHERE user_id = $1 AND client_id IN (SELECT client_id FROM consents WHERE user_id = $1 LIMIT $2)",
];

/// What there are a few of. The account's row would take them with it, but while it waits for the rest they must not be found.
const FEW: [&str; 5] = [
    "DELETE FROM external_identities WHERE user_id = $1",
    "DELETE FROM passkeys WHERE user_id = $1",
    "DELETE FROM factors WHERE user_id = $1",
    "DELETE FROM recovery_codes WHERE user_id = $1",
    "DELETE FROM passkey_offers WHERE user_id = $1",
];

/// The tables that these statements empty. A test compares them with the foreign keys.
pub fn tables() -> impl Iterator<Item = &'static str> {
    MANY.iter().chain(&FEW).filter_map(|statement| statement.split(' ').nth(2)).chain(["sessions"])
}

/// How far an account is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// There is no such account.
    Unknown,
    /// Nothing of it is left.
    Wholly,
    /// It is gone for everybody: no person, credential or address. Rows that nobody reads any more wait for [`clear_account`].
    RestWaits,
}

/// Erases an account and everything personal that hangs on it. Events stay, without who and from where. Also gives the sessions that ended; the rest are
/// dead with the account, and [`clear_account`] gives them.
pub async fn erase(tx: &mut Tx, id: &UserId, batch: i64) -> Result<(Erased, Vec<Ended>)> {
    if optional!(tx, (String,), "SELECT id FROM users WHERE id = $1 AND state <> 'removed'", id.as_str())?.is_none() {
        return Ok((Erased::Unknown, Vec::new()));
    }
    let (wholly, ended) = clear_account(tx, id, batch).await?;
    if wholly {
        return Ok((Erased::Wholly, ended));
    }
    for statement in FEW {
        execute!(tx, statement, id.as_str())?;
    }
    // Whoever has read the account before, and writes it now, finds another `updated_at`.
    execute!(
        tx,
        "UPDATE users SET username = NULL, username_key = NULL, email = NULL, email_key = NULL, email_verified_at = NULL, \
         email_vouched_by = NULL, phone_number = NULL, phone_number_verified_at = NULL, password_hash = NULL, password_changed_at = NULL, \
         state = 'removed', is_admin = FALSE, profile = '{}', updated_at = 0, last_login_at = NULL WHERE id = $1",
        id.as_str(),
    )?;
    Ok((Erased::RestWaits, ended))
}

/// Takes up to `batch` rows of each kind away; the account's own row with the last of them. True if nothing is left. Also gives the sessions that ended.
pub async fn clear_account(tx: &mut Tx, id: &UserId, batch: i64) -> Result<(bool, Vec<Ended>)> {
    // Nodes take turns: none may take another's deletes for there being nothing left, and end with a delete that takes all the rest along.
    execute!(tx, "UPDATE users SET state = state WHERE id = $1", id.as_str())?;
    let mut left = !forget(tx, id, batch).await?;
    let full = u64::try_from(batch).unwrap_or(0);
    let ended = sessions::end_some(tx, id, Which::All, sessions::FOREVER, batch).await?;
    left |= ended.len() as u64 >= full;
    for statement in MANY {
        // A full batch may not have been all.
        left |= execute!(tx, statement, id.as_str(), batch)? >= full;
    }
    if left {
        return Ok((false, ended));
    }
    execute!(tx, "DELETE FROM users WHERE id = $1", id.as_str())?;
    Ok((true, ended))
}

/// Erases who and where from the next `batch` entries of the log; what happened stays. True if these were the last. How far it has come, a
/// removed account's row says where it said when it was changed: as a time before 1970, so that it is no time at which anybody read it.
async fn forget(tx: &mut Tx, id: &UserId, batch: i64) -> Result<bool> {
    let so_far = optional!(tx, (i64,), "SELECT updated_at FROM users WHERE id = $1 AND state = 'removed'", id.as_str())?;
    let so_far = so_far.map_or(0, |row| -row.0);
    let until = optional!(
        tx,
        (i64,),
        "SELECT at FROM events WHERE user_id = $1 AND at > $2 ORDER BY at LIMIT 1 OFFSET $3",
        id.as_str(),
        so_far,
        batch - 1,
    )?;
    execute!(
        tx,
        "UPDATE events SET address = '', device = '' WHERE user_id = $1 AND at > $2 AND at <= $3",
        id.as_str(),
        so_far,
        until.map_or(i64::MAX, |row| row.0),
    )?;
    if let Some((at,)) = until {
        execute!(tx, "UPDATE users SET updated_at = $2 WHERE id = $1 AND state = 'removed'", id.as_str(), -at)?;
    }
    Ok(until.is_none())
}

/// An account of which rows still wait.
pub async fn waiting_account(tx: &mut Tx) -> Result<Option<UserId>> {
    let row = optional!(tx, (String,), "SELECT id FROM users WHERE state = 'removed' LIMIT 1")?;
    row.map(|(id,)| id.parse().map_err(|_| StoreError::corrupt("user", "id"))).transpose()
}

/// Removes a client: what people have allowed it counts for nothing from now on, and goes by [`clear_client`]. Overtaken: there is none.
pub async fn remove_client(tx: &mut Tx, id: &ClientId, now: Timestamp) -> Result<Guarded> {
    if execute!(tx, "DELETE FROM clients WHERE id = $1", id.as_str())? == 0 {
        return Ok(Guarded::Overtaken);
    }
    execute!(
        tx,
        "INSERT INTO removed_clients (id, removed_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET removed_at = $2",
        id.as_str(),
        now.millis(),
    )?;
    Ok(Guarded::Done)
}

/// Takes up to `batch` rows that belong to a removed client; gives how many.
pub async fn clear_client(tx: &mut Tx, id: &ClientId, batch: i64) -> Result<u64> {
    // Nodes take turns: none may take another's deletes for there being nothing left.
    execute!(tx, "UPDATE removed_clients SET removed_at = removed_at WHERE id = $1", id.as_str())?;
    let grants =
        execute!(tx, "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE client_id = $1 LIMIT $2)", id.as_str(), batch)?;
    if grants > 0 {
        return Ok(grants);
    }
    execute!(
        tx,
        "DELETE FROM consents WHERE client_id = $1 AND user_id IN (SELECT user_id FROM consents WHERE client_id = $1 LIMIT $2)",
        id.as_str(),
        batch,
    )
}

/// Forgets that a client was removed by `before`, if nothing of it is left.
pub async fn client_is_clear(tx: &mut Tx, id: &ClientId, before: Timestamp) -> Result<bool> {
    let rows = execute!(
        tx,
        "DELETE FROM removed_clients WHERE id = $1 AND removed_at <= $2 AND NOT EXISTS (SELECT 1 FROM grants WHERE client_id = $1) \
         AND NOT EXISTS (SELECT 1 FROM consents WHERE client_id = $1)",
        id.as_str(),
        before.millis(),
    )?;
    Ok(rows == 1)
}

/// Clients of which rows still wait.
pub async fn waiting_clients(tx: &mut Tx) -> Result<Vec<ClientId>> {
    let rows = all!(tx, (String,), "SELECT id FROM removed_clients ORDER BY id LIMIT 100")?;
    rows.into_iter().map(|(id,)| id.parse().map_err(|_| StoreError::corrupt("client", "id"))).collect()
}

/// Whether rows of a removed client of this id still wait.
pub async fn client_waits(tx: &mut Tx, id: &ClientId) -> Result<bool> {
    Ok(optional!(tx, (String,), "SELECT id FROM removed_clients WHERE id = $1", id.as_str())?.is_some())
}
