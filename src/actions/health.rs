//! Whether this node can serve, and whether what it does by itself gets done.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{App, Outcome};
use crate::engine::fleet::Drift;
use crate::store::{StoreError, nodes};

/// A job that has not got through a turn for so long stands still. Those that call this are due every few seconds.
const STILL: Duration = Duration::from_mins(5);

/// Why a node cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    Stopping,
    Migrations,
    ReadOnly,
    /// By so many milliseconds the database's clock is ahead.
    Clock(i64),
    /// A job stands still.
    Still(&'static str),
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopping => f.write_str("the server is stopping"),
            Self::Migrations => f.write_str("migrations are missing: run vestibule migrate"),
            Self::ReadOnly => f.write_str("the database can only be read: a standby, or default_transaction_read_only"),
            Self::Clock(offset) => write!(f, "the database's clock is ahead of this machine's by {} s", offset / 1000),
            Self::Still(job) => write!(f, "the {job} stands still: restart this node"),
        }
    }
}

/// When each job last got through a turn.
#[derive(Debug, Default)]
pub struct Pulses(Mutex<HashMap<&'static str, Instant>>);

impl Pulses {
    fn beat(&self, job: &'static str, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job, now);
    }

    fn still(&self, now: Instant) -> Option<&'static str> {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.iter().find(|(_, last)| now.duration_since(**last) > STILL).map(|(job, _)| *job)
    }
}

/// A job that is due every few seconds is alive.
pub fn beat(app: &App, job: &'static str) {
    app.pulses.beat(job, Instant::now());
    done(app, job);
}

/// A job got through a turn.
pub fn done(app: &App, job: &'static str) {
    app.metrics.job_done(job, app.now().seconds());
}

/// None: requests can be served. The database answers and can be written, its schema is complete, clocks agree, the outbox is looked after, and
/// the server is not stopping.
pub async fn unready(app: &App) -> Outcome<Option<Unready>> {
    if app.is_stopping() {
        return Ok(Some(Unready::Stopping));
    }
    match app.store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {}
        Ok(_) => return Ok(Some(Unready::Migrations)),
        // A newer node has come beside us; until we are replaced we go on.
        Err(StoreError::Newer(_)) => {}
        Err(error) => return Err(error.into()),
    }
    if nodes::told(&mut app.store.read().await?).await?.is_some_and(|told| told.read_only) {
        return Ok(Some(Unready::ReadOnly));
    }
    if let (Drift::Wrong, offset) = app.fleet.clock() {
        return Ok(Some(Unready::Clock(offset)));
    }
    Ok(app.pulses.still(Instant::now()).map(Unready::Still))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_stands_still_is_noticed() {
        let (pulses, start) = (Pulses::default(), Instant::now());
        assert_eq!(pulses.still(start + STILL * 2), None, "nobody has begun");
        pulses.beat("a", start);
        pulses.beat("b", start + STILL);
        assert_eq!(pulses.still(start + STILL), None);
        assert_eq!(pulses.still(start + STILL + Duration::from_secs(1)), Some("a"));
        pulses.beat("a", start + STILL);
        assert_eq!(pulses.still(start + STILL * 2), None);
    }
}
