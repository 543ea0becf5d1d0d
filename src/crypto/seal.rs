//! Secrets at rest: what the store holds sealed, and keyed fingerprints of what it must recognise but not reveal.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{aead, hkdf, hmac};
use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;
use zeroize::Zeroizing;

use super::random::Random;
use super::token::constant_time_eq;
use super::unusable;

const NONCE_LENGTH: usize = aead::NONCE_LEN;
/// The purpose of the refresh tokens' key, which is derived once rather than at each use.
const REFRESH: &str = "refresh";

/// Why keys cannot be used. Never quotes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// No key at all.
    #[error("at least one key is needed")]
    Empty,
    /// Key number so-and-so (from 1) is not `v<1..255>:<43 characters of base64url>`.
    #[error("key number {0} must have the form `v1:` and 32 bytes in unpadded base64url")]
    Malformed(usize),
    /// Two keys have the same version.
    #[error("two keys are called v{0}")]
    Twice(u8),
}

/// Why sealed bytes do not open. The cause is not told apart on purpose where a tag failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Sealed with a key that is not on the ring.
    #[error("sealed with key v{0}, which is not in secrets.keys")]
    UnknownKey(u8),
    /// Cut off, changed, or sealed for another purpose or with another key of the same version.
    #[error("the sealed value does not open")]
    Refused,
}

/// The master keys: the first seals, all open. Clones share them.
///
/// **Which key is good for what.** What is sealed names its key, and any key of the ring opens it: the columns of
/// `store::sealed`, and what a browser or a flow holds for minutes (a passkey's challenge, recovery codes to be downloaded, an authenticator's
/// secret on its way, a provider's tokens on theirs). A refresh token names its key as well. A MAC does not, so each check of one takes every key of
/// the ring ([`Keyring::macs`], [`Keyring::verify_mac`]): the six digits of codes, an authenticator's secret while it is being set up,
/// the note that somebody has signed in in a browser before. So nodes may have the keys in any order, as long as each has all of them.
///
/// **What a key alone is good for: nothing.** Whatever gives access needs random bits that were made for it and are stored with it, or as their hash
/// only: links and the secret within refresh tokens (SHA-256 of 128 bits), sessions, codes for tokens and trusted browsers (SHA-256 of 256 bits),
/// six digits and the secret of an authenticator (a MAC over the flow's random salt too), what is said to a provider and the number beside a link (the flow's
/// salt alone), a session's mark (its salt alone). The one MAC over an id and nothing else is that note of an earlier sign-in, which only keeps the count
/// of wrong passwords apart.
///
/// Every purpose has keys of its own, derived from the master key by HKDF-SHA256 (RFC 5869), so that nothing made for one
/// purpose is of use for another.
#[derive(Clone)]
pub struct Keyring {
    // The newest apart, so that a ring without a key cannot exist.
    first: Arc<MasterKey>,
    others: Arc<[MasterKey]>,
}

struct MasterKey {
    version: u8,
    secret: Zeroizing<[u8; 32]>,
    derive: hkdf::Prk,
    refresh: hmac::Key,
}

impl Keyring {
    /// A ring with one new key, `v1`.
    pub fn generate(random: &Random) -> Self {
        Self { first: Arc::new(MasterKey::new(1, Zeroizing::new(random.bytes()))), others: Arc::new([]) }
    }

    /// Reads keys of the form `v1:<32 bytes in unpadded base64url>`; the first one seals.
    ///
    /// To rotate, put a key with a new version in front and keep the old ones as long as anything sealed with them lives
    /// (`vestibule secrets reseal` says when that is over).
    pub fn parse(keys: &[String]) -> Result<Self, KeyringError> {
        let mut ring: Vec<MasterKey> = Vec::with_capacity(keys.len());
        for (index, text) in keys.iter().enumerate() {
            let key = MasterKey::parse(text).ok_or(KeyringError::Malformed(index + 1))?;
            if ring.iter().any(|known| known.version == key.version) {
                return Err(KeyringError::Twice(key.version));
            }
            ring.push(key);
        }
        let mut ring = ring.into_iter();
        let first = ring.next().ok_or(KeyringError::Empty)?;
        Ok(Self { first: Arc::new(first), others: ring.collect() })
    }

    /// The keys as [`Keyring::parse`] reads them.
    pub fn to_text(&self) -> Vec<Zeroizing<String>> {
        self.keys().map(MasterKey::to_text).collect()
    }

