//! Stand-ins for Google, GitHub, Facebook, Twitter and Discord, so that every button works on a laptop with no network.
//!
//! * What lives here: one router on one loopback origin, each provider under its own base path (`http://127.0.0.1:8082/google`), with
//!   the paths, parameters and error shapes of the real one; and the page on which a developer chooses who signs in and what goes wrong.
//! * What may not: anything that is asked from outside this machine. [`router`] refuses an origin that is not loopback, the page sends
//!   nobody to a redirect URI that is not, requests for another host name are refused, and only `vestibule dev` starts it, which in turn
//!   refuses a public URL that is not loopback.
//! * How to add one: a variant of [`Provider`], a file with its endpoints, its [`Quirk`]s, a test that drives it.
//! * Where it is tested: `tests.rs` and the `…_tests.rs` beside it, and every journey through a provider in `tests/it`.
//!
//! They are no copies: no look of theirs, no cookies (whoever is chosen on the page is signed in there), no rate limits, no consent that
//! is remembered. There is one client, [`CLIENT_ID`] with [`CLIENT_SECRET`], because nothing here is secret: both are checked all the
//! same, so that a mistake shows. Any loopback redirect URI counts as registered.

mod discord;
mod facebook;
mod github;
mod google;
mod grants;
mod keys;
mod page;
mod people;
mod provider;
mod quirk;
mod token;
mod twitter;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::csrf::ConfigError;
use url::{Host, Url};

use crate::{
    crypto::random::Random,
    http::page::static_file,
    locale::{Catalogue, Locale},
    time::Clock,
};

use grants::Grants;
use keys::Keys;
use page::Pages;

pub use people::{HOSTED, SOMEBODY};
pub use provider::Provider;
pub use quirk::Quirk;

/// The client that every fake knows.
pub const CLIENT_ID: &str = "dev";
/// Its secret.
pub const CLIENT_SECRET: &str = "dev";
/// How slow a slow answer is: longer than the server waits for one.
pub const SLOW: Duration = Duration::from_secs(20);

/// What the fakes are told.
#[derive(Clone, Debug)]
pub struct FakeSettings {
    /// Where they are: `http://127.0.0.1:8082`, no trailing slash. Loopback only.
    pub origin: String,
    pub default_locale: Locale,
    /// For the ends of codes and tokens and the times in ID tokens.
    pub clock: Clock,
    pub random: Random,
    /// How long [`Quirk::Slow`] takes, see [`SLOW`].
    pub slow: Duration,
}

/// Why the fakes cannot start.
#[derive(Debug, thiserror::Error)]
pub enum FakesError {
    /// They would be reachable from elsewhere.
    #[error("fake providers stand on a loopback address only, and {0} is none")]
    NotLoopback(String),
    #[error(transparent)]
    Origin(#[from] ConfigError),
}

/// Everything a handler needs.
struct Fakes {
    settings: FakeSettings,
    grants: Grants,
    keys: Keys,
    pages: Pages,
}

impl Fakes {
    fn base_url(&self, provider: Provider) -> String {
        provider.base_url(&self.settings.origin)
    }

    /// Where a picture of this person is.
    fn picture(&self, person: &people::Person) -> String {
        format!(
            "{}/pictures/{}.svg",
            self.settings.origin,
            person.given_name.chars().find(char::is_ascii_alphabetic).unwrap_or('x')
        )
    }
}

/// Whether only this machine can be meant.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The five fakes as one router.
///
/// # Errors
/// The origin is none, or not on a loopback address.
pub fn router(settings: FakeSettings, catalogue: Arc<Catalogue>) -> Result<Router, FakesError> {
    let origin = settings.origin.clone();
    if !Url::parse(&origin).is_ok_and(|url| is_loopback(&url)) {
        return Err(FakesError::NotLoopback(origin));
    }
    let fakes = Arc::new(Fakes {
        grants: Grants::new(settings.clock.clone()),
        keys: Keys::new(),
        pages: Pages::new(settings.default_locale, catalogue),
        settings,
    });
    let routes = page::routes(&fakes, &origin)?
        .nest("/google", google::routes())
        .nest("/github", github::routes())
        .nest("/facebook", facebook::routes())
        .nest("/twitter", twitter::routes())
        .nest("/discord", discord::routes())
        .route("/pictures/{file}", get(picture))
        .route("/static/{file}", get(asset))
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here: see the provider's base_url.\n"));
    Ok(routes.with_state(fakes).layer(from_fn(super::mailbox::at_home)))
}

async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    static_file(uri.path(), &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// A circle with an initial.
async fn picture(State(_): State<Arc<Fakes>>, Path(file): Path<String>) -> Response {
    let initial = file.chars().find(char::is_ascii_alphabetic).unwrap_or('x').to_ascii_uppercase();
    let drawn = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\"><circle cx=\"48\" cy=\"48\" r=\"48\" fill=\"#1f5a4c\"/>\
         <text x=\"48\" y=\"66\" font-size=\"52\" font-family=\"sans-serif\" text-anchor=\"middle\" fill=\"#fff\">{initial}</text></svg>\n"
    );
    ([(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))], drawn).into_response()
}

#[cfg(test)]
mod dialects_tests;
#[cfg(test)]
mod google_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod refusals_tests;
#[cfg(test)]
mod tests;
