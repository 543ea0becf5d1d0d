//! The signature algorithms and what depends on which it is.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A signature algorithm, by its name in `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Alg {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3); what `OpenID` Connect relying parties expect by default.
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519 (RFC 8037 section 3.1). RFC 9864 renames it `Ed25519`, which relying parties do not know yet.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// A name that is no algorithm of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the algorithms are ES256, RS256 and EdDSA")]
pub struct UnknownAlg;

impl Alg {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Rs256, Self::EdDsa];

    /// The name, as in `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Es256 | Self::Rs256 => &digest::SHA256,
            // Ed25519 hashes with SHA-512 inside (RFC 8032 section 5.1).
            Self::EdDsa => &digest::SHA512,
        }
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Alg {
    type Err = UnknownAlg;

    fn from_str(name: &str) -> Result<Self, UnknownAlg> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name).ok_or(UnknownAlg)
    }
}

/// The left half of a text's hash in base64url: `at_hash` and `c_hash` in an ID token signed with this algorithm
/// (`OpenID` Connect Core 1.0 section 3.1.3.6).
pub fn half_hash(alg: Alg, text: &str) -> String {
    let hash = digest::digest(alg.digest(), text.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    BASE64URL_NOPAD.encode(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact() {
        for alg in Alg::ALL {
            assert_eq!(alg.as_str().parse(), Ok(alg));
            assert_eq!(serde_json::to_value(alg).unwrap(), alg.as_str());
        }
        for name in ["none", "HS256", "es256", "Ed25519", ""] {
            assert_eq!(name.parse::<Alg>(), Err(UnknownAlg));
        }
    }

    #[test]
    fn half_hashes() {
        // OpenID Connect Core 1.0, appendix A.3 and A.4 (RS256).
        assert_eq!(half_hash(Alg::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(Alg::Es256, "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"), "LDktKdoQak3Pk0cnXxCltA");
        assert_eq!(half_hash(Alg::EdDsa, "abc").len(), 43);
    }
}
