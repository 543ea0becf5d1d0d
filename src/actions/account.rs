//! What people do with their own account.

use std::collections::HashMap;
use std::sync::Arc;

use super::batches::BATCH;
use super::limits::Purpose;
use super::notices::Notice;
use super::session::Current;
use super::{App, Fault, Outcome, Requester, administrators, clients, ending, offline, reset, sign_in};
use crate::engine::address::Username;
use crate::engine::client::Client;
use crate::engine::ending::Cause;
use crate::engine::event::{Event, Kind};
use crate::engine::method::MethodKind;
use crate::engine::password::Weakness;
use crate::engine::user::{FieldError, FieldErrors, Profile, User};
use crate::gateways::mail::letters::Letter;
use crate::ids::ClientId;
use crate::store::consents::{self, Consent};
use crate::store::sessions::Which;
use crate::store::{Guarded, StoreError, Tx, removal, sessions, users};

/// How often a change is tried again when another request has changed the account in between.
const ATTEMPTS: usize = 3;

/// The account as it is now, in a transaction that will change it.
async fn reread(tx: &mut Tx, current: &Current) -> Outcome<User> {
    let user = users::by_id(tx, &current.user.id).await?;
    user.ok_or_else(|| Fault::Broken("the account was deleted during the request".to_owned()))
}

pub(super) async fn write(app: &App, tx: &mut Tx, mut user: User) -> Result<Guarded, StoreError> {
    let read_at = user.updated_at;
    user.updated_at = reset::later(read_at, app.now());
    users::update(tx, &user, read_at).await
}

