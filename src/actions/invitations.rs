//! Invitations: the operator makes an account, and its owner is mailed a link by which they choose how to come in. Opening it spends nothing;
//! choosing a password does, and proves the address, for the link went nowhere else.

use super::codes::{self, Found, Leads};
use super::sign_in::{self, Arrival, SignedIn};
use super::users::{self, Refused};
use super::{App, Outcome, Requester, confirm, ownership, reset, tell};
use crate::engine::address::{Channel, Contact};
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::flow::{Continue, Flow, State, Step};
use crate::engine::method::{Method, MethodKind};
use crate::engine::ownership::Ownership;
use crate::engine::password::Weakness;
use crate::engine::user::User;
use crate::gateways::mail::letters::Letter;
use crate::ids::{FlowId, UserId};
use crate::settings::Way;
use crate::store::{StoreError, Tx, flows, users as rows};

/// How often an account that changes meanwhile is read anew.
const ATTEMPTS: usize = 3;

/// Why nobody is invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInvited {
    #[error("there is no e-mail address to send an invitation to")]
    NoAddress,
    #[error("the account is disabled, and nobody could come in; enable it first")]
    Disabled,
    #[error(
        "nobody is invited who can sign in already: the account has a password, a verified address or number, a passkey, a second factor or a provider"
    )]
    HasWayIn,
    #[error(
        "whoever has nothing but an e-mail address could not come in: [sign_in] ways has neither \"password\" nor \"mail\", and there is no provider"
    )]
    NoWay,
}

/// An account whose owner is invited, and for how many hours the link works.
#[derive(Clone, Debug)]
pub struct Invited {
    pub user: User,
    pub hours: i64,
}

/// Invites the owner of an account, or invites them again: links that were sent before stay good until one is used.
pub async fn invite(app: &App, name: &str) -> Result<Invited, Refused> {
    let user = users::find(app, name).await?;
    let mut tx = app.store.write().await?;
    // Whoever disables or changes the account at this moment ends what is open: this invitation too, or there is none.
    if !rows::hold(&mut tx, &user).await?.is_done() {
        return Err(Refused::Changed);
    }
    let hours = send(app, &mut tx, &user).await?;
    tx.commit().await.map_err(super::Fault::from)?;
    Ok(Invited { user, hours })
}

