//! Setting up a second factor while signing in, because one is required and there is none yet.

use zeroize::Zeroizing;

use super::totp::{self, Confirmed, Shared};
use super::{of, recovery, told};
use crate::actions::notices::Notice;
use crate::actions::passkeys::own::{self as passkeys, Added, Answer};
use crate::actions::passkeys::{Challenge, Refusal};
use crate::actions::sign_in::{self, Arrival, SignedIn};
use crate::actions::{App, Fault, Outcome, codes};
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, HalfSignedIn, State, Step};
use crate::engine::method::{Method, MethodKind, proved_at};
use crate::engine::passkey::PasskeyKind;
use crate::engine::sign_in::second_factors;
use crate::engine::totp::Seed;
use crate::engine::user::User;
use crate::settings::FactorKind as Offered;
use crate::store::{Tx, enrolled, factors, flows, users};

/// The journey's secret for an app, as each master key gives it, the newest first. It is computed from the flow's salt, so that looking at the page stores
/// nothing and looking again shows the same; or, while master keys are changed, another of these.
fn seeds(app: &App, flow: &Flow) -> Vec<Seed> {
    let macs = Zeroizing::new(app.keyring.macs("totp enrolment", &[flow.id.as_str().as_bytes(), &flow.salt]));
    let cut = |mac: &[u8; 32]| {
        let mut seed = Zeroizing::new([0; 20]);
        for (to, from) in seed.iter_mut().zip(mac) {
            *to = *from;
        }
        seed
    };
    macs.iter().map(cut).collect()
}

fn shown(app: &App, flow: &Flow) -> Seed {
    seeds(app, flow).into_iter().next().unwrap_or_default()
}

/// Whose journey it is, and what they have proved in it. None if it is over, or there is by now a second factor to ask for: whoever knows
/// only the first one must not add another.
async fn standing<'a>(app: &App, tx: &mut Tx, flow: &'a Flow) -> Outcome<Option<(User, &'a HalfSignedIn)>> {
    let (State::Enrol(half), Some(user_id)) = (&flow.state, &flow.user_id) else { return Ok(None) };
    if flow.step(Step::Proved, app.now()).is_err() || half.given.is_empty() {
        return Ok(None);
    }
    let Some(user) = users::by_id(tx, user_id).await?.filter(User::is_active) else { return Ok(None) };
    let enrolled = enrolled::of(tx, &user).await?;
    Ok(second_factors(&enrolled, &half.given).is_empty().then_some((user, half)))
}

/// What the page shows.
#[derive(Debug)]
pub struct Offer {
    pub user: User,
    pub shared: Shared,
    /// What the browser is asked to make, if keys may be second factors here.
    pub keys: Option<Keys>,
}

/// Challenges, bound to the journey.
#[derive(Debug)]
pub struct Keys {
    pub passkey: Challenge,
    pub security_key: Challenge,
}

pub async fn offer(app: &App, flow: &Flow) -> Outcome<Option<Offer>> {
    let Some((user, _)) = standing(app, &mut app.store.read().await?, flow).await? else { return Ok(None) };
    let shared = totp::shared_of(app, &user, &shown(app, flow))?;
    let own = passkeys::list(app, &user.id).await?;
    let challenge = |kind| passkeys::challenge_to(app, &user, bound(&user, flow), kind, &own);
    let keys = match (may_be_keys(app), challenge(PasskeyKind::Passkey)?, challenge(PasskeyKind::SecurityKey)?) {
        (true, Some(passkey), Some(security_key)) => Some(Keys { passkey, security_key }),
        _ => None,
    };
    Ok(Some(Offer { user, shared, keys }))
}

fn may_be_keys(app: &App) -> bool {
    app.settings.second_factor.kinds.contains(&Offered::Passkey)
}

/// The journey is the browser's and the person's; what is made in it is good for no other.
fn bound(user: &User, flow: &Flow) -> String {
    format!("{}|{}", user.id, flow.id)
}

#[derive(Debug)]
pub enum Enrolled {
    /// Signed in; the recovery codes, to be shown this once; and where to go.
    Done { signed_in: SignedIn, user: Box<User>, codes: Vec<String>, continue_to: Continue },
    /// Not yet.
    Not(Confirmed),
}

