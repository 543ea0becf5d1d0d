//! `vestibule keys …`: signing keys.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::listing::{Columns, print_rows};
use super::output::print_json;
use super::{Done, Failure};
use crate::actions::App;
use crate::actions::keys::{self, RotateMode, Rotated};
use crate::engine::key::{KeyRecord, PublicRecord, Stage};
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
        /// Even if the keys of the last rotation do not sign yet
        #[arg(long, conflicts_with = "now")]
        force: bool,
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

    pub(super) const fn writes(&self) -> bool {
        matches!(self, Self::Rotate { .. })
    }
}

pub(super) async fn run(app: &App, command: KeysCommand) -> Done {
    let as_json = command.is_json();
    if let KeysCommand::Rotate { now, force, .. } = command {
        let mode = match (now, force) {
            (true, _) => RotateMode::Now,
            (false, true) => RotateMode::Again,
            (false, false) => RotateMode::Scheduled,
        };
        if let Rotated::Waits(at) = keys::rotate(app, mode).await? {
            return Err(Failure::refused(
                "rotation_under_way",
                format!(
                    "the keys of the last rotation are published and sign from {at}; others now would retire them unused. \
                     Wait until then; if a key has leaked use --now, and if you want more keys all the same, --force"
                ),
            ));
        }
    }
    let now = app.now();
    let (keys, public) = keys::list(app).await?;
    let lines: Vec<Line<'_>> = keys
        .iter()
        .map(|key| Line::Key(key.stage(now), key, public.iter().find(|half| half.id == key.id).and_then(|half| half.expires_at)))
        .filter(|line| !matches!(line, Line::Key(Stage::Removed, ..)))
        .chain(
            public
                .iter()
                .filter(|half| keys.iter().all(|key| key.id != half.id || key.stage(now) == Stage::Removed))
                .map(Line::Hints),
        )
        .collect();
    if as_json {
        return print_json(&lines.iter().map(Line::to_json).collect()).map_err(Failure::from);
    }
    print_rows(COLUMNS, lines.iter().map(Line::row)).map_err(Failure::from)
}

/// What is shown of a key.
enum Line<'a> {
    /// With the time until which hints that it signed are recognised.
    Key(Stage, &'a KeyRecord, Option<Timestamp>),
    /// Only the public half is left, to recognise hints.
    Hints(&'a PublicRecord),
}

impl Line<'_> {
    fn row(&self) -> Vec<String> {
        let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        match self {
            Self::Key(stage, KeyRecord { id, alg, signs_at, retires_at, .. }, hints) => {
                let (id, alg, stage) = (id.to_string(), alg.as_str().to_owned(), stage.as_str().to_owned());
                vec![id, alg, stage, signs_at.to_string(), moment(*retires_at), moment(*hints)]
            }
            Self::Hints(PublicRecord { id, alg, expires_at, .. }) => {
                let (id, alg, stage) = (id.to_string(), alg.as_str().to_owned(), HINTS.to_owned());
                vec![id, alg, stage, "-".to_owned(), "-".to_owned(), moment(*expires_at)]
            }
        }
    }

    fn to_json(&self) -> Value {
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        match self {
            Self::Key(stage, record, hints_until) => json!({
                "kid": record.id,
                "alg": record.alg.as_str(),
                "stage": stage.as_str(),
                "created_at": record.created_at.to_string(),
                "signs_at": record.signs_at.to_string(),
                "retires_at": moment(record.retires_at),
                "removes_at": moment(record.removes_at),
                "hints_until": moment(*hints_until),
            }),
            Self::Hints(half) => json!({
                "kid": half.id,
                "alg": half.alg.as_str(),
                "stage": HINTS,
                "created_at": half.created_at.to_string(),
                "hints_until": moment(half.expires_at),
            }),
        }
    }
}

const COLUMNS: Columns = &[("ID", 30), ("ALG", 5), ("STAGE", 9), ("SIGNS FROM", 24), ("SIGNS UNTIL", 24), ("HINTS UNTIL", 0)];

/// The stage of a key that only recognises hints.
const HINTS: &str = "hints";
