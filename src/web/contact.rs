//! `/account/email` and `/account/phone`: another address or number, pending until it is proved, with a way back for the old one.

use axum::response::Response;

use super::account::{say, shell, signed_in};
use super::{link, step_up};
use crate::actions::codes::{self, Found, Resent};
use crate::actions::contact::{self, Change, Confirmed, Proof, Removed};
use crate::actions::session::Current;
use crate::engine::address::{Channel, Contact};
use crate::engine::flow::{AccountPage, Flow};
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{ChangeContact, Link, Message};

/// What differs between the two pages.
struct Words {
    page: AccountPage,
    title: &'static str,
    /// The field for the new one.
    field: &'static str,
    same: &'static str,
    sent: &'static str,
    changed: &'static str,
    cancelled: &'static str,
}

const fn words(channel: Channel) -> Words {
    match channel {
        Channel::Mail => Words {
            page: AccountPage::Email,
            title: "account-email",
            field: "email",
            same: "problem-email-same",
            sent: "email-sent",
            changed: "email-changed",
            cancelled: "email-cancelled",
        },
        Channel::Sms => Words {
            page: AccountPage::Phone,
            title: "account-phone",
            field: "phone",
            same: "problem-phone-same",
            sent: "phone-sent",
            changed: "phone-changed",
            cancelled: "phone-cancelled",
        },
    }
}

/// What was typed.
#[derive(Clone, Copy, Default)]
struct Typed<'a> {
    new: &'a str,
    code: &'a str,
}

fn page(
    visitor: &Visitor,
    channel: Channel,
    shell: Shell,
    current: &Current,
    pending: Option<&Flow>,
    typed: Typed<'_>,
) -> Response {
    let page = ChangeContact {
        shell: visitor.shell_at(shell, words(channel).page.path()),
        channel,
        path: words(channel).page.path(),
        current: current.user.contact(channel).map(|contact| contact.shown()).unwrap_or_default(),
        verified: current.user.is_verified(channel),
        pending: pending.and_then(|flow| flow.state.destination()).map(Contact::shown),
        code: typed.code.to_owned(),
        new: typed.new.to_owned(),
        resend_after_seconds: pending.and_then(|flow| super::verify::resend_after(visitor, flow)),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

async fn pending(visitor: &Visitor, channel: Channel, current: &Current) -> Result<Option<Flow>, Response> {
    contact::pending(&visitor.app, current, channel).await.map_err(|fault| visitor.fault(&fault))
}

fn back(channel: Channel, notice: &str) -> Response {
    see_other(&format!("{}?notice={notice}", words(channel).page.path()))
}

pub(super) async fn show(channel: Channel, visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let words = words(channel);
    let shell = shell(&visitor, words.title, query)?;
    let current = signed_in(&visitor, Some(words.page)).await?;
    let pending = pending(&visitor, channel, &current).await?;
    if pending.is_none() {
        step_up::to_see(&visitor, &current, words.page).await?;
    }
    Ok(page(&visitor, channel, shell, &current, pending.as_ref(), Typed::default()))
}

pub(super) async fn request(channel: Channel, visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let words = words(channel);
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(words.page)).await?;
    step_up::to_send(&visitor, &current, words.page).await?;
    let new = params.first(words.field);
    let change = contact::request(&visitor.app, &current, channel, new, visitor.browser(), &visitor.requester()).await;
    let mut shell = visitor.shell(words.title);
    match change {
        Err(fault) => shell = visitor.limited(shell, &fault)?,
        Ok(Change::Sent(_)) => return Ok(visitor.keep_browser(back(channel, words.sent))),
        Ok(Change::NotAnEmail(error)) => say(&mut shell, words.field, super::signup::not_an_email(error)),
        Ok(Change::NotAPhone) => say(&mut shell, words.field, "problem-phone"),
        Ok(Change::Same) => say(&mut shell, words.field, words.same),
        Ok(Change::NoSms) => say(&mut shell, words.field, "problem-no-sms"),
    }
    let pending = pending(&visitor, channel, &current).await?;
    Ok(page(&visitor, channel, shell, &current, pending.as_ref(), Typed { new, code: "" }))
}

pub(super) async fn confirm(channel: Channel, visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let words = words(channel);
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(words.page)).await?;
    let Some(flow) = pending(&visitor, channel, &current).await? else { return Ok(see_other(words.page.path())) };
    let code = params.first("code");
    let confirmed = contact::confirm(&visitor.app, &flow, Proof::Code(code), Some(&current), &visitor.requester()).await;
    let mut shell = visitor.shell(words.title);
    match confirmed {
        Err(fault) => shell = visitor.limited(shell, &fault)?,
        Ok(Confirmed::Done) => return Ok(back(channel, words.changed)),
        Ok(Confirmed::CodeWrong) => say(&mut shell, "code", "problem-code"),
        Ok(Confirmed::CodeSpent) => say(&mut shell, "code", "problem-code-spent"),
        Ok(Confirmed::PasswordWrong | Confirmed::Over) => say(&mut shell, "code", "problem-expired"),
    }
    Ok(page(&visitor, channel, shell, &current, Some(&flow), Typed { new: "", code }))
}

