//! Signing in: with an identifier and a password here, with codes and passkeys beside; all of them go on in [`proceed`].

use super::known_device::KnownDevice;
use super::notices::Notice;
use super::session::{self, Current, Proved};
use super::{App, Outcome, Requester, codes, destination, factors};
use crate::crypto::password::Verdict;
use crate::engine::address::{Channel, Identifier};
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, FlowKind, HalfSignedIn, State, Step};
use crate::engine::method::{Method, MethodKind};
use crate::engine::session::Session;
use crate::engine::sign_in::{Facts, Needed, Second, what_is_still_needed};
use crate::engine::user::User;
use crate::ids::UserId;
use crate::settings::RequiredFor;
use crate::store::{StoreError, Tx, enrolled, flows, users};

/// Who comes, and from where: the same for every way in.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// "Stay signed in".
    pub remember: bool,
    /// The hash of the browser's secret.
    pub browser: [u8; 32],
    /// The journey this belongs to: where to go afterwards.
    pub flow: Option<&'a Flow>,
    pub continue_to: &'a Continue,
    /// Who is signed in in this browser.
    pub before: Option<&'a Current>,
    /// Who has signed in in this browser before.
    pub known: Option<KnownDevice>,
    /// What this browser shows to skip the second factor.
    pub device: Option<&'a str>,
    pub requester: &'a Requester,
}

impl Arrival<'_> {
    /// Whether this person has signed in in this browser before.
    pub(super) fn knows(&self, user: &User) -> bool {
        self.known.as_ref().is_some_and(|known| known.is_of(user))
    }
}

/// What came of it.
#[derive(Debug)]
pub enum SignedIn {
    Done(Box<Session>),
    /// One sentence for a wrong identifier and a wrong password.
    Wrong,
    /// The proof was right, and this journey has what is still needed: the address proved, a second factor given, or one set up.
    More(Box<Flow>),
    /// The proof was right; an operator has shut the account.
    Disabled,
}

impl SignedIn {
    pub(in crate::actions) const fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "signed_in",
            Self::Wrong => "wrong",
            Self::More(flow) => flow.state.kind().as_str(),
            Self::Disabled => "disabled",
        }
    }
}

/// The same work for known and unknown people: two look-ups, one hash, one transaction.
pub async fn with_password(app: &App, typed: &str, password: &str, arrival: &Arrival<'_>) -> Outcome<SignedIn> {
    let identifier = app.identifier(typed);
    let now = app.now();
    let (user, pending) = {
        let mut tx = app.store.read().await?;
        let user = users::by_identifier(&mut tx, &identifier).await?;
        (user, flows::open_for(&mut tx, FlowKind::SignUp, identifier.key(), now).await?)
    };
    let known = user.as_ref().filter(|user| arrival.knows(user)).map(|user| &user.id);
    // A stranger's failures must not lock out a browser in which the person has signed in before.
    let account = known.map_or_else(|| limit_key(&identifier, typed), known_key);
    app.limit_sign_in(arrival.requester, &account).await?;
    let waiting = match (&user, &pending) {
        (None, Some(Flow { state: State::SignUp(sign_up), .. })) => sign_up.password_hash.as_ref(),
        _ => None,
    };
    let stored = user.as_ref().map_or(waiting.cloned(), |user| user.password_hash.clone());
    let verdict = app.verify(password, stored.clone()).await?;
    let right = matches!(verdict, Verdict::Right { .. });
    let resumable = waiting.is_some();
    let outcome = match (right, user, pending) {
        (true, Some(user), _) => {
            let stored = stored.filter(|_| matches!(verdict, Verdict::Right { outdated: true }));
            // Hashed with today's parameters; if the queue is full, another day will do.
            let renewed = match &stored {
                Some(_) => app.hash(password).await.ok(),
                None => None,
            };
            let mut tx = app.store.write().await?;
            if let (Some(old), Some(new)) = (stored, renewed) {
                users::rehashed(&mut tx, &user.id, &old, &new).await?;
            }
            app.forgive(&mut tx, &account).await?;
            proceed(app, tx, &user, vec![Method::first(MethodKind::Password, now)], arrival).await?
        }
        (true, None, Some(flow)) if resumable => resume_sign_up(app, arrival, flow, &account).await?,
        (_, user, _) => fail(app, user.as_ref(), None, arrival.requester).await.map(|()| SignedIn::Wrong)?,
    };
    app.proof_given("password", outcome.as_str(), arrival.requester);
    Ok(outcome)
}

