//! The token endpoint's use cases: who asks ([`authenticate`]), what for ([`grant`]), and what became of a token ([`standing`]).

mod client_credentials;
mod code;
mod failures;
mod introspect;
mod issue;
mod refresh;
mod revoke;
mod standing;
pub mod verified;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

pub use code::CodeRequest;
pub use failures::Blocked;
pub use introspect::{Introspection, introspect};
pub use refresh::RefreshRequest;
pub use revoke::revoke;
pub use standing::{Active, Person, standing};

use super::tell::event;
use super::{App, Fault, Outcome, Requester, clients};
use crate::crypto::token::hash;
use crate::engine::client::Client;
use crate::engine::event::{Actor, Event, Kind};
use crate::engine::grant::Grant;
use crate::engine::oauth_error::{Code, OAuthError};
use crate::ids::ClientId;
use crate::settings::client_metadata::{AuthMethod, GrantType};
use crate::store::{StoreError, grants};

/// A successful answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).
#[derive(Debug, Serialize)]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// Also where it is empty, for every scope was declined: it differs from what was asked for, and no scope at all would mean "as asked" (sections
    /// 3.3 and 5.1).
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// `error` is for the client, `detail` for the log.
    #[error("{error} ({detail})")]
    Refused { error: OAuthError, detail: Cow<'static, str> },
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl From<OAuthError> for TokenError {
    fn from(error: OAuthError) -> Self {
        Self::Refused { error, detail: Cow::Borrowed("") }
    }
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl TokenError {
    fn new(code: Code, description: &'static str) -> Self {
        OAuthError::new(code, description).into()
    }

    fn invalid_grant(description: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { error: OAuthError::new(Code::InvalidGrant, description), detail: detail.into() }
    }

    fn invalid_client(detail: &'static str) -> Self {
        let error = OAuthError::new(Code::InvalidClient, "the client is unknown, or did not prove itself as it is registered to");
        Self::Refused { error, detail: Cow::Borrowed(detail) }
    }
}

/// Who the client says it is, and its proof (RFC 6749 section 2.3).
#[derive(Debug)]
pub struct Credentials<'a> {
    pub client_id: Cow<'a, str>,
    pub proof: Proof<'a>,
}

#[derive(Debug)]
pub enum Proof<'a> {
    /// `client_secret_basic`: the secret as RFC 6749 section 2.3.1 has it, form-encoded, and as it stands there, for the many clients that do not encode.
    Basic(Cow<'a, str>, Cow<'a, str>),
    /// `client_secret_post`
    Post(&'a str),
    /// `none`
    None,
}

impl Proof<'_> {
    const fn method(&self) -> AuthMethod {
        match self {
            Self::Basic(..) => AuthMethod::ClientSecretBasic,
            Self::Post(_) => AuthMethod::ClientSecretPost,
            Self::None => AuthMethod::None,
        }
    }

    /// The texts that may be the secret; none: nothing was sent.
    fn secrets(&self) -> Option<[&str; 2]> {
        match self {
            Self::Basic(decoded, plain) => Some([decoded, plain]),
            Self::Post(secret) => Some([secret, secret]),
            Self::None => None,
        }
    }
}

/// The client, if it proves itself by a method that its registration allows. A failure counts against the requester.
pub async fn authenticate(app: &App, requester: &Requester, credentials: &Credentials<'_>) -> Result<Arc<Client>, TokenError> {
    failures::check(app, requester)?;
    let judged = judge(app, credentials).await;
    failures::counted(app, requester, judged).await
}

async fn judge(app: &App, credentials: &Credentials<'_>) -> Result<Arc<Client>, TokenError> {
    let unknown = || TokenError::invalid_client("there is no such client");
    let id: ClientId = credentials.client_id.parse().map_err(|_| unknown())?;
    let client = clients::find(app, &id).await?.ok_or_else(unknown)?;
    match (credentials.proof.secrets(), client.is_confidential()) {
        (Some(secrets), true) if !secrets.iter().any(|secret| client.has_secret(&hash(secret))) => {
            Err(TokenError::invalid_client("wrong secret"))
        }
        (None, true) => Err(TokenError::invalid_client("no secret")),
        (Some(_), false) => Err(TokenError::invalid_client("a public client sent a secret")),
        _ if !client.metadata.accepts(credentials.proof.method()) => Err(other_method(&client, credentials.proof.method())),
        _ => Ok(client),
    }
}

/// Only who has sent the right secret hears it, and so what to change.
fn other_method(client: &Client, sent: AuthMethod) -> TokenError {
    let (registered, sent) = (client.metadata.auth_method.as_str(), sent.as_str());
    let description = format!("the client is registered with {registered} and used {sent}: change one of them");
    let error = OAuthError::new(Code::InvalidClient, description);
    TokenError::Refused { error, detail: Cow::Borrowed("another method than registered") }
}

/// What a client asks a token for. Anything else is `unsupported_grant_type`.
#[derive(Debug)]
pub enum Request<'a> {
    AuthorizationCode(CodeRequest<'a>),
    RefreshToken(RefreshRequest<'a>),
    ClientCredentials { scope: Option<&'a str> },
}

impl Request<'_> {
    const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
            Self::RefreshToken(_) => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }
}

/// Tokens for an authenticated client. A code or token that is not good counts against the requester, unless it is a
/// client that proved itself.
pub async fn grant(app: &App, requester: &Requester, client: &Client, request: &Request<'_>) -> Result<TokenAnswer, TokenError> {
    let grant_type = request.grant_type();
    if !client.metadata.grant_types.contains(&grant_type) {
        return Err(TokenError::new(Code::UnauthorizedClient, "the client is not registered for this grant_type"));
    }
    let answer = match request {
        Request::AuthorizationCode(request) => code::exchange(app, requester, client, request).await,
        Request::RefreshToken(request) => refresh::refresh(app, requester, client, request).await,
        Request::ClientCredentials { scope } => client_credentials::issue(app, client, *scope),
    };
    let answer = if client.is_confidential() { answer } else { failures::counted(app, requester, answer).await };
    let answer = answer?;
    app.metrics.token_issued(grant_type.as_str());
    Ok(answer)
}

/// A code or refresh token came back that only a thief or its robbed owner can hold: every token of the authorization ends.
async fn end_replayed(app: &App, requester: &Requester, grant: &Grant, kind: Kind) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    if grants::end(&mut tx, &grant.id).await?.is_done() {
        let about = Event {
            user_id: Some(grant.user_id.clone()),
            session_id: grant.session_id.clone(),
            client_id: Some(grant.client_id.clone()),
            actor: Actor::Client,
            ..event(kind, requester.origin())
        };
        app.record(&mut tx, about).await?;
    }
    Ok(tx.commit().await?)
}
