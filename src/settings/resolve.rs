//! The checks: from raw values to [`Settings`], collecting every problem.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::{
    Mode,
    clients::resolve_clients,
    env,
    problem::Problem,
    raw::{self, Raw},
    resolve_durations as durations, resolve_mail as mail,
    resolve_providers::providers,
    resolve_sign_in as sign_in, resolve_sites as sites, resolve_sms as sms,
    resolved::{
        BootstrapSettings, DataSettings, DatabaseSettings, DatabaseUrl, LogFormat, LogSettings, OutboundSettings, PageSettings,
        PasswordSettings, ServerSettings, Settings, SignupSettings, WhoSignsUp,
    },
    secret::Secret,
    sites::resolve_sites,
    value::{Field, Origin},
};

/// What the checks gather on the way.
pub(super) struct Report {
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}

impl Report {
    /// Notes a problem of a field, where that field was set.
    pub fn refuse<T>(&mut self, field: &Field<T>, what: impl Into<String>, cure: impl Into<String>) {
        self.refuse_because(field, field, what, cure);
    }

    /// Notes a problem of a field, at the place of the one that caused it; a variable of the environment is its own place.
    pub fn refuse_because<T, U>(&mut self, field: &Field<T>, cause: &Field<U>, what: impl Into<String>, cure: impl Into<String>) {
        let origin = match &cause.origin {
            Origin::Environment(_) => Origin::Environment(env::variable(field.section, field.key)),
            place => place.clone(),
        };
        self.problems.push(Problem {
            origin,
            subject: format!("[{}] {}", field.section, field.key),
            what: what.into(),
            cure: cure.into(),
        });
    }

    /// A number within bounds; out of them it is refused.
    pub fn number<T: TryFrom<u64> + Default>(&mut self, field: &Field<u64>, min: u64, max: u64) -> T {
        match T::try_from(field.value) {
            Ok(number) if (min..=max).contains(&field.value) => number,
            _ => {
                let cure = if field.value < min { format!("at least {min}") } else { format!("at most {max}") };
                self.refuse(field, format!("{} is out of range", field.value), cure);
                T::default()
            }
        }
    }

    /// A word out of a list.
    pub fn word<T: Copy>(&mut self, field: &Field<String>, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == field.value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(field, format!("\"{}\" is unknown", field.value), format!("one of: {}", all.join(", ")));
        }
        found
    }

    /// A value that has a parser; empty text is refused as well.
    pub fn parse<T: std::str::FromStr>(&mut self, field: &Field<String>, example: &str) -> Option<T> {
        let parsed = field.value.parse().ok();
        if parsed.is_none() {
            self.refuse(field, format!("\"{}\" cannot be read", field.value), format!("for example {example}"));
        }
        parsed
    }

    /// Like [`Self::parse`]; empty text means none.
    pub fn parse_optional<T: std::str::FromStr>(&mut self, field: &Field<String>, example: &str) -> Option<T> {
        if field.value.is_empty() { None } else { self.parse(field, example) }
    }
}

