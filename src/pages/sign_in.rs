//! Signing in and up, asking for a reset, and the first administrator.

use askama::Template;

use super::{Ceremony, ProviderButton, query};
use crate::engine::address::Channel;
use crate::engine::method::MethodKind;
use crate::http::shell::Shell;
use crate::settings::Way;

/// `/login`. Fields: `identifier`, `password`, `remember`, `flow`; `way` names another way, posted to `/login/code`.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct Login {
    pub shell: Shell,
    pub flow: Option<String>,
    /// What was typed, or `login_hint`.
    pub identifier: String,
    pub remember: bool,
    pub signup_open: bool,
    /// The provider that is connected afterwards.
    pub connects: Option<String>,
    /// Set when the same person must prove themselves again: the name shown in place of the field.
    pub reauthenticate: Option<String>,
    /// And whether they may say that it is somebody else who is wanted; `other` in the query and the form.
    pub not_you: bool,
    pub other: bool,
    /// What the form asks for.
    pub way: Way,
    /// The others that are on, behind buttons of the same form.
    pub others: Vec<Way>,
    /// Posts to `/connect/…`.
    pub providers: Vec<ProviderButton>,
    /// There is something to type, or a message to ask for. Whoever must prove themselves again may have only providers, a passkey, or nothing.
    pub form: bool,
    /// Whoever must prove themselves again has nothing left to do so.
    pub stuck: bool,
    /// Where a new password is chosen; none: no code can reach the person.
    pub reset: Option<String>,
    pub labels: IdentifierKinds,
    /// What the browser is asked for a passkey; the answer goes to `/login/passkey`. Fields: `credential`, `state`, `remember`, `flow`.
    pub passkey: Option<Ceremony>,
    /// What tells the browser that a passkey is of no use here any more.
    pub unknown: Option<String>,
    /// The passkey's button stands before the form.
    pub passkey_first: bool,
}

/// What the field for the identifier accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentifierKinds {
    pub usernames: bool,
    pub phones: bool,
}

impl IdentifierKinds {
    /// The words of a field that takes them all.
    pub const fn label(self) -> &'static str {
        match self {
            Self { usernames: true, phones: false } => "login-identifier",
            Self { usernames: false, phones: false } => "email",
            Self { usernames: true, phones: true } => "login-identifier-all",
            Self { usernames: false, phones: true } => "login-identifier-phone",
        }
    }
}

impl Login {
    fn is(&self, way: Way) -> bool {
        self.way == way
    }

    /// The words of a button for another way.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn other(way: &Way) -> &'static str {
        match way {
            Way::Password => "login-with-password",
            Way::Passkey => "login-with-passkey",
            Way::Mail => "login-with-mail",
            Way::Sms => "login-with-sms",
        }
    }

    fn asks_password(&self) -> bool {
        self.form && self.is(Way::Password)
    }

    /// What to do, for whoever must prove themselves again.
    fn lead(&self) -> &'static str {
        match () {
            () if self.stuck => "login-again-stuck",
            () if self.asks_password() => "login-again-text",
            () => "login-again-other",
        }
    }

    /// The words of the form's own button.
    const fn button(&self) -> &'static str {
        match self.way {
            Way::Mail => "login-mail-button",
            Way::Sms => "login-sms-button",
            Way::Password | Way::Passkey => "login-button",
        }
    }

    /// The words of the identifier's field.
    const fn identifier_label(&self) -> &'static str {
        match self.way {
            Way::Sms => "login-phone",
            Way::Mail => IdentifierKinds { phones: false, ..self.labels }.label(),
            Way::Password | Way::Passkey => self.labels.label(),
        }
    }
}

impl Login {
    fn query(&self) -> String {
        query(self.flow.as_deref(), &self.identifier)
    }
}

/// `/signup`. Fields: `email` or `phone`, `name`, `password`, `flow`, `with`.
#[derive(Clone, Debug, Template)]
#[template(path = "signup.html")]
pub struct Signup {
    pub shell: Shell,
    pub flow: Option<String>,
    pub channel: Channel,
    /// The address or number as typed.
    pub contact: String,
    pub name: String,
    pub min_length: i64,
    /// Posts to `/connect/…`.
    pub providers: Vec<ProviderButton>,
    /// Whether the other channel is on too.
    pub other: bool,
    /// Whether a password may be left out.
    pub passwordless: bool,
    /// Whether a code is sent there.
    pub proves: bool,
}

impl Signup {
    const fn is_mail(&self) -> bool {
        matches!(self.channel, Channel::Mail)
    }

    /// The key of what is said of the address or number; empty: nothing.
    const fn hint(&self) -> &'static str {
        match (self.channel, self.proves) {
            (Channel::Mail, true) => "signup-email-hint",
            (Channel::Mail, false) => "",
            (Channel::Sms, true) => "signup-phone-hint",
            (Channel::Sms, false) => "phone-hint",
        }
    }

    fn hint_text(&self) -> String {
        Some(self.hint()).filter(|key| !key.is_empty()).map(|key| self.shell.t(key).into_owned()).unwrap_or_default()
    }

    fn flow_query(&self) -> String {
        self.flow.as_ref().map(|flow| format!("&flow={flow}")).unwrap_or_default()
    }

    fn query(&self) -> String {
        query(self.flow.as_deref(), &self.contact)
    }
}

