//! Signing in with an identifier and a password.

use super::session::{self, Current, Proved};
use super::{App, Outcome, Requester, codes};
use crate::crypto::password::Verdict;
use crate::engine::address::Identifier;
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, State, Step};
use crate::engine::session::{MethodKind, Session};
use crate::engine::sign_in::{Facts, Holder, Needed, Proof, what_is_still_needed};
use crate::engine::user::User;
use crate::store::{flows, users};

/// What was typed, and where.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub identifier: &'a str,
    pub password: &'a str,
    pub remember: bool,
    /// The hash of the browser's secret.
    pub browser: [u8; 32],
    /// The journey this belongs to: where to go afterwards.
    pub flow: Option<&'a Flow>,
    pub continue_to: &'a Continue,
    /// Who is signed in in this browser.
    pub before: Option<&'a Current>,
    pub requester: &'a Requester,
}

/// What came of it.
#[derive(Debug)]
pub enum SignedIn {
    Done(Box<Session>),
    /// One sentence for a wrong identifier and a wrong password.
    Wrong,
    /// The password was right; the address must be proved in this journey.
    VerifyFirst(Box<Flow>),
    /// The password was right; an operator has shut the account.
    Disabled,
}

/// The same work for known and unknown people: two look-ups, one hash, one transaction.
pub async fn with_password(app: &App, attempt: Attempt<'_>) -> Outcome<SignedIn> {
    let identifier = Identifier::parse(attempt.identifier);
    let account = limit_key(&identifier, attempt.identifier);
    app.limit_sign_in(attempt.requester, &account).await?;

    let now = app.now();
    let (user, pending) = {
        let mut tx = app.store.read().await?;
        let user = users::by_identifier(&mut tx, &identifier).await?;
        (user, flows::open_for(&mut tx, "sign_up", identifier.key(), now).await?)
    };
    let waiting = match (&user, &pending) {
        (None, Some(Flow { state: State::SignUp(sign_up), .. })) => Some(&sign_up.password_hash),
        _ => None,
    };
    let stored = user.as_ref().map_or(waiting.cloned(), |user| user.password_hash.clone());
    let holder = match (&user, waiting) {
        (Some(user), _) => {
            Holder::Account { active: user.is_active(), email_verified: user.email.is_none() || user.email_is_verified() }
        }
        (None, Some(_)) => Holder::Pending,
        (None, None) => Holder::Nobody,
    };
    let verdict = app.verify(attempt.password, stored.clone()).await?;
    let proof = if matches!(verdict, Verdict::Right { .. }) { Proof::PasswordRight } else { Proof::PasswordWrong };

    let needed = what_is_still_needed(Facts { holder, proof, verification_required: app.settings.signup.verify_email });
    let outcome = match (needed, user, pending) {
        (Needed::Nothing, Some(user), _) => {
            finish(app, attempt, &user, &account, outdated(verdict).then_some(stored).flatten()).await?
        }
        (Needed::VerifiedEmail, Some(user), _) => verify_first(app, attempt, &user, &account).await?,
        (Needed::VerifiedEmail, None, Some(flow)) => resume_sign_up(app, attempt, flow, &account).await?,
        (Needed::ActiveAccount, user, _) => {
            fail(app, attempt, user.as_ref(), Some("disabled")).await.map(|()| SignedIn::Disabled)?
        }
        (_, user, _) => fail(app, attempt, user.as_ref(), None).await.map(|()| SignedIn::Wrong)?,
    };
    let word = match &outcome {
        SignedIn::Done(_) => "signed_in",
        SignedIn::Wrong => "wrong",
        SignedIn::VerifyFirst(_) => "unverified",
        SignedIn::Disabled => "disabled",
    };
    app.metrics.sign_in("password", word);
    Ok(outcome)
}

/// Limits count what was typed, so that they count the same whether or not anybody has it.
pub(super) fn limit_key(identifier: &Identifier, typed: &str) -> String {
    match identifier {
        Identifier::Unknown => format!("?{}", typed.trim().to_lowercase().chars().take(64).collect::<String>()),
        known => known.key().to_owned(),
    }
}

const fn outdated(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Right { outdated: true })
}

async fn finish(app: &App, attempt: Attempt<'_>, user: &User, account: &str, rehash: Option<String>) -> Outcome<SignedIn> {
    // Hashed with today's parameters; if the queue is full, another day will do.
    let renewed = match &rehash {
        Some(_) => app.hash(attempt.password).await.ok(),
        None => None,
    };
    let mut tx = app.store.write().await?;
    if let (Some(old), Some(new)) = (rehash, renewed) {
        users::rehashed(&mut tx, &user.id, &old, &new).await?;
    }
    app.forgive(&mut tx, account).await?;
    // A flow that leads into an authorization request is finished there.
    if let Some(flow) = attempt.flow
        && flow.continue_to == Continue::Account
        && flow.step(Step::SignedIn, app.now()).is_ok()
    {
        flows::finish(&mut tx, &flow.id, app.now()).await?;
    }
    let proved =
        Proved { how: MethodKind::Password, remember: attempt.remember, before: attempt.before, requester: attempt.requester };
    let session = session::begin(app, &mut tx, user, proved).await?;
    tx.commit().await?;
    Ok(SignedIn::Done(Box::new(session)))
}

/// A journey in which the account's address is proved, with its mail on the way.
async fn verify_first(app: &App, attempt: Attempt<'_>, user: &User, account: &str) -> Outcome<SignedIn> {
    let email = user.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default();
    let mut tx = app.store.write().await?;
    app.forgive(&mut tx, account).await?;
    let state = State::VerifyEmail { email };
    let mut flow = codes::begin(app, state, Some(user.id.clone()), attempt.browser, attempt.continue_to.clone());
    codes::send(app, &mut tx, &mut flow, codes::Recipient::Owner, attempt.requester.locale).await?;
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    Ok(SignedIn::VerifyFirst(Box::new(flow)))
}

/// The sign-up goes on in this browser; another code is sent if it is time.
async fn resume_sign_up(app: &App, attempt: Attempt<'_>, mut flow: Flow, account: &str) -> Outcome<SignedIn> {
    let mut tx = app.store.write().await?;
    app.forgive(&mut tx, account).await?;
    flows::rebind(&mut tx, &flow.id, &attempt.browser).await?;
    tx.commit().await?;
    flow.browser_hash = attempt.browser;
    codes::resend(app, &flow, attempt.requester).await?;
    Ok(SignedIn::VerifyFirst(Box::new(flow)))
}

async fn fail(app: &App, attempt: Attempt<'_>, user: Option<&User>, detail: Option<&'static str>) -> Outcome<()> {
    let mut tx = app.store.write().await?;
    let event = super::tell::event(Kind::SignInFailed, attempt.requester.origin());
    app.record(&mut tx, Event { user_id: user.map(|user| user.id.clone()), detail, ..event }).await?;
    tx.commit().await?;
    Ok(())
}

/// The password of somebody who is signed in, for what needs it again. Counts like a sign-in.
pub(super) async fn knows_password(app: &App, current: &Current, password: &str, requester: &Requester) -> Outcome<bool> {
    let account = current.user.email.as_ref().map_or_else(|| current.user.id.to_string(), |email| email.key().to_owned());
    app.limit_sign_in(requester, &account).await?;
    let right = matches!(app.verify(password, current.user.password_hash.clone()).await?, Verdict::Right { .. });
    if right {
        let mut tx = app.store.write().await?;
        app.forgive(&mut tx, &account).await?;
        tx.commit().await?;
    }
    Ok(right)
}
