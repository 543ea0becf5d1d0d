//! The public keys (RFC 7517 section 5).

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::actions::{App, keys};
use crate::http::compress::Packed;
use crate::http::page::public_json;

/// Ready bytes, and a header that is made once.
pub(super) fn handler() -> impl Fn(State<App>, HeaderMap) -> Ready<Response> + Clone + Send + Sync + 'static {
    let made: Arc<OnceLock<HeaderValue>> = Arc::default();
    let latest: Arc<Latest> = Arc::default();
    move |State(app): State<App>, request: HeaderMap| {
        let cache = made.get_or_init(|| cache_control(app.settings.keys.publish)).clone();
        ready(public_json(&latest.of(keys::jwks(&app.keys)), cache, &request))
    }
}

/// The key set that was sent last: it is compressed once, and again when the keys have changed.
#[derive(Default)]
struct Latest(RwLock<Packed>);

impl Latest {
    fn of(&self, plain: Bytes) -> Packed {
        {
            let latest = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if *latest.plain() == plain {
                return latest.clone();
            }
        }
        let packed = Packed::new(plain);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = packed.clone();
        packed
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
    fn changed_keys_are_packed_anew() {
        let latest = Latest::default();
        for plain in ["a", "a", "b", "a"] {
            assert_eq!(latest.of(Bytes::from(plain.repeat(500))).plain().as_ref(), plain.repeat(500).as_bytes());
        }
    }

    #[test]
    fn caches_expire_well_before_a_key_signs() {
        assert_eq!(cache_control(Duration::from_hours(24)), "public, max-age=3600");
        assert_eq!(cache_control(Duration::from_mins(10)), "public, max-age=300");
        assert_eq!(cache_control(Duration::ZERO), "public, max-age=0");
    }
}
