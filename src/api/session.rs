//! `GET /session`: "is this session alive, and who is it?" for apps on the same site.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::actions::App;
use crate::actions::session::{self, Current};
use crate::engine::address::{Email, Username};
use crate::http::context;
use crate::http::cookies::Cookies;
use crate::http::page::json as json_response;
use crate::http::visitor::with_retry_after;

/// The cookie, or its value as a bearer token or in a `Session` header (L13). 200 with who it is, or 401. Ending the session shows at
/// the next call, because every call asks the database.
pub(super) async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    let bearer = context::header(&headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let given = bearer.or_else(|| context::header(&headers, "session"));
    let values = given.map_or_else(|| Cookies::of(&app.settings).sessions(&headers), |token| vec![token.trim()]);
    match session::the_one(&app, &values).await {
        Ok(Some(current)) => json_response(StatusCode::OK, &body(&current)),
        Ok(None) => nobody(),
        Err(fault) => {
            tracing::error!(%fault, "a session could not be checked");
            let answer = json_response(StatusCode::SERVICE_UNAVAILABLE, &json!({"error": "temporarily_unavailable"}));
            with_retry_after(answer, &fault)
        }
    }
}

fn nobody() -> Response {
    let body = json!({"error": "invalid_session", "error_description": "there is no live session; send the visitor to /login"});
    let mut response = json_response(StatusCode::UNAUTHORIZED, &body);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response.into_response()
}

fn body(Current { session, user }: &Current) -> serde_json::Value {
    let profile = &user.profile;
    json!({
        "user": {
            "id": user.id,
            "email": user.email.as_ref().map(Email::as_str),
            "email_verified": user.email_is_verified(),
            "phone_number": user.phone_number,
            "username": user.username.as_ref().map(Username::as_str),
            "name": profile.name,
            "picture": profile.picture,
            "locale": profile.locale,
            "zoneinfo": profile.zoneinfo,
            "is_admin": user.is_admin,
        },
        "session": {
            "id": session.id,
            "auth_time": session.auth_time.seconds(),
            "amr": session.amr(),
            "acr": session.acr(),
            "created_at": session.created_at.seconds(),
            "last_seen_at": session.last_seen_at.seconds(),
            "expires_at": session.idle_expires_at.min(session.expires_at).seconds(),
        },
    })
}
