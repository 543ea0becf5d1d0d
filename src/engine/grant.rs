//! One authorization of a client by a person: the code, what it may be exchanged for, and by whom.

use serde::{Deserialize, Serialize};

use super::authorize::ClaimsRequest;
use super::scope::Scopes;
use crate::crypto::pkce;
use crate::ids::{ClientId, GrantId, SessionId, UserId};
use crate::time::Timestamp;

/// An authorization, as stored.
#[derive(Clone, Debug)]
pub struct Grant {
    pub id: GrantId,
    pub user_id: UserId,
    pub client_id: ClientId,
    pub session_id: Option<SessionId>,
    pub scopes: Scopes,
    pub request: Requested,
    pub auth_time: Timestamp,
    pub acr: String,
    /// Space-separated values of RFC 8176.
    pub amr: String,
    /// Outlives the session (`offline_access`).
    pub offline: bool,
    pub code_expires_at: Timestamp,
    pub code_used_at: Option<Timestamp>,
    pub refresh_sequence: u32,
    pub refresh_rotated_at: Option<Timestamp>,
    /// The SHA-256 of the secret that the family's refresh tokens carry. None: no refresh token was given.
    pub refresh_hash: Option<[u8; 32]>,
    /// None: no refresh token was given.
    pub refresh_expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What the authorization request asked for that the token endpoint needs again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requested {
    /// As sent; None if the request left it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    #[serde(skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
}

/// Why a code is not exchanged. All are `invalid_grant` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    #[error("the code was issued to another client")]
    OtherClient,
    #[error("the code has expired")]
    Expired,
    #[error("redirect_uri is not the one of the authorization request")]
    RedirectUri,
    #[error("the authorization request had a code_challenge: send its code_verifier")]
    VerifierMissing,
    #[error("code_verifier does not match the code_challenge")]
    VerifierWrong,
    #[error("code_verifier was sent, but the authorization request had no code_challenge")]
    VerifierUnasked,
    #[error("the code was used before")]
    Replayed,
}

/// What came with a code.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub client_id: &'a ClientId,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a str>,
}

impl Grant {
    /// RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 2.1.1. Replay is judged after the client, so that only the
    /// client that holds the code can end its tokens.
    pub fn may_exchange(&self, with: Presented<'_>, now: Timestamp) -> Result<(), CodeRefusal> {
        if *with.client_id != self.client_id {
            return Err(CodeRefusal::OtherClient);
        }
        if self.code_used_at.is_some() {
            return Err(CodeRefusal::Replayed);
        }
        if now >= self.code_expires_at {
            return Err(CodeRefusal::Expired);
        }
        if self.request.redirect_uri.is_some() && self.request.redirect_uri.as_deref() != with.redirect_uri {
            return Err(CodeRefusal::RedirectUri);
        }
        match (&self.request.code_challenge, with.code_verifier) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(CodeRefusal::VerifierUnasked),
            (Some(_), None) => Err(CodeRefusal::VerifierMissing),
            (Some(challenge), Some(verifier)) if pkce::verify_s256(verifier, challenge) => Ok(()),
            (Some(_), Some(_)) => Err(CodeRefusal::VerifierWrong),
        }
    }
}
