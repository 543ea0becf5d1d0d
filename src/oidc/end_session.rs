//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0 section 2). It only leads to the page that asks the person:
//! neither a link nor a foreign form may sign anybody out.

use axum::http::StatusCode;
use axum::response::Response;

use crate::engine::authorize::LONGEST_STATE;
use crate::engine::params::Params;
use crate::http::form::{BadInput, Parameters, Query};
use crate::http::page::see_other;
use crate::http::visitor::Visitor;

pub(super) async fn by_get(visitor: Visitor, query: Result<Query, BadInput>) -> Response {
    match query {
        Ok(Query(params)) => ask(&visitor, &params),
        Err(bad) => visitor.bad_input(bad),
    }
}

pub(super) async fn by_post(visitor: Visitor, form: Result<Parameters, BadInput>) -> Response {
    match form {
        Ok(Parameters(params)) => ask(&visitor, &params),
        Err(bad) => visitor.bad_input(bad),
    }
}

/// Longer than any of ours, and short enough for every proxy's limit on an address.
const LONGEST: usize = 8 * 1024;

fn ask(visitor: &Visitor, params: &Params) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"] {
        // A state that the way back would not carry anyhow must not keep people signed in.
        let carried = |value: &&str| name != "state" || value.len() <= LONGEST_STATE;
        query.extend_pairs(params.all(name).filter(carried).map(|value| (name, value)));
    }
    let query = query.finish();
    if query.len() > LONGEST {
        return visitor.error(StatusCode::BAD_REQUEST, "problem-request-title", "problem-request");
    }
    see_other(&format!("/logout?{query}"))
}
