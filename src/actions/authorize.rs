//! The authorization endpoint: from parameters to a page or an answer.

use std::sync::Arc;

use super::codes::{self, Found};
use super::notices::Notice;
use super::second_factor::At;
use super::session::Current;
use super::{App, Outcome, Requester, clients, hint, offline, second_factor};
use crate::crypto::token::{Kind as TokenKind, SecretToken};
use crate::engine::authorize::{
    Answer, AuthorizationRequest, Consent, Consented, Decision, Facts, Hinted, Trusted, Untrusted, check, decide, for_the_hinted,
    trust,
};
use crate::engine::client::Client;
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Decided, Flow, Reply, State};
use crate::engine::grant::{Grant, Requested};
use crate::engine::method::ACR_ONE_FACTOR;
use crate::engine::oauth_error::{Code, OAuthError};
use crate::engine::params::Params;
use crate::engine::scope::Scopes;
use crate::ids::{ClientId, GrantId};
use crate::store::{StoreError, consents, flows, grants, sessions, users};
use crate::time::Timestamp;

/// What the browser sees next.
#[derive(Debug)]
pub enum Next {
    /// A page, for nothing may be sent anywhere.
    Untrusted(Untrusted),
    /// Back to the client.
    Respond(Trusted, Answer),
    SignIn {
        flow: Flow,
        /// At the sign-up page, where there is one.
        create: bool,
    },
    /// Somebody else is signed in than the client asks for.
    SomebodyElse {
        flow: Flow,
        client: Arc<Client>,
        request: Box<AuthorizationRequest>,
    },
    /// Somebody signed in gives a second factor.
    SecondFactor(Flow),
    Consent {
        flow: Flow,
        client: Arc<Client>,
        request: Box<AuthorizationRequest>,
        ask: Consent,
    },
}

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub current: Option<&'a Current>,
    /// The hash of the browser's secret, for a journey that begins here.
    pub browser: [u8; 32],
    pub requester: &'a Requester,
}

/// A new request.
pub async fn begin(app: &App, params: &Params, asking: Asking<'_>) -> Outcome<Next> {
    let (client, trusted) = match who_asks(app, params).await? {
        Ok(known) => known,
        Err(untrusted) => return Ok(Next::Untrusted(untrusted)),
    };
    let request = match check(&trusted, &client, params, app.now()) {
        Ok(request) => with_hint(app, &client, params, request).await?,
        Err(error) => Err(error),
    };
    match request {
        Ok(request) => go_on(app, client, trusted, request, Stage::New, asking).await,
        Err(error) => Ok(Next::Respond(trusted, Answer::Error(error))),
    }
}

/// A new request that is too long for an address: what is wrong with it apart from that, if anything, is what a developer wants to hear.
pub async fn refuse_long(app: &App, params: &Params) -> Outcome<Next> {
    Ok(match who_asks(app, params).await? {
        Err(untrusted) => Next::Untrusted(untrusted),
        Ok((client, trusted)) => {
            let wrong = check(&trusted, &client, params, app.now()).err();
            let error = wrong.unwrap_or_else(|| OAuthError::invalid_request("the request is too long"));
            Next::Respond(trusted, Answer::Error(error))
        }
    })
}

/// The client, and where its answer may be sent.
async fn who_asks(app: &App, params: &Params) -> Outcome<Result<(Arc<Client>, Trusted), Untrusted>> {
    let id = params.one("client_id").ok().flatten().map(str::parse::<ClientId>);
    let Some(id) = id else { return Ok(Err(Untrusted::ClientMissing)) };
    let client = match id {
        Ok(id) => clients::find(app, &id).await?,
        Err(_) => None,
    };
    let Some(client) = client else { return Ok(Err(Untrusted::ClientUnknown)) };
    Ok(trust(&client, params).map(|trusted| (client, trusted)))
}

/// `id_token_hint`: one that was given to another client is none.
async fn with_hint(
    app: &App,
    client: &Client,
    params: &Params,
    request: AuthorizationRequest,
) -> Outcome<Result<AuthorizationRequest, OAuthError>> {
    let Ok(Some(token)) = params.one("id_token_hint") else { return Ok(for_the_hinted(request, Hinted::Nobody)) };
    let hint = hint::read(app, token).await?.filter(|hint| hint.aud == client.id.as_str());
    Ok(for_the_hinted(request, hint.as_ref().map_or(Hinted::Unknown, |hint| Hinted::Person(&hint.sub))))
}

