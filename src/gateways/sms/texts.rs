//! The words of the texts people get, in their language.
//!
//! A text is short and, if the site's name is, within the GSM 7-bit alphabet: one message of 160 characters, the cheapest.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use crate::gateways::overrides::{Overrides, Part, Piece};
use crate::locale::Text;

/// A text and what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
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
    pub fn render(&self, overrides: &Overrides, text: &Text, site: &str, host: &str) -> String {
        let own = overrides.render(text.locale(), &self.piece(site), Part::Sms);
        let words = own.unwrap_or_else(|| self.words(text, site));
        match self {
            Self::Code { code, .. } => format!("{words}\n\n@{host} #{code}"),
            Self::SignupExisting { .. } | Self::Notice { .. } => words,
        }
    }

    fn words(&self, text: &Text, site: &str) -> String {
        match self {
            Self::Code { code, minutes } => {
                let minutes = minutes.to_string();
                text.with("sms-code", &[("code", code), ("site", site), ("minutes", &minutes)])
            }
            Self::SignupExisting { login } => text.with("sms-existing", &[("site", site), ("link", login)]),
            Self::Notice { words, link } => text.with("sms-notice", &[("site", site), ("words", words), ("link", link)]),
        }
    }

    /// One of each, with values that no text holds by chance.
    pub fn samples() -> Vec<Self> {
        let link = "https://id.example/login?sample=1".to_owned();
        vec![
            Self::Code { code: "493817".to_owned(), minutes: 10 },
            Self::SignupExisting { login: link.clone() },
            Self::Notice { words: "Sample words.".to_owned(), link },
        ]
    }

    /// For a text of the operator's own. The last line of a code is ours: without it phones would not know whose code it is.
    pub fn piece(&self, site: &str) -> Piece<'_> {
        let (name, code, links): (_, _, Vec<&str>) = match self {
            Self::Code { code, .. } => ("code", Some(code.as_str()), Vec::new()),
            Self::SignupExisting { login } => ("signup-existing", None, vec![login]),
            Self::Notice { link, .. } => ("notice", None, vec![link]),
        };
        Piece { name, parts: Part::SMS, variables: context! { site, ..Value::from(Serde(self)) }, code, links }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::locale::{Catalogue, Locale};

    #[test]
    fn texts_of_the_operators_own_stand_in_and_keep_the_origin() {
        let folder = tempfile::tempdir().unwrap();
        let english = folder.path().join("en");
        std::fs::create_dir(&english).unwrap();
        let samples = Sms::samples();
        let pieces: Vec<_> = samples.iter().map(|sms| sms.piece("A")).collect();
        std::fs::write(english.join("code.sms.txt"), "{{ code }} opens {{ site }}\n").unwrap();
        let overrides = Overrides::load(folder.path(), &pieces).unwrap();
        let text = Text::new(Arc::new(Catalogue::load().unwrap()), Locale::En);
        let body = Sms::Code { code: "123456".into(), minutes: 10 }.render(&overrides, &text, "A", "id.example.org");
        assert_eq!(body, "123456 opens A\n\n@id.example.org #123456");
        for (name, bad) in [("code.sms.txt", "no digits"), ("notice.sms.txt", "{{ words }}"), ("codes.sms.txt", "{{ code }}")] {
            std::fs::write(english.join(name), bad).unwrap();
            let errors = Overrides::load(folder.path(), &pieces).unwrap_err().to_string();
            assert!(errors.contains(name), "{errors}");
            std::fs::remove_file(english.join(name)).unwrap();
        }
    }

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
                let body = sms.render(&Overrides::default(), &text, "Vestibule", "id.example.org");
                assert!(body.chars().all(is_gsm), "{body}");
                assert!(body.chars().count() <= 160, "{} {body}", body.len());
                assert!(!body.contains("sms-") && !body.contains('{') && body.contains("Vestibule"), "{body}");
            }
        }
    }

    #[test]
    fn a_code_ends_with_its_origin() {
        let text = Text::new(Arc::new(Catalogue::load().unwrap()), Locale::En);
        let body = Sms::Code { code: "123456".into(), minutes: 10 }.render(&Overrides::default(), &text, "A", "id.example.org");
        assert_eq!(body.lines().last(), Some("@id.example.org #123456"));
        assert!(!body.ends_with('\n') && body.starts_with("123456 "), "{body}");
    }
}
