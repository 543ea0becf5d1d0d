//! Logs, metrics, and keeping secrets out of both. A leaf: anyone may use it, it uses the settings alone.

mod json;
mod log;
mod process;
mod seen;

use std::{
    collections::HashMap,
    fmt,
    io::IsTerminal,
    sync::{Arc, OnceLock, PoisonError, RwLock, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

pub use log::{complain, flush};
use seen::Seen;

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is no filter; the settings check it, so this is for hand-made ones.
    #[error("log.level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The thread that writes cannot be started.
    #[error("the log's thread: {0}")]
    Thread(#[from] std::io::Error),
    /// Someone started it before.
    #[error("logging is already started")]
    AlreadyStarted,
}

/// Starts logging to standard error, as text or JSON, through a queue: see [`log`]. Once a process, from `main`.
///
/// # Errors
/// [`TelemetryError`]; the program can go on without logs.
pub fn init(settings: &LogSettings) -> Result<(), TelemetryError> {
    let queue = log::Queue::start()?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.level)?)
        .with_ansi(settings.format == LogFormat::Text && std::io::stderr().is_terminal())
        // It would be told by a macro that panics where standard error cannot be written.
        .log_internal_errors(false)
        .with_writer(queue.clone());
    match settings.format {
        LogFormat::Text => subscriber.map_event_format(log::Calm).try_init(),
        LogFormat::Json => subscriber.json().map_event_format(|_| log::Calm(json::Flat)).try_init(),
    }
    .map_err(|_| TelemetryError::AlreadyStarted)?;
    queue.install();
    std::panic::set_hook(Box::new(log::panic_hook));
    Ok(())
}

/// What `log.level` says, but for the crate that carries our session cookie: it warns ("possibly suspicious activity") of every cookie whose
/// session has ended, which is what a browser sends on its next visit. Who names the crate hears it.
fn filter(level: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let quiet = if level.contains("tower_sessions") { "" } else { "tower_sessions=error,tower_sessions_core=error," };
    EnvFilter::try_new(format!("{quiet}{level}"))
}

