//! Sweeping: rows whose time has come, events and messages by `[retention]`, and what removed accounts and clients have left.

use super::batches::{BATCH, Turn};
use super::{App, Outcome, removal};
use crate::store::sweep;
use crate::time::Timestamp;

/// How many rows went from a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    pub table: &'static str,
    pub rows: u64,
}

/// Applies every rule until nothing is left to delete, or the server stops. Gives the tables that lost rows.
pub async fn sweep(app: &App) -> Outcome<Vec<Swept>> {
    removal::go_on(app).await?;
    let now = app.now();
    let retention = app.settings.retention;
    let mut swept: Vec<Swept> = Vec::new();
    for rule in &sweep::RULES {
        // A message stays a while after it has become useless, for whoever asks where it went.
        let before = if rule.table == "outbox" { now - retention.messages } else { now };
        note(&mut swept, rule.table, by_rule(app, rule, before).await?);
    }
    note(&mut swept, "events", events(app, now - retention.events).await?);
    Ok(swept)
}

async fn by_rule(app: &App, rule: &sweep::Rule, before: Timestamp) -> Outcome<u64> {
    let mut all = 0;
    while let Some(mut turn) = Turn::begin(app).await? {
        let rows = sweep::run(&mut turn.tx, rule, before, BATCH).await?;
        turn.end().await?;
        all += rows;
        if rows == 0 {
            break;
        }
    }
    Ok(all)
}

async fn events(app: &App, before: Timestamp) -> Outcome<u64> {
    let mut all = 0;
    while let Some(mut turn) = Turn::begin(app).await? {
        let rows = sweep::events(&mut turn.tx, before, BATCH).await?;
        turn.end().await?;
        all += rows;
        if rows == 0 {
            break;
        }
    }
    Ok(all)
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
