//! What people are told about changes of their account, by mail and by SMS.

use serde::Serialize;

use crate::locale::Text;

/// Something that its owner must hear of, because somebody else may have done it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum Notice {
    /// A sign-in in a browser where this person had not signed in before.
    NewDevice,
    FactorAdded,
    FactorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    PasswordChanged {
        /// The names of providers from which the account was disconnected on the way.
        disconnected: Vec<String>,
    },
    /// Somebody signed in asks for another address; it is not proved yet.
    EmailChangeRequested {
        new: String,
    },
    EmailChanged {
        previous: Option<String>,
        new: String,
    },
    PhoneChangeRequested {
        new: String,
    },
    PhoneChanged {
        previous: Option<String>,
        new: String,
    },
    /// An address or number is the account's no more: an operator has removed it, or somebody has proved it whom the account does not know.
    ContactRemoved {
        old: String,
    },
    /// Somebody gave the first factor, and second ones that were all wrong.
    SecondFactorFailed,
    RecoveryCodeUsed,
    RecoveryCodesMade,
    IdentityConnected {
        provider: String,
    },
    IdentityDisconnected {
        provider: String,
    },
    /// An application was let in, or may now use the account while its owner is away.
    AppConnected {
        app: String,
    },
}

impl Notice {
    /// One of each.
    pub fn samples() -> Vec<Self> {
        let (mail, phone) = ("new@example.org", "+43 660 1234567");
        vec![
            Self::NewDevice,
            Self::FactorAdded,
            Self::FactorRemoved,
            Self::PasskeyAdded,
            Self::PasskeyRemoved,
            Self::PasswordChanged { disconnected: Vec::new() },
            Self::PasswordChanged { disconnected: vec!["GitHub".to_owned(), "Discord".to_owned()] },
            Self::EmailChangeRequested { new: mail.to_owned() },
            Self::EmailChanged { previous: Some("old@example.org".to_owned()), new: mail.to_owned() },
            Self::EmailChanged { previous: None, new: mail.to_owned() },
            Self::PhoneChangeRequested { new: phone.to_owned() },
            Self::PhoneChanged { previous: Some("+43 660 7654321".to_owned()), new: phone.to_owned() },
            Self::PhoneChanged { previous: None, new: phone.to_owned() },
            Self::ContactRemoved { old: "old@example.org".to_owned() },
            Self::SecondFactorFailed,
            Self::RecoveryCodeUsed,
            Self::RecoveryCodesMade,
            Self::IdentityConnected { provider: "Google".to_owned() },
            Self::IdentityDisconnected { provider: "Google".to_owned() },
            Self::AppConnected { app: "Ledger & Sons".to_owned() },
        ]
    }

    /// The name of its letter.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NewDevice => "new-device",
            Self::FactorAdded => "factor-added",
            Self::FactorRemoved => "factor-removed",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRemoved => "passkey-removed",
            Self::PasswordChanged { .. } => "password-changed",
            Self::EmailChangeRequested { .. } => "email-change-requested",
            Self::EmailChanged { .. } => "email-changed",
            Self::PhoneChangeRequested { .. } => "phone-change-requested",
            Self::PhoneChanged { .. } => "phone-changed",
            Self::ContactRemoved { .. } => "contact-removed",
            Self::SecondFactorFailed => "second-factor-failed",
            Self::RecoveryCodeUsed => "recovery-code-used",
            Self::RecoveryCodesMade => "recovery-codes-made",
            Self::IdentityConnected { .. } => "identity-connected",
            Self::IdentityDisconnected { .. } => "identity-disconnected",
            Self::AppConnected { .. } => "app-connected",
        }
    }

    /// A few words: a mail's subject, and with a full stop an SMS.
    pub fn heading(&self, text: &Text) -> String {
        let key = match self {
            Self::NewDevice => "told-new-device",
            Self::FactorAdded => "told-factor-added",
            Self::FactorRemoved => "told-factor-removed",
            Self::PasskeyAdded => "told-passkey-added",
            Self::PasskeyRemoved => "told-passkey-removed",
            Self::PasswordChanged { .. } => "told-password-changed",
            Self::EmailChangeRequested { .. } => "told-email-requested",
            Self::EmailChanged { .. } => "told-email-changed",
            Self::PhoneChangeRequested { .. } => "told-phone-requested",
            Self::PhoneChanged { .. } => "told-phone-changed",
            Self::ContactRemoved { .. } => "told-contact-removed",
            Self::SecondFactorFailed => "told-second-failed",
            Self::RecoveryCodeUsed => "told-code-used",
            Self::RecoveryCodesMade => "told-codes-made",
            Self::IdentityConnected { provider } => return text.with("told-identity-connected", &[("provider", provider)]),
            Self::IdentityDisconnected { provider } => return text.with("told-identity-disconnected", &[("provider", provider)]),
            Self::AppConnected { app } => return text.with("told-app-connected", &[("client", app)]),
        };
        text.t(key).into_owned()
    }

    /// A sentence or two of a mail.
    pub fn opening(&self, text: &Text, site: &str) -> String {
        let plain = |key: &str| text.with(key, &[("site", site)]);
        let to = |key: &str, new: &str| text.with(key, &[("site", site), ("new", new)]);
        let from = |key: &str, provider: &str| text.with(key, &[("site", site), ("provider", provider)]);
        let both = |key: &str, old: &str, new: &str| text.with(key, &[("site", site), ("old", old), ("new", new)]);
        match self {
            Self::NewDevice => plain("told-new-device-text"),
            Self::FactorAdded => plain("told-factor-added-text"),
            Self::FactorRemoved => plain("told-factor-removed-text"),
            Self::PasskeyAdded => plain("told-passkey-added-text"),
            Self::PasskeyRemoved => plain("told-passkey-removed-text"),
            Self::PasswordChanged { disconnected } if disconnected.is_empty() => plain("told-password-changed-text"),
            Self::PasswordChanged { disconnected } => {
                let changed = plain("told-password-changed-text");
                format!("{changed} {}", text.with("told-password-disconnected", &[("providers", &disconnected.join(", "))]))
            }
            Self::EmailChangeRequested { new } => to("told-email-requested-text", new),
            Self::EmailChanged { previous: Some(old), new } => both("told-email-changed-text", old, new),
            Self::EmailChanged { previous: None, new } => to("told-email-added-text", new),
            Self::PhoneChangeRequested { new } => to("told-phone-requested-text", new),
            Self::PhoneChanged { previous: Some(old), new } => both("told-phone-changed-text", old, new),
            Self::PhoneChanged { previous: None, new } => to("told-phone-added-text", new),
            Self::ContactRemoved { old } => text.with("told-contact-removed-text", &[("site", site), ("old", old)]),
            Self::SecondFactorFailed => plain("told-second-failed-text"),
            Self::RecoveryCodeUsed => plain("told-code-used-text"),
            Self::RecoveryCodesMade => plain("told-codes-made-text"),
            Self::IdentityConnected { provider } => from("told-identity-connected-text", provider),
            Self::IdentityDisconnected { provider } => from("told-identity-disconnected-text", provider),
            Self::AppConnected { app } => text.with("told-app-connected-text", &[("site", site), ("client", app)]),
        }
    }
}