/// A value that `Debug` and `Display` never show, for logs of structures that carry a secret or a person's data.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Each call is a place to review.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, unwrapped.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: Arc<str>,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignInLabels {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GrantLabels {
    grant: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransportLabels {
    transport: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SmsLabels {
    transport: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    rule: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    database: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabels {
    channel: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlgLabels {
    alg: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

/// The counters of one process. Clones share them. Labels are `&'static str` or route patterns: never anything a
/// visitor chooses, never a user.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    routes: Arc<RwLock<HashMap<Arc<str>, RouteMetrics>>>,
    sign_ins: Family<SignInLabels, Counter>,
    tokens_issued: Family<GrantLabels, Counter>,
    build: Family<BuildLabels, Gauge>,
    sessions: Seen<Gauge>,
    outbox_pending: Family<ChannelLabels, Gauge>,
    outbox_oldest: Family<ChannelLabels, Gauge>,
    key_age: Family<AlgLabels, Gauge>,
    connections: Family<StateLabels, Gauge>,
    connections_max: Seen<Gauge>,
    outbox_failures: Family<TransportLabels, Counter>,
    outbox_alarms: Family<TransportLabels, Counter>,
    sms: Family<SmsLabels, Counter>,
    sms_refused: Family<ReasonLabels, Counter>,
    sms_cost: Seen<Counter<f64, AtomicU64>>,
    password_queue_busy: Counter,
    rate_limited: Family<RuleLabels, Counter>,
    job_success: Family<JobLabels, Gauge>,
    clock_offset: Seen<Gauge<f64, AtomicU64>>,
    nodes: Seen<Gauge>,
    nodes_disagreeing: Seen<Gauge>,
}

const METHODS: [&str; 4] = ["GET", "POST", "HEAD", "other"];
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted of one route. Its counters are found once, so that counting a request takes no map but this struct.
#[derive(Debug, Clone)]
pub struct RouteMetrics {
    seconds: Histogram,
    route: Arc<str>,
    requests: Family<RequestLabels, Counter>,
    /// Made when the first such answer is counted: most combinations never occur.
    counters: Arc<[[OnceLock<Counter>; STATUSES.len()]; METHODS.len()]>,
}

impl RouteMetrics {
    /// Counts one answered request.
    pub fn record(&self, method: &str, status: u16, elapsed: Duration) {
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status / 100).saturating_sub(1).min(STATUSES.len() - 1);
        let cell = self.counters.get(method).and_then(|row| row.get(class));
        if let (Some(cell), Some(method), Some(status)) = (cell, METHODS.get(method), STATUSES.get(class)) {
            let labels = || RequestLabels { route: Arc::clone(&self.route), method, status };
            cell.get_or_init(|| self.requests.get_or_create_owned(&labels())).inc();
        }
        self.seconds.observe(elapsed.as_secs_f64());
    }
}

impl Metrics {
    /// The `Content-Type` of [`Self::render`].
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// New counters, all at zero.
    pub fn new() -> Self {
        let histogram: fn() -> Histogram =
            || Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        let metrics = Self {
            registry: Arc::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            routes: Arc::default(),
            sign_ins: Family::default(),
            tokens_issued: Family::default(),
            build: Family::default(),
            sessions: Seen::default(),
            outbox_pending: Family::default(),
            outbox_oldest: Family::default(),
            key_age: Family::default(),
            connections: Family::default(),
            connections_max: Seen::default(),
            outbox_failures: Family::default(),
            outbox_alarms: Family::default(),
            sms: Family::default(),
            sms_refused: Family::default(),
            sms_cost: Seen::default(),
            password_queue_busy: Counter::default(),
            rate_limited: Family::default(),
            job_success: Family::default(),
            clock_offset: Seen::default(),
            nodes: Seen::default(),
            nodes_disagreeing: Seen::default(),
        };
        // The library adds `_total` to counters and a full stop to the help texts.
        let mut all = Registry::default();
        all.register_collector(Box::new(process::Process));
        let registry = all.sub_registry_with_prefix("vestibule");
        registry.register("build_info", "Which version this is, and its database", metrics.build.clone());
        registry.register("sessions", "Sessions that are alive, in the whole database", metrics.sessions.clone());
        registry.register("outbox_oldest_seconds", "How long the oldest waiting message waits", metrics.outbox_oldest.clone());
        registry.register("signing_key_age_seconds", "For how long the key that signs now has signed", metrics.key_age.clone());
        registry.register("database_connections", "Connections to the database that are open", metrics.connections.clone());
        registry.register("database_connections_max", "How many there may be", metrics.connections_max.clone());
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register("http_request_seconds", "Time to answer a request", metrics.request_seconds.clone());
        registry.register("sign_ins", "Attempts to sign in", metrics.sign_ins.clone());
        registry.register("tokens_issued", "Token answers given, by grant", metrics.tokens_issued.clone());
        registry.register("outbox_pending", "Messages waiting to be delivered", metrics.outbox_pending.clone());
        registry.register("outbox_failures", "Attempts to deliver a message that failed", metrics.outbox_failures.clone());
        registry.register(
            "outbox_alarms",
            "Attempts refused for what the operator has to cure: sender, policy, relaying, quota, password",
            metrics.outbox_alarms.clone(),
        );
        registry.register("sms", "Attempts to deliver a text message, by what came of them", metrics.sms.clone());
        registry.register("sms_refused", "Text messages the guard did not allow", metrics.sms_refused.clone());
        registry.register("sms_cost", "What the allowed text messages cost by sms.prices", metrics.sms_cost.clone());
        registry.register(
            "password_queue_busy",
            "Password checks refused because the queue was full",
            metrics.password_queue_busy.clone(),
        );
        registry.register("rate_limited", "Requests refused by a rate limit", metrics.rate_limited.clone());
        registry.register(
            "job_last_success_seconds",
            "When a background job last got through a turn",
            metrics.job_success.clone(),
        );
        registry.register("clock_offset_seconds", "How far the database's clock is ahead of ours", metrics.clock_offset.clone());
        registry.register("nodes", "Nodes at work on this database", metrics.nodes.clone());
        registry.register("nodes_disagreeing", "Nodes with other settings than ours", metrics.nodes_disagreeing.clone());
        registry.register("log_lines_lost", "Lines of the log that standard error did not take", log::LOST.clone());
        Self { registry: Arc::new(all), ..metrics }
    }

    /// The counters of one route. `route` is the pattern (`/dev/mail/{id}`), never the path.
    pub fn route(&self, route: &str) -> RouteMetrics {
        if let Some(known) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(route) {
            return known.clone();
        }
        let route: Arc<str> = route.into();
        let metrics = RouteMetrics {
            seconds: self.request_seconds.get_or_create_owned(&RouteLabels { route: route.clone() }),
            route: Arc::clone(&route),
            requests: self.requests.clone(),
            counters: Arc::default(),
        };
        self.routes.write().unwrap_or_else(PoisonError::into_inner).entry(route).or_insert(metrics).clone()
    }

    /// Counts one answered request by its route pattern; none: nothing matched.
    pub fn request(&self, route: Option<&str>, method: &str, status: u16, elapsed: Duration) {
        self.route(route.unwrap_or("unmatched")).record(method, status, elapsed);
    }

    /// Counts an attempt to sign in: method `password`, `code`, …; outcome `ok`, `refused`, `limited`, ….
    pub fn sign_in(&self, method: &'static str, outcome: &'static str) {
        self.sign_ins.get_or_create(&SignInLabels { method, outcome }).inc();
    }

    /// Counts a token answer.
    pub fn token_issued(&self, grant: &'static str) {
        self.tokens_issued.get_or_create(&GrantLabels { grant }).inc();
    }

    /// Says what runs: `database` is `sqlite` or `postgres`.
    pub fn set_build(&self, version: &'static str, database: &'static str) {
        self.build.get_or_create(&BuildLabels { version, database }).set(1);
    }

    /// Sets how many sessions are alive.
    pub fn set_sessions(&self, count: i64) {
        self.sessions.now().set(count);
    }

    /// Sets how many messages of a channel (`mail`, `sms`) wait, and the oldest for how long.
    pub fn set_outbox(&self, channel: &'static str, pending: i64, oldest_seconds: i64) {
        self.outbox_pending.get_or_create(&ChannelLabels { channel }).set(pending);
        self.outbox_oldest.get_or_create(&ChannelLabels { channel }).set(oldest_seconds);
    }

    /// Sets for how long the key that signs with this algorithm has signed.
    pub fn set_key_age(&self, alg: &'static str, seconds: i64) {
        self.key_age.get_or_create(&AlgLabels { alg }).set(seconds);
    }

    /// Sets how many connections to the database are used, how many wait, and how many there may be.
    pub fn set_connections(&self, busy: i64, idle: i64, most: i64) {
        self.connections.get_or_create(&StateLabels { state: "busy" }).set(busy);
        self.connections.get_or_create(&StateLabels { state: "idle" }).set(idle);
        self.connections_max.now().set(most);
    }

    /// Counts a failed delivery: `smtp`, `file`, ….
    pub fn outbox_failure(&self, transport: &'static str) {
        self.outbox_failures.get_or_create(&TransportLabels { transport }).inc();
    }

    /// Counts an attempt that failed for what only the operator can cure.
    pub fn outbox_alarm(&self, transport: &'static str) {
        self.outbox_alarms.get_or_create(&TransportLabels { transport }).inc();
    }

    /// Counts an attempt to deliver a text: transport `twilio`, …; outcome `sent`, `put_off`, `failed`, `expired`, `decoy`.
    pub fn sms(&self, transport: &'static str, outcome: &'static str) {
        self.sms.get_or_create(&SmsLabels { transport, outcome }).inc();
    }

    /// Counts a text that the guard did not allow: `country`, `number`, `budget`, ….
    pub fn sms_refused(&self, reason: &'static str) {
        self.sms_refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Adds what an allowed text costs, in the operator's currency.
    pub fn sms_cost(&self, cost: f64) {
        self.sms_cost.now().inc_by(cost);
    }

    /// Counts a password check refused because the queue was full.
    pub fn password_queue_busy(&self) {
        self.password_queue_busy.inc();
    }

    /// Counts a request refused by a rate limit: `sign_in_account`, ….
    pub fn rate_limited(&self, rule: &'static str) {
        self.rate_limited.get_or_create(&RuleLabels { rule }).inc();
    }

    /// Notes that a background job got through a turn at this Unix time.
    pub fn job_done(&self, job: &'static str, at: i64) {
        self.job_success.get_or_create(&JobLabels { job }).set(at);
    }

    /// Sets how far the database's clock is ahead of ours.
    pub fn set_clock_offset(&self, seconds: f64) {
        self.clock_offset.now().set(seconds);
    }

    /// Sets how many nodes share the database, this one among them, and how many of them have other settings.
    pub fn set_nodes(&self, all: i64, disagreeing: i64) {
        self.nodes.now().set(all);
        self.nodes_disagreeing.now().set(disagreeing);
    }

    /// Everything in the `OpenMetrics` text format.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(8 * 1024);
        // Writing to a String cannot fail; a metric that cannot be encoded leaves the text short, which scrapers notice.
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics could not be written");
        }
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_render_under_their_names() {
        let metrics = Metrics::new();
        metrics.request(Some("/login"), "POST", 303, Duration::from_millis(3));
        metrics.request(None, "PROPFIND", 404, Duration::from_millis(1));
        metrics.sign_in("password", "ok");
        metrics.token_issued("refresh_token");
        metrics.set_build("0.1.0", "sqlite");
        metrics.set_sessions(12);
        metrics.set_outbox("mail", 7, 40);
        metrics.set_key_age("ES256", 86_400);
        metrics.set_connections(1, 2, 3);
        metrics.outbox_failure("smtp");
        metrics.outbox_alarm("smtp");
        metrics.sms("twilio", "sent");
        metrics.sms_refused("country");
        metrics.sms_cost(0.08);
        metrics.password_queue_busy();
        metrics.rate_limited("sign_in_account");
        metrics.job_done("sweep", 1_763_717_400);
        metrics.set_clock_offset(-1.5);
        metrics.set_nodes(3, 1);
        let text = metrics.render();
        for line in [
            r#"vestibule_http_requests_total{route="/login",method="POST",status="3xx"} 1"#,
            r#"vestibule_http_requests_total{route="unmatched",method="other",status="4xx"} 1"#,
            r#"vestibule_http_request_seconds_count{route="/login"} 1"#,
            r#"vestibule_sign_ins_total{method="password",outcome="ok"} 1"#,
            r#"vestibule_tokens_issued_total{grant="refresh_token"} 1"#,
            r#"vestibule_build_info{version="0.1.0",database="sqlite"} 1"#,
            "vestibule_sessions 12",
            r#"vestibule_outbox_pending{channel="mail"} 7"#,
            r#"vestibule_outbox_oldest_seconds{channel="mail"} 40"#,
            r#"vestibule_signing_key_age_seconds{alg="ES256"} 86400"#,
            r#"vestibule_database_connections{state="idle"} 2"#,
            "vestibule_database_connections_max 3",
            r#"vestibule_outbox_failures_total{transport="smtp"} 1"#,
            r#"vestibule_outbox_alarms_total{transport="smtp"} 1"#,
            r#"vestibule_sms_total{transport="twilio",outcome="sent"} 1"#,
            r#"vestibule_sms_refused_total{reason="country"} 1"#,
            "vestibule_sms_cost_total 0.08",
            "vestibule_password_queue_busy_total 1",
            r#"vestibule_rate_limited_total{rule="sign_in_account"} 1"#,
            r#"vestibule_job_last_success_seconds{job="sweep"} 1763717400"#,
            "vestibule_clock_offset_seconds -1.5",
            "vestibule_nodes 3",
            "vestibule_nodes_disagreeing 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        for name in ["cpu_seconds_total", "start_time_seconds", "resident_memory_bytes", "open_fds", "max_fds"] {
            let name = format!("process_{name} ");
            assert!(text.lines().any(|line| line.strip_prefix(&name).is_some_and(|value| value != "0")), "{name} in\n{text}");
        }
        // Whatever there is, the docs say what it means.
        let docs = include_str!("../docs/operations.md");
        for name in text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()) {
            assert!(docs.contains(&format!("`{name}")), "{name} is not in docs/operations.md");
        }
    }

    #[test]
    fn what_never_happened_is_no_series_of_zeros() {
        let metrics = Metrics::new();
        metrics.request(Some("/login"), "GET", 200, Duration::from_millis(3));
        let text = metrics.render();
        let zeros = text.lines().filter(|line| line.starts_with("vestibule_") && line.ends_with(" 0"));
        // These two are alarms, and the buckets below what was measured are part of the histogram.
        let alarms = ["vestibule_password_queue_busy_total", "vestibule_log_lines_lost_total"];
        let zeros: Vec<&str> =
            zeros.filter(|line| !line.contains("_bucket{") && !alarms.iter().any(|alarm| line.starts_with(alarm))).collect();
        assert_eq!(zeros, Vec::<&str>::new());
    }

    #[test]
    fn clones_share_their_counters() {
        let metrics = Metrics::new();
        let route = metrics.clone().route("/x");
        route.record("GET", 200, Duration::ZERO);
        metrics.request(Some("/x"), "GET", 299, Duration::ZERO);
        assert!(metrics.render().contains(r#"{route="/x",method="GET",status="2xx"} 2"#));
    }

    #[test]
    fn redacted_shows_nothing() {
        let secret = Redacted::new("hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "(redacted) (redacted)");
        assert_eq!(*secret.expose(), "hunter2");
    }
}
