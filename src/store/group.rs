//! The one SQLite writer, and how several waiting writers share a commit.
//!
//! A durable commit costs an fsync, about a millisecond; a statement costs microseconds. So a unit of work is a
//! savepoint inside a transaction that stays open while others wait:
//!
//! ```text
//! unit 1: BEGIN, SAVEPOINT … kept ─┐ (waits)
//! unit 2: RELEASE, SAVEPOINT … kept ─┤ (waits)
//! unit 3: RELEASE, SAVEPOINT … kept ─┘ (nobody is left in front of unit 1: COMMIT → all three return)
//! ```
//!
//! A unit of one statement needs no savepoint, for a statement is atomic by itself.
//!
//! Who has kept a unit queues for the connection again, behind those already waiting, and commits the group if nobody has
//! by then; so a caller that goes away never leaves the others waiting. A unit that is dropped rolls back to its own savepoint only.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::error::{Result, StoreError};

/// How long a unit waits for its turn. While another process holds the database, those in front wait for the busy timeout each.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Writer(Arc<Mutex<Slot>>);

struct Slot {
    connection: SqliteConnection,
    open: Option<Group>,
}

struct Group {
    outcome: watch::Sender<Option<Outcome>>,
    kept: usize,
    last: Last,
}

type Outcome = std::result::Result<(), Arc<sqlx::Error>>;

/// What stands at the end of the open transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Only statements that stand for themselves.
    Bare,
    /// A savepoint whose unit was kept.
    Kept,
    /// A savepoint whose unit is under way or was dropped.
    Abandoned,
}

/// How much a unit of work may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Several statements, with a savepoint; dropping the unit rolls back to where it began.
    Several,
    /// One statement.
    One,
}

/// A unit of work.
pub(super) struct Unit {
    slot: OwnedMutexGuard<Slot>,
    writer: Writer,
    extent: Extent,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        Self(Arc::new(Mutex::new(Slot { connection, open: None })))
    }

    async fn lock(&self) -> OwnedMutexGuard<Slot> {
        Arc::clone(&self.0).lock_owned().await
    }

    /// Whether somebody writes at this moment.
    pub(super) fn is_busy(&self) -> bool {
        self.0.try_lock().is_err()
    }

    pub(super) async fn begin(&self, extent: Extent) -> Result<Unit> {
        let waited = tokio::time::timeout(PATIENCE, self.lock()).await;
        let mut slot = waited.map_err(|_| StoreError::from(sqlx::Error::PoolTimedOut))?;
        let writer = self.clone();
        // A task of its own: a caller that goes away must not stop between the statements that open a unit and writing down
        // that it is open. The unit that nobody takes is dropped like any other.
        let opened = tokio::spawn(async move {
            slot.begin(extent).await?;
            Ok(Unit { slot, writer, extent })
        });
        opened.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// The bare connection, for migrations.
    pub(super) async fn exclusive(&self) -> impl std::ops::DerefMut<Target = SqliteConnection> + use<> {
        OwnedMutexGuard::map(self.lock().await, |slot| &mut slot.connection)
    }

    /// Waits for the group's outcome, or brings it about when the queue has come round to us.
    async fn settle(self, mut outcome: watch::Receiver<Option<Outcome>>) -> Outcome {
        let slot = tokio::select! {
            biased;
            _ = outcome.wait_for(Option::is_some) => None,
            slot = self.lock() => Some(slot),
        };
        let settled = outcome.borrow().clone();
        match (settled, slot) {
            (Some(outcome), _) => outcome,
            (None, Some(mut slot)) => slot.finish().await,
            (None, None) => Err(Arc::new(sqlx::Error::WorkerCrashed)),
        }
    }

    /// Ends a transaction in which nobody has kept anything.
    async fn tidy(self) {
        let mut slot = self.lock().await;
        // Nothing is under way, for we hold the connection.
        let nobody = |group: &Group| group.kept == 0;
        if slot.open.as_ref().is_some_and(nobody) {
            let _undone = sqlx::query("ROLLBACK").execute(&mut slot.connection).await;
            slot.open = None;
        }
    }
}

impl Slot {
    async fn begin(&mut self, extent: Extent) -> Result<()> {
        let last = self.open.as_ref().map(|group| group.last);
        // The savepoint itself survives a rollback to it.
        let (statement, last) = match (last, extent) {
            (None, Extent::Several) => ("BEGIN IMMEDIATE; SAVEPOINT unit", Last::Abandoned),
            (Some(Last::Bare), Extent::Several) => ("SAVEPOINT unit", Last::Abandoned),
            (Some(Last::Kept), Extent::Several) => ("RELEASE unit; SAVEPOINT unit", Last::Abandoned),
            (Some(Last::Abandoned), Extent::Several) => ("ROLLBACK TO unit", Last::Abandoned),
            (None, Extent::One) => ("BEGIN IMMEDIATE", Last::Bare),
            (Some(Last::Abandoned), Extent::One) => ("ROLLBACK TO unit", Last::Kept),
            (Some(Last::Bare | Last::Kept), Extent::One) => return Ok(()),
        };
        if let Err(error) = sqlx::query(statement).execute(&mut self.connection).await {
            // SQLite ends a transaction by itself on a full disk and the like. Then nobody in this group may be told
            // that it was kept.
            return Err(StoreError::shared(self.fail(error).await));
        }
        let group = self.open.get_or_insert_with(|| Group { outcome: watch::Sender::new(None), kept: 0, last });
        group.last = last;
        Ok(())
    }

    /// Commits what the group has kept and tells its members.
    async fn finish(&mut self) -> Outcome {
        let Some(group) = &self.open else { return Ok(()) };
        let statement = match group.last {
            Last::Bare | Last::Kept => "COMMIT",
            Last::Abandoned => "ROLLBACK TO unit; COMMIT",
        };
        match sqlx::query(statement).execute(&mut self.connection).await {
            Ok(_) => {
                if let Some(group) = self.open.take() {
                    group.outcome.send_replace(Some(Ok(())));
                }
                Ok(())
            }
            Err(error) => Err(self.fail(error).await),
        }
    }

    async fn fail(&mut self, error: sqlx::Error) -> Arc<sqlx::Error> {
        let error = Arc::new(error);
        // May itself fail where SQLite has already rolled back: then there is nothing left to undo.
        let _already = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        if let Some(group) = self.open.take() {
            group.outcome.send_replace(Some(Err(Arc::clone(&error))));
        }
        error
    }
}

impl Unit {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.slot.connection
    }

    /// Returns when the group's commit is on the disk.
    pub(super) async fn commit(mut self) -> Result<()> {
        let Some(group) = &mut self.slot.open else { return Ok(()) };
        group.kept += 1;
        if self.extent == Extent::Several {
            group.last = Last::Kept;
        }
        let outcome = group.outcome.subscribe();
        let writer = self.writer.clone();
        drop(self);
        // A task of its own: a caller that goes away must not stop between COMMIT and telling the others.
        match tokio::spawn(writer.settle(outcome)).await {
            Ok(outcome) => outcome.map_err(StoreError::shared),
            Err(_) => Err(StoreError::Stopped),
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // Members that have kept something are queueing and will finish the group; else nobody would.
        let nobody = |group: &Group| group.kept == 0;
        if self.slot.open.as_ref().is_some_and(nobody)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(self.writer.clone().tidy());
        }
    }
}