/// Checks everything. `problems` are those found while reading; with any, there are no settings.
pub fn resolve(raw: &Raw, mode: Mode, problems: Vec<Problem>) -> Result<Settings, Vec<Problem>> {
    let mut report = Report { problems, warnings: Vec::new() };
    let server = server(&raw.server, mode, &mut report);
    let public = server.as_ref().map(|server| &server.public_url);
    // An unreadable URL is reported already; what depends on it is then judged mildly.
    let loopback = public.is_none_or(is_loopback);
    let https = public.is_some_and(|url| url.scheme() == "https");

    let dir = PathBuf::from(&raw.data.dir.value);
    if raw.data.dir.value.trim().is_empty() {
        report.refuse(&raw.data.dir, "is empty", "for example \"./data\" or \"/var/lib/vestibule\"");
    }
    let database = database(&raw.database, &dir, &mut report);
    let mail = mail::mail(&raw.mail, public, &dir, &mut report);
    let sms = sms::sms(&raw.sms, &dir, &mut report);
    let access_alg = durations::access_alg(&raw.tokens, &mut report);
    let pages = pages(&raw.pages, &mut report);
    let log = log(&raw.log, &mut report);
    secrets(&raw.secrets, &mut report);
    if let Some(mail) = &mail {
        mail::warn_mail(mail, mode, loopback, https, raw, &mut report);
    }
    if let Some(sms) = &sms {
        sms::warn_sms(sms, mode, loopback, https, raw, &mut report);
    }
    let passwords = passwords(&raw.passwords, loopback, &mut report);
    let signup = signup(&raw.signup, &mut report);
    let sign_in = sign_in::sign_in(&raw.sign_in, &mut report);
    let second_factor = sign_in::second_factor(&raw.second_factor, &mut report);
    let sessions = durations::sessions(&raw.sessions, public, &mut report);
    let tokens = durations::tokens(&raw.tokens, access_alg, &mut report);
    let keys = durations::keys(&raw.keys, &mut report);
    let flows = durations::flows(&raw.flows, &mut report);
    let limits = durations::limits(&raw.limits, &mut report);
    let retention = durations::retention(&raw.retention, &mut report);
    let bootstrap = bootstrap(&raw.bootstrap, &mut report);
    if bootstrap.is_some() && !sign_in.ways.contains(&super::Way::Password) {
        report.warnings.push(
            "[bootstrap] admin_password_hash lets nobody in: [sign_in] ways has no \"password\". The administrator signs in by the other ways; \
             where there is no \"mail\", leave [bootstrap] out, and the start prints a link by which they add a passkey."
                .to_owned(),
        );
    }
    let clients = resolve_clients(&raw.clients, &mut report.problems);
    let (providers, presets_off) = providers(raw, &mut report);
    let sites = resolve_sites(&raw.sites, &mut report);
    if let Some(server) = &server {
        sites::warn_sites(&sites, server, sessions.cookie_domain.as_deref(), &mut report);
    }
    if raw.outbound.allow_private.value && !loopback {
        report
            .warnings
            .push("outbound.allow_private is on: clients can make this server call addresses of the internal network.".into());
    }

    let Report { problems, warnings } = report;
    match (server, database, mail, sms, signup, tokens, pages, log) {
        (Some(server), Some(database), Some(mail), Some(sms), Some(signup), Some(tokens), Some(pages), Some(log))
            if problems.is_empty() =>
        {
            Ok(Settings {
                mode,
                origin: server.public_url.origin().ascii_serialization(),
                loopback,
                server,
                secrets_file: dir.join("secrets.key"),
                data: DataSettings { dir },
                database,
                secrets_keys: raw.secrets.keys.value.clone(),
                mail,
                sms,
                passwords,
                signup,
                sign_in,
                second_factor,
                sessions,
                tokens,
                keys,
                flows,
                limits,
                outbound: OutboundSettings { allow_private: raw.outbound.allow_private.value },
                bootstrap,
                pages,
                log,
                retention,
                clients,
                providers,
                presets_off,
                sites,
                warnings,
            })
        }
        _ => Err(problems),
    }
}

fn signup(raw: &raw::Signup, report: &mut Report) -> Option<SignupSettings> {
    let who = report.word(&raw.who, &WhoSignsUp::ALL.map(|who| (who.as_str(), who)));
    Some(SignupSettings { who: who?, verify_email: raw.verify_email.value, verify_phone: raw.verify_phone.value })
}

/// True for `localhost`, 127.0.0.0/8 and `::1`.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn server(raw: &raw::Server, mode: Mode, report: &mut Report) -> Option<ServerSettings> {
    let public_url = public_url(&raw.public_url, mode, report);
    let listen: Option<SocketAddr> = report.parse(&raw.listen, "\"127.0.0.1:8080\" or \"[::]:8080\"");
    let metrics_listen: Option<SocketAddr> = report.parse_optional(&raw.metrics_listen, "\"127.0.0.1:9100\", or \"\" for none");
    if listen.is_some_and(|listen| mode == Mode::Dev && !listen.ip().is_loopback()) {
        report.refuse(
            &raw.listen,
            "`vestibule dev` shows every mail to every visitor, so it listens on loopback only",
            "use \"127.0.0.1:8080\" here, or `vestibule serve`",
        );
    }
    if let (Some(listen), Some(metrics)) = (listen, metrics_listen)
        && listen == metrics
        && listen.port() != 0
    {
        report.refuse(&raw.metrics_listen, "is the address of server.listen", "choose another port");
    }
    let mut trusted_proxies = Vec::new();
    for text in &raw.trusted_proxies.value {
        match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(net) => trusted_proxies.push(net),
            Err(_) => report.refuse(
                &raw.trusted_proxies,
                format!("\"{text}\" is no address and no network"),
                "for example [\"127.0.0.1\", \"10.0.0.0/8\"]",
            ),
        }
    }
    if trusted_proxies.iter().any(|net| net.prefix_len() == 0) {
        report.warnings.push(
            "server.trusted_proxies trusts everyone: any visitor can choose the address that limits and events see.".into(),
        );
    }
    if let (Some(url), Some(listen)) = (&public_url, listen) {
        if url.scheme() == "https" && trusted_proxies.is_empty() {
            report.warnings.push(
                "server.public_url is https, so a proxy stands in front, but server.trusted_proxies is empty: every visitor \
                 seems to come from the proxy, and its requests share one rate limit. Add the proxy's address."
                    .into(),
            );
        }
        if url.scheme() == "http" && listen.port() != 0 && url.port_or_known_default() != Some(listen.port()) {
            report.warnings.push(format!(
                "server.public_url says {url} but server.listen is {listen}: links and redirects go to the former."
            ));
        }
    }
    let shutdown = Duration::from_secs(report.number(&raw.shutdown_seconds, 0, 600));
    let max_connections = report.number(&raw.max_connections, 1, 1_000_000);
    Some(ServerSettings { public_url: public_url?, listen: listen?, metrics_listen, trusted_proxies, shutdown, max_connections })
}

