//! What stands in the tokens.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::verified::CLIENT_JTI;
use super::{TokenAnswer, TokenError};
use crate::actions::{App, Fault, Outcome, keys};
use crate::crypto::jose::{Alg, SigningKey, half_hash};
use crate::engine::claims;
use crate::engine::client::Client;
use crate::engine::grant::Grant;
use crate::engine::scope::Scopes;
use crate::engine::user::User;
use crate::settings::client_metadata::IdTokenClaims;
use crate::time::Timestamp;

/// An access token's claims (RFC 9068 section 2.2). The audience is this server: the token opens its userinfo endpoint, and other
/// resource servers ask by introspection or agree on the scope.
#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    exp: i64,
    iat: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(flatten)]
    authentication: Option<Authentication<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
}

/// When and how the person signed in.
#[derive(Serialize)]
struct Authentication<'a> {
    auth_time: i64,
    acr: &'a str,
    #[serde(serialize_with = "words")]
    amr: &'a str,
}

fn words<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(text.split(' ').filter(|word| !word.is_empty()))
}

/// An ID token's claims (OpenID Connect Core section 2).
#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    #[serde(flatten)]
    authentication: Authentication<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(flatten)]
    person: Map<String, Value>,
}

fn signing_key(app: &App, alg: Alg, now: Timestamp) -> Outcome<Arc<SigningKey>> {
    keys::signing(&app.keys, alg, now).ok_or_else(|| Fault::Broken(format!("no {alg} key signs now")))
}

/// What signs a client's tokens, found before anything is spent.
pub(super) struct Signers {
    access: Arc<SigningKey>,
    id: Arc<SigningKey>,
    /// What the client's ID tokens say about the person.
    id_claims: IdTokenClaims,
}

impl Signers {
    pub(super) fn of(app: &App, client: &Client, now: Timestamp) -> Outcome<Self> {
        let access = signing_key(app, keys::alg(app.settings.tokens.access_alg), now)?;
        let id = signing_key(app, keys::alg(client.metadata.id_token_alg), now)?;
        Ok(Self { access, id, id_claims: client.metadata.id_token_claims })
    }
}

fn signed(key: &SigningKey, typ: &str, claims: &impl Serialize) -> Outcome<String> {
    key.sign(typ, claims).map_err(|error| Fault::Broken(format!("a token cannot be signed: {error}")))
}

/// `<before>.<16 random bytes>`
fn jti(app: &App, before: &str) -> String {
    let mut jti = String::with_capacity(before.len() + 23);
    jti.push_str(before);
    BASE64URL_NOPAD.encode_append(&app.random.bytes::<16>(), &mut jti);
    jti
}

/// A token of the client itself.
pub(super) fn client_token(app: &App, client: &Client, scope: &str) -> Result<TokenAnswer, TokenError> {
    let now = app.now();
    let (iat, lifetime) = (now.seconds(), seconds(app.settings.tokens.access));
    let issuer = app.settings.issuer();
    let claims = AccessClaims {
        iss: issuer,
        sub: client.id.as_str(),
        aud: issuer,
        client_id: client.id.as_str(),
        exp: iat + lifetime,
        iat,
        jti: &jti(app, CLIENT_JTI),
        scope,
        authentication: None,
        sid: None,
    };
    let key = signing_key(app, keys::alg(app.settings.tokens.access_alg), now)?;
    let access_token = signed(&key, "at+jwt", &claims)?;
    Ok(TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in: lifetime,
        scope: scope.to_owned(),
        refresh_token: None,
        id_token: None,
    })
}

fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// What one answer to a client with a grant is made from.
pub(super) struct Issue<'a> {
    pub(super) signers: &'a Signers,
    pub(super) grant: &'a Grant,
    pub(super) user: &'a User,
    /// All of the grant's, or fewer.
    pub(super) scopes: &'a Scopes,
    /// The first answer repeats the request's nonce; a refreshed ID token need not (OpenID Connect Core section 12.2).
    pub(super) nonce: Option<&'a str>,
    pub(super) refresh_token: Option<String>,
    /// The end of the grant: no token outlives it.
    pub(super) expires_at: Timestamp,
    pub(super) now: Timestamp,
}

pub(super) fn issue(app: &App, issue: Issue<'_>) -> Result<TokenAnswer, TokenError> {
    let Issue { signers, grant, user, scopes, nonce, refresh_token, expires_at, now } = issue;
    let (issuer, iat) = (app.settings.issuer(), now.seconds());
    let left = (expires_at.seconds() - iat).max(1);
    let lifetime = seconds(app.settings.tokens.access).min(left);
    let scope = scopes.to_string();
    let sid = grant.session_id.as_ref().map(AsRef::as_ref);
    let authentication = || Authentication { auth_time: grant.auth_time.seconds(), acr: &grant.acr, amr: &grant.amr };
    let mut before = String::with_capacity(64);
    before.push_str(grant.id.as_str());
    before.push('.');
    let access = AccessClaims {
        iss: issuer,
        sub: user.id.as_str(),
        aud: issuer,
        client_id: grant.client_id.as_str(),
        exp: iat + lifetime,
        iat,
        jti: &jti(app, &before),
        scope: &scope,
        authentication: Some(authentication()),
        sid,
    };
    let access_token = signed(&signers.access, "at+jwt", &access)?;
    let id_token = if scopes.contains("openid") {
        let claims = IdClaims {
            iss: issuer,
            sub: user.id.as_str(),
            aud: grant.client_id.as_str(),
            exp: iat + seconds(app.settings.tokens.id),
            iat,
            authentication: authentication(),
            nonce,
            at_hash: &half_hash(signers.id.alg(), &access_token),
            sid,
            person: match signers.id_claims {
                IdTokenClaims::Requested => claims::id_token(user, &grant.request.claims),
                IdTokenClaims::Scopes => claims::id_token_of_scopes(user, scopes, &grant.request.claims),
            },
        };
        Some(signed(&signers.id, "JWT", &claims)?)
    } else {
        None
    };
    Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in: lifetime, scope, refresh_token, id_token })
}
