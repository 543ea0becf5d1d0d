//! What became of an access token: whether it is good now, not only by its signature. One statement.

use std::sync::Arc;

use super::refresh::ended;
use super::verified::{self, AccessToken};
use crate::actions::{App, Outcome, clients};
use crate::engine::authorize::ClaimsRequest;
use crate::engine::user::User;
use crate::store::grants;

/// An access token that is good.
#[derive(Debug)]
pub struct Active {
    pub token: Arc<AccessToken>,
    /// None: a token of the client itself.
    pub person: Option<Box<Person>>,
}

/// Whom the token speaks of, and what was asked about them by name.
#[derive(Debug)]
pub struct Person {
    pub user: User,
    pub claims: ClaimsRequest,
}

/// None for everything that is no good access token of ours: forged, expired, revoked, its person disabled, its session ended.
pub async fn standing(app: &App, token: &str) -> Outcome<Option<Active>> {
    let now = app.now();
    let Some(token) = verified::known(app, token, now).await? else { return Ok(None) };
    if token.grant_id.is_none() {
        let lives = clients::find(app, &token.client_id).await?.is_some();
        let revoked = !lives || grants::token_is_revoked(&mut app.store.read().await?, &token.jti).await?;
        return Ok((!revoked).then_some(Active { token, person: None }));
    }
    let found = app.store.standing(grants::Token(token.jti.clone()), now).await?;
    let Some(found) = found.filter(|found| !found.revoked && ended(&found.loaded).is_none()) else { return Ok(None) };
    let person = Box::new(Person { user: found.loaded.user, claims: found.loaded.grant.request.claims });
    Ok(Some(Active { token, person: Some(person) }))
}
