//! Access tokens: whether they are good now, and of whom they speak. Asked at every request of an app, so each question reads what its answer needs
//! and nothing else: a column costs more than the row it stands in.

use std::collections::HashMap;

use super::listing;
use crate::engine::authorize::ClaimsRequest;
use crate::engine::grant::Requested;
use crate::engine::user::User;
use crate::store::db::Tx;
use crate::store::error::{Result, StoreError};
use crate::store::gather::Question;
use crate::store::sql::{Both, execute, listed, optional, row, run};
use crate::store::users::{UserRow, columns as user_columns};
use crate::time::Timestamp;

/// Whether an access token is good, by its `jti`, which begins with the id of its grant: 32 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LifeOf(pub String);

/// The same, and of whom it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PersonOf(pub String);

/// What an access token's being good depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub user_active: bool,
    /// It outlives its session.
    pub offline: bool,
    /// The session it was given in still lives.
    pub session_live: bool,
    /// It was revoked by itself.
    pub revoked: bool,
}

#[derive(Clone, Debug)]
pub struct Standing {
    pub life: Life,
    pub user: User,
    /// What was asked about the person by name.
    pub claims: ClaimsRequest,
}

row! {
    struct LifeRow { jti: String, user_active: bool, offline: bool, session_live: bool, revoked: bool }
}

row! {
    struct RequestRow { request: String }
}

impl LifeRow {
    fn keyed(self) -> (String, Life) {
        let Self { jti, user_active, offline, session_live, revoked } = self;
        (jti, Life { user_active, offline, session_live, revoked })
    }
}

macro_rules! columns {
    () => {
        "asked.value AS jti, users.state = 'active' AS user_active, grants.offline, \
         (sessions.id IS NOT NULL AND sessions.expires_at > $2 AND sessions.idle_expires_at > $2) AS session_live, \
         EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = asked.value) AS revoked"
    };
}

/// What of an account or client that is removed still waits to go, is not there.
macro_rules! joined {
    ($dialect:tt) => {
        concat!(
            " FROM ",
            listed!($dialect),
            "grants ON grants.id = substr(asked.value, 1, 32) JOIN users ON users.id = grants.user_id \
             LEFT JOIN sessions ON sessions.id = grants.session_id WHERE users.state <> 'removed' \
             AND NOT EXISTS (SELECT 1 FROM removed_clients WHERE removed_clients.id = grants.client_id)"
        )
    };
}

macro_rules! lives {
    ($dialect:tt) => {
        concat!("SELECT ", columns!(), joined!($dialect))
    };
}

macro_rules! standings {
    ($dialect:tt) => {
        concat!("SELECT ", columns!(), ", grants.request, ", user_columns!(), joined!($dialect))
    };
}

impl Question for LifeOf {
    type Answer = Life;

    async fn ask(tx: &mut Tx, questions: &[Self], now: Timestamp) -> Result<HashMap<Self, Life>> {
        lives(tx, questions, now).await
    }
}

async fn lives(tx: &mut Tx, tokens: &[LifeOf], now: Timestamp) -> Result<HashMap<LifeOf, Life>> {
    let asked: Vec<&str> = tokens.iter().map(|token| token.0.as_str()).collect();
    let asked = listing(&asked)?;
    let rows: Vec<LifeRow> = run!(
        tx,
        sqlite | c | sqlx::query_as(lives!(sqlite)).bind(asked).bind(now.millis()).fetch_all(c),
        postgres | c | sqlx::query_as(lives!(postgres)).bind(asked).bind(now.millis()).fetch_all(c)
    )?;
    Ok(rows.into_iter().map(LifeRow::keyed).map(|(jti, life)| (LifeOf(jti), life)).collect())
}

impl Question for PersonOf {
    type Answer = Standing;

    async fn ask(tx: &mut Tx, questions: &[Self], now: Timestamp) -> Result<HashMap<Self, Standing>> {
        standings(tx, questions, now).await
    }
}

async fn standings(tx: &mut Tx, tokens: &[PersonOf], now: Timestamp) -> Result<HashMap<PersonOf, Standing>> {
    let asked: Vec<&str> = tokens.iter().map(|token| token.0.as_str()).collect();
    let asked = listing(&asked)?;
    let rows: Vec<Both<LifeRow, Both<RequestRow, UserRow>>> = run!(
        tx,
        sqlite | c | sqlx::query_as(standings!(sqlite)).bind(asked).bind(now.millis()).fetch_all(c),
        postgres | c | sqlx::query_as(standings!(postgres)).bind(asked).bind(now.millis()).fetch_all(c)
    )?;
    let keyed = |Both(life, Both(RequestRow { request }, user)): Both<LifeRow, Both<RequestRow, UserRow>>| {
        let (jti, life) = life.keyed();
        let request: Requested = serde_json::from_str(&request).map_err(|_| StoreError::corrupt("grant", "request"))?;
        Ok((PersonOf(jti), Standing { life, user: user.try_into()?, claims: request.claims }))
    };
    rows.into_iter().map(keyed).collect()
}

/// Marks one access token as revoked until it would have expired.
pub async fn revoke_token(tx: &mut Tx, jti: &str, expires_at: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING",
        jti,
        expires_at.millis(),
    )
    .map(drop)
}

pub async fn token_is_revoked(tx: &mut Tx, jti: &str) -> Result<bool> {
    Ok(optional!(tx, (String,), "SELECT jti FROM revoked_tokens WHERE jti = $1", jti)?.is_some())
}