fn public_url(field: &Field<String>, mode: Mode, report: &mut Report) -> Option<Url> {
    let example = "write scheme, host and port only, for example \"https://id.example.org\"";
    let Ok(url) = Url::parse(&field.value) else {
        report.refuse(field, format!("\"{}\" is no URL", field.value), example);
        return None;
    };
    let before = report.problems.len();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        report.refuse(field, format!("\"{}\" is no web address", field.value), example);
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        report.refuse(field, "has a user name or password", example);
    }
    if url.path() != "/" {
        report.refuse(field, format!("has a path, \"{}\"", url.path()), example);
    }
    if url.query().is_some() || url.fragment().is_some() {
        report.refuse(field, "has a query or a fragment", example);
    }
    let loopback = is_loopback(&url);
    if mode == Mode::Dev && !loopback {
        report.refuse(
            field,
            "`vestibule dev` shows every mail to every visitor, so it runs on loopback only",
            "use http://localhost:8080 here, or `vestibule serve`",
        );
    } else if url.scheme() == "http" && !loopback {
        report.refuse(
            field,
            "is http: passwords and sessions would cross the network in clear",
            "use https (a proxy in front ends TLS); http is for localhost",
        );
    }
    (report.problems.len() == before).then_some(url)
}

fn database(raw: &raw::Database, dir: &Path, report: &mut Report) -> Option<DatabaseSettings> {
    let text = raw.url.value.expose();
    let sqlite = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    let url = if text.is_empty() {
        Some(DatabaseUrl::Sqlite(dir.join("vestibule.db")))
    } else if let Some(path) = sqlite.filter(|path| !path.is_empty() && !path.contains('?') && *path != ":memory:") {
        Some(DatabaseUrl::Sqlite(PathBuf::from(path)))
    } else if matches!(Url::parse(text), Ok(url) if matches!(url.scheme(), "postgres" | "postgresql")) {
        Some(DatabaseUrl::Postgres(raw.url.value.clone()))
    } else {
        // The value is not repeated: it may hold a password.
        report.refuse(
            &raw.url,
            "is no database this program knows",
            "\"\" for SQLite in data.dir, \"sqlite:/path/to/file.db\" or \"postgres://user:password@host/name\" \
             (percent-encode odd characters)",
        );
        None
    };
    let max_connections = report.number(&raw.max_connections, 1, 1_000);
    Some(DatabaseSettings { url: url?, max_connections, copy_before_migration: raw.copy_before_migration.value })
}

fn secrets(raw: &raw::Secrets, report: &mut Report) {
    let mut versions = Vec::new();
    for (index, secret) in raw.keys.value.iter().enumerate() {
        let version = secret.expose().split_once(':').and_then(|(version, key)| {
            let digits = version.strip_prefix('v')?;
            let sound =
                digits.parse::<u32>().is_ok() && BASE64URL_NOPAD.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == 32);
            sound.then_some(version)
        });
        let position = index + 1;
        match version {
            None => report.refuse(
                &raw.keys,
                format!("key {position} is malformed"),
                "\"v1:\" and 32 random bytes in base64url without padding, as from: \
                 head -c 32 /dev/urandom | basenc --base64url | tr -d =",
            ),
            Some(version) if versions.contains(&version) => {
                report.refuse(&raw.keys, format!("{version} occurs twice"), "give every key its own version");
            }
            Some(version) => versions.push(version),
        }
    }
}

