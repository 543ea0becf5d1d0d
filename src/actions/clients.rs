//! Clients: those of `config.toml` and those that the operator has registered.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::{App, Fault, Outcome};
use crate::crypto::token::{Kind, SecretToken, hash};
use crate::engine::client::Client;
use crate::engine::event::{Actor, Event, Kind as EventKind, Origin};
use crate::ids::ClientId;
use crate::settings::Settings;
use crate::settings::client_metadata::ClientMetadata;
use crate::store::{StoreError, clients, removal};
use crate::time::Timestamp;

pub use crate::store::clients::Registered;

/// A registered client may be this stale: the command line works on the database directly, and a busy token endpoint should not ask it for
/// the same client thousands of times a second.
const FRESH: Duration = Duration::from_millis(100);
const LARGEST: usize = 10_000;

/// Clients by id. Those of the file never change; the others are read again after [`FRESH`].
pub struct Cache {
    file: HashMap<ClientId, Arc<Client>>,
    read: RwLock<HashMap<ClientId, (Timestamp, Arc<Client>)>>,
}

impl Cache {
    pub fn new(settings: &Settings) -> Outcome<Self> {
        let client = |entry: &crate::settings::clients::ClientEntry| {
            let id: ClientId =
                entry.client_id.parse().map_err(|error| Fault::Broken(format!("client_id in the settings: {error}")))?;
            let client = Client { id: id.clone(), secret_hash: entry.secret_hash, metadata: entry.metadata.clone() };
            Ok::<_, Fault>((id, Arc::new(client)))
        };
        Ok(Self { file: settings.clients.iter().map(client).collect::<Outcome<_>>()?, read: RwLock::default() })
    }
}

/// The client, from the file, from memory if fresh, or from the database.
pub async fn find(app: &App, id: &ClientId) -> Outcome<Option<Arc<Client>>> {
    if let Some(client) = app.clients.file.get(id) {
        return Ok(Some(Arc::clone(client)));
    }
    let now = app.now();
    let known = app.clients.read.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
    if let Some((read_at, client)) = known
        && now.since(read_at) < FRESH
        && read_at <= now
    {
        return Ok(Some(client));
    }
    let found = clients::by_id(&mut app.store.read().await?, id).await?.map(|registered| Arc::new(registered.client));
    let mut cache = app.clients.read.write().unwrap_or_else(PoisonError::into_inner);
    match &found {
        Some(client) => {
            if cache.len() >= LARGEST {
                cache.clear();
            }
            cache.insert(id.clone(), (now, Arc::clone(client)));
        }
        None => drop(cache.remove(id)),
    }
    Ok(found)
}

