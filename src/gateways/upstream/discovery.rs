//! What an OpenID provider says about itself (OIDC Discovery 1.0), and its keys; remembered for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openidconnect::{
    AdditionalProviderMetadata, JsonWebKeySet, ProviderMetadata, TokenUrl, UserInfoUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;
use url::{Host, Url};

use super::{Patience, calls::Calls, error::UpstreamError, lenient, tenants};
use crate::time::{Clock, Timestamp};

/// Who comes while a provider is asked again is answered with a failure that is at most so many times as old as one may be that keeps it from
/// being asked.
const STALE: u32 = 4;

pub(super) type Metadata = ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What the crate has no names for.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Additional {
    /// RFC 9207 section 3.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// RP-Initiated Logout 1.0.
    pub end_session_endpoint: Option<Url>,
}

impl AdditionalProviderMetadata for Additional {}

/// Metadata with the keys in them.
#[derive(Debug)]
pub(super) struct Known {
    pub metadata: Metadata,
    /// What the keys say of whose tokens they sign, by their ids; only Microsoft's do.
    key_issuers: HashMap<String, String>,
    read: Timestamp,
    /// When the keys were read again for a token that none of them fitted.
    keys_read: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Discovery {
    issuer: Url,
    patience: Patience,
    clock: Clock,
    memory: Mutex<Memory>,
    /// Held by whoever asks the provider.
    asking: Arc<AsyncMutex<()>>,
}

/// What was read last, and what went wrong since.
#[derive(Debug, Default)]
struct Memory {
    known: Option<Arc<Known>>,
    failed: Option<(UpstreamError, Timestamp)>,
}

impl Known {
    /// Whether a key may sign for an issuer: one that names none may sign for all of the provider's.
    pub(super) fn may_sign(&self, key: Option<&str>, issuer: &str, template: &str) -> bool {
        let owner = key.and_then(|key| self.key_issuers.get(key));
        owner.is_none_or(|owner| owner == issuer || owner == template)
    }
}

impl Discovery {
    pub(super) fn new(issuer: Url, patience: Patience, clock: Clock) -> Self {
        Self { issuer, patience, clock, memory: Mutex::default(), asking: Arc::default() }
    }

    /// The metadata; read anew when they are old, by one visitor at a time. At a provider that is down the others wait no longer than the first
    /// one, and for a while nobody does: they are told at once what the last one learned.
    pub(super) async fn known(self: &Arc<Self>, calls: &Calls) -> Result<Arc<Known>, UpstreamError> {
        if let Some(answer) = self.answer() {
            return answer;
        }
        let asking = match (Arc::clone(&self.asking).try_lock_owned(), self.failure(STALE)) {
            (Ok(asking), _) => asking,
            (Err(_), Some(error)) => return Err(error),
            (Err(_), None) => Arc::clone(&self.asking).lock_owned().await,
        };
        // Somebody else may have asked meanwhile.
        if let Some(answer) = self.answer() {
            return answer;
        }
        let (own, calls) = (Arc::clone(self), calls.clone());
        // On its own: who goes away in the middle leaves what is learned to the next.
        let asked = tokio::spawn(async move {
            let answer = own.ask(&calls).await;
            let answer = own.keep(answer);
            drop(asking);
            answer
        });
        asked.await.unwrap_or_else(|error| Err(UpstreamError::Unreachable(error.to_string())))
    }

    /// What needs no call.
    fn answer(&self) -> Option<Result<Arc<Known>, UpstreamError>> {
        let now = self.clock.now();
        let young = self.remembered().filter(|known| now.since(known.read) < self.patience.metadata);
        young.map(Ok).or_else(|| self.failure(1).map(Err))
    }

    /// Why it was in vain a moment ago. One from the future, when the clock was wrong, is none.
    fn failure(&self, times: u32) -> Option<UpstreamError> {
        let until = |at: Timestamp| at + self.patience.failure.saturating_mul(times);
        let failed = self.memory().failed.clone();
        failed.filter(|(_, at)| (*at..until(*at)).contains(&self.clock.now())).map(|(error, _)| error)
    }

