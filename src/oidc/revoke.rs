//! The revocation endpoint (RFC 7009).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::client_auth::credentials;
use super::error::ApiError;
use super::form::Form;
use super::{NO_STORE, requester};
use crate::actions::App;
use crate::actions::token;
use crate::engine::oauth_error::OAuthError;
use crate::http::context::Context;

pub(super) async fn revoke(State(app): State<App>, context: Context, Form(params): Form) -> Result<Response, ApiError> {
    let requester = requester(&app, &context);
    let credentials = credentials(context.headers(), &params)?;
    let text = params.one("token")?.ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    // A hint is only a hint (section 2.1): the token tells by itself what it is.
    params.one("token_type_hint")?;
    let client = token::authenticate(&app, &requester, &credentials).await;
    let client = client.map_err(|error| ApiError::token(error, &context.operation))?;
    token::revoke(&app, &requester, &client, text).await.map_err(|fault| ApiError::fault(&fault, &context.operation))?;
    Ok((StatusCode::OK, NO_STORE).into_response())
}
