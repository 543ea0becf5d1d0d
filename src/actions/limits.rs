//! Limits by who asks, and growing waits by whom it concerns. How many messages go to one destination: `destination`.

use std::net::IpAddr;
use std::time::Duration;

use super::{App, Fault, Outcome, Requester};
use crate::engine::flow::Flow;
use crate::engine::limit::{Allowance, Backoff, Rate};
use crate::engine::method::MethodKind;
use crate::ids::{SessionId, UserId};
use crate::settings::Rate as RateSetting;
use crate::store::{Tx, limits};
use crate::time::Timestamp;

/// What is limited; the name stands in metrics and in the limit's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    SignInCode,
    SecondFactor,
    SignUp,
    Reset,
    Verify,
    ChangeEmail,
    ChangeUsername,
    /// Journeys begun by opening a page, most of them by people who are not signed in.
    Begin,
    /// Authorization requests answered without a page.
    Authorize,
    Token,
    /// Texts asked for.
    Sms,
    /// Messages to one destination.
    Destination,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignInCode => "sign_in_code",
            Self::SecondFactor => "second_factor",
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::ChangeEmail => "change_email",
            Self::ChangeUsername => "change_username",
            Self::Begin => "begin",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Sms => "sms",
            Self::Destination => "destination",
        }
    }
}

impl From<RateSetting> for Rate {
    fn from(setting: RateSetting) -> Self {
        Self { many: setting.count, within: setting.per }
    }
}

/// Names that one person may try in an hour: "taken" says that somebody has it.
const NAMES: Rate = Rate { many: 10, within: Duration::from_secs(3600) };
/// So slow that a try that is used up does not come back while its flow lives.
const TRIES: Duration = Duration::from_secs(86400);
/// How many times longer than after wrong passwords the wait after wrong second factors grows: an hour instead of 15 minutes.
const SECOND_LONGER: u32 = 4;
/// Tries at one account's authenticator app from all networks and flows that have its first factor: 100 a day (NIST SP 800-63B section 3.2.2), of
/// which each hits one of the three codes that are valid at a time with 3 in a million; beyond, one every quarter of an hour. Each first factor has a
/// count of its own: whoever knows the password, and keeps trying, cannot close the way over the mailbox, on which its owner takes the password away
/// from them.
const STRANGERS: Rate = Rate { many: 100, within: Duration::from_secs(86400) };
/// More than any app asks for one person.
const ANSWERS: Rate = Rate { many: 120, within: Duration::from_secs(60) };

/// A requester is an IPv4 address or an IPv6 /64: whoever has one address of it has them all.
pub(super) fn network(requester: &Requester) -> String {
    match requester.address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
    }
}

/// One who cannot simply become another: an IPv4 address, or an IPv6 /48, which is what one site is given (RFC 6177). For counts of one destination,
/// where it does no harm that a mobile network's subscribers are counted together.
pub(super) fn site(requester: &Requester) -> String {
    match requester.address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::")
        }
    }
}

/// As many /64s of one /48 as may use their allowance up at the same time. A /48 is what one site is given (RFC 6177), 65,536 /64s that a single
/// customer may walk through; it may also be a mobile network's, with a subscriber in each of them.
const SITE: u32 = 16;

/// What one requester's uses are counted by: its network, and for IPv6 also the /48 around that with a larger allowance. Spend them in this order
/// and stop at the first that is empty, so that a network that hammers takes nothing away from its neighbours.
pub(super) fn requester_keys(purpose: Purpose, requester: &Requester, rate: Rate) -> Vec<(String, Rate)> {
    let mut keys = vec![(format!("{}|from|{}", purpose.as_str(), network(requester)), rate)];
    if requester.address.to_canonical().is_ipv6() {
        let around = Rate { many: rate.many.saturating_mul(SITE), ..rate };
        keys.push((format!("{}|site|{}", purpose.as_str(), site(requester)), around));
    }
    keys
}

