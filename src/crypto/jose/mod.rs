//! Signed JSON: JWS in the compact form (RFC 7515), keys as JWK (RFC 7517), with three algorithms (RFC 7518, RFC 8037).
//!
//! * What lives here: algorithms, keys, making and checking signatures, and the policy for headers.
//! * What may not: rules about claims (issuer, audience, times) and which key signs when: those are the engine's.
//! * How to add an algorithm: a variant of [`Alg`]; the compiler then shows every place that must know it.
//! * Where it is tested: here, against the jsonwebtoken crate both ways, and at the end of each file.

mod alg;
mod key;
mod sign;
mod verify;

pub use alg::{Alg, UnknownAlg, half_hash};
pub use key::{Jwk, PublicKey, SigningKey, VerifyingKey};
pub use verify::{MAX_TOKEN_BYTES, decode, key_id};

use thiserror::Error;

/// Why a key or a token cannot be used. For the log: a client learns no more than that it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JoseError {
    /// The key is not one of its algorithm, or not one we accept.
    #[error("the key cannot be used with {0}")]
    Key(Alg),
    /// Claims that cannot be written as JSON.
    #[error("the claims cannot be written as JSON: {0}")]
    Claims(String),
    /// Larger than [`MAX_TOKEN_BYTES`].
    #[error("the token is too large")]
    TooLarge,
    /// Not three parts of unpadded base64url.
    #[error("not a JWS in the compact form")]
    Form,
    /// A header that is no JSON object, has a member twice, or lacks `alg`, `typ` or `kid`.
    #[error("the header is malformed")]
    Header,
    /// A header that would have us fetch or trust a key, or do what we do not understand.
    #[error("the header has `{0}`")]
    Forbidden(&'static str),
    /// A token of another type.
    #[error("the token is of another type")]
    Type,
    /// No key with this id.
    #[error("the key is unknown")]
    UnknownKey,
    /// An algorithm other than the key's.
    #[error("the algorithm is not the key's")]
    Algorithm,
    /// The signature does not fit.
    #[error("the signature is wrong")]
    Signature,
    /// A payload of another form than asked for.
    #[error("the claims are not of the expected form")]
    Payload,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken as oracle;
    use serde_json::{Value, json};

    const ALL: [Alg; 3] = [Alg::Es256, Alg::Rs256, Alg::EdDsa];

    fn theirs(alg: Alg) -> oracle::Algorithm {
        match alg {
            Alg::Es256 => oracle::Algorithm::ES256,
            Alg::Rs256 => oracle::Algorithm::RS256,
            Alg::EdDsa => oracle::Algorithm::EdDSA,
        }
    }

    #[test]
    fn another_implementation_accepts_our_signatures() {
        for alg in ALL {
            let key = SigningKey::generate(alg, "key_1".into()).unwrap();
            let token = key.sign("at+jwt", &json!({"sub": "user_1", "exp": 4_000_000_000u32})).unwrap();
            let jwk: oracle::jwk::Jwk = serde_json::from_value(json!(key.public_jwk())).unwrap();
            let mut rules = oracle::Validation::new(theirs(alg));
            rules.validate_aud = false;
            let read = oracle::decode::<Value>(&token, &oracle::DecodingKey::from_jwk(&jwk).unwrap(), &rules).unwrap();
            assert_eq!(read.claims["sub"], "user_1");
            assert_eq!(read.header.kid.as_deref(), Some("key_1"));
            assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
        }
    }

    #[test]
    fn we_accept_another_implementation_s_signatures() {
        for alg in ALL {
            let key = SigningKey::generate(alg, "key_1".into()).unwrap();
            let pkcs8 = key.to_pkcs8();
            let pem =
                format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", data_encoding::BASE64.encode(&pkcs8));
            let private = match alg {
                Alg::Es256 => oracle::EncodingKey::from_ec_pem(pem.as_bytes()),
                Alg::Rs256 => oracle::EncodingKey::from_rsa_pem(pem.as_bytes()),
                Alg::EdDsa => oracle::EncodingKey::from_ed_pem(pem.as_bytes()),
            };
            let header = oracle::Header { kid: Some("key_1".into()), ..oracle::Header::new(theirs(alg)) };
            let token = oracle::encode(&header, &json!({"sub": "user_1"}), &private.unwrap()).unwrap();
            let claims: Value = decode(&token, &["JWT"], |_| Some(key.verifying_key())).unwrap();
            assert_eq!(claims, json!({"sub": "user_1"}));
        }
    }
}
