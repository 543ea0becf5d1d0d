//! People as providers know them: whoever comes from one, and the identities that accounts are connected with.

use serde::{Deserialize, Serialize};

use super::address::Email;
use super::method::Method;
use super::user::Profile;
use crate::ids::{FlowId, IdentityId, UserId};
use crate::settings::providers::Vouching;
use crate::time::Timestamp;

/// Somebody who has come back from a provider, as it describes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// The provider's id in the settings.
    pub provider: String,
    /// Whose `subject` it is: two entries of one provider name the same people.
    pub issuer: String,
    /// The provider's own, unchanging name for the person. Never an address.
    pub subject: String,
    /// None: it gave none, or none that could be an address.
    pub email: Option<Email>,
    /// The provider answers for the address being this person's.
    pub vouched: bool,
    pub username: Option<String>,
    pub profile: Profile,
    pub tokens: Option<Tokens>,
}

/// The provider's tokens, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Base64url.
    pub sealed: String,
    /// When they have to be renewed. None: they cannot be, or need not.
    pub renew_at: Option<Timestamp>,
}

impl External {
    /// What the person is called there: the address, else the user name, else the name.
    pub fn shown_as(&self) -> String {
        let email = self.email.as_ref().map(|email| email.as_str().to_owned());
        email.or_else(|| self.username.clone()).or_else(|| self.profile.name.clone()).unwrap_or_default()
    }
}

/// What somebody goes to a provider for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Errand {
    SignIn {
        /// What stood in the form's field, for the page that follows if nothing comes of it.
        identifier: String,
        /// "Stay signed in".
        remember: bool,
        /// Somebody is signed in here: the provider shall ask rather than let them through.
        ask: bool,
        /// The page it began on.
        #[serde(default)]
        began: Began,
    },
    /// Who is signed in must prove that it is still them.
    ProveAgain { person: UserId, remember: bool },
    /// Who is signed in wants to sign in with an identity from there, too.
    Connect { person: UserId },
    /// Whoever has the link of an invitation chooses to sign in with an identity from there.
    AcceptInvitation { invitation: FlowId },
}

/// Where somebody was who went to a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Began {
    #[default]
    SignIn,
    SignUp {
        /// As typed.
        name: String,
    },
}

impl Errand {
    pub fn sign_in(typed: &str, remember: bool, ask: bool) -> Self {
        Self::SignIn { identifier: short(typed), remember, ask, began: Began::SignIn }
    }

    /// The same from the sign-up page, where nobody is asked whether to stay signed in.
    pub fn sign_up(typed: &str, name: &str, ask: bool) -> Self {
        Self::SignIn { identifier: short(typed), remember: false, ask, began: Began::SignUp { name: short(name) } }
    }

    /// Who is signed in, if it is for them.
    pub const fn person(&self) -> Option<&UserId> {
        match self {
            Self::SignIn { .. } | Self::AcceptInvitation { .. } => None,
            Self::ProveAgain { person, .. } | Self::Connect { person } => Some(person),
        }
    }

    /// Whether a session that comes of it stays.
    pub const fn remember(&self) -> bool {
        match self {
            Self::SignIn { remember, .. } | Self::ProveAgain { remember, .. } => *remember,
            Self::AcceptInvitation { .. } => true,
            Self::Connect { .. } => false,
        }
    }
}

/// The longest text of a form that is kept, in bytes: that of an address (RFC 5321 section 4.5.3.1.3).
const LONGEST: usize = 254;

fn short(typed: &str) -> String {
    if typed.len() <= LONGEST { typed.to_owned() } else { String::new() }
}

/// What somebody has brought from a provider while something is still missing. It counts for the account that the identity belongs to in the
/// end, in the browser and the journey that brought it, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    pub external: External,
    /// What was proved there, with the provider's times.
    pub given: Vec<Method>,
    /// "Stay signed in", as it was ticked before.
    pub remember: bool,
    /// The end of the journey that asks for what is missing. A sign-up that follows from it stays open for longer.
    pub until: Timestamp,
}

