//! The second factor of somebody who signs in, or who proves anew that they are still there.

use super::codes::{self, Recipient, Typed};
use super::factors::Used;
use super::limits::Purpose;
use super::notices::Notice;
use super::passkeys::prove;
use super::session::Current;
use super::sign_in::{self, Arrival, SignedIn};
use super::{App, Fault, Outcome, Requester, confirm, destination, factors, reset};
use crate::crypto::password::Verdict;
use crate::engine::address::{Channel, Contact};
use crate::engine::confirm::best_proof;
use crate::engine::event::{Event, Kind};
use crate::engine::factor::Enrolled;
use crate::engine::flow::{AccountPage, Continue, Flow, HalfSignedIn, State, Step};
use crate::engine::method::{Method, MethodKind, Strength, strength_since};
use crate::engine::sign_in::{is_second, second_factors, second_factors_of_reset, wants_mailbox};
use crate::engine::user::User;
use crate::store::{Tx, enrolled, flows, users};

/// What the page of a second factor needs to know.
#[derive(Clone, Debug)]
pub struct Offer {
    pub user: User,
    /// The ways, the one to show first in front.
    pub kinds: Vec<MethodKind>,
    /// It is no second factor that is asked for, but the mailbox: the account was locked.
    pub is_mailbox: bool,
}

/// Whose second factor a journey asks for, and by what it can be given. None: the journey is over, or of another kind.
pub async fn offer(app: &App, flow: &Flow, current: Option<&Current>) -> Outcome<Option<Offer>> {
    let mut tx = app.store.read().await?;
    let Some((user, enrolled, given)) = standing(app, &mut tx, flow, current).await? else { return Ok(None) };
    Ok(Some(Offer { kinds: offered(flow, &enrolled, &given), is_mailbox: wants_mailbox(&enrolled, &given), user }))
}

fn offered(flow: &Flow, enrolled: &Enrolled, given: &[Method]) -> Vec<MethodKind> {
    match flow.state.is_reset() {
        true => second_factors_of_reset(enrolled, given),
        false => second_factors(enrolled, given),
    }
}

async fn standing(
    app: &App,
    tx: &mut Tx,
    flow: &Flow,
    current: Option<&Current>,
) -> Outcome<Option<(User, Enrolled, Vec<Method>)>> {
    let (State::SecondFactor(half), Some(user_id)) = (&flow.state, &flow.user_id) else { return Ok(None) };
    if flow.step(Step::Proved, app.now()).is_err() {
        return Ok(None);
    }
    let Some(user) = users::by_id(tx, user_id).await?.filter(User::is_active) else { return Ok(None) };
    let enrolled = enrolled::of(tx, &user).await?;
    let given = match current.filter(|current| current.user.id == user.id) {
        Some(current) if half.given.is_empty() => current.session.methods.clone(),
        // Without a session there is nothing to add a second factor to.
        None if half.given.is_empty() => return Ok(None),
        _ => half.given.clone(),
    };
    Ok(Some((user, enrolled, given)))
}

/// What became of sending a code.
#[derive(Debug)]
pub enum Sending {
    Done,
    Wait(std::time::Duration),
    /// Not by this channel, or not any more in this journey: another way is needed.
    No,
    Over,
}

/// Sends a code to the account's address or number.
pub async fn send(
    app: &App,
    flow: &Flow,
    channel: Channel,
    current: Option<&Current>,
    requester: &Requester,
) -> Outcome<Sending> {
    app.limit_requester(Purpose::Verify, app.settings.limits.verify_requester, requester).await?;
    let mut tx = app.store.write().await?;
    let Some((user, enrolled, given)) = standing(app, &mut tx, flow, current).await? else { return Ok(Sending::Over) };
    let kind = MethodKind::sent_by(channel);
    let (true, Some(to)) = (offered(flow, &enrolled, &given).contains(&kind), user.verified(channel)) else {
        return Ok(Sending::No);
    };
    match flow.codes.may_send(app.code_rules(), app.now()) {
        // The same code is still good; to another destination it may go at once.
        codes::MaySend::After(wait) if flow.state.destination() == Some(&to) => return Ok(Sending::Wait(wait)),
        codes::MaySend::Now | codes::MaySend::After(_) => {}
        codes::MaySend::Never => return Ok(Sending::No),
    }
    match destination::reach(app, &mut tx, &to, destination::By::Owner, true).await? {
        destination::Leave::Granted => {}
        destination::Leave::After(wait) => return Ok(Sending::Wait(wait)),
        destination::Leave::NoSms => return Ok(Sending::No),
    }
    let State::SecondFactor(half) = &flow.state else { return Ok(Sending::Over) };
    let state = State::SecondFactor(Box::new(HalfSignedIn { to: Some(to), ..(**half).clone() }));
    let mut next = Flow { state, ..flow.clone() };
    codes::send(app, &mut tx, &mut next, Recipient::Owner, super::tell::locale_of(&user, requester.locale)).await?;
    let moved = flow.state == next.state || flows::advance(&mut tx, &flow.id, &flow.state, &next.state).await?.is_done();
    if !moved || !flows::set_codes(&mut tx, &flow.id, &flow.codes, &next.codes).await?.is_done() {
        return Ok(Sending::Wait(app.code_rules().resend));
    }
    tx.commit().await?;
    Ok(Sending::Done)
}

