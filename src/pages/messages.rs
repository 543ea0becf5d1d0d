//! Pages that mostly say something: messages, errors, signing out.

use askama::Template;

use super::Link;
use crate::http::shell::Shell;

/// A heading (the shell's title), a sentence, perhaps a way on.
#[derive(Clone, Debug, Template)]
#[template(path = "message.html")]
pub struct Message {
    pub shell: Shell,
    pub detail: String,
    pub link: Option<Link>,
}

/// An error page; the reference comes from the shell.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub shell: Shell,
    /// The HTTP status, shown for whoever is asked for help.
    pub status: u16,
    /// What happened and what to do next.
    pub detail: String,
    /// The way on; without one there is a link home.
    pub link: Option<Link>,
}

/// Between a page of ours and somebody else's. The browser goes on by itself.
#[derive(Clone, Debug, Template)]
#[template(path = "departing.html")]
pub struct Departing {
    pub shell: Shell,
    /// Where to.
    pub lead: String,
    /// What to do if the browser stays; may be empty.
    pub hint: String,
    pub url: String,
    /// The button's words.
    pub label: String,
}

impl Departing {
    /// To somebody by this name; `lead` and `label` are keys of the catalogue.
    pub fn to(shell: Shell, name: &str, [lead, label]: [&str; 2], url: String) -> Self {
        let words = |key| shell.text.with(key, &[("name", name)]);
        let (lead, label, hint) = (words(lead), words(label), shell.t("leaving-hint").into_owned());
        Self { shell, lead, hint, url, label }
    }
}

/// `/logout`: asks where to sign out. Fields: `where` = `here` or `everywhere`, and `hidden`.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct Logout {
    pub shell: Shell,
    pub action: String,
    /// The application that asked, if one did.
    pub app: Option<String>,
    /// The person signed in.
    pub who: Option<String>,
    /// Hidden fields to carry on, such as `flow`.
    pub hidden: Vec<(String, String)>,
}

/// After signing out.
#[derive(Clone, Debug, Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOut {
    pub shell: Shell,
    /// Names of the applications that were ended with the session.
    pub apps: Vec<String>,
    /// Signing out at the provider, too, through which the person came.
    pub elsewhere: Option<Link>,
    /// The way on.
    pub link: Option<Link>,
}
