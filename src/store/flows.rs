//! Journeys that are not finished.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{execute, optional, row};
use crate::engine::codes::{Code, Codes, Links};
use crate::engine::flow::{Flow, FlowKind, State};
use crate::ids::{FlowId, UserId};
use crate::time::Timestamp;

row! {
    struct FlowRow {
        id: String,
        browser_hash: Vec<u8>,
        user_id: Option<String>,
        state: String,
        continue_to: String,
        code_mac: Option<Vec<u8>>,
        code_expires_at: Option<i64>,
        previous_code_mac: Option<Vec<u8>>,
        previous_code_expires_at: Option<i64>,
        tries: i64,
        sends: i64,
        sent_at: Option<i64>,
        salt: Option<Vec<u8>>,
        link_hash: Option<Vec<u8>>,
        previous_link_hash: Option<Vec<u8>>,
        created_at: i64,
        expires_at: i64,
        finished_at: Option<i64>,
    }
}

macro_rules! columns {
    () => {
        "id, browser_hash, user_id, state, continue_to, code_mac, code_expires_at, previous_code_mac, previous_code_expires_at, tries, \
         sends, sent_at, salt, link_hash, previous_link_hash, created_at, expires_at, finished_at"
    };
}

impl TryFrom<FlowRow> for Flow {
    type Error = StoreError;

    fn try_from(row: FlowRow) -> Result<Self> {
        let corrupt = |why: String| StoreError::corrupt("flow", why);
        let bytes = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| corrupt("a hash is not 32 bytes".to_owned()));
        let code = |mac: Option<Vec<u8>>, expires_at: Option<i64>| match (mac, expires_at) {
            (Some(mac), Some(at)) => Ok::<_, StoreError>(Some(Code { mac: bytes(mac)?, expires_at: Timestamp::from_millis(at) })),
            _ => Ok(None),
        };
        Ok(Self {
            id: row.id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
            browser_hash: bytes(row.browser_hash)?,
            user_id: row
                .user_id
                .map(|id| id.parse())
                .transpose()
                .map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
            state: serde_json::from_str(&row.state).map_err(|error| corrupt(error.to_string()))?,
            continue_to: serde_json::from_str(&row.continue_to).map_err(|error| corrupt(error.to_string()))?,
            codes: Codes {
                newest: code(row.code_mac, row.code_expires_at)?,
                previous: code(row.previous_code_mac, row.previous_code_expires_at)?,
                tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
                sends: u32::try_from(row.sends).unwrap_or(u32::MAX),
                sent_at: row.sent_at.map(Timestamp::from_millis),
                links: Links {
                    newest: row.link_hash.map(bytes).transpose()?,
                    previous: row.previous_link_hash.map(bytes).transpose()?,
                },
            },
            // Only flows that remember a way, from before there were salts, have none; nothing is derived in them.
            salt: row.salt.and_then(|salt| salt.try_into().ok()).unwrap_or_default(),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            finished_at: row.finished_at.map(Timestamp::from_millis),
        })
    }
}

pub async fn by_id(tx: &mut Tx, id: &FlowId) -> Result<Option<Flow>> {
    optional!(tx, FlowRow, concat!("SELECT ", columns!(), " FROM flows WHERE id = $1"), id.as_str())?
        .map(Flow::try_from)
        .transpose()
}

/// Reads a journey and makes all others who would judge or change it wait for the end of this unit of work: what is counted in it is counted
/// one after the other, on every node. (`SELECT … FOR UPDATE` has no twin in SQLite, which has one writer anyway.)
pub async fn hold(tx: &mut Tx, id: &FlowId) -> Result<Option<Flow>> {
    optional!(tx, FlowRow, concat!("UPDATE flows SET tries = tries WHERE id = $1 RETURNING ", columns!()), id.as_str())?
        .map(Flow::try_from)
        .transpose()
}

/// The newest open journey of a kind for an address, in the address's unique spelling.
pub async fn open_for(tx: &mut Tx, kind: FlowKind, subject: &str, now: Timestamp) -> Result<Option<Flow>> {
    optional!(
        tx,
        FlowRow,
        concat!(
            "SELECT ",
            columns!(),
            " FROM flows WHERE subject = $1 AND kind = $2 AND finished_at IS NULL AND expires_at > $3 \
             ORDER BY created_at DESC, id DESC LIMIT 1"
        ),
        subject,
        kind.as_str(),
        now.millis(),
    )?
    .map(Flow::try_from)
    .transpose()
}

/// The newest open journey of a kind of one person.
pub async fn open_of(tx: &mut Tx, kind: FlowKind, user_id: &UserId, now: Timestamp) -> Result<Option<Flow>> {
    optional!(
        tx,
        FlowRow,
        concat!(
            "SELECT ",
            columns!(),
            " FROM flows WHERE user_id = $1 AND kind = $2 AND finished_at IS NULL AND expires_at > $3 \
             ORDER BY created_at DESC, id DESC LIMIT 1"
        ),
        user_id.as_str(),
        kind.as_str(),
        now.millis(),
    )?
    .map(Flow::try_from)
    .transpose()
}

