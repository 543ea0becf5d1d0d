//! Where a journey leads in the end, and the pages of one's own account.

use serde::{Deserialize, Serialize};

use super::super::authorize::AuthorizationRequest;
use super::super::site::Destination;
use crate::ids::FlowId;
use crate::time::Timestamp;

/// Where a finished journey leads. Never a URL out of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Continue {
    #[default]
    Account,
    Page {
        page: AccountPage,
    },
    /// The account, with a word that the application waits where it was asked from.
    Away,
    /// The question whether to connect the identity of a [`super::State::Join`] journey with the account.
    Connect {
        journey: FlowId,
        /// "Stay signed in", as it was ticked before going to the provider.
        remember: bool,
    },
    /// Back into an authorization request of a client.
    Authorize {
        request: Box<AuthorizationRequest>,
    },
    /// Back to one of the operator's sites, at an address that was found on it when the journey began, and is looked up again at its end.
    Site {
        destination: Box<Destination>,
    },
}

impl Continue {
    /// For a journey that begins anew: what a relying party asks for, it asks for now.
    #[must_use]
    pub fn anew(self, now: Timestamp) -> Self {
        match self {
            Self::Authorize { request } => {
                Self::Authorize { request: Box::new(AuthorizationRequest { requested_at: now, ..*request }) }
            }
            other => other,
        }
    }

    /// Whether two factors are wanted there.
    pub fn needs_two_factors(&self) -> bool {
        match self {
            Self::Authorize { request } => request.needs_two_factors(),
            Self::Site { destination } => destination.two_factors,
            Self::Account | Self::Page { .. } | Self::Connect { .. } | Self::Away => false,
        }
    }

    /// Whether two factors are liked there, of whoever has them.
    pub fn likes_two_factors(&self) -> bool {
        matches!(self, Self::Authorize { request } if request.likes_two_factors())
    }

    /// Whether it matters there when somebody has proved who they are.
    pub fn wants_fresh_proof(&self) -> bool {
        matches!(self, Self::Authorize { request } if request.wants_fresh_proof())
    }

    /// For a journey that another browser takes over: what an application asks for, it asks of the browser that it was opened in. The same
    /// goes for what was brought from a provider.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        match self {
            Self::Authorize { .. } | Self::Site { .. } | Self::Connect { .. } => Self::Away,
            other => other,
        }
    }
}

/// The pages of one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountPage {
    Profile,
    Password,
    Email,
    Phone,
    Security,
    Passkeys,
    Identities,
    /// The same page, for whoever had to prove who they are before they could connect anything.
    Connect,
    Sessions,
    Apps,
    Delete,
}

impl AccountPage {
    pub const ALL: [Self; 11] = [
        Self::Profile,
        Self::Password,
        Self::Email,
        Self::Phone,
        Self::Security,
        Self::Passkeys,
        Self::Identities,
        Self::Connect,
        Self::Sessions,
        Self::Apps,
        Self::Delete,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Password => "password",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Security => "security",
            Self::Passkeys => "passkeys",
            Self::Identities => "identities",
            Self::Connect => "connect",
            Self::Sessions => "sessions",
            Self::Apps => "apps",
            Self::Delete => "delete",
        }
    }

    pub const fn path(self) -> &'static str {
        match self {
            Self::Profile => "/account/profile",
            Self::Password => "/account/password",
            Self::Email => "/account/email",
            Self::Phone => "/account/phone",
            Self::Security => "/account/security",
            Self::Passkeys => "/account/passkeys",
            Self::Identities => "/account/identities",
            Self::Connect => "/account/identities?notice=identity-choose",
            Self::Sessions => "/account/sessions",
            Self::Apps => "/account/apps",
            Self::Delete => "/account/delete",
        }
    }

    /// From a query parameter: one of the names above, or nothing.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.as_str() == name)
    }
}
