//! Parameters of a request, from the query or a form, as [`Params`]: repeated ones stay visible.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::engine::params::Params;

/// The largest form.
const FORM_BYTES: usize = 64 * 1024;
/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(20);

/// The parameters of an `application/x-www-form-urlencoded` body of at most 64 KiB, all of them readable.
#[derive(Clone, Debug, Default)]
pub struct Form(pub Params);

/// The same of a protocol, where a parameter that cannot be read matters only if it is one that we know.
#[derive(Clone, Debug, Default)]
pub struct Parameters(pub Params);

/// The parameters of the query.
#[derive(Clone, Debug, Default)]
pub struct Query(pub Params);

/// Why parameters could not be read. As an answer: plain text, with this value in the response's extensions, so that a
/// router can turn it into its own kind of error. A handler that takes `Result<Form, BadInput>` decides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadInput {
    /// 400, 408, 413 or 415.
    pub status: StatusCode,
    /// In English, for programs and logs.
    pub reason: &'static str,
}

impl BadInput {
    const fn new(status: StatusCode, reason: &'static str) -> Self {
        Self { status, reason }
    }

    const TYPE: Self = Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/x-www-form-urlencoded");
    const SIZE: Self = Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is larger than 64 KiB");
    const TIME: Self = Self::new(StatusCode::REQUEST_TIMEOUT, "the form took too long to arrive");
    const BODY: Self = Self::new(StatusCode::BAD_REQUEST, "the form could not be read");
    const TEXT: Self = Self::new(StatusCode::BAD_REQUEST, "a field is not UTF-8 text");
    const MANY: Self = Self::new(StatusCode::BAD_REQUEST, "there are too many parameters");
}

impl IntoResponse for BadInput {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.reason).into_response();
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the body is not worth waiting for (RFC 9110 section 15.5.9). What is left after other answers is the server's affair.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = BadInput;

    async fn from_request(request: Request, state: &S) -> Result<Self, BadInput> {
        let Parameters(params) = Parameters::from_request(request, state).await?;
        if params.is_whole() { Ok(Self(params)) } else { Err(BadInput::TEXT) }
    }
}

impl<S: Sync> FromRequest<S> for Parameters {
    type Rejection = BadInput;

    async fn from_request(request: Request, _: &S) -> Result<Self, BadInput> {
        if !is_form(request.headers()) {
            return Err(BadInput::TYPE);
        }
        let body = request.into_body();
        if body.size_hint().lower() > FORM_BYTES as u64 {
            return Err(BadInput::SIZE);
        }
        parse(&read(body).await?).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = BadInput;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, BadInput> {
        parse(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

async fn read(body: Body) -> Result<Bytes, BadInput> {
    match tokio::time::timeout(FORM_TIMEOUT, axum::body::to_bytes(body, FORM_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(BadInput::SIZE),
        Ok(Err(_)) => Err(BadInput::BODY),
        Err(_) => Err(BadInput::TIME),
    }
}

/// The limit is reported as an error inside an error, of a type that axum does not export by name.
fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string() == "length limit exceeded")
}

/// Whether the body says that it is a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn parse(text: &[u8]) -> Result<Params, BadInput> {
    Params::parse(text).map_err(|_| BadInput::MANY)
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::post};
    use tower::ServiceExt;

    use super::*;

    async fn send(content_type: Option<&str>, query: &str, body: impl Into<Body>) -> (StatusCode, String) {
        let handler =
            |Query(query): Query, Form(form): Form| async move { format!("{}|{}", query.first("q"), form.first("name")) };
        let mut request = Request::post(format!("/?{query}"));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let router = Router::new().route("/", post(handler));
        let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status();
        assert_eq!(response.extensions().get::<BadInput>().map(|bad| bad.status), (status != StatusCode::OK).then_some(status));
        let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    #[tokio::test]
    async fn forms_and_queries_are_read() {
        assert_eq!(send(FORM, "q=1", "name=J%C3%BCrgen+X").await, (StatusCode::OK, "1|Jürgen X".to_owned()));
        let charset = Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8");
        assert_eq!(send(charset, "", "name=a").await.1, "|a");
        assert_eq!(send(FORM, "", "name=%2500").await.1, "|%00");
        assert_eq!(send(FORM, "q=1&utm=%ff&%ff=1", "name=a&%00=1").await.1, "1|a", "what nobody asks for is not looked at");
        let full = format!("name={}", "x".repeat(FORM_BYTES - 5));
        assert_eq!(send(FORM, "", full).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        for content_type in [None, Some("application/json"), Some("multipart/form-data; boundary=x"), Some("text/plain")] {
            assert_eq!(send(content_type, "", "name=a").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        for body in ["name=%ff", "name=%00", "name=a\0b", "other=%ff&name=a"] {
            assert_eq!(send(FORM, "", body).await.0, StatusCode::BAD_REQUEST, "{body:?}");
        }
        assert_eq!(send(FORM, &"q=1&".repeat(201), "name=a").await.0, StatusCode::BAD_REQUEST);
    }

    /// A body that does not say how long it is.
    struct Unannounced(Option<Bytes>);
    impl HttpBody for Unannounced {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Ready(self.0.take().map(|bytes| Ok(hyper::body::Frame::data(bytes))))
        }
    }

    #[tokio::test]
    async fn large_forms_are_refused_announced_or_not() {
        let large = "x".repeat(FORM_BYTES + 1);
        assert_eq!(send(FORM, "", large.clone()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
        let (status, _) = send(FORM, "", Body::new(Unannounced(Some(large.into())))).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
