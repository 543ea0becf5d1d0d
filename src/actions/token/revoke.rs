//! A client gives a token back (RFC 7009).

use super::refresh::is_of;
use super::verified;
use crate::actions::tell::event;
use crate::actions::{App, Outcome, Requester};
use crate::crypto::refresh::{self, Parsed};
use crate::engine::client::Client;
use crate::engine::event::{Actor, Event, Kind};
use crate::store::grants;

/// A refresh token ends the grant with all its tokens; an access token ends by itself. What is not the client's, or is no token, changes
/// nothing, and the answer is the same (section 2.2).
pub async fn revoke(app: &App, requester: &Requester, client: &Client, token: &str) -> Outcome<()> {
    let now = app.now();
    if let Some(Parsed { grant: id, secret, .. }) = refresh::parse(&app.keyring, token) {
        let found = app.store.grant(grants::Key::Id(id.clone()), now).await?;
        let Some(found) = found.filter(|found| found.grant.client_id == client.id && is_of(&secret, &found.grant)) else {
            return Ok(());
        };
        let mut tx = app.store.write().await?;
        if grants::end(&mut tx, &id).await? {
            let about = Event {
                user_id: Some(found.grant.user_id),
                session_id: found.grant.session_id,
                client_id: Some(found.grant.client_id),
                actor: Actor::Client,
                ..event(Kind::GrantRevoked, requester.origin())
            };
            app.record(&mut tx, about).await?;
        }
        return Ok(tx.commit().await?);
    }
    let token = verified::known(app, token, now).await?;
    let Some(token) = token.filter(|token| token.client_id == client.id) else { return Ok(()) };
    let mut tx = app.store.write().await?;
    grants::revoke_token(&mut tx, &token.jti, token.expires_at).await?;
    Ok(tx.commit().await?)
}
