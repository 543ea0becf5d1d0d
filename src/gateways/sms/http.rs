//! Any server that takes a text as JSON: for providers that are not listed, through a few lines of the operator's own.

use axum::http::{
    Error, Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::{Value, json};
use url::Url;

use super::{
    Outgoing,
    answer::{Dialect, words},
};
use crate::settings::Secret;

/// Any 2xx answer is a yes.
pub(super) const DIALECT: Dialect =
    Dialect { accepted: |_| true, reason: |body: &Value| words(body, &["code", "error", "title", "message", "detail"]) };

pub(super) fn request(
    url: &Url,
    from: &str,
    bearer: Option<&Secret>,
    headers: &[(String, Secret)],
    outgoing: &Outgoing,
) -> Result<Request<Vec<u8>>, Error> {
    let body = json!({"id": outgoing.id, "to": outgoing.to, "from": from, "body": outgoing.body});
    let mut request = Request::post(url.as_str()).header(CONTENT_TYPE, "application/json");
    if let Some(bearer) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {}", bearer.expose()));
    }
    for (name, value) in headers {
        request = request.header(name, value.expose());
    }
    request.body(body.to_string().into_bytes())
}
