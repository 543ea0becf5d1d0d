//! Signing up, and proving an address.

use super::codes::{self, Recipient, Typed};
use super::limits::Purpose;
use super::session::{self, Current, Proved};
use super::{App, Outcome, Requester};
use crate::crypto::password::Verdict;
use crate::engine::address::Email;
use crate::engine::event::{Event, Kind};
use crate::engine::flow::{Continue, Flow, SignUp, State, Step};
use crate::engine::password::{self, Weakness};
use crate::engine::session::{MethodKind, Session};
use crate::engine::user::{FieldError, Profile, User};
use crate::gateways::mail::letters::Letter;
use crate::ids::UserId;
use crate::store::{StoreError, Tx, flows, users};
use crate::time::Timestamp;

/// What was typed.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password: &'a str,
    pub browser: [u8; 32],
    pub continue_to: &'a Continue,
    pub before: Option<&'a Current>,
    pub requester: &'a Requester,
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    Email,
    Password(Weakness),
    Name(FieldError),
    /// Only where addresses are not proved: else nobody learns it here.
    EmailTaken,
}

#[derive(Debug)]
pub enum Started {
    /// Look into your mail: said to everybody.
    Verify(Box<Flow>),
    /// Addresses need no proof here.
    Done(Box<Session>),
    Problems(Vec<Problem>),
    Closed,
}

/// Begins a sign-up. For an address that has an account the same page follows, and the mail tells its owner.
pub async fn start(app: &App, form: Form<'_>) -> Outcome<Started> {
    if !app.settings.signup.open {
        return Ok(Started::Closed);
    }
    let mut profile = Profile::default();
    profile.set("name", form.name);
    let email = Email::parse(form.email);
    let problems = problems(app, email.as_ref().ok(), &profile, form.password);
    let email = match email {
        Ok(email) if problems.is_empty() => email,
        _ => return Ok(Started::Problems(problems)),
    };
    app.limit_pair(Purpose::SignUp, app.settings.limits.signup, form.requester, email.key()).await?;
    profile.locale = Some(form.requester.locale.tag().to_owned());
    let password_hash = app.hash(form.password).await?;
    let sign_up = SignUp { email: email.as_str().to_owned(), password_hash, profile };
    if !app.settings.signup.verify_email {
        return without_proof(app, form, email, sign_up).await;
    }

    let mut tx = app.store.write().await?;
    let existing = users::by_email(&mut tx, &email).await?;
    let mut flow = codes::begin(app, State::SignUp(Box::new(sign_up)), None, form.browser, form.continue_to.clone());
    match &existing {
        None => codes::send(app, &mut tx, &mut flow, Recipient::Owner, form.requester.locale).await?,
        Some(user) => tell_owner(app, &mut tx, &mut flow, user, form.requester).await?,
    }
    flows::insert(&mut tx, &flow).await?;
    let kind = if existing.is_some() { Kind::SignUpForExisting } else { Kind::SignUpStarted };
    let event = super::tell::event(kind, form.requester.origin());
    app.record(&mut tx, Event { user_id: existing.map(|user| user.id), ..event }).await?;
    tx.commit().await?;
    Ok(Started::Verify(Box::new(flow)))
}

fn problems(app: &App, email: Option<&Email>, profile: &Profile, password: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if email.is_none() {
        problems.push(Problem::Email);
    }
    problems.extend(profile.problems().into_iter().map(|(_, error)| Problem::Name(error)));
    let personal = [email.map_or("", Email::key), profile.name.as_deref().unwrap_or_default(), &app.settings.pages.name];
    problems.extend(password::judge(password, app.settings.passwords.min_length, &personal).err().map(Problem::Password));
    problems
}

/// A mail to somebody who has an account already, and a code that nobody knows.
async fn tell_owner(app: &App, tx: &mut Tx, flow: &mut Flow, user: &User, requester: &Requester) -> Outcome<()> {
    flow.codes = std::mem::take(&mut flow.codes).sent(app.random.bytes(), app.code_rules(), app.now());
    let letter = Letter::SignupExisting { login: app.link("/login"), reset: app.link("/reset") };
    let to = user.email.as_ref().map(Email::as_str).unwrap_or_default();
    app.mail(tx, to, &letter, super::tell::locale_of(user, requester.locale), app.settings.flows.verify).await
}

async fn without_proof(app: &App, form: Form<'_>, email: Email, sign_up: SignUp) -> Outcome<Started> {
    let mut tx = app.store.write().await?;
    let user = match create(app, &mut tx, email, sign_up, None, form.requester).await {
        Ok(user) => user,
        Err(super::Fault::Store(StoreError::Taken)) => return Ok(Started::Problems(vec![Problem::EmailTaken])),
        Err(fault) => return Err(fault),
    };
    let proved = Proved { how: MethodKind::Password, remember: false, before: form.before, requester: form.requester };
    let session = session::begin(app, &mut tx, &user, proved).await?;
    tx.commit().await?;
    Ok(Started::Done(Box::new(session)))
}

