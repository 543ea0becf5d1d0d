//! Authorizations: codes and refresh tokens.

mod offline;
mod tokens;

pub use offline::{Offline, end_offline, end_unasked, has_offline, last_uses, offline_clients, offline_of};
pub use tokens::{Life, LifeOf, PersonOf, Standing, revoke_token, token_is_revoked};

use std::collections::HashMap;

use data_encoding::HEXLOWER;

use super::db::Tx;
use super::error::{Result, StoreError};
use super::gather::Question;
use super::guarded::Guarded;
use super::sql::{Both, execute, listed, row, run, unhexed};
use super::users::{UserRow, columns as user_columns};
use crate::engine::grant::Grant;
use crate::engine::scope::Scopes;
use crate::engine::user::User;
use crate::ids::{GrantId, SessionId, UserId};
use crate::time::Timestamp;

row! {
    struct GrantRow {
        grant_id: String,
        user_id: String,
        client_id: String,
        session_id: Option<String>,
        scope: String,
        request: String,
        grant_auth_time: i64,
        acr: String,
        amr: String,
        offline: bool,
        code_expires_at: i64,
        code_used_at: Option<i64>,
        refresh_sequence: i64,
        refresh_rotated_at: Option<i64>,
        refresh_expires_at: Option<i64>,
        refresh_hash: Option<Vec<u8>>,
        grant_created_at: i64,
        grant_expires_at: i64,
        session_live: bool,
    }
}

/// The grant's columns, and whether its session lives at `$2`.
macro_rules! columns {
    () => {
        "grants.id AS grant_id, grants.user_id, grants.client_id, grants.session_id, grants.scope, grants.request, \
         grants.auth_time AS grant_auth_time, grants.acr, grants.amr, grants.offline, grants.code_expires_at, grants.code_used_at, \
         grants.refresh_sequence, grants.refresh_rotated_at, grants.refresh_expires_at, grants.refresh_hash, grants.created_at AS grant_created_at, \
         grants.expires_at AS grant_expires_at, \
         (sessions.id IS NOT NULL AND sessions.expires_at > $2 AND sessions.idle_expires_at > $2) AS session_live"
    };
}

/// What of an account or client that is removed still waits to go, is not there.
macro_rules! joined {
    () => {
        " JOIN users ON users.id = grants.user_id LEFT JOIN sessions ON sessions.id = grants.session_id WHERE users.state <> 'removed' \
         AND NOT EXISTS (SELECT 1 FROM removed_clients WHERE removed_clients.id = grants.client_id)"
    };
}

/// A grant with its person.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub grant: Grant,
    pub user: User,
    /// The session it was given in still lives.
    pub session_live: bool,
}

type LoadedRow = Both<GrantRow, UserRow>;

impl TryFrom<LoadedRow> for Loaded {
    type Error = StoreError;

    fn try_from(Both(row, user): LoadedRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("grant", why);
        let grant = Grant {
            id: row.grant_id.parse().map_err(|_| corrupt("id"))?,
            user_id: row.user_id.parse().map_err(|_| corrupt("user_id"))?,
            client_id: row.client_id.parse().map_err(|_| corrupt("client_id"))?,
            session_id: row.session_id.map(|id| id.parse()).transpose().map_err(|_| corrupt("session_id"))?,
            scopes: Scopes::parse(&row.scope).ok_or_else(|| corrupt("scope"))?,
            request: serde_json::from_str(&row.request).map_err(|_| corrupt("request"))?,
            auth_time: Timestamp::from_millis(row.grant_auth_time),
            acr: row.acr,
            amr: row.amr,
            offline: row.offline,
            code_expires_at: Timestamp::from_millis(row.code_expires_at),
            code_used_at: row.code_used_at.map(Timestamp::from_millis),
            refresh_sequence: u32::try_from(row.refresh_sequence).map_err(|_| corrupt("refresh_sequence"))?,
            refresh_rotated_at: row.refresh_rotated_at.map(Timestamp::from_millis),
            refresh_expires_at: row.refresh_expires_at.map(Timestamp::from_millis),
            refresh_hash: row.refresh_hash.map(|hash| hash.try_into().map_err(|_| corrupt("refresh_hash"))).transpose()?,
            created_at: Timestamp::from_millis(row.grant_created_at),
            expires_at: Timestamp::from_millis(row.grant_expires_at),
        };
        Ok(Self { grant, user: user.try_into()?, session_live: row.session_live })
    }
}

/// By what an authorization is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Id(GrantId),
    /// The SHA-256 of its code.
    Code([u8; 32]),
}

macro_rules! by_ids {
    ($dialect:tt) => {
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            user_columns!(),
            " FROM ",
            listed!($dialect),
            "grants ON grants.id = asked.value",
            joined!()
        )
    };
}

macro_rules! by_codes {
    ($dialect:tt) => {
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            user_columns!(),
            ", asked.value AS code FROM ",
            listed!($dialect),
            "grants ON grants.code_hash = ",
            unhexed!($dialect "asked.value"),
            joined!()
        )
    };
}

row! {
    struct CodeRow { code: String }
}

impl Question for Key {
    type Answer = Loaded;

    async fn ask(tx: &mut Tx, questions: &[Self], now: Timestamp) -> Result<HashMap<Self, Loaded>> {
        let (mut ids, mut codes) = (Vec::new(), Vec::new());
        for key in questions {
            match key {
                Self::Id(id) => ids.push(id.as_str()),
                Self::Code(hash) => codes.push(HEXLOWER.encode(hash)),
            }
        }
        let mut found = HashMap::new();
        if !ids.is_empty() {
            let asked = listing(&ids)?;
            found.extend(by_ids(tx, asked, now).await?);
        }
        if !codes.is_empty() {
            found.extend(by_codes(tx, listing(&codes)?, now).await?);
        }
        Ok(found)
    }
}

