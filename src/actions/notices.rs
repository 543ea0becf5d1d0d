//! Security notices, and what follows when their reader says "this was not me".
//!
//! Every address that the account could be reached at before any change of the last hours (`flows.undo_hours`) gets a link that locks the
//! account down. An address that such a change brought is told too, but gets no link: it may be the intruder's.

use std::time::Duration;

use super::codes::{self, Leads};
use super::{App, Fault, Outcome, Requester, ending, reset};
use crate::engine::address::{Channel, Contact};
use crate::engine::ending::Cause;
use crate::engine::event::{Event, Kind};
use crate::engine::external::Identity;
use crate::engine::flow::{Continue, Flow, State, Step};
use crate::engine::passkey::Passkey;
use crate::engine::sms_guard::Verdict;
use crate::engine::user::User;
use crate::gateways::mail::letters::{Letter, Notified};
pub use crate::gateways::notice::Notice;
use crate::gateways::sms::texts::Sms;
use crate::ids::{AddressChangeId, UserId};
use crate::store::address_changes::{self, AddressChange};
use crate::store::sessions::Which;
use crate::store::{Guarded, StoreError, Tx, flows, identities, lock_down, passkeys, users};

/// How often a lock is tried again when another request has changed the account in between.
const ATTEMPTS: usize = 5;
const CHANNELS: [Channel; 2] = [Channel::Mail, Channel::Sms];

/// Somebody to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reader {
    to: Contact,
    /// Whether this address was the account's before the changes of the last hours, so that its reader may take them back.
    trusted: bool,
}

/// Everybody whom a notice goes to: the present address and number, if proved, and those of before; but none of before the operator's changes.
fn readers(user: &User, changes: &[AddressChange]) -> Vec<Reader> {
    let mut readers: Vec<Reader> = Vec::new();
    for channel in CHANNELS {
        let own = changes.iter().filter(|change| change.channel == channel && !change.by_operator);
        let mut before = own.map(|change| change.previous.clone());
        let present = user.verified(channel);
        // What came before all changes, and what only stood in between or is new.
        let (oldest, lately) = match before.next() {
            None => (present, Vec::new()),
            Some(oldest) => (oldest, before.chain([present]).flatten().collect()),
        };
        let found = oldest.map(|to| Reader { to, trusted: true }).into_iter();
        for reader in found.chain(lately.into_iter().map(|to| Reader { to, trusted: false })) {
            if readers.iter().all(|known| known.to.key() != reader.to.key()) {
                readers.push(reader);
            }
        }
    }
    readers
}

/// Whom the operator's changes of the last hours left behind. Whoever could change an address by the operator's hand must not go on to the
/// password unheard. No more than that is their business: the old mailbox may be the reason for the change.
fn left_behind(notice: &Notice, changes: &[AddressChange], told: &[Reader]) -> Vec<Contact> {
    let mut left: Vec<Contact> = Vec::new();
    if matches!(notice, Notice::PasswordChanged { .. }) {
        let former = changes.iter().filter(|change| change.by_operator).filter_map(|change| change.previous.as_ref());
        for to in former.filter(|to| told.iter().all(|reader| reader.to.key() != to.key())) {
            if left.iter().all(|known| known.key() != to.key()) {
                left.push(to.clone());
            }
        }
    }
    left
}

/// The network somebody came from, not the exact address: the first three numbers of IPv4, the first three groups of IPv6.
fn place(requester: &Requester) -> String {
    match requester.address.to_canonical() {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.x")
        }
        std::net::IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:x")
        }
    }
}

/// How far back a lock goes, in whole hours.
pub fn window_hours(app: &App) -> i64 {
    codes::whole(app.settings.flows.undo, 3600)
}

impl App {
    /// Tells a person what happened to their account, wherever they can be reached, in the transaction of the change.
    pub(in crate::actions) async fn notify(
        &self,
        tx: &mut Tx,
        user: &User,
        notice: Notice,
        requester: &Requester,
    ) -> Outcome<()> {
        let changes = address_changes::of_user(tx, &user.id, self.now()).await?;
        let readers = readers(user, &changes);
        for to in left_behind(&notice, &changes, &readers) {
            self.send_notice(tx, user, &to, notice.clone(), None, Some(requester)).await?;
        }
        for Reader { to, trusted } in readers {
            let link = match trusted {
                true => Some(self.alarm(tx, &user.id, &to).await?),
                false => None,
            };
            self.send_notice(tx, user, &to, notice.clone(), link, Some(requester)).await?;
        }
        Ok(())
    }

