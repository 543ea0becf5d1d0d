//! What a provider's answer means.

use std::time::Duration;

use axum::http::{
    Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    request::Builder,
};
use data_encoding::BASE64;
use serde_json::Value;
use url::Url;

use crate::{gateways::delivery::DeliveryError, settings::Secret};

/// No provider asks for longer in earnest, and no code lives as long.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How a provider says yes and no.
pub(super) struct Dialect {
    /// Whether a 2xx answer is this provider's word that it has taken the text.
    pub accepted: fn(&Value) -> bool,
    /// Its words for a refusal.
    pub reason: fn(&Value) -> Option<String>,
}

/// 2xx: taken. 408, 429 and 5xx: later. Any other: never.
pub(super) fn judge(host: &str, answer: &Response<Vec<u8>>, dialect: &Dialect) -> Result<(), DeliveryError> {
    let status = answer.status();
    let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    if status.is_success() {
        return if (dialect.accepted)(&body) {
            Ok(())
        } else {
            let said = (dialect.reason)(&body).unwrap_or_default();
            // It may have gone out: trying again might pay for it twice.
            Err(DeliveryError::permanent(format!("{host} answered {status}, but not that it took the text {said}")))
        };
    }
    let said = (dialect.reason)(&body).unwrap_or_default();
    let reason = format!("{host} refused with {}: {said}", status.as_u16());
    let later = status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let after = after.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE)).filter(|_| later);
    // Signing in failed, or it is not allowed: that concerns every text.
    let alarming = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN);
    Err(DeliveryError { permanent: !later, alarming, reason, after })
}

/// A POST below a base address.
pub(super) fn post(base: &Url, path: &str, authorization: &str, content_type: &str) -> Builder {
    let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
    let request = Request::post(url.parse::<Uri>().unwrap_or_default());
    request.header(AUTHORIZATION, authorization).header(CONTENT_TYPE, content_type).header(ACCEPT, "application/json")
}

/// RFC 7617.
pub(super) fn basic(user: &str, password: &Secret) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{}", password.expose()).as_bytes()))
}

/// A field that is a text or a number, as text.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The fields that are there, in one line.
pub(super) fn words(of: &Value, fields: &[&str]) -> Option<String> {
    let found: Vec<String> = fields.iter().filter_map(|field| word(of.get(field)?)).collect();
    (!found.is_empty()).then(|| found.join(": "))
}
