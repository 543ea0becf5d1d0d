//! Sealing again what older master keys have sealed, so that they may go.

use std::time::Duration;

use super::factors::{recovery, totp};
use super::providers::tokens;
use super::{App, Outcome, keys};
use crate::store::sealed::{self, Column, Sealed};
use crate::time::Timestamp;

/// Short enough that a server beside it does not notice.
const BATCH: i64 = 50;

/// What was done to one column.
#[derive(Clone, Debug)]
pub struct Resealed {
    pub table: &'static str,
    pub resealed: u64,
    /// Still under another key: it is missing from the ring, or the value is damaged, or a node that does not know the newest key has sealed it meanwhile.
    pub left: i64,
}

/// What was done, and what still needs the older keys.
#[derive(Clone, Debug)]
pub struct Report {
    pub newest: u8,
    pub older: Vec<u8>,
    pub columns: Vec<Resealed>,
    /// Families of refresh tokens whose newest one an older key has made, and when the last of them expires unless its application uses it.
    pub refresh_tokens: i64,
    pub refresh_tokens_until: Option<Timestamp>,
    /// When the last flow ends that is under way now.
    pub flows_until: Option<Timestamp>,
}

impl Report {
    pub fn left(&self) -> i64 {
        self.columns.iter().map(|column| column.left).sum()
    }
}

/// What a value of a column is sealed for. A purpose may name the owner.
fn purpose(column: Column, row: &Sealed) -> String {
    match column {
        Column::SigningKeys => keys::PURPOSE.to_owned(),
        Column::Authenticators => totp::purpose(&row.owner),
        Column::RecoveryCodes => recovery::purpose(&row.owner),
        Column::ProviderTokens => tokens::PURPOSE.to_owned(),
    }
}

/// Seals everything again that is not under the newest key. A server may run meanwhile, on this database or on this and other nodes.
pub async fn reseal(app: &App) -> Outcome<Report> {
    let newest = app.keyring.newest();
    let mut columns = Vec::new();
    for column in Column::ALL {
        let resealed = reseal_column(app, column).await?;
        let left = sealed::count_older(&mut app.store.read().await?, column, newest).await?;
        columns.push(Resealed { table: column.place().0, resealed, left });
    }
    let mut tx = app.store.read().await?;
    let (refresh_tokens, refresh_tokens_until) = sealed::older_families(&mut tx, newest, app.now()).await?;
    let flows_until = sealed::flows_end(&mut tx, app.now()).await?;
    Ok(Report { newest, older: app.keyring.older(), columns, refresh_tokens, refresh_tokens_until, flows_until })
}

async fn reseal_column(app: &App, column: Column) -> Outcome<u64> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let started = app.now();
        let batch = sealed::older(&mut app.store.read().await?, column, app.keyring.newest(), &after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(count) };
        after.clone_from(&last.key);
        let mut tx = app.store.write().await?;
        for row in &batch {
            match app.keyring.reseal(&app.random, &purpose(column, row), &row.sealed) {
                // Who was faster has sealed it under the newest key, or removed it.
                Ok(Some(new)) => count += u64::from(sealed::replace(&mut tx, column, row, &new).await?),
                Ok(None) => {}
                Err(error) => tracing::error!(table = column.place().0, id = row.key, %error, "cannot be sealed again"),
            }
        }
        tx.commit().await?;
        // Whoever else wants to write gets as much time as this took.
        tokio::time::sleep(app.now().since(started).min(Duration::from_secs(1))).await;
    }
}
