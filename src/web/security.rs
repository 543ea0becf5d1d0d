//! `/account/security`: what two-step verification consists of.

use axum::response::Response;

use super::account::{say, shell, signed_in, zone};
use super::{recovery, step_up};
use crate::actions::factors::{self, BadName, Enabled, Overview, Removed, Renamed, devices};
use crate::actions::session::Current;
use crate::engine::address::Channel;
use crate::engine::factor::{Factor, FactorKind};
use crate::engine::flow::AccountPage;
use crate::engine::params::Params;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::ids::FactorId;
use crate::pages::{AuthenticatorApp, LastFactor, Messages, Security, TrustedBrowser};
use crate::settings::FactorKind as Offered;
use crate::time::Timestamp;

const HERE: &str = "/account/security";

/// Who is signed in, and has proved lately that it is they; else the page where that is done, which leads back here.
pub(super) async fn person(visitor: &Visitor) -> Result<Current, Response> {
    let current = signed_in(visitor, Some(AccountPage::Security)).await?;
    step_up::to_see(visitor, &current, AccountPage::Security).await?;
    Ok(current)
}

/// The same for forms, which may have been open for a while.
pub(super) async fn sender(visitor: &Visitor) -> Result<Current, Response> {
    let current = signed_in(visitor, Some(AccountPage::Security)).await?;
    step_up::to_send(visitor, &current, AccountPage::Security).await?;
    Ok(current)
}

/// The id of the field for a factor's name.
fn field(id: &FactorId) -> String {
    format!("name-{id}")
}

/// A name that was refused: whose it is, and what was typed.
type Refused<'a> = Option<(&'a str, &'a str)>;

async fn page(visitor: &Visitor, shell: Shell, current: &Current, refused: Refused<'_>) -> Result<Response, Response> {
    let overview = factors::list(&visitor.app, current).await.map_err(|fault| visitor.fault(&fault))?;
    let shell = visitor.shell_at(shell, HERE);
    let zone = zone(&current.user);
    let Overview { enrolled, devices, required } = overview;
    let is_totp = |factor: &&Factor| factor.kind == FactorKind::Totp;
    let app = |factor: &Factor| AuthenticatorApp {
        id: factor.id.to_string(),
        field: field(&factor.id),
        name: factor.name.clone(),
        typed: refused.filter(|(id, _)| *id == factor.id.as_str()).map_or(&*factor.name, |(_, typed)| typed).to_owned(),
        since: shell.text.day(factor.created_at.millis(), zone),
        last_used: factor.last_used_at.map(|at| shell.text.when(at.millis(), zone)),
    };
    let unknown = || shell.t("session-unknown-device").into_owned();
    let device = |device: factors::TrustedDevice| TrustedBrowser {
        id: device.id.to_string(),
        device: Some(device.device).filter(|name| !name.is_empty()).unwrap_or_else(unknown),
        place: device.address,
        since: shell.text.day(device.created_at.millis(), zone),
        last_used: shell.text.when(device.last_used_at.millis(), zone),
        until: shell.text.day(device.expires_at.millis(), zone),
    };
    let message = |kind| messages(visitor, &shell, current, &enrolled.factors, kind);
    let page = Security {
        has_password: enrolled.has_password,
        passkeys: visitor.app.settings.second_factor.kinds.contains(&Offered::Passkey),
        on: enrolled.is_on(),
        required,
        totp: factors::is_offered(&visitor.app, FactorKind::Totp),
        apps: enrolled.factors.iter().filter(is_totp).map(app).collect(),
        messages: [FactorKind::Sms, FactorKind::Mail].into_iter().filter_map(message).collect(),
        codes_left: enrolled.recovery_codes,
        devices: devices.into_iter().map(device).collect(),
        shell: shell.clone(),
    };
    Ok(visitor.page(&page.shell, &page))
}

/// Codes by SMS or mail: if they are offered, or were and are on.
fn messages(visitor: &Visitor, shell: &Shell, current: &Current, factors: &[Factor], kind: FactorKind) -> Option<Messages> {
    let factor = factors.iter().find(|factor| factor.kind == kind);
    if factor.is_none() && !factors::is_offered(&visitor.app, kind) {
        return None;
    }
    let user = &current.user;
    let (title, detail, none, href, link) = match kind {
        FactorKind::Totp => return None,
        FactorKind::Sms => ("sms-codes", "sms-codes-text", "sms-codes-none", "/account/phone", "sms-codes-link"),
        FactorKind::Mail => ("mail-codes", "mail-codes-text", "mail-codes-none", "/account/email", "mail-codes-link"),
    };
    let channel = if kind == FactorKind::Sms { Channel::Sms } else { Channel::Mail };
    let to = user.contact(channel).map(|contact| contact.shown()).unwrap_or_default();
    let reachable = factors::is_reachable(user, kind);
    Some(Messages {
        kind: kind.as_str(),
        title: shell.t(title).into_owned(),
        detail: if reachable { shell.text.with(detail, &[("to", &to)]) } else { shell.t(none).into_owned() },
        on: factor.is_some(),
        reachable,
        href,
        link: shell.t(link).into_owned(),
        last_used: factor.and_then(|factor| factor.last_used_at).map(|at: Timestamp| shell.text.when(at.millis(), zone(user))),
    })
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-security", query)?;
    let current = person(&visitor).await?;
    page(&visitor, shell, &current, None).await
}

pub(super) const fn bad_name(bad: BadName) -> &'static str {
    match bad {
        BadName::Empty => "problem-required",
        BadName::TooLong => "problem-too-long",
        BadName::Characters => "problem-characters",
    }
}

