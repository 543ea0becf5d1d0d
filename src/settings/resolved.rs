//! The settings as the rest of the program sees them: validated, with strong types.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use lettre::message::Mailbox;
use url::Url;

use super::{Mode, clients::ClientEntry, providers::ProviderSettings, resolved_sms::SmsSettings, secret::Secret, sites::Site};

/// All settings of one process, resolved and validated. Made by [`super::Settings::load`]; immutable afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `serve` or `dev`.
    pub mode: Mode,
    pub server: ServerSettings,
    pub data: DataSettings,
    pub database: DatabaseSettings,
    /// Master keys, `v<number>:<base64url of 32 bytes>`; the first one seals. Empty: they live in [`Self::secrets_file`].
    pub secrets_keys: Vec<Secret>,
    /// Where the master keys are kept when none are configured: `<data.dir>/secrets.key`.
    pub secrets_file: PathBuf,
    pub mail: MailSettings,
    pub sms: SmsSettings,
    pub passwords: PasswordSettings,
    pub signup: SignupSettings,
    pub sign_in: SignInSettings,
    pub second_factor: SecondFactorSettings,
    pub sessions: SessionSettings,
    pub tokens: TokenSettings,
    pub keys: KeySettings,
    pub flows: FlowSettings,
    pub limits: LimitSettings,
    pub outbound: OutboundSettings,
    /// The first administrator, if configured.
    pub bootstrap: Option<BootstrapSettings>,
    pub pages: PageSettings,
    pub log: LogSettings,
    pub retention: RetentionSettings,
    /// Clients registered in the file, in its order.
    pub clients: Vec<ClientEntry>,
    /// Other providers people may sign in with, in the order of the pages.
    pub providers: Vec<ProviderSettings>,
    /// The presets without a client, with the rest of their settings: `vestibule dev` sends them to its fakes.
    pub presets_off: Vec<ProviderSettings>,
    /// Sites whose proxies ask `GET /session/verify`, in the order of the file.
    pub sites: Vec<Site>,
    pub(super) origin: String,
    pub(super) loopback: bool,
    pub(super) warnings: Vec<String>,
}

impl Settings {
    /// The origin of every page and endpoint: `https://id.example`, no trailing slash.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The issuer identifier (OIDC Discovery 3; RFC 8414 section 2). The same text as [`Self::origin`].
    pub fn issuer(&self) -> &str {
        &self.origin
    }

    /// The redirect URI to register at a provider.
    pub fn redirect_uri(&self, provider: &str) -> String {
        format!("{}/connect/{provider}/callback", self.origin)
    }

    /// True if people reach us over HTTPS; decides cookie names and the `Secure` attribute.
    pub fn is_https(&self) -> bool {
        self.server.public_url.scheme() == "https"
    }

    /// True if the public host is `localhost`, in 127.0.0.0/8 or `::1`.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// What is allowed but should be said loudly at the start and by `check-config`, a sentence or two each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Scheme, host and port only.
    pub public_url: Url,
    pub listen: SocketAddr,
    /// Where `/metrics` is served; none: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long running requests may take to end after SIGTERM.
    pub shutdown: Duration,
    pub max_connections: usize,
}

/// `[data]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSettings {
    pub dir: PathBuf,
}

/// `[database]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    pub url: DatabaseUrl,
    /// Connections in the pool (on `SQLite`: readers).
    pub max_connections: u32,
    /// A SQLite file is copied before a migration changes it.
    pub copy_before_migration: bool,
}

/// Which database, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A connection URL; it may hold a password.
    Postgres(Secret),
}

/// `[mail]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    pub transport: MailTransport,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    /// Bound of one delivery attempt.
    pub timeout: Duration,
    /// Attempts before a message is given up.
    pub max_attempts: u32,
    /// Texts of the operator's own, for mail and SMS.
    pub templates: Option<PathBuf>,
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTransport {
    Smtp(SmtpSettings),
    /// One `.eml` a message under this directory (`<data.dir>/outbox/mail`).
    File(PathBuf),
    /// Kept in memory and shown under `/dev/mail`.
    Mailbox,
}

/// The SMTP relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// The only authorities trusted to sign the relay's certificate (PEM); none: those of the system.
    pub ca_file: Option<PathBuf>,
    /// User name and password; none: no authentication.
    pub credentials: Option<(String, Secret)>,
    /// What we call ourselves in EHLO: a host name or an IP address.
    pub ehlo: String,
}

/// Transport security of SMTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// STARTTLS, required (RFC 3207), port 587.
    StartTls,
    /// TLS from the first byte (RFC 8314), port 465.
    Tls,
    /// None, port 25.
    None,
}

