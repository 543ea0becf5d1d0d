//! A world of its own for each test: the real router on a real store, a clock that stands still, and mail that stays in its box.
//!
//! ```ignore
//! let world = World::new().await;
//! let mut ada = world.sign_up("ada@a.example", PASSWORD).await;
//! assert_eq!(ada.get("/account").await.status, 200);
//! ```
//! With [`World::with`] settings are given as the text of a `config.toml`; [`World::on`] chooses the database.

pub mod authenticator;
pub mod browser;
pub mod database;
pub mod fakes;
pub mod line;
pub mod routes;

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use toml::{Table, Value as Toml};
use vestibule::actions::clients::{self, WithSecret};
use vestibule::actions::users::{self, Changes};
use vestibule::actions::{App, Made, keys, outbox, setup};
use vestibule::crypto::password::{Hasher, HasherSettings};
use vestibule::crypto::random::Random;
use vestibule::crypto::seal::Keyring;
use vestibule::engine::user::User;
use vestibule::gateways::http::Reach;
use vestibule::gateways::mail::Mailer;
use vestibule::gateways::sms::Texter;
use vestibule::gateways::upstream::{Patience, Upstreams};
use vestibule::settings::client_metadata::ClientMetadata;
use vestibule::settings::{Mode, Settings};
use vestibule::store::Store;
use vestibule::time::{Clock, Timestamp};

pub use authenticator::{Authenticator, Claim};
pub use browser::{Answer, Browser};
pub use database::{Database, Place};
pub use fakes::Fakes;
pub use line::Line;

/// A password that every rule accepts.
pub const PASSWORD: &str = "wooden spoon 4711";
/// When every world begins: 2025-11-21 09:30 UTC.
pub const BEGINNING: Timestamp = Timestamp::from_seconds(1_763_717_400);

/// How long a call to a provider may take where that is not what a test is about: longer than any machine needs.
pub const PATIENT: Duration = Duration::from_mins(5);
/// How long it may take where a provider does not answer, [`vestibule::dev::fakes::SLOW`] being longer.
pub const IMPATIENT: Duration = Duration::from_secs(4);

/// What every world is made with; hashing costs next to nothing and nobody is limited.
const SETTINGS: &str = r#"
[server]
public_url = "http://localhost:8080"
[mail]
transport = "mailbox"
[sms]
transport = "inbox"
countries = ["*"]
[passwords]
memory_kib = 8
iterations = 1
workers = 2
queue = 512
[limits]
enabled = false
"#;

/// Nodes on one store have the same keys.
pub fn master_keys() -> Keyring {
    Keyring::generate(&Random::seeded(1))
}

pub struct World {
    pub app: App,
    pub router: axum::Router,
    pub place: Place,
    _data: TempDir,
}

/// What a node has of its own.
pub struct Node {
    pub clock: Clock,
    pub keyring: Keyring,
}

impl Default for Node {
    fn default() -> Self {
        Self { clock: Clock::manual(BEGINNING), keyring: master_keys() }
    }
}

/// A mail as its reader sees it.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Six or eight digits, or empty.
    pub code: String,
    /// Path and query of the first link that carries a token, or empty.
    pub link: String,
}

/// A text message as its reader sees it.
#[derive(Clone, Debug)]
pub struct Sms {
    pub to: String,
    pub body: String,
    /// Six digits from the last, origin-bound line, or empty.
    pub code: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// SQLite, with these settings laid over [`SETTINGS`].
    pub async fn with(settings: &str) -> Self {
        Self::at(Place::sqlite(), settings).await
    }

    /// With every preset sent to fake providers of its own, which share its clock. A new key is looked for at once. It waits as long as a busy
    /// machine needs: see [`Self::with_slow_fakes`].
    pub async fn with_fakes(settings: &str) -> (Self, Fakes) {
        Self::with_fakes_at(Place::sqlite(), settings, PATIENT).await
    }

    /// The same, but their slow answer takes longer than it waits.
    pub async fn with_slow_fakes(settings: &str) -> (Self, Fakes) {
        Self::with_fakes_at(Place::sqlite(), settings, IMPATIENT).await
    }

    /// None if the database is not there and may be missing.
    pub async fn with_fakes_on(database: Database, settings: &str) -> Option<(Self, Fakes)> {
        Some(Self::with_fakes_at(Place::new(database).await?, settings, PATIENT).await)
    }

    async fn with_fakes_at(place: Place, settings: &str, call: Duration) -> (Self, Fakes) {
        let clock = Clock::manual(BEGINNING);
        let fakes = Fakes::start(clock.clone(), vestibule::dev::fakes::SLOW).await;
        let patience = Patience { call, keys: Duration::ZERO, ..Patience::default() };
        let world = Self::made(place, &fakes.settings(settings), Mode::Serve, Node { clock, ..Node::default() }, patience).await;
        (world, fakes)
    }

    /// As `vestibule dev` has it.
    pub async fn dev(settings: &str) -> Self {
        Self::in_mode(Place::sqlite(), settings, Mode::Dev).await
    }

    /// None if the database is not there and may be missing.
    pub async fn on(database: Database, settings: &str) -> Option<Self> {
        Some(Self::at(Place::new(database).await?, settings).await)
    }