/// Puts the mail into the outbox, in the transaction that makes or holds the account.
pub(super) async fn send(app: &App, tx: &mut Tx, user: &User) -> Result<i64, Refused> {
    let to = user.contact(Channel::Mail).ok_or(NotInvited::NoAddress)?;
    if !user.is_active() {
        return Err(NotInvited::Disabled.into());
    }
    let whose = ownership::of(tx, Some(user), Channel::Mail).await?;
    if user.password_hash.is_some() || whose != Some(Ownership::Nobody) {
        return Err(NotInvited::HasWayIn.into());
    }
    if !confirm::is_on(app, Way::Password) && !confirm::is_on(app, Way::Mail) && app.settings.providers.is_empty() {
        return Err(NotInvited::NoWay.into());
    }
    // No browser has begun it.
    let state = State::Invitation { to: to.clone() };
    let mut flow = codes::begin(app, state, Some(user.id.clone()), app.random.bytes(), Continue::Account);
    let token = codes::new_link(app, &mut flow, Leads::On);
    flows::insert(tx, &flow).await?;
    let life = app.settings.flows.invitation;
    let hours = codes::whole(life, 3600);
    let letter = Letter::Invitation { address: to.shown(), link: app.link(&format!("/invitation?token={token}")), hours };
    app.mail(tx, to.as_str(), &letter, tell::locale_of(user, app.default_locale()), life).await?;
    let event = Event { actor: Actor::Operator, ..tell::event(Kind::UserInvited, Origin::default()) };
    app.record(tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    Ok(hours)
}

/// What is behind a link.
#[derive(Debug)]
pub enum Opened {
    Open(Box<Flow>, Contact),
    Expired(Contact),
    /// Used, or ended by what happened to the account: this one.
    Over(Option<UserId>),
    /// Cut off, or no invitation.
    Unknown,
}

/// Looks and spends nothing: programs that read mail open links, too.
pub async fn open(app: &App, token: &str) -> Outcome<Opened> {
    let (Found::Here(flow) | Found::Elsewhere(flow)) = codes::by_link(app, token, None).await? else {
        return Ok(Opened::Unknown);
    };
    let State::Invitation { to } = &flow.state else { return Ok(Opened::Unknown) };
    let to = to.clone();
    let mut tx = app.store.read().await?;
    if flow.finished_at.is_some() || invited(&mut tx, &flow, &to).await?.is_none() {
        return Ok(Opened::Over(flow.user_id));
    }
    Ok(if flow.is_open(app.now()).is_ok() { Opened::Open(Box::new(flow), to) } else { Opened::Expired(to) })
}

/// The account of an invitation, as long as it is still nobody's and has the address.
async fn invited(tx: &mut Tx, flow: &Flow, to: &Contact) -> Outcome<Option<User>> {
    let Some(user_id) = &flow.user_id else { return Ok(None) };
    let user = rows::by_id(tx, user_id).await?.filter(|user| user.is_active() && user.has(to));
    let whose = ownership::of(tx, user.as_ref(), to.channel()).await?;
    Ok(user.filter(|_| whose == Some(Ownership::Nobody)))
}

/// The same, with the account's row held before any other: whoever comes by another link, or changes the account, waits and finds it changed.
async fn held(tx: &mut Tx, flow: &Flow, to: &Contact) -> Outcome<Option<User>> {
    for _ in 0..ATTEMPTS {
        let Some(user) = invited(tx, flow, to).await? else { return Ok(None) };
        if rows::hold(tx, &user).await?.is_done() {
            return Ok(Some(user));
        }
    }
    Err(StoreError::Overtaken.into())
}

/// The account becomes whose the mailbox is: exactly one of those who try at once gets it, and nothing of whoever had it before stays.
async fn take(app: &App, tx: &mut Tx, flow: &Flow, to: &Contact, requester: &Requester) -> Outcome<Option<User>> {
    let Some(user) = held(tx, flow, to).await? else { return Ok(None) };
    if !flows::finish(tx, &flow.id, app.now()).await?.is_done() {
        return Ok(None);
    }
    Ok(Some(ownership::claim(app, tx, user, to, requester).await?))
}

/// The same for somebody who has opened the link, and was elsewhere meanwhile. None if it is good no more.
pub(super) async fn accept_in(app: &App, tx: &mut Tx, id: &FlowId, requester: &Requester) -> Outcome<Option<User>> {
    let Some(flow) = flows::by_id(tx, id).await?.filter(|flow| flow.is_open(app.now()).is_ok()) else { return Ok(None) };
    let State::Invitation { to } = &flow.state else { return Ok(None) };
    take(app, tx, &flow, to, requester).await
}

/// What was signed in to this account has just ended.
pub(super) fn after<'a>(user: &User, arrival: &Arrival<'a>) -> Arrival<'a> {
    Arrival { before: arrival.before.filter(|before| before.user.id != user.id), flow: None, ..arrival.clone() }
}

/// What became of a chosen password.
#[derive(Debug)]
pub enum Accepted {
    SignedIn(SignedIn),
    Weak(Weakness),
    /// Used meanwhile, expired or ended.
    Over,
}

/// Takes the account over with a password. The link proves the address.
pub async fn accept(app: &App, token: &str, password: &str, arrival: &Arrival<'_>) -> Outcome<Accepted> {
    codes::limit(app, arrival.requester).await?;
    let Opened::Open(flow, to) = open(app, token).await? else { return Ok(Accepted::Over) };
    if !confirm::is_on(app, Way::Password) || flow.step(Step::PasswordSet, app.now()).is_err() {
        return Ok(Accepted::Over);
    }
    let found = invited(&mut app.store.read().await?, &flow, &to).await?;
    let Some(user) = found else { return Ok(Accepted::Over) };
    if let Err(weakness) = reset::judge(app, &user, password) {
        return Ok(Accepted::Weak(weakness));
    }
    let hash = app.hash(password).await?;
    let mut tx = app.store.write().await?;
    let now = app.now();
    let Some(mut user) = take(app, &mut tx, &flow, &to, arrival.requester).await? else { return Ok(Accepted::Over) };
    let read_at = user.updated_at;
    (user.password_hash, user.password_changed_at, user.updated_at) = (Some(hash), Some(now), reset::later(read_at, now));
    rows::update(&mut tx, &user, read_at).await?.or_overtaken()?;
    let detail = Some("chosen by the link of an invitation");
    let event = tell::event(Kind::PasswordChanged, arrival.requester.origin());
    app.record(&mut tx, Event { user_id: Some(user.id.clone()), detail, ..event }).await?;
    let arrival = after(&user, arrival);
    let given = vec![Method::first(MethodKind::sent_by(to.channel()), now), Method::first(MethodKind::Password, now)];
    let signed_in = sign_in::proceed(app, tx, &user, given, &arrival).await?;
    app.proof_given("invitation", signed_in.as_str(), arrival.requester);
    Ok(Accepted::SignedIn(signed_in))
}
