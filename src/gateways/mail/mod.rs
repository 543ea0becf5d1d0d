//! What lives here: the mails people get, and the transports that carry them.
//! What may not: deciding who gets a mail, or when.
//! How to add a letter: a variant of [`letters::Letter`], its words in `locales/*.ftl`, a sample in its tests.
//! Where it is tested: `letters` renders every letter in every language.

pub mod letters;
