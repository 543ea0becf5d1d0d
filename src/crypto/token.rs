//! Secrets we give out: session ids, codes, client secrets, links.
//!
//! The text is prefix + 43 random base62 characters (256 bits) + 6 characters of checksum. The prefix lets secret
//! scanners recognise a leaked one; the checksum (CRC-32 of all before it, in base62) tells a mistyped or cut-off one
//! from a wrong one without a look at the store. Only [`SecretToken::hash`] is stored.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use thiserror::Error;
use zeroize::Zeroizing;

use super::random::Random;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is just above 2^256.
const RANDOM_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;

/// What a secret is for; one kind is never accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The session cookie.
    Session,
    /// An authorization code (RFC 6749 section 4.1.2).
    Code,
    /// A client's secret.
    ClientSecret,
    /// The link that makes the first administrator.
    Setup,
    /// The cookie that binds flows to a browser.
    Browser,
    /// A link in a mail.
    Link,
    /// The cookie of a browser that is not asked for the second factor.
    Device,
}

impl Kind {
    /// What tokens of this kind begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "vst_ses_",
            Self::Code => "vst_cod_",
            Self::ClientSecret => "vst_sec_",
            Self::Setup => "vst_set_",
            Self::Browser => "vst_bro_",
            Self::Link => "vst_lnk_",
            Self::Device => "vst_dev_",
        }
    }
}

/// Why a text is no token of the wanted kind. Says nothing about whether one like it was ever given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It begins differently.
    #[error("not a token of this kind")]
    Prefix,
    /// Wrong length or characters: cut off, or something pasted around it.
    #[error("the token is malformed")]
    Malformed,
    /// Right form, wrong checksum: a typo.
    #[error("the token is mistyped")]
    Checksum,
}

/// A secret in the clear, as it goes out or came in. Forgotten when dropped, not shown by `Debug`.
#[derive(Clone)]
pub struct SecretToken {
    kind: Kind,
    text: Zeroizing<String>,
}

impl SecretToken {
    /// A new secret of 256 random bits.
    pub fn generate(kind: Kind, random: &Random) -> Self {
        let secret = Zeroizing::new(random.text(BASE62, RANDOM_LENGTH));
        Self { kind, text: Zeroizing::new(with_checksum(kind.prefix(), &secret)) }
    }

    /// Reads what somebody sent. That it parses does not mean that it was ever given out: look its hash up.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, TokenError> {
        let secret = without_checksum(kind.prefix(), text)?;
        if secret.len() != RANDOM_LENGTH || !secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(TokenError::Malformed);
        }
        Ok(Self { kind, text: Zeroizing::new(text.to_owned()) })
    }

    /// What it is for.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The text to give out, once.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What to store and to look up: [`hash`] of the text.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.text)
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretToken({}…)", self.kind.prefix())
    }
}

/// SHA-256. Enough for secrets of 256 random bits, which nobody can guess; never for passwords.
pub fn hash(text: &str) -> [u8; 32] {
    sha256(text.as_bytes())
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    hash
}

/// Whether two byte strings are equal, taking the same time wherever they differ. Their lengths are not hidden.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// `prefix` + `body` + the checksum of both.
pub(super) fn with_checksum(prefix: &str, body: &str) -> String {
    let mut text = String::with_capacity(prefix.len() + body.len() + CHECKSUM_LENGTH);
    text.push_str(prefix);
    text.push_str(body);
    let mut rest = crc32(text.as_bytes());
    let mut checksum = [b'0'; CHECKSUM_LENGTH];
    for place in checksum.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        *place = BASE62.get(digit).copied().unwrap_or(b'0');
        rest /= 62;
    }
    text.extend(checksum.map(char::from));
    text
}

/// The part between prefix and checksum, if both are right.
pub(super) fn without_checksum<'a>(prefix: &str, text: &'a str) -> Result<&'a str, TokenError> {
    let rest = text.strip_prefix(prefix).ok_or(TokenError::Prefix)?;
    let split = rest.len().checked_sub(CHECKSUM_LENGTH).ok_or(TokenError::Malformed)?;
    let (body, _) = rest.split_at_checked(split).ok_or(TokenError::Malformed)?;
    let right = Zeroizing::new(with_checksum(prefix, body));
    if constant_time_eq(right.as_bytes(), text.as_bytes()) { Ok(body) } else { Err(TokenError::Checksum) }
}

/// CRC-32 as in zip and Ethernet (reflected, polynomial `0xEDB88320`).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_can_be_given_out_and_read_again() {
        let token = SecretToken::generate(Kind::Session, &Random::seeded(1));
        assert_eq!(token.as_str().len(), 8 + 43 + 6);
        let read = SecretToken::parse(Kind::Session, token.as_str()).unwrap();
        assert_eq!(read.hash(), token.hash());
        assert_eq!(read.kind(), Kind::Session);
        assert_eq!(format!("{read:?}"), "SecretToken(vst_ses_…)");
    }

    #[test]
    fn one_kind_is_not_another() {
        let token = SecretToken::generate(Kind::Code, &Random::seeded(1));
        assert_eq!(SecretToken::parse(Kind::Link, token.as_str()).unwrap_err(), TokenError::Prefix);
        let dressed_up = token.as_str().replace("vst_cod_", "vst_lnk_");
        assert_eq!(SecretToken::parse(Kind::Link, &dressed_up).unwrap_err(), TokenError::Checksum);
    }

    #[test]
    fn every_single_typo_is_noticed() {
        let token = SecretToken::generate(Kind::ClientSecret, &Random::seeded(2));
        for position in 8..token.as_str().len() {
            let mut typo = token.as_str().as_bytes().to_vec();
            typo[position] = if typo[position] == b'x' { b'y' } else { b'x' };
            let typo = String::from_utf8(typo).unwrap();
            assert_eq!(SecretToken::parse(Kind::ClientSecret, &typo).unwrap_err(), TokenError::Checksum);
            assert!(SecretToken::parse(Kind::ClientSecret, token.as_str().get(..position).unwrap()).is_err());
        }
    }

    #[test]
    fn known_values() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(
            data_encoding::HEXLOWER.encode(&hash("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(constant_time_eq(b"a", b"a") && !constant_time_eq(b"a", b"b") && !constant_time_eq(b"a", b"aa"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "(vst_ses_)?.{0,80}") {
            prop_assert!(SecretToken::parse(Kind::Session, &text).is_err());
        }
    }
}
