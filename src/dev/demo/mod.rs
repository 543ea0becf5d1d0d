//! The demo relying party: a small application on its own address that signs people in through this provider, with a
//! client library that knows nothing of our code.
//!
//! A public native client: PKCE (S256), state and nonce; it checks `iss` (RFC 9207), validates the ID token itself,
//! fetches userinfo, refreshes, and signs out at the provider (RP-Initiated Logout).

mod pages;
mod provider;
#[cfg(test)]
mod tests;
mod visitors;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, Response as HttpResponse, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::csrf::ConfigError;

use crate::{
    crypto::random::Random,
    http::{
        context::Context,
        cookies, csrf,
        form::Query,
        page::{see_other, static_file},
    },
    locale::{Catalogue, Locale},
    time::Clock,
};

use pages::{Pages, Problem};
use provider::{Provider, ProviderError};
use visitors::{Pending, SignedIn, Visitors};

/// What the demo is told.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// Our issuer identifier, without a trailing slash: `http://localhost:8080`.
    pub issuer: String,
    /// Where the demo itself is: `http://127.0.0.1:8081`, no trailing slash.
    pub origin: String,
    /// How it is registered: a public native client with the redirect URI `http://127.0.0.1/callback`.
    pub client_id: String,
    /// The provider's name, for the button.
    pub provider: String,
    pub default_locale: Locale,
    pub clock: Clock,
    pub random: Random,
}

/// The provider could not be called; the text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct FetchError(String);

type Fetching = Pin<Box<dyn Future<Output = Result<HttpResponse<Vec<u8>>, FetchError>> + Send>>;

struct Demo {
    settings: DemoSettings,
    pages: Pages,
    visitors: Visitors,
    fetch: Box<dyn Fn(Request<Vec<u8>>) -> Fetching + Send + Sync>,
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Demo")
    }
}

const COOKIE: &str = "demo_visitor";
/// How long a sign-in may take.
const PENDING: Duration = Duration::from_mins(15);

/// The demo as a router; `fetch` makes its calls to the provider (`HttpClient::fetch`).
///
/// # Errors
/// The demo's origin is none.
pub fn router<F, E>(
    settings: DemoSettings,
    catalogue: Arc<Catalogue>,
    fetch: impl Fn(Request<Vec<u8>>) -> F + Send + Sync + 'static,
) -> Result<Router, ConfigError>
where
    F: Future<Output = Result<HttpResponse<Vec<u8>>, E>> + Send + 'static,
    E: fmt::Display,
{
    let origin = settings.origin.clone();
    let demo = Arc::new(Demo {
        pages: Pages::new(&settings, catalogue),
        visitors: Visitors::new(settings.random.clone()),
        fetch: Box::new(move |request| {
            let answer = fetch(request);
            Box::pin(async move { answer.await.map_err(|error| FetchError(error.to_string())) })
        }),
        settings,
    });
    let refused = Arc::clone(&demo);
    let routes = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/refresh", post(refresh))
        .route("/logout", post(logout))
        .route("/signed-out", get(signed_out))
        .route("/static/{file}", get(asset))
        .fallback(async |State(demo): State<Arc<Demo>>, context: Context| demo.pages.problem(&context, Problem::Missing))
        .with_state(demo);
    csrf::guard(routes, &origin, move |parts| refused.pages.problem(&Context::of(parts), Problem::Foreign))
}

async fn home(State(demo): State<Arc<Demo>>, context: Context) -> Response {
    match demo.visitors.signed_in(visitor(&context)) {
        Some(signed_in) => demo.pages.claims(&context, &signed_in, false),
        None => demo.pages.home(&context, false),
    }
}

/// The provider sends people here after signing out.
async fn signed_out(State(demo): State<Arc<Demo>>, context: Context) -> Response {
    demo.pages.home(&context, true)
}

