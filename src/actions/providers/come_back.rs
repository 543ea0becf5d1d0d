//! Back from a provider: what it says is fetched, and whose account it is decided.

use std::time::Duration;

use super::super::notices::Notice;
use super::super::second_factor::At;
use super::super::session::Current;
use super::super::sign_in::{self, Arrival, SignedIn};
use super::super::sign_up::Proved;
use super::super::{App, Fault, Outcome, codes, confirm, invitations, second_factor, sign_up, tell};
use super::{Failure, Secrets, connect, failed, holds, name_proofs, tokens};
use crate::engine::address::Email;
use crate::engine::authorize::{Asked, is_fresh};
use crate::engine::event::{Event, Kind};
use crate::engine::external::{Brought, Claimed, Errand, External, vouches};
use crate::engine::flow::{AccountPage, Away, Continue, Flow, Join, State, Step};
use crate::engine::linking::{Decision, Facts, Local, Refusal, decide};
use crate::engine::method::{Method, MethodKind};
use crate::engine::sign_in::Needed;
use crate::engine::user::{Profile, User};
use crate::gateways::upstream::{self, Arrived};
use crate::ids::UserId;
use crate::settings::providers::{Linking, ProviderSettings};
use crate::store::{StoreError, Tx, flows, identities, sessions, users};
use crate::time::Timestamp;

/// How long somebody may be at the provider, who was about to connect it when they had proved who they are.
const AWAY: Duration = Duration::from_secs(10 * 60);

/// What the browser brings.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub state: &'a str,
    /// None if there is an error.
    pub code: Option<&'a str>,
    /// RFC 6749 section 4.1.2.1.
    pub error: Option<&'a str>,
    /// Who answers (RFC 9207).
    pub iss: Option<&'a str>,
}

