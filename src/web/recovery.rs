//! `/account/security/recovery`: ten codes, shown until their owner has kept them, and for minutes only.

use axum::response::Response;

use super::account::signed_in;
use super::security::sender;
use crate::actions::factors::recovery::{self, Fresh, make_recovery_codes};
use crate::engine::flow::AccountPage;
use crate::engine::user::User;
use crate::http::cookies::{self, CookieName};
use crate::http::form::{BadInput, Form};
use crate::http::page::{see_other, text_file};
use crate::http::visitor::Visitor;
use crate::ids::UserId;
use crate::pages::RecoveryCodes;

const HERE: &str = "/account/security/recovery";

pub(super) async fn make(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = sender(&visitor).await?;
    let made = make_recovery_codes(&visitor.app, &current, &visitor.requester()).await;
    let Some(codes) = made.map_err(|fault| visitor.fault(&fault))? else { return Ok(see_other("/account/security")) };
    Ok(to_page(&visitor, &current.user.id, &Fresh { codes, next: "/account/security".to_owned() }))
}

/// To the page that shows them. They travel sealed in a cookie: a page that is the answer to a form would make others when it is loaded again.
pub(super) fn to_page(visitor: &Visitor, user_id: &UserId, fresh: &Fresh) -> Response {
    let sealed = recovery::seal_fresh(&visitor.app, user_id, fresh);
    let mut response = see_other(HERE);
    cookies::add(response.headers_mut(), visitor.cookies().set(CookieName::RecoveryCodes, &sealed, Some(recovery::SHOWN)));
    response
}

/// After a second factor was added: to the codes that came with it, if any did.
pub(super) fn added(visitor: &Visitor, user_id: &UserId, codes: Vec<String>, next: &str) -> Response {
    if codes.is_empty() {
        return see_other(next);
    }
    to_page(visitor, user_id, &Fresh { codes, next: next.to_owned() })
}

/// What this browser carries, for whoever is signed in; and who that is.
async fn fresh(visitor: &Visitor) -> Result<(User, Fresh), Response> {
    let current = signed_in(visitor, Some(AccountPage::Security)).await?;
    let sealed = visitor.cookies().read(visitor.context.headers(), CookieName::RecoveryCodes);
    let fresh = sealed.and_then(|sealed| recovery::open_fresh(&visitor.app, &current, sealed));
    fresh.map(|fresh| (current.user, fresh)).ok_or_else(|| see_other("/account/security"))
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Response> {
    let (_, Fresh { codes, .. }) = fresh(&visitor).await?;
    let page = RecoveryCodes { shell: visitor.shell("recovery-shown"), codes };
    Ok(visitor.page(&page.shell, &page))
}

/// "I have kept them": nothing shows them any more.
pub(super) async fn kept(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let (_, Fresh { next, .. }) = fresh(&visitor).await?;
    let mut response = see_other(&next);
    cookies::add(response.headers_mut(), visitor.cookies().clear(CookieName::RecoveryCodes));
    Ok(response)
}

pub(super) async fn download(visitor: Visitor, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let (user, Fresh { codes, .. }) = fresh(&visitor).await?;
    Ok(text_file("recovery-codes.txt", file(&visitor, &user, &codes)))
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
