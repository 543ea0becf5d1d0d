//! The pages behind mail links. Opening one shows what will happen and does nothing: scanners open links too.

use axum::http::StatusCode;
use axum::response::Response;

use crate::actions::Fault;
use crate::actions::codes::{self, Found, Renewed};
use crate::actions::sign_up;
use crate::engine::address::Contact;
use crate::engine::flow::{Flow, State};
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{Link, LinkPage, Message};

/// The journey behind a link, and whether it is this browser's.
pub(super) struct Behind {
    pub token: String,
    pub flow: Flow,
    pub here: bool,
}

pub(super) async fn behind(visitor: &Visitor, query: Result<Query, BadInput>) -> Result<Behind, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let token = params.first("token").to_owned();
    let found = codes::by_link(&visitor.app, &token, Some(&visitor.browser())).await;
    let (flow, here) = match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow) => (flow, true),
        Found::Elsewhere(flow) => (flow, false),
        Found::None => return Err(broken(visitor)),
    };
    if flow.finished_at.is_some() {
        let confirmed = sign_up::is_confirmed(&visitor.app, &flow).await.map_err(|fault| visitor.fault(&fault))?;
        return Err(if confirmed { already(visitor, &flow) } else { broken(visitor) });
    }
    if flow.is_open(visitor.app.now()).is_err() {
        return Err(expired(visitor, token, &flow));
    }
    Ok(Behind { token, flow, here })
}

/// The frame of the page at `path` for this link.
pub(super) fn shell(visitor: &Visitor, title: &str, path: &str, token: &str) -> Shell {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
    visitor.shell_at(visitor.shell(title), &format!("{path}?{query}"))
}

/// The link was cut off, or is used up.
pub(super) fn broken(visitor: &Visitor) -> Response {
    let link = Link { href: "/login".to_owned(), label: visitor.text.t("back-to-login").into_owned() };
    let detail = visitor.text.t("problem-link").into_owned();
    visitor.error_with(StatusCode::GONE, "problem-link-title", detail, Some(link))
}

/// The link has done its work.
fn already(visitor: &Visitor, flow: &Flow) -> Response {
    let address = flow.state.destination().map(Contact::shown).unwrap_or_default();
    let detail = visitor.text.with("link-already-text", &[("address", &address)]);
    let link = Link { href: "/login".to_owned(), label: visitor.text.t("continue").into_owned() };
    let page = Message { shell: visitor.shell("link-already"), detail, link: Some(link) };
    visitor.page(&page.shell, &page)
}

/// One button sends a new link to the same address.
pub(super) fn expired(visitor: &Visitor, token: String, flow: &Flow) -> Response {
    if matches!(flow.state, State::Invitation { .. } | State::Alarm { .. } | State::SignIn | State::Decided(_)) {
        return broken(visitor);
    }
    let page = LinkPage::expired(visitor.shell("link-expired"), "/link/renew", token, &super::verify::masked(flow));
    visitor.page_with(StatusCode::GONE, &page)
}

/// The same page, where links were sent too often.
async fn expired_and_limited(visitor: &Visitor, token: &str, fault: &Fault) -> Result<Response, Response> {
    let shell = visitor.limited(visitor.shell("link-expired"), fault)?;
    let found = codes::by_link(&visitor.app, token, None).await.map_err(|fault| visitor.fault(&fault))?;
    let (Found::Here(flow) | Found::Elsewhere(flow)) = found else { return Ok(broken(visitor)) };
    let page = LinkPage::expired(shell, "/link/renew", token.to_owned(), &super::verify::masked(&flow));
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn verify(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Behind { token, flow, here } = behind(&visitor, query).await?;
    if !matches!(flow.state, State::SignUp(_) | State::Verify { .. }) {
        return Ok(broken(&visitor));
    }
    verify_page(&visitor, verify_shell(&visitor, &token), &token, &flow, here).await
}

pub(super) fn verify_shell(visitor: &Visitor, token: &str) -> Shell {
    shell(visitor, "link-verify", "/verify/link", token)
}

/// In the browser that began, a button; elsewhere the password that was chosen, which no scanner knows. Where none was, the mail's code is for
/// the browser that began.
pub(super) async fn verify_page(
    visitor: &Visitor,
    shell: Shell,
    token: &str,
    flow: &Flow,
    here: bool,
) -> Result<Response, Response> {
    if !here && !codes::works_elsewhere(&visitor.app, flow).await.map_err(|fault| visitor.fault(&fault))? {
        let detail = visitor.text.t("link-code-only-text").into_owned();
        let page = Message { shell: visitor.shell("link-code-only"), detail, link: None };
        return Ok(visitor.page(&page.shell, &page));
    }
    let address = flow.state.destination().map(Contact::as_str).unwrap_or_default();
    let page = if here {
        LinkPage::verify(shell, token.to_owned(), address)
    } else {
        LinkPage::verify_elsewhere(shell, token.to_owned(), address)
    };
    Ok(visitor.keep_browser(visitor.page(&page.shell, &page)))
}

pub(super) async fn reset(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Behind { token, flow, .. } = behind(&visitor, query).await?;
    if !matches!(flow.state, State::Reset { .. } | State::ResetProved { .. }) {
        return Ok(broken(&visitor));
    }
    Ok(reset_page(&visitor, visitor.shell("link-reset"), token, &flow))
}

pub(super) fn reset_page(visitor: &Visitor, shell: Shell, token: String, flow: &Flow) -> Response {
    let page = LinkPage::reset(shell, token, flow.state.destination().map(Contact::as_str).unwrap_or_default());
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

pub(super) async fn change_email(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Behind { token, flow, .. } = behind(&visitor, query).await?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let own = current.is_some_and(|current| flow.user_id.as_ref() == Some(&current.user.id));
    Ok(change_email_page(&visitor, change_email_shell(&visitor, &token), &token, &flow, own))
}

pub(super) fn change_email_shell(visitor: &Visitor, token: &str) -> Shell {
    shell(visitor, "link-email", "/account/email/link", token)
}

pub(super) fn change_email_page(visitor: &Visitor, shell: Shell, token: &str, flow: &Flow, own: bool) -> Response {
    let State::Change { to: Contact::Email(email) } = &flow.state else { return broken(visitor) };
    let page = LinkPage::confirm_email(shell, token.to_owned(), email.as_str());
    let page = if own { page } else { LinkPage { ask_password: Some(email.as_str().to_owned()), ..page } };
    visitor.page(&page.shell, &page)
}

/// Sends a new link for an expired one.
pub(super) async fn renew(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let renewed = codes::renew(&visitor.app, params.first("token"), visitor.browser(), &visitor.requester()).await;
    let renewed = match renewed {
        Ok(renewed) => renewed,
        Err(fault) => return expired_and_limited(&visitor, params.first("token"), &fault).await,
    };
    let flow = match renewed {
        Renewed::Sent(flow) => flow,
        Renewed::Elsewhere => {
            let detail = visitor.text.t("notice-link-sent").into_owned();
            let page = Message { shell: visitor.shell("link-verify"), detail, link: None };
            return Ok(visitor.page(&page.shell, &page));
        }
        Renewed::No => return Ok(broken(&visitor)),
    };
    let page = super::page_of(&flow);
    let joint = if page.contains('?') { '&' } else { '?' };
    Ok(visitor.keep_browser(see_other(&format!("{page}{joint}notice=link-sent"))))
}