#[derive(Debug)]
pub enum CameBack {
    /// No journey of this browser went for this answer.
    Over,
    /// The journey is over: the answer came twice, or too late.
    Late(Box<Flow>),
    /// The journey went to the provider in vain.
    Failed(Box<Flow>, Failure),
    Refused(Box<Flow>, Refusal),
    /// Signed in or not, and where to go.
    SignedIn(SignedIn, Continue),
    /// This journey asks for what is missing.
    More(Box<Flow>),
    /// Whoever is signed in has connected the identity, or tried to.
    Connected(Connected),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connected {
    Done,
    Already,
    /// It is another account's.
    Anothers,
}

/// What a journey that went to a provider comes back with. Used once, whatever the answer is.
pub async fn come_back(app: &App, provider: &str, answer: Answer<'_>, arrival: &Arrival<'_>) -> Outcome<CameBack> {
    let (flow, away) = match waiting(app, provider, answer.state, &arrival.browser).await? {
        Waiting::Here(flow, away) => (flow, away),
        Waiting::Late(flow) => return Ok(CameBack::Late(Box::new(flow))),
        Waiting::Nobody => return Ok(CameBack::Over),
    };
    let Some(settings) = super::find(app, provider) else { return Ok(CameBack::Over) };
    let mut tx = app.store.write().await?;
    app.may_begin(&mut tx, arrival.requester).await?;
    if !flows::finish(&mut tx, &flow.id, app.now()).await?.is_done() {
        return Ok(CameBack::Late(Box::new(flow)));
    }
    tx.commit().await?;
    let arrived = match fetch(app, settings, &flow, answer).await {
        Ok(arrived) => arrived,
        Err(why) => return Ok(CameBack::Failed(Box::new(flow), why)),
    };
    let external = describe(app, settings, &arrived);
    // Without the provider's word the person may have gone through in silence, in a browser that somebody else sits at now.
    let at = arrived.auth_time.map_or(Method::UNDATED, |at| at.min(app.now()));
    let mut given = vec![Method::first(MethodKind::Provider, at)];
    if proved_twice(settings, &arrived) {
        given.push(Method::second(MethodKind::Provider, at));
    }
    let remember = away.errand.remember();
    let arrival = Arrival { remember, flow: None, continue_to: &flow.continue_to, ..arrival.clone() };
    let until = app.now() + app.flow_lifetimes().external;
    let brought = Brought { external, given, remember, until };
    settle(app, Back { settings, flow: &flow, errand: away.errand, brought }, &arrival).await
}

enum Waiting {
    Here(Flow, Away),
    /// It is finished or expired.
    Late(Flow),
    Nobody,
}

/// The journey that a state names, if it is this browser's and went to this provider.
async fn waiting(app: &App, provider: &str, state: &str, browser: &[u8; 32]) -> Outcome<Waiting> {
    let id = state.split_once('.').map_or("", |(id, _)| id);
    let codes::Found::Here(flow) = codes::find(app, id, Some(browser)).await? else { return Ok(Waiting::Nobody) };
    let away = match &flow.state {
        State::Away(away) if away.provider == provider && Secrets::of(app, &flow, provider).fits(state) => (**away).clone(),
        _ => return Ok(Waiting::Nobody),
    };
    Ok(match flow.step(Step::CameBack, app.now()) {
        Ok(_) => Waiting::Here(flow, away),
        Err(_) => Waiting::Late(flow),
    })
}

async fn fetch(app: &App, settings: &ProviderSettings, flow: &Flow, answer: Answer<'_>) -> Result<Arrived, Failure> {
    let provider = settings.id.as_str();
    let Some(upstream) = app.upstreams.get(provider) else { return Err(Failure::Unusable) };
    if let Some(error) = answer.error {
        upstream.check_issuer(answer.iss).await.map_err(|error| failed(app, provider, &error))?;
        tracing::info!(provider, error = error.escape_debug().to_string(), "a provider refused");
        let cancelled = matches!(error, "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" | "login_required");
        return Err(if cancelled { Failure::Cancelled } else { Failure::Unusable });
    }
    let Some(code) = answer.code else { return Err(Failure::Unusable) };
    let secrets = Secrets::of(app, flow, provider);
    let answer = upstream::Answer { code, iss: answer.iss };
    upstream.finish(&secrets.begun(), answer, app.now()).await.map_err(|error| failed(app, provider, &error))
}

/// What the provider said, as far as it can be used: a field that we would not let people type is left out.
fn describe(app: &App, settings: &ProviderSettings, arrived: &Arrived) -> External {
    let email = arrived.email.as_deref().and_then(|text| Email::parse(text).ok());
    let vouched = email.as_ref().is_some_and(|email| {
        let hosted_domain = arrived.hosted_domain.as_deref();
        vouches(&settings.vouching, Claimed { email, verified: arrived.email_verified, hosted_domain })
    });
    let mut profile = Profile::default();
    for (name, value) in [
        ("name", &arrived.name),
        ("given_name", &arrived.given_name),
        ("family_name", &arrived.family_name),
        ("picture", &arrived.picture),
        ("locale", &arrived.locale),
        ("website", &arrived.website),
    ] {
        profile.set(name, value.as_deref().unwrap_or_default());
    }
    for (name, _) in profile.problems() {
        profile.set(name, "");
    }
    External {
        provider: settings.id.clone(),
        issuer: arrived.issuer.clone().unwrap_or_else(|| settings.kind.issuer()),
        subject: arrived.subject.clone(),
        email,
        vouched,
        username: arrived.username.clone(),
        profile,
        tokens: settings.keep_tokens.then(|| tokens::seal(app, &arrived.tokens)).flatten(),
    }
}

/// Whether the provider has asked for a second factor of a kind that the operator lets count.
fn proved_twice(settings: &ProviderSettings, arrived: &Arrived) -> bool {
    let counts = |value: &String| settings.second_factor.contains(value);
    arrived.acr.iter().chain(&arrived.amr).any(counts)
}

/// Somebody who is back.
struct Back<'a> {
    settings: &'a ProviderSettings,
    flow: &'a Flow,
    errand: Errand,
    brought: Brought,
}

