//! The letters as an operator's own texts see them; `docs/templates.md` lists the same.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::letters::{Letter, Notified, Rendered};
use crate::gateways::notice::Notice;
use crate::gateways::overrides::{Overrides, Part, Piece};
use crate::locale::Text;

impl Letter {
    /// One of each, with values that no text holds by chance.
    pub fn samples() -> Vec<Self> {
        let code = || "493817".to_owned();
        let link = |name: &str| format!("https://id.example/{name}?token=flo_01sample.{name}");
        let notified = |notice: Notice, link: Option<String>| {
            let (when, device, place) = ("21 November 2025, 09:30", "Firefox on Linux", "192.0.2.x");
            let (when, device, place) = (when.to_owned(), device.to_owned(), place.to_owned());
            Self::Notice(Box::new(Notified { notice, when, device, place, link, hours: 72, by_operator: false }))
        };
        let notices = Notice::samples().into_iter();
        let notices = notices.flat_map(|notice| [notified(notice.clone(), Some(link("wasnt-me"))), notified(notice, None)]);
        let others = vec![
            Self::VerifyAddress { code: code(), link: link("verify"), minutes: 10, hours: 24, anywhere: true },
            Self::VerifyAddress { code: code(), link: link("verify"), minutes: 10, hours: 24, anywhere: false },
            Self::SignupExisting { login: link("login"), reset: link("reset") },
            Self::ConnectExisting { provider: "Acme".to_owned(), link: link("connect"), reset: link("reset"), hours: 24 },
            Self::Reset { code: code(), link: link("reset"), minutes: 10, link_minutes: 15 },
            Self::SignIn { code: code(), link: link("login"), minutes: 10, link_minutes: 10 },
            Self::SecondFactor { code: code(), minutes: 10 },
            Self::ConfirmNewAddress { code: code(), link: link("confirm"), minutes: 10, hours: 24 },
            Self::Invitation { address: "ana@example.com".to_owned(), link: link("invitation"), hours: 72 },
            Self::LockedDown { reset: link("reset") },
            Self::AccountDeleted,
        ];
        others.into_iter().chain(notices).collect()
    }

    /// For a text of the operator's own.
    pub fn piece(&self, site: &str) -> Piece<'_> {
        let (name, code, links): (_, _, Vec<&str>) = match self {
            Self::VerifyAddress { code, link, .. } => ("verify-address", Some(code), vec![link]),
            Self::SignupExisting { login, reset } => ("signup-existing", None, vec![login, reset]),
            Self::ConnectExisting { link, reset, .. } => ("connect-existing", None, vec![link, reset]),
            Self::Reset { code, link, .. } => ("reset", Some(code), vec![link]),
            Self::SignIn { code, link, .. } => ("sign-in", Some(code), vec![link]),
            Self::SecondFactor { code, .. } => ("second-factor", Some(code), Vec::new()),
            Self::ConfirmNewAddress { code, link, .. } => ("confirm-new-address", Some(code), vec![link]),
            Self::Invitation { link, .. } => ("invitation", None, vec![link]),
            Self::Notice(notified) => (notified.notice.name(), None, notified.link.iter().map(String::as_str).collect()),
            Self::LockedDown { reset } => ("locked-down", None, vec![reset]),
            Self::AccountDeleted => ("account-deleted", None, Vec::new()),
        };
        let variables = context! { site, letter => name, ..Value::from(Serde(self)) };
        Piece { name, parts: Part::MAIL, variables, code: code.map(String::as_str), links }
    }

    /// The letter with the operator's texts where there are any.
    pub fn render_with(&self, overrides: &Overrides, text: &Text, site: &str) -> Result<Rendered, askama::Error> {
        let built_in = self.render(text, site)?;
        if overrides.is_empty() {
            return Ok(built_in);
        }
        let piece = self.piece(site);
        let own = |part: Part, built_in: String| overrides.render(text.locale(), &piece, part).unwrap_or(built_in);
        Ok(Rendered {
            subject: own(Part::Subject, built_in.subject),
            text: own(Part::Text, built_in.text),
            html: own(Part::Html, built_in.html),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::locale::{Catalogue, Locale};

    #[test]
    fn every_letter_is_documented_with_its_variables() {
        let documented = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/templates.md")).unwrap();
        for letter in Letter::samples() {
            let piece = letter.piece("Site");
            let keys: BTreeSet<String> = piece.variables.try_iter().unwrap().map(|key| key.to_string()).collect();
            let row = documented.lines().find(|line| line.starts_with(&format!("| `{}` |", piece.name)));
            let row = row.unwrap_or_else(|| panic!("docs/templates.md says nothing of {}", piece.name));
            for key in keys.iter().filter(|key| !["site", "letter", "notice"].contains(&key.as_str())) {
                assert!(row.contains(&format!("`{key}`")), "{}: `{key}` is missing", piece.name);
            }
            assert_eq!(piece.variables.get_attr("letter").unwrap().as_str(), Some(piece.name));
        }
    }

    #[test]
    fn the_built_in_texts_keep_what_they_ask_of_others() {
        let catalogue = Arc::new(Catalogue::load().unwrap());
        for locale in Locale::ALL {
            for letter in Letter::samples() {
                let mail = letter.render(&Text::new(Arc::clone(&catalogue), locale), "Site").unwrap();
                let piece = letter.piece("Site");
                if let Some(code) = piece.code {
                    assert!(mail.subject.starts_with(code), "{}", mail.subject);
                    assert!(mail.text.contains(code) && mail.html.contains(code), "{}", mail.text);
                }
                for link in &piece.links {
                    assert!(mail.text.contains(link), "{}", mail.text);
                }
            }
        }
    }

    #[test]
    fn a_letter_takes_the_operators_texts() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("en")).unwrap();
        fs::write(dir.path().join("en/reset.subject.txt"), "{{ code }} for {{ site }}").unwrap();
        fs::write(dir.path().join("en/reset.txt"), "{{ code }} or {{ link }} within {{ minutes }} minutes").unwrap();
        let samples = Letter::samples();
        let pieces: Vec<_> = samples.iter().map(|letter| letter.piece("Site")).collect();
        let overrides = Overrides::load(dir.path(), &pieces).unwrap();
        let text = |locale| Text::new(Arc::new(Catalogue::load().unwrap()), locale);
        let letter =
            Letter::Reset { code: "000001".into(), link: "https://x.example/?a=b&c".into(), minutes: 7, link_minutes: 9 };
        let mail = letter.render_with(&overrides, &text(Locale::En), "A & B").unwrap();
        assert_eq!(mail.subject, "000001 for A & B");
        assert_eq!(mail.text, "000001 or https://x.example/?a=b&c within 7 minutes");
        let built_in = letter.render(&text(Locale::En), "A & B").unwrap();
        assert_eq!(mail.html, built_in.html);
        assert_eq!(
            letter.render_with(&overrides, &text(Locale::De), "A").unwrap(),
            letter.render(&text(Locale::De), "A").unwrap()
        );
    }
}
