//! Refresh tokens that prove themselves.
//!
//! A token names its grant and its place in the grant's sequence, carries the family's secret, and a keyed tag over all of these. So a forged one costs
//! no look at the store, and the successor of a token is computed, not remembered: a client that repeats a request whose
//! answer was lost gets the very same successor. Which numbers are still good is the store's to say, and it keeps the SHA-256 of the secret: 128
//! random bits, made with the first token. Whoever has the master key, or the rows, or both, can make no token of a family without having seen one.
//! The tag does the rest: whoever has seen one cannot make its successor.
//!
//! Text: `vst_ref_`, then in base64url key version (1 byte), grant (16), sequence (4, big-endian), secret (16), the first 16 bytes of
//! HMAC-SHA256 over these; then 6 characters of checksum, as every secret has.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::random::Random;
use super::seal::Keyring;
use super::token::{constant_time_eq, sha256, with_checksum, without_checksum};
use crate::ids::GrantId;

const PREFIX: &str = "vst_ref_";
const SECRET: usize = 16;
const NAMED: usize = 1 + 16 + 4 + SECRET;
const TAG: usize = 16;

/// What every token of one family carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<[u8; SECRET]>);

impl Secret {
    pub fn generate(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_slice())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a token says that we issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    pub grant: GrantId,
    pub sequence: u32,
    pub secret: Secret,
}

/// The refresh token with this number of a grant; the same each time while the newest key is the same.
pub fn issue(keyring: &Keyring, grant: &GrantId, sequence: u32, secret: &Secret) -> String {
    let (version, key) = keyring.newest_refresh_key();
    let mut bytes = Zeroizing::new(Vec::with_capacity(NAMED + TAG));
    bytes.push(version);
    bytes.extend_from_slice(&grant.bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(secret.0.as_slice());
    let tag = hmac::sign(key, &bytes);
    bytes.extend(tag.as_ref().iter().take(TAG));
    with_checksum(PREFIX, &BASE64URL_NOPAD.encode(&bytes))
}

/// What it says, if we issued this text and still have the key; the grant may have ended since, and the store knows whether the secret is its own.
pub fn parse(keyring: &Keyring, text: &str) -> Option<Parsed> {
    let body = without_checksum(PREFIX, text).ok()?;
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(body.as_bytes()).ok()?);
    let (named, tag) = bytes.split_at_checked(NAMED)?;
    let tag: &[u8; TAG] = tag.try_into().ok()?;
    let (&[version], rest) = named.split_first_chunk()?;
    let (grant, rest) = rest.split_first_chunk()?;
    let (sequence, secret) = rest.split_first_chunk()?;
    let right = hmac::sign(keyring.refresh_key(version)?, named);
    let right = right.as_ref().first_chunk::<TAG>()?;
    constant_time_eq(right, tag).then_some(())?;
    Some(Parsed {
        grant: GrantId::from_bytes(*grant),
        sequence: u32::from_be_bytes(*sequence),
        secret: Secret(Zeroizing::new(secret.try_into().ok()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn grant() -> GrantId {
        GrantId::new(Timestamp::from_seconds(1_800_000_000), &Random::seeded(3))
    }

    fn secret() -> Secret {
        Secret::generate(&Random::seeded(9))
    }

    fn parsed(sequence: u32) -> Parsed {
        Parsed { grant: grant(), sequence, secret: secret() }
    }

    #[test]
    fn issued_tokens_parse_and_repeat() {
        let keyring = Keyring::generate(&Random::seeded(1));
        let token = issue(&keyring, &grant(), 7, &secret());
        assert_eq!(token, issue(&keyring, &grant(), 7, &secret()));
        assert_ne!(token, issue(&keyring, &grant(), 8, &secret()));
        assert_eq!(token.len(), 8 + 71 + 6);
        assert_eq!(parse(&keyring, &token), Some(parsed(7)));
        assert_eq!(parse(&keyring, &issue(&keyring, &grant(), u32::MAX, &secret())), Some(parsed(u32::MAX)));
    }

    #[test]
    fn a_forged_sequence_is_refused() {
        let keyring = Keyring::generate(&Random::seeded(1));
        let token = issue(&keyring, &grant(), 7, &secret());
        let mut bytes = BASE64URL_NOPAD.decode(&token.as_bytes()[8..79]).unwrap();
        for position in 0..bytes.len() {
            bytes[position] ^= 1;
            // With a checksum that fits: only the tag stands in the way.
            assert_eq!(parse(&keyring, &with_checksum(PREFIX, &BASE64URL_NOPAD.encode(&bytes))), None);
            bytes[position] ^= 1;
        }
        for cut in 0..bytes.len() {
            assert_eq!(parse(&keyring, &with_checksum(PREFIX, &BASE64URL_NOPAD.encode(&bytes[..cut]))), None);
        }
        bytes.push(0);
        assert_eq!(parse(&keyring, &with_checksum(PREFIX, &BASE64URL_NOPAD.encode(&bytes))), None);
    }

    #[test]
    fn another_ring_s_tokens_are_refused_and_an_older_key_s_accepted() {
        let old = Keyring::generate(&Random::seeded(1));
        let token = issue(&old, &grant(), 7, &secret());
        assert_eq!(parse(&Keyring::generate(&Random::seeded(2)), &token), None);
        let newest = Keyring::generate(&Random::seeded(2)).to_text().remove(0).replace("v1:", "v2:");
        let both = Keyring::parse(&[newest, old.to_text().remove(0).to_string()]).unwrap();
        assert_eq!(parse(&both, &token), Some(parsed(7)));
        assert_ne!(issue(&both, &grant(), 7, &secret()), token);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "(vst_ref_)?.{0,80}") {
            prop_assert_eq!(parse(&Keyring::generate(&Random::seeded(1)), &text), None);
        }
    }
}
