//! Which claims about a person a client learns.

use serde_json::{Map, Value, json};

use super::authorize::ClaimsRequest;
use super::scope::Scopes;
use super::user::User;

/// The claims that a scope stands for (OpenID Connect Core section 5.4).
const SCOPE_CLAIMS: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    ("address", &["address"]),
];

/// The scope that a claim about a person belongs to: who may not have the one may not have the other.
pub fn scope_of(claim: &str) -> Option<&'static str> {
    SCOPE_CLAIMS.iter().find(|(_, claims)| claims.contains(&claim)).map(|(scope, _)| *scope)
}

/// Every claim about a person that can be had, for discovery.
pub fn supported() -> impl Iterator<Item = &'static str> {
    SCOPE_CLAIMS.iter().flat_map(|(_, claims)| claims.iter().copied())
}

/// The answer of the userinfo endpoint: `sub`, what the scopes stand for, and what was asked for by name. What the person has not told is
/// left out.
pub fn userinfo(user: &User, scopes: &Scopes, requested: &ClaimsRequest) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(user.id));
    add(&mut claims, user, by_scope(scopes));
    add(&mut claims, user, allowed(&requested.userinfo));
    claims
}

/// What the ID token carries about the person: only what was asked for by name, because the scopes' claims are for userinfo where an
/// access token is issued (OpenID Connect Core section 5.4).
pub fn id_token(user: &User, requested: &ClaimsRequest) -> Map<String, Value> {
    let mut claims = Map::new();
    add(&mut claims, user, allowed(&requested.id_token));
    claims
}

/// The same for a client that wants the scopes' claims there, too.
pub fn id_token_of_scopes(user: &User, scopes: &Scopes, requested: &ClaimsRequest) -> Map<String, Value> {
    let mut claims = id_token(user, requested);
    add(&mut claims, user, by_scope(scopes));
    claims
}

fn by_scope(scopes: &Scopes) -> impl Iterator<Item = &'static str> {
    let granted = SCOPE_CLAIMS.iter().filter(|(scope, _)| scopes.contains(scope));
    granted.flat_map(|(_, names)| names.iter().copied())
}

fn allowed(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).filter(|name| supported().any(|known| known == *name))
}

fn add<'a>(claims: &mut Map<String, Value>, user: &User, names: impl Iterator<Item = &'a str>) {
    for name in names {
        if let Some(value) = claim(user, name) {
            claims.insert(name.to_owned(), value);
        }
    }
}

fn claim(user: &User, name: &str) -> Option<Value> {
    let text = |value: &Option<String>| value.clone().map(Value::String);
    match name {
        "email" => user.email.as_ref().map(|email| json!(email.as_str())),
        "email_verified" => user.email.as_ref().map(|_| json!(user.email_is_verified())),
        "phone_number" => user.phone_number.as_ref().map(|phone| json!(phone)),
        "phone_number_verified" => user.phone_number.as_ref().map(|_| json!(user.phone_number_verified_at.is_some())),
        "updated_at" => Some(json!(user.updated_at.seconds())),
        "address" => user.profile.address.as_ref().map(|address| json!(address)),
        "preferred_username" => {
            text(&user.profile.preferred_username).or_else(|| user.username.as_ref().map(|name| json!(name.as_str())))
        }
        _ => user.profile.fields().into_iter().find(|(field, _)| *field == name).and_then(|(_, value)| text(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;
    use crate::engine::address::Email;
    use crate::engine::phone::Phone;
    use crate::engine::user::{Profile, UserState};
    use crate::ids::UserId;
    use crate::time::Timestamp;

    fn user() -> User {
        let now = Timestamp::from_seconds(1_700_000_000);
        let mut profile = Profile::default();
        for (name, _) in Profile::default().fields() {
            profile.set(name, "x");
        }
        User {
            id: UserId::new(now, &Random::seeded(1)),
            username: None,
            email: Email::parse("ana@example.com").ok(),
            email_verified_at: Some(now),
            email_vouched_by: None,
            phone_number: Phone::stored("+4312345678").ok(),
            phone_number_verified_at: None,
            password_hash: None,
            password_changed_at: None,
            state: UserState::Active,
            is_admin: false,
            profile,
            created_at: now,
            updated_at: now,
            last_login_at: None,
            device_epoch: 0,
        }
    }

    fn names(scopes: &str, requested: &ClaimsRequest) -> Vec<String> {
        userinfo(&user(), &Scopes::parse(scopes).unwrap(), requested).keys().cloned().collect()
    }

    #[test]
    fn scopes_stand_for_their_claims() {
        assert_eq!(names("openid", &ClaimsRequest::default()), ["sub"]);
        assert_eq!(names("openid email", &ClaimsRequest::default()).len(), 3);
        let all = names("openid profile email phone address", &ClaimsRequest::default());
        for name in supported() {
            assert!(all.iter().any(|found| found == name), "{name}");
        }
        assert!(!all.iter().any(|name| name == "bio" || name == "password_hash"));
    }

    #[test]
    fn claims_asked_for_by_name_and_nothing_else() {
        let requested = ClaimsRequest {
            userinfo: vec!["nickname".to_owned(), "password_hash".to_owned(), "is_admin".to_owned()],
            id_token: vec!["email".to_owned()],
            ..ClaimsRequest::default()
        };
        let mut found = names("openid", &requested);
        found.sort();
        assert_eq!(found, ["nickname", "sub"]);
        assert_eq!(id_token(&user(), &requested).keys().collect::<Vec<_>>(), ["email"]);
        let scopes = Scopes::parse("openid phone").unwrap();
        let with_scopes = id_token_of_scopes(&user(), &scopes, &requested);
        assert_eq!(with_scopes.keys().collect::<Vec<_>>(), ["email", "phone_number", "phone_number_verified"]);
    }

    #[test]
    fn what_nobody_told_is_left_out() {
        let mut user = user();
        (user.profile, user.phone_number, user.email) = (Profile::default(), None, None);
        let claims = userinfo(&user, &Scopes::parse("openid profile email phone address").unwrap(), &ClaimsRequest::default());
        assert_eq!(claims.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), ["sub", "updated_at"].into());
    }
}
