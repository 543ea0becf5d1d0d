//! Errors as programs read them (RFC 6749 section 5.2). What went wrong inside is for the log, under the operation's id.

use std::fmt::Display;
use std::time::Duration;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::NO_STORE;
use super::json::Json;
use crate::actions::Fault;
use crate::actions::token::TokenError;
use crate::engine::oauth_error::{Code, OAuthError};

/// An error with its status and what belongs into the header.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    /// None: nothing is wrong with what was sent, for it was not sent.
    pub(super) error: Option<OAuthError>,
    pub(super) challenge: Option<HeaderValue>,
    pub(super) retry_after: Option<Duration>,
}

impl From<OAuthError> for ApiError {
    fn from(error: OAuthError) -> Self {
        // RFC 6749 section 5.2.
        let (status, challenge) = match error.code {
            Code::InvalidClient => (StatusCode::UNAUTHORIZED, Some(HeaderValue::from_static(r#"Basic realm="vestibule""#))),
            _ => (StatusCode::BAD_REQUEST, None),
        };
        Self { status, error: Some(error), challenge, retry_after: None }
    }
}

impl From<crate::engine::params::Unfit> for ApiError {
    fn from(unfit: crate::engine::params::Unfit) -> Self {
        OAuthError::from(unfit).into()
    }
}

impl ApiError {
    /// Says only how to come in.
    pub(super) fn challenge(status: StatusCode, challenge: HeaderValue) -> Self {
        Self { status, error: None, challenge: Some(challenge), retry_after: None }
    }

    pub(super) fn too_large() -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, ..OAuthError::invalid_request("the request is too large").into() }
    }

    /// Refused, as the action says, or failed.
    pub(super) fn token(error: TokenError, operation: &str) -> Self {
        match error {
            TokenError::Refused { error, detail } => {
                tracing::info!(error = error.code.as_str(), description = %error.description, %detail, "refused");
                error.into()
            }
            TokenError::Fault(fault) => Self::fault(&fault, operation),
        }
    }

    pub(super) fn fault(fault: &Fault, operation: &str) -> Self {
        let (status, code, retry_after) = match fault {
            Fault::Limited { after, .. } => (StatusCode::TOO_MANY_REQUESTS, Code::TemporarilyUnavailable, Some(*after)),
            Fault::Store(_) | Fault::Busy => {
                failed(fault);
                (StatusCode::SERVICE_UNAVAILABLE, Code::TemporarilyUnavailable, Some(Duration::from_secs(1)))
            }
            Fault::Broken(_) => {
                failed(fault);
                (StatusCode::INTERNAL_SERVER_ERROR, Code::ServerError, None)
            }
        };
        let description = match status {
            StatusCode::TOO_MANY_REQUESTS => "too many failed requests: wait".to_owned(),
            StatusCode::SERVICE_UNAVAILABLE => format!("try again in a moment (operation {operation})"),
            _ => format!("something went wrong here (operation {operation})"),
        };
        Self { status, error: Some(OAuthError::new(code, description)), challenge: None, retry_after }
    }
}

/// The operation's id stands in the request's span.
fn failed(why: &impl Display) {
    tracing::error!(error = %why, "failed");
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let say = |error: OAuthError| Json(json!({"error": error.code.as_str(), "error_description": error.description}));
        let mut response = match self.error {
            Some(error) => (self.status, NO_STORE, say(error)).into_response(),
            None => (self.status, NO_STORE).into_response(),
        };
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(after) = self.retry_after {
            // Rounded up: who comes back a moment early would be refused again.
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs() + u64::from(after.subsec_nanos() > 0)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_say_when_to_come_back() {
        let limited = Fault::Limited { rule: "token", after: Duration::from_millis(1200) };
        let response = ApiError::fault(&limited, "op").into_response();
        assert_eq!((response.status().as_u16(), response.headers()[RETRY_AFTER].to_str().unwrap()), (429, "2"));
        let response = ApiError::fault(&Fault::Busy, "op").into_response();
        assert_eq!((response.status().as_u16(), response.headers()[RETRY_AFTER].to_str().unwrap()), (503, "1"));
        let broken = ApiError::fault(&Fault::Broken("secret detail".to_owned()), "op");
        assert_eq!(
            (broken.status.as_u16(), broken.error.unwrap().description.as_ref()),
            (500, "something went wrong here (operation op)")
        );
    }

    #[test]
    fn an_unknown_client_is_told_how_to_prove_itself() {
        let response = ApiError::from(OAuthError::new(Code::InvalidClient, "no")).into_response();
        assert_eq!(response.status().as_u16(), 401);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], r#"Basic realm="vestibule""#);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(
            ApiError::from(OAuthError::new(Code::InvalidGrant, "no")).into_response().headers().get(WWW_AUTHENTICATE).is_none()
        );
    }
}
