//! The userinfo endpoint (OpenID Connect Core section 5.3), with bearer tokens as in RFC 6750.

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::NO_STORE;
use super::error::ApiError;
use super::form::OptionalForm;
use super::json::Json;
use crate::actions::App;
use crate::actions::token::standing;
use crate::engine::claims;
use crate::engine::oauth_error::{Code, OAuthError};
use crate::engine::params::Params;
use crate::http::context::Context;

pub(super) async fn by_get(State(app): State<App>, context: Context) -> Result<Response, ApiError> {
    userinfo(&app, &context, bearer(context.headers(), &Params::default())?).await
}

pub(super) async fn by_post(
    State(app): State<App>,
    context: Context,
    OptionalForm(params): OptionalForm,
) -> Result<Response, ApiError> {
    userinfo(&app, &context, bearer(context.headers(), &params)?).await
}

async fn userinfo(app: &App, context: &Context, token: &str) -> Result<Response, ApiError> {
    let found = standing(app, token).await.map_err(|fault| ApiError::fault(&fault, &context.operation))?;
    let found = found.ok_or_else(|| refused(Code::InvalidToken, "the access token is malformed, expired or revoked"))?;
    match found.person {
        Some(person) if found.token.scopes.contains("openid") => {
            Ok((NO_STORE, Json(claims::userinfo(&person.user, &found.token.scopes, &person.claims))).into_response())
        }
        _ => Err(refused(Code::InsufficientScope, "the access token was not granted the scope openid")),
    }
}

/// The token, from the header or the form body, not from both (RFC 6750 section 2).
fn bearer<'a>(headers: &'a HeaderMap, params: &'a Params) -> Result<&'a str, ApiError> {
    let repeated = || refused(Code::InvalidRequest, "the access token was sent more than once");
    let in_body = params.one("access_token").map_err(|_| repeated())?;
    let mut authorization = headers.get_all(AUTHORIZATION).iter();
    let in_header = authorization.next().map(|value| scheme_bearer(value).ok_or_else(nothing)).transpose()?;
    match (in_header, authorization.next(), in_body) {
        (Some(token), None, None) | (None, None, Some(token)) => Ok(token),
        (None, None, None) => Err(nothing()),
        _ => Err(repeated()),
    }
}

fn scheme_bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}

/// RFC 6750 section 3.1: the header repeats the error.
fn refused(code: Code, description: &'static str) -> ApiError {
    let status = match code {
        Code::InvalidToken => StatusCode::UNAUTHORIZED,
        Code::InsufficientScope => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let scope = if code == Code::InsufficientScope { r#", scope="openid""# } else { "" };
    let challenge = format!(r#"Bearer realm="vestibule", error="{}", error_description="{description}"{scope}"#, code.as_str());
    ApiError {
        status,
        error: Some(OAuthError::new(code, description)),
        challenge: HeaderValue::try_from(challenge).ok(),
        retry_after: None,
    }
}

/// Without a token nothing is wrong with it: header and body say only what is wanted (RFC 6750 section 3.1).
fn nothing() -> ApiError {
    ApiError::challenge(StatusCode::UNAUTHORIZED, HeaderValue::from_static(r#"Bearer realm="vestibule""#))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[&str], params: &Params) -> Result<String, u16> {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&map, params).map(str::to_owned).map_err(|error| error.status.as_u16())
    }

    #[test]
    fn one_token_from_one_place() {
        let none = Params::default();
        let body = Params::from([("access_token", "t")]);
        assert_eq!(found(&["Bearer t"], &none).as_deref(), Ok("t"));
        assert_eq!(found(&["bearer t"], &none).as_deref(), Ok("t"));
        assert_eq!(found(&[], &body).as_deref(), Ok("t"));
        assert_eq!(found(&["Bearer t"], &body), Err(400));
        assert_eq!(found(&["Bearer t", "Bearer t"], &none), Err(400));
        assert_eq!(found(&[], &Params::from([("access_token", "t"), ("access_token", "t")])), Err(400));
        for header in ["Basic dA==", "Bearer", "Bearer ", "t"] {
            assert_eq!(found(&[header], &none), Err(401), "{header}");
        }
        assert_eq!(found(&[], &none), Err(401));
    }

    #[test]
    fn the_challenge_names_the_error_only_if_a_token_came() {
        let challenge = |error: ApiError| error.challenge.unwrap().to_str().unwrap().to_owned();
        assert!(nothing().error.is_none());
        assert_eq!(challenge(nothing()), r#"Bearer realm="vestibule""#);
        assert_eq!(
            challenge(refused(Code::InsufficientScope, "no")),
            r#"Bearer realm="vestibule", error="insufficient_scope", error_description="no", scope="openid""#
        );
    }
}
