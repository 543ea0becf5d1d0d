//! What people do with their own account.

use std::collections::HashMap;
use std::sync::Arc;

use super::codes::{self, Recipient, Typed};
use super::limits::Purpose;
use super::notices::{self, Notice};
use super::session::Current;
use super::{App, Fault, Outcome, Requester, clients, reset, sign_in};
use crate::engine::address::{Channel, Contact, Email, Username};
use crate::engine::client::Client;
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, State, Step};
use crate::engine::password::Weakness;
use crate::engine::user::{FieldErrors, Profile, User};
use crate::gateways::mail::letters::Letter;
use crate::ids::ClientId;
use crate::store::consents::{self, Consent};
use crate::store::sessions::Which;
use crate::store::{StoreError, Tx, events, flows, grants, sessions, users};

/// How often a change is tried again when another request has changed the account in between.
const ATTEMPTS: usize = 3;

/// The account as it is now, in a transaction that will change it.
async fn reread(tx: &mut Tx, current: &Current) -> Outcome<User> {
    let user = users::by_id(tx, &current.user.id).await?;
    user.ok_or_else(|| Fault::Broken("the account was deleted during the request".to_owned()))
}

async fn write(app: &App, tx: &mut Tx, mut user: User) -> Result<bool, StoreError> {
    let read_at = user.updated_at;
    user.updated_at = reset::later(read_at, app.now());
    users::update(tx, &user, read_at).await
}

fn own(current: &Current, kind: Kind, requester: &Requester) -> Event {
    let event = super::tell::event(kind, requester.origin());
    Event { user_id: Some(current.user.id.clone()), session_id: Some(current.session.id.clone()), ..event }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Saved {
    Done,
    Problems(FieldErrors),
    UsernameBad,
    UsernameTaken,
}

/// Replaces the profile and the user name; an empty user name removes it.
pub async fn save_profile(
    app: &App,
    current: &Current,
    profile: Profile,
    username: &str,
    requester: &Requester,
) -> Outcome<Saved> {
    let problems = profile.problems();
    if !problems.is_empty() {
        return Ok(Saved::Problems(problems));
    }
    let username = match username.trim() {
        "" => None,
        text => match Username::parse(text) {
            Ok(name) => Some(name),
            Err(_) => return Ok(Saved::UsernameBad),
        },
    };
    let key = |name: &Username| name.key().to_owned();
    if let Some(name) = username.as_ref().filter(|name| current.user.username.as_ref().map(key) != Some(key(name))) {
        // "Taken" says that somebody has it, so names cannot be tried without end.
        app.limit_pair(Purpose::ChangeUsername, app.settings.limits.signup, requester, name.key()).await?;
    }
    for _ in 0..ATTEMPTS {
        let mut tx = app.store.write().await?;
        let mut user = reread(&mut tx, current).await?;
        (user.profile, user.username) = (profile.clone(), username.clone());
        match write(app, &mut tx, user).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(StoreError::Taken) => return Ok(Saved::UsernameTaken),
            Err(error) => return Err(error.into()),
        }
        app.record(&mut tx, own(current, Kind::UserUpdated, requester)).await?;
        tx.commit().await?;
        return Ok(Saved::Done);
    }
    Err(Fault::Broken("the account keeps changing".to_owned()))
}

#[derive(Debug, PartialEq, Eq)]
pub enum PasswordChange {
    Done,
    CurrentWrong,
    Same,
    Weak(Weakness),
}

/// Changes the password. Every other session and its tokens end; this one stays.
pub async fn change_password(
    app: &App,
    current: &Current,
    old: &str,
    new: &str,
    requester: &Requester,
) -> Outcome<PasswordChange> {
    if let Err(weakness) = reset::judge(app, &current.user, new) {
        return Ok(PasswordChange::Weak(weakness));
    }
    if !sign_in::knows_password(app, current, old, requester).await? {
        return Ok(PasswordChange::CurrentWrong);
    }
    if old == new {
        return Ok(PasswordChange::Same);
    }
    let hash = app.hash(new).await?;
    let now = app.now();
    let mut tx = app.store.write().await?;
    let mut user = reread(&mut tx, current).await?;
    if user.password_hash != current.user.password_hash {
        // Somebody else was faster, so what was proved is proved no more.
        return Ok(PasswordChange::CurrentWrong);
    }
    (user.password_hash, user.password_changed_at) = (Some(hash), Some(now));
    if !write(app, &mut tx, user.clone()).await? {
        return Ok(PasswordChange::CurrentWrong);
    }
    sessions::end(&mut tx, &user.id, Which::AllBut(&current.session.id)).await?;
    grants::end_others(&mut tx, &user.id, &current.session.id).await?;
    for kind in ["reset", "change_email"] {
        flows::cancel(&mut tx, kind, &user.id, now).await?;
    }
    app.record(&mut tx, own(current, Kind::PasswordChanged, requester)).await?;
    app.notify(&mut tx, &user, Notice::PasswordChanged, requester).await?;
    tx.commit().await?;
    Ok(PasswordChange::Done)
}

