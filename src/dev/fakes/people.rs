//! Who can sign in: three made-up people, or whoever is typed.

use super::quirk::Quirk;
use crate::engine::params::Params;

/// The domain whose addresses are hosted at Google: its ID tokens then carry `hd`.
pub const HOSTED: &str = "workspace.example";

/// The choice for whoever is typed.
pub const SOMEBODY: &str = "somebody";
/// More is no address and no name.
const LONGEST: usize = 254;

/// Somebody as a provider knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The same for the same person, whatever their address.
    pub account: u32,
    pub username: String,
    pub given_name: String,
    pub family_name: String,
    pub email: Option<String>,
    /// Whether the provider says that it verified the address.
    pub verified: bool,
}

/// One of the made-up people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Value in the form, and user name.
    pub id: &'static str,
    account: u32,
    pub given_name: &'static str,
    family_name: &'static str,
    pub email: &'static str,
}

/// Names under `.example` belong to nobody (RFC 2606).
pub(super) const PEOPLE: [Known; 3] = [
    Known { id: "ada", account: 1, given_name: "Ada", family_name: "Lovelace", email: "ada@workspace.example" },
    Known { id: "grace", account: 2, given_name: "Grace", family_name: "Hopper", email: "grace@mail.example" },
    Known { id: "alan", account: 3, given_name: "Alan", family_name: "Turing", email: "alan@post.example" },
];

impl Known {
    fn person(&self) -> Person {
        Person {
            account: self.account,
            username: self.id.to_owned(),
            given_name: self.given_name.to_owned(),
            family_name: self.family_name.to_owned(),
            email: Some(self.email.to_owned()),
            verified: true,
        }
    }
}

/// Somebody else was chosen, but not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nobody;

impl Person {
    /// Who the form describes: a known person, perhaps with another address or name, or somebody who is known by the address.
    pub(super) fn chosen(form: &Params, quirk: Quirk) -> Result<Self, Nobody> {
        let typed = |name| Some(form.first(name).trim()).filter(|text: &&str| !text.is_empty() && text.len() <= LONGEST);
        let (email, name) = (typed("email"), typed("name"));
        let mut person = match PEOPLE.iter().find(|known| known.id == form.first("person")) {
            Some(known) => known.person(),
            None => Self::unknown(email.ok_or(Nobody)?),
        };
        if let Some(email) = email {
            person.email = Some(email.to_owned());
        }
        if let Some(name) = name {
            let (given, family) = name.rsplit_once(' ').unwrap_or((name, ""));
            given.clone_into(&mut person.given_name);
            family.clone_into(&mut person.family_name);
        }
        match quirk {
            Quirk::NoEmail => person.email = None,
            Quirk::UnverifiedEmail => person.verified = false,
            Quirk::OtherEmail => person.email = person.another().email,
            _ => {}
        }
        Ok(person)
    }

    fn unknown(email: &str) -> Self {
        let local = email.split('@').next().unwrap_or_default().to_owned();
        // FNV-1a: the same address is the same person, also after a restart.
        let hash =
            email.to_lowercase().bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self {
            account: 1000 + hash % 1_000_000_000,
            given_name: local.clone(),
            family_name: String::new(),
            username: local.chars().filter(char::is_ascii_alphanumeric).collect(),
            email: Some(email.to_owned()),
            verified: true,
        }
    }

    /// One of the made-up people who is not this one.
    pub(super) fn another(&self) -> Self {
        let [first, second, _] = &PEOPLE;
        if self.account == first.account { second.person() } else { first.person() }
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name).trim().to_owned()
    }

    /// The domain that Google hosts for them.
    pub(super) fn hosted_domain(&self) -> Option<&str> {
        let (_, domain) = self.email.as_deref()?.rsplit_once('@')?;
        (domain == HOSTED).then_some(domain)
    }
}
