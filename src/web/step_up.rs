//! Proving anew who one is, before changing how one signs in.

use std::time::Duration;

use axum::response::Response;

use crate::actions::second_factor::{self, At};
use crate::actions::session::Current;
use crate::engine::flow::AccountPage;
use crate::http::page::see_other;
use crate::http::visitor::Visitor;

/// A form that was opened in time may be sent this much later, so that nothing typed is lost.
const FORM: Duration = Duration::from_secs(10 * 60);

/// Goes on if the proof is fresh and strong enough to see this page; else the response leads to proving it, and from there back.
pub(super) async fn to_see(visitor: &Visitor, current: &Current, page: AccountPage) -> Result<(), Response> {
    check(visitor, current, page, Duration::ZERO).await
}

/// The same for sending the form of such a page.
pub(super) async fn to_send(visitor: &Visitor, current: &Current, page: AccountPage) -> Result<(), Response> {
    check(visitor, current, page, FORM).await
}

async fn check(visitor: &Visitor, current: &Current, page: AccountPage, slack: Duration) -> Result<(), Response> {
    let requester = visitor.requester();
    let at = At { current, browser: visitor.browser(), requester: &requester };
    let needed = second_factor::step_up(&visitor.app, at, page, slack).await;
    match needed.map_err(|fault| visitor.fault(&fault))? {
        None => Ok(()),
        Some(flow) => {
            // What was done just now is said here: it may be why more is asked for, as after turning on codes by mail.
            let notice = visitor.notice_to_keep().map(|key| format!("&notice={key}")).unwrap_or_default();
            Err(visitor.keep_browser(see_other(&format!("{}{notice}", super::page_of(&flow)))))
        }
    }
}
