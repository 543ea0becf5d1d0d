//! Second factors: what a person has, sets up, uses and takes away.
//!
//! * **Here**: authenticator apps ([`totp`]), codes by SMS and mail, [`recovery`] codes, browsers that are not asked ([`devices`]), and what
//!   the [`operator`] may do.
//! * **Not here**: when a second factor is asked for (the sign-in), passkeys and security keys.
//! * **To add one**: a kind in `engine::factor`, a file here that proves it, a part of the page `/account/security`.
//! * **Tested**: `tests/it/journeys/second_factor_account.rs`, races in `tests/it/store_contract/factors.rs`.

pub mod devices;
pub mod enrol;
pub mod operator;
pub mod recovery;
pub mod totp;

use super::notices::Notice;
use super::session::Current;
use super::sign_in::second_factor_required;
use super::{App, Outcome, Requester};
use crate::engine::address::Channel;
use crate::engine::event::{Event, Kind};
use crate::engine::factor::{Enrolled, Factor, FactorKind};
use crate::engine::text;
use crate::engine::user::User;
use crate::ids::{FactorId, UserId};
use crate::store::trusted;
use crate::store::{StoreError, Tx, enrolled, factors};

pub use crate::store::trusted::TrustedDevice;
pub use devices::{is_trusted, trust};
pub use recovery::{codes_left, make_recovery_codes, use_recovery_code};
pub use totp::{Used, begin_totp, confirm_totp, use_totp};

/// So many an account can have; nobody has more phones.
const MOST: usize = 20;
/// Characters of a name.
const LONGEST_NAME: usize = 60;

/// What the account page shows.
#[derive(Debug)]
pub struct Overview {
    pub enrolled: Enrolled,
    pub devices: Vec<TrustedDevice>,
    /// The last second factor cannot be removed.
    pub required: bool,
}

/// Everything that the person signed in can be asked for.
pub async fn list(app: &App, current: &Current) -> Outcome<Overview> {
    let mut tx = app.store.read().await?;
    let enrolled = enrolled::of(&mut tx, &current.user).await?;
    let devices = trusted::list(&mut tx, &current.user.id, app.now()).await?;
    Ok(Overview { enrolled, devices, required: second_factor_required(app, &current.user) })
}

/// Whether people may set up this kind here.
pub fn is_offered(app: &App, kind: FactorKind) -> bool {
    app.settings.second_factor.kinds.iter().any(|offered| offered.as_str() == kind.as_str())
}

/// Why a text is no name of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    Empty,
    TooLong,
    Characters,
}

