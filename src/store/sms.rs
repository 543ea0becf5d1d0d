//! What texts have cost, and how the codes in them fared.

use super::db::Tx;
use super::error::Result;
use super::guarded::Guarded;
use super::sql::{execute, on, optional, row};
use crate::engine::sms_guard::Track;
use crate::time::Timestamp;

row! {
    struct TrackRow {
        sent: i64,
        entered: i64,
        strikes: i64,
        braked_until: i64,
    }
}

impl From<TrackRow> for Track {
    fn from(row: TrackRow) -> Self {
        let braked_until = Timestamp::from_millis(row.braked_until);
        Self { sent: row.sent, entered: row.entered, strikes: row.strikes, braked_until }
    }
}

/// What a month has cost so far.
pub async fn spent(tx: &mut Tx, month: &str) -> Result<u64> {
    let row = optional!(tx, (i64,), "SELECT spent FROM sms_months WHERE id = $1", month)?;
    Ok(row.map_or(0, |row| u64::try_from(row.0).unwrap_or(0)))
}

/// Adds a cost if the month's budget bears it; says whether it did. One statement decides, so that nodes agree.
pub async fn spend(tx: &mut Tx, month: &str, cost: u64, budget: Option<u64>, expires_at: Timestamp) -> Result<Guarded> {
    let whole = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    let (cost, budget) = (whole(cost), budget.map_or(i64::MAX, whole));
    if cost > budget {
        return Ok(Guarded::Overtaken);
    }
    let rows = execute!(
        tx,
        "INSERT INTO sms_months (id, spent, expires_at) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET spent = sms_months.spent + $2 WHERE sms_months.spent <= $4",
        month,
        cost,
        expires_at.millis(),
        budget.saturating_sub(cost),
    )?;
    Ok(Guarded::by(rows))
}

/// How a range fares.
pub async fn track(tx: &mut Tx, range: &str) -> Result<Track> {
    let row = optional!(tx, TrackRow, "SELECT sent, entered, strikes, braked_until FROM sms_ranges WHERE id = $1", range)?;
    Ok(row.map_or_else(Track::default, Track::from))
}

/// Counts a code that is sent to a range, and holds the range's row until the end of the transaction.
pub async fn count_sent(tx: &mut Tx, range: &str, expires_at: Timestamp) -> Result<Track> {
    let row: TrackRow = on!(tx, |c| sqlx::query_as(
        "INSERT INTO sms_ranges (id, sent, entered, strikes, braked_until, expires_at) VALUES ($1, 1, 0, 0, 0, $2) \
         ON CONFLICT (id) DO UPDATE SET sent = sms_ranges.sent + 1, expires_at = $2 \
         RETURNING sent, entered, strikes, braked_until"
    )
    .bind(range)
    .bind(expires_at.millis())
    .fetch_one(c)
    .await)?;
    Ok(row.into())
}

/// Writes down the judgement of a range whose row is held.
pub async fn judge(tx: &mut Tx, range: &str, track: Track) -> Result<()> {
    execute!(
        tx,
        "UPDATE sms_ranges SET sent = $2, entered = $3, strikes = $4, braked_until = $5 WHERE id = $1",
        range,
        track.sent,
        track.entered,
        track.strikes,
        track.braked_until.millis(),
    )
    .map(drop)
}

/// Counts a code that was entered.
pub async fn count_entered(tx: &mut Tx, range: &str) -> Result<()> {
    execute!(tx, "UPDATE sms_ranges SET entered = entered + 1 WHERE id = $1 AND entered < sent", range).map(drop)
}