async fn login(State(demo): State<Arc<Demo>>, context: Context) -> Response {
    let provider = match Provider::discover(&demo).await {
        Ok(provider) => provider,
        Err(error) => return failed(&demo, &context, &error),
    };
    let (location, start) = provider.authorization(&demo.settings.random);
    let pending = Pending { start, expires: demo.settings.clock.now() + PENDING };
    let id = demo.visitors.begin(visitor(&context), pending, demo.settings.clock.now());
    with_cookie(see_other(location.as_str()), Some(&id))
}

async fn callback(State(demo): State<Arc<Demo>>, context: Context, query: Query) -> Response {
    let Query(query) = query;
    let id = visitor(&context);
    // The state first: without it the rest is anybody's words.
    let Some(start) = demo.visitors.take(id, query.first("state"), demo.settings.clock.now()) else {
        return demo.pages.problem(&context, Problem::State);
    };
    if query.one("iss") != Ok(Some(&demo.settings.issuer)) {
        return demo.pages.problem(&context, Problem::State);
    }
    if let Ok(Some(error)) = query.one("error") {
        return demo.pages.problem(&context, Problem::Denied(error));
    }
    let Ok(Some(code)) = query.one("code") else {
        return demo.pages.problem(&context, Problem::State);
    };
    let found = async { Provider::discover(&demo).await?.exchange(code, start).await };
    match found.await {
        Ok(signed_in) => {
            // A new identifier for a new state of affairs.
            let id = demo.visitors.sign_in(id, signed_in, demo.settings.clock.now());
            with_cookie(see_other("/"), Some(&id))
        }
        Err(error) => failed(&demo, &context, &error),
    }
}

async fn refresh(State(demo): State<Arc<Demo>>, context: Context) -> Response {
    let Some(known) = demo.visitors.signed_in(visitor(&context)) else { return see_other("/") };
    let found = async { Provider::discover(&demo).await?.refresh(&known).await };
    match found.await {
        Ok(signed_in) => {
            let page = demo.pages.claims(&context, &signed_in, true);
            let id = demo.visitors.sign_in(visitor(&context), signed_in, demo.settings.clock.now());
            with_cookie(page, Some(&id))
        }
        Err(error @ ProviderError::Unreachable(_)) => failed(&demo, &context, &error),
        Err(error) => {
            // The grant has ended: so has the session here.
            demo.visitors.forget(visitor(&context));
            with_cookie(failed(&demo, &context, &error), None)
        }
    }
}

async fn logout(State(demo): State<Arc<Demo>>, context: Context) -> Response {
    let known = demo.visitors.forget(visitor(&context));
    let target = match &known {
        None => None,
        Some(known) => Provider::discover(&demo).await.ok().and_then(|provider| provider.end_session(known)),
    };
    with_cookie(see_other(target.as_ref().map_or("/signed-out", |url| url.as_str())), None)
}

async fn asset(State(demo): State<Arc<Demo>>, context: Context, uri: Uri, headers: HeaderMap) -> Response {
    static_file(uri.path(), &headers).unwrap_or_else(|| demo.pages.problem(&context, Problem::Missing))
}

fn failed(demo: &Demo, context: &Context, error: &ProviderError) -> Response {
    tracing::warn!(%error, "the demo application could not go on");
    let problem = match error {
        ProviderError::Unreachable(_) => Problem::Provider,
        ProviderError::Refused(code) => Problem::Denied(code),
        ProviderError::Invalid(_) => Problem::Token,
    };
    demo.pages.problem(context, problem)
}

fn visitor(context: &Context) -> Option<&str> {
    cookies::read(context.headers(), COOKIE)
}

/// Sets the visitor's cookie, or deletes it. The demo is on loopback, without HTTPS.
fn with_cookie(mut response: Response, id: Option<&str>) -> Response {
    let line = match id {
        Some(id) => format!("{COOKIE}={id}; HttpOnly; SameSite=Lax; Path=/"),
        None => format!("{COOKIE}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"),
    };
    match HeaderValue::try_from(line) {
        Ok(line) => {
            response.headers_mut().append(header::SET_COOKIE, line);
            response
        }
        // Identifiers are ours, in base32.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
