//! Vonage's Messages API, `POST /v1/messages`, with basic authentication.

use axum::http::{Error, Request};
use serde_json::{Value, json};
use url::Url;

use super::{
    Outgoing,
    answer::{Dialect, basic, post, words},
};
use crate::settings::Secret;

/// 202 with a `message_uuid`; an error is a problem document `{type, title, detail, instance}` (RFC 9457).
pub(super) const DIALECT: Dialect =
    Dialect { accepted: |body| body["message_uuid"].is_string(), reason: |body: &Value| words(body, &["title", "detail"]) };

/// Numbers are written without a plus.
pub(super) fn request(
    base: &Url,
    key: &str,
    secret: &Secret,
    from: &str,
    outgoing: &Outgoing,
) -> Result<Request<Vec<u8>>, Error> {
    let body = json!({
        "message_type": "text",
        "channel": "sms",
        "to": outgoing.digits(),
        "from": from.trim_start_matches('+'),
        "text": outgoing.body,
        "client_ref": outgoing.id,
    });
    post(base, "/v1/messages", &basic(key, secret), "application/json").body(body.to_string().into_bytes())
}
