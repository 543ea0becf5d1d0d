//! Sessions: who a cookie stands for, beginning, ending, and tower-sessions' store over our rows.

use std::time::Duration;

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, Error as CarrierError};

use super::{App, Fault, Outcome, Requester, ending, tell};
use crate::crypto::token;
use crate::engine::ending::Cause;
use crate::engine::event::{Event, Kind};
use crate::engine::method::Method;
use crate::engine::session::{Opening, Session};
use crate::engine::user::User;
use crate::ids::SessionId;
use crate::store::sessions::{self, Ended, Which};
use crate::store::{StoreError, Tx, users};
use crate::time::Timestamp;

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Current {
    pub session: Session,
    pub user: User,
}

/// Whom a browser's session cookies stand for.
#[derive(Clone, Debug)]
pub enum Presented {
    Nobody,
    One(Box<Current>),
    /// Several live sessions: one of them was planted, from a host beside ours or another path, and nothing tells which.
    Several,
}

/// The one live session among the values of a browser's session cookie. Dead ones count for nothing: they are left from before
/// `sessions.cookie_domain` was changed, say, and would lock the browser out for good.
pub async fn presented(app: &App, values: &[&str]) -> Outcome<Presented> {
    let mut one: Option<Current> = None;
    for value in values {
        let Some(found) = current(app, value).await? else { continue };
        if one.as_ref().is_some_and(|one| one.session.id != found.session.id) {
            return Ok(Presented::Several);
        }
        one = Some(found);
    }
    Ok(one.map_or(Presented::Nobody, |one| Presented::One(Box::new(one))))
}

/// Which of these values carries the one live session.
pub async fn live<'a>(app: &App, values: &[&'a str]) -> Outcome<Option<&'a str>> {
    let Presented::One(one) = presented(app, values).await? else { return Ok(None) };
    for value in values {
        if current(app, value).await?.is_some_and(|found| found.session.id == one.session.id) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// The same for who needs to know no more.
pub async fn the_one(app: &App, values: &[&str]) -> Outcome<Option<Current>> {
    Ok(match presented(app, values).await? {
        Presented::One(current) => Some(*current),
        Presented::Nobody | Presented::Several => None,
    })
}

/// No cookie of these values opens anything any more. For a browser that gets a new one and had more than one.
pub async fn forget(app: &App, values: &[&str]) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    for value in values {
        sessions::drop_carrier(&mut tx, &hash(app, value)).await?;
    }
    Ok(tx.commit().await?)
}

/// By what a cookie's value is found. The cookie's domain is part of it, so that a change of `sessions.cookie_domain` signs everybody out,
/// also where the cookie keeps its name and browsers go on sending it.
fn hash(app: &App, value: &str) -> [u8; 32] {
    match &app.settings.sessions.cookie_domain {
        None => token::hash(value),
        Some(domain) => token::hash(&format!("{value}|{domain}")),
    }
}

/// The live session that a cookie's value carries. One statement; once a minute one more, to remember that it was seen.
pub async fn current(app: &App, carrier: &str) -> Outcome<Option<Current>> {
    let now = app.now();
    let found = app.store.session_by_carrier(sessions::Carrier(hash(app, carrier)), now).await?;
    let Some((mut session, user)) = found.filter(|(session, user)| session.is_live(now) && user.is_active()) else {
        return Ok(None);
    };
    if let Some((seen, idle)) = session.seen(app.session_lifetimes(), now) {
        match see(app, &session, seen, idle).await {
            Ok(()) => (session.last_seen_at, session.idle_expires_at) = (seen, idle),
            // The session is alive all the same; the next request tries again.
            Err(fault) => tracing::warn!(%fault, "a session's last use could not be written down"),
        }
    }
    Ok(Some(Current { session, user }))
}

async fn see(app: &App, session: &Session, seen: Timestamp, idle: Timestamp) -> Outcome<()> {
    let mut tx = app.store.write_one().await?;
    sessions::seen(&mut tx, &session.id, seen, idle).await?;
    Ok(tx.commit().await?)
}

/// What a browser keeps beside a session's cookie to show that it is the one in which the session began.
/// From random bits of its own: neither its id nor a master key leads to it.
pub fn mark(session: &Session) -> String {
    BASE64URL_NOPAD.encode(&token::hash(&format!("here|{}|{}", session.id, BASE64URL_NOPAD.encode(&session.salt))))
}

/// Whether a text is the mark of this session. Those that began before they had random bits have none.
pub fn is_mark(session: &Session, text: &str) -> bool {
    session.salt != [0; 16] && token::constant_time_eq(mark(session).as_bytes(), text.as_bytes())
}

/// How somebody has just proved who they are.
#[derive(Clone, Debug)]
pub(super) struct Proved<'a> {
    /// Oldest first.
    pub methods: Vec<Method>,
    pub remember: bool,
    /// Who is signed in in this browser already.
    pub before: Option<&'a Current>,
    pub requester: &'a Requester,
}

