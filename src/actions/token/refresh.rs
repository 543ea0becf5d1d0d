//! A refresh token for new tokens (RFC 6749 section 6, RFC 9700 section 4.14): one read, one guarded write.

use super::issue::{Issue, Signers, issue};
use super::{TokenAnswer, TokenError};
use crate::actions::{App, Requester};
use crate::crypto::refresh::{self as token, Parsed, Secret};
use crate::crypto::token::constant_time_eq;
use crate::engine::client::Client;
use crate::engine::event::Kind;
use crate::engine::grant::Grant;
use crate::engine::oauth_error::Code;
use crate::engine::refresh::{Family, Verdict, judge};
use crate::engine::scope::Scopes;
use crate::store::consents;
use crate::store::grants::{self, Loaded};
use crate::time::Timestamp;

/// `grant_type=refresh_token`
#[derive(Debug)]
pub struct RefreshRequest<'a> {
    pub refresh_token: &'a str,
    /// Fewer than granted, for this access token only.
    pub scope: Option<&'a str>,
}

const DEAD: &str = "the refresh token is unknown, expired, revoked or was used before";

fn dead(detail: &'static str) -> TokenError {
    TokenError::invalid_grant(DEAD, detail)
}

/// Whether a token with this secret is of the grant's family. A master key alone makes none.
pub(super) fn is_of(secret: &Secret, grant: &Grant) -> bool {
    grant.refresh_hash.is_some_and(|hash| constant_time_eq(&hash, &secret.hash()))
}

/// Where the grant's family stands. None: it has none.
pub(super) fn family(grant: &Grant) -> Option<Family> {
    let idle_expires_at = grant.refresh_expires_at?;
    let current = grant.refresh_sequence;
    Some(Family { current, rotated_at: grant.refresh_rotated_at, idle_expires_at, expires_at: grant.expires_at })
}

/// Why the grant's tokens are of no use, whatever their place.
pub(super) fn ended(loaded: &Loaded) -> Option<&'static str> {
    match loaded {
        _ if !loaded.user.is_active() => Some("the account is disabled"),
        _ if !(loaded.grant.offline || loaded.session_live) => Some("the session has ended"),
        _ => None,
    }
}

fn judged(app: &App, grant: &Grant, presented: u32, now: Timestamp) -> Verdict {
    family(grant).map_or(Verdict::Refuse, |family| judge(family, presented, app.settings.tokens.refresh_retry, now))
}

fn narrowed(grant: &Grant, scope: Option<&str>) -> Result<Option<Scopes>, TokenError> {
    let Some(scope) = scope else { return Ok(None) };
    let asked = Scopes::parse(scope).filter(|asked| !asked.is_empty() && asked.is_subset(&grant.scopes));
    asked.map(Some).ok_or_else(|| TokenError::new(Code::InvalidScope, "scope must be part of what was granted"))
}

pub(super) async fn refresh(
    app: &App,
    requester: &Requester,
    client: &Client,
    request: &RefreshRequest<'_>,
) -> Result<TokenAnswer, TokenError> {
    let Parsed { grant: id, sequence: presented, secret } =
        token::parse(&app.keyring, request.refresh_token).ok_or_else(|| dead("not a refresh token of ours"))?;
    let now = app.now();
    let mut loaded = app.store.grant(grants::Key::Id(id.clone()), now).await?.ok_or_else(|| dead("the grant has ended"))?;
    if !is_of(&secret, &loaded.grant) {
        return Err(dead("not a refresh token of this grant: forged with a master key, or from before they carried a secret"));
    }
    if loaded.grant.client_id != client.id {
        return Err(dead("the refresh token was issued to another client"));
    }
    if let Some(why) = ended(&loaded) {
        return Err(dead(why));
    }
    let scopes = narrowed(&loaded.grant, request.scope)?;
    let signers = Signers::of(app, client, now)?;
    let mut verdict = judged(app, &loaded.grant, presented, now);
    if let Verdict::Rotate { next } = verdict {
        let idle_expires_at = (now + app.settings.tokens.refresh_idle).min(loaded.grant.expires_at);
        let successor = grants::Next { from: presented, to: next, key: app.keyring.newest(), idle_expires_at };
        let is_news = !client.metadata.first_party && begins_an_hour(&loaded.grant, now);
        let mut tx = if is_news { app.store.write().await? } else { app.store.write_one().await? };
        if !grants::rotate(&mut tx, &id, successor, now).await?.is_done() {
            // Another request was faster. Only this transaction sees what it did, and committing waits until that is durable.
            loaded = grants::by_id(&mut tx, &id, now).await?.ok_or_else(|| dead("the grant has ended"))?;
            verdict = judged(app, &loaded.grant, presented, now);
        } else if is_news {
            consents::used(&mut tx, &loaded.grant.user_id, &client.id, now).await?;
        }
        tx.commit().await?;
    }
    let sequence = match verdict {
        Verdict::Rotate { next } => next,
        Verdict::Repeat { same } => same,
        Verdict::Refuse => return Err(dead("out of date")),
        Verdict::Theft => return Err(theft(app, requester, &loaded.grant).await?),
    };
    issue(
        app,
        Issue {
            signers: &signers,
            grant: &loaded.grant,
            user: &loaded.user,
            scopes: scopes.as_ref().unwrap_or(&loaded.grant.scopes),
            nonce: None,
            refresh_token: Some(token::issue(&app.keyring, &id, sequence, &secret)),
            expires_at: loaded.grant.expires_at,
            now,
        },
    )
}

/// Whether this is the first rotation of an hour: only that one says in the consent that the client is in use, for the grant's own row knows the rest.
fn begins_an_hour(grant: &Grant, now: Timestamp) -> bool {
    let hour = |at: Timestamp| at.millis() / 3_600_000;
    hour(grant.refresh_rotated_at.unwrap_or(grant.created_at)) != hour(now)
}

/// An old token came back, and not as the retry of a lost answer: two hold the family, so it ends.
async fn theft(app: &App, requester: &Requester, grant: &Grant) -> Result<TokenError, TokenError> {
    super::end_replayed(app, requester, grant, Kind::RefreshReplayed).await?;
    Ok(dead("an old refresh token came back: the grant is ended"))
}
