//! The pages of `/account`, but for the profile.

use askama::Template;

use crate::engine::address::Channel;
use crate::http::shell::Shell;
use crate::locale::When;

/// Path and name of every page in the account's menu.
pub(super) fn rooms(shell: &Shell) -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("/account", "account-home"),
        ("/account/profile", "account-profile"),
        ("/account/email", "account-email"),
        ("/account/phone", "account-phone"),
        ("/account/password", "account-password"),
        ("/account/security", "account-security"),
        ("/account/identities", "account-identities"),
        ("/account/sessions", "account-sessions"),
        ("/account/apps", "account-apps"),
        ("/account/delete", "account-delete"),
    ]
    .into_iter()
    .filter(|(path, _)| shell.identities || *path != "/account/identities")
}

/// `/account`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/home.html")]
pub struct Home {
    pub shell: Shell,
    /// How to greet: the name, or else the address.
    pub name: String,
    pub contacts: Vec<HomeContact>,
    pub username: Option<String>,
    pub sessions: i64,
    pub apps: i64,
    /// How many identities elsewhere lead in; none: there is no page for them.
    pub identities: Option<i64>,
    /// The day the account was made.
    pub since: When,
}

/// An address or number of the account.
#[derive(Clone, Debug)]
pub struct HomeContact {
    /// A key of the catalogue.
    pub label: &'static str,
    pub shown: String,
    pub verified: bool,
}

/// `/account/password`. Fields: `current` if there is one, `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/password.html")]
pub struct ChangePassword {
    pub shell: Shell,
    /// For password managers; not shown.
    pub username: String,
    /// Whether there is a password to change.
    pub has_one: bool,
    pub min_length: i64,
}

/// `/account/email` and `/account/phone`. Change: `email` or `phone`. While one is pending: `code` to `…/confirm`, empty posts to `…/resend` and
/// `…/cancel`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/contact.html")]
pub struct ChangeContact {
    pub shell: Shell,
    pub channel: Channel,
    pub path: &'static str,
    /// Empty: none yet.
    pub current: String,
    pub verified: bool,
    pub pending: Option<String>,
    /// The code as typed.
    pub code: String,
    /// The new address or number as typed.
    pub new: String,
    pub resend_after_seconds: Option<i64>,
}

impl ChangeContact {
    const fn is_mail(&self) -> bool {
        matches!(self.channel, Channel::Mail)
    }

    fn to(&self, step: &str) -> String {
        self.shell.own(&format!("{}{step}", self.path))
    }

    const fn can_be_removed(&self) -> bool {
        !self.is_mail() && !self.current.is_empty()
    }

    const fn words(&self) -> &'static ContactWords {
        match (self.channel, self.current.is_empty()) {
            (Channel::Mail, false) => &EMAIL_WORDS,
            (Channel::Mail, true) => &FIRST_EMAIL_WORDS,
            (Channel::Sms, false) => &PHONE_WORDS,
            (Channel::Sms, true) => &FIRST_PHONE_WORDS,
        }
    }
}

/// Keys of the words in which the two pages differ, and each from that of an account with none yet.
struct ContactWords {
    none: &'static str,
    current: &'static str,
    pending: &'static str,
    pending_text: &'static str,
    confirm: &'static str,
    cancel: &'static str,
    change: &'static str,
    new: &'static str,
    hint: &'static str,
    change_button: &'static str,
}

const EMAIL_WORDS: ContactWords = ContactWords {
    none: "email-none",
    current: "email-current",
    pending: "email-pending",
    pending_text: "email-pending-text",
    confirm: "email-confirm",
    cancel: "email-cancel",
    change: "email-change",
    new: "email-new",
    hint: "email-new-hint",
    change_button: "email-change-button",
};

const FIRST_EMAIL_WORDS: ContactWords = ContactWords {
    pending_text: "email-add-pending-text",
    cancel: "email-add-cancel",
    change: "email-add",
    new: "email-add-new",
    hint: "email-add-hint",
    change_button: "email-add-button",
    ..EMAIL_WORDS
};

const PHONE_WORDS: ContactWords = ContactWords {
    none: "phone-none",
    current: "phone-current",
    pending: "phone-pending",
    pending_text: "phone-pending-text",
    confirm: "phone-confirm",
    cancel: "phone-cancel",
    change: "phone-change",
    new: "phone-new",
    hint: "phone-hint",
    change_button: "phone-change-button",
};

const FIRST_PHONE_WORDS: ContactWords = ContactWords {
    pending: "phone-add-pending",
    pending_text: "phone-add-pending-text",
    cancel: "phone-add-cancel",
    change: "phone-add",
    new: "phone-add-new",
    ..PHONE_WORDS
};

/// One signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    /// For example "Firefox on Linux".
    pub device: String,
    /// A coarse place or network; may be empty.
    pub place: String,
    pub first: When,
    pub last: When,
    /// It is the one that shows this page.
    pub current: bool,
}

/// `/account/sessions`. Posts `session` to `…/end`, nothing to `…/end-others` and `…/end-all`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/sessions.html")]
pub struct Sessions {
    pub shell: Shell,
    pub sessions: Vec<Session>,
}

/// One application with consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The client's id.
    pub id: String,
    pub name: String,
    pub domain: String,
    /// In plain words.
    pub scopes: Vec<String>,
    pub since: When,
    pub last_used: Option<When>,
}

/// `/account/apps`. Posts `client` to `…/revoke`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/apps.html")]
pub struct Apps {
    pub shell: Shell,
    pub apps: Vec<App>,
}

/// `/account/delete`. Field: `confirm`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/delete.html")]
pub struct DeleteAccount {
    pub shell: Shell,
    /// The only administrator is not deleted: the command that makes another one.
    pub refused: Option<&'static str>,
}
