//! The five providers, and how they differ in numbers and words.

use std::time::Duration;

use super::quirk::Quirk;

/// A provider that somebody can sign in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Google,
    Github,
    Facebook,
    Twitter,
    Discord,
}

impl Provider {
    /// In the order of the buttons.
    pub const ALL: [Self; 5] = [Self::Google, Self::Github, Self::Facebook, Self::Twitter, Self::Discord];

    /// Its id, and the first part of its paths here.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Github => "github",
            Self::Facebook => "facebook",
            Self::Twitter => "twitter",
            Self::Discord => "discord",
        }
    }

    /// What it calls itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Github => "GitHub",
            Self::Facebook => "Facebook",
            Self::Twitter => "Twitter",
            Self::Discord => "Discord",
        }
    }

    /// What to set as its `base_url`, for fakes at this origin.
    pub fn base_url(self, origin: &str) -> String {
        format!("{origin}/{}", self.slug())
    }

    /// Where people are sent.
    pub(super) const fn authorize_path(self) -> &'static str {
        match self {
            Self::Google => "/google/o/oauth2/v2/auth",
            Self::Github => "/github/login/oauth/authorize",
            Self::Facebook => "/facebook/{version}/dialog/oauth",
            Self::Twitter => "/twitter/i/oauth2/authorize",
            Self::Discord => "/discord/oauth2/authorize",
        }
    }

    /// How long a code can be redeemed. GitHub documents ten minutes and X thirty seconds; Discord's maintainers name a hundred
    /// seconds; Google and Facebook say "short".
    pub(super) const fn code_lifetime(self) -> Duration {
        match self {
            Self::Google | Self::Github | Self::Facebook => Duration::from_mins(10),
            Self::Twitter => Duration::from_secs(30),
            Self::Discord => Duration::from_secs(100),
        }
    }

    /// How long an access token works; those of a GitHub OAuth app have no end.
    pub(super) const fn token_lifetime(self) -> Option<Duration> {
        match self {
            Self::Google => Some(Duration::from_secs(3599)),
            Self::Github => None,
            Self::Facebook => Some(Duration::from_secs(5_183_944)),
            Self::Twitter => Some(Duration::from_secs(7200)),
            Self::Discord => Some(Duration::from_secs(604_800)),
        }
    }

    /// Whether a refresh token comes with the first access token.
    pub(super) fn is_refreshable(self, scopes: &[String], offline: bool) -> bool {
        match self {
            Self::Google => offline,
            Self::Twitter => scopes.iter().any(|scope| scope == "offline.access"),
            Self::Discord => true,
            Self::Github | Self::Facebook => false,
        }
    }

    /// Whether a refresh token works once and brings its successor.
    pub(super) const fn rotates(self) -> bool {
        matches!(self, Self::Twitter | Self::Discord)
    }

    /// How its programs know a person.
    pub(super) fn subject(self, account: u32) -> String {
        match self {
            Self::Google => format!("1000000000{account:011}"),
            Self::Github => format!("{}", u64::from(account) + 5_000_000),
            Self::Facebook => format!("1022{account:013}"),
            Self::Twitter => format!("17000000{account:011}"),
            Self::Discord => format!("8000000{account:011}"),
        }
    }

    /// Its `iss` in the answer to an authorization request (RFC 9207), below `base`. Google and GitHub send one, though neither says so
    /// in metadata.
    pub(super) fn answer_issuer(self, base: &str) -> Option<String> {
        match self {
            Self::Google => Some(base.to_owned()),
            Self::Github => Some(format!("{base}/login/oauth")),
            Self::Facebook | Self::Twitter | Self::Discord => None,
        }
    }

    /// What can go otherwise here.
    pub(super) fn quirks(self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.into_iter().filter(move |quirk| quirk.fits(self))
    }
}
