//! Whose account it is that somebody from a provider comes to: the one rule.
//!
//! A provider's identity is a subject at an issuer, never an address. By its address it only finds an account where two things are true:
//! the provider vouches for the address, and the account has proved it. Where either is not, somebody else's account must not be entered,
//! and nothing that somebody else has put into an account must be inherited (Sudhodanan and Paverd, "Pre-hijacked accounts", 2022).

use crate::ids::UserId;
use crate::settings::WhoSignsUp;
use crate::settings::providers::Linking;

/// What is known when somebody comes back from a provider.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The account that the identity is connected with.
    pub owner: Option<&'a UserId>,
    /// Who is signed in and asks to connect the identity.
    pub connecting: Option<&'a UserId>,
    /// The provider vouches for the address it gave.
    pub vouched: bool,
    /// The account that has the address. Without a provider that vouches it is not even looked up: the answer would tell whether there is one.
    pub local: Option<Local<'a>>,
    pub sign_up: WhoSignsUp,
    pub policy: Linking,
}

/// An account with the same address.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    pub id: &'a UserId,
    /// The address was proved, or [holds](Standing::holds_against).
    pub verified: bool,
    /// Signing in to it takes more than this, such as a second factor.
    pub guarded: bool,
    /// It is, or was until lately, connected with somebody else at the same issuer. Then the address has another owner by now: at an
    /// organisation it was given to a new employee.
    pub another_subject: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The identity is connected with this account.
    SignIn(UserId),
    /// It becomes so, and signs in.
    Link(UserId),
    /// Whoever is signed in asked for it.
    Connect(UserId),
    AlreadyConnected,
    /// It is connected with another account than that of whoever is signed in.
    BelongsToAnother,
    /// There is an account with this address: signing in to it as before shows whose it is.
    SignInFirst {
        /// Its address was never proved, so that it may be a stranger's: the person may leave it alone and have one of their own.
        may_replace: bool,
    },
    /// A new account with the address, which needs no other proof.
    Create,
    /// A new account, once the person has proved an address.
    AskAddress,
    Refuse(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// New accounts are not made here.
    Closed,
    /// They are made by whoever runs this.
    ByInvitation,
    /// Only identities that were connected before may sign in.
    NotConnected,
    /// The provider makes new accounts only, and there is one with this address.
    HasAccount,
}

/// The rule.
pub fn decide(facts: Facts<'_>) -> Decision {
    match (facts.connecting, facts.owner) {
        (Some(person), Some(owner)) if person == owner => Decision::AlreadyConnected,
        (Some(_), Some(_)) => Decision::BelongsToAnother,
        (Some(person), None) => Decision::Connect(person.clone()),
        (None, Some(owner)) => Decision::SignIn(owner.clone()),
        (None, None) => stranger(facts),
    }
}

/// An identity that no account is connected with.
fn stranger(facts: Facts<'_>) -> Decision {
    match (facts.local.filter(|_| facts.vouched), facts.policy) {
        (_, Linking::SignInOnly) => Decision::Refuse(Refusal::NotConnected),
        (Some(_), Linking::CreateOnly) => Decision::Refuse(Refusal::HasAccount),
        (Some(Local { id, verified: true, guarded: false, another_subject: false }), Linking::LinkVerified) => {
            Decision::Link(id.clone())
        }
        (Some(local), Linking::LinkVerified | Linking::Ask) => {
            Decision::SignInFirst { may_replace: !local.verified && facts.sign_up == WhoSignsUp::Everyone }
        }
        (None, _) => match facts.sign_up {
            WhoSignsUp::Nobody => Decision::Refuse(Refusal::Closed),
            WhoSignsUp::Invited => Decision::Refuse(Refusal::ByInvitation),
            WhoSignsUp::Everyone if facts.vouched => Decision::Create,
            WhoSignsUp::Everyone => Decision::AskAddress,
        },
    }
}

/// Why an account's address counts as proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A code or link arrived there.
    Proved,
    /// By the word of a provider that links so; none: one that is not set up any more.
    Vouched(Option<Linking>),
}

impl Standing {
    /// Whether the address counts as proved for somebody who comes by a provider that links so: not if it is only another's word against the word
    /// of one that is believed more. Then two people may be meant, and neither inherits from the other.
    pub fn holds_against(self, comes_by: Linking) -> bool {
        match self {
            Self::Proved | Self::Vouched(Some(Linking::LinkVerified)) => true,
            Self::Vouched(_) => comes_by != Linking::LinkVerified,
        }
    }
}

/// Whether an identity of an account still leads in after the password was reset by the account's address. `own`: how its provider links, if it is
/// set up.
///
/// A provider that is not believed enough to link by an address has asked once whose the address was. It may have another owner by now, who resets the
/// password of an account that somebody else came to by that provider: then the account is whose the address is, and the other one leaves.
pub fn stays_after_reset(address: Standing, own: Option<Linking>) -> bool {
    let believed = |linking| linking == Some(Linking::LinkVerified);
    match address {
        Standing::Proved => true,
        Standing::Vouched(by) => believed(by) || believed(own),
    }
}

#[cfg(test)]
mod tests;
