//! Passkeys and security keys (Web Authentication Level 3): what is kept of them, and what they are called.

use super::text;
use crate::ids::{PasskeyId, UserId};
use crate::time::Timestamp;

/// A registered public-key credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub id: PasskeyId,
    pub user_id: UserId,
    pub kind: PasskeyKind,
    /// The authenticator's name for it; unique over all accounts.
    pub credential_id: Vec<u8>,
    /// Public key, signature counter and flags, as webauthn-rs writes them in JSON.
    pub credential: String,
    /// What the person calls it.
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyKind {
    /// Discoverable and verifies its user: a way in by itself.
    Passkey,
    /// Shows that the key is present, no more: a second factor.
    SecurityKey,
}

impl PasskeyKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::SecurityKey => "security_key",
        }
    }

    pub fn named(text: &str) -> Option<Self> {
        [Self::Passkey, Self::SecurityKey].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// More characters than anybody needs to tell keys apart.
pub const LONGEST_NAME: usize = 64;

/// A name as typed, if it can be one: 1 to [`LONGEST_NAME`] characters.
pub fn name(typed: &str) -> Option<String> {
    let name: String = text::trimmed(typed).split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && text::showable(&name).is_ok();
    fits.then_some(name)
}

/// What a new credential is called: its provider, if that is known.
pub fn provider(attestation_object: &[u8]) -> Option<&'static str> {
    let id = aaguid(attestation_object)?;
    PROVIDERS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(known, _)| uuid::Uuid::parse_str(known) == Ok(id))
        .map(|(_, name)| name)
}

const PROVIDERS: &str = include_str!("passkey_providers.txt");

/// The AAGUID in an attestation object (Web Authentication Level 3 section 6.5.4) that has been accepted. It serves to name the credential, so
/// this looks for the one entry instead of reading CBOR: the text `authData`, then a byte string, in which it stands at 37.
fn aaguid(attestation_object: &[u8]) -> Option<uuid::Uuid> {
    const KEY: &[u8] = b"\x68authData";
    let at = attestation_object.windows(KEY.len()).position(|window| window == KEY)?;
    let value = attestation_object.get(at + KEY.len()..)?;
    let ([0x58, _, data @ ..] | [0x59, _, _, data @ ..]) = value else { return None };
    uuid::Uuid::from_slice(data.get(37..53)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(head: &[u8], aaguid: &str) -> Vec<u8> {
        let id = uuid::Uuid::parse_str(aaguid).unwrap();
        [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData", head, &[7; 37], id.as_bytes(), &[9; 40]].concat()
    }

    #[test]
    fn providers_are_found_in_the_attestation_object() {
        let bitwarden = "d548826e-79b4-db40-a3d8-11116f7e8349";
        assert_eq!(provider(&object(&[0x58, 93], bitwarden)), Some("Bitwarden"));
        assert_eq!(provider(&object(&[0x59, 1, 93], bitwarden)), Some("Bitwarden"));
        assert_eq!(provider(&object(&[0x58, 93], "00000000-0000-0000-0000-000000000000")), None);
        assert_eq!(provider(&object(&[0x40], bitwarden)), None);
        assert_eq!(provider(b"\x68authData\x58\x02ab"), None);
        assert_eq!(provider(b""), None);
    }

    #[test]
    fn every_provider_has_an_id_and_a_name() {
        let mut seen = std::collections::BTreeSet::new();
        for line in PROVIDERS.lines().filter(|line| !line.starts_with('#')) {
            let (id, given) = line.split_once(' ').unwrap();
            assert!(uuid::Uuid::parse_str(id).is_ok() && seen.insert(id), "{line}");
            assert_eq!(name(given).as_deref(), Some(given));
        }
    }

    #[test]
    fn names_are_short_and_tidy() {
        assert_eq!(name("  My\t phone ").as_deref(), Some("My phone"));
        assert_eq!(name(" "), None);
        assert_eq!(name(&"ü".repeat(64)).map(|name| name.chars().count()), Some(64));
        assert_eq!(name(&"ü".repeat(65)), None);
        assert_eq!(name("a\u{7}b"), None);
    }
}
