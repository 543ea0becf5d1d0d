//! Rates and growing delays, shared by all nodes.

use super::db::Tx;
use super::error::Result;
use super::sql::{execute, on, optional};
use crate::engine::limit::{self, Allowance, Backoff, FAILURES_KEPT, Rate};
use crate::time::Timestamp;

/// Spends one use of a rate, or says how long to wait. One statement decides, so that nodes agree.
pub async fn spend(tx: &mut Tx, id: &str, rate: Rate, now: Timestamp) -> Result<Allowance> {
    let cost = i64::try_from(rate.cost().as_millis()).unwrap_or(i64::MAX);
    let latest = (now + rate.slack()).millis();
    let spent: Option<(i64,)> = on!(tx, |c| sqlx::query_as(
        "INSERT INTO limits (id, spent_until, failures, blocked_until, expires_at) VALUES ($1, $2 + $3, 0, 0, $4) \
         ON CONFLICT (id) DO UPDATE SET \
         spent_until = CASE WHEN limits.spent_until > $2 THEN limits.spent_until ELSE $2 END + $3, expires_at = $4 \
         WHERE limits.spent_until <= $5 RETURNING spent_until"
    )
    .bind(id)
    .bind(now.millis())
    .bind(cost)
    .bind((now + rate.within + FAILURES_KEPT).millis())
    .bind(latest)
    .fetch_optional(c)
    .await)?;
    if spent.is_some() {
        return Ok(Allowance::Granted);
    }
    let spent_until = optional!(tx, (i64,), "SELECT spent_until FROM limits WHERE id = $1", id)?.map_or(0, |row| row.0);
    let free_at = Timestamp::from_millis(spent_until) - rate.slack();
    Ok(Allowance::from_time(free_at, now))
}

/// What [`spend`] would say, without spending.
pub async fn peek(tx: &mut Tx, id: &str, rate: Rate, now: Timestamp) -> Result<Allowance> {
    let spent_until = optional!(tx, (i64,), "SELECT spent_until FROM limits WHERE id = $1", id)?.map_or(0, |row| row.0);
    Ok(Allowance::from_time(Timestamp::from_millis(spent_until) - rate.slack(), now))
}

/// Counts a try that may fail, before it is judged, so that tries in parallel cannot outrun the count. [`forgive`] takes it back.
pub async fn try_account(tx: &mut Tx, id: &str, backoff: Backoff, now: Timestamp) -> Result<Allowance> {
    let counted: Option<(i64,)> = on!(tx, |c| sqlx::query_as(
        "INSERT INTO limits (id, spent_until, failures, blocked_until, expires_at) VALUES ($1, 0, 1, 0, $3) \
         ON CONFLICT (id) DO UPDATE SET \
         failures = CASE WHEN limits.expires_at > $2 THEN limits.failures + 1 ELSE 1 END, expires_at = $3 \
         WHERE limits.blocked_until <= $2 RETURNING failures"
    )
    .bind(id)
    .bind(now.millis())
    .bind((now + FAILURES_KEPT).millis())
    .fetch_optional(c)
    .await)?;
    let Some((failures,)) = counted else {
        let until = optional!(tx, (i64,), "SELECT blocked_until FROM limits WHERE id = $1", id)?.map_or(0, |row| row.0);
        return Ok(Allowance::from_time(Timestamp::from_millis(until), now));
    };
    let delay = limit::delay_after(failures, backoff);
    if !delay.is_zero() {
        execute!(tx, "UPDATE limits SET blocked_until = $2 WHERE id = $1", id, (now + delay).millis())?;
    }
    Ok(Allowance::Granted)
}

/// Counts a failure that makes nobody wait.
pub async fn fail(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO limits (id, spent_until, failures, blocked_until, expires_at) VALUES ($1, 0, 1, 0, $3) \
         ON CONFLICT (id) DO UPDATE SET \
         failures = CASE WHEN limits.expires_at > $2 THEN limits.failures + 1 ELSE 1 END, expires_at = $3",
        id,
        now.millis(),
        (now + FAILURES_KEPT).millis(),
    )
    .map(drop)
}

/// How many failures are remembered.
pub async fn failures(tx: &mut Tx, id: &str, now: Timestamp) -> Result<i64> {
    let row = optional!(tx, (i64,), "SELECT failures FROM limits WHERE id = $1 AND expires_at > $2", id, now.millis())?;
    Ok(row.map_or(0, |row| row.0))
}

/// The try was no failure: the account starts anew.
pub async fn forgive(tx: &mut Tx, id: &str) -> Result<()> {
    execute!(tx, "UPDATE limits SET failures = 0, blocked_until = 0 WHERE id = $1", id).map(drop)
}
