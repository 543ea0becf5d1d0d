//! The whole router: every room's routes, and what stands around all of them.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::actions::health::{self, Unready};
use crate::actions::{App, fleet};
use crate::http::csrf::{self, ConfigError};
use crate::http::layers::{self, Outer};
use crate::http::once_more::once_more;
use crate::http::page;
use crate::http::visitor::{self, Visitor};
use crate::settings::Mode;
use crate::{api, dev, oidc, web};

/// Forms of ours stand inside the origin check; what programs and relying parties call stands outside, for it is protected by tokens, client
/// authentication, PKCE and `state` instead.
pub fn router(app: &App) -> Result<Router, ConfigError> {
    let refused = {
        let app = app.clone();
        move |parts: &axum::http::request::Parts| {
            let visitor = Visitor::of(parts, &app);
            visitor.error(StatusCode::FORBIDDEN, "problem-origin-title", "problem-origin")
        }
    };
    let forms = csrf::guard(web::router(app).merge(oidc::consent()).layer(from_fn(once_more)), app.settings.origin(), refused)?;
    let mut router = forms
        .merge(oidc::front_channel())
        .merge(oidc::router())
        .merge(api::router())
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/static/{name}", get(asset));
    if app.settings.mode == Mode::Dev {
        router = router.merge(dev::mailbox::router()).merge(dev::inbox::router());
    }
    let router = router.method_not_allowed_fallback(other_method).fallback(async |visitor: Visitor| visitor.not_found());
    let router = router.with_state(app.clone());
    let settings = &app.settings;
    let failure = |operation: &crate::http::context::Operation| visitor::broken(&operation.id);
    let proxies = settings.server.trusted_proxies.clone();
    Ok(router.layer(Outer::new(proxies, settings.is_https(), app.metrics.clone(), &app.random, failure)))
}

/// Whether requests can be served, and if not, why; what goes wrong inside is for the log.
async fn ready(State(app): State<App>) -> Response {
    let mut response = match health::unready(&app).await {
        Ok(None) if fleet::disagreements(&app).is_empty() => "ready\n".into_response(),
        Ok(None) => "ready, but nodes disagree: see the log\n".into_response(),
        Ok(Some(why)) => {
            if why != Unready::Stopping {
                tracing::error!(%why, "not ready");
            }
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
        Err(fault) => {
            tracing::error!(%fault, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer or cannot be written\n").into_response()
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A route that is there, asked in a way that it does not take: somebody who opens the address of a form again, or a program. axum adds `Allow`.
async fn other_method(visitor: Visitor) -> Response {
    if visitor.context.header("accept").is_some_and(|accept| accept.contains("text/html")) {
        return visitor.error(StatusCode::METHOD_NOT_ALLOWED, "problem-method-title", "problem-method");
    }
    layers::not_allowed(&visitor.context.operation)
}

async fn asset(uri: Uri, headers: HeaderMap, visitor: Visitor) -> Response {
    page::static_file(uri.path(), &headers).unwrap_or_else(|| visitor.not_found())
}