/// Somebody has proved who they are, by one way or another, in the transaction that knows it. A session begins, or the journey of what is
/// still needed does.
pub(in crate::actions) async fn proceed(
    app: &App,
    mut tx: Tx,
    user: &User,
    given: Vec<Method>,
    arrival: &Arrival<'_>,
) -> Outcome<SignedIn> {
    let half = |given| Box::new(HalfSignedIn::new(given, arrival.remember));
    match still_needed(app, &mut tx, user, &given, arrival).await? {
        Needed::Nothing => finish(app, tx, user, given, arrival).await,
        Needed::SecondFactor => begin(app, tx, user, State::SecondFactor(half(given)), arrival).await,
        Needed::Enrolment => begin(app, tx, user, State::Enrol(half(given)), arrival).await,
        Needed::Verification => verify_first(app, tx, user, first_channel(user), given, arrival).await,
        Needed::ActiveAccount => {
            drop(tx);
            fail(app, Some(user), Some("disabled"), arrival.requester).await.map(|()| SignedIn::Disabled)
        }
    }
}

/// What this person's sign-in needs beside what was given.
pub(in crate::actions) async fn still_needed(
    app: &App,
    tx: &mut Tx,
    user: &User,
    given: &[Method],
    arrival: &Arrival<'_>,
) -> Outcome<Needed> {
    let enrolled = enrolled::of(tx, user).await?;
    let channel = first_channel(user);
    let verified = user.contact(channel).is_none() || user.is_verified(channel);
    // Whoever proves anew that it is still them gives both factors, also in a browser that is trusted.
    let anew = arrival.before.is_some_and(|before| before.user.id == user.id) || arrival.continue_to.wants_fresh_proof();
    let remembered = match arrival.device {
        Some(cookie) if enrolled.is_on() && !anew => factors::is_trusted(app, tx, user, cookie).await?,
        _ => false,
    };
    Ok(what_is_still_needed(Facts {
        active: user.is_active(),
        verified: verified || !app.must_verify(channel),
        given,
        enrolled: &enrolled,
        second: Second {
            required: second_factor_required(app, user),
            now: arrival.continue_to.needs_two_factors(),
            remembered: remembered && !arrival.continue_to.likes_two_factors(),
        },
    }))
}

/// Where the account is reached: the address, or the number of one without.
const fn first_channel(user: &User) -> Channel {
    if user.email.is_some() { Channel::Mail } else { Channel::Sms }
}

/// Whether the operator wants two factors of this person.
pub(super) fn second_factor_required(app: &App, user: &User) -> bool {
    match app.settings.second_factor.required {
        RequiredFor::Nobody => false,
        RequiredFor::Administrators => user.is_admin,
        RequiredFor::Everyone => true,
    }
}

/// Everything needed is there.
pub(super) async fn finish(app: &App, mut tx: Tx, user: &User, methods: Vec<Method>, arrival: &Arrival<'_>) -> Outcome<SignedIn> {
    // A flow that leads into an authorization request is finished there; one that leads to a site ends unasked, for it knows only the way.
    if let Some(flow) = arrival.flow
        && !matches!(flow.continue_to, Continue::Authorize { .. } | Continue::Site { .. })
        && flow.step(Step::SignedIn, app.now()).is_ok()
    {
        // Another tab may have ended the way; who is here has proved themselves all the same.
        flows::finish(&mut tx, &flow.id, app.now()).await?.either_way();
    }
    let proved = Proved { methods, remember: arrival.remember, before: arrival.before, requester: arrival.requester };
    let session = session::begin(app, &mut tx, user, proved).await?;
    if is_new_device(user, arrival) {
        app.notify(&mut tx, user, Notice::NewDevice, arrival.requester).await?;
    }
    tx.commit().await?;
    Ok(SignedIn::Done(Box::new(session)))
}

