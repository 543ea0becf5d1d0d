//! A forgotten password.

use std::time::Duration;

use super::codes::{self, Recipient, Typed};
use super::limits::Purpose;
use super::notices::Notice;
use super::session::{self, Current, Proved};
use super::{App, Outcome, Requester, sign_in};
use crate::crypto::token::constant_time_eq;
use crate::engine::address::{Email, Identifier};
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, Next, State, Step};
use crate::engine::password::{self, Weakness};
use crate::engine::session::{MethodKind, Session};
use crate::engine::user::User;
use crate::store::{StoreError, Tx, flows, grants, sessions, users};
use crate::time::Timestamp;

/// Begins a reset. Known or not, the same page follows; only the mail knows.
pub async fn start(
    app: &App,
    identifier: &str,
    browser: [u8; 32],
    continue_to: &Continue,
    requester: &Requester,
) -> Outcome<Flow> {
    let typed = identifier;
    let identifier = Identifier::parse(typed);
    let account = sign_in::limit_key(&identifier, typed);
    app.limit_pair(Purpose::Reset, app.settings.limits.reset, requester, &account).await?;
    let mut tx = app.store.write().await?;
    let user = users::by_identifier(&mut tx, &identifier).await?.filter(|user| user.is_active() && user.email.is_some());
    let email = user.as_ref().and_then(|user| user.email.as_ref()).map(|email| email.as_str().to_owned()).unwrap_or_default();
    let user_id = user.as_ref().map(|user| user.id.clone());
    let mut flow = codes::begin(app, State::Reset { email }, user_id.clone(), browser, continue_to.clone());
    let locale = user.as_ref().map_or(requester.locale, |user| super::tell::locale_of(user, requester.locale));
    let recipient = if user.is_some() { Recipient::Owner } else { Recipient::Nobody };
    codes::send(app, &mut tx, &mut flow, recipient, locale).await?;
    flows::insert(&mut tx, &flow).await?;
    app.record(&mut tx, Event { user_id, ..super::tell::event(Kind::PasswordResetRequested, requester.origin()) }).await?;
    tx.commit().await?;
    Ok(flow)
}

#[derive(Debug)]
pub enum Proof {
    /// Choose a new password in this journey.
    Choose(Box<Flow>),
    CodeWrong,
    CodeSpent,
    Over,
}

/// The code, typed in the browser that asked.
pub async fn prove_by_code(app: &App, flow: &Flow, text: &str, requester: &Requester) -> Outcome<Proof> {
    codes::limit(app, requester).await?;
    let mut tx = app.store.write().await?;
    match codes::judge(app, &mut tx, flow, text).await? {
        Typed::Right => prove(app, tx, flow).await,
        Typed::Wrong => tx.commit().await.map(|()| Proof::CodeWrong).map_err(Into::into),
        Typed::Spent => tx.commit().await.map(|()| Proof::CodeSpent).map_err(Into::into),
    }
}

/// The mail's link, in any browser. Elsewhere than in the browser that asked, a journey of that browser's own goes on: a scanner that
/// presses the button gains a form and takes nothing away, neither the link nor the code that the asking browser waits for. Whichever
/// sets a password ends the others.
pub async fn prove_by_link(app: &App, flow: &Flow, browser: [u8; 32], requester: &Requester) -> Outcome<Proof> {
    codes::limit(app, requester).await?;
    let (State::Reset { email } | State::ResetProved { email }, Ok(())) = (&flow.state, flow.is_open(app.now())) else {
        return Ok(Proof::Over);
    };
    let here = constant_time_eq(&flow.browser_hash, &browser);
    if here && matches!(flow.state, State::ResetProved { .. }) {
        return Ok(Proof::Choose(Box::new(flow.clone())));
    }
    let mut tx = app.store.write().await?;
    if here {
        return prove(app, tx, flow).await;
    }
    let state = State::ResetProved { email: email.clone() };
    let proved = codes::begin(app, state, flow.user_id.clone(), browser, flow.continue_to.clone());
    let proved = Flow { expires_at: flow.expires_at, ..proved };
    flows::insert(&mut tx, &proved).await?;
    tx.commit().await?;
    Ok(Proof::Choose(Box::new(proved)))
}

