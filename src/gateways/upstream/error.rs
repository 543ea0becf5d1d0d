//! Why somebody could not come in through a provider.

use super::super::http::HttpError;

/// The most of a provider's words that a log line can bear, in characters.
const LONGEST: usize = 200;

/// What went wrong. `Display` is for the log: it has no secrets and nothing about the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection, no permission to call the address, or an error of the server (5xx).
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// No whole answer in time.
    #[error("the provider took too long to answer")]
    Slow,
    /// An answer that makes no sense.
    #[error("the provider's answer cannot be understood: {0}")]
    Garbage(String),
    /// An OAuth error (RFC 6749 section 5.2), or a refusal in the provider's own words.
    #[error("the provider refused: {error}{}", described(.description))]
    Refused { error: String, description: String },
    /// The answer, or the metadata, are another provider's (RFC 9207 section 2.4; OIDC Discovery 4.3).
    #[error("the answer is from another issuer")]
    WrongIssuer,
    /// The ID token is not valid (OIDC Core 3.1.3.7), or userinfo are about somebody else (5.3.4).
    #[error("the ID token is not valid: {0}")]
    IdToken(String),
    /// The ID token is expired or from the future: one of the clocks is wrong.
    #[error("the clocks disagree: {0}")]
    Clock(String),
    /// More than 1 MiB.
    #[error("the provider's answer is too large")]
    TooLarge,
}

impl UpstreamError {
    /// A word for metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Slow => "slow",
            Self::Garbage(_) => "garbage",
            Self::Refused { .. } => "refused",
            Self::WrongIssuer => "wrong_issuer",
            Self::IdToken(_) => "id_token",
            Self::Clock(_) => "clock",
            Self::TooLarge => "too_large",
        }
    }

    /// Garbage in words that may be the provider's.
    pub(super) fn garbage(what: &str) -> Self {
        Self::Garbage(printable(what, LONGEST))
    }

    /// A bad ID token, in words that may be the provider's.
    pub(super) fn id_token(what: &str) -> Self {
        Self::IdToken(printable(what, LONGEST))
    }

    /// A refusal in the provider's words.
    pub(super) fn refused(error: &str, description: &str) -> Self {
        Self::Refused { error: printable(error, 80), description: printable(description, LONGEST) }
    }
}

impl From<HttpError> for UpstreamError {
    fn from(error: HttpError) -> Self {
        match error.without_url() {
            HttpError::TooLarge => Self::TooLarge,
            error if error.is_slow() => Self::Slow,
            error => Self::Unreachable(error.to_string()),
        }
    }
}

fn described(description: &str) -> String {
    if description.is_empty() { String::new() } else { format!(": {description}") }
}

fn printable(text: &str, longest: usize) -> String {
    text.chars().filter(|character| !character.is_control()).take(longest).collect()
}
