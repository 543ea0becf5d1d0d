//! `/logout`: signing out of this browser, or of all. The protocol's end-session endpoint leads here.

use axum::http::StatusCode;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use crate::actions::logout::{self, Where};
use crate::actions::providers::own;
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::visitor::{Visitor, may_lead_to};
use crate::pages::{Link, LoggedOut, Logout};

/// Asks first: a link on a foreign page must not sign anybody out.
pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let asked = read(&visitor, &params).await?;
    let Some(current) = current else { return Ok(done(&visitor, Vec::new(), None, &asked)) };
    let page = Logout {
        shell: visitor.shell("logout"),
        action: "/logout".to_owned(),
        app: asked.client.as_ref().map(|client| client.name().to_owned()),
        who: Some(current.user.shown_as()),
        hidden: asked.carried.clone(),
    };
    let targets: Vec<&str> = asked.return_to.iter().map(String::as_str).collect();
    Ok(may_lead_to(visitor.page(&page.shell, &page), &targets))
}

async fn read(visitor: &Visitor, params: &Params) -> Result<logout::Asked, Response> {
    let read = logout::read(&visitor.app, params).await.map_err(|fault| visitor.fault(&fault))?;
    read.map_err(|refused| {
        let detail = match refused {
            logout::Refused::Client => "problem-client-unknown",
            logout::Refused::Redirect => "problem-client-redirect",
            logout::Refused::Repeated => "problem-request",
        };
        visitor.error(StatusCode::BAD_REQUEST, "problem-client-title", detail)
    })
}

/// Back to the application that asked, or a page that says what was ended.
fn done(visitor: &Visitor, apps: Vec<String>, elsewhere: Option<Link>, asked: &logout::Asked) -> Response {
    if let Some(address) = &asked.return_to {
        return see_other(address);
    }
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
    Ok(done(&visitor, apps, elsewhere, &asked))
}
