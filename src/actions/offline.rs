//! What applications hold beyond a session (`offline_access`): shown, told, and ended.
//!
//! A third-party application has a consent for it, which is shown and stays until it is taken back. The operator's own applications ask for none, so
//! their grants are looked for themselves, and signing out everywhere means these, too.

use std::collections::BTreeMap;

use super::notices::Notice;
use super::{App, Outcome, Requester, clients, tell};
use crate::engine::client::Client;
use crate::engine::event::{Event, Kind};
use crate::engine::grant::Grant;
use crate::engine::user::User;
use crate::ids::{ClientId, UserId};
use crate::store::consents::Consent;
use crate::store::sessions::Which;
use crate::store::{Tx, grants};
use crate::time::Timestamp;

/// Adds to a person's consents the applications that hold something without one, in the form of a consent; the most recently used first.
pub(super) async fn with_unasked(tx: &mut Tx, user_id: &UserId, consents: Vec<Consent>, now: Timestamp) -> Outcome<Vec<Consent>> {
    let mut found: BTreeMap<ClientId, Consent> =
        consents.into_iter().map(|consent| (consent.client_id.clone(), consent)).collect();
    for held in grants::offline_of(tx, user_id, now).await? {
        let known = found.entry(held.client_id.clone()).or_insert_with(|| Consent {
            client_id: held.client_id,
            scopes: held.scopes.clone(),
            declined: crate::engine::scope::Scopes::default(),
            granted_at: held.granted_at,
            last_used_at: held.granted_at,
        });
        known.scopes = known.scopes.or(&held.scopes);
        known.granted_at = known.granted_at.min(held.granted_at);
    }
    for (client_id, at) in grants::last_uses(tx, user_id).await? {
        if let Some(consent) = found.get_mut(&client_id) {
            consent.last_used_at = consent.last_used_at.max(at);
        }
    }
    let mut all: Vec<Consent> = found.into_values().collect();
    all.sort_by_key(|consent| std::cmp::Reverse(consent.last_used_at));
    Ok(all)
}

/// The operator's own application is about to get something that outlives the session: whoever did not do that hears of it, as of any other
/// application that is let in. Once, as long as it has any.
pub(super) async fn tell_of_first(
    app: &App,
    tx: &mut Tx,
    user: &User,
    client: &Client,
    grant: &Grant,
    requester: &Requester,
) -> Outcome<()> {
    if !grant.offline || !client.metadata.first_party || grants::has_offline(tx, &user.id, &client.id).await? {
        return Ok(());
    }
    let event = tell::event(Kind::ConsentGranted, requester.origin());
    let (user_id, client_id, session_id) = (Some(user.id.clone()), Some(client.id.clone()), grant.session_id.clone());
    app.record(tx, Event { user_id, client_id, session_id, detail: Some("offline_access"), ..event }).await?;
    app.notify(tx, user, Notice::AppConnected { app: client.name().into_owned() }, requester).await
}

/// The applications whose grants stay when somebody signs out everywhere: they have asked, and were let in until that is taken back.
pub(super) async fn staying(app: &App, user_id: &UserId) -> Outcome<Vec<ClientId>> {
    let all = grants::offline_clients(&mut app.store.read().await?, user_id).await?;
    let mut staying = Vec::new();
    for id in all {
        if clients::find(app, &id).await?.is_some_and(|client| !client.metadata.first_party) {
            staying.push(id);
        }
    }
    Ok(staying)
}

/// Ends what the other applications hold beyond the sessions that have just ended in this transaction. `about`: who did it.
pub(super) async fn end(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    which: Which<'_>,
    staying: &[ClientId],
    about: &Event,
) -> Outcome<()> {
    let spared = match which {
        Which::All => None,
        Which::AllBut(id) => Some(id),
        // One device is signed out; what an application does without any goes on.
        Which::One(_) => return Ok(()),
    };
    for client_id in grants::offline_clients(tx, user_id).await? {
        if !staying.contains(&client_id) && grants::end_offline(tx, user_id, &client_id, spared).await? > 0 {
            app.record(tx, Event { kind: Kind::GrantRevoked, client_id: Some(client_id), session_id: None, ..about.clone() })
                .await?;
        }
    }
    Ok(())
}