pub(super) async fn rename(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = sender(&visitor).await?;
    let (factor, name) = (params.first("factor"), params.first("name"));
    let Ok(id) = factor.parse() else { return Ok(visitor.not_found()) };
    let renamed = factors::rename(&visitor.app, &current, &id, name).await.map_err(|fault| visitor.fault(&fault))?;
    match renamed {
        Renamed::Done => Ok(see_other("/account/security?notice=factor-renamed")),
        Renamed::Unknown => Ok(see_other(HERE)),
        Renamed::Bad(bad) => {
            let mut shell = visitor.shell("account-security");
            say(&mut shell, &field(&id), bad_name(bad));
            page(&visitor, shell, &current, Some((factor, name))).await
        }
    }
}

async fn removed(visitor: &Visitor, current: &Current, removed: Removed) -> Result<Response, Response> {
    match removed {
        Removed::Done => Ok(see_other("/account/security?notice=factor-removed")),
        Removed::AndOff => Ok(see_other("/account/security?notice=two-step-off")),
        Removed::Unknown => Ok(see_other(HERE)),
        Removed::Required => refused(visitor, current, "problem-factor-required").await,
    }
}

async fn refused(visitor: &Visitor, current: &Current, why: &str) -> Result<Response, Response> {
    let mut shell = visitor.shell("account-security");
    say(&mut shell, "", why);
    page(visitor, shell, current, None).await
}

/// The last one is not taken away by one press.
const LAST: &str = "/account/security/last";

/// To the question, if it has not been answered.
async fn ask_first(
    visitor: &Visitor,
    current: &Current,
    params: &Params,
    which: impl Fn(&Factor) -> bool,
) -> Result<Option<Response>, Response> {
    if params.has("sure") {
        return Ok(None);
    }
    let last = factors::would_turn_off(&visitor.app, current, which).await.map_err(|fault| visitor.fault(&fault))?;
    let asked = ["factor", "kind"].map(|name| (name, params.first(name)));
    let asked = asked.into_iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
    Ok(last.map(|_| see_other(&format!("{LAST}?{query}"))))
}

/// Asks whether two-step verification is to end.
pub(super) async fn last(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let current = person(&visitor).await?;
    let (id, kind) = (params.first("factor"), FactorKind::named(params.first("kind")));
    let which = |factor: &Factor| factor.id.as_str() == id || Some(factor.kind) == kind.filter(|kind| *kind != FactorKind::Totp);
    let last = factors::would_turn_off(&visitor.app, &current, which).await.map_err(|fault| visitor.fault(&fault))?;
    let Some(name) = last else { return Ok(see_other(HERE)) };
    let (action, hidden) = match kind {
        None => ("/account/security/factor/remove", vec![("factor", id.to_owned())]),
        Some(kind) => ("/account/security/codes", vec![("kind", kind.as_str().to_owned()), ("on", "no".to_owned())]),
    };
    let words = match kind {
        Some(FactorKind::Sms) => visitor.text.t("sms-codes").into_owned(),
        Some(FactorKind::Mail) => visitor.text.t("mail-codes").into_owned(),
        Some(FactorKind::Totp) | None => name,
    };
    let shell = visitor.shell("factor-last");
    let page = LastFactor { detail: shell.text.with("factor-last-text", &[("name", &words)]), action, hidden, shell };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn remove(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = sender(&visitor).await?;
    let Ok(id) = params.first("factor").parse() else { return Ok(visitor.not_found()) };
    if let Some(question) = ask_first(&visitor, &current, &params, |factor| factor.id == id).await? {
        return Ok(question);
    }
    let done = factors::remove(&visitor.app, &current, &id, &visitor.requester()).await;
    removed(&visitor, &current, done.map_err(|fault| visitor.fault(&fault))?).await
}

/// Turns codes by SMS or mail on or off.
pub(super) async fn codes(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = sender(&visitor).await?;
    let kind = FactorKind::named(params.first("kind")).filter(|kind| *kind != FactorKind::Totp);
    let (Some(kind), requester) = (kind, visitor.requester()) else { return Ok(visitor.not_found()) };
    let fault = |fault| visitor.fault(&fault);
    if params.first("on") != "yes" {
        if let Some(question) = ask_first(&visitor, &current, &params, |factor| factor.kind == kind).await? {
            return Ok(question);
        }
        let done = factors::disable(&visitor.app, &current, kind, &requester).await.map_err(fault)?;
        return removed(&visitor, &current, done).await;
    }
    match factors::enable(&visitor.app, &current, kind, &requester).await.map_err(fault)? {
        Enabled::Done(codes) => Ok(recovery::added(&visitor, &current.user.id, codes, "/account/security?notice=factor-added")),
        Enabled::NoContact => refused(&visitor, &current, "problem-factor-contact").await,
        Enabled::NotOffered => Ok(visitor.not_found()),
    }
}

pub(super) async fn revoke(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = sender(&visitor).await?;
    let Ok(id) = params.first("device").parse() else { return Ok(visitor.not_found()) };
    let revoked = devices::revoke(&visitor.app, &current, &id, &visitor.requester()).await;
    Ok(match revoked.map_err(|fault| visitor.fault(&fault))? {
        true => see_other("/account/security?notice=trust-revoked"),
        false => see_other(HERE),
    })
}

pub(super) async fn revoke_all(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = sender(&visitor).await?;
    devices::revoke_all(&visitor.app, &current, &visitor.requester()).await.map_err(|fault| visitor.fault(&fault))?;
    Ok(see_other("/account/security?notice=trust-all-revoked"))
}