/// Why a registration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// RFC 7591 section 3.2.2: an error code and a sentence.
    #[error("{code}: {description}")]
    Invalid { code: &'static str, description: String },
    #[error("there is no client {0}")]
    Unknown(String),
    #[error("the client {0} stands in config.toml: change it there")]
    InFile(String),
    #[error("a client {0} exists already")]
    Exists(String),
    #[error("the client {0} was removed just now, and what people had allowed it is still going; try again in a moment")]
    StillGoing(String),
    /// Somebody was faster.
    #[error("the client {0} was changed by somebody else meanwhile; nothing was written, try again")]
    Changed(String),
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// A client with its secret, which is known only now.
#[derive(Debug)]
pub struct WithSecret {
    pub client: Arc<Client>,
    pub secret: Option<SecretToken>,
    pub created_at: Timestamp,
    /// As it was read: what is written then is refused if somebody has written since.
    pub updated_at: Timestamp,
    pub in_file: bool,
}

fn valid(metadata: &ClientMetadata) -> Result<crate::settings::client_metadata::ValidClient, Refused> {
    let valid = metadata.validate().map_err(|problems| Refused::Invalid {
        code: problems.first().map_or("invalid_client_metadata", |problem| problem.code()),
        description: problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    })?;
    // Rows of before may have one; it matches nothing and stops nobody, so it is refused here and not where rows are read.
    match valid.redirect_uris.iter().chain(&valid.post_logout_redirect_uris).find(|uri| uri.contains('*')) {
        None => Ok(valid),
        Some(uri) => Err(Refused::Invalid {
            code: "invalid_redirect_uri",
            description: format!(
                "{uri} has a wildcard, and none is ever matched: addresses are compared letter by letter (RFC 9700 section 2.1); list each of them"
            ),
        }),
    }
}

fn by_operator(kind: EventKind, id: &ClientId) -> Event {
    Event {
        kind,
        user_id: None,
        session_id: None,
        client_id: Some(id.clone()),
        actor: Actor::Operator,
        origin: Origin::default(),
        detail: None,
    }
}

/// Registers a client; `id` and `secret` are made unless given.
pub async fn add(
    app: &App,
    metadata: &ClientMetadata,
    id: Option<ClientId>,
    secret: Option<&str>,
) -> Result<WithSecret, Refused> {
    let metadata = valid(metadata)?;
    let now = app.now();
    let id = id.unwrap_or_else(|| ClientId::new(now, &app.random));
    if app.clients.file.contains_key(&id) {
        return Err(Refused::InFile(id.to_string()));
    }
    let made = (!metadata.is_public() && secret.is_none()).then(|| SecretToken::generate(Kind::ClientSecret, &app.random));
    let secret_hash = secret.filter(|_| !metadata.is_public()).map(hash).or_else(|| made.as_ref().map(SecretToken::hash));
    let client = Client { id, secret_hash, metadata };
    if removal::client_waits(&mut app.store.read().await?, &client.id).await? {
        super::removal::clear_client(app, &client.id).await?;
    }
    let mut tx = app.store.write().await?;
    if removal::client_waits(&mut tx, &client.id).await? {
        // It would come into what people had allowed the one before.
        return Err(Refused::StillGoing(client.id.to_string()));
    }
    match clients::insert(&mut tx, &client, now).await {
        Err(StoreError::Taken) => return Err(Refused::Exists(client.id.to_string())),
        other => other?,
    }
    app.record(&mut tx, by_operator(EventKind::ClientCreated, &client.id)).await?;
    tx.commit().await?;
    Ok(WithSecret { client: Arc::new(client), secret: made, created_at: now, updated_at: now, in_file: false })
}

/// The clients of the file.
pub fn in_file(app: &App) -> Vec<WithSecret> {
    let mut file: Vec<_> = app.clients.file.values().cloned().map(from_file).collect();
    file.sort_by(|a, b| a.client.id.cmp(&b.client.id));
    file
}

/// A page of the others, the first registered first, after `after`.
pub async fn list(app: &App, after: Option<&Registered>, limit: i64) -> Outcome<Vec<Registered>> {
    Ok(clients::list(&mut app.store.read().await?, after, limit).await?)
}

/// Where a list begins that goes on after this client: what is left of those of the file, and the one of the database to go on after.
pub async fn list_from(app: &App, after: Option<&str>) -> Result<(Vec<WithSecret>, Option<Registered>), Refused> {
    let mut of_file = in_file(app);
    let Some(after) = after else { return Ok((of_file, None)) };
    if let Some(at) = of_file.iter().position(|found| found.client.id.as_str() == after) {
        return Ok((of_file.split_off(at + 1), None));
    }
    let unknown = || Refused::Unknown(after.to_owned());
    let id: ClientId = after.parse().map_err(|_| unknown())?;
    let found = clients::by_id(&mut app.store.read().await?, &id).await?;
    Ok((Vec::new(), Some(found.ok_or_else(unknown)?)))
}

fn from_file(client: Arc<Client>) -> WithSecret {
    WithSecret { client, secret: None, created_at: Timestamp::default(), updated_at: Timestamp::default(), in_file: true }
}

impl From<Registered> for WithSecret {
    fn from(found: Registered) -> Self {
        let Registered { client, created_at, updated_at } = found;
        Self { client: Arc::new(client), secret: None, created_at, updated_at, in_file: false }
    }
}

pub async fn show(app: &App, id: &ClientId) -> Result<WithSecret, Refused> {
    if let Some(client) = app.clients.file.get(id) {
        return Ok(from_file(Arc::clone(client)));
    }
    let found = clients::by_id(&mut app.store.read().await?, id).await?;
    found.map(WithSecret::from).ok_or_else(|| Refused::Unknown(id.to_string()))
}

/// The client, if it may be changed from here.
async fn changeable(app: &App, id: &ClientId) -> Result<WithSecret, Refused> {
    let found = show(app, id).await?;
    if found.in_file { Err(Refused::InFile(id.to_string())) } else { Ok(found) }
}

/// Replaces the metadata of a client as it was read (RFC 7592 section 2.2). One that becomes confidential gets a secret.
pub async fn update(app: &App, read: WithSecret, metadata: &ClientMetadata) -> Result<WithSecret, Refused> {
    if read.in_file {
        return Err(Refused::InFile(read.client.id.to_string()));
    }
    let metadata = valid(metadata)?;
    let needs_secret = !metadata.is_public() && read.client.secret_hash.is_none();
    let made = needs_secret.then(|| SecretToken::generate(Kind::ClientSecret, &app.random));
    let kept = read.client.secret_hash.filter(|_| !metadata.is_public());
    let id = read.client.id.clone();
    let client = Client { id, secret_hash: kept.or_else(|| made.as_ref().map(SecretToken::hash)), metadata };
    let mut tx = app.store.write().await?;
    if !clients::update(&mut tx, &client, read.updated_at, app.now()).await?.is_done() {
        let id = client.id.to_string();
        let gone = clients::by_id(&mut tx, &client.id).await?.is_none();
        return Err(if gone { Refused::Unknown(id) } else { Refused::Changed(id) });
    }
    app.record(&mut tx, by_operator(EventKind::ClientUpdated, &client.id)).await?;
    tx.commit().await?;
    Ok(WithSecret { client: Arc::new(client), secret: made, ..read })
}

/// A new secret; the old one stops working, whoever changes something else of the client at the same moment.
pub async fn rotate_secret(app: &App, id: &ClientId) -> Result<WithSecret, Refused> {
    changeable(app, id).await?;
    let secret = SecretToken::generate(Kind::ClientSecret, &app.random);
    let mut tx = app.store.write().await?;
    let rotated = clients::rotate_secret(&mut tx, id, &secret.hash(), app.now()).await?;
    let Some(found) = clients::by_id(&mut tx, id).await? else { return Err(Refused::Unknown(id.to_string())) };
    if !rotated.is_done() {
        return Err(Refused::Invalid {
            code: "invalid_client_metadata",
            description: "a public client has no secret".to_owned(),
        });
    }
    app.record(&mut tx, by_operator(EventKind::ClientSecretRotated, id)).await?;
    tx.commit().await?;
    Ok(WithSecret { secret: Some(secret), ..found.into() })
}

/// Removes a client with all consents and tokens: they count for nothing from the moment it is gone, and their rows follow in batches.
pub async fn remove(app: &App, id: &ClientId) -> Result<(), Refused> {
    changeable(app, id).await?;
    let mut tx = app.store.write().await?;
    if !removal::remove_client(&mut tx, id, app.now()).await?.is_done() {
        return Err(Refused::Unknown(id.to_string()));
    }
    app.record(&mut tx, by_operator(EventKind::ClientDeleted, id)).await?;
    tx.commit().await?;
    app.clients.read.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    Ok(super::removal::clear_client(app, id).await?)
}
