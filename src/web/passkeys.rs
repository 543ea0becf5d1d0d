//! `/login/passkey` and `/account/passkeys`.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::account::{say, shell, signed_in};
use super::journey::{self, Journey};
use super::{login, step_up};
use crate::actions::passkeys::own::{self, Added, Removed, Renamed};
use crate::actions::passkeys::sign_in::{ByPasskey, with_passkey};
use crate::actions::passkeys::{Challenge, Refusal, prove};
use crate::actions::session::Current;
use crate::actions::sign_in::{Arrival, SignedIn};
use crate::engine::flow::{AccountPage, Continue};
use crate::engine::params::Params;
use crate::engine::passkey::{Passkey, PasskeyKind};
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::{Notice, Shell, Tone};
use crate::http::visitor::Visitor;
use crate::ids::UserId;
use crate::pages::{Ceremony, Passkey as PasskeyLine, PasskeyOffer, Passkeys, Signals};
use crate::settings::Way;

pub(super) fn ceremony(challenge: Challenge) -> Ceremony {
    Ceremony { options: challenge.options, state: challenge.state }
}

/// What a sign-in page asks the browser for. Without it the other ways still work.
pub(super) fn at_sign_in(visitor: &Visitor) -> Option<Ceremony> {
    match prove::challenge(&visitor.app, &visitor.browser()) {
        Ok(challenge) => challenge.map(ceremony),
        Err(error) => {
            tracing::error!(%error, "no passkeys on the sign-in page");
            None
        }
    }
}

/// What the browser is asked where a passkey or security key is the second factor.
pub(super) async fn as_second_factor(visitor: &Visitor, user: &UserId) -> Result<Option<Ceremony>, Response> {
    let challenge = prove::second_challenge(&visitor.app, user, &visitor.browser()).await;
    Ok(challenge.map_err(|fault| visitor.fault(&fault))?.map(ceremony))
}

pub(super) fn stale(visitor: &Visitor) -> Notice {
    Notice { kind: Tone::Info, text: visitor.text.t("notice-passkey-stale").into_owned() }
}

