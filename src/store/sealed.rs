//! The columns that hold something sealed: the one list of them. A test finds every column of bytes in the schema and asks that it is in this list or
//! holds no secret that could be opened, so none is forgotten when the master keys change.

use super::db::Tx;
use super::error::Result;
use super::sql::{all, execute, optional};
use crate::time::Timestamp;

/// A column of sealed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    SigningKeys,
    Authenticators,
    RecoveryCodes,
    ProviderTokens,
}

/// A row's sealed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What a batch continues after.
    pub key: String,
    /// Whose it is, where that is part of what it is sealed for.
    pub owner: String,
    pub sealed: Vec<u8>,
}

impl Column {
    pub const ALL: [Self; 4] = [Self::SigningKeys, Self::Authenticators, Self::RecoveryCodes, Self::ProviderTokens];

    /// Table and column.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::SigningKeys => ("signing_keys", "sealed"),
            Self::Authenticators => ("factors", "sealed"),
            Self::RecoveryCodes => ("recovery_codes", "sealed"),
            Self::ProviderTokens => ("external_identities", "tokens"),
        }
    }
}

/// The next rows, of about `limit`, that are sealed under another key than `newest`.
pub async fn older(tx: &mut Tx, column: Column, newest: u8, after: &str, limit: i64) -> Result<Vec<Sealed>> {
    // Whole tables are read: once, in batches, when a master key is changed.
    let sql = match column {
        Column::SigningKeys => {
            "SELECT id, '' AS owner, sealed FROM signing_keys WHERE id > $1 AND substr(sealed, 1, 1) <> $2 ORDER BY id LIMIT $3"
        }
        Column::Authenticators => {
            "SELECT id, user_id, sealed FROM factors WHERE id > $1 AND substr(sealed, 1, 1) <> $2 ORDER BY id LIMIT $3"
        }
        Column::RecoveryCodes => {
            "SELECT user_id, user_id AS owner, sealed FROM recovery_codes WHERE substr(sealed, 1, 1) <> $2 AND user_id IN \
             (SELECT DISTINCT user_id FROM recovery_codes WHERE user_id > $1 AND substr(sealed, 1, 1) <> $2 ORDER BY user_id LIMIT $3) \
             ORDER BY user_id"
        }
        Column::ProviderTokens => {
            "SELECT id, user_id, tokens FROM external_identities WHERE id > $1 AND substr(tokens, 1, 1) <> $2 ORDER BY id LIMIT $3"
        }
    };
    // Recovery codes come ten at a time.
    let limit = if column == Column::RecoveryCodes { (limit / 10).max(1) } else { limit };
    let rows = all!(tx, (String, String, Vec<u8>), sql, after, [newest].as_slice(), limit)?;
    Ok(rows.into_iter().map(|(key, owner, sealed)| Sealed { key, owner, sealed }).collect())
}

/// Puts another sealed value in the place of the one that was read: false if somebody was faster.
pub async fn replace(tx: &mut Tx, column: Column, read: &Sealed, new: &[u8]) -> Result<bool> {
    let sql = match column {
        Column::SigningKeys => "UPDATE signing_keys SET sealed = $3 WHERE id = $1 AND sealed = $2",
        Column::Authenticators => "UPDATE factors SET sealed = $3 WHERE id = $1 AND sealed = $2",
        Column::RecoveryCodes => "UPDATE recovery_codes SET sealed = $3 WHERE user_id = $1 AND sealed = $2",
        Column::ProviderTokens => "UPDATE external_identities SET tokens = $3 WHERE id = $1 AND tokens = $2",
    };
    Ok(execute!(tx, sql, read.key.as_str(), read.sealed.as_slice(), new)? == 1)
}

/// How many are sealed under another key than `newest`.
pub async fn count_older(tx: &mut Tx, column: Column, newest: u8) -> Result<i64> {
    let sql = match column {
        Column::SigningKeys => "SELECT COUNT(*) FROM signing_keys WHERE substr(sealed, 1, 1) <> $1",
        Column::Authenticators => "SELECT COUNT(*) FROM factors WHERE substr(sealed, 1, 1) <> $1",
        Column::RecoveryCodes => "SELECT COUNT(*) FROM recovery_codes WHERE substr(sealed, 1, 1) <> $1",
        Column::ProviderTokens => "SELECT COUNT(*) FROM external_identities WHERE substr(tokens, 1, 1) <> $1",
    };
    Ok(optional!(tx, (i64,), sql, [newest].as_slice())?.map_or(0, |row| row.0))
}

/// How many families of refresh tokens have their newest one made under another key, and when the last of them expires unless it is used.
pub async fn older_families(tx: &mut Tx, newest: u8, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    let row = optional!(
        tx,
        (i64, Option<i64>),
        "SELECT COUNT(*), MAX(refresh_expires_at) FROM grants WHERE refresh_key <> $1 AND refresh_expires_at > $2",
        i64::from(newest),
        now.millis(),
    )?;
    Ok(row.map_or((0, None), |(count, last)| (count, last.map(Timestamp::from_millis))))
}

/// When the last flow ends that is open now and may hold something sealed or a code's MAC. An alarm holds neither.
pub async fn flows_end(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let row = optional!(
        tx,
        (i64,),
        "SELECT expires_at FROM flows WHERE expires_at > $1 AND finished_at IS NULL AND kind <> 'alarm' ORDER BY expires_at DESC LIMIT 1",
        now.millis(),
    )?;
    Ok(row.map(|row| Timestamp::from_millis(row.0)))
}
