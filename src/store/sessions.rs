//! Browser sessions, and the cookies that carry them.

use std::collections::{BTreeSet, HashMap};

use data_encoding::HEXLOWER;

use super::db::Tx;
use super::error::{Result, StoreError};
use super::gather::Question;
use super::guarded::Guarded;
use super::sql::{Both, all, execute, listed, optional, row, run, unhexed};
use super::users::{self, UserRow, columns as user_columns};
use crate::engine::session::Session;
use crate::engine::user::User;
use crate::ids::{ClientId, SessionId, UserId};
use crate::time::Timestamp;

row! {
    struct SessionRow {
        session_id: String,
        session_user_id: String,
        salt: Option<Vec<u8>>,
        methods: String,
        auth_time: i64,
        remembered: bool,
        device: String,
        session_address: String,
        session_created_at: i64,
        last_seen_at: i64,
        idle_expires_at: i64,
        session_expires_at: i64,
    }
}

macro_rules! columns {
    () => {
        "sessions.id AS session_id, sessions.user_id AS session_user_id, sessions.salt, sessions.methods, sessions.auth_time, sessions.remembered, \
         sessions.device, sessions.address AS session_address, sessions.created_at AS session_created_at, sessions.last_seen_at, \
         sessions.idle_expires_at, sessions.expires_at AS session_expires_at"
    };
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self> {
        let corrupt = |why: String| StoreError::corrupt("session", why);
        Ok(Self {
            id: row.session_id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
            user_id: row.session_user_id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
            // Sessions of before there were salts have no mark.
            salt: row.salt.and_then(|salt| salt.try_into().ok()).unwrap_or_default(),
            methods: serde_json::from_str(&row.methods).map_err(|error| corrupt(error.to_string()))?,
            auth_time: Timestamp::from_millis(row.auth_time),
            remembered: row.remembered,
            device: row.device,
            address: row.session_address,
            created_at: Timestamp::from_millis(row.session_created_at),
            last_seen_at: Timestamp::from_millis(row.last_seen_at),
            idle_expires_at: Timestamp::from_millis(row.idle_expires_at),
            expires_at: Timestamp::from_millis(row.session_expires_at),
        })
    }
}

row! {
    struct KeyRow { token_hash: Vec<u8> }
}

/// A cookie's hash with its session and person.
type Carried = Both<KeyRow, Both<SessionRow, UserRow>>;

macro_rules! by_carriers {
    ($dialect:tt) => {
        concat!(
            "SELECT carriers.token_hash, ",
            columns!(),
            ", ",
            user_columns!(),
            " FROM ",
            listed!($dialect),
            "carriers ON carriers.token_hash = ",
            unhexed!($dialect "asked.value"),
            " JOIN sessions ON sessions.id = carriers.session_id JOIN users ON users.id = sessions.user_id \
             WHERE users.state <> 'removed'"
        )
    };
}

/// The SHA-256 of a cookie's value. Asks for the session it carries, with its person, whether or not it is still live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carrier(pub [u8; 32]);

impl Question for Carrier {
    type Answer = (Session, User);

    async fn ask(tx: &mut Tx, questions: &[Self], _: Timestamp) -> Result<HashMap<Self, Self::Answer>> {
        by_carriers(tx, questions).await
    }
}

async fn by_carriers(tx: &mut Tx, carriers: &[Carrier]) -> Result<HashMap<Carrier, (Session, User)>> {
    let asked: Vec<String> = carriers.iter().map(|carrier| HEXLOWER.encode(&carrier.0)).collect();
    let asked = serde_json::to_string(&asked).map_err(|error| StoreError::corrupt("question", error))?;
    let rows: Vec<Carried> = run!(
        tx,
        sqlite | c | sqlx::query_as(by_carriers!(sqlite)).bind(asked).fetch_all(c),
        postgres | c | sqlx::query_as(by_carriers!(postgres)).bind(asked).fetch_all(c)
    )?;
    let keyed = |Both(key, Both(session, user)): Carried| {
        let hash = <[u8; 32]>::try_from(key.token_hash).map_err(|_| StoreError::corrupt("carrier", "the hash"))?;
        Ok((Carrier(hash), (session.try_into()?, user.try_into()?)))
    };
    rows.into_iter().map(keyed).collect()
}

