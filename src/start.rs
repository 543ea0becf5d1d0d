//! From settings to a running server: opening what is there, making what is missing, and ending in good order.

mod beside;
mod files;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::actions::setup::{self, Prepared};
use crate::actions::{App, Made, fleet, keys, measures};
use crate::crypto::password::{Hasher, HasherSettings};
use crate::crypto::random::Random;
use crate::crypto::seal::Keyring;
use crate::gateways::http::Reach;
use crate::gateways::mail::Mailer;
use crate::gateways::proxy::OutboundProxy;
use crate::gateways::sms::Texter;
use crate::gateways::upstream::Upstreams;
use crate::http::server;
use crate::jobs::{self, Stop, Stopper};
use crate::settings::{DatabaseUrl, Mode, Settings};
use crate::store::{Location, Migrating, PATIENCE, Store, StoreError, migration_names};
use crate::telemetry::Metrics;
use crate::time::Clock;

use beside::Beside;
pub use files::private_from_now_on;
use files::{cure, prepare as prepare_files, private_dir};

/// Connections that may read metrics at once.
const METRICS_CONNECTIONS: usize = 16;

/// How long a statement of a command may take; one about everybody takes a while.
const COMMAND_PATIENCE: Duration = Duration::from_mins(10);
/// How long the end may take to say goodbye to the other nodes.
const GOODBYE: Duration = Duration::from_secs(2);

/// What opening may do to the database's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Applies what is missing: the server.
    Migrate,
    /// Makes and changes nothing: the command line, beside which an older server may run. A wrong path or a forgotten setting is then a sentence,
    /// and not a new, empty installation.
    AsItIs,
}

/// The hashing threads; the command line needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    One,
    BySettings,
}

fn location(settings: &Settings) -> Location {
    match &settings.database.url {
        DatabaseUrl::Sqlite(path) => Location::Sqlite(path.clone()),
        DatabaseUrl::Postgres(url) => {
            Location::Postgres { url: url.expose().to_owned(), max_connections: settings.database.max_connections }
        }
    }
}

/// The master keys of the settings.
fn given_keyring(settings: &Settings) -> anyhow::Result<Option<Keyring>> {
    if settings.secrets_keys.is_empty() {
        return Ok(None);
    }
    let keys: Vec<String> = settings.secrets_keys.iter().map(|key| key.expose().to_owned()).collect();
    Keyring::parse(&keys).context("secrets.keys").map(Some)
}

/// The master keys, which must be there.
fn existing_keyring(settings: &Settings) -> anyhow::Result<Keyring> {
    if let Some(keyring) = given_keyring(settings)? {
        return Ok(keyring);
    }
    let path = &settings.secrets_file;
    match read_keyring(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{}: the master keys are missing; restore the file from the backup, or set secrets.keys to the keys of the server",
            path.display()
        ),
        other => named(path, other),
    }
}

fn named(path: &Path, read: io::Result<Result<Keyring, crate::crypto::seal::KeyringError>>) -> anyhow::Result<Keyring> {
    read.with_context(|| {
        format!("{}: the master keys cannot be read; give the user that runs Vestibule read permission", path.display())
    })?
    .with_context(|| format!("{}: one key a line, v1:<32 bytes in base64url>", path.display()))
}

/// The master keys: from the settings, else from their file, else made and kept there.
fn keyring(settings: &Settings, random: &Random) -> anyhow::Result<Keyring> {
    if let Some(keyring) = given_keyring(settings)? {
        return Ok(keyring);
    }
    let path = &settings.secrets_file;
    // Asked before the keys are read: another process that starts for the first time makes the keys before the rows.
    let database = match &settings.database.url {
        DatabaseUrl::Sqlite(database) => Some(database).filter(|path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0)),
        DatabaseUrl::Postgres(_) => None,
    };
    match read_keyring(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(database) = database {
                bail!(
                    "{}: the master keys are missing, but {} was made with them; restore the file from the backup",
                    path.display(),
                    database.display()
                );
            }
            write_keyring(path, &Keyring::generate(random)).with_context(|| cure(path, "the master keys cannot be kept"))?;
            // Another process may have been faster: whatever is there now counts.
            named(path, read_keyring(path))
        }
        other => named(path, other),
    }
}

