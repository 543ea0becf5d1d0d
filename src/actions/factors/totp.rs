//! Authenticator apps: handing the secret over, seeing that it arrived, and the codes from then on.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::{BadName, LONGEST_NAME, MOST, blank, device_name, lock, own, recovery, told};
use crate::actions::codes::{self, Found};
use crate::actions::notices::Notice;
use crate::actions::session::Current;
use crate::actions::{App, Fault, Outcome, Requester};
use crate::engine::address::{Email, Username};
use crate::engine::event::Kind;
use crate::engine::factor::{Factor, FactorKind};
use crate::engine::flow::{Continue, Flow, FlowKind, State, Step};
use crate::engine::method::MethodKind;
use crate::engine::session::Session;
use crate::engine::totp::{self, Seed};
use crate::engine::user::User;
use crate::ids::UserId;
use crate::store::{Tx, enrolled, factors, flows, sessions};

/// Seeds are sealed for one account: moved to another one's row they do not open.
pub(in crate::actions) fn purpose(user_id: &str) -> String {
    format!("totp|{user_id}")
}

fn open(app: &App, user_id: &UserId, sealed: &[u8]) -> Option<Seed> {
    let plain = match app.keyring.open(&purpose(user_id.as_str()), sealed) {
        Ok(plain) => plain,
        Err(error) => {
            tracing::error!(%error, %user_id, "the secret of an authenticator app cannot be opened");
            return None;
        }
    };
    plain.as_slice().try_into().ok().map(Zeroizing::new)
}

/// A journey in which an app gets its secret. Those that the person began before are over.
pub async fn begin_totp(app: &App, user: &User, browser: [u8; 32], requester: &Requester) -> Outcome<Flow> {
    let seed = totp::new_secret(&app.random);
    let sealed = BASE64URL_NOPAD.encode(&app.keyring.seal(&app.random, &purpose(user.id.as_str()), seed.as_slice()));
    let flow = codes::begin(app, State::AddTotp { sealed }, Some(user.id.clone()), browser, Continue::Account);
    let mut tx = app.store.write().await?;
    app.may_begin(&mut tx, requester).await?;
    flows::cancel(&mut tx, &[FlowKind::AddTotp], &user.id, app.now()).await?;
    flows::insert(&mut tx, &flow).await?;
    tx.commit().await?;
    Ok(flow)
}

/// The person's open journey of this id in this browser.
pub async fn pending_totp(app: &App, user: &User, id: &str, browser: &[u8; 32]) -> Outcome<Option<Flow>> {
    let Found::Here(flow) = codes::find(app, id, Some(browser)).await? else { return Ok(None) };
    Ok(Some(flow).filter(|flow| is_open(app, user, flow)))
}

fn is_open(app: &App, user: &User, flow: &Flow) -> bool {
    let adds = matches!(flow.state, State::AddTotp { .. });
    adds && flow.user_id.as_ref() == Some(&user.id) && flow.is_open(app.now()).is_ok()
}

fn seed_of(app: &App, user: &User, flow: &Flow) -> Option<Seed> {
    let State::AddTotp { sealed } = &flow.state else { return None };
    open(app, &user.id, &BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?)
}

/// What an app needs to know.
#[derive(Debug)]
pub struct Shared {
    /// Base32 in groups of four, for the keyboard.
    pub secret: String,
    /// `otpauth:`, for an app on the same device.
    pub url: String,
    /// The same as a QR code, as SVG.
    pub qr: String,
}

/// The journey's secret in the forms that apps take. It stays the same until the journey is over.
pub fn shared(app: &App, user: &User, flow: &Flow) -> Outcome<Shared> {
    let seed = seed_of(app, user, flow).ok_or_else(|| Fault::Broken("a journey without its secret".to_owned()))?;
    shared_of(app, user, &seed)
}

pub(super) fn shared_of(app: &App, user: &User, seed: &Seed) -> Outcome<Shared> {
    let email = user.email.as_ref().map(Email::as_str);
    let account = email.or(user.username.as_ref().map(Username::as_str)).unwrap_or(user.id.as_str());
    let url = totp::otpauth_url(seed, &app.settings.pages.name, account);
    let qr = totp::qr_svg(&url).ok_or_else(|| Fault::Broken("an address too long for a QR code".to_owned()))?;
    Ok(Shared { secret: totp::grouped(seed), url, qr })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The app is a second factor now.
    Done,
    CodeWrong,
    BadName(BadName),
    /// The account has more factors than anybody needs.
    TooMany,
    /// The journey is over: begin again.
    Over,
}

