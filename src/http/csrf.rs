//! Forms are accepted from our own pages only. No tokens: browsers say where a request comes from, in `Sec-Fetch-Site`
//! and `Origin`.
//!
//! For pages. The endpoints of relying parties stay outside: their requests come from other sites by design.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{Method, request::Parts},
    middleware::{Next, from_fn},
    response::Response,
};
pub use tower_http::csrf::ConfigError;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::page::because;

/// Guards every route of this router. `origin` is our public one, for proxies that change `Host`; `refusal` makes the
/// page for whoever is turned away, and it is served with the status the function chooses (403).
///
/// # Errors
/// `origin` is none.
pub fn guard<S>(
    router: Router<S>,
    origin: &str,
    refusal: impl Fn(&Parts) -> Response + Send + Sync + 'static,
) -> Result<Router<S>, ConfigError>
where
    S: Clone + Send + Sync + 'static,
{
    let refusal = Arc::new(refusal);
    Ok(router.layer(CsrfLayer::new().add_trusted_origin(origin)?).layer(from_fn(move |request: Request, next: Next| {
        let refusal = Arc::clone(&refusal);
        async move {
            if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
                return next.run(request).await;
            }
            // The guard inside keeps the request; a page about the refusal needs its language and its operation id.
            let (parts, body) = request.into_parts();
            let kept = parts.clone();
            let response = next.run(Request::from_parts(parts, body)).await;
            match response.extensions().get::<ProtectionError>() {
                None => response,
                Some(error) => because(refusal(&kept), format!("a form of another site: {error}")),
            }
        }
    })))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::StatusCode, response::IntoResponse, routing::get};
    use tower::ServiceExt;

    use super::*;

    const PUBLIC: &str = "https://id.example";

    fn router() -> Router {
        let routes = Router::new().route("/form", get(|| async { "seen" }).post(|| async { "done" }));
        guard(routes, PUBLIC, |parts| (StatusCode::FORBIDDEN, format!("not from {}", parts.uri.path())).into_response()).unwrap()
    }

    async fn status(method: &str, host: &str, site: Option<&str>, origin: Option<&str>) -> StatusCode {
        let mut request = Request::builder().method(method).uri("/form").header("host", host);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn the_whole_decision_table() {
        let own = Some(PUBLIC);
        let other = Some("https://evil.example");
        let null = Some("null");
        // Rows: Sec-Fetch-Site. Columns: Origin ours, another, null, absent. True: a POST gets through.
        let table = [
            (Some("same-origin"), [true, true, true, true]),
            (Some("none"), [true, true, true, true]),
            (Some("same-site"), [true, false, false, false]),
            (Some("cross-site"), [true, false, false, false]),
            (None, [true, false, false, true]),
        ];
        for (site, row) in table {
            for (origin, passes) in [own, other, null, None].into_iter().zip(row) {
                // Behind a proxy that changes Host the public origin counts all the same.
                for host in ["id.example", "backend:8080"] {
                    let expected = if passes { StatusCode::OK } else { StatusCode::FORBIDDEN };
                    assert_eq!(status("POST", host, site, origin).await, expected, "POST {host} {site:?} {origin:?}");
                    assert_eq!(status("GET", host, site, origin).await, StatusCode::OK, "GET {host} {site:?} {origin:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn lookalike_origins_are_others() {
        for origin in [
            "http://id.example.evil.example",
            "https://id.example.evil.example",
            "https://id.example:8443",
            "https://ID.example",
            "https://user@id.example",
            "https://id.example/",
            "file://id.example",
            "id.example",
        ] {
            assert_eq!(status("POST", "backend", None, Some(origin)).await, StatusCode::FORBIDDEN, "{origin}");
            assert_eq!(status("POST", "backend", Some("cross-site"), Some(origin)).await, StatusCode::FORBIDDEN, "{origin}");
        }
    }

    #[tokio::test]
    async fn the_refusal_is_ours_and_knows_the_request() {
        let request = Request::post("/form").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
        let response = router().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(&body[..], b"not from /form");
    }

    #[test]
    fn an_origin_is_needed() {
        assert!(guard(Router::<()>::new(), "id.example", |_| StatusCode::FORBIDDEN.into_response()).is_err());
    }
}