#[derive(Debug)]
pub enum EmailChange {
    Sent(Box<Flow>),
    BadAddress,
    Same,
    PasswordWrong,
}

/// The change that waits for its address to be proved.
pub async fn pending_email(app: &App, current: &Current) -> Outcome<Option<Flow>> {
    Ok(flows::open_of(&mut app.store.read().await?, "change_email", &current.user.id, app.now()).await?)
}

/// Asks for another address. It becomes the account's once it is proved; one that belongs to somebody looks the same from here.
pub async fn request_email(
    app: &App,
    current: &Current,
    email: &str,
    password: &str,
    browser: [u8; 32],
    requester: &Requester,
) -> Outcome<EmailChange> {
    let Ok(email) = Email::parse(email) else { return Ok(EmailChange::BadAddress) };
    if current.user.email.as_ref().is_some_and(|known| known.key() == email.key() && current.user.email_is_verified()) {
        return Ok(EmailChange::Same);
    }
    if !sign_in::knows_password(app, current, password, requester).await? {
        return Ok(EmailChange::PasswordWrong);
    }
    app.limit_pair(Purpose::ChangeEmail, app.settings.limits.reset, requester, email.key()).await?;
    let mut tx = app.store.write().await?;
    if !users::hold(&mut tx, &current.user).await? {
        // Somebody has changed the account, so what was proved is proved no more.
        return Ok(EmailChange::PasswordWrong);
    }
    let owner = users::by_email(&mut tx, &email).await?.filter(|owner| owner.id != current.user.id);
    flows::cancel(&mut tx, "change_email", &current.user.id, app.now()).await?;
    let state = State::ChangeEmail { email: email.as_str().to_owned() };
    let mut flow = codes::begin(app, state, Some(current.user.id.clone()), browser, Continue::Account);
    let locale = super::tell::locale_of(&current.user, requester.locale);
    let recipient = if owner.is_none() { Recipient::Owner } else { Recipient::Nobody };
    codes::send(app, &mut tx, &mut flow, recipient, locale).await?;
    flows::insert(&mut tx, &flow).await?;
    app.record(&mut tx, own(current, Kind::EmailChangeRequested, requester)).await?;
    app.notify(&mut tx, &current.user, Notice::EmailChangeRequested { new: email.as_str().to_owned() }, requester).await?;
    tx.commit().await?;
    Ok(EmailChange::Sent(Box::new(flow)))
}

