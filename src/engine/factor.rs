//! Second factors that are not passkeys, and what an account has in all.

use serde::{Deserialize, Serialize};

use super::address::Channel;
use crate::ids::FactorId;
use crate::time::Timestamp;

/// A second factor of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    pub id: FactorId,
    pub kind: FactorKind,
    /// What the person calls it.
    pub name: String,
    /// The secret of an authenticator app, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The time step of the last code that was used (RFC 6238 section 5.2: a code works once).
    pub last_step: i64,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    Totp,
    /// Codes to the account's verified number.
    Sms,
    /// Codes to the account's verified address.
    Mail,
}

impl FactorKind {
    pub const ALL: [Self; 3] = [Self::Totp, Self::Sms, Self::Mail];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Sms => "sms",
            Self::Mail => "mail",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Everything that an account can prove itself with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enrolled {
    pub has_password: bool,
    /// [`super::user::User::is_locked`]
    pub is_locked: bool,
    pub factors: Vec<Factor>,
    /// Passkeys that sign in by themselves.
    pub passkeys: usize,
    /// Keys that are only a second factor.
    pub security_keys: usize,
    /// When any of either was last used.
    pub key_used_at: Option<Timestamp>,
    /// Recovery codes that are not used yet.
    pub recovery_codes: i64,
    /// The channels with a proved address or number.
    pub reachable: Vec<Channel>,
}

impl Enrolled {
    /// Whether two-step verification is on. A passkey alone does not turn it on; it counts once it is.
    pub fn is_on(&self) -> bool {
        !self.factors.is_empty() || self.security_keys > 0
    }

    /// None without keys; else when one was last used.
    #[expect(clippy::option_option, reason = "no key, and a key that was never used, are different")]
    pub(super) fn keys_last_used_at(&self) -> Option<Option<Timestamp>> {
        (self.passkeys + self.security_keys > 0).then_some(self.key_used_at)
    }
}
