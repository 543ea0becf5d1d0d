//! Logs, metrics, and keeping secrets out of both. A leaf: anyone may use it, it uses the settings alone.

mod json;
mod log;
mod metrics;
mod process;
mod seen;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

pub use log::{complain, flush};
pub use metrics::{Metrics, RouteMetrics};

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
