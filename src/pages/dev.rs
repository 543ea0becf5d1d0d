//! Pages of `vestibule dev`: the mailbox, the inbox and the demo relying party.

use askama::Template;

use super::Link;
use crate::http::shell::Shell;
use crate::locale::When;

/// One mail in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub id: String,
    pub to: String,
    pub subject: String,
    pub sent: When,
}

/// `/dev/mail`.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/mailbox.html")]
pub struct Mailbox {
    pub shell: Shell,
    /// Newest first.
    pub mails: Vec<Mail>,
}

/// `/dev/mail/{id}`; set the shell's title to the subject.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/mail.html")]
pub struct MailPage {
    pub shell: Shell,
    pub mail: Mail,
    /// The text part.
    pub body: String,
    /// The links found in the text part.
    pub links: Vec<Link>,
}

/// One text message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub to: String,
    pub body: String,
    pub sent: When,
}

/// `/dev/sms`.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/inbox.html")]
pub struct Inbox {
    pub shell: Shell,
    /// Newest first.
    pub texts: Vec<Text>,
}

/// The demo application before sign-in.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/demo_home.html")]
pub struct DemoHome {
    pub shell: Shell,
    /// Where its sign-in button leads.
    pub sign_in: String,
    /// The name of the identity provider.
    pub provider: String,
}

/// The demo application after sign-in.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/demo_claims.html")]
pub struct DemoClaims {
    pub shell: Shell,
    pub claims: Vec<(String, String)>,
    /// Where the form for fresh tokens posts; none without a refresh token.
    pub refresh: Option<String>,
    /// Where the form to sign out posts.
    pub sign_out: String,
    pub account: String,
}
