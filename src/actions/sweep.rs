//! Sweeping: rows whose time has come, events and messages by `[retention]`.

use super::{App, Outcome};
use crate::store::{Tx, sweep};
use crate::time::Timestamp;

/// Rows of one transaction: enough to get on, few enough that nobody waits for long.
const BATCH: i64 = 500;

/// How many rows went from a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    pub table: &'static str,
    pub rows: u64,
}

/// Applies every rule until nothing is left to delete. Gives the tables that lost rows.
pub async fn sweep(app: &App) -> Outcome<Vec<Swept>> {
    let now = app.now();
    let retention = app.settings.retention;
    let mut swept: Vec<Swept> = Vec::new();
    for rule in &sweep::RULES {
        // A message stays a while after it has become useless, for whoever asks where it went.
        let before = if rule.table == "outbox" { now - retention.messages } else { now };
        let mut rows = 0;
        while let Some(deleted) = batch(app, async |tx| sweep::run(tx, rule, before, BATCH).await).await? {
            rows += deleted;
        }
        note(&mut swept, rule.table, rows);
    }
    let before: Timestamp = now - retention.events;
    let mut rows = 0;
    while let Some(deleted) = batch(app, async |tx| sweep::events(tx, before, BATCH).await).await? {
        rows += deleted;
    }
    note(&mut swept, "events", rows);
    Ok(swept)
}

/// One batch in a transaction of its own; none when there was nothing to delete.
async fn batch(app: &App, delete: impl AsyncFnOnce(&mut Tx) -> crate::store::Result<u64>) -> Outcome<Option<u64>> {
    let mut tx = app.store.write().await?;
    let rows = delete(&mut tx).await?;
    if rows == 0 {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(rows))
}

fn note(swept: &mut Vec<Swept>, table: &'static str, rows: u64) {
    match swept.iter_mut().find(|known| known.table == table) {
        Some(known) => known.rows += rows,
        None if rows > 0 => swept.push(Swept { table, rows }),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_one_table_are_counted_together() {
        let mut swept = Vec::new();
        note(&mut swept, "sessions", 2);
        note(&mut swept, "flows", 0);
        note(&mut swept, "sessions", 3);
        assert_eq!(swept, [Swept { table: "sessions", rows: 5 }]);
    }
}
