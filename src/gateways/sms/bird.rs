//! Bird's (once `MessageBird`'s) SMS API, `POST https://rest.messagebird.com/messages`.

use axum::http::{Error, Request};
use serde_json::{Value, json};
use url::Url;

use super::{
    Outgoing,
    answer::{Dialect, post, words},
};
use crate::settings::Secret;

/// 201 with the message's `id`; errors are `{"errors": [{code, description, parameter}]}`.
pub(super) const DIALECT: Dialect = Dialect {
    accepted: |body| body["id"].is_string(),
    reason: |body: &Value| words(body["errors"].get(0)?, &["code", "description", "parameter"]),
};

/// Numbers are written without a plus; `auto` takes Unicode only where GSM's alphabet does not do.
pub(super) fn request(base: &Url, secret: &Secret, from: &str, outgoing: &Outgoing) -> Result<Request<Vec<u8>>, Error> {
    let body = json!({
        "originator": from.trim_start_matches('+'),
        "recipients": [outgoing.digits()],
        "body": outgoing.body,
        "datacoding": "auto",
        "reference": outgoing.id,
    });
    let authorization = format!("AccessKey {}", secret.expose());
    post(base, "/messages", &authorization, "application/json").body(body.to_string().into_bytes())
}