fn passwords(raw: &raw::Passwords, loopback: bool, report: &mut Report) -> PasswordSettings {
    let settings = PasswordSettings {
        min_length: report.number(&raw.min_length, 6, 128),
        memory_kib: report.number(&raw.memory_kib, 8, 4 * 1024 * 1024),
        iterations: report.number(&raw.iterations, 1, 100),
        parallelism: report.number(&raw.parallelism, 1, 64),
        workers: Some(report.number(&raw.workers, 0, 1024)).filter(|workers| *workers > 0),
        queue: report.number(&raw.queue, 1, 100_000),
    };
    if settings.memory_kib < settings.parallelism * 8 {
        report.refuse(&raw.memory_kib, "is less than 8 KiB a lane", "raise it, or lower passwords.parallelism");
    }
    // OWASP Password Storage Cheat Sheet: the equivalent minimal pairs of memory and iterations for argon2id.
    let floor = match settings.iterations {
        0 | 1 => 47_104,
        2 => 19_456,
        3 => 12_288,
        4 => 9_216,
        _ => 7_168,
    };
    if settings.memory_kib < floor && !loopback {
        report.warnings.push(format!(
            "passwords.memory_kib = {} with {} iterations is below what OWASP advises ({floor}): stolen hashes are cheap to \
             guess.",
            settings.memory_kib, settings.iterations
        ));
    }
    if settings.min_length < 8 {
        report.warnings.push(format!("passwords.min_length is {}, below the 8 of NIST SP 800-63B.", settings.min_length));
    }
    settings
}

fn bootstrap(raw: &raw::Bootstrap, report: &mut Report) -> Option<BootstrapSettings> {
    let (email, hash) = (&raw.admin_email, &raw.admin_password_hash);
    if email.value.is_empty() && hash.value.is_empty() {
        return None;
    }
    if email.value.is_empty() {
        report.refuse_because(email, hash, "is missing beside admin_password_hash", "set both, or neither");
    } else if email.value.parse::<lettre::Address>().is_err() {
        report.refuse(email, format!("\"{}\" is no address", email.value), "for example \"admin@example.org\"");
    }
    if hash.value.is_empty() {
        report.refuse_because(hash, email, "is missing beside admin_email", "set both, or neither");
    } else if !is_argon2id(&hash.value) {
        report.refuse(
            hash,
            "is no argon2id hash",
            "a PHC string, \"$argon2id$v=19$m=19456,t=2,p=1$…$…\" (in a shell, quote the dollar signs)",
        );
    }
    Some(BootstrapSettings { admin_email: email.value.clone(), admin_password_hash: hash.value.clone() })
}

fn is_argon2id(hash: &Secret) -> bool {
    let text = hash.expose();
    text.starts_with("$argon2id$v=19$m=") && text.split('$').count() == 6 && text.split('$').skip(1).all(|part| !part.is_empty())
}

fn pages(raw: &raw::Pages, report: &mut Report) -> Option<PageSettings> {
    let name = raw.name.value.trim().to_owned();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        report.refuse(&raw.name, "is empty, too long or has control characters", "1 to 80 characters");
    }
    let default_locale = report.word(&raw.default_locale, &[("en", "en"), ("de", "de")]);
    let help_url: Option<Url> =
        report.parse_optional(&raw.help_url, "\"https://example.org/help\" or \"mailto:help@example.org\"");
    if help_url.as_ref().is_some_and(|url| !matches!(url.scheme(), "https" | "http" | "mailto")) {
        report.refuse(&raw.help_url, "is no link for people", "use https: or mailto:");
    }
    Some(PageSettings { name, default_locale: default_locale?.to_owned(), help_url })
}

fn log(raw: &raw::Log, report: &mut Report) -> Option<LogSettings> {
    let format = report.word(&raw.format, &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    let level = &raw.level.value;
    if level.trim().is_empty() || EnvFilter::try_new(level).is_err() {
        report.refuse(
            &raw.level,
            format!("\"{level}\" is no level"),
            "error, warn, info, debug or trace, or info,vestibule=debug",
        );
    }
    Some(LogSettings { format: format?, level: level.clone() })
}
