//! Whether an ID token may be believed: the checks of OIDC Core 3.1.3.7.

use std::{ops::Add, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, JsonWebKey as _, Nonce,
    SignatureVerificationError,
    core::{CoreIdToken, CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde_json::Value;

use super::{
    discovery::{Known, Metadata},
    error::UpstreamError,
    lenient, tenants,
};
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

/// All claims of the ID token, also those that the crate has no names for. The crate would stop at any claim of another type than the standard
/// has, and cannot be given others than were signed: so the signature is checked over the token as it came, with the crate's key; and what the
/// claims say by which it is believed, over a copy that has these alone ([`lenient::id_claims`]).
pub(super) fn claims(
    id_token: Option<&str>,
    access_token: &AccessToken,
    known: &Known,
    client_id: &str,
    nonce: &str,
    now: Timestamp,
) -> Result<Value, Doubt> {
    let token =
        Parts::of(id_token.ok_or_else(|| refuse("there is none"))?).ok_or_else(|| garbage("it is no signed JSON token"))?;
    let bare = token.bare()?;
    let template = known.metadata.issuer();
    let tenant = tenants::of_token(template.as_str(), &token.claims).map_err(Doubt::Token)?;
    let issuer = match &tenant {
        Some(tenant) => IssuerUrl::new(tenant.clone()).map_err(|_| refuse("tid names no tenant"))?,
        None => template.clone(),
    };
    let verifier = || verifier(&known.metadata, issuer.clone(), client_id, now);

    let algorithm = bare.signing_alg().map_err(signature)?;
    let offered = known.metadata.id_token_signing_alg_values_supported();
    if !ALGORITHMS.contains(algorithm) || !offered.contains(algorithm) {
        return Err(refuse("it is signed by an algorithm that the provider does not use, or that others can use"));
    }
    let keys = verifier();
    let key = bare.signing_key(&keys).map_err(signature)?;
    key.verify_signature(algorithm, token.signed.as_bytes(), &token.signature).map_err(signature)?;
    if !known.may_sign(key.key_id().map(|id| id.as_str()), issuer.as_str(), template.as_str()) {
        return Err(refuse("its key signs for another issuer"));
    }

    // The copy has no signature of its own; that of the token is good.
    let verifier = verifier().insecure_disable_signature_check();
    let claims = bare.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(doubt)?;
    // The crate leaves it to us. Other audiences than ours it has refused.
    if claims.authorized_party().is_some_and(|party| party.as_str() != client_id) {
        return Err(refuse("azp is another client"));
    }
    if let Some(expected) = claims.access_token_hash() {
        let found = AccessTokenHash::from_token(access_token, algorithm, key).map_err(|_| refuse("at_hash cannot be checked"))?;
        if found != *expected {
            return Err(refuse("at_hash is of another access token"));
        }
    }
    Ok(token.claims)
}

/// A token in compact serialisation (RFC 7515 section 3.1).
struct Parts<'a> {
    header: Value,
    claims: Value,
    /// What the signature is over.
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let bytes = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
        let object = |part| serde_json::from_slice::<Value>(&bytes(part)?).ok().filter(Value::is_object);
        Some(Self { header: object(header)?, claims: object(claims)?, signed, signature: bytes(signature)? })
    }

    /// A copy in the types of the standards, without what we do not need.
    fn bare(&self) -> Result<CoreIdToken, Doubt> {
        let encoded = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let [header, claims] = [lenient::header(&self.header), lenient::id_claims(&self.claims)].map(encoded);
        // What the parser says may quote a claim.
        let bare = format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&self.signature)).parse();
        bare.map_err(|error: serde_json::Error| {
            let message = error.to_string();
            garbage(
                message.strip_prefix("missing field").map_or("a claim that it must have cannot be read", |_| message.as_str()),
            )
        })
    }
}

fn verifier(metadata: &Metadata, issuer: IssuerUrl, client_id: &str, now: Timestamp) -> IdTokenVerifier<'static, CoreJsonWebKey> {
    IdTokenVerifier::new_public_client(ClientId::new(client_id.to_owned()), issuer, metadata.jwks().clone())
        .set_allowed_algs(ALGORITHMS)
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

fn garbage(what: &str) -> Doubt {
    Doubt::Token(UpstreamError::garbage(&format!("ID token: {what}")))
}

fn doubt(error: ClaimsVerificationError) -> Doubt {
    match error {
        ClaimsVerificationError::Expired(message) => Doubt::Token(UpstreamError::Clock(message)),
        ClaimsVerificationError::InvalidIssuer(message) => refuse(&format!("wrong issuer: {message}")),
        error => refuse(&error.to_string()),
    }
}

fn signature(error: SignatureVerificationError) -> Doubt {
    use SignatureVerificationError::{CryptoError, NoMatchingKey};
    match error {
        // A new key may have no name, or the old one's.
        error @ (NoMatchingKey | CryptoError(_)) => Doubt::Key(UpstreamError::id_token(&error.to_string())),
        error => refuse(&error.to_string()),
    }
}
