//! Signing up, and proving an address.

use super::codes::{self, Recipient};
use super::destination::By;
use super::limits::Purpose;
use super::session::Current;
use super::sign_in::{self, Arrival, SignedIn};
use super::{App, Outcome, Requester, ownership, providers};
use crate::crypto::password::Verdict;
use crate::engine::address::{Channel, Contact, Email, NotAnEmail};
use crate::engine::event::{Event, Kind};
use crate::engine::external::Brought;
use crate::engine::flow::{Continue, Flow, SignUp, State, Step};
use crate::engine::method::{Method, MethodKind};
use crate::engine::password::{self, Weakness};
use crate::engine::session::Session;
use crate::engine::user::{FieldError, Profile, User};
use crate::gateways::mail::letters::Letter;
use crate::gateways::sms::texts::Sms;
use crate::ids::UserId;
use crate::settings::Way;
use crate::store::{StoreError, Tx, flows, users};

/// What was typed.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// A mail address or a phone number, as the page asked for.
    pub contact: Address<'a>,
    pub name: &'a str,
    /// Empty: none, where people can sign in by code.
    pub password: &'a str,
    pub browser: [u8; 32],
    pub continue_to: &'a Continue,
    pub before: Option<&'a Current>,
    pub requester: &'a Requester,
}