    /// Tells the reader of one contact, who may know of it and may not take it back. Without a requester it was the operator.
    pub(in crate::actions) async fn notify_without_link(
        &self,
        tx: &mut Tx,
        user: &User,
        to: &Contact,
        notice: Notice,
        requester: Option<&Requester>,
    ) -> Outcome<()> {
        self.send_notice(tx, user, to, notice, None, requester).await
    }

    async fn send_notice(
        &self,
        tx: &mut Tx,
        user: &User,
        to: &Contact,
        notice: Notice,
        link: Option<String>,
        requester: Option<&Requester>,
    ) -> Outcome<()> {
        let locale = super::tell::locale_of(user, requester.map_or(self.default_locale(), |requester| requester.locale));
        let text = self.text(locale);
        let zone = user.profile.zoneinfo.as_deref().unwrap_or("UTC");
        let notified = Notified {
            notice,
            when: text.moment(self.now().millis(), zone),
            device: requester.map(|requester| requester.origin().device).unwrap_or_default(),
            place: requester.map(place).unwrap_or_default(),
            link,
            hours: window_hours(self),
            by_operator: requester.is_none(),
        };
        self.tell(tx, to, &Letter::Notice(Box::new(notified)), locale, self.settings.flows.undo).await
    }

    /// A link that locks this account.
    async fn alarm(&self, tx: &mut Tx, user_id: &UserId, to: &Contact) -> Outcome<String> {
        let state = State::Alarm { to: to.clone() };
        let mut flow = codes::begin(self, state, Some(user_id.clone()), self.random.bytes(), Continue::Account);
        let token = codes::new_link(self, &mut flow, Leads::On);
        flows::insert(tx, &flow).await?;
        Ok(self.link(&format!("/wasnt-me?token={token}")))
    }

    async fn tell(
        &self,
        tx: &mut Tx,
        to: &Contact,
        letter: &Letter,
        locale: crate::locale::Locale,
        useful: Duration,
    ) -> Outcome<()> {
        match to {
            Contact::Email(email) => self.mail(tx, email.as_str(), letter, locale, useful).await,
            // Short: what happened, and the link to object or, where the reader may not, the account.
            Contact::Phone(phone) if self.may_notify_by_text(tx, phone).await? == Verdict::Allowed => {
                let (words, link) = match letter {
                    Letter::Notice(notified) => {
                        let words = notified.notice.heading(&self.text(locale));
                        (words, notified.link.clone().unwrap_or_else(|| self.link("/account")))
                    }
                    Letter::LockedDown { reset } => (self.text(locale).t("mail-locked").into_owned(), reset.clone()),
                    _ => return Ok(()),
                };
                self.sms(tx, Some(phone), &Sms::Notice { words: format!("{words}."), link }, locale, useful).await
            }
            // The guard holds it back; the mail says more.
            Contact::Phone(_) => Ok(()),
        }
    }
}

/// Remembers what an account's address or number was, and tells the old one and the new one. `user` is the account as it has become;
/// `previous` what it had, if that was proved.
pub(super) async fn contact_changed(
    app: &App,
    tx: &mut Tx,
    previous: Option<Contact>,
    user: &User,
    channel: Channel,
    requester: &Requester,
) -> Outcome<()> {
    let Some(new) = user.contact(channel) else { return Ok(()) };
    if previous.as_ref().is_some_and(|previous| previous.key() == new.key()) {
        return Ok(());
    }
    let (old, new) = (previous.as_ref().map(Contact::shown), new.shown());
    remember(app, tx, user, AddressChange { channel, previous, by_operator: false }).await?;
    let notice = match channel {
        Channel::Mail => Notice::EmailChanged { previous: old, new },
        Channel::Sms => Notice::PhoneChanged { previous: old, new },
    };
    app.notify(tx, user, notice, requester).await
}

/// The same where an account has one no more. `previous`: what it had, if that was proved.
pub(super) async fn contact_removed(
    app: &App,
    tx: &mut Tx,
    previous: Option<Contact>,
    old: &Contact,
    user: &User,
    requester: &Requester,
) -> Outcome<()> {
    remember(app, tx, user, AddressChange { channel: old.channel(), previous, by_operator: false }).await?;
    app.notify(tx, user, Notice::ContactRemoved { old: old.shown() }, requester).await
}

/// For whoever takes it back.
async fn remember(app: &App, tx: &mut Tx, user: &User, change: AddressChange) -> Outcome<()> {
    let now = app.now();
    let id = AddressChangeId::new(now, &app.random);
    Ok(address_changes::insert(tx, &id, &user.id, &change, now, now + app.settings.flows.undo).await?)
}