    /// Seals with AES-256-GCM: key version (1 byte), nonce (12), ciphertext, tag (16).
    ///
    /// `purpose` names what is sealed (`"signing key"`, `"totp"`); opening needs the same. The nonce is random, so a purpose
    /// should not be used for more than 2^32 values under one master key (NIST SP 800-38D section 8.3).
    pub fn seal(&self, random: &Random, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LENGTH] = random.bytes();
        let mut ciphertext = Vec::with_capacity(plain.len());
        ciphertext.extend_from_slice(plain);
        let tag = self.first.cipher(purpose).seal_in_place_separate_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::from(purpose.as_bytes()),
            &mut ciphertext,
        );
        // Fails for plaintexts above 64 GiB only.
        let Ok(tag) = tag else { unusable("AES-GCM cannot seal") };
        let mut sealed = Vec::with_capacity(1 + NONCE_LENGTH + ciphertext.len() + tag.as_ref().len());
        sealed.push(self.first.version);
        sealed.extend_from_slice(&nonce);
        sealed.append(&mut ciphertext);
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`Keyring::seal`] made for the same purpose, with whichever key it names.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (version, rest) = sealed.split_first().ok_or(OpenError::Refused)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(OpenError::Refused)?;
        let key = self.key(*version).ok_or(OpenError::UnknownKey(*version))?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = key
            .cipher(purpose)
            .open_in_place(aead::Nonce::assume_unique_for_key(*nonce), aead::Aad::from(purpose.as_bytes()), &mut buffer)
            .map_err(|_| OpenError::Refused)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// The same under the newest key. None: it is under that already.
    pub fn reseal(&self, random: &Random, purpose: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
        if sealed_under(sealed) == Some(self.first.version) {
            return Ok(None);
        }
        let plain = self.open(purpose, sealed)?;
        Ok(Some(self.seal(random, purpose, &plain)))
    }

    /// The version of the key that seals.
    pub fn newest(&self) -> u8 {
        self.first.version
    }

    /// The versions of the keys that only open.
    pub fn older(&self) -> Vec<u8> {
        self.others.iter().map(|key| key.version).collect()
    }

    /// HMAC-SHA256 (RFC 2104) of the parts, under the first key. Each part is preceded by its length, so that moving bytes
    /// from one part to the next gives another result.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.first.mac_key(purpose), parts)
    }

    /// What [`Keyring::mac`] gives, and gave while another key of the ring was first: for what is looked up by its MAC. The newest comes first.
    pub fn macs(&self, purpose: &str, parts: &[&[u8]]) -> Vec<[u8; 32]> {
        self.keys().map(|key| mac(&key.mac_key(purpose), parts)).collect()
    }

    /// Whether `tag` is what [`Keyring::mac`] gives, or gave while another key of the ring was first.
    pub fn verify_mac(&self, purpose: &str, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.keys().any(|key| constant_time_eq(&mac(&key.mac_key(purpose), parts), tag))
    }

    /// The newest key for refresh tokens, and its version.
    pub(super) fn newest_refresh_key(&self) -> (u8, &hmac::Key) {
        (self.first.version, &self.first.refresh)
    }

    /// The key for refresh tokens of this version.
    pub(super) fn refresh_key(&self, version: u8) -> Option<&hmac::Key> {
        self.key(version).map(|key| &key.refresh)
    }

    fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&*self.first).chain(self.others.iter())
    }

    fn key(&self, version: u8) -> Option<&MasterKey> {
        self.keys().find(|key| key.version == version)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|key| format!("v{}:…", key.version))).finish()
    }
}

