//! Calls to a provider.

use std::pin::Pin;

use axum::http::{
    Method, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderName},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{super::http::HttpClient, arrived::Tokens, error::UpstreamError, lenient::token_answer};

type Sending = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, UpstreamError>> + Send>>;

/// The guarded client, with the errors of this folder.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    http: HttpClient,
}

impl Calls {
    pub(super) const fn new(http: HttpClient) -> Self {
        Self { http }
    }

    /// [`Self::send`] in the form that the `oauth2` and `openidconnect` crates want. It borrows nothing, because a future that holds a closure
    /// over a reference cannot be shown to be `Send`.
    ///
    /// Both crates ask token endpoints only, whose answers get their first pass here.
    pub(super) fn sender(&self) -> impl Fn(Request<Vec<u8>>) -> Sending + use<> {
        let calls = self.clone();
        move |request| {
            let calls = calls.clone();
            Box::pin(async move { Ok(token_answer(calls.send(request).await?)) })
        }
    }

    /// What an API says about the person whose tokens these are.
    pub(super) async fn document(
        &self,
        url: &str,
        tokens: &Tokens,
        headers: &[(HeaderName, &str)],
    ) -> Result<Value, UpstreamError> {
        let url = Url::parse(url).map_err(|error| UpstreamError::Garbage(error.to_string()))?;
        self.json(&url, Some(tokens.access_token.expose()), headers).await
    }

    /// Sends a request. A server that is down or busy, and one
    /// that sends us elsewhere, have no answer for them.
    pub(super) async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, UpstreamError> {
        let response = self.http.fetch(request).await?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(UpstreamError::Unreachable(format!("HTTP {}", status.as_u16())));
        }
        if status.is_redirection() {
            return Err(UpstreamError::Garbage(format!("HTTP {}, a redirect", status.as_u16())));
        }
        Ok(response)
    }

    /// Reads JSON; any other status than 200 is a refusal.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        url: &Url,
        bearer: Option<&str>,
        headers: &[(HeaderName, &str)],
    ) -> Result<T, UpstreamError> {
        let mut request = Request::builder().method(Method::GET).uri(url.as_str());
        if headers.iter().all(|(name, _)| name != ACCEPT) {
            request = request.header(ACCEPT, "application/json");
        }
        if let Some(token) = bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Vec::new()).map_err(|_| UpstreamError::Garbage("no request can be made of it".into()))?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(refusal(response.status(), response.body()));
        }
        // Of a syntax error serde says the place, of a missing member the name: nothing about a person.
        serde_json::from_slice(response.body()).map_err(|error| UpstreamError::garbage(&error.to_string()))
    }
}

/// What an API says when it refuses: each has its own words.
fn refusal(status: StatusCode, body: &[u8]) -> UpstreamError {
    refusal_in(body).unwrap_or_else(|| UpstreamError::refused(&format!("http_{}", status.as_u16()), ""))
}

/// The error in a document, in the shapes of RFC 6749 section 5.2 and RFC 6750 (`error`, `error_description`), Facebook
/// (`error.type`, `error.message`), Twitter (`title`, `detail`), GitHub and Discord (`message`).
pub(super) fn refusal_in(body: &[u8]) -> Option<UpstreamError> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let error = text("/error").or_else(|| text("/error/type")).or_else(|| text("/title")).or_else(|| text("/message"))?;
    let description = text("/error_description").or_else(|| text("/error/message")).or_else(|| text("/detail"));
    Some(UpstreamError::refused(error, description.unwrap_or_default()))
}
