//! A forgotten password.

use std::time::Duration;

use super::codes::{self, Typed};
use super::destination::By;
use super::known_device::KnownDevice;
use super::limits::Purpose;
use super::notices::Notice;
use super::sign_in::{self, Arrival, SignedIn};
use super::{App, Outcome, Requester, ending, ownership, providers};
use crate::crypto::token::constant_time_eq;
use crate::engine::address::{self, Channel, Email, Identifier};
use crate::engine::ending::Cause;
use crate::engine::event::{Event, Kind};
use crate::engine::external::Identity;
use crate::engine::flow::{AccountPage, Asked, Continue, Flow, FlowKind, HalfSignedIn, Next, State, Step};
use crate::engine::linking::{Standing, stays_after_reset};
use crate::engine::method::{Method, MethodKind};
use crate::engine::ownership::Ownership;
use crate::engine::password::{self, Weakness};
use crate::engine::session::Session;
use crate::engine::sign_in::second_factors;
use crate::engine::user::User;
use crate::ids::UserId;
use crate::store::sessions::Which;
use crate::store::{StoreError, Tx, enrolled, flows, identities, lock_down, users};
use crate::time::Timestamp;

/// What became of a beginning.
#[derive(Debug)]
pub enum Started {
    /// The message is on its way, if the account is there.
    Sent(Box<Flow>),
    /// No SMS goes to such numbers now.
    NoSms,
}

/// Begins a reset. `known`: whoever has signed in in this browser before. Known or not, the same page follows; only the mail knows.
pub async fn start(
    app: &App,
    identifier: &str,
    browser: [u8; 32],
    continue_to: &Continue,
    known: Option<&KnownDevice>,
    requester: &Requester,
) -> Outcome<Started> {
    let typed = identifier;
    let identifier = app.identifier(typed);
    app.limit_requester(Purpose::Reset, app.settings.limits.reset_requester, requester).await?;
    let mut tx = app.store.write().await?;
    // Who typed a number is sent an SMS; who typed a name or an address, a mail.
    let channel = if matches!(identifier, Identifier::Phone(_)) { Channel::Sms } else { Channel::Mail };
    let found = users::by_identifier(&mut tx, &identifier).await?;
    let whose = ownership::of(&mut tx, found.as_ref(), channel).await?;
    let found = found.filter(|user| user.is_active() && user.contact(channel).is_some());
    let concerned = found.as_ref().map(|user| user.id.clone());
    let user = found.filter(|_| whose != Some(Ownership::SomebodyElse));
    let user_id = user.as_ref().map(|user| user.id.clone());
    let by = By::naming(user.as_ref(), known, requester);
    let to = user.as_ref().and_then(|user| user.contact(channel));
    let proved = user.as_ref().is_some_and(|user| user.is_verified(channel));
    let Some(recipient) = codes::asked(app, &mut tx, typed, to.as_ref(), by, proved).await?.or_wait(app)? else {
        return Ok(Started::NoSms);
    };
    let asked = Asked { identifier: address::kept(typed).to_owned(), channel, to, known: matches!(by, By::Owner) };
    let mut flow = codes::begin(app, State::Reset(Box::new(asked)), user_id.clone(), browser, continue_to.clone());
    let locale = user.as_ref().map_or(requester.locale, |user| super::tell::locale_of(user, requester.locale));
    codes::send(app, &mut tx, &mut flow, recipient, locale).await?;
    flows::insert(&mut tx, &flow).await?;
    // For the operator whom somebody asks where the message is.
    let detail = (concerned.is_some() && user.is_none()).then_some("nothing was sent: the contact was never proved");
    let event = super::tell::event(Kind::PasswordResetRequested, requester.origin());
    app.record(&mut tx, Event { user_id: concerned, detail, ..event }).await?;
    tx.commit().await?;
    Ok(Started::Sent(Box::new(flow)))
}

/// Whether a reset that is under way may reach its account: the contact is still its own, and leads to nobody else's account. The same work
/// for known and unknown people.
pub(super) async fn may_reach(app: &App, tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
    let nobody = || UserId::new(app.now(), &app.random);
    let user = users::by_id(tx, &flow.user_id.clone().unwrap_or_else(nobody)).await?;
    let whose = ownership::of(tx, user.as_ref(), codes::channel(flow)).await?;
    let own = user.is_some_and(|user| user.is_active() && flow.state.destination().is_some_and(|to| user.has(to)));
    Ok(own && whose != Some(Ownership::SomebodyElse))
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
    match codes::judge(app, &mut tx, flow, text, requester).await? {
        Typed::Right => {
            codes::arrived(app, &mut tx, flow).await?;
            prove(app, tx, flow).await
        }
        wrong => {
            tx.commit().await?;
            Ok(if wrong == Typed::Spent { Proof::CodeSpent } else { Proof::CodeWrong })
        }
    }
}