/// What became of adding an app to an account.
#[derive(Debug)]
pub enum Added {
    /// It is a second factor, and the session has learnt of it. With recovery codes to show, if there were none.
    Done(Box<Session>, Vec<String>),
    Not(Confirmed),
}

/// The app has shown that it knows the secret: it becomes a second factor. Its code has proved it to this session as well.
pub async fn confirm_totp(
    app: &App,
    current: &Current,
    flow: &Flow,
    code: &str,
    name: &str,
    requester: &Requester,
) -> Outcome<Added> {
    codes::limit(app, requester).await?;
    let (user, now) = (&current.user, app.now());
    let Some(seed) = seed_of(app, user, flow).filter(|_| is_open(app, user, flow) && flow.step(Step::Proved, now).is_ok()) else {
        return Ok(Added::Not(Confirmed::Over));
    };
    let mut tx = app.store.write().await?;
    lock(&mut tx, current).await?;
    match insert(app, &mut tx, user, &seed, code, name).await? {
        Confirmed::Done => {}
        other => return Ok(Added::Not(other)),
    }
    if !flows::finish(&mut tx, &flow.id, now).await?.is_done() {
        return Ok(Added::Not(Confirmed::Over));
    }
    told(app, &mut tx, own(current, Kind::FactorAdded, requester), Some(FactorKind::Totp.as_str())).await?;
    app.notify(&mut tx, user, Notice::FactorAdded, requester).await?;
    let session = current.session.clone().with_added(MethodKind::Totp, true);
    if !sessions::reauthenticated(&mut tx, &session).await?.is_done() {
        return Ok(Added::Not(Confirmed::Over));
    }
    let codes = recovery::first(app, &mut tx, current, requester).await?;
    tx.commit().await?;
    Ok(Added::Done(Box::new(session), codes))
}

/// The one of these secrets whose code this is now.
pub(super) fn of_code(app: &App, seeds: Vec<Seed>, code: &str) -> Option<Seed> {
    seeds.into_iter().find(|seed| totp::matching_step(seed.as_slice(), code, app.now()).is_some())
}

/// Inserts the app if the code is one of its secret's now. The caller has locked the account, and commits only if it is done.
pub(super) async fn insert(app: &App, tx: &mut Tx, user: &User, seed: &Seed, code: &str, name: &str) -> Outcome<Confirmed> {
    let name = match device_name(name) {
        Ok(name) => name,
        Err(bad) => return Ok(Confirmed::BadName(bad)),
    };
    // This code is used up with it, and cannot be the next sign-in's.
    let Some(last_step) = totp::matching_step(seed.as_slice(), code, app.now()) else { return Ok(Confirmed::CodeWrong) };
    if factors::of_user(tx, &user.id).await?.len() >= MOST {
        return Ok(Confirmed::TooMany);
    }
    let sealed = Some(app.keyring.seal(&app.random, &purpose(user.id.as_str()), seed.as_slice()));
    let factor = Factor { sealed, last_step, ..blank(app, FactorKind::Totp, name) };
    factors::insert(tx, &user.id, &factor).await?;
    Ok(Confirmed::Done)
}

/// The name that a new device has if nobody gives it another: `base`, or `base 2` and so on while that is taken.
pub async fn free_name(app: &App, user: &User, base: &str) -> Outcome<String> {
    let enrolled = enrolled::of(&mut app.store.read().await?, user).await?;
    let taken = |name: &str| enrolled.factors.iter().any(|factor| factor.name == name);
    let mut names = std::iter::once(base.to_owned()).chain((2..=MOST + 1).map(|number| format!("{base} {number}")));
    Ok(names.find(|name| !taken(name)).unwrap_or_else(|| base.chars().take(LONGEST_NAME).collect()))
}

/// What a code at sign-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// One of the person's devices' now, and used up with this.
    Now,
    /// One of theirs now, but used before: at another sign-in, or when the device was added (RFC 6238 section 5.2).
    Before,
    Wrong,
}

/// Uses a code up, in the caller's transaction. The caller has counted the try ([`App::limit_second`]) and commits.
pub async fn use_totp(app: &App, tx: &mut Tx, user: &User, code: &str) -> Outcome<Used> {
    let (now, mut found) = (app.now(), Used::Wrong);
    for factor in factors::of_user(tx, &user.id).await?.into_iter().filter(|factor| factor.kind == FactorKind::Totp) {
        let Some(seed) = factor.sealed.as_deref().and_then(|sealed| open(app, &user.id, sealed)) else { continue };
        let Some(step) = totp::matching_step(seed.as_slice(), code, now) else { continue };
        if factors::used_step(tx, &factor.id, step, now).await?.is_done() {
            return Ok(Used::Now);
        }
        found = Used::Before;
    }
    Ok(found)
}
