//! How a message failed to leave, and what of the reason a log may hold.

use std::time::Duration;

/// The longest reason kept, in characters.
pub(super) const REASON_LONGEST: usize = 300;

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    /// True: no later attempt can succeed. False: try again.
    pub permanent: bool,
    /// It concerns more than this message, and only the operator can cure it: a refused sender, policy, a quota, a wrong password.
    pub alarming: bool,
    /// For the log: one line, without credentials and without the message's codes and links.
    pub reason: String,
    /// The other side asks to be left alone for this long (`Retry-After`, RFC 9110 section 10.2.3).
    pub after: Option<Duration>,
}

impl DeliveryError {
    /// No later attempt can succeed.
    pub(super) fn permanent(reason: impl Into<String>) -> Self {
        Self { permanent: true, alarming: false, reason: reason.into(), after: None }
    }

    /// It may succeed later.
    pub(super) fn temporary(reason: impl Into<String>) -> Self {
        Self { permanent: false, alarming: false, reason: reason.into(), after: None }
    }
}

/// One line of bounded length without the secrets.
pub(super) fn tidy(reason: &str, secrets: &[String]) -> String {
    let mut line = reason.split(|c: char| c.is_control() || c.is_whitespace()).collect::<Vec<_>>().join(" ");
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        line = line.replace(secret.as_str(), "…");
    }
    line.chars().take(REASON_LONGEST).collect()
}
