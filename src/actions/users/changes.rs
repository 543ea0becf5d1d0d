//! What an operator writes about a person: JSON in, checked changes out.

use serde_json::{Map, Value};

use super::Refused;
use crate::crypto::password::is_usable;
use crate::engine::address::{Email, NotAnEmail, Username};
use crate::engine::phone::Phone;
use crate::engine::user::{FieldError, Profile, User};
use crate::time::Timestamp;

/// What is to be written. What is not given stays as it is.
#[derive(Clone, Default)]
pub struct Changes {
    pub email: Option<Set<Email>>,
    pub email_verified: Option<bool>,
    pub phone_number: Option<Set<Phone>>,
    pub phone_number_verified: Option<bool>,
    pub username: Option<Set<Username>>,
    pub password: Option<NewPassword>,
    /// Names of claims (`address.locality` for parts) and their values; an empty one removes.
    pub profile: Vec<(String, String)>,
    pub is_admin: Option<bool>,
    /// When the profile was last changed, for accounts that come from elsewhere.
    pub updated_at: Option<Timestamp>,
}

/// A given value: to be written, or to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set<T> {
    To(T),
    Nothing,
}

impl<T> From<Option<T>> for Set<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Self::To)
    }
}

impl<T: Clone> Set<T> {
    fn value(&self) -> Option<T> {
        match self {
            Self::To(value) => Some(value.clone()),
            Self::Nothing => None,
        }
    }
}

/// A password, or the hash that another system made of one.
#[derive(Clone)]
pub enum NewPassword {
    Plain(zeroize::Zeroizing<String>),
    /// PHC, argon2id.
    Hash(String),
    /// Nobody signs in by password.
    Remove,
}

const ADDRESS: &str = "address";

impl Changes {
    /// Reads the members of a JSON object: the standard claims (OpenID Connect Core section 5.1), `username`, `bio`, `password` or
    /// `password_hash`, and `is_admin` (or `admin`). `null` removes a value.
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, Refused> {
        let mut changes = Self::default();
        for (name, value) in object {
            changes.member(name, value)?;
        }
        let passwords = ["password", "password_hash"].iter().filter(|name| object.contains_key(**name)).count();
        if passwords > 1 {
            return Err(invalid("password_hash", "stands beside password; give one of them"));
        }
        Ok(changes)
    }

    fn member(&mut self, name: &str, value: &Value) -> Result<(), Refused> {
        match name {
            "email" => {
                let parse = |text: &str| Email::typed(text).map_err(|error| invalid(name, not_an_email(error)));
                self.email = Some(text(name, value)?.map(parse).transpose()?.into());
            }
            "username" => {
                let why = sentence(FieldError::NotAUsername);
                let parse = |text: &str| Username::parse(text).map_err(|_| invalid(name, why));
                self.username = Some(text(name, value)?.map(parse).transpose()?.into());
            }
            "phone_number" => {
                let parse =
                    |number| Phone::stored(number).map_err(|_| invalid(name, "is not in the form of E.164, such as +4312345678"));
                self.phone_number = Some(text(name, value)?.map(parse).transpose()?.into());
            }
            "email_verified" => self.email_verified = Some(truth(name, value)?),
            "phone_number_verified" => self.phone_number_verified = Some(truth(name, value)?),
            "is_admin" | "admin" => self.is_admin = Some(truth(name, value)?),
            "password" => {
                let plain = |text: &str| NewPassword::Plain(text.to_owned().into());
                self.password = Some(text(name, value)?.map_or(NewPassword::Remove, plain));
            }
            "password_hash" => {
                let hash = text(name, value)?;
                if hash.is_some_and(|hash| !is_usable(hash)) {
                    return Err(invalid(
                        name,
                        "is no argon2id hash that can be checked here: a PHC string, $argon2id$v=19$m=…,t=…,p=…$…$…",
                    ));
                }
                self.password = Some(hash.map_or(NewPassword::Remove, |hash| NewPassword::Hash(hash.to_owned())));
            }
            "updated_at" => {
                let seconds = value.as_i64().ok_or_else(|| invalid(name, "must be a number: seconds since 1970"))?;
                self.updated_at = Some(Timestamp::from_seconds(seconds));
            }
            ADDRESS => self.address(value)?,
            "sub" | "id" | "created_at" | "last_login_at" => return Err(invalid(name, "is kept by Vestibule and cannot be set")),
            "state" => return Err(invalid(name, "is changed by `vestibule user disable` and `enable`")),
            _ if is_profile_field(name) => {
                self.profile.push((name.to_owned(), text(name, value)?.unwrap_or_default().to_owned()));
            }
            _ => {
                return Err(invalid(
                    name,
                    "is unknown; the members are the standard claims of OpenID Connect, username, bio, password, password_hash and is_admin",
                ));
            }
        }
        Ok(())
    }

