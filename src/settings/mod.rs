//! `config.toml` and the environment, resolved into one validated [`Settings`].
//!
//! * **Here**: the list of keys with types and defaults (`raw.rs`), reading them from the file (`file.rs`) and
//!   the environment (`env.rs`), the checks (`resolve*.rs`), client metadata by RFC 7591 (`client_metadata.rs`).
//! * **Not here**: anything that acts on a setting, touches the network or creates a file. This room is a leaf.
//! * **To add one**: a line in `raw.rs`, a field in `resolved.rs`, its check in `resolve*.rs`, its paragraph in
//!   `config.toml`. Tests fail until the last is there and agrees with the default.
//! * **Tested**: `tests.rs` here, and beside each file.

pub mod client_metadata;
pub mod clients;
mod env;
mod file;
mod problem;
pub mod providers;
mod raw;
mod raw_provider;
pub mod redirect_uri;
mod resolve;
mod resolve_durations;
mod resolve_mail;
mod resolve_providers;
mod resolve_sign_in;
mod resolve_sites;
mod resolve_sms;
mod resolved;
mod resolved_sms;
mod secret;
pub mod sites;
mod value;

use std::path::Path;

pub use problem::{Problem, SettingsErrors};
pub use resolved::{
    BootstrapSettings, DataSettings, DatabaseSettings, DatabaseUrl, FactorKind, FlowSettings, KeySettings, LimitSettings,
    LogFormat, LogSettings, MailSettings, MailTransport, OutboundSettings, PageSettings, PasswordSettings, Rate, RequiredFor,
    RetentionSettings, SecondFactorSettings, ServerSettings, SessionSettings, Settings, SignInSettings, SigningAlg,
    SignupSettings, SmtpSettings, SmtpTls, TokenSettings, Way, WhoSignsUp,
};
pub use resolved_sms::{CompletionSettings, Countries, Money, Prices, SmsProvider, SmsSettings, SmsTransport, TwilioSender};
pub use secret::Secret;
pub use value::Origin;

/// Where the settings are read from when no path is given; it need not exist.
pub const DEFAULT_PATH: &str = "config.toml";

/// Which command the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `vestibule serve` and the commands beside it.
    Serve,
    /// `vestibule dev`: mail goes to `/dev`, and only a loopback public URL is accepted.
    Dev,
}

/// The environment of this process. Unlike `std::env::vars` it does not panic on a foreign variable that is not Unicode.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
}

impl Settings {
    /// Reads, overlays and checks the settings: defaults, then the file, then `VESTIBULE_<SECTION>__<KEY>`.
    ///
    /// Without `path`, `./config.toml` is read if it exists. `env` is usually [`process_environment`].
    ///
    /// # Errors
    /// Every problem there is, not just the first; a named file that cannot be read.
    pub fn load(path: Option<&Path>, mode: Mode, env: impl Iterator<Item = (String, String)>) -> Result<Self, SettingsErrors> {
        let file = path.unwrap_or(Path::new(DEFAULT_PATH));
        let name = file.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let problem = Problem {
                    origin: Origin::Default,
                    subject: String::new(),
                    what: format!("cannot be read: {error}"),
                    cure: "check the path and its permissions".into(),
                };
                return Err(SettingsErrors::new(&name, vec![problem]));
            }
        };
        Self::from_text(&name, &text, mode, env)
    }

    /// Like [`Settings::load`], from the text of a file; `name` is what errors call it.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn from_text(
        name: &str,
        text: &str,
        mode: Mode,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsErrors> {
        let mut raw = match mode {
            Mode::Serve => raw::Raw::default(),
            Mode::Dev => raw::Raw::for_dev(),
        };
        let mut problems = Vec::new();
        file::overlay(&mut raw, text, &mut problems);
        env::overlay(&mut raw, env, &mut problems);
        resolve::resolve(&raw, mode, problems).map_err(|problems| SettingsErrors::new(name, problems))
    }
}

#[cfg(test)]
mod tests;
