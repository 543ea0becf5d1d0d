//! Passkeys and security keys.

use askama::Template;

use crate::http::shell::Shell;
use crate::locale::When;

/// What the script asks the authenticator, and what goes back to us with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// JSON: the options of `navigator.credentials`, bytes as base64url.
    pub options: String,
    pub state: String,
}

/// One of the person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub id: String,
    pub name: String,
    /// The `id` of its name field.
    pub field: String,
    /// The new name as typed, if it was refused.
    pub renaming: Option<String>,
    pub added: When,
    pub last_used: Option<When>,
}

impl Passkey {
    fn typed(&self) -> &str {
        self.renaming.as_deref().unwrap_or(&self.name)
    }
}

/// What the browser's own list of passkeys is told, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signals {
    pub accepted: String,
    pub details: String,
}

/// `/account/passkeys`. Posts `credential` and `state` to `…/add` and `…/add-key`, `passkey` and `name` to `…/rename`, `passkey` to
/// `…/remove`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/passkeys.html")]
pub struct Passkeys {
    pub shell: Shell,
    pub passkeys: Vec<Passkey>,
    pub keys: Vec<Passkey>,
    /// None where browsers take no passkeys.
    pub add: Option<Ceremony>,
    pub add_key: Option<Ceremony>,
    pub signals: Option<Signals>,
}

/// `/account/passkeys/offer`. Fields: `credential` and `state`, or `answer` (`later` or `never`); `flow` or `to`.
#[derive(Clone, Debug, Template)]
#[template(path = "passkey_offer.html")]
pub struct PasskeyOffer {
    pub shell: Shell,
    pub flow: Option<String>,
    pub to: Option<String>,
    pub add: Ceremony,
}