    async fn ask(&self, calls: &Calls) -> Result<Known, UpstreamError> {
        let document: Value = calls.json(&self.address()?, None, &[]).await?;
        let metadata: Metadata =
            serde_json::from_value(lenient::metadata(&document)).map_err(|error| UpstreamError::garbage(&error.to_string()))?;
        self.check(&metadata)?;
        let (keys, key_issuers) = keys(calls, &metadata).await?;
        Ok(Known { metadata: metadata.set_jwks(keys), key_issuers, read: self.clock.now(), keys_read: None })
    }

    fn keep(&self, answer: Result<Known, UpstreamError>) -> Result<Arc<Known>, UpstreamError> {
        answer.map(|known| self.remember(known)).inspect_err(|error| {
            self.memory().failed = Some((error.clone(), self.clock.now()));
        })
    }

    /// The metadata with the keys read again, for a token whose key is unknown; none if that was done a moment ago, so that
    /// nobody can have us call the provider as often as they like.
    pub(super) async fn with_new_keys(&self, calls: &Calls, used: &Arc<Known>) -> Result<Option<Arc<Known>>, UpstreamError> {
        if let Some(newer) = self.remembered().filter(|known| !Arc::ptr_eq(known, used)) {
            return Ok(Some(newer));
        }
        let now = self.clock.now();
        if used.keys_read.is_some_and(|read| now.since(read) < self.patience.keys) {
            return Ok(None);
        }
        let (keys, key_issuers) = keys(calls, &used.metadata).await?;
        let metadata = used.metadata.clone().set_jwks(keys);
        Ok(Some(self.remember(Known { metadata, key_issuers, read: used.read, keys_read: Some(now) })))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self) -> Option<Arc<Known>> {
        self.memory().known.clone()
    }

    fn remember(&self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        *self.memory() = Memory { known: Some(Arc::clone(&known)), failed: None };
        known
    }

    /// OIDC Discovery 4.1: after the issuer's path.
    fn address(&self) -> Result<Url, UpstreamError> {
        let address = format!("{}/.well-known/openid-configuration", without_slash(self.issuer.as_str()));
        Url::parse(&address).map_err(|error| UpstreamError::Garbage(error.to_string()))
    }

    /// OIDC Discovery 4.3: the issuer is the one asked, but for the slash that people forget, or that of many tenants; and no endpoint is in clear.
    fn check(&self, metadata: &Metadata) -> Result<(), UpstreamError> {
        let named = metadata.issuer().as_str();
        if without_slash(named) != without_slash(self.issuer.as_str()) && !tenants::stands_for(named, &self.issuer) {
            return Err(UpstreamError::WrongIssuer);
        }
        let endpoints = [
            ("authorization_endpoint", Some(metadata.authorization_endpoint().url())),
            ("token_endpoint", metadata.token_endpoint().map(TokenUrl::url)),
            ("userinfo_endpoint", metadata.userinfo_endpoint().map(UserInfoUrl::url)),
            ("jwks_uri", Some(metadata.jwks_uri().url())),
            ("end_session_endpoint", metadata.additional_metadata().end_session_endpoint.as_ref()),
        ];
        for (name, endpoint) in endpoints {
            // In clear only beside an issuer on this machine: else a document could have our secret sent there.
            if endpoint.is_some_and(|url| !is_safe(url) || (url.scheme() == "http" && self.issuer.scheme() == "https")) {
                return Err(UpstreamError::Garbage(format!("{name} is not https")));
            }
        }
        if metadata.token_endpoint().is_none() {
            return Err(UpstreamError::Garbage("there is no token_endpoint".into()));
        }
        Ok(())
    }
}

async fn keys(
    calls: &Calls,
    metadata: &Metadata,
) -> Result<(JsonWebKeySet<CoreJsonWebKey>, HashMap<String, String>), UpstreamError> {
    let document: Value = calls.json(metadata.jwks_uri().url(), None, &[]).await?;
    let keys = serde_json::from_value(lenient::keys(&document)?).map_err(|error| UpstreamError::garbage(&error.to_string()))?;
    let owner = |key: &Value| Some((lenient::text(key.get("kid")?)?, lenient::text(key.get("issuer")?)?));
    let all = document.get("keys").and_then(Value::as_array).into_iter().flatten();
    Ok((keys, all.filter_map(owner).collect()))
}

pub(super) fn without_slash(issuer: &str) -> &str {
    issuer.strip_suffix('/').unwrap_or(issuer)
}

fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}
