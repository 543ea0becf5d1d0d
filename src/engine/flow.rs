//! Journeys: what a browser has begun and not finished.

mod continue_to;
mod kind;

pub use continue_to::{AccountPage, Continue};
pub use kind::FlowKind;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{Channel, Contact, Email};
use super::codes::Codes;
use super::external::{Brought, Errand};
use super::method::Method;
use super::user::Profile;
use crate::ids::{FlowId, UserId};
use crate::time::Timestamp;

/// A journey, as stored. Its id stands in URLs; the browser that began it proves itself by a secret in a cookie.
#[derive(Clone, Debug)]
pub struct Flow {
    pub id: FlowId,
    pub browser_hash: [u8; 32],
    /// Whose account it concerns. None while nobody is known, and in a decoy: a journey begun for an identifier that nobody has, which
    /// looks the same from outside.
    pub user_id: Option<UserId>,
    pub state: State,
    pub continue_to: Continue,
    pub codes: Codes,
    /// Random: what is derived within the flow cannot be derived from its id.
    pub salt: [u8; 16],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// Where a journey stands. Each carries what it needs to go on.
///
/// ```text
/// SignIn ───────────── signed in ────▶ finished
/// SignIn, Decided ──── decided ──────▶ Decided (yes or no to an application; [`State::decide`]) ── signed in ──▶ finished
/// SignInCode ───────── proved ───────▶ finished (signed in, or a SecondFactor or Enrol journey follows)
/// SecondFactor ─────── proved ───────▶ finished (signed in)
/// Enrol ────────────── proved ───────▶ finished (the account has a second factor; signed in)
/// SignUp ───────────── proved ───────▶ finished (the account is made)
/// Verify ───────────── proved ───────▶ finished (the address or number of an account is confirmed)
/// Reset ── proved ──▶ ResetProved ── password set ──▶ finished
/// Change ───────────── proved ───────▶ finished (the pending address or number becomes the account's)
/// AddTotp ──────────── proved ───────▶ finished (the authenticator app is a second factor)
/// Invitation ───────── password set ▶ finished (the account is its owner's; signed in)
/// Alarm ────────────── raised ───────▶ finished (the account is locked down)
/// Away ─────────────── came back ────▶ finished (signed in, connected, or a Newcomer or Join journey follows)
/// Newcomer ─────────── (stays open: a SignUp journey begins for each address that is given)
/// Join ─────────────── proved ───────▶ finished (the account is connected with the identity, or a new one has its address)
/// ```
///
/// Every other pair of state and step is refused; a finished journey refuses all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    SignIn,
    /// Somebody signed in has answered an application's question. The page that follows carries the answer out.
    Decided(Decided),
    SignInCode(Box<SignInCode>),
    SecondFactor(Box<HalfSignedIn>),
    Enrol(Box<HalfSignedIn>),
    SignUp(Box<SignUp>),
    Verify {
        to: Contact,
        /// By what somebody signed in before this was asked.
        #[serde(default)]
        given: Vec<Method>,
        /// "Stay signed in", as it was ticked then.
        #[serde(default)]
        remember: bool,
    },
    Reset(Box<Asked>),
    ResetProved {
        to: Contact,
    },
    Change {
        to: Contact,
    },
    /// An authenticator app has its secret, and has not shown it yet.
    AddTotp {
        sealed: String,
    },
    /// At a provider, from where the browser comes back.
    Away(Box<Away>),
    /// Back from a provider that does not vouch for an address: one has to be given.
    Newcomer(Box<Brought>),
    /// Back from a provider, with the address of an account: its owner signs in first.
    Join(Box<Join>),
    /// The operator has made an account and mailed its owner a link, by which they choose how to come in.
    Invitation {
        to: Contact,
    },
    /// "This was not me": the link of a security notice, for as long as what it tells of can be taken back.
    Alarm {
        to: Contact,
    },
}

/// What somebody said on the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// It counts for them alone.
    pub person: UserId,
    pub reply: Reply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Yes,
    No,
    /// The application asked for somebody else, and stays without them.
    NotThem,
}

