//! People's accounts.

use super::db::Tx;
use super::error::{Result, StoreError};
use super::guarded::Guarded;
use super::sql::{all, execute, optional, row};
use crate::engine::address::{Email, Identifier, Username};
use crate::engine::phone::Phone;
use crate::engine::user::{User, UserState};
use crate::ids::UserId;
use crate::time::Timestamp;

row! {
    pub(super) struct UserRow {
        id: String,
        username: Option<String>,
        email: Option<String>,
        email_verified_at: Option<i64>,
        email_vouched_by: Option<String>,
        phone_number: Option<String>,
        phone_number_verified_at: Option<i64>,
        password_hash: Option<String>,
        password_changed_at: Option<i64>,
        state: String,
        is_admin: bool,
        profile: String,
        created_at: i64,
        updated_at: i64,
        last_login_at: Option<i64>,
        device_epoch: i64,
    }
}

/// The columns of [`UserRow`], for a table named `users`.
macro_rules! columns {
    () => {
        "users.id, users.username, users.email, users.email_verified_at, users.email_vouched_by, users.phone_number, \
         users.phone_number_verified_at, users.password_hash, users.password_changed_at, users.state, users.is_admin, users.profile, users.created_at, \
         users.updated_at, users.last_login_at, users.device_epoch"
    };
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self> {
        let corrupt = |why: String| StoreError::corrupt("user", why);
        Ok(Self {
            id: row.id.parse().map_err(|error: crate::ids::ParseIdError| corrupt(error.to_string()))?,
            username: row.username.map(|name| Username::parse(&name)).transpose().map_err(|error| corrupt(error.to_string()))?,
            email: row.email.map(|email| Email::parse(&email)).transpose().map_err(|error| corrupt(error.to_string()))?,
            email_verified_at: row.email_verified_at.map(Timestamp::from_millis),
            email_vouched_by: row.email_vouched_by,
            phone_number: row
                .phone_number
                .map(|number| Phone::stored(&number))
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            phone_number_verified_at: row.phone_number_verified_at.map(Timestamp::from_millis),
            password_hash: row.password_hash,
            password_changed_at: row.password_changed_at.map(Timestamp::from_millis),
            state: match row.state.as_str() {
                "active" => UserState::Active,
                "disabled" => UserState::Disabled,
                other => return Err(corrupt(format!("state {other}"))),
            },
            is_admin: row.is_admin,
            profile: serde_json::from_str(&row.profile).map_err(|error| corrupt(error.to_string()))?,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            last_login_at: row.last_login_at.map(Timestamp::from_millis),
            device_epoch: row.device_epoch,
        })
    }
}

pub async fn by_id(tx: &mut Tx, id: &UserId) -> Result<Option<User>> {
    optional!(tx, UserRow, concat!("SELECT ", columns!(), " FROM users WHERE id = $1 AND state <> 'removed'"), id.as_str())?
        .map(User::try_from)
        .transpose()
}

/// The account that an identifier names.
pub async fn by_identifier(tx: &mut Tx, identifier: &Identifier) -> Result<Option<User>> {
    let row = match identifier {
        Identifier::Email(email) => {
            optional!(tx, UserRow, concat!("SELECT ", columns!(), " FROM users WHERE email_key = $1"), email.key())?
        }
        Identifier::Phone(phone) => {
            optional!(tx, UserRow, concat!("SELECT ", columns!(), " FROM users WHERE phone_number = $1"), phone.as_str())?
        }
        // The same statement for what nobody can have, so that it takes the same time.
        Identifier::Username(_) | Identifier::Unknown => {
            optional!(tx, UserRow, concat!("SELECT ", columns!(), " FROM users WHERE username_key = $1"), identifier.key())?
        }
    };
    row.map(User::try_from).transpose()
}

pub async fn by_email(tx: &mut Tx, email: &Email) -> Result<Option<User>> {
    by_identifier(tx, &Identifier::Email(email.clone())).await
}

/// A page of accounts, oldest first, after `after`.
pub async fn list(tx: &mut Tx, after: Option<&UserId>, limit: i64) -> Result<Vec<User>> {
    let after = after.map_or("", UserId::as_str);
    all!(
        tx,
        UserRow,
        concat!("SELECT ", columns!(), " FROM users WHERE id > $1 AND state <> 'removed' ORDER BY id LIMIT $2"),
        after,
        limit,
    )?
    .into_iter()
    .map(User::try_from)
    .collect()
}

/// Whether anybody can administer. Who is shut cannot.
pub async fn has_admin(tx: &mut Tx) -> Result<bool> {
    Ok(optional!(tx, (String,), "SELECT id FROM users WHERE is_admin AND state = 'active' LIMIT 1")?.is_some())
}

