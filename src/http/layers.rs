//! The outermost layer of every request: its context, its span, its metrics, what happens when it panics, and the
//! security headers of its answer.
//!
//! Put on with `Router::layer` after all routes, so that it knows the matched pattern. Written as a service by hand:
//! it costs no allocation that it does not need.

use std::{
    any::Any,
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv4Addr},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context as Task, Poll},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use tower::{Layer, Service};
use tracing::Span;

use crate::{
    crypto::random::Random,
    telemetry::{Metrics, RouteMetrics},
};

use super::{
    context::{Operation, OperationIds, Peer, given_id, is_trusted, requester},
    csp,
    page::{Cause, because},
};

/// What the layer needs; shared by all requests.
struct Shared {
    trusted: Vec<IpNet>,
    https: bool,
    metrics: Metrics,
    ids: OperationIds,
    failure: Box<dyn Fn(&Operation) -> Response + Send + Sync>,
}

/// The outermost layer.
#[derive(Clone)]
pub struct Outer(Arc<Shared>);

impl Outer {
    /// `trusted` proxies may say who is behind them; `https` is the scheme of the public URL; `failure` makes the answer
    /// of a handler that panicked (500).
    pub fn new(
        trusted: Vec<IpNet>,
        https: bool,
        metrics: Metrics,
        random: &Random,
        failure: impl Fn(&Operation) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared { trusted, https, metrics, ids: OperationIds::new(random), failure: Box::new(failure) }))
    }
}

impl fmt::Debug for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outer")
    }
}

impl<S> Layer<S> for Outer {
    type Service = OuterService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OuterService { inner, shared: Arc::clone(&self.0), route: Arc::default() }
    }
}

/// A route's pattern and counters.
struct Known {
    pattern: Box<str>,
    metrics: RouteMetrics,
}

/// [`Outer`] around one route.
#[derive(Clone)]
pub struct OuterService<S> {
    inner: S,
    shared: Arc<Shared>,
    /// The route this service stands in front of, known from its first request on.
    route: Arc<OnceLock<Arc<Known>>>,
}

impl<S> fmt::Debug for OuterService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OuterService")
    }
}

impl<S> OuterService<S> {
    fn known(&self, request: &Request) -> Arc<Known> {
        let pattern = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
        let find = || Arc::new(Known { pattern: pattern.into(), metrics: self.shared.metrics.route(pattern) });
        let known = self.route.get_or_init(find);
        // A fallback that serves several patterns.
        if known.pattern.as_ref() == pattern { Arc::clone(known) } else { find() }
    }
}

impl<S> Service<Request> for OuterService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let started = Instant::now();
        let shared = Arc::clone(&self.shared);
        let known = self.known(&request);
        let operation = operation(&shared, &request);
        // At the level of errors, so that every line has the id at every log level. Never the URI: it can hold codes.
        let span = tracing::error_span!(
            "request",
            operation = &*operation.id,
            address = %operation.address,
            method = request.method().as_str(),
            route = &*known.pattern
        );
        let method = request.method().clone();
        let inner = is_ordinary(&method).then(|| {
            request.extensions_mut().insert(operation.clone());
            self.inner.call(request)
        });
        Answer { inner, shared, known, operation, span, method, started }
    }
}

fn operation(shared: &Shared, request: &Request) -> Operation {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
    if !is_trusted(peer, &shared.trusted) {
        return Operation { address: peer, id: shared.ids.next() };
    }
    let headers = request.headers();
    Operation { address: requester(peer, headers, &shared.trusted), id: given_id(headers).unwrap_or_else(|| shared.ids.next()) }
}

/// Methods that some route may know; TRACE, CONNECT and inventions are refused for all.
fn is_ordinary(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::POST | Method::HEAD | Method::OPTIONS | Method::PUT | Method::PATCH | Method::DELETE)
}

/// The answer to come of [`OuterService`].
pub struct Answer<F> {
    /// None: the method is refused.
    inner: Option<F>,
    shared: Arc<Shared>,
    known: Arc<Known>,
    operation: Operation,
    span: Span,
    method: Method,
    started: Instant,
}

impl<F> fmt::Debug for Answer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

impl<F> Future for Answer<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let _entered = this.span.enter();
        let mut response = match this.inner.as_mut() {
            None => {
                let mut response = not_allowed(&this.operation.id);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                response
            }
            // After a panic the future is not polled again, so nobody sees its broken state.
            Some(inner) => match catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll(task))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Ok(response))) => response,
                Ok(Poll::Ready(Err(never))) => match never {},
                Err(panic) => {
                    tracing::error!(message = message_of(panic.as_ref()), "a handler panicked");
                    (this.shared.failure)(&this.operation)
                }
            },
        };
        let status = response.status();
        secure(response.headers_mut(), this.shared.https);
        if let Ok(id) = HeaderValue::from_str(&this.operation.id) {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        let elapsed = this.started.elapsed();
        this.known.metrics.record(this.method.as_str(), status.as_u16(), elapsed);
        if let Some(Cause(cause)) = response.extensions().get::<Cause>() {
            // The page shows the operation's id and asks people to quote it.
            tracing::info!(status = status.as_u16(), cause = &**cause, "answered with an error page");
        } else {
            tracing::debug!(status = status.as_u16(), ?elapsed, "answered");
        }
        Poll::Ready(Ok(response))
    }
}

