//! `/account/security/totp`: an authenticator app becomes a second factor.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::account::{say, shell};
use super::recovery::added;
use super::security::{bad_name, person, sender};
use crate::actions::factors::totp::{self, Added, Confirmed, Shared};
use crate::actions::session::Current;
use crate::engine::flow::Flow;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::TotpSetup;

/// Where a set-up that was open too long leads.
const OVER: &str = "/account/security?notice=totp-over";

pub(super) async fn begin(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = sender(&visitor).await?;
    let begun = totp::begin_totp(&visitor.app, &current.user, visitor.browser(), &visitor.requester()).await;
    let flow = begun.map_err(|fault| visitor.fault(&fault))?;
    Ok(visitor.keep_browser(see_other(&format!("/account/security/totp?flow={}", flow.id))))
}

async fn pending(visitor: &Visitor, current: &Current, id: &str) -> Result<Option<Flow>, Response> {
    totp::pending_totp(&visitor.app, &current.user, id, &visitor.browser()).await.map_err(|fault| visitor.fault(&fault))
}

fn page(visitor: &Visitor, shell: Shell, current: &Current, flow: &Flow, name: &str, code: &str) -> Result<Response, Response> {
    let Shared { secret, url, qr } = totp::shared(&visitor.app, &current.user, flow).map_err(|fault| visitor.fault(&fault))?;
    let page = TotpSetup {
        shell: visitor.shell_at(shell, &format!("/account/security/totp?flow={}", flow.id)),
        flow: flow.id.to_string(),
        secret,
        url,
        qr,
        name: name.to_owned(),
        code: code.to_owned(),
    };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let id = query.as_ref().map(|Query(params)| params.first("flow").to_owned()).unwrap_or_default();
    let shell = shell(&visitor, "totp-set-up", query)?;
    let current = person(&visitor).await?;
    let Some(flow) = pending(&visitor, &current, &id).await? else { return Ok(see_other(OVER)) };
    let name = totp::free_name(&visitor.app, &current.user, &shell.t("totp-name")).await;
    page(&visitor, shell, &current, &flow, &name.map_err(|fault| visitor.fault(&fault))?, "")
}

pub(super) async fn confirm(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = sender(&visitor).await?;
    let (code, name) = (params.first("code"), params.first("name"));
    let Some(flow) = pending(&visitor, &current, params.first("flow")).await? else { return Ok(see_other(OVER)) };
    let confirmed = totp::confirm_totp(&visitor.app, &current, &flow, code, name, &visitor.requester()).await;
    let mut shell = visitor.shell("totp-set-up");
    match confirmed.map_err(|fault| visitor.fault(&fault))? {
        Added::Done(session, codes) => {
            let response = added(&visitor, &current.user.id, codes, "/account/security?notice=factor-added");
            return super::sign_in(&visitor, &carrier, &session, response).await;
        }
        Added::Not(Confirmed::Over | Confirmed::Done) => return Ok(see_other(OVER)),
        Added::Not(Confirmed::CodeWrong) => say(&mut shell, "code", "problem-totp"),
        Added::Not(Confirmed::BadName(bad)) => say(&mut shell, "name", bad_name(bad)),
        Added::Not(Confirmed::TooMany) => say(&mut shell, "", "problem-factor-many"),
    }
    page(&visitor, shell, &current, &flow, name, code)
}