/// Where a request stands.
#[derive(Clone, Copy, Debug)]
enum Stage<'a> {
    New,
    /// It waits in a journey.
    Waiting {
        flow: &'a Flow,
        just_consented: bool,
    },
}

/// A request that has waited for a sign-in or for consent.
pub async fn resume(app: &App, flow: &Flow, asking: Asking<'_>) -> Outcome<Option<Next>> {
    let Some((client, trusted, request)) = waiting(app, flow).await? else { return Ok(None) };
    let said = match (&flow.state, asking.current) {
        (State::Decided(decided), Some(current)) if decided.person == current.user.id => Some(decided),
        _ => None,
    };
    let refusal = match said.map(|decided| decided.reply) {
        None | Some(Reply::Yes) => None,
        Some(Reply::No) => Some(OAuthError::new(Code::AccessDenied, "the person said no")),
        // OpenID Connect Core section 3.1.2.2: what an application is told whose hint names somebody else.
        Some(Reply::NotThem) => Some(OAuthError::new(Code::LoginRequired, "the person asked for did not sign in")),
    };
    if let Some(error) = refusal {
        let mut tx = app.store.write().await?;
        // A no that is said twice gives nobody anything.
        flows::finish(&mut tx, &flow.id, app.now()).await?.either_way();
        tx.commit().await?;
        return Ok(Some(Next::Respond(trusted, Answer::Error(error))));
    }
    let stage = Stage::Waiting { flow, just_consented: said.is_some() };
    go_on(app, client, trusted, request, stage, asking).await.map(Some)
}

/// The request that a journey carries, if its client still is what it was.
async fn waiting(app: &App, flow: &Flow) -> Outcome<Option<(Arc<Client>, Trusted, AuthorizationRequest)>> {
    let Continue::Authorize { request } = &flow.continue_to else { return Ok(None) };
    let Some(client) = clients::find(app, &request.client_id).await? else { return Ok(None) };
    let trusted = request.still_trusted(&client).ok();
    Ok(trusted.map(|trusted| (client, trusted, (**request).clone())))
}

/// The client at the end of a journey, for its badge on the pages.
pub async fn client_of(app: &App, flow: &Flow) -> Outcome<Option<Arc<Client>>> {
    let Continue::Authorize { request } = &flow.continue_to else { return Ok(None) };
    clients::find(app, &request.client_id).await
}

async fn go_on(
    app: &App,
    client: Arc<Client>,
    trusted: Trusted,
    request: AuthorizationRequest,
    stage: Stage<'_>,
    asking: Asking<'_>,
) -> Outcome<Next> {
    let now = app.now();
    let just_consented = matches!(stage, Stage::Waiting { just_consented: true, .. });
    let consented = match asking.current {
        Some(current) if !client.metadata.first_party => consented(app, current, &client.id).await?,
        _ => None,
    };
    let session = asking.current.map(|current| &current.session);
    let has_second = match asking.current {
        Some(current) if request.wants_fresh_proof() || request.likes_two_factors() => {
            second_factor::has_second(app, current).await?
        }
        _ => false,
    };
    let is_new = matches!(stage, Stage::New);
    let requested_at = request.requested_at;
    let facts = Facts { session, consented: consented.as_ref(), just_consented, has_second, is_new, requested_at, now };
    match (decide(&client, &request, facts), asking.current) {
        (Decision::Refuse(error), _) => Ok(Next::Respond(trusted, Answer::Error(error))),
        (Decision::Answer(scopes), Some(current)) => {
            // Of the claims asked for by name, those that the person has allowed.
            let allowed = if client.metadata.first_party { request.wanted() } else { consented.unwrap_or_default().allowed };
            let claims = request.claims.clone().within(&allowed);
            answer(app, &client, trusted, &AuthorizationRequest { claims, ..request }, scopes, (current, asking.requester), stage)
                .await
        }
        (Decision::Consent(ask), Some(_)) => {
            let flow = keep(app, &request, stage, asking).await?;
            Ok(Next::Consent { flow, client, request: Box::new(request), ask })
        }
        (Decision::SomebodyElse, Some(_)) => {
            let flow = keep(app, &request, stage, asking).await?;
            Ok(Next::SomebodyElse { flow, client, request: Box::new(request) })
        }
        (Decision::SecondFactor, Some(current)) => {
            let continue_to = Continue::Authorize { request: Box::new(request.clone()) };
            let at = At { current, browser: asking.browser, requester: asking.requester };
            match second_factor::add_to_session(app, at, continue_to).await? {
                Some(flow) => Ok(Next::SecondFactor(flow)),
                // Signing in again leads to setting one up.
                None => Ok(Next::SignIn { flow: keep(app, &request, stage, asking).await?, create: false }),
            }
        }
        (Decision::SignIn { create, .. }, _) => Ok(Next::SignIn { flow: keep(app, &request, stage, asking).await?, create }),
        // `decide` answers and asks only where somebody is signed in.
        (Decision::Answer(_) | Decision::Consent(_) | Decision::SomebodyElse | Decision::SecondFactor, None) => {
            Ok(Next::SignIn { flow: keep(app, &request, stage, asking).await?, create: false })
        }
    }
}

