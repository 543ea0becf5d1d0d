//! Signing in through other providers, and the identities that accounts are connected with.
//!
//! * **Here**: going to a provider and [`come_back`]; what is still missing then ([`newcomer`], [`join`]); one's [`own`] identities, and
//!   what the [`operator`] does about them; keeping the provider's [`tokens`] fresh.
//! * **Not here**: whose account it is (`engine::linking`), what each provider speaks (`gateways::upstream`).
//! * **To add one**: a provider is a section of the settings and, if it speaks no OpenID, a dialect in `gateways::upstream`.
//! * **Tested**: `tests/it/journeys/providers`, the rule's table in `engine::linking`.

pub mod come_back;
pub mod join;
pub mod newcomer;
pub mod operator;
pub mod own;
pub mod tokens;

use data_encoding::BASE64URL_NOPAD;
use url::Url;

use super::{App, Outcome, Requester, codes, ending};
use crate::crypto::token;
use crate::engine::event::{Event, Kind};
use crate::engine::external::{Errand, External, Identity};
use crate::engine::flow::{Away, Continue, Flow, State};
use crate::engine::linking::Standing;
use crate::engine::method::{Method, MethodKind};
use crate::engine::user::User;
use crate::gateways::upstream::{Begun, Prompt, UpstreamError};
use crate::ids::{IdentityId, SessionId};
use crate::settings::providers::{Linking, ProviderSettings};
use crate::store::{Tx, flows, identities};
use crate::time::Timestamp;

/// Why somebody comes back from a provider with empty hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// They did not want to go on there.
    Cancelled,
    /// It does not answer, or not in time.
    Unavailable,
    /// Its answer was refused.
    Unusable,
    /// Somebody signed in was to prove that it is still them, and came back as somebody else.
    Another,
    /// They were to prove it, and the provider let them through without asking.
    NotAsked,
}

impl Failure {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unavailable => "unavailable",
            Self::Unusable => "unusable",
            Self::Another => "another",
            Self::NotAsked => "not-asked",
        }
    }
}

impl From<&UpstreamError> for Failure {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Unreachable(_) | UpstreamError::Slow => Self::Unavailable,
            _ => Self::Unusable,
        }
    }
}

/// A provider by its id.
pub fn find<'a>(app: &'a App, id: &str) -> Option<&'a ProviderSettings> {
    app.settings.providers.iter().find(|provider| provider.id == id)
}

/// What people call a provider; its id, if it is set up no more.
pub fn name(app: &App, id: &str) -> String {
    find(app, id).map_or_else(|| id.to_owned(), |provider| provider.name.clone())
}

/// How a provider links; none: it is not set up any more.
pub(super) fn linking(app: &App, id: &str) -> Option<Linking> {
    find(app, id).map(|provider| provider.linking)
}

/// Whether the address of an account is beyond doubt for somebody who comes by a provider.
fn holds(app: &App, user: &User, comes_by: &str) -> bool {
    let standing = match &user.email_vouched_by {
        Some(by) => Standing::Vouched(linking(app, by)),
        None => Standing::Proved,
    };
    user.email_is_verified() && linking(app, comes_by).is_none_or(|comes_by| standing.holds_against(comes_by))
}

/// Who wants to go to a provider, and why.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    pub errand: Errand,
    /// The hash of the browser's secret.
    pub browser: [u8; 32],
    pub continue_to: &'a Continue,
    pub requester: &'a Requester,
}

#[derive(Debug)]
pub enum Departure {
    /// The provider's page for this.
    To(Url),
    /// There is no such provider.
    Unknown,
    /// The journey went nowhere.
    Failed(Box<Flow>, Failure),
}