fn read_keyring(path: &Path) -> io::Result<Result<Keyring, crate::crypto::seal::KeyringError>> {
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    if std::fs::metadata(path)?.mode() & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others can read the master keys: chmod 600");
    }
    let keys: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    Ok(Keyring::parse(&keys))
}

/// Whole or not at all, and never over a file that is there: linking a name fails if it exists.
fn write_keyring(path: &Path, keyring: &Keyring) -> io::Result<()> {
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    for key in keyring.to_text() {
        writeln!(file, "{}", key.as_str())?;
    }
    file.sync_all()?;
    let linked = match std::fs::hard_link(&temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    std::fs::remove_file(&temporary)?;
    linked?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

/// Opens the database and everything else an [`App`] is made from.
pub async fn open(settings: Settings, schema: Schema, threads: Threads) -> anyhow::Result<App> {
    let random = Random::system();
    // The keys come before the database, so that a database without keys is one that has lost them.
    let keyring = match schema {
        Schema::Migrate => {
            private_dir(&settings.data.dir).with_context(|| cure(&settings.data.dir, "the data directory cannot be made"))?;
            let keyring = keyring(&settings, &random)?;
            prepare_files(&settings)?;
            keyring
        }
        Schema::AsItIs => {
            must_exist(&settings)?;
            existing_keyring(&settings)?
        }
    };
    let store = open_store(&settings, schema).await?;
    let passwords = settings.passwords;
    let hasher = HasherSettings {
        memory_kib: passwords.memory_kib,
        iterations: passwords.iterations,
        parallelism: passwords.parallelism,
        workers: match threads {
            Threads::One => 1,
            Threads::BySettings => passwords.workers.unwrap_or(0),
        },
        queue: passwords.queue,
    };
    let hasher = Hasher::new(hasher, random.clone()).context("[passwords]")?;
    let mailer = Mailer::new(&settings.mail).context("[mail]")?;
    let reach = if settings.outbound.allow_private { Reach::Anywhere } else { Reach::Public };
    let texter = Texter::new(&settings.sms, reach).context("[sms]")?;
    // The stand-ins of development mode are on this machine.
    let clock = Clock::system();
    let upstreams =
        Upstreams::new(&settings.providers, if settings.mode == Mode::Dev { Reach::Anywhere } else { reach }, &clock)?;
    let app = App::new(Made { settings, clock, random, store, keyring, hasher, mailer, texter, upstreams })?;
    if schema == Schema::AsItIs {
        keys::fit(&app).await?;
    }
    Ok(app)
}

/// Refuses where a SQLite database would have to be made.
fn must_exist(settings: &Settings) -> anyhow::Result<()> {
    match &settings.database.url {
        DatabaseUrl::Sqlite(path) if !std::fs::metadata(path).is_ok_and(|file| file.len() > 0) => {
            bail!(NoDatabase(store_name(settings)))
        }
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => Ok(()),
    }
}

/// There is nothing to work on.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0}: there is no Vestibule database here, and this command makes none; run `vestibule migrate` or `vestibule serve` first, or name the \
     right one (--config, data.dir, database.url)"
)]
struct NoDatabase(String);

/// The database, as people would look for it; never with its password.
pub fn store_name(settings: &Settings) -> String {
    location(settings).name()
}

/// What `check-config` finds: the database is reached, its master keys open what it holds, and nothing is made or changed.
///
/// # Errors
/// A sentence with the cause and the cure.
pub async fn check(settings: Settings) -> anyhow::Result<String> {
    let name = store_name(&settings);
    if must_exist(&settings).is_err() {
        return Ok(format!("{name}: not there yet; `vestibule serve` makes it"));
    }
    let store = Store::open(&location(&settings)).await.with_context(|| format!("{name}: the database cannot be used"))?;
    let pending = store.pending_migrations().await;
    store.close().await;
    match pending?.len() {
        missing if missing == migration_names().count() => Ok(format!("{name}: reached, and empty; `vestibule serve` fills it")),
        0 => {
            open(settings, Schema::AsItIs, Threads::One).await?.close().await;
            Ok(format!("{name}: reached, up to date, and the master keys fit"))
        }
        missing => {
            Ok(format!("{name}: reached; {missing} migrations are missing: `vestibule migrate`, or the next `vestibule serve`"))
        }
    }
}