async fn consented(app: &App, current: &Current, client_id: &ClientId) -> Outcome<Option<Consented>> {
    let found = consents::get(&mut app.store.read().await?, &current.user.id, client_id).await?;
    Ok(found.map(|consent| Consented { allowed: consent.scopes, declined: consent.declined }))
}

/// The journey in which the request waits: the one it has, or a new one.
async fn keep(app: &App, request: &AuthorizationRequest, stage: Stage<'_>, asking: Asking<'_>) -> Outcome<Flow> {
    match stage {
        Stage::Waiting { flow, .. } => Ok(flow.clone()),
        Stage::New => {
            codes::remember(app, asking.browser, Continue::Authorize { request: Box::new(request.clone()) }, asking.requester)
                .await
        }
    }
}

/// A request that has expired or was answered begins anew, with what it asked for.
pub async fn restart(app: &App, flow: &Flow, asking: Asking<'_>) -> Outcome<Option<Next>> {
    let Some((client, trusted, request)) = waiting(app, flow).await? else { return Ok(None) };
    let request = AuthorizationRequest { requested_at: app.now(), ..request };
    go_on(app, client, trusted, request, Stage::New, asking).await.map(Some)
}

async fn answer(
    app: &App,
    client: &Client,
    trusted: Trusted,
    request: &AuthorizationRequest,
    scopes: Scopes,
    (current, requester): (&Current, &Requester),
    stage: Stage<'_>,
) -> Outcome<Next> {
    let mut tx = match stage {
        // One statement; what outlives the session, and what rests on a consent, takes several.
        Stage::New if !app.settings.limits.enabled && client.metadata.first_party && !scopes.contains("offline_access") => {
            app.store.write_one().await?
        }
        Stage::New | Stage::Waiting { .. } => app.store.write().await?,
    };
    if matches!(stage, Stage::New) {
        // Nobody has pressed anything: a page that sends its visitors here all the time fills no disk with codes.
        app.may_answer(&mut tx, &current.session.id).await?;
    }
    if let Stage::Waiting { flow, .. } = stage
        && !flows::finish(&mut tx, &flow.id, app.now()).await?.is_done()
    {
        // Another tab was faster; its code is the one that counts.
        let error = OAuthError::new(Code::AccessDenied, "this request was answered already");
        return Ok(Next::Respond(trusted, Answer::Error(error)));
    }
    let (grant, code) = new_grant(app, request, scopes, current);
    // What outlives its session must not come of one that is ending at this moment.
    if grant.offline
        && !(users::hold(&mut tx, &current.user).await?.is_done()
            && sessions::hold(&mut tx, &current.session.id).await?.is_done())
    {
        return Err(StoreError::Overtaken.into());
    }
    offline::tell_of_first(app, &mut tx, &current.user, client, &grant, requester).await?;
    grants::insert(&mut tx, &grant, &code.hash()).await?;
    if !client.metadata.first_party {
        consents::used(&mut tx, &grant.user_id, &client.id, grant.created_at).await?;
    }
    tx.commit().await?;
    Ok(Next::Respond(trusted, Answer::Code(code.as_str().to_owned())))
}

