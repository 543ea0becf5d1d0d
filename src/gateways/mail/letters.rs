//! The letters people get, in their language, as text and as HTML with the pages' look.

use askama::Template;
use serde::Serialize;

use crate::gateways::notice::Notice;
use crate::locale::Text;

/// A letter and what it needs. The fields are the variables of an operator's own texts, under the same names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "letter", rename_all = "kebab-case")]
pub enum Letter {
    /// To a new account's address.
    VerifyAddress {
        code: String,
        link: String,
        minutes: i64,
        hours: i64,
        /// The link is of use in another browser than the one that began.
        anywhere: bool,
    },
    /// Somebody signed up with an address that has an account.
    SignupExisting {
        login: String,
        reset: String,
    },
    /// Somebody came by a provider and gave an address that has an account.
    ConnectExisting {
        provider: String,
        link: String,
        reset: String,
        hours: i64,
    },
    Reset {
        code: String,
        link: String,
        minutes: i64,
        /// How long the link lives.
        link_minutes: i64,
    },
    /// Signs in by the link or the code.
    SignIn {
        code: String,
        link: String,
        minutes: i64,
        link_minutes: i64,
    },
    /// The code of a second factor.
    SecondFactor {
        code: String,
        minutes: i64,
    },
    /// To the new address of an account.
    ConfirmNewAddress {
        code: String,
        link: String,
        minutes: i64,
        hours: i64,
    },
    /// The operator has made an account for this address.
    Invitation {
        address: String,
        link: String,
        hours: i64,
    },
    /// Something was changed, or somebody came in.
    Notice(Box<Notified>),
    /// To a restored address, after its owner has locked the account: the way back in.
    LockedDown {
        reset: String,
    },
    AccountDeleted,
}

/// A notice with its circumstances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notified {
    #[serde(flatten)]
    pub notice: Notice,
    /// As the reader writes dates.
    pub when: String,
    /// The browser and system, as far as it says.
    pub device: String,
    /// The network, not the exact address.
    pub place: String,
    /// "This was not me". None for an address that the change itself brought.
    pub link: Option<String>,
    /// How long the link lives.
    pub hours: i64,
    /// Whoever runs the site has done it.
    pub by_operator: bool,
}

impl Notified {
    fn parts(&self, text: &Text, site: &str) -> Parts {
        let facts = [("told-when", &self.when), ("told-device", &self.device), ("told-place", &self.place)];
        let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let parts = Parts {
            heading: self.notice.heading(text),
            opening: self.notice.opening(text, site),
            facts: facts.map(|(key, value)| (text.t(key).into_owned(), value.clone())).collect(),
            ..Parts::default()
        };
        match &self.link {
            Some(link) => Parts {
                link_intro: text.t("told-not-me").into_owned(),
                buttons: vec![Button { label: text.t("wasnt-me").into_owned(), href: link.clone() }],
                link_life: text.number("mail-link-hours", "hours", self.hours),
                closing: text.t("told-was-me").into_owned(),
                ..parts
            },
            None if self.by_operator => Parts { closing: text.with("told-operator", &[("site", site)]), ..parts },
            None => Parts { closing: text.t("told-elsewhere").into_owned(), ..parts },
        }
    }
}

/// A mail ready for a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A link and its words.
#[derive(Clone, Debug)]
struct Button {
    label: String,
    href: String,
}

#[derive(Clone, Debug, Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    text: &'a Text,
    site: &'a str,
    letter: &'a Parts,
}

#[derive(Clone, Debug, Template)]
#[template(path = "mail/letter.txt", whitespace = "preserve")]
struct Plain<'a> {
    text: &'a Text,
    site: &'a str,
    letter: &'a Parts,
}

/// What every letter is made of, in the order it is read.
#[derive(Clone, Debug, Default)]
struct Parts {
    heading: String,
    opening: String,
    /// When, where: each with its label.
    facts: Vec<(String, String)>,
    code: Option<String>,
    /// How long the code lives.
    code_life: String,
    /// Before the first button.
    link_intro: String,
    buttons: Vec<Button>,
    link_life: String,
    /// What to do if it was not you.
    closing: String,
}

impl Letter {
    /// The letter in `text`'s language, from `site`.
    pub fn render(&self, text: &Text, site: &str) -> Result<Rendered, askama::Error> {
        let letter = self.parts(text, site);
        let subject = match &letter.code {
            // First, so that it shows in a notification.
            Some(code) => format!("{code} – {}", letter.heading),
            None => letter.heading.clone(),
        };
        Ok(Rendered {
            subject,
            text: Plain { text, site, letter: &letter }.render()?,
            html: Html { text, site, letter: &letter }.render()?,
        })
    }