/// A page of those who administer and are not shut, oldest first, after `after`.
pub async fn administrators(tx: &mut Tx, after: Option<&UserId>, limit: i64) -> Result<Vec<User>> {
    all!(
        tx,
        UserRow,
        concat!("SELECT ", columns!(), " FROM users WHERE is_admin AND state = 'active' AND id > $1 ORDER BY id LIMIT $2"),
        after.map_or("", UserId::as_str),
        limit,
    )?
    .into_iter()
    .map(User::try_from)
    .collect()
}

/// [`StoreError::Taken`] if the address, name or number belongs to another account.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO users (id, username, username_key, email, email_key, email_verified_at, phone_number, phone_number_verified_at, \
         password_hash, password_changed_at, state, is_admin, profile, created_at, updated_at, last_login_at, email_vouched_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        user.id.as_str(),
        user.username.as_ref().map(Username::as_str),
        user.username.as_ref().map(Username::key),
        user.email.as_ref().map(Email::as_str),
        user.email.as_ref().map(Email::key),
        user.email_verified_at.map(Timestamp::millis),
        user.phone_number.as_ref().map(Phone::as_str),
        user.phone_number_verified_at.map(Timestamp::millis),
        user.password_hash.as_deref(),
        user.password_changed_at.map(Timestamp::millis),
        user.state.as_str(),
        user.is_admin,
        profile(user)?,
        user.created_at.millis(),
        user.updated_at.millis(),
        user.last_login_at.map(Timestamp::millis),
        user.email_vouched_by.as_deref(),
    )
    .map(drop)
}

/// Writes every column but `id`, `created_at`, `last_login_at` and `device_epoch`. [`StoreError::Taken`] as for [`insert`]; false if there is no such account, or it has
/// changed since it was read (`updated_at` is not `read_at`).
pub async fn update(tx: &mut Tx, user: &User, read_at: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE users SET username = $2, username_key = $3, email = $4, email_key = $5, email_verified_at = $6, phone_number = $7, \
         phone_number_verified_at = $8, password_hash = $9, password_changed_at = $10, state = $11, is_admin = $12, profile = $13, \
         updated_at = $14, email_vouched_by = $16 WHERE id = $1 AND updated_at = $15",
        user.id.as_str(),
        user.username.as_ref().map(Username::as_str),
        user.username.as_ref().map(Username::key),
        user.email.as_ref().map(Email::as_str),
        user.email.as_ref().map(Email::key),
        user.email_verified_at.map(Timestamp::millis),
        user.phone_number.as_ref().map(Phone::as_str),
        user.phone_number_verified_at.map(Timestamp::millis),
        user.password_hash.as_deref(),
        user.password_changed_at.map(Timestamp::millis),
        user.state.as_str(),
        user.is_admin,
        profile(user)?,
        user.updated_at.millis(),
        read_at.millis(),
        user.email_vouched_by.as_deref(),
    )?;
    Ok(Guarded::by(rows))
}

/// A code or link has arrived at the account's address: nobody's word is needed for it any more. No change of the account.
pub async fn mailbox_proved(tx: &mut Tx, id: &UserId, email: &Email) -> Result<()> {
    execute!(
        tx,
        "UPDATE users SET email_vouched_by = NULL WHERE id = $1 AND email_key = $2 AND email_vouched_by IS NOT NULL",
        id.as_str(),
        email.key(),
    )
    .map(drop)
}

fn profile(user: &User) -> Result<String> {
    serde_json::to_string(&user.profile).map_err(|error| StoreError::corrupt("profile", error))
}

/// Moves `last_login_at`; it is no change of the account. False if the account has changed since it was read: what was proved then, such as
/// a password, may be proved no more.
pub async fn signed_in(tx: &mut Tx, user: &User, now: Timestamp) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE users SET last_login_at = $2 WHERE id = $1 AND updated_at = $3",
        user.id.as_str(),
        now.millis(),
        user.updated_at.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// Browsers that were known until now are strangers; no change of the account.
pub(super) async fn forget_devices(tx: &mut Tx, id: &UserId) -> Result<()> {
    execute!(tx, "UPDATE users SET device_epoch = device_epoch + 1 WHERE id = $1", id.as_str()).map(drop)
}

/// Keeps an account as it was read until the end of this unit of work. False if it has changed since.
pub async fn hold(tx: &mut Tx, user: &User) -> Result<Guarded> {
    let rows = execute!(
        tx,
        "UPDATE users SET state = state WHERE id = $1 AND updated_at = $2",
        user.id.as_str(),
        user.updated_at.millis(),
    )?;
    Ok(Guarded::by(rows))
}

/// A hash of the same password with newer parameters; no change of the account either.
pub async fn rehashed(tx: &mut Tx, id: &UserId, old: &str, new: &str) -> Result<()> {
    execute!(tx, "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2", id.as_str(), old, new).map(drop)
}

pub(super) use columns;
