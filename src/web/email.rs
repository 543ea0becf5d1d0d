//! `/account/email`: another address, pending until it is proved, with a way back for the old one.

use axum::response::Response;

use super::account::{address, say, shell, signed_in};
use super::link;
use crate::actions::account::{self, EmailChange, EmailConfirmed, EmailProof};
use crate::actions::codes::{self, Found, Resent};
use crate::actions::session::Current;
use crate::engine::flow::{AccountPage, Flow};
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::pages::{ChangeEmail, Link, Message};

/// What was typed.
#[derive(Clone, Copy, Default)]
struct Typed<'a> {
    email: &'a str,
    code: &'a str,
}

fn page(visitor: &Visitor, shell: Shell, current: &Current, pending: Option<&Flow>, typed: Typed<'_>) -> Response {
    let page = ChangeEmail {
        shell: visitor.shell_at(shell, "/account/email"),
        current: address(&current.user),
        pending: pending.and_then(|flow| flow.state.destination()).map(str::to_owned),
        code: typed.code.to_owned(),
        email: typed.email.to_owned(),
        resend_after_seconds: pending.map_or(0, |flow| super::verify::resend_after(visitor, flow)),
    };
    visitor.keep_browser(visitor.page(&page.shell, &page))
}

async fn pending(visitor: &Visitor, current: &Current) -> Result<Option<Flow>, Response> {
    account::pending_email(&visitor.app, current).await.map_err(|fault| visitor.fault(&fault))
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-email", query)?;
    let current = signed_in(&visitor, Some(AccountPage::Email)).await?;
    let pending = pending(&visitor, &current).await?;
    Ok(page(&visitor, shell, &current, pending.as_ref(), Typed::default()))
}

pub(super) async fn request(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Email)).await?;
    let (email, password) = (params.first("email"), params.first("current"));
    let change = account::request_email(&visitor.app, &current, email, password, visitor.browser(), &visitor.requester()).await;
    let mut shell = visitor.shell("account-email");
    match change.map_err(|fault| visitor.fault(&fault))? {
        EmailChange::Sent(_) => return Ok(visitor.keep_browser(see_other("/account/email?notice=email-sent"))),
        EmailChange::BadAddress => say(&mut shell, "email", "problem-email"),
        EmailChange::Same => say(&mut shell, "email", "problem-email-same"),
        EmailChange::PasswordWrong => say(&mut shell, "current", "problem-password-wrong"),
    }
    let pending = pending(&visitor, &current).await?;
    Ok(page(&visitor, shell, &current, pending.as_ref(), Typed { email, code: "" }))
}

pub(super) async fn confirm(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Email)).await?;
    let Some(flow) = pending(&visitor, &current).await? else { return Ok(see_other("/account/email")) };
    let code = params.first("code");
    let confirmed =
        account::confirm_email(&visitor.app, &flow, EmailProof::Code(code), Some(&current), &visitor.requester()).await;
    let mut shell = visitor.shell("account-email");
    match confirmed.map_err(|fault| visitor.fault(&fault))? {
        EmailConfirmed::Done => return Ok(see_other("/account/email?notice=email-changed")),
        EmailConfirmed::CodeWrong => say(&mut shell, "code", "problem-code"),
        EmailConfirmed::CodeSpent => say(&mut shell, "code", "problem-code-spent"),
        EmailConfirmed::PasswordWrong | EmailConfirmed::Over => say(&mut shell, "code", "problem-expired"),
    }
    Ok(page(&visitor, shell, &current, Some(&flow), Typed { email: "", code }))
}

pub(super) async fn resend(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = signed_in(&visitor, Some(AccountPage::Email)).await?;
    let Some(flow) = pending(&visitor, &current).await? else { return Ok(see_other("/account/email")) };
    let resent = codes::resend(&visitor.app, &flow, &visitor.requester()).await.map_err(|fault| visitor.fault(&fault))?;
    let mut shell = visitor.shell("account-email");
    match resent {
        Resent::Sent => return Ok(see_other("/account/email?notice=code-sent")),
        Resent::Wait(after) => shell.problem("code", visitor.wait(after)),
        Resent::Over => say(&mut shell, "code", "problem-expired"),
    }
    Ok(page(&visitor, shell, &current, Some(&flow), Typed::default()))
}

pub(super) async fn cancel(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = signed_in(&visitor, Some(AccountPage::Email)).await?;
    account::cancel_email(&visitor.app, &current).await.map_err(|fault| visitor.fault(&fault))?;
    Ok(see_other("/account/email?notice=email-cancelled"))
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
    let proof = if own { EmailProof::Link } else { EmailProof::LinkAndPassword(params.first("password")) };
    let confirmed = account::confirm_email(&visitor.app, &flow, proof, current.as_ref(), &visitor.requester()).await;
    Ok(match confirmed.map_err(fault)? {
        EmailConfirmed::Done if own => see_other("/account/email?notice=email-changed"),
        EmailConfirmed::Done => {
            let link = Link { href: "/login".to_owned(), label: visitor.text.t("back-to-login").into_owned() };
            let detail = visitor.text.t("notice-email-changed").into_owned();
            let page = Message { shell: visitor.shell("account-email"), detail, link: Some(link) };
            visitor.page(&page.shell, &page)
        }
        EmailConfirmed::PasswordWrong => {
            link::change_email_page(&visitor, token, &flow, false, Some("problem-password-wrong-here"))
        }
        EmailConfirmed::CodeWrong | EmailConfirmed::CodeSpent | EmailConfirmed::Over => link::broken(&visitor),
    })
}
