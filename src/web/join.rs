//! `/login/address`, `/login/join`, `/login/connect`: what is still missing after a provider.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::provider_failure::back_to_login;
use super::providers::{go_on, name, titled};
use super::verify;
use crate::actions::codes::{self, Found};
use crate::actions::providers::join::{self, Behind};
use crate::actions::providers::newcomer;
use crate::actions::second_factor::At;
use crate::actions::session::Current;
use crate::actions::sign_in::SignedIn;
use crate::actions::sign_up::Started;
use crate::engine::address::Email;
use crate::engine::flow::Flow;
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{ConfirmConnect, GiveAddress, JoinAccount};

/// The open journey that `flow` names, if it is this browser's.
async fn find(visitor: &Visitor, params: &Params) -> Result<Flow, Response> {
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await;
    match found.map_err(|fault| visitor.fault(&fault))? {
        Found::Here(flow) => Ok(flow),
        _ => Err(super::over(visitor, params.first("flow"))),
    }
}

fn address_page(visitor: &Visitor, shell: Shell, flow: &Flow, provider: &str, email: String) -> Response {
    let shell = Shell { keeps: "address", ..visitor.shell_at(shell, &format!("/login/address?flow={}", flow.id)) };
    let page = GiveAddress { shell, flow: flow.id.to_string(), provider: name(visitor, provider), email };
    visitor.page(&page.shell, &page)
}

/// `/login/address`
pub(super) async fn address(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    address_shown(&visitor, &params).await
}

async fn address_shown(visitor: &Visitor, params: &Params) -> Result<Response, Response> {
    let flow = find(visitor, params).await?;
    let Some(brought) = newcomer::newcomer(&visitor.app, &flow) else { return Err(super::over(visitor, flow.id.as_str())) };
    let external = &brought.external;
    let theirs = external.email.as_ref().map(Email::as_str).unwrap_or_default();
    let email = if params.has("email") { params.first("email") } else { theirs }.to_owned();
    Ok(address_page(visitor, visitor.shell("connect-address"), &flow, &external.provider, email))
}

pub(super) async fn give_address(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    if let Some(asked) = visitor.switched(&params) {
        return address_shown(&visitor, &asked).await;
    }
    let flow = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &flow.continue_to, false);
    let typed = params.first("email");
    let provider = newcomer::newcomer(&visitor.app, &flow).map(|brought| brought.external.provider.as_str()).unwrap_or_default();
    let started = match newcomer::give_address(&visitor.app, &flow, typed, &arrival).await {
        Ok(started) => started,
        Err(fault) => {
            let shell = visitor.limited(visitor.shell("connect-address"), &fault)?;
            return Ok(address_page(&visitor, shell, &flow, provider, typed.to_owned()));
        }
    };
    match started {
        Some(Started::Verify(next)) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        Some(Started::Done(session)) => go_on(&visitor, &carrier, SignedIn::Done(session), &flow.continue_to).await,
        Some(Started::Problems(problems)) => {
            let mut shell = visitor.shell("connect-address");
            for problem in problems {
                let (field, text) = super::signup::say(&shell.text, &problem);
                shell.problem(field, text);
            }
            Ok(address_page(&visitor, shell, &flow, provider, typed.to_owned()))
        }
        Some(Started::Closed) | None => Err(super::over(&visitor, flow.id.as_str())),
    }
}

/// `/login/join`
pub(super) async fn join(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let Some(asked) = join::join(&visitor.app, &flow) else { return Err(super::over(&visitor, flow.id.as_str())) };
    let page = JoinAccount {
        shell: visitor.shell("connect-join"),
        flow: flow.id.to_string(),
        provider: name(&visitor, &asked.brought.external.provider),
        email: asked.account.as_str().to_owned(),
        may_replace: asked.may_replace,
    };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn answer_join(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    if params.first("do") != "afresh" {
        return to_sign_in(&visitor, &flow).await;
    }
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, current.as_ref(), &flow.continue_to, false);
    match join::replace(&visitor.app, &flow, &arrival).await.map_err(fault)? {
        Some(signed_in) => go_on(&visitor, &carrier, signed_in, &flow.continue_to).await,
        None => Err(super::over(&visitor, flow.id.as_str())),
    }
}

/// The sign-in page that leads to the question of `/login/connect`.
async fn to_sign_in(visitor: &Visitor, flow: &Flow) -> Result<Response, Response> {
    if join::join(&visitor.app, flow).is_none() {
        return Err(super::over(visitor, flow.id.as_str()));
    }
    let first = join::sign_in_first(&visitor.app, flow, visitor.browser(), &visitor.requester()).await;
    let first = first.map_err(|fault| visitor.fault(&fault))?;
    Ok(visitor.keep_browser(see_other(&super::page_of(&first))))
}

/// `/login/connect/link`: behind the link of the mail that says that the address has an account. Opening it changes nothing.
pub(super) async fn by_letter(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let behind = join::by_letter(&visitor.app, params.first("token"), visitor.browser(), &visitor.requester()).await;
    Ok(match behind.map_err(|fault| visitor.fault(&fault))? {
        Behind::Here(first) => visitor.keep_browser(see_other(&super::page_of(&first))),
        Behind::Elsewhere(provider) => back_to_login(None, "elsewhere", &provider),
        Behind::Connected => see_other("/login"),
        Behind::Nothing => super::link::broken(&visitor),
    })
}

/// Goes on if whoever is signed in has proved it well enough; else the response leads to where they do.
async fn step_up(visitor: &Visitor, flow: &Flow, current: &Current) -> Result<(), Response> {
    let requester = visitor.requester();
    let at = At { current, browser: visitor.browser(), requester: &requester };
    match join::step_up(&visitor.app, flow, at).await.map_err(|fault| visitor.fault(&fault))? {
        Some(proof) => Err(visitor.keep_browser(see_other(&super::page_of(&proof)))),
        None => Ok(()),
    }
}

/// `/login/connect`: only for somebody who has signed in since the question came up.
pub(super) async fn confirm(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let Some(asked) = join::join(&visitor.app, &flow) else { return Err(super::over(&visitor, flow.id.as_str())) };
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    let Some(current) = current.filter(|current| join::has_signed_in_since(&flow, current)) else {
        return to_sign_in(&visitor, &flow).await;
    };
    step_up(&visitor, &flow, &current).await?;
    let provider = name(&visitor, &asked.brought.external.provider);
    let page = ConfirmConnect {
        shell: visitor.shell_at(titled(&visitor, "connect-confirm", &provider), &format!("/login/connect?flow={}", flow.id)),
        flow: flow.id.to_string(),
        there: asked.brought.external.shown_as(),
        here: current.user.email.as_ref().map_or_else(|| current.user.shown_as(), |email| email.as_str().to_owned()),
        provider,
    };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn answer_confirm(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let flow = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    if join::join(&visitor.app, &flow).is_none() {
        return Err(super::over(&visitor, flow.id.as_str()));
    }
    let current = visitor.current().await.map_err(fault)?;
    let Some(current) = current.filter(|current| join::has_signed_in_since(&flow, current)) else {
        return to_sign_in(&visitor, &flow).await;
    };
    step_up(&visitor, &flow, &current).await?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, Some(&current), &flow.continue_to, false);
    if params.first("do") != "connect" {
        join::decline(&visitor.app, &flow).await.map_err(fault)?;
    } else if !join::confirm(&visitor.app, &flow, &current, &arrival).await.map_err(fault)? {
        return Err(super::over(&visitor, flow.id.as_str()));
    }
    verify::arrive(&visitor, &flow.continue_to, None).await
}
