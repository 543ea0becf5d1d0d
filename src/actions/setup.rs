//! The first administrator: from the settings, or by a link that is printed at the start. Never a default password.

mod links;

use super::session::{self, Proved};
use super::users::{self, Refused};
use super::{App, Fault, Outcome, Requester, administrators, confirm};
use crate::crypto::password::is_usable;
use crate::engine::address::{Email, NotAnEmail};
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::method::{Method, MethodKind};
use crate::engine::password::Weakness;
use crate::engine::session::Session;
use crate::engine::user::{FieldError, User};
use crate::ids::UserId;
use crate::settings::{BootstrapSettings, Way};
use crate::store::{self, StoreError};

/// What the start found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// Somebody can administer; any earlier link is dead.
    HasAdministrator,
    /// `[bootstrap]` has made one.
    FromSettings(UserId),
    /// `[bootstrap]` names the address of an account that is no administrator's. Nothing was changed; [`has_account`] says what to do.
    HasAccount { email: Email, id: UserId },
    /// This link makes one; those that other nodes and earlier starts printed in the last day do, too, until one was used.
    Link(String),
}

/// What became of the set-up page's form.
#[derive(Debug)]
pub enum FirstAdministrator {
    Created(Box<Session>),
    /// The link is wrong, used up or replaced, or there is an administrator.
    Closed,
    NotAnEmail(NotAnEmail),
    EmailTaken,
    Name(FieldError),
    Weak(Weakness),
}

/// At each start: sees to it that there is an administrator or a way to one.
pub async fn prepare(app: &App) -> Outcome<Prepared> {
    let (has_admin, stale) = {
        let mut tx = app.store.read().await?;
        let has_admin = store::users::has_admin(&mut tx).await?;
        (has_admin, has_admin && links::any(&mut tx).await?)
    };
    if has_admin {
        if stale {
            let mut tx = app.store.write().await?;
            links::close(&mut tx).await?;
            tx.commit().await?;
        }
        return Ok(Prepared::HasAdministrator);
    }
    if let Some(settings) = app.settings.bootstrap.clone() {
        return bootstrap(app, &settings).await;
    }
    let token = links::add(app).await?;
    Ok(Prepared::Link(app.link(&format!("/setup?token={}", token.as_str()))))
}

/// What to do where `[bootstrap]` names an account that is there already.
pub fn has_account(email: &Email, id: &UserId) -> String {
    let email = email.as_str();
    format!(
        "There is no administrator: [bootstrap] admin_email {email} belongs to the account {id}, and that may be anybody's. If it is the \
         administrator's own, make it one as it is: `vestibule user update {id} --admin`. If not, `vestibule user remove {id}` and start again, or \
         name another address."
    )
}

fn event(kind: Kind, id: &UserId, actor: Actor, origin: Origin) -> Event {
    Event {
        kind,
        user_id: Some(id.clone()),
        session_id: None,
        client_id: None,
        actor,
        origin,
        detail: Some("first administrator"),
    }
}