/// One use by this requester, in the caller's transaction.
async fn spend_requester(
    tx: &mut Tx,
    purpose: Purpose,
    rate: RateSetting,
    requester: &Requester,
    now: Timestamp,
) -> Outcome<Allowance> {
    for (key, rate) in requester_keys(purpose, requester, rate.into()) {
        let allowance = limits::spend(tx, &key, rate, now).await?;
        if allowance != Allowance::Granted {
            return Ok(allowance);
        }
    }
    Ok(Allowance::Granted)
}

impl App {
    fn refuse(&self, purpose: Purpose, allowance: Allowance) -> Outcome<()> {
        match allowance {
            Allowance::Granted => Ok(()),
            Allowance::After(after) => {
                self.metrics.rate_limited(purpose.as_str());
                Err(Fault::Limited { rule: purpose.as_str(), after })
            }
        }
    }

    /// A destination has had its messages; see [`destination`](super::destination).
    pub(in crate::actions) fn too_many_messages(&self, after: Duration) -> Fault {
        self.metrics.rate_limited(Purpose::Destination.as_str());
        Fault::Limited { rule: Purpose::Destination.as_str(), after }
    }

    pub(in crate::actions) async fn limit_requester(
        &self,
        purpose: Purpose,
        rate: RateSetting,
        requester: &Requester,
    ) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        let allowance = spend_requester(&mut tx, purpose, rate, requester, self.now()).await?;
        tx.commit().await?;
        self.refuse(purpose, allowance)
    }

    /// A name that a person would like to have.
    pub(in crate::actions) async fn limit_names(&self, user_id: &UserId) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        let key = format!("{}|for|{user_id}", Purpose::ChangeUsername.as_str());
        let allowance = limits::spend(&mut tx, &key, NAMES, self.now()).await?;
        tx.commit().await?;
        self.refuse(Purpose::ChangeUsername, allowance)
    }

    /// A try at an account's password, counted before it is judged; [`forgive`](Self::forgive) after a right one.
    pub(in crate::actions) async fn limit_sign_in(&self, requester: &Requester, account: &str) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let settings = &self.settings.limits;
        let backoff = Backoff { free: settings.sign_in_free_failures, longest: settings.delay_max };
        let mut tx = self.store.write().await?;
        let from = spend_requester(&mut tx, Purpose::SignIn, settings.sign_in_requester, requester, now).await?;
        let account = match from {
            Allowance::Granted => limits::try_account(&mut tx, &account_key(account), backoff, now).await?,
            Allowance::After(_) => Allowance::Granted,
        };
        tx.commit().await?;
        self.refuse(Purpose::SignIn, from.or(account))
    }

    /// A try at the authenticator app of somebody whose other factor was right, counted before it is judged;
    /// [`forgive_second`](Self::forgive_second) after a right one. Six digits that are valid for a minute are guessed sooner than a password: the
    /// wait grows longer. It grows for the network that fails, and over all networks [`STRANGERS`] is the bound. What cannot be guessed does not come
    /// here and never waits: security keys, recovery codes, and codes that are sent, whose tries their flow counts. `known`: they have signed in in this
    /// browser before, and are counted apart, so that nobody elsewhere can keep them waiting. `first`: by what they have come so far.
    pub(in crate::actions) async fn limit_second(
        &self,
        requester: &Requester,
        user_id: &UserId,
        known: bool,
        first: Option<MethodKind>,
    ) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let settings = &self.settings.limits;
        let backoff = Backoff { free: settings.sign_in_free_failures, longest: settings.delay_max.saturating_mul(SECOND_LONGER) };
        let mut tx = self.store.write().await?;
        let mut allowance = spend_requester(&mut tx, Purpose::SecondFactor, settings.verify_requester, requester, now).await?;
        if allowance == Allowance::Granted {
            allowance = limits::try_account(&mut tx, &second_key(requester, user_id, known), backoff, now).await?;
        }
        if allowance == Allowance::Granted && !known {
            let first = first.map_or("session", MethodKind::as_str);
            let key = format!("{}|for|{user_id}|{first}", Purpose::SecondFactor.as_str());
            allowance = limits::spend(&mut tx, &key, STRANGERS, now).await?;
        }
        tx.commit().await?;
        self.refuse(Purpose::SecondFactor, allowance)
    }

    /// A try at what a second factor's page asks for and can be guessed: as many as a code has. The caller commits before it judges, so that of tries
    /// that come at once each finds those before it counted. No setting turns this off.
    pub(in crate::actions) async fn may_try_second(&self, tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
        Ok(limits::spend(tx, &tries_key(flow), self.tries(), self.now()).await? == Allowance::Granted)
    }

    /// Whether another such try is left.
    pub(in crate::actions) async fn has_tries(&self, tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
        Ok(limits::peek(tx, &tries_key(flow), self.tries(), self.now()).await? == Allowance::Granted)
    }

    /// Whether the account's owner hears today that somebody failed at the second factor: more than one such notice a day says nothing new. No setting
    /// turns this off.
    pub(in crate::actions) async fn may_warn_of_second(&self, tx: &mut Tx, user_id: &UserId) -> Outcome<bool> {
        let once = Rate { many: 1, within: TRIES };
        Ok(limits::spend(tx, &format!("second|warned|{user_id}"), once, self.now()).await? == Allowance::Granted)
    }

    fn tries(&self) -> Rate {
        Rate { many: self.settings.flows.code_tries, within: TRIES }
    }

    /// The second factor was right: the failures of this browser or network are forgotten, in the transaction of the sign-in.
    pub(in crate::actions) async fn forgive_second(
        &self,
        tx: &mut Tx,
        requester: &Requester,
        user_id: &UserId,
        known: bool,
    ) -> Outcome<()> {
        if self.settings.limits.enabled {
            limits::forgive(tx, &second_key(requester, user_id, known)).await?;
        }
        Ok(())
    }

    /// A try at the number of a mail's link, right or wrong: as many as a code has, anew with each mail. No setting turns this off.
    pub(in crate::actions) async fn may_try_number(&self, tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
        let key = format!("number|{}|{}", flow.id, flow.codes.sends);
        Ok(limits::spend(tx, &key, self.tries(), self.now()).await? == Allowance::Granted)
    }

    /// A journey that somebody begins without having proved anything for it, in the transaction that stores it.
    pub(in crate::actions) async fn may_begin(&self, tx: &mut Tx, requester: &Requester) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let rate = self.settings.limits.journeys_requester;
        let allowance = spend_requester(tx, Purpose::Begin, rate, requester, self.now()).await?;
        self.refuse(Purpose::Begin, allowance)
    }

    /// An authorization request that is answered without a page, in the transaction that stores the code.
    pub(in crate::actions) async fn may_answer(&self, tx: &mut Tx, session: &SessionId) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let key = format!("{}|of|{session}", Purpose::Authorize.as_str());
        let allowance = limits::spend(tx, &key, ANSWERS, self.now()).await?;
        self.refuse(Purpose::Authorize, allowance)
    }

    /// The password was right: the account's failures are forgotten, in the transaction of the sign-in.
    pub(in crate::actions) async fn forgive(&self, tx: &mut Tx, account: &str) -> Outcome<()> {
        if self.settings.limits.enabled {
            limits::forgive(tx, &account_key(account)).await?;
        }
        Ok(())
    }
}

fn tries_key(flow: &Flow) -> String {
    format!("second|{}", flow.id)
}

fn second_key(requester: &Requester, user_id: &UserId, known: bool) -> String {
    let who = if known { "known".to_owned() } else { network(requester) };
    account_key(&format!("second|{who}|{user_id}"))
}

fn account_key(account: &str) -> String {
    format!("{}|for|{account}", Purpose::SignIn.as_str())
}
