//! Back from a provider, with the address of an account that is not connected: its owner signs in first, as before, and then says yes.

use std::time::Duration;

use super::super::codes::Leads;
use super::super::second_factor::At;
use super::super::session::Current;
use super::super::sign_in::{self, Arrival, SignedIn};
use super::super::{App, Outcome, Requester, codes, ownership, second_factor};
use super::come_back::{attach, create};
use super::{holds, name_proofs};
use crate::engine::address::{Channel, Contact};
use crate::engine::flow::{Continue, Flow, Join, SignUp, State, Step};
use crate::ids::FlowId;
use crate::store::{flows, identities, sessions, users};

/// What a journey asks about.
pub fn join<'a>(app: &App, flow: &'a Flow) -> Option<&'a Join> {
    match &flow.state {
        State::Join(join) if flow.step(Step::Proved, app.now()).is_ok() => Some(join),
        _ => None,
    }
}

/// What the journey of this id asks about, if it is this browser's.
pub async fn by_id(app: &App, id: &FlowId, browser: &[u8; 32]) -> Outcome<Option<Join>> {
    let codes::Found::Here(flow) = codes::find(app, id.as_str(), Some(browser)).await? else { return Ok(None) };
    Ok(join(app, &flow).cloned())
}

/// Behind the link of the letter to somebody who came by a provider and gave the address of an account.
#[derive(Debug)]
pub enum Behind {
    /// In the browser that came from the provider: the journey in which the account's owner signs in.
    Here(Box<Flow>),
    /// In another one, which has brought nothing. With the provider's id.
    Elsewhere(String),
    /// The identity is connected by now.
    Connected,
    /// No link of ours, or too old.
    Nothing,
}

/// The link of that letter. Only the mail has its secret: whoever gave the address does not learn whether it has an account.
/// The caller stores the flow.
pub(in crate::actions) fn letter_link(app: &App, flow: &mut Flow) -> String {
    let token = codes::new_link(app, flow, Leads::ToConnect);
    app.link(&format!("/login/connect/link?token={token}"))
}

/// Begins what that link leads to. It may be opened as often as one likes, while the journey that it comes from is open.
pub async fn by_letter(app: &App, token: &str, browser: [u8; 32], requester: &Requester) -> Outcome<Behind> {
    let (from, here) = match codes::linked(app, token, Leads::ToConnect, Some(&browser)).await? {
        codes::Found::Here(flow) => (flow, true),
        codes::Found::Elsewhere(flow) => (flow, false),
        codes::Found::None => return Ok(Behind::Nothing),
    };
    let State::SignUp(sign_up) = &from.state else { return Ok(Behind::Nothing) };
    let SignUp { to: Contact::Email(account), brought: Some(brought), .. } = &**sign_up else { return Ok(Behind::Nothing) };
    if from.is_open(app.now()).is_err() {
        return Ok(Behind::Nothing);
    }
    let external = &brought.external;
    let owner = identities::by_subject(&mut app.store.read().await?, &external.issuer, &external.subject).await?;
    if owner.is_some() {
        return Ok(Behind::Connected);
    }
    if !here {
        return Ok(Behind::Elsewhere(external.provider.clone()));
    }
    let mut tx = app.store.write().await?;
    app.may_begin(&mut tx, requester).await?;
    let state = State::Join(Box::new(Join { brought: (**brought).clone(), account: account.clone(), may_replace: false }));
    let question = codes::begin(app, state, None, browser, from.continue_to.clone());
    let first = codes::begin(app, State::SignIn, None, browser, back_to(&question));
    for flow in [&question, &first] {
        flows::insert(&mut tx, flow).await?;
    }
    tx.commit().await?;
    Ok(Behind::Here(Box::new(first)))
}

/// The journey in which the account's owner signs in, and which comes back to the question.
pub async fn sign_in_first(app: &App, flow: &Flow, browser: [u8; 32], requester: &Requester) -> Outcome<Flow> {
    codes::remember(app, browser, back_to(flow), requester).await
}

/// Whether this session was opened, or renewed, after the question came up.
pub fn has_signed_in_since(flow: &Flow, current: &Current) -> bool {
    current.session.auth_time.max(current.session.created_at) >= flow.created_at
}

/// The journey in which somebody signed in proves it as well as they can: connecting is another way in.
pub async fn step_up(app: &App, flow: &Flow, at: At<'_>) -> Outcome<Option<Flow>> {
    second_factor::step_up_to(app, at, back_to(flow), Duration::ZERO).await
}

/// To the question.
fn back_to(flow: &Flow) -> Continue {
    let remember = matches!(&flow.state, State::Join(join) if join.brought.remember);
    Continue::Connect { journey: flow.id.clone(), remember }
}

/// "Yes, connect it." False: the journey or the session is over, or the identity has an owner by now.
///
/// From here on the identity is the account's, and so is a second factor that was given with it. While the owner signed in it counted for
/// nothing: it could have been anybody's.
pub async fn confirm(app: &App, flow: &Flow, current: &Current, arrival: &Arrival<'_>) -> Outcome<bool> {
    let Some(Join { brought, .. }) = join(app, flow) else { return Ok(false) };
    let (external, now) = (&brought.external, app.now());
    let mut tx = app.store.write().await?;
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done()
        || identities::by_subject(&mut tx, &external.issuer, &external.subject).await?.is_some()
    {
        return Ok(false);
    }
    let session = sessions::of_user(&mut tx, &current.user.id, now).await?.into_iter().find(|one| one.id == current.session.id);
    let Some(session) = session else { return Ok(false) };
    attach(app, &mut tx, &current.user, external, None, arrival).await?;
    let given = name_proofs(&mut tx, external, brought.given_by(now)).await?;
    if let Some(second) = given.into_iter().find(|method| method.second) {
        sessions::reauthenticated(&mut tx, &session.with_earlier(second)).await?.or_overtaken()?;
    }
    tx.commit().await?;
    Ok(true)
}

/// "Not now."
pub async fn decline(app: &App, flow: &Flow) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    // Over is over.
    flows::finish(&mut tx, &flow.id, app.now()).await?.either_way();
    tx.commit().await?;
    Ok(())
}

/// "That account is not mine": a new account has the address, which nobody has proved there. The other one keeps everything else. None: the
/// journey is over, or the address was proved meanwhile.
pub async fn replace(app: &App, flow: &Flow, arrival: &Arrival<'_>) -> Outcome<Option<SignedIn>> {
    let Some(Join { brought, account: email, may_replace: true }) = join(app, flow) else { return Ok(None) };
    let now = app.now();
    let mut tx = app.store.write().await?;
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done() {
        return Ok(None);
    }
    if let Some(stranger) = users::by_email(&mut tx, email).await? {
        // One that an operator has shut gives nothing up.
        if !stranger.is_active() || holds(app, &stranger, &brought.external.provider) {
            return Ok(None);
        }
        ownership::take_from(app, &mut tx, stranger, Channel::Mail, arrival.requester).await?;
    }
    let user = create(app, &mut tx, brought, arrival).await?;
    // The sign-in there was before the question: it is no fresh proof unless the provider says so.
    let given = name_proofs(&mut tx, &brought.external, brought.given_by(now)).await?;
    let arrival = Arrival { remember: brought.remember, continue_to: &flow.continue_to, flow: None, ..arrival.clone() };
    sign_in::proceed(app, tx, &user, given, &arrival).await.map(Some)
}