async fn open_store(settings: &Settings, schema: Schema) -> anyhow::Result<Store> {
    let at = store_name(settings);
    // A command waits for its answer; a server has people waiting.
    let patience = if schema == Schema::AsItIs { COMMAND_PATIENCE } else { PATIENCE };
    let opened = Store::open_patiently(&location(settings), patience).await;
    let store = opened.with_context(|| format!("{at}: the database cannot be opened"))?;
    if schema == Schema::AsItIs {
        let pending = store.pending_migrations().await?;
        if pending.is_empty() {
            return Ok(store);
        }
        if pending.len() < migration_names().count() {
            bail!("{at}: the database is older than this program; run `vestibule migrate` first");
        }
        bail!(NoDatabase(at));
    }
    let how = Migrating { copy: settings.database.copy_before_migration, say: &|line| tracing::info!("{line}") };
    let migrated = match store.migrate_by(&how).await {
        Ok(()) => Ok(()),
        Err(error @ (StoreError::NoRoom { .. } | StoreError::Newer(_))) => Err(error),
        Err(_) => {
            // Another process that starts for the first time at this moment may be making the same tables.
            tokio::time::sleep(Duration::from_millis(500)).await;
            store.migrate_by(&how).await
        }
    };
    migrated.with_context(|| format!("{at}: the database cannot be brought up to date"))?;
    Ok(store)
}

/// Applies the migrations that are missing to a database that holds something; what happens is said as it goes. A new database has
/// nothing that could be lost, and is left to [`open`].
pub async fn upgrade(settings: &Settings, say: &(dyn Fn(&str) + Sync)) -> anyhow::Result<()> {
    let missing = pending(settings).await?.len();
    if missing == 0 || missing == migration_names().count() {
        return Ok(());
    }
    let store = Store::open(&location(settings)).await?;
    let done = store.migrate_by(&Migrating { copy: settings.database.copy_before_migration, say }).await;
    store.close().await;
    Ok(done?)
}

/// The migrations that are missing, without making anything.
pub async fn pending(settings: &Settings) -> anyhow::Result<Vec<String>> {
    if let DatabaseUrl::Sqlite(path) = &settings.database.url
        && !path.exists()
    {
        return Ok(migration_names().map(str::to_owned).collect());
    }
    Ok(Store::open(&location(settings)).await?.pending_migrations().await?)
}

/// Takes a port, or says whose setting to change.
pub async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let cure = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another program has port {}; end it, or set {setting} to a free port", address.port())
            }
            io::ErrorKind::PermissionDenied => format!("ports below 1024 need a permission; set {setting} to a higher port"),
            io::ErrorKind::AddrNotAvailable => format!("this machine has no address {}; correct {setting}", address.ip()),
            _ => format!("correct {setting}"),
        };
        anyhow::anyhow!("cannot listen on {address}: {error}; {cure}")
    })
}

