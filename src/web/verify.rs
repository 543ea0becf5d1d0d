//! `/verify`: an address is proved by code or link.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use crate::actions::codes::{self, Found, Renewed, Resent};
use crate::actions::sign_up::{self, Proof, Verified};
use crate::actions::{Fault, Outcome};
use crate::engine::address::{Channel, Contact};
use crate::engine::codes::MaySend;
use crate::engine::flow::{Flow, Refusal, State};
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{Verify, verify_title};

/// The journey that the parameters name, if it is this browser's and about proving an address.
async fn find(visitor: &Visitor, params: &Params) -> Result<Flow, Response> {
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await;
    match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow) if matches!(flow.state, State::SignUp(_) | State::Verify { .. }) => Ok(flow),
        _ => Err(super::over(visitor, params.first("flow"))),
    }
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    if flow.finished_at.is_some() {
        let confirmed = confirmed(&visitor, &flow).await?;
        return Ok(confirmed.unwrap_or_else(|| see_other(&super::anew("/login", flow.id.as_str()))));
    }
    let mut shell = visitor.shell(title(&flow));
    shell.notice = visitor.notice(&params);
    Ok(page(&visitor, shell, &flow, "", has_expired(&visitor, &flow)))
}

fn page(visitor: &Visitor, shell: Shell, flow: &Flow, code: &str, expired: bool) -> Response {
    let change = match &flow.state {
        State::SignUp(sign_up) if sign_up.brought.is_some() => "/login/address",
        State::SignUp(_) => "/signup",
        _ => "/login",
    };
    let page = Verify {
        shell: visitor.shell_at(shell, &format!("/verify?flow={}", flow.id)),
        flow: Some(flow.id.to_string()),
        action: "/verify".to_owned(),
        resend_action: "/verify/resend".to_owned(),
        change_href: format!("{change}?flow={}", flow.id),
        channel: codes::channel(flow),
        destination: masked(flow),
        code: code.to_owned(),
        resend_after_seconds: resend_after(visitor, flow),
        expired,
        signs_up: matches!(flow.state, State::SignUp(_)),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

fn title(flow: &Flow) -> &'static str {
    verify_title(codes::channel(flow))
}

pub(super) fn masked(flow: &Flow) -> String {
    flow.state.destination().map(Contact::masked).unwrap_or_default()
}

/// Seconds until another code may be sent; none: none may, in this journey.
pub(super) fn resend_after(visitor: &Visitor, flow: &Flow) -> Option<i64> {
    if has_expired(visitor, flow) {
        return Some(0);
    }
    match flow.codes.may_send(visitor.app.code_rules(), visitor.app.now()) {
        MaySend::Now => Some(0),
        MaySend::Never => None,
        MaySend::After(wait) => Some(i64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(i64::MAX)),
    }
}

/// The journey has run out, and was not finished: it can be begun anew.
pub(super) fn has_expired(visitor: &Visitor, flow: &Flow) -> bool {
    flow.is_open(visitor.app.now()) == Err(Refusal::Expired)
}

/// Another code, in a journey that begins anew if this one has run out.
pub(super) async fn send_again(visitor: &Visitor, flow: &Flow) -> Outcome<Again> {
    let (app, requester) = (&visitor.app, visitor.requester());
    if has_expired(visitor, flow) {
        let renewed = codes::renew_here(app, flow, visitor.browser(), &requester).await?;
        let Renewed::Sent(flow) = renewed else { return Ok(Again::Over) };
        return Ok(Again::Sent(visitor.keep_browser(see_other(&format!("{}&notice=code-sent-only", super::page_of(&flow))))));
    }
    Ok(match codes::resend(app, flow, &requester).await? {
        Resent::Sent => Again::Sent(see_other(&format!("{}&notice={}", super::page_of(flow), sent_notice(visitor, flow)))),
        Resent::Wait(after) => Again::Wait(after),
        Resent::Over => Again::Over,
    })
}

/// What became of it.
pub(super) enum Again {
    Sent(Response),
    Wait(std::time::Duration),
    Over,
}

/// What is said of a code that follows those of `flow`: the one before works on if it is not too old.
pub(super) fn sent_notice(visitor: &Visitor, flow: &Flow) -> &'static str {
    match flow.codes.newest {
        Some(code) if visitor.app.now() < code.expires_at => "code-sent",
        _ => "code-sent-only",
    }
}

/// The address was confirmed meanwhile, in another browser perhaps. Whoever is signed in goes on from there.
async fn confirmed(visitor: &Visitor, flow: &Flow) -> Result<Option<Response>, Response> {
    let done = sign_up::is_confirmed(&visitor.app, flow).await.map_err(|fault| visitor.fault(&fault))?;
    Ok(done.then(|| see_other(&format!("{}&notice=confirmed", super::anew("/login", flow.id.as_str())))))
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let code = params.first("code");
    match prove(&visitor, &carrier, &flow, Proof::Code(code)).await? {
        Shown::Response(response) => Ok(response),
        Shown::Problem(key, spent) => {
            let mut shell = visitor.shell(title(&flow));
            let text = shell.t(key).into_owned();
            shell.problem("code", text);
            Ok(page(&visitor, shell, &flow, code, spent))
        }
        Shown::Fault(fault) => Ok(page(&visitor, visitor.limited(visitor.shell(title(&flow)), &fault)?, &flow, code, false)),
    }
}

