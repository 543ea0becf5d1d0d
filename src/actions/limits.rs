//! Limits by two keys: who asks, and whom it concerns.

use super::{App, Fault, Outcome, Requester};
use crate::engine::limit::{Allowance, Rate};
use crate::settings::{PairLimit, Rate as RateSetting};
use crate::store::{Tx, limits};

/// What is limited; the name stands in metrics and in the limit's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    SignUp,
    Reset,
    Verify,
    Token,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::Token => "token",
        }
    }
}

impl From<RateSetting> for Rate {
    fn from(setting: RateSetting) -> Self {
        Self { many: setting.count, within: setting.per }
    }
}

/// A requester is an IPv4 address or an IPv6 /64: whoever has one address of it has them all.
fn requester_key(purpose: Purpose, requester: &Requester) -> String {
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

    async fn spend(&self, purpose: Purpose, uses: &[(String, Rate)]) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for (key, rate) in uses {
            let allowance = limits::spend(&mut tx, key, *rate, self.now()).await?;
            self.refuse(purpose, allowance)?;
        }
        tx.commit().await?;
        Ok(())
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

    /// A try at an account's password, counted before it is judged; [`forgive`] after a right one.
    pub(in crate::actions) async fn limit_sign_in(&self, requester: &Requester, account: &str) -> Outcome<()> {
        if !self.settings.limits.enabled {
            return Ok(());
        }
        let now = self.now();
        let mut tx = self.store.write().await?;
        let rate = self.settings.limits.sign_in.requester.into();
        self.refuse(Purpose::SignIn, limits::spend(&mut tx, &requester_key(Purpose::SignIn, requester), rate, now).await?)?;
        self.refuse(Purpose::SignIn, limits::try_account(&mut tx, &account_key(account), now).await?)?;
        tx.commit().await?;
        Ok(())
    }

    /// The password was right: the account's failures are forgotten, in the transaction of the sign-in.
    pub(in crate::actions) async fn forgive(&self, tx: &mut Tx, account: &str) -> Outcome<()> {
        if self.settings.limits.enabled {
            limits::forgive(tx, &account_key(account)).await?;
        }
        Ok(())
    }
}

fn account_key(account: &str) -> String {
    format!("{}|for|{account}", Purpose::SignIn.as_str())
}