/// `/reset`: who wants a new password. Fields: `identifier`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "reset.html")]
pub struct Reset {
    pub shell: Shell,
    pub labels: IdentifierKinds,
    pub flow: Option<String>,
    pub identifier: String,
}

impl Reset {
    fn query(&self) -> String {
        query(self.flow.as_deref(), &self.identifier)
    }
}

/// `/invitation`: the ways in that somebody invited may choose from. Fields: `token`, `password`; those of `/login/code`.
#[derive(Clone, Debug, Template)]
#[template(path = "invitation.html")]
pub struct Invitation {
    pub shell: Shell,
    pub token: String,
    /// Whom it is for, and what can be chosen.
    pub detail: String,
    pub address: String,
    /// Whether a password is a way in.
    pub password: bool,
    /// Whether a mailed link is one.
    pub mail: bool,
    pub passkey: bool,
    pub providers: Vec<ProviderButton>,
    pub min_length: i64,
}

/// `/setup`: the first administrator. Fields: `token`, `email`, `name`, `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "setup.html")]
pub struct Setup {
    pub shell: Shell,
    /// What follows, by its key.
    pub words: &'static str,
    /// Whether a password is a way in.
    pub password: bool,
    pub token: String,
    pub email: String,
    pub name: String,
    pub min_length: i64,
}

/// `/login/code`: the code of a mail or SMS, with which one signs in. Fields: `code`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "login_code.html")]
pub struct LoginCode {
    pub shell: Shell,
    pub flow: String,
    pub channel: Channel,
    /// As typed: whether there is such an account is not said.
    pub identifier: String,
    pub code: String,
    /// Entered where the mail's link is opened, if that is another browser.
    pub number: Option<String>,
    pub resend_after_seconds: Option<i64>,
    pub expired: bool,
}

impl LoginCode {
    fn query(&self) -> String {
        query(Some(&self.flow), &self.identifier)
    }
}

/// `/login/link`: behind the link of a sign-in mail. Fields: `token`, and `number` in another browser than the one that asked.
#[derive(Clone, Debug, Template)]
#[template(path = "login_link.html")]
pub struct LoginLink {
    pub shell: Shell,
    pub token: String,
    pub identifier: String,
    pub here: bool,
    pub number: String,
}

/// `/login/second`. Fields: `with`, `flow`, `trust`, and `code` or `password`; `…/send` sends a code.
#[derive(Clone, Debug, Template)]
#[template(path = "login_second.html")]
pub struct SecondFactor {
    pub shell: Shell,
    pub flow: String,
    pub name: String,
    pub kind: MethodKind,
    pub others: Vec<MethodKind>,
    /// Where a code was sent, or would be; masked.
    pub destination: String,
    /// A code is on its way.
    pub sent: bool,
    pub code: String,
    pub expired: bool,
    pub resend_after_seconds: Option<i64>,
    /// A new password waits for this step: one that is asked for here is the old one.
    pub is_reset: bool,
    /// For how many days this browser may be remembered.
    pub remember_days: Option<i64>,
    /// What the browser is asked where a passkey or security key is shown.
    pub key: Option<Ceremony>,
}

impl SecondFactor {
    fn is(&self, kind: MethodKind) -> bool {
        self.kind == kind
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn query(&self, kind: &MethodKind) -> String {
        format!("/login/second?flow={}&with={}", self.flow, kind.as_str())
    }

    /// The words of a way.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn words(&self, kind: &MethodKind) -> &'static str {
        match kind {
            MethodKind::Totp => "second-totp",
            MethodKind::Sms => "second-sms",
            MethodKind::Mail => "second-mail",
            MethodKind::SecurityKey | MethodKind::Passkey => "second-key",
            MethodKind::RecoveryCode => "second-recovery",
            // A provider is no second step; it may have asked for one itself.
            MethodKind::Password | MethodKind::Provider if self.is_reset => "second-old-password",
            MethodKind::Password | MethodKind::Provider => "second-password",
        }
    }

    /// What to do, for the way shown.
    const fn lead(&self) -> &'static str {
        match self.kind {
            MethodKind::Totp => "second-totp-text",
            MethodKind::Sms | MethodKind::Mail if self.sent => "code-sent",
            MethodKind::Sms => "second-sms-text",
            MethodKind::Mail => "second-mail-text",
            MethodKind::SecurityKey | MethodKind::Passkey => "second-key-text",
            MethodKind::RecoveryCode => "second-recovery-text",
            MethodKind::Password | MethodKind::Provider if self.is_reset => "second-old-password-text",
            MethodKind::Password | MethodKind::Provider => "second-password-text",
        }
    }

    const fn is_sent_code(&self) -> bool {
        matches!(self.kind, MethodKind::Sms | MethodKind::Mail)
    }
}
