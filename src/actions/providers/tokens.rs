//! A provider's tokens: sealed, kept only where the settings ask for it, and renewed before they expire.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use super::super::{App, Outcome};
use crate::engine::external::{External, Tokens as Sealed};
use crate::gateways::upstream::{Tokens, UpstreamError};
use crate::ids::IdentityId;
use crate::store::Tx;
use crate::store::identities::{self, KeptTokens};

const PURPOSE: &str = "provider tokens";
/// So long before they expire.
const EARLY: Duration = Duration::from_secs(5 * 60);
/// After a provider that did not answer.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// For a journey or a row. None if they cannot be written down, which no provider's tokens are too strange for.
pub(super) fn seal(app: &App, tokens: &Tokens) -> Option<Sealed> {
    let json = serde_json::to_vec(tokens).ok()?;
    let renewable = tokens.refresh_token.is_some();
    let expires_at = tokens.expires_in.filter(|_| renewable).map(|life| app.now() + life.saturating_sub(EARLY));
    let sealed = app.keyring.seal(&app.random, PURPOSE, &json);
    Some(Sealed { sealed: BASE64URL_NOPAD.encode(&sealed), renew_at: expires_at })
}

pub(super) fn kept(external: &External) -> Option<KeptTokens> {
    external.tokens.as_ref().and_then(for_row)
}

/// For a row that has some: where the provider gives a refresh token at the first consent only, as Google does, the one that is there stays.
pub(super) async fn kept_beside(app: &App, tx: &mut Tx, id: &IdentityId, external: &External) -> Outcome<Option<KeptTokens>> {
    let Some(fresh) = kept(external) else { return Ok(None) };
    let Some(tokens) = open(app, &fresh.sealed).filter(|tokens| tokens.refresh_token.is_none()) else { return Ok(Some(fresh)) };
    let before = identities::tokens(tx, id).await?.and_then(|sealed| open(app, &sealed));
    let Some(refresh_token) = before.and_then(|before| before.refresh_token) else { return Ok(Some(fresh)) };
    let together = seal(app, &Tokens { refresh_token: Some(refresh_token), ..tokens });
    Ok(together.as_ref().and_then(for_row))
}

fn for_row(tokens: &Sealed) -> Option<KeptTokens> {
    let sealed = BASE64URL_NOPAD.decode(tokens.sealed.as_bytes()).ok()?;
    Some(KeptTokens { sealed, renew_at: tokens.renew_at })
}

fn open(app: &App, sealed: &[u8]) -> Option<Tokens> {
    let json = app.keyring.open(PURPOSE, sealed).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Renews the tokens of one identity that are about to expire. False: none are.
pub async fn renew_one(app: &App) -> Outcome<bool> {
    let due = identities::due(&mut app.store.read().await?, app.now()).await?;
    let Some((id, provider, sealed)) = due else { return Ok(false) };
    // Another node may be at it: a refresh token works once.
    let mut tx = app.store.write().await?;
    if !identities::claim(&mut tx, &id, app.now(), app.now() + AGAIN).await? {
        return Ok(true);
    }
    tx.commit().await?;
    let (upstream, tokens) = (app.upstreams.get(&provider), open(app, &sealed));
    let keep = super::find(app, &provider).is_some_and(|settings| settings.keep_tokens);
    let renewed = match (upstream, tokens.as_ref().and_then(|tokens| tokens.refresh_token.as_ref())) {
        (Some(upstream), Some(refresh_token)) if keep => upstream.refresh(refresh_token.expose()).await,
        // The provider is gone, or its tokens are no more wanted.
        _ => Err(UpstreamError::Garbage("there is nothing to renew".to_owned())),
    };
    let mut tx = app.store.write().await?;
    match renewed {
        Ok(fresh) => {
            let refresh_token = fresh.refresh_token.clone().or_else(|| tokens.and_then(|tokens| tokens.refresh_token));
            let fresh = seal(app, &Tokens { refresh_token, ..fresh });
            identities::renewed(&mut tx, &id, &sealed, fresh.as_ref().and_then(for_row).as_ref()).await?;
        }
        // Due again, later.
        Err(UpstreamError::Unreachable(_) | UpstreamError::Slow) => {}
        // Revoked there, or used up: nothing they are good for.
        Err(error) => {
            tracing::info!(provider, kind = error.as_str(), "a provider's tokens could not be renewed, and are dropped");
            identities::renewed(&mut tx, &id, &sealed, None).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}
