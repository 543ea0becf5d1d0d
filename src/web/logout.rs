//! `/logout`: signing out of this browser, or of all. The protocol's end-session endpoint leads here.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use crate::actions::logout::{self, Where};
use crate::actions::providers::own;
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::visitor::Visitor;
use crate::pages::{Departing, Link, LoggedOut, Logout};

/// Asks first: a link on a foreign page must not sign anybody out.
pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let asked = read(&visitor, &params).await?;
    let Some(current) = current else {
        // No form has led here: the page after one is `/logout/done`.
        return Ok(asked.return_to.map_or_else(|| done(&visitor, Vec::new(), None), |address| see_other(&address)));
    };
    let page = Logout {
        shell: visitor.shell("logout"),
        action: "/logout".to_owned(),
        app: asked.client.as_ref().and_then(|client| client.known_as().map(Cow::into_owned)),
        who: Some(current.user.shown_as()),
        hidden: asked.carried.clone(),
    };
    Ok(visitor.page(&page.shell, &page))
}

async fn read(visitor: &Visitor, params: &Params) -> Result<logout::Asked, Response> {
    let read = logout::read(&visitor.app, params).await.map_err(|fault| visitor.fault(&fault))?;
    read.map_err(|refused| {
        let detail = match refused {
            logout::Refused::Client => "problem-client-unknown",
            logout::Refused::Redirect => "problem-client-redirect",
            logout::Refused::Unfit => "problem-request",
        };
        visitor.error(StatusCode::BAD_REQUEST, "problem-client-title", detail)
    })
}

/// A page that says what was ended.
fn done(visitor: &Visitor, apps: Vec<String>, elsewhere: Option<Link>) -> Response {
    let link = Link { href: "/login".to_owned(), label: visitor.text.t("login-again").into_owned() };
    let page = LoggedOut { shell: visitor.shell("logged-out"), apps, elsewhere, link: Some(link) };
    visitor.page(&page.shell, &page)
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let asked = read(&visitor, &params).await?;
    let place = if params.first("where") == "everywhere" { Where::Everywhere } else { Where::Here };
    let there = match &current {
        Some(current) => own::sign_out_there(&visitor.app, current).await.map_err(fault)?,
        None => None,
    };
    let elsewhere = there.map(|(provider, url)| Link {
        href: url.into(),
        label: visitor.text.with("logged-out-elsewhere", &[("provider", &provider)]),
    });
    let apps = match &current {
        Some(current) => logout::sign_out(&visitor.app, current, place, &visitor.requester()).await.map_err(fault)?,
        None => Vec::new(),
    };
    super::sign_out(&carrier).await;
    Ok(match way_back(&asked) {
        Some(way) => see_other(&way),
        None => done(&visitor, apps, elsewhere),
    })
}

/// The page that leads back to the application. It judges the request once more, so the hint has done its work: the client is known.
fn way_back(asked: &logout::Asked) -> Option<String> {
    let (client, _) = (asked.client.as_ref()?, asked.return_to.as_ref()?);
    let carried = asked.carried.iter().filter(|(name, _)| matches!(name.as_str(), "post_logout_redirect_uri" | "state"));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", client.id.as_str()).extend_pairs(carried);
    Some(format!("/logout/done?{}", query.finish()))
}

/// `/logout/done`: signed out, and on the way back.
pub(super) async fn leave(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let asked = read(&visitor, &params).await?;
    if let (Some(_), Some((_, query))) = (current, visitor.context.path_and_query().split_once('?')) {
        return Ok(see_other(&format!("/logout?{query}")));
    }
    let (Some(client), Some(address)) = (asked.client, asked.return_to) else { return Ok(done(&visitor, Vec::new(), None)) };
    Ok(visitor.redirect_or_depart(&address, || {
        let words = ["leaving-back", "leaving-back-button"];
        Departing::to(visitor.shell("logged-out"), &client.name(), words, address.clone())
    }))
}
