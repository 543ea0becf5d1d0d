//! Whether an ID token may be believed: the checks of OIDC Core 3.1.3.7.

use std::{ops::Add, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, Nonce, OAuth2TokenResponse,
    SignatureVerificationError, TokenResponse,
    core::{CoreIdToken, CoreJsonWebKey, CoreJwsSigningAlgorithm, CoreTokenResponse},
};
use serde_json::Value;

use super::{discovery::Metadata, error::UpstreamError};
use crate::time::Timestamp;

/// How far a provider's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// Signatures that only the provider can make. Not HMAC: whoever knows our secret could make those.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why a token is not believed.
#[derive(Debug)]
pub(super) enum Doubt {
    /// No key fits: the provider may have new ones.
    Key(UpstreamError),
    Token(UpstreamError),
}

impl From<Doubt> for UpstreamError {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Key(error) | Doubt::Token(error) => error,
        }
    }
}

/// All claims of the ID token, also those that the crate has no names for.
pub(super) fn claims(
    tokens: &CoreTokenResponse,
    metadata: &Metadata,
    client_id: &str,
    nonce: &str,
    now: Timestamp,
) -> Result<Value, Doubt> {
    let id_token = tokens.id_token().ok_or_else(|| refuse("there is none"))?;
    let verifier = verifier(metadata, client_id, now);
    let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(doubt)?;
    // The crate leaves it to us. Other audiences than ours it has refused.
    if claims.authorized_party().is_some_and(|party| party.as_str() != client_id) {
        return Err(refuse("azp is another client"));
    }
    if let Some(expected) = claims.access_token_hash() {
        let unknown = || refuse("at_hash cannot be checked");
        let algorithm = id_token.signing_alg().map_err(|_| unknown())?;
        let key = id_token.signing_key(&verifier).map_err(|_| unknown())?;
        let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(|_| unknown())?;
        if found != *expected {
            return Err(refuse("at_hash is of another access token"));
        }
    }
    payload(id_token).ok_or_else(|| refuse("its claims cannot be read"))
}

fn verifier(metadata: &Metadata, client_id: &str, now: Timestamp) -> IdTokenVerifier<'static, CoreJsonWebKey> {
    let offered = metadata.id_token_signing_alg_values_supported();
    let allowed = ALGORITHMS.into_iter().filter(|algorithm| offered.contains(algorithm));
    let issuer: IssuerUrl = metadata.issuer().clone();
    IdTokenVerifier::new_public_client(ClientId::new(client_id.to_owned()), issuer, metadata.jwks().clone())
        .set_allowed_algs(allowed)
        .set_time_fn(move || date(now - LEEWAY))
        .set_issue_time_verifier_fn(move |issued| {
            let latest = (now + LEEWAY).seconds();
            if issued.timestamp() > latest {
                return Err(format!("iat is {} seconds in the future", issued.timestamp() - now.seconds()));
            }
            Ok(())
        })
}

/// A time in the crate's type, which we need not name.
fn date<T: Default + Add<Duration, Output = T>>(time: Timestamp) -> T {
    T::default() + time.since(Timestamp::from_millis(0))
}

fn refuse(what: &str) -> Doubt {
    Doubt::Token(UpstreamError::id_token(what))
}

fn doubt(error: ClaimsVerificationError) -> Doubt {
    use SignatureVerificationError::{CryptoError, NoMatchingKey};
    match error {
        ClaimsVerificationError::Expired(message) => Doubt::Token(UpstreamError::Clock(message)),
        ClaimsVerificationError::InvalidIssuer(message) => refuse(&format!("wrong issuer: {message}")),
        // A new key may have no name, or the old one's.
        ClaimsVerificationError::SignatureVerification(error @ (NoMatchingKey | CryptoError(_))) => {
            Doubt::Key(UpstreamError::id_token(&error.to_string()))
        }
        ClaimsVerificationError::SignatureVerification(error) => refuse(&error.to_string()),
        error => refuse(&error.to_string()),
    }
}

/// The claims of a token that was validated.
fn payload(token: &CoreIdToken) -> Option<Value> {
    let text = token.to_string();
    let payload = text.split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()
}
