//! What became of an access token: whether it is good now, not only by its signature. One statement.

use std::sync::Arc;

use super::verified::{self, AccessToken};
use crate::actions::{App, Outcome, clients};
use crate::engine::authorize::ClaimsRequest;
use crate::engine::user::User;
use crate::store::grants::{self, Life, LifeOf, PersonOf, Standing};
use crate::time::Timestamp;

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
        return Ok(is_good_of_client(app, &token).await?.then_some(Active { token, person: None }));
    }
    let found = app.store.standing(PersonOf(token.jti.clone()), now).await?;
    let Some(Standing { user, claims, .. }) = found.filter(|found| is_good(found.life)) else { return Ok(None) };
    Ok(Some(Active { token, person: Some(Box::new(Person { user, claims })) }))
}

/// The same, for whoever needs to know no more of the person than the token says.
pub(super) async fn good(app: &App, token: &str, now: Timestamp) -> Outcome<Option<Arc<AccessToken>>> {
    let Some(token) = verified::known(app, token, now).await? else { return Ok(None) };
    let good = match token.grant_id {
        None => is_good_of_client(app, &token).await?,
        Some(_) => app.store.token_life(LifeOf(token.jti.clone()), now).await?.is_some_and(is_good),
    };
    Ok(good.then_some(token))
}

const fn is_good(life: Life) -> bool {
    life.user_active && (life.offline || life.session_live) && !life.revoked
}

async fn is_good_of_client(app: &App, token: &AccessToken) -> Outcome<bool> {
    let lives = clients::find(app, &token.client_id).await?.is_some();
    Ok(lives && !grants::token_is_revoked(&mut app.store.read().await?, &token.jti).await?)
}
