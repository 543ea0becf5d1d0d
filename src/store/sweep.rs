//! Retention: what goes when. In batches, so that no sweep holds the writer for long.

use super::db::Tx;
use super::error::Result;
use super::sql::execute;
use crate::time::Timestamp;

/// A table that grows, and when its rows go.
pub struct Rule {
    pub table: &'static str,
    /// For the retention table in the docs.
    pub kept: &'static str,
    statement: &'static str,
}

macro_rules! rule {
    ($table:literal, $key:literal, $column:literal, $kept:literal) => {
        Rule {
            table: $table,
            kept: $kept,
            statement: concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $column,
                " <= $1 LIMIT $2)"
            ),
        }
    };
}

/// Rows whose time has come are deleted by these. `events` and `outbox` follow `[retention]`.
pub const RULES: [Rule; 19] = [
    rule!("carriers", "token_hash", "expires_at", "as long as the session"),
    rule!("sessions", "id", "expires_at", "until the absolute end"),
    rule!("sessions", "id", "idle_expires_at", "until idle for too long"),
    rule!("flows", "id", "expires_at", "until the journey expires"),
    rule!("grants", "id", "expires_at", "until its last token expires"),
    rule!("revoked_tokens", "jti", "expires_at", "until the token would have expired"),
    rule!("limits", "id", "expires_at", "a day after the last use"),
    rule!("outbox", "id", "expires_at", "[retention] messages_days"),
    rule!("factors", "id", "expires_at", "until removed for `flows.undo_hours`"),
    rule!("passkeys", "id", "expires_at", "until removed for `flows.undo_hours`"),
    rule!("external_identities", "id", "expires_at", "until disconnected for `flows.undo_hours`"),
    rule!("trusted_devices", "id", "expires_at", "[second_factor] remember_days"),
    rule!("address_changes", "id", "expires_at", "[flows] undo_hours"),
    rule!("spent", "id", "expires_at", "until it would be refused anyway"),
    rule!("sms_months", "id", "expires_at", "400 days"),
    rule!("sms_ranges", "id", "expires_at", "a week after the last text"),
    rule!("signing_keys", "id", "removes_at", "until its last token has expired"),
    rule!("verification_keys", "id", "expires_at", "`sessions.absolute_days` after the key has signed for the last time"),
    rule!("nodes", "id", "expires_at", "three minutes after its last word"),
];

/// Deletes up to `batch` rows by one rule; gives how many went.
pub async fn run(tx: &mut Tx, rule: &Rule, now: Timestamp, batch: i64) -> Result<u64> {
    execute!(tx, rule.statement, now.millis(), batch)
}

/// Deletes up to `batch` events from before a time.
pub async fn events(tx: &mut Tx, before: Timestamp, batch: i64) -> Result<u64> {
    execute!(tx, "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < $1 LIMIT $2)", before.millis(), batch)
}
