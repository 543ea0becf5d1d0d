//! Pages of `vestibule dev`: the mailbox, the inbox, the demo relying party and the fake providers.

use askama::Template;

use super::{Choice, Link};
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

/// A fake provider asks who signs in. Fields: `person`, `email`, `name`, `quirk`, and `answer` = `continue` or `cancel`.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/fake.html")]
pub struct FakeSignIn {
    pub shell: Shell,
    /// Where the form posts.
    pub action: String,
    /// Hidden fields: the parameters of the authorization request.
    pub carried: Vec<(String, String)>,
    pub people: Vec<Choice>,
    /// Who was chosen before.
    pub person: String,
    pub email: String,
    pub name: String,
    pub quirks: Vec<Choice>,
    /// Which was chosen before.
    pub quirk: String,
    /// What the program asked for.
    pub scopes: Vec<String>,
    /// The origin people are sent back to.
    pub to: String,
    /// The domain whose addresses the provider hosts, if it has such domains.
    pub hosted: Option<String>,
}
