//! Other providers that people sign in with: where to send the browser, and who came back.
//!
//! * What lives here: one file a dialect (`openid`, `github`, `facebook`, `twitter`, `discord`, `generic`), what they share
//!   (`oauth2`, `discovery`, `id_token`, `tenants`, `calls`, `document`), and [`Upstreams`] over all. The `oauth2` and `openidconnect` crates do the
//!   protocol, behind the first pass of `lenient`, which leaves out what a provider bends and we do not need.
//! * What may not: who may sign in, and which account a visitor belongs to; a dialect says only what the provider said.
//! * How to add one: a variant of `ProviderKind` in `crate::settings`, a file here that maps its document to [`Arrived`], a
//!   branch in [`Upstream::new`], and a `…_tests.rs` beside it.
//! * Where it is tested: a `…_tests.rs` for each subject, against the server on loopback of `tests.rs`, and journeys in `tests/it`.

mod arrived;
mod calls;
mod discord;
mod discovery;
mod document;
mod error;
mod facebook;
mod generic;
mod github;
mod id_token;
mod lenient;
mod oauth2;
mod openid;
mod tenants;
mod twitter;

use std::time::Duration;

use tracing::Instrument as _;
use url::Url;

pub use arrived::{Answer, Arrived, Begun, Prompt, TokenText, Tokens};
pub use error::UpstreamError;

use super::http::{HttpClient, Reach};
use crate::{
    locale::Locale,
    settings::providers::{ProviderKind, ProviderSettings},
    time::{Clock, Timestamp},
};
use calls::Calls;
use discovery::Discovery;
use oauth2::OAuth2;
use openid::OpenId;

/// How patient we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The most that one call takes, with all of its answer.
    pub call: Duration,
    /// How long a provider's metadata and keys are good.
    pub metadata: Duration,
    /// How long after reading the keys an unknown one is not looked for again.
    pub keys: Duration,
    /// How long a provider is left alone that could not give its metadata.
    pub failure: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(10),
            metadata: Duration::from_secs(3600),
            keys: Duration::from_secs(60),
            failure: Duration::from_secs(15),
        }
    }
}

/// All providers of the settings.
#[derive(Debug)]
pub struct Upstreams {
    all: Vec<Upstream>,
}

impl Upstreams {
    /// Nothing is called yet: a provider that is down does not stop the start.
    ///
    /// # Errors
    /// The system's root certificates cannot be read.
    pub fn new(providers: &[ProviderSettings], reach: Reach, clock: &Clock) -> Result<Self, UpstreamError> {
        Self::within(providers, reach, Patience::default(), clock)
    }

    /// Like [`Self::new`], with other limits of time.
    ///
    /// # Errors
    /// The system's root certificates cannot be read.
    pub fn within(
        providers: &[ProviderSettings],
        reach: Reach,
        patience: Patience,
        clock: &Clock,
    ) -> Result<Self, UpstreamError> {
        let http = HttpClient::within(reach, patience.call)?;
        let all = providers.iter().map(|provider| Upstream::new(provider, http.clone(), patience, clock));
        Ok(Self { all: all.collect::<Result<_, _>>()? })
    }

    /// The provider with this id.
    pub fn get(&self, id: &str) -> Option<&Upstream> {
        self.all.iter().find(|upstream| upstream.id == id)
    }
}

/// One provider.
#[derive(Debug)]
pub struct Upstream {
    id: String,
    calls: Calls,
    dialect: Dialect,
}

#[derive(Debug)]
enum Dialect {
    OpenId(Box<OpenId>),
    OAuth2(Box<OAuth2>),
}

