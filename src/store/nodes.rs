//! Servers at work on this database, and what the database says of itself.

use super::db::{Conn, Tx};
use super::error::{Result, StoreError};
use super::sql::{all, execute, optional};
use crate::engine::fleet::{Node, Says};
use crate::ids::NodeId;
use crate::time::Timestamp;

/// What PostgreSQL says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Its clock, which is everybody's.
    pub now: Timestamp,
    /// A standby, or made read-only: nothing can be changed.
    pub read_only: bool,
}

/// None for a file: its clock is ours.
pub async fn told(tx: &mut Tx) -> Result<Option<Told>> {
    let row: Option<(i64, bool)> = if let Conn::Postgres(_) = tx.conn() {
        optional!(
            tx,
            (i64, bool),
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, current_setting('transaction_read_only') = 'on'"
        )?
    } else {
        None
    };
    Ok(row.map(|(millis, read_only)| Told { now: Timestamp::from_millis(millis), read_only }))
}

/// A node is here, says this, and is gone if it has not said so again by `until`.
pub async fn meet(tx: &mut Tx, id: &NodeId, says: &Says, now: Timestamp, until: Timestamp) -> Result<()> {
    let says = serde_json::to_string(says).map_err(|error| StoreError::corrupt("node", error))?;
    execute!(
        tx,
        "INSERT INTO nodes (id, says, seen_at, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (id) DO UPDATE SET says = $2, seen_at = $3, expires_at = $4",
        id.as_str(),
        says,
        now.millis(),
        until.millis(),
    )
    .map(drop)
}

/// Those that are here. What a node of another version says and cannot be read is left out.
pub async fn present(tx: &mut Tx, now: Timestamp) -> Result<Vec<Node>> {
    let rows = all!(tx, (String, String), "SELECT id, says FROM nodes WHERE expires_at > $1", now.millis())?;
    let read = |(id, says): (String, String)| Some(Node { id: id.parse().ok()?, says: serde_json::from_str(&says).ok()? });
    Ok(rows.into_iter().filter_map(read).collect())
}

pub async fn leave(tx: &mut Tx, id: &NodeId) -> Result<()> {
    execute!(tx, "DELETE FROM nodes WHERE id = $1", id.as_str()).map(drop)
}