/// An authenticator's answer on the sign-in page.
pub(super) async fn sign_in(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    if !login::is_on(&visitor.app, Way::Passkey) {
        return Ok(visitor.not_found());
    }
    let journey = journey::of(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let credential = params.first("credential");
    let arrival = Arrival {
        flow: journey.flow.as_ref(),
        ..super::arrival(&visitor, &requester, current.as_ref(), &journey.continue_to, params.has("remember"))
    };
    let refusal = match with_passkey(&visitor.app, credential, params.first("state"), &arrival).await.map_err(fault)? {
        ByPasskey::Right(SignedIn::Done(session)) => {
            return super::sign_in(&visitor, &carrier, &session, see_other(&journey.destination())).await;
        }
        ByPasskey::Right(SignedIn::More(flow)) => return Ok(visitor.keep_browser(see_other(&super::page_of(&flow)))),
        ByPasskey::Right(SignedIn::Disabled) => Some("problem-login-disabled"),
        ByPasskey::Refused(Refusal::Stale) => None,
        ByPasskey::Refused(Refusal::Unknown) => Some("problem-passkey-unknown"),
        ByPasskey::Refused(Refusal::Copied) => Some("problem-passkey-copied"),
        ByPasskey::Refused(Refusal::Wrong) | ByPasskey::Right(SignedIn::Wrong) => Some("problem-passkey"),
    };
    let unknown = (refusal == Some("problem-passkey-unknown")).then(|| prove::unknown_credential(&visitor.app, credential));
    login::after_passkey(&visitor, &journey, current.as_ref(), &params, refusal, unknown.flatten()).await
}

/// The words for a refusal on the sign-in page, put into its frame.
pub(super) fn refuse(visitor: &Visitor, shell: &mut Shell, problem: Option<&str>) {
    match problem {
        Some(key) => say(shell, "", key),
        None => shell.notice = Some(stale(visitor)),
    }
}

async fn own_list(visitor: &Visitor, current: &Current) -> Result<Vec<Passkey>, Response> {
    own::list(&visitor.app, &current.user.id).await.map_err(|fault| visitor.fault(&fault))
}

/// `typed` is a new name that was refused, and whose.
async fn page(visitor: &Visitor, shell: Shell, current: &Current, typed: Option<(&str, &str)>) -> Result<Response, Response> {
    let (app, fault) = (&visitor.app, |fault| visitor.fault(&fault));
    let list = own_list(visitor, current).await?;
    let challenge = |kind| own::challenge(app, current, kind, &list).map(|made| made.map(ceremony)).map_err(fault);
    let (add, add_key) = (challenge(PasskeyKind::Passkey)?, challenge(PasskeyKind::SecurityKey)?);
    let signals = prove::signals(app, &current.user, &list);
    let zone = current.user.profile.zoneinfo.as_deref().unwrap_or("UTC");
    let line = |passkey: &Passkey| PasskeyLine {
        id: passkey.id.to_string(),
        name: passkey.name.clone(),
        field: field(passkey.id.as_str()),
        renaming: typed.filter(|(id, _)| *id == passkey.id.as_str()).map(|(_, name)| name.to_owned()),
        added: shell.text.day(passkey.created_at.millis(), zone),
        last_used: passkey.last_used_at.map(|at| shell.text.when(at.millis(), zone)),
    };
    let of = |kind| list.iter().filter(move |passkey| passkey.kind == kind).map(line).collect();
    let page = Passkeys {
        passkeys: of(PasskeyKind::Passkey),
        keys: of(PasskeyKind::SecurityKey),
        add,
        add_key,
        signals: signals.map(|signals| Signals { accepted: signals.accepted, details: signals.details }),
        shell: visitor.shell_at(shell.clone(), "/account/passkeys"),
    };
    Ok(visitor.page(&page.shell, &page))
}

/// The `id` of a name field.
fn field(passkey: &str) -> String {
    format!("name-{passkey}")
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-passkeys", query)?;
    let current = signed_in(&visitor, Some(AccountPage::Passkeys)).await?;
    step_up::to_see(&visitor, &current, AccountPage::Passkeys).await?;
    page(&visitor, shell, &current, None).await
}

pub(super) async fn add(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    added(&visitor, PasskeyKind::Passkey, form).await
}

pub(super) async fn add_key(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    added(&visitor, PasskeyKind::SecurityKey, form).await
}

async fn added(visitor: &Visitor, kind: PasskeyKind, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(visitor, Some(AccountPage::Passkeys)).await?;
    step_up::to_send(visitor, &current, AccountPage::Passkeys).await?;
    let mut shell = visitor.shell("account-passkeys");
    if let Some(codes) = try_to_add(visitor, &current, kind, &params, &mut shell).await? {
        return Ok(super::recovery::added(visitor, &current.user.id, codes, "/account/passkeys?notice=passkey-added"));
    }
    page(visitor, shell, &current, None).await
}

/// The recovery codes that came with it if it is added; else the frame says why not.
async fn try_to_add(
    visitor: &Visitor,
    current: &Current,
    kind: PasskeyKind,
    params: &Params,
    shell: &mut Shell,
) -> Result<Option<Vec<String>>, Response> {
    let (credential, state) = (params.first("credential"), params.first("state"));
    let added = own::add(&visitor.app, current, kind, credential, state, &visitor.requester()).await;
    match added.map_err(|fault| visitor.fault(&fault))? {
        Added::Done(codes) => return Ok(Some(codes)),
        Added::Refused(Refusal::Stale) => shell.notice = Some(stale(visitor)),
        Added::Refused(_) => say(shell, "", "problem-passkey-add"),
        Added::TooMany => say(shell, "", "problem-passkey-many"),
    }
    Ok(None)
}

pub(super) async fn rename(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Passkeys)).await?;
    step_up::to_send(&visitor, &current, AccountPage::Passkeys).await?;
    let (id, name) = (params.first("passkey"), params.first("name"));
    let Ok(passkey) = id.parse() else { return Ok(visitor.not_found()) };
    let renamed = own::rename(&visitor.app, &current, &passkey, name, &visitor.requester()).await;
    match renamed.map_err(|fault| visitor.fault(&fault))? {
        Renamed::Done => Ok(see_other("/account/passkeys?notice=passkey-renamed")),
        Renamed::Gone => Ok(see_other("/account/passkeys")),
        Renamed::BadName => {
            let mut shell = visitor.shell("account-passkeys");
            say(&mut shell, &field(id), "problem-passkey-name");
            page(&visitor, shell, &current, Some((id, name))).await
        }
    }
}

