//! `/login/code` and `/login/link`: signing in by a mail or an SMS.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::journey;
use super::login::Trouble;
use super::verify::Again;
use super::{login, verify};
use crate::actions::Fault;
use crate::actions::codes::{self, Found};
use crate::actions::sign_in::SignedIn;
use crate::actions::sign_in_code::{self, Arrived, Proof, Started};
use crate::engine::address::{Channel, Contact};
use crate::engine::flow::{Flow, SignInCode, State};
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{LoginCode, LoginLink};
use crate::settings::Way;

/// The button of a way on the sign-in page: sends a message to what was typed, or shows the form of that way.
pub(super) async fn start(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let journey = journey::of(&visitor, &params).await?;
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let named = Way::named(params.first("way"));
    let way = named.filter(|way| login::is_on(&visitor.app, *way));
    let channel = match way {
        Some(Way::Mail) => Channel::Mail,
        Some(Way::Sms) => Channel::Sms,
        // The page knows which forms it has; whoever is signed in may see one that others do not.
        Some(Way::Password | Way::Passkey) | None => {
            return login::other(&visitor, &journey, &params, named, Trouble::None).await;
        }
    };
    // Whoever is asked to prove that it is still them has typed nothing, and their name need not be an address or a number.
    let own = login::confirming(&journey, current.as_ref()).and_then(|who| who.user.verified(channel));
    let typed = own.as_ref().map_or_else(|| params.first("identifier"), Contact::as_str);
    if typed.trim().is_empty() {
        return login::other(&visitor, &journey, &params, way, Trouble::None).await;
    }
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &journey.continue_to, params.has("remember"));
    let started = match sign_in_code::start(&visitor.app, typed, channel, &arrival).await {
        Ok(started) => started,
        Err(fault) => return login::other(&visitor, &journey, &params, way, Trouble::Fault(&fault)).await,
    };
    match started {
        Started::Sent(flow) => Ok(visitor.keep_browser(see_other(&super::page_of(&flow)))),
        Started::Unreachable => {
            let problem = if channel == Channel::Mail { "problem-email" } else { "problem-phone" };
            login::other(&visitor, &journey, &params, way, Trouble::Identifier(problem)).await
        }
        Started::NoSms => login::other(&visitor, &journey, &params, way, Trouble::Identifier("problem-no-sms")).await,
    }
}

fn code_of(flow: &Flow) -> Option<&SignInCode> {
    match &flow.state {
        State::SignInCode(code) => Some(code),
        _ => None,
    }
}

async fn find(visitor: &Visitor, params: &Params) -> Result<Flow, Response> {
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await;
    match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow) if code_of(&flow).is_some() && flow.finished_at.is_none() => Ok(flow),
        _ => Err(super::over(visitor, params.first("flow"))),
    }
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let shell = Shell { notice: visitor.notice(&params), ..visitor.shell("login-code") };
    Ok(page(&visitor, shell, &flow, "", verify::has_expired(&visitor, &flow)))
}

