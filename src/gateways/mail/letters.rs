//! The letters people get, in their language, as text and as HTML with the pages' look.

use askama::Template;
use serde::Serialize;

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
    },
    /// Somebody signed up with an address that has an account.
    SignupExisting {
        login: String,
        reset: String,
    },
    Reset {
        code: String,
        link: String,
        minutes: i64,
    },
    /// To the new address of an account.
    ConfirmNewAddress {
        code: String,
        link: String,
        minutes: i64,
        hours: i64,
    },
    /// To the old address, with a way back.
    AddressChanged {
        old: String,
        new: String,
        undo: String,
        hours: i64,
    },
    PasswordChanged {
        reset: String,
    },
    AccountDeleted,
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
            Self::VerifyAddress { code, link, minutes, hours } => {
                let words = ["mail-verify", "mail-verify-opening", "mail-verify-button", "mail-verify-closing"];
                let parts = coded(words, code, link, *minutes);
                Parts { link_life: text.number("mail-link-hours", "hours", *hours), ..parts }
            }
            Self::Reset { code, link, minutes } => {
                let words = ["mail-reset", "mail-reset-opening", "mail-reset-button", "mail-reset-closing"];
                let parts = coded(words, code, link, *minutes);
                Parts { link_life: text.number("mail-link-minutes", "minutes", *minutes), ..parts }
            }
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
            Self::AddressChanged { old, new, undo, hours } => Parts {
                heading: t("mail-changed"),
                opening: text.with("mail-changed-opening", &[("old", old), ("new", new), ("site", site)]),
                link_intro: t("mail-changed-intro"),
                buttons: vec![button("mail-changed-button", undo)],
                link_life: text.number("mail-link-hours", "hours", *hours),
                closing: t("mail-changed-closing"),
                ..Parts::default()
            },
            Self::PasswordChanged { reset } => Parts {
                heading: t("mail-password"),
                opening: t("mail-password-opening"),
                link_intro: t("mail-password-intro"),
                buttons: vec![button("mail-reset-button", reset)],
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

    fn letters() -> Vec<Letter> {
        let (code, link) = (String::from("123456"), String::from("https://id.example/verify/link?token=a&b=1"));
        vec![
            Letter::VerifyAddress { code: code.clone(), link: link.clone(), minutes: 10, hours: 24 },
            Letter::SignupExisting { login: link.clone(), reset: link.clone() },
            Letter::Reset { code: code.clone(), link: link.clone(), minutes: 15 },
            Letter::ConfirmNewAddress { code, link: link.clone(), minutes: 10, hours: 1 },
            Letter::AddressChanged { old: "old@a.example".into(), new: "new@a.example".into(), undo: link.clone(), hours: 72 },
            Letter::PasswordChanged { reset: link },
            Letter::AccountDeleted,
        ]
    }

    #[test]
    fn every_letter_renders_in_every_language() {
        let catalogue = Arc::new(Catalogue::load().unwrap());
        for locale in Locale::ALL {
            for letter in letters() {
                let mail = letter.render(&Text::new(Arc::clone(&catalogue), locale), "A <b> & Co").unwrap();
                for part in [&mail.subject, &mail.text, &mail.html] {
                    assert!(!part.contains("mail-") && !part.contains("{$") && !part.contains("{ $"), "{part}");
                }
                assert!(mail.text.contains("A <b> & Co") && !mail.html.contains("<b>"), "{}", mail.html);
                assert!(!mail.text.contains("\n\n\n") && mail.text.ends_with('\n'), "{:?}", mail.text);
                if let Letter::Reset { code, link, .. } = &letter {
                    assert!(mail.subject.starts_with(code.as_str()));
                    assert!(mail.text.contains(link.as_str()) && mail.text.contains(code.as_str()));
                }
                if let Ok(folder) = std::env::var("VESTIBULE_SAMPLES") {
                    let name = format!("{folder}/mail-{}-{}", locale.tag(), mail.subject.replace(['/', ' '], "_"));
                    std::fs::write(format!("{name}.html"), &mail.html).unwrap();
                    std::fs::write(format!("{name}.txt"), &mail.text).unwrap();
                }
            }
        }
    }
}