/// Serves until SIGTERM, SIGINT or SIGHUP, then ends in good order; with the demo and the fake providers if the settings are those of `dev`.
/// `ready` prints a line.
pub async fn serve(mut settings: Settings, ready: impl Fn(&str)) -> anyhow::Result<()> {
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    if let Some(proxy) = OutboundProxy::from_env()? {
        tracing::info!(proxy = proxy.address(), "https calls to other servers leave through a proxy (HTTPS_PROXY)");
    }
    // Taken first: who connects while the database opens waits instead of being refused, and a port that is in use changes nothing.
    let listener = listen(settings.server.listen, "server.listen").await?;
    let metrics = match settings.server.metrics_listen {
        Some(address) => Some(listen(address, "server.metrics_listen").await?),
        None => None,
    };
    let beside = match settings.mode {
        Mode::Serve => None,
        Mode::Dev => Some(Beside::prepare(&mut settings).await?),
    };
    // Before anybody can send a signal in vain.
    let mut signal = std::pin::pin!(signals()?);
    files::prepare(&settings)?;
    let _alone = files::serve_alone(&settings)?;
    files::tighten(&settings);
    let app = tokio::select! {
        app = open(settings, Schema::Migrate, Threads::BySettings) => app?,
        () = &mut signal => {
            tracing::info!("stopped before the database was open");
            return Ok(());
        }
    };
    keys::ensure(&app).await.context("the signing keys")?;
    fleet::turn(&app).await.context("the other nodes")?;
    let prepared = setup::prepare(&app).await?;

    let (stopper, stop) = Stopper::new();
    let drain = app.settings.server.shutdown;
    let jobs = jobs::start(&app);
    let metrics = metrics.map(|listener| tokio::spawn(serve_metrics(listener, app.clone(), stop.clone())));
    if let Some(beside) = beside {
        beside.start(&app, &stop, &ready)?;
    }
    let router = crate::app::router(&app).context("server.public_url")?;
    let connections = app.settings.server.max_connections;
    let proxies = app.settings.server.trusted_proxies.clone();
    let serving = tokio::spawn(server::serve_behind(proxies, listener, router, stop.requested(), connections, drain));

    match &prepared {
        Prepared::Link(link) => {
            ready(&format!("Create the first administrator: {link}"));
            ready("The link works for a day, and so do those of other nodes, until one of them has been used");
        }
        Prepared::HasAccount { email, id } => {
            let refused = setup::has_account(email, id);
            tracing::warn!("{refused}");
            ready(&refused);
        }
        Prepared::HasAdministrator | Prepared::FromSettings(_) => {}
    }
    ready(&format!("Vestibule is ready at {}", app.settings.origin()));
    signal.await;
    tracing::info!("stopping");
    app.stop();
    stopper.stop();
    let _drained = serving.await;
    jobs.stop(drain).await;
    if let Some(metrics) = metrics {
        let _ended = metrics.await;
    }
    // Best effort: who says nothing is gone after a while, too.
    let _left = tokio::time::timeout(GOODBYE, fleet::leave(&app)).await;
    app.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// SIGTERM, SIGINT and SIGHUP mean the same. A second one during the drain is left to the system's patience.
fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Who started the program with `nohup` wants it to outlive the terminal.
    let mut hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hung_up => {}
        }
    })
}

/// Whether SIGHUP (1) is among the signals that this process was started to ignore (proc(5): a mask in hexadecimal). False where nothing tells.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

async fn serve_metrics(listener: TcpListener, app: App, stop: Stop) {
    let answer = async move || {
        measures::refresh(&app);
        ([(CONTENT_TYPE, Metrics::CONTENT_TYPE)], app.metrics.render())
    };
    let router = axum::Router::new().route("/metrics", get(answer));
    server::serve(listener, router, stop.requested(), METRICS_CONNECTIONS, Duration::from_secs(1)).await;
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn settings(dir: &Path) -> Settings {
        let text = format!("[data]\ndir = \"{}\"\n", dir.join("data").display());
        Settings::from_text("config.toml", &text, Mode::Serve, std::iter::empty()).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_private_files_and_the_second_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        private_dir(&settings.data.dir).unwrap();
        let first = keyring(&settings, &Random::system()).unwrap();
        prepare_files(&settings).unwrap();
        assert_eq!(mode(&settings.data.dir), 0o700);
        assert_eq!(mode(&settings.secrets_file), 0o600);
        let DatabaseUrl::Sqlite(database) = &settings.database.url else { panic!() };
        assert_eq!(mode(database), 0o600);
        let second = keyring(&settings, &Random::system()).unwrap();
        assert_eq!(first.mac("p", &[b"x"]), second.mac("p", &[b"x"]));
        assert_eq!(std::fs::read_dir(&settings.data.dir).unwrap().count(), 2, "no temporary file stays");
    }

    #[test]
    fn parallel_first_starts_agree_on_the_keys() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        private_dir(&settings.data.dir).unwrap();
        let path = &settings.secrets_file;
        write_keyring(path, &Keyring::generate(&Random::system())).unwrap();
        let first = std::fs::read_to_string(path).unwrap();
        write_keyring(path, &Keyring::generate(&Random::system())).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), first);
    }

    #[test]
    fn lost_keys_are_never_replaced_beside_a_database() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        prepare_files(&settings).unwrap();
        let DatabaseUrl::Sqlite(database) = &settings.database.url else { panic!() };
        std::fs::write(database, "rows").unwrap();
        let refused = keyring(&settings, &Random::system()).unwrap_err().to_string();
        assert!(refused.contains("secrets.key: the master keys are missing"), "{refused}");
        assert!(!settings.secrets_file.exists());
    }

    #[tokio::test]
    async fn a_port_in_use_is_named_with_its_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let refused = listen(address, "server.listen").await.unwrap_err().to_string();
        assert!(refused.contains(&format!("port {}", address.port())) && refused.contains("server.listen"), "{refused}");
    }
}