/// Begins a journey that leads to a provider and back.
pub async fn depart(app: &App, provider: &str, asking: Asking<'_>) -> Outcome<Departure> {
    let (Some(settings), Some(upstream)) = (find(app, provider), app.upstreams.get(provider)) else {
        return Ok(Departure::Unknown);
    };
    let prompt = match asking.errand {
        Errand::SignIn { ask: false, .. } => Prompt::Nothing,
        Errand::SignIn { ask: true, .. } | Errand::ProveAgain { .. } => Prompt::ProveAgain,
        Errand::Connect { .. } | Errand::AcceptInvitation { .. } => Prompt::Choose,
    };
    let person = asking.errand.person().cloned();
    let state = State::Away(Box::new(Away { provider: settings.id.clone(), errand: asking.errand }));
    let flow = codes::begin(app, state, person, asking.browser, asking.continue_to.clone());
    let mut tx = app.store.write().await?;
    app.may_begin(&mut tx, asking.requester).await?;
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    let secrets = Secrets::of(app, &flow, provider);
    match upstream.authorization_url(&secrets.begun(), prompt, asking.requester.locale).await {
        Ok(url) => Ok(Departure::To(url)),
        Err(error) => Ok(Departure::Failed(Box::new(flow), failed(app, provider, &error))),
    }
}

/// Says in the log why a provider is of no use, in its own words; pages only say what to do.
fn failed(app: &App, provider: &str, error: &UpstreamError) -> Failure {
    tracing::warn!(provider, kind = error.as_str(), %error, "a provider could not be used");
    app.metrics.sign_in("provider", error.as_str());
    Failure::from(error)
}

/// What a journey says to the provider: of the flow's own, so that nothing more needs to be stored.
struct Secrets {
    state: String,
    nonce: String,
    verifier: String,
    redirect_uri: String,
}

impl Secrets {
    fn of(app: &App, flow: &Flow, provider: &str) -> Self {
        let own = |purpose: &str| BASE64URL_NOPAD.encode(&codes::derived(flow, &format!("{purpose}|{provider}")));
        Self {
            state: format!("{}.{}", flow.id, own("provider state")),
            nonce: own("provider nonce"),
            verifier: own("provider verifier"),
            redirect_uri: app.settings.redirect_uri(provider),
        }
    }

    fn begun(&self) -> Begun<'_> {
        Begun { state: &self.state, nonce: &self.nonce, verifier: &self.verifier, redirect_uri: &self.redirect_uri }
    }

    /// Whether a provider's answer has the state of this journey.
    fn fits(&self, state: &str) -> bool {
        token::constant_time_eq(&token::hash(state), &token::hash(&self.state))
    }
}

/// Takes an identity from its account, to be taken back until `until`; and whatever somebody has come to by it. `here` is the session in
/// which its owner does that, `event` says who does.
pub(super) async fn take_away(
    app: &App,
    tx: &mut Tx,
    identity: &Identity,
    until: Timestamp,
    here: Option<&SessionId>,
    event: Event,
) -> Outcome<()> {
    // Gone is gone; what follows ends what it began.
    identities::remove(tx, &identity.user_id, &identity.id, until).await?.either_way();
    let event = Event { kind: Kind::IdentityDisconnected, detail: come_back::detail(app, &identity.provider), ..event };
    ending::by_identity(app, tx, identity, here, &Event { detail: None, ..event.clone() }).await?;
    app.record(tx, event).await
}

/// Says by which identity of the account a provider's proofs came, once it has one.
pub(super) async fn name_proofs(tx: &mut Tx, external: &External, given: Vec<Method>) -> Outcome<Vec<Method>> {
    let Some(identity) = identities::by_subject(tx, &external.issuer, &external.subject).await? else { return Ok(given) };
    let name = |method: Method| if method.kind == MethodKind::Provider { method.by(identity.id.clone()) } else { method };
    Ok(given.into_iter().map(name).collect())
}

/// Connects an account with an identity that belongs to nobody; `last_used` is when somebody signed in by it, if they did.
pub(super) async fn connect(
    app: &App,
    tx: &mut Tx,
    user: &User,
    external: &External,
    last_used: Option<Timestamp>,
) -> Outcome<Identity> {
    let now = app.now();
    let identity = Identity {
        id: IdentityId::new(now, &app.random),
        user_id: user.id.clone(),
        provider: external.provider.clone(),
        issuer: external.issuer.clone(),
        subject: external.subject.clone(),
        name: external.shown_as(),
        created_at: now,
        last_used_at: last_used,
    };
    identities::insert(tx, &identity, tokens::kept(external).as_ref()).await?;
    Ok(identity)
}
