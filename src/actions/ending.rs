//! How sessions end, whatever ends them: what goes with them, what the log says, and whom it concerns.

use std::time::Duration;

use tracing::Instrument as _;

use super::batches::Turn;
use super::{App, Fault, Outcome, offline};
use crate::engine::ending::{Cause, Flows, Grants};
use crate::engine::event::{Event, Kind};
use crate::engine::external::Identity;
use crate::ids::{SessionId, UserId};
use crate::store::sessions::{self, Ended, Which};
use crate::store::{Tx, factors, flows, grants, trusted};

/// Sessions that end in one unit of work. Hardly anybody has more; where a program signs in again and again, the rest follows in more of them,
/// each short, so that nobody waits for the writer behind a hundred thousand rows.
const AT_ONCE: i64 = 200;

/// By how much another node's clock may be ahead of ours while it serves ([`crate::engine::fleet`]), and some.
const AHEAD: Duration = Duration::from_mins(1);

/// Ends sessions of a person in the caller's unit of work, and whatever the cause ends beside them. `by`: who does it, and from where; what
/// happened is filled in here. Gives each session with the applications that were signed in through it.
pub(super) async fn end(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    which: Which<'_>,
    cause: Cause,
    by: &Event,
) -> Outcome<Vec<Ended>> {
    let ended = sessions::end(tx, user_id, which).await?;
    record(app, tx, user_id, &ended, cause, by).await?;
    if cause.forgets_browsers() {
        trusted::remove_all(tx, user_id).await?;
    }
    if cause.grants() == Grants::All {
        let revoked = match which {
            Which::AllBut(kept) => grants::end_others(tx, user_id, kept).await?,
            Which::All | Which::One(_) => grants::end_all(tx, user_id).await?,
        };
        if revoked > 0 {
            let revoked =
                Event { kind: Kind::GrantRevoked, user_id: Some(user_id.clone()), detail: Some(cause.as_str()), ..by.clone() };
            app.record(tx, revoked).await?;
        }
    }
    end_flows(app, tx, user_id, cause).await?;
    Ok(ended)
}

/// One event per session (L71).
pub(super) async fn record(app: &App, tx: &mut Tx, user_id: &UserId, ended: &[Ended], cause: Cause, by: &Event) -> Outcome<()> {
    let ids: Vec<SessionId> = ended.iter().map(|ended| ended.session.clone()).collect();
    app.record_of(tx, user_id, &ids, &Event { kind: Kind::SignedOut, detail: Some(cause.as_str()), ..by.clone() }).await
}

async fn end_flows(app: &App, tx: &mut Tx, user_id: &UserId, cause: Cause) -> Outcome<()> {
    match cause.flows() {
        Flows::These(kinds) => flows::cancel(tx, kinds, user_id, app.now()).await?,
        Flows::All => flows::cancel_all(tx, user_id, app.now()).await?,
    };
    Ok(())
}

/// Signs somebody out of every session that has begun by now, but for one that is spared, and ends what the operator's own applications hold beyond
/// them. When it returns, they are dead. Whoever asked may be gone before: it is done to the end all the same.
pub(super) async fn everywhere(app: &App, user_id: &UserId, spared: Option<&SessionId>, by: Event) -> Outcome<Vec<Ended>> {
    let (app, user_id, spared) = (app.clone(), user_id.clone(), spared.cloned());
    let work = async move {
        let which = spared.as_ref().map_or(Which::All, Which::AllBut);
        let staying = offline::staying(&app, &user_id).await?;
        // Also those of a node whose clock is ahead; and it ends, however fast somebody goes on signing in.
        let (until, mut all) = (app.now() + AHEAD, Vec::new());
        loop {
            let mut turn = Turn::urgent(&app).await?;
            // Before its grants and sessions. Of an account that is gone meanwhile nothing is left to end.
            factors::lock(&mut turn.tx, &user_id).await?.either_way();
            if all.is_empty() {
                let revoked = Event { kind: Kind::GrantRevoked, ..by.clone() };
                offline::end(&app, &mut turn.tx, &user_id, which, &staying, &revoked).await?;
            }
            let ended = sessions::end_some(&mut turn.tx, &user_id, which, until, AT_ONCE).await?;
            record(&app, &mut turn.tx, &user_id, &ended, Cause::SignedOut, &by).await?;
            let is_last = i64::try_from(ended.len()).unwrap_or(0) < AT_ONCE;
            all.extend(ended);
            if is_last {
                turn.tx.commit().await?;
                return Ok(all);
            }
            turn.end().await?;
        }
    };
    tokio::spawn(work.instrument(tracing::Span::current()))
        .await
        .unwrap_or_else(|error| Err(Fault::Broken(format!("ending sessions: {error}"))))
}

/// Ends the sessions of an account that came in by one of its identities; but not the one in which its owner asks for that, if they do: it has just
/// proved itself anew.
pub(super) async fn by_identity(
    app: &App,
    tx: &mut Tx,
    identity: &Identity,
    here: Option<&SessionId>,
    by: &Event,
) -> Outcome<()> {
    let cause = Cause::IdentityRemoved;
    let all = sessions::of_user(tx, &identity.user_id, app.now()).await?;
    for session in all.iter().filter(|session| Some(&session.id) != here && session.came_in_by(&identity.id)) {
        let ended = sessions::end(tx, &identity.user_id, Which::One(&session.id)).await?;
        record(app, tx, &identity.user_id, &ended, cause, by).await?;
        if cause.grants() == Grants::Unasked {
            // Whoever came in by it, and must not any more, keeps nothing that they took along without a question.
            grants::end_unasked(tx, &session.id).await?;
        }
    }
    end_flows(app, tx, &identity.user_id, cause).await
}
