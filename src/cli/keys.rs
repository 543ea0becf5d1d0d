//! `vestibule keys …`: signing keys.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{print, print_json};
use super::{Done, Failure};
use crate::actions::App;
use crate::actions::keys::{self, RotateMode};
use crate::engine::key::{KeyRecord, Stage};
use crate::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Show every key and where it stands in its life
    List(Format),
    /// Make new keys, which sign once every cache has seen them
    Rotate {
        /// After a leak: the new keys sign at once and the old ones go. Applications fail until they read the list of keys again
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl KeysCommand {
    pub(super) const fn is_json(&self) -> bool {
        match self {
            Self::List(format) | Self::Rotate { format, .. } => format.json,
        }
    }
}

pub(super) async fn run(app: &App, command: KeysCommand) -> Done {
    let as_json = command.is_json();
    if let KeysCommand::Rotate { now, .. } = command {
        keys::rotate(app, if now { RotateMode::Now } else { RotateMode::Scheduled }).await?;
    }
    let now = app.now();
    let keys: Vec<_> = keys::list(app).await?.into_iter().map(|record| (record.stage(now), record)).collect();
    if as_json {
        return print_json(&keys.iter().map(to_json).collect()).map_err(Failure::from);
    }
    for (stage, record) in &keys {
        let until = record.retires_at.map_or_else(String::new, |at| format!("  until {at}"));
        let KeyRecord { id, alg, signs_at, .. } = record;
        print(&format!("{id}  {:<5}  {:<9}  signs from {signs_at}{until}", alg.as_str(), stage.as_str()))?;
    }
    Ok(())
}

fn to_json((stage, record): &(Stage, KeyRecord)) -> Value {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "kid": record.id,
        "alg": record.alg.as_str(),
        "stage": stage.as_str(),
        "created_at": record.created_at.to_string(),
        "signs_at": record.signs_at.to_string(),
        "retires_at": moment(record.retires_at),
        "removes_at": moment(record.removes_at),
    })
}
