//! The audit log.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::sql::{all, execute, listed, row, run};
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

macro_rules! of_sessions {
    ($dialect:tt) => {
        concat!(
            "INSERT INTO events (id, at, kind, user_id, session_id, client_id, actor, address, device, detail) \
             SELECT substr(asked.value, 1, 30), $2, $3, users.id, substr(asked.value, 31), NULL, $4, $5, $6, $7 FROM ",
            listed!($dialect),
            "users ON users.id = $8"
        )
    };
}

/// The same entry about each of a person's sessions, in one statement.
pub async fn insert_of_sessions(
    tx: &mut Tx,
    user_id: &UserId,
    sessions: &[(EventId, &SessionId)],
    at: Timestamp,
    event: &Event,
) -> Result<()> {
    let pairs: Vec<String> = sessions.iter().map(|(id, session)| format!("{id}{session}")).collect();
    let pairs = serde_json::to_string(&pairs).map_err(|error| StoreError::corrupt("question", error))?;
    let (kind, actor, detail) = (event.kind.as_str(), event.actor.as_str(), event.detail.unwrap_or_default());
    let (address, device) = (event.origin.address.as_str(), event.origin.device.as_str());
    run!(
        tx,
        sqlite
            | c
            | sqlx::query(of_sessions!(sqlite))
                .bind(pairs)
                .bind(at.millis())
                .bind(kind)
                .bind(actor)
                .bind(address)
                .bind(device)
                .bind(detail)
                .bind(user_id.as_str())
                .execute(c),
        postgres
            | c
            | sqlx::query(of_sessions!(postgres))
                .bind(pairs)
                .bind(at.millis())
                .bind(kind)
                .bind(actor)
                .bind(address)
                .bind(device)
                .bind(detail)
                .bind(user_id.as_str())
                .execute(c),
        |done| done.rows_affected()
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
