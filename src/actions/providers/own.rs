//! The identities that somebody's account is connected with.

use super::super::notices::Notice;
use super::super::session::Current;
use super::super::{App, Outcome, Requester, account, factors, passkeys};
use super::come_back::detail;
use crate::engine::event::{Event, Kind};
use crate::engine::external::Identity;
use crate::engine::user::User;
use crate::ids::{IdentityId, UserId};
use crate::settings::Way;
use crate::store::{Tx, enrolled, identities};

/// The account's, oldest first.
pub async fn list(app: &App, user_id: &UserId) -> Outcome<Vec<Identity>> {
    Ok(identities::of_user(&mut app.store.read().await?, user_id).await?)
}

/// How many of the account's identities lead in: those of providers that are set up.
pub(in crate::actions) async fn usable(app: &App, tx: &mut Tx, user_id: &UserId) -> Outcome<usize> {
    let all = identities::of_user(tx, user_id).await?;
    Ok(all.iter().filter(|identity| super::find(app, &identity.provider).is_some()).count())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnected {
    Done,
    /// Nobody could sign in to the account any more.
    LastWayIn,
    /// There is no such one.
    Gone,
}

/// Disconnects an identity, unless it is the last way in.
pub async fn disconnect(app: &App, current: &Current, id: &IdentityId, requester: &Requester) -> Outcome<Disconnected> {
    let user = &current.user;
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, current).await?;
    let known = identities::of_user(&mut tx, &user.id).await?.into_iter().find(|known| known.id == *id);
    let Some(known) = known else { return Ok(Disconnected::Gone) };
    identities::remove(&mut tx, &user.id, id, app.now() + app.settings.flows.undo).await?;
    if !can_sign_in(app, &mut tx, user).await? {
        return Ok(Disconnected::LastWayIn);
    }
    let event = account::own(current, Kind::IdentityDisconnected, requester);
    app.record(&mut tx, Event { detail: detail(app, &known.provider), ..event }).await?;
    let provider = super::find(app, &known.provider).map_or_else(|| known.provider.clone(), |found| found.name.clone());
    app.notify(&mut tx, user, Notice::IdentityDisconnected { provider }, requester).await?;
    tx.commit().await?;
    Ok(Disconnected::Done)
}

/// Whether any way into the account is left, as the unit of work has it.
async fn can_sign_in(app: &App, tx: &mut Tx, user: &User) -> Outcome<bool> {
    if passkeys::has_another_way_in(app, user) || usable(app, tx, &user.id).await? > 0 {
        return Ok(true);
    }
    let passkeys = enrolled::of(tx, user).await?.passkeys > 0;
    Ok(passkeys && app.has_passkeys() && app.settings.sign_in.ways.contains(&Way::Passkey))
}
