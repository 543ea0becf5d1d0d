//! A provider's tokens: sealed, kept only where the settings ask for it, and renewed before they expire.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use super::super::{App, Outcome};
use crate::engine::external::{External, Tokens as Sealed};
use crate::gateways::upstream::{Tokens, UpstreamError};
use crate::ids::IdentityId;
use crate::store::Tx;
use crate::store::identities::{self, KeptTokens};

pub(in crate::actions) const PURPOSE: &str = "provider tokens";
/// Never sooner than this, however short they live.
const SOONEST: Duration = Duration::from_secs(60);
/// After a provider that did not answer.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// For a journey or a row. None if they cannot be written down, which no provider's tokens are too strange for.
pub(super) fn seal(app: &App, tokens: &Tokens) -> Option<Sealed> {
    let json = serde_json::to_vec(tokens).ok()?;
    let renewable = tokens.refresh_token.is_some();
    let renew_at = tokens.expires_in.filter(|_| renewable).map(|life| app.now() + (life / 2).max(SOONEST));
    let sealed = app.keyring.seal(&app.random, PURPOSE, &json);
    Some(Sealed { sealed: BASE64URL_NOPAD.encode(&sealed), renew_at })
}

pub(super) fn kept(external: &External) -> Option<KeptTokens> {
    external.tokens.as_ref().and_then(for_row)
}

/// What is kept of a provider's newest tokens beside those from before: many give a refresh token only once.
pub(super) async fn kept_over(app: &App, tx: &mut Tx, id: &IdentityId, external: &External) -> Outcome<Option<KeptTokens>> {
    let Some(new) = kept(external) else { return Ok(None) };
    let (Some(fresh), Some(old)) = (open(app, &new.sealed), identities::tokens(tx, id).await?) else { return Ok(Some(new)) };
    let refresh_token = fresh.refresh_token.clone().or_else(|| open(app, &old).and_then(|old| old.refresh_token));
    Ok(seal(app, &Tokens { refresh_token, ..fresh }).as_ref().and_then(for_row))
}

fn for_row(tokens: &Sealed) -> Option<KeptTokens> {
    let sealed = BASE64URL_NOPAD.decode(tokens.sealed.as_bytes()).ok()?;
    Some(KeptTokens { sealed, renew_at: tokens.renew_at })
}

fn open(app: &App, sealed: &[u8]) -> Option<Tokens> {
    let json = app.keyring.open(PURPOSE, sealed).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Puts new tokens in the place of those that were read, also if these were sealed again under a newer key meanwhile: the provider has used them up.
async fn replace(app: &App, tx: &mut Tx, id: &IdentityId, read: &[u8], new: Option<&KeptTokens>) -> Outcome<()> {
    if identities::renewed(tx, id, read, new).await? {
        return Ok(());
    }
    let opened = |sealed: &[u8]| app.keyring.open(PURPOSE, sealed).ok();
    if let (Some(now), Some(then)) = (identities::tokens(tx, id).await?, opened(read))
        && opened(&now).is_some_and(|now| *now == *then)
    {
        identities::renewed(tx, id, &now, new).await?;
    }
    Ok(())
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
        _ => Err(UpstreamError::Refused { error: "unwanted".to_owned(), description: String::new() }),
    };
    let mut tx = app.store.write().await?;
    match renewed {
        Ok(fresh) => {
            let refresh_token = fresh.refresh_token.clone().or_else(|| tokens.and_then(|tokens| tokens.refresh_token));
            let fresh = seal(app, &Tokens { refresh_token, ..fresh });
            replace(app, &mut tx, &id, &sealed, fresh.as_ref().and_then(for_row).as_ref()).await?;
        }
        // Revoked there, used up, or no more wanted: nothing they are good for.
        Err(error @ UpstreamError::Refused { .. }) => {
            tracing::info!(provider, kind = error.as_str(), "a provider's tokens could not be renewed, and are dropped");
            replace(app, &mut tx, &id, &sealed, None).await?;
        }
        // Due again, later.
        Err(error) => tracing::info!(provider, kind = error.as_str(), "a provider's tokens could not be renewed for now"),
    }
    tx.commit().await?;
    Ok(true)
}
