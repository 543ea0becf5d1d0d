//! A person's account.

use serde::{Deserialize, Serialize};

use super::address::{Channel, Contact, Email, Identifier, Username};
use super::phone::Phone;
use super::text::{self, Unshowable};
use crate::ids::UserId;
use crate::time::Timestamp;

/// A person's account, as stored.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub username: Option<Username>,
    pub email: Option<Email>,
    pub email_verified_at: Option<Timestamp>,
    /// The provider on whose word alone the address counts as proved; none once a code or link has arrived there.
    pub email_vouched_by: Option<String>,
    pub phone_number: Option<Phone>,
    pub phone_number_verified_at: Option<Timestamp>,
    /// PHC string.
    pub password_hash: Option<String>,
    /// Also when a lock took it away; None if there is, or never was, none by the owner's or the operator's choice.
    pub password_changed_at: Option<Timestamp>,
    pub state: UserState,
    pub is_admin: bool,
    pub profile: Profile,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
    /// How often they were signed out of more than one browser at once: those that were known before are strangers.
    pub device_epoch: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    Active,
    /// An operator has shut the account: nobody signs in, and nothing issued for it works.
    Disabled,
}

impl UserState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// The standard claims that a person may hold (OpenID Connect Core section 5.1), but for those that have columns of their own,
/// and a biography.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
}

/// The `address` claim (OpenID Connect Core section 5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What is wrong with one field of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldError {
    TooLong,
    ControlCharacter,
    /// There is something, and nobody sees it.
    Blank,
    NotAUrl,
    NotADate,
    NotATimeZone,
    NotALanguage,
    /// Of the page's form; the user name is no field of the profile.
    NotAUsername,
}

