//! The words: one Fluent bundle for each language, parsed once at the start.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use super::Locale;

const ENGLISH: &str = include_str!("../../locales/en.ftl");
const GERMAN: &str = include_str!("../../locales/de.ftl");

/// A catalogue that cannot be read; a fault of the build, found by the first test.
#[derive(Debug, thiserror::Error)]
#[error("the {locale} catalogue is broken: {detail}")]
pub struct CatalogueError {
    locale: &'static str,
    detail: String,
}

/// Every language's words.
pub struct Catalogue {
    english: FluentBundle<FluentResource>,
    german: FluentBundle<FluentResource>,
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Catalogue")
    }
}

impl Catalogue {
    /// Parses the catalogues built into the binary.
    pub fn load() -> Result<Self, CatalogueError> {
        Ok(Self { english: bundle(Locale::En, ENGLISH)?, german: bundle(Locale::De, GERMAN)? })
    }

    const fn bundle(&self, locale: Locale) -> &FluentBundle<FluentResource> {
        match locale {
            Locale::En => &self.english,
            Locale::De => &self.german,
        }
    }

    fn format<'a>(&'a self, locale: Locale, key: &str, args: Option<&FluentArgs<'_>>) -> Option<Cow<'a, str>> {
        let bundle = self.bundle(locale);
        let pattern = bundle.get_message(key)?.value()?;
        // A missing argument shows as `{$name}`; tests keep that from happening.
        let mut problems = Vec::new();
        match args {
            None => Some(bundle.format_pattern(pattern, None, &mut problems)),
            Some(args) => Some(Cow::Owned(bundle.format_pattern(pattern, Some(args), &mut problems).into_owned())),
        }
    }
}

fn bundle(locale: Locale, source: &str) -> Result<FluentBundle<FluentResource>, CatalogueError> {
    let broken = |detail: String| CatalogueError { locale: locale.tag(), detail };
    let tag: LanguageIdentifier = locale.tag().parse().map_err(|error| broken(format!("{error}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // The isolating marks would end up in copied codes, attributes and mail subjects.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| broken(format!("{:?}", errors.first())))?;
    bundle.add_resource(resource).map_err(|errors| broken(format!("{:?}", errors.first())))?;
    Ok(bundle)
}

/// A language and its words: cheap to clone, handed to every page and mail.
#[derive(Clone, Debug)]
pub struct Text {
    catalogue: Arc<Catalogue>,
    locale: Locale,
}

impl Text {
    pub const fn new(catalogue: Arc<Catalogue>, locale: Locale) -> Self {
        Self { catalogue, locale }
    }

    pub const fn locale(&self) -> Locale {
        self.locale
    }

    /// The words for `key`; in English if this language lacks them, the key itself if both do.
    pub fn t(&self, key: &str) -> Cow<'_, str> {
        self.find(key, None).unwrap_or_else(|| Cow::Owned(key.to_owned()))
    }

    /// The words for `key` with its variables filled in.
    pub fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set((*name).to_owned(), (*value).to_owned());
        }
        self.find(key, Some(&args)).map_or_else(|| key.to_owned(), Cow::into_owned)
    }

    /// The words for `key` with one number, in the plural form the language wants.
    pub fn number(&self, key: &str, name: &str, value: impl Borrow<i64>) -> String {
        let mut args = FluentArgs::new();
        args.set(name.to_owned(), *value.borrow());
        self.find(key, Some(&args)).map_or_else(|| key.to_owned(), Cow::into_owned)
    }

    fn find(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<Cow<'_, str>> {
        let found = self.catalogue.format(self.locale, key, args);
        found.or_else(|| self.catalogue.format(Locale::En, key, args))
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
