//! E-mail addresses, user names and phone numbers: as typed, and as compared.

use std::fmt;
use std::str::FromStr;

use super::phone::{Country, Phone};
use super::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An e-mail address: how it was typed, and the one spelling by which it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    typed: String,
    key: String,
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why a text is no e-mail address we can write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEmail {
    #[error("not an e-mail address")]
    Malformed,
    /// Addresses of RFC 6531 would need every mail server on the way to know SMTPUTF8, and most of them still return such mail.
    #[error("what stands before the @ has letters outside ASCII: mail cannot be sent there")]
    LocalPart,
}

impl Email {
    /// Accepts `dot-atom@domain` (RFC 5321 section 4.1.2, without quoted strings and address literals), at most 254 bytes with a
    /// local part of at most 64. The domain is compared in lower-case ASCII (UTS #46); the local part without regard to case,
    /// because no large provider tells `Ana@` from `ana@` and people do not either.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let typed = text.trim();
        let (local, domain) = typed.rsplit_once('@').ok_or(NotAnEmail::Malformed)?;
        let atom = |part: &str| !part.is_empty() && part.chars().all(|c| is_atext(c) || (!c.is_ascii() && c.is_alphanumeric()));
        if local.len() > 64 || !local.split('.').all(atom) {
            return Err(NotAnEmail::Malformed);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NotAnEmail::Malformed)?;
        let labels = domain.split('.').filter(|label| !label.is_empty()).count();
        let last_is_number = domain.rsplit('.').next().is_none_or(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if labels != domain.split('.').count() || last_is_number {
            return Err(NotAnEmail::Malformed);
        }
        if !local.is_ascii() {
            return Err(NotAnEmail::LocalPart);
        }
        let key = format!("{}@{domain}", local.to_ascii_lowercase());
        if key.len() > 254 || typed.len() > 320 {
            return Err(NotAnEmail::Malformed);
        }
        Ok(Self { typed: format!("{local}@{domain}"), key })
    }

    /// As [`Email::parse`], of what a person typed or pasted: see [`text::meant`].
    pub fn typed(text: &str) -> Result<Self, NotAnEmail> {
        if text.len() > 2 * LONGEST { Err(NotAnEmail::Malformed) } else { Self::parse(&text::meant(text)) }
    }

    /// As the person wrote the local part, with the domain in ASCII: what mail is sent to.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The spelling that is unique.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The mailbox, for counting what is sent to it: without what stands behind a `+`, which nearly all large providers deliver to the same one (RFC 5233
    /// calls it the detail), and without the dots that Gmail ignores. Two people who share one by this lose nothing but a place in a count.
    pub fn mailbox(&self) -> String {
        let (local, domain) = self.key.rsplit_once('@').unwrap_or((&self.key, ""));
        let name = local.split('+').next().filter(|name| !name.is_empty()).unwrap_or(local);
        match domain {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", name.replace('.', "")),
            _ => format!("{name}@{domain}"),
        }
    }

    /// For pages: enough to recognise one's own address, not enough to learn another's.
    pub fn masked(&self) -> String {
        match self.typed.split_once('@') {
            Some((local, domain)) => format!("{}•••@{domain}", local.chars().take(2).collect::<String>()),
            None => "•••".to_owned(),
        }
    }
}

const fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~')
}

/// A user name: 2 to 40 letters, digits, dots, dashes and underscores of ASCII, beginning with a letter, so that it is never
/// taken for an address or a number, nor for a look-alike from another alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    typed: String,
    key: String,
}

/// Why a text is no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a user name")]
pub struct NotAUsername;

impl Username {
    pub fn parse(text: &str) -> Result<Self, NotAUsername> {
        if text.len() > LONGEST {
            return Err(NotAUsername);
        }
        let typed = text::meant(text);
        let ok = (2..=40).contains(&typed.len())
            && typed.starts_with(|c: char| c.is_ascii_alphabetic())
            && typed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if !ok {
            return Err(NotAUsername);
        }
        let key = typed.to_ascii_lowercase();
        Ok(Self { typed, key })
    }

    /// One that an account is given because it has no other name left. Nobody can foresee it, so nobody can take it beforehand, and it is
    /// short enough to be typed.
    pub fn invented(chance: [u8; 6]) -> Self {
        let digits = data_encoding::BASE32_DNSCURVE.encode(&chance);
        let typed = format!("user-{digits}");
        Self { key: typed.clone(), typed }
    }

    pub fn as_str(&self) -> &str {
        &self.typed
    }

    pub fn key(&self) -> &str {
        &self.key
    }
}

/// The longest text that can be an identifier, in bytes: an address as typed, with letters that its ASCII form spells out.
const LONGEST: usize = 320;

/// As much of a typed identifier as is kept: longer ones are nobody's.
pub fn kept(typed: &str) -> &str {
    let typed = text::trimmed(typed);
    typed.get(..typed.floor_char_boundary(LONGEST)).unwrap_or(typed)
}

/// What a person typed to say who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    Email(Email),
    Phone(Phone),
    Username(Username),
    /// None of them: nobody has it.
    Unknown,
}

impl Identifier {
    /// `home`: the country of numbers that are written without theirs.
    pub fn parse(text: &str, home: Option<Country>) -> Self {
        let text = text::trimmed(text);
        if text.len() > LONGEST {
            return Self::Unknown;
        }
        if let Ok(email) = Email::typed(text) {
            return Self::Email(email);
        }
        if let Ok(phone) = Phone::parse(text, home) {
            return Self::Phone(phone);
        }
        Username::parse(text).map_or(Self::Unknown, Self::Username)
    }