async fn create(
    app: &App,
    tx: &mut Tx,
    email: Email,
    sign_up: SignUp,
    verified_at: Option<Timestamp>,
    requester: &Requester,
) -> Outcome<User> {
    let now = app.now();
    let user = User {
        email: Some(email),
        email_verified_at: verified_at,
        password_hash: Some(sign_up.password_hash),
        password_changed_at: Some(now),
        profile: sign_up.profile,
        ..User::blank(UserId::new(now, &app.random), now)
    };
    users::insert(tx, &user).await?;
    let event = super::tell::event(Kind::UserCreated, requester.origin());
    app.record(tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    Ok(user)
}

/// How an address is proved.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The code, typed in the browser that began.
    Code(&'a str),
    /// The mail's link, in the browser that began.
    Link,
    /// The mail's link in another browser, with the password that was chosen.
    LinkAndPassword(&'a str),
}

#[derive(Debug)]
pub enum Verified {
    /// Signed in, and where to go.
    Done(Box<Session>, Continue),
    CodeWrong,
    /// A new code is needed.
    CodeSpent,
    PasswordWrong,
    /// The journey is over, expired or was finished by another request.
    Over,
    /// Meanwhile the address has an account: sign in to it.
    HasAccount,
}

/// Finishes a sign-up, or confirms the address of an account.
pub async fn verify(
    app: &App,
    flow: &Flow,
    proof: Proof<'_>,
    before: Option<&Current>,
    requester: &Requester,
) -> Outcome<Verified> {
    codes::limit(app, requester).await?;
    if flow.step(Step::Proved, app.now()).is_err() {
        return Ok(Verified::Over);
    }
    if let Proof::LinkAndPassword(password) = proof
        && !chose_password(app, flow, password, requester).await?
    {
        return Ok(Verified::PasswordWrong);
    }
    let mut tx = app.store.write().await?;
    if let Proof::Code(text) = proof {
        match codes::judge(app, &mut tx, flow, text).await? {
            Typed::Right => {}
            Typed::Wrong => return tx.commit().await.map(|()| Verified::CodeWrong).map_err(Into::into),
            Typed::Spent => return tx.commit().await.map(|()| Verified::CodeSpent).map_err(Into::into),
        }
    }
    let now = app.now();
    if !flows::finish(&mut tx, &flow.id, now).await? {
        return Ok(Verified::Over);
    }
    let user = match flow.state.clone() {
        State::SignUp(sign_up) => {
            let Ok(email) = Email::parse(&sign_up.email) else { return Ok(Verified::Over) };
            match create(app, &mut tx, email, *sign_up, Some(now), requester).await {
                Ok(user) => Some(user),
                Err(super::Fault::Store(StoreError::Taken)) => return Ok(Verified::HasAccount),
                Err(fault) => return Err(fault),
            }
        }
        State::VerifyEmail { email } => confirm(app, &mut tx, flow, &email, requester).await?,
        _ => None,
    };
    let Some(user) = user else { return Ok(Verified::Over) };
    // Every way to here has asked for the password: the sign-up, the sign-in that led here, or the link's page.
    let proved = Proved { how: MethodKind::Password, remember: false, before, requester };
    let session = session::begin(app, &mut tx, &user, proved).await?;
    tx.commit().await?;
    Ok(Verified::Done(Box::new(session), flow.continue_to.clone()))
}

/// The address of an account is proved, if it still is its address.
async fn confirm(app: &App, tx: &mut Tx, flow: &Flow, email: &str, requester: &Requester) -> Outcome<Option<User>> {
    let Some(user_id) = &flow.user_id else { return Ok(None) };
    let Some(mut user) = users::by_id(tx, user_id).await?.filter(User::is_active) else { return Ok(None) };
    if user.email.as_ref().map(Email::as_str) != Some(email) {
        return Ok(None);
    }
    let (read_at, now) = (user.updated_at, app.now());
    (user.email_verified_at, user.updated_at) = (Some(now), super::reset::later(read_at, now));
    if !users::update(tx, &user, read_at).await? {
        return Err(StoreError::Overtaken.into());
    }
    let event = super::tell::event(Kind::EmailVerified, requester.origin());
    app.record(tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    Ok(Some(user))
}

async fn chose_password(app: &App, flow: &Flow, password: &str, requester: &Requester) -> Outcome<bool> {
    let stored = match (&flow.state, &flow.user_id) {
        (State::SignUp(sign_up), _) => Some(sign_up.password_hash.clone()),
        (_, Some(user_id)) => users::by_id(&mut app.store.read().await?, user_id).await?.and_then(|user| user.password_hash),
        _ => None,
    };
    let account = flow.state.subject().unwrap_or_default();
    app.limit_sign_in(requester, &account).await?;
    Ok(matches!(app.verify(password, stored).await?, Verdict::Right { .. }))
}
