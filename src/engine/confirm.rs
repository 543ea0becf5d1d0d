//! "Confirm it is you": by what somebody who is signed in can prove that it is still them.
//!
//! The page has a circle as soon as it offers what is not enough, and a dead end as soon as it offers nothing: both are decided here.

use super::address::Channel;
use super::factor::Enrolled;
use super::method::{Method, Strength};
use super::sign_in::second_factors;

/// The ways in that are on, as far as they can work on this server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    pub password: bool,
    pub passkey: bool,
    pub mail: bool,
    pub sms: bool,
}

/// What the account is connected with at providers that are set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// At any.
    pub any: bool,
    /// At one that can say when it last asked for a proof.
    pub says_when: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub enrolled: &'a Enrolled,
    pub ways: Ways,
    pub elsewhere: Elsewhere,
    /// What the proof must be worth. A second factor, where one is wanted, follows on a page of its own.
    pub wanted: Strength,
}

/// What the page has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    pub password: bool,
    /// Only where script is on.
    pub passkey: bool,
    pub mail: bool,
    pub sms: bool,
    pub providers: Providers,
}

/// The buttons of providers, of those that the account is connected with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Providers {
    #[default]
    None,
    /// Those that say when they asked: the others let people through in silence, and a browser that somebody left open would do.
    SayWhen,
    /// All, and their word counts as new, for there is nothing else: or whoever came by one could never change anything.
    All,
}

impl Offer {
    /// Nothing can be proved any more.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it has the button of a provider of which is known whether it says when it asked.
    pub fn has_provider(&self, says_when: bool) -> bool {
        self.providers == Providers::All || (says_when && self.providers == Providers::SayWhen)
    }

    /// Whether there is something to type or to have sent.
    pub const fn has_form(&self) -> bool {
        self.password || self.mail || self.sms
    }
}

/// What is offered is enough, and what is enough is offered.
///
/// * A **password** that the account has is always taken, even where the settings have made it no way in. It is no way in here: whoever sees this
///   page has a session, and nobody gets one of it. Refused, it would leave people with nothing who have nothing else; taken, it is worth what it was, on
///   top of a session that began by a way that is on. But nobody has to remember one that they are asked for nowhere else: it takes the place of a mail or
///   a provider only where it is a way in ([`best_proof`] counts it only there, too).
/// * A **passkey** needs its way to be on, for otherwise this server may not know any more how to ask for it.
/// * **Mail, SMS, a provider** prove less than either, and are offered where no more is wanted.
pub fn offer(facts: Facts<'_>) -> Offer {
    let Facts { enrolled, ways, elsewhere, wanted } = facts;
    let reachable = wanted <= Strength::Reachable && !(enrolled.has_password && ways.password);
    let by = |channel, on| reachable && on && enrolled.reachable.contains(&channel);
    let offer = Offer {
        password: enrolled.has_password,
        passkey: enrolled.passkeys > 0 && ways.passkey,
        mail: by(Channel::Mail, ways.mail),
        sms: by(Channel::Sms, ways.sms),
        providers: Providers::None,
    };
    let providers = match elsewhere {
        Elsewhere { any: true, .. } if reachable && offer.is_empty() => Providers::All,
        Elsewhere { says_when: true, .. } if reachable => Providers::SayWhen,
        _ => Providers::None,
    };
    Offer { providers, ..offer }
}

/// Whether a provider's word counts as given now, although nobody knows when it asked: where the page would offer nothing else. A second factor that
/// follows does not make up for it, for no proof is complete without a fresh first one.
pub fn believes_undated(facts: Facts<'_>) -> bool {
    offer(facts).providers == Providers::All
}

/// What the account's best proof is worth: what it takes to change how one signs in. A weaker proof cannot make a stronger one.
///
/// `given` is what the session was opened with: where it leaves no second factor to ask for, as after a mail to somebody who has nothing
/// else, what was enough to sign in is enough. What is no way in any more does not count, or it would be asked for where it cannot be given.
pub fn best_proof(enrolled: &Enrolled, given: &[Method], ways: Ways) -> Strength {
    match () {
        () if enrolled.is_on() && !second_factors(enrolled, given).is_empty() => Strength::TwoFactors,
        () if (enrolled.has_password && ways.password) || (enrolled.passkeys > 0 && ways.passkey) => Strength::OneFactor,
        () => Strength::Reachable,
    }
}

/// What the first proof must be worth on the way to the best one: any will do where the second factor is asked for after it.
pub fn first_proof(enrolled: &Enrolled, given: &[Method], ways: Ways) -> Strength {
    match best_proof(enrolled, given, ways) {
        Strength::TwoFactors => Strength::Reachable,
        one => one,
    }
}

#[cfg(test)]
mod tests;