/// The mail's link, in any browser. Elsewhere than in the browser that asked, a journey of that browser's own goes on: a scanner that
/// presses the button gains a form and takes nothing away, neither the link nor the code that the asking browser waits for. Whichever
/// sets a password ends the others.
pub async fn prove_by_link(app: &App, flow: &Flow, browser: [u8; 32], requester: &Requester) -> Outcome<Proof> {
    codes::limit(app, requester).await?;
    let (State::Reset(_) | State::ResetProved { .. }, Some(to), Ok(())) =
        (&flow.state, flow.state.destination(), flow.is_open(app.now()))
    else {
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
    let state = State::ResetProved { to: to.clone() };
    let proved = codes::begin(app, state, flow.user_id.clone(), browser, flow.continue_to.clone().elsewhere());
    let proved = Flow { expires_at: flow.expires_at, ..proved };
    flows::insert(&mut tx, &proved).await?;
    tx.commit().await?;
    Ok(Proof::Choose(Box::new(proved)))
}

async fn prove(app: &App, mut tx: Tx, flow: &Flow) -> Outcome<Proof> {
    let Ok(Next::State(state)) = flow.step(Step::Proved, app.now()) else { return Ok(Proof::Over) };
    if !flows::advance(&mut tx, &flow.id, &flow.state, &state).await?.is_done() {
        return Ok(Proof::Over);
    }
    tx.commit().await?;
    Ok(Proof::Choose(Box::new(Flow { state, ..flow.clone() })))
}

#[derive(Debug)]
pub enum Reset {
    /// Signed in, where to go, and the providers from which the account was disconnected.
    Done(Box<Session>, Continue, Vec<String>),
    /// A second factor is wanted first: a reset never passes it, and the password takes effect with it.
    More(Box<Flow>),
    Weak(Weakness),
    Over,
}

/// Sets the new password. Everything that was signed in ends, pending changes die, and the address counts as proved. With two-step
/// verification on, all of that waits for the second factor.
pub async fn finish(app: &App, flow: &Flow, password: &str, arrival: &Arrival<'_>) -> Outcome<Reset> {
    let requester = arrival.requester;
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
    let Some(mut user) = users::by_id(&mut tx, user_id).await?.filter(User::is_active) else { return Ok(Reset::Over) };
    // From here on, whoever adds a factor has to wait and finds the account changed, or was faster and is seen below.
    users::hold(&mut tx, &user).await?.or_overtaken()?;
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done() {
        return Ok(Reset::Over);
    }
    // The journey proved the address it was sent to; if that is no longer the account's, it proves nothing.
    let Some(to) = flow.state.destination().filter(|to| user.has(to)).cloned() else { return Ok(Reset::Over) };
    // Nor does one that nobody had proved, if somebody has shown meanwhile that the account is theirs.
    let whose = ownership::of(&mut tx, Some(&user), to.channel()).await?;
    if whose == Some(Ownership::SomebodyElse) {
        tx.commit().await?;
        return Ok(Reset::Over);
    }
    let channel = to.channel();
    let how = MethodKind::sent_by(channel);
    let given = vec![Method::first(how, now)];
    let before = arrival.before.filter(|before| before.user.id != user.id);
    let continue_to = destination(&mut tx, &user, flow).await?;
    let arrival = Arrival { before, continue_to: &continue_to, flow: None, ..arrival.clone() };
    if whose == Some(Ownership::Nobody) {
        // Whoever made the account need not be whose address it is: nothing they put there leads back in.
        lock_down::forget_everything(&mut tx, &user.id).await?;
        flows::cancel(&mut tx, &[FlowKind::Alarm], &user.id, now).await?;
        user.set_contact(to, Some(now));
    }
    let enrolled = enrolled::of(&mut tx, &user).await?;
    if enrolled.is_on() && !second_factors(&enrolled, &given).is_empty() {
        let half = HalfSignedIn { new_password: Some(hash), ..HalfSignedIn::new(given, arrival.remember) };
        return match sign_in::begin(app, tx, &user, State::SecondFactor(Box::new(half)), &arrival).await? {
            SignedIn::More(flow) => Ok(Reset::More(flow)),
            SignedIn::Done(_) | SignedIn::Wrong | SignedIn::Disabled => Ok(Reset::Over),
        };
    }
    let (user, disconnected) = take_effect(app, &mut tx, user, Effect { hash, proofs: &given }, requester).await?;
    if whose == Some(Ownership::Nobody) {
        ownership::tell_other(app, &mut tx, &user, channel, requester).await?;
    }
    // Whoever has chosen the password knows it: nobody asks for it at the next door.
    let given = [given, vec![Method::first(MethodKind::Password, now)]].concat();
    match sign_in::proceed(app, tx, &user, given, &arrival).await? {
        SignedIn::Done(session) => Ok(Reset::Done(session, continue_to, disconnected)),
        SignedIn::More(flow) => Ok(Reset::More(flow)),
        SignedIn::Wrong | SignedIn::Disabled => Ok(Reset::Over),
    }
}

/// Where the journey leads. After a lock, who is on the way to their account sees first what is connected with it: from now on that is enough
/// again to sign in.
async fn destination(tx: &mut Tx, user: &User, flow: &Flow) -> Outcome<Continue> {
    Ok(match &flow.continue_to {
        Continue::Account if user.is_locked() && !identities::of_user(tx, &user.id).await?.is_empty() => {
            Continue::Page { page: AccountPage::Identities }
        }
        // The password was changed just now; that page would ask for it.
        Continue::Page { page: AccountPage::Password } => Continue::Account,
        other => other.clone(),
    })
}

/// The names of these identities' providers, each once.
fn names(app: &App, identities: &[Identity]) -> Vec<String> {
    let mut names = Vec::new();
    for identity in identities {
        let name = providers::find(app, &identity.provider).map_or(&identity.provider, |provider| &provider.name);
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Disconnects the identities of an account whose address nobody had proved here before, and whose owner is here now: for good.
/// Whose second factors these are is not known by an address, so they stay.
async fn disconnect(app: &App, tx: &mut Tx, user: &User, vouched_by: &str, requester: &Requester) -> Outcome<Vec<String>> {
    let address = Standing::Vouched(providers::linking(app, vouched_by));
    let mut gone = identities::of_user(tx, &user.id).await?;
    gone.retain(|identity| !stays_after_reset(address, providers::linking(app, &identity.provider)));
    for identity in &gone {
        // Gone is gone.
        identities::delete(tx, &user.id, &identity.id).await?.either_way();
        let event = super::tell::event(Kind::IdentityDisconnected, requester.origin());
        let detail = providers::come_back::detail(app, &identity.provider);
        app.record(tx, Event { user_id: Some(user.id.clone()), detail, ..event }).await?;
    }
    Ok(names(app, &gone))
}

/// A new password, and what was proved for it.
#[derive(Clone, Debug)]
pub(super) struct Effect<'a> {
    pub hash: String,
    pub proofs: &'a [Method],
}

/// The new password is the account's: everything that was signed in ends, and its owner hears of it. Also gives the names of the providers from which
/// the account is disconnected now.
pub(super) async fn take_effect(
    app: &App,
    tx: &mut Tx,
    mut user: User,
    effect: Effect<'_>,
    requester: &Requester,
) -> Outcome<(User, Vec<String>)> {
    let Effect { hash, proofs } = effect;
    let (read_at, now) = (user.updated_at, app.now());
    (user.password_hash, user.password_changed_at, user.updated_at) = (Some(hash), Some(now), later(read_at, now));
    let by_mail = proofs.iter().any(|proof| proof.kind == MethodKind::Mail);
    let vouched_by = if by_mail { user.email_vouched_by.take() } else { None };
    if !users::update(tx, &user, read_at).await?.is_done() {
        return Err(StoreError::Overtaken.into());
    }
    let event = super::tell::event(Kind::PasswordReset, requester.origin());
    ending::end(app, tx, &user.id, Which::All, Cause::PasswordReset, &event).await?;
    app.record(tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    let disconnected = match vouched_by {
        Some(vouched_by) => disconnect(app, tx, &user, &vouched_by, requester).await?,
        None => Vec::new(),
    };
    app.notify(tx, &user, Notice::PasswordChanged { disconnected: disconnected.clone() }, requester).await?;
    Ok((user, disconnected))
}

/// The time of a change, strictly after the one before, so that the guard sees two changes within one millisecond.
pub(super) fn later(read_at: Timestamp, now: Timestamp) -> Timestamp {
    now.max(read_at + Duration::from_millis(1))
}

/// A new password against the rules and the person's own words.
pub(super) fn judge(app: &App, user: &User, password: &str) -> Result<(), Weakness> {
    let email = user.email.as_ref().map(Email::key).unwrap_or_default();
    let username = user.username.as_ref().map(address::Username::key).unwrap_or_default();
    let name = user.profile.name.as_deref().unwrap_or_default();
    password::judge(password, app.settings.passwords.min_length, &[email, username, name, &app.settings.pages.name])
}
