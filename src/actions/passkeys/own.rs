//! What people do with their own passkeys and security keys.

use std::time::Duration;

use webauthn_rs::prelude::{
    CreationChallengeResponse, PasskeyRegistration, RegisterPublicKeyCredential, SecurityKeyRegistration, Uuid,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use super::{Challenge, Opened, Purpose, Refusal, account_name, broken, open, options, seal, unmade};
use crate::actions::notices::Notice;
use crate::actions::session::Current;
use crate::actions::{App, Outcome, Requester, factors, providers, tell};
use crate::engine::address::Channel;
use crate::engine::event::{Event, Kind};
use crate::engine::method::MethodKind;
use crate::engine::passkey::{self, Passkey, PasskeyKind};
use crate::engine::session;
use crate::engine::user::User;
use crate::ids::{PasskeyId, UserId};
use crate::settings::Way;
use crate::store::passkeys::Offer;
use crate::store::{StoreError, Tx, enrolled, passkeys, sessions, trusted};

/// More than anybody carries; it keeps the page and the options short.
const MOST: usize = 30;
/// "Not now" is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(30 * 86400);

/// The person's passkeys and security keys, the newest first.
pub async fn list(app: &App, user_id: &UserId) -> Outcome<Vec<Passkey>> {
    Ok(passkeys::of_user(&mut app.store.read().await?, user_id).await?)
}

const fn purpose(kind: PasskeyKind) -> Purpose {
    match kind {
        PasskeyKind::Passkey => Purpose::AddPasskey,
        PasskeyKind::SecurityKey => Purpose::AddSecurityKey,
    }
}

fn bound(current: &Current) -> String {
    format!("{}|{}", current.user.id, current.session.id)
}

/// The challenge to add one; `own` are those that the account has. None where passkeys cannot be.
pub fn challenge(app: &App, current: &Current, kind: PasskeyKind, own: &[Passkey]) -> Outcome<Option<Challenge>> {
    challenge_to(app, &current.user, bound(current), kind, own)
}

/// As [`challenge`], for whoever and whatever it is bound to.
pub(in crate::actions) fn challenge_to(
    app: &App,
    user: &User,
    bound: String,
    kind: PasskeyKind,
    own: &[Passkey],
) -> Outcome<Option<Challenge>> {
    let Some(webauthn) = &app.webauthn else { return Ok(None) };
    let (id, name, shown) = (Uuid::from_bytes(user.id.bytes()), account_name(user), user.shown_as());
    // A key that is a second factor already may become a passkey; the other way round nothing would be won.
    let excluded = own.iter().filter(|known| kind == PasskeyKind::SecurityKey || known.kind == kind);
    let excluded = Some(excluded.map(|known| known.credential_id.clone()).collect());
    let (request, state) = match kind {
        PasskeyKind::Passkey => {
            let (mut request, state) = webauthn.start_passkey_registration(id, &name, &shown, excluded).map_err(unmade)?;
            discoverable(&mut request);
            (request, seal(app, purpose(kind), bound, &state)?)
        }
        PasskeyKind::SecurityKey => {
            let (request, state) =
                webauthn.start_securitykey_registration(id, &name, &shown, excluded, None, None).map_err(unmade)?;
            (request, seal(app, purpose(kind), bound, &state)?)
        }
    };
    Ok(Some(Challenge { options: options(&request)?, state }))
}

/// webauthn-rs discourages what makes a passkey one: that the browser finds it without being told whose it looks for.
fn discoverable(request: &mut CreationChallengeResponse) {
    if let Some(selection) = request.public_key.authenticator_selection.as_mut() {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
}

#[derive(Debug)]
pub enum Added {
    /// With recovery codes to show, if it turned two-step verification on and there were none.
    Done(Vec<String>),
    Refused(Refusal),
    /// The account has [`MOST`].
    TooMany,
}

/// A new one that is right, not stored yet.
#[derive(Debug)]
pub(in crate::actions) struct Made {
    passkey: Passkey,
    opened: Opened,
}

/// Judges the answer to [`challenge`], and adds what it brings under its provider's name.
pub async fn add(
    app: &App,
    current: &Current,
    kind: PasskeyKind,
    answer: &str,
    state: &str,
    requester: &Requester,
) -> Outcome<Added> {
    let made = match judge(app, &current.user, &bound(current), kind, Answer { credential: answer, state }, requester)? {
        Ok(made) => made,
        Err(refusal) => return Ok(Added::Refused(refusal)),
    };
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, current).await?;
    let mut added = insert(&mut tx, made).await?;
    if !matches!(added, Added::Done(_)) {
        return Ok(added);
    }
    if kind == PasskeyKind::SecurityKey {
        // It was in the person's hand just now: the session need not ask for it at once.
        sessions::reauthenticated(&mut tx, &current.session.clone().with_added(MethodKind::SecurityKey, true))
            .await?
            .or_overtaken()?;
        added = Added::Done(factors::recovery::first(app, &mut tx, current, requester).await?);
    }
    app.record(&mut tx, own(current, Kind::PasskeyAdded, kind, requester)).await?;
    app.notify(&mut tx, &current.user, Notice::PasskeyAdded, requester).await?;
    tx.commit().await?;
    Ok(added)
}

/// What a form brings back.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The authenticator's, as JSON.
    pub credential: &'a str,
    /// The sealed one.
    pub state: &'a str,
}

