//! Whether the database can be written: a full disk, a file or a server that is read-only. Asked by writing.

use std::time::Duration;

use tokio::sync::Mutex;

use super::{App, Fault, Outcome};
use crate::store::facts;
use crate::time::Timestamp;

/// An answer is good for so long: balancers of several kinds may ask at once, and each answer is a commit.
const FRESH: Duration = Duration::from_secs(1);
/// Nobody waits longer for one.
const PATIENCE: Duration = Duration::from_secs(3);
/// The row that is written.
const FACT: &str = "written_at";

#[derive(Debug, Default)]
pub(super) struct Probe(Mutex<Option<(Timestamp, Result<(), String>)>>);

impl Probe {
    /// Writes one row, or says what the last second's attempt said.
    pub(super) async fn can_write(&self, app: &App) -> Outcome<()> {
        let answer = async {
            let mut last = self.0.lock().await;
            let now = app.now();
            // A clock that was set back does not keep an old answer alive.
            let fresh = |at: &Timestamp| *at <= now && now.since(*at) < FRESH;
            if let Some((_, answer)) = last.as_ref().filter(|(at, _)| fresh(at)) {
                return answer.clone();
            }
            let answer = write(app).await.map_err(|fault| fault.to_string());
            *last = Some((now, answer.clone()));
            answer
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|why| Fault::Broken(format!("the database cannot be written: {why}"))),
            Err(_) => Err(Fault::Broken(format!("the database takes no write within {} s", PATIENCE.as_secs()))),
        }
    }
}

async fn write(app: &App) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    facts::put(&mut tx, FACT, &app.now().millis().to_string()).await?;
    Ok(tx.commit().await?)
}
