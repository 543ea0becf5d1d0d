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

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: i64 = 5;
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten after this long without one.
pub const FAILURES_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long an account must rest after its nth failure in a row: nothing, then 1 s, 2 s, 4 s… and never more than 15 minutes, so
/// that a stranger can slow a person down but never lock them out.
pub fn delay_after(failures: i64) -> Duration {
    match failures.saturating_sub(FREE_FAILURES) {
        beyond if beyond > 0 => Duration::from_secs(1 << (beyond - 1).min(20)).min(LONGEST_DELAY),
        _ => Duration::ZERO,
    }
}

/// What a limit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    Granted,
    /// Not before this long.
    After(Duration),
}

impl Allowance {
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
        let seconds = |n| delay_after(n).as_secs();
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