/// The session that a cookie carries.
pub async fn carried(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<Option<(String, Timestamp)>> {
    let row =
        optional!(tx, (String, i64), "SELECT session_id, expires_at FROM carriers WHERE token_hash = $1", token_hash.as_slice())?;
    Ok(row.map(|(id, expires_at)| (id, Timestamp::from_millis(expires_at))))
}

/// Binds a cookie to a session; a cookie that is bound already moves to the new one.
pub async fn carry(tx: &mut Tx, token_hash: &[u8; 32], session_id: &str, expires_at: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO carriers (token_hash, session_id, expires_at) VALUES ($1, $2, $3) \
         ON CONFLICT (token_hash) DO UPDATE SET session_id = $2, expires_at = $3",
        token_hash.as_slice(),
        session_id,
        expires_at.millis(),
    )
    .map(drop)
}

pub async fn drop_carrier(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<()> {
    execute!(tx, "DELETE FROM carriers WHERE token_hash = $1", token_hash.as_slice()).map(drop)
}

/// A person's sessions, most recently used first.
pub async fn of_user(tx: &mut Tx, user_id: &UserId, now: Timestamp) -> Result<Vec<Session>> {
    all!(
        tx,
        SessionRow,
        concat!(
            "SELECT ",
            columns!(),
            " FROM sessions WHERE user_id = $1 AND expires_at > $2 AND idle_expires_at > $2 ORDER BY last_seen_at DESC, id"
        ),
        user_id.as_str(),
        now.millis(),
    )?
    .into_iter()
    .map(Session::try_from)
    .collect()
}

/// How many are alive. It reads them all: for a job, once a minute.
pub async fn count(tx: &mut Tx, now: Timestamp) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM sessions WHERE expires_at > $1 AND idle_expires_at > $1";
    Ok(optional!(tx, (i64,), sql, now.millis())?.map_or(0, |row| row.0))
}

pub async fn insert(tx: &mut Tx, session: &Session) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO sessions (id, user_id, methods, auth_time, remembered, device, address, created_at, last_seen_at, idle_expires_at, \
         expires_at, salt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        session.id.as_str(),
        session.user_id.as_str(),
        methods(session)?,
        session.auth_time.millis(),
        session.remembered,
        session.device.as_str(),
        session.address.as_str(),
        session.created_at.millis(),
        session.last_seen_at.millis(),
        session.idle_expires_at.millis(),
        session.expires_at.millis(),
        session.salt.as_slice(),
    )
    .map(drop)
}

fn methods(session: &Session) -> Result<String> {
    serde_json::to_string(&session.methods).map_err(|error| StoreError::corrupt("session", error))
}

pub async fn reauthenticated(tx: &mut Tx, session: &Session) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE sessions SET methods = $2, auth_time = $3 WHERE id = $1",
        session.id.as_str(),
        methods(session)?,
        session.auth_time.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// Keeps a session from ending before this transaction does. Overtaken: it has ended.
pub async fn hold(tx: &mut Tx, id: &SessionId) -> Result<Guarded> {
    Ok(Guarded::by(execute!(tx, "UPDATE sessions SET expires_at = expires_at WHERE id = $1", id.as_str())?))
}

pub async fn seen(tx: &mut Tx, id: &SessionId, at: Timestamp, idle_expires_at: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE sessions SET last_seen_at = $2, idle_expires_at = $3 WHERE id = $1 AND last_seen_at < $2",
        id.as_str(),
        at.millis(),
        idle_expires_at.millis(),
    )
    .map(drop)
}