fn listing(values: &[impl serde::Serialize]) -> Result<String> {
    serde_json::to_string(values).map_err(|error| StoreError::corrupt("question", error))
}

async fn by_ids(tx: &mut Tx, asked: String, now: Timestamp) -> Result<Vec<(Key, Loaded)>> {
    let rows: Vec<LoadedRow> = run!(
        tx,
        sqlite | c | sqlx::query_as(by_ids!(sqlite)).bind(asked).bind(now.millis()).fetch_all(c),
        postgres | c | sqlx::query_as(by_ids!(postgres)).bind(asked).bind(now.millis()).fetch_all(c)
    )?;
    let keyed = |row: LoadedRow| {
        let loaded: Loaded = row.try_into()?;
        Ok((Key::Id(loaded.grant.id.clone()), loaded))
    };
    rows.into_iter().map(keyed).collect()
}

async fn by_codes(tx: &mut Tx, asked: String, now: Timestamp) -> Result<Vec<(Key, Loaded)>> {
    let rows: Vec<Both<LoadedRow, CodeRow>> = run!(
        tx,
        sqlite | c | sqlx::query_as(by_codes!(sqlite)).bind(asked).bind(now.millis()).fetch_all(c),
        postgres | c | sqlx::query_as(by_codes!(postgres)).bind(asked).bind(now.millis()).fetch_all(c)
    )?;
    let keyed = |Both(row, CodeRow { code }): Both<LoadedRow, CodeRow>| {
        let hash = HEXLOWER.decode(code.as_bytes()).ok().and_then(|hash| <[u8; 32]>::try_from(hash).ok());
        let hash = hash.ok_or_else(|| StoreError::corrupt("grant", "the code"))?;
        Ok((Key::Code(hash), row.try_into()?))
    };
    rows.into_iter().map(keyed).collect()
}

/// In a transaction that may change it.
pub async fn by_id(tx: &mut Tx, id: &GrantId, now: Timestamp) -> Result<Option<Loaded>> {
    Ok(Key::ask(tx, &[Key::Id(id.clone())], now).await?.into_values().next())
}

pub async fn insert(tx: &mut Tx, grant: &Grant, code_hash: &[u8; 32]) -> Result<()> {
    let request = serde_json::to_string(&grant.request).map_err(|error| StoreError::corrupt("grant", error))?;
    execute!(
        tx,
        "INSERT INTO grants (id, user_id, client_id, session_id, scope, request, auth_time, acr, amr, offline, code_hash, code_expires_at, \
         refresh_sequence, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        grant.id.as_str(),
        grant.user_id.as_str(),
        grant.client_id.as_str(),
        grant.session_id.as_ref().map(SessionId::as_str),
        grant.scopes.to_string(),
        request,
        grant.auth_time.millis(),
        grant.acr.as_str(),
        grant.amr.as_str(),
        grant.offline,
        code_hash.as_slice(),
        grant.code_expires_at.millis(),
        i64::from(grant.refresh_sequence),
        grant.created_at.millis(),
        grant.expires_at.millis(),
    )
    .map(drop)
}

/// A family of refresh tokens that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewFamily {
    /// The SHA-256 of the secret that its tokens carry.
    pub hash: [u8; 32],
    /// The version of the master key under which the first one is made.
    pub key: u8,
    pub idle_expires_at: Timestamp,
}

/// Uses the code: true for exactly one caller. The grant now lives as long as its tokens.
pub async fn use_code(
    tx: &mut Tx,
    id: &GrantId,
    now: Timestamp,
    family: Option<NewFamily>,
    expires_at: Timestamp,
) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE grants SET code_used_at = $2, refresh_expires_at = $3, expires_at = $4, refresh_hash = $5, refresh_key = $6 \
         WHERE id = $1 AND code_used_at IS NULL",
        id.as_str(),
        now.millis(),
        family.map(|family| family.idle_expires_at.millis()),
        expires_at.millis(),
        family.as_ref().map(|family| family.hash.as_slice()),
        family.map(|family| i64::from(family.key)),
    )?;
    Ok(Guarded::by(rows))
}

/// The next refresh token of a family.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    pub from: u32,
    pub to: u32,
    /// The version of the master key under which it is made.
    pub key: u8,
    pub idle_expires_at: Timestamp,
}

/// Rotates the refresh token: true for exactly one caller.
pub async fn rotate(tx: &mut Tx, id: &GrantId, next: Next, now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE grants SET refresh_sequence = $3, refresh_rotated_at = $4, refresh_expires_at = $5, refresh_key = $6 \
         WHERE id = $1 AND refresh_sequence = $2",
        id.as_str(),
        i64::from(next.from),
        i64::from(next.to),
        now.millis(),
        next.idle_expires_at.millis(),
        i64::from(next.key),
    )?;
    Ok(Guarded::by(rows))
}

/// Ends a grant with every token of it.
pub async fn end(tx: &mut Tx, id: &GrantId) -> Result<Guarded> {
    Ok(Guarded::by(execute!(tx, "DELETE FROM grants WHERE id = $1", id.as_str())?))
}

/// Ends every grant of a person, also those that outlive sessions.
pub async fn end_all(tx: &mut Tx, user_id: &UserId) -> Result<u64> {
    execute!(tx, "DELETE FROM grants WHERE user_id = $1", user_id.as_str())
}

/// Ends a person's grants but for those of one session.
pub async fn end_others(tx: &mut Tx, user_id: &UserId, session_id: &SessionId) -> Result<u64> {
    execute!(
        tx,
        "DELETE FROM grants WHERE user_id = $1 AND (session_id IS NULL OR session_id <> $2)",
        user_id.as_str(),
        session_id.as_str(),
    )
}
