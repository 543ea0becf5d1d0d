//! Keys: parsed once, used often. Parsing an RSA key takes about as long as signing with it.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sign::Headers;
use super::{Alg, JoseError};
use crate::crypto::unusable;

/// A public key as relying parties read it (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `kty` and the members that depend on it.
    #[serde(flatten)]
    pub key: PublicKey,
    /// What the key is for: always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The only algorithm to use it with.
    pub alg: Alg,
    /// The key's id.
    pub kid: String,
}

/// The public part of a key; numbers are big-endian in unpadded base64url (RFC 7518 section 6, RFC 8037 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub enum PublicKey {
    /// A point on an elliptic curve; `crv` is `P-256`.
    #[serde(rename = "EC")]
    Ec {
        /// The curve.
        crv: String,
        /// 32 bytes.
        x: String,
        /// 32 bytes.
        y: String,
    },
    /// An RSA key of 2048 to 8192 bits.
    #[serde(rename = "RSA")]
    Rsa {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
    /// An octet key pair; `crv` is `Ed25519`.
    #[serde(rename = "OKP")]
    Okp {
        /// The curve.
        crv: String,
        /// 32 bytes.
        x: String,
    },
}

/// A private key with its id. `Debug` shows the id only.
pub struct SigningKey {
    pub(super) kid: String,
    pub(super) private: Private,
    pub(super) headers: Headers,
    jwk: Jwk,
    verifying: VerifyingKey,
}

pub(super) enum Private {
    Es256(EcdsaKeyPair),
    Rs256(rsa::KeyPair),
    EdDsa(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key (RSA: 2048 bits, and up to a second of CPU, so not on a thread that serves requests). It comes from the
    /// library's own generator, since no other can be given to it.
    pub fn generate(alg: Alg, kid: String) -> Result<Self, JoseError> {
        let private = match alg {
            Alg::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Private::Es256),
            Alg::Rs256 => rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map(Private::Rs256),
            Alg::EdDsa => Ed25519KeyPair::generate().map(Private::EdDsa),
        };
        Self::new(kid, private.map_err(|_| JoseError::Key(alg))?)
    }

    /// Reads a key from PKCS #8 DER (RFC 5958).
    pub fn from_pkcs8(alg: Alg, kid: String, pkcs8: &[u8]) -> Result<Self, JoseError> {
        let private = match alg {
            Alg::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Private::Es256),
            Alg::Rs256 => rsa::KeyPair::from_pkcs8(pkcs8).map(Private::Rs256),
            Alg::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Private::EdDsa),
        };
        Self::new(kid, private.map_err(|_| JoseError::Key(alg))?)
    }

    fn new(kid: String, private: Private) -> Result<Self, JoseError> {
        let alg = private.alg();
        let key = private.public().ok_or(JoseError::Key(alg))?;
        let jwk = Jwk { key, usage: "sig".to_owned(), alg, kid: kid.clone() };
        let verifying = VerifyingKey::from_jwk(&jwk)?;
        Ok(Self { headers: Headers::new(alg, &kid), kid, private, jwk, verifying })
    }

    /// The private key in PKCS #8 DER, to be sealed and stored.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let der = match &self.private {
            Private::Es256(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Private::Rs256(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key).map(|der| der.as_ref().to_vec()),
            Private::EdDsa(key) => key.to_pkcs8().map(|der| der.as_ref().to_vec()),
        };
        // A key that was generated or parsed can be written, unless memory runs out.
        let Ok(der) = der else { unusable("a private key cannot be written") };
        Zeroizing::new(der)
    }

    /// The algorithm.
    pub const fn alg(&self) -> Alg {
        self.private.alg()
    }

    /// The id that goes into `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public part, to be published.
    pub const fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The public part, to verify with.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.alg(), self.kid)
    }
}

impl Private {
    const fn alg(&self) -> Alg {
        match self {
            Self::Es256(_) => Alg::Es256,
            Self::Rs256(_) => Alg::Rs256,
            Self::EdDsa(_) => Alg::EdDsa,
        }
    }

    fn public(&self) -> Option<PublicKey> {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match self {
            Self::Es256(key) => {
                // 0x04, x, y (SEC 1 section 2.3.3).
                let (x, y) = key.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
                Some(PublicKey::Ec { crv: "P-256".to_owned(), x: text(x), y: text(y) })
            }
            Self::Rs256(key) => {
                let (n, e) = rsa_numbers(key.public_key().as_ref())?;
                Some(PublicKey::Rsa { n: text(n), e: text(e) })
            }
            Self::EdDsa(key) => Some(PublicKey::Okp { crv: "Ed25519".to_owned(), x: text(key.public_key().as_ref()) }),
        }
    }
}

/// A public key, parsed once.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    pub(super) alg: Alg,
    pub(super) public: ParsedPublicKey,
}

