//! Much work in small transactions: while one runs, nobody else writes (SQLite has one writer), so each is short, and between two of them
//! everybody else has at least as much time.

use tokio::time::{Instant, sleep};

use super::{App, Outcome};
use crate::store::Tx;

/// Rows of one transaction.
pub(super) const BATCH: i64 = 50;

/// One batch: a transaction, and a pause as long as it took.
pub(super) struct Turn {
    pub(super) tx: Tx,
    begun: Instant,
}

impl Turn {
    /// None once the server stops: what is left can wait for the next start.
    pub(super) async fn begin(app: &App) -> Outcome<Option<Self>> {
        if app.is_stopping() {
            return Ok(None);
        }
        Self::urgent(app).await.map(Some)
    }

    /// For what somebody waits for, also while the server stops.
    pub(super) async fn urgent(app: &App) -> Outcome<Self> {
        // The wait for the writer counts, too: the busier it is, the longer we stay away.
        let begun = Instant::now();
        Ok(Self { tx: app.store.write().await?, begun })
    }

    pub(super) async fn end(self) -> Outcome<()> {
        self.tx.commit().await?;
        sleep(self.begun.elapsed()).await;
        Ok(())
    }
}
