//! A text that must not reach a log.

use std::fmt;

use zeroize::Zeroizing;

/// A secret from the settings: a password, a key, a connection string. `Debug` never shows it, and it leaves memory
/// when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. Each call is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(empty)" } else { "(redacted)" })
    }
}