/// A field's name (that of its claim; `address.locality` for parts) and what is wrong with it.
pub type FieldErrors = Vec<(&'static str, FieldError)>;

type Rule = fn(&str) -> Result<(), FieldError>;

impl Profile {
    /// Every field by its name, in the order of the pages.
    pub fn fields(&self) -> Vec<(&'static str, &Option<String>)> {
        static NOTHING: Option<String> = None;
        let part = |part: fn(&Address) -> &Option<String>| self.address.as_ref().map_or(&NOTHING, part);
        vec![
            ("name", &self.name),
            ("given_name", &self.given_name),
            ("family_name", &self.family_name),
            ("middle_name", &self.middle_name),
            ("nickname", &self.nickname),
            ("preferred_username", &self.preferred_username),
            ("profile", &self.profile),
            ("picture", &self.picture),
            ("website", &self.website),
            ("gender", &self.gender),
            ("birthdate", &self.birthdate),
            ("zoneinfo", &self.zoneinfo),
            ("locale", &self.locale),
            ("bio", &self.bio),
            ("address.formatted", part(|a| &a.formatted)),
            ("address.street_address", part(|a| &a.street_address)),
            ("address.locality", part(|a| &a.locality)),
            ("address.region", part(|a| &a.region)),
            ("address.postal_code", part(|a| &a.postal_code)),
            ("address.country", part(|a| &a.country)),
        ]
    }

    /// Sets a field by its name; an empty text removes it. Unknown names change nothing.
    pub fn set(&mut self, name: &str, value: &str) {
        // What is pasted around a name goes; what is nothing else stays, so that it is refused and not taken for an empty field.
        let value = Some(text::trimmed(value)).filter(|text| !text.is_empty()).unwrap_or_else(|| value.trim());
        let value = Some(value.to_owned()).filter(|text| !text.is_empty());
        if let Some(part) = name.strip_prefix("address.") {
            let mut address = self.address.take().unwrap_or_default();
            match part {
                "formatted" => address.formatted = value,
                "street_address" => address.street_address = value,
                "locality" => address.locality = value,
                "region" => address.region = value,
                "postal_code" => address.postal_code = value,
                "country" => address.country = value,
                _ => {}
            }
            self.address = Some(address).filter(|address| *address != Address::default());
            return;
        }
        match name {
            "name" => self.name = value,
            "given_name" => self.given_name = value,
            "family_name" => self.family_name = value,
            "middle_name" => self.middle_name = value,
            "nickname" => self.nickname = value,
            "preferred_username" => self.preferred_username = value,
            "profile" => self.profile = value,
            "picture" => self.picture = value,
            "website" => self.website = value,
            "gender" => self.gender = value,
            "birthdate" => self.birthdate = value,
            "zoneinfo" => self.zoneinfo = value,
            "locale" => self.locale = value,
            "bio" => self.bio = value,
            _ => {}
        }
    }

    /// Every problem, so that a page can show them all at once.
    pub fn problems(&self) -> FieldErrors {
        let check = |(name, value): (&'static str, &Option<String>)| {
            let value = value.as_deref()?;
            let error = rule(name)(value).err()?;
            Some((name, error))
        };
        self.fields().into_iter().filter_map(check).collect()
    }
}

fn rule(name: &str) -> Rule {
    match name {
        "profile" | "picture" | "website" => web_address,
        "birthdate" => birthdate,
        "zoneinfo" => time_zone,
        "locale" => language,
        "bio" | "address.formatted" | "address.street_address" => lines,
        _ => line,
    }
}

impl From<Unshowable> for FieldError {
    fn from(unshowable: Unshowable) -> Self {
        match unshowable {
            Unshowable::Controls => Self::ControlCharacter,
            Unshowable::Blank => Self::Blank,
        }
    }
}

fn line(text: &str) -> Result<(), FieldError> {
    match () {
        () if text.chars().count() > 200 => Err(FieldError::TooLong),
        () => Ok(text::showable(text)?),
    }
}

fn lines(text: &str) -> Result<(), FieldError> {
    match () {
        () if text.chars().count() > 2000 => Err(FieldError::TooLong),
        () => Ok(text::showable_lines(text)?),
    }
}

/// Only the web's own schemes: the text becomes a link or an image on other people's pages.
fn web_address(text: &str) -> Result<(), FieldError> {
    let url = url::Url::parse(text).map_err(|_| FieldError::NotAUrl)?;
    match () {
        () if text.len() > 2000 => Err(FieldError::TooLong),
        () if !matches!(url.scheme(), "https" | "http") || url.host().is_none() => Err(FieldError::NotAUrl),
        () if !url.username().is_empty() || url.password().is_some() => Err(FieldError::NotAUrl),
        () => line(&text.chars().take(200).collect::<String>()),
    }
}

/// `YYYY-MM-DD`, `0000-MM-DD` where the year is withheld, or `YYYY` (OpenID Connect Core section 5.1).
fn birthdate(text: &str) -> Result<(), FieldError> {
    let withheld = text.strip_prefix("0000-").map(|rest| format!("2000-{rest}")); // a leap year
    let year_only = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    let date = withheld.as_deref().unwrap_or(text);
    let is_date = date.len() == 10 && date.parse::<jiff::civil::Date>().is_ok();
    if year_only || is_date { Ok(()) } else { Err(FieldError::NotADate) }
}

fn time_zone(text: &str) -> Result<(), FieldError> {
    jiff::tz::db().get(text).map(drop).map_err(|_| FieldError::NotATimeZone)
}

/// A BCP 47 tag such as `de-AT`.
fn language(text: &str) -> Result<(), FieldError> {
    text.parse::<unic_langid::LanguageIdentifier>().map(drop).map_err(|_| FieldError::NotALanguage)
}

impl User {
    /// An account with nothing but its id.
    pub fn blank(id: UserId, now: Timestamp) -> Self {
        Self {
            id,
            username: None,
            email: None,
            email_verified_at: None,
            email_vouched_by: None,
            phone_number: None,
            phone_number_verified_at: None,
            password_hash: None,
            password_changed_at: None,
            state: UserState::Active,
            is_admin: false,
            profile: Profile::default(),
            created_at: now,
            updated_at: now,
            last_login_at: None,
            device_epoch: 0,
        }
    }

    pub fn is_active(&self) -> bool {
        self.state == UserState::Active
    }

    /// Whether this text, such as a `login_hint` (OpenID Connect Core section 3.1.2.1), names an address, number or user name that is not this account's.
    pub fn is_another(&self, text: &str) -> bool {
        let another = |name: Option<&str>, named: &str| name != Some(named);
        match Identifier::parse(text, None) {
            Identifier::Email(email) => another(self.email.as_ref().map(Email::key), email.key()),
            Identifier::Phone(phone) => another(self.phone_number.as_ref().map(Phone::as_str), phone.as_str()),
            Identifier::Username(name) => another(self.username.as_ref().map(Username::key), name.key()),
            Identifier::Unknown => false,
        }
    }

    /// Whether this person can administer. Shut out, they cannot.
    pub fn is_active_administrator(&self) -> bool {
        self.is_admin && self.is_active()
    }

    /// Its owner has locked it ("this was not me"), and it has no new password yet.
    pub const fn is_locked(&self) -> bool {
        self.password_hash.is_none() && self.password_changed_at.is_some()
    }

    /// The groups that sites may ask for. There is one so far.
    pub const fn groups(&self) -> &'static [&'static str] {
        if self.is_admin { &[Self::ADMINISTRATORS] } else { &[] }
    }

    pub const ADMINISTRATORS: &'static str = "admin";

    pub const fn email_is_verified(&self) -> bool {
        self.email_verified_at.is_some()
    }

    pub const fn phone_is_verified(&self) -> bool {
        self.phone_number_verified_at.is_some()
    }

    /// The address or number, whether or not it is verified.
    pub fn contact(&self, channel: Channel) -> Option<Contact> {
        match channel {
            Channel::Mail => self.email.clone().map(Contact::Email),
            Channel::Sms => self.phone_number.clone().map(Contact::Phone),
        }
    }

    pub const fn is_verified(&self, channel: Channel) -> bool {
        match channel {
            Channel::Mail => self.email_is_verified(),
            Channel::Sms => self.phone_is_verified(),
        }
    }

    pub fn verified(&self, channel: Channel) -> Option<Contact> {
        self.contact(channel).filter(|_| self.is_verified(channel))
    }

    /// Makes this its address or number.
    pub fn set_contact(&mut self, contact: Contact, verified_at: Option<Timestamp>) {
        match contact {
            Contact::Email(email) => {
                (self.email, self.email_verified_at, self.email_vouched_by) = (Some(email), verified_at, None);
            }
            Contact::Phone(phone) => (self.phone_number, self.phone_number_verified_at) = (Some(phone), verified_at),
        }
    }

    /// Leaves the account without an address, or without a number.
    pub fn remove_contact(&mut self, channel: Channel) {
        match channel {
            Channel::Mail => (self.email, self.email_verified_at, self.email_vouched_by) = (None, None, None),
            Channel::Sms => (self.phone_number, self.phone_number_verified_at) = (None, None),
        }
    }

    /// Whether there is anything to name the account by when signing in: without it a password opens nothing.
    pub const fn has_identifier(&self) -> bool {
        self.email.is_some() || self.username.is_some() || self.phone_number.is_some()
    }

    /// Whether this is its address or number.
    pub fn has(&self, contact: &Contact) -> bool {
        self.contact(contact.channel()).is_some_and(|own| own.key() == contact.key())
    }

    /// How pages address the person: the name, else the user name, the address, or the number. Only whoever has none of these is called by their id.
    pub fn shown_as(&self) -> String {
        let username = self.username.as_ref().map(|name| name.as_str().to_owned());
        let email = self.email.as_ref().map(|email| email.as_str().to_owned());
        let phone = || self.phone_number.as_ref().map(Phone::shown);
        self.profile.name.clone().or(username).or(email).or_else(phone).unwrap_or_else(|| self.id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, value: &str) -> FieldErrors {
        let mut profile = Profile::default();
        profile.set(name, value);
        profile.problems()
    }

    #[test]
    fn each_field_refuses_what_it_cannot_mean() {
        for (name, good) in [
            ("birthdate", "1990-02-28"),
            ("birthdate", "0000-02-29"),
            ("birthdate", "1990"),
            ("zoneinfo", "Europe/Vienna"),
            ("locale", "de-AT"),
            ("picture", "https://example.com/a.png"),
            ("bio", "two\nlines"),
            ("address.country", "Österreich"),
            ("name", "Ana 🦊"),
        ] {
            assert_eq!(problems(name, good), [], "{name} {good}");
        }
        for (name, bad, error) in [
            ("birthdate", "1990-02-30", FieldError::NotADate),
            ("birthdate", "yesterday", FieldError::NotADate),
            ("zoneinfo", "Mars/Base", FieldError::NotATimeZone),
            ("locale", "not a tag", FieldError::NotALanguage),
            ("picture", "javascript:alert(1)", FieldError::NotAUrl),
            ("website", "https://a:b@c.example", FieldError::NotAUrl),
            ("name", "a\0b", FieldError::ControlCharacter),
            ("name", "a\u{202e}b", FieldError::ControlCharacter),
            ("bio", "a\n\u{2066}b", FieldError::ControlCharacter),
            ("name", " \u{200b} ", FieldError::Blank),
            ("nickname", "\u{3164}", FieldError::Blank),
            ("address.locality", "a\nb", FieldError::ControlCharacter),
        ] {
            let found = problems(name, bad);
            assert_eq!(found.len(), 1, "{name} {bad}");
            assert_eq!(found[0].1, error);
        }
        assert_eq!(problems("nickname", &"x".repeat(201)), [("nickname", FieldError::TooLong)]);
    }

    #[test]
    fn setting_every_field_and_emptying_it_leaves_nothing() {
        let names: Vec<_> = Profile::default().fields().iter().map(|(name, _)| *name).collect();
        let mut profile = Profile::default();
        for name in &names {
            profile.set(name, "x");
        }
        assert!(profile.fields().iter().all(|(_, value)| value.as_deref() == Some("x")));
        for name in &names {
            profile.set(name, "  ");
        }
        assert_eq!(profile, Profile::default());
    }
}
