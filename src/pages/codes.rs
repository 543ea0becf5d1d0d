//! Pages around a mailed code or link.

use askama::Template;

use super::query;
use crate::engine::address::Channel;
use crate::http::shell::Shell;

/// `/verify`: the code from the mail. Fields: `code`, `flow`; a second form asks for a new one.
#[derive(Clone, Debug, Template)]
#[template(path = "verify.html")]
pub struct Verify {
    pub shell: Shell,
    pub flow: Option<String>,
    /// Where the code form posts, usually `/verify`.
    pub action: String,
    /// Where "send again" posts, usually `/verify/resend`.
    pub resend_action: String,
    /// Where "use another address" leads.
    pub change_href: String,
    pub channel: Channel,
    /// The address or number, masked.
    pub destination: String,
    /// What was typed.
    pub code: String,
    /// Seconds until a new code may be sent; none: no more in this flow.
    pub resend_after_seconds: Option<i64>,
    /// The code is spent or out of time: only a new one helps.
    pub expired: bool,
    /// Somebody signs up, perhaps with the address of an account: then the mail has no code.
    pub signs_up: bool,
}

impl Verify {
    /// Keys of what is said about the channel: another destination, whoever has an account already, and a message that does not come.
    const fn words(&self) -> [&'static str; 3] {
        match self.channel {
            Channel::Mail => ["verify-change", "code-existing", "code-spam"],
            Channel::Sms => ["verify-change-phone", "code-existing-phone", "code-no-sms"],
        }
    }
}

/// The title of the page that wants a code, by where it went.
pub const fn verify_title(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "verify",
        Channel::Sms => "verify-phone",
    }
}

/// A page opened from a mail's link: it shows what will happen, and one button does it. Fields: `token`, perhaps `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "link.html")]
pub struct LinkPage {
    pub shell: Shell,
    pub action: String,
    pub token: String,
    /// What the button will do.
    pub detail: String,
    pub button: String,
    /// Another browser than the one that asked: the password is wanted; holds the address, for password managers.
    pub ask_password: Option<String>,
}

impl LinkPage {
    fn new(mut shell: Shell, action: &str, token: String, [title, detail, button]: [&str; 3], address: &str) -> Self {
        shell.title = shell.t(title).into_owned();
        let detail = shell.text.with(detail, &[("address", address)]);
        let button = shell.t(button).into_owned();
        Self { shell, action: action.to_owned(), token, detail, button, ask_password: None }
    }

    /// Confirms the address of a new account in the browser that asked; posts to `/verify/link`.
    pub fn verify(shell: Shell, token: String, address: &str) -> Self {
        Self::new(shell, "/verify/link", token, ["link-verify", "link-verify-text", "link-verify-button"], address)
    }

    /// The same in another browser: the password shows that it is the same person.
    pub fn verify_elsewhere(shell: Shell, token: String, address: &str) -> Self {
        let words = ["link-verify", "link-elsewhere-text", "link-verify-button"];
        let page = Self::new(shell, "/verify/link", token, words, address);
        Self { ask_password: Some(address.to_owned()), ..page }
    }

    /// The link is too old; one button sends a new one. `action` is where that posts, for example `/verify/renew`.
    pub fn expired(shell: Shell, action: &str, token: String, address: &str) -> Self {
        Self::new(shell, action, token, ["link-expired", "link-expired-text", "link-expired-button"], address)
    }

    /// Opens the new-password form; posts to `/reset/link`.
    pub fn reset(shell: Shell, token: String, address: &str) -> Self {
        Self::new(shell, "/reset/link", token, ["link-reset", "link-reset-text", "continue"], address)
    }

    /// Confirms a changed address; posts to `/account/email/link`.
    pub fn confirm_email(shell: Shell, token: String, address: &str) -> Self {
        let words = ["link-email", "link-email-text", "link-email-button"];
        Self::new(shell, "/account/email/link", token, words, address)
    }
}

/// `/reset` was sent: says the same whether or not there is an account. Fields: `code`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "reset_sent.html")]
pub struct ResetSent {
    pub shell: Shell,
    /// Of what was typed, whoever has it.
    pub channel: Channel,
    pub flow: Option<String>,
    pub code: String,
    pub resend_after_seconds: Option<i64>,
    pub expired: bool,
}

/// The title of the page behind `/reset`, by where the code went.
pub const fn reset_sent_title(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "reset-sent",
        Channel::Sms => "reset-sent-phone",
    }
}

impl ResetSent {
    /// Keys of what is said about the channel: what to do, and what if nothing comes.
    const fn words(&self) -> [&'static str; 2] {
        match self.channel {
            Channel::Mail => ["reset-sent-text", "code-spam"],
            Channel::Sms => ["reset-sent-text-phone", "code-no-sms"],
        }
    }

    fn query(&self) -> String {
        query(self.flow.as_deref(), "")
    }
}

/// The new password. Fields: `password`, and `flow` or `token`.
#[derive(Clone, Debug, Template)]
#[template(path = "reset_new.html")]
pub struct ResetNew {
    pub shell: Shell,
    pub action: String,
    pub flow: Option<String>,
    pub token: Option<String>,
    /// For password managers; not shown.
    pub username: String,
    pub min_length: i64,
}
