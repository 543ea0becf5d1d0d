//! Contacts that nobody proved: whose account they lead to, and how one is given up to whoever proves it.

use super::notices::Notice;
use super::{App, Outcome, Requester, ending, reset, tell};
use crate::engine::address::{Channel, Contact, Username};
use crate::engine::ending::Cause;
use crate::engine::event::{Event, Kind};
use crate::engine::ownership::{Facts, Ownership, ownership};
use crate::engine::user::User;
use crate::store::sessions::Which;
use crate::store::{Tx, enrolled, flows, lock_down, users};

/// Whose this account is for somebody who proves its contact of this channel. Without an account the same work is done.
pub(super) async fn of(tx: &mut Tx, user: Option<&User>, channel: Channel) -> Outcome<Option<Ownership>> {
    let credential = enrolled::has_credential(tx, user.map(|user| &user.id)).await?;
    Ok(user.map(|user| {
        let other_proved = user.is_verified(channel.other());
        ownership(Facts { proved: user.is_verified(channel), other_proved, credential })
    }))
}

/// Whether an account gives up its contact of this channel to whoever proves it. One that an operator has shut gives nothing up.
pub(super) async fn gives_way(tx: &mut Tx, user: Option<&User>, channel: Channel) -> Outcome<bool> {
    let ownership = of(tx, user, channel).await?;
    Ok(ownership == Some(Ownership::SomebodyElse) && user.is_some_and(User::is_active))
}

/// Takes an unproved contact from the account that has it, if it gives way, for somebody who has proved it. True if the contact is free now.
pub(super) async fn make_room(app: &App, tx: &mut Tx, contact: &Contact, requester: &Requester) -> Outcome<bool> {
    let Some(holder) = users::by_identifier(tx, &contact.identifier()).await? else { return Ok(true) };
    if !gives_way(tx, Some(&holder), contact.channel()).await? {
        return Ok(false);
    }
    take_from(app, tx, holder, contact.channel(), requester).await.map(|()| true)
}

/// Takes its contact of this channel from an account that never proved it. It keeps everything else, and its owner hears of it. Where it has
/// no other name left it gets one, or its password would open nothing.
pub(super) async fn take_from(app: &App, tx: &mut Tx, mut holder: User, channel: Channel, requester: &Requester) -> Outcome<()> {
    let Some(gone) = holder.contact(channel) else { return Ok(()) };
    let (read_at, now) = (holder.updated_at, app.now());
    holder.remove_contact(channel);
    let nameless = !holder.has_identifier();
    if nameless {
        holder.username = Some(Username::invented(app.random.bytes()));
    }
    holder.updated_at = reset::later(read_at, now);
    users::update(tx, &holder, read_at).await?.or_overtaken()?;
    // Codes on their way to the contact are its owner's now.
    flows::cancel_all(tx, &holder.id, now).await?;
    let event = tell::event(Kind::UserUpdated, requester.origin());
    let detail = Some(match nameless {
        false => "a contact, unproved here, was proved by somebody else",
        // Nobody is reachable there: the operator passes it on, or the owner reads it where they are still signed in.
        true => "a contact, unproved here, was proved by somebody else; the account had no other name, and it got a user name",
    });
    app.record(tx, Event { user_id: Some(holder.id.clone()), detail, ..event }).await?;
    app.notify(tx, &holder, Notice::ContactRemoved { old: gone.shown() }, requester).await
}

/// Gives an account that belongs to nobody yet to whoever has just proved this contact of it. Whoever made it need not be whose contact it is:
/// nothing they put there leads back in, a password neither.
pub(super) async fn claim(app: &App, tx: &mut Tx, mut user: User, contact: &Contact, requester: &Requester) -> Outcome<User> {
    let (read_at, now) = (user.updated_at, app.now());
    let had_password = user.password_hash.take().is_some();
    user.password_changed_at = had_password.then_some(now).or(user.password_changed_at);
    user.set_contact(contact.clone(), Some(now));
    user.updated_at = reset::later(read_at, now);
    users::update(tx, &user, read_at).await?.or_overtaken()?;
    lock_down::forget_everything(tx, &user.id).await?;
    let by = tell::event(Kind::SignedOut, requester.origin());
    ending::end(app, tx, &user.id, Which::All, Cause::Claimed, &by).await?;
    let kind = match contact.channel() {
        Channel::Mail => Kind::EmailVerified,
        Channel::Sms => Kind::PhoneVerified,
    };
    let event = tell::event(kind, requester.origin());
    let detail = Some("of an account that belonged to nobody");
    app.record(tx, Event { user_id: Some(user.id.clone()), detail, ..event }).await?;
    if had_password {
        app.notify(tx, &user, Notice::PasswordChanged { disconnected: Vec::new() }, requester).await?;
        tell_other(app, tx, &user, contact.channel(), requester).await?;
    }
    Ok(user)
}

/// The other contact of an account that belonged to nobody was never proved either, so it gets no link; but its reader hears that the password from
/// before works no more.
pub(super) async fn tell_other(app: &App, tx: &mut Tx, user: &User, proved: Channel, requester: &Requester) -> Outcome<()> {
    let Some(other) = user.contact(proved.other()) else { return Ok(()) };
    let notice = Notice::PasswordChanged { disconnected: Vec::new() };
    app.notify_without_link(tx, user, &other, notice, Some(requester)).await
}
