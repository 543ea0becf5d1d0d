//! Addresses and numbers that were an account's, for as long as a change can be taken back.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::sql::{all, execute, optional, row};
use crate::engine::address::{Channel, Contact};
use crate::ids::{AddressChangeId, UserId};
use crate::time::Timestamp;

/// A change of address or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressChange {
    pub channel: Channel,
    /// What it was. None: there was none, or none that was proved.
    pub previous: Option<Contact>,
    /// The operator's word: it is not taken back, and who was reached there before is only told.
    pub by_operator: bool,
}

row! {
    struct ChangeRow {
        channel: String,
        previous: Option<String>,
        by_operator: bool,
    }
}

impl TryFrom<ChangeRow> for AddressChange {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self> {
        let corrupt = |why: &str| StoreError::corrupt("address change", why);
        let channel = [Channel::Mail, Channel::Sms].into_iter().find(|channel| channel.as_str() == row.channel);
        let previous = row.previous.map(|text| text.parse::<Contact>()).transpose();
        Ok(Self {
            channel: channel.ok_or_else(|| corrupt("the channel"))?,
            previous: previous.map_err(|_| corrupt("the address"))?,
            by_operator: row.by_operator,
        })
    }
}

/// Remembers what was changed at `at`, until `until`.
pub async fn insert(
    tx: &mut Tx,
    id: &AddressChangeId,
    user_id: &UserId,
    change: &AddressChange,
    at: Timestamp,
    until: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO address_changes (id, user_id, channel, previous, changed_at, expires_at, by_operator) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id.as_str(),
        user_id.as_str(),
        change.channel.as_str(),
        change.previous.as_ref().map(Contact::as_str),
        at.millis(),
        until.millis(),
        change.by_operator,
    )
    .map(drop)
}

/// A person's changes, oldest first, for as long as they can be taken back; the operator's among them.
pub async fn of_user(tx: &mut Tx, user_id: &UserId, now: Timestamp) -> Result<Vec<AddressChange>> {
    all!(
        tx,
        ChangeRow,
        "SELECT channel, previous, by_operator FROM address_changes WHERE user_id = $1 AND expires_at > $2 ORDER BY changed_at, id",
        user_id.as_str(),
        now.millis(),
    )?
    .into_iter()
    .map(AddressChange::try_from)
    .collect()
}

/// Forgets them: they were taken back. Whom the operator's left behind still hears of what follows.
pub async fn forget(tx: &mut Tx, user_id: &UserId) -> Result<()> {
    execute!(tx, "DELETE FROM address_changes WHERE user_id = $1 AND NOT by_operator", user_id.as_str()).map(drop)
}

/// Forgets a person's own changes of one channel: the operator has decided what it is.
pub async fn forget_channel(tx: &mut Tx, user_id: &UserId, channel: Channel) -> Result<()> {
    let sql = "DELETE FROM address_changes WHERE user_id = $1 AND channel = $2 AND NOT by_operator";
    execute!(tx, sql, user_id.as_str(), channel.as_str()).map(drop)
}

/// Whether an address or number belongs to another account than this.
pub async fn is_anothers(tx: &mut Tx, contact: &Contact, user_id: &UserId) -> Result<bool> {
    let owner = match contact {
        Contact::Email(email) => {
            optional!(tx, (String,), "SELECT id FROM users WHERE email_key = $1 AND id <> $2", email.key(), user_id.as_str())?
        }
        Contact::Phone(phone) => optional!(
            tx,
            (String,),
            "SELECT id FROM users WHERE phone_number = $1 AND id <> $2",
            phone.as_str(),
            user_id.as_str()
        )?,
    };
    Ok(owner.is_some())
}