async fn prove(app: &App, mut tx: Tx, flow: &Flow) -> Outcome<Proof> {
    let Ok(Next::State(state)) = flow.step(Step::Proved, app.now()) else { return Ok(Proof::Over) };
    if !flows::advance(&mut tx, &flow.id, &flow.state, &state).await? {
        return Ok(Proof::Over);
    }
    tx.commit().await?;
    Ok(Proof::Choose(Box::new(Flow { state, ..flow.clone() })))
}

#[derive(Debug)]
pub enum Reset {
    /// Signed in, and where to go.
    Done(Box<Session>, Continue),
    Weak(Weakness),
    Over,
}

/// Sets the new password. Everything that was signed in ends, pending changes die, and the address counts as proved.
pub async fn finish(app: &App, flow: &Flow, password: &str, before: Option<&Current>, requester: &Requester) -> Outcome<Reset> {
    if flow.step(Step::PasswordSet, app.now()).is_err() {
        return Ok(Reset::Over);
    }
    let Some(user_id) = &flow.user_id else { return Ok(Reset::Over) };
    let Some(user) = users::by_id(&mut app.store.read().await?, user_id).await?.filter(User::is_active) else {
        return Ok(Reset::Over);
    };
    if let Err(weakness) = judge(app, &user, password) {
        return Ok(Reset::Weak(weakness));
    }
    let hash = app.hash(password).await?;
    let mut tx = app.store.write().await?;
    let now = app.now();
    if !flows::finish(&mut tx, &flow.id, now).await? {
        return Ok(Reset::Over);
    }
    let Some(mut user) = users::by_id(&mut tx, user_id).await? else { return Ok(Reset::Over) };
    let read_at = user.updated_at;
    // The journey proved the address it was sent to; if that is no longer the account's, it proves nothing.
    if user.email.as_ref().map(Email::as_str) != flow.state.destination() {
        return Ok(Reset::Over);
    }
    (user.password_hash, user.password_changed_at, user.updated_at) = (Some(hash), Some(now), later(read_at, now));
    user.email_verified_at = user.email_verified_at.or(Some(now));
    if !users::update(&mut tx, &user, read_at).await? {
        return Err(StoreError::Overtaken.into());
    }
    sessions::end(&mut tx, &user.id, sessions::Which::All).await?;
    grants::end_all(&mut tx, &user.id).await?;
    for kind in ["reset", "change_email", "verify_email"] {
        flows::cancel(&mut tx, kind, &user.id, now).await?;
    }
    app.record(&mut tx, Event { user_id: Some(user.id.clone()), ..super::tell::event(Kind::PasswordReset, requester.origin()) })
        .await?;
    app.notify(&mut tx, &user, Notice::PasswordChanged, requester).await?;
    let before = before.filter(|before| before.user.id != user.id);
    let proved = Proved { how: MethodKind::Mail, remember: false, before, requester };
    let session = session::begin(app, &mut tx, &user, proved).await?;
    tx.commit().await?;
    Ok(Reset::Done(Box::new(session), flow.continue_to.clone()))
}

/// The time of a change, strictly after the one before, so that the guard sees two changes within one millisecond.
pub(super) fn later(read_at: Timestamp, now: Timestamp) -> Timestamp {
    now.max(read_at + Duration::from_millis(1))
}

/// A new password against the rules and the person's own words.
pub(super) fn judge(app: &App, user: &User, password: &str) -> Result<(), Weakness> {
    let email = user.email.as_ref().map(Email::key).unwrap_or_default();
    let username = user.username.as_ref().map(crate::engine::address::Username::key).unwrap_or_default();
    let name = user.profile.name.as_deref().unwrap_or_default();
    password::judge(password, app.settings.passwords.min_length, &[email, username, name, &app.settings.pages.name])
}
