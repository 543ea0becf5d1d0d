//! `vestibule user identities …`: the accounts at other providers that somebody can sign in with.

use clap::Subcommand;
use serde_json::{Value, json};

use super::listing::{Columns, print_rows};
use super::output::{print_json, shown};
use super::{Done, Failure};
use crate::actions::App;
use crate::actions::providers::operator;
use crate::engine::external::Identity;
use crate::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum IdentitiesCommand {
    /// List an account's connected identities
    List {
        /// Id, e-mail address or user name
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Disconnect one, even the last way in
    Remove {
        /// Id, e-mail address or user name
        user: String,
        /// An identity's id, as `list` shows it
        identity: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl IdentitiesCommand {
    pub(super) const fn is_json(&self) -> bool {
        match self {
            Self::List { json, .. } | Self::Remove { json, .. } => *json,
        }
    }

    pub(super) const fn writes(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }
}

pub(super) async fn run(app: &App, command: IdentitiesCommand) -> Done {
    match command {
        IdentitiesCommand::List { user, json } => show(&operator::list(app, &user).await?, json),
        IdentitiesCommand::Remove { user, identity, json } => {
            let id = identity.parse().map_err(|error| Failure::refused("invalid_request", format!("{identity}: {error}")))?;
            show(&[operator::remove(app, &user, &id).await?], json)
        }
    }
}

const COLUMNS: Columns = &[("ID", 35), ("PROVIDER", 10), ("SINCE", 24), ("LAST USED", 24), ("NAME", 0)];

fn show(identities: &[Identity], as_json: bool) -> Done {
    if as_json {
        print_json(&Value::Array(identities.iter().map(to_json).collect()))?;
    } else {
        print_rows(
            COLUMNS,
            identities.iter().map(|identity| {
                let used = identity.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                let (id, since) = (identity.id.to_string(), identity.created_at.to_string());
                vec![id, identity.provider.clone(), since, used, shown(&identity.name)]
            }),
        )?;
    }
    Ok(())
}

fn to_json(identity: &Identity) -> Value {
    json!({
        "id": identity.id,
        "provider": identity.provider,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "name": identity.name,
        "created_at": identity.created_at.to_string(),
        "last_used_at": identity.last_used_at.as_ref().map(Timestamp::to_string),
    })
}