pub(super) fn own(current: &Current, kind: Kind, requester: &Requester) -> Event {
    let event = super::tell::event(kind, requester.origin());
    Event { user_id: Some(current.user.id.clone()), session_id: Some(current.session.id.clone()), ..event }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Saved {
    Done,
    /// Of every field at once.
    Problems(FieldErrors),
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
    let username = Some(username.trim()).filter(|text| !text.is_empty()).map(Username::parse);
    // What was there before, by an older rule or from elsewhere, keeps nobody from changing something else.
    let before = current.user.profile.fields();
    let mut problems = profile.problems();
    problems.retain(|(name, _)| !profile.fields().iter().any(|field| field.0 == *name && before.contains(field)));
    // Imports and providers may bring others; the pages ask for this.
    let insecure = |value: &str| value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    let plain = profile.fields().into_iter().filter(|field| matches!(field.0, "profile" | "picture" | "website"));
    let plain = plain.filter(|field| !before.contains(field) && field.1.as_deref().is_some_and(insecure));
    problems.extend(plain.map(|(name, _)| (name, FieldError::NotAUrl)));
    if matches!(username, Some(Err(_))) {
        problems.push(("preferred_username", FieldError::NotAUsername));
    }
    if !problems.is_empty() {
        return Ok(Saved::Problems(problems));
    }
    let username = username.and_then(Result::ok);
    let key = |name: &Username| name.key().to_owned();
    if username.as_ref().is_some_and(|name| current.user.username.as_ref().map(key) != Some(key(name))) {
        // "Taken" says that somebody has it, so names cannot be tried without end.
        app.limit_requester(Purpose::ChangeUsername, app.settings.limits.signup_requester, requester).await?;
        app.limit_names(&current.user.id).await?;
    }
    for _ in 0..ATTEMPTS {
        let mut tx = app.store.write().await?;
        let mut user = reread(&mut tx, current).await?;
        (user.profile, user.username) = (profile.clone(), username.clone());
        match write(app, &mut tx, user).await {
            Ok(Guarded::Done) => {}
            Ok(Guarded::Overtaken) => continue,
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

/// Changes the password, or sets the first one; the caller has made sure that the proof is fresh. Every other session and its tokens end; this one stays.
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
    let has_one = current.user.password_hash.is_some();
    if has_one && !sign_in::knows_password(app, current, old, requester).await? {
        app.proof_given("password", "wrong", requester);
        return Ok(PasswordChange::CurrentWrong);
    }
    if has_one && old == new {
        return Ok(PasswordChange::Same);
    }
    let hash = app.hash(new).await?;
    let now = app.now();
    let mut tx = app.store.write().await?;
    let mut user = reread(&mut tx, current).await?;
    let as_proved = |user: &User| (user.password_hash.clone(), user.password_changed_at);
    if as_proved(&user) != as_proved(&current.user) {
        // Somebody else was faster, so what was proved is proved no more.
        return Ok(PasswordChange::CurrentWrong);
    }
    (user.password_hash, user.password_changed_at) = (Some(hash), Some(now));
    if !write(app, &mut tx, user.clone()).await?.is_done() {
        return Ok(PasswordChange::CurrentWrong);
    }
    let by = super::tell::event(Kind::PasswordChanged, requester.origin());
    ending::end(app, &mut tx, &user.id, Which::AllBut(&current.session.id), Cause::PasswordChanged, &by).await?;
    if !has_one {
        // It was typed just now, and is the account's best proof from here on: the page that follows need not ask for it at once.
        sessions::reauthenticated(&mut tx, &current.session.clone().with_added(MethodKind::Password, false))
            .await?
            .or_overtaken()?;
    }
    app.record(&mut tx, own(current, Kind::PasswordChanged, requester)).await?;
    app.notify(&mut tx, &user, Notice::PasswordChanged { disconnected: Vec::new() }, requester).await?;
    tx.commit().await?;
    Ok(PasswordChange::Done)
}

/// An application that has consent, or holds something without having had to ask. One that is gone keeps its id as name.
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    pub consent: Consent,
    pub client: Option<Arc<Client>>,
}

/// The applications that the person has let in.
pub async fn connected_apps(app: &App, current: &Current) -> Outcome<Vec<ConnectedApp>> {
    let mut tx = app.store.read().await?;
    let consents = consents::of_user(&mut tx, &current.user.id).await?;
    let consents = offline::with_unasked(&mut tx, &current.user.id, consents, app.now()).await?;
    drop(tx);
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
    if !consents::revoke(&mut tx, &current.user.id, client_id).await?.is_done() {
        return Ok(false);
    }
    app.record(&mut tx, Event { client_id: Some(client_id.clone()), ..own(current, Kind::ConsentRevoked, requester) }).await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether this account cannot be deleted, because nobody could administer after it. To show; [`delete`] judges.
pub async fn is_last_administrator(app: &App, current: &Current) -> Outcome<bool> {
    let user = &current.user;
    Ok(user.is_active_administrator() && !administrators::has_another(app, &mut app.store.read().await?, user).await?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Done,
    /// Nobody else can administer: another administrator is made first.
    LastAdministrator,
}

/// Erases the account at once; the caller has made sure that its owner asks. The log keeps its id and what happened.
pub async fn delete(app: &App, current: &Current, requester: &Requester) -> Outcome<Deleted> {
    let mut tx = app.store.write().await?;
    let user = reread(&mut tx, current).await?;
    if administrators::is_last(app, &mut tx, &user).await? {
        return Ok(Deleted::LastAdministrator);
    }
    users::hold(&mut tx, &user).await?.or_overtaken()?;
    if let Some(email) = user.email.as_ref().filter(|_| user.email_is_verified()) {
        let locale = super::tell::locale_of(&user, requester.locale);
        app.mail(&mut tx, email.as_str(), &Letter::AccountDeleted, locale, app.settings.flows.verify).await?;
    }
    // What does not go at once is the next sweep's: nobody waits for it here.
    let event = super::tell::event(Kind::UserDeleted, crate::engine::event::Origin::default());
    let (_, ended) = removal::erase(&mut tx, &current.user.id, BATCH).await?;
    ending::record(app, &mut tx, &current.user.id, &ended, Cause::AccountDeleted, &event).await?;
    app.record(&mut tx, Event { user_id: Some(current.user.id.clone()), ..event }).await?;
    tx.commit().await?;
    Ok(Deleted::Done)
}
