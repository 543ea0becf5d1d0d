//! Accounts, as the operator handles them.

mod changes;

use super::administrators::{self, MAKE_ANOTHER};
use super::batches::BATCH;
use super::invitations::{self, Invited, NotInvited};
use super::notices::Notice;
use super::{App, Fault, ending};
use crate::engine::address::{Channel, Contact, Email, Identifier, Username};
use crate::engine::ending::Cause;
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::password::{Weakness, judge};
use crate::engine::user::{User, UserState};
use crate::ids::{AddressChangeId, UserId};
use crate::store::address_changes::AddressChange;
use crate::store::removal::{self, Erased};
use crate::store::sessions::Which;
use crate::store::{StoreError, Tx, address_changes, flows, users};

pub use changes::{Changes, NewPassword, Set};

/// Why an account cannot be made or changed like that.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{field}: {why}")]
    Invalid { field: String, why: String },
    /// Another account has it.
    #[error("{0} is taken: another account has it")]
    Taken(&'static str),
    #[error("password: {}", weakness(*.0))]
    Weak(Weakness),
    #[error("there is no account {0}")]
    Unknown(String),
    /// Nobody could administer after it.
    #[error(
        "is the only administrator who can sign in, and nobody could administer after it; make another one first: `{MAKE_ANOTHER}`"
    )]
    LastAdministrator,
    #[error("{0}")]
    NotInvited(#[from] NotInvited),
    /// Somebody was faster.
    #[error("the account was changed by somebody else meanwhile; nothing was written, try again")]
    Changed,
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl Refused {
    /// For programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid_user",
            Self::Taken(_) => "taken",
            Self::Weak(_) => "weak_password",
            Self::Unknown(_) => "not_found",
            Self::LastAdministrator => "last_administrator",
            Self::NotInvited(_) => "not_invited",
            Self::Changed => "conflict",
            Self::Fault(_) => "unavailable",
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

fn weakness(weakness: Weakness) -> String {
    match weakness {
        Weakness::TooShort { least } => format!("is too short; at least {least} characters"),
        Weakness::TooLong => "is too long".to_owned(),
        Weakness::Common => "is among the most common ones; everybody tries it first".to_owned(),
        Weakness::Personal => "is the person's own name or address, or this site's name".to_owned(),
    }
}

/// An entry by the operator about an account.
fn by_operator(kind: Kind, id: &UserId) -> Event {
    Event {
        kind,
        user_id: Some(id.clone()),
        session_id: None,
        client_id: None,
        actor: Actor::Operator,
        origin: Origin::default(),
        detail: None,
    }
}

impl App {
    /// Judges and hashes a new password of this account.
    pub(in crate::actions) async fn new_password(&self, user: &User, password: &str) -> Result<String, Refused> {
        let own =
            [user.email.as_ref().map(Email::as_str), user.username.as_ref().map(Username::as_str), user.profile.name.as_deref()];
        let personal: Vec<&str> = own.into_iter().flatten().chain([self.settings.pages.name.as_str()]).collect();
        judge(password, self.settings.passwords.min_length, &personal).map_err(Refused::Weak)?;
        Ok(self.hash(password).await?)
    }
}

/// The account that a text names: an id, an address or a user name.
pub async fn find(app: &App, name: &str) -> Result<User, Refused> {
    find_in(app, &mut app.store.read().await?, name).await
}

async fn find_in(app: &App, tx: &mut Tx, name: &str) -> Result<User, Refused> {
    let found = match name.parse::<UserId>() {
        Ok(id) => users::by_id(tx, &id).await?,
        Err(_) => match app.identifier(name) {
            Identifier::Unknown => None,
            identifier => users::by_identifier(tx, &identifier).await?,
        },
    };
    found.ok_or_else(|| Refused::Unknown(name.to_owned()))
}

/// Up to `limit` accounts, oldest first, after `after`.
pub async fn list(app: &App, after: Option<&UserId>, limit: i64) -> Result<Vec<User>, Refused> {
    Ok(users::list(&mut app.store.read().await?, after, limit).await?)
}

/// Makes an account. It needs an address, a user name or a phone number, or nobody could name it.
pub async fn create(app: &App, changes: &Changes) -> Result<User, Refused> {
    let (user, mut tx) = made(app, changes).await?;
    insert(app, &mut tx, &user, by_operator(Kind::UserCreated, &user.id)).await?;
    tx.commit().await.map_err(Fault::from)?;
    Ok(user)
}

/// Makes an account and invites its owner, or does neither.
pub async fn create_invited(app: &App, changes: &Changes) -> Result<Invited, Refused> {
    let (user, mut tx) = made(app, changes).await?;
    insert(app, &mut tx, &user, by_operator(Kind::UserCreated, &user.id)).await?;
    let hours = invitations::send(app, &mut tx, &user).await?;
    tx.commit().await.map_err(Fault::from)?;
    Ok(Invited { user, hours })
}

async fn made(app: &App, changes: &Changes) -> Result<(User, Tx), Refused> {
    let now = app.now();
    let mut user = User::blank(UserId::new(now, &app.random), now);
    changes.apply(&mut user, now)?;
    if !user.has_identifier() {
        return Err(Refused::Invalid {
            field: "email".to_owned(),
            why: "is missing; give an address, a user name or a phone number".to_owned(),
        });
    }
    user.updated_at = changes.updated_at.unwrap_or(now);
    set_hash(app, &mut user, changes.password.as_ref()).await?;
    let tx = app.store.write().await?;
    Ok((user, tx))
}

async fn set_hash(app: &App, user: &mut User, password: Option<&NewPassword>) -> Result<(), Refused> {
    user.password_hash = match password {
        None => return Ok(()),
        Some(NewPassword::Plain(plain)) => Some(app.new_password(user, plain).await?),
        Some(NewPassword::Hash(hash)) => Some(hash.clone()),
        Some(NewPassword::Remove) => None,
    };
    // Taken away by the operator is not locked by the owner.
    user.password_changed_at = user.password_hash.is_some().then(|| app.now());
    Ok(())
}

/// Inserts an account with its event, or says which of its names is taken.
pub(in crate::actions) async fn insert(app: &App, tx: &mut Tx, user: &User, event: Event) -> Result<(), Refused> {
    refuse_taken(tx, user).await?;
    users::insert(tx, user).await.map_err(taken)?;
    Ok(app.record(tx, event).await?)
}

/// Looks before writing, because the database only says that something was taken, not what.
async fn refuse_taken(tx: &mut Tx, user: &User) -> Result<(), Refused> {
    if let Some(email) = &user.email
        && users::by_email(tx, email).await?.is_some_and(|other| other.id != user.id)
    {
        return Err(Refused::Taken("email"));
    }
    if let Some(username) = &user.username {
        let other = users::by_identifier(tx, &Identifier::Username(username.clone())).await?;
        if other.is_some_and(|other| other.id != user.id) {
            return Err(Refused::Taken("username"));
        }
    }
    Ok(())
}

/// After [`refuse_taken`] only the number is left.
fn taken(error: StoreError) -> Refused {
    match error {
        StoreError::Taken => Refused::Taken("phone_number"),
        other => other.into(),
    }
}

/// Writes given values into an account. A new password ends every session and authorization, like [`set_password`].
pub async fn update(app: &App, name: &str, changes: &Changes) -> Result<User, Refused> {
    if changes.updated_at.is_some() {
        return Err(Refused::Invalid {
            field: "updated_at".to_owned(),
            why: "is kept by Vestibule from the first change on".to_owned(),
        });
    }
    let read = find(app, name).await?;
    let mut user = read.clone();
    changes.apply(&mut user, app.now())?;
    if !user.has_identifier() {
        return Err(Refused::Invalid {
            field: "email".to_owned(),
            why: "cannot be removed; the account has no user name".to_owned(),
        });
    }
    set_hash(app, &mut user, changes.password.as_ref()).await?;
    let mut tx = app.store.write().await?;
    if !user.is_active_administrator() {
        refuse_last_administrator(app, &mut tx, &read).await?;
    }
    refuse_taken(&mut tx, &user).await?;
    write(app, &mut tx, &mut user, &read).await?;
    app.record(&mut tx, by_operator(Kind::UserUpdated, &user.id)).await?;
    if changes.password.is_some() {
        ending::end(app, &mut tx, &user.id, Which::All, Cause::PasswordSet, &by_operator(Kind::SignedOut, &user.id)).await?;
        app.record(&mut tx, by_operator(Kind::PasswordChanged, &user.id)).await?;
    } else if Channel::ALL.into_iter().any(|channel| contact_key(&user, channel) != contact_key(&read, channel)) {
        // A sign-in, reset or change of address under way must not outlive what the operator decided.
        flows::cancel_all(&mut tx, &user.id, app.now()).await?;
    }
    for channel in Channel::ALL {
        contact_changed(app, &mut tx, &read, &user, channel).await?;
    }
    tx.commit().await.map_err(Fault::from)?;
    Ok(user)
}

fn contact_key(user: &User, channel: Channel) -> Option<String> {
    user.contact(channel).map(|contact| contact.key().to_owned())
}

/// Tells the reader of the old and of the new address or number, and forgets what it was before. None of them gets a link that takes it
/// back: the old mailbox may be the reason for the change, as what the operator removes does not come back either. Who was deceived is the
/// operator, and the letter says whom to tell.
async fn contact_changed(app: &App, tx: &mut Tx, read: &User, user: &User, channel: Channel) -> Result<(), Refused> {
    let (old, new) = (read.contact(channel), user.contact(channel));
    if contact_key(read, channel) == contact_key(user, channel) {
        return Ok(());
    }
    address_changes::forget_channel(tx, &user.id, channel).await?;
    if let Some(previous) = read.verified(channel) {
        let (now, change) = (app.now(), AddressChange { channel, previous: Some(previous), by_operator: true });
        let id = AddressChangeId::new(now, &app.random);
        address_changes::insert(tx, &id, &user.id, &change, now, now + app.settings.flows.undo).await?;
    }
    let shown = |contact: &Option<Contact>| contact.as_ref().map(Contact::shown);
    let changed = |previous: Option<String>, new: String| match channel {
        Channel::Mail => Notice::EmailChanged { previous, new },
        Channel::Sms => Notice::PhoneChanged { previous, new },
    };
    if let (Some(to), Some(shown)) = (&old, shown(&old)) {
        let notice = match &new {
            Some(new) => changed(Some(shown), new.shown()),
            None => Notice::ContactRemoved { old: shown },
        };
        app.notify_without_link(tx, user, to, notice, None).await?;
    }
    if let Some(to) = &new {
        // Mistyped, it is a stranger's: they need not learn the old one.
        app.notify_without_link(tx, user, to, changed(None, to.shown()), None).await?;
    }
    Ok(())
}

async fn refuse_last_administrator(app: &App, tx: &mut Tx, user: &User) -> Result<(), Refused> {
    if administrators::is_last(app, tx, user).await? { Err(Refused::LastAdministrator) } else { Ok(()) }
}

/// Writes an account unless it has changed since it was read.
async fn write(app: &App, tx: &mut Tx, user: &mut User, read: &User) -> Result<(), Refused> {
    // Later than before even within a millisecond: it is how the next writer notices.
    user.updated_at = app.now().max(read.updated_at + std::time::Duration::from_millis(1));
    if users::update(tx, user, read.updated_at).await.map_err(taken)?.is_done() { Ok(()) } else { Err(Refused::Changed) }
}

/// Sets a password by the rules, and ends every session and authorization.
pub async fn set_password(app: &App, name: &str, password: NewPassword) -> Result<User, Refused> {
    let read = find(app, name).await?;
    let mut user = read.clone();
    set_hash(app, &mut user, Some(&password)).await?;
    let mut tx = app.store.write().await?;
    write(app, &mut tx, &mut user, &read).await?;
    ending::end(app, &mut tx, &user.id, Which::All, Cause::PasswordSet, &by_operator(Kind::SignedOut, &user.id)).await?;
    app.record(&mut tx, by_operator(Kind::PasswordChanged, &user.id)).await?;
    tx.commit().await.map_err(Fault::from)?;
    Ok(user)
}

/// Shuts an account: nobody signs in, and every session and authorization ends. Shutting it again changes nothing.
pub async fn disable(app: &App, name: &str) -> Result<User, Refused> {
    set_state(app, name, UserState::Disabled).await
}

/// Opens an account again; people sign in anew.
pub async fn enable(app: &App, name: &str) -> Result<User, Refused> {
    set_state(app, name, UserState::Active).await
}

async fn set_state(app: &App, name: &str, state: UserState) -> Result<User, Refused> {
    let mut tx = app.store.write().await?;
    let read = find_in(app, &mut tx, name).await?;
    if read.state == state {
        return Ok(read);
    }
    if state == UserState::Disabled {
        refuse_last_administrator(app, &mut tx, &read).await?;
    }
    let mut user = User { state, ..read.clone() };
    write(app, &mut tx, &mut user, &read).await?;
    let kind = match state {
        UserState::Active => Kind::UserEnabled,
        UserState::Disabled => Kind::UserDisabled,
    };
    if state == UserState::Disabled {
        ending::end(app, &mut tx, &user.id, Which::All, Cause::AccountDisabled, &by_operator(Kind::SignedOut, &user.id)).await?;
    }
    app.record(&mut tx, by_operator(kind, &user.id)).await?;
    tx.commit().await.map_err(Fault::from)?;
    Ok(user)
}

/// Signs somebody out everywhere, as they can themselves: every session ends, and what the operator's own applications hold beyond one. The account stays
/// open, and applications of others keep what they were let in for.
pub async fn sign_out(app: &App, name: &str) -> Result<User, Refused> {
    let user = find(app, name).await?;
    ending::everywhere(app, &user.id, None, by_operator(Kind::SignedOut, &user.id)).await?;
    Ok(user)
}

/// Erases an account. The events keep the id and what happened, not who and from where.
pub async fn delete(app: &App, name: &str) -> Result<User, Refused> {
    let mut tx = app.store.write().await?;
    let user = find_in(app, &mut tx, name).await?;
    refuse_last_administrator(app, &mut tx, &user).await?;
    if !users::hold(&mut tx, &user).await?.is_done() {
        return Err(Refused::Changed);
    }
    let (erased, ended) = removal::erase(&mut tx, &user.id, BATCH).await?;
    ending::record(app, &mut tx, &user.id, &ended, Cause::AccountDeleted, &by_operator(Kind::SignedOut, &user.id)).await?;
    app.record(&mut tx, by_operator(Kind::UserDeleted, &user.id)).await?;
    tx.commit().await.map_err(Fault::from)?;
    if erased == Erased::RestWaits {
        super::removal::clear_account(app, &user.id).await?;
    }
    Ok(user)
}