async fn settle(app: &App, back: Back<'_>, arrival: &Arrival<'_>) -> Outcome<CameBack> {
    let Back { settings, flow, errand, brought } = &back;
    let external = &brought.external;
    let connecting = match (errand, arrival.before) {
        // The journey belongs to the account that was signed in when it began.
        (Errand::Connect { person }, Some(current)) if current.user.id == *person => Some(current),
        (Errand::Connect { .. }, _) => return Ok(CameBack::Over),
        (Errand::SignIn { .. } | Errand::ProveAgain { .. } | Errand::AcceptInvitation { .. }, _) => None,
    };
    if let Some(current) = connecting
        && let at = (At { current, browser: arrival.browser, requester: arrival.requester })
        && let Some(proof) = second_factor::step_up(app, at, AccountPage::Connect, AWAY).await?
    {
        return Ok(CameBack::More(Box::new(proof)));
    }
    let mut tx = app.store.write().await?;
    let owner = identities::by_subject(&mut tx, &external.issuer, &external.subject).await?;
    if let Errand::AcceptInvitation { invitation } = errand
        && owner.is_none()
        && settings.linking != Linking::SignInOnly
        && let Some(user) = invitations::accept_in(app, &mut tx, invitation, arrival.requester).await?
    {
        // The link proves the address, whatever the provider calls the person.
        attach(app, &mut tx, &user, external, Some(app.now()), arrival).await?;
        let given = dated(app, &mut tx, &user, brought.given.clone()).await?;
        let arrival = invitations::after(&user, arrival);
        return sign_in(app, tx, &user, external, given, &arrival).await;
    }
    let local = match (&external.email, &owner) {
        (Some(email), None) if external.vouched => users::by_email(&mut tx, email).await?,
        _ => None,
    };
    let guarded = match &local {
        Some(user) => sign_in::still_needed(app, &mut tx, user, &brought.given, arrival).await? != Needed::Nothing,
        None => false,
    };
    let another_subject = match &local {
        // Kept as it is first: another of the issuer's people may be coming at this moment.
        Some(user) if !users::hold(&mut tx, user).await?.is_done() => return Err(StoreError::Overtaken.into()),
        Some(user) => identities::knows_issuer(&mut tx, &user.id, &external.issuer).await?,
        None => false,
    };
    let is_owner = |id: &UserId| owner.as_ref().is_some_and(|identity| identity.user_id == *id);
    if let Errand::ProveAgain { person, .. } = errand
        && !is_owner(person)
    {
        return Ok(CameBack::Failed(Box::new((*flow).clone()), Failure::Another));
    }
    let decision = decide(Facts {
        owner: owner.as_ref().map(|identity| &identity.user_id),
        connecting: connecting.map(|current| &current.user.id),
        vouched: external.vouched,
        local: local.as_ref().map(|user| {
            let verified = holds(app, user, &settings.id);
            Local { id: &user.id, verified, guarded, another_subject }
        }),
        sign_up: app.settings.signup.who,
        policy: settings.linking,
    });
    let outcome = match decision {
        Decision::SignIn(user_id) => {
            let Some(user) = users::by_id(&mut tx, &user_id).await? else { return Ok(CameBack::Over) };
            let given = dated(app, &mut tx, &user, brought.given.clone()).await?;
            if matches!(errand, Errand::ProveAgain { .. })
                && let Some(current) = arrival.before.filter(|current| current.user.id == user.id)
                && !has_asked(app, flow, current, &given)
                && !(is_on_the_way_to_a_site(flow)
                    && sign_in::still_needed(app, &mut tx, &user, &given, arrival).await? != Needed::Nothing)
            {
                tracing::info!(provider = settings.id, "a provider did not ask again who somebody is, though it was told to");
                return Ok(CameBack::Failed(Box::new((*flow).clone()), Failure::NotAsked));
            }
            if let Some(identity) = owner {
                let kept = tokens::kept_over(app, &mut tx, &identity.id, external).await?;
                if !identities::used(&mut tx, &identity.id, &external.shown_as(), kept.as_ref(), app.now()).await?.is_done() {
                    return Err(StoreError::Overtaken.into());
                }
            }
            sign_in(app, tx, &user, external, given, arrival).await?
        }
        Decision::Link(user_id) => {
            let Some(user) = users::by_id(&mut tx, &user_id).await? else { return Ok(CameBack::Over) };
            attach(app, &mut tx, &user, external, Some(app.now()), arrival).await?;
            sign_in(app, tx, &user, external, brought.given.clone(), arrival).await?
        }
        Decision::Create => {
            let user = create(app, &mut tx, brought, arrival).await?;
            let given = dated(app, &mut tx, &user, brought.given.clone()).await?;
            sign_in(app, tx, &user, external, given, arrival).await?
        }
        Decision::Connect(_) => {
            let Some(current) = connecting else { return Ok(CameBack::Over) };
            // It may have ended while the provider was asked.
            let sessions = sessions::of_user(&mut tx, &current.user.id, app.now()).await?;
            if sessions.iter().all(|session| session.id != current.session.id) {
                return Ok(CameBack::Over);
            }
            attach(app, &mut tx, &current.user, external, None, arrival).await?;
            tx.commit().await?;
            CameBack::Connected(Connected::Done)
        }
        Decision::AlreadyConnected => CameBack::Connected(Connected::Already),
        Decision::BelongsToAnother => CameBack::Connected(Connected::Anothers),
        Decision::SignInFirst { may_replace } => {
            let Some(account) = external.email.clone() else { return Ok(CameBack::Over) };
            let state = State::Join(Box::new(Join { brought: back.brought, account, may_replace }));
            ask(app, tx, state, local.map(|user| user.id), arrival).await?
        }
        Decision::AskAddress => ask(app, tx, State::Newcomer(Box::new(back.brought)), None, arrival).await?,
        Decision::Refuse(why) => CameBack::Refused(Box::new((*flow).clone()), why),
    };
    Ok(outcome)
}

