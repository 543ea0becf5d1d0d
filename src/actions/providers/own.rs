//! The identities that somebody's account is connected with.

use std::time::Duration;

use url::Url;

use super::super::notices::Notice;
use super::super::session::Current;
use super::super::{App, Outcome, Requester, account, factors, passkeys};
use crate::engine::event::Kind;
use crate::engine::external::Identity;
use crate::engine::method::{Method, MethodKind};
use crate::engine::user::User;
use crate::ids::{IdentityId, UserId};
use crate::settings::Way;
use crate::store::{Tx, enrolled, identities};

/// The account's, oldest first.
pub async fn list(app: &App, user_id: &UserId) -> Outcome<Vec<Identity>> {
    Ok(identities::of_user(&mut app.store.read().await?, user_id).await?)
}

/// The identity that a proof was given by.
pub async fn through(app: &App, user_id: &UserId, proof: &Method) -> Outcome<Option<Identity>> {
    let all = list(app, user_id).await?.into_iter();
    Ok(match &proof.identity {
        Some(id) => all.into_iter().find(|identity| identity.id == *id),
        // An old session does not say which one; it is the one that was used last.
        None => all.into_iter().max_by_key(|identity| identity.last_used_at),
    })
}

/// How many of the account's identities lead in: those of providers that are set up.
pub(in crate::actions) async fn usable(app: &App, tx: &mut Tx, user_id: &UserId) -> Outcome<usize> {
    let all = identities::of_user(tx, user_id).await?;
    Ok(all.iter().filter(|identity| super::find(app, &identity.provider).is_some()).count())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disconnected {
    /// By the provider's id.
    Done { provider: String },
    /// Nobody could sign in to the account any more.
    LastWayIn,
    /// There is no such one.
    Gone,
}

/// Disconnects an identity, unless it is the last way in. Other devices that came in by it are signed out.
pub async fn disconnect(app: &App, current: &Current, id: &IdentityId, requester: &Requester) -> Outcome<Disconnected> {
    let user = &current.user;
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, current).await?;
    let known = identities::of_user(&mut tx, &user.id).await?.into_iter().find(|known| known.id == *id);
    let Some(known) = known else { return Ok(Disconnected::Gone) };
    let until = app.now() + app.settings.flows.undo;
    let event = account::own(current, Kind::IdentityDisconnected, requester);
    super::take_away(app, &mut tx, &known, until, Some(&current.session.id), event).await?;
    if !can_sign_in(app, &mut tx, user).await? {
        return Ok(Disconnected::LastWayIn);
    }
    let provider = super::name(app, &known.provider);
    app.notify(&mut tx, user, Notice::IdentityDisconnected { provider }, requester).await?;
    tx.commit().await?;
    Ok(Disconnected::Done { provider: known.provider })
}

/// Whether any way into the account is left, as the unit of work has it.
pub(in crate::actions) async fn can_sign_in(app: &App, tx: &mut Tx, user: &User) -> Outcome<bool> {
    if passkeys::has_another_way_in(app, user) || usable(app, tx, &user.id).await? > 0 {
        return Ok(true);
    }
    let passkeys = enrolled::of(tx, user).await?.passkeys > 0;
    Ok(passkeys && app.has_passkeys() && app.settings.sign_in.ways.contains(&Way::Passkey))
}

/// How long signing out waits for a provider's metadata, if they are not known yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where somebody who came through a provider signs out there, too, and what it is called: if the settings offer that, and the provider has such
/// a page (OpenID Connect RP-Initiated Logout 1.0). To be asked while they are still signed in.
pub async fn sign_out_there(app: &App, current: &Current) -> Outcome<Option<(String, Url)>> {
    let Some(method) = current.session.methods.iter().find(|method| method.kind == MethodKind::Provider) else { return Ok(None) };
    let through = through(app, &current.user.id, method).await?;
    let settings = through.as_ref().and_then(|identity| super::find(app, &identity.provider)).filter(|settings| settings.logout);
    let Some((settings, upstream)) = settings.and_then(|settings| Some((settings, app.upstreams.get(&settings.id)?))) else {
        return Ok(None);
    };
    let back = app.link("/login");
    let found = tokio::time::timeout(PATIENCE, upstream.end_session(&back)).await.ok().flatten();
    Ok(found.map(|url| (settings.name.clone(), url)))
}
