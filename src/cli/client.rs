//! `vestibule client …`: relying parties, by RFC 7591.

use std::fmt::Display;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::listing::{Columns, Item, Listing, Page, Reader};
use super::output::{complain, print_json, print_members, read_object, shown};
use super::{Done, Failure};
use crate::actions::App;
use crate::actions::clients::{self, Refused, WithSecret};
use crate::crypto::token::SecretToken;
use crate::ids::ClientId;
use crate::settings::client_metadata::ClientMetadata;

/// A secret shorter than this can be guessed; see also `[[clients]]`.
const SHORTEST_SECRET: usize = 16;
/// Members of our own answers, which may come back with a changed copy: nothing of a client is lost with them.
const OF_ANSWERS: [&str; 4] = ["client_id", "client_id_issued_at", "client_secret_expires_at", "in_file"];
/// Clients read at once by `list`.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Register an application
    Add(Fields),
    /// List applications
    List {
        #[command(flatten)]
        page: Page,
        /// Only `confidential` or `public` ones
        #[arg(long, value_parser = ["confidential", "public"])]
        kind: Option<String>,
    },
    /// Show an application
    Show(One),
    /// Change what is given; with --json, `null` restores the default
    Update {
        client_id: ClientId,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove an application, with all consents and tokens
    Remove(One),
    /// Make a new secret; the old one stops working
    RotateSecret(One),
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct One {
    client_id: ClientId,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Fields {
    /// Read client metadata (RFC 7591) as JSON from standard input, and print the client information response
    #[arg(long, conflicts_with_all = ["name", "redirect_uri", "post_logout_redirect_uri", "grant_type", "scope", "public", "native", "first_party"])]
    json: bool,
    /// What people see
    #[arg(long)]
    name: Option<String>,
    /// Where people return to; may be given several times
    #[arg(long)]
    redirect_uri: Vec<String>,
    /// Where people go after logging out; may be given several times
    #[arg(long)]
    post_logout_redirect_uri: Vec<String>,
    /// `authorization_code`, `refresh_token` or `client_credentials`; may be given several times
    #[arg(long)]
    grant_type: Vec<String>,
    #[arg(long)]
    scope: Option<String>,
    /// It cannot keep a secret: a browser application
    #[arg(long)]
    public: bool,
    /// It runs on the person's device (RFC 8252); any port of the loopback address will do
    #[arg(long)]
    native: bool,
    /// Your own application: no consent page
    #[arg(long)]
    first_party: bool,
}

impl Fields {
    fn members(&self) -> Result<Map<String, Value>, Failure> {
        if self.json {
            return read_object();
        }
        let list = |values: &[String]| (!values.is_empty()).then(|| json!(values));
        let given = [
            ("client_name", self.name.as_ref().map(|name| json!(name))),
            ("redirect_uris", list(&self.redirect_uri)),
            ("post_logout_redirect_uris", list(&self.post_logout_redirect_uri)),
            ("grant_types", list(&self.grant_type)),
            ("scope", self.scope.as_ref().map(|scope| json!(scope))),
            ("token_endpoint_auth_method", self.public.then(|| json!("none"))),
            ("application_type", self.native.then(|| json!("native"))),
            ("first_party", self.first_party.then_some(Value::Bool(true))),
        ];
        Ok(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }
}

impl ClientCommand {
    pub(super) const fn is_json(&self) -> bool {
        match self {
            Self::Add(fields) | Self::Update { fields, .. } => fields.json,
            Self::List { page, .. } => page.json,
            Self::Show(one) | Self::Remove(one) | Self::RotateSecret(one) => one.format.json,
        }
    }

    pub(super) const fn writes(&self) -> bool {
        !matches!(self, Self::List { .. } | Self::Show(_))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid { code, description } => Self::refused(code, description),
            Refused::Unknown(_) => Self::refused("not_found", format!("{refused}; `vestibule client list` shows all")),
            Refused::InFile(_) => Self::refused("in_file", refused),
            Refused::StillGoing(_) => Self::refused("unavailable", refused),
            Refused::Changed(_) => Self::refused("conflict", refused),
            Refused::Exists(_) => Self::refused(
                "invalid_client_metadata",
                format!("{refused}; choose another client_id, or use `vestibule client update`"),
            ),
            Refused::Fault(fault) => fault.into(),
        }
    }
}

fn invalid(what: impl Display) -> Failure {
    Failure::refused("invalid_client_metadata", what)
}

pub(super) async fn run(app: &App, command: ClientCommand) -> Done {
    let as_json = command.is_json();
    let object = match command {
        ClientCommand::Add(fields) => add(app, fields.members()?).await?,
        ClientCommand::Update { client_id, fields } => update(app, &client_id, fields.members()?).await?,
        ClientCommand::Show(One { client_id, .. }) => information(&clients::show(app, &client_id).await?, None)?,
        ClientCommand::RotateSecret(One { client_id, .. }) => {
            let rotated = clients::rotate_secret(app, &client_id).await?;
            information(&rotated, None)?
        }
        ClientCommand::Remove(One { client_id, .. }) => {
            clients::remove(app, &client_id).await?;
            Map::from_iter([("client_id".to_owned(), json!(client_id)), ("removed".to_owned(), json!(true))])
        }
        ClientCommand::List { page, kind } => {
            let wanted = |found: &WithSecret| kind.as_deref().is_none_or(|wanted| kind_of(found) == wanted);
            return list(app, &page, wanted).await;
        }
    };
    if as_json {
        print_json(&Value::Object(object))?;
    } else {
        print_members(&object)?;
    }
    Ok(())
}

fn take_text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{name} must be a text"))),
    }
}

