//! Messages that wait to be sent.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::sql::{all, execute, optional, row, run, skip_locked};
use crate::engine::outbox::{Channel, Message};
use crate::ids::MessageId;
use crate::time::Timestamp;

row! {
    struct MessageRow {
        id: String,
        channel: String,
        recipient: String,
        subject: String,
        body: String,
        html: String,
        attempts: i64,
        created_at: i64,
        expires_at: i64,
    }
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self> {
        Ok(Self {
            id: row.id.parse().map_err(|error: crate::ids::ParseIdError| StoreError::corrupt("message", error))?,
            channel: Channel::parse(&row.channel).ok_or_else(|| StoreError::corrupt("message", "unknown channel"))?,
            recipient: row.recipient,
            subject: row.subject,
            body: row.body,
            html: row.html,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

pub async fn insert(tx: &mut Tx, message: &Message) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO outbox (id, channel, recipient, subject, body, html, state, attempts, run_at, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $7, $8)",
        message.id.as_str(),
        message.channel.as_str(),
        message.recipient.as_str(),
        message.subject.as_str(),
        message.body.as_str(),
        message.html.as_str(),
        message.created_at.millis(),
        message.expires_at.millis(),
    )
    .map(drop)
}

/// Nodes that take several each do not wait for each other's: two that did would meet in a circle.
macro_rules! claim {
    ($dialect:tt) => {
        concat!(
            "UPDATE outbox SET run_at = $2, attempts = attempts + 1 WHERE state = 'pending' AND run_at <= $1 AND id = (SELECT id FROM outbox \
             WHERE state = 'pending' AND run_at <= $1 AND channel = $3 ORDER BY run_at, id LIMIT 1",
            skip_locked!($dialect),
            ") RETURNING id, channel, recipient, subject, body, html, attempts, created_at, expires_at"
        )
    };
}

/// Takes the next due message of a channel and puts its next turn to `lease_until`, so that no other node takes it meanwhile and a crash only
/// delays it.
pub async fn claim(tx: &mut Tx, channel: Channel, now: Timestamp, lease_until: Timestamp) -> Result<Option<Message>> {
    let (now, until, channel) = (now.millis(), lease_until.millis(), channel.as_str());
    let row: Option<MessageRow> = run!(
        tx,
        sqlite | c | sqlx::query_as(claim!(sqlite)).bind(now).bind(until).bind(channel).fetch_optional(c),
        postgres | c | sqlx::query_as(claim!(postgres)).bind(now).bind(until).bind(channel).fetch_optional(c)
    )?;
    row.map(Message::try_from).transpose()
}

/// When the next message of a channel is due.
pub async fn next_due(tx: &mut Tx, channel: Channel) -> Result<Option<Timestamp>> {
    let row = optional!(
        tx,
        (i64,),
        "SELECT run_at FROM outbox WHERE state = 'pending' AND channel = $1 ORDER BY run_at LIMIT 1",
        channel.as_str(),
    )?;
    Ok(row.map(|(at,)| Timestamp::from_millis(at)))
}

/// Of each channel that has any: how many messages wait, and since when the oldest does.
pub async fn pending(tx: &mut Tx) -> Result<Vec<(String, i64, Timestamp)>> {
    let sql = "SELECT channel, COUNT(*), MIN(created_at) FROM outbox WHERE state = 'pending' GROUP BY channel";
    let rows = all!(tx, (String, i64, i64), sql)?;
    Ok(rows.into_iter().map(|(channel, count, oldest)| (channel, count, Timestamp::from_millis(oldest))).collect())
}

/// A delivered message loses its text, for it may hold a code; `keep_text` is for the development mailbox.
pub async fn delivered(tx: &mut Tx, id: &MessageId, keep_text: bool, now: Timestamp) -> Result<()> {
    if keep_text {
        return execute!(tx, "UPDATE outbox SET state = 'delivered', delivered_at = $2 WHERE id = $1", id.as_str(), now.millis())
            .map(drop);
    }
    execute!(
        tx,
        "UPDATE outbox SET state = 'delivered', delivered_at = $2, subject = '', body = '', html = '' WHERE id = $1",
        id.as_str(),
        now.millis(),
    )
    .map(drop)
}

pub async fn retry(tx: &mut Tx, id: &MessageId, at: Timestamp, error: &str) -> Result<()> {
    execute!(tx, "UPDATE outbox SET run_at = $2, last_error = $3 WHERE id = $1", id.as_str(), at.millis(), error).map(drop)
}

pub async fn failed(tx: &mut Tx, id: &MessageId, error: &str) -> Result<()> {
    execute!(
        tx,
        "UPDATE outbox SET state = 'failed', last_error = $2, subject = '', body = '', html = '' WHERE id = $1",
        id.as_str(),
        error,
    )
    .map(drop)
}

/// The newest messages of a channel, for the development mailbox.
pub async fn newest(tx: &mut Tx, channel: Channel, limit: i64) -> Result<Vec<Message>> {
    all!(
        tx,
        MessageRow,
        "SELECT id, channel, recipient, subject, body, html, attempts, created_at, expires_at FROM outbox \
         WHERE channel = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        channel.as_str(),
        limit,
    )?
    .into_iter()
    .map(Message::try_from)
    .collect()
}

pub async fn by_id(tx: &mut Tx, id: &MessageId) -> Result<Option<Message>> {
    optional!(
        tx,
        MessageRow,
        "SELECT id, channel, recipient, subject, body, html, attempts, created_at, expires_at FROM outbox WHERE id = $1",
        id.as_str(),
    )?
    .map(Message::try_from)
    .transpose()
}
