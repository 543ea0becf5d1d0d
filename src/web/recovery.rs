//! `/account/security/recovery`: ten codes, shown once.

use axum::response::Response;

use super::security::sender;
use crate::actions::factors::recovery::{make_recovery_codes, opened_for_download, sealed_for_download};
use crate::engine::user::User;
use crate::http::form::{BadInput, Form};
use crate::http::page::{see_other, text_file};
use crate::http::visitor::Visitor;
use crate::pages::RecoveryCodes;

/// Nothing is shown twice.
pub(super) async fn back() -> Response {
    see_other("/account/security")
}

pub(super) async fn make(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = sender(&visitor).await?;
    let made = make_recovery_codes(&visitor.app, &current, &visitor.requester()).await;
    let Some(codes) = made.map_err(|fault| visitor.fault(&fault))? else { return Ok(see_other("/account/security")) };
    let sealed = sealed_for_download(&visitor.app, &current.user.id, &codes);
    let shell = visitor.shell_at(visitor.shell("recovery-shown"), "/account/security");
    let page = RecoveryCodes { shell, codes, sealed, next: "/account/security".to_owned() };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn download(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = sender(&visitor).await?;
    let opened = opened_for_download(&visitor.app, &current, params.first("codes"));
    let Some(codes) = opened else { return Ok(see_other("/account/security")) };
    Ok(text_file("recovery-codes.txt", file(&visitor, &current.user, &codes)))
}

/// For people and their printers: CRLF, because the oldest editors know nothing else.
fn file(visitor: &Visitor, user: &User, codes: &[String]) -> String {
    let site = &visitor.app.settings.pages.name;
    let email = super::account::address(user);
    let account = if email.is_empty() { user.shown_as() } else { email };
    let title = visitor.text.with("recovery-file", &[("site", site), ("account", &account)]);
    let made = visitor.text.moment(visitor.app.now().millis(), super::account::zone(user));
    let lines = codes.iter().map(|code| format!("{code}\r\n"));
    let text = visitor.text.t("recovery-file-text");
    format!("{title}\r\n{made}\r\n\r\n{}\r\n{text}\r\n", lines.collect::<String>())
}
