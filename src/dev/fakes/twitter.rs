//! Twitter, now X: OAuth 2 with PKCE and the API v2. Its errors come in two dialects, one for each.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
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
use crate::http::{
    form::{Form, Query},
    page,
};

const ME: Provider = Provider::Twitter;
/// What `user.fields` may name here.
const FIELDS: [&str; 6] = ["confirmed_email", "id", "name", "profile_image_url", "username", "verified"];

pub(super) fn routes() -> Router<Arc<Fakes>> {
    Router::new().route("/2/oauth2/token", post(tokens)).route("/2/users/me", get(me))
}

async fn tokens(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Form(form): Form) -> Response {
    let tokens = match token::exchange(&fakes, ME, &headers, &form) {
        Ok(tokens) => tokens,
        Err(refusal) => return refuse(refusal),
    };
    let mut answer = json!({
        "token_type": "bearer", "expires_in": tokens.expires_in(), "access_token": tokens.access,
        "scope": tokens.grant.scopes.join(" "),
    });
    if let Some(refresh) = &tokens.refresh {
        set(&mut answer, "refresh_token", json!(refresh));
    }
    quirk::deliver(&fakes, tokens.grant.quirk, Stage::Token, ME, &answer).await
}

fn refuse(refusal: Refusal) -> Response {
    let error =
        |status, code: &str, description: &str| page::json(status, &json!({"error": code, "error_description": description}));
    let invalid = |description: &str| error(StatusCode::BAD_REQUEST, "invalid_request", description);
    match refusal {
        Refusal::UnknownClient => {
            error(StatusCode::UNAUTHORIZED, "invalid_client", "Value passed for the client id was invalid.")
        }
        // The same words for a wrong secret as for none.
        Refusal::WrongSecret => error(StatusCode::UNAUTHORIZED, "unauthorized_client", "Missing valid authorization header"),
        Refusal::GrantType => {
            error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Value passed for the grant type was invalid.")
        }
        Refusal::UnknownCode | Refusal::ExpiredCode | Refusal::SpentCode => {
            invalid("Value passed for the authorization code was invalid.")
        }
        Refusal::RedirectUri => invalid("Value passed for the redirect uri did not match the uri of the authorization code."),
        Refusal::NoVerifier => invalid("Missing required parameter [code_verifier]."),
        Refusal::WrongVerifier | Refusal::UnaskedVerifier => {
            invalid("Value passed for the code verifier did not match the code challenge.")
        }
        Refusal::UnknownRefreshToken => invalid("Value passed for the token was invalid."),
    }
}

async fn me(State(fakes): State<Arc<Fakes>>, headers: HeaderMap, Query(query): Query) -> Response {
    let Some(grant) = token::bearer(&headers).and_then(|token| fakes.grants.access(ME, token)) else {
        return problem(StatusCode::UNAUTHORIZED, "Unauthorized");
    };
    if !(grant.has(&["users.read"]) && grant.has(&["tweet.read"])) {
        return problem(StatusCode::FORBIDDEN, "Forbidden");
    }
    let fields: Vec<&str> = query.first("user.fields").split(',').filter(|field| !field.is_empty()).collect();
    if let Some(unknown) = fields.iter().find(|field| !FIELDS.contains(field)) {
        let message = format!("The `user.fields` query parameter value [{unknown}] is not one of [{}]", FIELDS.join(","));
        let body = json!({
            "errors": [{"parameters": {"user.fields": fields}, "message": message}],
            "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request",
        });
        return page::json(StatusCode::BAD_REQUEST, &body);
    }
    let person = &grant.person;
    let mut data = json!({"id": grant.subject(), "name": person.name(), "username": person.username});
    if fields.contains(&"profile_image_url") {
        set(&mut data, "profile_image_url", json!(fakes.picture(person)));
    }
    if fields.contains(&"verified") {
        set(&mut data, "verified", json!(false));
    }
    if let Some(email) = person.email.as_ref().filter(|_| fields.contains(&"confirmed_email") && grant.has(&["users.email"])) {
        set(&mut data, "confirmed_email", json!(email));
    }
    quirk::rename(grant.quirk, &mut data, "id");
    quirk::deliver(&fakes, grant.quirk, Stage::Profile, ME, &json!({"data": data})).await
}

/// RFC 9457, with what X puts in.
fn problem(status: StatusCode, title: &str) -> Response {
    let body = json!({"title": title, "type": "about:blank", "status": status.as_u16(), "detail": title});
    let mut response = page::json(status, &body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