    /// On a store that another world, another node, may be using.
    pub async fn at(place: Place, settings: &str) -> Self {
        Self::in_mode(place, settings, Mode::Serve).await
    }

    async fn in_mode(place: Place, settings: &str, mode: Mode) -> Self {
        Self::made(place, settings, mode, Node::default(), Patience { call: PATIENT, ..Patience::default() }).await
    }

    /// One of several nodes on a store.
    pub async fn node(place: &Place, settings: &str, node: Node) -> Self {
        Self::made(place.clone(), settings, Mode::Serve, node, Patience::default()).await
    }

    /// A node with these master keys.
    pub async fn with_keys(place: Place, keys: &[&str]) -> Self {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let keyring = Keyring::parse(&keys).unwrap();
        Self::node(&place, "", Node { keyring, ..Node::default() }).await
    }

    async fn made(place: Place, settings: &str, mode: Mode, node: Node, patience: Patience) -> Self {
        let Node { clock, keyring } = node;
        let data = TempDir::new().unwrap();
        let mut table: Table = SETTINGS.parse().unwrap();
        let over: Table = settings.parse().unwrap();
        // The inbox is for loopback: elsewhere it would stay unread.
        if over.get("server").and_then(|server| server.get("public_url")?.as_str()).is_some_and(|url| url.starts_with("https")) {
            overlay(&mut table, toml::toml! { [sms] transport = "file" });
        }
        overlay(&mut table, over);
        overlay(&mut table, toml::toml! { [data] dir = (data.path().display().to_string()) });
        let settings = Settings::from_text("config.toml", &table.to_string(), mode, std::iter::empty()).unwrap();
        let store = place.open().await;
        // Nodes on one store must not draw the same ids.
        let random = Random::seeded(place.next_node());
        let passwords = settings.passwords;
        let hasher = HasherSettings {
            memory_kib: passwords.memory_kib,
            iterations: passwords.iterations,
            parallelism: passwords.parallelism,
            workers: passwords.workers.unwrap_or(0),
            queue: passwords.queue,
        };
        let upstreams = Upstreams::within(&settings.providers, Reach::Anywhere, patience, &clock).unwrap();
        let app = App::new(Made {
            clock,
            upstreams,
            keyring,
            hasher: Hasher::new(hasher, random.clone()).unwrap(),
            mailer: Mailer::new(&settings.mail).unwrap(),
            texter: {
                let reach = if settings.outbound.allow_private { Reach::Anywhere } else { Reach::Public };
                Texter::new(&settings.sms, reach).unwrap()
            },
            random,
            store,
            settings,
        })
        .unwrap();
        let router = vestibule::app::router(&app).unwrap();
        Self { app, router, place, _data: data }
    }

    /// The store behind the application, through a connection of the test's own.
    pub async fn store(&self) -> Store {
        self.place.open().await
    }

    pub fn advance(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }

