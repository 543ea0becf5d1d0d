//! `/reset`: a forgotten password.

use axum::http::{StatusCode, header};
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::journey::{self, Journey};
use super::verify::{self, Again};
use crate::actions::codes::{self, Found};
use crate::actions::reset::{self, Proof, Started};
use crate::engine::flow::{Flow, State};
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{Link, Message, Reset, ResetNew, ResetSent, reset_sent_title};

/// Said on a page of the account that a reset leads to.
pub(super) const PASSWORD_SET: &str = "password-reset";

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    shown(&visitor, &params).await
}

async fn shown(visitor: &Visitor, params: &Params) -> Result<Response, Response> {
    let journey = journey::of(visitor, params).await?;
    Ok(page(visitor, &journey, journey.shell(visitor, "reset", params), params))
}

fn page(visitor: &Visitor, journey: &Journey, shell: Shell, params: &Params) -> Response {
    // What was typed here or on another page; or in the journey that is begun anew.
    let left = journey.left.as_ref().map(|left| left.identifier.as_str());
    let identifier = Some(params.first("identifier")).filter(|typed| !typed.is_empty()).or(left).unwrap_or_default();
    let shell = Shell { keeps: "reset", ..shell };
    let page = Reset { shell, labels: super::login::labels(&visitor.app), flow: journey.id(), identifier: identifier.to_owned() };
    visitor.keep_browser(visitor.open_page(&page.shell, &page, &[&page.identifier]))
}

/// Known or not, the same page follows.
pub(super) async fn start(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    if let Some(asked) = visitor.switched(&params) {
        return shown(&visitor, &asked).await;
    }
    let journey = journey::of(&visitor, &params).await?;
    let identifier = params.first("identifier");
    if identifier.trim().is_empty() {
        return Ok(again(&visitor, &journey, &params, "problem-identifier-required"));
    }
    let started = reset::start(
        &visitor.app,
        identifier,
        visitor.browser(),
        &journey.continue_to,
        visitor.known().as_ref(),
        &visitor.requester(),
    )
    .await;
    let started = match started {
        Ok(started) => started,
        Err(fault) => {
            let shell = visitor.limited(journey.shell(&visitor, "reset", &params), &fault)?;
            return Ok(page(&visitor, &journey, shell, &params));
        }
    };
    match started {
        Started::Sent(flow) => Ok(visitor.keep_browser(see_other(&format!("/reset/code?flow={}", flow.id)))),
        Started::NoSms => Ok(again(&visitor, &journey, &params, "problem-no-sms")),
    }
}

/// The form again, with what was typed and what is wrong with it.
fn again(visitor: &Visitor, journey: &Journey, params: &Params, problem: &str) -> Response {
    let mut shell = journey.shell(visitor, "reset", params);
    let text = shell.t(problem).into_owned();
    shell.problem("identifier", text);
    page(visitor, journey, shell, params)
}

async fn find(visitor: &Visitor, params: &Params) -> Result<Flow, Response> {
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await;
    match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow)
            if matches!(flow.state, State::Reset { .. } | State::ResetProved { .. }) && flow.finished_at.is_none() =>
        {
            Ok(flow)
        }
        _ => Err(over(visitor, params.first("flow"))),
    }
}

/// A journey that has run out begins anew with what was typed; else the page says what may have happened.
fn over(visitor: &Visitor, flow: &str) -> Response {
    let link = Link { href: super::anew("/reset", flow), label: visitor.text.t("reset").into_owned() };
    visitor.error_with(StatusCode::GONE, "problem-expired-title", visitor.text.t("problem-expired").into_owned(), Some(link))
}

pub(super) async fn sent(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let mut shell = visitor.shell(title(&flow));
    shell.notice = visitor.notice(&params);
    Ok(sent_page(&visitor, shell, &flow, "", verify::has_expired(&visitor, &flow)))
}

fn title(flow: &Flow) -> &'static str {
    reset_sent_title(codes::channel(flow))
}

fn sent_page(visitor: &Visitor, shell: Shell, flow: &Flow, code: &str, expired: bool) -> Response {
    let resend_after_seconds = verify::resend_after(visitor, flow);
    let shell = visitor.shell_at(shell, &format!("/reset/code?flow={}", flow.id));
    let channel = codes::channel(flow);
    let page =
        ResetSent { shell, channel, flow: Some(flow.id.to_string()), code: code.to_owned(), resend_after_seconds, expired };
    visitor.page(&page.shell, &page)
}

pub(super) async fn resend(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let shell = visitor.shell(title(&flow));
    Ok(match verify::send_again(&visitor, &flow).await {
        Err(fault) => sent_page(&visitor, visitor.limited(shell, &fault)?, &flow, "", verify::has_expired(&visitor, &flow)),
        Ok(Again::Sent(response)) => response,
        Ok(Again::Wait(after)) => sent_page(&visitor, visitor.too_soon(shell, after), &flow, "", false),
        Ok(Again::Over) => over(&visitor, flow.id.as_str()),
    })
}