/// Gives up the change that waits.
pub async fn cancel_email(app: &App, current: &Current) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    flows::cancel(&mut tx, "change_email", &current.user.id, app.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// How the new address is proved.
#[derive(Clone, Copy, Debug)]
pub enum EmailProof<'a> {
    /// The code, typed by the person signed in.
    Code(&'a str),
    /// The mail's link, opened where the person is signed in.
    Link,
    /// The mail's link elsewhere, with the account's password.
    LinkAndPassword(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub enum EmailConfirmed {
    Done,
    CodeWrong,
    CodeSpent,
    PasswordWrong,
    Over,
}

/// Makes the pending address the account's. The old one gets a notice with a way back.
pub async fn confirm_email(
    app: &App,
    flow: &Flow,
    proof: EmailProof<'_>,
    current: Option<&Current>,
    requester: &Requester,
) -> Outcome<EmailConfirmed> {
    codes::limit(app, requester).await?;
    let (Ok(_), Some(user_id), State::ChangeEmail { email }) = (flow.step(Step::Proved, app.now()), &flow.user_id, &flow.state)
    else {
        return Ok(EmailConfirmed::Over);
    };
    match proof {
        EmailProof::LinkAndPassword(password) => {
            let user = users::by_id(&mut app.store.read().await?, user_id).await?;
            let stored = user.as_ref().and_then(|user| user.password_hash.clone());
            app.limit_sign_in(requester, user_id.as_str()).await?;
            if !matches!(app.verify(password, stored).await?, crate::crypto::password::Verdict::Right { .. }) {
                return Ok(EmailConfirmed::PasswordWrong);
            }
        }
        EmailProof::Code(_) | EmailProof::Link if !codes::concerns(flow, current) => return Ok(EmailConfirmed::Over),
        EmailProof::Code(_) | EmailProof::Link => {}
    }
    let Ok(email) = Email::parse(email) else { return Ok(EmailConfirmed::Over) };
    let mut tx = app.store.write().await?;
    if let EmailProof::Code(text) = proof {
        match codes::judge(app, &mut tx, flow, text).await? {
            Typed::Right => {}
            Typed::Wrong => return tx.commit().await.map(|()| EmailConfirmed::CodeWrong).map_err(Into::into),
            Typed::Spent => return tx.commit().await.map(|()| EmailConfirmed::CodeSpent).map_err(Into::into),
        }
    }
    let now = app.now();
    if !flows::finish(&mut tx, &flow.id, now).await? {
        return Ok(EmailConfirmed::Over);
    }
    let Some(mut user) = users::by_id(&mut tx, user_id).await?.filter(User::is_active) else { return Ok(EmailConfirmed::Over) };
    let previous = user.email.replace(email.clone()).filter(|_| user.email_is_verified());
    user.email_verified_at = Some(now);
    match write(app, &mut tx, user.clone()).await {
        Ok(true) => {}
        // Somebody has proved it before.
        Ok(false) | Err(StoreError::Taken) => return Ok(EmailConfirmed::Over),
        Err(error) => return Err(error.into()),
    }
    // A code for the old address must not outlive the change.
    flows::cancel(&mut tx, "reset", &user.id, now).await?;
    let event = super::tell::event(Kind::EmailChanged, requester.origin());
    app.record(&mut tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    notices::contact_changed(app, &mut tx, previous.map(Contact::Email), &user, Channel::Mail, requester).await?;
    tx.commit().await?;
    Ok(EmailConfirmed::Done)
}

/// An application that has consent. One that is gone keeps its id as name.
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    pub consent: Consent,
    pub client: Option<Arc<Client>>,
}

/// The applications that the person has let in.
pub async fn connected_apps(app: &App, current: &Current) -> Outcome<Vec<ConnectedApp>> {
    let consents = consents::of_user(&mut app.store.read().await?, &current.user.id).await?;
    let mut found: HashMap<ClientId, Option<Arc<Client>>> = HashMap::new();
    for consent in &consents {
        found.insert(consent.client_id.clone(), clients::find(app, &consent.client_id).await?);
    }
    let with_client = |consent: Consent| ConnectedApp { client: found.get(&consent.client_id).cloned().flatten(), consent };
    Ok(consents.into_iter().map(with_client).collect())
}

/// Takes consent back, with every token that came of it.
pub async fn revoke_app(app: &App, current: &Current, client_id: &ClientId, requester: &Requester) -> Outcome<bool> {
    let mut tx = app.store.write().await?;
    if !consents::revoke(&mut tx, &current.user.id, client_id).await? {
        return Ok(false);
    }
    app.record(&mut tx, Event { client_id: Some(client_id.clone()), ..own(current, Kind::ConsentRevoked, requester) }).await?;
    tx.commit().await?;
    Ok(true)
}

#[derive(Debug, PartialEq, Eq)]
pub enum Deleted {
    Done,
    PasswordWrong,
}

/// Erases the account at once. The log keeps its id and what happened.
pub async fn delete(app: &App, current: &Current, password: &str, requester: &Requester) -> Outcome<Deleted> {
    if !sign_in::knows_password(app, current, password, requester).await? {
        return Ok(Deleted::PasswordWrong);
    }
    let mut tx = app.store.write().await?;
    if let Some(email) = current.user.email.as_ref().filter(|_| current.user.email_is_verified()) {
        let locale = super::tell::locale_of(&current.user, requester.locale);
        app.mail(&mut tx, email.as_str(), &Letter::AccountDeleted, locale, app.settings.flows.verify).await?;
    }
    users::delete(&mut tx, &current.user.id).await?;
    let event = super::tell::event(Kind::UserDeleted, crate::engine::event::Origin::default());
    app.record(&mut tx, Event { user_id: Some(current.user.id.clone()), ..event }).await?;
    events::forget(&mut tx, &current.user.id).await?;
    tx.commit().await?;
    Ok(Deleted::Done)
}