/// Whose session this is, while there is one. One statement, so that whoever ends it together with what its browser is known by is seen to have
/// done both, or neither.
pub async fn owner(tx: &mut Tx, id: &SessionId) -> Result<Option<User>> {
    optional!(
        tx,
        UserRow,
        concat!("SELECT ", user_columns!(), " FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = $1"),
        id.as_str()
    )?
    .map(User::try_from)
    .transpose()
}

macro_rules! end_authorized {
    ($dialect:tt) => {
        concat!(
            "DELETE FROM grants WHERE id IN (SELECT grants.id FROM ",
            listed!($dialect),
            "grants ON grants.session_id = asked.value WHERE NOT grants.offline)"
        )
    };
}

macro_rules! took_part {
    ($dialect:tt) => {
        concat!(
            "SELECT grants.session_id, grants.client_id FROM ",
            listed!($dialect),
            "grants ON grants.session_id = asked.value WHERE grants.code_used_at IS NOT NULL"
        )
    };
}

/// A session that has ended, with the applications that were signed in through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub session: SessionId,
    pub clients: BTreeSet<ClientId>,
}

/// Ends sessions of a person and what they authorized but for `offline_access`; gives those that ended. Where more than one is to end, the browsers
/// are strangers from now on. For `actions::ending`, which knows what else ends.
pub async fn end(tx: &mut Tx, user_id: &UserId, which: Which<'_>) -> Result<Vec<Ended>> {
    end_some(tx, user_id, which, FOREVER, i64::MAX).await
}

pub const FOREVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Ends up to `limit` of them that began no later than `until`. Five statements, however many they are.
pub async fn end_some(tx: &mut Tx, user_id: &UserId, which: Which<'_>, until: Timestamp, limit: i64) -> Result<Vec<Ended>> {
    let (only, except) = match which {
        Which::One(id) => (id.as_str(), ""),
        Which::AllBut(id) => ("", id.as_str()),
        Which::All => ("", ""),
    };
    if !matches!(which, Which::One(_)) {
        // First, so that on PostgreSQL the account's row is locked before its sessions'.
        users::forget_devices(tx, user_id).await?;
    }
    let ended: Vec<(String,)> = all!(
        tx,
        (String,),
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND ($2 = '' OR id = $2) AND id <> $3 \
         AND created_at <= $4 LIMIT $5) RETURNING id",
        user_id.as_str(),
        only,
        except,
        until.millis(),
        limit,
    )?;
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = ended.iter().map(|(id,)| id.as_str()).collect();
    let ids = serde_json::to_string(&ids).map_err(|error| StoreError::corrupt("question", error))?;
    let mut clients: HashMap<String, BTreeSet<ClientId>> = HashMap::new();
    let took_part: Vec<(String, String)> = run!(
        tx,
        sqlite | c | sqlx::query_as(took_part!(sqlite)).bind(&ids).fetch_all(c),
        postgres | c | sqlx::query_as(took_part!(postgres)).bind(&ids).fetch_all(c)
    )?;
    for (session, client) in took_part {
        let client = client.parse().map_err(|_| StoreError::corrupt("grant", "client_id"))?;
        clients.entry(session).or_default().insert(client);
    }
    run!(
        tx,
        sqlite | c | sqlx::query(end_authorized!(sqlite)).bind(ids).execute(c),
        postgres | c | sqlx::query(end_authorized!(postgres)).bind(ids).execute(c),
        |done| done.rows_affected()
    )?;
    let ended = ended.into_iter().map(|(id,)| {
        let clients = clients.remove(&id).unwrap_or_default();
        let session = id.parse().map_err(|error: crate::ids::ParseIdError| StoreError::corrupt("session", error))?;
        Ok(Ended { session, clients })
    });
    ended.collect()
}

/// Which sessions of a person.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    One(&'a SessionId),
    AllBut(&'a SessionId),
    All,
}