pub(super) async fn by_code(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let code = params.first("code");
    let proof = reset::prove_by_code(&visitor.app, &flow, code, &visitor.requester()).await;
    let proof = match proof {
        Ok(proof) => proof,
        Err(fault) => return Ok(sent_page(&visitor, visitor.limited(visitor.shell(title(&flow)), &fault)?, &flow, code, false)),
    };
    let (key, spent) = match proof {
        Proof::Choose(flow) => return Ok(see_other(&format!("/reset/new?flow={}", flow.id))),
        Proof::Over if verify::has_expired(&visitor, &flow) => ("problem-code-spent", true),
        Proof::Over => return Ok(over(&visitor, flow.id.as_str())),
        Proof::CodeWrong => ("problem-code", false),
        Proof::CodeSpent => ("problem-code-spent", true),
    };
    let mut shell = visitor.shell(title(&flow));
    let text = shell.t(key).into_owned();
    shell.problem("code", text);
    Ok(sent_page(&visitor, shell, &flow, code, spent))
}

/// The button of the page behind the mail's link.
pub(super) async fn by_link(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let found = codes::by_link(&visitor.app, params.first("token"), None).await.map_err(fault)?;
    let (Found::Here(flow) | Found::Elsewhere(flow)) = found else { return Ok(super::link::broken(&visitor)) };
    let proof = match reset::prove_by_link(&visitor.app, &flow, visitor.browser(), &visitor.requester()).await {
        Ok(proof) => proof,
        Err(fault) => {
            let shell = visitor.limited(visitor.shell("link-reset"), &fault)?;
            return Ok(super::link::reset_page(&visitor, shell, params.first("token").to_owned(), &flow));
        }
    };
    Ok(match proof {
        Proof::Choose(flow) => visitor.keep_browser(see_other(&format!("/reset/new?flow={}", flow.id))),
        Proof::CodeWrong | Proof::CodeSpent | Proof::Over => super::link::broken(&visitor),
    })
}

pub(super) async fn choose(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    Ok(match flow.state {
        _ if verify::has_expired(&visitor, &flow) => see_other(&format!("/reset/code?flow={}", flow.id)),
        State::ResetProved { .. } => new_page(&visitor, visitor.shell("reset-new"), &flow),
        _ => see_other(&format!("/reset/code?flow={}", flow.id)),
    })
}

fn new_page(visitor: &Visitor, shell: Shell, flow: &Flow) -> Response {
    let page = ResetNew {
        shell: visitor.shell_at(shell, &format!("/reset/new?flow={}", flow.id)),
        action: "/reset/new".to_owned(),
        flow: Some(flow.id.to_string()),
        token: None,
        username: flow.state.destination().map(|to| to.as_str().to_owned()).unwrap_or_default(),
        min_length: i64::try_from(visitor.app.settings.passwords.min_length).unwrap_or(i64::MAX),
    };
    visitor.page(&page.shell, &page)
}

/// Where a reset leads; on the way a page says from which providers the account was disconnected, if it was.
pub(super) fn done(visitor: &Visitor, arrived: Response, disconnected: &[String]) -> Response {
    if disconnected.is_empty() {
        return arrived;
    }
    let next = arrived.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("/account").to_owned();
    let page = Message {
        shell: visitor.shell_at(visitor.shell("reset-done"), "/account"),
        detail: visitor.text.with("reset-disconnected", &[("providers", &disconnected.join(", "))]),
        link: Some(Link { href: next, label: visitor.text.t("continue").into_owned() }),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

pub(super) async fn finish(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let flow = find(&visitor, &params).await?;
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &flow.continue_to, false);
    match reset::finish(&visitor.app, &flow, params.first("password"), &arrival).await.map_err(fault)? {
        reset::Reset::More(next) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        reset::Reset::Done(session, continue_to, disconnected) => {
            let response = done(&visitor, verify::arrive(&visitor, &continue_to, Some(PASSWORD_SET)).await?, &disconnected);
            super::sign_in(&visitor, &carrier, &session, response).await
        }
        reset::Reset::Over if verify::has_expired(&visitor, &flow) => Ok(see_other(&format!("/reset/code?flow={}", flow.id))),
        reset::Reset::Over => Ok(over(&visitor, flow.id.as_str())),
        reset::Reset::Weak(weakness) => {
            let mut shell = visitor.shell("reset-new");
            let text = super::signup::weak(&shell.text, weakness);
            shell.problem("password", text);
            Ok(new_page(&visitor, shell, &flow))
        }
    }
}