fn page(visitor: &Visitor, shell: Shell, flow: &Flow, typed: &str, expired: bool) -> Response {
    let Some(code) = code_of(flow) else { return super::over(visitor, flow.id.as_str()) };
    let page = LoginCode {
        shell: visitor.shell_at(shell, &super::page_of(flow)),
        flow: flow.id.to_string(),
        channel: code.asked.channel,
        identifier: code.asked.identifier.clone(),
        code: typed.to_owned(),
        number: (code.asked.channel == Channel::Mail).then(|| sign_in_code::number(flow)),
        resend_after_seconds: verify::resend_after(visitor, flow),
        expired,
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

fn problem(visitor: &Visitor, flow: &Flow, typed: &str, text: String, expired: bool) -> Response {
    let mut shell = visitor.shell("login-code");
    shell.problem("code", text);
    page(visitor, shell, flow, typed, expired)
}

pub(super) async fn resend(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let shell = visitor.shell("login-code");
    Ok(match verify::send_again(&visitor, &flow).await {
        Err(fault) => page(&visitor, visitor.limited(shell, &fault)?, &flow, "", verify::has_expired(&visitor, &flow)),
        Ok(Again::Sent(response)) => response,
        Ok(Again::Wait(after)) => page(&visitor, visitor.too_soon(shell, after), &flow, "", false),
        Ok(Again::Over) => super::over(&visitor, flow.id.as_str()),
    })
}

pub(super) async fn enter(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let code = params.first("code");
    match finish(&visitor, &carrier, &flow, Proof::Code(code)).await? {
        Ok(response) => Ok(response),
        Err(Not::Proved(key, spent)) => Ok(problem(&visitor, &flow, code, visitor.text.t(key).into_owned(), spent)),
        Err(Not::Now(fault)) => Ok(page(&visitor, visitor.limited(visitor.shell("login-code"), &fault)?, &flow, code, false)),
    }
}

/// Why nobody is signed in.
enum Not {
    /// The problem's key, and whether another code is needed.
    Proved(&'static str, bool),
    Now(Fault),
}

/// The next page, or why not.
async fn finish(visitor: &Visitor, carrier: &Carrier, flow: &Flow, proof: Proof<'_>) -> Result<Result<Response, Not>, Response> {
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(visitor, &requester, current.as_ref(), &flow.continue_to, false);
    let arrived = match sign_in_code::finish(&visitor.app, flow, proof, &arrival).await {
        Ok(arrived) => arrived,
        Err(fault) => return Ok(Err(Not::Now(fault))),
    };
    match arrived {
        Arrived::Proved(SignedIn::Done(session), continue_to) => {
            let response = verify::arrive(visitor, &continue_to, None).await?;
            super::sign_in(visitor, carrier, &session, response).await.map(Ok)
        }
        Arrived::Proved(SignedIn::More(next), _) => Ok(Ok(visitor.keep_browser(see_other(&super::page_of(&next))))),
        Arrived::Proved(SignedIn::Disabled, _) => Ok(Err(Not::Proved("problem-login-disabled", false))),
        Arrived::CodeWrong => Ok(Err(Not::Proved("problem-code", false))),
        Arrived::CodeSpent => Ok(Err(Not::Proved("problem-code-spent", true))),
        Arrived::NumberWrong => Ok(Err(Not::Proved("problem-number", false))),
        Arrived::LinkSpent => Ok(Err(Not::Proved("problem-number-spent", true))),
        Arrived::Over if matches!(proof, Proof::Code(_)) && verify::has_expired(visitor, flow) => {
            Ok(Err(Not::Proved("problem-code-spent", true)))
        }
        Arrived::Proved(SignedIn::Wrong, _) | Arrived::Over => Ok(Ok(super::over(visitor, flow.id.as_str()))),
    }
}

/// The page behind the mail's link. Opening it does nothing.
pub(super) async fn link(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let behind = super::link::behind(&visitor, query).await?;
    let shell = link_shell(&visitor, &behind.token);
    Ok(link_page(&visitor, shell, &behind.token, &behind.flow, behind.here, ""))
}

fn link_shell(visitor: &Visitor, token: &str) -> Shell {
    super::link::shell(visitor, "login-link", "/login/link", token)
}

/// In the browser that asked, a button; elsewhere the number that browser shows, which no scanner knows.
fn link_page(visitor: &Visitor, shell: Shell, token: &str, flow: &Flow, here: bool, number: &str) -> Response {
    let Some(code) = code_of(flow) else { return super::link::broken(visitor) };
    let page =
        LoginLink { shell, token: token.to_owned(), identifier: code.asked.identifier.clone(), here, number: number.to_owned() };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

pub(super) async fn by_link(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let (token, number) = (params.first("token"), params.first("number"));
    let found = codes::by_link(&visitor.app, token, Some(&visitor.browser())).await.map_err(|fault| visitor.fault(&fault))?;
    let (flow, here) = match found {
        Found::Here(flow) => (flow, true),
        Found::Elsewhere(flow) => (flow, false),
        Found::None => return Ok(super::link::broken(&visitor)),
    };
    if code_of(&flow).is_none() {
        return Ok(super::link::broken(&visitor));
    }
    let proof = if here { Proof::Link } else { Proof::LinkAndNumber(number) };
    match finish(&visitor, &carrier, &flow, proof).await? {
        Ok(response) => Ok(response),
        Err(Not::Proved(key, _)) => {
            let mut shell = link_shell(&visitor, token);
            let text = shell.t(key).into_owned();
            shell.problem("number", text);
            Ok(link_page(&visitor, shell, token, &flow, here, number))
        }
        Err(Not::Now(fault)) => {
            let shell = visitor.limited(link_shell(&visitor, token), &fault)?;
            Ok(link_page(&visitor, shell, token, &flow, here, number))
        }
    }
}
