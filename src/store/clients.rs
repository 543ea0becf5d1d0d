//! Clients that the operator has registered. Those of `config.toml` are not here.

use std::time::Duration;

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, optional, row};
use crate::engine::client::Client;
use crate::ids::ClientId;
use crate::settings::client_metadata::ClientMetadata;
use crate::time::Timestamp;

row! {
    struct ClientRow {
        id: String,
        secret_hash: Option<Vec<u8>>,
        metadata: String,
        created_at: i64,
        updated_at: i64,
    }
}

/// A client, when it was registered, and when it was changed last.
#[derive(Clone, Debug)]
pub struct Registered {
    pub client: Client,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl TryFrom<ClientRow> for Registered {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self> {
        let corrupt = |why: String| StoreError::corrupt("client", why);
        let metadata: ClientMetadata = serde_json::from_str(&row.metadata).map_err(|error| corrupt(error.to_string()))?;
        let metadata = metadata
            .validate()
            .map_err(|problems| corrupt(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let secret_hash =
            row.secret_hash.map(<[u8; 32]>::try_from).transpose().map_err(|_| corrupt("the secret's hash".to_owned()))?;
        let id = row.id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?;
        Ok(Self {
            client: Client { id, secret_hash, metadata },
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
        })
    }
}

pub async fn by_id(tx: &mut Tx, id: &ClientId) -> Result<Option<Registered>> {
    optional!(tx, ClientRow, "SELECT id, secret_hash, metadata, created_at, updated_at FROM clients WHERE id = $1", id.as_str())?
        .map(Registered::try_from)
        .transpose()
}

/// A page of clients, the first registered first, after `after`.
pub async fn list(tx: &mut Tx, after: Option<&Registered>, limit: i64) -> Result<Vec<Registered>> {
    let (time, id) = after.map_or((i64::MIN, ""), |last| (last.created_at.millis(), last.client.id.as_str()));
    all!(
        tx,
        ClientRow,
        "SELECT id, secret_hash, metadata, created_at, updated_at FROM clients WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3",
        time,
        id,
        limit,
    )?
    .into_iter()
    .map(Registered::try_from)
    .collect()
}

fn metadata(client: &Client) -> Result<String> {
    serde_json::to_string(&client.metadata.to_kept()).map_err(|error| StoreError::corrupt("client", error))
}

/// [`StoreError::Taken`] if the id exists.
pub async fn insert(tx: &mut Tx, client: &Client, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO clients (id, secret_hash, metadata, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)",
        client.id.as_str(),
        client.secret_hash.as_ref().map(<[u8; 32]>::as_slice),
        metadata(client)?,
        now.millis(),
    )
    .map(drop)
}

/// Writes secret and metadata, unless the client has changed since it was read at `read_at`: whoever rotates a secret while somebody else
/// writes the metadata must not find the old secret back.
pub async fn update(tx: &mut Tx, client: &Client, read_at: Timestamp, now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE clients SET secret_hash = $2, metadata = $3, updated_at = $4 WHERE id = $1 AND updated_at = $5",
        client.id.as_str(),
        client.secret_hash.as_ref().map(<[u8; 32]>::as_slice),
        metadata(client)?,
        // Later than before even within a millisecond, or by a clock that is behind: it is how the next writer notices.
        now.max(read_at + Duration::from_millis(1)).millis(),
        read_at.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// Writes a new secret alone, whatever else of the client is being changed. Overtaken: there is no such client any more, or none that has a
/// secret.
pub async fn rotate_secret(tx: &mut Tx, id: &ClientId, secret_hash: &[u8; 32], now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE clients SET secret_hash = $2, updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at + 1 END \
         WHERE id = $1 AND secret_hash IS NOT NULL",
        id.as_str(),
        secret_hash.as_slice(),
        now.millis(),
    )?;
    Ok(Guarded::by(rows))
}
