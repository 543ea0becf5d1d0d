//! What an OpenID provider says about itself (OIDC Discovery 1.0), and its keys; remembered for a while.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
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
use url::{Host, Url};

use super::{Patience, calls::Calls, error::UpstreamError};

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
    read: Instant,
    /// When the keys were read again for a token that none of them fitted.
    keys_read: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Discovery {
    issuer: Url,
    patience: Patience,
    known: Mutex<Option<Arc<Known>>>,
}

impl Discovery {
    pub(super) const fn new(issuer: Url, patience: Patience) -> Self {
        Self { issuer, patience, known: Mutex::new(None) }
    }

    /// The metadata; read anew when they are old. Nobody waits for another's call: at a provider that is down, the last of
    /// many visitors would wait for the sum of all.
    pub(super) async fn known(&self, calls: &Calls) -> Result<Arc<Known>, UpstreamError> {
        if let Some(known) = self.remembered().filter(|known| known.read.elapsed() < self.patience.metadata) {
            return Ok(known);
        }
        let metadata: Metadata = calls.json(&self.address()?, None, &[]).await?;
        self.check(&metadata)?;
        let keys = keys(calls, &metadata).await?;
        let now = Instant::now();
        Ok(self.remember(Known { metadata: metadata.set_jwks(keys), read: now, keys_read: None }))
    }

    /// The metadata with the keys read again, for a token whose key is unknown; none if that was done a moment ago, so that
    /// nobody can have us call the provider as often as they like.
    pub(super) async fn with_new_keys(&self, calls: &Calls, used: &Arc<Known>) -> Result<Option<Arc<Known>>, UpstreamError> {
        if let Some(newer) = self.remembered().filter(|known| !Arc::ptr_eq(known, used)) {
            return Ok(Some(newer));
        }
        if used.keys_read.is_some_and(|read| read.elapsed() < self.patience.keys) {
            return Ok(None);
        }
        let keys = keys(calls, &used.metadata).await?;
        let metadata = used.metadata.clone().set_jwks(keys);
        Ok(Some(self.remember(Known { metadata, read: used.read, keys_read: Some(Instant::now()) })))
    }

    fn remembered(&self) -> Option<Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        known
    }

    /// OIDC Discovery 4.1: after the issuer's path.
    fn address(&self) -> Result<Url, UpstreamError> {
        let address = format!("{}/.well-known/openid-configuration", without_slash(self.issuer.as_str()));
        Url::parse(&address).map_err(|error| UpstreamError::Garbage(error.to_string()))
    }

    /// OIDC Discovery 4.3: the issuer is the one asked, but for the slash that people forget; and no endpoint is in clear.
    fn check(&self, metadata: &Metadata) -> Result<(), UpstreamError> {
        if without_slash(metadata.issuer().as_str()) != without_slash(self.issuer.as_str()) {
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

async fn keys(calls: &Calls, metadata: &Metadata) -> Result<JsonWebKeySet<CoreJsonWebKey>, UpstreamError> {
    calls.json(metadata.jwks_uri().url(), None, &[]).await
}

fn without_slash(issuer: &str) -> &str {
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
