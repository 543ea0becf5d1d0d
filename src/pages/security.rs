//! The pages of two-step verification.

use askama::Template;

use super::passkeys::Ceremony;
use crate::http::shell::Shell;
use crate::locale::When;

/// `/account/security`. Posts to `…/totp/begin`, `factor` (and `name`) to `…/factor/rename` and `…/factor/remove`, `kind` and `on` to
/// `…/codes`, nothing to `…/recovery`, `device` to `…/devices/revoke`, nothing to `…/devices/revoke-all`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/security.html")]
pub struct Security {
    pub shell: Shell,
    pub has_password: bool,
    pub passkeys: bool,
    /// Two-step verification is on.
    pub on: bool,
    /// Its last factor cannot be removed.
    pub required: bool,
    /// Authenticator apps may be added.
    pub totp: bool,
    pub apps: Vec<AuthenticatorApp>,
    pub messages: Vec<Messages>,
    /// Recovery codes that are not used yet.
    pub codes_left: i64,
    pub devices: Vec<TrustedBrowser>,
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorApp {
    pub id: String,
    pub name: String,
    /// The id of the name's field, and what stands in it: what was typed if that was refused.
    pub field: String,
    pub typed: String,
    pub since: When,
    pub last_used: Option<When>,
}

/// Codes that are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// `sms` or `mail`.
    pub kind: &'static str,
    pub title: String,
    pub detail: String,
    pub on: bool,
    /// There is a verified number or address; without one, where to get it.
    pub reachable: bool,
    pub href: &'static str,
    pub link: String,
    pub last_used: Option<When>,
}

/// `/account/security/last`: asks before two-step verification ends. Fields: `hidden`, `sure`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/last_factor.html")]
pub struct LastFactor {
    pub shell: Shell,
    pub detail: String,
    pub action: &'static str,
    pub hidden: Vec<(&'static str, String)>,
}

/// A browser that is not asked for the second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedBrowser {
    pub id: String,
    /// For example "Firefox on Linux".
    pub device: String,
    /// Where it was then; may be empty.
    pub place: String,
    pub since: When,
    pub last_used: When,
    pub until: When,
}

/// `/account/security/totp`. Fields: `name`, `code`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/totp.html")]
pub struct TotpSetup {
    pub shell: Shell,
    pub flow: String,
    /// The secret in groups.
    pub secret: String,
    /// `otpauth:`
    pub url: String,
    /// SVG of our own making.
    pub qr: String,
    /// As typed.
    pub name: String,
    /// As typed.
    pub code: String,
}

/// `/account/security/recovery`: new codes. Posts nothing to `…/download` and `…/kept`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/recovery.html")]
pub struct RecoveryCodes {
    pub shell: Shell,
    pub codes: Vec<String>,
}

/// `/login/recovered`: after a recovery code.
#[derive(Clone, Debug, Template)]
#[template(path = "recovery_used.html")]
pub struct RecoveryCodeUsed {
    pub shell: Shell,
    pub left: i64,
    /// Where the sign-in leads.
    pub next: String,
}

/// `/login/enrol`: a second factor is required. Fields: `name`, `code`, `flow`; posts `flow`, `credential` and `state` to `…/passkey` and
/// `…/key`.
#[derive(Clone, Debug, Template)]
#[template(path = "enrol.html")]
pub struct Enrol {
    pub shell: Shell,
    pub flow: String,
    /// Who signs in.
    pub person: String,
    /// Authenticator apps may be added.
    pub totp: bool,
    pub secret: String,
    pub url: String,
    pub qr: String,
    pub name: String,
    pub code: String,
    /// None where keys are no second factors.
    pub keys: Option<NewKeys>,
}

/// What a browser is asked to make.
#[derive(Clone, Debug)]
pub struct NewKeys {
    pub passkey: Ceremony,
    pub security_key: Ceremony,
}
