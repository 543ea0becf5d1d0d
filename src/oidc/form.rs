//! Form bodies of programs: read as the pages' are ([`crate::http::form`]), refused in the protocol's words.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::error::ApiError;
use crate::engine::oauth_error::OAuthError;
use crate::engine::params::Params;
use crate::http::form::{self, BadInput};

/// The parameters of a form body; those of the query are not looked at (RFC 6749 section 2.3.1).
pub(super) struct Form(pub(super) Params);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let form::Parameters(params) = form::Parameters::from_request(request, state).await.map_err(refused)?;
        Ok(Self(params))
    }
}

/// The parameters of a body that may be missing.
pub(super) struct OptionalForm(pub(super) Params);

impl<S: Send + Sync> FromRequest<S> for OptionalForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Ok(Self(if form::is_form(request.headers()) { Form::from_request(request, state).await?.0 } else { Params::default() }))
    }
}

fn refused(bad: BadInput) -> ApiError {
    if bad.status == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large()
    } else {
        OAuthError::invalid_request(bad.reason).into()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header::CONTENT_TYPE;

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
        assert_eq!(read(FORM, "a".repeat(64 * 1024 + 1)).await.unwrap_err(), 413);
        let odd = read(FORM, "a=%ff&b=2").await.unwrap();
        assert!(odd.one("a").is_err() && odd.one("b") == Ok(Some("2")));
    }
}