async fn bootstrap(app: &App, settings: &BootstrapSettings) -> Outcome<Prepared> {
    let wrong = |what: &str| Fault::Broken(format!("[bootstrap] {what}"));
    let email = Email::parse(&settings.admin_email).map_err(|_| wrong("admin_email is no e-mail address"))?;
    let hash = settings.admin_password_hash.expose();
    if !is_usable(hash) {
        return Err(wrong("admin_password_hash asks for more than 256 MiB, 10 iterations or 16 lanes, or is malformed"));
    }
    let now = app.now();
    let mut tx = app.store.write().await?;
    // Nodes that start at once come one after the other.
    administrators::hold(&mut tx).await?;
    if store::users::has_admin(&mut tx).await? {
        return Ok(Prepared::HasAdministrator);
    }
    // Whoever made an account that is there already need not be whom the settings mean: whatever it can be entered by is theirs. It is left
    // alone, and whoever runs this says what is to become of it.
    if let Some(existing) = store::users::by_email(&mut tx, &email).await? {
        return Ok(Prepared::HasAccount { email, id: existing.id });
    }
    let mut user = User::blank(UserId::new(now, &app.random), now);
    user.email = Some(email.clone());
    user.email_verified_at = Some(now);
    user.is_admin = true;
    user.password_hash = Some(hash.to_owned());
    user.password_changed_at = Some(now);
    let created = event(Kind::UserCreated, &user.id, Actor::System, Origin::default());
    match users::insert(app, &mut tx, &user, created).await {
        Ok(()) => {}
        Err(Refused::Taken(_)) => {
            // Somebody has signed up with it at this moment.
            drop(tx);
            let existing = store::users::by_email(&mut app.store.read().await?, &email).await?;
            let Some(existing) = existing else { return Err(StoreError::Overtaken.into()) };
            return Ok(Prepared::HasAccount { email, id: existing.id });
        }
        Err(other) => return Err(fault(other)),
    }
    links::close(&mut tx).await?;
    tx.commit().await?;
    Ok(Prepared::FromSettings(user.id))
}

fn fault(refused: Refused) -> Fault {
    match refused {
        Refused::Fault(fault) => fault,
        other => Fault::Broken(format!("[bootstrap] {other}")),
    }
}

/// Whether this token still makes the first administrator.
pub async fn is_open(app: &App, token: &str) -> Outcome<bool> {
    let mut tx = app.store.read().await?;
    Ok(links::opens(&mut tx, token, app.now()).await?.is_some() && !store::users::has_admin(&mut tx).await?)
}

/// Makes the first administrator: exactly one of those who try at once. The address counts as verified, for the link came from the
/// operator's own console.
pub async fn create(
    app: &App,
    token: &str,
    email: &str,
    name: &str,
    password: &str,
    requester: &Requester,
) -> Outcome<FirstAdministrator> {
    if !is_open(app, token).await? {
        return Ok(FirstAdministrator::Closed);
    }
    let now = app.now();
    let email = match Email::typed(email) {
        Ok(email) => email,
        Err(error) => return Ok(FirstAdministrator::NotAnEmail(error)),
    };
    let mut user = User::blank(UserId::new(now, &app.random), now);
    user.email = Some(email);
    user.email_verified_at = Some(now);
    user.is_admin = true;
    user.profile.set("name", name);
    if let Some((_, problem)) = user.profile.problems().first() {
        return Ok(FirstAdministrator::Name(*problem));
    }
    // Where no password lets anybody in there is none; they add what does once they are signed in.
    let proved = if confirm::is_on(app, Way::Password) {
        match app.new_password(&user, password).await {
            Ok(hash) => user.password_hash = Some(hash),
            Err(Refused::Weak(weakness)) => return Ok(FirstAdministrator::Weak(weakness)),
            Err(other) => return Err(fault(other)),
        }
        user.password_changed_at = Some(now);
        MethodKind::Password
    } else {
        // The link was a secret that works once, like one in a mail.
        MethodKind::Mail
    };
    let mut tx = app.store.write().await?;
    if store::users::has_admin(&mut tx).await? || !links::use_up(&mut tx, token, now).await? {
        return Ok(FirstAdministrator::Closed);
    }
    let created = event(Kind::UserCreated, &user.id, Actor::User, requester.origin());
    match users::insert(app, &mut tx, &user, created).await {
        Ok(()) => {}
        // Dropping the transaction leaves the link open.
        Err(Refused::Taken(_)) => return Ok(FirstAdministrator::EmailTaken),
        Err(other) => return Err(fault(other)),
    }
    let methods = vec![Method::first(proved, now)];
    let proved = Proved { methods, remember: false, before: None, requester };
    let session = session::begin(app, &mut tx, &user, proved).await?;
    tx.commit().await?;
    Ok(FirstAdministrator::Created(Box::new(session)))
}
