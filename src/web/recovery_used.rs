//! `/login/recovered`: somebody has come in by a recovery code. How many are left, and where to remove a phone that is lost.

use axum::response::Response;

use super::account::signed_in;
use super::journey;
use crate::actions::codes;
use crate::actions::factors::recovery;
use crate::engine::flow::Continue;
use crate::http::form::{BadInput, Query};
use crate::http::page::see_other;
use crate::http::visitor::Visitor;
use crate::pages::RecoveryCodeUsed;

/// To the page, which leads on to where the sign-in does.
pub(super) async fn to_page(visitor: &Visitor, continue_to: &Continue) -> Result<Response, Response> {
    let query = match continue_to {
        Continue::Account | Continue::Away => String::new(),
        Continue::Page { page } => format!("?flow={}", page.as_str()),
        Continue::Authorize { .. } | Continue::Connect { .. } | Continue::Site { .. } => {
            let waiting = codes::remember(&visitor.app, visitor.browser(), continue_to.clone(), &visitor.requester()).await;
            format!("?flow={}", waiting.map_err(|fault| visitor.fault(&fault))?.id)
        }
    };
    Ok(visitor.keep_browser(see_other(&format!("/login/recovered{query}"))))
}

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, None).await?;
    let journey = journey::of(&visitor, &params).await?;
    let left = recovery::codes_left(&visitor.app, &current.user.id).await.map_err(|fault| visitor.fault(&fault))?;
    let page = RecoveryCodeUsed { shell: visitor.shell("recovery-used"), left, next: journey.destination() };
    Ok(visitor.page(&page.shell, &page))
}
