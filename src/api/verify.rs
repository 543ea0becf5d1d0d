//! `GET /session/verify`: forward authentication, for nginx (`auth_request`), Traefik (`ForwardAuth`) and Caddy (`forward_auth`).

use std::borrow::Cow;
use std::net::IpAddr;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::actions::session::{self, Current};
use crate::actions::{App, Fault, sites};
use crate::engine::site::{At, Elsewhere, Verdict, in_ascii, judge, name_for_a_header, percent_encoded, split_url};
use crate::http::context::{self, Peer, is_trusted};
use crate::http::cookies::{CookieName, Cookies};
use crate::http::visitor::with_retry_after;
use crate::locale::Locale;

/// 200 with who it is, 401 or a redirect to sign in, or 403 with a text. What it is about stands in headers, and those are the proxy's
/// words, so only `server.trusted_proxies` may ask.
pub(super) async fn verify(State(app): State<App>, parts: Parts) -> Response {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    if !peer.is_some_and(|peer| is_trusted(peer, &app.settings.server.trusted_proxies)) {
        return stranger(peer);
    }
    let headers = &parts.headers;
    let addresses = Addresses::read(headers);
    let asked = match addresses.as_ref().map_err(|why| *why).and_then(|addresses| Asked::read(headers, addresses)) {
        Ok(asked) => asked,
        Err(why) => return misconfigured(why),
    };
    let authority = asked.authority.to_ascii_lowercase();
    let at = match app.sites.at(asked.scheme, &authority) {
        Ok(at) => at,
        Err(Elsewhere::Unknown) => {
            return misconfigured("the site is not in config.toml: add it under [[sites]], with its port unless that is 443");
        }
        Err(Elsewhere::Insecure) => {
            return misconfigured("the request came over http: sites are https, and the proxy must say so in X-Forwarded-Proto");
        }
        Err(Elsewhere::Malformed) => {
            return misconfigured("the headers name no site: X-Forwarded-Proto and X-Forwarded-Host, or X-Original-URL");
        }
    };
    let current = match Cookies::of(&app.settings).read(headers, CookieName::Session) {
        Some(carrier) => session::current(&app, carrier).await,
        None => Ok(None),
    };
    let decided = current.and_then(|current| {
        let verdict = judge(at.site, asked.path, current.as_ref().map(|current| (&current.session, &current.user)));
        match (verdict, &current) {
            (Verdict::Allowed, current) => pass(&app, at, current.as_ref()),
            (Verdict::Public, _) => pass(&app, at, None),
            (Verdict::Forbidden, Some(current)) => Ok(forbidden(&app, headers, at, current)),
            (Verdict::SignIn | Verdict::SecondFactor | Verdict::Forbidden, _) => Ok(sign_in(&app, &asked, at)),
        }
    });
    decided.unwrap_or_else(|fault| broken(&fault))
}

/// What is asked for, as either dialect says it.
struct Addresses<'a> {
    /// `X-Original-URL`.
    original: Option<Cow<'a, str>>,
    /// `X-Forwarded-Uri`.
    forwarded: Option<Cow<'a, str>>,
}

impl<'a> Addresses<'a> {
    /// Visitors need not spell addresses as browsers do, and nginx passes theirs on as it came.
    fn read(headers: &'a HeaderMap) -> Result<Self, &'static str> {
        let given = |name: &str| {
            let mut values = headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (_, Some(_)) => Err("a header of the proxy is there twice"),
                (value, None) => Ok(value.map(|value| match value.to_str() {
                    Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Cow::Borrowed(text),
                    _ => Cow::Owned(in_ascii(value.as_bytes())),
                })),
            }
        };
        Ok(Self { original: given("x-original-url")?, forwarded: given("x-forwarded-uri")? })
    }
}

/// The request to the site, in its proxy's words.
struct Asked<'a> {
    scheme: &'a str,
    authority: &'a str,
    /// With the query, as it was sent.
    path: &'a str,
    method: &'a str,
    /// The proxy passes our answer on to the visitor as it is, and the visitor is a person on the way to a page.
    redirectable: bool,
}

