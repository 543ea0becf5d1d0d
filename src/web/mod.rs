//! People: pages, forms, cookies.
//!
//! * **Here**: handlers that extract, call one action, and render or redirect. A handler fits on a screen.
//! * **Not here**: rules, SQL, protocol tokens; view models live in `pages`.
//! * **To add one**: a handler beside its neighbours, a line in [`router`], a page in `pages`, a journey in `tests/browser`.
//! * **Tested**: `tests/it/journeys`, and every journey in Chromium with script off and on (`tests/browser`).

mod account;
mod contact;
mod enrol;
mod evenly;
mod identities;
mod invitation;
mod join;
mod journey;
mod link;
mod login;
mod logout;
mod passkeys;
mod provider_failure;
mod providers;
mod recovery;
mod recovery_used;
mod reset;
mod second_factor;
mod security;
mod setup;
mod sign_in_code;
mod signup;
mod site;
mod step_up;
mod totp;
mod verify;
mod wasnt_me;
mod whose;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session as Carrier, SessionManagerLayer};

use crate::actions::providers::own;
use crate::actions::session::{self, Carriers, Current, SESSION_KEY};
use crate::actions::sign_in::Arrival;
use crate::actions::{App, Requester};
use crate::engine::address::{Channel, Contact};
use crate::engine::flow::{AccountPage, Continue, Flow, State};
use crate::engine::method::{Method, MethodKind};
use crate::engine::session::Session;
use crate::http::cookies::{CookieName, Cookies};
use crate::http::page::see_other;
use crate::http::visitor::Visitor;
use crate::ids::FlowId;
use crate::pages::Link;
use crate::settings::Way;

/// Every page of a person.
pub fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login::show).post(login::submit))
        .route("/login/passkey", post(passkeys::sign_in))
        .route("/login/switch", post(login::switch))
        .route("/login/code", get(sign_in_code::show).post(sign_in_code::start))
        .route("/login/code/enter", post(sign_in_code::enter))
        .route("/login/code/resend", post(sign_in_code::resend))
        .route("/login/link", get(sign_in_code::link).post(sign_in_code::by_link))
        .route("/login/second", get(second_factor::show).post(second_factor::submit))
        .route("/login/enrol", get(enrol::show).post(enrol::submit))
        .route("/login/enrol/passkey", post(enrol::by_passkey))
        .route("/login/enrol/key", post(enrol::by_security_key))
        .route("/login/second/send", post(second_factor::send))
        .route("/login/recovered", get(recovery_used::show))
        .route("/login/address", get(join::address).post(join::give_address))
        .route("/login/join", get(join::join).post(join::answer_join))
        .route("/login/connect", get(join::confirm).post(join::answer_confirm))
        .route("/login/connect/link", get(join::by_letter))
        .route("/connect/{provider}", get(providers::nothing).post(providers::depart))
        .route("/connect/{provider}/callback", get(providers::come_back))
        .route("/connect/{provider}/logo", get(providers::logo))
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
        .route("/session/start", get(site::start))
        .route("/session/continue", get(site::go_on))
        .route("/logout", get(logout::show).post(logout::submit))
        .route("/logout/done", get(logout::leave))
        .route("/account", get(account::home))
        .route("/account/profile", get(account::profile).post(account::save_profile))
        .route("/account/password", get(account::password).post(account::change_password))
        .route("/account/passkeys", get(passkeys::show))
        .route("/account/passkeys/add", post(passkeys::add))
        .route("/account/passkeys/add-key", post(passkeys::add_key))
        .route("/account/passkeys/rename", post(passkeys::rename))
        .route("/account/passkeys/remove", post(passkeys::remove))
        .route("/account/passkeys/offer", get(passkeys::offer).post(passkeys::answer_offer))
        .merge(contact_pages(Channel::Mail))
        .merge(contact_pages(Channel::Sms))
        .route("/account/email/link", get(link::change_email).post(contact::by_link))
        .route("/account/security", get(security::show))
        .route("/account/security/factor/rename", post(security::rename))
        .route("/account/security/factor/remove", post(security::remove))
        .route("/account/security/last", get(security::last))
        .route("/account/security/codes", post(security::codes))
        .route("/account/security/devices/revoke", post(security::revoke))
        .route("/account/security/devices/revoke-all", post(security::revoke_all))
        .route("/account/security/totp/begin", post(totp::begin))
        .route("/account/security/totp", get(totp::show).post(totp::confirm))
        .route("/account/security/recovery", get(recovery::show).post(recovery::make))
        .route("/account/security/recovery/kept", get(recovery::show).post(recovery::kept))
        .route("/account/security/recovery/download", get(recovery::show).post(recovery::download))
        .route("/account/identities", get(identities::show))
        .route("/account/identities/disconnect", post(identities::disconnect))
        .route("/account/phone/remove", post(contact::remove_phone))
        .route("/account/sessions", get(account::sessions))
        .route("/account/sessions/end", post(account::end_session))
        .route("/account/sessions/end-others", post(account::end_others))
        .route("/account/sessions/end-all", post(account::end_all))
        .route("/account/apps", get(account::apps))
        .route("/account/apps/revoke", post(account::revoke_app))
        .route("/account/delete", get(account::delete).post(account::submit_delete))
        .route("/wasnt-me", get(wasnt_me::show).post(wasnt_me::submit))
        .route("/invitation", get(invitation::show).post(invitation::accept))
        .route("/setup", get(setup::show).post(setup::submit))
        .route("/.well-known/change-password", get(async || Redirect::to(AccountPage::Password.path())))
        .layer(carriers(app))
        .layer(axum::middleware::from_fn_with_state(app.clone(), one_carrier))
        .layer(axum::middleware::from_fn(evenly::evenly))
        .layer(axum::middleware::from_fn_with_state(app.clone(), whose::whose))
        .layer(axum::middleware::from_fn_with_state(app.clone(), told))
}