pub(super) async fn remove(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Passkeys)).await?;
    step_up::to_send(&visitor, &current, AccountPage::Passkeys).await?;
    let Ok(passkey) = params.first("passkey").parse() else { return Ok(visitor.not_found()) };
    let removed = own::remove(&visitor.app, &current, &passkey, &visitor.requester()).await;
    match removed.map_err(|fault| visitor.fault(&fault))? {
        Removed::Done => Ok(see_other("/account/passkeys?notice=passkey-removed")),
        Removed::Gone => Ok(see_other("/account/passkeys")),
        Removed::LastWayIn => {
            let mut shell = visitor.shell("account-passkeys");
            say(&mut shell, "", "problem-passkey-last");
            page(&visitor, shell, &current, None).await
        }
    }
}

/// Where to go after a sign-in: to its destination, or first to the offer of a passkey, which leads there. Only where the page's script
/// has said that this browser can make one.
pub(super) async fn by_way_of_offer(visitor: &Visitor, journey: &Journey, params: &Params, user: &UserId) -> String {
    let destination = journey.destination();
    if params.first("able") != "passkey" || journey.away || visitor.current().await.is_ok_and(|current| current.is_some()) {
        return destination;
    }
    match own::may_offer(&visitor.app, user).await {
        Ok(true) => {}
        Ok(false) => return destination,
        Err(error) => {
            tracing::warn!(%error, "no offer of a passkey");
            return destination;
        }
    }
    match (&journey.continue_to, &journey.flow) {
        (Continue::Authorize { .. } | Continue::Site { .. }, Some(flow)) => format!("/account/passkeys/offer?flow={}", flow.id),
        (Continue::Page { page }, _) => format!("/account/passkeys/offer?to={}", page.as_str()),
        (Continue::Authorize { .. } | Continue::Site { .. }, None) | (Continue::Connect { .. } | Continue::Away, _) => {
            destination
        }
        (Continue::Account, _) => "/account/passkeys/offer".to_owned(),
    }
}

async fn offer_page(visitor: &Visitor, journey: &Journey, shell: Shell, current: &Current) -> Result<Response, Response> {
    let list = own_list(visitor, current).await?;
    let made = own::challenge(&visitor.app, current, PasskeyKind::Passkey, &list).map_err(|fault| visitor.fault(&fault))?;
    let Some(made) = made else { return Ok(see_other(&journey.destination())) };
    let to = match &journey.continue_to {
        Continue::Page { page } => Some(page.as_str().to_owned()),
        Continue::Account | Continue::Away | Continue::Connect { .. } | Continue::Authorize { .. } | Continue::Site { .. } => {
            None
        }
    };
    let page = PasskeyOffer { shell, flow: journey.id(), to, add: ceremony(made) };
    Ok(visitor.page(&page.shell, &page))
}

/// Who is signed in, or the sign-in page on the same way.
async fn signed_in_on(visitor: &Visitor, journey: &Journey) -> Result<Current, Response> {
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    current.ok_or_else(|| see_other(&format!("/login{}", journey.query())))
}

pub(super) async fn offer(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let journey = journey::of(&visitor, &params).await?;
    let current = signed_in_on(&visitor, &journey).await?;
    step_up::to_see(&visitor, &current, AccountPage::Passkeys).await?;
    let shell = journey.shell(&visitor, "offer-title", &params);
    offer_page(&visitor, &journey, shell, &current).await
}

/// A new passkey, "not now" or "never"; each leads on.
pub(super) async fn answer_offer(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let journey = journey::of(&visitor, &params).await?;
    let current = signed_in_on(&visitor, &journey).await?;
    let answer = params.first("answer");
    if matches!(answer, "later" | "never") {
        own::decline(&visitor.app, &current, answer == "never").await.map_err(|fault| visitor.fault(&fault))?;
        return Ok(see_other(&journey.destination()));
    }
    step_up::to_send(&visitor, &current, AccountPage::Passkeys).await?;
    let mut shell = journey.shell(&visitor, "offer-title", &params);
    if try_to_add(&visitor, &current, PasskeyKind::Passkey, &params, &mut shell).await?.is_some() {
        return Ok(see_other(&journey.destination()));
    }
    offer_page(&visitor, &journey, shell, &current).await
}