/// Everything an account will be made of once its address is proved. Nothing stands in `users` before, so a stranger's sign-up
/// for somebody's address leaves nothing to inherit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    pub to: Contact,
    /// None: the account has no password, and its owner signs in by codes.
    pub password_hash: Option<String>,
    pub profile: Profile,
    /// With the identity that the account will be connected with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Box<Brought>>,
}

/// On the way to a provider and back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Its id in the settings.
    pub provider: String,
    pub errand: Errand,
}

/// An identity that may belong to the journey's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    pub brought: Brought,
    /// The account's address: the one that the provider gave, or the one that was typed.
    pub account: Email,
    /// Whether its owner may leave that account alone and have one of their own.
    pub may_replace: bool,
}

/// Somebody has named an account, and a message is on the way to it, if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// As typed: what pages show and limits count, whether or not anybody has it.
    pub identifier: String,
    pub channel: Channel,
    /// None: a decoy.
    pub to: Option<Contact>,
    /// Asked for in a browser in which the account's owner has signed in before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub known: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Signing in by a code or link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInCode {
    #[serde(flatten)]
    pub asked: Asked,
    pub remember: bool,
}

/// Somebody has proved who they are, and more is needed before a session begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HalfSignedIn {
    /// What was proved in this journey. Empty: somebody signed in proves it anew.
    pub given: Vec<Method>,
    pub remember: bool,
    /// Where the last code went.
    pub to: Option<Contact>,
    /// The hash of the password that a reset chose: it takes effect with the second factor, for whoever reads somebody's messages must not
    /// get past it by setting the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_password: Option<String>,
}

impl HalfSignedIn {
    pub fn new(given: Vec<Method>, remember: bool) -> Self {
        Self { given, remember, to: None, new_password: None }
    }
}

/// What happens to a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    SignedIn,
    /// The address was proved by its code or link.
    Proved,
    PasswordSet,
    /// The owner says that somebody else was in the account.
    Raised,
    /// The browser is back from the provider.
    CameBack,
}

/// What follows from a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    State(State),
    Finished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the journey has expired")]
    Expired,
    #[error("the journey is finished")]
    Finished,
    #[error("the journey does not take that step now")]
    NotNow,
}

impl State {
    /// Whether this is the second factor of a reset: the new password takes effect with it.
    pub fn is_reset(&self) -> bool {
        matches!(self, Self::SecondFactor(half) if half.new_password.is_some())
    }

    /// Takes a step, or refuses.
    pub fn step(self, step: Step) -> Result<Next, Refusal> {
        match (self, step) {
            (Self::Reset(asked), Step::Proved) => match asked.to {
                Some(to) => Ok(Next::State(Self::ResetProved { to })),
                None => Err(Refusal::NotNow),
            },
            (Self::SignIn | Self::Decided(_), Step::SignedIn)
            | (
                Self::SignInCode(_)
                | Self::SecondFactor(_)
                | Self::Enrol(_)
                | Self::SignUp(_)
                | Self::Verify { .. }
                | Self::Change { .. }
                | Self::AddTotp { .. }
                | Self::Newcomer(_)
                | Self::Join(_),
                Step::Proved,
            )
            | (Self::ResetProved { .. } | Self::Invitation { .. }, Step::PasswordSet)
            | (Self::Alarm { .. }, Step::Raised)
            | (Self::Away(_), Step::CameBack) => Ok(Next::Finished),
            _ => Err(Refusal::NotNow),
        }
    }

    /// The person's yes or no to an application. Until it is carried out they may think again.
    pub fn decide(&self, decided: Decided) -> Result<Self, Refusal> {
        match self {
            Self::SignIn | Self::Decided(_) => Ok(Self::Decided(decided)),
            _ => Err(Refusal::NotNow),
        }
    }

