//! Journeys: what a browser has begun and not finished.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{Contact, Email};
use super::authorize::AuthorizationRequest;
use super::codes::Codes;
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
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// Where a journey stands. Each carries what it needs to go on.
///
/// ```text
/// SignIn ───────────── signed in ────▶ finished
/// SignUp ───────────── proved ───────▶ finished (the account is made)
/// VerifyEmail ──────── proved ───────▶ finished (the address of an account is confirmed)
/// Reset ── proved ──▶ ResetProved ── password set ──▶ finished
/// ChangeEmail ──────── proved ───────▶ finished (the pending address becomes the address)
/// Alarm ────────────── raised ───────▶ finished (the account is locked down)
/// ```
///
/// Every other pair of state and step is refused; a finished journey refuses all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    SignIn,
    SignUp(Box<SignUp>),
    VerifyEmail {
        email: String,
    },
    Reset {
        email: String,
    },
    ResetProved {
        email: String,
    },
    ChangeEmail {
        email: String,
    },
    /// "This was not me": the link of a security notice, for as long as what it tells of can be taken back.
    Alarm {
        to: Contact,
    },
}

/// Everything an account will be made of once its address is proved. Nothing stands in `users` before, so a stranger's sign-up
/// for somebody's address leaves nothing to inherit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    pub email: String,
    pub password_hash: String,
    pub profile: Profile,
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
    /// Takes a step, or refuses.
    pub fn step(self, step: Step) -> Result<Next, Refusal> {
        match (self, step) {
            (Self::Reset { email }, Step::Proved) => Ok(Next::State(Self::ResetProved { email })),
            (Self::SignIn, Step::SignedIn)
            | (Self::SignUp(_) | Self::VerifyEmail { .. } | Self::ChangeEmail { .. }, Step::Proved)
            | (Self::ResetProved { .. }, Step::PasswordSet)
            | (Self::Alarm { .. }, Step::Raised) => Ok(Next::Finished),
            _ => Err(Refusal::NotNow),
        }
    }

    /// The name under which it is stored and found.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignUp(_) => "sign_up",
            Self::VerifyEmail { .. } => "verify_email",
            Self::Reset { .. } | Self::ResetProved { .. } => "reset",
            Self::ChangeEmail { .. } => "change_email",
            Self::Alarm { .. } => "alarm",
        }
    }

    /// The address that the journey's mail goes to, as typed.
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::SignIn => None,
            Self::SignUp(sign_up) => Some(&sign_up.email),
            Self::VerifyEmail { email } | Self::Reset { email } | Self::ResetProved { email } | Self::ChangeEmail { email } => {
                Some(email)
            }
            Self::Alarm { to } => Some(to.as_str()),
        }
    }

    /// The destination in its unique spelling, by which open journeys are found.
    pub fn subject(&self) -> Option<String> {
        self.destination().and_then(|text| Email::parse(text).ok()).map(|email| email.key().to_owned())
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

/// Where a finished journey leads. Never a URL out of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Continue {
    #[default]
    Account,
    Page {
        page: AccountPage,
    },
    /// Back into an authorization request of a client.
    Authorize {
        request: Box<AuthorizationRequest>,
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
}

/// The pages of one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountPage {
    Profile,
    Password,
    Email,
    Sessions,
    Apps,
    Delete,
}

impl AccountPage {
    pub const ALL: [Self; 6] = [Self::Profile, Self::Password, Self::Email, Self::Sessions, Self::Apps, Self::Delete];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Password => "password",
            Self::Email => "email",
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

/// How long journeys stay open.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub sign_in: Duration,
    pub verify: Duration,
    pub reset: Duration,
    pub change: Duration,
    pub undo: Duration,
}

impl Lifetimes {
    pub const fn of(self, state: &State) -> Duration {
        match state {
            State::SignIn => self.sign_in,
            State::SignUp(_) | State::VerifyEmail { .. } => self.verify,
            State::Reset { .. } | State::ResetProved { .. } => self.reset,
            State::ChangeEmail { .. } => self.change,
            State::Alarm { .. } => self.undo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<State> {
        let email = || "ana@example.com".to_owned();
        vec![
            State::SignIn,
            State::SignUp(Box::new(SignUp { email: email(), password_hash: String::new(), profile: Profile::default() })),
            State::VerifyEmail { email: email() },
            State::Reset { email: email() },
            State::ResetProved { email: email() },
            State::ChangeEmail { email: email() },
            State::Alarm { to: email().parse().unwrap() },
        ]
    }

    #[test]
    fn every_pair_of_state_and_step() {
        use Step::{PasswordSet, Proved, Raised, SignedIn};
        let allowed = |state: &State, step: Step| {
            matches!(
                (state, step),
                (State::SignIn, SignedIn)
                    | (State::SignUp(_) | State::VerifyEmail { .. } | State::Reset { .. } | State::ChangeEmail { .. }, Proved)
                    | (State::ResetProved { .. }, PasswordSet)
                    | (State::Alarm { .. }, Raised)
            )
        };
        for state in states() {
            for step in [SignedIn, Proved, PasswordSet, Raised] {
                let next = state.clone().step(step);
                assert_eq!(next.is_ok(), allowed(&state, step), "{state:?} {step:?}");
                if let Ok(Next::State(next)) = next {
                    assert_eq!(next, State::ResetProved { email: "ana@example.com".to_owned() });
                }
            }
        }
    }

    #[test]
    fn states_survive_storage() {
        for state in states() {
            let text = serde_json::to_string(&state).unwrap();
            assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
        }
    }

    #[test]
    fn only_our_own_pages_can_be_named() {
        assert_eq!(AccountPage::named("sessions"), Some(AccountPage::Sessions));
        for bad in ["", "https://evil.example", "//evil.example", "../sessions", "Sessions"] {
            assert_eq!(AccountPage::named(bad), None);
        }
    }
}
