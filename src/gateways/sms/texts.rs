//! The words of the texts people get, in their language.
//!
//! A text is short and, if the site's name is, within the GSM 7-bit alphabet: one message of 160 characters, the cheapest.

use crate::locale::Text;

/// A text and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sms {
    /// A code to enter on the page where it was asked for.
    Code { code: String, minutes: i64 },
    /// Somebody signed up with a number that has an account.
    SignupExisting { login: String },
    /// Something happened to the account; `words` are of the reader's language, `link` is the way to object.
    Notice { words: String, link: String },
}

impl Sms {
    /// The text in `text`'s language, from `site`. `host` is the public name of the pages, without a port: a code's last line
    /// binds it to them, so that phones offer it there and nowhere else (WICG, Origin-bound one-time codes delivered via SMS).
    pub fn render(&self, text: &Text, site: &str, host: &str) -> String {
        match self {
            Self::Code { code, minutes } => {
                let minutes = minutes.to_string();
                let words = text.with("sms-code", &[("code", code), ("site", site), ("minutes", &minutes)]);
                format!("{words}\n\n@{host} #{code}")
            }
            Self::SignupExisting { login } => text.with("sms-existing", &[("site", site), ("link", login)]),
            Self::Notice { words, link } => text.with("sms-notice", &[("site", site), ("words", words), ("link", link)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::locale::{Catalogue, Locale};

    /// GSM 03.38's basic alphabet, as far as our words may use it.
    fn is_gsm(character: char) -> bool {
        character.is_ascii_alphanumeric() || "@$_ !\"#%&'()*+,-./:;<=>?\n\räöüÄÖÜßèéàñ§".contains(character)
    }

    #[test]
    fn every_text_is_one_cheap_message_in_every_language() {
        let catalogue = Arc::new(Catalogue::load().unwrap());
        for locale in Locale::ALL {
            let text = Text::new(Arc::clone(&catalogue), locale);
            let link = "https://id.example.org/login".to_owned();
            for sms in [
                Sms::Code { code: "123456".into(), minutes: 10 },
                Sms::SignupExisting { login: link.clone() },
                Sms::Notice { words: "Password changed.".into(), link },
            ] {
                let body = sms.render(&text, "Vestibule", "id.example.org");
                assert!(body.chars().all(is_gsm), "{body}");
                assert!(body.chars().count() <= 160, "{} {body}", body.len());
                assert!(!body.contains("sms-") && !body.contains('{') && body.contains("Vestibule"), "{body}");
            }
        }
    }

    #[test]
    fn a_code_ends_with_its_origin() {
        let text = Text::new(Arc::new(Catalogue::load().unwrap()), Locale::En);
        let body = Sms::Code { code: "123456".into(), minutes: 10 }.render(&text, "A", "id.example.org");
        assert_eq!(body.lines().last(), Some("@id.example.org #123456"));
        assert!(!body.ends_with('\n') && body.starts_with("123456 "), "{body}");
    }
}