/// Every redirect of the pages that has something to say: the page it leads to says only what this browser was told.
async fn told(visitor: Visitor, request: Request, next: Next) -> Response {
    visitor.keep_notice(next.run(request).await)
}

fn contact_pages(channel: Channel) -> Router<App> {
    let page = match channel {
        Channel::Mail => AccountPage::Email,
        Channel::Sms => AccountPage::Phone,
    };
    let path = |step: &str| format!("{}{step}", page.path());
    Router::new()
        .route(
            &path(""),
            get(move |visitor, query| contact::show(channel, visitor, query))
                .post(move |visitor, form| contact::request(channel, visitor, form)),
        )
        .route(&path("/confirm"), post(move |visitor, form| contact::confirm(channel, visitor, form)))
        .route(&path("/resend"), post(move |visitor| contact::resend(channel, visitor)))
        .route(&path("/cancel"), post(move |visitor| contact::cancel(channel, visitor)))
}

/// Where a browser sends several session cookies of which one is alive, tower-sessions gets to see that one alone.
async fn one_carrier(visitor: Visitor, mut request: Request, next: Next) -> Response {
    if visitor.has_several_carriers() {
        match session::live(&visitor.app, &visitor.carriers()).await {
            Ok(Some(live)) => visitor.cookies().keep_session(request.headers_mut(), live),
            Ok(None) => {}
            Err(fault) => return visitor.fault(&fault),
        }
    }
    next.run(request).await
}

/// tower-sessions: it only carries the session's id.
fn carriers(app: &App) -> SessionManagerLayer<Carriers> {
    let layer = SessionManagerLayer::new(Carriers(app.clone()))
        .with_name(Cookies::of(&app.settings).name(CookieName::Session))
        .with_secure(app.settings.is_https())
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd);
    match &app.settings.sessions.cookie_domain {
        Some(domain) => layer.with_domain(domain.clone()),
        None => layer,
    }
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
        let left = session.expires_at.since(visitor.app.now());
        cookie::time::Duration::try_from(left).map_or(Expiry::OnSessionEnd, Expiry::OnInactivity)
    } else {
        Expiry::OnSessionEnd
    };
    carrier.set_expiry(Some(expiry));
    carrier.insert(SESSION_KEY, session.id.as_str()).await.map_err(failed)?;
    let carriers = visitor.carriers();
    let response = match carriers.len() {
        0 | 1 => response,
        _ => {
            // tower-sessions has replaced one of them, and sets its own after these.
            session::forget(&visitor.app, &carriers).await.map_err(|fault| visitor.fault(&fault))?;
            visitor.clear_sessions(response)
        }
    };
    let response = visitor.keep_here(response, session);
    let (response, language) = visitor.keep_known(response, session).await.map_err(|fault| visitor.fault(&fault))?;
    // The profile's language is that of the pages from here on, whatever this browser spoke before.
    let response = match language {
        Some(locale) => visitor.keep(response, CookieName::Locale, locale.tag()),
        None => response,
    };
    Ok(match last_way(visitor, session).await {
        Some(way) => visitor.keep(response, CookieName::Way, &way),
        None => response,
    })
}