impl<'a> Asked<'a> {
    /// nginx says `X-Original-URL`, Traefik and Caddy `X-Forwarded-Uri`. They set their own and pass the other on as the visitor sent it,
    /// so both together are refused, as is one that is there twice.
    fn read(headers: &'a HeaderMap, addresses: &'a Addresses<'a>) -> Result<Self, &'static str> {
        let given = |name: &str| match headers.contains_key(name) {
            true => context::header(headers, name).map(Some).ok_or("a header of the proxy is there twice, or is not ASCII"),
            false => Ok(None),
        };
        let method = |name: &str| given(name).map(|method| method.unwrap_or("GET"));
        match (addresses.original.as_deref(), addresses.forwarded.as_deref()) {
            (Some(url), None) => {
                let (scheme, authority, path) = split_url(url).ok_or("X-Original-URL is no absolute address")?;
                Ok(Self { scheme, authority, path, method: method("x-original-method")?, redirectable: false })
            }
            (None, Some(path)) => {
                let (scheme, authority) =
                    (given("x-forwarded-proto")?.unwrap_or_default(), given("x-forwarded-host")?.unwrap_or_default());
                let method = method("x-forwarded-method")?;
                Ok(Self { scheme, authority, path, method, redirectable: method == "GET" && is_navigation(headers) })
            }
            (Some(_), Some(_)) => {
                Err("X-Original-URL and X-Forwarded-Uri are both there: one of them is the visitor's, and the proxy must \
                                       remove it")
            }
            (None, None) => {
                Err("the proxy must say what is asked for, in X-Original-URL (nginx) or X-Forwarded-Uri (Traefik, Caddy)")
            }
        }
    }

    /// Where the visitor comes back to, as the parameters of `/session/start`. A form that was sent cannot be sent again, and of an address that
    /// cannot be kept only the site is left, so that every visitor gets to sign in, and the header stays short.
    fn way_back(&self, app: &App, at: At<'_>) -> String {
        let repeatable = matches!(self.method, "GET" | "HEAD");
        let whole = format!("{}{}", at.origin(), if repeatable { self.path } else { "/" });
        let mut query = form_urlencoded::Serializer::new(String::new());
        match app.sites.destination(&whole) {
            Ok(destination) if !destination.shortened => query.append_pair("return_to", &whole),
            _ => query.append_pair("return_to", &format!("{}/", at.origin())).append_pair("shortened", "1"),
        };
        query.finish()
    }
}

/// A browser that opens a page, rather than a script that fetches something (W3C Fetch Metadata; old browsers send none).
fn is_navigation(headers: &HeaderMap) -> bool {
    let page = context::header(headers, "accept").is_some_and(|accept| accept.contains("text/html"));
    page && headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

const USER: HeaderName = HeaderName::from_static("x-auth-user");
const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const NAME: HeaderName = HeaderName::from_static("x-auth-name");
const GROUPS: HeaderName = HeaderName::from_static("x-auth-groups");
const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
const PROOF: HeaderName = HeaderName::from_static("x-auth-proof");
const REDIRECT: HeaderName = HeaderName::from_static("x-auth-redirect");

/// The request may go on. Every header is set, if only to nothing: a proxy that copies them replaces what the visitor may have sent.
fn pass(app: &App, at: At<'_>, current: Option<&Current>) -> Result<Response, Fault> {
    let proof = current.map(|current| sites::proof(app, &at.origin(), current)).transpose()?.unwrap_or_default();
    let name = current
        .and_then(|current| current.user.profile.name.as_deref())
        .map(name_for_a_header)
        .map(percent_encoded)
        .unwrap_or_default();
    let groups = current.map(|current| current.user.groups().join(",")).unwrap_or_default();
    let values = [
        (USER, current.map_or("", |current| current.user.id.as_str())),
        (EMAIL, current.and_then(|current| sites::vouched_email(&current.user)).unwrap_or_default()),
        (NAME, &name),
        (GROUPS, &groups),
        (SESSION, current.map_or("", |current| current.session.id.as_str())),
        (PROOF, &proof),
    ];
    let mut response = StatusCode::OK.into_response();
    for (header, value) in values {
        let broken = |_| Fault::Broken(format!("{header} cannot be written"));
        let value = HeaderValue::from_str(value).map_err(broken)?;
        response.headers_mut().insert(header, value);
    }
    Ok(response)
}

/// To the sign-in page, or to the second factor: the same address finds out. nginx takes no redirect from here, so it gets the address in
/// a header; so does a script, which could not follow one to another host.
fn sign_in(app: &App, asked: &Asked<'_>, at: At<'_>) -> Response {
    let address = app.link(&format!("/session/start?{}", asked.way_back(app, at)));
    let Ok(location) = HeaderValue::try_from(&address) else { return misconfigured("the address is no text") };
    if asked.redirectable {
        return (StatusCode::FOUND, [(header::LOCATION, location)]).into_response();
    }
    let challenge = HeaderValue::from_static("Cookie realm=\"vestibule\"");
    let body = format!("Sign in first: {address}\n");
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge), (REDIRECT, location)], body).into_response()
}

fn forbidden(app: &App, headers: &HeaderMap, at: At<'_>, current: &Current) -> Response {
    let locale = Locale::negotiate(None, None, context::header(headers, "accept-language"), app.default_locale());
    let (name, site, out) = (current.user.shown_as(), at.origin(), app.link("/logout"));
    let text = app.text(locale).with("site-forbidden", &[("name", &name), ("site", &site), ("address", &out)]);
    (StatusCode::FORBIDDEN, format!("{text}\n")).into_response()
}

/// What the operator has to change.
fn misconfigured(why: &str) -> Response {
    tracing::warn!(why, "a proxy asked about a session and got no answer");
    unjudged(why)
}

/// Anybody can send these, so they are not worth a warning.
fn stranger(peer: Option<IpAddr>) -> Response {
    let peer = peer.map_or_else(|| "its address".to_owned(), |peer| peer.to_string());
    tracing::info!(peer, "a stranger asked about a session and got no answer");
    unjudged(&format!("only proxies may ask here, and {peer} is not in server.trusted_proxies of config.toml"))
}

/// 403 and not 400, for of everything else nginx makes a 500.
fn unjudged(why: &str) -> Response {
    (StatusCode::FORBIDDEN, format!("Vestibule cannot judge this request: {why}.\n")).into_response()
}

fn broken(fault: &Fault) -> Response {
    tracing::error!(%fault, "a proxy's question about a session could not be answered");
    with_retry_after((StatusCode::SERVICE_UNAVAILABLE, "Signing in does not work just now. Try again.\n").into_response(), fault)
}
