//! Consent, and the page that carries an answer to an application by POST.

use askama::Template;

use crate::http::shell::Shell;
use crate::locale::Text;

/// One thing an application asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLine {
    /// The scope value.
    pub name: String,
    /// In plain words.
    pub title: String,
    /// May be empty.
    pub detail: String,
    /// The person may leave it out.
    pub optional: bool,
    pub checked: bool,
}

impl ScopeLine {
    /// The line for a scope in the reader's language; one we do not know is shown by its name.
    pub fn standard(text: &Text, name: &str) -> Self {
        let words = match name {
            "openid" => Some(["scope-openid", "scope-openid-detail"]),
            "profile" => Some(["scope-profile", "scope-profile-detail"]),
            "email" => Some(["scope-email", "scope-email-detail"]),
            "phone" => Some(["scope-phone", "scope-phone-detail"]),
            "address" => Some(["scope-address", "scope-address-detail"]),
            "offline_access" => Some(["scope-offline", "scope-offline-detail"]),
            _ => None,
        };
        let (title, detail) = words.map_or_else(
            || (name.to_owned(), text.t("scope-other-detail").into_owned()),
            |[title, detail]| (text.t(title).into_owned(), text.t(detail).into_owned()),
        );
        Self { name: name.to_owned(), title, detail, optional: false, checked: true }
    }
}

/// `/consent`. Fields: `flow`, `person`, `decision` = `allow` or `deny`, `scope` for each optional one ticked; "not you?" posts `flow` to `/login/switch`.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct Consent {
    pub shell: Shell,
    pub flow: String,
    /// The id of the person who sees the page: the answer counts for them only.
    pub person: String,
    /// The application's name, as in the shell's badge.
    pub app: String,
    /// The person: a name, or the address again if there is none.
    pub name: String,
    pub email: String,
    pub scopes: Vec<ScopeLine>,
    /// The application has consent already and asks for more.
    pub additional: bool,
}

/// `/consent`, where the application asks for somebody else than who is signed in. The link leads to the sign-in page, which carries on. Fields of the
/// form: `flow`, `person`, `decision` = `not-them`: back to the application.
#[derive(Clone, Debug, Template)]
#[template(path = "somebody_else.html")]
pub struct SomebodyElse {
    pub shell: Shell,
    pub flow: String,
    /// The id of the person who sees the page.
    pub person: String,
    /// The application's name.
    pub app: String,
    /// The person: a name, or the address again if there is none.
    pub name: String,
    pub email: String,
}

/// `response_mode=form_post`: posts itself with script, has a button without.
#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPost {
    pub shell: Shell,
    /// The redirect URI.
    pub action: String,
    pub fields: Vec<(String, String)>,
}
