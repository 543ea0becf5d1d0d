//! Errors of OAuth 2 and OpenID Connect: a registered code for programs, a sentence for people.

use std::borrow::Cow;

use super::params::Unfit;

/// What went wrong, in the protocol's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct OAuthError {
    pub code: Code,
    /// Printable ASCII without `"` and `\` (RFC 6749 section 4.1.2.1).
    pub description: Cow<'static, str>,
}

macro_rules! codes {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Registered error codes (RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750, RFC 7009, OpenID Connect Core section 3.1.2.6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($name),* }

        impl Code {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request",
    UnauthorizedClient = "unauthorized_client",
    AccessDenied = "access_denied",
    UnsupportedResponseType = "unsupported_response_type",
    InvalidScope = "invalid_scope",
    ServerError = "server_error",
    TemporarilyUnavailable = "temporarily_unavailable",
    InvalidClient = "invalid_client",
    InvalidGrant = "invalid_grant",
    UnsupportedGrantType = "unsupported_grant_type",
    UnsupportedTokenType = "unsupported_token_type",
    InvalidToken = "invalid_token",
    InsufficientScope = "insufficient_scope",
    InteractionRequired = "interaction_required",
    LoginRequired = "login_required",
    ConsentRequired = "consent_required",
    RequestNotSupported = "request_not_supported",
    RequestUriNotSupported = "request_uri_not_supported",
    RegistrationNotSupported = "registration_not_supported",
    UnmetAuthenticationRequirements = "unmet_authentication_requirements",
}

impl OAuthError {
    pub fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into() }
    }

    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, description)
    }
}

impl From<Unfit> for OAuthError {
    fn from(unfit: Unfit) -> Self {
        Self::invalid_request(unfit.to_string())
    }
}
