//! The introspection endpoint (RFC 7662): for clients with a secret, about their own tokens.

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::client_auth::credentials;
use super::error::ApiError;
use super::form::Form;
use super::json::Json;
use super::{NO_STORE, requester};
use crate::actions::App;
use crate::actions::token;
use crate::engine::oauth_error::{Code, OAuthError};
use crate::http::context::Context;

pub(super) async fn introspect(State(app): State<App>, context: Context, Form(params): Form) -> Result<Response, ApiError> {
    let requester = requester(&app, &context);
    let credentials = credentials(context.headers(), &params)?;
    let text = params.one("token")?.ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    params.one("token_type_hint")?;
    let client = token::authenticate(&app, &requester, &credentials).await;
    let client = client.map_err(|error| ApiError::token(error, &context.operation))?;
    if !client.is_confidential() {
        return Err(OAuthError::new(Code::InvalidClient, "introspection needs a client with a secret").into());
    }
    let found = token::introspect(&app, &client, text).await.map_err(|fault| ApiError::fault(&fault, &context.operation))?;
    Ok((NO_STORE, Json(found)).into_response())
}
