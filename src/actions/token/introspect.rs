//! What a client may learn about a token of its own (RFC 7662).

use serde::Serialize;

use super::refresh::{ended, family, is_of};
use super::standing;
use crate::actions::{App, Outcome};
use crate::crypto::refresh::{self, Parsed};
use crate::engine::client::Client;
use crate::engine::refresh::{Verdict, judge};
use crate::store::grants::{self, Loaded};

/// RFC 7662 section 2.2.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// A token of another client is as inactive as one that never was, so that nobody can fish.
pub async fn introspect(app: &App, client: &Client, token: &str) -> Outcome<Introspection> {
    if let Some(Parsed { grant: id, sequence: presented, secret }) = refresh::parse(&app.keyring, token) {
        let now = app.now();
        let found = app.store.grant(grants::Key::Id(id), now).await?;
        let own = |found: &Loaded| found.grant.client_id == client.id && is_of(&secret, &found.grant);
        let found = found.filter(|found| own(found) && ended(found).is_none());
        let Some((found, family)) = found.and_then(|found| family(&found.grant).map(|family| (found, family))) else {
            return Ok(Introspection::default());
        };
        if matches!(judge(family, presented, app.settings.tokens.refresh_retry, now), Verdict::Refuse | Verdict::Theft) {
            return Ok(Introspection::default());
        }
        return Ok(Introspection {
            active: true,
            scope: Some(found.grant.scopes.to_string()),
            client_id: Some(client.id.to_string()),
            exp: Some(family.idle_expires_at.min(family.expires_at).seconds()),
            sub: Some(found.user.id.to_string()),
            iss: Some(app.settings.issuer().to_owned()),
            ..Introspection::default()
        });
    }
    let token = standing::good(app, token, app.now()).await?.filter(|token| token.client_id == client.id);
    let Some(token) = token else { return Ok(Introspection::default()) };
    let issuer = app.settings.issuer();
    Ok(Introspection {
        active: true,
        scope: (!token.scopes.is_empty()).then(|| token.scopes.to_string()),
        client_id: Some(client.id.to_string()),
        token_type: Some("Bearer"),
        exp: Some(token.expires_at.seconds()),
        iat: Some(token.issued_at.seconds()),
        sub: Some(token.sub.clone()),
        aud: Some(issuer.to_owned()),
        iss: Some(issuer.to_owned()),
        jti: Some(token.jti.clone()),
    })
}
