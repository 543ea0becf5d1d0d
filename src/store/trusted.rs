//! Browsers that are not asked for the second factor.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, optional, row};
use crate::ids::{DeviceId, UserId};
use crate::time::Timestamp;

row! {
    struct DeviceRow {
        id: String,
        device: String,
        address: String,
        created_at: i64,
        last_used_at: i64,
        expires_at: i64,
    }
}

/// A browser that proved the second factor and is believed for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedDevice {
    pub id: DeviceId,
    /// The browser and system as told by the User-Agent, shortened.
    pub device: String,
    /// Where it was when it became trusted.
    pub address: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

impl TryFrom<DeviceRow> for TrustedDevice {
    type Error = StoreError;

    fn try_from(row: DeviceRow) -> Result<Self> {
        Ok(Self {
            id: row
                .id
                .parse()
                .map_err(|error: crate::ids::ParseIdError| StoreError::corrupt("trusted device", error.to_string()))?,
            device: row.device,
            address: row.address,
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: Timestamp::from_millis(row.last_used_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

pub async fn insert(tx: &mut Tx, user_id: &UserId, device: &TrustedDevice, secret_hash: &[u8; 32]) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO trusted_devices (id, user_id, secret_hash, device, address, created_at, last_used_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        device.id.as_str(),
        user_id.as_str(),
        secret_hash.as_slice(),
        device.device.as_str(),
        device.address.as_str(),
        device.created_at.millis(),
        device.last_used_at.millis(),
        device.expires_at.millis(),
    )
    .map(drop)
}

/// The browser that holds this secret, if it is this person's and its time is not over.
pub async fn find(tx: &mut Tx, user_id: &UserId, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<TrustedDevice>> {
    optional!(
        tx,
        DeviceRow,
        "SELECT id, device, address, created_at, last_used_at, expires_at FROM trusted_devices \
         WHERE secret_hash = $1 AND user_id = $2 AND expires_at > $3",
        secret_hash.as_slice(),
        user_id.as_str(),
        now.millis(),
    )?
    .map(TrustedDevice::try_from)
    .transpose()
}

/// The person's, the most recently used first.
pub async fn list(tx: &mut Tx, user_id: &UserId, now: Timestamp) -> Result<Vec<TrustedDevice>> {
    all!(
        tx,
        DeviceRow,
        "SELECT id, device, address, created_at, last_used_at, expires_at FROM trusted_devices \
         WHERE user_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, id DESC",
        user_id.as_str(),
        now.millis(),
    )?
    .into_iter()
    .map(TrustedDevice::try_from)
    .collect()
}

pub async fn remove(tx: &mut Tx, user_id: &UserId, id: &DeviceId) -> Result<Guarded> {
    let rows = execute!(tx, "DELETE FROM trusted_devices WHERE id = $1 AND user_id = $2", id.as_str(), user_id.as_str())?;
    Ok(Guarded::by(rows))
}

pub async fn remove_all(tx: &mut Tx, user_id: &UserId) -> Result<u64> {
    execute!(tx, "DELETE FROM trusted_devices WHERE user_id = $1", user_id.as_str())
}

/// Remembers a use.
pub async fn touch(tx: &mut Tx, id: &DeviceId, now: Timestamp) -> Result<()> {
    execute!(tx, "UPDATE trusted_devices SET last_used_at = $2 WHERE id = $1", id.as_str(), now.millis()).map(drop)
}
