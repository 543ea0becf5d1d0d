//! Other providers that people may sign in with, as the rest of the program sees them.

use std::fmt;

use url::Url;

use super::secret::Secret;

/// Id and name of the providers that have a section of their own, in the order of the pages.
pub const PRESETS: [(&str, &str); 5] =
    [("google", "Google"), ("github", "GitHub"), ("facebook", "Facebook"), ("twitter", "Twitter"), ("discord", "Discord")];

/// One provider that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// In URLs and in the store: `a-z`, `0-9` and `-`.
    pub id: String,
    /// What people read after "Continue with".
    pub name: String,
    pub logo: Logo,
    pub kind: ProviderKind,
    /// Our name there.
    pub client_id: String,
    pub client_secret: Secret,
    /// What is asked for beside what signing in needs.
    pub scopes: Vec<String>,
    pub linking: Linking,
    pub vouching: Vouching,
    /// Whether its tokens are kept (sealed).
    pub keep_tokens: bool,
    /// Values of the provider's `acr` or `amr` (OIDC Core 2) that count as a second factor; empty: none does.
    pub second_factor: Vec<String>,
    /// Whether people may sign out there, too (OpenID Connect RP-Initiated Logout 1.0).
    pub logout: bool,
}

impl ProviderSettings {
    /// A preset with its `base_url` set to another address; nothing happens to any other provider.
    pub fn move_to(&mut self, base: Url) {
        match &mut self.kind {
            ProviderKind::Google { issuer } => *issuer = base,
            ProviderKind::Github(place)
            | ProviderKind::Facebook(place)
            | ProviderKind::Twitter(place)
            | ProviderKind::Discord(place) => *place = Base(Some(base)),
            ProviderKind::OpenId { .. } | ProviderKind::OAuth2(_) => {}
        }
    }
}

/// The picture on a button.
#[derive(Clone, PartialEq, Eq)]
pub enum Logo {
    None,
    /// The one that comes with the program, by the provider's id.
    Preset,
    /// The operator's own, as it was at the start. It may be an SVG: serve it only under a `Content-Security-Policy` that
    /// lets it run nothing.
    File {
        media_type: &'static str,
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Preset => f.write_str("Preset"),
            Self::File { media_type, bytes } => write!(f, "File({media_type}, {} bytes)", bytes.len()),
        }
    }
}

/// Which dialect a provider speaks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderKind {
    Google {
        issuer: Url,
    },
    Github(Base),
    Facebook(Base),
    Twitter(Base),
    Discord(Base),
    /// OpenID Connect with discovery. A slash at the issuer's end makes no difference.
    OpenId {
        issuer: Url,
    },
    /// OAuth 2 and a document about the person.
    OAuth2(Box<Endpoints>),
}

impl ProviderKind {
    /// For the log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Google { .. } => "google",
            Self::Github(_) => "github",
            Self::Facebook(_) => "facebook",
            Self::Twitter(_) => "twitter",
            Self::Discord(_) => "discord",
            Self::OpenId { .. } => "openid",
            Self::OAuth2(_) => "oauth2",
        }
    }

    /// Who gives the subjects their names: the issuer, or where the provider lives.
    pub fn issuer(&self) -> String {
        let own = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        match self {
            Self::Google { issuer } | Self::OpenId { issuer } => own(issuer),
            Self::Github(base) => base.or("https://github.com"),
            Self::Facebook(base) => base.or("https://www.facebook.com"),
            Self::Twitter(base) => base.or("https://x.com"),
            Self::Discord(base) => base.or("https://discord.com"),
            // Two claims of one provider may have the same value for two people.
            Self::OAuth2(endpoints) => format!("{}#{}", own(&endpoints.userinfo), endpoints.claims.subject),
        }
    }
}

/// Where a provider lives: at its own hosts, or all of it under one other address (GitHub Enterprise, tests).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base(pub Option<Url>);

impl Base {
    /// The other address, or `own`; without a slash at the end.
    pub fn or(&self, own: &str) -> String {
        self.0.as_ref().map_or(own, Url::as_str).trim_end_matches('/').to_owned()
    }
}

/// A provider without discovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub authorization: Url,
    pub token: Url,
    /// Answers a bearer token with a JSON object about the person.
    pub userinfo: Url,
    pub client_auth: ClientAuth,
    pub claims: ClaimPaths,
}

/// How we prove who we are at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

/// Where in the document about a person things stand: names of members, with dots between them. Empty: nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPaths {
    /// Never empty.
    pub subject: String,
    pub email: String,
    pub email_verified: String,
    pub name: String,
    pub username: String,
    pub picture: String,
}

/// What happens when somebody comes from a provider for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linking {
    /// Joined to the account with the same address if both sides have verified it; otherwise as [`Self::Ask`].
    LinkVerified,
    /// Joined to an account only after signing in to it.
    Ask,
    /// A new account, never an existing one.
    CreateOnly,
    /// Only people who connected it before, from their account.
    SignInOnly,
}

impl Linking {
    pub const ALL: [Self; 4] = [Self::LinkVerified, Self::Ask, Self::CreateOnly, Self::SignInOnly];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinkVerified => "link_verified",
            Self::Ask => "ask",
            Self::CreateOnly => "create_only",
            Self::SignInOnly => "sign_in_only",
        }
    }
}

/// For which addresses a provider's word is taken. An address that it does not call verified never counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vouching {
    Never,
    /// Whatever it calls verified.
    Verified,
    /// Google: verified, and either of gmail.com or googlemail.com or of an organisation that Google hosts (`hd`). Of others
    /// Google only knows that they could once be read.
    Hosted,
    /// Verified and of these domains (lower case).
    Domains(Vec<String>),
}
