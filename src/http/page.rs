//! The kinds of answers: pages, redirects, JSON, static files.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A page. The outermost layer adds its security headers and `Cache-Control: no-store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html(pub String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response
    }
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

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// JSON written beforehand that anyone may keep and any site may read: discovery, public keys. `cache_control` like
/// `public, max-age=300`.
pub fn public_json(body: Bytes, cache_control: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// A file built into the binary under a name that changes with its content.
#[derive(Clone, Copy, Debug)]
pub struct Static {
    /// `/static/style.1a2b3c4d.css`
    pub path: &'static str,
    pub content_type: &'static str,
    pub body: &'static [u8],
}

/// Serves one of these files by its path; none of them: none. Browsers may keep it for ever.
pub fn static_file(files: &[Static], path: &str, request: &HeaderMap) -> Option<Response> {
    let file = files.iter().find(|file| file.path == path)?;
    // The name already tells versions apart.
    let tag = HeaderValue::try_from(format!("\"{}\"", file.path.rsplit('/').next().unwrap_or_default())).ok()?;
    let unchanged = request.get_all(header::IF_NONE_MATCH).iter().any(|known| matches_tag(known, &tag));
    let body = if unchanged { Body::empty() } else { Body::from(file.body) };
    let mut response = Response::new(body);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
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
        let response = public_json(Bytes::from_static(b"{}"), HeaderValue::from_static("public, max-age=300"));
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    }

    #[tokio::test]
    async fn static_files_are_kept_for_ever() {
        let files = [Static { path: "/static/a.1234.css", content_type: "text/css", body: b"a{}" }];
        assert!(static_file(&files, "/static/b.css", &HeaderMap::new()).is_none());
        let response = static_file(&files, "/static/a.1234.css", &HeaderMap::new()).unwrap();
        assert_eq!(response.headers()["etag"], "\"a.1234.css\"");
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(&body(response).await[..], b"a{}");
        let mut request = HeaderMap::new();
        request.insert("if-none-match", HeaderValue::from_static("\"x\", W/\"a.1234.css\""));
        let response = static_file(&files, "/static/a.1234.css", &request).unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(body(response).await.is_empty());
    }
}
