//! `vestibule user factors …`: second factors, for people who lost a device.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::listing::{Columns, print_rows};
use super::output::{print, print_json, shown};
use super::{Done, Failure};
use crate::actions::App;
use crate::actions::factors::operator::{self, Which};
use crate::engine::factor::Factor;
use crate::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum FactorsCommand {
    /// List an account's second factors
    List {
        /// Id, e-mail address or user name
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove one second factor, or all of them
    Remove {
        /// Id, e-mail address or user name
        user: String,
        #[command(flatten)]
        which: What,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// A factor's id, as `list` shows it
    factor: Option<String>,
    /// All of them, with security keys and recovery codes: the person sets up anew
    #[arg(long)]
    all: bool,
}

impl FactorsCommand {
    pub(super) const fn is_json(&self) -> bool {
        match self {
            Self::List { json, .. } | Self::Remove { json, .. } => *json,
        }
    }

    pub(super) const fn writes(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }
}

pub(super) async fn run(app: &App, command: FactorsCommand) -> Done {
    match command {
        FactorsCommand::List { user, json } => list(app, &user, json).await,
        FactorsCommand::Remove { user, which, json } => {
            let which = match which.factor {
                Some(id) => {
                    Which::One(id.parse().map_err(|error| Failure::refused("invalid_request", format!("{id}: {error}")))?)
                }
                None => Which::All,
            };
            let gone = operator::remove(app, &user, &which).await?;
            show(&gone, json)
        }
    }
}

async fn list(app: &App, user: &str, as_json: bool) -> Done {
    let (_, enrolled) = operator::list(app, user).await?;
    if as_json {
        print_json(&json!({
            "two_step": enrolled.is_on(),
            "factors": enrolled.factors.iter().map(to_json).collect::<Vec<_>>(),
            "security_keys": enrolled.security_keys,
            "passkeys": enrolled.passkeys,
            "recovery_codes_left": enrolled.recovery_codes,
        }))?;
        return Ok(());
    }
    show(&enrolled.factors, false)?;
    print(&format!(
        "two-step verification: {}; security keys: {}; passkeys: {}; recovery codes left: {}",
        if enrolled.is_on() { "on" } else { "off" },
        enrolled.security_keys,
        enrolled.passkeys,
        enrolled.recovery_codes
    ))?;
    Ok(())
}

const COLUMNS: Columns = &[("ID", 33), ("KIND", 8), ("SINCE", 24), ("LAST USED", 24), ("NAME", 0)];

fn show(factors: &[Factor], as_json: bool) -> Done {
    if as_json {
        print_json(&Value::Array(factors.iter().map(to_json).collect()))?;
    } else {
        print_rows(
            COLUMNS,
            factors.iter().map(|factor| {
                let used = factor.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                let (id, kind, since) = (factor.id.to_string(), factor.kind.as_str().to_owned(), factor.created_at.to_string());
                vec![id, kind, since, used, shown(&factor.name)]
            }),
        )?;
    }
    Ok(())
}

/// Never the secret.
fn to_json(factor: &Factor) -> Value {
    json!({
        "id": factor.id,
        "kind": factor.kind.as_str(),
        "name": factor.name,
        "created_at": factor.created_at.to_string(),
        "last_used_at": factor.last_used_at.as_ref().map(Timestamp::to_string),
    })
}
