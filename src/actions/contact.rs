//! Changing one's address or number: asked for, proved. How it is taken back: `notices`.

use super::account::{own, write};
use super::codes::{self, Recipient, Typed};
use super::destination::By;
use super::limits::Purpose;
use super::notices::{self, Notice};
use super::session::Current;
use super::{App, Outcome, Requester, ownership, providers};
use crate::engine::address::{Channel, Contact, Email, NotAnEmail};
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, FlowKind, State, Step};
use crate::engine::method::MethodKind;
use crate::engine::user::User;
use crate::store::{Guarded, StoreError, enrolled, flows, users};

#[derive(Debug)]
pub enum Change {
    Sent(Box<Flow>),
    /// Not an address, or not a number.
    NotAnEmail(NotAnEmail),
    NotAPhone,
    Same,
    /// No SMS goes to such numbers now.
    NoSms,
}

/// The change that waits for its address or number to be proved.
pub async fn pending(app: &App, current: &Current, channel: Channel) -> Outcome<Option<Flow>> {
    Ok(flows::open_of(&mut app.store.read().await?, FlowKind::change(channel), &current.user.id, app.now()).await?)
}

/// Asks for another address or number. It becomes the account's once it is proved; one that belongs to somebody looks the same from here.
/// The caller has made sure that the proof is fresh.
pub async fn request(
    app: &App,
    current: &Current,
    channel: Channel,
    typed: &str,
    browser: [u8; 32],
    requester: &Requester,
) -> Outcome<Change> {
    let to = match channel {
        Channel::Mail => Email::typed(typed).map(Contact::Email).map_err(Change::NotAnEmail),
        Channel::Sms => app.phone(typed).map(Contact::Phone).map_err(|_| Change::NotAPhone),
    };
    let to = match to {
        Ok(to) => to,
        Err(change) => return Ok(change),
    };
    if current.user.has(&to) && current.user.is_verified(channel) {
        return Ok(Change::Same);
    }
    app.limit_requester(Purpose::ChangeEmail, app.settings.limits.reset_requester, requester).await?;
    let new = to.shown();
    let mut tx = app.store.write().await?;
    if !users::hold(&mut tx, &current.user).await?.is_done() {
        // What was proved before may be proved no more.
        return Err(StoreError::Overtaken.into());
    }
    let by = By::Anywhere(requester);
    let Some(recipient) = codes::asked(app, &mut tx, to.as_str(), Some(&to), by, false).await?.or_wait(app)? else {
        return Ok(Change::NoSms);
    };
    let owner = users::by_identifier(&mut tx, &to.identifier()).await?.filter(|owner| owner.id != current.user.id);
    let gives_way = ownership::gives_way(&mut tx, owner.as_ref(), channel).await?;
    let owner = owner.filter(|_| !gives_way);
    flows::cancel(&mut tx, &[FlowKind::change(channel)], &current.user.id, app.now()).await?;
    let mut flow = codes::begin(app, State::Change { to }, Some(current.user.id.clone()), browser, Continue::Account);
    let locale = super::tell::locale_of(&current.user, requester.locale);
    let recipient = if owner.is_none() { recipient } else { Recipient::Nobody };
    codes::send(app, &mut tx, &mut flow, recipient, locale).await?;
    flows::insert(&mut tx, &flow).await?;
    let (kind, notice) = match channel {
        Channel::Mail => (Kind::EmailChangeRequested, Notice::EmailChangeRequested { new }),
        Channel::Sms => (Kind::PhoneChangeRequested, Notice::PhoneChangeRequested { new }),
    };
    app.record(&mut tx, own(current, kind, requester)).await?;
    app.notify(&mut tx, &current.user, notice, requester).await?;
    tx.commit().await?;
    Ok(Change::Sent(Box::new(flow)))
}

/// Gives up the change that waits.
pub async fn cancel(app: &App, current: &Current, channel: Channel) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    flows::cancel(&mut tx, &[FlowKind::change(channel)], &current.user.id, app.now()).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    Done,
    /// Codes are sent there at sign-in.
    SecondFactor,
    /// Nobody could get into the account any more.
    LastWayIn,
    Gone,
}

