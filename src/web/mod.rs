//! People: pages, forms, cookies.
//!
//! * **Here**: handlers that extract, call one action, and render or redirect. A handler fits on a screen.
//! * **Not here**: rules, SQL, protocol tokens; view models live in `pages`.
//! * **To add one**: a handler beside its neighbours, a line in [`router`], a page in `pages`, a journey in `tests/browser`.
//! * **Tested**: `tests/it/web`, and every journey in Chromium with script off and on.

mod account;
mod email;
mod journey;
mod link;
mod login;
mod logout;
mod reset;
mod setup;
mod signup;
mod verify;
mod wasnt_me;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session as Carrier, SessionManagerLayer};

use crate::actions::App;
use crate::actions::session::{Carriers, SESSION_KEY};
use crate::engine::flow::{AccountPage, Continue, Flow};
use crate::engine::session::Session;
use crate::http::cookies::CookieName;
use crate::http::page::see_other;
use crate::http::visitor::Visitor;

/// Every page of a person.
pub fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login::show).post(login::submit))
        .route("/login/switch", post(login::switch))
        .route("/signup", get(signup::show).post(signup::submit))
        .route("/verify", get(verify::show).post(verify::submit))
        .route("/verify/resend", post(verify::resend))
        .route("/verify/link", get(link::verify).post(verify::by_link))
        .route("/reset", get(reset::show).post(reset::start))
        .route("/reset/code", get(reset::sent).post(reset::by_code))
        .route("/reset/resend", post(reset::resend))
        .route("/reset/link", get(link::reset).post(reset::by_link))
        .route("/reset/new", get(reset::choose).post(reset::finish))
        .route("/link/renew", post(link::renew))
        .route("/logout", get(logout::show).post(logout::submit))
        .route("/account", get(account::home))
        .route("/account/profile", get(account::profile).post(account::save_profile))
        .route("/account/password", get(account::password).post(account::change_password))
        .route("/account/email", get(email::show).post(email::request))
        .route("/account/email/confirm", post(email::confirm))
        .route("/account/email/resend", post(email::resend))
        .route("/account/email/cancel", post(email::cancel))
        .route("/account/email/link", get(link::change_email).post(email::by_link))
        .route("/account/sessions", get(account::sessions))
        .route("/account/sessions/end", post(account::end_session))
        .route("/account/sessions/end-others", post(account::end_others))
        .route("/account/sessions/end-all", post(account::end_all))
        .route("/account/apps", get(account::apps))
        .route("/account/apps/revoke", post(account::revoke_app))
        .route("/account/delete", get(account::delete).post(account::submit_delete))
        .route("/wasnt-me", get(wasnt_me::show).post(wasnt_me::submit))
        .route("/setup", get(setup::show).post(setup::submit))
        .route("/.well-known/change-password", get(async || Redirect::to(AccountPage::Password.path())))
        .layer(carriers(app))
}

/// tower-sessions: it only carries the session's id.
fn carriers(app: &App) -> SessionManagerLayer<Carriers> {
    let https = app.settings.is_https();
    let name = crate::http::cookies::Cookies::new(https).name(CookieName::Session);
    SessionManagerLayer::new(Carriers(app.clone()))
        .with_name(name)
        .with_secure(https)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd)
}

async fn home(visitor: Visitor) -> Response {
    match visitor.current().await {
        Ok(Some(_)) => see_other("/account"),
        Ok(None) => see_other("/login"),
        Err(fault) => visitor.fault(&fault),
    }
}

/// Gives the browser the cookie of a session, with a new value: whatever value it had before stops working (session fixation). It also learns
/// to say that this person has signed in here before.
async fn sign_in(visitor: &Visitor, carrier: &Carrier, session: &Session, response: Response) -> Result<Response, Response> {
    let failed = |error: tower_sessions::session::Error| {
        tracing::error!(%error, "the session cookie cannot be made");
        visitor.error(StatusCode::SERVICE_UNAVAILABLE, "problem-busy-title", "problem-busy")
    };
    carrier.cycle_id().await.map_err(failed)?;
    let expiry = if session.remembered {
        let left = session.expires_at.since(session.auth_time);
        cookie::time::Duration::try_from(left).map_or(Expiry::OnSessionEnd, Expiry::OnInactivity)
    } else {
        Expiry::OnSessionEnd
    };
    carrier.set_expiry(Some(expiry));
    carrier.insert(SESSION_KEY, session.id.as_str()).await.map_err(failed)?;
    Ok(visitor.remember(response, &session.user_id))
}

/// Takes the cookie away.
async fn sign_out(carrier: &Carrier) {
    if let Err(error) = carrier.flush().await {
        tracing::warn!(%error, "the session cookie's row could not be removed; the session itself has ended");
    }
}

/// Where a finished journey leads.
fn destination(continue_to: &Continue, flow: Option<&Flow>) -> String {
    match (continue_to, flow) {
        (Continue::Page { page }, _) => page.path().to_owned(),
        (Continue::Authorize { .. }, Some(flow)) => format!("/consent?flow={}", flow.id),
        (Continue::Account | Continue::Authorize { .. }, _) => "/account".to_owned(),
    }
}
