//! People as providers know them: whoever comes from one, and the identities that accounts are connected with.

use serde::{Deserialize, Serialize};

use super::address::Email;
use super::user::Profile;
use crate::ids::{IdentityId, UserId};
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
