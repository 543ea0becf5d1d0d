//! Forms that say whose account they are of.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::http::shell::OWNER;
use crate::http::visitor::Visitor;
use crate::pages::Link;

/// A form that was opened by one person and is sent after another has signed in in the same browser, in a second tab say, changes nobody's account.
/// Both are read from the browser: no account needs to be looked up, and a form without the mark goes on.
pub(super) async fn whose(visitor: Visitor, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let owner = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == OWNER).map(|(_, owner)| owner);
    match (owner, visitor.known()) {
        (Some(owner), Some(known)) if owner != known.user_id.as_str() => {
            let link = Link { href: "/account".to_owned(), label: visitor.text.t("account-home").into_owned() };
            let detail = visitor.text.t("problem-other-person").into_owned();
            visitor.error_with(StatusCode::CONFLICT, "problem-other-person-title", detail, Some(link))
        }
        _ => next.run(request).await,
    }
}
