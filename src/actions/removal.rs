//! The rows that hang on removed accounts and clients: nobody can use them any more, and they go in batches. The one who removes begins, and
//! the sweep goes on behind one who did not get to the end.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::batches::{BATCH, Turn};
use super::{App, Outcome, ending, tell};
use crate::engine::ending::Cause;
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::ids::{ClientId, UserId};
use crate::store::removal;

/// A node may have known a client for so long after it was removed, and may have begun an authorization with it.
const KNOWN: Duration = Duration::from_secs(1);

/// Takes away what is left of an erased account.
pub(super) async fn clear_account(app: &App, id: &UserId) -> Outcome<()> {
    // Whose doing it was, the removal's own event says.
    let by = Event { actor: Actor::System, ..tell::event(Kind::SignedOut, Origin::default()) };
    while let Some(mut turn) = Turn::begin(app).await? {
        let (wholly, ended) = removal::clear_account(&mut turn.tx, id, BATCH).await?;
        ending::record(app, &mut turn.tx, id, &ended, Cause::AccountDeleted, &by).await?;
        turn.end().await?;
        if wholly {
            break;
        }
    }
    Ok(())
}

/// Takes away what people had allowed a removed client; its id is free again afterwards.
pub(super) async fn clear_client(app: &App, id: &ClientId) -> Outcome<()> {
    let begun = Instant::now();
    while let Some(mut turn) = Turn::begin(app).await? {
        let rows = removal::clear_client(&mut turn.tx, id, BATCH).await?;
        let is_clear = rows == 0 && removal::client_is_clear(&mut turn.tx, id, app.now() - KNOWN).await?;
        turn.end().await?;
        if is_clear || (rows == 0 && begun.elapsed() > KNOWN) {
            break;
        }
        if rows == 0 {
            sleep_until(begun + KNOWN).await;
        }
    }
    Ok(())
}

/// Goes on where somebody did not get to the end.
pub(super) async fn go_on(app: &App) -> Outcome<()> {
    let clients = removal::waiting_clients(&mut app.store.read().await?).await?;
    for id in clients {
        clear_client(app, &id).await?;
    }
    while let Some(id) = removal::waiting_account(&mut app.store.read().await?).await? {
        if app.is_stopping() {
            break;
        }
        clear_account(app, &id).await?;
    }
    Ok(())
}
