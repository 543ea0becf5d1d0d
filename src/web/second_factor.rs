//! `/login/second`: the second factor.

use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::{passkeys, recovery_used, reset, verify};
use crate::actions::codes::{self, Found};
use crate::actions::second_factor::{self, Done, Given, Offer, Second, Sending};
use crate::actions::session::Current;
use crate::actions::sign_in::SignedIn;
use crate::engine::address::Contact;
use crate::engine::flow::{Continue, Flow, State};
use crate::engine::method::MethodKind;
use crate::engine::params::Params;
use crate::engine::sign_in::channel_of;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::{Notice, Shell, Tone};
use crate::http::visitor::Visitor;
use crate::pages::{Ceremony, SecondFactor};

/// The journey, who it is about, and the way that the parameters name or the first of those offered.
struct Asked {
    flow: Flow,
    current: Option<Current>,
    offer: Offer,
    kind: MethodKind,
    /// What the browser is asked, if that is a passkey or security key.
    key: Option<Ceremony>,
}

async fn find(visitor: &Visitor, params: &Params) -> Result<Asked, Response> {
    let fault = |fault| visitor.fault(&fault);
    let found = codes::find(&visitor.app, params.first("flow"), Some(&visitor.browser())).await.map_err(fault)?;
    let Found::Here(flow) = found else { return Err(super::over(visitor, params.first("flow"))) };
    let current = visitor.current().await.map_err(fault)?;
    let offer = second_factor::offer(&visitor.app, &flow, current.as_ref()).await.map_err(fault)?;
    let Some(offer) = offer else { return Err(super::over(visitor, params.first("flow"))) };
    let with = params.first("with");
    let sent = flow.state.destination().map(|to| MethodKind::sent_by(to.channel()));
    let named = offer.kinds.iter().find(|kind| kind.as_str() == with);
    let Some(kind) = named.copied().or(sent).or(offer.kinds.first().copied()) else {
        return Err(super::over(visitor, params.first("flow")));
    };
    let key = match kind {
        MethodKind::SecurityKey => passkeys::as_second_factor(visitor, &offer.user.id).await?,
        _ => None,
    };
    Ok(Asked { flow, current, offer, kind, key })
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let asked = find(&visitor, &params).await?;
    let mut shell = Shell { notice: visitor.notice(&params), ..visitor.shell("second") };
    if shell.notice.is_none() && asked.flow.state.is_reset() {
        shell.notice = Some(Notice { kind: Tone::Info, text: shell.t("notice-reset-second").into_owned() });
    }
    if shell.notice.is_none() && asked.offer.is_mailbox {
        shell.notice = Some(Notice { kind: Tone::Info, text: shell.t("notice-locked-mailbox").into_owned() });
    }
    Ok(page(&visitor, shell, &asked, "", false))
}

