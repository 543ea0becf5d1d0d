//! Limits by two keys: who asks, and whom it concerns.

use std::time::Duration;

use super::{App, Fault, Outcome, Requester};
use crate::engine::flow::Flow;
use crate::engine::limit::{Allowance, Backoff, Rate};
use crate::ids::{SessionId, UserId};
use crate::settings::{PairLimit, Rate as RateSetting};
use crate::store::{Tx, limits};

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
}

impl Purpose {
    const fn as_str(self) -> &'static str {
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
        }
    }
}

impl From<RateSetting> for Rate {
    fn from(setting: RateSetting) -> Self {
        Self { many: setting.count, within: setting.per }
    }
}

/// Guessing a code of six digits stays hopeless however many journeys are begun for an address: 30 of a million a day.
const CODES_A_DAY: Rate = Rate { many: 30, within: Duration::from_secs(86400) };
/// So slow that a try that is used up does not come back while its link lives.
const NUMBERS: Duration = Duration::from_secs(86400);
/// How many times longer than after wrong passwords the wait after wrong second factors grows: an hour instead of 15 minutes.
const SECOND_LONGER: u32 = 4;
/// More than any app asks for one person.
const ANSWERS: Rate = Rate { many: 120, within: Duration::from_secs(60) };

/// A requester is an IPv4 address or an IPv6 /64: whoever has one address of it has them all.
pub(super) fn requester_key(purpose: Purpose, requester: &Requester) -> String {
    let network = match requester.address.to_canonical() {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
    };
    format!("{}|from|{network}", purpose.as_str())
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

    /// Each key is spent even if another is empty, so that hammering a blocked account is not free.
    async fn spend(&self, purpose: Purpose, uses: &[(String, Rate)]) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        let mut refused = Allowance::Granted;
        for (key, rate) in uses {
            let allowance = limits::spend(&mut tx, key, *rate, self.now()).await?;
            refused = refused.or(allowance);
        }
        tx.commit().await?;
        self.refuse(purpose, refused)
    }

    /// One use by this requester, and one for this account: a text of any kind, known or not.
    pub(in crate::actions) async fn limit_pair(
        &self,
        purpose: Purpose,
        pair: PairLimit,
        requester: &Requester,
        account: &str,
    ) -> Outcome<()> {
        let account_key = format!("{}|for|{account}", purpose.as_str());
        self.spend(purpose, &[(requester_key(purpose, requester), pair.requester.into()), (account_key, pair.account.into())])
            .await
    }

    pub(in crate::actions) async fn limit_requester(
        &self,
        purpose: Purpose,
        rate: RateSetting,
        requester: &Requester,
    ) -> Outcome<()> {
        self.spend(purpose, &[(requester_key(purpose, requester), rate.into())]).await
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
        let from =
            limits::spend(&mut tx, &requester_key(Purpose::SignIn, requester), settings.sign_in_requester.into(), now).await?;
        let account = match from {
            Allowance::Granted => limits::try_account(&mut tx, &account_key(account), backoff, now).await?,
            Allowance::After(_) => Allowance::Granted,
        };
        tx.commit().await?;
        self.refuse(Purpose::SignIn, from.or(account))
    }

    /// A try at the second factor of somebody whose first one was right, counted before it is judged; [`forgive_second`](Self::forgive_second)
    /// after a right one. Six digits are guessed sooner than a password: the wait grows longer. `known`: who has signed in in this browser
    /// before; they are counted apart, so that whoever has only their password cannot keep them waiting.
    pub(in crate::actions) async fn limit_second(
        &self,
        requester: &Requester,
        user_id: &UserId,
        known: Option<&UserId>,
    ) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let settings = &self.settings.limits;
        let backoff = Backoff { free: settings.sign_in_free_failures, longest: settings.delay_max.saturating_mul(SECOND_LONGER) };
        let mut tx = self.store.write().await?;
        let from =
            limits::spend(&mut tx, &requester_key(Purpose::SecondFactor, requester), settings.verify_requester.into(), now)
                .await?;
        let account = match from {
            Allowance::Granted => limits::try_account(&mut tx, &second_key(user_id, known), backoff, now).await?,
            Allowance::After(_) => Allowance::Granted,
        };
        tx.commit().await?;
        self.refuse(Purpose::SecondFactor, from.or(account))
    }

    /// The second factor was right: the account's failures are forgotten, in the transaction of the sign-in.
    pub(in crate::actions) async fn forgive_second(&self, tx: &mut Tx, user_id: &UserId, known: Option<&UserId>) -> Outcome<()> {
        if self.settings.limits.enabled {
            limits::forgive(tx, &second_key(user_id, known)).await?;
        }
        Ok(())
    }

    /// A try at a code for this address, right or wrong, over all its journeys: false if the day's tries are used up.
    pub(in crate::actions) async fn may_try_code(&self, tx: &mut Tx, kind: &str, subject: &str) -> Outcome<bool> {
        if !self.settings.limits.enabled {
            return Ok(true);
        }
        let key = format!("code|{kind}|{subject}");
        Ok(limits::spend(tx, &key, CODES_A_DAY, self.now()).await? == Allowance::Granted)
    }

    /// A try at the number of a mail's link, right or wrong: as many as a code has, anew with each mail. No setting turns this off.
    pub(in crate::actions) async fn may_try_number(&self, tx: &mut Tx, flow: &Flow) -> Outcome<bool> {
        let key = format!("number|{}|{}", flow.id, flow.codes.sends);
        let rate = Rate { many: self.settings.flows.code_tries, within: NUMBERS };
        Ok(limits::spend(tx, &key, rate, self.now()).await? == Allowance::Granted)
    }

    /// A journey that somebody begins without having proved anything for it, in the transaction that stores it.
    pub(in crate::actions) async fn may_begin(&self, tx: &mut Tx, requester: &Requester) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let rate = self.settings.limits.journeys_requester.into();
        let allowance = limits::spend(tx, &requester_key(Purpose::Begin, requester), rate, self.now()).await?;
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

fn second_key(user_id: &UserId, known: Option<&UserId>) -> String {
    let who = if known == Some(user_id) { "known|" } else { "" };
    account_key(&format!("second|{who}{user_id}"))
}

fn account_key(account: &str) -> String {
    format!("{}|for|{account}", Purpose::SignIn.as_str())
}