/// What a try shows.
pub(super) enum Shown {
    Response(Response),
    /// A problem's key, and whether a new code is needed.
    Problem(&'static str, bool),
    /// Not now, perhaps.
    Fault(Fault),
}

pub(super) async fn prove(visitor: &Visitor, carrier: &Carrier, flow: &Flow, proof: Proof<'_>) -> Result<Shown, Response> {
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(visitor, &requester, current.as_ref(), &flow.continue_to, false);
    let verified = match sign_up::verify(&visitor.app, flow, proof, &arrival).await {
        Ok(verified) => verified,
        Err(fault) => return Ok(Shown::Fault(fault)),
    };
    Ok(match verified {
        Verified::Done(session, continue_to) => {
            let notice = match codes::channel(flow) {
                Channel::Mail => "verified",
                Channel::Sms => "phone-verified",
            };
            let response = arrive(visitor, &continue_to, Some(notice)).await?;
            Shown::Response(super::sign_in(visitor, carrier, &session, response).await?)
        }
        Verified::More(next) => Shown::Response(visitor.keep_browser(see_other(&super::page_of(&next)))),
        Verified::CodeWrong => Shown::Problem("problem-code", false),
        Verified::CodeSpent => Shown::Problem("problem-code-spent", true),
        Verified::PasswordWrong => Shown::Problem("problem-password-wrong-here", false),
        Verified::Over if has_expired(visitor, flow) => Shown::Problem("problem-code-spent", true),
        Verified::Over => {
            let confirmed = confirmed(visitor, flow).await?;
            Shown::Response(confirmed.unwrap_or_else(|| super::over(visitor, flow.id.as_str())))
        }
        Verified::HasAccount => {
            Shown::Response(see_other(&format!("{}&notice=has-account", super::anew("/login", flow.id.as_str()))))
        }
    })
}

/// Goes on to where a journey leads; an authorization request waits in a journey of its own from here on. A page of the account says `notice` first.
pub(super) async fn arrive(
    visitor: &Visitor,
    continue_to: &crate::engine::flow::Continue,
    notice: Option<&str>,
) -> Result<Response, Response> {
    use crate::engine::flow::Continue;
    let flow = match continue_to {
        Continue::Authorize { .. } => {
            let remembered = codes::remember(&visitor.app, visitor.browser(), continue_to.clone(), &visitor.requester()).await;
            Some(remembered.map_err(|fault| visitor.fault(&fault))?)
        }
        Continue::Account | Continue::Page { .. } | Continue::Connect { .. } | Continue::Away | Continue::Site { .. } => None,
    };
    let to = super::destination(continue_to, flow.as_ref());
    let says = matches!(continue_to, Continue::Account | Continue::Page { .. }) && !to.contains('?');
    let notice = notice.filter(|_| says).map(|key| format!("?notice={key}")).unwrap_or_default();
    Ok(visitor.keep_browser(see_other(&format!("{to}{notice}"))))
}

pub(super) async fn resend(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let shell = visitor.shell(title(&flow));
    Ok(match send_again(&visitor, &flow).await {
        Err(fault) => page(&visitor, visitor.limited(shell, &fault)?, &flow, "", has_expired(&visitor, &flow)),
        Ok(Again::Sent(response)) => response,
        Ok(Again::Wait(after)) => page(&visitor, visitor.too_soon(shell, after), &flow, "", false),
        Ok(Again::Over) => super::over(&visitor, flow.id.as_str()),
    })
}

/// The button of the page behind a mail's link.
pub(super) async fn by_link(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let token = params.first("token");
    let found = codes::by_link(&visitor.app, token, Some(&visitor.browser())).await.map_err(|fault| visitor.fault(&fault))?;
    let (flow, here, proof) = match found {
        Found::Here(flow) => (flow, true, Proof::Link),
        Found::Elsewhere(flow) => (flow, false, Proof::LinkAndPassword(params.first("password"))),
        Found::None => return Ok(super::link::broken(&visitor)),
    };
    if !matches!(flow.state, State::SignUp(_) | State::Verify { .. }) {
        return Ok(super::link::broken(&visitor));
    }
    match prove(&visitor, &carrier, &flow, proof).await? {
        Shown::Response(response) => Ok(response),
        Shown::Problem(_, true) => Ok(super::link::expired(&visitor, token.to_owned(), &flow)),
        Shown::Problem(key, false) => {
            let mut shell = super::link::verify_shell(&visitor, token);
            super::account::say(&mut shell, "password", key);
            super::link::verify_page(&visitor, shell, token, &flow, false).await
        }
        Shown::Fault(fault) => {
            let shell = visitor.limited(super::link::verify_shell(&visitor, token), &fault)?;
            super::link::verify_page(&visitor, shell, token, &flow, here).await
        }
    }
}