#[derive(Debug)]
pub enum Lock {
    Done(Box<LockedDown>),
    /// The link is used up, too old or not of this kind.
    Over,
}

/// Something that leads into the account, and whether the lock brought it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left<T> {
    pub what: T,
    pub restored: bool,
}

/// What a lock did, besides ending every session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedDown {
    /// The address that is the account's again.
    pub email: Option<Contact>,
    /// The number that is.
    pub phone: Option<Contact>,
    /// One from before is another account's by now; this one has none in its place.
    pub taken: bool,
    /// Factors, passkeys, recovery codes or identities were removed or came back.
    pub credentials: bool,
    /// What the account is connected with now. The owner may have removed one on purpose that came back.
    pub identities: Vec<Left<Identity>>,
    /// Passkeys and security keys.
    pub passkeys: Vec<Left<Passkey>>,
    /// Coming through a provider takes a code from the mailbox as well.
    pub mailbox: bool,
    /// The account has an address or number to which a new password can be sent for.
    pub way_in: bool,
}

/// Locks an account whose owner says that somebody else was in it: everything that is signed in ends, what was changed in the last hours is
/// taken back, and the password works no more. The way back in is a reset by the address that is restored; until then a provider alone is not
/// enough to come in ([`crate::engine::sign_in::wants_mailbox`]). Works without signing in.
pub async fn lock_down(app: &App, flow: &Flow, requester: &Requester) -> Outcome<Lock> {
    codes::limit(app, requester).await?;
    let (Ok(_), Some(user_id)) = (flow.step(Step::Raised, app.now()), &flow.user_id) else { return Ok(Lock::Over) };
    for _ in 0..ATTEMPTS {
        match lock(app, flow, user_id, requester).await {
            Ok(Some(done)) => return Ok(done),
            Ok(None) | Err(Fault::Store(StoreError::Deadlock(_))) => {}
            Err(fault) => return Err(fault),
        }
        tracing::info!(user_id = user_id.as_str(), "the account changed while it was being locked; once more");
    }
    Err(StoreError::Overtaken.into())
}

