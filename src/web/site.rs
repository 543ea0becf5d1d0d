//! `/session/start`: where a site's proxy sends whoever has to sign in, and where they come through on their way back.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;

use crate::actions::sites::{self, Next};
use crate::engine::site::{Destination, Elsewhere};
use crate::http::cookies::{self, CookieName};
use crate::http::form::{BadInput, Query};
use crate::http::page::see_other;
use crate::http::visitor::Visitor;
use crate::pages::Link;

/// The address at which a journey to a site begins and ends.
pub(super) fn way_to(url: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", url).finish();
    format!("/session/start?{query}")
}

pub(super) async fn start(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let asked = params.one("return_to").ok().flatten().unwrap_or_default();
    let mut destination = visitor.app.sites.destination(asked).map_err(|elsewhere| refuse(&visitor, elsewhere))?;
    // The proxy's question about an address that cannot be kept has been answered with the site's front page.
    destination.shortened |= params.first("shortened") == "1";
    // Pictures and scripts of other pages begin no journeys in a visitor's name.
    if visitor.context.headers().get("sec-fetch-mode").is_some_and(|mode| mode != "navigate") {
        return Ok(see_other("/login"));
    }
    let current = visitor.current().await.map_err(fault)?;
    let next = sites::go(&visitor.app, &destination, current.as_ref(), visitor.browser(), &visitor.requester()).await;
    Ok(match next.map_err(fault)? {
        Next::Arrive => arrive(&visitor, &destination),
        Next::SignIn(flow) => visitor.keep_browser(see_other(&format!("/login?flow={}", flow.id))),
        Next::SecondFactor(flow) => visitor.keep_browser(see_other(&format!("/login/second?flow={}", flow.id))),
    })
}

/// Nobody is sent to an address that is not on the list.
fn refuse(visitor: &Visitor, elsewhere: Elsewhere) -> Response {
    tracing::info!(reason = %elsewhere, "nobody is sent back there");
    let detail = match elsewhere {
        Elsewhere::Unknown => "problem-site-unknown",
        Elsewhere::Insecure | Elsewhere::Malformed => "problem-site-address",
    };
    visitor.error(StatusCode::BAD_REQUEST, "problem-site-title", detail)
}

/// How often a site may send somebody who is signed in here before it is clear that it does not notice.
const ROUNDS: u32 = 3;
/// … within this time of each other.
const ROUND: Duration = Duration::from_secs(10);

/// Off to the site. One that does not get our cookie sends its visitors back at once, again and again: that is counted in a cookie of
/// seconds, and ends in a page that says what to set.
fn arrive(visitor: &Visitor, destination: &Destination) -> Response {
    let tag = sites::tag(&destination.url);
    let cookies = visitor.cookies();
    let before = cookies.read(visitor.context.headers(), CookieName::Rounds).and_then(|value| {
        let (known, count) = value.split_once('.')?;
        count.parse::<u32>().ok().filter(|_| known == tag)
    });
    let before = before.unwrap_or(0);
    if before >= ROUNDS {
        let own = visitor.app.settings.server.public_url.host_str().unwrap_or_default();
        let detail = visitor.text.with("problem-site-loop", &[("site", &destination.host), ("own", own)]);
        let link = Link { href: destination.url.clone(), label: visitor.text.t("try-again").into_owned() };
        let mut response = visitor.error_with(StatusCode::CONFLICT, "problem-site-loop-title", detail, Some(link));
        cookies::add(response.headers_mut(), cookies.clear(CookieName::Rounds));
        return response;
    }
    let mut response = see_other(&destination.url);
    cookies::add(response.headers_mut(), cookies.set(CookieName::Rounds, &format!("{tag}.{}", before + 1), Some(ROUND)));
    response
}
