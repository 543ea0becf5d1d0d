//! Passkeys and security keys (Web Authentication Level 3): challenges, proofs, and what people do with their own.
//!
//! * **Here**: [`prove`] takes a passkey or security key as proof, [`own`] adds, names and removes them. webauthn-rs verifies; the state
//!   that it wants kept between the challenge and the answer travels sealed in the page, so that showing a page writes nothing.
//! * **Not here**: what a proof is good for (`sign_in`), SQL (`store::passkeys`).
//! * **To add one**: a ceremony is a [`Purpose`] with what binds it, a function that makes its options, one that judges the answer.
//! * **Tested**: `tests/it/journeys/passkeys.rs` with an authenticator in software, `tests/browser/passkeys.test.mjs` with Chromium's.

pub mod own;
pub mod prove;
pub mod sign_in;

pub(in crate::actions) use own::has_another_way_in;

use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webauthn_rs::prelude::{Passkey as Credential, Webauthn, WebauthnBuilder};

use super::{App, Fault, Outcome};
use crate::crypto::token;
use crate::engine::passkey::Passkey;
use crate::engine::user::User;
use crate::settings::Settings;
use crate::store::{Tx, spent};
use crate::time::Timestamp;

/// How long an answer to a challenge is taken.
const VALID: Duration = Duration::from_secs(5 * 60);

/// What the page's script needs, and what comes back with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The options of `navigator.credentials.get()` or `create()`, as JSON with base64url for bytes.
    pub options: String,
    /// The sealed state.
    pub state: String,
}

/// What a challenge is for. An answer to one is no answer to another.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    SignIn,
    SecondFactor,
    AddPasskey,
    AddSecurityKey,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "passkey: sign in",
            Self::SecondFactor => "passkey: second factor",
            Self::AddPasskey => "passkey: add",
            Self::AddSecurityKey => "passkey: add a security key",
        }
    }
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The challenge is too old or was answered before: a new one helps.
    Stale,
    /// No live credential here has this id.
    Unknown,
    /// The authenticator's signature counter went back: it may have been copied.
    Copied,
    /// It is not for us, not from this browser, or not what was asked for.
    Wrong,
}

/// The relying party (Web Authentication Level 3 section 4). Its id is the host of the public URL; none where that is an IP address, which browsers
/// do not take.
pub(super) fn relying_party(settings: &Settings) -> Option<Webauthn> {
    let url = &settings.server.public_url;
    let built = WebauthnBuilder::new(url.domain()?, url).map(|builder| {
        let builder = builder.rp_name(&settings.pages.name).timeout(VALID);
        builder.danger_set_user_presence_only_security_keys(true)
    });
    match built.and_then(WebauthnBuilder::build) {
        Ok(webauthn) => Some(webauthn),
        Err(error) => {
            tracing::warn!(%error, "passkeys are off: the public URL does not fit them");
            None
        }
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The browser, or the person and session, that was asked.
    bound: String,
    expires_at: i64,
    state: Value,
}

/// An opened state, not yet used up.
#[derive(Clone, Debug)]
struct Opened {
    state: Value,
    id: String,
    expires_at: Timestamp,
}

fn seal(app: &App, purpose: Purpose, bound: String, state: &impl Serialize) -> Outcome<String> {
    let state = serde_json::to_value(state).map_err(broken)?;
    let kept = Kept { bound, expires_at: (app.now() + VALID).millis(), state };
    let plain = serde_json::to_vec(&kept).map_err(broken)?;
    Ok(BASE64URL_NOPAD.encode(&app.keyring.seal(&app.random, purpose.as_str(), &plain)))
}

fn open(app: &App, purpose: Purpose, bound: &str, text: &str) -> Result<Opened, Refusal> {
    let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| Refusal::Wrong)?;
    let plain = app.keyring.open(purpose.as_str(), &sealed).map_err(|_| Refusal::Wrong)?;
    let kept: Kept = serde_json::from_slice(&plain).map_err(|_| Refusal::Wrong)?;
    let expires_at = Timestamp::from_millis(kept.expires_at);
    if kept.bound != bound {
        return Err(Refusal::Wrong);
    }
    if app.now() >= expires_at {
        return Err(Refusal::Stale);
    }
    // Hashed as text, of which there is one for the sealed bytes.
    Ok(Opened { state: kept.state, id: format!("passkey|{}", HEXLOWER.encode(&token::hash(text))), expires_at })
}

impl Opened {
    fn state<T: DeserializeOwned>(&self) -> Outcome<T> {
        T::deserialize(&self.state).map_err(broken)
    }

    /// True for exactly one answer to a challenge.
    async fn spend(&self, tx: &mut Tx) -> Outcome<bool> {
        Ok(spent::spend(tx, &self.id, self.expires_at).await?.is_done())
    }
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::Broken(format!("a passkey's record: {error}"))
}

fn unmade(error: impl std::fmt::Display) -> Fault {
    Fault::Broken(format!("a passkey challenge cannot be made: {error}"))
}

fn credential_of(passkey: &Passkey) -> Outcome<Credential> {
    serde_json::from_str(&passkey.credential).map_err(broken)
}

fn options(value: &impl Serialize) -> Outcome<String> {
    // The options stand right under `publicKey`, whose only neighbour is how the browser is to ask, and the script decides that.
    let value = serde_json::to_value(value).map_err(broken)?;
    Ok(value.get("publicKey").unwrap_or(&value).to_string())
}

/// The name under which a provider lists the account.
fn account_name(user: &User) -> String {
    let username = || user.username.as_ref().map(|name| name.as_str().to_owned());
    user.email.as_ref().map(|email| email.as_str().to_owned()).or_else(username).unwrap_or_else(|| user.shown_as())
}

impl App {
    /// Whether browsers can have passkeys of this server at all.
    pub fn has_passkeys(&self) -> bool {
        self.webauthn.is_some()
    }
}
