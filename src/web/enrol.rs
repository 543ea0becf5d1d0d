//! `/login/enrol`: a second factor is required and there is none yet, so it is set up before the session begins.

use axum::http::header;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::account::say;
use super::passkeys::{self, ceremony};
use super::security::bad_name;
use super::{recovery, verify};
use crate::actions::codes::{self, Found};
use crate::actions::factors::enrol::{self, Enrolled, Offer, WithKey};
use crate::actions::factors::recovery::Fresh;
use crate::actions::factors::totp::Confirmed;
use crate::actions::passkeys::Refusal;
use crate::actions::passkeys::own::Answer;
use crate::actions::sign_in::SignedIn;
use crate::engine::factor::FactorKind;
use crate::engine::flow::Flow;
use crate::engine::params::Params;
use crate::engine::passkey::PasskeyKind;
use crate::http::form::{BadInput, Form, Query};
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{Enrol, NewKeys};

async fn find(visitor: &Visitor, params: &Params) -> Result<(Flow, Offer), Response> {
    let fault = |fault| visitor.fault(&fault);
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await.map_err(fault)?;
    let Found::Here(flow) = found else { return Err(super::over(visitor, params.first("flow"))) };
    let offer = enrol::offer(&visitor.app, &flow).await.map_err(fault)?;
    offer.map(|offer| (flow, offer)).ok_or_else(|| super::over(visitor, params.first("flow")))
}

fn page(visitor: &Visitor, shell: Shell, flow: &Flow, offer: Offer, name: &str, code: &str) -> Response {
    let page = Enrol {
        shell: visitor.shell_at(shell, &super::page_of(flow)),
        flow: flow.id.to_string(),
        person: offer.user.shown_as(),
        totp: crate::actions::factors::is_offered(&visitor.app, FactorKind::Totp),
        secret: offer.shared.secret,
        url: offer.shared.url,
        qr: offer.shared.qr,
        name: name.to_owned(),
        code: code.to_owned(),
        keys: offer.keys.map(|keys| NewKeys { passkey: ceremony(keys.passkey), security_key: ceremony(keys.security_key) }),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let (flow, offer) = find(&visitor, &params).await?;
    let name = visitor.text.t("totp-name").into_owned();
    Ok(page(&visitor, visitor.shell("enrol"), &flow, offer, &name, ""))
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let (flow, offer) = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let (name, code) = (params.first("name"), params.first("code"));
    let before = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, before.as_ref(), &flow.continue_to, false);
    let mut shell = visitor.shell("enrol");
    match enrol::with_totp(&visitor.app, &flow, code, name, &arrival).await.map_err(fault)? {
        Enrolled::Not(Confirmed::CodeWrong) => say(&mut shell, "code", "problem-totp"),
        Enrolled::Not(Confirmed::BadName(bad)) => say(&mut shell, "name", bad_name(bad)),
        Enrolled::Not(Confirmed::TooMany) => say(&mut shell, "", "problem-factor-many"),
        enrolled => return go_on(&visitor, &carrier, enrolled).await,
    }
    Ok(page(&visitor, shell, &flow, offer, name, code))
}

pub(super) async fn by_passkey(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    by_key(visitor, carrier, PasskeyKind::Passkey, form).await
}

pub(super) async fn by_security_key(
    visitor: Visitor,
    carrier: Carrier,
    form: Result<Form, BadInput>,
) -> Result<Response, Response> {
    by_key(visitor, carrier, PasskeyKind::SecurityKey, form).await
}

async fn by_key(
    visitor: Visitor,
    carrier: Carrier,
    kind: PasskeyKind,
    form: Result<Form, BadInput>,
) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let (flow, offer) = find(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let before = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, before.as_ref(), &flow.continue_to, false);
    let answer = Answer { credential: params.first("credential"), state: params.first("state") };
    let mut shell = visitor.shell("enrol");
    match enrol::with_key(&visitor.app, &flow, kind, answer, &arrival).await.map_err(fault)? {
        WithKey::Refused(Refusal::Stale) => shell.notice = Some(passkeys::stale(&visitor)),
        WithKey::Refused(_) => say(&mut shell, "", "problem-passkey-add"),
        WithKey::Enrolled(Enrolled::Not(Confirmed::TooMany)) => say(&mut shell, "", "problem-passkey-many"),
        WithKey::Enrolled(enrolled) => return go_on(&visitor, &carrier, enrolled).await,
    }
    let name = shell.t("totp-name").into_owned();
    Ok(page(&visitor, shell, &flow, offer, &name, ""))
}

/// The session begins, with the recovery codes on the way.
async fn go_on(visitor: &Visitor, carrier: &Carrier, enrolled: Enrolled) -> Result<Response, Response> {
    let Enrolled::Done { signed_in: SignedIn::Done(session), user, codes, continue_to } = enrolled else {
        return Ok(super::over(visitor, ""));
    };
    let arrived = verify::arrive(visitor, &continue_to, None).await?;
    let next = arrived.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("/account").to_owned();
    let response = visitor.keep_browser(recovery::to_page(visitor, &user.id, &Fresh { codes, next }));
    super::sign_in(visitor, carrier, &session, response).await
}