/// Judges the answer to [`challenge_to`].
pub(in crate::actions) fn judge(
    app: &App,
    user: &User,
    bound: &str,
    kind: PasskeyKind,
    answer: Answer<'_>,
    requester: &Requester,
) -> Outcome<Result<Made, Refusal>> {
    let Some(webauthn) = &app.webauthn else { return Ok(Err(Refusal::Wrong)) };
    let opened = match open(app, purpose(kind), bound, answer.state) {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(answer.credential) else {
        return Ok(Err(Refusal::Wrong));
    };
    let credential = match kind {
        PasskeyKind::Passkey => {
            let state: PasskeyRegistration = opened.state()?;
            let judged = webauthn.finish_passkey_registration(&answer, &state);
            judged.map(|made| (made.cred_id().clone(), serde_json::to_string(&made)))
        }
        PasskeyKind::SecurityKey => {
            let state: SecurityKeyRegistration = opened.state()?;
            let judged = webauthn.finish_securitykey_registration(&answer, &state);
            judged.map(|made| (made.cred_id().clone(), serde_json::to_string(&made)))
        }
    };
    let (credential_id, credential) = match credential {
        // The browser says that it could not make the passkey discoverable: it would never be offered.
        Ok(_)
            if kind == PasskeyKind::Passkey
                && answer.extensions.cred_props.as_ref().is_some_and(|made| made.rk == Some(false)) =>
        {
            return Ok(Err(Refusal::Wrong));
        }
        Ok(made) => made,
        Err(error) => {
            tracing::info!(%error, "a new passkey is refused");
            return Ok(Err(Refusal::Wrong));
        }
    };
    let now = app.now();
    let name = passkey::provider(&answer.response.attestation_object).map(str::to_owned);
    let device = session::device(&requester.user_agent);
    let passkey = Passkey {
        id: PasskeyId::new(now, &app.random),
        user_id: user.id.clone(),
        kind,
        credential_id,
        credential: credential.map_err(broken)?,
        name: name.or_else(|| passkey::name(&device)).unwrap_or_else(|| "Passkey".to_owned()),
        created_at: now,
        last_used_at: None,
    };
    Ok(Ok(Made { passkey, opened }))
}

/// Stores it, in the transaction of what it is for, which commits only if it is done: true once for one answer.
pub(in crate::actions) async fn insert(tx: &mut Tx, made: Made) -> Outcome<Added> {
    let Made { passkey, opened } = made;
    if passkeys::of_user(tx, &passkey.user_id).await?.len() >= MOST {
        return Ok(Added::TooMany);
    }
    if !opened.spend(tx).await? {
        return Ok(Added::Refused(Refusal::Stale));
    }
    match passkeys::insert(tx, &passkey).await {
        Ok(()) => Ok(Added::Done(Vec::new())),
        Err(StoreError::Taken) => Ok(Added::Refused(Refusal::Wrong)),
        Err(error) => Err(error.into()),
    }
}

fn own(current: &Current, kind: Kind, which: PasskeyKind, requester: &Requester) -> Event {
    let event = tell::event(kind, requester.origin());
    let detail = Some(which.as_str());
    Event { user_id: Some(current.user.id.clone()), session_id: Some(current.session.id.clone()), detail, ..event }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Renamed {
    Done,
    BadName,
    /// It is not there (any more).
    Gone,
}

pub async fn rename(app: &App, current: &Current, id: &PasskeyId, typed: &str, requester: &Requester) -> Outcome<Renamed> {
    let Some(name) = passkey::name(typed) else { return Ok(Renamed::BadName) };
    let mut tx = app.store.write().await?;
    let known = passkeys::of_user(&mut tx, &current.user.id).await?.into_iter().find(|known| known.id == *id);
    let Some(known) = known else { return Ok(Renamed::Gone) };
    if !passkeys::rename(&mut tx, &current.user.id, id, &name).await?.is_done() {
        return Ok(Renamed::Gone);
    }
    app.record(&mut tx, own(current, Kind::PasskeyRenamed, known.kind, requester)).await?;
    tx.commit().await?;
    Ok(Renamed::Done)
}

#[derive(Debug, PartialEq, Eq)]
pub enum Removed {
    Done,
    /// Nobody could get into the account any more.
    LastWayIn,
    Gone,
}

pub async fn remove(app: &App, current: &Current, id: &PasskeyId, requester: &Requester) -> Outcome<Removed> {
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, current).await?;
    let known = passkeys::of_user(&mut tx, &current.user.id).await?.into_iter().find(|known| known.id == *id);
    let Some(known) = known else { return Ok(Removed::Gone) };
    let until = app.now() + app.settings.flows.undo;
    let others = has_another_way_in(app, &current.user) || providers::own::usable(app, &mut tx, &current.user.id).await? > 0;
    if !passkeys::remove(&mut tx, &current.user.id, id, !others, until).await?.is_done() {
        return Ok(Removed::LastWayIn);
    }
    if !enrolled::of(&mut tx, &current.user).await?.is_on() {
        trusted::remove_all(&mut tx, &current.user.id).await?;
    }
    app.record(&mut tx, own(current, Kind::PasskeyRemoved, known.kind, requester)).await?;
    app.notify(&mut tx, &current.user, Notice::PasskeyRemoved, requester).await?;
    tx.commit().await?;
    Ok(Removed::Done)
}

/// Whether the account can be entered without any passkey or provider, by a way that is on: a verified address also gets a new password.
pub(in crate::actions) fn has_another_way_in(app: &App, user: &User) -> bool {
    let reachable = |channel| user.is_verified(channel);
    app.settings.sign_in.ways.iter().any(|way| match way {
        Way::Password => {
            (user.password_hash.is_some() && user.has_identifier()) || reachable(Channel::Mail) || reachable(Channel::Sms)
        }
        Way::Mail => reachable(Channel::Mail),
        Way::Sms => reachable(Channel::Sms),
        Way::Passkey => false,
    })
}

/// Whether to ask now if the person wants a passkey: they have none, and have not said no lately.
pub async fn may_offer(app: &App, user_id: &UserId) -> Outcome<bool> {
    if !app.has_passkeys() || !app.settings.sign_in.ways.contains(&Way::Passkey) {
        return Ok(false);
    }
    let mut tx = app.store.read().await?;
    if passkeys::of_user(&mut tx, user_id).await?.iter().any(|known| known.kind == PasskeyKind::Passkey) {
        return Ok(false);
    }
    Ok(match passkeys::offer(&mut tx, user_id).await? {
        None => true,
        Some(Offer::At(at)) => app.now() >= at,
        Some(Offer::Never) => false,
    })
}

/// "Not now", or "never".
pub async fn decline(app: &App, current: &Current, forever: bool) -> Outcome<()> {
    let offer = if forever { Offer::Never } else { Offer::At(app.now() + ASK_AGAIN) };
    let mut tx = app.store.write().await?;
    passkeys::answer_offer(&mut tx, &current.user.id, offer).await?;
    tx.commit().await?;
    Ok(())
}