/// The app has shown that it knows the secret: it becomes a second factor, and the session begins.
pub async fn with_totp(app: &App, flow: &Flow, code: &str, name: &str, arrival: &Arrival<'_>) -> Outcome<Enrolled> {
    codes::limit(app, arrival.requester).await?;
    let Some(user_id) = &flow.user_id else { return Ok(Enrolled::Not(Confirmed::Over)) };
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, user_id).await?.or_overtaken()?;
    let Some((user, half)) = standing(app, &mut tx, flow).await? else { return Ok(Enrolled::Not(Confirmed::Over)) };
    let seed = totp::of_code(app, seeds(app, flow), code).unwrap_or_else(|| shown(app, flow));
    match totp::insert(app, &mut tx, &user, &seed, code, name).await? {
        Confirmed::Done => {}
        other => return Ok(Enrolled::Not(other)),
    }
    told(app, &mut tx, of(&user.id, Kind::FactorAdded, arrival.requester), Some(MethodKind::Totp.as_str())).await?;
    app.notify(&mut tx, &user, Notice::FactorAdded, arrival.requester).await?;
    go_on(app, tx, flow, &user, half, MethodKind::Totp, arrival).await
}

#[derive(Debug)]
pub enum WithKey {
    /// The journey has gone on, or is over.
    Enrolled(Enrolled),
    Refused(Refusal),
}

/// A passkey or security key has answered the challenge of [`offer`]: it becomes a second factor, and the session begins.
pub async fn with_key(app: &App, flow: &Flow, kind: PasskeyKind, answer: Answer<'_>, arrival: &Arrival<'_>) -> Outcome<WithKey> {
    const OVER: WithKey = WithKey::Enrolled(Enrolled::Not(Confirmed::Over));
    codes::limit(app, arrival.requester).await?;
    let Some(user_id) = &flow.user_id else { return Ok(OVER) };
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, user_id).await?.or_overtaken()?;
    let Some((user, half)) = standing(app, &mut tx, flow).await?.filter(|_| may_be_keys(app)) else { return Ok(OVER) };
    let made = match passkeys::judge(app, &user, &bound(&user, flow), kind, answer, arrival.requester)? {
        Ok(made) => made,
        Err(refusal) => return Ok(WithKey::Refused(refusal)),
    };
    match passkeys::insert(&mut tx, made).await? {
        Added::Done(_) => {}
        Added::Refused(refusal) => return Ok(WithKey::Refused(refusal)),
        Added::TooMany => return Ok(WithKey::Enrolled(Enrolled::Not(Confirmed::TooMany))),
    }
    let event = of(&user.id, Kind::PasskeyAdded, arrival.requester);
    app.record(&mut tx, Event { detail: Some(kind.as_str()), ..event }).await?;
    app.notify(&mut tx, &user, Notice::PasskeyAdded, arrival.requester).await?;
    go_on(app, tx, flow, &user, half, MethodKind::SecurityKey, arrival).await.map(WithKey::Enrolled)
}

/// The end of the journey: recovery codes, and the session.
async fn go_on(
    app: &App,
    mut tx: Tx,
    flow: &Flow,
    user: &User,
    half: &HalfSignedIn,
    kind: MethodKind,
    arrival: &Arrival<'_>,
) -> Outcome<Enrolled> {
    if !flows::finish(&mut tx, &flow.id, app.now()).await?.is_done() {
        return Ok(Enrolled::Not(Confirmed::Over));
    }
    let codes = recovery::renew(app, &mut tx, user).await?;
    told(app, &mut tx, of(&user.id, Kind::RecoveryCodesMade, arrival.requester), None).await?;
    // Set up is not proved: it counts from the first factor that was given on the way, and `auth_time` is that one's.
    let methods = [half.given.clone(), vec![Method::second(kind, proved_at(&half.given))]].concat();
    let arrival = Arrival { remember: half.remember, flow: None, continue_to: &flow.continue_to, ..arrival.clone() };
    let signed_in = sign_in::finish(app, tx, user, methods, &arrival).await?;
    app.proof_given(kind.as_str(), signed_in.as_str(), arrival.requester);
    Ok::<_, Fault>(Enrolled::Done { signed_in, user: Box::new(user.clone()), codes, continue_to: flow.continue_to.clone() })
}