/// The first factor that this session was opened, or renewed, with: a way, or a provider's id.
async fn last_way(visitor: &Visitor, session: &Session) -> Option<String> {
    let first = session.methods.iter().rev().find(|method| !method.second)?;
    let way = match first.kind {
        MethodKind::Password => Way::Password,
        MethodKind::Mail => Way::Mail,
        MethodKind::Sms => Way::Sms,
        MethodKind::Passkey => Way::Passkey,
        MethodKind::Provider => return provider_of(visitor, session, first).await,
        MethodKind::SecurityKey | MethodKind::Totp | MethodKind::RecoveryCode => return None,
    };
    Some(way.as_str().to_owned())
}

async fn provider_of(visitor: &Visitor, session: &Session, proof: &Method) -> Option<String> {
    match own::through(&visitor.app, &session.user_id, proof).await {
        Ok(identity) => identity.map(|identity| identity.provider),
        Err(fault) => {
            tracing::warn!(%fault, "the provider that somebody came by could not be read");
            None
        }
    }
}

/// Who comes, for the actions that sign in.
fn arrival<'a>(
    visitor: &'a Visitor,
    requester: &'a Requester,
    before: Option<&'a Current>,
    continue_to: &'a Continue,
    remember: bool,
) -> Arrival<'a> {
    Arrival {
        remember,
        browser: visitor.browser(),
        flow: None,
        continue_to,
        before,
        known: visitor.known(),
        device: visitor.device(),
        requester,
    }
}

/// The journey is over, or unknown here: the way on is the sign-in page, which takes its destination from the journey of this id.
fn over(visitor: &Visitor, flow: &str) -> Response {
    let link = Link { href: anew("/login", flow), label: visitor.text.t("back-to-login").into_owned() };
    visitor.error_with(StatusCode::GONE, "problem-expired-title", visitor.text.t("problem-expired").into_owned(), Some(link))
}

/// The page that begins a journey anew, for the same destination as the one of this id. The id may be anything that was sent.
fn anew(page: &str, flow: &str) -> String {
    flow.parse::<FlowId>().map_or_else(|_| page.to_owned(), |flow| format!("{page}?flow={flow}"))
}

/// The page on which a journey goes on.
fn page_of(flow: &Flow) -> String {
    let path = match flow.state {
        State::SignIn | State::Decided(_) | State::Invitation { .. } | State::Alarm { .. } | State::Away(_) => "/login",
        State::Newcomer(_) => "/login/address",
        State::Join(_) => "/login/join",
        State::SignInCode(_) => "/login/code",
        State::SecondFactor(_) => "/login/second",
        State::Enrol(_) => "/login/enrol",
        State::SignUp(_) | State::Verify { .. } => "/verify",
        State::Reset(_) => "/reset/code",
        State::ResetProved { .. } => "/reset/new",
        State::AddTotp { .. } => "/account/security/totp",
        State::Change { to: Contact::Email(_) } => return "/account/email".to_owned(),
        State::Change { to: Contact::Phone(_) } => return "/account/phone".to_owned(),
    };
    format!("{path}?flow={}", flow.id)
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
        (Continue::Connect { journey, .. }, _) => format!("/login/connect?flow={journey}"),
        (Continue::Site { destination }, _) => site::way_to(&destination.url),
        (Continue::Away, _) => "/account?notice=go-back".to_owned(),
        (Continue::Account | Continue::Authorize { .. }, _) => "/account".to_owned(),
    }
}