impl Upstream {
    fn new(settings: &ProviderSettings, http: HttpClient, patience: Patience, clock: &Clock) -> Result<Self, UpstreamError> {
        let openid = |issuer: &Url, google| {
            let discovery = Discovery::new(issuer.clone(), patience, clock.clone());
            Dialect::OpenId(Box::new(OpenId::new(settings, discovery, google)))
        };
        let oauth2 = |endpoints| OAuth2::new(settings, endpoints).map(|dialect| Dialect::OAuth2(Box::new(dialect)));
        let dialect = match &settings.kind {
            ProviderKind::Google { issuer } => openid(issuer, true),
            ProviderKind::OpenId { issuer } => openid(issuer, false),
            ProviderKind::Github(base) => oauth2(github::endpoints(base))?,
            ProviderKind::Facebook(base) => oauth2(facebook::endpoints(base))?,
            ProviderKind::Twitter(base) => oauth2(twitter::endpoints(base, settings.keep_tokens))?,
            ProviderKind::Discord(base) => oauth2(discord::endpoints(base))?,
            ProviderKind::OAuth2(endpoints) => oauth2(generic::endpoints(endpoints))?,
        };
        Ok(Self { id: settings.id.clone(), calls: Calls::new(http), dialect })
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// The provider's metadata cannot be had, or say what cannot be right.
    pub async fn authorization_url(&self, begun: &Begun<'_>, prompt: Prompt, locale: Locale) -> Result<Url, UpstreamError> {
        match &self.dialect {
            Dialect::OpenId(openid) => openid.authorization_url(&self.calls, begun, prompt, locale).await,
            Dialect::OAuth2(oauth2) => oauth2.authorization_url(begun),
        }
    }

    /// The code for tokens, and the tokens for who it is. The caller has compared the answer's `state` with
    /// [`Begun::state`], in constant time and in the browser that began.
    ///
    /// # Errors
    /// See [`UpstreamError`]; none of them is worth a second try with the same code.
    pub async fn finish(&self, begun: &Begun<'_>, answer: Answer<'_>, now: Timestamp) -> Result<Arrived, UpstreamError> {
        let span = tracing::info_span!("provider", provider = self.id);
        let mut arrived = match &self.dialect {
            Dialect::OpenId(openid) => openid.finish(&self.calls, begun, answer, now).instrument(span).await?,
            Dialect::OAuth2(oauth2) => oauth2.finish(&self.calls, begun, answer).instrument(span).await?,
        };
        arrived.tidy()?;
        Ok(arrived)
    }

    /// Whether an answer that brings no code is this provider's (RFC 9207 section 2.4): `iss` is its own, or is missing where it may be.
    ///
    /// # Errors
    /// [`UpstreamError::WrongIssuer`], or the provider's metadata cannot be had.
    pub async fn check_issuer(&self, iss: Option<&str>) -> Result<(), UpstreamError> {
        match &self.dialect {
            Dialect::OpenId(openid) => openid.check_issuer(&self.calls, iss).await,
            Dialect::OAuth2(oauth2) => oauth2.check_issuer(iss),
        }
    }

    /// The refresh token for new tokens (RFC 6749 section 6). Without a refresh token in the answer the old one stays good.
    ///
    /// # Errors
    /// See [`UpstreamError`]; [`UpstreamError::Refused`] is for good.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, UpstreamError> {
        match &self.dialect {
            Dialect::OpenId(openid) => openid.refresh(&self.calls, refresh_token).await,
            Dialect::OAuth2(oauth2) => oauth2.refresh(&self.calls, refresh_token).await,
        }
    }

    /// Where to send the browser to sign out there, too (RP-Initiated Logout 1.0); none if the provider or the settings
    /// do not offer it, or its metadata cannot be had.
    pub async fn end_session(&self, post_logout_redirect_uri: &str) -> Option<Url> {
        match &self.dialect {
            Dialect::OpenId(openid) => openid.end_session(&self.calls, post_logout_redirect_uri).await,
            Dialect::OAuth2(_) => None,
        }
    }
}

#[cfg(test)]
mod discord_tests;
#[cfg(test)]
mod discovery_tests;
#[cfg(test)]
mod facebook_tests;
#[cfg(test)]
mod github_tests;
#[cfg(test)]
mod lenient_tests;
#[cfg(test)]
mod oauth2_tests;
#[cfg(test)]
mod openid_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twitter_tests;