fn page(visitor: &Visitor, shell: Shell, asked: &Asked, code: &str, expired: bool) -> Response {
    let Asked { flow, offer, kind, .. } = asked;
    let channel = channel_of(*kind);
    let destination = channel.and_then(|channel| offer.user.verified(channel));
    let address = format!("{}&with={}", super::page_of(flow), kind.as_str());
    let page = SecondFactor {
        shell: visitor.shell_at(shell, &address),
        flow: flow.id.to_string(),
        name: offer.user.shown_as(),
        kind: *kind,
        is_reset: flow.state.is_reset(),
        others: offer.kinds.iter().copied().filter(|other| other != kind).collect(),
        sent: destination.is_some() && flow.state.destination() == destination.as_ref(),
        destination: destination.as_ref().map(Contact::masked).unwrap_or_default(),
        code: code.to_owned(),
        expired,
        resend_after_seconds: verify::resend_after(visitor, flow),
        remember_days: remember_days(visitor, flow).filter(|_| !offer.is_mailbox),
        key: asked.key.clone(),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

/// Only at sign-in, not where somebody proves anew that they are there.
fn remember_days(visitor: &Visitor, flow: &Flow) -> Option<i64> {
    let State::SecondFactor(half) = &flow.state else { return None };
    let time = visitor.app.settings.second_factor.remember.filter(|_| !half.given.is_empty())?;
    i64::try_from(time.as_secs() / 86400).ok()
}

fn problem(visitor: &Visitor, asked: &Asked, code: &str, text: String, expired: bool) -> Response {
    let mut shell = visitor.shell("second");
    let field = match asked.kind {
        MethodKind::Password => "password",
        // There is nothing to type.
        MethodKind::SecurityKey => "",
        _ => "code",
    };
    shell.problem(field, text);
    page(visitor, shell, asked, code, expired)
}

/// Sends a code, or another one.
pub(super) async fn send(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let asked = find(&visitor, &params).await?;
    let Some(channel) = channel_of(asked.kind) else { return Ok(see_other(&super::page_of(&asked.flow))) };
    let sent = second_factor::send(&visitor.app, &asked.flow, channel, asked.current.as_ref(), &visitor.requester()).await;
    let sent = match sent {
        Ok(sent) => sent,
        Err(fault) => return Ok(page(&visitor, visitor.limited(visitor.shell("second"), &fault)?, &asked, "", false)),
    };
    Ok(match sent {
        Sending::Done => {
            let again = asked.flow.state.destination().is_some_and(|to| to.channel() == channel);
            let notice = if again { "&notice=code-sent" } else { "" };
            see_other(&format!("{}&with={}{notice}", super::page_of(&asked.flow), asked.kind.as_str()))
        }
        Sending::Wait(after) => page(&visitor, visitor.too_soon(visitor.shell("second"), after), &asked, "", false),
        Sending::No => problem(&visitor, &asked, "", visitor.text.t("problem-no-code").into_owned(), true),
        Sending::Over => super::over(&visitor, asked.flow.id.as_str()),
    })
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let asked = find(&visitor, &params).await?;
    let code = params.first("code");
    let given = match asked.kind {
        MethodKind::Mail | MethodKind::Sms => Given::Code(code),
        MethodKind::Password => Given::Password(params.first("password")),
        MethodKind::Totp => Given::Totp(code),
        MethodKind::RecoveryCode => Given::RecoveryCode(code),
        MethodKind::SecurityKey => Given::Key { answer: params.first("credential"), state: params.first("state") },
        MethodKind::Passkey | MethodKind::Provider => {
            return Ok(see_other(&super::page_of(&asked.flow)));
        }
    };
    let requester = visitor.requester();
    let arrival = super::arrival(&visitor, &requester, asked.current.as_ref(), &asked.flow.continue_to, false);
    let second = second_factor::prove(&visitor.app, &asked.flow, given, params.has("trust"), &arrival).await;
    let second = match second {
        Ok(second) => second,
        Err(fault) => return Ok(page(&visitor, visitor.limited(visitor.shell("second"), &fault)?, &asked, code, false)),
    };
    match second {
        Second::Done(done) => arrive(&visitor, &carrier, &asked, *done).await,
        Second::Wrong => Ok(problem(&visitor, &asked, code, visitor.text.t(wrong(asked.kind)).into_owned(), false)),
        Second::CodeUsed => Ok(problem(&visitor, &asked, "", visitor.text.t("problem-totp-used").into_owned(), false)),
        Second::Spent => Ok(begin_anew(&asked)),
        Second::CodeSpent => Ok(problem(&visitor, &asked, code, visitor.text.t("problem-code-spent").into_owned(), true)),
        Second::NotOffered => Ok(see_other(&super::page_of(&asked.flow))),
        Second::Over => Ok(super::over(&visitor, asked.flow.id.as_str())),
    }
}

/// From the first factor on, to the same destination; whoever is signed in goes on to the page that asks them again.
fn begin_anew(asked: &Asked) -> Response {
    const NOTICE: &str = "notice=second-spent";
    match (&asked.flow.continue_to, &asked.current) {
        (Continue::Page { page }, Some(_)) => see_other(&format!("{}?{NOTICE}", page.path())),
        _ => see_other(&format!("{}&{NOTICE}", super::anew("/login", asked.flow.id.as_str()))),
    }
}

async fn arrive(visitor: &Visitor, carrier: &Carrier, asked: &Asked, done: Done) -> Result<Response, Response> {
    let Done { signed_in, continue_to, trusted, disconnected } = done;
    match signed_in {
        SignedIn::Done(session) => {
            let resets = asked.flow.state.is_reset();
            let response = match asked.kind {
                // Whoever needs one has lost a phone, perhaps: that comes first.
                MethodKind::RecoveryCode => recovery_used::to_page(visitor, &continue_to).await?,
                _ => verify::arrive(visitor, &continue_to, resets.then_some(reset::PASSWORD_SET)).await?,
            };
            let response = reset::done(visitor, response, &disconnected);
            let response = match trusted {
                Some(secret) => visitor.keep_trusted(response, &secret),
                None => response,
            };
            super::sign_in(visitor, carrier, &session, response).await
        }
        SignedIn::More(next) => Ok(visitor.keep_browser(see_other(&super::page_of(&next)))),
        SignedIn::Wrong | SignedIn::Disabled => Ok(super::over(visitor, "")),
    }
}

const fn wrong(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Password => "problem-password-wrong-here",
        MethodKind::Totp => "problem-totp",
        MethodKind::RecoveryCode => "problem-recovery",
        MethodKind::SecurityKey => "problem-key",
        _ => "problem-code",
    }
}