/// Whether somebody who was to prove anew that it is still them was asked at the provider lately enough for where they are on the way to. Else
/// they would be asked here again, and not know why.
fn has_asked(app: &App, flow: &Flow, current: &Current, given: &[Method]) -> bool {
    let newest = given.iter().map(|method| method.at).max().unwrap_or(Method::UNDATED);
    match &flow.continue_to {
        Continue::Account | Continue::Away => true,
        Continue::Page { .. } => newest >= app.now() - app.settings.sign_in.step_up,
        Continue::Authorize { request } => {
            let renewed = current.session.clone().reauthenticated(given);
            // A second factor, where there is one, is asked for after this.
            let asked = Asked { has_second: false, is_new: false, at: request.requested_at };
            is_fresh(request, &renewed.dated_proofs(), asked, app.now())
        }
        Continue::Connect { .. } => newest >= flow.created_at,
        Continue::Site { .. } => newest >= current.session.auth_time,
    }
}

/// A site wants two factors, whenever they were given: a second one that follows is enough.
const fn is_on_the_way_to_a_site(flow: &Flow) -> bool {
    matches!(flow.continue_to, Continue::Site { .. })
}

/// Whoever has nothing else to prove themselves with is believed now, or could never change anything.
pub(in crate::actions) async fn dated(app: &App, tx: &mut Tx, user: &User, mut given: Vec<Method>) -> Outcome<Vec<Method>> {
    if confirm::believes_undated(app, tx, user).await? {
        for method in given.iter_mut().filter(|method| method.at == Method::UNDATED) {
            method.at = app.now();
        }
    }
    Ok(given)
}

async fn sign_in(
    app: &App,
    mut tx: Tx,
    user: &User,
    external: &External,
    given: Vec<Method>,
    arrival: &Arrival<'_>,
) -> Outcome<CameBack> {
    let given = name_proofs(&mut tx, external, given).await?;
    let signed_in = sign_in::proceed(app, tx, user, given, arrival).await?;
    app.proof_given("provider", signed_in.as_str(), arrival.requester);
    Ok(CameBack::SignedIn(signed_in, arrival.continue_to.clone()))
}

/// A journey that asks for what is missing.
async fn ask(app: &App, mut tx: Tx, state: State, user_id: Option<UserId>, arrival: &Arrival<'_>) -> Outcome<CameBack> {
    let flow = codes::begin(app, state, user_id, arrival.browser, arrival.continue_to.clone());
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    Ok(CameBack::More(Box::new(flow)))
}

/// Connects an identity with an account that was there before, and tells its owner; `last_used` as for [`connect`].
pub(super) async fn attach(
    app: &App,
    tx: &mut Tx,
    user: &User,
    external: &External,
    last_used: Option<Timestamp>,
    arrival: &Arrival<'_>,
) -> Outcome<()> {
    // Whoever locks the account at this moment is not overtaken.
    if !users::hold(tx, user).await?.is_done() {
        return Err(StoreError::Overtaken.into());
    }
    match connect(app, tx, user, external, last_used).await {
        // Somebody has come by it in another tab.
        Err(Fault::Store(StoreError::Taken)) => return Err(StoreError::Overtaken.into()),
        other => drop(other?),
    }
    let event = tell::event(Kind::IdentityConnected, arrival.requester.origin());
    app.record(tx, Event { user_id: Some(user.id.clone()), detail: detail(app, &external.provider), ..event }).await?;
    let provider = super::name(app, &external.provider);
    app.notify(tx, user, Notice::IdentityConnected { provider }, arrival.requester).await
}

/// Which provider, for the log: those with a name of their own.
pub(in crate::actions) fn detail(app: &App, provider: &str) -> Option<&'static str> {
    super::find(app, provider).map(|found| found.kind.as_str())
}

/// An account whose address the provider vouches for.
pub(super) async fn create(app: &App, tx: &mut Tx, brought: &Brought, arrival: &Arrival<'_>) -> Outcome<User> {
    let Some(email) = brought.external.email.clone() else {
        return Err(Fault::Broken("an account without an address".to_owned()));
    };
    let sign_up = sign_up::from_provider(brought.clone(), email, arrival.requester);
    match sign_up::create(app, tx, sign_up, Proved::There, arrival.requester).await {
        Err(Fault::Store(StoreError::Taken)) => Err(StoreError::Overtaken.into()),
        other => other,
    }
}