impl MasterKey {
    fn new(version: u8, secret: Zeroizing<[u8; 32]>) -> Self {
        let derive = hkdf::Salt::new(hkdf::HKDF_SHA256, b"vestibule").extract(secret.as_slice());
        let refresh = derived(&derive, "mac", REFRESH, hmac::HMAC_SHA256);
        Self { version, secret, derive, refresh }
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, secret) = text.strip_prefix('v')?.split_once(':')?;
        // One spelling for each version: no sign, no leading zero, and not zero.
        let version = version.parse().ok().filter(|&number: &u8| number > 0 && number.to_string() == version)?;
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?);
        Some(Self::new(version, Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    fn to_text(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(BASE64URL_NOPAD.encode(self.secret.as_slice()));
        Zeroizing::new(format!("v{}:{}", self.version, *secret))
    }

    fn cipher(&self, purpose: &str) -> aead::LessSafeKey {
        aead::LessSafeKey::new(derived(&self.derive, "seal", purpose, &aead::AES_256_GCM))
    }

    fn mac_key(&self, purpose: &str) -> hmac::Key {
        derived(&self.derive, "mac", purpose, hmac::HMAC_SHA256)
    }
}

/// The version of the key that sealed this.
pub fn sealed_under(sealed: &[u8]) -> Option<u8> {
    sealed.first().copied()
}

/// HKDF-Expand to a key for this use and purpose, converted to the key type by `into`.
fn derived<Kind, Key>(master: &hkdf::Prk, usage: &str, purpose: &str, kind: Kind) -> Key
where
    Kind: hkdf::KeyType,
    Key: for<'a> From<hkdf::Okm<'a, Kind>>,
{
    match master.expand(&[usage.as_bytes(), b"\0", purpose.as_bytes()], kind) {
        Ok(material) => material.into(),
        // Fails for keys longer than 8160 bytes only.
        Err(_) => unusable("HKDF cannot derive a key"),
    }
}

fn mac(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    match context.sign().as_ref().try_into() {
        Ok(tag) => tag,
        Err(_) => unusable("HMAC-SHA256 gave no 32 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const NEW: &str = "v2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

    fn ring(keys: &[&str]) -> Keyring {
        Keyring::parse(&keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn opens_what_it_sealed() {
        let random = Random::seeded(1);
        let ring = Keyring::generate(&random);
        let sealed = ring.seal(&random, "totp", b"seed");
        assert_eq!(sealed.len(), 1 + 12 + 4 + 16);
        assert_ne!(sealed, ring.seal(&random, "totp", b"seed"));
        assert_eq!(ring.open("totp", &sealed).unwrap().as_slice(), b"seed");
        assert_eq!(ring.open("other", &sealed).unwrap_err(), OpenError::Refused);
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(ring.open("totp", &changed).is_err());
            assert!(ring.open("totp", &sealed[..position]).is_err());
        }
    }

    #[test]
    fn rotation_keeps_the_old_readable() {
        let random = Random::seeded(1);
        let (old, both, new) = (ring(&[OLD]), ring(&[NEW, OLD]), ring(&[NEW]));
        let sealed = old.seal(&random, "p", b"x");
        assert_eq!(both.open("p", &sealed).unwrap().as_slice(), b"x");
        assert_eq!(new.open("p", &sealed).unwrap_err(), OpenError::UnknownKey(1));
        assert_eq!(both.seal(&random, "p", b"x")[0], 2);
        assert_eq!(both.mac("p", &[b"x"]), new.mac("p", &[b"x"]));
        assert!(both.verify_mac("p", &[b"x"], &old.mac("p", &[b"x"])));
        assert!(!new.verify_mac("p", &[b"x"], &old.mac("p", &[b"x"])));
    }

    #[test]
    fn resealing_is_under_the_newest_key_and_happens_once() {
        let random = Random::seeded(1);
        let (old, both, new) = (ring(&[OLD]), ring(&[NEW, OLD]), ring(&[NEW]));
        let sealed = old.seal(&random, "p", b"x");
        let again = both.reseal(&random, "p", &sealed).unwrap().unwrap();
        assert_eq!(sealed_under(&again), Some(2));
        assert_eq!(new.open("p", &again).unwrap().as_slice(), b"x");
        assert_eq!(both.reseal(&random, "p", &again), Ok(None));
        assert_eq!(both.reseal(&random, "other", &sealed), Err(OpenError::Refused), "for its purpose only");
        assert_eq!(new.reseal(&random, "p", &sealed), Err(OpenError::UnknownKey(1)));
        assert_eq!((both.newest(), both.older()), (2, vec![1]));
    }

    #[test]
    fn macs_keep_parts_and_purposes_apart() {
        let ring = ring(&[OLD]);
        let tag = ring.mac("p", &[b"ab", b"c"]);
        assert_ne!(tag, ring.mac("p", &[b"a", b"bc"]));
        assert_ne!(tag, ring.mac("p", &[b"abc"]));
        assert_ne!(tag, ring.mac("p", &[b"ab", b"c", b""]));
        assert_ne!(tag, ring.mac("q", &[b"ab", b"c"]));
        assert_eq!(tag, ring.mac("p", &[b"ab", b"c"]));
    }

    #[test]
    fn keys_travel_as_text_and_are_not_shown() {
        let ring = ring(&[NEW, OLD]);
        let text: Vec<String> = ring.to_text().iter().map(|key| key.to_string()).collect();
        assert_eq!(text, [NEW, OLD]);
        assert_eq!(format!("{ring:?}"), r#"["v2:…", "v1:…"]"#);
    }

    #[test]
    fn bad_keys_are_named_by_number() {
        let parse = |keys: &[&str]| Keyring::parse(&keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&[]).unwrap_err(), KeyringError::Empty);
        assert_eq!(parse(&[OLD, OLD]).unwrap_err(), KeyringError::Twice(1));
        for bad in [
            "",
            "v1",
            "v1:",
            "v0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "v1:AAEC",
            "v01:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        ] {
            assert_eq!(parse(&[NEW, bad]).unwrap_err(), KeyringError::Malformed(2));
        }
    }
}