/// Whether a person who has signed in before has not done so in this browser.
fn is_new_device(user: &User, arrival: &Arrival<'_>) -> bool {
    let is_here = arrival.before.is_some_and(|before| before.user.id == user.id);
    user.last_login_at.is_some() && !is_here && !arrival.knows(user)
}

pub(super) async fn begin(app: &App, mut tx: Tx, user: &User, state: State, arrival: &Arrival<'_>) -> Outcome<SignedIn> {
    if !users::hold(&mut tx, user).await?.is_done() {
        return Err(StoreError::Overtaken.into());
    }
    let flow = codes::begin(app, state, Some(user.id.clone()), arrival.browser, arrival.continue_to.clone());
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    Ok(SignedIn::More(Box::new(flow)))
}

/// Limits count what was typed, so that they count the same whether or not anybody has it.
pub(super) fn limit_key(identifier: &Identifier, typed: &str) -> String {
    match identifier {
        Identifier::Unknown => format!("?{}", typed.trim().to_lowercase().chars().take(64).collect::<String>()),
        known => known.key().to_owned(),
    }
}

fn known_key(user_id: &UserId) -> String {
    format!("known|{user_id}")
}

/// How tries at an account's password are counted where it is known whose it is: as if they had typed what they are reached by. `known`: in a
/// browser in which they have signed in before.
pub(super) fn account_of(user: &User, known: bool) -> String {
    if known {
        return known_key(&user.id);
    }
    let contact = user.contact(first_channel(user)).map(|contact| contact.key().to_owned());
    let username = || user.username.as_ref().map(|name| name.key().to_owned());
    contact.or_else(username).unwrap_or_else(|| user.id.to_string())
}

/// A journey in which the account's address or number is proved, with its message on the way.
async fn verify_first(
    app: &App,
    mut tx: Tx,
    user: &User,
    channel: Channel,
    given: Vec<Method>,
    arrival: &Arrival<'_>,
) -> Outcome<SignedIn> {
    let Some(to) = user.contact(channel) else { return Ok(SignedIn::Wrong) };
    let state = State::Verify { to: to.clone(), given, remember: arrival.remember };
    let mut flow = codes::begin(app, state, Some(user.id.clone()), arrival.browser, arrival.continue_to.clone());
    // Without a message the page still offers another one, later.
    let may_send = destination::reach(app, &mut tx, &to, destination::By::Owner, false).await? == destination::Leave::Granted;
    let recipient = if may_send { codes::Recipient::Owner } else { codes::Recipient::Nobody };
    codes::send(app, &mut tx, &mut flow, recipient, arrival.requester.locale).await?;
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    Ok(SignedIn::More(Box::new(flow)))
}

/// The sign-up goes on in this browser; another code is sent if it is time.
async fn resume_sign_up(app: &App, arrival: &Arrival<'_>, mut flow: Flow, account: &str) -> Outcome<SignedIn> {
    let mut tx = app.store.write().await?;
    app.forgive(&mut tx, account).await?;
    flows::rebind(&mut tx, &flow.id, &arrival.browser).await?;
    tx.commit().await?;
    flow.browser_hash = arrival.browser;
    codes::resend(app, &flow, arrival.requester).await?;
    Ok(SignedIn::More(Box::new(flow)))
}

pub(super) async fn fail(app: &App, user: Option<&User>, detail: Option<&'static str>, requester: &Requester) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    let event = super::tell::event(Kind::SignInFailed, requester.origin());
    app.record(&mut tx, Event { user_id: user.map(|user| user.id.clone()), detail, ..event }).await?;
    tx.commit().await?;
    Ok(())
}

/// The password of somebody who is signed in, for what needs it again. Counts like a sign-in.
pub(super) async fn knows_password(app: &App, current: &Current, password: &str, requester: &Requester) -> Outcome<bool> {
    // Of its own, so that strangers' failures at the sign-in page do not count here.
    let account = format!("session|{}", current.session.id);
    app.limit_sign_in(requester, &account).await?;
    let right = matches!(app.verify(password, current.user.password_hash.clone()).await?, Verdict::Right { .. });
    if right {
        let mut tx = app.store.write().await?;
        app.forgive(&mut tx, &account).await?;
        tx.commit().await?;
    }
    Ok(right)
}
