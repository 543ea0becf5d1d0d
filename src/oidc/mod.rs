//! Relying parties: the endpoints that programs call.
//!
//! * **Here**: a file per endpoint; how clients prove themselves ([`client_auth`]), how forms are read ([`form`]), how errors look
//!   ([`error`]).
//! * **Not here**: rules and what tokens contain (engine, actions); rows.
//! * **To add one**: a handler that extracts, calls an action and answers, a line in [`router`], and its address in [`discovery`].
//! * **Tested**: pure parts in each file; over HTTP in `tests/it/rfc`, a file per RFC.

mod authorize;
mod client_auth;
mod cors;
mod discovery;
mod end_session;
mod error;
mod form;
mod introspect;
mod json;
mod jwks;
mod revoke;
mod token;
mod userinfo;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, HeaderName, PRAGMA};
use axum::routing::{MethodRouter, get, post};

use crate::actions::{App, Requester};
use crate::http::context::Context;

/// No token or claim may stay in a cache (RFC 6749 section 5.1).
const NO_STORE: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

/// The endpoints for browsers that a relying party has sent. They change nothing by a request from elsewhere, so they stay outside the
/// origin check.
pub fn front_channel() -> Router<App> {
    Router::new()
        .route("/oauth2/authorize", get(authorize::by_get).post(authorize::by_post))
        .route("/oauth2/logout", get(end_session::by_get).post(end_session::by_post))
}

/// The consent page: a form of ours, inside the origin check.
pub fn consent() -> Router<App> {
    Router::new().route("/consent", get(authorize::resume).post(authorize::consent))
}

/// The endpoints for programs.
pub fn router() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::handler()).options(cors::preflight))
        .route("/.well-known/oauth-authorization-server", get(discovery::handler()).options(cors::preflight))
        .route("/oauth2/jwks", get(jwks::handler()).options(cors::preflight))
        .route("/oauth2/token", open(post(token::token)))
        .route("/oauth2/userinfo", open(get(userinfo::by_get).post(userinfo::by_post)))
        .route("/oauth2/introspect", post(introspect::introspect))
        .route("/oauth2/revoke", open(post(revoke::revoke)))
}

/// Open to scripts of any site: no cookie means anything here, so a foreign page can do no more than any other program.
fn open(route: MethodRouter<App>) -> MethodRouter<App> {
    route.options(cors::preflight).layer(axum::middleware::map_response(cors::allow))
}

fn requester(app: &App, context: &Context) -> Requester {
    Requester { address: context.address, user_agent: context.device.clone(), locale: app.default_locale() }
}
