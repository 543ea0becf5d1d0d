//! What can be done: load, let the engine decide, save, tell. One use case, one function.
//!
//! * **Here**: the only place that begins and commits a transaction, so the change, its event and its mail are one commit.
//! * **Not here**: rules (engine), SQL (store), HTTP (web, oidc, api).
//! * **To add one**: a function in the file of its subject that takes the [`App`] and plain data, and returns an outcome enum;
//!   what went wrong with the machinery is a [`Fault`].
//! * **Tested**: through the router in `tests/it`; races in `tests/it/store_contract` and `tests/it/nodes`.

pub mod account;
pub mod administrators;
pub mod authorize;
mod batches;
pub mod clients;
pub mod codes;
pub mod confirm;
pub mod contact;
mod destination;
mod ending;
pub mod factors;
pub mod fleet;
pub mod health;
mod hint;
pub mod invitations;
pub mod keys;
pub mod known_device;
pub mod limits;
pub mod logout;
pub mod measures;
pub mod notices;
mod offline;
pub mod outbox;
mod ownership;
pub mod passkeys;
mod probe;
pub mod providers;
mod removal;
pub mod reset;
pub mod second_factor;
pub mod secrets;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod sign_in_code;
pub mod sign_up;
pub mod sites;
pub mod sms;
pub mod sweep;
pub mod tell;
pub mod token;
pub mod users;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::crypto::password::{Busy, Hasher, Verdict};
use crate::crypto::random::Random;
use crate::crypto::seal::Keyring;
use crate::engine::address::{Channel, Identifier};
use crate::engine::codes::CodeRules;
use crate::engine::event::Origin;
use crate::engine::phone::{Country, NotAPhone, Phone};
use crate::engine::site::Sites;
use crate::engine::{flow, session as sessions};
use crate::gateways::mail::Mailer;
use crate::gateways::overrides::Overrides;
use crate::gateways::sms::Texter;
use crate::gateways::upstream::Upstreams;
use crate::locale::{Catalogue, Locale, Text};
use crate::settings::{DatabaseUrl, Settings};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::time::{Clock, Timestamp};

