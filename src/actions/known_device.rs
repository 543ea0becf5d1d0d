//! Browsers in which somebody has signed in before.
//!
//! Such a browser keeps a cookie. It opens no session: it gives the browser a count of failures of its own, and the owner's part of the messages to
//! the account, and signing in there is told to nobody. It names the account's epoch, which [`sessions::end`] counts up whenever more than one
//! session ends (a lock-down, a reset, a new password, "sign out everywhere", an operator): after that, whoever was in the account, and must not be
//! any more, has no known browser either.

use data_encoding::BASE64URL_NOPAD;

use super::{App, Outcome, tell};
use crate::engine::session::Session;
use crate::engine::user::User;
use crate::ids::UserId;
use crate::locale::Locale;
use crate::store::sessions;

/// What such a cookie says. Whether it still counts, only the account knows: see [`is_of`](Self::is_of).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Who has signed in.
    pub user_id: UserId,
    epoch: i64,
}

impl KnownDevice {
    /// The cookie's text.
    pub fn cookie(app: &App, user: &User) -> String {
        let (id, epoch) = (user.id.as_str(), user.device_epoch.to_string());
        let mac = app.keyring.mac(PURPOSE, &[id.as_bytes(), epoch.as_bytes()]);
        format!("{id}.{epoch}.{}", BASE64URL_NOPAD.encode(&mac))
    }

    /// What a text says, if it is ours.
    pub fn parse(app: &App, text: &str) -> Option<Self> {
        let (id, rest) = text.split_once('.')?;
        let (epoch, mac) = rest.split_once('.')?;
        let mac = BASE64URL_NOPAD.decode(mac.as_bytes()).ok()?;
        if !app.keyring.verify_mac(PURPOSE, &[id.as_bytes(), epoch.as_bytes()], &mac) {
            return None;
        }
        Some(Self { user_id: id.parse().ok()?, epoch: epoch.parse().ok()? })
    }

    /// Whether this is a browser in which this person has signed in, and has not been signed out of everywhere since.
    pub fn is_of(&self, user: &User) -> bool {
        self.user_id == user.id && self.epoch == user.device_epoch
    }
}

const PURPOSE: &str = "known_device";

/// What a browser keeps of whoever has just signed in.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The cookie of a known device.
    pub known_device: String,
    /// The language of the profile, if it names one that we speak.
    pub locale: Option<Locale>,
}

/// None: the session has ended already, as by a lock-down at the same moment, and the browser stays as unknown as it was.
pub async fn of_session(app: &App, session: &Session) -> Outcome<Option<Kept>> {
    let user = sessions::owner(&mut app.store.read().await?, &session.id).await?;
    Ok(user.map(|user| Kept { known_device: KnownDevice::cookie(app, &user), locale: tell::language_of(&user) }))
}
