//! `/invitation`: what the mailed link of an invitation opens. Looking spends nothing.

use axum::http::StatusCode;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::{link, login, providers, verify};
use crate::actions::invitations::{self, Accepted, Opened};
use crate::actions::sign_in::SignedIn;
use crate::engine::address::Contact;
use crate::engine::flow::Continue;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::ids::FlowId;
use crate::pages::{self, Invitation, Link};
use crate::settings::Way;

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let token = params.first("token");
    let fault = |fault| visitor.fault(&fault);
    Ok(match invitations::open(&visitor.app, token).await.map_err(fault)? {
        Opened::Open(_, to) => page(&visitor, shell(&visitor, token), token, &to),
        // Whoever goes back to it after they came in, goes on.
        Opened::Over(Some(id)) if visitor.current().await.map_err(fault)?.is_some_and(|current| current.user.id == id) => {
            see_other("/account")
        }
        closed => over(&visitor, &closed),
    })
}

fn shell(visitor: &Visitor, token: &str) -> Shell {
    let title = visitor.text.with("invitation", &[("site", &visitor.app.settings.pages.name)]);
    Shell { title, ..link::shell(visitor, "invitation", "/invitation", token) }
}

fn page(visitor: &Visitor, shell: Shell, token: &str, to: &Contact) -> Response {
    let app = &visitor.app;
    let password = login::is_on(app, Way::Password);
    let words = if password { "invitation-text-password" } else { "invitation-text" };
    let page = Invitation {
        detail: shell.text.with(words, &[("address", &to.shown())]),
        shell,
        token: token.to_owned(),
        address: to.as_str().to_owned(),
        password,
        mail: login::is_on(app, Way::Mail),
        passkey: login::is_on(app, Way::Passkey),
        providers: providers::buttons(visitor),
        min_length: i64::try_from(app.settings.passwords.min_length).unwrap_or(i64::MAX),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

/// The invitation whose link was open when somebody chose a provider; the page to show if it is good no more.
pub(super) async fn of(visitor: &Visitor, token: &str) -> Result<FlowId, Response> {
    match invitations::open(&visitor.app, token).await.map_err(|fault| visitor.fault(&fault))? {
        Opened::Open(flow, _) => Ok(flow.id),
        closed => Err(over(visitor, &closed)),
    }
}

/// Says what happened to the link, and leads to where the account can be entered all the same.
fn over(visitor: &Visitor, opened: &Opened) -> Response {
    let link = |to: &str| Some(Link { href: to.to_owned(), label: visitor.text.t("back-to-login").into_owned() });
    let (detail, link) = match opened {
        Opened::Unknown => return link::broken(visitor),
        Opened::Expired(to) => {
            let detail = visitor.text.with("invitation-expired", &[("address", &to.shown())]);
            (detail, link(&format!("/login{}", pages::query(None, to.as_str()))))
        }
        Opened::Open(..) | Opened::Over(_) => (visitor.text.t("invitation-over").into_owned(), link("/login")),
    };
    visitor.error_with(StatusCode::GONE, "invitation-over-title", detail, link)
}

pub(super) async fn accept(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let (token, password) = (params.first("token"), params.first("password"));
    let to = match invitations::open(&visitor.app, token).await.map_err(fault)? {
        Opened::Open(_, to) => to,
        closed => return Ok(over(&visitor, &closed)),
    };
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &Continue::Account, true);
    let accepted = match invitations::accept(&visitor.app, token, password, &arrival).await {
        Ok(accepted) => accepted,
        Err(fault) => return Ok(page(&visitor, visitor.limited(shell(&visitor, token), &fault)?, token, &to)),
    };
    match accepted {
        Accepted::SignedIn(SignedIn::Done(session)) => {
            let response = verify::arrive(&visitor, &Continue::Account, Some("invitation-accepted")).await?;
            super::sign_in(&visitor, &carrier, &session, response).await
        }
        Accepted::SignedIn(SignedIn::More(next)) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        Accepted::SignedIn(SignedIn::Wrong | SignedIn::Disabled) | Accepted::Over => Ok(over(&visitor, &Opened::Over(None))),
        Accepted::Weak(weakness) => {
            let mut shell = shell(&visitor, token);
            let text = super::signup::weak(&shell.text, weakness);
            shell.problem("password", text);
            Ok(page(&visitor, shell, token, &to))
        }
    }
}