pub(super) async fn resend(channel: Channel, visitor: Visitor) -> Result<Response, Response> {
    let words = words(channel);
    let current = signed_in(&visitor, Some(words.page)).await?;
    let Some(flow) = pending(&visitor, channel, &current).await? else { return Ok(see_other(words.page.path())) };
    let mut shell = visitor.shell(words.title);
    match codes::resend(&visitor.app, &flow, &visitor.requester()).await {
        Err(fault) => shell = visitor.limited(shell, &fault)?,
        Ok(Resent::Sent) => return Ok(back(channel, super::verify::sent_notice(&visitor, &flow))),
        Ok(Resent::Wait(after)) => shell = visitor.too_soon(shell, after),
        Ok(Resent::Over) => say(&mut shell, "code", "problem-expired"),
    }
    Ok(page(&visitor, channel, shell, &current, Some(&flow), Typed::default()))
}

pub(super) async fn cancel(channel: Channel, visitor: Visitor) -> Result<Response, Response> {
    let words = words(channel);
    let current = signed_in(&visitor, Some(words.page)).await?;
    contact::cancel(&visitor.app, &current, channel).await.map_err(|fault| visitor.fault(&fault))?;
    Ok(back(channel, words.cancelled))
}

/// Only a number can be removed: an address is changed for another.
pub(super) async fn remove_phone(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    const PHONE: Channel = Channel::Sms;
    form.map_err(|bad| visitor.bad_input(bad))?;
    let words = words(PHONE);
    let current = signed_in(&visitor, Some(words.page)).await?;
    step_up::to_send(&visitor, &current, words.page).await?;
    let removed = contact::remove(&visitor.app, &current, PHONE, &visitor.requester()).await;
    let key = match removed.map_err(|fault| visitor.fault(&fault))? {
        Removed::Done => return Ok(back(PHONE, "phone-removed")),
        Removed::Gone => return Ok(see_other(words.page.path())),
        Removed::SecondFactor => "problem-phone-codes",
        Removed::LastWayIn => "problem-phone-last",
    };
    let mut shell = visitor.shell(words.title);
    say(&mut shell, "remove", key);
    let pending = pending(&visitor, PHONE, &current).await?;
    Ok(page(&visitor, PHONE, shell, &current, pending.as_ref(), Typed::default()))
}

/// The button of the page behind the mail's link: where the person is signed in, or with the password elsewhere.
pub(super) async fn by_link(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let fault = |fault| visitor.fault(&fault);
    let token = params.first("token");
    let found = codes::by_link(&visitor.app, token, None).await.map_err(fault)?;
    let (Found::Here(flow) | Found::Elsewhere(flow)) = found else { return Ok(link::broken(&visitor)) };
    let current = visitor.current().await.map_err(fault)?;
    let own = current.as_ref().is_some_and(|current| flow.user_id.as_ref() == Some(&current.user.id));
    let proof = if own { Proof::Link } else { Proof::LinkAndPassword(params.first("password")) };
    let confirmed = contact::confirm(&visitor.app, &flow, proof, current.as_ref(), &visitor.requester()).await;
    let shell = link::change_email_shell(&visitor, token);
    let confirmed = match confirmed {
        Ok(confirmed) => confirmed,
        Err(fault) => return Ok(link::change_email_page(&visitor, visitor.limited(shell, &fault)?, token, &flow, own)),
    };
    Ok(match confirmed {
        Confirmed::Done if own => see_other("/account/email?notice=email-changed"),
        Confirmed::Done => {
            let link = Link { href: "/login".to_owned(), label: visitor.text.t("back-to-login").into_owned() };
            let detail = visitor.text.t("notice-email-changed").into_owned();
            let page = Message { shell: visitor.shell("account-email"), detail, link: Some(link) };
            visitor.page(&page.shell, &page)
        }
        Confirmed::PasswordWrong => {
            let mut shell = shell;
            say(&mut shell, "password", "problem-password-wrong-here");
            link::change_email_page(&visitor, shell, token, &flow, false)
        }
        Confirmed::CodeWrong | Confirmed::CodeSpent | Confirmed::Over => link::broken(&visitor),
    })
}
