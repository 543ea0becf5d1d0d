//! The public keys (RFC 7517 section 5).

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::actions::{App, keys};

const CONTENT: HeaderValue = HeaderValue::from_static("application/json");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// Ready bytes, and a header that is made once.
pub(super) fn handler() -> impl Fn(State<App>) -> Ready<Response> + Clone + Send + Sync + 'static {
    let made: Arc<OnceLock<HeaderValue>> = Arc::default();
    move |State(app): State<App>| {
        let cache = made.get_or_init(|| cache_control(app.settings.keys.publish)).clone();
        let headers = [(CONTENT_TYPE, CONTENT), (CACHE_CONTROL, cache), (ACCESS_CONTROL_ALLOW_ORIGIN, ANY)];
        ready((headers, keys::jwks(&app.keys)).into_response())
    }
}

/// An hour, and never more than half the time for which a key is published before it signs.
fn cache_control(publish: Duration) -> HeaderValue {
    let seconds = (publish / 2).as_secs().min(3600);
    HeaderValue::try_from(format!("public, max-age={seconds}")).unwrap_or(HeaderValue::from_static("no-cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_expire_well_before_a_key_signs() {
        assert_eq!(cache_control(Duration::from_hours(24)), "public, max-age=3600");
        assert_eq!(cache_control(Duration::from_mins(10)), "public, max-age=300");
        assert_eq!(cache_control(Duration::ZERO), "public, max-age=0");
    }
}
