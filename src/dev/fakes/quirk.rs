//! What can go otherwise than in the documentation: one choice of the page for one sign-in.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Fakes, provider::Provider};
use crate::http::page::{self, Html};

/// How this one sign-in differs from a good one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quirk {
    #[default]
    None,
    /// The provider has not verified the address, and says so.
    UnverifiedEmail,
    /// The account has no address, or the person keeps it back.
    NoEmail,
    /// The right person with the address of another one.
    OtherEmail,
    /// The token endpoint takes longer than anybody waits.
    Slow,
    /// The token endpoint answers 500.
    Down,
    /// Bytes that are no JSON.
    Garbage,
    /// A page about maintenance.
    Html,
    /// Ten megabytes of JSON.
    Huge,
    /// The person's id has another name.
    Renamed,
    /// The provider's clock is ten minutes ahead.
    ClockAhead,
    /// The provider's clock is ten minutes behind.
    ClockBehind,
    /// The ID token ended a minute ago.
    Expired,
    /// Signed by a key that was published a moment ago.
    KeysRotated,
    /// The ID token of another request.
    OtherNonce,
    /// The ID token of another issuer.
    WrongIssuer,
    /// No address in the ID token, and userinfo about somebody else.
    OtherPerson,
    /// The person proved a second factor there.
    MultiFactor,
    /// The person was let through without being asked, whatever the request says: they signed in there a day ago.
    LetThrough,
    /// The answer names another server as its sender (RFC 9207).
    MixUp,
    /// What nobody needs to sign in comes in other types than the standards have.
    BentTypes,
}

/// Where a broken answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Token,
    Profile,
}

/// The size of [`Quirk::Huge`].
const HUGE: usize = 10 * 1024 * 1024;

impl Quirk {
    /// In the order of the page.
    pub const ALL: [Self; 21] = [
        Self::None,
        Self::UnverifiedEmail,
        Self::NoEmail,
        Self::OtherEmail,
        Self::Slow,
        Self::Down,
        Self::Garbage,
        Self::Html,
        Self::Huge,
        Self::Renamed,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::Expired,
        Self::KeysRotated,
        Self::OtherNonce,
        Self::WrongIssuer,
        Self::OtherPerson,
        Self::MultiFactor,
        Self::LetThrough,
        Self::MixUp,
        Self::BentTypes,
    ];

    /// Its value in the form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::UnverifiedEmail => "unverified_email",
            Self::NoEmail => "no_email",
            Self::OtherEmail => "other_email",
            Self::Slow => "slow",
            Self::Down => "down",
            Self::Garbage => "garbage",
            Self::Html => "html",
            Self::Huge => "huge",
            Self::Renamed => "renamed",
            Self::ClockAhead => "clock_ahead",
            Self::ClockBehind => "clock_behind",
            Self::Expired => "expired",
            Self::KeysRotated => "keys_rotated",
            Self::OtherNonce => "other_nonce",
            Self::WrongIssuer => "wrong_issuer",
            Self::OtherPerson => "other_person",
            Self::MultiFactor => "multi_factor",
            Self::LetThrough => "let_through",
            Self::MixUp => "mix_up",
            Self::BentTypes => "bent_types",
        }
    }

    /// Its words in the catalogue.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::None => "fake-quirk-none",
            Self::UnverifiedEmail => "fake-quirk-unverified-email",
            Self::NoEmail => "fake-quirk-no-email",
            Self::OtherEmail => "fake-quirk-other-email",
            Self::Slow => "fake-quirk-slow",
            Self::Down => "fake-quirk-down",
            Self::Garbage => "fake-quirk-garbage",
            Self::Html => "fake-quirk-html",
            Self::Huge => "fake-quirk-huge",
            Self::Renamed => "fake-quirk-renamed",
            Self::ClockAhead => "fake-quirk-clock-ahead",
            Self::ClockBehind => "fake-quirk-clock-behind",
            Self::Expired => "fake-quirk-expired",
            Self::KeysRotated => "fake-quirk-keys-rotated",
            Self::OtherNonce => "fake-quirk-other-nonce",
            Self::WrongIssuer => "fake-quirk-wrong-issuer",
            Self::OtherPerson => "fake-quirk-other-person",
            Self::MultiFactor => "fake-quirk-multi-factor",
            Self::LetThrough => "fake-quirk-let-through",
            Self::MixUp => "fake-quirk-mix-up",
            Self::BentTypes => "fake-quirk-bent-types",
        }
    }

    /// Whether this can happen at a provider. Facebook and X name an address only once it is confirmed; only Google sends ID tokens.
    pub(super) const fn fits(self, provider: Provider) -> bool {
        match self {
            Self::UnverifiedEmail => matches!(provider, Provider::Google | Provider::Github | Provider::Discord),
            Self::ClockAhead
            | Self::ClockBehind
            | Self::Expired
            | Self::KeysRotated
            | Self::OtherNonce
            | Self::WrongIssuer
            | Self::OtherPerson
            | Self::MultiFactor
            | Self::LetThrough
            | Self::BentTypes => matches!(provider, Provider::Google),
            Self::MixUp => matches!(provider, Provider::Google | Provider::Github),
            _ => true,
        }
    }

    /// The quirk of this name, if the provider has it; nothing chosen is [`Quirk::None`].
    pub(super) fn parse(name: &str, provider: Provider) -> Option<Self> {
        if name.is_empty() {
            return Some(Self::None);
        }
        provider.quirks().find(|quirk| quirk.as_str() == name)
    }

    /// Google's person comes in the ID token, the others' from their API: there the unreadable answers are worth most.
    const fn spoils(self, stage: Stage, provider: Provider) -> bool {
        match self {
            Self::Slow | Self::Down => matches!(stage, Stage::Token),
            Self::Garbage | Self::Html | Self::Huge => matches!(
                (stage, provider),
                (Stage::Token, Provider::Google)
                    | (Stage::Profile, Provider::Github | Provider::Facebook | Provider::Twitter | Provider::Discord)
            ),
            _ => false,
        }
    }
}

