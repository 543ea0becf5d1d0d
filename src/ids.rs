//! Names of things: a type per kind of thing, so that a user's id cannot be passed for a session's.
//!
//! An id is a `TypeID` (<https://github.com/jetify-com/typeid>, version 0.3): a prefix that says what it names, `_`, and a
//! `UUIDv7` (RFC 9562 section 5.7) in 26 characters of lower-case Crockford base32. Ids sort by the time they were made
//! and are no secrets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::crypto::random::Random;
use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// Why a text is no id of the wanted type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseIdError {
    /// It names something else, or nothing.
    #[error("the id must begin with `{0}_`")]
    Prefix(&'static str),
    /// The part after the prefix is not 26 characters of lower-case base32 below 2^128.
    #[error("the id is malformed")]
    Malformed,
    /// A client id that is empty, longer than 255 characters or not printable ASCII.
    #[error("a client id has 1 to 255 characters of printable ASCII")]
    ClientId,
}

/// A `UUIDv7`'s bytes as a number.
fn uuid_v7(now: Timestamp, random: &Random) -> u128 {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid().as_u128()
}

fn encode(prefix: &str, value: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 1 + LENGTH);
    text.push_str(prefix);
    text.push('_');
    for position in (0..LENGTH).rev() {
        let digit = (value >> (5 * position)) & 31;
        text.extend(usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit)).map(|&byte| char::from(byte)));
    }
    text
}

fn decode(prefix: &'static str, text: &str) -> Result<u128, ParseIdError> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(ParseIdError::Prefix(prefix))?;
    // 26 digits hold 130 bits: a first digit above 7 would overflow.
    if digits.len() != LENGTH || digits.as_bytes().first().is_none_or(|&first| first > b'7') {
        return Err(ParseIdError::Malformed);
    }
    digits.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|&known| known == byte).ok_or(ParseIdError::Malformed)?;
        Ok(value << 5 | digit as u128)
    })
}

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! type_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// What ids of this type begin with, before the `_`.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, sorting after those made in earlier milliseconds.
            pub fn new(now: Timestamp, random: &Random) -> Self {
                Self(encode($prefix, uuid_v7(now, random)).into())
            }

            /// The UUID inside.
            pub fn bytes(&self) -> [u8; 16] {
                // Only `new`, `from_bytes` and `from_str` make ids, so this always decodes.
                decode($prefix, &self.0).unwrap_or_default().to_be_bytes()
            }

            /// The id with this UUID inside.
            pub fn from_bytes(uuid: [u8; 16]) -> Self {
                Self(encode($prefix, u128::from_be_bytes(uuid)).into())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                decode($prefix, text)?;
                Ok(Self(text.into()))
            }
        }

        text_id!($name);
    )*};
}

type_ids! {
    /// A person's account; the `sub` of tokens.
    UserId = "user";
    /// A server at work on the database.
    NodeId = "node";
    /// A browser session.
    SessionId = "sess";
    /// A journey through pages: signing in, signing up, verifying an address…
    FlowId = "flow";
    /// What a user let a client do; the family of its tokens.
    GrantId = "grant";
    /// An entry of the audit log.
    EventId = "evt";
    /// A mail or other message in the outbox.
    MessageId = "msg";
    /// A signing key; the `kid` of tokens.
    KeyId = "key";
    /// A browser carrying a session cookie's row, before and beside any sign-in.
    CarrierId = "crr";
    /// A second factor that is not a passkey: an authenticator app, or codes by SMS or mail.
    FactorId = "fac";
    /// A passkey or security key.
    PasskeyId = "pky";
    /// A browser that is not asked for the second factor.
    DeviceId = "dev";
    /// An account's connection with somebody at a provider.
    IdentityId = "idn";
    /// A change of address that can be taken back.
    AddressChangeId = "chg";
}

/// A client's `client_id`: one of ours (`client_…`), or any text an operator chose, of the characters that RFC 6749
/// appendix A.1 allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Box<str>);

impl ClientId {
    /// A new id of the form `client_` and 26 characters.
    pub fn new(now: Timestamp, random: &Random) -> Self {
        Self(encode("client", uuid_v7(now, random)).into())
    }

    /// Whether it has the form of a person's id. Not for a client: a token for itself has the client's id as `sub` (RFC 9068 section 2.2), and section 5
    /// warns of those that can be taken for people.
    pub fn looks_like_a_person(text: &str) -> bool {
        text.to_ascii_lowercase().starts_with("user_")
    }

    /// Whether it has the form of an id that was made here, and so means nothing to people.
    pub fn is_generated(&self) -> bool {
        decode("client", &self.0).is_ok()
    }
}

impl FromStr for ClientId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Ok(Self(text.into()))
        } else {
            Err(ParseIdError::ClientId)
        }
    }
}

text_id!(ClientId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_specification_s_vectors() {
        // https://github.com/jetify-com/typeid/blob/main/spec/valid.yml
        for (digits, uuid) in [
            ("00000000000000000000000000", 0),
            ("00000000000000000000000001", 1),
            ("0000000000000000000000000a", 10),
            ("0000000000000000000000000g", 16),
            ("00000000000000000000000010", 32),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", u128::MAX),
            ("0123456789abcdefghjkmnpqrs", 0x0110_c853_1d09_52d8_d73e_1194_e95b_5f19),
            ("01h455vb4pex5vsknk084sn02q", 0x0189_0a5d_ac96_774b_bcce_b302_099a_8057),
        ] {
            let id = UserId::from_bytes(uuid.to_be_bytes());
            assert_eq!(id.as_str(), format!("user_{digits}"));
            assert_eq!(id.as_str().parse(), Ok(id.clone()));
            assert_eq!(id.bytes(), uuid.to_be_bytes());
        }
    }

    #[test]
    fn refuses_what_is_not_one() {
        for text in [
            "",
            "user",
            "user_",
            "sess_01h455vb4pex5vsknk084sn02q",
            "user_01h455vb4pex5vsknk084sn02",
            "user_01h455vb4pex5vsknk084sn02qq",
            "user_81h455vb4pex5vsknk084sn02q",
            "user_01H455VB4PEX5VSKNK084SN02Q",
            "user_01h455vb4pex5vsknk084sn02u",
            "user_01h455vb4pex5vsknk084sn0é",
        ] {
            assert!(text.parse::<UserId>().is_err(), "{text}");
        }
    }

    #[test]
    fn new_ids_sort_by_time_and_differ() {
        let random = Random::seeded(1);
        let (early, late) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
        assert!(SessionId::new(early, &random) < SessionId::new(late, &random));
        assert_ne!(SessionId::new(early, &random), SessionId::new(early, &random));
        assert_eq!(uuid::Uuid::from_bytes(GrantId::new(late, &random).bytes()).get_version_num(), 7);
    }

    #[test]
    fn travels_as_a_string() {
        let id = GrantId::new(Timestamp::from_seconds(1), &Random::seeded(1));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<GrantId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<UserId>(&json).is_err());
    }

    #[test]
    fn client_ids_are_free_text() {
        let made = ClientId::new(Timestamp::from_seconds(1), &Random::seeded(1));
        assert!(made.as_str().starts_with("client_"));
        assert_eq!(made.as_str().parse(), Ok(made.clone()));
        assert!(made.is_generated());
        assert!(!"client_wiki".parse::<ClientId>().unwrap().is_generated());
        assert!("https://app.example/ client".parse::<ClientId>().is_ok());
        for text in [String::new(), "a\n".into(), "é".into(), "a".repeat(256)] {
            assert_eq!(text.parse::<ClientId>(), Err(ParseIdError::ClientId));
        }
    }
}
