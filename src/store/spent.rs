//! Single-use things that are no rows themselves.

use super::db::Tx;
use super::error::Result;
use super::guarded::Guarded;
use super::sql::{execute, optional};
use crate::time::Timestamp;

/// Marks it as used: true for exactly one caller. It is remembered until `expires_at`, from when on it must be refused for its age.
pub async fn spend(tx: &mut Tx, id: &str, expires_at: Timestamp) -> Result<Guarded> {
    let rows =
        execute!(tx, "INSERT INTO spent (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", id, expires_at.millis())?;
    Ok(Guarded::by(rows))
}

/// Whether it was used, as far as can be seen now: to answer a repeat kindly. Only [`spend`] decides.
pub async fn is_spent(tx: &mut Tx, id: &str) -> Result<bool> {
    Ok(optional!(tx, (String,), "SELECT id FROM spent WHERE id = $1", id)?.is_some())
}
