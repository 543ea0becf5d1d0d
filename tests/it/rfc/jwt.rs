//! A second opinion on our tokens: read by `jsonwebtoken` against the published keys.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// Header and claims of a token whose signature a published key confirms. Times are the caller's to check: the clock is a manual one.
#[track_caller]
pub fn verified(jwks: &Value, token: &str, audience: &str, alg: Algorithm) -> (Value, Value) {
    let keys: JwkSet = serde_json::from_value(jwks.clone()).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap_or_else(|| panic!("no key for {header:?}"));
    let mut validation = Validation::new(alg);
    validation.validate_exp = false;
    validation.set_audience(&[audience]);
    validation.set_issuer(&[super::house::ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let found = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap();
    (part(token, 0), found.claims)
}

/// A part of a token, unverified.
#[track_caller]
pub fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(token.split('.').nth(at).unwrap().as_bytes()).unwrap()).unwrap()
}

#[track_caller]
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// A token from parts, with whatever signature.
pub fn forged(header: &Value, claims: &Value, signature: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature(signed.as_bytes())))
}

/// The left half of a hash (OpenID Connect Core section 3.1.3.6).
pub fn half_hash(hash: &'static digest::Algorithm, text: &str) -> String {
    let digest = digest::digest(hash, text.as_bytes());
    BASE64URL_NOPAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2])
}
