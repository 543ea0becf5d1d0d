//! What the operator does about connected identities.

use super::super::users::{Refused, find};
use super::super::{App, Fault};
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::external::Identity;
use crate::ids::IdentityId;
use crate::store::{factors, identities};

/// What this account is connected with.
pub async fn list(app: &App, name: &str) -> Result<Vec<Identity>, Refused> {
    let user = find(app, name).await?;
    Ok(identities::of_user(&mut app.store.read().await?, &user.id).await?)
}

/// Disconnects one, even if it is the last way in, and for good, with the sessions that came in by it. Gives what was disconnected.
pub async fn remove(app: &App, name: &str, id: &IdentityId) -> Result<Identity, Refused> {
    let user = find(app, name).await?;
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, &user.id).await?.or_overtaken()?;
    let all = identities::of_user(&mut tx, &user.id).await?;
    let Some(identity) = all.into_iter().find(|identity| identity.id == *id) else {
        return Err(Refused::Invalid {
            field: "identity".to_owned(),
            why: format!("{id} is none of this account's connected identities"),
        });
    };
    let event = Event {
        kind: Kind::IdentityDisconnected,
        user_id: Some(user.id),
        session_id: None,
        client_id: None,
        actor: Actor::Operator,
        origin: Origin::default(),
        detail: None,
    };
    super::take_away(app, &mut tx, &identity, app.now(), None, event).await?;
    tx.commit().await.map_err(Fault::from)?;
    Ok(identity)
}
