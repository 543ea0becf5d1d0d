//! "What is still needed?": the one question that every way in asks.

use super::address::Channel;
use super::factor::{Enrolled, FactorKind};
use super::method::{Method, MethodKind, Strength};
use crate::time::Timestamp;

/// What is known of somebody who has proved by a first factor who they are. Before that there is one answer for everybody: an identifier and a
/// proof.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub active: bool,
    /// The account's address, or number if it has no address, is proved or need not be.
    pub verified: bool,
    /// What was proved in this journey.
    pub given: &'a [Method],
    pub enrolled: &'a Enrolled,
    pub second: Second,
}

/// When a second factor is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Of this person, whether or not they have one.
    pub required: bool,
    /// Now, even in a remembered browser: the application asks for two factors.
    pub now: bool,
    /// The person has asked not to be asked in this browser.
    pub remembered: bool,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// The account is shut.
    ActiveAccount,
    /// The address or number must be proved first.
    Verification,
    SecondFactor,
    /// A second factor is required and there is none yet.
    Enrolment,
    Nothing,
}

/// Adding a way in is adding a check here and a page for its step.
pub fn what_is_still_needed(facts: Facts<'_>) -> Needed {
    match () {
        () if !facts.active => Needed::ActiveAccount,
        () if !facts.verified => Needed::Verification,
        () if wants_mailbox(facts.enrolled, facts.given) => Needed::SecondFactor,
        () if facts.given.iter().any(|method| method.strength() == Strength::TwoFactors) => Needed::Nothing,
        () => second_factor(facts),
    }
}

/// Whether somebody comes through a provider to an account that its owner has locked. What was connected then may be the intruder's, also an
/// identity that the lock brought back: the owner reads the account's mail, too. Where no address is proved there is nowhere to send a code, and
/// the provider is enough as before: it may be the owner's only way back.
pub fn wants_mailbox(enrolled: &Enrolled, given: &[Method]) -> bool {
    let has = |kind| given.iter().any(|method| method.kind == kind);
    enrolled.is_locked && enrolled.reachable.contains(&Channel::Mail) && has(MethodKind::Provider) && !has(MethodKind::Mail)
}

/// Whether what is given on top of the rest is a second factor, or only a better first one: a password after a message, or the mailbox beside
/// a provider.
pub fn is_second(kind: MethodKind, enrolled: &Enrolled, given: &[Method]) -> bool {
    match kind {
        MethodKind::Password => enrolled.is_on(),
        _ => !wants_mailbox(enrolled, given),
    }
}

fn second_factor(facts: Facts<'_>) -> Needed {
    let Second { required, now, remembered } = facts.second;
    let on = facts.enrolled.is_on();
    let wanted = on || required || now;
    // Where the only second factor is the channel that was the first one, another is set up if two are wanted in earnest.
    let can_be_asked = !second_factors(facts.enrolled, facts.given).is_empty();
    match () {
        () if on && remembered && !now => Needed::Nothing,
        () if wanted && can_be_asked => Needed::SecondFactor,
        () if required || now => Needed::Enrolment,
        () => Needed::Nothing,
    }
}

/// The second factors to offer after what was given, the one used last first. A channel that has already proved the first factor is no second
/// one; where that leaves nothing, the password is, as it would have been first. Without two-step verification it only counts as a better first
/// one: whoever reads somebody's messages must not set up a second factor with them.
pub fn second_factors(enrolled: &Enrolled, given: &[Method]) -> Vec<MethodKind> {
    if wants_mailbox(enrolled, given) {
        return vec![MethodKind::Mail];
    }
    // One that was a second factor before can be one again.
    let was_first = |kind| given.iter().any(|method| method.kind == kind && !method.second);
    // Who comes from a provider may come by the same mailbox: it is that provider's, or lets them in there.
    let has = |kind| was_first(kind) || (kind == MethodKind::Mail && was_first(MethodKind::Provider));
    let mut kinds: Vec<(Option<Timestamp>, MethodKind)> = Vec::new();
    for factor in &enrolled.factors {
        let kind = match factor.kind {
            FactorKind::Totp => MethodKind::Totp,
            FactorKind::Sms => MethodKind::Sms,
            FactorKind::Mail => MethodKind::Mail,
        };
        if !has(kind) && kinds.iter().all(|(_, known)| *known != kind) {
            kinds.push((factor.last_used_at, kind));
        }
    }
    if let Some(last_used_at) = enrolled.keys_last_used_at() {
        kinds.push((last_used_at, MethodKind::SecurityKey));
    }
    let channel_was_first = has(MethodKind::Mail) || has(MethodKind::Sms);
    if enrolled.has_password && !has(MethodKind::Password) && channel_was_first && kinds.is_empty() {
        kinds.push((None, MethodKind::Password));
    }
    if enrolled.is_on() && !enrolled.has_password && channel_was_first && kinds.is_empty() {
        // The password was frozen, or never was: two channels are more than one.
        let others = [(Channel::Mail, MethodKind::Mail), (Channel::Sms, MethodKind::Sms)].into_iter();
        let others = others.filter(|(channel, kind)| enrolled.reachable.contains(channel) && !has(*kind));
        kinds.extend(others.map(|(_, kind)| (None, kind)));
    }
    // Stable: what was never used keeps the order of strength above.
    kinds.sort_by_key(|(last_used_at, _)| std::cmp::Reverse(*last_used_at));
    let mut kinds: Vec<MethodKind> = kinds.into_iter().map(|(_, kind)| kind).collect();
    // In place of another one: who has none to give is not asked for codes that are used up.
    if enrolled.recovery_codes > 0 && !kinds.is_empty() {
        kinds.push(MethodKind::RecoveryCode);
    }
    kinds
}

/// The same for a reset. Who asked for it has forgotten the password: what serves an account without one comes first, and the old password stands
/// last, for whoever finds it again.
pub fn second_factors_of_reset(enrolled: &Enrolled, given: &[Method]) -> Vec<MethodKind> {
    let forgotten = Enrolled { has_password: false, ..enrolled.clone() };
    let mut kinds = second_factors(&forgotten, given);
    for kind in second_factors(enrolled, given) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.sort_by_key(|kind| *kind == MethodKind::Password);
    kinds
}

/// The channel over which a method's code travels.
pub const fn channel_of(kind: MethodKind) -> Option<Channel> {
    match kind {
        MethodKind::Mail => Some(Channel::Mail),
        MethodKind::Sms => Some(Channel::Sms),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