/// Begins a session in the caller's transaction, or renews the one this browser has for the same person; another person's ends.
pub(super) async fn begin(app: &App, tx: &mut Tx, user: &User, proved: Proved<'_>) -> Outcome<Session> {
    let now = app.now();
    let origin = proved.requester.origin();
    if let Some(before) = proved.before {
        if before.user.id == user.id {
            let session = before.session.clone().reauthenticated(&proved.methods);
            if sessions::reauthenticated(tx, &session).await?.is_done() {
                let event = tell::event(Kind::Reauthenticated, origin);
                app.record(tx, Event { user_id: Some(user.id.clone()), session_id: Some(session.id.clone()), ..event }).await?;
                return Ok(session);
            }
            if proved.methods.iter().all(|method| method.second) {
                // The session that this was to be added to has ended meanwhile; alone it opens none.
                return Err(StoreError::Overtaken.into());
            }
        } else {
            let by = tell::event(Kind::SignedOut, proved.requester.origin());
            ending::end(app, tx, &before.user.id, Which::One(&before.session.id), Cause::Replaced, &by).await?;
        }
    }
    let id = SessionId::new(now, &app.random);
    let lifetimes = app.session_lifetimes();
    let (device, address) = (origin.device.clone(), origin.address.clone());
    let detail = proved.methods.last().map(|method| method.kind.as_str());
    let opening = Opening { proofs: proved.methods, remembered: proved.remember, device, address };
    let session = Session { salt: app.random.bytes(), ..Session::begin(id, user.id.clone(), opening, lifetimes, now) };
    // Whoever locks the account at this moment, or takes the password away, is not overtaken by somebody who proved it before.
    if !users::signed_in(tx, user, now).await?.is_done() {
        return Err(StoreError::Overtaken.into());
    }
    sessions::insert(tx, &session).await?;
    let event = tell::event(Kind::SignedIn, origin);
    app.record(tx, Event { user_id: Some(user.id.clone()), session_id: Some(session.id.clone()), detail, ..event }).await?;
    Ok(session)
}

/// Ends sessions of the person signed in, with what they authorized; `offline_access` goes on, but for the operator's own applications where more than
/// one device is signed out.
pub async fn end(app: &App, current: &Current, which: Which<'_>, requester: &Requester) -> Outcome<Vec<Ended>> {
    let (user_id, by) = (&current.user.id, tell::event(Kind::SignedOut, requester.origin()));
    let spared = match which {
        Which::All => None,
        Which::AllBut(id) => Some(id),
        Which::One(_) => {
            let mut tx = app.store.write().await?;
            let ended = ending::end(app, &mut tx, user_id, which, Cause::SignedOut, &by).await?;
            tx.commit().await?;
            return Ok(ended);
        }
    };
    ending::everywhere(app, user_id, spared, Event { user_id: Some(user_id.clone()), ..by }).await
}

pub use crate::store::sessions::Which as Sessions;

/// The person's live sessions, the most recently used first.
pub async fn list(app: &App, current: &Current) -> Outcome<Vec<Session>> {
    Ok(sessions::of_user(&mut app.store.read().await?, &current.user.id, app.now()).await?)
}

/// The key under which the cookie's record names our session.
pub const SESSION_KEY: &str = "session";

/// tower-sessions' store: it carries the session's id in a cookie and nothing else, so two requests that save at once lose nothing.
#[derive(Clone)]
pub struct Carriers(pub App);

impl std::fmt::Debug for Carriers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Carriers")
    }
}

fn backend(error: impl std::fmt::Display) -> CarrierError {
    CarrierError::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Carriers {
    /// A cookie's value is 128 random bits: a collision would take over somebody's row only if it were guessed, so no check.
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        record.id = Id::default();
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let Some(session_id) = record.data.get(SESSION_KEY).and_then(|value| value.as_str()) else { return Ok(()) };
        let mut tx = self.0.store.write().await.map_err(backend)?;
        let expires_at = self.0.now() + self.0.settings.sessions.absolute;
        match sessions::carry(&mut tx, &hash(&self.0, &record.id.to_string()), session_id, expires_at).await {
            Ok(()) => tx.commit().await.map_err(backend),
            // Ended by another request in the moment since it began: the cookie stands for nobody, and the next page asks them to sign in.
            Err(StoreError::Orphaned) => Ok(()),
            Err(error) => Err(backend(error)),
        }
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let mut tx = self.0.store.read().await.map_err(backend)?;
        let found = sessions::carried(&mut tx, &hash(&self.0, &id.to_string())).await.map_err(backend)?;
        let Some((session_id, _)) = found.filter(|(_, expires_at)| self.0.now() < *expires_at) else { return Ok(None) };
        let data = [(SESSION_KEY.to_owned(), session_id.into())].into();
        // The row's own end is what counts, by our clock.
        Ok(Some(Record { id: *id, data, expiry_date: OffsetDateTime::from(far_future()) }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let mut tx = self.0.store.write().await.map_err(backend)?;
        sessions::drop_carrier(&mut tx, &hash(&self.0, &id.to_string())).await.map_err(backend)?;
        tx.commit().await.map_err(backend)
    }
}

fn far_future() -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_secs(4_102_444_800)
}

impl From<Fault> for CarrierError {
    fn from(fault: Fault) -> Self {
        backend(fault)
    }
}