/// `[passwords]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordSettings {
    /// Characters, 6 to 128.
    pub min_length: usize,
    /// Argon2id memory (KiB), iterations, lanes.
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
    /// Hashing threads; none: one per core.
    pub workers: Option<usize>,
    /// Hashes that may wait; beyond it the answer is 503.
    pub queue: usize,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhoSignsUp {
    Everyone,
    /// Accounts are made by the operator (`vestibule user add`), for people who are told of it.
    Invited,
    /// The same, and pages do not speak of invitations.
    Nobody,
}

impl WhoSignsUp {
    pub const ALL: [Self; 3] = [Self::Everyone, Self::Invited, Self::Nobody];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Invited => "invited",
            Self::Nobody => "nobody",
        }
    }
}

/// `[signup]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignupSettings {
    pub who: WhoSignsUp,
    pub verify_email: bool,
    pub verify_phone: bool,
}

impl SignupSettings {
    /// Strangers may make an account.
    pub fn is_open(self) -> bool {
        self.who == WhoSignsUp::Everyone
    }
}

/// `[sign_in]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSettings {
    /// The first factors that are on, in the order in which the sign-in page has them.
    pub ways: Vec<Way>,
    /// User names are mail addresses, and no others can be chosen.
    pub emails_as_usernames: bool,
    /// Life of a link or code that signs in.
    pub link: Duration,
    /// How old a proof may be for changing how one signs in.
    pub step_up: Duration,
}

/// A first factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    Password,
    Passkey,
    /// A mail with a link and a code.
    Mail,
    /// A code by SMS.
    Sms,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Password, Self::Passkey, Self::Mail, Self::Sms];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == name)
    }
}

/// `[second_factor]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactorSettings {
    /// What people may set up.
    pub kinds: Vec<FactorKind>,
    pub required: RequiredFor,
    /// How long a browser can be remembered; none: never.
    pub remember: Option<Duration>,
}

/// A second factor that people may set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactorKind {
    Totp,
    Passkey,
    Sms,
    Mail,
}

impl FactorKind {
    pub const ALL: [Self; 4] = [Self::Totp, Self::Passkey, Self::Sms, Self::Mail];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Sms => "sms",
            Self::Mail => "mail",
        }
    }
}

/// Of whom a second factor is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequiredFor {
    Nobody,
    Administrators,
    Everyone,
}

impl RequiredFor {
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Administrators, Self::Everyone];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Administrators => "administrators",
            Self::Everyone => "everyone",
        }
    }
}

/// `[sessions]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    pub absolute: Duration,
    pub idle: Duration,
    /// Life when "stay signed in" is not ticked.
    pub short: Duration,
    /// The domain that gets the session cookie, with all its hosts; none: the public host alone.
    pub cookie_domain: Option<String>,
}

/// `[tokens]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenSettings {
    pub access: Duration,
    pub id: Duration,
    pub code: Duration,
    pub refresh_idle: Duration,
    pub refresh_absolute: Duration,
    /// How long a repeated refresh gets the same successor.
    pub refresh_retry: Duration,
    pub access_alg: SigningAlg,
}

/// Signature algorithms (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlg {
    Es256,
    Rs256,
    EdDsa,
}

impl SigningAlg {
    /// Every algorithm, for messages and metadata.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The JWA name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads the JWA name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }
}

/// `[keys]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySettings {
    /// Age at which a signing key is replaced.
    pub rotate: Duration,
    /// How long a key is published before it signs.
    pub publish: Duration,
}

/// `[flows]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowSettings {
    pub verify: Duration,
    pub reset: Duration,
    pub invitation: Duration,
    pub undo: Duration,
    pub code: Duration,
    pub code_tries: u32,
    pub resend: Duration,
}

/// `[limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    pub enabled: bool,
    pub sign_in_requester: Rate,
    /// Wrong passwords in a row on one account before the growing wait begins.
    pub sign_in_free_failures: u32,
    pub signup_requester: Rate,
    /// Resets, sign-ins by a message and changes of an address asked for.
    pub reset_requester: Rate,
    /// Messages to one destination, of which half are kept for its owner.
    pub destination: Rate,
    /// Codes and links tried, per requester (each code also has `flows.code_tries`).
    pub verify_requester: Rate,
    /// Journeys begun by opening a page: each is a row for a day.
    pub journeys_requester: Rate,
    /// Failed client authentications and grants, per requester.
    pub token_failures: Rate,
    /// The longest wait the growing delay reaches.
    pub delay_max: Duration,
}

/// So many in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per: Duration,
}

/// `[outbound]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundSettings {
    pub allow_private: bool,
}

/// `[bootstrap]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapSettings {
    pub admin_email: String,
    /// PHC string, argon2id.
    pub admin_password_hash: Secret,
}

/// `[pages]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSettings {
    pub name: String,
    /// `en` or `de`.
    pub default_locale: String,
    pub help_url: Option<Url>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    pub format: LogFormat,
    /// A level or `EnvFilter` directives.
    pub level: String,
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// `[retention]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    pub events: Duration,
    pub messages: Duration,
}
