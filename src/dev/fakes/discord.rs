//! Discord: OAuth 2 below `/api`, and its own shape of errors in the rest of the API.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use serde_json::json;

use super::{
    Fakes,
    provider::Provider,
    quirk::{self, Stage, set},
    token::{self, Refusal},
};
use crate::http::{form::Form, page};

const ME: Provider = Provider::Discord;

pub(super) fn routes() -> Router<Arc<Fakes>> {
    Router::new().route("/api/oauth2/token", post(tokens)).route("/api/users/@me", get(me))
}

async fn tokens(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Form(form): Form) -> Response {
    let tokens = match token::exchange(&fakes, ME, &headers, &form) {
        Ok(tokens) => tokens,
        Err(refusal) => return refuse(refusal),
    };
    let answer = json!({
        "token_type": "Bearer", "access_token": tokens.access, "expires_in": tokens.expires_in(),
        "refresh_token": tokens.refresh, "scope": tokens.grant.scopes.join(" "),
    });
    quirk::deliver(&fakes, tokens.grant.quirk, Stage::Token, ME, &answer).await
}

fn refuse(refusal: Refusal) -> Response {
    let bad = |code: &str, description: &str| {
        page::json(StatusCode::BAD_REQUEST, &json!({"error": code, "error_description": description}))
    };
    match refusal {
        Refusal::UnknownClient | Refusal::WrongSecret => {
            page::json(StatusCode::UNAUTHORIZED, &json!({"error": "invalid_client"}))
        }
        Refusal::GrantType => page::json(StatusCode::BAD_REQUEST, &json!({"error": "unsupported_grant_type"})),
        Refusal::UnknownCode | Refusal::ExpiredCode | Refusal::SpentCode => bad("invalid_grant", "Invalid \"code\" in request."),
        Refusal::RedirectUri => bad("invalid_grant", "Invalid \"redirect_uri\" in request."),
        Refusal::NoVerifier => bad("invalid_request", "Missing \"code_verifier\""),
        Refusal::WrongVerifier | Refusal::UnaskedVerifier => bad("invalid_request", "Invalid \"code_verifier\""),
        Refusal::UnknownRefreshToken => page::json(StatusCode::BAD_REQUEST, &json!({"error": "invalid_grant"})),
    }
}

async fn me(State(fakes): State<Arc<Fakes>>, headers: HeaderMap) -> Response {
    let found = token::bearer(&headers).and_then(|token| fakes.grants.access(ME, token));
    let Some(grant) = found.filter(|grant| grant.has(&["identify"])) else {
        return page::json(StatusCode::UNAUTHORIZED, &json!({"message": "401: Unauthorized", "code": 0}));
    };
    let person = &grant.person;
    let mut user = json!({
        "id": grant.subject(), "username": person.username, "avatar": null, "discriminator": "0", "public_flags": 0, "flags": 0,
        "banner": null, "accent_color": null, "global_name": person.name(), "avatar_decoration_data": null, "banner_color": null,
        "mfa_enabled": false, "locale": "en-US", "premium_type": 0,
    });
    // With the scope both are there, also without an address.
    if grant.has(&["email"]) {
        set(&mut user, "email", json!(person.email));
        set(&mut user, "verified", json!(person.verified && person.email.is_some()));
    }
    quirk::rename(grant.quirk, &mut user, "id");
    quirk::deliver(&fakes, grant.quirk, Stage::Profile, ME, &user).await
}
