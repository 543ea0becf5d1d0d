//! The audit log.

use super::db::Tx;
use super::error::Result;
use super::sql::{all, execute, row};
use crate::engine::event::Event;
use crate::ids::{ClientId, EventId, SessionId, UserId};
use crate::time::Timestamp;

row! {
    /// An entry as read back.
    pub struct Entry {
        pub id: String,
        pub at: i64,
        pub kind: String,
        pub user_id: Option<String>,
        pub session_id: Option<String>,
        pub client_id: Option<String>,
        pub actor: String,
        pub address: String,
        pub device: String,
        pub detail: String,
    }
}

pub async fn insert(tx: &mut Tx, id: &EventId, at: Timestamp, event: &Event) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO events (id, at, kind, user_id, session_id, client_id, actor, address, device, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.as_str(),
        at.millis(),
        event.kind.as_str(),
        event.user_id.as_ref().map(UserId::as_str),
        event.session_id.as_ref().map(SessionId::as_str),
        event.client_id.as_ref().map(ClientId::as_str),
        event.actor.as_str(),
        event.origin.address.as_str(),
        event.origin.device.as_str(),
        event.detail.unwrap_or_default(),
    )
    .map(drop)
}

/// A person's newest entries.
pub async fn of_user(tx: &mut Tx, user_id: &UserId, limit: i64) -> Result<Vec<Entry>> {
    all!(
        tx,
        Entry,
        "SELECT id, at, kind, user_id, session_id, client_id, actor, address, device, detail FROM events WHERE user_id = $1 \
         ORDER BY at DESC, id DESC LIMIT $2",
        user_id.as_str(),
        limit,
    )
}
