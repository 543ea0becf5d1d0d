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
    #[error("a public client proves itself by code_challenge and code_verifier alone, and the authorization request had none")]
    NoProof,
    #[error("the code was used before")]
    Replayed,
}

/// What came with a code.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub client_id: &'a ClientId,
    /// The client has proved by a secret who it is.
    pub authenticated: bool,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a str>,
}

impl Grant {
    /// RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 2.1.1. Whether the code was used comes after every proof: a replay ends
    /// the tokens of the first use (RFC 6749 section 4.1.2), so it counts as one only if it comes from the client that the code was issued to. Who
    /// found the code in a log, and who knows a public client's id, as everybody does, ends nothing.
    pub fn may_exchange(&self, with: Presented<'_>, now: Timestamp) -> Result<(), CodeRefusal> {
        if *with.client_id != self.client_id {
            return Err(CodeRefusal::OtherClient);
        }
        if self.request.redirect_uri.is_some() && self.request.redirect_uri.as_deref() != with.redirect_uri {
            return Err(CodeRefusal::RedirectUri);
        }
        match (&self.request.code_challenge, with.code_verifier) {
            (None, None) if with.authenticated => {}
            // No public client may ask without a challenge; one that was confidential when it asked may be none any more.
            (None, None) => return Err(CodeRefusal::NoProof),
            (None, Some(_)) => return Err(CodeRefusal::VerifierUnasked),
            (Some(_), None) => return Err(CodeRefusal::VerifierMissing),
            (Some(challenge), Some(verifier)) if pkce::verify_s256(verifier, challenge) => {}
            (Some(_), Some(_)) => return Err(CodeRefusal::VerifierWrong),
        }
        match () {
            () if self.code_used_at.is_some() => Err(CodeRefusal::Replayed),
            () if now >= self.code_expires_at => Err(CodeRefusal::Expired),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::crypto::random::Random;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
    const URI: Option<&str> = Some("https://shop.example/callback");
    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn grant(client: &ClientId, challenge: bool) -> Grant {
        let random = Random::seeded(1);
        let request = Requested {
            redirect_uri: URI.map(str::to_owned),
            code_challenge: challenge.then(|| CHALLENGE.to_owned()),
            ..Requested::default()
        };
        Grant {
            id: GrantId::new(NOW, &random),
            user_id: UserId::new(NOW, &random),
            client_id: client.clone(),
            session_id: None,
            scopes: Scopes::default(),
            request,
            auth_time: NOW,
            acr: String::new(),
            amr: String::new(),
            offline: false,
            code_expires_at: NOW + Duration::from_secs(60),
            code_used_at: None,
            refresh_sequence: 0,
            refresh_rotated_at: None,
            refresh_expires_at: None,
            refresh_hash: None,
            created_at: NOW,
            expires_at: NOW + Duration::from_secs(60),
        }
    }

    /// A wrong proof is refused in the same words whether or not the code was used, and a used code is a replay only after a right one.
    #[test]
    fn a_replay_is_one_only_with_every_proof_of_the_client() {
        let (shop, other): (ClientId, ClientId) = ("shop".parse().unwrap(), "other".parse().unwrap());
        let right = Presented { client_id: &shop, authenticated: true, redirect_uri: URI, code_verifier: Some(VERIFIER) };
        let public = Presented { authenticated: false, ..right };
        for (with, challenge, refusal) in [
            (right, true, None),
            (public, true, None),
            (Presented { code_verifier: None, ..right }, false, None),
            (Presented { client_id: &other, ..right }, true, Some(CodeRefusal::OtherClient)),
            (Presented { redirect_uri: None, ..right }, true, Some(CodeRefusal::RedirectUri)),
            (Presented { redirect_uri: Some("https://shop.example/second"), ..public }, true, Some(CodeRefusal::RedirectUri)),
            (Presented { code_verifier: None, ..public }, true, Some(CodeRefusal::VerifierMissing)),
            (Presented { code_verifier: None, ..right }, true, Some(CodeRefusal::VerifierMissing)),
            (Presented { code_verifier: Some(CHALLENGE), ..public }, true, Some(CodeRefusal::VerifierWrong)),
            (Presented { code_verifier: Some(CHALLENGE), ..right }, true, Some(CodeRefusal::VerifierWrong)),
            (right, false, Some(CodeRefusal::VerifierUnasked)),
            (Presented { code_verifier: None, ..public }, false, Some(CodeRefusal::NoProof)),
        ] {
            let fresh = grant(&shop, challenge);
            let used = Grant { code_used_at: Some(NOW), ..fresh.clone() };
            let late = NOW + Duration::from_secs(60);
            assert_eq!(fresh.may_exchange(with, NOW).err(), refusal, "{with:?}");
            assert_eq!(used.may_exchange(with, NOW).err(), refusal.or(Some(CodeRefusal::Replayed)), "{with:?}");
            assert_eq!(used.may_exchange(with, late).err(), refusal.or(Some(CodeRefusal::Replayed)), "{with:?}");
            assert_eq!(fresh.may_exchange(with, late).err(), refusal.or(Some(CodeRefusal::Expired)), "{with:?}");
        }
    }
}