fn metadata(members: Map<String, Value>) -> Result<ClientMetadata, Failure> {
    // One member at a time, so that the wrong one is named.
    for (name, value) in &members {
        let one = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        serde_json::from_value::<ClientMetadata>(one).map_err(|error| {
            let code = if name == "redirect_uris" { "invalid_redirect_uri" } else { "invalid_client_metadata" };
            Failure::refused(code, format!("{name}: {error}"))
        })?;
    }
    serde_json::from_value(Value::Object(members)).map_err(invalid)
}

/// RFC 7591 section 2 has what is unknown ignored, and who registers finds it missing in the answer, if they compare. One who relies on a
/// `require_pushed_authorization_requests` should not have to.
fn warn_of_dropped(metadata: &ClientMetadata) {
    let dropped: Vec<String> = dropped(metadata).map(shown).collect();
    if !dropped.is_empty() {
        complain(&format!("not kept, because it is not supported here: {}", dropped.join(", ")));
    }
}

fn dropped(metadata: &ClientMetadata) -> impl Iterator<Item = &str> {
    metadata.extra.keys().map(String::as_str).filter(|name| !OF_ANSWERS.contains(name))
}

async fn add(app: &App, mut members: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let id = take_text(&mut members, "client_id")?.map(|id| id.parse::<ClientId>()).transpose().map_err(invalid)?;
    if id.as_ref().is_some_and(|id| ClientId::looks_like_a_person(id.as_str())) {
        return Err(invalid(
            "client_id begins with user_, as the ids of people do; choose another, or leave it out, and one is made",
        ));
    }
    let secret = take_text(&mut members, "client_secret")?;
    if secret.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
        return Err(invalid("client_secret is too short to be a secret; leave it out, and one is made"));
    }
    let metadata = metadata(members)?;
    if secret.is_some() && metadata.validate().is_ok_and(|valid| valid.is_public()) {
        return Err(invalid(
            "client_secret is given to a public client; remove it, or set token_endpoint_auth_method to client_secret_basic",
        ));
    }
    let added = clients::add(app, &metadata, id, secret.as_deref()).await?;
    warn_of_dropped(&metadata);
    information(&added, secret.as_deref())
}

/// RFC 7592 section 2.2 replaces everything; here what is not given stays.
async fn update(app: &App, id: &ClientId, mut members: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    if take_text(&mut members, "client_id")?.is_some_and(|given| given != id.as_str()) {
        return Err(invalid("client_id cannot be changed; remove the client and add a new one"));
    }
    if take_text(&mut members, "client_secret")?.is_some() {
        return Err(invalid("client_secret cannot be set here; use `vestibule client rotate-secret`"));
    }
    let found = clients::show(app, id).await?;
    let merged = merge(found.client.metadata.to_kept(), members)?;
    let updated = clients::update(app, found, &merged).await?;
    warn_of_dropped(&merged);
    information(&updated, None)
}

fn merge(before: ClientMetadata, members: Map<String, Value>) -> Result<ClientMetadata, Failure> {
    let Ok(Value::Object(mut merged)) = serde_json::to_value(before) else {
        return Err(invalid("the registered metadata cannot be read"));
    };
    for (name, value) in members {
        if value.is_null() {
            merged.remove(&name);
        } else {
            merged.insert(name, value);
        }
    }
    metadata(merged)
}