/// Takes the address or number off the account. What it was is remembered, told and can be taken back like a change. The caller has made sure that
/// the proof is fresh.
pub async fn remove(app: &App, current: &Current, channel: Channel, requester: &Requester) -> Outcome<Removed> {
    let mut tx = app.store.write().await?;
    users::hold(&mut tx, &current.user).await?.or_overtaken()?;
    let Some(mut user) = users::by_id(&mut tx, &current.user.id).await? else { return Ok(Removed::Gone) };
    let Some(old) = user.contact(channel) else { return Ok(Removed::Gone) };
    let sent = MethodKind::sent_by(channel);
    let enrolled = enrolled::of(&mut tx, &user).await?;
    if enrolled.factors.iter().any(|factor| factor.kind.as_str() == sent.as_str()) {
        return Ok(Removed::SecondFactor);
    }
    let previous = user.verified(channel);
    user.remove_contact(channel);
    if !providers::own::can_sign_in(app, &mut tx, &user).await? {
        return Ok(Removed::LastWayIn);
    }
    write(app, &mut tx, user.clone()).await?.or_overtaken()?;
    // Codes on their way there prove nothing any more.
    let sent = [FlowKind::change(channel), FlowKind::Reset, FlowKind::SignInCode, FlowKind::SecondFactor, FlowKind::Enrol];
    flows::cancel(&mut tx, &sent, &user.id, app.now()).await?;
    let event = Event { detail: Some("a contact was removed"), ..own(current, Kind::UserUpdated, requester) };
    app.record(&mut tx, event).await?;
    notices::contact_removed(app, &mut tx, previous, &old, &user, requester).await?;
    tx.commit().await?;
    Ok(Removed::Done)
}

/// How the new address or number is proved.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The code, typed by the person signed in.
    Code(&'a str),
    /// The mail's link, opened where the person is signed in.
    Link,
    /// The mail's link elsewhere, with the account's password.
    LinkAndPassword(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub enum Confirmed {
    Done,
    CodeWrong,
    CodeSpent,
    PasswordWrong,
    Over,
}

/// Makes the pending address the account's. The old one gets a notice with a way back.
pub async fn confirm(
    app: &App,
    flow: &Flow,
    proof: Proof<'_>,
    current: Option<&Current>,
    requester: &Requester,
) -> Outcome<Confirmed> {
    codes::limit(app, requester).await?;
    let (Ok(_), Some(user_id), State::Change { to }) = (flow.step(Step::Proved, app.now()), &flow.user_id, &flow.state) else {
        return Ok(Confirmed::Over);
    };
    match proof {
        Proof::LinkAndPassword(password) => {
            let user = users::by_id(&mut app.store.read().await?, user_id).await?;
            let stored = user.as_ref().and_then(|user| user.password_hash.clone());
            app.limit_sign_in(requester, user_id.as_str()).await?;
            if !matches!(app.verify(password, stored).await?, crate::crypto::password::Verdict::Right { .. }) {
                app.proof_given("password", "wrong", requester);
                return Ok(Confirmed::PasswordWrong);
            }
        }
        Proof::Code(_) | Proof::Link if !codes::concerns(flow, current) => return Ok(Confirmed::Over),
        Proof::Code(_) | Proof::Link => {}
    }
    let mut tx = app.store.write().await?;
    if let Proof::Code(text) = proof {
        match codes::judge(app, &mut tx, flow, text, requester).await? {
            Typed::Right => {}
            Typed::Wrong => return tx.commit().await.map(|()| Confirmed::CodeWrong).map_err(Into::into),
            Typed::Spent => return tx.commit().await.map(|()| Confirmed::CodeSpent).map_err(Into::into),
        }
    }
    let now = app.now();
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done() {
        return Ok(Confirmed::Over);
    }
    let Some(mut user) = users::by_id(&mut tx, user_id).await?.filter(User::is_active) else { return Ok(Confirmed::Over) };
    let previous = user.verified(to.channel()).filter(|previous| previous.key() != to.key());
    if !user.has(to) {
        // If another account has it and does not give way, writing says that it is taken.
        ownership::make_room(app, &mut tx, to, requester).await?;
    }
    user.set_contact(to.clone(), Some(now));
    match write(app, &mut tx, user.clone()).await {
        Ok(Guarded::Done) => {}
        // Somebody has proved it before.
        Ok(Guarded::Overtaken) | Err(StoreError::Taken) => return Ok(Confirmed::Over),
        Err(error) => return Err(error.into()),
    }
    codes::arrived(app, &mut tx, flow).await?;
    // A code for the old address, or what it proved, must not outlive the change.
    let sent = [FlowKind::Reset, FlowKind::SignInCode, FlowKind::SecondFactor, FlowKind::Enrol];
    flows::cancel(&mut tx, &sent, &user.id, now).await?;
    let kind = match to.channel() {
        Channel::Mail => Kind::EmailChanged,
        Channel::Sms => Kind::PhoneChanged,
    };
    let event = super::tell::event(kind, requester.origin());
    app.record(&mut tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    notices::contact_changed(app, &mut tx, previous, &user, to.channel(), requester).await?;
    tx.commit().await?;
    Ok(Confirmed::Done)
}