    /// A browser without cookies, at 192.0.2.1.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), self.app.clock.clone())
    }

    /// An account, as `vestibule user add` makes it.
    pub async fn user(&self, json: Value) -> User {
        let changes = Changes::from_json(json.as_object().unwrap()).unwrap();
        users::create(&self.app, &changes).await.unwrap()
    }

    /// An account with a verified address and [`PASSWORD`].
    pub async fn person(&self, email: &str) -> User {
        self.user(json!({"email": email, "email_verified": true, "password": PASSWORD})).await
    }

    /// The account as it is now.
    pub async fn read(&self, name: &str) -> Option<User> {
        users::find(&self.app, name).await.ok()
    }

    /// A client from RFC 7591 metadata, as `vestibule client add` makes it; with signing keys, which take a while to make.
    pub async fn client(&self, json: Value) -> WithSecret {
        self.keys().await;
        let metadata: ClientMetadata = serde_json::from_value(json).unwrap();
        clients::add(&self.app, &metadata, None, None).await.unwrap()
    }

    pub async fn keys(&self) {
        keys::ensure(&self.app).await.unwrap();
    }

    /// A new browser that has signed up, proved the address by the code, and is signed in.
    pub async fn sign_up(&self, email: &str, password: &str) -> Browser {
        let mut browser = self.browser();
        browser.get("/signup").await;
        let sent = browser.submit("/signup", &[("email", email), ("password", password)]).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        browser.follow(&sent).await;
        let code = self.mail_to(email).await.code;
        let arrived = browser.submit("/verify", &[("code", &code)]).await;
        assert_eq!(arrived.location(), "/account");
        browser
    }

    /// A new browser that has signed in.
    pub async fn sign_in(&self, identifier: &str, password: &str) -> Browser {
        let mut browser = self.browser();
        let arrived = browser.sign_in(identifier, password).await;
        assert_eq!(arrived.location(), "/account", "{}", arrived.text());
        browser
    }

    /// The link of the first administrator, as the start prints it: path and query.
    pub async fn setup_link(&self) -> String {
        match setup::prepare(&self.app).await.unwrap() {
            setup::Prepared::Link(link) => link.strip_prefix(self.app.settings.origin()).unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// The newest mail to this address; it is an error if there is none.
    pub async fn mail_to(&self, address: &str) -> Mail {
        self.mails_to(address).await.into_iter().next().unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// All the mails to this address, the newest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Mail> {
        self.mails().await.into_iter().filter(|mail| mail.to == address).collect()
    }

    /// All the mails that left, the newest first.
    pub async fn mails(&self) -> Vec<Mail> {
        outbox::deliver_due(&self.app).await.unwrap();
        let messages = outbox::mailbox(&self.app).await.unwrap();
        messages.into_iter().filter(|message| !message.recipient.is_empty()).map(|message| Mail::of(&self.app, message)).collect()
    }
}

impl World {
    /// The newest text to this number in E.164; it is an error if there is none.
    pub async fn sms_to(&self, number: &str) -> Sms {
        let found = self.all_sms_to(number).await.into_iter().next();
        found.unwrap_or_else(|| panic!("no text to {number}"))
    }

    /// All the texts to this number, the newest first.
    pub async fn all_sms_to(&self, number: &str) -> Vec<Sms> {
        self.all_sms().await.into_iter().filter(|sms| sms.to == number).collect()
    }

    /// All the texts that left, the newest first.
    pub async fn all_sms(&self) -> Vec<Sms> {
        outbox::deliver_due(&self.app).await.unwrap();
        let messages = outbox::inbox(&self.app).await.unwrap();
        let real = messages.into_iter().filter(|message| !message.recipient.is_empty());
        real.map(|message| Sms::of(message.recipient, message.body)).collect()
    }
}

impl Sms {
    fn of(to: String, body: String) -> Self {
        let bound = body.lines().last().filter(|line| line.starts_with('@')).and_then(|line| line.split_once(" #"));
        let code = bound.map_or_else(String::new, |(_, code)| code.to_owned());
        Self { to, body, code }
    }
}

impl Mail {
    fn of(app: &App, message: vestibule::engine::outbox::Message) -> Self {
        let code = message
            .subject
            .split(' ')
            .next()
            .filter(|word| matches!(word.len(), 6 | 8) && word.bytes().all(|byte| byte.is_ascii_digit()));
        let link = message.body.split_whitespace().find_map(|word| word.strip_prefix(app.settings.origin()));
        Self {
            code: code.unwrap_or_default().to_owned(),
            link: link.filter(|link| link.contains("token=")).unwrap_or_default().to_owned(),
            to: message.recipient,
            subject: message.subject,
            text: message.body,
            html: message.html,
        }
    }

    /// The secret in the link.
    pub fn token(&self) -> &str {
        self.link.split_once("token=").map_or("", |(_, token)| token)
    }
}

/// Lays one set of settings over another; lists replace each other.
fn overlay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Toml::Table(under)), Toml::Table(over)) => overlay(under, over),
            (_, value) => drop(under.insert(key, value)),
        }
    }
}

#[tokio::test]
async fn a_person_signs_up_and_in_on_both_databases() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[pages]\nname = 'Atrium'").await else { continue };
        let mut ada = world.sign_up("ada@a.example", PASSWORD).await;
        let home = ada.get("/account").await;
        assert_eq!(home.status, 200);
        assert!(home.text().contains("Atrium") && home.text().contains("ada@a.example"));
        assert_eq!(world.browser().get("/account").await.location(), "/login");
        world.sign_in("ada@a.example", PASSWORD).await;
        world.advance(31 * 86_400);
        assert_eq!(ada.get("/account").await.status, 303);
    }
}

#[tokio::test]
async fn nodes_share_a_store_and_sessions() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let (one, two) = (World::at(place.clone(), "").await, World::at(place, "").await);
        let ada = one.person("ada@a.example").await;
        assert_eq!(two.read("ada@a.example").await.map(|user| user.id), Some(ada.id), "{database:?}");
        let mut here = one.sign_in("ada@a.example", PASSWORD).await;
        let mut there = two.browser().at([192, 0, 2, 9]).sending("accept-language", "de");
        there.cookies.clone_from(&here.cookies);
        assert_eq!(there.get("/session").await.json()["user"]["email"], "ada@a.example");
        assert_eq!(there.get("/account/email").await.value("email").as_deref(), Some(""));
        assert_eq!(there.get("/logout").await.shown("form button").as_deref(), Some("Hier abmelden"));
        there.submit("/logout", &[]).await;
        assert_eq!(here.get("/session").await.status, 401);
        let client = one.client(json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]})).await;
        assert!(client.secret.is_some());
        let mut first = one.browser();
        assert_eq!(first.get(&one.setup_link().await).await.status, 200);
        assert!(one.store().await.pending_migrations().await.unwrap().is_empty());
        let reset = {
            first.get("/reset").await;
            first.submit("/reset", &[("identifier", "ada@a.example")]).await;
            one.mail_to("ada@a.example").await
        };
        assert!(reset.html.contains(reset.token()) && reset.text.contains(&reset.code), "{reset:?}");
        let mut wrong = one.browser();
        assert_eq!(wrong.post_raw("/login", &b"identifier=%ff&password="[..]).await.status, 400);
    }
}