/// Sends a good answer, or what the quirk makes of it.
pub(super) async fn deliver(fakes: &Fakes, quirk: Quirk, stage: Stage, provider: Provider, value: &Value) -> Response {
    if !quirk.spoils(stage, provider) {
        return page::json(StatusCode::OK, value);
    }
    let as_json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    match quirk {
        Quirk::Down => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n").into_response(),
        Quirk::Garbage => (as_json, &b"{\"access_token\": \"\xff\xfe\x00\x9f"[..]).into_response(),
        Quirk::Html => {
            Html("<!doctype html>\n<title>Maintenance</title>\n<h1>We will be back soon</h1>\n".to_owned()).into_response()
        }
        Quirk::Huge => (as_json, Body::from(format!("{{\"padding\":\"{}\"}}", "a".repeat(HUGE)))).into_response(),
        _ => {
            // Slow: the time it takes is what is shown, nothing waits for it here.
            tokio::time::sleep(fakes.settings.slow).await;
            page::json(StatusCode::OK, value)
        }
    }
}

/// Puts other types than the standards have into an object, if the quirk says so: each of them was seen at some provider.
pub(super) fn bend(quirk: Quirk, object: &mut Value) {
    if quirk != Quirk::BentTypes {
        return;
    }
    for (name, value) in [
        ("amr", json!("pwd")),
        ("acr", json!(1)),
        ("auth_time", json!("recently")),
        ("picture", json!({"data": {"url": "https://pictures.example/1.png"}})),
        ("website", json!("")),
        ("locale", json!({"language": "en"})),
        ("address", json!("1 Main Street")),
        ("updated_at", json!("yesterday")),
        ("phone_number", json!(441_234_567_890_i64)),
        ("zoneinfo", json!([])),
    ] {
        set(object, name, value);
    }
    if let Some(verified) = object.get("email_verified").and_then(Value::as_bool) {
        set(object, "email_verified", json!(verified.to_string()));
    }
    for name in ["iat", "exp"] {
        if let Some(time) = object.get(name).and_then(Value::as_i64) {
            set(object, name, json!(time.to_string()));
        }
    }
}

/// Gives a member of an object another name, if the quirk says so.
pub(super) fn rename(quirk: Quirk, value: &mut Value, member: &str) {
    if quirk == Quirk::Renamed
        && let Some(object) = value.as_object_mut()
        && let Some(found) = object.remove(member)
    {
        object.insert(format!("{member}_v2"), found);
    }
}

/// Adds a member to an object.
pub(super) fn set(object: &mut Value, member: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