/// The level to claim: the session's, or the lower one where only that is acceptable (OpenID Connect Core section 5.5.1.1).
fn acr(request: &AuthorizationRequest, reached: &'static str) -> &'static str {
    let acceptable = &request.claims.essential_acr;
    if acceptable.is_empty() || acceptable.iter().any(|acr| acr == reached) { reached } else { ACR_ONE_FACTOR }
}

fn new_grant(app: &App, request: &AuthorizationRequest, scopes: Scopes, current: &Current) -> (Grant, SecretToken) {
    let now = app.now();
    let code = SecretToken::generate(TokenKind::Code, &app.random);
    let code_expires_at = now + app.settings.tokens.code;
    let grant = Grant {
        id: GrantId::new(now, &app.random),
        user_id: current.user.id.clone(),
        client_id: request.client_id.clone(),
        session_id: Some(current.session.id.clone()),
        offline: scopes.contains("offline_access"),
        scopes,
        request: Requested {
            redirect_uri: request.redirect_uri_sent.then(|| request.redirect_uri.clone()),
            nonce: request.nonce.clone(),
            code_challenge: request.code_challenge.clone(),
            claims: request.claims.clone(),
        },
        auth_time: current.session.auth_time,
        acr: acr(request, current.session.acr()).to_owned(),
        amr: current.session.amr().join(" "),
        code_expires_at,
        code_used_at: None,
        refresh_sequence: 0,
        refresh_rotated_at: None,
        refresh_expires_at: None,
        refresh_hash: None,
        created_at: now,
        expires_at: code_expires_at,
    };
    (grant, code)
}

/// What the person says on the consent page, or on the one about somebody else.
#[derive(Clone, Debug)]
pub enum Said {
    Deny,
    /// They are not, and do not want to be, the one that the client asks for.
    NotThem,
    /// Yes, with these optional scopes left ticked.
    Allow {
        ticked: Scopes,
    },
}

/// Scopes that can be unticked: all but the identity itself.
pub fn is_optional(scope: &str) -> bool {
    scope != "openid"
}

/// Records the yes or no; [`resume`] carries it out. Nothing happens to a request that was answered meanwhile, or is too old.
pub async fn consent(app: &App, flow: &Flow, said: Said, current: &Current, requester: &Requester) -> Outcome<()> {
    let Some((client, _, request)) = waiting(app, flow).await? else { return Ok(()) };
    let reply = match said {
        Said::Allow { .. } => Reply::Yes,
        Said::Deny => Reply::No,
        Said::NotThem => Reply::NotThem,
    };
    let decided = Decided { person: current.user.id.clone(), reply };
    let (Ok(()), Ok(decided)) = (flow.is_open(app.now()), flow.state.decide(decided)) else { return Ok(()) };
    let ticked = match said {
        Said::Allow { ticked } => ticked,
        Said::Deny | Said::NotThem => {
            let mut tx = app.store.write().await?;
            // Where another tab was faster, what was said there counts.
            flows::advance(&mut tx, &flow.id, &flow.state, &decided).await?.either_way();
            return Ok(tx.commit().await?);
        }
    };
    if !request.is_for(&current.user.id) {
        // No page has asked this person.
        return Ok(());
    }
    let before = if client.metadata.first_party { None } else { consented(app, current, &client.id).await? };
    let is_first = before.is_none();
    let before = before.unwrap_or_default();
    let lasts = |scopes: &Scopes| scopes.contains("offline_access");
    // Only what stood on the page was said yes or no to.
    let shown = before.shown(&request);
    let unticked: Scopes = shown.iter().filter(|scope| is_optional(scope) && !ticked.contains(scope)).collect();
    let allowed = before.allowed.or(&shown.without(&unticked)).without(&unticked);
    let declined = before.declined.or(&unticked).without(&allowed);
    let now: Timestamp = app.now();
    let mut tx = app.store.write().await?;
    if !flows::advance(&mut tx, &flow.id, &flow.state, &decided).await?.is_done() {
        // Another tab was faster.
        return Ok(());
    }
    consents::put(&mut tx, &current.user.id, &client.id, &allowed, &declined, now).await?;
    // Whoever did not press this hears of an application that is let in, and of one that may now come without them.
    if !client.metadata.first_party && (is_first || (lasts(&allowed) && !lasts(&before.allowed))) {
        let notice = Notice::AppConnected { app: client.name().into_owned() };
        app.notify(&mut tx, &current.user, notice, requester).await?;
    }
    let event = super::tell::event(Kind::ConsentGranted, requester.origin());
    let (user_id, client_id) = (Some(current.user.id.clone()), Some(client.id.clone()));
    app.record(&mut tx, Event { user_id, client_id, session_id: Some(current.session.id.clone()), ..event }).await?;
    Ok(tx.commit().await?)
}

/// A journey by the id in a URL, and whether it is this browser's.
pub async fn find(app: &App, id: &str, browser: Option<&[u8; 32]>) -> Outcome<Found> {
    let found = codes::find(app, id, browser).await?;
    let is_request = |flow: &Flow| matches!(flow.state, State::SignIn | State::Decided(_));
    Ok(match found {
        Found::Here(flow) if is_request(&flow) => Found::Here(flow),
        Found::Elsewhere(flow) if is_request(&flow) => Found::Elsewhere(flow),
        _ => Found::None,
    })
}