fn device_name(text: &str) -> Result<String, BadName> {
    let name = text::trimmed(text);
    match () {
        () if name.is_empty() => Err(BadName::Empty),
        () if name.chars().count() > LONGEST_NAME => Err(BadName::TooLong),
        () => text::showable(name).map(|()| name.to_owned()).map_err(|_| BadName::Characters),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    Done,
    Bad(BadName),
    /// Gone, or another person's.
    Unknown,
}

pub async fn rename(app: &App, current: &Current, id: &FactorId, name: &str) -> Outcome<Renamed> {
    let name = match device_name(name) {
        Ok(name) => name,
        Err(bad) => return Ok(Renamed::Bad(bad)),
    };
    let mut tx = app.store.write().await?;
    let done = factors::rename(&mut tx, &current.user.id, id, &name).await?.is_done();
    tx.commit().await?;
    Ok(if done { Renamed::Done } else { Renamed::Unknown })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    Done,
    /// It was the last one: two-step verification is off now.
    AndOff,
    /// It is the last one, and the operator asks for one.
    Required,
    /// Gone already, or another person's.
    Unknown,
}

/// Whether two-step verification is off once these are gone, and may be: its owner is asked first. The name of one of them.
pub async fn would_turn_off(app: &App, current: &Current, which: impl Fn(&Factor) -> bool) -> Outcome<Option<String>> {
    let Overview { enrolled, required, .. } = list(app, current).await?;
    let (gone, left): (Vec<Factor>, Vec<Factor>) = enrolled.factors.iter().cloned().partition(which);
    let after = Enrolled { factors: left, ..enrolled };
    Ok(gone.into_iter().next().filter(|_| !after.is_on() && !required).map(|factor| factor.name))
}

/// Takes one device away.
pub async fn remove(app: &App, current: &Current, id: &FactorId, requester: &Requester) -> Outcome<Removed> {
    take_away(app, current, |factor| factor.id == *id, requester).await
}

/// Codes by SMS or mail are asked for no more.
pub async fn disable(app: &App, current: &Current, kind: FactorKind, requester: &Requester) -> Outcome<Removed> {
    take_away(app, current, |factor| factor.kind == kind, requester).await
}

async fn take_away(app: &App, current: &Current, which: impl Fn(&Factor) -> bool, requester: &Requester) -> Outcome<Removed> {
    let user = &current.user;
    let mut tx = app.store.write().await?;
    lock(&mut tx, current).await?;
    let before = enrolled::of(&mut tx, user).await?;
    let (gone, left): (Vec<Factor>, Vec<Factor>) = before.factors.iter().cloned().partition(which);
    let after = Enrolled { factors: left, ..before };
    if gone.is_empty() {
        return Ok(Removed::Unknown);
    }
    if second_factor_required(app, user) && !after.is_on() && after.passkeys == 0 {
        return Ok(Removed::Required);
    }
    for factor in &gone {
        factors::remove(&mut tx, &user.id, &factor.id, app.now() + app.settings.flows.undo).await?.or_overtaken()?;
        told(app, &mut tx, own(current, Kind::FactorRemoved, requester), Some(factor.kind.as_str())).await?;
    }
    app.notify(&mut tx, user, Notice::FactorRemoved, requester).await?;
    if !after.is_on() {
        trusted::remove_all(&mut tx, &user.id).await?;
    }
    tx.commit().await?;
    Ok(if after.is_on() { Removed::Done } else { Removed::AndOff })
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enabled {
    /// With recovery codes to show, if there were none.
    Done(Vec<String>),
    /// There is no verified number or address to send codes to.
    NoContact,
    /// The operator does not offer it.
    NotOffered,
}

/// Codes to the account's verified number or address become a second factor.
pub async fn enable(app: &App, current: &Current, kind: FactorKind, requester: &Requester) -> Outcome<Enabled> {
    if kind == FactorKind::Totp || !is_offered(app, kind) {
        return Ok(Enabled::NotOffered);
    }
    let mut tx = app.store.write().await?;
    lock(&mut tx, current).await?;
    // The account as it is under the lock: an address may have just been removed.
    let user = crate::store::users::by_id(&mut tx, &current.user.id).await?;
    if !user.is_some_and(|user| is_reachable(&user, kind)) {
        return Ok(Enabled::NoContact);
    }
    let known = factors::of_user(&mut tx, &current.user.id).await?;
    if known.iter().any(|factor| factor.kind == kind) {
        return Ok(Enabled::Done(Vec::new()));
    }
    let factor = blank(app, kind, String::new());
    factors::insert(&mut tx, &current.user.id, &factor).await?;
    told(app, &mut tx, own(current, Kind::FactorAdded, requester), Some(kind.as_str())).await?;
    app.notify(&mut tx, &current.user, Notice::FactorAdded, requester).await?;
    let codes = recovery::first(app, &mut tx, current, requester).await?;
    tx.commit().await?;
    Ok(Enabled::Done(codes))
}

/// Whether codes of this kind would arrive.
pub fn is_reachable(user: &User, kind: FactorKind) -> bool {
    match kind {
        FactorKind::Totp => false,
        FactorKind::Sms => user.verified(Channel::Sms).is_some(),
        FactorKind::Mail => user.verified(Channel::Mail).is_some(),
    }
}

/// Makes others who change this account wait for this unit of work; a fault if it has changed since this request
/// began: its owner may have locked it.
pub(super) async fn lock(tx: &mut Tx, current: &Current) -> Outcome<()> {
    if crate::store::users::hold(tx, &current.user).await?.is_done() { Ok(()) } else { Err(StoreError::Overtaken.into()) }
}

fn blank(app: &App, kind: FactorKind, name: String) -> Factor {
    let now = app.now();
    let id = FactorId::new(now, &app.random);
    Factor { id, kind, name, sealed: None, last_step: 0, created_at: now, last_used_at: None }
}

fn own(current: &Current, kind: Kind, requester: &Requester) -> Event {
    Event { session_id: Some(current.session.id.clone()), ..of(&current.user.id, kind, requester) }
}

fn of(user_id: &UserId, kind: Kind, requester: &Requester) -> Event {
    Event { user_id: Some(user_id.clone()), ..super::tell::event(kind, requester.origin()) }
}

/// Writes down what happened to an account's second factors.
async fn told(app: &App, tx: &mut Tx, event: Event, detail: Option<&'static str>) -> Outcome<()> {
    app.record(tx, Event { detail, ..event }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line() {
        assert_eq!(device_name("  My phone 📱 "), Ok("My phone 📱".to_owned()));
        assert_eq!(device_name(" \t"), Err(BadName::Empty));
        assert_eq!(device_name("a\nb"), Err(BadName::Characters));
        assert_eq!(device_name(&"ö".repeat(60)), Ok("ö".repeat(60)));
        assert_eq!(device_name(&"a".repeat(61)), Err(BadName::TooLong));
    }
}
