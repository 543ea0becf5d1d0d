//! Form bodies, strictly: the right type, a bounded size, UTF-8, repeated parameters visible.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use super::error::ApiError;
use crate::engine::oauth_error::OAuthError;
use crate::engine::params::Params;

const LARGEST: usize = 64 * 1024;

/// The parameters of a form body; those of the query are not looked at (RFC 6749 section 2.3.1).
pub(super) struct Form(pub(super) Params);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_form(request.headers()) {
            return Err(OAuthError::invalid_request("the Content-Type must be application/x-www-form-urlencoded").into());
        }
        Ok(Self(params(request).await?))
    }
}

/// The parameters of a body that may be missing.
pub(super) struct OptionalForm(pub(super) Params);

impl<S: Send + Sync> FromRequest<S> for OptionalForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        Ok(Self(if is_form(request.headers()) { params(request).await? } else { Params::default() }))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// How long a body may take: a trickle must not hold a connection.
const PATIENCE: Duration = Duration::from_secs(20);

async fn params(request: Request) -> Result<Params, ApiError> {
    let read = tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), LARGEST)).await;
    let bytes =
        read.map_err(|_| OAuthError::invalid_request("the form took too long to arrive"))?.map_err(|_| ApiError::too_large())?;
    Params::parse(&bytes).map_err(|error| OAuthError::invalid_request(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn read(content_type: &str, body: impl Into<Body>) -> Result<Params, u16> {
        let request = Request::post("/?a=query").header(CONTENT_TYPE, content_type).body(body.into()).unwrap();
        Form::from_request(request, &()).await.map(|form| form.0).map_err(|error| error.status.as_u16())
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[tokio::test]
    async fn only_forms_of_a_decent_size() {
        assert_eq!(read(FORM, "a=1&b=2").await.unwrap().one("a"), Ok(Some("1")));
        assert_eq!(read("Application/X-WWW-Form-URLencoded ; charset=utf-8", "a=1").await.unwrap().one("a"), Ok(Some("1")));
        assert!(!read(FORM, "").await.unwrap().has("a"), "the query does not count");
        for content_type in ["application/json", "", "text/plain", "application/x-www-form-urlencodedx"] {
            assert_eq!(read(content_type, "a=1").await.unwrap_err(), 400, "{content_type}");
        }
        assert_eq!(read(FORM, "a".repeat(LARGEST + 1)).await.unwrap_err(), 413);
        assert_eq!(read(FORM, "a=%ff").await.unwrap_err(), 400);
    }
}