    /// The spelling by which limits count; the typed text where it is no identifier at all.
    pub fn key(&self) -> &str {
        match self {
            Self::Email(email) => email.key(),
            Self::Phone(phone) => phone.as_str(),
            Self::Username(name) => name.key(),
            Self::Unknown => "",
        }
    }
}

/// How a message reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Mail,
    Sms,
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Mail, Self::Sms];

    pub const fn other(self) -> Self {
        match self {
            Self::Mail => Self::Sms,
            Self::Sms => Self::Mail,
        }
    }

    /// By its name in a row.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

/// Where a code can go. Stored as its text: a mail address has an `@`, a number begins with `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    Email(Email),
    Phone(Phone),
}

impl Contact {
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Mail,
            Self::Phone(_) => Channel::Sms,
        }
    }

    /// What messages are sent to.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Phone(phone) => phone.as_str(),
        }
    }

    /// The spelling that is unique.
    pub fn key(&self) -> &str {
        match self {
            Self::Email(email) => email.key(),
            Self::Phone(phone) => phone.as_str(),
        }
    }

    /// For its owner.
    pub fn shown(&self) -> String {
        match self {
            Self::Email(email) => email.as_str().to_owned(),
            Self::Phone(phone) => phone.shown(),
        }
    }

    /// For pages that anybody may see.
    pub fn masked(&self) -> String {
        match self {
            Self::Email(email) => email.masked(),
            Self::Phone(phone) => phone.masked(),
        }
    }

    pub fn identifier(&self) -> Identifier {
        match self.clone() {
            Self::Email(email) => Identifier::Email(email),
            Self::Phone(phone) => Identifier::Phone(phone),
        }
    }
}

/// Why a text is no contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a mail address nor a phone number in E.164")]
pub struct NotAContact;

impl FromStr for Contact {
    type Err = NotAContact;

    fn from_str(text: &str) -> Result<Self, NotAContact> {
        if text.starts_with('+') && !text.contains('@') {
            return Phone::stored(text).map(Self::Phone).map_err(|_| NotAContact);
        }
        Email::parse(text).map(Self::Email).map_err(|_| NotAContact)
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Contact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An E.164 number: `+`, then 7 to 15 digits, the first not zero.
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_are_the_same_have_one_key() {
        for (a, b) in [("Ana@Example.com", "ana@example.COM"), (" ana@bücher.example ", "ana@xn--bcher-kva.example")] {
            assert_eq!(Email::parse(a).unwrap().key(), Email::parse(b).unwrap().key(), "{a} {b}");
        }
        assert_ne!(Email::parse("a.na@example.com").unwrap().key(), Email::parse("ana@example.com").unwrap().key());
        assert_ne!(Email::parse("ana+x@example.com").unwrap().key(), Email::parse("ana@example.com").unwrap().key());
    }

    #[test]
    fn what_cannot_be_written_to_is_refused() {
        for bad in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "ana@@example.com",
            "a b@example.com",
            "ana@exa mple.com",
            "ana@.com",
            "ana@example..com",
            ".ana@example.com",
            "ana.@example.com",
            "ana\r\nBcc: x@example.com",
            "ana@example.com\0",
            "\"a\"@example.com",
            "ana@[127.0.0.1]",
            "ana@127.0.0.1",
            "ana<x@example.com>",
            "ana,bob@example.com",
            "ana@example.com\u{2028}x",
            "änä@127.0.0.1",
        ] {
            assert_eq!(Email::parse(bad), Err(NotAnEmail::Malformed), "{bad:?}");
        }
        for bad in ["änä@example.com", "用户@例え.jp", "ａna@example.com"] {
            assert_eq!(Email::parse(bad), Err(NotAnEmail::LocalPart), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
        assert!(Email::parse(&format!("a@{}.com", "b.".repeat(130))).is_err());
    }

    #[test]
    fn what_people_paste_is_understood_and_what_providers_say_is_taken_as_it_is() {
        let austria = "AT".parse().ok();
        for (text, key) in [
            ("\u{feff}ana@example.com\u{200b}", "ana@example.com"),
            ("ａｎａ＠example．com", "ana@example.com"),
            ("\u{202a}+43 660 1234567\u{202c}", "+436601234567"),
            ("٠٦٦٠ ١٢٣٤٥٦٧", "+436601234567"),
            ("\u{200e}ana.k\u{200f}", "ana.k"),
        ] {
            assert_eq!(Identifier::parse(text, austria).key(), key, "{text:?}");
        }
        assert!(Email::parse("ａna@example.com").is_err(), "another spelling may be another person at a provider");
        assert_eq!(Email::typed("änä@example.com"), Err(NotAnEmail::LocalPart));
    }

    #[test]
    fn spellings_of_one_mailbox() {
        let mailbox = |text| Email::parse(text).unwrap().mailbox();
        for text in ["A.na.k@Gmail.com", "anak+shop@googlemail.com", "anak@gmail.com"] {
            assert_eq!(mailbox(text), "anak@gmail.com");
        }
        assert_eq!(mailbox("Ana.K+x+y@a.example"), "ana.k@a.example");
        assert_eq!(mailbox("+x@a.example"), "+x@a.example");
        assert_eq!(mailbox("+y@a.example"), "+y@a.example");
    }

    #[test]
    fn user_names() {
        assert_eq!(Username::parse("Ana.K").unwrap().key(), "ana.k");
        for bad in ["", "a", "1ana", "ana@x", "аna", "a na", "ana\0", "-ana"] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_is_stable(text in "\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.key()).unwrap();
                prop_assert_eq!(again.key(), email.key());
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
            }
        }
    }
}
