//! Leaving our origin from a page of ours.
//!
//! Browsers apply `form-action` to every redirect that follows a form (CSP Level 3 section 6.4.1.2), also to those that the other side adds.
//! A list of allowed targets is therefore never complete. So a form answers 303 to a page of ours, and where the next step leaves our origin,
//! that page is a 200 that moves on by `Refresh` and has a link: a new navigation, held against nothing, with script on and off.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::page::see_other;
use super::visitor::Visitor;
use crate::pages::Departing;

impl Visitor {
    /// Moves on to another origin by a page of ours.
    pub fn depart(&self, page: &Departing) -> Response {
        // Redirect URIs and addresses of sites are ASCII: they were parsed, or registered so.
        let Ok(refresh) = HeaderValue::from_str(&format!("0; url={}", page.url)) else {
            tracing::error!("an address with control characters or letters outside ASCII");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = self.page(&page.shell, page);
        response.headers_mut().insert(header::REFRESH, refresh);
        response
    }

    /// What may follow a form: a redirect on our own origin, else the page that moves on.
    pub fn redirect_or_depart(&self, url: &str, page: impl FnOnce() -> Departing) -> Response {
        if self.is_ours(url) { see_other(url) } else { self.depart(&page()) }
    }

    fn is_ours(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url.origin().ascii_serialization() == self.app.settings.origin())
    }
}
