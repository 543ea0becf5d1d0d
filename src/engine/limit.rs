//! How much of something may be done: a steady rate per requester, and a growing delay after failures per account.

use std::time::Duration;

use crate::time::Timestamp;

/// So many in so long, all at once if need be (GCRA, a leaky bucket kept as one time).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub many: u32,
    pub within: Duration,
}

impl Rate {
    /// What one use costs.
    pub fn cost(self) -> Duration {
        self.within / self.many.max(1)
    }

    /// How far ahead of now the uses may have been spent and one more still be allowed.
    pub fn slack(self) -> Duration {
        self.within.saturating_sub(self.cost())
    }
}

/// How the delay grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Failures that cost nothing: people mistype.
    pub free: u32,
    pub longest: Duration,
}

/// Failures are forgotten after this long without one.
pub const FAILURES_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long an account must rest after its nth failure in a row: nothing, then 1 s, 2 s, 4 s… and never more than the longest. A stranger
/// can slow strangers down; browsers that have signed in to the account before have a count of their own.
pub fn delay_after(failures: i64, backoff: Backoff) -> Duration {
    match failures.saturating_sub(i64::from(backoff.free)) {
        beyond if beyond > 0 => Duration::from_secs(1 << (beyond - 1).min(20)).min(backoff.longest),
        _ => Duration::ZERO,
    }
}

/// What a limit says.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    Granted,
    /// Not before this long.
    After(Duration),
}

impl Allowance {
    /// Granted only if both are; the longer wait counts.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::After(one), Self::After(two)) => Self::After(one.max(two)),
            (Self::After(wait), Self::Granted) | (Self::Granted, Self::After(wait)) => Self::After(wait),
            (Self::Granted, Self::Granted) => Self::Granted,
        }
    }

    /// From the time before which nothing is allowed.
    pub fn from_time(blocked_until: Timestamp, now: Timestamp) -> Self {
        match blocked_until.since(now) {
            Duration::ZERO => Self::Granted,
            wait => Self::After(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_bounded() {
        let backoff = Backoff { free: 5, longest: Duration::from_secs(900) };
        let seconds = |n| delay_after(n, backoff).as_secs();
        assert_eq!([0, 5, 6, 7, 8, 9].map(seconds), [0, 0, 1, 2, 4, 8]);
        assert_eq!(seconds(1000), 900);
        assert_eq!(seconds(i64::MAX), 900);
    }

    #[test]
    fn a_rate_allows_its_burst() {
        let rate = Rate { many: 20, within: Duration::from_secs(60) };
        assert_eq!((rate.cost(), rate.slack()), (Duration::from_secs(3), Duration::from_secs(57)));
    }
}