    fn parts(&self, text: &Text, site: &str) -> Parts {
        let t = |key: &str| text.with(key, &[("site", site)]);
        let button = |label: &str, href: &str| Button { label: t(label), href: href.to_owned() };
        let coded = |[heading, opening, label, closing]: [&str; 4], code: &str, link: &str, minutes: i64| Parts {
            heading: t(heading),
            opening: t(opening),
            code: Some(code.to_owned()),
            code_life: text.number("mail-code-life", "minutes", minutes),
            link_intro: t("mail-or-link"),
            buttons: vec![button(label, link)],
            closing: t(closing),
            ..Parts::default()
        };
        match self {
            Self::VerifyAddress { code, link, minutes, hours, anywhere } => {
                let words = ["mail-verify", "mail-verify-opening", "mail-verify-button", "mail-verify-closing"];
                let parts = coded(words, code, link, *minutes);
                let link_intro = if *anywhere { parts.link_intro } else { t("mail-or-link-here") };
                Parts { link_intro, link_life: text.number("mail-link-hours", "hours", *hours), ..parts }
            }
            Self::Reset { code, link, minutes, link_minutes } => {
                let words = ["mail-reset", "mail-reset-opening", "mail-reset-button", "mail-reset-closing"];
                let parts = coded(words, code, link, *minutes);
                Parts { link_life: text.number("mail-link-minutes", "minutes", *link_minutes), ..parts }
            }
            Self::SignIn { code, link, minutes, link_minutes } => {
                let words = ["mail-sign-in", "mail-sign-in-opening", "mail-sign-in-button", "mail-sign-in-closing"];
                let parts = coded(words, code, link, *minutes);
                Parts { link_life: text.number("mail-link-minutes", "minutes", *link_minutes), ..parts }
            }
            Self::SecondFactor { code, minutes } => Parts {
                heading: t("mail-second"),
                opening: t("mail-second-opening"),
                code: Some(code.clone()),
                code_life: text.number("mail-code-life", "minutes", *minutes),
                closing: t("mail-second-closing"),
                ..Parts::default()
            },
            Self::ConfirmNewAddress { code, link, minutes, hours } => {
                let words = ["mail-address", "mail-address-opening", "mail-verify-button", "mail-address-closing"];
                let parts = coded(words, code, link, *minutes);
                Parts { link_life: text.number("mail-link-hours", "hours", *hours), ..parts }
            }
            Self::SignupExisting { login, reset } => Parts {
                heading: t("mail-existing"),
                opening: t("mail-existing-opening"),
                buttons: vec![button("mail-existing-login", login), button("mail-existing-reset", reset)],
                closing: t("mail-existing-closing"),
                ..Parts::default()
            },
            Self::ConnectExisting { provider, link, reset, hours } => {
                let t = |key: &str| text.with(key, &[("site", site), ("provider", provider)]);
                Parts {
                    heading: t("mail-connect"),
                    opening: t("mail-connect-opening"),
                    link_intro: t("mail-connect-link"),
                    buttons: vec![
                        Button { label: t("mail-connect-button"), href: link.clone() },
                        Button { label: t("mail-existing-reset"), href: reset.clone() },
                    ],
                    link_life: text.number("mail-link-hours", "hours", *hours),
                    closing: t("mail-connect-closing"),
                    ..Parts::default()
                }
            }
            Self::Invitation { address, link, hours } => Parts {
                heading: t("mail-invitation"),
                opening: text.with("mail-invitation-opening", &[("site", site), ("address", address)]),
                buttons: vec![button("mail-invitation-button", link)],
                link_life: text.number("mail-link-hours", "hours", *hours),
                closing: t("mail-invitation-closing"),
                ..Parts::default()
            },
            Self::Notice(notified) => notified.parts(text, site),
            Self::LockedDown { reset } => Parts {
                heading: t("mail-locked"),
                opening: t("mail-locked-opening"),
                buttons: vec![button("mail-reset-button", reset)],
                closing: t("mail-locked-closing"),
                ..Parts::default()
            },
            Self::AccountDeleted => Parts {
                heading: t("mail-deleted"),
                opening: t("mail-deleted-opening"),
                closing: t("mail-deleted-closing"),
                ..Parts::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::{Catalogue, Locale};
    use std::sync::Arc;

    #[test]
    fn every_letter_renders_in_every_language() {
        let catalogue = Arc::new(Catalogue::load().unwrap());
        for locale in Locale::ALL {
            for letter in Letter::samples() {
                let mail = letter.render(&Text::new(Arc::clone(&catalogue), locale), "A <b> & Co").unwrap();
                for part in [&mail.subject, &mail.text, &mail.html] {
                    assert!(!part.contains("mail-") && !part.contains("{$") && !part.contains("{ $"), "{part}");
                }
                assert!(mail.text.contains("A <b> & Co") && !mail.html.contains("<b>"), "{}", mail.html);
                assert!(!mail.text.contains("\n\n\n") && mail.text.ends_with('\n'), "{:?}", mail.text);
                if let Ok(folder) = std::env::var("VESTIBULE_SAMPLES") {
                    let name = format!("{folder}/mail-{}-{}", locale.tag(), mail.subject.replace(['/', ' '], "_"));
                    std::fs::write(format!("{name}.html"), &mail.html).unwrap();
                    std::fs::write(format!("{name}.txt"), &mail.text).unwrap();
                }
            }
        }
    }
}