/// A second factor as given.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// Of the mail or SMS that was sent in this journey.
    Code(&'a str),
    Password(&'a str),
    /// Of an authenticator app.
    Totp(&'a str),
    RecoveryCode(&'a str),
    /// An authenticator's answer to [`prove::second_challenge`], and the sealed state.
    Key {
        answer: &'a str,
        state: &'a str,
    },
}

/// The second factor was right.
#[derive(Debug)]
pub struct Done {
    pub signed_in: SignedIn,
    pub continue_to: Continue,
    /// The secret for the browser's cookie, if it is not to be asked again.
    pub trusted: Option<String>,
    /// With the new password of a reset: the names of the providers from which the account is disconnected.
    pub disconnected: Vec<String>,
}

#[derive(Debug)]
pub enum Second {
    Done(Box<Done>),
    Wrong,
    /// Right, but it was used before: the app's next one is needed.
    CodeUsed,
    /// A new code is needed.
    CodeSpent,
    /// Wrong too often: the flow is over, and the first factor is asked for anew.
    Spent,
    /// Not one of this account's.
    NotOffered,
    Over,
}

/// Judges a second factor. With a right one the session begins, or the one there is learns of it. `trust`: not to be asked again in this
/// browser.
pub async fn prove(app: &App, flow: &Flow, given: Given<'_>, trust: bool, arrival: &Arrival<'_>) -> Outcome<Second> {
    codes::limit(app, arrival.requester).await?;
    let Some(user_id) = &flow.user_id else { return Ok(Second::Over) };
    let user = users::by_id(&mut app.store.read().await?, user_id).await?;
    let known = user.as_ref().is_some_and(|user| arrival.knows(user));
    // Keys and recovery codes cannot be guessed, and tries at a code that was sent are counted with the code: nobody's guesses make them wait.
    match (given, &user) {
        // An authenticator app has a count of its own, so that failures there and at the password do not add up, nor forgive each other.
        (Given::Totp(_), _) => app.limit_second(arrival.requester, user_id, known, first_factor(flow)).await?,
        // A password is one, at whatever door it is tried.
        (Given::Password(_), Some(user)) => app.limit_sign_in(arrival.requester, &sign_in::account_of(user, known)).await?,
        _ => {}
    }
    if matches!(given, Given::Totp(_) | Given::Password(_)) {
        let mut tx = app.store.write().await?;
        let may = app.may_try_second(&mut tx, flow).await?;
        if !may {
            // Clocks of nodes may be a little apart; what was called over is over.
            spent(app, &mut tx, flow, user.as_ref(), arrival.requester).await?;
        }
        tx.commit().await?;
        if !may {
            return Ok(Second::Spent);
        }
    }
    let mut key = None;
    let password_right = match given {
        Given::Password(password) => {
            let stored = user.and_then(|user| user.password_hash);
            matches!(app.verify(password, stored).await?, Verdict::Right { .. })
        }
        Given::Key { answer, state } => {
            let Some(user) = user else { return Ok(Second::Over) };
            let verdict = prove::prove_second(app, &user, &arrival.browser, answer, state, arrival.requester).await?;
            if let prove::Verdict::Proven(proven) = verdict {
                key = Some(proven);
            }
            false
        }
        Given::Code(_) | Given::Totp(_) | Given::RecoveryCode(_) => false,
    };
    let mut tx = app.store.write().await?;
    let Some((user, enrolled, earlier)) = standing(app, &mut tx, flow, arrival.before).await? else { return Ok(Second::Over) };
    let sent_by = flow.state.destination().map(Contact::channel);
    let kind = match (given, sent_by) {
        (Given::Code(_), Some(Channel::Mail)) => MethodKind::Mail,
        (Given::Code(_), Some(Channel::Sms)) => MethodKind::Sms,
        (Given::Code(_), None) => return Ok(Second::NotOffered),
        (Given::Password(_), _) => MethodKind::Password,
        (Given::Totp(_), _) => MethodKind::Totp,
        (Given::RecoveryCode(_), _) => MethodKind::RecoveryCode,
        (Given::Key { .. }, _) => MethodKind::SecurityKey,
    };
    if !offered(flow, &enrolled, &earlier).contains(&kind) {
        return Ok(Second::NotOffered);
    }
    let judged = match given {
        Given::Code(text) => codes::judge(app, &mut tx, flow, text, arrival.requester).await?,
        Given::Password(_) => right(password_right),
        Given::Totp(text) => match factors::use_totp(app, &mut tx, &user, text).await? {
            Used::Now => Typed::Right,
            // A right code is no guess, so no failure is recorded; the try stays counted.
            Used::Before => return Ok(Second::CodeUsed),
            Used::Wrong => Typed::Wrong,
        },
        Given::RecoveryCode(text) => right(factors::use_recovery_code(app, &mut tx, &user, text, arrival.requester).await?),
        Given::Key { .. } => match &key {
            Some(proven) if prove::use_up(app, &mut tx, proven).await? => Typed::Right,
            _ => Typed::Wrong,
        },
    };
    if judged != Typed::Right {
        let event = super::tell::event(Kind::SecondFactorFailed, arrival.requester.origin());
        app.record(&mut tx, Event { user_id: Some(user.id.clone()), detail: Some(kind.as_str()), ..event }).await?;
        let over = matches!(given, Given::Totp(_) | Given::Password(_)) && !app.has_tries(&mut tx, flow).await?;
        if over {
            spent(app, &mut tx, flow, Some(&user), arrival.requester).await?;
        }
        tx.commit().await?;
        if !matches!(given, Given::Code(_)) {
            app.proof_given(kind.as_str(), "wrong", arrival.requester);
        }
        return Ok(match judged {
            Typed::Spent => Second::CodeSpent,
            _ if over => Second::Spent,
            _ => Second::Wrong,
        });
    }
    if !flows::finish(&mut tx, &flow.id, app.now()).await?.is_done() {
        return Ok(Second::Over);
    }
    if matches!(given, Given::Code(_)) {
        codes::arrived(app, &mut tx, flow).await?;
        // It comes first next time.
        if let Some(factor) = enrolled.factors.iter().find(|factor| factor.kind.as_str() == kind.as_str()) {
            crate::store::factors::touch(&mut tx, &factor.id, app.now()).await?;
        }
    }
    match given {
        Given::Password(_) => app.forgive(&mut tx, &sign_in::account_of(&user, known)).await?,
        _ => app.forgive_second(&mut tx, arrival.requester, &user.id, known).await?,
    }
    let State::SecondFactor(half) = &flow.state else { return Ok(Second::Over) };
    let (mut user, mut before, mut disconnected) = (user, arrival.before, Vec::new());
    if let Some(hash) = &half.new_password {
        // Now that it is proved whose reset it is.
        let proofs = [half.given.clone(), vec![Method::second(kind, app.now())]].concat();
        let effect = reset::Effect { hash: hash.clone(), proofs: &proofs };
        (user, disconnected) = reset::take_effect(app, &mut tx, user, effect, arrival.requester).await?;
        before = None;
    } else if let (MethodKind::Mail, Some(Contact::Email(email))) = (kind, flow.state.destination()) {
        users::mailbox_proved(&mut tx, &user.id, email).await?;
    }
    // Where somebody proves anew that they are there, the browser's trust is not the question.
    let is_second = is_second(kind, &enrolled, &earlier);
    let secret = match trust && !half.given.is_empty() && is_second {
        true => factors::trust(app, &mut tx, &user, arrival.requester).await?,
        false => None,
    };
    let proof = if is_second { Method::second(kind, app.now()) } else { Method::first(kind, app.now()) };
    let chosen = half.new_password.as_ref().map(|_| Method::first(MethodKind::Password, app.now()));
    let methods = [half.given.clone(), chosen.into_iter().collect(), vec![proof]].concat();
    let arrival = Arrival { remember: half.remember, flow: None, before, continue_to: &flow.continue_to, ..arrival.clone() };
    let signed_in = match is_second {
        true => sign_in::finish(app, tx, &user, methods, &arrival).await?,
        false => sign_in::proceed(app, tx, &user, methods, &arrival).await?,
    };
    app.proof_given(kind.as_str(), signed_in.as_str(), arrival.requester);
    Ok(Second::Done(Box::new(Done { signed_in, continue_to: flow.continue_to.clone(), trusted: secret, disconnected })))
}

/// Ends a flow whose tries are used up: several of its last ones may come here at once. The account's owner hears of it where the first factor was given
/// on the way; who is signed in proves it to themselves.
async fn spent(app: &App, tx: &mut Tx, flow: &Flow, user: Option<&User>, requester: &Requester) -> Outcome<()> {
    let first = flows::finish(tx, &flow.id, app.now()).await?.is_done();
    let Some(user) = user.filter(|_| first && first_factor(flow).is_some()) else { return Ok(()) };
    if app.may_warn_of_second(tx, &user.id).await? {
        app.notify(tx, user, Notice::SecondFactorFailed, requester).await?;
    }
    Ok(())
}

/// By what somebody came as far as their second factor. None: they are signed in.
fn first_factor(flow: &Flow) -> Option<MethodKind> {
    let State::SecondFactor(half) = &flow.state else { return None };
    half.given.iter().find(|method| !method.second).map(|method| method.kind)
}

const fn right(yes: bool) -> Typed {
    if yes { Typed::Right } else { Typed::Wrong }
}

/// Somebody signed in, and where.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    pub current: &'a Current,
    /// The hash of the browser's secret.
    pub browser: [u8; 32],
    pub requester: &'a Requester,
}

/// Whether what was proved in this session lately is worth as much as the account's best proof. If not, the journey in which that is
/// proved: changing how one signs in wants it, so that neither an open browser nor a mailbox alone is enough.
pub async fn step_up(app: &App, at: At<'_>, page: AccountPage, slack: std::time::Duration) -> Outcome<Option<Flow>> {
    step_up_to(app, at, Continue::Page { page }, slack).await
}

/// The same, on the way to anything.
pub(super) async fn step_up_to(
    app: &App,
    at: At<'_>,
    continue_to: Continue,
    slack: std::time::Duration,
) -> Outcome<Option<Flow>> {
    let current = at.current;
    let mut tx = app.store.read().await?;
    let enrolled = enrolled::of(&mut tx, &current.user).await?;
    drop(tx);
    let best = best_proof(&enrolled, &current.session.methods, confirm::ways(app));
    let since = app.now() - (app.settings.sign_in.step_up + slack);
    let fresh = strength_since(&current.session.methods, since);
    if fresh.is_some_and(|strength| strength >= best) {
        return Ok(None);
    }
    let state = match (best, fresh) {
        // Only the second factor is missing or old, as in a browser that is trusted.
        (Strength::TwoFactors, Some(_)) => {
            State::SecondFactor(Box::new(HalfSignedIn::new(Vec::new(), current.session.remembered)))
        }
        // The first factor; the second follows where there is one.
        _ => State::SignIn,
    };
    begin(app, at, state, continue_to).await.map(Some)
}

/// Whether there is a second factor to ask this person for.
pub(super) async fn has_second(app: &App, current: &Current) -> Outcome<bool> {
    let enrolled = enrolled::of(&mut app.store.read().await?, &current.user).await?;
    Ok(best_proof(&enrolled, &current.session.methods, confirm::ways(app)) == Strength::TwoFactors)
}

/// The journey in which somebody signed in adds a second factor to their session. None: they have none to give.
pub async fn add_to_session(app: &App, at: At<'_>, continue_to: Continue) -> Outcome<Option<Flow>> {
    let current = at.current;
    let enrolled = enrolled::of(&mut app.store.read().await?, &current.user).await?;
    let kinds = second_factors(&enrolled, &current.session.methods);
    if kinds.is_empty() || (kinds == [MethodKind::Password] && !enrolled.is_on()) {
        return Ok(None);
    }
    let half = HalfSignedIn::new(Vec::new(), current.session.remembered);
    begin(app, at, State::SecondFactor(Box::new(half)), continue_to).await.map(Some)
}

/// The journey of somebody signed in that a page leads to. Pages are opened again and again, by people and by apps that send their visitors here: the
/// one that waits in this browser for the same goes on, and new ones are limited like those of people who are not signed in.
async fn begin(app: &App, at: At<'_>, state: State, continue_to: Continue) -> Outcome<Flow> {
    let new = codes::begin(app, state, Some(at.current.user.id.clone()), at.browser, continue_to);
    // What is left of its time must do for the page that it opens.
    let half = app.flow_lifetimes().of(&new.state) / 2;
    if let Some(waiting) = flows::like(&mut app.store.read().await?, &new, app.now() + half).await? {
        return Ok(waiting);
    }
    let mut tx = app.store.write().await?;
    app.may_begin(&mut tx, at.requester).await?;
    flows::insert(&mut tx, &new).await?;
    tx.commit().await?;
    Ok::<_, Fault>(new)
}
