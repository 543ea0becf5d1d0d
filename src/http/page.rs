//! The kinds of answers: pages, redirects, JSON, static files.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::assets;
use super::compress::{Coding, Packed};

/// A page. The outermost layer adds its security headers and `Cache-Control: no-store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html(pub String);

impl Html {
    pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        response.headers_mut().insert(header::CONTENT_TYPE, Self::CONTENT_TYPE);
        response
    }
}

/// Why an answer is an error page, in its extensions: the outermost layer writes it to the log, under the reference that the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(pub Cow<'static, str>);

/// The same answer with its cause.
pub fn because(mut response: Response, cause: impl Into<Cow<'static, str>>) -> Response {
    response.extensions_mut().insert(Cause(cause.into()));
    response
}

/// Sends the browser to another address with GET (303), also after a POST: a 307 would send credentials along
/// (RFC 9700 section 4.12).
pub fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        tracing::error!("a redirect to an address with control characters");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// JSON that no one may keep: tokens, claims, errors (RFC 6749 section 5.1 asks for both headers).
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(value) else {
        tracing::error!("an answer could not be written as JSON");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A text that browsers keep as a file of this name; `name` is ours, of ASCII letters, dots and dashes. Nobody on the way may keep it.
pub fn text_file(name: &str, text: String) -> Response {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// JSON written beforehand that anyone may keep and any site may read: discovery, public keys. `cache_control` like
/// `public, max-age=300`; `request` are the headers of the request.
pub fn public_json(document: &Packed, cache_control: HeaderValue, request: &HeaderMap) -> Response {
    let mut response = document.answer(request);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// The file of this path (`/static/style.1a2b3c4d.css`), if there is one. Its name changes with its content, so browsers
/// may keep it for ever. `request` are the headers of the request.
pub fn static_file(path: &str, request: &HeaderMap) -> Option<Response> {
    let (file, packed) = assets::find(path)?;
    let (coding, bytes) = packed.choose(request);
    // The name already tells versions apart; each coding is a representation of its own (RFC 9110 section 8.8.3.3).
    let suffix = if coding == Coding::Gzip { ".gz" } else { "" };
    let tag = HeaderValue::try_from(format!("\"{}{suffix}\"", file.path.rsplit('/').next().unwrap_or_default())).ok()?;
    let unchanged = request.get_all(header::IF_NONE_MATCH).iter().any(|known| matches_tag(known, &tag));
    let body = if unchanged { Body::empty() } else { Body::from(bytes) };
    let mut response = Response::new(body);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    coding.describe(headers);
    if unchanged {
        // About the bytes that are not sent.
        headers.remove(header::CONTENT_ENCODING);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::ETAG, tag);
    Some(response)
}

/// RFC 9110 section 13.1.2: a list, compared weakly.
fn matches_tag(known: &HeaderValue, tag: &HeaderValue) -> bool {
    known.to_str().is_ok_and(|known| {
        known
            .split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    async fn body(response: Response) -> Bytes {
        axum::body::to_bytes(response.into_body(), 10_000).await.unwrap()
    }

    #[test]
    fn redirects_are_303() {
        let response = see_other("/login?a=b");
        assert_eq!(
            (response.status(), &response.headers()["location"]),
            (StatusCode::SEE_OTHER, &HeaderValue::from_static("/login?a=b"))
        );
        assert_eq!(see_other("/\r\nset-cookie: x").status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test]
    async fn json_is_not_kept_unless_public() {
        let response = json(StatusCode::BAD_REQUEST, &serde_json::json!({"error": "invalid_request"}));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(&body(response).await[..], br#"{"error":"invalid_request"}"#);
        let document = Packed::new(&b"{}"[..]);
        let response = public_json(&document, HeaderValue::from_static("public, max-age=300"), &HeaderMap::new());
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    }

    #[tokio::test]
    async fn static_files_are_kept_for_ever() {
        for file in assets::ASSETS {
            let mut sent = Vec::new();
            for coding in ["", "gzip"] {
                let asking = |known: &str| {
                    HeaderMap::from_iter([
                        (header::ACCEPT_ENCODING, HeaderValue::try_from(coding).unwrap()),
                        (header::IF_NONE_MATCH, HeaderValue::try_from(known).unwrap()),
                    ])
                };
                let response = static_file(file.path, &asking("\"x\"")).unwrap();
                assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
                assert_eq!(response.headers()["content-type"], file.content_type);
                assert_eq!(response.headers()["vary"], "accept-encoding");
                assert_eq!(response.headers().contains_key("content-encoding"), coding == "gzip");
                let tag = response.headers()["etag"].to_str().unwrap().to_owned();
                let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
                assert_eq!(&bytes[..] == file.body, coding.is_empty(), "{}", file.path);
                for (known, unchanged) in [(format!("\"x\", W/{tag}"), true), (tag.clone(), true), ("\"x\"".to_owned(), false)] {
                    let response = static_file(file.path, &asking(&known)).unwrap();
                    assert_eq!(response.status() == StatusCode::NOT_MODIFIED, unchanged);
                    assert!(response.headers()["vary"] == "accept-encoding" && response.headers()["etag"] == tag);
                    assert!(!unchanged || !response.headers().contains_key("content-encoding"));
                }
                sent.push((tag, bytes.len()));
            }
            // Another representation, and a shorter one.
            assert!(sent[0].0 != sent[1].0 && sent[1].1 * 10 < sent[0].1 * 8, "{}: {sent:?}", file.path);
        }
        assert!(static_file("/static/style.css", &HeaderMap::new()).is_none());
    }
}