/// One attempt; none if another request was faster.
async fn lock(app: &App, flow: &Flow, user_id: &UserId, requester: &Requester) -> Outcome<Option<Lock>> {
    let now = app.now();
    let mut tx = app.store.write().await?;
    let Some(mut user) = users::by_id(&mut tx, user_id).await? else { return Ok(Some(Lock::Over)) };
    // The account's row first: from here on, requests that change it too have to wait for the end, and find it changed.
    if !users::hold(&mut tx, &user).await?.is_done() {
        return Ok(None);
    }
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done() {
        return Ok(Some(Lock::Over));
    }
    let read_at = user.updated_at;
    let mut done = roll_back(&mut tx, app, &mut user).await?;
    (user.password_hash, user.password_changed_at) = (None, Some(now));
    user.updated_at = reset::later(read_at, now);
    match users::update(&mut tx, &user, read_at).await {
        Ok(Guarded::Done) => {}
        Ok(Guarded::Overtaken) | Err(StoreError::Taken) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    // Also codes and links under way, to whatever address, and other notices' links: this one has done what they would.
    let event = super::tell::event(Kind::LockedDown, requester.origin());
    ending::end(app, &mut tx, user_id, Which::All, Cause::LockedDown, &event).await?;
    let since = now - app.settings.flows.undo;
    let before = (identities::of_user(&mut tx, user_id).await?, passkeys::of_user(&mut tx, user_id).await?);
    done.credentials = lock_down::restore_credentials(&mut tx, user_id, since, now).await?;
    done.identities = left(&before.0, identities::of_user(&mut tx, user_id).await?, |identity| &identity.id);
    done.passkeys = left(&before.1, passkeys::of_user(&mut tx, user_id).await?, |passkey| &passkey.id);
    done.mailbox = user.is_verified(Channel::Mail);
    address_changes::forget(&mut tx, user_id).await?;
    let detail = done.taken.then_some("an address from before belongs to another account");
    app.record(&mut tx, Event { user_id: Some(user_id.clone()), detail, ..event }).await?;
    let locale = super::tell::locale_of(&user, requester.locale);
    let letter = Letter::LockedDown { reset: app.link("/reset") };
    for contact in CHANNELS.into_iter().filter_map(|channel| user.verified(channel)) {
        app.tell(&mut tx, &contact, &letter, locale, app.settings.flows.undo).await?;
        done.way_in = true;
    }
    tx.commit().await?;
    Ok(Some(Lock::Done(Box::new(done))))
}

/// What is there `now`, each with whether it was `before`.
fn left<T, Id: PartialEq>(before: &[T], now: Vec<T>, id: impl Fn(&T) -> &Id) -> Vec<Left<T>> {
    let is_new = |what: &T| before.iter().all(|known| id(known) != id(what));
    now.into_iter().map(|what| Left { restored: is_new(&what), what }).collect()
}

/// Makes the address and the number what they were before all changes that can be taken back. One that is another account's by now stays
/// there; what the change brought goes all the same, because it may be the intruder's.
async fn roll_back(tx: &mut Tx, app: &App, user: &mut User) -> Outcome<LockedDown> {
    let now = app.now();
    let changes = address_changes::of_user(tx, &user.id, now).await?;
    let mut done = LockedDown::default();
    for channel in CHANNELS {
        let Some(oldest) = changes.iter().find(|change| change.channel == channel && !change.by_operator) else { continue };
        let mut restored = oldest.previous.clone();
        if let Some(contact) = &restored
            && address_changes::is_anothers(tx, contact, &user.id).await?
        {
            tracing::warn!(
                user_id = user.id.as_str(),
                "an address from before a change belongs to another account; it stays there"
            );
            (done.taken, restored) = (true, None);
        }
        let verified_at = restored.as_ref().map(|_| now);
        match channel {
            Channel::Mail => {
                user.email = restored.as_ref().and_then(|contact| match contact {
                    Contact::Email(email) => Some(email.clone()),
                    Contact::Phone(_) => None,
                });
                (user.email_verified_at, done.email) = (verified_at, restored);
            }
            Channel::Sms => {
                user.phone_number = restored.as_ref().and_then(|contact| match contact {
                    Contact::Phone(phone) => Some(phone.clone()),
                    Contact::Email(_) => None,
                });
                (user.phone_number_verified_at, done.phone) = (verified_at, restored);
            }
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;
    use crate::time::Timestamp;

    fn change(previous: Option<&str>) -> AddressChange {
        AddressChange { channel: Channel::Mail, previous: previous.map(|text| text.parse().unwrap()), by_operator: false }
    }

    #[test]
    fn whom_the_operator_left_behind_hears_of_passwords_alone() {
        let by_operator = |previous| AddressChange { by_operator: true, ..change(previous) };
        let changes =
            [by_operator(Some("a@x.example")), by_operator(None), by_operator(Some("A@x.example")), change(Some("b@x.example"))];
        let password = Notice::PasswordChanged { disconnected: Vec::new() };
        let left = |notice: &Notice, told: &[&str]| -> Vec<String> {
            let told: Vec<_> = told.iter().map(|to| Reader { to: to.parse().unwrap(), trusted: true }).collect();
            left_behind(notice, &changes, &told).iter().map(|to| to.as_str().to_owned()).collect()
        };
        assert_eq!(left(&password, &[]), ["a@x.example"]);
        assert!(left(&password, &["a@x.example"]).is_empty(), "once");
        assert!(left(&Notice::PasskeyRemoved, &[]).is_empty());
        let now = Timestamp::from_seconds(1_000_000);
        let user = User::blank(UserId::new(now, &Random::seeded(1)), now);
        let told = readers(&user, &changes);
        assert_eq!(
            (told.len(), told[0].to.as_str(), told[0].trusted),
            (1, "b@x.example", true),
            "the operator's are not gone back to"
        );
    }

    #[test]
    fn only_an_address_from_before_all_changes_is_trusted() {
        let now = Timestamp::from_seconds(1_000_000);
        let mut user = User::blank(UserId::new(now, &Random::seeded(1)), now);
        let told = |user: &User, changes: &[AddressChange]| -> Vec<(String, bool)> {
            readers(user, changes).into_iter().map(|reader| (reader.to.as_str().to_owned(), reader.trusted)).collect()
        };
        let named = |name: &str, trusted| (name.to_owned(), trusted);
        user.email = crate::engine::address::Email::parse("c@x.example").ok();
        assert!(told(&user, &[]).is_empty(), "not proved");
        user.email_verified_at = Some(user.created_at);
        assert_eq!(told(&user, &[]), [named("c@x.example", true)]);
        let chain = [change(Some("a@x.example")), change(Some("b@x.example"))];
        let all = [named("a@x.example", true), named("b@x.example", false), named("c@x.example", false)];
        assert_eq!(told(&user, &chain), all);
        assert_eq!(told(&user, &[change(None)]), [named("c@x.example", false)]);
        let back = [change(Some("C@x.example")), change(Some("b@x.example"))];
        assert_eq!(told(&user, &back), [named("C@x.example", true), named("b@x.example", false)]);
    }
}
