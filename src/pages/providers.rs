//! Other providers: their buttons, the way there and back, and the identities an account is connected with.

use askama::Template;

use crate::http::shell::Shell;
use crate::locale::When;

/// So many buttons are seen at once; the others are behind "More ways to sign in".
pub const PROVIDERS_SHOWN: usize = 6;

/// A "Continue with …" button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderButton {
    /// Posts to `/connect/<id>`.
    pub id: String,
    pub name: String,
    pub logo: ButtonLogo,
    /// The person came this way the last time.
    pub last: bool,
}

/// The picture on it; it says nothing that the words do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonLogo {
    /// The name's initial takes its place.
    None,
    /// Ours, by the provider's id.
    Mark,
    /// The operator's, at `/connect/<id>/logo`.
    File,
}

impl ProviderButton {
    /// The path of a mark in a square of 24 units.
    pub(super) fn mark(&self) -> &'static str {
        match self.id.as_str() {
            "google" => include_str!("../../templates/marks/google.txt"),
            "github" => include_str!("../../templates/marks/github.txt"),
            "facebook" => include_str!("../../templates/marks/facebook.txt"),
            "twitter" => include_str!("../../templates/marks/twitter.txt"),
            "discord" => include_str!("../../templates/marks/discord.txt"),
            _ => "",
        }
        .trim_end()
    }

    /// What stands where others have a picture.
    pub(super) fn initial(&self) -> String {
        self.name.chars().find(|letter| letter.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).take(1).collect()
    }
}

/// `/login/address`: the provider vouches for no address. Fields: `flow`, `email`.
#[derive(Clone, Debug, Template)]
#[template(path = "connect_address.html")]
pub struct GiveAddress {
    pub shell: Shell,
    pub flow: String,
    pub provider: String,
    /// As the provider has it, or as typed.
    pub email: String,
}

/// `/login/join`: there is an account with this address. Fields: `flow`, and `do` = `sign-in` or `afresh`.
#[derive(Clone, Debug, Template)]
#[template(path = "connect_join.html")]
pub struct JoinAccount {
    pub shell: Shell,
    pub flow: String,
    pub provider: String,
    pub email: String,
    /// Its address was never proved, so it may be somebody else's.
    pub may_replace: bool,
}

/// `/login/connect`: whether to connect what was brought with the account signed in to. Fields: `flow`, and `do` = `connect` or `not-now`.
#[derive(Clone, Debug, Template)]
#[template(path = "connect_confirm.html")]
pub struct ConfirmConnect {
    pub shell: Shell,
    pub flow: String,
    pub provider: String,
    /// What the person is called there.
    pub there: String,
    /// Who is signed in.
    pub here: String,
}

/// One connected identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedIdentity {
    pub id: String,
    pub provider: String,
    /// What the person is called there; may be empty.
    pub name: String,
    pub since: When,
    pub last_used: Option<When>,
}

/// `/account/identities`. Posts `identity` to `…/disconnect`, and `connect` to `/connect/<provider>`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/identities.html")]
pub struct Identities {
    pub shell: Shell,
    pub connected: Vec<ConnectedIdentity>,
    /// What can be connected.
    pub providers: Vec<ProviderButton>,
}
