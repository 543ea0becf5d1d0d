//! The frame every page shares: title, language, client badge, notices, error summary, footer.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use crate::ids::UserId;
use crate::locale::Text;

/// The parameter that says whose account a form is of.
pub const OWNER: &str = "as";

/// The application a person is on the way to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientBadge {
    pub name: String,
    /// Host of the client's own site, so that a borrowed name is noticed.
    pub domain: String,
    /// Where our server (or an `https:` host) has its logo.
    pub logo: Option<String>,
}

/// How a [`Notice`] is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Success,
    Warning,
}

impl Tone {
    pub const fn class(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
        }
    }
}

/// A message above the page's content that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: Tone,
    pub text: String,
}

/// Something wrong with one field, or with the whole form if `field` is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's `id` (which is its `name`).
    pub field: String,
    pub text: String,
}

/// One language in the footer's switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageLink {
    /// BCP 47 tag, for `hreflang` and `lang`.
    pub tag: &'static str,
    /// The language's own name for itself.
    pub label: String,
    /// The same page with `lang` set.
    pub href: String,
    pub current: bool,
}

/// The view model of the common layout.
#[derive(Clone, Debug)]
pub struct Shell {
    pub text: Text,
    /// The name of this installation.
    pub site: String,
    /// The page's title, already in the reader's language.
    pub title: String,
    /// The request failed: the title then starts with "Error:".
    pub failed: bool,
    /// The page answers a form: history then remembers the page that the form was on, by `static/enhance.js`.
    pub posted: bool,
    /// The form was sent too often, and is taken again after this long.
    pub retry_after: Option<Duration>,
    pub client: Option<ClientBadge>,
    pub notice: Option<Notice>,
    pub errors: Vec<FieldProblem>,
    pub help_url: Option<String>,
    /// The account has a page for other providers' accounts.
    pub identities: bool,
    pub switch: Vec<LanguageLink>,
    /// The id of the form whose fields the switch sends along, so that they survive it; empty: none.
    pub keeps: &'static str,
    /// The operation id people can quote.
    pub reference: String,
    /// Who signed in last in this browser; the forms of their account say whose they are.
    pub person: Option<UserId>,
}

impl Shell {
    /// A plain frame; `title` is a key of the catalogue.
    pub fn new(text: Text, site: impl Into<String>, title: &str) -> Self {
        let title = text.t(title).into_owned();
        Self {
            text,
            site: site.into(),
            title,
            failed: false,
            posted: false,
            retry_after: None,
            client: None,
            notice: None,
            errors: Vec::new(),
            help_url: None,
            identities: false,
            switch: Vec::new(),
            keeps: "",
            reference: String::new(),
            person: None,
        }
    }

    /// Where a form of the account goes: with whose it is, so that it changes nobody else's who has signed in meanwhile.
    pub fn own(&self, path: &str) -> String {
        self.person.as_ref().map_or_else(|| path.to_owned(), |person| format!("{path}?{OWNER}={person}"))
    }

    /// Where GET shows this page.
    pub fn here(&self) -> &str {
        self.switch.iter().find(|language| language.current).map_or("", |language| language.href.as_str())
    }

    /// Adds a problem; `field` is the field's id, or empty for the whole form.
    pub fn problem(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.failed = true;
        self.errors.push(FieldProblem { field: field.into(), text: text.into() });
    }

    /// The words for `key`.
    pub fn t(&self, key: &str) -> Cow<'_, str> {
        self.text.t(key)
    }

    /// What is wrong with this field, if anything.
    pub fn problem_of(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|problem| problem.field == field).map(|problem| problem.text.as_str())
    }

    /// The `aria-*` attributes of a field: what describes it and whether it is wrong. `field` is our own constant, never input.
    pub fn aria(&self, field: &str, hint: bool) -> String {
        let wrong = self.problem_of(field).is_some();
        let mut attributes = String::new();
        let ids = match (wrong, hint) {
            (true, true) => format!("{field}-problem {field}-hint"),
            (true, false) => format!("{field}-problem"),
            (false, true) => format!("{field}-hint"),
            (false, false) => return attributes,
        };
        // Writing into a String cannot fail.
        let _ = write!(attributes, " aria-describedby=\"{ids}\"");
        if wrong {
            attributes.push_str(" aria-invalid=\"true\"");
        }
        attributes
    }

    /// The links of the language switch: `path_and_query` with its `lang` replaced.
    pub fn languages(text: &Text, path_and_query: &str) -> Vec<LanguageLink> {
        // Two slashes would make another host of the path.
        let path_and_query = format!("/{}", path_and_query.trim_start_matches(['/', '\\']));
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query.as_str(), ""));
        crate::locale::Locale::ALL
            .iter()
            .map(|locale| {
                let mut pairs = form_urlencoded::Serializer::new(String::new());
                pairs.extend_pairs(form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "lang"));
                pairs.append_pair("lang", locale.tag());
                LanguageLink {
                    tag: locale.tag(),
                    label: locale.name().to_owned(),
                    href: format!("{path}?{}", pairs.finish()),
                    current: *locale == text.locale(),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::locale::{Catalogue, Locale};

    #[test]
    fn switching_the_language_keeps_path_and_query() {
        let text = Text::new(Arc::new(Catalogue::load().unwrap()), Locale::De);
        let links = Shell::languages(&text, "/login?flow=a%26b&lang=en");
        let hrefs: Vec<&str> = links.iter().map(|link| link.href.as_str()).collect();
        assert_eq!(hrefs, ["/login?flow=a%26b&lang=en", "/login?flow=a%26b&lang=de"]);
        assert!(links.iter().all(|link| link.current == (link.tag == "de")));
    }

    #[test]
    fn a_wrong_field_names_its_problem_before_its_hint() {
        let text = Text::new(Arc::new(Catalogue::load().unwrap()), Locale::En);
        let mut shell = Shell::new(text, "Site", "login");
        assert_eq!(shell.aria("code", true), " aria-describedby=\"code-hint\"");
        shell.problem("code", "No");
        assert_eq!(shell.aria("code", true), " aria-describedby=\"code-problem code-hint\" aria-invalid=\"true\"");
        assert!(shell.failed);
    }
}