/// The answer to a method that nothing takes (405), for programs.
pub fn not_allowed(operation: &str) -> Response {
    let text = format!("This method is not allowed here. Reference: {operation}\n");
    because((StatusCode::METHOD_NOT_ALLOWED, text).into_response(), "a method that is not allowed")
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

/// Adds what the handler has not set itself.
fn secure(headers: &mut HeaderMap, https: bool) {
    // Pages, texts and redirects; other types cannot be framed or run, and say themselves how long they may be kept.
    let page = headers.get(header::CONTENT_TYPE).is_none_or(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"text/plain")
    });
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static("max-age=31536000"));
    }
    if page {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        // Nothing leaves our origin. `no-referrer` would say no less, but browsers then send `Origin: null` with our own forms (Fetch
        // Standard, "append a request Origin header"), by which the guard could not tell them from others.
        headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
        headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(csp::DEFAULT);
        headers.entry(HeaderName::from_static("cross-origin-opener-policy")).or_insert(HeaderValue::from_static("same-origin"));
        headers
            .entry(HeaderName::from_static("permissions-policy"))
            .or_insert(HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Body,
        routing::{any, get},
    };
    use tower::ServiceExt;

    use super::*;
    use crate::http::{
        context::Context,
        page::{Html, json},
    };

    fn router(https: bool) -> (Router, Metrics) {
        let metrics = Metrics::new();
        let outer = Outer::new(vec!["10.0.0.0/8".parse().unwrap()], https, metrics.clone(), &Random::seeded(1), |operation| {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("sorry, {}", operation.id)).into_response()
        });
        let router = Router::new()
            .route("/page/{id}", get(|| async { Html("<p>".to_owned()) }))
            .route("/json", get(|| async { json(StatusCode::OK, &1) }))
            .route(
                "/own",
                get(|| async { ([(header::CONTENT_SECURITY_POLICY, csp::with_form_action(&["app:/x"]))], Html(String::new())) }),
            )
            .route("/who", any(|context: Context| async move { format!("{} {}", context.address, context.operation) }))
            .route("/panic", get(|| async { if Metrics::CONTENT_TYPE.is_empty() { "" } else { panic!("oh dear") } }))
            .layer(outer);
        (router, metrics)
    }

    async fn body(response: Response) -> String {
        String::from_utf8(axum::body::to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
    }

    fn get_request(path: &str) -> Request {
        Request::get(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn pages_carry_every_security_header() {
        let response = router(true).0.oneshot(get_request("/page/1")).await.unwrap();
        let headers = response.headers();
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ] {
            assert_eq!(headers[name], value);
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{policy}");
        }
        // Also where no route matches.
        let response = router(false).0.oneshot(get_request("/nowhere")).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["x-frame-options"], "DENY");
        assert!(!response.headers().contains_key("strict-transport-security"));
    }

    #[tokio::test]
    async fn answers_of_other_kinds_and_own_headers_stay() {
        let response = router(true).0.oneshot(get_request("/json")).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(!response.headers().contains_key("content-security-policy"));
        let response = router(true).0.oneshot(get_request("/own")).await.unwrap();
        assert!(response.headers()["content-security-policy"].to_str().unwrap().ends_with("'self' app:"));
    }

    #[tokio::test]
    async fn operation_ids_are_answered_and_taken_from_trusted_proxies_only() {
        let (router, _) = router(false);
        for (peer, trusted) in [("10.0.0.1:1", true), ("192.0.2.1:1", false)] {
            let mut request = get_request("/who");
            request.headers_mut().insert("x-request-id", HeaderValue::from_static("from-the-proxy"));
            request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("198.51.100.7"));
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            let response = router.clone().oneshot(request).await.unwrap();
            let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
            assert_eq!(id == "from-the-proxy", trusted);
            let address = if trusted { "198.51.100.7" } else { "192.0.2.1" };
            assert_eq!(body(response).await, format!("{address} {id}"));
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_a_page() {
        let (router, metrics) = router(false);
        let response = router.clone().oneshot(get_request("/panic")).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(body(response).await, format!("sorry, {id}"));
        assert!(metrics.render().contains(r#"{route="/panic",method="GET",status="5xx"} 1"#));
    }

    #[tokio::test]
    async fn odd_methods_are_refused_even_where_a_route_takes_any() {
        let (router, _) = router(false);
        for method in ["TRACE", "CONNECT", "PROPFIND"] {
            let request = Request::builder().method(method).uri("/who").body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert!(response.headers().contains_key("allow"));
        }
        for method in ["GET", "POST", "HEAD", "OPTIONS"] {
            let request = Request::builder().method(method).uri("/who").body(Body::empty()).unwrap();
            assert_eq!(router.clone().oneshot(request).await.unwrap().status(), StatusCode::OK, "{method}");
        }
    }

    #[tokio::test]
    async fn metrics_count_patterns_never_paths() {
        let (router, metrics) = router(false);
        for path in ["/page/1", "/page/secret", "/nowhere", "/else/where"] {
            router.clone().oneshot(get_request(path)).await.unwrap();
        }
        let text = metrics.render();
        assert!(text.contains(r#"{route="/page/{id}",method="GET",status="2xx"} 2"#), "{text}");
        assert!(text.contains(r#"{route="unmatched",method="GET",status="4xx"} 2"#), "{text}");
        assert!(!text.contains("secret"));
    }
}