/// Everything an action needs. Cheap to clone; one per process (or per test).
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`]. Rooms above see the settings and the words; rows and secrets stay in here.
pub struct Parts {
    pub settings: Settings,
    pub clock: Clock,
    pub random: Random,
    pub metrics: Metrics,
    pub catalogue: Arc<Catalogue>,
    pub sites: Sites,
    pub(crate) keys: keys::Ring,
    pub(in crate::actions) store: Store,
    pub(in crate::actions) keyring: Keyring,
    hasher: Hasher,
    pub(in crate::actions) mailer: Mailer,
    pub(in crate::actions) texter: Texter,
    pub(in crate::actions) upstreams: Upstreams,
    pub(in crate::actions) overrides: Overrides,
    pub(in crate::actions) clients: clients::Cache,
    pub(in crate::actions) blocked: token::Blocked,
    pub(in crate::actions) outbox: outbox::Bells,
    /// None where the public URL names no host that passkeys could belong to.
    pub(in crate::actions) webauthn: Option<webauthn_rs::Webauthn>,
    probe: probe::Probe,
    fleet: fleet::Fleet,
    pulses: health::Pulses,
    stopping: AtomicBool,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What an [`App`] is made from.
pub struct Made {
    pub settings: Settings,
    pub clock: Clock,
    pub random: Random,
    pub store: Store,
    pub keyring: Keyring,
    pub hasher: Hasher,
    pub mailer: Mailer,
    pub texter: Texter,
    pub upstreams: Upstreams,
}

/// What went wrong with the machinery rather than with the request. All but `Broken` are worth another try.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database is locked, full or away.
    #[error("{0}")]
    Store(#[source] StoreError),
    /// Every password hasher is busy and the queue is full.
    #[error("the password queue is full")]
    Busy,
    /// Too many tries.
    #[error("too many tries by rule {rule}")]
    Limited { rule: &'static str, after: Duration },
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// Whether two requests met, and this one, of which nothing was kept, finds its answer when it is made once more, by itself and at once.
    pub fn is_collision(&self) -> bool {
        matches!(self, Self::Store(StoreError::Deadlock(_) | StoreError::Overtaken | StoreError::Orphaned))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Busy> for Fault {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

pub type Outcome<T> = Result<T, Fault>;

/// Who asks, as far as the network tells.
#[derive(Clone, Debug)]
pub struct Requester {
    pub address: IpAddr,
    /// The User-Agent, raw.
    pub user_agent: String,
    pub locale: Locale,
}

impl Requester {
    pub fn origin(&self) -> Origin {
        Origin { address: self.address.to_string(), device: sessions::device(&self.user_agent) }
    }
}

impl App {
    pub fn new(made: Made) -> Outcome<Self> {
        let catalogue = Catalogue::load().map_err(|error| Fault::Broken(error.to_string()))?;
        let clients = clients::Cache::new(&made.settings)?;
        let webauthn = passkeys::relying_party(&made.settings);
        let overrides = tell::overrides(&made.settings).map_err(|errors| Fault::Broken(errors.to_string()))?;
        let sites = sites::of(&made.settings);
        let metrics = Metrics::new();
        let database = match &made.settings.database.url {
            DatabaseUrl::Sqlite(_) => "sqlite",
            DatabaseUrl::Postgres(_) => "postgres",
        };
        metrics.set_build(env!("CARGO_PKG_VERSION"), database);
        Ok(Self(Arc::new(Parts {
            sites,
            settings: made.settings,
            clock: made.clock,
            random: made.random,
            metrics,
            catalogue: Arc::new(catalogue),
            keys: keys::Ring::default(),
            store: made.store,
            keyring: made.keyring,
            hasher: made.hasher,
            mailer: made.mailer,
            texter: made.texter,
            upstreams: made.upstreams,
            overrides,
            clients,
            blocked: token::Blocked::default(),
            outbox: outbox::Bells::default(),
            webauthn,
            probe: probe::Probe::default(),
            fleet: fleet::Fleet::default(),
            pulses: health::Pulses::default(),
            stopping: AtomicBool::new(false),
        })))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The words of a language.
    pub fn text(&self, locale: Locale) -> Text {
        Text::new(Arc::clone(&self.catalogue), locale)
    }

    /// The language of people whose choice is not known.
    pub fn default_locale(&self) -> Locale {
        Locale::from_tag(&self.settings.pages.default_locale).unwrap_or(Locale::En)
    }

    /// An address of ours, for mails.
    pub fn link(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.settings.origin())
    }

    pub(in crate::actions) async fn hash(&self, password: &str) -> Outcome<String> {
        let hashed = self.hasher.hash(Zeroizing::new(password.to_owned())).await;
        hashed.map_err(|busy| self.busy(busy))
    }

    /// Costs the same whether or not there is a hash to compare with.
    pub(in crate::actions) async fn verify(&self, password: &str, stored: Option<String>) -> Outcome<Verdict> {
        let verdict = self.hasher.verify(Zeroizing::new(password.to_owned()), stored).await;
        verdict.map_err(|busy| self.busy(busy))
    }

    fn busy(&self, busy: Busy) -> Fault {
        self.metrics.password_queue_busy();
        busy.into()
    }

    pub(in crate::actions) fn session_lifetimes(&self) -> sessions::Lifetimes {
        let settings = &self.settings.sessions;
        sessions::Lifetimes { absolute: settings.absolute, idle: settings.idle, short: settings.short }
    }

    pub(in crate::actions) fn flow_lifetimes(&self) -> flow::Lifetimes {
        let settings = &self.settings.flows;
        flow::Lifetimes {
            sign_in: settings.verify,
            sign_in_code: self.settings.sign_in.link,
            second: Duration::from_secs(15 * 60),
            verify: settings.verify,
            reset: settings.reset,
            change: Duration::from_secs(24 * 3600),
            invitation: settings.invitation,
            undo: settings.undo,
            add_factor: Duration::from_secs(15 * 60),
            external: Duration::from_secs(30 * 60),
        }
    }

    /// Whether a new account's address or number must be proved before it can sign in.
    pub(in crate::actions) fn must_verify(&self, channel: Channel) -> bool {
        match channel {
            Channel::Mail => self.settings.signup.verify_email,
            Channel::Sms => self.settings.signup.verify_phone,
        }
    }

    /// What a person typed to say who they are.
    pub(in crate::actions) fn identifier(&self, typed: &str) -> Identifier {
        Identifier::parse(typed, self.home())
    }

    /// A phone number as typed.
    pub(in crate::actions) fn phone(&self, typed: &str) -> Result<Phone, NotAPhone> {
        Phone::parse(typed, self.home())
    }

    /// The country of numbers that are written without theirs.
    fn home(&self) -> Option<Country> {
        self.settings.sms.default_country.as_deref().and_then(|country| country.parse().ok())
    }

    pub fn code_rules(&self) -> CodeRules {
        let settings = &self.settings.flows;
        CodeRules { lifetime: settings.code, tries: settings.code_tries, resend: settings.resend }
    }

    /// Moves the write-ahead log into the database file.
    pub async fn checkpoint(&self) -> Outcome<()> {
        Ok(self.store.checkpoint().await?)
    }

    /// From now on the server takes no new work: `/readyz` says so, and balancers turn away.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether work that can wait should end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Ends the database connections in good order.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