/// The client information response (RFC 7591 section 3.2.1). A secret is in it only while it is known.
fn information(found: &WithSecret, given: Option<&str>) -> Result<Map<String, Value>, Failure> {
    let mut object = Map::from_iter([("client_id".to_owned(), json!(found.client.id))]);
    if let Some(secret) = found.secret.as_ref().map(SecretToken::as_str).or(given) {
        object.insert("client_secret".to_owned(), json!(secret));
    }
    if found.client.is_confidential() {
        object.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    if found.in_file {
        object.insert("in_file".to_owned(), json!(true));
    } else {
        object.insert("client_id_issued_at".to_owned(), json!(found.created_at.seconds()));
    }
    match serde_json::to_value(found.client.metadata.to_metadata()) {
        Ok(Value::Object(metadata)) => object.extend(metadata),
        Ok(_) => {}
        Err(error) => return Err(Failure::refused("failed", error)),
    }
    Ok(object)
}

const COLUMNS: Columns = &[("CLIENT ID", 33), ("KIND", 12), ("PLACE", 11), ("NAME", 0)];

async fn list(app: &App, page: &Page, wanted: impl Fn(&WithSecret) -> bool) -> Done {
    let mut listing = Listing::new(page, COLUMNS);
    let (mut batch, mut after) = clients::list_from(app, page.after.as_deref()).await?;
    let mut last: Option<String> = None;
    loop {
        for found in batch.iter().filter(|found| wanted(found) && page.wants([found.client.id.as_str(), &found.client.name()])) {
            match listing.push(&item(found, page.json)?)? {
                Reader::Reads => last = Some(found.client.id.to_string()),
                Reader::Full => return Ok(listing.end_before_more(last.as_deref())?),
                Reader::Gone => return Ok(()),
            }
        }
        let next = clients::list(app, after.as_ref(), PAGE).await?;
        let Some(end) = next.last() else { break };
        after = Some(end.clone());
        batch = next.into_iter().map(WithSecret::from).collect();
    }
    Ok(listing.end()?)
}

fn kind_of(found: &WithSecret) -> &'static str {
    if found.client.is_confidential() { "confidential" } else { "public" }
}

fn item(found: &WithSecret, as_json: bool) -> Result<Item, Failure> {
    if as_json {
        return Ok(Item::Json(Value::Object(information(found, None)?)));
    }
    let place = if found.in_file { "config.toml" } else { "database" };
    Ok(Item::Row(vec![found.client.id.to_string(), kind_of(found).to_owned(), place.to_owned(), shown(&found.client.name())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &Value) -> Map<String, Value> {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn an_update_keeps_what_is_not_given() {
        let before = metadata(members(&json!({
            "client_name": "Wiki", "redirect_uris": ["https://w.example/cb"], "grant_types": ["authorization_code", "refresh_token"],
        })));
        let before = before.unwrap().validate().unwrap().to_metadata();
        let after = merge(before, members(&json!({"client_name": "Wiki 2", "grant_types": null, "unknown": 1}))).unwrap();
        let after = after.validate().unwrap();
        assert_eq!(after.client_name.as_deref(), Some("Wiki 2"));
        assert_eq!(after.redirect_uris, ["https://w.example/cb"]);
        assert_eq!(after.grant_types.len(), 1);
    }

    #[test]
    fn what_is_not_kept_is_named() {
        let given = metadata(members(&json!({
            "redirect_uris": ["https://w.example/cb"], "client_id_issued_at": 1, "tos_uri": "https://w.example/", "client_name#de": "Wiki",
        })));
        assert_eq!(dropped(&given.unwrap()).collect::<Vec<_>>(), ["client_name#de", "tos_uri"]);
    }

    #[test]
    fn a_wrong_type_is_named() {
        let failure = metadata(members(&json!({"client_name": "x", "redirect_uris": "https://a.example"}))).unwrap_err();
        assert_eq!((failure.exit, failure.code), (1, "invalid_redirect_uri"));
        assert!(failure.message.starts_with("redirect_uris: "), "{}", failure.message);
        assert_eq!(metadata(members(&json!({"first_party": "yes"}))).unwrap_err().code, "invalid_client_metadata");
    }
}