#[derive(Clone, Copy, Debug)]
pub enum Address<'a> {
    Email(&'a str),
    Phone(&'a str),
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    Email(NotAnEmail),
    Phone,
    Password(Weakness),
    Name(FieldError),
    /// No SMS goes to such numbers now.
    NoSms,
}

#[derive(Debug)]
pub enum Started {
    /// Look into your mail, or at your phone: said to everybody. Or, where nothing is proved, what a sign-in needs beside the password.
    Verify(Box<Flow>),
    /// Addresses need no proof here.
    Done(Box<Session>),
    Problems(Vec<Problem>),
    Closed,
}

/// Begins a sign-up. For an address that has an account the same page follows, and the message tells its owner.
pub async fn start(app: &App, form: Form<'_>) -> Outcome<Started> {
    if !app.settings.signup.is_open() {
        return Ok(Started::Closed);
    }
    let mut profile = Profile::default();
    profile.set("name", form.name);
    let to = match form.contact {
        Address::Email(text) => Email::typed(text).map(Contact::Email).map_err(Problem::Email),
        Address::Phone(text) => app.phone(text).map(Contact::Phone).map_err(|_| Problem::Phone),
    };
    let (to, unread) = match to {
        Ok(to) => (Some(to), None),
        Err(problem) => (None, Some(problem)),
    };
    let channel = match form.contact {
        Address::Email(_) => Channel::Mail,
        Address::Phone(_) => Channel::Sms,
    };
    let passwordless = form.password.is_empty() && may_be_passwordless(app, channel);
    let mut problems: Vec<Problem> = unread.into_iter().collect();
    problems.extend(profile.problems().into_iter().map(|(_, error)| Problem::Name(error)));
    if !passwordless {
        problems.extend(weakness(app, to.as_ref(), &profile, form.password).map(Problem::Password));
    }
    let to = match to {
        Some(to) if problems.is_empty() => to,
        _ => return Ok(Started::Problems(problems)),
    };
    app.limit_requester(Purpose::SignUp, app.settings.limits.signup_requester, form.requester).await?;
    profile.locale = Some(form.requester.locale.tag().to_owned());
    let password_hash = if passwordless { None } else { Some(app.hash(form.password).await?) };
    let arrival = Arrival {
        remember: false,
        browser: form.browser,
        flow: None,
        continue_to: form.continue_to,
        before: form.before,
        known: None,
        device: None,
        requester: form.requester,
    };
    go_on(app, SignUp { to, password_hash, profile, brought: None }, &arrival).await
}

/// What an account for somebody from a provider is made of, once the address is proved.
pub(super) fn from_provider(brought: Brought, email: Email, requester: &Requester) -> SignUp {
    let mut profile = brought.external.profile.clone();
    profile.locale = profile.locale.or_else(|| Some(requester.locale.tag().to_owned()));
    SignUp { to: Contact::Email(email), password_hash: None, profile, brought: Some(Box::new(brought)) }
}

/// Lets somebody from a provider prove an address.
pub(super) async fn prove(app: &App, sign_up: SignUp, arrival: &Arrival<'_>) -> Outcome<Started> {
    app.limit_requester(Purpose::SignUp, app.settings.limits.signup_requester, arrival.requester).await?;
    go_on(app, sign_up, arrival).await
}

async fn go_on(app: &App, sign_up: SignUp, arrival: &Arrival<'_>) -> Outcome<Started> {
    let (channel, requester) = (sign_up.to.channel(), arrival.requester);
    if !app.must_verify(channel) {
        let mut tx = app.store.read().await?;
        let holder = users::by_identifier(&mut tx, &sign_up.to.identifier()).await?;
        drop(tx);
        // Where another account has the address, its owner is told as ever, and nobody is told here. Somebody whose address another account claims
        // can prove it.
        if holder.is_none()
            && let Some(started) = without_proof(app, sign_up.clone(), arrival).await?
        {
            return Ok(started);
        }
    }
    let mut tx = app.store.write().await?;
    let by = By::Anywhere(requester);
    let Some(recipient) = codes::asked(app, &mut tx, sign_up.to.as_str(), Some(&sign_up.to), by, false).await?.or_wait(app)?
    else {
        return Ok(Started::Problems(vec![Problem::NoSms]));
    };
    let existing = users::by_identifier(&mut tx, &sign_up.to.identifier()).await?;
    let gives_way = ownership::gives_way(&mut tx, existing.as_ref(), channel).await?;
    let existing = existing.filter(|_| !gives_way);
    let mut flow = codes::begin(app, State::SignUp(Box::new(sign_up)), None, arrival.browser, arrival.continue_to.clone());
    match &existing {
        Some(user) if recipient == Recipient::Owner => tell_owner(app, &mut tx, &mut flow, user, requester).await?,
        _ => codes::send(app, &mut tx, &mut flow, recipient, requester.locale).await?,
    }
    flows::insert(&mut tx, &flow).await?;
    let kind = if existing.is_some() { Kind::SignUpForExisting } else { Kind::SignUpStarted };
    let event = super::tell::event(kind, requester.origin());
    app.record(&mut tx, Event { user_id: existing.map(|user| user.id), ..event }).await?;
    tx.commit().await?;
    Ok(Started::Verify(Box::new(flow)))
}

/// Whether an account can have a number and no password: it must be proved, and its owner must be able to sign in by codes.
pub fn may_be_passwordless(app: &App, channel: Channel) -> bool {
    channel == Channel::Sms && app.settings.signup.verify_phone && app.settings.sign_in.ways.contains(&Way::Sms)
}

fn weakness(app: &App, to: Option<&Contact>, profile: &Profile, password: &str) -> Option<Weakness> {
    let personal = [to.map_or("", Contact::key), profile.name.as_deref().unwrap_or_default(), &app.settings.pages.name];
    password::judge(password, app.settings.passwords.min_length, &personal).err()
}

/// A message to somebody who has an account already, and a code that nobody knows.
async fn tell_owner(app: &App, tx: &mut Tx, flow: &mut Flow, user: &User, requester: &Requester) -> Outcome<()> {
    flow.codes = std::mem::take(&mut flow.codes).sent(app.random.bytes(), app.code_rules(), app.now());
    if let Some(Contact::Phone(phone)) = flow.state.destination() {
        let sms = Sms::SignupExisting { login: app.link("/login") };
        return app.sms(tx, Some(phone), &sms, super::tell::locale_of(user, requester.locale), app.settings.flows.code).await;
    }
    let reset = app.link("/reset");
    let brought = match &flow.state {
        State::SignUp(sign_up) => sign_up.brought.as_ref(),
        _ => None,
    };
    let provider = brought.map(|brought| providers::name(app, &brought.external.provider));
    let letter = match provider {
        Some(provider) => Letter::ConnectExisting {
            provider,
            link: providers::join::letter_link(app, flow),
            reset,
            hours: codes::whole(app.settings.flows.verify, 3600),
        },
        None => Letter::SignupExisting { login: app.link("/login"), reset },
    };
    let to = user.email.as_ref().map(Email::as_str).unwrap_or_default();
    app.mail(tx, to, &letter, super::tell::locale_of(user, requester.locale), app.settings.flows.verify).await
}

/// None: somebody was faster to have this address or number.
async fn without_proof(app: &App, sign_up: SignUp, arrival: &Arrival<'_>) -> Outcome<Option<Started>> {
    let brought = sign_up.brought.clone();
    let mut tx = app.store.write().await?;
    let user = match create(app, &mut tx, sign_up, Proved::No, arrival.requester).await {
        Ok(user) => user,
        Err(super::Fault::Store(StoreError::Taken)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let (given, remember) = match brought {
        Some(brought) => {
            let given = providers::name_proofs(&mut tx, &brought.external, brought.given_by(app.now())).await?;
            (providers::come_back::dated(app, &mut tx, &user, given).await?, brought.remember)
        }
        None => (vec![Method::first(MethodKind::Password, app.now())], arrival.remember),
    };
    Ok(Some(match sign_in::proceed(app, tx, &user, given, &Arrival { remember, ..arrival.clone() }).await? {
        SignedIn::Done(session) => Started::Done(session),
        SignedIn::More(flow) => Started::Verify(flow),
        SignedIn::Wrong | SignedIn::Disabled => Started::Closed,
    }))
}

/// Why a new account's address or number counts as proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proved {
    /// It does not.
    No,
    /// By a code or link of ours.
    Here,
    /// The identity's provider says so.
    There,
}

/// Makes the account, with its identity if it has one. [`StoreError::Taken`] if either is another's.
pub(super) async fn create(app: &App, tx: &mut Tx, sign_up: SignUp, proved: Proved, requester: &Requester) -> Outcome<User> {
    let now = app.now();
    let SignUp { to, password_hash, profile, brought } = sign_up;
    let password_changed_at = password_hash.is_some().then_some(now);
    let mut user = User { password_hash, password_changed_at, profile, ..User::blank(UserId::new(now, &app.random), now) };
    if proved == Proved::Here {
        // If it does not give way, writing says that it is taken.
        ownership::make_room(app, tx, &to, requester).await?;
    }
    user.set_contact(to, (proved != Proved::No).then_some(now));
    let vouching = brought.as_ref().filter(|_| proved == Proved::There);
    user.email_vouched_by = vouching.map(|brought| brought.external.provider.clone());
    users::insert(tx, &user).await?;
    if let Some(brought) = brought {
        providers::connect(app, tx, &user, &brought.external, Some(now)).await?;
    }
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
    /// Proved, and a second factor is wanted in this journey.
    More(Box<Flow>),
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
pub async fn verify(app: &App, flow: &Flow, proof: Proof<'_>, arrival: &Arrival<'_>) -> Outcome<Verified> {
    let requester = arrival.requester;
    codes::limit(app, requester).await?;
    if flow.step(Step::Proved, app.now()).is_err() {
        return Ok(Verified::Over);
    }
    if let Proof::LinkAndPassword(password) = proof
        && !chose_password(app, flow, password, requester).await?
    {
        app.proof_given("password", "wrong", requester);
        return Ok(Verified::PasswordWrong);
    }
    let mut tx = app.store.write().await?;
    if let Proof::Code(text) = proof {
        match codes::judge(app, &mut tx, flow, text, requester).await? {
            codes::Typed::Right => codes::arrived(app, &mut tx, flow).await?,
            codes::Typed::Wrong => return tx.commit().await.map(|()| Verified::CodeWrong).map_err(Into::into),
            codes::Typed::Spent => return tx.commit().await.map(|()| Verified::CodeSpent).map_err(Into::into),
        }
    }
    let now = app.now();
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done() {
        return Ok(Verified::Over);
    }
    let by = |how| vec![Method::first(how, now)];
    let (user, methods, remember) = match flow.state.clone() {
        State::SignUp(sign_up) => {
            // Without a password the code is what was proved.
            let sent = MethodKind::sent_by(sign_up.to.channel());
            let mut methods = by(if sign_up.password_hash.is_some() { MethodKind::Password } else { sent });
            let brought = sign_up.brought.clone();
            match create(app, &mut tx, *sign_up, Proved::Here, requester).await {
                Ok(user) => {
                    let (there, remember) = match brought {
                        Some(brought) => {
                            (providers::name_proofs(&mut tx, &brought.external, brought.given_by(now)).await?, brought.remember)
                        }
                        None => (Vec::new(), false),
                    };
                    methods.extend(there);
                    (Some(user), methods, remember)
                }
                Err(super::Fault::Store(StoreError::Taken)) => return Ok(Verified::HasAccount),
                Err(fault) => return Err(fault),
            }
        }
        State::Verify { to, given, remember } => {
            let (methods, remember) = match proof {
                // What was ticked in the other browser was not meant for this one.
                Proof::LinkAndPassword(_) => (by(MethodKind::Password), false),
                Proof::Code(_) | Proof::Link => (given, remember),
            };
            (confirm(app, &mut tx, flow, to, requester).await?.filter(|_| !methods.is_empty()), methods, remember)
        }
        _ => (None, Vec::new(), false),
    };
    let Some(user) = user else { return Ok(Verified::Over) };
    let continue_to = match proof {
        // The application waits in the other browser.
        Proof::LinkAndPassword(_) => flow.continue_to.clone().elsewhere(),
        Proof::Code(_) | Proof::Link => flow.continue_to.clone(),
    };
    let arrival = Arrival { remember, continue_to: &continue_to, flow: None, ..arrival.clone() };
    match sign_in::proceed(app, tx, &user, methods, &arrival).await? {
        SignedIn::Done(session) => Ok(Verified::Done(session, continue_to)),
        SignedIn::More(flow) => Ok(Verified::More(flow)),
        SignedIn::Wrong | SignedIn::Disabled => Ok(Verified::Over),
    }
}

/// Whether the address or number that a journey was to prove is proved: in another browser, or by another of its messages.
pub async fn is_confirmed(app: &App, flow: &Flow) -> Outcome<bool> {
    let mut tx = app.store.read().await?;
    let user = match (&flow.state, &flow.user_id) {
        (State::SignUp(sign_up), _) => users::by_identifier(&mut tx, &sign_up.to.identifier()).await?,
        (State::Verify { .. } | State::Change { .. }, Some(id)) => users::by_id(&mut tx, id).await?,
        _ => None,
    };
    Ok(user.zip(flow.state.destination()).is_some_and(|(user, to)| user.has(to) && user.is_verified(to.channel())))
}

/// The address or number of an account is proved, if it still is its own.
async fn confirm(app: &App, tx: &mut Tx, flow: &Flow, to: Contact, requester: &Requester) -> Outcome<Option<User>> {
    let Some(user_id) = &flow.user_id else { return Ok(None) };
    let Some(mut user) = users::by_id(tx, user_id).await?.filter(User::is_active) else { return Ok(None) };
    if !user.has(&to) {
        return Ok(None);
    }
    let (read_at, now) = (user.updated_at, app.now());
    let kind = match to.channel() {
        Channel::Mail => Kind::EmailVerified,
        Channel::Sms => Kind::PhoneVerified,
    };
    user.set_contact(to, Some(now));
    user.updated_at = super::reset::later(read_at, now);
    if !users::update(tx, &user, read_at).await?.is_done() {
        return Err(StoreError::Overtaken.into());
    }
    let event = super::tell::event(kind, requester.origin());
    app.record(tx, Event { user_id: Some(user.id.clone()), ..event }).await?;
    Ok(Some(user))
}

async fn chose_password(app: &App, flow: &Flow, password: &str, requester: &Requester) -> Outcome<bool> {
    let stored = match (&flow.state, &flow.user_id) {
        (State::SignUp(sign_up), _) => sign_up.password_hash.clone(),
        (_, Some(user_id)) => users::by_id(&mut app.store.read().await?, user_id).await?.and_then(|user| user.password_hash),
        _ => None,
    };
    let account = flow.state.subject().unwrap_or_default();
    app.limit_sign_in(requester, &account).await?;
    Ok(matches!(app.verify(password, stored).await?, Verdict::Right { .. }))
}