    /// The `address` claim: the whole of it is replaced.
    fn address(&mut self, value: &Value) -> Result<(), Refused> {
        let parts = match value {
            Value::Null => &Map::new(),
            Value::Object(parts) => parts,
            _ => return Err(invalid(ADDRESS, "must be an object or null")),
        };
        let own = |name: &&'static str| name.strip_prefix("address.").is_some();
        let known: Vec<&'static str> = Profile::default().fields().into_iter().map(|(name, _)| name).filter(own).collect();
        if let Some(unknown) = parts.keys().find(|part| !known.contains(&format!("{ADDRESS}.{part}").as_str())) {
            return Err(invalid(&format!("{ADDRESS}.{unknown}"), "is unknown"));
        }
        for name in known {
            let part = name.strip_prefix("address.").and_then(|part| parts.get(part)).unwrap_or(&Value::Null);
            self.profile.push((name.to_owned(), text(name, part)?.unwrap_or_default().to_owned()));
        }
        Ok(())
    }

    /// Writes everything but the password into an account.
    pub(super) fn apply(&self, user: &mut User, now: Timestamp) -> Result<(), Refused> {
        if let Some(email) = self.email.as_ref().map(Set::value) {
            let same = email.as_ref().map(Email::key) == user.email.as_ref().map(Email::key);
            user.email_verified_at = user.email_verified_at.filter(|_| same);
            user.email_vouched_by = user.email_vouched_by.take().filter(|_| same);
            user.email = email;
        }
        if let Some(number) = self.phone_number.as_ref().map(Set::value) {
            user.phone_number_verified_at = user.phone_number_verified_at.filter(|_| number == user.phone_number);
            user.phone_number = number;
        }
        if self.email_verified.is_some() {
            // The operator's word counts like a proof.
            user.email_vouched_by = None;
        }
        user.email_verified_at = verified("email", user.email.is_some(), self.email_verified, user.email_verified_at, now)?;
        let has_number = user.phone_number.is_some();
        user.phone_number_verified_at =
            verified("phone_number", has_number, self.phone_number_verified, user.phone_number_verified_at, now)?;
        if let Some(username) = self.username.as_ref().map(Set::value) {
            user.username = username;
        }
        if let Some(is_admin) = self.is_admin {
            user.is_admin = is_admin;
        }
        for (name, value) in &self.profile {
            user.profile.set(name, value);
        }
        match user.profile.problems().first() {
            Some((field, problem)) => Err(invalid(field, sentence(*problem))),
            None => Ok(()),
        }
    }
}

fn verified(
    of: &'static str,
    there: bool,
    wanted: Option<bool>,
    before: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refused> {
    match wanted {
        Some(true) if !there => Err(invalid(&format!("{of}_verified"), &format!("is true, but there is no {of}"))),
        Some(true) => Ok(Some(before.unwrap_or(now))),
        Some(false) => Ok(None),
        None => Ok(before.filter(|_| there)),
    }
}

fn is_profile_field(name: &str) -> bool {
    !name.contains('.') && Profile::default().fields().iter().any(|(field, _)| *field == name)
}

fn invalid(field: &str, why: &str) -> Refused {
    Refused::Invalid { field: field.to_owned(), why: why.to_owned() }
}

fn text<'a>(name: &str, value: &'a Value) -> Result<Option<&'a str>, Refused> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(invalid(name, "must be a text or null")),
    }
}

fn truth(name: &str, value: &Value) -> Result<bool, Refused> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(truth) => Ok(*truth),
        _ => Err(invalid(name, "must be true or false")),
    }
}

const fn not_an_email(error: NotAnEmail) -> &'static str {
    match error {
        NotAnEmail::Malformed => "is not an e-mail address",
        NotAnEmail::LocalPart => "has letters outside ASCII before the @: mail cannot be sent there",
    }
}

