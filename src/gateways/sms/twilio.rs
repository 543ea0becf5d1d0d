//! Twilio's Messages resource, `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`, and whoever speaks it too.

use axum::http::{Error, Request};
use serde_json::Value;
use url::Url;

use super::{
    Outgoing,
    answer::{Dialect, basic, post, words},
};
use crate::settings::{Secret, TwilioSender};

/// A message has a `sid`, and no `error_code`; an error is `{code, message, more_info, status}`.
pub(super) const DIALECT: Dialect = Dialect {
    accepted: |body| body["sid"].is_string() && body["error_code"].is_null(),
    reason: |body: &Value| words(body, &["code", "message", "error_code", "error_message"]),
};

pub(super) fn request(
    base: &Url,
    account: &str,
    secret: &Secret,
    sender: &TwilioSender,
    outgoing: &Outgoing,
) -> Result<Request<Vec<u8>>, Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("To", &outgoing.to);
    match sender {
        TwilioSender::From(from) => form.append_pair("From", from),
        TwilioSender::Service(sid) => form.append_pair("MessagingServiceSid", sid),
    };
    form.append_pair("Body", &outgoing.body);
    let path = format!("/2010-04-01/Accounts/{account}/Messages.json");
    post(base, &path, &basic(account, secret), "application/x-www-form-urlencoded").body(form.finish().into_bytes())
}
