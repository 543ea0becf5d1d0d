//! Single values that the whole installation shares.

use super::db::Tx;
use super::error::Result;
use super::guarded::Guarded;
use super::sql::{execute, optional};

pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<String>> {
    Ok(optional!(tx, (String,), "SELECT value FROM facts WHERE id = $1", id)?.map(|row| row.0))
}

pub async fn put(tx: &mut Tx, id: &str, value: &str) -> Result<()> {
    execute!(tx, "INSERT INTO facts (id, value) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET value = $2", id, value).map(drop)
}

/// Holds a fact's row until the end of the unit of work, so that whatever it stands for is done by one after the other. It may have no value.
pub async fn hold(tx: &mut Tx, id: &str) -> Result<()> {
    execute!(tx, "INSERT INTO facts (id, value) VALUES ($1, '') ON CONFLICT (id) DO UPDATE SET value = facts.value", id).map(drop)
}

/// Puts a value in the place of another, or where none is: true if that was still so.
pub async fn swap(tx: &mut Tx, id: &str, old: Option<&str>, new: &str) -> Result<Guarded> {
    let rows = match old {
        Some(old) => execute!(tx, "UPDATE facts SET value = $3 WHERE id = $1 AND value = $2", id, old, new)?,
        None => execute!(tx, "INSERT INTO facts (id, value) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", id, new)?,
    };
    Ok(Guarded::by(rows))
}

/// Removes a fact that has this value: true for exactly one caller.
pub async fn take(tx: &mut Tx, id: &str, value: &str) -> Result<Guarded> {
    Ok(Guarded::by(execute!(tx, "DELETE FROM facts WHERE id = $1 AND value = $2", id, value)?))
}
