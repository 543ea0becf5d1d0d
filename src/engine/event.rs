//! What happened, who did it, from where: written with the change itself.

use serde::Serialize;

use crate::ids::{ClientId, SessionId, UserId};

/// One entry of the audit log, before it has an id and a time.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: Kind,
    pub user_id: Option<UserId>,
    pub session_id: Option<SessionId>,
    pub client_id: Option<ClientId>,
    pub actor: Actor,
    pub origin: Origin,
    /// More, for the log's reader. Never a secret, never personal data: it outlives the account.
    pub detail: Option<&'static str>,
}

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub address: String,
    pub device: String,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The person the event concerns, or somebody who claims to be.
    User,
    Client,
    /// The command line.
    Operator,
    /// The server by itself.
    System,
}

impl Actor {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

macro_rules! kinds {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// The kinds of event, with the names that the log and later the webhooks use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($name),* }

        impl Kind {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

kinds! {
    UserCreated = "user.created",
    UserInvited = "user.invited",
    UserUpdated = "user.updated",
    UserDisabled = "user.disabled",
    UserEnabled = "user.enabled",
    UserDeleted = "user.deleted",
    SignUpStarted = "sign_up.started",
    SignUpForExisting = "sign_up.existing_account",
    EmailVerified = "user.email.verified",
    PhoneVerified = "user.phone.verified",
    PhoneChangeRequested = "user.phone.change_requested",
    PhoneChanged = "user.phone.changed",
    EmailChangeRequested = "user.email.change_requested",
    EmailChanged = "user.email.changed",
    IdentityConnected = "user.identity.connected",
    IdentityDisconnected = "user.identity.disconnected",
    LockedDown = "user.locked_down",
    PasswordChanged = "user.password.changed",
    PasswordReset = "user.password.reset",
    PasswordResetRequested = "user.password.reset_requested",
    FactorAdded = "factor.added",
    FactorRemoved = "factor.removed",
    RecoveryCodesMade = "recovery_codes.made",
    RecoveryCodeUsed = "recovery_codes.used",
    DeviceTrusted = "trusted_device.added",
    DeviceForgotten = "trusted_device.removed",
    SignedIn = "session.started",
    SignInCodeRequested = "session.code_requested",
    SecondFactorFailed = "session.second_factor_failed",
    SignInFailed = "session.sign_in_failed",
    Reauthenticated = "session.reauthenticated",
    SignedOut = "session.ended",
    PasskeyAdded = "user.passkey.added",
    PasskeyRenamed = "user.passkey.renamed",
    PasskeyRemoved = "user.passkey.removed",
    PasskeyCounterWentBack = "user.passkey.counter_went_back",
    ConsentGranted = "consent.granted",
    ConsentRevoked = "consent.revoked",
    CodeReplayed = "grant.code_replayed",
    RefreshReplayed = "grant.refresh_replayed",
    GrantRevoked = "grant.revoked",
    ClientCreated = "client.created",
    ClientUpdated = "client.updated",
    ClientDeleted = "client.deleted",
    ClientSecretRotated = "client.secret_rotated",
    KeyCreated = "key.created",
    KeyRetired = "key.retired",
}
