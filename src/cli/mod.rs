//! The command line.
//!
//! * **Here**: arguments, what is read from standard input, what is printed, exit codes.
//! * **Not here**: what a command does (actions), opening things (start).
//! * **To add one**: a variant of [`Command`] or of the subcommands in their file. With `--json` it reads and prints JSON, and prints an
//!   error as `{"error", "error_description"}` too.
//! * **Tested**: below, and as a real process in `tests/it/commands.rs`.
//!
//! Exit codes: 0 done; 1 refused or failed, the settings included; 2 the arguments are wrong.

mod check;
mod client;
mod factors;
mod identities;
mod keys;
mod listing;
mod output;
mod secrets;
mod user;
mod welcome;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::json;

use crate::actions::App;
use crate::settings::{self, Mode, Settings, process_environment};
use crate::{start, telemetry};
use output::{announce, complain, print, print_json};

/// Vestibule: sign-in for your applications, by OAuth 2 and OpenID Connect.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, arg_required_else_help = true)]
struct Cli {
    /// The settings [default: ./config.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say which settings and which database are used
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Run the server for trying things out: mail is shown in the browser, and a demo application and fake providers run beside it
    Dev,
    /// Check the settings, see whether the database can be reached, and exit
    CheckConfig,
    /// Bring the database up to date
    Migrate {
        /// Only say what is missing
        #[arg(long)]
        dry_run: bool,
        /// Do not copy a SQLite file before it is changed; you have a copy of your own
        #[arg(long)]
        no_copy: bool,
    },
    /// Make, see and change people's accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Register, see and change applications (relying parties)
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// See and rotate signing keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Change master keys
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
}

/// Why a command ends with something other than 0.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: u8,
    /// For programs.
    code: &'static str,
    /// A sentence and its cure.
    message: String,
}

impl Failure {
    /// Refused by a rule.
    fn refused(code: &'static str, message: impl Display) -> Self {
        Self { exit: 1, code, message: format!("{message}") }
    }

    /// The arguments are wrong.
    fn usage(code: &'static str, message: impl Display) -> Self {
        Self { exit: 2, code, message: format!("{message}") }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::refused("failed", format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::refused("failed", error)
    }
}

impl From<crate::actions::Fault> for Failure {
    fn from(fault: crate::actions::Fault) -> Self {
        Self::refused("unavailable", fault)
    }
}

type Done = Result<(), Failure>;

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    start::private_from_now_on();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::FAILURE,
            };
        }
    };
    let as_json = cli.command.is_json();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { exit, code, message }) => {
            complain(&message);
            if as_json {
                // Nobody is left to tell if this fails too.
                let _told = print_json(&json!({ "error": code, "error_description": message }));
            }
            ExitCode::from(exit)
        }
    }
}

impl Command {
    const fn is_json(&self) -> bool {
        match self {
            Self::User(command) => command.is_json(),
            Self::Client(command) => command.is_json(),
            Self::Keys(command) => command.is_json(),
            Self::Secrets(command) => command.is_json(),
            Self::Serve | Self::Dev | Self::CheckConfig | Self::Migrate { .. } => false,
        }
    }

    /// Whether it changes rows: then it says of which database, for a wrong one looks like the right one.
    const fn writes(&self) -> bool {
        match self {
            Self::User(command) => command.writes(),
            Self::Client(command) => command.writes(),
            Self::Keys(command) => command.writes(),
            Self::Secrets(_) => true,
            Self::Migrate { dry_run, .. } => !*dry_run,
            // Servers say where they are themselves, and `check-config` what it found.
            Self::Serve | Self::Dev | Self::CheckConfig => false,
        }
    }
}

fn run(Cli { config, verbose, command }: Cli) -> Done {
    let mode = if matches!(command, Command::Dev) { Mode::Dev } else { Mode::Serve };
    let settings = settings(config.as_deref(), mode)?;
    let says = verbose || command.writes();
    if verbose {
        let path = config.as_deref().unwrap_or(Path::new(settings::DEFAULT_PATH));
        let which = if path.exists() { "the settings are of" } else { "there are no settings in" };
        complain(&format!("{which} {}", std::path::absolute(path).as_deref().unwrap_or(path).display()));
    }
    if says {
        complain(&format!("the database is {}", start::store_name(&settings)));
    }
    match command {
        Command::Serve | Command::Dev => serve(settings),
        Command::CheckConfig => check::run(settings),
        Command::Migrate { dry_run, no_copy } => migrate(settings, dry_run, no_copy),
        Command::User(command) => with_app(settings, async |app| user::run(app, command).await),
        Command::Client(command) => with_app(settings, async |app| client::run(app, command).await),
        Command::Keys(command) => with_app(settings, async |app| keys::run(app, command).await),
        Command::Secrets(command) => with_app(settings, async |app| secrets::run(app, command).await),
    }
}

fn settings(path: Option<&Path>, mode: Mode) -> Result<Settings, Failure> {
    Settings::load(path, mode, process_environment()).map_err(|errors| Failure::refused("invalid_settings", errors))
}

/// For a command that works on the database and ends.
fn with_app(settings: Settings, command: impl AsyncFnOnce(&App) -> Done) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = start::open(settings, start::Schema::AsItIs, start::Threads::One).await?;
        let done = command(&app).await;
        app.close().await;
        done
    })
}

fn server_runtime(settings: &Settings) -> Result<tokio::runtime::Runtime, Failure> {
    telemetry::init(&settings.log).map_err(|error| Failure::refused("failed", error))?;
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn serve(settings: Settings) -> Done {
    let runtime = server_runtime(&settings)?;
    let served = runtime.block_on(start::serve(settings, announce));
    // What was logged last is often why; but a reader that is gone is not waited for.
    telemetry::flush(Duration::from_secs(1));
    Ok(served?)
}

fn migrate(mut settings: Settings, dry_run: bool, no_copy: bool) -> Done {
    settings.database.copy_before_migration &= !no_copy;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let missing = start::pending(&settings).await?;
        if !dry_run {
            start::upgrade(&settings, &complain).await?;
            let app = start::open(settings, start::Schema::Migrate, start::Threads::One).await?;
            app.close().await;
        }
        let word = if dry_run { "missing" } else { "applied" };
        for name in &missing {
            print(&format!("{word}: {name}"))?;
        }
        if missing.is_empty() {
            print("the database is up to date")?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn config_stands_before_or_after_the_command() {
        for line in [
            &["vestibule", "--config", "x.toml", "serve"][..],
            &["vestibule", "serve", "--config", "x.toml"],
            &["vestibule", "user", "list", "--json", "--config", "x.toml"],
            &["vestibule", "--config", "x.toml", "client", "rotate-secret", "wiki"],
            &["vestibule", "keys", "--config", "x.toml", "rotate", "--now"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.config.as_deref(), Some(Path::new("x.toml")), "{line:?}");
        }
    }

    #[test]
    fn json_is_known_before_the_command_runs() {
        let is_json = |line: &[&str]| Cli::try_parse_from(line).unwrap().command.is_json();
        assert!(is_json(&["vestibule", "user", "remove", "a", "--json"]));
        assert!(is_json(&["vestibule", "client", "add", "--json"]));
        assert!(!is_json(&["vestibule", "client", "list"]));
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in [
            &["vestibule", "sevre"][..],
            &["vestibule", "user", "show"],
            &["vestibule", "client", "add", "--json", "--name", "x"],
        ] {
            assert!(Cli::try_parse_from(line).is_err_and(|error| error.use_stderr()), "{line:?}");
        }
    }
}
