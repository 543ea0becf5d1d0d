//! Making a JWS.

use std::borrow::Cow;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde_json::json;

use super::key::{Private, SigningKey};
use super::{Alg, JoseError};

/// The encoded headers of a key's most frequent types.
pub(super) struct Headers {
    /// ID tokens.
    jwt: String,
    /// Access tokens (RFC 9068).
    access: String,
    /// Proofs for sites behind a proxy.
    proof: String,
}

impl Headers {
    pub(super) fn new(alg: Alg, kid: &str) -> Self {
        let header = |typ| header(alg, kid, typ);
        Self { jwt: header("JWT"), access: header("at+jwt"), proof: header("vestibule-proof+jwt") }
    }
}

fn header(alg: Alg, kid: &str, typ: &str) -> String {
    BASE64URL_NOPAD.encode(json!({"alg": alg, "typ": typ, "kid": kid}).to_string().as_bytes())
}

impl SigningKey {
    /// Signs claims as a JWS in the compact form (RFC 7515 section 3.1) of this type: `JWT`, `at+jwt`…
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, JoseError> {
        let claims = serde_json::to_vec(claims).map_err(|error| JoseError::Claims(error.to_string()))?;
        let header = match typ {
            "JWT" => Cow::Borrowed(&self.headers.jwt),
            "at+jwt" => Cow::Borrowed(&self.headers.access),
            "vestibule-proof+jwt" => Cow::Borrowed(&self.headers.proof),
            _ => Cow::Owned(header(self.alg(), &self.kid, typ)),
        };
        let mut token = String::with_capacity(header.len() + claims.len() / 3 * 4 + 360);
        token.push_str(&header);
        token.push('.');
        BASE64URL_NOPAD.encode_append(&claims, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }

    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let signature = match &self.private {
            Private::Es256(key) => key.sign(&SystemRandom::new(), message).map(|signature| signature.as_ref().to_vec()),
            Private::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map(|()| signature)
            }
            Private::EdDsa(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
        };
        signature.map_err(|_| JoseError::Key(self.alg()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_algorithm_type_and_key() {
        let key = SigningKey::generate(Alg::EdDsa, "key_1".into()).unwrap();
        for typ in ["JWT", "at+jwt", "vestibule-proof+jwt", "logout+jwt"] {
            let token = key.sign(typ, &json!({})).unwrap();
            let header = BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
            let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
            assert_eq!(header, json!({"alg": "EdDSA", "typ": typ, "kid": "key_1"}));
        }
    }
}