const fn sentence(problem: FieldError) -> &'static str {
    match problem {
        FieldError::TooLong => "is too long",
        FieldError::ControlCharacter => "has characters that cannot be shown",
        FieldError::Blank => "has nothing that can be seen",
        FieldError::NotAUrl => "is no web address",
        FieldError::NotADate => "is no date: YYYY-MM-DD, 0000-MM-DD or YYYY",
        FieldError::NotATimeZone => "is no time zone, such as Europe/Vienna",
        FieldError::NotALanguage => "is no language tag, such as de-AT",
        FieldError::NotAUsername => {
            "is not a user name: 2 to 40 letters from a to z, digits, dots, dashes or underscores; it begins with a letter"
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::random::Random;
    use crate::ids::UserId;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_700_000_000)
    }

    fn user() -> User {
        User::blank(UserId::new(now(), &Random::seeded(1)), now())
    }

    fn applied(user: &mut User, json: &Value) -> Result<(), String> {
        let changes = Changes::from_json(json.as_object().unwrap());
        changes.and_then(|changes| changes.apply(user, now())).map_err(|refused| refused.to_string())
    }

    #[test]
    fn every_standard_claim_can_be_written_and_removed() {
        let mut user = user();
        let all = json!({
            "name": "Ana Kovač", "given_name": "Ana", "family_name": "Kovač", "middle_name": "M", "nickname": "an",
            "preferred_username": "ana", "profile": "https://a.example/ana", "picture": "https://a.example/ana.png",
            "website": "https://ana.example", "email": "ana@a.example", "email_verified": true, "gender": "female",
            "birthdate": "1990-02-28", "zoneinfo": "Europe/Vienna", "locale": "de-AT", "phone_number": "+4312345678",
            "phone_number_verified": true, "updated_at": 1_700_000_000, "bio": "two\nlines", "username": "ana",
            "address": {"formatted": "a\nb", "street_address": "a", "locality": "b", "region": "c", "postal_code": "1", "country": "AT"},
            "is_admin": true,
        });
        applied(&mut user, &all).unwrap();
        assert!(user.profile.fields().iter().all(|(_, value)| value.is_some()));
        assert!(user.email_is_verified() && user.phone_number_verified_at.is_some() && user.is_admin);
        applied(&mut user, &json!({"address": {"country": "DE"}, "bio": null})).unwrap();
        let address = user.profile.address.clone().unwrap();
        assert_eq!((address.country.as_deref(), address.locality), (Some("DE"), None));
        assert_eq!(user.profile.bio, None);
        applied(&mut user, &json!({"email": "ANA@a.example"})).unwrap();
        assert!(user.email_is_verified(), "the same address in another spelling");
        applied(&mut user, &json!({"email": "ana@b.example"})).unwrap();
        assert!(!user.email_is_verified());
        applied(&mut user, &json!({"phone_number": null, "username": null})).unwrap();
        assert!(user.phone_number_verified_at.is_none() && user.username.is_none());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (json, start) in [
            (json!({"emial": "a@b.example"}), "emial: is unknown"),
            (json!({"address": {"town": "x"}}), "address.town: is unknown"),
            (json!({"address.country": "x"}), "address.country: is unknown"),
            (json!({"address": "x"}), "address: must be an object"),
            (json!({"email": "ana"}), "email: is not an e-mail address"),
            (json!({"email": ["a@b.example"]}), "email: must be a text"),
            (json!({"email_verified": "yes"}), "email_verified: must be true or false"),
            (json!({"email_verified": true}), "email_verified: is true, but there is no email"),
            (json!({"phone_number": "0123"}), "phone_number: is not in the form of E.164"),
            (json!({"username": "1"}), "username: is not a user name"),
            (json!({"sub": "user_1"}), "sub: is kept by Vestibule"),
            (json!({"password": "a", "password_hash": null}), "password_hash: stands beside"),
            (json!({"password_hash": "$2b$10$x"}), "password_hash: is no argon2id hash"),
            (json!({"birthdate": "yesterday"}), "birthdate: is no date"),
        ] {
            let refused = applied(&mut user(), &json).unwrap_err();
            assert!(refused.starts_with(start), "{json}: {refused}");
        }
    }
}
