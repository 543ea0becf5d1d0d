//! What lives here: the languages we speak, choosing one, and the words themselves (`locales/*.ftl`).
//! What may not: HTML, pages, anything about requests beyond the three strings that name a language.
//! How to add a language: a variant of [`Locale`] and a file in `locales/` with every id of `en.ftl`.
//! Where it is tested: here, and `catalogue` compares the files and looks for every key the templates use.

mod catalogue;
mod dates;

pub use catalogue::{Catalogue, CatalogueError, Text};
pub use dates::When;

use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use unic_langid::LanguageIdentifier;

/// A language with a complete catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    #[default]
    En,
    De,
}

impl Locale {
    /// Every language, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// Writing direction for the `dir` attribute.
    pub const fn dir(self) -> &'static str {
        match self {
            Self::En | Self::De => "ltr",
        }
    }

    /// The language's name in itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
        }
    }

    /// The language of exactly this tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(tag))
    }

    /// The language we speak that is nearest to a tag: German for `de-AT` (RFC 4647 section 3.4, lookup).
    pub fn nearest(tag: &str) -> Option<Self> {
        Self::first_of(std::iter::once(tag))
    }

    /// Chooses a language: `ui_locales` (OIDC Core 3.1.2.1, space separated), then the saved choice, then `Accept-Language` (RFC 9110 12.5.4).
    /// The first source that names one we speak wins; nonsense is skipped.
    pub fn negotiate(ui_locales: Option<&str>, saved: Option<&str>, accept_language: Option<&str>, default: Self) -> Self {
        let asked = ui_locales.and_then(|tags| Self::first_of(tags.split_ascii_whitespace()));
        let saved = || saved.and_then(Self::nearest);
        let accepted = || accept_language.and_then(|header| Self::first_of(by_weight(header).into_iter()));
        asked.or_else(saved).or_else(accepted).unwrap_or(default)
    }

    fn first_of<'a>(tags: impl Iterator<Item = &'a str>) -> Option<Self> {
        // A header may hold thousands of tags; nobody speaks more than a few languages.
        let wanted: Vec<LanguageIdentifier> = tags.take(20).filter_map(|tag| tag.parse().ok()).collect();
        let spoken: Vec<LanguageIdentifier> = Self::ALL.iter().filter_map(|locale| locale.tag().parse().ok()).collect();
        let found = negotiate_languages(&wanted, &spoken, None, NegotiationStrategy::Lookup);
        found.first().and_then(|language| Self::from_tag(language.language.as_str()))
    }
}

/// The tags of an `Accept-Language` header, most wanted first.
fn by_weight(header: &str) -> Vec<&str> {
    let mut tags: Vec<(&str, f32)> = header
        .split(',')
        .take(20)
        .map(|part| {
            let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
            let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse().ok());
            (tag.trim(), weight.unwrap_or(0.0))
        })
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    tags.sort_by(|a, b| b.1.total_cmp(&a.1));
    tags.into_iter().map(|(tag, _)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_sources_win_in_order() {
        let choose = |ui, saved, accept| Locale::negotiate(ui, saved, accept, Locale::En);
        assert_eq!(choose(Some("fr de-CH en"), Some("en"), Some("en")), Locale::De);
        assert_eq!(choose(None, Some("de"), Some("en")), Locale::De);
        assert_eq!(choose(Some("fr"), None, Some("de-AT,en;q=0.5")), Locale::De);
        assert_eq!(choose(None, None, Some("en;q=0.4, de;q=0.9")), Locale::De);
        assert_eq!(choose(None, None, Some("de;q=0, fr")), Locale::En);
        assert_eq!([Locale::nearest("de-AT"), Locale::nearest("fr"), Locale::nearest("")], [Some(Locale::De), None, None]);
        assert_eq!(Locale::negotiate(Some("\u{0} ;;"), Some("%%"), Some(",,;q=x"), Locale::De), Locale::De);
    }
}