/// A person's open journey that is still as `new` begins, in the same browser and on the same way, and is open until `until`.
pub async fn like(tx: &mut Tx, new: &Flow, until: Timestamp) -> Result<Option<Flow>> {
    optional!(
        tx,
        FlowRow,
        concat!(
            "SELECT ",
            columns!(),
            " FROM flows WHERE user_id = $1 AND kind = $2 AND browser_hash = $3 AND state = $4 AND continue_to = $5 AND sends = 0 \
             AND finished_at IS NULL AND expires_at >= $6 ORDER BY created_at DESC, id DESC LIMIT 1"
        ),
        new.user_id.as_ref().map(UserId::as_str),
        new.state.kind().as_str(),
        new.browser_hash.as_slice(),
        json(&new.state)?,
        json(&new.continue_to)?,
        until.millis(),
    )?
    .map(Flow::try_from)
    .transpose()
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("flow", error))
}

pub async fn insert(tx: &mut Tx, flow: &Flow) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO flows (id, kind, browser_hash, user_id, subject, state, continue_to, code_mac, code_expires_at, previous_code_mac, \
         previous_code_expires_at, tries, sends, sent_at, created_at, expires_at, finished_at, salt, link_hash, \
         previous_link_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        flow.id.as_str(),
        flow.state.kind().as_str(),
        flow.browser_hash.as_slice(),
        flow.user_id.as_ref().map(UserId::as_str),
        flow.state.subject(),
        json(&flow.state)?,
        json(&flow.continue_to)?,
        flow.codes.newest.as_ref().map(|code| code.mac.as_slice()),
        flow.codes.newest.as_ref().map(|code| code.expires_at.millis()),
        flow.codes.previous.as_ref().map(|code| code.mac.as_slice()),
        flow.codes.previous.as_ref().map(|code| code.expires_at.millis()),
        i64::from(flow.codes.tries),
        i64::from(flow.codes.sends),
        flow.codes.sent_at.map(Timestamp::millis),
        flow.created_at.millis(),
        flow.expires_at.millis(),
        flow.finished_at.map(Timestamp::millis),
        flow.salt.as_slice(),
        flow.codes.links.newest.as_ref().map(<[u8; 32]>::as_slice),
        flow.codes.links.previous.as_ref().map(<[u8; 32]>::as_slice),
    )
    .map(drop)
}

/// Records codes sent or tried. `read` are those that the decision was made from: false if another request was faster.
pub async fn set_codes(tx: &mut Tx, id: &FlowId, read: &Codes, new: &Codes) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE flows SET code_mac = $2, code_expires_at = $3, previous_code_mac = $4, previous_code_expires_at = $5, tries = $6, \
         sends = $7, sent_at = $8, link_hash = $11, previous_link_hash = $12 \
         WHERE id = $1 AND finished_at IS NULL AND tries = $9 AND sends = $10",
        id.as_str(),
        new.newest.as_ref().map(|code| code.mac.as_slice()),
        new.newest.as_ref().map(|code| code.expires_at.millis()),
        new.previous.as_ref().map(|code| code.mac.as_slice()),
        new.previous.as_ref().map(|code| code.expires_at.millis()),
        i64::from(new.tries),
        i64::from(new.sends),
        new.sent_at.map(Timestamp::millis),
        i64::from(read.tries),
        i64::from(read.sends),
        new.links.newest.as_ref().map(<[u8; 32]>::as_slice),
        new.links.previous.as_ref().map(<[u8; 32]>::as_slice),
    )?;
    Ok(Guarded::by(rows))
}

/// Moves a journey on. `from` is the state the decision was made from: false if another request was faster.
pub async fn advance(tx: &mut Tx, id: &FlowId, from: &State, to: &State) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE flows SET state = $3 WHERE id = $1 AND state = $2 AND finished_at IS NULL",
        id.as_str(),
        json(from)?,
        json(to)?,
    )?;
    Ok(Guarded::by(rows))
}

/// Finishes a journey: true for exactly one caller.
pub async fn finish(tx: &mut Tx, id: &FlowId, now: Timestamp) -> Result<Guarded> {
    let rows =
        execute!(tx, "UPDATE flows SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL", id.as_str(), now.millis())?;
    Ok(Guarded::by(rows))
}

/// Ends a person's open journeys of a kind.
pub async fn cancel(tx: &mut Tx, kinds: &[FlowKind], user_id: &UserId, now: Timestamp) -> Result<u64> {
    let mut ended = 0;
    for kind in kinds {
        ended += execute!(
            tx,
            "UPDATE flows SET finished_at = $3 WHERE user_id = $1 AND kind = $2 AND finished_at IS NULL",
            user_id.as_str(),
            kind.as_str(),
            now.millis(),
        )?;
    }
    Ok(ended)
}

/// Ends all of a person's open journeys.
pub async fn cancel_all(tx: &mut Tx, user_id: &UserId, now: Timestamp) -> Result<u64> {
    execute!(tx, "UPDATE flows SET finished_at = $2 WHERE user_id = $1 AND finished_at IS NULL", user_id.as_str(), now.millis(),)
}

/// Binds a journey to another browser, whose owner has proved that it is theirs.
pub async fn rebind(tx: &mut Tx, id: &FlowId, browser_hash: &[u8; 32]) -> Result<()> {
    execute!(tx, "UPDATE flows SET browser_hash = $2 WHERE id = $1", id.as_str(), browser_hash.as_slice()).map(drop)
}