    /// The name under which it is stored and found.
    pub const fn kind(&self) -> FlowKind {
        match self {
            Self::SignIn | Self::Decided(_) => FlowKind::SignIn,
            Self::SignInCode(_) => FlowKind::SignInCode,
            Self::SecondFactor(_) => FlowKind::SecondFactor,
            Self::Enrol(_) => FlowKind::Enrol,
            Self::SignUp(_) => FlowKind::SignUp,
            Self::Verify { .. } => FlowKind::Verify,
            Self::Reset(_) | Self::ResetProved { .. } => FlowKind::Reset,
            Self::Change { to } => FlowKind::change(to.channel()),
            Self::AddTotp { .. } => FlowKind::AddTotp,
            Self::Invitation { .. } => FlowKind::Invitation,
            Self::Alarm { .. } => FlowKind::Alarm,
            Self::Away(_) => FlowKind::Away,
            Self::Newcomer(_) => FlowKind::Newcomer,
            Self::Join(_) => FlowKind::Join,
        }
    }

    /// Where the journey's messages go.
    pub fn destination(&self) -> Option<&Contact> {
        match self {
            Self::SignIn | Self::Decided(_) | Self::AddTotp { .. } | Self::Away(_) | Self::Newcomer(_) | Self::Join(_) => None,
            Self::SignInCode(code) => code.asked.to.as_ref(),
            Self::SecondFactor(half) | Self::Enrol(half) => half.to.as_ref(),
            Self::SignUp(sign_up) => Some(&sign_up.to),
            Self::Reset(asked) => asked.to.as_ref(),
            Self::Verify { to, .. }
            | Self::ResetProved { to }
            | Self::Change { to }
            | Self::Invitation { to }
            | Self::Alarm { to } => Some(to),
        }
    }

    /// What somebody typed to name an account, in journeys that do not say whether there is one.
    pub fn asked(&self) -> Option<&Asked> {
        match self {
            Self::SignInCode(code) => Some(&code.asked),
            Self::Reset(asked) => Some(asked),
            _ => None,
        }
    }

    /// The text by which open journeys are found and tries at codes are counted: the destination in its unique spelling, or what was typed
    /// where even that would tell whether there is an account.
    pub fn subject(&self) -> Option<String> {
        match self.asked() {
            Some(asked) => Some(asked.identifier.trim().to_lowercase()),
            None => self.destination().map(|contact| contact.key().to_owned()),
        }
    }
}

impl Flow {
    pub fn is_open(&self, now: Timestamp) -> Result<(), Refusal> {
        match () {
            () if self.finished_at.is_some() => Err(Refusal::Finished),
            () if now >= self.expires_at => Err(Refusal::Expired),
            () => Ok(()),
        }
    }

    pub fn step(&self, step: Step, now: Timestamp) -> Result<Next, Refusal> {
        self.is_open(now)?;
        self.state.clone().step(step)
    }
}

/// How long journeys stay open.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub sign_in: Duration,
    /// A code or link that signs in.
    pub sign_in_code: Duration,
    /// Between the first factor and the second.
    pub second: Duration,
    pub verify: Duration,
    pub reset: Duration,
    pub change: Duration,
    pub invitation: Duration,
    pub undo: Duration,
    pub add_factor: Duration,
    /// At a provider, and what it takes after coming back.
    pub external: Duration,
}

impl Lifetimes {
    pub const fn of(self, state: &State) -> Duration {
        match state {
            State::SignIn | State::Decided(_) => self.sign_in,
            State::Away(_) | State::Newcomer(_) | State::Join(_) => self.external,
            State::SignInCode(_) => self.sign_in_code,
            State::SecondFactor(_) | State::Enrol(_) => self.second,
            State::SignUp(_) | State::Verify { .. } => self.verify,
            State::Reset(_) | State::ResetProved { .. } => self.reset,
            State::Change { .. } => self.change,
            State::AddTotp { .. } => self.add_factor,
            State::Invitation { .. } => self.invitation,
            State::Alarm { .. } => self.undo,
        }
    }
}

#[cfg(test)]
mod tests;
