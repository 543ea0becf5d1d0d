//! `vestibule secrets …`: master keys.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{print, print_json};
use super::{Done, Failure};
use crate::actions::App;
use crate::actions::secrets::{self, Report};
use crate::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Seal everything again under the newest master key, the first of secrets.keys, and say what still needs the older ones
    Reseal(Format),
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl SecretsCommand {
    pub(super) const fn is_json(&self) -> bool {
        let Self::Reseal(format) = self;
        format.json
    }
}

pub(super) async fn run(app: &App, command: SecretsCommand) -> Done {
    let report = secrets::reseal(app).await?;
    if report.left() > 0 {
        let left = report.columns.iter().filter(|column| column.left > 0);
        let left: Vec<String> = left.map(|column| format!("{} in {}", column.left, column.table)).collect();
        return Err(Failure::refused(
            "sealed_values_left",
            format!(
                "not under v{}: {}; keep the older keys, see that every node has the new one, and run this again. \
                 The log names values that no key of secrets.keys opens",
                report.newest,
                left.join(", ")
            ),
        ));
    }
    if command.is_json() {
        return print_json(&to_json(&report)).map_err(Failure::from);
    }
    for line in lines(&report) {
        print(&line)?;
    }
    Ok(())
}

fn lines(report: &Report) -> Vec<String> {
    let Report { newest, older, columns, refresh_tokens, refresh_tokens_until, flows_until } = report;
    let mut lines: Vec<String> =
        columns.iter().map(|column| format!("{}: {} sealed again under v{newest}", column.table, column.resealed)).collect();
    if older.is_empty() {
        lines.push(format!("v{newest} is the only master key"));
        return lines;
    }
    let names: Vec<String> = older.iter().map(|version| format!("v{version}")).collect();
    let names = names.join(", ");
    lines.push(format!("nothing in the database needs {names} any more"));
    if let Some(until) = flows_until {
        lines.push(format!("flows under way may: the last one ends {until}; ended earlier, people begin again"));
    }
    if let (1.., Some(until)) = (refresh_tokens, refresh_tokens_until) {
        lines.push(format!(
            "{refresh_tokens} authorizations hold a refresh token made under {names}, replaced at its next use, the last until {until}; \
             without {names} these applications ask people to sign in again"
        ));
    }
    lines
}

fn to_json(report: &Report) -> Value {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let columns = report
        .columns
        .iter()
        .map(|column| (column.table.to_owned(), json!({ "resealed": column.resealed, "left": column.left })));
    json!({
        "newest": report.newest,
        "older": report.older,
        "sealed": Value::Object(columns.collect()),
        "refresh_tokens": { "older": report.refresh_tokens, "until": moment(report.refresh_tokens_until) },
        "flows_until": moment(report.flows_until),
    })
}