impl VerifyingKey {
    /// Reads a public key; its `kty`, `crv` and sizes must be those of its `alg`.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, JoseError> {
        let public = parse_public(jwk.alg, &jwk.key).ok_or(JoseError::Key(jwk.alg))?;
        Ok(Self { alg: jwk.alg, public })
    }

    /// The only algorithm it verifies.
    pub const fn alg(&self) -> Alg {
        self.alg
    }
}

fn parse_public(alg: Alg, key: &PublicKey) -> Option<ParsedPublicKey> {
    let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let number = |text: &str| bytes(text).filter(|bytes| bytes.len() == 32);
    match (alg, key) {
        (Alg::Es256, PublicKey::Ec { crv, x, y }) if crv == "P-256" => {
            let point = [vec![4], number(x)?, number(y)?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()
        }
        (Alg::Rs256, PublicKey::Rsa { n, e }) => {
            let (n, e) = (bytes(n)?, bytes(e)?);
            // 2048 to 8192 bits; the library checks again when verifying.
            let sized = (256..=1024).contains(&n.len()) && e.len() <= 8;
            let components = RsaPublicKeyComponents { n, e };
            sized.then(|| components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()).flatten()
        }
        (Alg::EdDsa, PublicKey::Okp { crv, x }) if crv == "Ed25519" => ParsedPublicKey::new(&ED25519, number(x)?).ok(),
        _ => None,
    }
}

/// Modulus and exponent of an `RSAPublicKey` in DER: a sequence of two integers (RFC 8017 appendix A.1.1).
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = der_value(0x30, der)?;
    let (modulus, rest) = der_value(0x02, sequence)?;
    let (exponent, _) = der_value(0x02, rest)?;
    // DER puts a zero before a number whose first bit is set; JWK has none.
    let unsigned = |number: &'_ [u8]| number.iter().take_while(|&&byte| byte == 0).count();
    Some((modulus.get(unsigned(modulus)..)?, exponent.get(unsigned(exponent)..)?))
}

/// A DER value with this tag, and what follows it.
fn der_value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk()?;
    if found != tag {
        return None;
    }
    if length < 0x80 {
        return rest.split_at_checked(usize::from(length));
    }
    let (length, rest) = rest.split_at_checked(usize::from(length & 0x7f)).filter(|(bytes, _)| bytes.len() <= 2)?;
    rest.split_at_checked(length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_survive_storage() {
        for alg in Alg::ALL {
            let key = SigningKey::generate(alg, "key_1".into()).unwrap();
            let again = SigningKey::from_pkcs8(alg, "key_1".into(), &key.to_pkcs8()).unwrap();
            assert_eq!(again.public_jwk(), key.public_jwk());
            assert_eq!(again.to_pkcs8(), key.to_pkcs8());
            assert_eq!(format!("{again:?}"), format!("SigningKey({alg} key_1)"));
            for other in Alg::ALL.into_iter().filter(|&other| other != alg) {
                assert!(SigningKey::from_pkcs8(other, "key_1".into(), &key.to_pkcs8()).is_err());
            }
        }
    }

    #[test]
    fn public_keys_have_the_members_of_their_type_and_no_private_ones() {
        for (alg, members) in [
            (Alg::Es256, ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
            (Alg::Rs256, &["alg", "e", "kid", "kty", "n", "use"]),
            (Alg::EdDsa, &["alg", "crv", "kid", "kty", "use", "x"]),
        ] {
            let key = SigningKey::generate(alg, "key_1".into()).unwrap();
            let value = json!(key.public_jwk());
            let mut names: Vec<&String> = value.as_object().unwrap().keys().collect();
            names.sort();
            assert_eq!(names, members);
            assert_eq!(serde_json::from_value::<Jwk>(value).unwrap(), *key.public_jwk());
        }
        let rsa = json!(SigningKey::generate(Alg::Rs256, "key_1".into()).unwrap().public_jwk());
        assert_eq!(rsa["e"], "AQAB");
        assert_eq!(BASE64URL_NOPAD.decode(rsa["n"].as_str().unwrap().as_bytes()).unwrap().len(), 256);
    }

    #[test]
    fn unfit_public_keys_are_refused() {
        let ec = SigningKey::generate(Alg::Es256, "k".into()).unwrap().public_jwk().clone();
        assert!(VerifyingKey::from_jwk(&Jwk { alg: Alg::Rs256, ..ec.clone() }).is_err());
        let off_curve = "A".repeat(43);
        let key = PublicKey::Ec { crv: "P-256".into(), x: off_curve.clone(), y: off_curve };
        assert!(VerifyingKey::from_jwk(&Jwk { key, ..ec.clone() }).is_err());
        let small = PublicKey::Rsa { n: BASE64URL_NOPAD.encode(&[0xff; 128]), e: "AQAB".into() };
        assert!(VerifyingKey::from_jwk(&Jwk { key: small, alg: Alg::Rs256, ..ec }).is_err());
    }
}