impl Brought {
    /// What is still worth something: a second factor only until the end.
    pub fn given_by(&self, now: Timestamp) -> Vec<Method> {
        self.given.iter().filter(|method| !method.second || now < self.until).cloned().collect()
    }
}

/// An account's connection with somebody at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub id: IdentityId,
    pub user_id: UserId,
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    /// What the person was called there when they last came: an address or a name.
    pub name: String,
    pub created_at: Timestamp,
    /// When somebody signed in by it; connecting it is no such time.
    pub last_used_at: Option<Timestamp>,
}

/// What a provider says of an address.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    pub email: &'a Email,
    /// It says that the address was proved there.
    pub verified: bool,
    /// The organization whose accounts the provider keeps (Google's `hd`).
    pub hosted_domain: Option<&'a str>,
}

/// Whether the provider's word is enough to take the address for the person's own.
///
/// Google is believed where it is the address's own keeper (its mail service, or an organization's): for others it may have been proved
/// years ago, by somebody who has it no more.
pub fn vouches(by: &Vouching, claimed: Claimed<'_>) -> bool {
    let domain = claimed.email.key().rsplit('@').next().unwrap_or_default();
    claimed.verified
        && match by {
            Vouching::Never => false,
            Vouching::Verified => true,
            Vouching::Hosted => {
                matches!(domain, "gmail.com" | "googlemail.com")
                    || claimed.hosted_domain.is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
            }
            Vouching::Domains(domains) => domains.iter().any(|known| known.eq_ignore_ascii_case(domain)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::method::MethodKind;
    use crate::engine::user::Profile;

    #[test]
    fn a_second_factor_is_worth_nothing_after_the_end() {
        let (at, until) = (Timestamp::from_seconds(100), Timestamp::from_seconds(200));
        let (first, second) = (Method::first(MethodKind::Provider, at), Method::second(MethodKind::Provider, at));
        let external = External {
            provider: "google".to_owned(),
            issuer: "https://accounts.google.com".to_owned(),
            subject: "1".to_owned(),
            email: None,
            vouched: false,
            username: None,
            profile: Profile::default(),
            tokens: None,
        };
        let brought = Brought { external, given: vec![first.clone(), second.clone()], remember: false, until };
        assert_eq!(brought.given_by(Timestamp::from_millis(199_999)), [first.clone(), second]);
        assert_eq!(brought.given_by(until), [first]);
    }

    #[test]
    fn whose_word_counts_for_which_address() {
        let own = Vouching::Domains(vec!["Example.com".to_owned()]);
        let table: [(&Vouching, &str, bool, Option<&str>, bool); 13] = [
            (&Vouching::Never, "ana@gmail.com", true, None, false),
            (&Vouching::Verified, "ana@example.com", true, None, true),
            (&Vouching::Verified, "ana@example.com", false, None, false),
            (&Vouching::Hosted, "ana@gmail.com", true, None, true),
            (&Vouching::Hosted, "Ana@Gmail.com", true, None, true),
            (&Vouching::Hosted, "ana@gmail.com", false, None, false),
            (&Vouching::Hosted, "ana@example.com", true, None, false),
            (&Vouching::Hosted, "ana@example.com", true, Some("example.com"), true),
            (&Vouching::Hosted, "ana@other.example", true, Some("example.com"), false),
            (&Vouching::Hosted, "ana@evil-gmail.com", true, None, false),
            (&own, "ana@example.com", true, None, true),
            (&own, "ana@sub.example.com", true, None, false),
            (&own, "ana@example.com", false, None, false),
        ];
        for (by, email, verified, hosted_domain, expected) in table {
            let email = Email::parse(email).unwrap();
            let claimed = Claimed { email: &email, verified, hosted_domain };
            assert_eq!(vouches(by, claimed), expected, "{by:?} {claimed:?}");
        }
    }
}
